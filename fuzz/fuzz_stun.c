/* SPDX-License-Identifier: MIT
 * fuzz_stun.c - the first thing a stranger can reach: STUN messages, as bytes and as input of a
 * whole ICE agent. What was read stays inside the datagram. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "rtc/ice.h"

static lk_addr fuzz_addr(uint8_t host) {
    return (lk_addr){.family = 4, .port = 4000, .ip = {10, 0, 0, host}};
}

/* An agent in the middle of its checks, the same each time. */
static void fuzz_agent(ice *a, queue *out) {
    lk_addr host = fuzz_addr(1), server = fuzz_addr(3);
    candidate remote = {.kind = CANDIDATE_HOST, .priority = 5, .addr = fuzz_addr(2)};
    ice_options options = {
        .hosts = &host, .host_len = 1, .servers = &server, .server_len = 1, .seed = 1};
    queue_init(out, &mem_default);
    CHECK(ice_init(a, &options, &mem_default, out, 0));
    CHECK_EQ(ice_add_remote(a, &remote, 0), LK_OK);
    ice_set_remote(a, (lk_str){"theirs", 6}, (lk_str){"theirpasswordtheirpassword", 26}, false, 0);
    ice_tick(a, 1);
}

/* Some of the messages the agent could be sent, with its credentials. */
size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    ice a;
    queue q;
    stun_writer w;
    lk_addr mapped = fuzz_addr(9);
    fuzz_agent(&a, &q);
    stun_begin(&w, n < 4 ? STUN_REQUEST : n == 4 ? STUN_SUCCESS : STUN_ERROR, a.pairs.at[0].id);
    if (n < 4) {
        stun_username(&w, ice_ufrag(&a), (lk_str){"theirs", 6});
        stun_priority(&w, 100 + n);
        stun_role(&w, n % 2 == 0, n < 2 ? 0 : UINT64_MAX);
        if (n == 1) stun_use_candidate(&w);
    } else if (n == 4)
        stun_mapped(&w, &mapped);
    else
        stun_error(&w, 487, (lk_str){"Role Conflict", 13});
    lk_bytes bytes = stun_seal(&w, n < 4 ? ice_pwd(&a) : ice_remote_pwd(&a));
    CHECK(bytes.len <= cap);
    memcpy(out, bytes.at, bytes.len);
    ice_drop(&a);
    queue_drop(&q);
    return n < 6 ? bytes.len : 0;
}

/* The length in the header counts again, and FINGERPRINT, if it comes last, fits. */
void fuzz_repair(uint8_t *data, size_t size) {
    if (size < 28 || size > 0xffff) return;
    data[2] = (uint8_t)((size - 20) >> 8);
    data[3] = (uint8_t)(size - 20);
    stun_writer w = {.len = size - 8};
    if (size > sizeof w.at || data[size - 8] != 0x80 || data[size - 7] != 0x28) return;
    memcpy(w.at, data, size - 8);
    lk_bytes sealed = stun_seal(&w, (lk_str){"", 0});
    memcpy(data, sealed.at, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lk_bytes bytes = {data, size};
    stun_message m;
    if (stun_read(bytes, &m, NULL) == LK_OK) {
        CHECK(m.username.len <= size);
        CHECK(m.integrity < size);
        stun_verify(bytes, &m, (lk_str){"key", 3});
    }
    ice a;
    queue q;
    fuzz_agent(&a, &q);
    lk_addr to = fuzz_addr(1), from = fuzz_addr(2 + size % 2);
    ice_feed(&a, &to, &from, bytes, 2);
    ice_tick(&a, 1000);
    CHECK(a.pairs.len <= 2 && a.remotes.len <= 2);
    ice_drop(&a);
    queue_drop(&q);
    return 0;
}
