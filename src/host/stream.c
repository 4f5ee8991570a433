/* SPDX-License-Identifier: MIT
 * stream.c - a socket, perhaps TLS, and what waits to be written.
 *
 *     stream_send ─► (tls) ─► waiting ─► socket ─► (tls) ─► heard
 *
 * An end is told by the loop, not from within a call: whoever sends need not expect it. */
#include "host/stream.h"

#include <unistd.h>

#include "host/heap.h"
#include "host/socket.h"
#include "host/tls.h"

/* What waits for the network. Datagrams travel here: more of them would come too late. */
#define STREAM_WAITING_MAX (512u << 10)

struct stream {
    stream_events events;
    int fd; /* -1: there is none */
    tls *tls;
    loop_handle *ready, *end;
    lk_buf waiting;
    bool over, calling, closed;
};

static void stream_over(stream *s) {
    if (s->over) return;
    s->over = true;
    if (s->ready != NULL) loop_readable_pause(s->ready, true);
    loop_timer_start(s->end, 0);
}

static void stream_ended(void *context) {
    stream *s = context;
    s->events.ended(s->events.context);
}

static void stream_write(stream *s) {
    if (s->tls != NULL) tls_take(s->tls, &s->waiting);
    while (!s->over && s->waiting.len > 0) {
        int64_t len = socket_write(s->fd, (lk_bytes){s->waiting.at, s->waiting.len});
        if (len < 0) stream_over(s);
        if (len <= 0) break;
        s->waiting.len -= (size_t)len;
        __builtin_memmove(s->waiting.at, s->waiting.at + len, s->waiting.len);
    }
    if (!s->over) loop_readable_and_writable(s->ready, s->waiting.len > 0);
}

static void stream_hear(stream *s, lk_bytes bytes) {
    lk_buf plain = HEAP_BUF;
    if (s->tls != NULL) {
        if (!tls_hear(s->tls, bytes, &plain)) stream_over(s);
        bytes = (lk_bytes){plain.at, plain.len};
    }
    if (bytes.len > 0) s->events.heard(s->events.context, bytes);
    lk_buf_free(&plain);
}

static void stream_free(stream *s) {
    loop_close(s->ready);
    loop_close(s->end);
    if (s->fd >= 0) close(s->fd);
    if (s->tls != NULL) tls_free(s->tls);
    lk_buf_free(&s->waiting);
    heap_free(stream, s);
}

static void stream_ready(void *context) {
    stream *s = context;
    uint8_t bytes[16384];
    s->calling = true;
    int64_t len = socket_read(s->fd, bytes, sizeof bytes);
    if (len > 0) stream_hear(s, (lk_bytes){bytes, (size_t)len});
    if (len < 0) stream_over(s);
    s->calling = false;
    if (s->closed)
        stream_free(s);
    else if (!s->over)
        stream_write(s);
}

stream *stream_new(loop *l, const lk_addr *to, const char *tls_host, const stream_events *events) {
    stream *s = heap_new(stream);
    s->events = *events;
    s->waiting = (lk_buf)HEAP_BUF;
    s->end = loop_timer(l, stream_ended, s);
    s->fd = socket_connect(to);
    if (tls_host != NULL) s->tls = tls_new(tls_host);
    if (s->fd < 0 || (tls_host != NULL && s->tls == NULL)) {
        stream_over(s);
        return s;
    }
    s->ready = loop_readable(l, s->fd, stream_ready, s);
    if (s->tls != NULL) tls_take(s->tls, &s->waiting);
    loop_readable_and_writable(s->ready, true);
    return s;
}

void stream_send(stream *s, lk_bytes bytes) {
    if (s->over || s->waiting.len > STREAM_WAITING_MAX) return;
    if (s->tls != NULL)
        tls_say(s->tls, bytes);
    else
        buf_append(&s->waiting, bytes.at, bytes.len);
    stream_write(s);
}

void stream_close(stream *s) {
    s->closed = true;
    if (!s->calling) stream_free(s);
}
