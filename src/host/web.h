/* SPDX-License-Identifier: MIT
 * web.h - HTTP and WebSockets on the program's loop, and the only door to libwebsockets: a server
 * of one site whose every path may be upgraded, and a client for WebSockets.
 *
 * Connections watch over themselves: a ping after 20 s without a sign of life, the end 10 s later;
 * and the end for a reader of the server's so slow that LIMIT_SEND_QUEUE_BYTES wait for it. */
#ifndef HOST_WEB_H
#define HOST_WEB_H

#include "host/loop.h"

typedef struct web web;
typedef struct web_conn web_conn; /* a WebSocket */

typedef enum web_message_kind {
    WEB_TEXT,
    WEB_BINARY,
    WEB_HUGE, /* longer than LIMIT_SIGNAL_MESSAGE_BYTES, or than LK_MESSAGE_MAX if it is binary:
                 `len` is true, the bytes are gone */
} web_message_kind;

typedef struct web_events {
    void *context;
    /* A WebSocket opened. What this returns is the `user` of the calls below. */
    void *(*opened)(void *context, web_conn *conn);
    void (*message)(void *user, web_message_kind kind, lk_bytes message);
    /* It is over and `conn` is dead. A connection that never opened closes with `context`. Never
     * called from within web_send(), web_close() or web_connect(). */
    void (*closed)(void *user);
    /* Something that was queued has been sent. NULL: nobody needs to know. */
    void (*drained)(void *user);
} web_events;

/* NULL if libwebsockets cannot start. */
web *web_new(loop *l);
/* Closes every connection first. */
void web_free(web *w);

/* Serve the folder `root` and WebSockets on `addr` (port 0: any); *port is where. On failure an
 * errno value, else 0. Once per web. */
int web_listen(web *w, const lk_addr *addr, const char *root, const web_events *events,
               uint16_t *port);

typedef struct web_target {
    lk_addr addr;
    const char *host; /* for the Host header */
    const char *path;
    bool tls;
} web_target;
/* Begin to connect. NULL if that failed at once; then nothing will be called. */
web_conn *web_connect(web *w, const web_target *target, const web_events *events);

/* Queue one text message, or a binary one. */
void web_send(web_conn *conn, lk_bytes text);
void web_send_binary(web_conn *conn, lk_bytes message);
/* Bytes that wait to be sent. */
size_t web_queued(const web_conn *conn);
/* Close after what is queued, or without it when the other end does not read. */
void web_close(web_conn *conn);

#endif
