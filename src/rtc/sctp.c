/* SPDX-License-Identifier: MIT
 * sctp.c - the door to usrsctp, which runs without threads or sockets of its own.
 *
 *     sctp_feed ─► usrsctp ─► receive callback ─► events
 *     sctp_send ─► usrsctp ─► send callback ─► packets
 *
 * usrsctp keeps global state and calls back from inside any call, also after a socket was closed.
 * So callbacks only append to queues, and they find an association by a number that is never used
 * twice, never by a pointer. All associations live on one thread. */
#include "rtc/sctp.h"

#include <errno.h>
#include <sys/socket.h>
#include <usrsctp.h>

/* 128 KiB, the library's default, stalls at round trips of 50 ms; 4 MiB overflows UDP buffers. */
#define SCTP_WINDOW_BYTES (1 << 20)
/* 1280 (IPv6's minimum) - 40 (IPv6) - 8 (UDP) - 48 (DTLS) - 12 (SCTP header) */
#define SCTP_PATH_MTU 1172
/* Consent (30 s) decides when a path is dead. SCTP is more patient than that, and after a silence
 * tries again soon. */
#define SCTP_RETRANSMISSIONS 30
#define SCTP_RTO_INITIAL_MS 1000
#define SCTP_RTO_MIN_MS 200
#define SCTP_RTO_MAX_MS 3000

struct sctp {
    const lk_memory *heap;
    uint32_t id;
    struct socket *socket;
    queue packets, events;
    lk_buf partial; /* a message whose end has not come */
    uint16_t partial_stream;
    uint32_t message_max;
    bool down;
};

/* ---- live associations, by number ---- */

/* An id is a slot number and the slot's generation, so that a late callback finds nothing. */
typedef struct sctp_slot {
    sctp *live; /* NULL: free */
    uint16_t generation;
} sctp_slot;

static struct {
    VEC(sctp_slot) slots;
    uint64_t now_ms;
    bool running;
} sctp_global;

static sctp *sctp_find(const void *address) {
    uintptr_t id = (uintptr_t)address;
    size_t slot = (id & 0xffff) - 1;
    if (slot >= sctp_global.slots.len) return NULL;
    const sctp_slot *s = &sctp_global.slots.at[slot];
    return s->generation == id >> 16 ? s->live : NULL;
}

static void *sctp_address(uint32_t id) { return (void *)(uintptr_t)id; }

/* Give `s` a number; false when memory or numbers are out. */
static bool sctp_register(sctp *s) {
    size_t slot = 0;
    while (slot < sctp_global.slots.len && sctp_global.slots.at[slot].live != NULL) slot++;
    if (slot >= UINT16_MAX) return false;
    if (slot == sctp_global.slots.len && vec_push(&mem_default, &sctp_global.slots) == NULL)
        return false;
    sctp_slot *own = &sctp_global.slots.at[slot];
    own->live = s;
    own->generation++;
    s->id = (uint32_t)own->generation << 16 | (uint32_t)(slot + 1);
    usrsctp_register_address(sctp_address(s->id));
    return true;
}

static void sctp_deregister(sctp *s) {
    usrsctp_deregister_address(sctp_address(s->id));
    sctp_global.slots.at[(s->id & 0xffff) - 1].live = NULL;
}

/* ---- callbacks ---- */

static void sctp_down(sctp *s, const char *why) {
    if (s->down) return;
    s->down = true;
    /* without memory for the event, the path's consent ends it later */
    queue_push(&s->events, (queue_item){.kind = SCTP_OUT_DOWN, .what = why}, (lk_bytes){0});
}

static int sctp_on_packet(void *address, void *packet, size_t len, uint8_t tos, uint8_t set_df) {
    (void)tos, (void)set_df;
    sctp *s = sctp_find(address);
    if (s == NULL || len < 12) return 0;
    /* CRC offload: we compute what the library left out; DTLS guards the way in (RFC 8261) */
    uint32_t crc = usrsctp_crc32c(packet, len);
    __builtin_memcpy((uint8_t *)packet + 8, &crc, sizeof crc);
    queue_push(&s->packets, (queue_item){0}, (lk_bytes){packet, len});
    return 0;
}

static void sctp_on_change(sctp *s, const struct sctp_assoc_change *change) {
    switch (change->sac_state) {
    case SCTP_COMM_UP:
        if (!queue_push(&s->events, (queue_item){.kind = SCTP_OUT_UP}, (lk_bytes){0}))
            sctp_down(s, "out of memory");
        break;
    case SCTP_SHUTDOWN_COMP: sctp_down(s, "the SCTP association ended"); break;
    case SCTP_COMM_LOST: sctp_down(s, "the SCTP association was lost"); break;
    case SCTP_CANT_STR_ASSOC: sctp_down(s, "the SCTP association could not start"); break;
    default: break;
    }
}

static void sctp_on_reset(sctp *s, const struct sctp_stream_reset_event *reset) {
    if (!(reset->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN)) return;
    size_t count = (reset->strreset_length - sizeof *reset) / sizeof(uint16_t);
    for (size_t i = 0; i < count; i++) {
        queue_item item = {.kind = SCTP_OUT_RESET, .stream = reset->strreset_stream_list[i]};
        if (!queue_push(&s->events, item, (lk_bytes){0})) sctp_down(s, "out of memory");
    }
}

static void sctp_on_notification(sctp *s, const union sctp_notification *n, size_t len) {
    if (len < sizeof n->sn_header || n->sn_header.sn_length != len) return;
    if (n->sn_header.sn_type == SCTP_ASSOC_CHANGE && len >= sizeof n->sn_assoc_change)
        sctp_on_change(s, &n->sn_assoc_change);
    else if (n->sn_header.sn_type == SCTP_STREAM_RESET_EVENT && len >= sizeof n->sn_strreset_event)
        sctp_on_reset(s, &n->sn_strreset_event);
    else if (n->sn_header.sn_type == SCTP_PARTIAL_DELIVERY_EVENT)
        s->partial.len = 0;
}

/* A piece of a message, or all of it. Pieces of one message come in a row, because
 * SCTP_FRAGMENT_INTERLEAVE is 0. */
static void sctp_on_data(sctp *s, lk_bytes piece, struct sctp_rcvinfo info, bool end) {
    queue_item item = {
        .kind = SCTP_OUT_MESSAGE, .stream = info.rcv_sid, .ppid = __builtin_bswap32(info.rcv_ppid)};
    if (s->partial.len > 0 && s->partial_stream != info.rcv_sid) s->partial.len = 0;
    if (piece.len > s->message_max - s->partial.len) {
        sctp_down(s, "a message is longer than announced");
        return;
    }
    bool whole = end && s->partial.len == 0;
    bool ok =
        whole ? queue_push(&s->events, item, piece) : buf_append(&s->partial, piece.at, piece.len);
    s->partial_stream = info.rcv_sid;
    if (ok && end && !whole) {
        ok = queue_push(&s->events, item, (lk_bytes){s->partial.at, s->partial.len});
        lk_buf_free(&s->partial);
    }
    if (!ok) sctp_down(s, "out of memory");
}

static int sctp_on_receive(struct socket *socket, union sctp_sockstore from, void *data, size_t len,
                           struct sctp_rcvinfo info, int flags, void *address) {
    (void)socket, (void)from;
    sctp *s = sctp_find(address);
    if (s != NULL && !s->down) {
        if (data == NULL)
            sctp_down(s, "the SCTP association ended");
        else if (flags & MSG_NOTIFICATION)
            sctp_on_notification(s, data, len);
        else
            sctp_on_data(s, (lk_bytes){data, len}, info, (flags & MSG_EOR) != 0);
    }
    mem_free(&mem_default, data, len); /* usrsctp leaves it to us, out of the C library's heap */
    return 1;
}

/* ---- global ---- */

lk_status sctp_global_init(void) {
    if (sctp_global.running) return LK_ESTATE;
    /* never usrsctp_init(): as root it opens raw sockets and takes SCTP from the network */
    usrsctp_init_nothreads(0, sctp_on_packet, NULL);
    usrsctp_enable_crc32c_offload();
    usrsctp_sysctl_set_sctp_sendspace(SCTP_WINDOW_BYTES);
    usrsctp_sysctl_set_sctp_recvspace(SCTP_WINDOW_BYTES);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(10 * 1024);
    usrsctp_sysctl_set_sctp_initial_cwnd(10);
    usrsctp_sysctl_set_sctp_max_burst_default(10);
    usrsctp_sysctl_set_sctp_default_cc_module(SCTP_CC_RFC2581); /* the others were slower */
    usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
    usrsctp_sysctl_set_sctp_rto_initial_default(SCTP_RTO_INITIAL_MS);
    usrsctp_sysctl_set_sctp_init_rto_max_default(SCTP_RTO_MAX_MS);
    usrsctp_sysctl_set_sctp_rto_min_default(SCTP_RTO_MIN_MS);
    usrsctp_sysctl_set_sctp_rto_max_default(SCTP_RTO_MAX_MS);
    usrsctp_sysctl_set_sctp_init_rtx_max_default(SCTP_RETRANSMISSIONS);
    usrsctp_sysctl_set_sctp_assoc_rtx_max_default(SCTP_RETRANSMISSIONS);
    usrsctp_sysctl_set_sctp_path_rtx_max_default(SCTP_RETRANSMISSIONS);
    usrsctp_sysctl_set_sctp_heartbeat_interval_default(10 * 1000);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_nrsack_enable(0);
    usrsctp_sysctl_set_sctp_pktdrop_enable(0);
    usrsctp_sysctl_set_sctp_reconfig_enable(1);
    usrsctp_sysctl_set_sctp_pr_enable(1); /* W3C: a browser's offer of it is not refused */
    sctp_global.running = true;
    return LK_OK;
}

void sctp_global_drop(void) {
    LK_ASSERT(sctp_global.running);
    for (size_t i = 0; i < sctp_global.slots.len; i++)
        LK_ASSERT(sctp_global.slots.at[i].live == NULL);
    /* it refuses while closed associations wait for a timer */
    for (int i = 0; i < 1000 && usrsctp_finish() != 0; i++) usrsctp_handle_timers(10);
    vec_drop(&mem_default, &sctp_global.slots);
    sctp_global.now_ms = 0;
    sctp_global.running = false;
}

void sctp_global_tick(uint64_t now_ms) {
    if (sctp_global.now_ms == 0) sctp_global.now_ms = now_ms;
    uint64_t elapsed = now_ms > sctp_global.now_ms ? now_ms - sctp_global.now_ms : 0;
    if (elapsed == 0) return;
    sctp_global.now_ms = now_ms;
    usrsctp_handle_timers(elapsed < UINT32_MAX ? (uint32_t)elapsed : UINT32_MAX);
}

/* ---- one association ---- */

static struct sockaddr_conn sctp_endpoint(uint32_t id, uint16_t port) {
    return (struct sockaddr_conn){.sconn_family = AF_CONN,
                                  .sconn_port = __builtin_bswap16(port),
                                  .sconn_addr = sctp_address(id)};
}

static bool sctp_option(sctp *s, int level, int name, const void *value, size_t len) {
    return usrsctp_setsockopt(s->socket, level, name, value, (socklen_t)len) == 0;
}

static bool sctp_subscribe(sctp *s) {
    static const uint16_t types[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT,
                                     SCTP_PARTIAL_DELIVERY_EVENT};
    bool ok = true;
    for (size_t i = 0; i < countof(types); i++) {
        struct sctp_event event = {.se_assoc_id = SCTP_ALL_ASSOC, .se_type = types[i], .se_on = 1};
        ok = ok && sctp_option(s, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
    }
    return ok;
}

static bool sctp_configure(sctp *s) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    struct sctp_assoc_value reset = {.assoc_id = SCTP_ALL_ASSOC,
                                     .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ};
    struct sctp_initmsg init = {.sinit_num_ostreams = SCTP_STREAMS,
                                .sinit_max_instreams = SCTP_STREAMS};
    uint32_t on = 1, interleave = 0;
    /* a message must fit the buffer, or it could never be sent at all */
    int space = SCTP_WINDOW_BYTES;
    if (s->message_max > SCTP_WINDOW_BYTES) space = (int)s->message_max;
    return usrsctp_set_non_blocking(s->socket, 1) == 0 &&
           sctp_option(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) &&
           sctp_option(s, SOL_SOCKET, SO_SNDBUF, &space, sizeof space) &&
           sctp_option(s, SOL_SOCKET, SO_RCVBUF, &space, sizeof space) &&
           sctp_option(s, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on) &&
           sctp_option(s, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, &interleave, sizeof interleave) &&
           sctp_option(s, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &reset, sizeof reset) &&
           sctp_option(s, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init) && sctp_subscribe(s);
}

static bool sctp_connect(sctp *s, uint16_t remote_port) {
    struct sockaddr_conn local = sctp_endpoint(s->id, SCTP_LOCAL_PORT);
    struct sockaddr_conn remote = sctp_endpoint(s->id, remote_port);
    struct sctp_paddrparams path = {.spp_flags = SPP_PMTUD_DISABLE, .spp_pathmtu = SCTP_PATH_MTU};
    __builtin_memcpy(&path.spp_address, &remote, sizeof remote);
    if (usrsctp_bind(s->socket, (struct sockaddr *)&local, sizeof local) != 0) return false;
    /* AF_CONN has no path MTU discovery; this call sends the INIT */
    if (usrsctp_connect(s->socket, (struct sockaddr *)&remote, sizeof remote) != 0 &&
        errno != EINPROGRESS)
        return false;
    return sctp_option(s, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
}

sctp *sctp_new(const lk_memory *heap, uint32_t message_max, uint16_t remote_port) {
    LK_ASSERT(sctp_global.running);
    sctp *s = mem_zalloc(heap, sizeof *s);
    if (s == NULL) return NULL;
    s->heap = heap;
    s->message_max = message_max;
    s->partial.memory = heap;
    queue_init(&s->packets, heap);
    queue_init(&s->events, heap);
    if (!sctp_register(s)) {
        mem_free(heap, s, sizeof *s);
        return NULL;
    }
    s->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, sctp_on_receive, NULL, 0,
                               sctp_address(s->id));
    if (s->socket != NULL && sctp_configure(s) && sctp_connect(s, remote_port)) return s;
    sctp_free(s);
    return NULL;
}

void sctp_free(sctp *s) {
    if (s == NULL) return;
    sctp_abort(s);
    sctp_deregister(s);
    queue_drop(&s->packets);
    queue_drop(&s->events);
    lk_buf_free(&s->partial);
    mem_free(s->heap, s, sizeof *s);
}

void sctp_feed(sctp *s, lk_bytes packet) {
    if (!s->down) usrsctp_conninput(sctp_address(s->id), packet.at, packet.len, 0);
}

queue *sctp_packets(sctp *s) { return &s->packets; }
queue *sctp_events(sctp *s) { return &s->events; }

bool sctp_send(sctp *s, uint16_t stream, uint32_t ppid, lk_bytes message) {
    struct sctp_sndinfo info = {.snd_sid = stream, .snd_ppid = __builtin_bswap32(ppid)};
    if (usrsctp_sendv(s->socket, message.at, message.len, NULL, 0, &info, sizeof info,
                      SCTP_SENDV_SNDINFO, 0) >= 0)
        return true;
    if (errno != EWOULDBLOCK && errno != EAGAIN && errno != ENOBUFS)
        sctp_down(s, "the SCTP association refused a message");
    return false;
}

bool sctp_reset(sctp *s, uint16_t stream) {
    /* the list lies behind a struct that declares no room for it */
    union {
        struct sctp_reset_streams head;
        uint8_t room[sizeof(struct sctp_reset_streams) + sizeof(uint16_t)];
    } request = {.head = {.srs_assoc_id = SCTP_ALL_ASSOC,
                          .srs_flags = SCTP_STREAM_RESET_OUTGOING,
                          .srs_number_streams = 1}};
    request.head.srs_stream_list[0] = stream;
    return sctp_option(s, IPPROTO_SCTP, SCTP_RESET_STREAMS, &request, sizeof request.room);
}

void sctp_shutdown(sctp *s) {
    if (!s->down) usrsctp_shutdown(s->socket, SHUT_WR);
}

void sctp_abort(sctp *s) {
    if (s->socket != NULL) usrsctp_close(s->socket); /* SO_LINGER 0 makes it an ABORT */
    s->socket = NULL;
    s->down = true;
}
