/* SPDX-License-Identifier: MIT
 * machines.h - machines on a virtual network, in virtual time: what src/host has of the system
 * (loop.h, socket.h, stream.h, web.h) is played here, so that meshes and all below them are the
 * real ones, and so is what the server makes of their words.
 *
 *     mesh ─┬─ session ─ lk_rtc ─► socket_batch_add ─► network ─► socket_receive ─► session ...
 *           └─ signal_client ────► web_send ─► web_conn.up ─► signal_hub ─► .down ─► ...
 *
 * The linker takes what it finds here before it looks into the library. Datagrams are treated as
 * network.h says. Connections to the server lose nothing, as TCP does not: what is on them waits
 * while there is no way, and after 30 s without one the server lets go.
 *
 * Programs on machines may keep files. Those are real, but nothing waits for a disk: what is
 * written does not have to outlive the system. What a program gives to another thread is done when
 * its time has come, or not at all.
 *
 * All that is random comes from one seed, what OpenSSL and usrsctp ask for as well, so the same
 * seed takes the same course: `course` is a hash of who sent how much to whom when.
 *
 * There is one network in a program. */
#ifndef TEST_MACHINES_H
#define TEST_MACHINES_H

#include "network.h"
#include "room_world.h"

#include <unistd.h>

#include "host/loop.h"
#include "host/signal.h"
#include "host/socket.h"
#include "host/stream.h"
#include "host/web.h"

#define OPENSSL_API_COMPAT 0x10100000L /* before providers, which take more words */
#include <openssl/rand.h>

#define MACHINE_ADDRS 2
#define MACHINE_SOCKETS 16384
#define MACHINE_PORT 40000
#define MACHINE_FD (1 << 20) /* of the first socket: none of the system's */
#define MACHINE_SERVER_PATIENCE_MS 30000
#define MACHINE_UNIX_MS 1767225600000 /* when the clock stood at 0 */
#define MACHINE_WORK_MS 100           /* what another thread does takes less */

struct loop_handle { /* a timer, or what reads a socket */
    loop *machine;
    loop_fn *fn;
    void *context;
    uint64_t due_ms; /* UINT64_MAX: not running */
    int fd;          /* 0: a timer */
};

typedef struct machine_work { /* for another thread */
    loop *machine;
    loop_fn *work, *done;
    void *context;
    loop_handle *timer;
} machine_work;

struct loop { /* a machine */
    uint8_t number;
    uint16_t moves;
    lk_addr addrs[MACHINE_ADDRS];
    size_t addr_len;
    uint64_t dark_ms;   /* nothing comes or goes before */
    uint64_t mute_ms;   /* the server is not reached before */
    uint64_t asleep_ms; /* no timer runs before; it is dark then, too */
    bool dying;         /* nothing leaves it while its program ends */
    bool lost;          /* not even the end of a connection */
    VEC(loop_handle *) timers;
    VEC(machine_work *) work; /* in the order in which it was given */
};

typedef struct machine_socket {
    loop *machine; /* NULL: none */
    lk_addr addr;
    loop_handle *readable;
    lk_addr refused; /* family 0: none */
} machine_socket;

enum { WIRE_TEXT, WIRE_OPEN, WIRE_END }; /* a world_message's token */

struct web_conn {
    loop *client;
    web_events events;
    void *user;
    world_queue up, down;
    bool opened, closing; /* by the client */
    bool told;            /* that it is closed: over for the client */
    signal_member *member;
    bool ending, over; /* for the server */
    uint64_t heard_ms;
};

struct web {
    VEC(web_conn *) conns;
    signal_hub *hub;     /* NULL: down */
    uint64_t up_ms;      /* until then */
    uint64_t watch_ms;   /* connections are looked at then */
    uint32_t words_lost; /* percent of what members say to one another */
    uint32_t thrown_out; /* members who were said to say too much */
};

static struct {
    network net;
    rng random, secrets;
    uint64_t sides, parted_ms; /* machines of other bits do not meet before */
    bool one_way;              /* but those of one side are heard by the other */
    uint64_t began_ms, course;
    loop *here; /* whose program runs; NULL: the server's */
    web web;
    machine_socket sockets[MACHINE_SOCKETS];
    uint32_t next_socket;
    packet arriving; /* len 0: none */
    loop *machines[256];
} lan;

/* ---- what is random ---- */

static inline void machine_secret(void *into, size_t len) {
    for (size_t i = 0; i < len; i++) ((uint8_t *)into)[i] = (uint8_t)rng_u64(&lan.secrets);
}

static inline int machine_openssl(unsigned char *into, int len) {
    machine_secret(into, (size_t)len);
    return 1;
}

static inline int machine_openssl_is_ready(void) { return 1; }

/* usrsctp calls the program's, if it has one. */
int read_random(void *into, size_t len);
int read_random(void *into, size_t len) {
    machine_secret(into, len);
    return (int)len;
}

static inline void machine_note(uint64_t value) {
    lan.course = (lan.course ^ value) * 0x9e3779b97f4a7c15u;
    lan.course ^= lan.course >> 29;
}

static inline void machine_note_sent(const lk_addr *from, const lk_addr *to, size_t len) {
    if (getenv("SIM_TRACE"))
        fprintf(stderr, "T %llu %u.%u.%u:%u %u.%u.%u:%u %zu\n",
                (unsigned long long)(clock_ms - lan.began_ms), from->ip[1], from->ip[2],
                from->ip[3], from->port, to->ip[1], to->ip[2], to->ip[3], to->port, len);
    uint32_t ips[2];
    memcpy(&ips[0], from->ip, 4);
    memcpy(&ips[1], to->ip, 4);
    machine_note(clock_ms - lan.began_ms);
    machine_note((uint64_t)ips[0] << 32 | ips[1]);
    machine_note((uint64_t)from->port << 48 | (uint64_t)to->port << 32 | len);
}

/* ---- machines ---- */

static inline void machine_move(loop *m, size_t which) {
    m->moves++;
    uint8_t high = (uint8_t)(m->moves >> 8), low = (uint8_t)m->moves;
    m->addrs[which] = (lk_addr){.family = 4, .ip = {10, m->number, high, low}};
}

static inline void machine_begin(loop *m, uint8_t number) {
    *m = (loop){.number = number, .addr_len = 1};
    machine_move(m, 0);
    lan.machines[number] = m;
}

static inline uint64_t machine_max(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Does a datagram pass from one to another? */
static inline bool machine_reaches(const loop *a, const loop *b) {
    uint64_t from = lan.sides >> a->number & 1, to = lan.sides >> b->number & 1;
    bool apart = lan.one_way ? from < to : from != to;
    return machine_max(a->dark_ms, b->dark_ms) <= clock_ms && !(apart && clock_ms < lan.parted_ms);
}

static inline bool machine_has(const loop *m, const lk_addr *addr) {
    for (size_t i = 0; i < m->addr_len; i++)
        if (memcmp(m->addrs[i].ip, addr->ip, 4) == 0) return true;
    return false;
}

/* ---- loop.h ---- */

uint64_t loop_now_ms(void) { return clock_ms; }
int64_t loop_unix_ms(void) { return MACHINE_UNIX_MS + (int64_t)clock_ms; }

loop_handle *loop_timer(loop *l, loop_fn *fn, void *context) {
    loop_handle *h = calloc(1, sizeof *h);
    *h = (loop_handle){.machine = l, .fn = fn, .context = context, .due_ms = UINT64_MAX};
    loop_handle **at = vec_push(&mem_default, &l->timers);
    CHECK(at != NULL);
    return *at = h;
}
void loop_timer_start(loop_handle *timer, uint64_t delay_ms) {
    timer->due_ms = clock_ms + delay_ms;
}
void loop_timer_stop(loop_handle *timer) { timer->due_ms = UINT64_MAX; }

loop_handle *loop_readable(loop *l, int fd, loop_fn *fn, void *context) {
    loop_handle *h = calloc(1, sizeof *h);
    *h = (loop_handle){l, fn, context, UINT64_MAX, fd};
    return lan.sockets[fd - MACHINE_FD].readable = h;
}

/* The end of a socket comes with that of its handle, as nothing closes one alone. */
void loop_close(loop_handle *h) {
    if (h->fd != 0) {
        lan.sockets[h->fd - MACHINE_FD] = (machine_socket){.machine = NULL};
    } else {
        size_t at = 0;
        while (h->machine->timers.at[at] != h) at++;
        h->machine->timers.at[at] = h->machine->timers.at[--h->machine->timers.len];
    }
    free(h);
}

static inline void machine_work_do(void *context) {
    machine_work *w = context;
    loop *m = w->machine;
    size_t at = 0;
    while (m->work.at[at] != w) at++;
    memmove(&m->work.at[at], &m->work.at[at + 1], (--m->work.len - at) * sizeof w);
    machine_work job = *w;
    loop_close(w->timer);
    free(w);
    job.work(job.context);
    job.done(job.context);
}

void loop_work(loop *l, loop_fn *work, loop_fn *done, void *context) {
    machine_work *w = calloc(1, sizeof *w);
    *w = (machine_work){l, work, done, context, loop_timer(l, machine_work_do, w)};
    loop_timer_start(w->timer, rng_below(&lan.random, MACHINE_WORK_MS));
    *vec_push(&mem_default, &l->work) = w;
}

/* Who waits waits for what is given to another thread. */
void loop_turn(loop *l) {
    CHECK(l->work.len > 0);
    machine_work_do(l->work.at[0]);
}

int fsync(int fd) {
    (void)fd;
    return 0;
}
int fdatasync(int fd) {
    (void)fd;
    return 0;
}

void loop_find(loop *l, const address *at, loop_found_fn *fn, void *context) {
    (void)l;
    fn(context, (lk_addr){.family = 4, .port = at->port, .ip = {10, 0, 0, 1}});
}

static inline void machine_sleep(loop *m, uint64_t until_ms) {
    m->asleep_ms = m->dark_ms = until_ms;
}

static inline void machine_call(const loop_handle *h) {
    lan.here = h->machine;
    h->fn(h->context);
    lan.here = NULL;
}

static inline loop_handle *machine_timer(const loop *m) {
    loop_handle *first = NULL;
    for (size_t i = 0; i < m->timers.len; i++)
        if (first == NULL || m->timers.at[i]->due_ms < first->due_ms) first = m->timers.at[i];
    return first;
}

/* ---- socket.h ---- */

size_t socket_interfaces(bool loopback, lk_addr *out, size_t cap) {
    (void)loopback;
    size_t len = lan.here->addr_len < cap ? lan.here->addr_len : cap;
    memcpy(out, lan.here->addrs, len * sizeof *out);
    return len;
}

int socket_udp(const lk_addr *addr, lk_addr *bound) {
    uint32_t at;
    do at = lan.next_socket++ % MACHINE_SOCKETS;
    while (lan.sockets[at].machine != NULL);
    *bound = *addr;
    bound->port = (uint16_t)(MACHINE_PORT + at);
    lan.sockets[at] = (machine_socket){.machine = lan.here, .addr = *bound};
    return MACHINE_FD + (int)at;
}

int64_t socket_receive(int fd, uint8_t *into, size_t cap, lk_addr *from, size_t *each) {
    packet *p = &lan.arriving;
    bool here = p->len > 0 && p->to.port == lan.sockets[fd - MACHINE_FD].addr.port;
    if (!here || p->len > cap) return -1;
    memcpy(into, p->bytes, p->len);
    *from = p->from, *each = p->len;
    p->len = 0;
    return (int64_t)*each;
}

void socket_batch_add(socket_batch *b, int fd, const lk_addr *to, lk_bytes datagram) {
    (void)b;
    const machine_socket *s = &lan.sockets[fd - MACHINE_FD];
    if (s->machine->dying || !machine_has(s->machine, &s->addr)) return;
    machine_note_sent(&s->addr, to, datagram.len);
    network_send(&lan.net, &s->addr, to, datagram);
}
void socket_batch_send(socket_batch *b) { (void)b; }

bool socket_refused(int fd, lk_addr *who) {
    machine_socket *s = &lan.sockets[fd - MACHINE_FD];
    *who = s->refused;
    s->refused.family = 0;
    return who->family != 0;
}

/* Nobody hides an address here, so nobody is asked for names. */
size_t socket_multicast(const lk_addr *group, int *out, size_t cap) {
    (void)group, (void)out, (void)cap;
    return 0;
}
void socket_multicast_send(int fd, lk_bytes datagram) { (void)fd, (void)datagram; }

static inline machine_socket *machine_socket_of(const lk_addr *addr) {
    machine_socket *s = &lan.sockets[addr->port - MACHINE_PORT];
    bool here = s->machine != NULL && s->readable != NULL && address_equal(&s->addr, addr);
    return here ? s : NULL;
}

/* A machine that is there answers for ports at which nobody listens (ICMP). */
static inline void machine_arrive(const packet *p) {
    const loop *from = lan.machines[p->from.ip[1]], *to = lan.machines[p->to.ip[1]];
    if (!machine_reaches(from, to) || !machine_has(to, &p->to)) return;
    machine_socket *s = machine_socket_of(&p->to), *sender = machine_socket_of(&p->from);
    if (s != NULL) {
        lan.arriving = *p;
        machine_call(s->readable);
        lan.arriving.len = 0;
    } else if (sender != NULL && machine_has(from, &p->from)) {
        sender->refused = p->to;
        machine_call(sender->readable);
    }
}

/* ---- stream.h: nobody asks TURN servers here ---- */

stream *stream_new(loop *l, const lk_addr *to, const char *tls_host, const stream_events *events) {
    (void)l, (void)to, (void)tls_host, (void)events;
    abort();
}
void stream_send(stream *s, lk_bytes bytes) {
    (void)s, (void)bytes;
    abort();
}
void stream_close(stream *s) {
    (void)s;
    abort();
}

/* ---- web.h, and the server ---- */

static inline void wire_put(world_queue *q, uint64_t kind, lk_bytes text) {
    uint64_t at = clock_ms + lan.net.now.delay_ms;
    if (q->len > 0 && q->at[q->len - 1].at_ms > at) at = q->at[q->len - 1].at_ms;
    world_put(q, world_message_of(text, at, kind));
}

web_conn *web_connect(web *w, const web_target *target, const web_events *events) {
    (void)target;
    web_conn *c = calloc(1, sizeof *c);
    *c = (web_conn){.client = lan.here, .events = *events, .heard_ms = clock_ms};
    wire_put(&c->up, WIRE_OPEN, (lk_bytes){0});
    web_conn **at = vec_push(&mem_default, &w->conns);
    CHECK(at != NULL);
    return *at = c;
}

void web_send(web_conn *c, lk_bytes text) {
    if (lan.here == NULL)
        wire_put(&c->down, WIRE_TEXT, text);
    else if (!c->client->dying)
        wire_put(&c->up, WIRE_TEXT, text);
}

void web_close(web_conn *c) {
    c->closing = true;
    if (c->client->lost)
        world_clear(&c->up);
    else
        wire_put(&c->up, WIRE_END, (lk_bytes){0});
}

static inline void hub_send(void *conn, lk_bytes text) {
    static const char word[] = "{\"type\":\"signal\"";
    bool is_word = text.len >= sizeof word - 1 && memcmp(text.at, word, sizeof word - 1) == 0;
    if (is_word && rng_below(&lan.random, 100) < lan.web.words_lost) return;
    if (lan.web.hub != NULL) web_send(conn, text);
}

static inline void hub_close(void *conn) {
    ((web_conn *)conn)->ending = true;
    lan.web.thrown_out++;
}

static inline void hub_leave(web_conn *c) {
    if (c->member != NULL) signal_leave(c->member);
    c->member = NULL, c->over = true;
    world_clear(&c->up);
    wire_put(&c->down, WIRE_END, (lk_bytes){0});
}

static inline void hub_begin(void) {
    signal_options options = {.send = hub_send, .close = hub_close};
    lan.web.hub = signal_hub_new(&options);
}

/* The server's program ends, and with it all it knew. */
static inline void hub_end(uint64_t up_ms) {
    signal_hub *hub = lan.web.hub;
    lan.web.hub = NULL, lan.web.up_ms = up_ms;
    if (hub == NULL) return;
    for (size_t i = 0; i < lan.web.conns.len; i++)
        if (!lan.web.conns.at[i]->over) hub_leave(lan.web.conns.at[i]);
    signal_hub_free(hub);
}

static inline void conn_at_server(web_conn *c, const world_message *m) {
    if (c->over) return;
    if (m->token == WIRE_END || lan.web.hub == NULL) {
        hub_leave(c);
    } else if (m->token == WIRE_OPEN) {
        c->member = signal_enter(lan.web.hub, c, clock_ms);
        wire_put(&c->down, WIRE_OPEN, (lk_bytes){0});
    } else {
        signal_feed(c->member, SIGNAL_TEXT, (lk_bytes){m->bytes, m->len}, clock_ms);
        if (c->ending) hub_leave(c);
    }
}

static inline void conn_tell_end(web_conn *c) {
    c->told = true;
    world_clear(&c->down);
    c->events.closed(c->opened ? c->user : c->events.context);
}

static inline void conn_at_client(web_conn *c, const world_message *m) {
    lan.here = c->client;
    if (m->token == WIRE_OPEN) {
        c->user = c->events.opened(c->events.context, c);
        c->opened = true;
    } else if (m->token == WIRE_TEXT)
        c->events.message(c->user, WEB_TEXT, (lk_bytes){m->bytes, m->len});
    else
        conn_tell_end(c);
    lan.here = NULL;
}

static inline uint64_t conn_way_ms(const web_conn *c) {
    return machine_max(c->client->dark_ms, c->client->mute_ms);
}

static inline uint64_t conn_next(const web_conn *c) {
    if (c->closing && !c->told) return clock_ms;
    uint64_t at = UINT64_MAX;
    if (c->up.len > 0) at = c->up.at[0].at_ms;
    if (c->down.len > 0 && !c->told && c->down.at[0].at_ms < at) at = c->down.at[0].at_ms;
    return machine_max(at, conn_way_ms(c));
}

static inline void conn_happen(web_conn *c) {
    if (c->closing && !c->told) conn_tell_end(c);
    bool way = conn_way_ms(c) <= clock_ms;
    while (way && c->up.len > 0 && c->up.at[0].at_ms <= clock_ms) {
        world_message m = world_pop(&c->up);
        conn_at_server(c, &m);
        free(m.bytes);
    }
    while (way && c->down.len > 0 && c->down.at[0].at_ms <= clock_ms) {
        world_message m = world_pop(&c->down);
        if (!c->closing && !c->told) conn_at_client(c, &m);
        free(m.bytes);
    }
}

/* The server lets go of whom it has not heard for long. */
static inline void conn_watch(web_conn *c) {
    if (c->over) return;
    bool silent = conn_way_ms(c) > clock_ms || (c->closing && c->up.len == 0);
    if (!silent) c->heard_ms = clock_ms;
    if (clock_ms - c->heard_ms >= MACHINE_SERVER_PATIENCE_MS) hub_leave(c);
}

static inline void conn_free(web_conn *c) {
    world_clear(&c->up);
    world_clear(&c->down);
    free(c);
}

static inline void web_happen(web *w) {
    if (w->hub == NULL && w->up_ms <= clock_ms) hub_begin();
    for (size_t i = 0; i < w->conns.len; i++) conn_happen(w->conns.at[i]);
    if (w->watch_ms > clock_ms) return;
    w->watch_ms = clock_ms + 1000;
    for (size_t i = 0; i < w->conns.len; i++) conn_watch(w->conns.at[i]);
    size_t kept = 0;
    for (size_t i = 0; i < w->conns.len; i++) {
        web_conn *c = w->conns.at[i];
        if (c->told && c->over)
            conn_free(c);
        else
            w->conns.at[kept++] = c;
    }
    w->conns.len = kept;
}

/* ---- all together ---- */

static inline void lan_begin(uint64_t seed) {
    static const RAND_METHOD seeded = {.bytes = machine_openssl,
                                       .pseudorand = machine_openssl,
                                       .status = machine_openssl_is_ready};
    CHECK_EQ(RAND_set_rand_method(&seeded), 1);
    memset(&lan, 0, sizeof lan);
    lan.random.state = ~seed, lan.secrets.state = seed ^ 0x5eed;
    lan.net.random = &lan.random;
    lan.began_ms = clock_ms = START_MS;
    hub_begin();
    CHECK_EQ(lk_rtc_global_init(), LK_OK);
}

/* After the last program. */
static inline void lan_end(void) {
    hub_end(UINT64_MAX);
    web_happen(&lan.web);
    for (size_t i = 0; i < lan.web.conns.len; i++) conn_free(lan.web.conns.at[i]);
    vec_drop(&mem_default, &lan.web.conns);
    for (size_t i = 0; i < countof(lan.machines); i++)
        if (lan.machines[i] != NULL) {
            vec_drop(&mem_default, &lan.machines[i]->timers);
            vec_drop(&mem_default, &lan.machines[i]->work);
        }
    network_drop(&lan.net);
    lk_rtc_global_drop();
}

static inline uint64_t lan_next(void) {
    uint64_t at = network_next(&lan.net), other = lan.web.watch_ms;
    if (lan.web.hub == NULL && lan.web.up_ms < other) other = lan.web.up_ms;
    if (other < at) at = other;
    for (size_t i = 0; i < lan.web.conns.len; i++)
        if ((other = conn_next(lan.web.conns.at[i])) < at) at = other;
    for (size_t i = 0; i < countof(lan.machines) && lan.machines[i] != NULL; i++) {
        const loop_handle *timer = machine_timer(lan.machines[i]);
        other = timer == NULL ? UINT64_MAX : timer->due_ms;
        if (other < lan.machines[i]->asleep_ms) other = lan.machines[i]->asleep_ms;
        if (other < at) at = other;
    }
    return at;
}

/* All that is due. */
static inline void lan_happen(void) {
    packet p;
    while (network_take(&lan.net, &p)) {
        machine_arrive(&p);
        free(p.bytes);
    }
    web_happen(&lan.web);
    for (size_t i = 0; i < countof(lan.machines) && lan.machines[i] != NULL; i++)
        for (loop_handle *h; (h = machine_timer(lan.machines[i])) != NULL;) {
            if (h->due_ms > clock_ms || h->machine->asleep_ms > clock_ms) break;
            h->due_ms = UINT64_MAX;
            machine_call(h);
        }
}

#endif
