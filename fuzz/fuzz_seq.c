/* SPDX-License-Identifier: MIT
 * fuzz_seq.c - bytes are edits of a text: four each (what, where, how much, of what). The sequence
 * must at the end equal an array of atoms, and every position must convert as the array says.
 *
 *     what % 8   0..2 insert anew   3, 4 type on   5 insert an anchor   6, 7 delete */
#include "fuzz/fuzz.h"

#include "check.h"
#include "state/seq.h"

enum { ATOMS_MAX = 256, LOG_BYTES = 1 << 16, EDIT_BYTES = 4 };

typedef struct atom {
    op_id id;
    uint32_t width; /* bytes; 0: an anchor */
    const uint8_t *data;
} atom;

typedef struct world {
    seq seq;
    atom atoms[ATOMS_MAX];
    uint32_t len;
    uint32_t log_len;
    uint32_t typed_at; /* where typing goes on: behind what came last */
    int32_t counter[4];
    peer_ix peer;
    uint8_t log[LOG_BYTES];
} world;

static world fuzz_world;

static void fuzz_char(world *w, uint32_t width) {
    static const char *const chars[5] = {"", "a", "é", "\u2603", "\xf0\x9f\x90\xa6"};
    memcpy(w->log + w->log_len, chars[width], width);
    w->log_len += width;
}

static void fuzz_insert(world *w, uint32_t pos, const seq_span *span) {
    uint32_t n = span->len[SEQ_ENTITY];
    CHECK(seq_reserve(&w->seq, 1, span->len[LK_UTF8]));
    seq_insert(&w->seq, pos, span, NULL);
    memmove(&w->atoms[pos + n], &w->atoms[pos], (w->len - pos) * sizeof(atom));
    const uint8_t *at = span->data;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t width = at == NULL ? 0 : *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
        op_id id = {span->id.peer, span->id.counter + (int32_t)i};
        w->atoms[pos + i] = (atom){id, width, at};
        if (at != NULL) at += width;
    }
    w->len += n;
    w->typed_at = pos + n;
}

static op_id fuzz_ids(world *w, peer_ix peer, uint32_t n) {
    op_id id = {peer, w->counter[peer]};
    w->counter[peer] += (int32_t)n;
    w->peer = peer;
    return id;
}

/* `style` 0: ASCII, 1: widest, else: each bit pair a width. */
static void fuzz_text(world *w, uint32_t pos, peer_ix peer, uint32_t n, uint32_t style) {
    uint32_t start = w->log_len;
    if (w->len + n > ATOMS_MAX || start + 4 * n + 1 > LOG_BYTES) return;
    for (uint32_t i = 0; i < n; i++)
        fuzz_char(w, style == 0 ? 1 : style == 1 ? 4 : 1 + (style >> (i % 4 * 2) & 3));
    seq_span span = seq_text_span(fuzz_ids(w, peer, n), w->log + start, w->log_len - start);
    fuzz_insert(w, pos, &span);
}

static void fuzz_delete(world *w, uint32_t pos, uint32_t n) {
    if (n > w->len - pos) n = w->len - pos;
    CHECK(seq_reserve(&w->seq, 1, 0));
    seq_delete(&w->seq, pos, n, NULL);
    w->len -= n;
    memmove(&w->atoms[pos], &w->atoms[pos + n], (w->len - pos) * sizeof(atom));
    w->typed_at = pos;
}

static void fuzz_edit(world *w, const uint8_t *bytes) {
    uint32_t pos = bytes[1] * (w->len + 1) / 256, style = bytes[3];
    uint32_t n = bytes[2] < 250 ? 1 + bytes[2] % 12u : bytes[2] - 100u;
    switch (bytes[0] % 8) {
    case 0:
    case 1:
    case 2:
        w->log_len++; /* a gap: this continues nothing */
        fuzz_text(w, pos, bytes[0] / 8 % 4, n, style < 64 ? 0 : style < 96 ? 1 : style);
        break;
    case 3:
    case 4: fuzz_text(w, w->typed_at, w->peer, 1 + n % 3, style < 128 ? 0 : style); break;
    case 5: {
        seq_span anchor = seq_anchor_span(fuzz_ids(w, bytes[0] / 8 % 4, 1), NULL);
        if (w->len < ATOMS_MAX) fuzz_insert(w, pos, &anchor);
        break;
    }
    default: fuzz_delete(w, pos, n);
    }
}

static void fuzz_units(const atom *a, uint32_t out[SEQ_UNITS]) {
    out[LK_UTF8] = a->width;
    out[LK_CODEPOINT] = a->width > 0;
    out[LK_UTF16] = a->width == 4 ? 2 : a->width > 0;
    out[SEQ_ENTITY] = 1;
}

static void fuzz_compare_walk(const world *w) {
    seq_walk walk = seq_range(&w->seq, 0, UINT32_MAX);
    seq_span span;
    uint32_t at = 0;
    for (; seq_walk_next(&walk, &span); at += span.len[SEQ_ENTITY]) {
        CHECK(at + span.len[SEQ_ENTITY] <= w->len);
        const uint8_t *data = span.data;
        for (uint32_t i = 0; i < span.len[SEQ_ENTITY]; i++) {
            const atom *a = &w->atoms[at + i];
            CHECK(a->id.peer == span.id.peer && a->id.counter == span.id.counter + (int32_t)i);
            CHECK(a->data == data);
            if (data != NULL) data += a->width;
        }
    }
    CHECK_EQ(at, w->len);
}

/* The start of every atom, in every unit, and one unit into it. */
static void fuzz_compare_seek(const world *w) {
    uint32_t rank[SEQ_UNITS] = {0}, len[SEQ_UNITS], out[SEQ_UNITS];
    for (uint32_t i = 0; i < w->len; i++) {
        fuzz_units(&w->atoms[i], len);
        for (unsigned unit = 0; unit < SEQ_UNITS; unit++) {
            if (len[unit] == 0) continue;
            CHECK_EQ(seq_seek(&w->seq, rank[unit], unit, SEQ_RIGHTMOST, out), SEQ_HIT);
            for (unsigned u = 0; u < SEQ_UNITS; u++) CHECK_EQ(out[u], rank[u]);
            if (len[unit] == 1) continue;
            CHECK_EQ(seq_seek(&w->seq, rank[unit] + 1, unit, SEQ_LEFTMOST, out), SEQ_INSIDE);
            CHECK_EQ(out[SEQ_ENTITY], i);
        }
        for (unsigned u = 0; u < SEQ_UNITS; u++) rank[u] += len[u];
    }
    for (unsigned u = 0; u < SEQ_UNITS; u++) CHECK_EQ(seq_len(&w->seq, u), rank[u]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    world *w = &fuzz_world;
    w->len = w->log_len = w->typed_at = 0;
    w->peer = 0;
    memset(w->counter, 0, sizeof w->counter);
    seq_init(&w->seq, SEQ_TEXT, &mem_default);
    for (; size >= EDIT_BYTES; size -= EDIT_BYTES, data += EDIT_BYTES) fuzz_edit(w, data);
    seq_check(&w->seq);
    fuzz_compare_walk(w);
    fuzz_compare_seek(w);
    seq_drop(&w->seq);
    return 0;
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    size_t len = 40 * EDIT_BYTES;
    if (n >= 8 || cap < len) return 0;
    rng r = {n + 1};
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)rng_u64(&r);
    return len;
}
