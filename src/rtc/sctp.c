/* SPDX-License-Identifier: MIT
 * sctp.c - the door to usrsctp, which runs without threads or sockets of its own.
 *
 *     assoc_feed ─► usrsctp ─► receive callback ─► events
 *     assoc_send ─► usrsctp ─► send callback ─► packets
 *
 * usrsctp keeps global state and calls back from inside any call, also after a socket was closed.
 * So callbacks only append to queues, and they find an association by a number that is never used
 * twice, never by a pointer. All associations live on one thread. */
#include "rtc/sctp.h"

#include <errno.h>
#include <sys/socket.h>
#include <usrsctp.h>

/* 128 KiB, the library's default, stalls at round trips of 50 ms; 4 MiB overflows UDP buffers. */
#define ASSOC_WINDOW_BYTES (1 << 20)
/* 1280 (IPv6's minimum) - 40 (IPv6) - 8 (UDP) - 48 (DTLS) - 12 (SCTP header) */
#define ASSOC_PATH_MTU 1172
/* Consent (30 s) decides when a path is dead. SCTP is more patient than that, and after a silence
 * tries again soon. */
#define ASSOC_RETRANSMISSIONS 30
#define ASSOC_RTO_INITIAL_MS 500
#define ASSOC_RTO_MIN_MS 200
#define ASSOC_RTO_MAX_MS 3000

struct assoc {
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
typedef struct assoc_slot {
    assoc *live; /* NULL: free */
    uint16_t generation;
} assoc_slot;

static struct {
    VEC(assoc_slot) slots;
    uint64_t now_ms;
    bool running;
} assoc_global;

static assoc *assoc_find(const void *address) {
    uintptr_t id = (uintptr_t)address;
    size_t slot = (id & 0xffff) - 1;
    if (slot >= assoc_global.slots.len) return NULL;
    const assoc_slot *s = &assoc_global.slots.at[slot];
    return s->generation == id >> 16 ? s->live : NULL;
}

static void *assoc_address(uint32_t id) { return (void *)(uintptr_t)id; }

/* Give `s` a number; false when memory or numbers are out. */
static bool assoc_register(assoc *s) {
    size_t slot = 0;
    while (slot < assoc_global.slots.len && assoc_global.slots.at[slot].live != NULL) slot++;
    if (slot >= UINT16_MAX) return false;
    if (slot == assoc_global.slots.len && vec_push(&mem_default, &assoc_global.slots) == NULL)
        return false;
    assoc_slot *own = &assoc_global.slots.at[slot];
    own->live = s;
    own->generation++;
    s->id = (uint32_t)own->generation << 16 | (uint32_t)(slot + 1);
    usrsctp_register_address(assoc_address(s->id));
    return true;
}

static void assoc_deregister(assoc *s) {
    usrsctp_deregister_address(assoc_address(s->id));
    assoc_global.slots.at[(s->id & 0xffff) - 1].live = NULL;
}

/* ---- callbacks ---- */

static void assoc_down(assoc *s, const char *why) {
    if (s->down) return;
    s->down = true;
    /* without memory for the event, the path's consent ends it later */
    queue_push(&s->events, (queue_item){.kind = ASSOC_DOWN, .what = why}, (lk_bytes){0});
}

static int assoc_on_packet(void *address, void *packet, size_t len, uint8_t tos, uint8_t set_df) {
    (void)tos, (void)set_df;
    assoc *s = assoc_find(address);
    if (s == NULL || len < 12) return 0;
    /* CRC offload: we compute what the library left out; DTLS guards the way in (RFC 8261) */
    uint32_t crc = usrsctp_crc32c(packet, len);
    __builtin_memcpy((uint8_t *)packet + 8, &crc, sizeof crc);
    queue_push(&s->packets, (queue_item){0}, (lk_bytes){packet, len});
    return 0;
}

static void assoc_on_change(assoc *s, const struct sctp_assoc_change *change) {
    switch (change->sac_state) {
    case SCTP_COMM_UP:
        if (!queue_push(&s->events, (queue_item){.kind = ASSOC_UP}, (lk_bytes){0}))
            assoc_down(s, "out of memory");
        break;
    case SCTP_SHUTDOWN_COMP: assoc_down(s, "the SCTP association ended"); break;
    case SCTP_COMM_LOST: assoc_down(s, "the SCTP association was lost"); break;
    case SCTP_CANT_STR_ASSOC: assoc_down(s, "the SCTP association could not start"); break;
    default: break;
    }
}

static void assoc_on_reset(assoc *s, const struct sctp_stream_reset_event *reset) {
    if (!(reset->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN)) return;
    size_t count = (reset->strreset_length - sizeof *reset) / sizeof(uint16_t);
    for (size_t i = 0; i < count; i++) {
        queue_item item = {.kind = ASSOC_RESET, .stream = reset->strreset_stream_list[i]};
        if (!queue_push(&s->events, item, (lk_bytes){0})) assoc_down(s, "out of memory");
    }
}

static void assoc_on_notification(assoc *s, const union sctp_notification *n, size_t len) {
    if (len < sizeof n->sn_header || n->sn_header.sn_length != len) return;
    if (n->sn_header.sn_type == SCTP_ASSOC_CHANGE && len >= sizeof n->sn_assoc_change)
        assoc_on_change(s, &n->sn_assoc_change);
    else if (n->sn_header.sn_type == SCTP_STREAM_RESET_EVENT && len >= sizeof n->sn_strreset_event)
        assoc_on_reset(s, &n->sn_strreset_event);
    else if (n->sn_header.sn_type == SCTP_PARTIAL_DELIVERY_EVENT)
        s->partial.len = 0;
}

/* A piece of a message, or all of it. Pieces of one message come in a row, because
 * SCTP_FRAGMENT_INTERLEAVE is 0. */
static void assoc_on_data(assoc *s, lk_bytes piece, struct sctp_rcvinfo info, bool end) {
    queue_item item = {
        .kind = ASSOC_MESSAGE, .stream = info.rcv_sid, .ppid = __builtin_bswap32(info.rcv_ppid)};
    if (s->partial.len > 0 && s->partial_stream != info.rcv_sid) s->partial.len = 0;
    if (piece.len > s->message_max - s->partial.len) {
        assoc_down(s, "a message is longer than announced");
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
    if (!ok) assoc_down(s, "out of memory");
}

static int assoc_on_receive(struct socket *socket, union sctp_sockstore from, void *data,
                            size_t len, struct sctp_rcvinfo info, int flags, void *address) {
    (void)socket, (void)from;
    assoc *s = assoc_find(address);
    if (s != NULL && !s->down) {
        if (data == NULL)
            assoc_down(s, "the SCTP association ended");
        else if (flags & MSG_NOTIFICATION)
            assoc_on_notification(s, data, len);
        else
            assoc_on_data(s, (lk_bytes){data, len}, info, (flags & MSG_EOR) != 0);
    }
    mem_free(&mem_default, data, len); /* usrsctp leaves it to us, out of the C library's heap */
    return 1;
}

/* ---- global ---- */

lk_status assoc_global_init(void) {
    if (assoc_global.running) return LK_ESTATE;
    /* never usrsctp_init(): as root it opens raw sockets and takes SCTP from the network */
    usrsctp_init_nothreads(0, assoc_on_packet, NULL);
    usrsctp_enable_crc32c_offload();
    usrsctp_sysctl_set_sctp_sendspace(ASSOC_WINDOW_BYTES);
    usrsctp_sysctl_set_sctp_recvspace(ASSOC_WINDOW_BYTES);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(10 * 1024);
    usrsctp_sysctl_set_sctp_initial_cwnd(10);
    usrsctp_sysctl_set_sctp_max_burst_default(10);
    usrsctp_sysctl_set_sctp_default_cc_module(SCTP_CC_RFC2581); /* the others were slower */
    usrsctp_sysctl_set_sctp_delayed_sack_time_default(20);
    usrsctp_sysctl_set_sctp_rto_initial_default(ASSOC_RTO_INITIAL_MS);
    usrsctp_sysctl_set_sctp_init_rto_max_default(ASSOC_RTO_MAX_MS);
    usrsctp_sysctl_set_sctp_rto_min_default(ASSOC_RTO_MIN_MS);
    usrsctp_sysctl_set_sctp_rto_max_default(ASSOC_RTO_MAX_MS);
    usrsctp_sysctl_set_sctp_init_rtx_max_default(ASSOC_RETRANSMISSIONS);
    usrsctp_sysctl_set_sctp_assoc_rtx_max_default(ASSOC_RETRANSMISSIONS);
    usrsctp_sysctl_set_sctp_path_rtx_max_default(ASSOC_RETRANSMISSIONS);
    usrsctp_sysctl_set_sctp_heartbeat_interval_default(10 * 1000);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_nrsack_enable(0);
    usrsctp_sysctl_set_sctp_pktdrop_enable(0);
    usrsctp_sysctl_set_sctp_reconfig_enable(1);
    usrsctp_sysctl_set_sctp_pr_enable(1); /* W3C: a browser's offer of it is not refused */
    assoc_global.running = true;
    return LK_OK;
}

void assoc_global_drop(void) {
    LK_ASSERT(assoc_global.running);
    for (size_t i = 0; i < assoc_global.slots.len; i++)
        LK_ASSERT(assoc_global.slots.at[i].live == NULL);
    /* it refuses while closed associations wait for a timer */
    for (int i = 0; i < 1000 && usrsctp_finish() != 0; i++) usrsctp_handle_timers(10);
    vec_drop(&mem_default, &assoc_global.slots);
    assoc_global.now_ms = 0;
    assoc_global.running = false;
}

void assoc_global_tick(uint64_t now_ms) {
    if (assoc_global.now_ms == 0) assoc_global.now_ms = now_ms;
    uint64_t elapsed = now_ms > assoc_global.now_ms ? now_ms - assoc_global.now_ms : 0;
    if (elapsed == 0) return;
    assoc_global.now_ms = now_ms;
    usrsctp_handle_timers(elapsed < UINT32_MAX ? (uint32_t)elapsed : UINT32_MAX);
}

/* ---- one association ---- */

static struct sockaddr_conn assoc_endpoint(uint32_t id, uint16_t port) {
    return (struct sockaddr_conn){.sconn_family = AF_CONN,
                                  .sconn_port = __builtin_bswap16(port),
                                  .sconn_addr = assoc_address(id)};
}

static bool assoc_option(assoc *s, int level, int name, const void *value, size_t len) {
    return usrsctp_setsockopt(s->socket, level, name, value, (socklen_t)len) == 0;
}

static bool assoc_subscribe(assoc *s) {
    static const uint16_t types[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT,
                                     SCTP_PARTIAL_DELIVERY_EVENT};
    bool ok = true;
    for (size_t i = 0; i < countof(types); i++) {
        struct sctp_event event = {.se_assoc_id = SCTP_ALL_ASSOC, .se_type = types[i], .se_on = 1};
        ok = ok && assoc_option(s, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
    }
    return ok;
}

static bool assoc_configure(assoc *s) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    struct sctp_assoc_value reset = {.assoc_id = SCTP_ALL_ASSOC,
                                     .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ};
    struct sctp_initmsg init = {.sinit_num_ostreams = ASSOC_STREAMS,
                                .sinit_max_instreams = ASSOC_STREAMS};
    uint32_t on = 1, interleave = 0;
    /* a message must fit the buffer, or it could never be sent at all */
    int space = ASSOC_WINDOW_BYTES;
    if (s->message_max > ASSOC_WINDOW_BYTES) space = (int)s->message_max;
    return usrsctp_set_non_blocking(s->socket, 1) == 0 &&
           assoc_option(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) &&
           assoc_option(s, SOL_SOCKET, SO_SNDBUF, &space, sizeof space) &&
           assoc_option(s, SOL_SOCKET, SO_RCVBUF, &space, sizeof space) &&
           assoc_option(s, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on) &&
           assoc_option(s, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, &interleave,
                        sizeof interleave) &&
           assoc_option(s, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &reset, sizeof reset) &&
           assoc_option(s, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init) && assoc_subscribe(s);
}

static bool assoc_connect(assoc *s, uint16_t remote_port) {
    struct sockaddr_conn local = assoc_endpoint(s->id, ASSOC_PORT);
    struct sockaddr_conn remote = assoc_endpoint(s->id, remote_port);
    struct sctp_paddrparams path = {.spp_flags = SPP_PMTUD_DISABLE, .spp_pathmtu = ASSOC_PATH_MTU};
    __builtin_memcpy(&path.spp_address, &remote, sizeof remote);
    if (usrsctp_bind(s->socket, (struct sockaddr *)&local, sizeof local) != 0) return false;
    /* AF_CONN has no path MTU discovery; this call sends the INIT */
    if (usrsctp_connect(s->socket, (struct sockaddr *)&remote, sizeof remote) != 0 &&
        errno != EINPROGRESS)
        return false;
    return assoc_option(s, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
}

assoc *assoc_new(const lk_memory *heap, uint32_t message_max, uint16_t remote_port) {
    LK_ASSERT(assoc_global.running);
    assoc *s = mem_zalloc(heap, sizeof *s);
    if (s == NULL) return NULL;
    s->heap = heap;
    s->message_max = message_max;
    s->partial.memory = heap;
    queue_init(&s->packets, heap);
    queue_init(&s->events, heap);
    if (!assoc_register(s)) {
        mem_free(heap, s, sizeof *s);
        return NULL;
    }
    s->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, assoc_on_receive, NULL, 0,
                               assoc_address(s->id));
    if (s->socket != NULL && assoc_configure(s) && assoc_connect(s, remote_port)) return s;
    assoc_free(s);
    return NULL;
}

void assoc_free(assoc *s) {
    if (s == NULL) return;
    assoc_abort(s);
    assoc_deregister(s);
    queue_drop(&s->packets);
    queue_drop(&s->events);
    lk_buf_free(&s->partial);
    mem_free(s->heap, s, sizeof *s);
}

void assoc_feed(assoc *s, lk_bytes packet) {
    if (!s->down) usrsctp_conninput(assoc_address(s->id), packet.at, packet.len, 0);
}

queue *assoc_packets(assoc *s) { return &s->packets; }
queue *assoc_events(assoc *s) { return &s->events; }

bool assoc_send(assoc *s, uint16_t stream, uint32_t ppid, lk_bytes message) {
    struct sctp_sndinfo info = {.snd_sid = stream, .snd_ppid = __builtin_bswap32(ppid)};
    if (usrsctp_sendv(s->socket, message.at, message.len, NULL, 0, &info, sizeof info,
                      SCTP_SENDV_SNDINFO, 0) >= 0)
        return true;
    if (errno != EWOULDBLOCK && errno != EAGAIN && errno != ENOBUFS)
        assoc_down(s, "the SCTP association refused a message");
    return false;
}

bool assoc_reset(assoc *s, uint16_t stream) {
    /* the list lies behind a struct that declares no room for it */
    union {
        struct sctp_reset_streams head;
        uint8_t room[sizeof(struct sctp_reset_streams) + sizeof(uint16_t)];
    } request = {.head = {.srs_assoc_id = SCTP_ALL_ASSOC,
                          .srs_flags = SCTP_STREAM_RESET_OUTGOING,
                          .srs_number_streams = 1}};
    request.head.srs_stream_list[0] = stream;
    return assoc_option(s, IPPROTO_SCTP, SCTP_RESET_STREAMS, &request, sizeof request.room);
}

void assoc_shutdown(assoc *s) {
    if (!s->down) usrsctp_shutdown(s->socket, SHUT_WR);
}

void assoc_abort(assoc *s) {
    if (s->socket != NULL) usrsctp_close(s->socket); /* SO_LINGER 0 makes it an ABORT */
    s->socket = NULL;
    s->down = true;
}
