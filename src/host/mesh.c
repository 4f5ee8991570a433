/* SPDX-License-Identifier: MIT
 * mesh.c - peers and their sessions.
 *
 *     signalling knows a name ─► peer ─► session ─► open: link 1, 2, 3...
 *
 * A peer is here while signalling knows its name or its session is open: a channel outlives the
 * connection that introduced it, though not by long if nothing comes over it. Signalling gives
 * everyone a new name with each connection, so the other end of an open session may be met again as
 * a stranger; it is recognised by its certificate once the new session is open, and the old one is
 * given up.
 *
 * What is said by way of the server is sealed, certificates first of all: who can open it and be
 * understood has the room's key. Relays have a key made of that, and names that say so. */
#include "host/mesh.h"

#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "host/base64url.h"
#include "host/heap.h"
#include "host/neighbours.h"
#include "host/random.h"
#include "host/seal.h"
#include "host/servers.h"
#include "host/session.h"
#include "host/signal_client.h"
#include "host/socket.h"

/* How often SCTP's timers are looked at: its acknowledgements wait at most 20 ms. */
#define MESH_TICK_MS 10
/* The offer should come at once. If nothing has come by now, ask for it. */
#define MESH_OFFER_MS 10000
/* A session that is not open by now never will be. */
#define MESH_OPEN_MS 30000
/* Who is linked for so long was honest, or is by now: after that the next attempt comes soon. Else
 * who says what no honest peer would, each time, would be linked again at once, each time. */
#define MESH_SETTLED_MS 10000
/* An `again` that comes sooner was about the session before and has been done already. */
#define MESH_AGAIN_MS 1000
/* A restart of ICE that came to nothing by now is begun again. */
#define MESH_RESTART_MS 5000
/* Who is not reached by now is apart. */
#define MESH_APART_MS 10000
/* That somebody was refused is told this often at most: a server may invent many. */
#define MESH_COMPLAIN_MS 5000
/* How often the addresses of this host are looked at. */
#define MESH_LOOK_MS 1000
/* Those in the room, and as many whose channels outlived their names. */
#define MESH_PEERS (2 * LIMIT_SIGNAL_MEMBERS)
#define MESH_FINGERPRINT_BYTES 128
#define MESH_SESSION_BYTES 64

typedef struct peer {
    mesh *mesh;
    char name[SIGNAL_PEER_LEN + 1];
    bool known;     /* to signalling */
    bool relay;     /* it has the relays' key only */
    bool offers;    /* we make the offers */
    bool refused;   /* something that came in its name could not be opened */
    neighbour ring; /* whether it is wanted */
    seal seal;
    session *session;
    char session_name[MESH_SESSION_BYTES + 1];
    char fingerprint[MESH_FINGERPRINT_BYTES]; /* of the other side, from its description */
    uint32_t link;                            /* 0: not open */
    uint32_t failures;
    uint64_t begun_ms, retry_ms; /* UINT64_MAX: not waiting */
    uint64_t apart_ms;           /* without a link since then */
    bool moved;                  /* our addresses are others now */
    int64_t restarts;            /* of ICE, in this session, that the offering side has begun */
    uint64_t restart_ms;         /* no other one before that */
} peer;

struct mesh {
    mesh_options options;
    mesh_events events;
    signal_client *client;
    lk_rtc_identity *identity;
    loop_handle *tick;
    char self[SIGNAL_PEER_LEN + 1];
    uint8_t relay_key[SEAL_KEY];
    neighbour ring; /* our places */
    bool choose;    /* what is wanted may be different now */
    bool sparse;
    VEC(peer *) peers;
    servers *servers;
    uint32_t last_link;
    uint64_t look_ms;     /* at our addresses, at that time */
    uint64_t complain_ms; /* of what was refused, not before */
};

static void mesh_retry_in(peer *p, uint64_t ms) { p->retry_ms = loop_now_ms() + ms; }

/* ---- peers ---- */

static peer *mesh_find(mesh *m, lk_str name) {
    for (size_t i = 0; i < m->peers.len; i++)
        if (m->peers.at[i]->known && memcmp(m->peers.at[i]->name, name.at, SIGNAL_PEER_LEN) == 0)
            return m->peers.at[i];
    return NULL;
}

/* End the session, if there is one. */
static void mesh_drop(peer *p) {
    mesh *m = p->mesh;
    session *s = p->session;
    uint32_t link = p->link;
    if (link != 0) p->apart_ms = loop_now_ms();
    if (link != 0 && loop_now_ms() - p->begun_ms > MESH_SETTLED_MS) p->failures = 0;
    p->session = NULL, p->link = 0, p->session_name[0] = 0;
    if (s != NULL) session_free(s);
    if (link != 0) m->events.closed(m->events.context, link);
}

/* Free those that nobody knows and nothing connects. Not from within anything a peer called. */
static void mesh_sweep(mesh *m) {
    size_t kept = 0;
    for (size_t i = 0; i < m->peers.len; i++) {
        peer *p = m->peers.at[i];
        if (p->known || p->link != 0)
            m->peers.at[kept++] = p;
        else {
            mesh_drop(p);
            heap_free(peer, p);
        }
    }
    m->peers.len = kept;
}

/* {"n":NUMBER,"box":WORD, sealed} */
static void mesh_say(peer *p, const lk_buf *word) {
    if (!p->known) return;
    lk_buf sealed = HEAP_BUF, data = HEAP_BUF;
    uint64_t number = seal_close(&p->seal, (lk_bytes){word->at, word->len}, &sealed);
    heap_print(&data, "{\"n\":%" PRIu64 ",\"box\":\"", number);
    base64url_write(&data, (lk_bytes){sealed.at, sealed.len});
    heap_print(&data, "\"}");
    signal_client_say(p->mesh->client, (lk_str){p->name, SIGNAL_PEER_LEN}, &data);
    lk_buf_free(&sealed);
    lk_buf_free(&data);
}

/* {"kind":K}, with "session":S unless it is `again`, "NAME":VALUE unless it is NULL, "mid":"0" for
 * candidates, and "restart":N for descriptions of a restart. */
static void mesh_say_word(peer *p, const char *kind, const char *name, lk_str value) {
    lk_buf word = HEAP_BUF;
    heap_print(&word, "{\"kind\":\"%s\"", kind);
    if (strcmp(kind, "again") != 0)
        signal_write_str(&word, "session", (lk_str){p->session_name, strlen(p->session_name)});
    if (name != NULL) {
        signal_write_str(&word, name, value);
        if (strcmp(name, "candidate") == 0) heap_print(&word, ",\"mid\":\"0\"");
        if (strcmp(name, "sdp") == 0 && p->restarts > 0)
            heap_print(&word, ",\"restart\":%" PRId64, p->restarts);
    }
    heap_print(&word, "}");
    mesh_say(p, &word);
    lk_buf_free(&word);
}

/* ---- what a session tells ---- */

static void mesh_note(const peer *p, const char *what) {
    lk_buf note = HEAP_BUF;
    heap_print(&note, "peer %.6s: %s", p->name, what);
    p->mesh->events.note(p->mesh->events.context, heap_str(&note));
    lk_buf_free(&note);
}

static void mesh_candidate(void *context, lk_str line) {
    mesh_say_word(context, "candidate", "candidate", line);
}

static void mesh_failed(peer *p) {
    mesh_drop(p);
    p->ring.unreached = p->mesh->choose = true;
    if (p->known) mesh_retry_in(p, signal_client_backoff_ms(p->failures++));
}

static void mesh_session_closed(void *context, const char *why) {
    peer *p = context;
    mesh_note(p, why);
    mesh_failed(p);
}

/* It left, as signalling tells, and now there is nobody at its address either. */
static bool mesh_is_gone(const peer *p, uint64_t now_ms) {
    return !p->known && p->link != 0 && session_deserted(p->session, now_ms);
}

/* Of too many channels let go those that nobody has to keep, the oldest first. */
static void mesh_prune(mesh *m) {
    peer *oldest;
    do {
        size_t open = 0;
        oldest = NULL;
        for (size_t i = 0; i < m->peers.len; i++) {
            peer *p = m->peers.at[i];
            open += p->link != 0;
            bool kept = p->link == 0 || (p->known && p->ring.wanted);
            if (!kept && (oldest == NULL || p->begun_ms < oldest->begun_ms)) oldest = p;
        }
        if (open <= NEIGHBOUR_LINKS) return;
        if (oldest != NULL) mesh_drop(oldest);
    } while (oldest != NULL);
}

static void mesh_opened(void *context) {
    peer *p = context;
    mesh *m = p->mesh;
    lk_buf how = HEAP_BUF;
    heap_print(&how, "connected, ");
    session_path(p->session, &how);
    mesh_note(p, heap_str(&how));
    lk_buf_free(&how);
    p->retry_ms = UINT64_MAX;
    p->ring.unreached = false, m->choose = true;
    p->link = ++m->last_link;
    m->events.opened(m->events.context, p->link, p->relay);
    for (size_t i = 0; i < m->peers.len; i++) {
        peer *other = m->peers.at[i];
        if (other != p && other->link != 0 && p->fingerprint[0] != 0 &&
            strcmp(other->fingerprint, p->fingerprint) == 0)
            mesh_drop(other);
    }
    mesh_prune(m);
}

static void mesh_message(void *context, lk_bytes message) {
    peer *p = context;
    if (p->link != 0) p->mesh->events.message(p->mesh->events.context, p->link, message);
}

static void mesh_drained(void *context) {
    const peer *p = context;
    const mesh_events *events = &p->mesh->events;
    if (p->link != 0 && events->drained != NULL) events->drained(events->context, p->link);
}

/* ---- sessions ---- */

static session_options mesh_session_options(const peer *p, lk_rtc_turn turn[LIMIT_ICE_SERVERS],
                                            const char *tls_names[LIMIT_ICE_SERVERS]) {
    const mesh *m = p->mesh;
    return (session_options){.offerer = p->offers,
                             .loopback = m->options.loopback,
                             .identity = m->identity,
                             .stun = m->servers->stun,
                             .stun_len = m->servers->stun_len,
                             .turn = turn,
                             .tls_names = tls_names,
                             .turn_len = servers_turn(m->servers, turn, tls_names)};
}

static void mesh_attempt(peer *p, lk_str name) {
    mesh *m = p->mesh;
    mesh_drop(p);
    size_t len = name.len < MESH_SESSION_BYTES ? name.len : MESH_SESSION_BYTES;
    memcpy(p->session_name, name.at, len);
    p->session_name[len] = 0;
    p->fingerprint[0] = 0;
    p->begun_ms = loop_now_ms();
    p->restarts = 0, p->restart_ms = 0, p->moved = false;
    mesh_retry_in(p, MESH_OPEN_MS);
    lk_rtc_turn turn[LIMIT_ICE_SERVERS];
    const char *tls_names[LIMIT_ICE_SERVERS];
    session_options options = mesh_session_options(p, turn, tls_names);
    session_events events = {
        p, mesh_candidate, mesh_opened, mesh_message, mesh_session_closed, mesh_drained};
    p->session = session_new(m->options.loop, &options, &events);
}

static void mesh_describe(peer *p, const char *kind) {
    lk_buf sdp = HEAP_BUF;
    if (session_describe(p->session, &sdp) == LK_OK)
        mesh_say_word(p, kind, "sdp", (lk_str){(const char *)sdp.at, sdp.len});
    lk_buf_free(&sdp);
}

static void mesh_offer(peer *p) {
    char name[RANDOM_NAME_LEN + 1];
    random_name(name);
    mesh_attempt(p, (lk_str){name, RANDOM_NAME_LEN});
    mesh_describe(p, "offer");
}

/* Remember the fingerprint in a description: "a=fingerprint:sha-256 AB:CD...". */
static void mesh_recognise(peer *p, lk_str sdp) {
    static const char start[] = "a=fingerprint:";
    const char *at = memmem(sdp.at, sdp.len, start, sizeof start - 1);
    if (at == NULL) return;
    size_t len = 0, left = sdp.len - (size_t)(at - sdp.at);
    while (len < left && len + 1 < sizeof p->fingerprint && at[len] != '\r' && at[len] != '\n') {
        p->fingerprint[len] = at[len];
        len++;
    }
    p->fingerprint[len] = 0;
}

/* What becomes of the peer when a description does not suit. */
static void mesh_remote(peer *p, lk_str sdp, bool answer) {
    mesh_recognise(p, sdp);
    session *s = p->session;
    lk_status status = session_remote(s, sdp);
    if (status == LK_ESTATE) return; /* it says nothing new */
    if (status != LK_OK)
        mesh_failed(p);
    else if (answer && p->session == s)
        mesh_describe(p, "answer");
}

/* ---- restarts of ICE ---- */

static void mesh_renew(peer *p) {
    mesh_note(p, "looking for a path anew");
    lk_rtc_turn turn[LIMIT_ICE_SERVERS];
    const char *tls_names[LIMIT_ICE_SERVERS];
    session_options options = mesh_session_options(p, turn, tls_names);
    session_renew(p->session, &options);
    p->moved = false;
    p->restart_ms = loop_now_ms() + MESH_RESTART_MS;
}

/* The same side offers as ever, so that offers do not cross; the other one asks it to. */
static void mesh_restart(peer *p) {
    if (!p->offers) {
        p->restart_ms = loop_now_ms() + MESH_RESTART_MS;
        mesh_say_word(p, "restart", NULL, (lk_str){0});
        return;
    }
    mesh_renew(p);
    if (session_restart(p->session) != LK_OK) return;
    p->restarts++;
    mesh_describe(p, "offer");
}

/* They offer it, and we take part. */
static void mesh_restarted(peer *p, const signal_word *word) {
    if (word->restart <= p->restarts) return;
    mesh_renew(p);
    p->restarts = word->restart;
    mesh_remote(p, word->sdp, true);
}

/* Which sessions have lost their addresses, or could have better ones? */
static void mesh_look(mesh *m, uint64_t now_ms) {
    lk_addr found[4 * LIMIT_ICE_LOCALS];
    if (now_ms < m->look_ms) return;
    m->look_ms = now_ms + MESH_LOOK_MS;
    size_t len = socket_interfaces(m->options.loopback, found, countof(found));
    for (size_t i = 0; i < m->peers.len; i++) {
        peer *p = m->peers.at[i];
        p->moved = p->link != 0 && session_moved(p->session, found, len);
    }
}

static void mesh_mend(peer *p, uint64_t now_ms) {
    if (p->link == 0 || !p->known || now_ms < p->restart_ms) return;
    if (p->moved || session_failing(p->session, now_ms)) mesh_restart(p);
}

static void mesh_retry(peer *p, uint64_t now_ms) {
    if (now_ms < p->retry_ms || p->link != 0) return;
    p->retry_ms = UINT64_MAX;
    if (!p->known) return;
    if (!p->ring.wanted) {
        mesh_drop(p);
    } else if (p->offers) {
        mesh_offer(p);
    } else {
        mesh_drop(p);
        mesh_say_word(p, "again", NULL, (lk_str){0});
        mesh_retry_in(p, MESH_OFFER_MS);
    }
}

/* ---- what signalling tells ---- */

static void mesh_left(void *context, lk_str name) {
    mesh *m = context;
    peer *p = mesh_find(m, name);
    if (p == NULL) return;
    p->known = false;
    p->retry_ms = UINT64_MAX;
    m->choose = true;
    mesh_sweep(m);
}

/* Relays know their own key only, so it is that which places everyone. */
static neighbour mesh_place(const mesh *m, lk_str name) {
    return neighbour_place(m->relay_key, m->options.room, name);
}

static void mesh_welcome(void *context, lk_str self, const signal_message *message) {
    mesh *m = context;
    memcpy(m->self, self.at, SIGNAL_PEER_LEN);
    m->ring = mesh_place(m, self);
    m->choose = true;
    for (size_t i = 0; i < m->peers.len; i++) m->peers.at[i]->known = false;
    mesh_sweep(m);
    servers_take(m->servers, message);
    lk_str name;
    size_t others = 0;
    while (signal_message_peer(message, others, &name)) others++;
    m->events.note(m->events.context, "in the room");
    m->events.welcome(m->events.context, others);
}

static void mesh_joined(void *context, lk_str name) {
    mesh *m = context;
    mesh_left(m, name);
    /* The server keeps rooms smaller than this; another server may not. */
    if (m->peers.len >= MESH_PEERS) return;
    bool relay = memcmp(name.at, SIGNAL_RELAY, sizeof SIGNAL_RELAY - 1) == 0;
    if (relay && m->options.relay) return; /* neither would ask the other for anything */
    peer *p = heap_new(peer);
    p->mesh = m, p->known = true, p->relay = relay, p->retry_ms = UINT64_MAX;
    p->apart_ms = loop_now_ms();
    memcpy(p->name, name.at, SIGNAL_PEER_LEN);
    p->offers = memcmp(m->self, p->name, SIGNAL_PEER_LEN) < 0;
    seal_begin(&p->seal, m->options.room, relay ? m->relay_key : m->options.key.at,
               (lk_str){m->self, SIGNAL_PEER_LEN}, (lk_str){p->name, SIGNAL_PEER_LEN});
    p->ring = mesh_place(m, name);
    m->choose = true;
    *vec_push(&heap_memory, &m->peers) = p;
}

/* Begin with those who are wanted now and were not before. */
static void mesh_choose(mesh *m) {
    if (!m->choose) return;
    m->choose = false;
    VEC(neighbour *) others = {0};
    for (size_t i = 0; i < m->peers.len; i++)
        if (m->peers.at[i]->known) *vec_push(&heap_memory, &others) = &m->peers.at[i]->ring;
    neighbours_choose(&m->ring, others.at, others.len);
    bool sparse = others.len > NEIGHBOUR_ALL;
    vec_drop(&heap_memory, &others);
    if (sparse != m->sparse && m->events.sparse != NULL)
        m->events.sparse(m->events.context, sparse);
    m->sparse = sparse;
    for (size_t i = 0; i < m->peers.len; i++) {
        peer *p = m->peers.at[i];
        if (!p->known || !p->ring.wanted || p->session != NULL || p->retry_ms != UINT64_MAX)
            continue;
        p->apart_ms = loop_now_ms();
        if (p->offers)
            mesh_offer(p);
        else
            mesh_retry_in(p, MESH_OFFER_MS);
    }
}

/* Others may see the room otherwise and ask for a channel that we did not think of; up to a bound.
 */
static bool mesh_admits(const peer *p) {
    size_t sessions = 0;
    for (size_t i = 0; i < p->mesh->peers.len; i++)
        sessions += p->mesh->peers.at[i]->session != NULL;
    return p->ring.wanted || p->session != NULL || sessions < 2 * NEIGHBOUR_LINKS;
}

static void mesh_hear(peer *p, const signal_word *word) {
    bool begins = str_is(word->kind, "again") || str_is(word->kind, "offer");
    if (begins && !mesh_admits(p)) return;
    if (str_is(word->kind, "again")) {
        bool done = p->session != NULL && loop_now_ms() - p->begun_ms < MESH_AGAIN_MS;
        if (p->offers && !done) mesh_offer(p);
    } else if (str_is(word->kind, "offer")) {
        if (p->offers || word->session.len == 0 || word->session.len > MESH_SESSION_BYTES) return;
        if (p->link != 0 && str_is(word->session, p->session_name)) {
            mesh_restarted(p, word);
            return;
        }
        mesh_attempt(p, word->session);
        mesh_remote(p, word->sdp, true);
    } else if (p->session == NULL || !str_is(word->session, p->session_name)) {
        return;
    } else if (str_is(word->kind, "answer") && p->offers && word->restart == p->restarts) {
        mesh_remote(p, word->sdp, false);
    } else if (str_is(word->kind, "restart") && p->offers && p->link != 0) {
        bool done = loop_now_ms() + MESH_RESTART_MS < p->restart_ms + MESH_AGAIN_MS;
        if (!done) mesh_restart(p);
    } else if (str_is(word->kind, "candidate")) {
        session_remote_candidate(p->session, word->candidate);
    }
}

/* Say so once, here and there: the other side cannot open our answer either. */
static void mesh_refuse(peer *p) {
    if (p->refused) return;
    p->refused = true;
    p->ring.unreached = p->mesh->choose = true;
    if (loop_now_ms() >= p->mesh->complain_ms) {
        p->mesh->complain_ms = loop_now_ms() + MESH_COMPLAIN_MS;
        mesh_note(p, "refused, it has another key than ours. Compare the links: if they are the "
                     "same, the server is not to be trusted");
    }
    mesh_say_word(p, "again", NULL, (lk_str){0});
}

static void mesh_signal(void *context, lk_str from, const signal_message *message) {
    peer *p = mesh_find(context, from);
    if (p == NULL) return;
    lk_buf sealed = HEAP_BUF, text = HEAP_BUF;
    signal_word word = {0};
    if (message->number > 0 && base64url_read(&sealed, message->box) &&
        seal_open(&p->seal, (uint64_t)message->number, (lk_bytes){sealed.at, sealed.len}, &text) &&
        signal_word_read((lk_bytes){text.at, text.len}, &word))
        mesh_hear(p, &word);
    else
        mesh_refuse(p);
    signal_word_drop(&word);
    lk_buf_free(&sealed);
    lk_buf_free(&text);
}

static void mesh_lost(void *context, const char *why) {
    mesh *m = context;
    m->events.note(m->events.context, why);
}

/* ---- time, and the public calls ---- */

static void mesh_tick(void *context) {
    mesh *m = context;
    uint64_t now_ms = loop_now_ms();
    lk_rtc_global_tick(now_ms);
    mesh_look(m, now_ms);
    mesh_choose(m);
    /* Peers may come while we walk, but only mesh_sweep() takes them away. */
    for (size_t i = 0; i < m->peers.len; i++) {
        peer *p = m->peers.at[i];
        if (p->session != NULL) session_tick(p->session, now_ms);
        if (mesh_is_gone(p, now_ms)) mesh_session_closed(p, "gone");
        mesh_mend(p, now_ms);
        mesh_retry(p, now_ms);
    }
    mesh_sweep(m);
    loop_timer_start(m->tick, MESH_TICK_MS);
}

void mesh_relay_key(const uint8_t *key, lk_str room, uint8_t *out) {
    seal_derive(key, "lorikeet relay 1", room, out);
}

mesh *mesh_new(const mesh_options *options, const mesh_events *events) {
    mesh *m = heap_new(mesh);
    m->options = *options, m->events = *events;
    if (options->relay)
        memcpy(m->relay_key, options->key.at, SEAL_KEY);
    else
        mesh_relay_key(options->key.at, options->room, m->relay_key);
    m->identity = lk_rtc_identity_new(&heap_memory);
    LK_ASSERT(m->identity != NULL);
    m->servers = servers_new(options->loop, NULL, NULL);
    for (size_t i = 0; i < options->stun_len; i++) servers_add_stun(m->servers, &options->stun[i]);
    m->tick = loop_timer(options->loop, mesh_tick, m);
    loop_timer_start(m->tick, MESH_TICK_MS);
    signal_client_options client = {.loop = options->loop,
                                    .web = options->web,
                                    .server = options->server,
                                    .room = options->room,
                                    .relay = options->relay};
    m->client =
        signal_client_new(&client, &(signal_client_events){m, mesh_welcome, mesh_joined, mesh_left,
                                                           mesh_signal, mesh_lost});
    return m;
}

void mesh_free(mesh *m) {
    signal_client_free(m->client);
    loop_close(m->tick);
    for (size_t i = 0; i < m->peers.len; i++) {
        mesh_drop(m->peers.at[i]);
        heap_free(peer, m->peers.at[i]);
    }
    vec_drop(&heap_memory, &m->peers);
    servers_free(m->servers);
    lk_rtc_identity_free(m->identity);
    heap_free(mesh, m);
}

static peer *mesh_by_link(const mesh *m, uint32_t link) {
    for (size_t i = 0; i < m->peers.len; i++)
        if (m->peers.at[i]->link == link) return m->peers.at[i];
    return NULL;
}

void mesh_send(mesh *m, uint32_t link, lk_bytes message) {
    peer *p = link == 0 ? NULL : mesh_by_link(m, link);
    if (p != NULL) session_send(p->session, message);
}

size_t mesh_queued(const mesh *m, uint32_t link) {
    const peer *p = link == 0 ? NULL : mesh_by_link(m, link);
    return p == NULL ? 0 : session_queued(p->session);
}

bool mesh_holds(const mesh *m, uint32_t link) {
    const peer *p = link == 0 ? NULL : mesh_by_link(m, link);
    return p != NULL && session_holds(p->session);
}

bool mesh_apart(const mesh *m) {
    uint64_t now_ms = loop_now_ms();
    for (size_t i = 0; i < m->peers.len; i++) {
        const peer *p = m->peers.at[i];
        bool apart = p->known && p->ring.wanted && p->link == 0 && !p->refused;
        if (apart && now_ms - p->apart_ms >= MESH_APART_MS) return true;
    }
    return false;
}

void mesh_hang_up(mesh *m, uint32_t link) {
    peer *p = link == 0 ? NULL : mesh_by_link(m, link);
    if (p != NULL) mesh_failed(p);
}
