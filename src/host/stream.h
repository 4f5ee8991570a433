/* SPDX-License-Identifier: MIT
 * stream.h - a connection to a server, TCP or TLS, on the loop. */
#ifndef HOST_STREAM_H
#define HOST_STREAM_H

#include "host/loop.h"

typedef struct stream stream;

typedef struct stream_events {
    void *context;
    void (*heard)(void *context, lk_bytes bytes); /* stream_close() may be called from both */
    void (*ended)(void *context);                 /* only stream_close() is left */
} stream_events;

/* Connect; what is sent before that is done waits. `tls_host`: NULL for TCP alone. */
stream *stream_new(loop *l, const lk_addr *to, const char *tls_host_or_null,
                   const stream_events *events);
/* Send all of these bytes or, if too many wait already, none. */
void stream_send(stream *s, lk_bytes bytes);
/* What can leave at once does. */
void stream_close(stream *s);

#endif
