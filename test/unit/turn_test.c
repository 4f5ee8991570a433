/* SPDX-License-Identifier: MIT
 * turn_test.c - an allocation on a server that is played here, since hours pass: who asks is known,
 * nonces go stale, lifetimes and permissions end, answers are lost or forged. */
#include "rtc/turn.h"

#include "check.h"
#include "rtc/addr.h"
#include "rtc/dtls.h"

static const lk_addr base = {.family = 4, .port = 4000, .ip = {10, 0, 0, 1}};
static const lk_addr server_addr = {.family = 4, .port = 3478, .ip = {192, 0, 2, 1}};
static const lk_addr relayed = {.family = 4, .port = 50000, .ip = {192, 0, 2, 1}};
static const lk_addr peer = {.family = 4, .port = 6000, .ip = {198, 51, 100, 7}};
static const lk_str user = {"user", 4}, realm = {"realm", 5};

typedef struct world {
    turn turn;
    queue out;
    entropy random;
    uint64_t now_ms;
    const char *nonce;
    bool silent, forges;
    uint32_t lifetime_s;
    int allocates, refreshes, permits;
    uint8_t key[16];
} world;

static void world_init(world *w, const char *password) {
    static const char text[] = "user:realm:secret";
    lk_rtc_turn server = {server_addr, user, {password, strlen(password)}, false};
    *w = (world){.random = {7}, .now_ms = 1000, .nonce = "n1", .lifetime_s = 600};
    queue_init(&w->out, &mem_default);
    CHECK(dtls_md5((lk_bytes){(const uint8_t *)text, sizeof text - 1}, w->key));
    turn_init(&w->turn, &base, &server, &mem_default, &w->out, &w->random, w->now_ms);
}

static void world_drop(world *w) {
    turn_drop(&w->turn);
    queue_drop(&w->out);
}

static void put_attribute(stun_writer *w, uint16_t type, const void *at, size_t len) {
    uint8_t head[4] = {(uint8_t)(type >> 8), (uint8_t)type, 0, (uint8_t)len};
    memcpy(w->at + w->len, head, 4);
    memset(w->at + w->len + 4, 0, (len + 3) / 4 * 4);
    memcpy(w->at + w->len + 4, at, len);
    w->len += 4 + (len + 3) / 4 * 4;
}

/* As XOR-MAPPED-ADDRESS, under another name. */
static void put_address(stun_writer *w, uint16_t type, const lk_addr *addr) {
    size_t at = w->len;
    stun_mapped(w, addr);
    w->at[at] = (uint8_t)(type >> 8);
    w->at[at + 1] = (uint8_t)type;
}

static void deliver(world *w, lk_bytes datagram) {
    turn_state before = w->turn.state;
    turn_data none;
    bool of_server = turn_feed(&w->turn, &base, &server_addr, datagram, &none, w->now_ms);
    CHECK(of_server || w->forges || before == TURN_OVER);
    CHECK_EQ(none.bytes.len, 0);
}

static bool knows_who_asks(const world *w, lk_bytes request, const stun_message *m) {
    return m->nonce.len == strlen(w->nonce) && memcmp(m->nonce.at, w->nonce, m->nonce.len) == 0 &&
           stun_verify(request, m, (lk_str){(const char *)w->key, sizeof w->key});
}

static void answer(world *w, lk_bytes request) {
    stun_message m;
    stun_writer reply;
    CHECK_EQ(stun_read(request, &m, NULL), LK_OK);
    if (m.type == STUN_SEND) return;
    w->allocates += m.type == STUN_ALLOCATE;
    w->refreshes += m.type == STUN_REFRESH;
    w->permits += m.type == STUN_PERMIT;
    if (w->silent) return;
    lk_str key = {w->forges ? "another key here" : (const char *)w->key, sizeof w->key};
    if (!knows_who_asks(w, request, &m)) {
        stun_begin(&reply, (stun_type)(m.type | STUN_FAILS), m.id);
        stun_error(&reply, m.nonce.len == 0 ? 401 : 438, (lk_str){"no", 2});
        put_attribute(&reply, 0x0014, realm.at, realm.len);
        put_attribute(&reply, 0x0015, w->nonce, strlen(w->nonce));
        deliver(w, stun_seal(&reply, (lk_str){"", 0}));
        return;
    }
    uint8_t lifetime[4] = {0, 0, (uint8_t)(w->lifetime_s >> 8), (uint8_t)w->lifetime_s};
    stun_begin(&reply, (stun_type)(m.type | STUN_SUCCEEDS), m.id);
    if (m.type == STUN_ALLOCATE) put_address(&reply, 0x0016, &relayed);
    if (m.type == STUN_ALLOCATE) stun_mapped(&reply, &base);
    if (m.type != STUN_PERMIT) put_attribute(&reply, 0x000d, lifetime, 4);
    deliver(w, stun_seal(&reply, key));
}

static void run(world *w, uint64_t ms) {
    for (uint64_t end = w->now_ms + ms; w->now_ms < end; w->now_ms += 100) {
        if (w->now_ms >= turn_wake_at(&w->turn)) turn_tick(&w->turn, w->now_ms);
        for (const queue_item *item; (item = queue_first(&w->out)) != NULL;) {
            uint8_t bytes[STUN_MAX];
            size_t len = item->len;
            CHECK(addr_equal(&item->local, &base) && addr_equal(&item->remote, &server_addr));
            memcpy(bytes, queue_bytes(&w->out, item).at, len);
            queue_pop(&w->out);
            answer(w, (lk_bytes){bytes, len});
        }
    }
}

static bool sends(world *w) {
    stun_writer wrapped;
    lk_bytes word = {(const uint8_t *)"word", 4};
    lk_bytes out = turn_wrap(&w->turn, &peer, word, &wrapped, w->now_ms);
    stun_message m;
    if (out.len == 0) return false;
    CHECK_EQ(stun_read(out, &m, NULL), LK_OK);
    CHECK(m.type == STUN_SEND && addr_equal(&m.peer, &peer));
    CHECK(m.data.len == 4 && memcmp(m.data.at, "word", 4) == 0);
    return true;
}

static void test_life(void) {
    world w;
    world_init(&w, "secret");
    run(&w, 200);
    CHECK_EQ(w.turn.state, TURN_READY);
    CHECK_EQ(w.allocates, 2); /* the first learns realm and nonce */
    CHECK(addr_equal(&w.turn.relayed, &relayed) && addr_equal(&w.turn.mapped, &base));
    CHECK(!sends(&w)); /* the permission is asked for */
    run(&w, 200);
    CHECK(sends(&w) && w.permits == 1);
    for (int minute = 0; minute < 60; minute++) {
        run(&w, 60000);
        CHECK(sends(&w));
        if (minute % 10 == 3) w.nonce = minute % 20 == 3 ? "n2" : "n3";
    }
    CHECK(w.refreshes >= 6 && w.refreshes <= 10 && w.turn.state == TURN_READY);
    CHECK(w.permits >= 14 && w.permits <= 22);
    turn_close(&w.turn);
    run(&w, 100);
    CHECK(w.turn.state == TURN_OVER && !sends(&w));
    CHECK_EQ(turn_wake_at(&w.turn), UINT64_MAX);
    world_drop(&w);
}

static void test_refused(void) {
    world w;
    world_init(&w, "wrong");
    run(&w, 60000);
    CHECK(w.turn.state == TURN_OVER && w.allocates <= 6);
    world_drop(&w);
    world_init(&w, "secret");
    w.silent = true;
    run(&w, 60000);
    CHECK(w.turn.state == TURN_OVER && w.allocates == 7);
    world_drop(&w);
    world_init(&w, "secret");
    w.forges = true; /* signed by somebody else: as if nothing had come */
    run(&w, 60000);
    CHECK(w.turn.state == TURN_OVER && w.turn.relayed.family == 0);
    world_drop(&w);
}

/* What comes from elsewhere, or from whom nothing was sent to, is not of the relay. */
static void test_data(void) {
    world w;
    stun_writer m;
    turn_data got;
    uint8_t id[STUN_ID] = {1};
    world_init(&w, "secret");
    run(&w, 200);
    for (int permitted = 0; permitted < 2; permitted++) {
        stun_begin(&m, STUN_DATA, id);
        stun_peer(&m, &peer);
        stun_data(&m, (lk_bytes){(const uint8_t *)"hello", 5});
        lk_bytes bytes = stun_plain(&m);
        CHECK(!turn_feed(&w.turn, &base, &peer, bytes, &got, w.now_ms));
        CHECK(!turn_feed(&w.turn, &relayed, &server_addr, bytes, &got, w.now_ms));
        CHECK(turn_feed(&w.turn, &base, &server_addr, bytes, &got, w.now_ms));
        CHECK_EQ(got.bytes.len, permitted ? 5 : 0);
        CHECK(!permitted || addr_equal(&got.peer, &peer));
        if (!permitted) sends(&w);
        run(&w, 200);
    }
    world_drop(&w);
}

/* ---- over a connection ---- */

static turn *stream_new(world *w, turn *t) {
    lk_rtc_turn server = {server_addr, user, {"secret", 6}, true};
    *w = (world){.random = {7}};
    queue_init(&w->out, &mem_default);
    turn_init(t, NULL, &server, &mem_default, &w->out, &w->random, 1000);
    return t;
}

/* Two messages and a ChannelData between them, cut at every place, come out whole. */
static void test_stream_pieces(void) {
    static const uint8_t id[STUN_ID] = {1};
    stun_writer m;
    uint8_t bytes[200];
    stun_begin(&m, STUN_DATA, id);
    stun_peer(&m, &peer);
    stun_data(&m, (lk_bytes){(const uint8_t *)"hello", 5});
    lk_bytes one = stun_plain(&m);
    memcpy(bytes, one.at, one.len);
    memcpy(bytes + one.len, "\x40\0\0\5abcde\0\0", 12);
    memcpy(bytes + one.len + 12, one.at, one.len);
    size_t len = 2 * one.len + 12, lens[] = {one.len, 12, one.len};
    for (size_t cut = 0; cut <= len; cut++) {
        world w;
        turn t;
        size_t got = 0;
        lk_bytes halves[] = {{bytes, cut}, {bytes + cut, len - cut}}, message;
        stream_new(&w, &t);
        for (int half = 0; half < 2; half++) {
            CHECK(turn_stream_put(&t, halves[half]));
            while (turn_stream_next(&t, &message) && message.len > 0)
                CHECK_EQ(message.len, lens[got++]);
        }
        CHECK_EQ(got, 3);
        CHECK_EQ(t.pieces.len, 0);
        turn_drop(&t);
        queue_drop(&w.out);
    }
}

/* One request, once; the end takes the connection with it. */
static void test_stream_life(void) {
    world w;
    turn t;
    lk_bytes message;
    stream_new(&w, &t);
    CHECK_EQ(queue_first(&w.out)->kind, LK_RTC_STREAM);
    CHECK(addr_equal(&queue_first(&w.out)->remote, &server_addr));
    queue_pop(&w.out);
    turn_tick(&t, 1000 + 39000);
    CHECK(queue_first(&w.out) == NULL && t.state == TURN_ASKING);
    turn_tick(&t, 1000 + 39500);
    CHECK_EQ(t.state, TURN_OVER);
    CHECK_EQ(queue_first(&w.out)->kind, LK_RTC_STREAM);
    CHECK_EQ(queue_first(&w.out)->len, 0);
    CHECK(!turn_stream_put(&t, (lk_bytes){(const uint8_t *)"x", 1}));
    turn_drop(&t);
    queue_drop(&w.out);
    stream_new(&w, &t);
    CHECK(turn_stream_put(&t, (lk_bytes){(const uint8_t *)"HTTP/1.1 400 Bad", 16}));
    CHECK(turn_stream_next(&t, &message) && message.len == 0); /* 'H': ChannelData, by its looks */
    CHECK(turn_stream_put(&t, (lk_bytes){(const uint8_t *)"\xff\xff\xff\xff", 4}));
    turn_drop(&t);
    queue_drop(&w.out);
    stream_new(&w, &t);
    CHECK(turn_stream_put(&t, (lk_bytes){(const uint8_t *)"\xff\xff\xff\xff", 4}));
    CHECK(!turn_stream_next(&t, &message));
    turn_drop(&t);
    queue_drop(&w.out);
}

int main(void) {
    test_life();
    test_refused();
    test_data();
    test_stream_pieces();
    test_stream_life();
    puts("turn: an hour, refusals, data, connections");
    return 0;
}
