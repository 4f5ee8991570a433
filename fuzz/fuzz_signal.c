/* SPDX-License-Identifier: MIT
 * fuzz_signal.c - what clients say to the signalling server: lines, spoken by three connections in
 * turn, while a fourth sits in the room and must only ever hear well-formed messages. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "host/heap.h"
#include "host/signal.h"
#include "host/signal_message.h"

#define CONNS 4

typedef struct conn {
    signal_member *member;
    bool closed;
    bool typed; /* speaks the dialect with types: all it hears is ours */
} conn;

static void conn_send(void *context, lk_bytes text) {
    const conn *c = context;
    CHECK(!c->closed);
    signal_message m;
    const char *why;
    if (!c->typed || (text.len == 4 && memcmp(text.at, "pong", 4) == 0)) return;
    CHECK(signal_message_read(text, &m, &why));
    CHECK(!m.plain);
    signal_message_drop(&m);
}
static void conn_close(void *context) { ((conn *)context)->closed = true; }

#define JOIN(n) "{\"type\":\"join\",\"v\":1,\"room\":\"r\",\"peer\":\"000000000000000000000" n "\"}"
#define TO_9 "{\"type\":\"signal\",\"to\":\"0000000000000000000009\",\"data\":{\"x\":[1e3]}}"
#define PLAIN "{\"roomId\":\"r\"}\n{\"roomId\":\"r\",\"offer\":{}}\n{\"roomId\":\"s\",\"answer\":0}"
static const char *const seeds[] = {JOIN("1"), JOIN("2") "\nping\nping\n" TO_9, PLAIN};

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    if (n >= countof(seeds)) return 0;
    size_t len = strlen(seeds[n]);
    CHECK(len <= cap);
    memcpy(out, seeds[n], len);
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    signal_hub *hub =
        signal_hub_new(&(signal_options){.seed = 1, .send = conn_send, .close = conn_close});
    conn conns[CONNS] = {0};
    for (int i = 0; i < CONNS; i++) conns[i].member = signal_enter(hub, &conns[i], 0);
    static const char join[] = JOIN("9");
    conns[3].typed = true;
    signal_feed(conns[3].member, SIGNAL_TEXT, (lk_bytes){(const uint8_t *)join, sizeof join - 1},
                0);
    size_t turn = 0;
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end == NULL ? size : (size_t)(end - data);
        signal_feed(conns[turn % 3].member, SIGNAL_TEXT, (lk_bytes){data, len}, turn);
        turn++;
        size_t used = end == NULL ? size : len + 1;
        data += used, size -= used;
    }
    CHECK_EQ(signal_stats_read(hub).members, CONNS);
    for (int i = 0; i < CONNS; i++) signal_leave(conns[i].member);
    CHECK_EQ(signal_stats_read(hub).rooms, 0);
    signal_hub_free(hub);
    return 0;
}
