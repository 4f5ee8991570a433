/* SPDX-License-Identifier: MIT
 * reconfig.c - what usrsctp 0.9.5 gets wrong about stream resets, it is not asked to do.
 *
 *     DATA 7   RE-CONFIG "streams 1, 3 end after TSN 9"   DATA 8, 9   SACK 9
 *                    └─────────── held ──────────────────────────────────► now it may go
 *
 * A request that comes before the data it follows is answered "in progress" and done later (RFC
 * 6525 section 5.2.2). usrsctp does so only when more data comes by chance, which may be never;
 * what it sets aside meanwhile it delivers in a wrong order, or takes for a protocol violation and
 * aborts. It also takes the "response sequence number" of a request for the answer "performed" to
 * its own one, though that number only tells what was seen last (section 4.1). So requests are held
 * back, ours until the other side has acknowledged the data, whatever it runs, and theirs until we
 * have; and that number is made one that fits nothing. (Two of us do so both, and it is again what
 * it was: here, though, what was seen was done.) */
#include "rtc/reconfig.h"

enum {
    RECONFIG_HEADER = 12,
    RECONFIG_SACK = 3,
    RECONFIG_CHUNK = 130,
    RECONFIG_SKIPPED = 190, /* no chunk type; to be skipped without a word (RFC 9260 section 3.2) */
    RECONFIG_OUTGOING = 13, /* the parameter: type, length, two numbers, last TSN, streams */
};

void reconfig_init(reconfig *r, uint32_t patience, const lk_memory *heap) {
    *r = (reconfig){.held = {.memory = heap}, .patience = patience};
}

void reconfig_drop(reconfig *r) { lk_buf_free(&r->held); }

static uint32_t reconfig_number(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The length of the chunk or parameter at `at`, padding left out; 0: it is not all there. */
static size_t reconfig_len(const uint8_t *packet, size_t at, size_t end) {
    if (at + 4 > end) return 0;
    size_t len = (size_t)packet[at + 2] << 8 | packet[at + 3];
    return len < 4 || len > end - at ? 0 : len;
}

static size_t reconfig_padded(size_t len) { return (len + 3) & ~(size_t)3; }

static bool reconfig_before(uint32_t a, uint32_t b) { return (int32_t)(a - b) < 0; }

/* Look through one chunk. True if it has a request that waits for r->last. */
static bool reconfig_scan(reconfig *r, uint8_t *chunk, size_t len) {
    bool early = false;
    for (size_t at = 4, part; (part = reconfig_len(chunk, at, len)) > 0;
         at += reconfig_padded(part)) {
        if (chunk[at] != 0 || chunk[at + 1] != RECONFIG_OUTGOING || part < 16) continue;
        uint32_t last = reconfig_number(chunk + at + 12);
        chunk[at + 8] ^= 0x80;
        if (!r->known || !reconfig_before(r->acked, last)) continue;
        early = true;
        r->tries = r->held.len > 0 && r->last == last ? r->tries + 1 : 0;
        r->last = last;
    }
    return early && r->tries < r->patience;
}

/* A newer request takes the place of an older one: it is the same, sent again. */
static bool reconfig_hold(reconfig *r, const uint8_t *packet, const uint8_t *chunk, size_t len) {
    r->held.len = 0;
    if (!buf_reserve(&r->held, RECONFIG_HEADER + reconfig_padded(len))) return false;
    buf_append(&r->held, packet, RECONFIG_HEADER);
    return buf_append(&r->held, chunk, len) &&
           buf_append(&r->held, "\0\0\0", reconfig_padded(len) - len);
}

void reconfig_pass(reconfig *r, uint8_t *packet, size_t len) {
    for (size_t at = RECONFIG_HEADER, size; (size = reconfig_len(packet, at, len)) > 0;
         at += reconfig_padded(size))
        if (packet[at] == RECONFIG_CHUNK && reconfig_scan(r, packet + at, size) &&
            reconfig_hold(r, packet, packet + at, size))
            packet[at] = RECONFIG_SKIPPED;
}

void reconfig_hear(reconfig *r, const uint8_t *packet, size_t len) {
    for (size_t at = RECONFIG_HEADER, size; (size = reconfig_len(packet, at, len)) > 0;
         at += reconfig_padded(size)) {
        if (packet[at] != RECONFIG_SACK || size < 16) continue;
        uint32_t acked = reconfig_number(packet + at + 4);
        if (!r->known || reconfig_before(r->acked, acked)) r->acked = acked;
        r->known = true;
    }
}

bool reconfig_due(const reconfig *r) {
    return r->held.len > 0 && !reconfig_before(r->acked, r->last);
}
