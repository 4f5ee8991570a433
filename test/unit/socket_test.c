/* SPDX-License-Identifier: MIT
 * socket_test.c - datagrams through real sockets on loopback: whatever leaves together, each comes
 * as it was, once and in order. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <poll.h>
#include <unistd.h>

#include "host/socket.h"

typedef struct ends {
    int from, to;
    lk_addr at;
} ends;

static ends ends_make(uint8_t family) {
    ends e;
    lk_addr loopback = {.family = family}, bound;
    loopback.ip[family == 4 ? 3 : 15] = 1;
    if (family == 4) loopback.ip[0] = 127;
    e.from = socket_udp(&loopback, &bound);
    e.to = socket_udp(&loopback, &e.at);
    CHECK(e.from >= 0 && e.to >= 0 && e.at.port != 0);
    return e;
}

static void ends_drop(ends *e) {
    close(e->from);
    close(e->to);
}

/* The datagram numbered so. */
static lk_bytes datagram(uint32_t number, size_t len) {
    static uint8_t bytes[SOCKET_BATCH_BYTES];
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)(number + i);
    return (lk_bytes){bytes, len};
}

static void ends_expect(const ends *e, const size_t *lens, size_t count) {
    static uint8_t bytes[SOCKET_BATCH_BYTES];
    for (uint32_t got = 0; got < count;) {
        struct pollfd ready = {.fd = e->to, .events = POLLIN};
        CHECK_EQ(poll(&ready, 1, 5000), 1);
        lk_addr from;
        size_t each;
        int64_t len = socket_receive(e->to, bytes, sizeof bytes, &from, &each);
        CHECK(len > 0 && each > 0 && from.family == e->at.family);
        for (size_t at = 0; at < (size_t)len; at += each) {
            size_t left = (size_t)len - at;
            lk_bytes want = datagram(got, lens[got]);
            CHECK_BYTES(bytes + at, left < each ? left : each, want.at, want.len);
            got++;
        }
    }
    lk_addr from;
    size_t each;
    CHECK_EQ(socket_receive(e->to, bytes, sizeof bytes, &from, &each), -1);
}

static void check_batch(uint8_t family, const size_t *lens, size_t count) {
    static socket_batch batch;
    ends e = ends_make(family);
    for (uint32_t i = 0; i < count; i++)
        socket_batch_add(&batch, e.from, &e.at, datagram(i, lens[i]));
    socket_batch_send(&batch);
    socket_batch_send(&batch); /* of nothing */
    ends_expect(&e, lens, count);
    ends_drop(&e);
}

/* Two places in turn: nothing is sent to the wrong one. */
static void check_two_places(void) {
    static socket_batch batch;
    ends a = ends_make(4), b = ends_make(4);
    size_t lens[20];
    for (uint32_t i = 0; i < 20; i++) {
        lens[i] = 1200;
        socket_batch_add(&batch, a.from, &a.at, datagram(i, 1200));
        socket_batch_add(&batch, a.from, &b.at, datagram(i, 1200));
    }
    socket_batch_send(&batch);
    ends_expect(&a, lens, 20);
    ends_expect(&b, lens, 20);
    ends_drop(&a);
    ends_drop(&b);
}

/* Nobody listens there any more: the sender hears of it, once. */
static void check_refused(void) {
    static socket_batch batch;
    ends e = ends_make(4);
    close(e.to);
    socket_batch_add(&batch, e.from, &e.at, datagram(0, 10));
    socket_batch_send(&batch);
    struct pollfd ready = {.fd = e.from, .events = 0};
    CHECK_EQ(poll(&ready, 1, 5000), 1);
    lk_addr who;
    CHECK(socket_refused(e.from, &who));
    CHECK_EQ(who.port, e.at.port);
    CHECK(!socket_refused(e.from, &who));
    close(e.from);
}

int main(void) {
    static const size_t mixed[] = {1200, 1200, 1200, 300, 1200, 1, 2, 2, 1200, 60000, 60000, 5};
    size_t same[200], random[100];
    rng r = {7};
    for (size_t i = 0; i < 200; i++) same[i] = 1233;
    for (size_t i = 0; i < 100; i++) random[i] = 1 + rng_below(&r, 3) * 600;
    for (uint8_t family = 4; family <= 6; family += 2) {
        check_batch(family, mixed, sizeof mixed / sizeof *mixed);
        check_batch(family, same, 200);
        check_batch(family, random, 100);
    }
    check_two_places();
    check_refused();
    printf("socket_test: ok\n");
    return 0;
}
