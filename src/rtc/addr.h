/* SPDX-License-Identifier: MIT
 * addr.h - IP endpoints: comparing, judging and spelling them. */
#ifndef RTC_ADDR_H
#define RTC_ADDR_H

#include "lorikeet_rtc.h"

#define ADDR_TEXT 46 /* the longest IPv6 spelling and its NUL */

bool addr_equal(const lk_addr *a, const lk_addr *b);
/* The same host, whatever the port. */
bool addr_same_host(const lk_addr *a, const lk_addr *b);
/* 127.0.0.0/8 or ::1? */
bool addr_loopback(const lk_addr *a);
/* Can a socket on one of them reach the other one? One on loopback reaches nothing else, and the
 * other way round. */
bool addr_meets(const lk_addr *a, const lk_addr *b);
/* Can it be sent to at all: a unicast address with a port, neither link-local nor IPv4 in IPv6? */
bool addr_usable(const lk_addr *a);
/* Read an IPv4 or IPv6 literal; false for anything else, names included. */
bool addr_read(lk_str text, uint16_t port, lk_addr *out);
/* Spell the address, without port, NUL-terminated. */
void addr_print(const lk_addr *a, char out[ADDR_TEXT]);

#endif
