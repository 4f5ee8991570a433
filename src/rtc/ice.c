/* SPDX-License-Identifier: MIT
 * ice.c - the ICE agent.
 *
 *     our sockets ─┐
 *                  ├─► pairs: waiting ─► checking ─► valid ─► nominated: the path ─► consent, for
 * ever candidates ──┘             ▲           └─► failed │ └── a request came ────┘
 *
 * All pairs begin waiting: freezing them by foundation saves checks where there are many streams,
 * and we have one. Data may flow on a valid pair before it is nominated. */
#include "rtc/ice.h"

#include "rtc/addr.h"

/* The controlling side nominates at once a pair that nothing better can replace; else it waits this
 * long for a better one. */
#define ICE_NOMINATE_MS 100
/* RFC 7675 section 5.1: every 5 s, randomised by 20 %, and 30 s without a valid response end it. */
#define ICE_CONSENT_MIN_MS 4000
#define ICE_CONSENT_SPREAD_MS 2000
#define ICE_CONSENT_EXPIRY_MS 30000
/* From the last thing that could bring a path (the credentials, or a candidate), unless told. */
#define ICE_GIVE_UP_MS 20000
/* The other side may move its nomination when the path it nominated before is silent for so long.
 */
#define ICE_SILENT_MS 3000

/* ---- making one ---- */

static bool ice_init_hosts(ice *a, const ice_options *o) {
    for (size_t i = 0; i < o->host_len && a->host_len < LIMIT_ICE_LOCALS; i++) {
        const lk_addr *addr = &o->hosts[i];
        if (!addr_usable(addr) || (addr_loopback(addr) && !o->loopback)) continue;
        candidate *c = vec_push(a->heap, &a->locals);
        if (c == NULL) return false;
        *c = (candidate){.kind = CANDIDATE_HOST,
                         .priority = candidate_priority(CANDIDATE_HOST, a->host_len),
                         .addr = *addr,
                         .base = *addr,
                         .foundation = (uint32_t)++a->host_len};
    }
    return true;
}

bool ice_init(ice *a, const ice_options *o, const lk_memory *heap, queue *out, uint64_t now_ms) {
    *a = (ice){.heap = heap,
               .out = out,
               .random = {o->seed},
               .controlling = o->controlling,
               .relaying = o->relaying,
               .loopback = o->loopback,
               .path = SIZE_MAX,
               .nominate_ms = UINT64_MAX,
               .consent_ms = UINT64_MAX,
               .patience_ms = o->patience_ms != 0 ? o->patience_ms : ICE_GIVE_UP_MS,
               .give_up_ms = UINT64_MAX};
    entropy_text(&a->random, a->ufrag, ICE_UFRAG);
    entropy_text(&a->random, a->pwd, ICE_PWD);
    a->tie_breaker = o->tie_breaker != 0 ? o->tie_breaker : entropy_u64(&a->random);
    for (size_t i = 0; i < o->server_len && a->server_len < LIMIT_ICE_SERVERS; i++)
        a->servers[a->server_len++] = o->servers[i];
    return ice_init_hosts(a, o) && gather_init(a, now_ms);
}

void ice_drop(ice *a) {
    vec_drop(a->heap, &a->locals);
    vec_drop(a->heap, &a->remotes);
    vec_drop(a->heap, &a->hidden);
    vec_drop(a->heap, &a->pairs);
    vec_drop(a->heap, &a->requests);
}

void ice_send(ice *a, const lk_addr *local, const lk_addr *remote, lk_bytes datagram) {
    queue_item item = {.kind = LK_RTC_DATAGRAM, .local = *local, .remote = *remote};
    queue_push(a->out, item, datagram); /* without memory it is lost, like any datagram */
}

/* ---- pairs ---- */

const lk_addr *ice_pair_local(const ice *a, const ice_pair *p) {
    return &a->locals.at[p->host].addr;
}

const lk_addr *ice_pair_remote(const ice *a, const ice_pair *p) {
    return &a->remotes.at[p->remote].addr;
}

/* RFC 8445 section 6.1.2.3: G is the controlling side's candidate, D the controlled one's. */
static uint64_t ice_pair_priority(const ice *a, const ice_pair *p) {
    uint64_t ours = a->locals.at[p->host].priority, theirs = a->remotes.at[p->remote].priority;
    uint64_t g = a->controlling ? ours : theirs, d = a->controlling ? theirs : ours;
    return (g < d ? g : d) << 32 | ((g < d ? d : g) << 1) | (g > d);
}

void ice_set_role(ice *a, bool controlling) {
    a->controlling = controlling;
    for (size_t i = 0; i < a->pairs.len; i++) {
        ice_pair *p = &a->pairs.at[i];
        p->priority = ice_pair_priority(a, p);
        p->nominating = false;
    }
}

static ice_pair *ice_pair_find(const ice *a, size_t host, size_t remote) {
    for (size_t i = 0; i < a->pairs.len; i++) {
        ice_pair *p = &a->pairs.at[i];
        if (p->host == host && p->remote == remote) return p;
    }
    return NULL;
}

static ice_pair *ice_pair_add(ice *a, size_t host, size_t remote) {
    ice_pair *p = ice_pair_find(a, host, remote);
    if (p != NULL || a->pairs.len == LIMIT_ICE_PAIRS) return p;
    p = vec_push(a->heap, &a->pairs);
    if (p == NULL) return NULL;
    *p = (ice_pair){.host = (uint8_t)host, .remote = (uint8_t)remote};
    p->priority = ice_pair_priority(a, p);
    return p;
}

size_t ice_find_host(const ice *a, const lk_addr *to) {
    for (size_t i = 0; i < a->host_len; i++)
        if (addr_equal(&a->locals.at[i].addr, to)) return i;
    return SIZE_MAX;
}

static size_t ice_find_remote(const ice *a, const lk_addr *from) {
    for (size_t i = 0; i < a->remotes.len; i++)
        if (addr_equal(&a->remotes.at[i].addr, from)) return i;
    return SIZE_MAX;
}

ice_pair *ice_pair_from(ice *a, size_t host, const lk_addr *from, uint32_t priority) {
    size_t remote = ice_find_remote(a, from);
    if (remote == SIZE_MAX) {
        if (a->remotes.len == LIMIT_ICE_REMOTES) return NULL;
        candidate *c = vec_push(a->heap, &a->remotes);
        if (c == NULL) return NULL;
        *c = (candidate){.kind = CANDIDATE_PRFLX, .addr = *from, .priority = priority};
        remote = a->remotes.len - 1;
    }
    return ice_pair_add(a, host, remote);
}

/* ---- the other side ---- */

void ice_set_remote(ice *a, lk_str ufrag, lk_str pwd, bool lite, uint64_t now_ms) {
    LK_ASSERT(ufrag.len <= ICE_CREDENTIAL_MAX && pwd.len <= ICE_CREDENTIAL_MAX);
    __builtin_memcpy(a->remote_ufrag, ufrag.at, a->remote_ufrag_len = ufrag.len);
    __builtin_memcpy(a->remote_pwd, pwd.at, a->remote_pwd_len = pwd.len);
    if (lite) ice_set_role(a, true);
    a->give_up_ms = now_ms + a->patience_ms;
}

static void ice_pair_up(ice *a, size_t host, size_t remote) {
    if (addr_meets(&a->locals.at[host].addr, &a->remotes.at[remote].addr))
        ice_pair_add(a, host, remote);
}

bool ice_relay(ice *a, const lk_addr *relayed, const lk_addr *mapped) {
    a->relaying--;
    size_t host = a->host_len;
    bool taken = relayed != NULL && addr_usable(relayed) && host < LIMIT_ICE_LOCALS &&
                 (!addr_loopback(relayed) || a->loopback) &&
                 ice_find_host(a, relayed) == SIZE_MAX && vec_push(a->heap, &a->locals) != NULL;
    if (taken) {
        candidate *slot = &a->locals.at[host];
        __builtin_memmove(slot + 1, slot, (a->locals.len - 1 - host) * sizeof *slot);
        *slot = (candidate){.kind = CANDIDATE_RELAY,
                            .priority = candidate_priority(CANDIDATE_RELAY, host),
                            .addr = *relayed,
                            .base = *mapped,
                            .foundation = (uint32_t)(2 * LIMIT_ICE_LOCALS + 1 + host)};
        a->host_len++;
        gather_trickle(a, slot);
        for (size_t remote = 0; remote < a->remotes.len; remote++) ice_pair_up(a, host, remote);
    }
    gather_finish(a);
    return taken;
}

static void ice_hope(ice *a, uint64_t now_ms) {
    if (a->give_up_ms != UINT64_MAX) a->give_up_ms = now_ms + a->patience_ms;
}

static lk_status ice_add_hidden(ice *a, const candidate *c, uint64_t now_ms) {
    char name[HIDDEN_NAME];
    for (size_t i = 0; i < a->hidden.len; i++)
        if (addr_equal(&a->hidden.at[i].addr, &c->addr)) return LK_OK;
    if (a->hidden.len == LIMIT_ICE_NAMES || c->addr.port == 0) return LK_OK;
    if (!vec_reserve(a->heap, &a->hidden, 1)) return LK_ENOMEM;
    hidden_name_write(c->addr.ip, name);
    lk_bytes bytes = {(const uint8_t *)name, sizeof name};
    if (!queue_push(a->out, (queue_item){.kind = LK_RTC_RESOLVE}, bytes)) return LK_ENOMEM;
    a->hidden.at[a->hidden.len++] = *c;
    ice_hope(a, now_ms);
    return LK_OK;
}

lk_status ice_resolved(ice *a, const uint8_t uuid[HIDDEN_UUID], const lk_addr *addr,
                       uint64_t now_ms) {
    lk_status status = LK_OK;
    for (size_t i = 0; i < a->hidden.len && status == LK_OK; i++) {
        candidate c = a->hidden.at[i];
        if (__builtin_memcmp(c.addr.ip, uuid, HIDDEN_UUID) != 0) continue;
        uint16_t port = c.addr.port;
        c.hidden = false;
        c.addr = *addr;
        c.addr.port = port;
        status = ice_add_remote(a, &c, now_ms);
    }
    return status;
}

lk_status ice_add_remote(ice *a, const candidate *c, uint64_t now_ms) {
    if (c->hidden) return ice_add_hidden(a, c, now_ms);
    if (!addr_usable(&c->addr) || (addr_loopback(&c->addr) && !a->loopback)) return LK_OK;
    size_t remote = ice_find_remote(a, &c->addr);
    if (remote == SIZE_MAX) {
        if (a->remotes.len == LIMIT_ICE_REMOTES) return LK_OK;
        candidate *slot = vec_push(a->heap, &a->remotes);
        if (slot == NULL) return LK_ENOMEM;
        *slot = *c;
        remote = a->remotes.len - 1;
        ice_hope(a, now_ms);
    }
    for (size_t host = 0; host < a->host_len; host++) ice_pair_up(a, host, remote);
    return LK_OK;
}

void ice_feed(ice *a, const lk_addr *to, const lk_addr *from, lk_bytes datagram, uint64_t now_ms) {
    stun_message m;
    size_t host = ice_find_host(a, to);
    if (host == SIZE_MAX || stun_read(datagram, &m, NULL) != LK_OK) return;
    if (m.type == STUN_REQUEST)
        ice_check_request(a, host, from, datagram, &m, now_ms);
    else if (m.type == STUN_SUCCESS || m.type == STUN_ERROR) {
        if (!gather_response(a, host, from, &m, now_ms))
            ice_check_response(a, host, from, datagram, &m, now_ms);
    }
}

bool ice_proved(const ice *a, const lk_addr *to, const lk_addr *from) {
    for (size_t i = 0; i < a->pairs.len; i++) {
        const ice_pair *p = &a->pairs.at[i];
        if ((p->heard || p->state == PAIR_VALID) && addr_equal(ice_pair_remote(a, p), from) &&
            addr_equal(ice_pair_local(a, p), to))
            return true;
    }
    return false;
}

/* ---- choosing ---- */

static ice_pair *ice_best(const ice *a, pair_state state) {
    ice_pair *best = NULL;
    for (size_t i = 0; i < a->pairs.len; i++) {
        ice_pair *p = &a->pairs.at[i];
        if (p->state == state && (best == NULL || p->priority > best->priority)) best = p;
    }
    return best;
}

const ice_pair *ice_path(const ice *a) {
    return a->path != SIZE_MAX ? &a->pairs.at[a->path] : ice_best(a, PAIR_VALID);
}

static void ice_plan_consent(ice *a, uint64_t now_ms) {
    a->consent_ms =
        now_ms + ICE_CONSENT_MIN_MS + entropy_u64(&a->random) % (ICE_CONSENT_SPREAD_MS + 1);
}

/* May the nomination of `p` replace the present path? */
static bool ice_prefers(const ice *a, const ice_pair *p, uint64_t now_ms) {
    if (a->path == SIZE_MAX) return true;
    const ice_pair *old = &a->pairs.at[a->path];
    return p != old && (p->priority > old->priority || now_ms > old->heard_ms + ICE_SILENT_MS);
}

static void ice_select(ice *a, ice_pair *selected, uint64_t now_ms) {
    a->path = (size_t)(selected - a->pairs.at);
    a->nominate_ms = UINT64_MAX;
    for (size_t i = 0; i < a->pairs.len; i++) { /* RFC 8445 section 8.1.2: other checks stop */
        ice_pair *p = &a->pairs.at[i];
        if (p->state != PAIR_VALID) p->state = PAIR_FAILED;
        if (p != selected) p->asked = p->triggered = false;
    }
    ice_plan_consent(a, now_ms);
}

void ice_validated(ice *a, ice_pair *p, uint64_t now_ms) {
    if (p->state != PAIR_VALID) {
        p->state = PAIR_VALID;
        if (a->consent_ms == UINT64_MAX) ice_plan_consent(a, now_ms);
        if (a->nominate_ms == UINT64_MAX) a->nominate_ms = now_ms + ICE_NOMINATE_MS;
    }
    bool chosen = a->controlling ? p->nominating : p->wanted;
    p->nominating = p->wanted = false;
    if (chosen && ice_prefers(a, p, now_ms)) ice_select(a, p, now_ms);
}

/* Can a pair with more priority than `p` still become valid? */
static bool ice_better_possible(const ice *a, const ice_pair *p) {
    for (size_t i = 0; i < a->pairs.len; i++) {
        const ice_pair *other = &a->pairs.at[i];
        bool open = other->state == PAIR_WAITING || other->state == PAIR_CHECKING;
        if (open && other->priority > p->priority) return true;
    }
    return false;
}

/* We control: nominate the best valid pair when it is time (regular nomination). One that we have
 * heard of: browsers answer checks before they have our description, and forget what those said. */
static void ice_nominate(ice *a, uint64_t now_ms) {
    if (!a->controlling || a->path != SIZE_MAX) return;
    ice_pair *best = ice_best(a, PAIR_VALID);
    if (best == NULL || best->nominating) return;
    if (now_ms < a->nominate_ms && (!best->heard || ice_better_possible(a, best))) return;
    best->nominating = true;
    ice_check_start(a, best, now_ms);
}

/* ---- time ---- */

static bool ice_may_check(const ice *a) { return a->remote_pwd_len > 0 && a->failure == NULL; }

/* The pair to check next: triggered ones first, then by priority. */
static ice_pair *ice_next_check(const ice *a) {
    ice_pair *best = NULL;
    for (size_t i = 0; i < a->pairs.len; i++) {
        ice_pair *p = &a->pairs.at[i];
        if (p->state != PAIR_WAITING) continue;
        bool more = best == NULL || p->triggered > best->triggered ||
                    (p->triggered == best->triggered && p->priority > best->priority);
        if (more) best = p;
    }
    return best;
}

static void ice_tick_checks(ice *a, uint64_t now_ms) {
    for (size_t i = 0; i < a->pairs.len; i++) {
        ice_pair *p = &a->pairs.at[i];
        if (p->asked && now_ms >= p->retry_ms) ice_check_retry(a, p, now_ms);
    }
    if (a->path != SIZE_MAX || now_ms < a->pace_ms) return;
    ice_pair *next = ice_next_check(a);
    if (next == NULL) return;
    ice_check_start(a, next, now_ms);
    a->pace_ms = now_ms + ICE_PACE_MS;
}

static void ice_tick_consent(ice *a, uint64_t now_ms) {
    const ice_pair *path = ice_path(a);
    if (path == NULL) {
        if (now_ms >= a->give_up_ms) a->failure = "no path to the other side was found";
        return;
    }
    if (now_ms >= path->answered_ms + ICE_CONSENT_EXPIRY_MS)
        a->failure = "consent expired";
    else if (now_ms >= a->consent_ms) {
        if (!path->nominating) ice_check_consent(a, &a->pairs.at[path - a->pairs.at], now_ms);
        ice_plan_consent(a, now_ms);
    }
}

void ice_tick(ice *a, uint64_t now_ms) {
    gather_tick(a, now_ms);
    if (!ice_may_check(a)) return;
    ice_tick_checks(a, now_ms);
    ice_nominate(a, now_ms);
    ice_tick_consent(a, now_ms);
}

static uint64_t ice_earlier(uint64_t a_ms, uint64_t b_ms) { return a_ms < b_ms ? a_ms : b_ms; }

uint64_t ice_wake_at(const ice *a) {
    uint64_t wake_ms = gather_wake_at(a);
    if (!ice_may_check(a)) return wake_ms;
    for (size_t i = 0; i < a->pairs.len; i++)
        if (a->pairs.at[i].asked) wake_ms = ice_earlier(wake_ms, a->pairs.at[i].retry_ms);
    const ice_pair *path = ice_path(a);
    if (path == NULL)
        wake_ms = ice_earlier(wake_ms, a->give_up_ms);
    else {
        wake_ms = ice_earlier(wake_ms, path->answered_ms + ICE_CONSENT_EXPIRY_MS);
        wake_ms = ice_earlier(wake_ms, a->consent_ms);
    }
    if (a->path != SIZE_MAX) return wake_ms;
    if (ice_next_check(a) != NULL) wake_ms = ice_earlier(wake_ms, a->pace_ms);
    if (a->controlling && path != NULL && !path->nominating)
        wake_ms = ice_earlier(wake_ms, a->nominate_ms);
    return wake_ms;
}
