/* SPDX-License-Identifier: MIT
 * fuzz_turn.c - what a TURN server says, to an allocation that is asked for and to one that there
 * is, in a datagram and in pieces over a connection. Whatever it says, what is passed on lies
 * inside the datagram, and the relay ends or goes on.
 */
#include "fuzz/fuzz.h"

#include "check.h"
#include "rtc/turn.h"

static const lk_addr fuzz_base = {.family = 4, .port = 4000, .ip = {10, 0, 0, 1}};
static const lk_addr fuzz_server = {.family = 4, .port = 3478, .ip = {10, 0, 0, 2}};
static const lk_addr fuzz_peer = {.family = 4, .port = 5000, .ip = {10, 0, 0, 3}};

/* The same each time, request ids included. */
static void fuzz_relay(turn *t, queue *out, entropy *random, bool ready) {
    lk_rtc_turn server = {fuzz_server, {"user", 4}, {"secret", 6}, false};
    stun_writer w;
    *random = (entropy){9};
    queue_init(out, &mem_default);
    turn_init(t, &fuzz_base, &server, &mem_default, out, random, 0);
    if (!ready) return;
    t->state = TURN_READY;
    t->relayed = (lk_addr){.family = 4, .port = 6000, .ip = {10, 0, 0, 2}};
    t->keyed = true;
    CHECK_EQ(turn_wrap(t, &fuzz_peer, (lk_bytes){(const uint8_t *)"x", 1}, &w, 1).len, 0);
}

static lk_str fuzz_key(const turn *t) { return (lk_str){(const char *)t->key, sizeof t->key}; }

/* Some of what the server may say. */
size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    static const uint16_t types[] = {STUN_ALLOCATE | STUN_FAILS,   STUN_ALLOCATE | STUN_SUCCEEDS,
                                     STUN_REFRESH | STUN_SUCCEEDS, STUN_REFRESH | STUN_FAILS,
                                     STUN_PERMIT | STUN_SUCCEEDS,  STUN_DATA};
    if (n >= countof(types)) return 0;
    turn t;
    queue q;
    entropy random;
    stun_writer w;
    fuzz_relay(&t, &q, &random, true);
    stun_begin(&w, (stun_type)types[n], n == 4 ? t.permissions.at[0].request.id : t.request.id);
    if ((types[n] & STUN_FAILS) == STUN_FAILS) {
        stun_error(&w, n == 0 ? 401 : 438, (lk_str){"no", 2});
        stun_credentials(&w, (lk_str){"user", 4}, (lk_str){"realm", 5}, (lk_str){"nonce", 5});
    }
    stun_lifetime(&w, 600);
    stun_mapped(&w, &fuzz_base);
    stun_peer(&w, &fuzz_peer);
    if (types[n] == STUN_DATA) stun_data(&w, (lk_bytes){(const uint8_t *)"hello", 5});
    lk_bytes bytes = stun_seal(&w, fuzz_key(&t));
    CHECK(bytes.len <= cap);
    memcpy(out, bytes.at, bytes.len);
    turn_drop(&t);
    queue_drop(&q);
    return bytes.len;
}

/* The length in the header counts again, without a FINGERPRINT that would not fit. */
void fuzz_repair(uint8_t *data, size_t size) {
    if (size < 28 || size > 0xffff) return;
    data[2] = (uint8_t)((size - 20) >> 8);
    data[3] = (uint8_t)(size - 20);
    if (data[size - 8] == 0x80 && data[size - 7] == 0x28) data[size - 7] = 0x22;
}

/* Twice the input, in pieces whose lengths it says itself. */
static void fuzz_stream(const uint8_t *data, size_t size) {
    lk_rtc_turn server = {fuzz_server, {"user", 4}, {"secret", 6}, true};
    lk_addr none = {0};
    turn t;
    queue q;
    entropy random = {9};
    turn_data got;
    queue_init(&q, &mem_default);
    turn_init(&t, NULL, &server, &mem_default, &q, &random, 0);
    bool good = true;
    for (size_t at = 0, total = 2 * size; good && at < total;) {
        size_t from = at % size, len = 1 + data[from] % 64u;
        if (len > size - from) len = size - from;
        lk_bytes message = {NULL, 1};
        good = turn_stream_put(&t, (lk_bytes){data + from, len});
        at += len;
        while (good && (good = turn_stream_next(&t, &message)) && message.len > 0) {
            CHECK(message.at >= t.pieces.at);
            CHECK(message.at + message.len <= t.pieces.at + t.pieces.len);
            turn_feed(&t, &none, &fuzz_server, message, &got, at);
            if (t.state == TURN_OVER) good = false;
        }
        CHECK(!good || t.pieces.len < (64u << 10) + 64);
    }
    turn_close(&t);
    turn_drop(&t);
    queue_drop(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int ready = 0; ready < 2; ready++) {
        turn t;
        queue q;
        entropy random;
        turn_data got;
        fuzz_relay(&t, &q, &random, ready);
        for (uint64_t now_ms = 2; now_ms < 2000000; now_ms = now_ms * 4) {
            turn_feed(&t, &fuzz_base, &fuzz_server, (lk_bytes){data, size}, &got, now_ms);
            CHECK(got.bytes.len == 0 ||
                  (got.bytes.at >= data && got.bytes.at + got.bytes.len <= data + size));
            turn_tick(&t, now_ms);
            CHECK(t.permissions.len <= 1);
            while (queue_first(&q) != NULL) queue_pop(&q);
        }
        turn_close(&t);
        CHECK_EQ(turn_wake_at(&t), UINT64_MAX);
        turn_drop(&t);
        queue_drop(&q);
    }
    if (size > 0) fuzz_stream(data, size);
    return 0;
}
