/* SPDX-License-Identifier: MIT
 * loop.h - the one event loop, and the only door to libuv: time, timers, file descriptors,
 * directories, signals, names, and work that would block.
 *
 * Everything runs on the thread that called loop_run(), except the `work` half of loop_work().
 * Callbacks may close any handle, their own included. */
#ifndef HOST_LOOP_H
#define HOST_LOOP_H

#include "host/address.h"
#include "lorikeet_rtc.h"

typedef struct loop loop;
typedef struct loop_handle loop_handle;
typedef void loop_fn(void *context);

loop *loop_new(void);
/* Closes what is still open. */
void loop_free(loop *l);
void loop_run(loop *l);
/* Wait for something to happen, and let it. */
void loop_turn(loop *l);
/* loop_run() returns once the current callback has. */
void loop_stop(loop *l);
/* The libuv loop, for a library that brings its own handles. */
void *loop_native(loop *l);
/* Let handles that are closing finish, for libraries that need it before they can be dropped. */
void loop_settle(loop *l);
/* Milliseconds of a steady clock, read anew. */
uint64_t loop_now_ms(void);
/* Milliseconds since 1970. */
int64_t loop_unix_ms(void);

/* A timer that is not running yet. */
loop_handle *loop_timer(loop *l, loop_fn *fn, void *context);
void loop_timer_start(loop_handle *timer, uint64_t delay_ms);
void loop_timer_stop(loop_handle *timer);
/* Calls whenever `fd` can be read. Close the handle before the descriptor. */
loop_handle *loop_readable(loop *l, int fd, loop_fn *fn, void *context);
/* Pause and go on, for a descriptor that stays readable. */
void loop_readable_pause(loop_handle *readable, bool paused);
/* Call, too, when `fd` can be written, or not any more. */
void loop_readable_and_writable(loop_handle *readable, bool writable);
loop_handle *loop_signal(loop *l, int signum, loop_fn *fn, void *context);
/* Calls after something in the directory changed. NULL when the system offers no watching. */
loop_handle *loop_directory(loop *l, const char *path, loop_fn *fn, void *context);
void loop_close(loop_handle *handle);

/* Run `work` on another thread, then `done` on this one. `work` may touch only what `context`
 * leaves to it. */
void loop_work(loop *l, loop_fn *work, loop_fn *done, void *context);

/* The address of what may be a name, without blocking. `fn` is always called, also from within
 * loop_free(), and before this returns if there is nothing to look up; found is empty (family 0)
 * when there is no such name. */
typedef void loop_found_fn(void *context, lk_addr found);
void loop_find(loop *l, const address *at, loop_found_fn *fn, void *context);

#endif
