/* SPDX-License-Identifier: MIT
 * gather.c - server-reflexive candidates (RFC 8445 section 5.1.1.2): ask each STUN server, from
 * each of our sockets, how it sees us. */
#include "rtc/addr.h"
#include "rtc/ice.h"

/* RFC 8489 section 6.2.1: RTO 500 ms, doubling, 7 requests. Nobody waits for it: it is trickled. */
#define GATHER_RTO_MS 500
#define GATHER_TRIES 7

static void gather_send(ice *a, gather_request *r, uint64_t now_ms) {
    stun_writer w;
    stun_begin(&w, STUN_REQUEST, r->id);
    ice_send(a, &a->locals.at[r->host].addr, &a->servers[r->server],
             stun_seal(&w, (lk_str){"", 0}));
    r->next_ms = now_ms + ((uint64_t)GATHER_RTO_MS << r->tries++);
}

bool gather_init(ice *a, uint64_t now_ms) {
    for (size_t host = 0; host < a->host_len; host++) {
        const lk_addr *addr = &a->locals.at[host].addr;
        for (size_t server = 0; server < a->server_len; server++) {
            if (!addr_meets(addr, &a->servers[server])) continue;
            gather_request *r = vec_push(a->heap, &a->requests);
            if (r == NULL) return false;
            *r = (gather_request){.host = (uint8_t)host,
                                  .server = (uint8_t)server,
                                  .next_ms = now_ms + (a->requests.len - 1) * ICE_PACE_MS};
            entropy_bytes(&a->random, r->id, STUN_ID);
        }
    }
    a->gathered = a->requests.len == 0 && a->relaying == 0;
    return true;
}

void gather_trickle(ice *a, const candidate *c) {
    if (!a->described) return;
    lk_buf line = {.memory = a->heap};
    /* RFC 8838 section 11: which generation it belongs to */
    if (c == NULL || (candidate_write(c, &line) && text_append(&line, " ufrag ") &&
                      buf_append(&line, a->ufrag, ICE_UFRAG)))
        queue_push(a->out, (queue_item){.kind = LK_RTC_CANDIDATE}, (lk_bytes){line.at, line.len});
    lk_buf_free(&line);
}

void gather_finish(ice *a) {
    if (a->relaying > 0) return;
    for (size_t i = 0; i < a->requests.len; i++)
        if (!a->requests.at[i].done) return;
    a->gathered = true;
    gather_trickle(a, NULL);
}

/* A candidate unless we have it: a host that is not behind a NAT sees itself. */
static void gather_add(ice *a, size_t host, const lk_addr *mapped) {
    for (size_t i = 0; i < a->locals.len; i++)
        if (addr_equal(&a->locals.at[i].addr, mapped)) return;
    if (!addr_usable(mapped) || (addr_loopback(mapped) && !a->loopback)) return;
    candidate c = {.kind = CANDIDATE_SRFLX,
                   .priority = candidate_priority(CANDIDATE_SRFLX, host),
                   .addr = *mapped,
                   .base = a->locals.at[host].addr,
                   .foundation = (uint32_t)(LIMIT_ICE_LOCALS + 1 + host)};
    candidate *slot = vec_push(a->heap, &a->locals);
    if (slot == NULL) return; /* one candidate less */
    *slot = c;
    gather_trickle(a, &c);
}

bool gather_response(ice *a, size_t host, const lk_addr *from, const stun_message *m,
                     uint64_t now_ms) {
    (void)now_ms;
    for (size_t i = 0; i < a->requests.len; i++) {
        gather_request *r = &a->requests.at[i];
        if (r->host != host || __builtin_memcmp(r->id, m->id, STUN_ID) != 0) continue;
        if (r->done || !addr_equal(from, &a->servers[r->server])) return true;
        r->done = true;
        if (m->type == STUN_SUCCESS && m->mapped.family == a->locals.at[host].addr.family)
            gather_add(a, host, &m->mapped);
        gather_finish(a);
        return true;
    }
    return false;
}

void gather_tick(ice *a, uint64_t now_ms) {
    if (a->gathered) return;
    for (size_t i = 0; i < a->requests.len; i++) {
        gather_request *r = &a->requests.at[i];
        if (r->done || now_ms < r->next_ms) continue;
        if (r->tries == GATHER_TRIES)
            r->done = true;
        else
            gather_send(a, r, now_ms);
    }
    gather_finish(a);
}

uint64_t gather_wake_at(const ice *a) {
    uint64_t wake_ms = UINT64_MAX;
    for (size_t i = 0; !a->gathered && i < a->requests.len; i++) {
        const gather_request *r = &a->requests.at[i];
        if (!r->done && r->next_ms < wake_ms) wake_ms = r->next_ms;
    }
    return wake_ms;
}
