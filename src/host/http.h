/* SPDX-License-Identifier: MIT
 * http.h - what a path of the site means: files below one folder, and /healthz. No sockets. */
#ifndef HOST_HTTP_H
#define HOST_HTTP_H

#include "base/mem.h"

typedef struct http_reply {
    unsigned status;
    const char *type; /* Content-Type */
    char etag[64];    /* quoted; empty: none */
    size_t len;       /* of the body, told even where none is sent: HEAD, 304 */
    lk_buf body;      /* free with http_reply_drop() */
} http_reply;

typedef struct http_request {
    lk_str path;          /* decoded, without the query */
    lk_str if_none_match; /* may be empty */
} http_request;

/* Answer from the folder `root`. Any path may come in; none leads out of the folder, and nothing
 * whose name begins with a dot is served, except below /.well-known/. */
void http_answer(const char *root, const http_request *request, http_reply *out);
void http_reply_drop(http_reply *reply);
/* The Content-Type for a file name. */
const char *http_type(lk_str name);

#endif
