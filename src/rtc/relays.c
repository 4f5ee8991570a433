/* SPDX-License-Identifier: MIT
 * relays.c - TURN servers, between the sockets and ICE:
 *
 *     feed ─► relays_unwrap ─► ICE, DTLS            ICE, DTLS ─► relays_wrap ─► out
 *
 * A relay is known by its server and by the socket that asks it, or, over a connection, by its
 * server alone: its socket is none of ICE's. */
#include "rtc/relays.h"

#include "rtc/addr.h"

void relays_init(relays *s, uint64_t seed, const lk_memory *heap, queue *out) {
    *s = (relays){.heap = heap, .out = out, .random = {seed}};
}

void relays_drop(relays *s) {
    for (size_t i = 0; i < s->len; i++) turn_drop(&s->at[i]);
    s->len = 0;
}

/* Tell ICE of a relay that has answered, or never will. */
static void relays_settle(turn *t, turn_state before, generations *agents) {
    if (before != TURN_ASKING || t->state == TURN_ASKING || agents == NULL) return;
    bool ready = t->state == TURN_READY;
    if (!generations_relay(agents, ready ? &t->relayed : NULL, &t->mapped) && ready) turn_close(t);
}

/* ---- which there are ---- */

static bool relays_reached(const lk_rtc_options *o, const turn *t) {
    for (size_t i = 0; i < o->local_len; i++)
        if (!t->stream && addr_equal(&o->locals[i], &t->base)) return true;
    for (size_t i = 0; i < o->turn_len; i++)
        if (t->stream && o->turn[i].stream && addr_equal(&o->turn[i].server, &t->server))
            return true;
    return false;
}

static void relays_forget(turn *t, generations *agents) {
    turn_state before = t->state;
    turn_close(t);
    relays_settle(t, before, agents);
}

static turn *relays_over(relays *s, const lk_addr *server) {
    for (size_t i = 0; i < s->len; i++) {
        turn *t = &s->at[i];
        if (t->stream && t->state != TURN_OVER && addr_equal(&t->server, server)) return t;
    }
    return NULL;
}

static bool relays_has(const relays *s, const lk_addr *base, const lk_addr *server) {
    for (size_t i = 0; i < s->len; i++) {
        const turn *t = &s->at[i];
        if (!t->stream && t->state != TURN_OVER && addr_equal(&t->base, base) &&
            addr_equal(&t->server, server))
            return true;
    }
    return false;
}

/* A place for another one, or NULL. */
static turn *relays_place(relays *s) {
    for (size_t i = 0; i < s->len; i++) {
        if (s->at[i].state != TURN_OVER) continue;
        turn_drop(&s->at[i]);
        return &s->at[i];
    }
    return s->len < LIMIT_TURN_RELAYS ? &s->at[s->len++] : NULL;
}

static void relays_ask(relays *s, const lk_addr *base, const lk_rtc_turn *server, uint64_t now_ms) {
    turn *t = relays_place(s);
    if (t != NULL) turn_init(t, base, server, s->heap, s->out, &s->random, now_ms);
}

static void relays_ask_streams(relays *s, const lk_rtc_options *o, uint64_t now_ms) {
    size_t count = 0;
    for (size_t i = 0; i < s->len; i++) count += s->at[i].stream && s->at[i].state != TURN_OVER;
    for (size_t i = 0; i < o->turn_len && count < LIMIT_TURN_STREAMS; i++) {
        const lk_rtc_turn *server = &o->turn[i];
        if (!server->stream || relays_over(s, &server->server) != NULL) continue;
        relays_ask(s, NULL, server, now_ms);
        count++;
    }
}

void relays_renew(relays *s, const lk_rtc_options *o, generations *agents, uint64_t now_ms) {
    for (size_t i = 0; i < s->len; i++)
        if (s->at[i].state != TURN_OVER && !relays_reached(o, &s->at[i]))
            relays_forget(&s->at[i], agents);
    relays_ask_streams(s, o, now_ms);
    for (size_t i = 0; i < o->turn_len; i++)
        for (size_t k = 0; !o->turn[i].stream && k < o->local_len; k++) {
            const lk_addr *base = &o->locals[k], *server = &o->turn[i].server;
            if (addr_meets(base, server) && !relays_has(s, base, server))
                relays_ask(s, base, &o->turn[i], now_ms);
        }
}

size_t relays_count(const relays *s) {
    size_t count = 0;
    for (size_t i = 0; i < s->len; i++) count += s->at[i].state != TURN_OVER;
    return count;
}

void relays_join(relays *s, ice *agent) {
    for (size_t i = 0; i < s->len; i++)
        if (s->at[i].state == TURN_READY) ice_relay(agent, &s->at[i].relayed, &s->at[i].mapped);
}

/* ---- datagrams ---- */

bool relays_unwrap(relays *s, generations *agents, const lk_addr *to, const lk_addr *from,
                   lk_bytes datagram, turn_data *inner, lk_addr *relayed, uint64_t now_ms) {
    for (size_t i = 0; i < s->len; i++) {
        turn *t = &s->at[i];
        turn_state before = t->state;
        if (!turn_feed(t, to, from, datagram, inner, now_ms)) continue;
        relays_settle(t, before, agents);
        *relayed = t->relayed;
        return true;
    }
    return false;
}

bool relays_wrap(relays *s, lk_rtc_out *datagram, uint64_t now_ms) {
    for (size_t i = 0; i < s->len; i++) {
        turn *t = &s->at[i];
        if (!addr_equal(&datagram->local, &t->relayed)) continue;
        lk_addr peer = datagram->remote;
        if (t->stream) datagram->kind = LK_RTC_STREAM;
        datagram->local = t->base, datagram->remote = t->server;
        datagram->bytes = turn_wrap(t, &peer, datagram->bytes, &s->wrapped, now_ms);
        return datagram->bytes.len > 0;
    }
    return true;
}

bool relays_take(relays *s, const lk_addr *server, lk_bytes bytes) {
    turn *t = relays_over(s, server);
    return t != NULL && turn_stream_put(t, bytes);
}

bool relays_next(relays *s, const lk_addr *server, lk_bytes *message) {
    turn *t = relays_over(s, server);
    return t != NULL && turn_stream_next(t, message);
}

void relays_end(relays *s, generations *agents, const lk_addr *server) {
    turn *t = relays_over(s, server);
    if (t == NULL) return;
    turn_state before = t->state;
    turn_end(t);
    relays_settle(t, before, agents);
}

void relays_close(relays *s) {
    for (size_t i = 0; i < s->len; i++) turn_close(&s->at[i]);
}

/* ---- time ---- */

void relays_tick(relays *s, generations *agents, uint64_t now_ms) {
    for (size_t i = 0; i < s->len; i++) {
        turn_state before = s->at[i].state;
        turn_tick(&s->at[i], now_ms);
        relays_settle(&s->at[i], before, agents);
    }
}

uint64_t relays_wake_at(const relays *s) {
    uint64_t wake_ms = UINT64_MAX;
    for (size_t i = 0; i < s->len; i++)
        if (turn_wake_at(&s->at[i]) < wake_ms) wake_ms = turn_wake_at(&s->at[i]);
    return wake_ms;
}
