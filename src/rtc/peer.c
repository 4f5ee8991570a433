/* SPDX-License-Identifier: MIT
 * peer.c - lorikeet_rtc.h: the layers put together.
 *
 *     feed ─┬─ first byte 0..3 ──► ice
 *           └─ 20..63, from a proved pair ──► dtls ─► channel (sctp, dcep) ─► out
 *
 *     what comes from a TURN server is unwrapped first, and what goes there is wrapped last
 *
 *     ice has a valid pair, and the other description is in ─► dtls starts
 *     dtls is up: the certificate is the announced one      ─► sctp starts
 *
 * After every call peer_pump() moves on what has become possible; nothing waits for a timer that
 * need not. */
#include "base/limits.h"
#include "rtc/addr.h"
#include "rtc/channel.h"
#include "rtc/dtls.h"
#include "rtc/ice.h"
#include "rtc/sdp.h"
#include "rtc/turn.h"

#define PEER_MESSAGE_MAX (256u << 10)

struct lk_rtc {
    lk_memory heap;
    lk_rtc_state state;
    bool offerer;
    bool started; /* the remote description is in */
    bool client;  /* of DTLS */
    sdp_setup setup;
    char mid[LIMIT_MID_BYTES];
    size_t mid_len;
    uint64_t session;
    uint32_t message_max, remote_max;
    uint16_t remote_port;
    ice ice;
    turn relays[LIMIT_TURN_RELAYS];
    size_t relay_len;
    stun_writer wrapped; /* what `view` shows, if it goes to a relay */
    dtls *dtls;
    channel channel;
    queue out;
    queue held; /* DTLS datagrams that came too early */
    size_t held_len;
    lk_rtc_out view;
};

lk_status lk_rtc_global_init(void) { return assoc_global_init(); }
void lk_rtc_global_drop(void) { assoc_global_drop(); }
void lk_rtc_global_tick(uint64_t now_ms) { assoc_global_tick(now_ms); }

/* ---- making one ---- */

/* The `nth` pair of an address of ours and a TURN server that it can reach; false: there are fewer.
 */
static bool peer_relay(const lk_rtc_options *o, size_t nth, const lk_addr **base,
                       const lk_rtc_turn **server) {
    for (size_t i = 0; i < o->turn_len; i++)
        for (size_t k = 0; k < o->local_len; k++) {
            *server = &o->turn[i], *base = &o->locals[k];
            if (addr_meets(*base, &(*server)->server) && nth-- == 0) return true;
        }
    return false;
}

/* Tell ICE of a relay that has answered, or never will. */
static void peer_settle_relay(lk_rtc *r, turn *t, turn_state before) {
    if (before != TURN_ASKING || t->state == TURN_ASKING) return;
    bool ready = t->state == TURN_READY;
    if (!ice_relay(&r->ice, ready ? &t->relayed : NULL, &t->mapped) && ready) turn_close(t);
}

static void peer_ask_relays(lk_rtc *r, const lk_rtc_options *o, uint64_t now_ms) {
    const lk_addr *base;
    const lk_rtc_turn *server;
    for (size_t count = r->ice.relaying; r->relay_len < count; r->relay_len++) {
        turn *t = &r->relays[r->relay_len];
        LK_ASSERT(peer_relay(o, r->relay_len, &base, &server));
        turn_init(t, base, server, &r->heap, &r->out, &r->ice.random, now_ms);
        peer_settle_relay(r, t, TURN_ASKING);
    }
}

static bool peer_init(lk_rtc *r, const lk_rtc_options *o, uint64_t now_ms) {
    const lk_addr *base;
    const lk_rtc_turn *server;
    size_t relaying = 0;
    while (relaying < LIMIT_TURN_RELAYS && peer_relay(o, relaying, &base, &server)) relaying++;
    ice_options options = {.controlling = o->offerer,
                           .loopback = o->allow_loopback,
                           .hosts = o->locals,
                           .host_len = o->local_len,
                           .servers = o->stun,
                           .server_len = o->stun_len,
                           .relaying = relaying,
                           .seed = o->seed};
    queue_init(&r->out, &r->heap);
    queue_init(&r->held, &r->heap);
    channel_init(&r->channel, o->offerer, &r->heap, &r->out);
    bool ok = ice_init(&r->ice, &options, &r->heap, &r->out, now_ms);
    peer_ask_relays(r, o, now_ms);
    r->session = entropy_u64(&r->ice.random) >> 2;
    r->dtls = dtls_new(&r->heap, o->identity, &r->out);
    return ok && r->dtls != NULL;
}

lk_rtc *lk_rtc_new(const lk_rtc_options *o, uint64_t now_ms, const lk_memory *memory) {
    if (memory == NULL) memory = &mem_default;
    LK_ASSERT(o->message_max <= LIMIT_MESSAGE_BYTES);
    lk_rtc *r = mem_zalloc(memory, sizeof *r);
    if (r == NULL) return NULL;
    r->heap = *memory;
    r->offerer = o->offerer;
    r->setup = SDP_ACTPASS;
    r->mid[r->mid_len++] = '0';
    r->message_max = r->remote_max = o->message_max == 0 ? PEER_MESSAGE_MAX : o->message_max;
    if (peer_init(r, o, now_ms)) return r;
    lk_rtc_free(r);
    return NULL;
}

void lk_rtc_free(lk_rtc *r) {
    if (r == NULL) return;
    channel_drop(&r->channel);
    dtls_free(r->dtls);
    ice_drop(&r->ice);
    for (size_t i = 0; i < r->relay_len; i++) turn_drop(&r->relays[i]);
    queue_drop(&r->out);
    queue_drop(&r->held);
    lk_memory heap = r->heap;
    mem_free(&heap, r, sizeof *r);
}

/* ---- descriptions ---- */

lk_status lk_rtc_local_description(lk_rtc *r, lk_buf *out) {
    if (r->state == LK_RTC_OVER || (!r->offerer && !r->started)) return LK_ESTATE;
    sdp_session s = {.ufrag = ice_ufrag(&r->ice),
                     .pwd = ice_pwd(&r->ice),
                     .mid = {r->mid, r->mid_len},
                     .id = r->session,
                     .fingerprint_len = 1,
                     .setup = r->setup,
                     .sctp_port = ASSOC_PORT,
                     .message_max = r->message_max,
                     .complete = r->ice.gathered};
    __builtin_memcpy(s.fingerprints[0], dtls_fingerprint(r->dtls), SDP_FINGERPRINT);
    for (size_t i = 0; i < r->ice.locals.len && i < SDP_CANDIDATES; i++)
        s.candidates[s.candidate_len++] = r->ice.locals.at[i];
    lk_status status = sdp_write(&s, out);
    if (status == LK_OK) r->ice.described = true;
    return status;
}

static lk_status peer_refuse(lk_fault *fault, const char *what) {
    if (fault != NULL) *fault = (lk_fault){LK_ECORRUPT, 0, what};
    return LK_ECORRUPT;
}

/* RFC 8842 section 5.2: the offer leaves the choice open, the answer makes it. */
static bool peer_take_setup(lk_rtc *r, sdp_setup theirs) {
    if (r->offerer && theirs == SDP_ACTPASS) return false;
    if (!r->offerer) r->setup = theirs == SDP_ACTIVE ? SDP_PASSIVE : SDP_ACTIVE;
    r->client = r->offerer ? theirs == SDP_PASSIVE : r->setup == SDP_ACTIVE;
    return true;
}

static void peer_pump(lk_rtc *r, uint64_t now_ms);

lk_status lk_rtc_remote_description(lk_rtc *r, lk_str text, uint64_t now_ms, lk_fault *fault) {
    if (r->started || r->state == LK_RTC_OVER) return LK_ESTATE;
    sdp_session s;
    lk_status status = sdp_read(text, &s, fault);
    if (status != LK_OK) return status;
    if (!peer_take_setup(r, s.setup))
        return peer_refuse(fault, "an answer must be active or passive");
    for (size_t i = 0; i < s.candidate_len; i++)
        if (ice_add_remote(&r->ice, &s.candidates[i], now_ms) != LK_OK) return LK_ENOMEM;
    r->started = true;
    r->state = LK_RTC_CONNECTING;
    r->remote_port = s.sctp_port;
    if (s.message_max > 0 && s.message_max < r->message_max)
        r->remote_max = (uint32_t)s.message_max;
    if (!r->offerer) __builtin_memcpy(r->mid, s.mid.at, r->mid_len = s.mid.len);
    dtls_expect(r->dtls, s.fingerprints, s.fingerprint_len);
    ice_set_remote(&r->ice, s.ufrag, s.pwd, s.lite, now_ms);
    ice_tick(&r->ice, now_ms);
    peer_pump(r, now_ms);
    return LK_OK;
}

lk_status lk_rtc_remote_candidate(lk_rtc *r, lk_str line, uint64_t now_ms) {
    candidate c;
    lk_str ufrag, known = ice_remote_ufrag(&r->ice);
    if (line.len == 0 || word_is(line, "a=end-of-candidates")) return LK_OK;
    lk_status status = candidate_read(line, &c, &ufrag, NULL);
    if (status != LK_OK) return status == LK_EVALUE ? LK_OK : status;
    /* a candidate of another generation (RFC 8838 section 11) */
    bool stale = ufrag.len > 0 && known.len > 0 &&
                 (ufrag.len != known.len || __builtin_memcmp(ufrag.at, known.at, known.len) != 0);
    if (stale || r->state == LK_RTC_OVER) return LK_OK;
    status = ice_add_remote(&r->ice, &c, now_ms);
    ice_tick(&r->ice, now_ms);
    return status;
}

/* ---- moving on ---- */

/* Encrypt what SCTP wants to send. */
static void peer_encrypt(lk_rtc *r) {
    queue *packets = assoc_packets(r->channel.assoc);
    const queue_item *item;
    while ((item = queue_first(packets)) != NULL) {
        dtls_send(r->dtls, queue_bytes(packets, item));
        queue_pop(packets);
    }
}

static void peer_end(lk_rtc *r, const char *why) {
    if (r->state == LK_RTC_OVER) return;
    r->state = LK_RTC_OVER;
    if (r->channel.assoc != NULL) {
        assoc_abort(r->channel.assoc);
        peer_encrypt(r);
    }
    dtls_stop(r->dtls);
    channel_drop(&r->channel);
    for (size_t i = 0; i < r->relay_len; i++) turn_close(&r->relays[i]);
    /* without memory for the last word, lk_rtc_stats_read() still tells the state */
    queue_push(&r->out, (queue_item){.kind = LK_RTC_CLOSED, .what = why}, (lk_bytes){0});
}

static void peer_decrypt(lk_rtc *r, lk_bytes datagram, uint64_t now_ms) {
    uint8_t record[DTLS_RECORD_MAX];
    size_t len;
    dtls_feed(r->dtls, datagram, now_ms);
    /* our INIT is out before their first packet is read, or we would answer it with an ABORT */
    if (dtls_state_read(r->dtls) == DTLS_UP && r->channel.assoc == NULL &&
        !channel_start(&r->channel, r->client, r->message_max, r->remote_port, &r->heap))
        peer_end(r, "SCTP could not start");
    while (r->channel.assoc != NULL && (len = dtls_read(r->dtls, record, now_ms)) > 0)
        assoc_feed(r->channel.assoc, (lk_bytes){record, len});
}

static void peer_start_dtls(lk_rtc *r, uint64_t now_ms) {
    const queue_item *item;
    dtls_start(r->dtls, r->client, now_ms);
    while ((item = queue_first(&r->held)) != NULL) {
        peer_decrypt(r, queue_bytes(&r->held, item), now_ms);
        queue_pop(&r->held);
    }
    queue_drop(&r->held);
}

static void peer_pump(lk_rtc *r, uint64_t now_ms) {
    if (r->state == LK_RTC_OVER) return;
    const ice_pair *path = ice_path(&r->ice);
    if (path != NULL)
        dtls_route(r->dtls, ice_pair_local(&r->ice, path), ice_pair_remote(&r->ice, path));
    if (path != NULL && r->started && dtls_state_read(r->dtls) == DTLS_IDLE)
        peer_start_dtls(r, now_ms);
    if (r->channel.assoc != NULL) {
        channel_pump(&r->channel, now_ms);
        peer_encrypt(r);
    }
    if (r->channel.state == CHANNEL_OPEN) r->state = LK_RTC_CONNECTED;
    if (r->channel.state == CHANNEL_OVER)
        peer_end(r, r->channel.why);
    else if (dtls_state_read(r->dtls) == DTLS_DOWN)
        peer_end(r, dtls_why(r->dtls));
    else if (r->ice.failure != NULL)
        peer_end(r, r->ice.failure);
}

/* A datagram of DTLS. Only from addresses that have proved themselves, so that nobody else can feed
 * the handshake. */
static void peer_take_dtls(lk_rtc *r, const lk_addr *to, const lk_addr *from, lk_bytes datagram,
                           uint64_t now_ms) {
    if (!ice_proved(&r->ice, to, from)) return;
    if (dtls_state_read(r->dtls) != DTLS_IDLE)
        peer_decrypt(r, datagram, now_ms);
    else if (r->held_len < LIMIT_DTLS_HELD && queue_push(&r->held, (queue_item){0}, datagram))
        r->held_len++;
}

/* Is it of a relay? Then *inner is what somebody sent there, if it is that. */
static const turn *peer_unwrap(lk_rtc *r, const lk_addr *to, const lk_addr *from, lk_bytes datagram,
                               turn_data *inner, uint64_t now_ms) {
    for (size_t i = 0; i < r->relay_len; i++) {
        turn *t = &r->relays[i];
        turn_state before = t->state;
        if (!turn_feed(t, to, from, datagram, inner, now_ms)) continue;
        peer_settle_relay(r, t, before);
        return t;
    }
    return NULL;
}

void lk_rtc_feed(lk_rtc *r, const lk_addr *to, const lk_addr *from, lk_bytes datagram,
                 uint64_t now_ms) {
    turn_data inner;
    if (r->state == LK_RTC_OVER || datagram.len == 0) return;
    const turn *relay = peer_unwrap(r, to, from, datagram, &inner, now_ms);
    if (relay != NULL) {
        if (inner.bytes.len > 0 && !addr_equal(to, &relay->relayed))
            lk_rtc_feed(r, &relay->relayed, &inner.peer, inner.bytes, now_ms);
    } else if (stun_is(datagram)) {
        ice_feed(&r->ice, to, from, datagram, now_ms);
        ice_tick(&r->ice, now_ms);
    } else if (datagram.at[0] >= 20 && datagram.at[0] <= 63) /* RFC 7983 */
        peer_take_dtls(r, to, from, datagram, now_ms);
    peer_pump(r, now_ms);
}

/* ---- the channel ---- */

lk_status lk_rtc_send(lk_rtc *r, lk_bytes message, uint64_t now_ms) {
    if (r->state == LK_RTC_OVER || r->channel.state != CHANNEL_OPEN) return LK_ESTATE;
    if (message.len > lk_rtc_message_max(r)) return LK_ELIMIT;
    lk_status status = channel_send(&r->channel, message);
    peer_pump(r, now_ms);
    return status;
}

size_t lk_rtc_buffered(const lk_rtc *r) { return queue_len(&r->channel.pending); }
uint32_t lk_rtc_message_max(const lk_rtc *r) { return r->remote_max; }

void lk_rtc_close(lk_rtc *r, uint64_t now_ms) {
    channel_close(&r->channel, "closed", now_ms);
    peer_pump(r, now_ms);
}

/* ---- time, and what comes out ---- */

void lk_rtc_tick(lk_rtc *r, uint64_t now_ms) {
    if (r->state == LK_RTC_OVER) return;
    for (size_t i = 0; i < r->relay_len; i++) {
        turn_state before = r->relays[i].state;
        turn_tick(&r->relays[i], now_ms);
        peer_settle_relay(r, &r->relays[i], before);
    }
    ice_tick(&r->ice, now_ms);
    dtls_tick(r->dtls, now_ms);
    peer_pump(r, now_ms);
}

uint64_t lk_rtc_wake_at(const lk_rtc *r) {
    if (r->state == LK_RTC_OVER) return UINT64_MAX;
    uint64_t wake_ms = ice_wake_at(&r->ice);
    if (dtls_wake_at(r->dtls) < wake_ms) wake_ms = dtls_wake_at(r->dtls);
    if (channel_wake_at(&r->channel) < wake_ms) wake_ms = channel_wake_at(&r->channel);
    for (size_t i = 0; i < r->relay_len; i++)
        if (turn_wake_at(&r->relays[i]) < wake_ms) wake_ms = turn_wake_at(&r->relays[i]);
    return wake_ms;
}

/* Has lk_rtc_global_tick() left something to do? */
static bool peer_due(const lk_rtc *r) {
    assoc *s = r->channel.assoc;
    return s != NULL &&
           (queue_first(assoc_packets(s)) != NULL || queue_first(assoc_events(s)) != NULL);
}

/* What leaves from a relayed address leaves for its server. false: it is lost. */
static bool peer_wrap(lk_rtc *r, uint64_t now_ms) {
    for (size_t i = 0; i < r->relay_len && r->view.kind == LK_RTC_DATAGRAM; i++) {
        turn *t = &r->relays[i];
        if (!addr_equal(&r->view.local, &t->relayed)) continue;
        lk_addr peer = r->view.remote;
        r->view.local = t->base, r->view.remote = t->server;
        r->view.bytes = turn_wrap(t, &peer, r->view.bytes, &r->wrapped, now_ms);
        return r->view.bytes.len > 0;
    }
    return true;
}

const lk_rtc_out *lk_rtc_poll(lk_rtc *r, uint64_t now_ms) {
    if (peer_due(r)) peer_pump(r, now_ms);
    const queue_item *item;
    while ((item = queue_first(&r->out)) != NULL) {
        r->view = (lk_rtc_out){.kind = (lk_rtc_out_kind)item->kind,
                               .local = item->local,
                               .remote = item->remote,
                               .bytes = queue_bytes(&r->out, item),
                               .what = item->what};
        queue_pop(&r->out);
        if (peer_wrap(r, now_ms)) return &r->view;
    }
    return NULL;
}

lk_rtc_stats lk_rtc_stats_read(const lk_rtc *r) {
    lk_rtc_stats stats = {.state = r->state, .rtt_ms = r->ice.rtt_ms};
    const ice_pair *path = ice_path(&r->ice);
    if (path != NULL) {
        stats.local = *ice_pair_local(&r->ice, path);
        stats.remote = *ice_pair_remote(&r->ice, path);
    }
    return stats;
}
