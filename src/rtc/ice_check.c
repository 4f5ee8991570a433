/* SPDX-License-Identifier: MIT
 * ice_check.c - connectivity checks (RFC 8445 section 7).
 *
 *     we ask                                    they ask
 *     start ─► request ─► response              request ─► success response
 *                ▲  │ none: RTO doubles           │ no pair yet: peer-reflexive
 *                └──┘ 7 times, then failed        └► triggered check of the same pair
 *
 * Nothing unauthenticated is answered, and nothing is learned from it. */
#include "rtc/addr.h"
#include "rtc/ice.h"

#define ICE_CHECK_TRIES 7
/* RFC 8445 section 14.3 asks for 500 ms and more, for networks with many flows; one data channel
 * needs one path, found soon. Doubles up to the maximum. */
#define ICE_CHECK_RTO_MS 100
#define ICE_CHECK_RTO_MAX_MS 1600

/* ---- asking ---- */

static void ice_check_send(ice *a, ice_pair *p) {
    stun_writer w;
    stun_begin(&w, STUN_REQUEST, p->id);
    stun_username(&w, ice_remote_ufrag(a), ice_ufrag(a));
    /* what the other side would call us if it saw us for the first time */
    stun_priority(&w, candidate_priority(CANDIDATE_PRFLX, p->host));
    stun_role(&w, a->controlling, a->tie_breaker);
    /* said again with each check for consent, as libwebrtc does: once may not have been heard */
    bool path = a->path == (size_t)(p - a->pairs.at);
    if (p->nominating || (path && a->controlling)) stun_use_candidate(&w);
    p->asked_controlling = a->controlling;
    ice_send(a, ice_pair_local(a, p), ice_pair_remote(a, p), stun_seal(&w, ice_remote_pwd(a)));
}

static void ice_check_ask(ice *a, ice_pair *p, uint64_t now_ms) {
    entropy_bytes(&a->random, p->id, STUN_ID);
    p->asked = true;
    p->resent = false;
    p->tries = 1;
    p->sent_ms = now_ms;
    ice_check_send(a, p);
}

void ice_check_start(ice *a, ice_pair *p, uint64_t now_ms) {
    if (p->state != PAIR_VALID) p->state = PAIR_CHECKING;
    p->triggered = false;
    ice_check_ask(a, p, now_ms);
    p->retry_ms = now_ms + ICE_CHECK_RTO_MS;
}

void ice_check_consent(ice *a, ice_pair *p, uint64_t now_ms) {
    ice_check_ask(a, p, now_ms);
    p->retry_ms = UINT64_MAX;
}

void ice_check_retry(ice *a, ice_pair *p, uint64_t now_ms) {
    if (p->tries == ICE_CHECK_TRIES) {
        p->asked = p->nominating = false;
        p->state = PAIR_FAILED;
        return;
    }
    uint64_t rto_ms = (uint64_t)ICE_CHECK_RTO_MS << p->tries;
    p->tries++;
    p->resent = true;
    p->sent_ms = now_ms;
    p->retry_ms = now_ms + (rto_ms < ICE_CHECK_RTO_MAX_MS ? rto_ms : ICE_CHECK_RTO_MAX_MS);
    ice_check_send(a, p);
}

/* ---- being asked ---- */

/* USERNAME is "ours:theirs" (RFC 8445 section 7.2.2). */
static bool ice_check_username(const ice *a, lk_str name) {
    lk_str ours = ice_ufrag(a), theirs = ice_remote_ufrag(a);
    if (name.len <= ours.len || name.at[ours.len] != ':') return false;
    if (__builtin_memcmp(name.at, ours.at, ours.len) != 0) return false;
    lk_str rest = {name.at + ours.len + 1, name.len - ours.len - 1};
    if (theirs.len == 0) return true; /* their description is on its way */
    return rest.len == theirs.len && __builtin_memcmp(rest.at, theirs.at, rest.len) == 0;
}

static void ice_check_refuse(ice *a, size_t host, const lk_addr *from, const stun_message *m,
                             uint16_t code) {
    stun_writer w;
    stun_begin(&w, STUN_ERROR, m->id);
    if (code == 487)
        stun_error(&w, code, (lk_str){"Role Conflict", 13});
    else {
        stun_error(&w, code, (lk_str){"Unknown Attribute", 17});
        stun_unknown(&w, m->unknown);
    }
    ice_send(a, &a->locals.at[host].addr, from, stun_seal(&w, ice_pwd(a)));
}

/* RFC 8445 section 7.3.1.1: whoever has the larger tie-breaker controls. False: the other side must
 * change its role, and the request is refused. */
static bool ice_check_role(ice *a, const stun_message *m) {
    bool same = a->controlling ? m->controlling : m->controlled;
    if (!same) return true;
    bool larger = a->tie_breaker >= m->tie_breaker;
    if (larger == a->controlling) return false;
    ice_set_role(a, !a->controlling);
    return true;
}

static void ice_check_succeed(ice *a, size_t host, const lk_addr *from, const stun_message *m) {
    stun_writer w;
    stun_begin(&w, STUN_SUCCESS, m->id);
    stun_mapped(&w, from);
    ice_send(a, &a->locals.at[host].addr, from, stun_seal(&w, ice_pwd(a)));
}

/* Check the pair in the other direction too, at once unless we did a moment ago. A check that is
 * under way is sent again, not replaced: its answer may be on the way. */
static void ice_check_trigger(ice *a, ice_pair *p, uint64_t now_ms) {
    if (p->state == PAIR_VALID) return;
    if (a->remote_pwd_len == 0) {
        p->state = PAIR_WAITING;
        p->triggered = true;
    } else if (!p->asked)
        ice_check_start(a, p, now_ms);
    else if (now_ms >= p->sent_ms + ICE_PACE_MS) {
        p->resent = true;
        p->sent_ms = now_ms;
        ice_check_send(a, p);
    }
}

void ice_check_request(ice *a, size_t host, const lk_addr *from, lk_bytes datagram,
                       const stun_message *m, uint64_t now_ms) {
    if (!ice_check_username(a, m->username) || !stun_verify(datagram, m, ice_pwd(a))) return;
    if (m->unknown != 0) {
        ice_check_refuse(a, host, from, m, 420);
        return;
    }
    if (!ice_check_role(a, m)) {
        ice_check_refuse(a, host, from, m, 487);
        return;
    }
    ice_pair *p = ice_pair_from(a, host, from, m->priority);
    if (p == NULL) return;
    ice_check_succeed(a, host, from, m);
    p->heard = true;
    p->heard_ms = now_ms;
    if (m->use_candidate && !a->controlling) {
        p->wanted = true;
        if (p->state == PAIR_VALID) ice_validated(a, p, now_ms);
    }
    ice_check_trigger(a, p, now_ms);
}

/* ---- being answered ---- */

static ice_pair *ice_check_find(ice *a, const uint8_t *id) {
    for (size_t i = 0; i < a->pairs.len; i++) {
        ice_pair *p = &a->pairs.at[i];
        if (p->asked && __builtin_memcmp(p->id, id, STUN_ID) == 0) return p;
    }
    return NULL;
}

void ice_check_response(ice *a, size_t host, const lk_addr *from, lk_bytes datagram,
                        const stun_message *m, uint64_t now_ms) {
    ice_pair *p = ice_check_find(a, m->id);
    if (p == NULL || !stun_verify(datagram, m, ice_remote_pwd(a))) return;
    if (m->type == STUN_ERROR) {
        if (m->error != 487) return; /* asked again, it may answer better */
        if (p->asked_controlling == a->controlling) ice_set_role(a, !a->controlling);
        p->nominating = false;
        ice_check_start(a, p, now_ms);
        return;
    }
    p->asked = false;
    /* RFC 8445 section 7.2.5.2.1: a path must be the same both ways */
    if (p->host != host || !addr_equal(from, ice_pair_remote(a, p))) {
        p->state = PAIR_FAILED;
        p->nominating = false;
        return;
    }
    if (!p->resent) a->rtt_ms = (uint32_t)(now_ms - p->sent_ms);
    p->answered_ms = now_ms;
    ice_validated(a, p, now_ms);
}
