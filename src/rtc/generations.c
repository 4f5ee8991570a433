/* SPDX-License-Identifier: MIT
 * generations.c - ICE and its restarts.
 *
 *     now          one agent
 *     now, coming  a restart: both are fed and ticked; what is sent goes by `now`
 *     now, going   the one that came has a path and is `now`; the old one only answers
 *
 * Each agent has credentials of its own and takes what names them, so a datagram is simply handed
 * to both. */
#include "rtc/generations.h"

/* The other side changes over some round trips after us at most. */
#define GENERATIONS_GOING_MS 10000

bool generations_init(generations *g, const ice_options *o, const lk_memory *heap, queue *out,
                      uint64_t now_ms) {
    *g = (generations){.gone_ms = UINT64_MAX};
    return ice_init(&g->now, o, heap, out, now_ms);
}

static void generations_forget(generations *g) {
    if (g->is != GENERATIONS_NONE) ice_drop(&g->other);
    g->is = GENERATIONS_NONE;
}

void generations_drop(generations *g) {
    generations_forget(g);
    ice_drop(&g->now);
}

bool generations_restart(generations *g, const ice_options *options, uint64_t now_ms) {
    ice next;
    ice_options o = *options;
    o.controlling = g->now.controlling;
    o.tie_breaker = g->now.tie_breaker;
    o.seed = g->now.random.state == 0 ? 0 : entropy_u64(&g->now.random) | 1;
    if (!ice_init(&next, &o, g->now.heap, g->now.out, now_ms)) {
        ice_drop(&next);
        return false;
    }
    generations_forget(g);
    g->other = next;
    g->is = GENERATIONS_COMING;
    g->restarts++;
    return true;
}

ice *generations_newest(generations *g) {
    return g->is == GENERATIONS_COMING ? &g->other : &g->now;
}

static bool generations_is(const ice *a, lk_str ufrag) {
    return ufrag.len == a->remote_ufrag_len &&
           __builtin_memcmp(ufrag.at, a->remote_ufrag, ufrag.len) == 0;
}

bool generations_knows(const generations *g, lk_str ufrag) {
    return generations_is(&g->now, ufrag) ||
           (g->is != GENERATIONS_NONE && generations_is(&g->other, ufrag));
}

ice *generations_of(generations *g, lk_str ufrag) {
    ice *newest = generations_newest(g), *agents[] = {newest, &g->now};
    for (size_t i = 0; i < countof(agents); i++) {
        bool known = agents[i]->remote_ufrag_len > 0;
        if (known && (ufrag.len == 0 || generations_is(agents[i], ufrag))) return agents[i];
    }
    /* perhaps of a description that is still on its way */
    return newest->remote_ufrag_len == 0 ? newest : NULL;
}

bool generations_relay(generations *g, const lk_addr *relayed, const lk_addr *mapped) {
    bool used = g->now.relaying > 0 && ice_relay(&g->now, relayed, mapped);
    if (g->is == GENERATIONS_COMING && g->other.relaying > 0)
        used |= ice_relay(&g->other, relayed, mapped);
    return used;
}

lk_status generations_resolved(generations *g, const uint8_t uuid[HIDDEN_UUID], const lk_addr *addr,
                               uint64_t now_ms) {
    lk_status status = ice_resolved(&g->now, uuid, addr, now_ms);
    if (status == LK_OK && g->is == GENERATIONS_COMING)
        status = ice_resolved(&g->other, uuid, addr, now_ms);
    return status;
}

/* ---- following ---- */

static void generations_settle(generations *g, uint64_t now_ms) {
    if (g->is == GENERATIONS_COMING && g->other.path != SIZE_MAX) {
        ice old = g->now;
        g->now = g->other;
        g->other = old;
        g->is = GENERATIONS_GOING;
        g->gone_ms = now_ms + GENERATIONS_GOING_MS;
    }
    bool gone = g->is == GENERATIONS_GOING && now_ms >= g->gone_ms;
    bool failed = g->is == GENERATIONS_COMING && g->other.failure != NULL;
    if (gone || failed) generations_forget(g);
}

void generations_feed(generations *g, const lk_addr *to, const lk_addr *from, lk_bytes datagram,
                      uint64_t now_ms) {
    ice_feed(&g->now, to, from, datagram, now_ms);
    if (g->is != GENERATIONS_NONE) ice_feed(&g->other, to, from, datagram, now_ms);
    generations_tick(g, now_ms);
}

void generations_tick(generations *g, uint64_t now_ms) {
    ice_tick(&g->now, now_ms);
    if (g->is == GENERATIONS_COMING) ice_tick(&g->other, now_ms);
    generations_settle(g, now_ms);
}

uint64_t generations_wake_at(const generations *g) {
    uint64_t wake_ms = ice_wake_at(&g->now), other_ms = UINT64_MAX;
    if (g->is == GENERATIONS_COMING) other_ms = ice_wake_at(&g->other);
    if (g->is == GENERATIONS_GOING) other_ms = g->gone_ms;
    return wake_ms < other_ms ? wake_ms : other_ms;
}

const ice_pair *generations_path(const generations *g, const ice **agent) {
    *agent = &g->now;
    const ice_pair *path = g->now.failure == NULL ? ice_path(&g->now) : NULL;
    if (path != NULL || g->is != GENERATIONS_COMING) return path;
    *agent = &g->other;
    return ice_path(&g->other);
}

bool generations_proved(const generations *g, const lk_addr *to, const lk_addr *from) {
    return ice_proved(&g->now, to, from) ||
           (g->is != GENERATIONS_NONE && ice_proved(&g->other, to, from));
}

/* One that is coming may still find a path, if the other side takes part. */
const char *generations_failure(const generations *g) {
    bool hope = g->is == GENERATIONS_COMING && g->other.remote_pwd_len > 0;
    return hope ? NULL : g->now.failure;
}
