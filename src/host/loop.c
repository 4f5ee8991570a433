/* SPDX-License-Identifier: MIT
 * loop.c - libuv behind the handful of calls the program needs. A loop_handle is one libuv handle
 * with the function it calls; it is freed when libuv has let go of it, never before. */
#include "host/loop.h"

#include <stdio.h>
#include <time.h>

#include <uv.h>

#include "host/heap.h"
#include "host/socket.h"

struct loop {
    uv_loop_t uv;
};

struct loop_handle {
    union uv_any_handle uv;
    loop_fn *fn;
    void *context;
};

typedef struct loop_job {
    uv_work_t uv;
    loop_fn *work, *done;
    void *context;
} loop_job;

typedef struct loop_lookup {
    uv_getaddrinfo_t uv;
    loop_found_fn *fn;
    void *context;
} loop_lookup;

loop *loop_new(void) {
    loop *l = heap_new(loop);
    LK_ASSERT(uv_loop_init(&l->uv) == 0);
    return l;
}

static void loop_freed(uv_handle_t *uv) { heap_free(loop_handle, uv->data); }

void loop_close(loop_handle *handle) {
    if (handle != NULL && !uv_is_closing(&handle->uv.handle))
        uv_close(&handle->uv.handle, loop_freed);
}

static void loop_close_any(uv_handle_t *uv, void *context) {
    (void)context;
    if (!uv_is_closing(uv)) uv_close(uv, loop_freed);
}

void loop_settle(loop *l) {
    /* A close callback may close further handles, a few levels deep. */
    for (int round = 0; round < 16; round++) uv_run(&l->uv, UV_RUN_NOWAIT);
}

void loop_free(loop *l) {
    uv_walk(&l->uv, loop_close_any, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    LK_ASSERT(uv_loop_close(&l->uv) == 0);
    heap_free(loop, l);
}

void loop_run(loop *l) { uv_run(&l->uv, UV_RUN_DEFAULT); }
void loop_turn(loop *l) { uv_run(&l->uv, UV_RUN_ONCE); }
void loop_stop(loop *l) { uv_stop(&l->uv); }
void *loop_native(loop *l) { return &l->uv; }
uint64_t loop_now_ms(void) { return uv_hrtime() / 1000000; }

int64_t loop_unix_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static loop_handle *loop_handle_new(loop_fn *fn, void *context) {
    loop_handle *handle = heap_new(loop_handle);
    handle->fn = fn;
    handle->context = context;
    handle->uv.handle.data = handle;
    return handle;
}

/* ---- timers ---- */

static void loop_timer_fired(uv_timer_t *uv) {
    loop_handle *handle = uv->data;
    handle->fn(handle->context);
}

loop_handle *loop_timer(loop *l, loop_fn *fn, void *context) {
    loop_handle *handle = loop_handle_new(fn, context);
    LK_ASSERT(uv_timer_init(&l->uv, &handle->uv.timer) == 0);
    handle->uv.handle.data = handle;
    return handle;
}

void loop_timer_start(loop_handle *timer, uint64_t delay_ms) {
    /* libuv counts from the start of the loop's turn, which may be long past. */
    uv_update_time(timer->uv.handle.loop);
    uv_timer_start(&timer->uv.timer, loop_timer_fired, delay_ms, 0);
}

void loop_timer_stop(loop_handle *timer) { uv_timer_stop(&timer->uv.timer); }

/* ---- descriptors ---- */

static void loop_readable_fired(uv_poll_t *uv, int status, int events) {
    (void)events; /* the read that follows reports what is wrong */
    loop_handle *handle = uv->data;
    /* libuv does not listen any more after an error, and an ICMP message is one. */
    if (status < 0) loop_readable_pause(handle, false);
    handle->fn(handle->context);
}

loop_handle *loop_readable(loop *l, int fd, loop_fn *fn, void *context) {
    loop_handle *handle = loop_handle_new(fn, context);
    LK_ASSERT(uv_poll_init(&l->uv, &handle->uv.poll, fd) == 0);
    handle->uv.handle.data = handle;
    loop_readable_pause(handle, false);
    return handle;
}

void loop_readable_pause(loop_handle *readable, bool paused) {
    if (paused)
        uv_poll_stop(&readable->uv.poll);
    else
        uv_poll_start(&readable->uv.poll, UV_READABLE, loop_readable_fired);
}

void loop_readable_and_writable(loop_handle *readable, bool writable) {
    uv_poll_start(&readable->uv.poll, UV_READABLE | (writable ? UV_WRITABLE : 0),
                  loop_readable_fired);
}

/* ---- signals, directories ---- */

static void loop_signal_fired(uv_signal_t *uv, int signum) {
    (void)signum;
    loop_handle *handle = uv->data;
    handle->fn(handle->context);
}

loop_handle *loop_signal(loop *l, int signum, loop_fn *fn, void *context) {
    loop_handle *handle = loop_handle_new(fn, context);
    LK_ASSERT(uv_signal_init(&l->uv, &handle->uv.signal) == 0);
    handle->uv.handle.data = handle;
    uv_signal_start(&handle->uv.signal, loop_signal_fired, signum);
    return handle;
}

static void loop_directory_fired(uv_fs_event_t *uv, const char *name, int events, int status) {
    (void)name, (void)events, (void)status;
    loop_handle *handle = uv->data;
    handle->fn(handle->context);
}

loop_handle *loop_directory(loop *l, const char *path, loop_fn *fn, void *context) {
    loop_handle *handle = loop_handle_new(fn, context);
    LK_ASSERT(uv_fs_event_init(&l->uv, &handle->uv.fs_event) == 0);
    handle->uv.handle.data = handle;
    if (uv_fs_event_start(&handle->uv.fs_event, loop_directory_fired, path, 0) == 0) return handle;
    loop_close(handle);
    return NULL;
}

/* ---- work, names ---- */

static void loop_job_work(uv_work_t *uv) {
    loop_job *job = uv->data;
    job->work(job->context);
}

static void loop_job_done(uv_work_t *uv, int status) {
    (void)status; /* jobs are never cancelled */
    loop_job *job = uv->data;
    loop_fn *done = job->done;
    void *context = job->context;
    heap_free(loop_job, job);
    done(context);
}

void loop_work(loop *l, loop_fn *work, loop_fn *done, void *context) {
    loop_job *job = heap_new(loop_job);
    *job = (loop_job){.uv.data = job, .work = work, .done = done, .context = context};
    LK_ASSERT(uv_queue_work(&l->uv, &job->uv, loop_job_work, loop_job_done) == 0);
}

static void loop_looked_up(uv_getaddrinfo_t *uv, int status, struct addrinfo *list) {
    loop_lookup *lookup = uv->data;
    lk_addr found = {0};
    for (struct addrinfo *at = status == 0 ? list : NULL; at != NULL && found.family == 0;
         at = at->ai_next)
        found = socket_addr(at->ai_addr);
    uv_freeaddrinfo(list);
    loop_found_fn *fn = lookup->fn;
    void *context = lookup->context;
    heap_free(loop_lookup, lookup);
    fn(context, found);
}

void loop_find(loop *l, const address *at, loop_found_fn *fn, void *context) {
    lk_addr found;
    if (address_numeric(at->host, at->port, &found)) {
        fn(context, found);
        return;
    }
    loop_lookup *lookup = heap_new(loop_lookup);
    *lookup = (loop_lookup){.uv.data = lookup, .fn = fn, .context = context};
    char service[8];
    lk_buf host = HEAP_BUF;
    heap_print(&host, "%.*s", (int)at->host.len, at->host.at);
    snprintf(service, sizeof service, "%u", at->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    /* Fails at once only for names that are too long, and then there is no such name either. */
    if (uv_getaddrinfo(&l->uv, &lookup->uv, loop_looked_up, heap_str(&host), service, &hints) != 0)
        loop_looked_up(&lookup->uv, UV_EAI_NONAME, NULL);
    lk_buf_free(&host);
}
