/* SPDX-License-Identifier: MIT
 * ice.h - a full ICE agent (RFC 8445) for one component, with trickle (RFC 8838) and consent
 * (RFC 7675). It finds a pair of addresses that works in both directions and keeps proving it.
 *
 *     ice.c        the agent: candidates, pairs, which pair is the path, time
 *     ice_check.c  connectivity checks: requests and responses
 *     gather.c     server-reflexive candidates */
#ifndef RTC_ICE_H
#define RTC_ICE_H

#include "base/limits.h"
#include "rtc/candidate.h"
#include "rtc/entropy.h"
#include "rtc/queue.h"
#include "rtc/stun.h"

#define ICE_UFRAG 8 /* characters of ours: 48 random bits */
#define ICE_PWD 24  /* 144 random bits; RFC 8445 section 5.3 asks for 128 */
#define ICE_CREDENTIAL_MAX 256
#define ICE_PACE_MS 20 /* between new checks; RFC 8445 section 14.2 allows 5 and more */

typedef enum pair_state {
    PAIR_WAITING,
    PAIR_CHECKING,
    PAIR_VALID,
    PAIR_FAILED, /* and a request that comes that way makes it wait again */
} pair_state;

typedef struct ice_pair {
    pair_state state;
    uint8_t host, remote; /* indices */
    uint64_t priority;
    bool heard;             /* an authenticated request came that way */
    bool triggered;         /* to be checked before those that only wait */
    bool nominating;        /* we control: its check carries USE-CANDIDATE */
    bool wanted;            /* they control and want it: the path as soon as it is valid */
    bool asked;             /* a request of ours, `id`, is not yet answered */
    bool asked_controlling; /* the role that request claimed */
    uint8_t id[STUN_ID];
    bool resent; /* so its answer tells no round-trip time */
    uint8_t tries;
    uint64_t sent_ms, retry_ms; /* of that request */
    uint64_t answered_ms;       /* the last valid response */
    uint64_t heard_ms;
} ice_pair;

typedef struct gather_request {
    uint8_t host, server;
    uint8_t tries;
    bool done;
    uint8_t id[STUN_ID];
    uint64_t next_ms;
} gather_request;

typedef struct ice {
    const lk_memory *heap;
    queue *out; /* datagrams, and candidates to trickle */
    entropy random;
    bool controlling, loopback;
    bool described; /* our description is out: later candidates are trickled */
    bool gathered;
    size_t relaying; /* relays that have not answered yet */
    uint64_t tie_breaker;
    char ufrag[ICE_UFRAG], pwd[ICE_PWD];
    char remote_ufrag[ICE_CREDENTIAL_MAX], remote_pwd[ICE_CREDENTIAL_MAX];
    size_t remote_ufrag_len, remote_pwd_len; /* 0: not known yet */
    VEC(candidate) locals; /* the first `host_len` are our sockets, relays' among them */
    size_t host_len;
    VEC(candidate) remotes;
    VEC(candidate) hidden; /* of the other side, behind names: each may become some of those */
    VEC(ice_pair) pairs;
    VEC(gather_request) requests;
    lk_addr servers[LIMIT_ICE_SERVERS];
    size_t server_len;
    size_t path;          /* index of the selected pair; SIZE_MAX: none */
    uint64_t pace_ms;     /* no new check before that */
    uint64_t nominate_ms; /* nominate the best valid pair at that time */
    uint64_t consent_ms;  /* the next consent check */
    uint64_t give_up_ms;  /* without any valid pair */
    uint64_t patience_ms; /* from the last thing that could bring a path */
    uint32_t rtt_ms;
    const char *failure; /* a literal, once all is lost */
} ice;

typedef struct ice_options {
    bool controlling, loopback;
    const lk_addr *hosts, *servers;
    size_t host_len, server_len, relaying;
    uint64_t patience_ms; /* 0: ICE_GIVE_UP_MS */
    uint64_t seed;
    uint64_t tie_breaker; /* 0: one of its own */
} ice_options;

/* False when memory is out; ice_drop() is due in either case. */
bool ice_init(ice *a, const ice_options *options, const lk_memory *heap, queue *out,
              uint64_t now_ms);
void ice_drop(ice *a);
/* The other side's credentials; `lite` if it only answers. They are of legal length. */
void ice_set_remote(ice *a, lk_str ufrag, lk_str pwd, bool lite, uint64_t now_ms);
/* A candidate of the other side; what cannot be used or is too much is ignored. One that is hidden
 * is asked for by LK_RTC_RESOLVE. LK_ENOMEM. */
lk_status ice_add_remote(ice *a, const candidate *c, uint64_t now_ms);
/* A name stands for that address, whatever its port. LK_ENOMEM. */
lk_status ice_resolved(ice *a, const uint8_t uuid[HIDDEN_UUID], const lk_addr *addr,
                       uint64_t now_ms);
/* A relay answered: what is sent from `relayed` it sends, and what comes there it passes on. NULL:
 * it will not. Is that a socket of ours from now on? */
bool ice_relay(ice *a, const lk_addr *relayed_or_null, const lk_addr *mapped);
/* Take a STUN message that came from `from` to our socket `to`. */
void ice_feed(ice *a, const lk_addr *to, const lk_addr *from, lk_bytes datagram, uint64_t now_ms);
void ice_tick(ice *a, uint64_t now_ms);
uint64_t ice_wake_at(const ice *a);
/* The pair to send on: the selected one, or the best valid one so far, or NULL. */
const ice_pair *ice_path(const ice *a);
const lk_addr *ice_pair_local(const ice *a, const ice_pair *p);
const lk_addr *ice_pair_remote(const ice *a, const ice_pair *p);
/* Has the other side proved itself on these addresses? */
bool ice_proved(const ice *a, const lk_addr *to, const lk_addr *from);

/* ---- between ice.c, ice_check.c and gather.c ---- */

static inline lk_str ice_ufrag(const ice *a) { return (lk_str){a->ufrag, ICE_UFRAG}; }
static inline lk_str ice_pwd(const ice *a) { return (lk_str){a->pwd, ICE_PWD}; }
static inline lk_str ice_remote_ufrag(const ice *a) {
    return (lk_str){a->remote_ufrag, a->remote_ufrag_len};
}
static inline lk_str ice_remote_pwd(const ice *a) {
    return (lk_str){a->remote_pwd, a->remote_pwd_len};
}
void ice_send(ice *a, const lk_addr *local, const lk_addr *remote, lk_bytes datagram);
/* The index of our socket `to`, or SIZE_MAX. */
size_t ice_find_host(const ice *a, const lk_addr *to);
/* The pair of that socket and address, made if need be (a peer-reflexive candidate of `priority`);
 * NULL when there is no room. */
ice_pair *ice_pair_from(ice *a, size_t host, const lk_addr *from, uint32_t priority);
void ice_set_role(ice *a, bool controlling);
/* The pair became valid, or valid again. */
void ice_validated(ice *a, ice_pair *p, uint64_t now_ms);

void ice_check_start(ice *a, ice_pair *p, uint64_t now_ms);
/* Send the same request again, or give up. */
void ice_check_retry(ice *a, ice_pair *p, uint64_t now_ms);
/* A request for consent, which is never sent again. */
void ice_check_consent(ice *a, ice_pair *p, uint64_t now_ms);
void ice_check_request(ice *a, size_t host, const lk_addr *from, lk_bytes datagram,
                       const stun_message *m, uint64_t now_ms);
void ice_check_response(ice *a, size_t host, const lk_addr *from, lk_bytes datagram,
                        const stun_message *m, uint64_t now_ms);

bool gather_init(ice *a, uint64_t now_ms);
/* Was it an answer to one of its requests? */
bool gather_response(ice *a, size_t host, const lk_addr *from, const stun_message *m,
                     uint64_t now_ms);
/* Hand a late candidate to the other side; and say so when it was the last. */
void gather_trickle(ice *a, const candidate *c);
void gather_finish(ice *a);
void gather_tick(ice *a, uint64_t now_ms);
uint64_t gather_wake_at(const ice *a);

#endif
