/* SPDX-License-Identifier: MIT
 * sctp.c - the door to usrsctp, which runs without threads or sockets of its own.
 *
 *     assoc_feed ─► usrsctp ─► its receive buffer ─► assoc_receive
 *     assoc_send ─► usrsctp ─► send callback ─► packets
 *
 * usrsctp keeps global state and calls back from inside any call, also after a socket was closed.
 * So callbacks only append to queues or set flags, and they find an association by a number that is
 * never used twice, never by a pointer. All associations live on one thread. */
#include "rtc/sctp.h"

#include "rtc/reconfig.h"

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

/* What one reading takes: most messages, and every notification. */
#define ASSOC_READ_BYTES 4096
/* A larger buffer is given back when there is nothing more to read. */
#define ASSOC_KEPT_BYTES 16384

#define ASSOC_RESET_PATIENCE 3

struct assoc {
    const lk_memory *heap;
    uint32_t id;
    struct socket *socket;
    queue packets;
    reconfig ours, theirs; /* resets of streams, by who sends them */
    queue events;          /* what notifications tell */
    lk_buf message;        /* the one handed out last, or the beginning of the next */
    bool whole;            /* the former */
    bool skipping;         /* up to the end of a message that is too long */
    bool readable;
    uint16_t streams;
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

/* CRC32c as usrsctp_crc32c() makes it, ten times as fast where the processor knows it. */
#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t assoc_crc_fast(const uint8_t *at, size_t len) {
    uint64_t crc = UINT32_MAX, word;
    for (; len >= sizeof word; at += sizeof word, len -= sizeof word) {
        __builtin_memcpy(&word, at, sizeof word);
        crc = __builtin_ia32_crc32di(crc, word);
    }
    for (; len > 0; at++, len--) crc = __builtin_ia32_crc32qi((uint32_t)crc, *at);
    return ~(uint32_t)crc;
}
#endif

uint32_t assoc_crc(uint8_t *at, size_t len) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return assoc_crc_fast(at, len);
#endif
    return usrsctp_crc32c(at, len);
}

/* CRC offload: we compute what the library left out; DTLS guards the way in (RFC 8261). */
static void assoc_put(assoc *s, uint8_t *packet, size_t len) {
    __builtin_memset(packet + 8, 0, 4);
    uint32_t crc = assoc_crc(packet, len);
    __builtin_memcpy(packet + 8, &crc, sizeof crc);
    queue_push(&s->packets, (queue_item){0}, (lk_bytes){packet, len});
}

static int assoc_on_packet(void *address, void *packet, size_t len, uint8_t tos, uint8_t set_df) {
    (void)tos, (void)set_df;
    assoc *s = assoc_find(address);
    if (s == NULL || len < 12) return 0;
    reconfig_hear(&s->theirs, packet, len);
    reconfig_pass(&s->ours, packet, len);
    assoc_put(s, packet, len);
    return 0;
}

static void assoc_on_ready(struct socket *socket, void *address, int flags) {
    (void)socket, (void)flags;
    assoc *s = assoc_find(address);
    if (s != NULL) s->readable = true;
}

/* Let requests go whose time has come. Not from within a callback. */
static void assoc_release(assoc *s) {
    if (reconfig_due(&s->ours)) {
        assoc_put(s, s->ours.held.at, s->ours.held.len);
        s->ours.held.len = 0;
    }
    if (reconfig_due(&s->theirs)) {
        usrsctp_conninput(assoc_address(s->id), s->theirs.held.at, s->theirs.held.len, 0);
        s->theirs.held.len = 0;
    }
}

/* ---- notifications ---- */

static void assoc_tell(assoc *s, assoc_kind kind, uint16_t stream) {
    queue_item item = {.kind = (int)kind, .stream = stream};
    if (!queue_push(&s->events, item, (lk_bytes){0})) assoc_down(s, "out of memory");
}

static void assoc_on_change(assoc *s, const struct sctp_assoc_change *change) {
    uint16_t streams = change->sac_outbound_streams < change->sac_inbound_streams
                           ? change->sac_outbound_streams
                           : change->sac_inbound_streams;
    switch (change->sac_state) {
    case SCTP_COMM_UP: assoc_tell(s, ASSOC_UP, streams); break;
    case SCTP_SHUTDOWN_COMP: assoc_down(s, "the SCTP association ended"); break;
    case SCTP_COMM_LOST: assoc_down(s, "the SCTP association was lost"); break;
    case SCTP_CANT_STR_ASSOC: assoc_down(s, "the SCTP association could not start"); break;
    default: break;
    }
}

static void assoc_on_reset(assoc *s, const struct sctp_stream_reset_event *reset) {
    size_t count = (reset->strreset_length - sizeof *reset) / sizeof(uint16_t);
    assoc_kind kind = ASSOC_RESET;
    if (reset->strreset_flags & SCTP_STREAM_RESET_OUTGOING_SSN)
        kind = reset->strreset_flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)
                   ? ASSOC_KEPT
                   : ASSOC_ENDED;
    else if (!(reset->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN))
        return;
    for (size_t i = 0; i < count; i++) assoc_tell(s, kind, reset->strreset_stream_list[i]);
    /* an empty list stands for all of them (RFC 6525 section 4.1) */
    for (uint16_t i = 0; count == 0 && i < s->streams; i++) assoc_tell(s, kind, i);
}

static void assoc_on_notification(assoc *s, lk_bytes bytes) {
    union {
        union sctp_notification n;
        uint8_t room[ASSOC_READ_BYTES];
    } u;
    if (bytes.len < sizeof u.n.sn_header || bytes.len > sizeof u) return;
    __builtin_memcpy(&u, bytes.at, bytes.len);
    if (u.n.sn_header.sn_length != bytes.len) return;
    if (u.n.sn_header.sn_type == SCTP_ASSOC_CHANGE && bytes.len >= sizeof u.n.sn_assoc_change)
        assoc_on_change(s, &u.n.sn_assoc_change);
    else if (u.n.sn_header.sn_type == SCTP_STREAM_RESET_EVENT &&
             bytes.len >= sizeof u.n.sn_strreset_event)
        assoc_on_reset(s, &u.n.sn_strreset_event);
    else if (u.n.sn_header.sn_type == SCTP_PARTIAL_DELIVERY_EVENT) {
        s->message.len = 0;
        s->skipping = false;
    }
}

/* ---- receiving ---- */

/* Nothing is left to read. */
static void assoc_rest(assoc *s, ssize_t got) {
    s->readable = false;
    if (got == 0 || (errno != EWOULDBLOCK && errno != EAGAIN))
        assoc_down(s, "the SCTP association ended");
    if (s->message.len == 0 && s->message.cap > ASSOC_KEPT_BYTES) lk_buf_free(&s->message);
}

/* `got` more bytes of a message lie behind the others. Pieces of one message come in a row, because
 * SCTP_FRAGMENT_INTERLEAVE is 0. Is there something to tell? */
static bool assoc_on_data(assoc *s, size_t got, const struct sctp_rcvinfo *info, bool end,
                          assoc_event *out) {
    bool longer = !s->skipping && got > s->message_max - s->message.len;
    s->message.len = longer || s->skipping ? 0 : s->message.len + got;
    bool told = longer || (end && !s->skipping);
    s->skipping = (s->skipping || longer) && !end;
    s->whole = end;
    *out = (assoc_event){.kind = longer ? ASSOC_TOO_LONG : ASSOC_MESSAGE,
                         .stream = info->rcv_sid,
                         .ppid = __builtin_bswap32(info->rcv_ppid),
                         .bytes = {s->message.at, s->message.len}};
    return told;
}

/* Read once. Is there something to tell? */
static bool assoc_read(assoc *s, assoc_event *out) {
    struct sctp_rcvinfo info = {0};
    struct sockaddr_conn from;
    socklen_t from_len = sizeof from, info_len = sizeof info;
    unsigned info_type = 0;
    int flags = 0;
    if (!buf_reserve(&s->message, ASSOC_READ_BYTES)) {
        assoc_down(s, "out of memory");
        return false;
    }
    uint8_t *to = s->message.at + s->message.len;
    ssize_t got =
        usrsctp_recvv(s->socket, to, s->message.cap - s->message.len, (struct sockaddr *)&from,
                      &from_len, &info, &info_len, &info_type, &flags);
    if (got <= 0)
        assoc_rest(s, got);
    else if (flags & MSG_NOTIFICATION)
        assoc_on_notification(s, (lk_bytes){to, (size_t)got});
    else
        return assoc_on_data(s, (size_t)got, &info, (flags & MSG_EOR) != 0, out);
    return false;
}

bool assoc_receive(assoc *s, assoc_event *out) {
    if (s->whole) s->message.len = 0;
    s->whole = false;
    for (;;) {
        const queue_item *item = queue_first(&s->events);
        if (item != NULL) {
            *out = (assoc_event){
                .kind = (assoc_kind)item->kind, .stream = item->stream, .what = item->what};
            queue_pop(&s->events);
            return true;
        }
        if (!s->readable || s->down) return false;
        if (assoc_read(s, out)) return true;
    }
}

bool assoc_readable(const assoc *s) {
    return queue_first(&s->events) != NULL || (s->readable && !s->down);
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
    for (size_t i = 0; i < assoc_global.slots.len; i++)
        if (assoc_global.slots.at[i].live != NULL) assoc_release(assoc_global.slots.at[i].live);
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
    struct sctp_initmsg init = {.sinit_num_ostreams = s->streams,
                                .sinit_max_instreams = s->streams};
    uint32_t on = 1, interleave = 0;
    /* a message must fit the buffer, or it could never be sent at all */
    int space = ASSOC_WINDOW_BYTES;
    if (s->message_max > ASSOC_WINDOW_BYTES) space = (int)s->message_max;
    return usrsctp_set_non_blocking(s->socket, 1) == 0 &&
           assoc_option(s, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) &&
           assoc_option(s, SOL_SOCKET, SO_SNDBUF, &space, sizeof space) &&
           assoc_option(s, SOL_SOCKET, SO_RCVBUF, &space, sizeof space) &&
           usrsctp_set_upcall(s->socket, assoc_on_ready, assoc_address(s->id)) == 0 &&
           assoc_option(s, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on) &&
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

assoc *assoc_new(const lk_memory *heap, uint32_t message_max, uint16_t streams,
                 uint16_t remote_port) {
    LK_ASSERT(assoc_global.running && streams <= ASSOC_STREAMS_MAX);
    assoc *s = mem_zalloc(heap, sizeof *s);
    if (s == NULL) return NULL;
    s->heap = heap;
    s->message_max = message_max;
    s->streams = streams;
    s->message.memory = heap;
    reconfig_init(&s->ours, ASSOC_RESET_PATIENCE, heap);
    reconfig_init(&s->theirs, UINT32_MAX, heap);
    queue_init(&s->packets, heap);
    queue_init(&s->events, heap);
    if (!assoc_register(s)) {
        mem_free(heap, s, sizeof *s);
        return NULL;
    }
    s->socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
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
    lk_buf_free(&s->message);
    reconfig_drop(&s->ours);
    reconfig_drop(&s->theirs);
    mem_free(s->heap, s, sizeof *s);
}

void assoc_feed(assoc *s, uint8_t *packet, size_t len) {
    if (s->down) return;
    reconfig_hear(&s->ours, packet, len);
    reconfig_pass(&s->theirs, packet, len);
    usrsctp_conninput(assoc_address(s->id), packet, len, 0);
    assoc_release(s);
}

queue *assoc_packets(assoc *s) { return &s->packets; }

bool assoc_send(assoc *s, const assoc_message *m) {
    static const uint16_t policies[] = {[LK_RTC_RELIABLE] = SCTP_PR_SCTP_NONE,
                                        [LK_RTC_RETRANSMITS] = SCTP_PR_SCTP_RTX,
                                        [LK_RTC_LIFETIME] = SCTP_PR_SCTP_TTL};
    struct sctp_sendv_spa spa = {
        .sendv_flags = SCTP_SEND_SNDINFO_VALID,
        .sendv_sndinfo = {.snd_sid = m->stream, .snd_ppid = __builtin_bswap32(m->ppid)},
        .sendv_prinfo = {.pr_policy = policies[m->reliability], .pr_value = m->limit}};
    if (m->unordered) spa.sendv_sndinfo.snd_flags = SCTP_UNORDERED;
    if (m->reliability != LK_RTC_RELIABLE) spa.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    if (s->down) return false;
    if (usrsctp_sendv(s->socket, m->bytes.at, m->bytes.len, NULL, 0, &spa, sizeof spa,
                      SCTP_SENDV_SPA, 0) >= 0)
        return true;
    if (errno != EWOULDBLOCK && errno != EAGAIN && errno != ENOBUFS)
        assoc_down(s, "the SCTP association refused a message");
    return false;
}

bool assoc_reset(assoc *s, const uint16_t *streams, size_t len) {
    /* the list lies behind a struct that declares no room for it */
    union {
        struct sctp_reset_streams head;
        uint8_t room[sizeof(struct sctp_reset_streams) + ASSOC_RESETS * sizeof(uint16_t)];
    } request = {.head = {.srs_assoc_id = SCTP_ALL_ASSOC,
                          .srs_flags = SCTP_STREAM_RESET_OUTGOING,
                          .srs_number_streams = (uint16_t)len}};
    LK_ASSERT(len <= ASSOC_RESETS);
    __builtin_memcpy(request.head.srs_stream_list, streams, len * sizeof *streams);
    return !s->down && assoc_option(s, IPPROTO_SCTP, SCTP_RESET_STREAMS, &request,
                                    sizeof request.head + len * sizeof *streams);
}

bool assoc_idle(const assoc *s) {
    struct sctp_status status = {.sstat_assoc_id = SCTP_ALL_ASSOC};
    socklen_t len = sizeof status;
    if (usrsctp_getsockopt(s->socket, IPPROTO_SCTP, SCTP_STATUS, &status, &len) != 0) return true;
    return status.sstat_unackdata == 0 && status.sstat_penddata == 0;
}

void assoc_shutdown(assoc *s) {
    if (!s->down) usrsctp_shutdown(s->socket, SHUT_WR);
}

void assoc_abort(assoc *s) {
    if (s->socket != NULL) usrsctp_close(s->socket); /* SO_LINGER 0 makes it an ABORT */
    s->socket = NULL;
    s->down = true;
}
