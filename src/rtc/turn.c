/* SPDX-License-Identifier: MIT
 * turn.c - a TURN allocation.
 *
 *     Allocate ─► 401: realm, nonce ─► Allocate, signed ─► the address ─► Refresh, in time
 *                                                           │
 *     for each host that is sent to: CreatePermission ◄─────┘ every 4 minutes while it is in use
 *
 * Datagrams go in indications: 36 bytes more than by a channel each, and nothing to set up.
 *
 * Over UDP requests are sent again. A connection does that itself: there each is sent once. */
#include "rtc/turn.h"

#include "rtc/addr.h"
#include "rtc/dtls.h"

/* RFC 8489 section 6.2.1: the RTO doubles with each try, but for the last one. */
#define TURN_RTO_MS 500
#define TURN_TRIES 7
#define TURN_LAST_MS (16 * TURN_RTO_MS)
/* Section 6.2.2: how long an answer over a connection may take, with the making of it. */
#define TURN_STREAM_MS 39500
/* A permission lasts 5 minutes (RFC 8656 section 9). */
#define TURN_PERMISSION_MS 240000
/* The lifetime that we ask for; this long before the end of what we get we ask again. */
#define TURN_LIFETIME_S 600
#define TURN_EARLY_MS 60000
/* Nonces go stale; more refusals in a row than this mean that the credentials are wrong. */
#define TURN_REFUSALS 3

static bool turn_copy(turn_text *to, lk_str from) {
    if (from.len > sizeof to->at) return false;
    if (from.len > 0) __builtin_memcpy(to->at, from.at, from.len);
    to->len = from.len;
    return true;
}
static lk_str turn_str(const turn_text *text) { return (lk_str){text->at, text->len}; }

/* ---- requests ---- */

static void turn_sign_and_send(turn *t, stun_writer *w) {
    lk_str key = {"", 0};
    if (t->keyed) {
        stun_credentials(w, turn_str(&t->username), turn_str(&t->realm), turn_str(&t->nonce));
        key = (lk_str){(const char *)t->key, sizeof t->key};
    }
    queue_item item = {
        .kind = t->stream ? LK_RTC_STREAM : LK_RTC_DATAGRAM, .local = t->base, .remote = t->server};
    queue_push(t->out, item, stun_seal(w, key)); /* without memory it is lost, like any datagram */
}

static void turn_ask(turn *t, const turn_request *r, uint32_t lifetime_s) {
    stun_writer w;
    stun_begin(&w, t->state == TURN_ASKING ? STUN_ALLOCATE : STUN_REFRESH, r->id);
    if (t->state == TURN_ASKING)
        stun_transport_udp(&w);
    else
        stun_lifetime(&w, lifetime_s);
    turn_sign_and_send(t, &w);
}

static void turn_permit(turn *t, const turn_permission *p) {
    stun_writer w;
    stun_begin(&w, STUN_PERMIT, p->request.id);
    stun_peer(&w, &p->peer);
    turn_sign_and_send(t, &w);
}

static void turn_begin(turn *t, turn_request *r, uint64_t now_ms) {
    entropy_bytes(t->random, r->id, STUN_ID);
    r->tries = t->stream ? TURN_TRIES : 1;
    r->retry_ms = now_ms + (t->stream ? TURN_STREAM_MS : TURN_RTO_MS);
}

/* Is it time to send it again? *over: it was sent often enough. */
static bool turn_again(turn_request *r, uint64_t now_ms, bool *over) {
    *over = now_ms >= r->retry_ms && r->tries == TURN_TRIES;
    if (now_ms < r->retry_ms || *over) return false;
    uint64_t rto_ms = (uint64_t)TURN_RTO_MS << r->tries++;
    r->retry_ms = now_ms + (r->tries == TURN_TRIES ? TURN_LAST_MS : rto_ms);
    return true;
}

static void turn_start(turn *t, uint64_t now_ms) {
    turn_begin(t, &t->request, now_ms);
    turn_ask(t, &t->request, TURN_LIFETIME_S);
}

static void turn_start_permit(turn *t, turn_permission *p, uint64_t now_ms) {
    turn_begin(t, &p->request, now_ms);
    turn_permit(t, p);
}

void turn_end(turn *t) {
    t->state = TURN_OVER;
    t->request.retry_ms = t->refresh_ms = UINT64_MAX;
    t->permissions.len = 0;
    if (!t->stream) return;
    t->pieces.len = t->shown = 0; /* what is shown of them may be in use */
    queue_push(t->out, (queue_item){.kind = LK_RTC_STREAM, .remote = t->server}, (lk_bytes){0});
}

void turn_init(turn *t, const lk_addr *base, const lk_rtc_turn *server, const lk_memory *heap,
               queue *out, entropy *random, uint64_t now_ms) {
    *t = (turn){.heap = heap,
                .out = out,
                .random = random,
                .stream = server->stream,
                .base = server->stream ? (lk_addr){0} : *base,
                .server = server->server,
                .refresh_ms = UINT64_MAX};
    if (turn_copy(&t->username, server->username) && turn_copy(&t->password, server->password))
        turn_start(t, now_ms);
    else
        turn_end(t);
}

void turn_drop(turn *t) {
    vec_drop(t->heap, &t->permissions);
    vec_drop(t->heap, &t->pieces);
}

void turn_close(turn *t) {
    if (t->state == TURN_OVER) return;
    if (t->state == TURN_READY) {
        turn_begin(t, &t->request, 0);
        turn_ask(t, &t->request, 0);
    }
    turn_end(t);
}

/* ---- answers ---- */

/* RFC 8489 section 9.2.2: MD5 of "username:realm:password". */
static bool turn_make_key(turn *t) {
    char text[3 * LIMIT_TURN_BYTES + 2];
    const turn_text *parts[] = {&t->username, &t->realm, &t->password};
    size_t len = 0;
    for (size_t i = 0; i < countof(parts); i++) {
        if (i > 0) text[len++] = ':';
        __builtin_memcpy(text + len, parts[i]->at, parts[i]->len);
        len += parts[i]->len;
    }
    return dtls_md5((lk_bytes){(const uint8_t *)text, len}, t->key);
}

/* The server wants to know who we are, or another nonce. Is there any use in asking again? */
static bool turn_take_challenge(turn *t, const stun_message *m) {
    bool unknown = m->error == 401 && !t->keyed, stale = m->error == 438 && t->keyed;
    if ((!unknown && !stale) || m->nonce.len == 0 || t->refusals++ == TURN_REFUSALS) return false;
    if (!turn_copy(&t->nonce, m->nonce)) return false;
    if (stale && m->realm.len == 0) return true;
    t->keyed = m->realm.len > 0 && turn_copy(&t->realm, m->realm) && turn_make_key(t);
    return t->keyed;
}

static void turn_take_lifetime(turn *t, const stun_message *m, uint64_t now_ms) {
    uint64_t lifetime_ms = (uint64_t)m->lifetime_s * 1000;
    t->request.retry_ms = UINT64_MAX;
    t->refresh_ms =
        now_ms + (lifetime_ms > 2 * TURN_EARLY_MS ? lifetime_ms - TURN_EARLY_MS : lifetime_ms / 2);
}

static void turn_answered(turn *t, const stun_message *m, uint64_t now_ms) {
    uint16_t asked = t->state == TURN_ASKING ? STUN_ALLOCATE : STUN_REFRESH;
    if (m->type == (asked | STUN_FAILS) && turn_take_challenge(t, m)) {
        turn_start(t, now_ms);
        return;
    }
    bool good = m->type == (asked | STUN_SUCCEEDS) && m->lifetime_s > 0 &&
                (t->state == TURN_READY || m->relayed.family != 0);
    if (!good) {
        turn_end(t);
        return;
    }
    t->refusals = 0;
    turn_take_lifetime(t, m, now_ms);
    if (t->state == TURN_READY) return;
    t->state = TURN_READY;
    t->relayed = m->relayed;
    t->mapped = m->mapped;
}

static void turn_permitted(turn *t, turn_permission *p, const stun_message *m, uint64_t now_ms) {
    if (m->type == (STUN_PERMIT | STUN_FAILS) && turn_take_challenge(t, m)) {
        turn_start_permit(t, p, now_ms);
        return;
    }
    p->request.retry_ms = UINT64_MAX;
    p->granted = m->type == (STUN_PERMIT | STUN_SUCCEEDS);
    p->used = false;
    p->refresh_ms = now_ms + TURN_PERMISSION_MS; /* what is refused is asked for then, too */
    if (p->granted) t->refusals = 0;
}

/* An answer counts if it is to what is asked now, and signed unless it is a refusal. */
static bool turn_is_answer(const turn *t, const turn_request *r, lk_bytes datagram,
                           const stun_message *m) {
    if (r->retry_ms == UINT64_MAX || __builtin_memcmp(r->id, m->id, STUN_ID) != 0) return false;
    bool refuses = (m->type & STUN_FAILS) == STUN_FAILS;
    return refuses ||
           (t->keyed && stun_verify(datagram, m, (lk_str){(const char *)t->key, sizeof t->key}));
}

static turn_permission *turn_permission_of(const turn *t, const lk_addr *peer) {
    for (size_t i = 0; i < t->permissions.len; i++)
        if (addr_same_host(&t->permissions.at[i].peer, peer)) return &t->permissions.at[i];
    return NULL;
}

bool turn_feed(turn *t, const lk_addr *to, const lk_addr *from, lk_bytes datagram, turn_data *out,
               uint64_t now_ms) {
    stun_message m;
    *out = (turn_data){0};
    if (t->state == TURN_OVER || !addr_equal(to, &t->base) || !addr_equal(from, &t->server) ||
        !stun_is(datagram) || stun_read(datagram, &m, NULL) != LK_OK)
        return false;
    if (m.type == STUN_DATA) {
        bool known = t->state == TURN_READY && turn_permission_of(t, &m.peer) != NULL;
        if (known) *out = (turn_data){m.peer, m.data};
        return true;
    }
    if (turn_is_answer(t, &t->request, datagram, &m)) {
        turn_answered(t, &m, now_ms);
        return true;
    }
    for (size_t i = 0; i < t->permissions.len; i++) {
        turn_permission *p = &t->permissions.at[i];
        if (!turn_is_answer(t, &p->request, datagram, &m)) continue;
        turn_permitted(t, p, &m, now_ms);
        return true;
    }
    return false;
}

/* ---- over a connection ---- */

bool turn_stream_put(turn *t, lk_bytes bytes) {
    if (t->state == TURN_OVER || !vec_reserve(t->heap, &t->pieces, bytes.len)) return false;
    if (bytes.len > 0) __builtin_memcpy(t->pieces.at + t->pieces.len, bytes.at, bytes.len);
    t->pieces.len += bytes.len;
    t->shown = 0;
    return true;
}

/* Of the message that begins there; 0: not to be seen yet, SIZE_MAX: there begins none. */
static size_t turn_stream_len(lk_bytes rest) {
    if (rest.len < 4) return 0;
    size_t len = (size_t)(rest.at[2] << 8 | rest.at[3]);
    if (rest.at[0] >> 6 == 0) return 20 + len;
    /* ChannelData is padded to a multiple of four here; we never bind a channel */
    return rest.at[0] >> 6 == 1 ? 4 + (len + 3) / 4 * 4 : SIZE_MAX;
}

bool turn_stream_next(turn *t, lk_bytes *message) {
    lk_bytes rest = {t->pieces.at + t->shown, t->pieces.len - t->shown};
    size_t len = turn_stream_len(rest);
    if (len == SIZE_MAX) return false;
    bool whole = len > 0 && len <= rest.len;
    *message = (lk_bytes){rest.at, whole ? len : 0};
    if (whole) {
        t->shown += len;
    } else if (t->shown > 0) {
        __builtin_memmove(t->pieces.at, rest.at, rest.len);
        t->pieces.len = rest.len;
        t->shown = 0;
    }
    return true;
}

/* ---- sending ---- */

static turn_permission *turn_permission_add(turn *t, const lk_addr *peer, uint64_t now_ms) {
    if (t->permissions.len == LIMIT_ICE_REMOTES) return NULL;
    turn_permission *p = vec_push(t->heap, &t->permissions);
    if (p == NULL) return NULL;
    *p = (turn_permission){.peer = *peer, .refresh_ms = UINT64_MAX};
    turn_start_permit(t, p, now_ms);
    return p;
}

lk_bytes turn_wrap(turn *t, const lk_addr *peer, lk_bytes datagram, stun_writer *w,
                   uint64_t now_ms) {
    enum { AROUND = 64 };
    if (t->state != TURN_READY || datagram.len > STUN_MAX - AROUND) return (lk_bytes){0};
    uint8_t id[STUN_ID];
    entropy_bytes(t->random, id, STUN_ID);
    stun_begin(w, STUN_SEND, id);
    stun_peer(w, peer);
    stun_data(w, datagram);
    turn_permission *p = turn_permission_of(t, peer);
    if (p == NULL) p = turn_permission_add(t, peer, now_ms);
    if (p == NULL || !p->granted) return (lk_bytes){0};
    p->used = true;
    return stun_plain(w);
}

/* ---- time ---- */

static void turn_tick_permission(turn *t, turn_permission *p, uint64_t now_ms) {
    bool over;
    if (turn_again(&p->request, now_ms, &over)) {
        turn_permit(t, p);
    } else if (over) {
        p->request.retry_ms = UINT64_MAX;
        p->refresh_ms = now_ms + TURN_PERMISSION_MS;
    } else if (now_ms >= p->refresh_ms) {
        p->refresh_ms = UINT64_MAX;
        p->granted = p->granted && p->used;
        turn_start_permit(t, p, now_ms);
    }
}

void turn_tick(turn *t, uint64_t now_ms) {
    bool over;
    if (t->state == TURN_OVER) return;
    if (turn_again(&t->request, now_ms, &over)) {
        turn_ask(t, &t->request, TURN_LIFETIME_S);
    } else if (over) {
        turn_end(t);
    } else if (now_ms >= t->refresh_ms) {
        t->refresh_ms = UINT64_MAX;
        turn_start(t, now_ms);
    }
    for (size_t i = 0; i < t->permissions.len; i++)
        turn_tick_permission(t, &t->permissions.at[i], now_ms);
}

uint64_t turn_wake_at(const turn *t) {
    uint64_t wake_ms = t->refresh_ms;
    if (t->state == TURN_OVER) return UINT64_MAX;
    if (t->request.retry_ms < wake_ms) wake_ms = t->request.retry_ms;
    for (size_t i = 0; i < t->permissions.len; i++) {
        const turn_permission *p = &t->permissions.at[i];
        if (p->request.retry_ms < wake_ms) wake_ms = p->request.retry_ms;
        if (p->refresh_ms < wake_ms) wake_ms = p->refresh_ms;
    }
    return wake_ms;
}
