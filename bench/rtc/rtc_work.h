/* SPDX-License-Identifier: MIT
 * rtc_work.h - what is measured of a library of DataChannels, and the few calls it is put behind.
 * Two processes, one of which offers; connections are numbered, and each has one channel. */
#ifndef BENCH_RTC_WORK_H
#define BENCH_RTC_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NET_CONNECTIONS = 64, NET_SIGNAL_BYTES = 8192, NET_LOW_BYTES = 1 << 20 };

/* One word of signalling: a packet of the socket between the processes. */
typedef struct net_signal {
    uint32_t connection;
    char kind; /* 'o'ffer, 'a'nswer, 'c'andidate */
    char text[NET_SIGNAL_BYTES];
} net_signal;

/* ---- what a library gives ---- */
void net_begin(bool offering, int signalling);
/* Begin a connection; the other process takes part by itself. */
void net_connect(uint32_t connection);
void net_send(uint32_t connection, const void *at, size_t len);
/* Bytes that wait to be sent. */
size_t net_waiting(uint32_t connection);
/* Until `done`. */
void net_run(atomic_bool *done);

/* ---- what it tells, from any thread, but one at a time ---- */
void work_opened(uint32_t connection);
void work_message(uint32_t connection, const void *at, size_t len);
void work_drained(uint32_t connection); /* to NET_LOW_BYTES */

#endif
