/* SPDX-License-Identifier: MIT
 * lorikeet_rtc_loop.h - sockets and time for DataChannel peers, for programs that have no event
 * loop of their own: poll(2) and UDP sockets, no threads, nothing that calls back.
 *
 *     lk_rtc_loop *loop = lk_rtc_loop_new(NULL);
 *     lk_rtc *rtc = lk_rtc_loop_add(loop, &options);
 *     for (;;) {
 *         if (lk_rtc_owes(rtc)) ...send lk_rtc_local_description() to the other side...
 *         while ((out = lk_rtc_loop_next(loop, &rtc)) != NULL) ...candidates, messages...
 *         lk_rtc_loop_wait(loop, fds, fds_len, -1);    sleeps until something is to be done
 *     }
 *
 * The calls of lorikeet_rtc.h go on as ever, but for lk_rtc_feed(), lk_rtc_tick(), lk_rtc_poll(),
 * lk_rtc_resolved() and lk_rtc_free(), which the loop does; connections to TURN servers
 * (LK_RTC_STREAM) are yours to make. One loop serves all peers of a process, as they live on one
 * thread; it begins and ends the SCTP library for them (lk_rtc_global_init()). Linux. */
#ifndef LORIKEET_RTC_LOOP_H
#define LORIKEET_RTC_LOOP_H

#include "lorikeet_rtc.h"

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

struct pollfd;
typedef struct lk_rtc_loop lk_rtc_loop;

/* NULL: memory is out, or this process has a loop (or has called lk_rtc_global_init()) already. */
lk_rtc_loop *lk_rtc_loop_new(const lk_memory *memory_or_null);
/* Frees its peers, too, without a word to the other side: lk_rtc_close() and LK_RTC_CLOSED come
 * first, if it matters. */
void lk_rtc_loop_free(lk_rtc_loop *loop);

/* Milliseconds of a clock that never goes back: for every `now_ms` of lorikeet_rtc.h. */
uint64_t lk_rtc_loop_now_ms(void);

/* A peer with sockets of its own: on options->locals, whose ports may be 0 (any); or if there are
 * none, on every address of this machine, loopback only with options->allow_loopback. NULL: memory
 * is out, or no socket could be bound. */
lk_rtc *lk_rtc_loop_add(lk_rtc_loop *loop, const lk_rtc_options *options);
/* Close its sockets and free it. */
void lk_rtc_loop_remove(lk_rtc_loop *loop, lk_rtc *rtc);

/* What happened next, at *rtc; never LK_RTC_DATAGRAM, which the loop sends, nor LK_RTC_RESOLVE,
 * which it looks up by multicast on every interface. NULL: nothing, and all is sent: wait. A view
 * until the next call on that peer or on the loop. */
const lk_rtc_out *lk_rtc_loop_next(lk_rtc_loop *loop, lk_rtc **rtc);
/* Sleep until there is something to do for a peer, or poll(2) has something to say about `fds`,
 * whose `revents` it fills in, or for at most `timeout_ms` (negative: without end). */
void lk_rtc_loop_wait(lk_rtc_loop *loop, struct pollfd *fds, size_t len, int timeout_ms);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
