/* SPDX-License-Identifier: MIT
 * virtual_clock.h - the time that OpenSSL's handshake timer and usrsctp's round-trip times see: the
 * program's definition goes before the C library's. */
#ifndef TEST_VIRTUAL_CLOCK_H
#define TEST_VIRTUAL_CLOCK_H

#include <stdint.h>
#include <sys/time.h>

#define START_MS 1000000

static uint64_t clock_ms = START_MS;

int gettimeofday(struct timeval *restrict tv, void *restrict zone);
int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
    (void)zone;
    tv->tv_sec = (time_t)(clock_ms / 1000);
    tv->tv_usec = (suseconds_t)(clock_ms % 1000 * 1000);
    return 0;
}

#endif
