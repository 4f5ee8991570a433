/* SPDX-License-Identifier: MIT
 * gap.c - the floor: code points in one array with a gap where the last edit was. Nothing merges,
 * nothing is remembered; whoever edits text cannot be much faster than this.
 *
 *     [ before the cursor | gap | behind it ]
 *       0            start   end         cap                                                   */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "library.h"

typedef struct gap {
    uint32_t *at;
    size_t start, end, cap;
    uint8_t *utf8; /* the text as it was asked for last */
} gap;

static void *gap_make(uint64_t peer, bool listens) {
    (void)peer, (void)listens;
    return calloc(1, sizeof(gap));
}
static void gap_drop(void *doc) {
    gap *g = doc;
    free(g->at);
    free(g->utf8);
    free(g);
}

static void gap_seek(gap *g, size_t pos) {
    size_t behind = g->end + (pos - g->start);
    if (pos < g->start) {
        size_t len = g->start - pos;
        memmove(g->at + g->end - len, g->at + pos, len * sizeof *g->at);
        g->end -= len;
    } else if (pos > g->start) {
        memmove(g->at + g->start, g->at + g->end, (pos - g->start) * sizeof *g->at);
        g->end = behind;
    }
    g->start = pos;
}

static void gap_widen(gap *g, size_t len) {
    if (g->end - g->start >= len) return;
    size_t behind = g->cap - g->end, cap = 2 * (g->cap + len);
    g->at = realloc(g->at, cap * sizeof *g->at);
    CHECK(g->at != NULL);
    memmove(g->at + cap - behind, g->at + g->end, behind * sizeof *g->at);
    g->end = cap - behind;
    g->cap = cap;
}

static uint32_t gap_decode(const uint8_t **at) {
    const uint8_t *p = *at;
    int more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) c = c << 6 | (p[i] & 0x3f);
    *at = p + more + 1;
    return c;
}
static uint8_t *gap_encode(uint8_t *to, uint32_t c) {
    if (c < 0x80) {
        *to++ = (uint8_t)c;
        return to;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    *to++ = (uint8_t)(0xff00u >> (more + 1) | c >> 6 * more);
    while (more-- > 0) *to++ = (uint8_t)(0x80 | (c >> 6 * more & 0x3f));
    return to;
}

static void gap_insert(void *doc, size_t pos, view utf8) {
    gap *g = doc;
    gap_widen(g, utf8.len);
    gap_seek(g, pos);
    for (const uint8_t *at = utf8.at; at < utf8.at + utf8.len;) g->at[g->start++] = gap_decode(&at);
}
static void gap_remove(void *doc, size_t pos, size_t len) {
    gap *g = doc;
    gap_seek(g, pos);
    g->end += len;
}
static void gap_commit(void *doc) { (void)doc; }

static view gap_text(void *doc) {
    gap *g = doc;
    g->utf8 = realloc(g->utf8, 4 * g->cap + 1);
    CHECK(g->utf8 != NULL);
    uint8_t *to = g->utf8;
    for (size_t i = 0; i < g->cap; i++)
        if (i < g->start || i >= g->end) to = gap_encode(to, g->at[i]);
    return (view){g->utf8, (size_t)(to - g->utf8)};
}

const library gap_library = {
    .name = "gap buffer",
    .make = gap_make,
    .drop = gap_drop,
    .insert = gap_insert,
    .remove = gap_remove,
    .commit = gap_commit,
    .text = gap_text,
};
