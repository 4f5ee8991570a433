/* SPDX-License-Identifier: MIT
 * fuzz_mdns.c - what anybody in the network may say on the port of multicast DNS. Reading it ends,
 * and soon: a name is short, and pointers in it lead back. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "host/mdns_message.h"

#define NAME "4a9a58c8-34a1-4e9c-8a9a-f2a34a9a58c8.local"

/* A response to the question, which it repeats, with both kinds of addresses. */
size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    static const uint8_t v4[] = "\xc0\xc\0\1\x80\1\0\0\0\x78\0\4\xc0\0\2\7";
    static const uint8_t v6[] =
        "\xc0\xc\0\34\x80\1\0\0\0\x78\0\20\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7";
    if (n > 0 || cap < 512) return 0;
    mdns_query_write((lk_str){NAME, HIDDEN_NAME}, 4, out);
    out[2] = 0x84, out[7] = 2;
    memcpy(out + MDNS_QUERY, v4, sizeof v4 - 1);
    memcpy(out + MDNS_QUERY + sizeof v4 - 1, v6, sizeof v6 - 1);
    return MDNS_QUERY + sizeof v4 + sizeof v6 - 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mdns_answers answers;
    mdns_answer a;
    size_t found = 0;
    if (!mdns_answers_open((lk_bytes){data, size}, &answers)) return 0;
    while (mdns_answers_next(&answers, &a)) {
        CHECK(a.addr.family == 4 || a.addr.family == 6);
        for (size_t i = 0; i < sizeof a.name; i++) CHECK(a.name[i] < 'A' || a.name[i] > 'Z');
        found++;
    }
    CHECK(found * 16 <= size);
    return 0;
}
