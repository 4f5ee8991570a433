/* SPDX-License-Identifier: MIT
 * peer.c - lorikeet_rtc.h: the layers put together.
 *
 *     feed ─┬─ first byte 0..3 ──► ice
 *           └─ 20..63, from a proved pair ──► dtls ─► sctp ··· poll ─► dcep, messages
 *
 *     what comes from a TURN server is unwrapped first, and what goes there is wrapped last
 *
 *     ice has a valid pair, and the other description is in ─► dtls starts
 *     dtls is up: the certificate is the announced one      ─► sctp starts
 *
 * What arrives stays in SCTP's buffer until somebody polls: whoever does not, or pauses, makes the
 * other side wait. After every call peer_pump() moves on what has become possible; nothing waits
 * for a timer that need not. */
#include "base/limits.h"
#include "base/utf8.h"
#include "rtc/addr.h"
#include "rtc/channel.h"
#include "rtc/dcep.h"
#include "rtc/dtls.h"
#include "rtc/generations.h"
#include "rtc/relays.h"
#include "rtc/sdp.h"

#define PEER_MESSAGE_MAX (256u << 10)
#define PEER_BUFFER_MAX (16u << 20)

struct lk_rtc {
    lk_memory heap;
    lk_rtc_state state;
    bool offering; /* the description under way is, or was, an offer of ours */
    bool owing;    /* that, or an answer, has not been asked for yet */
    bool waiting;  /* our offer is out, and for the answer to it */
    bool impolite;
    bool started; /* the remote description is in */
    bool client;  /* of DTLS, once started */
    bool loopback;
    char mid[LIMIT_MID_BYTES];
    size_t mid_len;
    uint64_t session;
    uint32_t message_max, remote_max;
    uint16_t remote_port;
    lk_addr hosts[LIMIT_ICE_LOCALS], stun[LIMIT_ICE_SERVERS]; /* for the next restart */
    size_t host_len, stun_len;
    generations ice;
    relays relays;
    dtls *dtls;
    channels channels;
    bool paused;
    queue out;
    queue held; /* DTLS datagrams that came too early */
    size_t held_len;
    lk_rtc_out view;
    lk_rtc_channel_options opened; /* what it shows, if that is a channel of theirs */
};

lk_status lk_rtc_global_init(void) {
    lk_status status = assoc_global_init();
    if (status != LK_OK || dtls_global_init()) return status;
    assoc_global_drop();
    return LK_ENOMEM;
}

void lk_rtc_global_drop(void) {
    assoc_global_drop();
    dtls_global_drop();
}

void lk_rtc_global_tick(uint64_t now_ms) { assoc_global_tick(now_ms); }

/* ---- making one ---- */

/* What the next generation of ICE starts from. */
static void peer_take_network(lk_rtc *r, const lk_rtc_options *o, generations *agents,
                              uint64_t now_ms) {
    r->host_len = o->local_len < LIMIT_ICE_LOCALS ? o->local_len : LIMIT_ICE_LOCALS;
    r->stun_len = o->stun_len < LIMIT_ICE_SERVERS ? o->stun_len : LIMIT_ICE_SERVERS;
    for (size_t i = 0; i < r->host_len; i++) r->hosts[i] = o->locals[i];
    for (size_t i = 0; i < r->stun_len; i++) r->stun[i] = o->stun[i];
    relays_renew(&r->relays, o, agents, now_ms);
}

static ice_options peer_ice_options(const lk_rtc *r) {
    return (ice_options){.loopback = r->loopback,
                         .hosts = r->hosts,
                         .host_len = r->host_len,
                         .servers = r->stun,
                         .server_len = r->stun_len,
                         .relaying = relays_count(&r->relays)};
}

static bool peer_init(lk_rtc *r, const lk_rtc_options *o, uint64_t now_ms) {
    queue_init(&r->out, &r->heap);
    queue_init(&r->held, &r->heap);
    size_t buffer_max = o->buffer_max == 0 ? PEER_BUFFER_MAX : o->buffer_max;
    bool ok = channel_init(&r->channels, o->streams == 0 ? ASSOC_STREAMS : o->streams, buffer_max,
                           &r->heap, &r->out);
    relays_init(&r->relays, o->seed == 0 ? 0 : ~o->seed | 1, &r->heap, &r->out);
    peer_take_network(r, o, NULL, now_ms);
    ice_options options = peer_ice_options(r);
    options.controlling = o->offerer;
    options.seed = o->seed;
    options.patience_ms = o->patience_ms;
    ok &= generations_init(&r->ice, &options, &r->heap, &r->out, now_ms);
    r->session = entropy_u64(&r->ice.now.random) >> 2;
    r->dtls = dtls_new(&r->heap, o->identity, &r->out);
    return ok && r->dtls != NULL;
}

lk_rtc *lk_rtc_new(const lk_rtc_options *o, uint64_t now_ms, const lk_memory *memory) {
    if (memory == NULL) memory = &mem_default;
    LK_ASSERT(o->message_max <= LIMIT_MESSAGE_BYTES && o->streams <= ASSOC_STREAMS_MAX);
    lk_rtc *r = mem_zalloc(memory, sizeof *r);
    if (r == NULL) return NULL;
    r->heap = *memory;
    r->offering = r->owing = o->offerer;
    r->impolite = o->impolite;
    r->loopback = o->allow_loopback;
    r->mid[r->mid_len++] = '0';
    r->message_max = r->remote_max = o->message_max == 0 ? PEER_MESSAGE_MAX : o->message_max;
    if (peer_init(r, o, now_ms)) return r;
    lk_rtc_free(r);
    return NULL;
}

void lk_rtc_free(lk_rtc *r) {
    if (r == NULL) return;
    channel_drop(&r->channels);
    dtls_free(r->dtls);
    generations_drop(&r->ice);
    relays_drop(&r->relays);
    queue_drop(&r->out);
    queue_drop(&r->held);
    lk_memory heap = r->heap;
    mem_free(&heap, r, sizeof *r);
}

/* ---- descriptions ---- */

static sdp_setup peer_setup(const lk_rtc *r) {
    if (r->offering) return SDP_ACTPASS;
    return r->client ? SDP_ACTIVE : SDP_PASSIVE;
}

lk_status lk_rtc_local_description(lk_rtc *r, lk_buf *out) {
    if (r->state == LK_RTC_OVER || (!r->offering && !r->started)) return LK_ESTATE;
    ice *agent = generations_newest(&r->ice);
    sdp_session s = {.ufrag = ice_ufrag(agent),
                     .pwd = ice_pwd(agent),
                     .mid = {r->mid, r->mid_len},
                     .id = r->session,
                     .version = r->ice.restarts,
                     .fingerprint_len = 1,
                     .setup = peer_setup(r),
                     .sctp_port = ASSOC_PORT,
                     .message_max = r->message_max,
                     .complete = agent->gathered};
    __builtin_memcpy(s.fingerprints[0], dtls_fingerprint(r->dtls), SDP_FINGERPRINT);
    for (size_t i = 0; i < agent->locals.len && i < SDP_CANDIDATES; i++)
        s.candidates[s.candidate_len++] = agent->locals.at[i];
    lk_status status = sdp_write(&s, out);
    if (status != LK_OK) return status;
    agent->described = true;
    r->waiting |= r->owing && r->offering;
    r->owing = false;
    return LK_OK;
}

lk_rtc_sdp lk_rtc_owes(const lk_rtc *r) {
    if (!r->owing || r->state == LK_RTC_OVER) return LK_RTC_NO_SDP;
    return r->offering ? LK_RTC_OFFER : LK_RTC_ANSWER;
}

static lk_status peer_refuse(lk_fault *fault, const char *what) {
    if (fault != NULL) *fault = (lk_fault){LK_ECORRUPT, 0, what};
    return LK_ECORRUPT;
}

static bool peer_begin_generation(lk_rtc *r, uint64_t now_ms) {
    ice_options options = peer_ice_options(r);
    if (!generations_restart(&r->ice, &options, now_ms)) return false;
    relays_join(&r->relays, generations_newest(&r->ice));
    return true;
}

/* The other side's part of the generation that was begun last. */
static lk_status peer_take_ice(lk_rtc *r, const sdp_session *s, uint64_t now_ms) {
    ice *agent = generations_newest(&r->ice);
    for (size_t i = 0; i < s->candidate_len; i++)
        if (ice_add_remote(agent, &s->candidates[i], now_ms) != LK_OK) return LK_ENOMEM;
    ice_set_remote(agent, s->ufrag, s->pwd, s->lite, now_ms);
    return LK_OK;
}

/* The first description. RFC 8842 section 5.2: the offer leaves the DTLS roles open, the answer
 * chooses. */
static lk_status peer_begin(lk_rtc *r, const sdp_session *s, bool offered, uint64_t now_ms) {
    if (peer_take_ice(r, s, now_ms) != LK_OK) return LK_ENOMEM;
    if (offered) ice_set_role(&r->ice.now, false); /* RFC 8445 section 6.1.1 */
    r->started = true;
    r->state = LK_RTC_CONNECTING;
    r->client = offered ? s->setup != SDP_ACTIVE : s->setup == SDP_PASSIVE;
    r->remote_port = s->sctp_port;
    if (s->message_max > 0 && s->message_max < r->message_max)
        r->remote_max = (uint32_t)s->message_max;
    if (offered) __builtin_memcpy(r->mid, s->mid.at, r->mid_len = s->mid.len);
    return LK_OK;
}

/* A later one: their answer to a restart of ours, or the offer of one. The association stays as it
 * is, its roles too: Firefox answers "active" whatever it was. */
static lk_status peer_go_on(lk_rtc *r, const sdp_session *s, bool offered, uint64_t now_ms) {
    if (!offered && !r->waiting) return LK_ESTATE;
    if (offered && !peer_begin_generation(r, now_ms)) return LK_ENOMEM;
    return peer_take_ice(r, s, now_ms);
}

static lk_status peer_judge(const lk_rtc *r, sdp_session *s, lk_fault *fault) {
    lk_str ours = ice_ufrag(&r->ice.now);
    if (s->ufrag.len == ours.len && __builtin_memcmp(s->ufrag.at, ours.at, ours.len) == 0)
        return peer_refuse(fault, "it is our own description");
    if (r->started && generations_knows(&r->ice, s->ufrag)) return LK_ESTATE;
    if (r->started && !dtls_expects(r->dtls, s->fingerprints, s->fingerprint_len))
        return peer_refuse(fault, "another certificate than before");
    return LK_OK;
}

static void peer_pump(lk_rtc *r, uint64_t now_ms);

lk_status lk_rtc_remote_description(lk_rtc *r, lk_str text, uint64_t now_ms, lk_fault *fault) {
    if (r->state == LK_RTC_OVER) return LK_ESTATE;
    sdp_session s;
    lk_status status = sdp_read(text, &s, fault);
    if (status != LK_OK) return status;
    status = peer_judge(r, &s, fault);
    if (status != LK_OK) return status;
    bool offered = s.setup == SDP_ACTPASS || (!r->started && !r->waiting);
    /* perfect negotiation (W3C WebRTC section 10.7): one of two offers that cross gives way */
    if (offered && r->waiting && r->impolite) return LK_OK;
    status = r->started ? peer_go_on(r, &s, offered, now_ms) : peer_begin(r, &s, offered, now_ms);
    if (status != LK_OK) return status;
    r->waiting = false;
    r->owing = offered;
    if (offered) r->offering = false;
    dtls_expect(r->dtls, s.fingerprints, s.fingerprint_len);
    generations_tick(&r->ice, now_ms);
    peer_pump(r, now_ms);
    return LK_OK;
}

lk_status lk_rtc_remote_candidate(lk_rtc *r, lk_str line, uint64_t now_ms) {
    candidate c;
    lk_str ufrag;
    if (line.len == 0 || str_is(line, "a=end-of-candidates")) return LK_OK;
    lk_status status = candidate_read(line, &c, &ufrag, NULL);
    if (status != LK_OK) return status == LK_EVALUE ? LK_OK : status;
    ice *agent = generations_of(&r->ice, ufrag);
    if (agent == NULL || r->state == LK_RTC_OVER) return LK_OK;
    status = ice_add_remote(agent, &c, now_ms);
    generations_tick(&r->ice, now_ms);
    return status;
}

lk_status lk_rtc_resolved(lk_rtc *r, lk_str name, const lk_addr *addr, uint64_t now_ms) {
    uint8_t uuid[HIDDEN_UUID];
    if (!hidden_name_read(name, uuid)) return LK_EVALUE;
    if (r->state == LK_RTC_OVER) return LK_OK;
    lk_status status = generations_resolved(&r->ice, uuid, addr, now_ms);
    generations_tick(&r->ice, now_ms);
    peer_pump(r, now_ms);
    return status;
}

/* ---- restarts ---- */

void lk_rtc_network(lk_rtc *r, const lk_rtc_options *options, uint64_t now_ms) {
    if (r->state != LK_RTC_OVER) peer_take_network(r, options, &r->ice, now_ms);
}

lk_status lk_rtc_restart(lk_rtc *r, uint64_t now_ms) {
    if (!r->started || r->state == LK_RTC_OVER || lk_rtc_owes(r) == LK_RTC_ANSWER) return LK_ESTATE;
    if (!peer_begin_generation(r, now_ms)) return LK_ENOMEM;
    r->offering = r->owing = true;
    r->waiting = false;
    return LK_OK;
}

/* ---- moving on ---- */

/* Encrypt what SCTP wants to send. */
static void peer_encrypt(lk_rtc *r) {
    queue *packets = assoc_packets(r->channels.assoc);
    const queue_item *item;
    while ((item = queue_first(packets)) != NULL) {
        dtls_send(r->dtls, queue_bytes(packets, item));
        queue_pop(packets);
    }
}

static void peer_end(lk_rtc *r, const char *why) {
    if (r->state == LK_RTC_OVER) return;
    r->state = LK_RTC_OVER;
    if (r->channels.assoc != NULL) {
        assoc_abort(r->channels.assoc);
        peer_encrypt(r);
    }
    dtls_stop(r->dtls);
    channel_drop(&r->channels);
    relays_close(&r->relays);
    /* without memory for the last word, lk_rtc_stats_read() still tells the state */
    queue_push(&r->out, (queue_item){.kind = LK_RTC_CLOSED, .what = why}, (lk_bytes){0});
}

static void peer_decrypt(lk_rtc *r, lk_bytes datagram, uint64_t now_ms) {
    uint8_t record[DTLS_RECORD_MAX];
    size_t len;
    dtls_feed(r->dtls, datagram, now_ms);
    /* our INIT is out before their first packet is read, or we would answer it with an ABORT */
    if (dtls_state_read(r->dtls) == DTLS_UP && r->channels.assoc == NULL &&
        !channel_start(&r->channels, r->client, r->message_max, r->remote_port))
        peer_end(r, "SCTP could not start");
    while (r->channels.assoc != NULL && (len = dtls_read(r->dtls, record, now_ms)) > 0)
        assoc_feed(r->channels.assoc, record, len);
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

/* Has something arrived that was not taken yet? */
static bool peer_unread(const lk_rtc *r) {
    return r->channels.assoc != NULL && assoc_readable(r->channels.assoc);
}

/* Why nothing more can come, or NULL. */
static const char *peer_cut_off(const lk_rtc *r) {
    bool down = dtls_state_read(r->dtls) == DTLS_DOWN;
    return down ? dtls_why(r->dtls) : generations_failure(&r->ice);
}

static void peer_pump(lk_rtc *r, uint64_t now_ms) {
    if (r->state == LK_RTC_OVER) return;
    const ice *agent;
    const ice_pair *path = generations_path(&r->ice, &agent);
    if (path != NULL)
        dtls_route(r->dtls, ice_pair_local(agent, path), ice_pair_remote(agent, path));
    if (path != NULL && r->started && dtls_state_read(r->dtls) == DTLS_IDLE)
        peer_start_dtls(r, now_ms);
    if (r->channels.assoc != NULL) {
        channel_pump(&r->channels, now_ms);
        peer_encrypt(r);
    }
    if (r->channels.state == CHANNELS_UP) r->state = LK_RTC_CONNECTED;
    if (r->channels.state == CHANNELS_OVER)
        peer_end(r, r->channels.why);
    else if (peer_cut_off(r) != NULL && !peer_unread(r))
        peer_end(r, peer_cut_off(r));
}

/* A datagram of DTLS. Only from addresses that have proved themselves, so that nobody else can feed
 * the handshake. */
static void peer_take_dtls(lk_rtc *r, const lk_addr *to, const lk_addr *from, lk_bytes datagram,
                           uint64_t now_ms) {
    if (!generations_proved(&r->ice, to, from)) return;
    if (dtls_state_read(r->dtls) != DTLS_IDLE)
        peer_decrypt(r, datagram, now_ms);
    else if (r->held_len < LIMIT_DTLS_HELD && queue_push(&r->held, (queue_item){0}, datagram))
        r->held_len++;
}

void lk_rtc_feed(lk_rtc *r, const lk_addr *to, const lk_addr *from, lk_bytes datagram,
                 uint64_t now_ms) {
    turn_data inner;
    lk_addr relayed;
    if (r->state == LK_RTC_OVER || datagram.len == 0) return;
    if (relays_unwrap(&r->relays, &r->ice, to, from, datagram, &inner, &relayed, now_ms)) {
        if (inner.bytes.len > 0 && !addr_equal(to, &relayed))
            lk_rtc_feed(r, &relayed, &inner.peer, inner.bytes, now_ms);
    } else if (stun_is(datagram))
        generations_feed(&r->ice, to, from, datagram, now_ms);
    else if (datagram.at[0] >= 20 && datagram.at[0] <= 63) /* RFC 7983 */
        peer_take_dtls(r, to, from, datagram, now_ms);
    peer_pump(r, now_ms);
}

/* ---- channels ---- */

static bool peer_name_fits(lk_str name) {
    return name.len <= UINT16_MAX && utf8_valid((const uint8_t *)name.at, name.len);
}

lk_status lk_rtc_open(lk_rtc *r, const lk_rtc_channel_options *options, lk_rtc_channel *out,
                      uint64_t now_ms) {
    if (r->state == LK_RTC_OVER) return LK_ESTATE;
    if (!peer_name_fits(options->label) || !peer_name_fits(options->protocol)) return LK_EVALUE;
    lk_status status = channel_open(&r->channels, options, out);
    peer_pump(r, now_ms);
    return status;
}

lk_status lk_rtc_send(lk_rtc *r, lk_rtc_channel number, bool text, lk_bytes message,
                      uint64_t now_ms) {
    channel *c = channel_find(&r->channels, number);
    if (c == NULL || c->state != CHANNEL_OPEN) return LK_ESTATE;
    if (message.len > r->remote_max) return LK_ELIMIT;
    if (text && !utf8_valid(message.at, message.len)) return LK_EVALUE;
    lk_status status = channel_send(&r->channels, c, text, message, now_ms);
    peer_pump(r, now_ms);
    return status;
}

size_t lk_rtc_buffered(const lk_rtc *r, lk_rtc_channel number) {
    const channel *c = channel_find(&r->channels, number);
    return c == NULL ? 0 : channel_waiting(c);
}

bool lk_rtc_idle(const lk_rtc *r) {
    return r->channels.assoc == NULL || assoc_idle(r->channels.assoc);
}

lk_status lk_rtc_set_low(lk_rtc *r, lk_rtc_channel number, size_t bytes) {
    channel *c = channel_find(&r->channels, number);
    if (c == NULL) return LK_ESTATE;
    c->low = bytes;
    c->high = channel_waiting(c) > bytes;
    return LK_OK;
}

void lk_rtc_shut(lk_rtc *r, lk_rtc_channel number, uint64_t now_ms) {
    channel *c = channel_find(&r->channels, number);
    if (c == NULL) return;
    channel_shut(&r->channels, c, "closed");
    peer_pump(r, now_ms);
}

uint32_t lk_rtc_message_max(const lk_rtc *r) { return r->remote_max; }
void lk_rtc_pause(lk_rtc *r, bool on) { r->paused = on; }

void lk_rtc_close(lk_rtc *r, uint64_t now_ms) {
    channel_close(&r->channels, now_ms);
    peer_pump(r, now_ms);
}

void lk_rtc_stream_feed(lk_rtc *r, const lk_addr *server, lk_bytes bytes, uint64_t now_ms) {
    static const lk_addr none;
    lk_bytes message;
    bool good = relays_take(&r->relays, server, bytes);
    while (good && (good = relays_next(&r->relays, server, &message)) && message.len > 0)
        lk_rtc_feed(r, &none, server, message, now_ms);
    if (!good) lk_rtc_stream_ended(r, server, now_ms);
}

void lk_rtc_stream_ended(lk_rtc *r, const lk_addr *server, uint64_t now_ms) {
    if (r->state == LK_RTC_OVER) return;
    relays_end(&r->relays, &r->ice, server);
    peer_pump(r, now_ms);
}

/* ---- time, and what comes out ---- */

void lk_rtc_tick(lk_rtc *r, uint64_t now_ms) {
    if (r->state == LK_RTC_OVER) return;
    relays_tick(&r->relays, &r->ice, now_ms);
    generations_tick(&r->ice, now_ms);
    dtls_tick(r->dtls, now_ms);
    peer_pump(r, now_ms);
}

uint64_t lk_rtc_wake_at(const lk_rtc *r) {
    if (r->state == LK_RTC_OVER) return UINT64_MAX;
    uint64_t wake_ms = generations_wake_at(&r->ice);
    if (dtls_wake_at(r->dtls) < wake_ms) wake_ms = dtls_wake_at(r->dtls);
    if (channel_wake_at(&r->channels) < wake_ms) wake_ms = channel_wake_at(&r->channels);
    if (relays_wake_at(&r->relays) < wake_ms) wake_ms = relays_wake_at(&r->relays);
    return wake_ms;
}

/* Has lk_rtc_global_tick(), or reading, left something to send? */
static bool peer_due(const lk_rtc *r) {
    return r->channels.assoc != NULL && queue_first(assoc_packets(r->channels.assoc)) != NULL;
}

/* Sockets can go, and with them what is still to leave from there. */
static bool peer_leaves(lk_rtc *r, uint64_t now_ms) {
    if (r->view.kind != LK_RTC_DATAGRAM) return true;
    if (!relays_wrap(&r->relays, &r->view, now_ms)) return false;
    if (r->view.kind == LK_RTC_STREAM) return true;
    for (size_t i = 0; i < r->host_len; i++)
        if (addr_equal(&r->hosts[i], &r->view.local)) return true;
    return false;
}

static void peer_show(lk_rtc *r, const queue_item *item) {
    dcep_message m;
    r->view = (lk_rtc_out){.kind = (lk_rtc_out_kind)item->kind,
                           .local = item->local,
                           .remote = item->remote,
                           .bytes = queue_bytes(&r->out, item),
                           .channel = item->channel,
                           .what = item->what};
    if (item->kind != LK_RTC_OPEN || dcep_read(r->view.bytes, &m, NULL) != LK_OK) return;
    r->opened = (lk_rtc_channel_options){.label = m.label,
                                         .protocol = m.protocol,
                                         .unordered = m.unordered,
                                         .reliability = m.reliability,
                                         .limit = m.limit};
    r->view.opened = &r->opened;
    r->view.bytes.len = 0;
}

const lk_rtc_out *lk_rtc_poll(lk_rtc *r, uint64_t now_ms) {
    const queue_item *item;
    for (;;) {
        if ((item = queue_first(&r->out)) != NULL) {
            peer_show(r, item);
            queue_pop(&r->out);
            if (peer_leaves(r, now_ms)) return &r->view;
        } else if (!r->paused && peer_unread(r)) {
            if (channel_receive(&r->channels, &r->view)) return &r->view;
            peer_pump(r, now_ms);
        } else if (peer_due(r))
            peer_pump(r, now_ms);
        else
            return NULL;
    }
}

lk_rtc_stats lk_rtc_stats_read(const lk_rtc *r) {
    const ice *agent;
    const ice_pair *path = generations_path(&r->ice, &agent);
    lk_rtc_stats stats = {.state = r->state, .rtt_ms = agent->rtt_ms, .restarts = r->ice.restarts};
    if (path != NULL) {
        stats.local = *ice_pair_local(agent, path);
        stats.remote = *ice_pair_remote(agent, path);
        stats.answered_ms = path->answered_ms;
    }
    return stats;
}
