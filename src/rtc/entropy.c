/* SPDX-License-Identifier: MIT
 * entropy.c - random bytes, real or seeded. */
#include "rtc/entropy.h"

#include "rtc/dtls.h"

/* splitmix64: good enough where a test wants the same run again. */
static uint64_t entropy_seeded(entropy *e) {
    uint64_t z = e->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t entropy_u64(entropy *e) {
    if (e->state != 0) return entropy_seeded(e);
    uint64_t v;
    dtls_random(&v, sizeof v);
    return v;
}

void entropy_bytes(entropy *e, void *out, size_t len) {
    if (e->state == 0) {
        dtls_random(out, len);
        return;
    }
    for (size_t i = 0; i < len; i++) ((uint8_t *)out)[i] = (uint8_t)entropy_seeded(e);
}

void entropy_text(entropy *e, char *out, size_t len) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    entropy_bytes(e, out, len);
    for (size_t i = 0; i < len; i++) out[i] = alphabet[(uint8_t)out[i] & 63];
}
