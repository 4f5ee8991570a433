/* SPDX-License-Identifier: MIT
 * web.c - libwebsockets behind web.h.
 *
 *     listening socket ─► accept ─► lws ─┬► HTTP: http_answer(), sent in pieces
 *                                        └► web_conn: whole messages in, a queue out
 *     web_connect() ───────────────────────► web_conn
 *
 * We accept and hand lws the connected sockets, so that a port that is taken or a process out of
 * descriptors is ours to report. A web_conn lives from the handshake (or web_connect()) to the
 * close callback of lws, and only that callback frees it. */
#include "host/web.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libwebsockets.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "host/address.h"
#include "host/heap.h"
#include "host/http.h"
#include "host/socket.h"
#include "lorikeet_room.h"

/* Bytes of a file handed to lws at once. */
#define WEB_CHUNK (64u << 10)
/* How long a connection that was told to close may take over what is queued. */
#define WEB_CLOSE_S 2
/* How long accepting pauses when the process is out of descriptors. */
#define WEB_ACCEPT_PAUSE_MS 200

struct web {
    loop *loop;
    struct lws_context *context;
    struct lws_vhost *server, *client;
    int listen_fd;
    loop_handle *listening, *pause;
    uint32_t accepted; /* connections of the server that are open */
    const char *root;
    web_events events; /* of the server */
};

typedef struct web_chunk { /* one queued message, with the room lws wants in front */
    size_t len;
    bool binary;
    uint8_t bytes[];
} web_chunk;

struct web_conn {
    struct lws *wsi;
    web_events events;
    void *user;
    lk_buf message; /* being put together from frames */
    size_t message_len;
    VEC(web_chunk *) queue;
    size_t queued_bytes, queue_max;
    bool connecting, open, closing, failed;
};

typedef struct web_answer { /* per HTTP connection, zeroed by lws */
    http_reply reply;
    size_t sent;
    bool busy;
} web_answer;

/* RFC 6455, section 5.5.2: a Ping frame may serve either as a keepalive or as a means to verify
 * that the remote endpoint is still responsive. */
static const lws_retry_bo_t web_heartbeat = {.secs_since_valid_ping = 20,
                                             .secs_since_valid_hangup = 30};

/* ---- WebSockets ---- */

static web_conn *web_conn_new(struct lws *wsi, const web_events *events, size_t queue_max) {
    web_conn *conn = heap_new(web_conn);
    conn->wsi = wsi, conn->events = *events, conn->user = events->context;
    conn->message = (lk_buf)HEAP_BUF;
    conn->queue_max = queue_max;
    return conn;
}

static void web_chunk_free(web_chunk *chunk) {
    mem_free(&heap_memory, chunk, sizeof *chunk + LWS_PRE + chunk->len);
}

static void web_conn_free(web_conn *conn) {
    for (size_t i = 0; i < conn->queue.len; i++) web_chunk_free(conn->queue.at[i]);
    vec_drop(&heap_memory, &conn->queue);
    lk_buf_free(&conn->message);
    heap_free(web_conn, conn);
}

static void web_queue(web_conn *conn, lk_bytes message, bool binary) {
    if (conn->closing || conn->wsi == NULL) return;
    if (conn->queued_bytes + message.len > conn->queue_max) {
        conn->closing = true;
        lws_set_timeout(conn->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
        return;
    }
    web_chunk *chunk = mem_alloc(&heap_memory, sizeof *chunk + LWS_PRE + message.len);
    chunk->len = message.len, chunk->binary = binary;
    memcpy(chunk->bytes + LWS_PRE, message.at, message.len);
    *vec_push(&heap_memory, &conn->queue) = chunk;
    conn->queued_bytes += message.len;
    lws_callback_on_writable(conn->wsi);
}

void web_send(web_conn *conn, lk_bytes text) { web_queue(conn, text, false); }
void web_send_binary(web_conn *conn, lk_bytes message) { web_queue(conn, message, true); }
size_t web_queued(const web_conn *conn) { return conn->queued_bytes; }

void web_close(web_conn *conn) {
    if (conn->closing) return;
    conn->closing = true;
    lws_set_timeout(conn->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT,
                    conn->open ? WEB_CLOSE_S : LWS_TO_KILL_ASYNC);
    if (conn->open) lws_callback_on_writable(conn->wsi);
}

static int web_conn_write(web_conn *conn) {
    size_t sent = 0;
    bool alive = true;
    while (alive && sent < conn->queue.len && !lws_send_pipe_choked(conn->wsi)) {
        web_chunk *chunk = conn->queue.at[sent++];
        alive = lws_write(conn->wsi, chunk->bytes + LWS_PRE, chunk->len,
                          chunk->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT) >= 0;
        conn->queued_bytes -= chunk->len;
        web_chunk_free(chunk);
    }
    conn->queue.len -= sent;
    if (conn->queue.len > 0)
        memmove(conn->queue.at, conn->queue.at + sent, conn->queue.len * sizeof conn->queue.at[0]);
    if (!alive) return -1;
    if (conn->queue.len > 0)
        lws_callback_on_writable(conn->wsi);
    else if (conn->closing) {
        lws_close_reason(conn->wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
        return -1;
    }
    if (sent > 0 && conn->events.drained != NULL) conn->events.drained(conn->user);
    return 0;
}

static size_t web_limit(const web_conn *conn) {
    return lws_frame_is_binary(conn->wsi) ? LK_MESSAGE_MAX : LIMIT_SIGNAL_MESSAGE_BYTES;
}

static int web_conn_read(web_conn *conn, const void *at, size_t len) {
    if (conn->closing) return 0;
    conn->message_len += len;
    if (conn->message_len <= web_limit(conn)) buf_append(&conn->message, at, len);
    bool whole = lws_is_final_fragment(conn->wsi) && lws_remaining_packet_payload(conn->wsi) == 0;
    /* Without an end in sight the sender pays for what it has sent so far. */
    bool endless = conn->message_len > LIMIT_SIGNAL_BURST;
    if (!whole && !endless) return 0;
    web_message_kind kind = lws_frame_is_binary(conn->wsi) ? WEB_BINARY : WEB_TEXT;
    if (conn->message_len > web_limit(conn)) kind = WEB_HUGE;
    lk_bytes message = {conn->message.at, conn->message_len};
    conn->message_len = conn->message.len = 0;
    if (kind == WEB_TEXT && !utf8_valid(message.at, message.len)) {
        /* RFC 6455, section 8.1: it MUST _Fail the WebSocket Connection_. */
        lws_close_reason(conn->wsi, LWS_CLOSE_STATUS_INVALID_PAYLOAD, NULL, 0);
        return -1;
    }
    conn->events.message(conn->user, kind, message);
    return 0;
}

static void web_conn_over(web_conn *conn) {
    if (conn->connecting) {
        conn->failed = true;
        return;
    }
    conn->events.closed(conn->user);
    web_conn_free(conn);
}

/* A new WebSocket of the server, or the one a client waited for. */
static void web_conn_opened(web *w, struct lws *wsi) {
    web_conn *conn = lws_get_opaque_user_data(wsi);
    if (conn == NULL) {
        conn = web_conn_new(wsi, &w->events, LIMIT_SEND_QUEUE_BYTES);
        lws_set_opaque_user_data(wsi, conn);
    }
    conn->wsi = wsi;
    conn->open = true;
    socket_hold_back(lws_get_socket_fd(wsi));
    conn->user = conn->events.opened(conn->events.context, conn);
}

/* ---- HTTP ---- */

static lk_str web_header(struct lws *wsi, enum lws_token_indexes token, char *into, int cap) {
    int len = lws_hdr_copy(wsi, into, cap, token);
    return (lk_str){into, len > 0 ? (size_t)len : 0};
}

static int web_http_done(struct lws *wsi, web_answer *answer) {
    http_reply_drop(&answer->reply);
    answer->busy = false;
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static bool web_http_head(struct lws *wsi, const http_reply *reply) {
    uint8_t head[LWS_PRE + 1024];
    uint8_t *start = head + LWS_PRE, *at = start, *end = head + sizeof head - 1;
    static const struct {
        const char *name, *value;
    } fixed[] = {
        /* Keep a copy, ask before using it: see http.c. */
        {"cache-control:", "no-cache"},
        {"x-content-type-options:", "nosniff"},
        {"referrer-policy:", "no-referrer"},
    };
    bool fits = !lws_add_http_common_headers(wsi, reply->status, reply->type, reply->len, &at, end);
    for (size_t i = 0; i < countof(fixed); i++)
        fits = fits && !lws_add_http_header_by_name(wsi, (const uint8_t *)fixed[i].name,
                                                    (const uint8_t *)fixed[i].value,
                                                    (int)strlen(fixed[i].value), &at, end);
    if (reply->etag[0] != 0)
        fits = fits && !lws_add_http_header_by_name(
                           wsi, (const uint8_t *)"etag:", (const uint8_t *)reply->etag,
                           (int)strlen(reply->etag), &at, end);
    return fits && !lws_finalize_write_http_header(wsi, start, &at, end);
}

static int web_http(web *w, struct lws *wsi, web_answer *answer, lk_str path) {
    char etag[sizeof answer->reply.etag];
    bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    if (!head && lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) == 0) {
        lws_return_http_status(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED, NULL);
        return -1;
    }
    http_request request = {.path = path,
                            .if_none_match =
                                web_header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, etag, sizeof etag)};
    http_answer(w->root, &request, &answer->reply);
    answer->sent = 0, answer->busy = true;
    if (!web_http_head(wsi, &answer->reply)) {
        http_reply_drop(&answer->reply);
        answer->busy = false;
        return -1;
    }
    if (head || answer->reply.body.len == 0) return web_http_done(wsi, answer);
    lws_callback_on_writable(wsi);
    return 0;
}

static int web_http_write(struct lws *wsi, web_answer *answer) {
    if (!answer->busy) return 0;
    uint8_t chunk[LWS_PRE + WEB_CHUNK];
    size_t left = answer->reply.body.len - answer->sent;
    size_t len = left < WEB_CHUNK ? left : WEB_CHUNK;
    memcpy(chunk + LWS_PRE, answer->reply.body.at + answer->sent, len);
    answer->sent += len;
    bool last = answer->sent == answer->reply.body.len;
    if (lws_write(wsi, chunk + LWS_PRE, len, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
        return -1;
    if (last) return web_http_done(wsi, answer);
    lws_callback_on_writable(wsi);
    return 0;
}

/* ---- what lws calls ---- */

static int web_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t len) {
    web *w = wsi == NULL ? NULL : lws_context_user(lws_get_context(wsi));
    web_conn *conn = wsi == NULL ? NULL : lws_get_opaque_user_data(wsi);
    web_answer *answer = user;
    switch ((int)reason) {
    case LWS_CALLBACK_HTTP: return web_http(w, wsi, answer, (lk_str){in, len});
    case LWS_CALLBACK_HTTP_WRITEABLE: return web_http_write(wsi, answer);
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
        if (answer != NULL && answer->busy) {
            answer->busy = false;
            http_reply_drop(&answer->reply);
        }
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        if (lws_get_vhost(wsi) == w->server) w->accepted--;
        return 0;
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_ESTABLISHED: web_conn_opened(w, wsi); return 0;
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_CLIENT_RECEIVE: return web_conn_read(conn, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLIENT_WRITEABLE: return web_conn_write(conn);
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        if (conn == NULL) return 0;
        lws_set_opaque_user_data(wsi, NULL);
        web_conn_over(conn);
        return 0;
    default: return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}

static const struct lws_protocols web_protocols[] = {
    {"lorikeet", web_callback, sizeof(web_answer), 4096, 0, NULL, WEB_CHUNK},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

/* ---- context ---- */

/* "Do not change the user": -1, in libwebsockets 4.1 of a signed type, later of an unsigned one. */
#define WEB_SAME_USER ((__typeof__(((struct lws_context_creation_info *)NULL)->uid))-1)

static struct lws_context_creation_info web_info(web *w) {
    return (struct lws_context_creation_info){
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = web_protocols,
        .user = w,
        .gid = WEB_SAME_USER,
        .uid = WEB_SAME_USER,
        .retry_and_idle_policy = &web_heartbeat,
        .timeout_secs = 20,
        .keepalive_timeout = 30,
    };
}

/* One descriptor per connection: take what the system lets us have. */
static void web_raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    rlim_t want = LIMIT_CONNECTIONS + 256;
    if (limit.rlim_cur >= want) return;
    limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
    setrlimit(RLIMIT_NOFILE, &limit);
}

web *web_new(loop *l) {
    web_raise_descriptors();
    lws_set_log_level(0, NULL);
    web *w = heap_new(web);
    w->loop = l, w->listen_fd = -1;
    void *loops[1] = {loop_native(l)};
    struct lws_context_creation_info info = web_info(w);
    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.foreign_loops = loops;
    info.pcontext = &w->context;
    w->context = lws_create_context(&info);
    if (w->context == NULL) {
        heap_free(web, w);
        return NULL;
    }
    return w;
}

void web_free(web *w) {
    loop_close(w->listening);
    loop_close(w->pause);
    if (w->listen_fd >= 0) close(w->listen_fd);
    lws_context_destroy(w->context);
    loop_settle(w->loop);
    if (w->context != NULL) lws_context_destroy(w->context);
    loop_settle(w->loop);
    heap_free(web, w);
}

/* ---- the server ---- */

static void web_accept(void *context) {
    web *w = context;
    for (;;) {
        int fd = socket_accept(w->listen_fd);
        if (fd >= 0 && w->accepted >= LIMIT_CONNECTIONS) {
            close(fd);
        } else if (fd >= 0) {
            w->accepted++;
            lws_adopt_socket_vhost(w->server, fd);
        } else {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                loop_readable_pause(w->listening, true);
                loop_timer_start(w->pause, WEB_ACCEPT_PAUSE_MS);
            }
            return;
        }
    }
}

static void web_accept_again(void *context) {
    web *w = context;
    loop_readable_pause(w->listening, false);
}

int web_listen(web *w, const lk_addr *addr, const char *root, const web_events *events,
               uint16_t *port) {
    lk_addr bound;
    w->listen_fd = socket_listen(addr, &bound);
    if (w->listen_fd < 0) return errno;
    *port = bound.port;
    struct lws_context_creation_info info = web_info(w);
    info.vhost_name = "server";
    w->server = lws_create_vhost(w->context, &info);
    if (w->server == NULL) return ENOMEM;
    w->root = root, w->events = *events;
    w->pause = loop_timer(w->loop, web_accept_again, w);
    w->listening = loop_readable(w->loop, w->listen_fd, web_accept, w);
    return 0;
}

/* ---- the client ---- */

web_conn *web_connect(web *w, const web_target *target, const web_events *events) {
    if (w->client == NULL) {
        struct lws_context_creation_info info = web_info(w);
        info.vhost_name = "client";
        if (target->tls) info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        w->client = lws_create_vhost(w->context, &info);
        if (w->client == NULL) return NULL;
    }
    char numeric[64];
    address_write(&target->addr, numeric);
    web_conn *conn = web_conn_new(NULL, events, SIZE_MAX); /* what it sends is its own */
    struct lws_client_connect_info info = {
        .context = w->context,
        .vhost = w->client,
        .address = numeric,
        .port = target->addr.port,
        .path = target->path,
        .host = target->host,
        .origin = target->host,
        .ssl_connection = target->tls ? LCCSCF_USE_SSL : 0,
        .pwsi = &conn->wsi,
        .opaque_user_data = conn,
        .local_protocol_name = web_protocols[0].name,
        .retry_and_idle_policy = &web_heartbeat,
        .ietf_version_or_minus_one = -1,
    };
    conn->connecting = true;
    struct lws *wsi = lws_client_connect_via_info(&info);
    conn->connecting = false;
    if (wsi != NULL && !conn->failed) return conn;
    web_conn_free(conn);
    return NULL;
}
