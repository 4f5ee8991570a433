/* SPDX-License-Identifier: MIT
 * seq_test.c - the sequence beside an array of single atoms: texts of 1- to 4-byte characters with
 * style anchors, and lists. The heap refuses everything between a reserve and the edit. */
#include "state/seq.h"

#include "base/utf8.h"
#include "check.h"
#include "meter.h"

#define ATOMS_MAX 6000u
#define LOG_BYTES (1u << 20)

typedef struct atom {
    op_id id;
    uint32_t len[SEQ_UNITS];
    const void *data;
} atom;

typedef struct world {
    seq seq;
    atom atoms[ATOMS_MAX];
    uint32_t len;
    uint8_t *log; /* text, appended */
    uint32_t log_len;
    lk_value *values;
    int32_t counter[3];
    rng r;
} world;

static meter heap;
static const lk_memory test_heap = {.context = &heap, .resize = meter_resize};

/* One random character of `width` bytes into the log. */
static void world_char(world *w, uint32_t width) {
    static const uint32_t base[5] = {0, 0x20, 0xa1, 0x1000, 0x1f600};
    uint32_t point = base[width] + rng_below(&w->r, 0x40);
    uint8_t *at = w->log + w->log_len;
    uint32_t shift = 6 * (width - 1);
    at[0] = (uint8_t)(width == 1 ? point : (0xf00u >> width & 0xffu) | point >> shift);
    for (uint32_t i = 1; i < width; i++) {
        shift -= 6;
        at[i] = (uint8_t)(0x80 | (point >> shift & 0x3f));
    }
    w->log_len += width;
}

/* `points` characters: all ASCII, all wide, or mixed. */
static seq_span world_text(world *w, uint32_t points) {
    peer_ix peer = rng_below(&w->r, 3);
    uint32_t start = w->log_len, style = rng_below(&w->r, 6);
    for (uint32_t i = 0; i < points; i++)
        world_char(w, style < 3 ? 1 : style == 3 ? 4 : 1 + rng_below(&w->r, 4));
    op_id id = {peer, w->counter[peer]};
    w->counter[peer] += (int32_t)points;
    /* Most edits leave a gap in the ids or the log, typing on does not. */
    if (rng_below(&w->r, 3) == 0) w->counter[peer]++;
    if (rng_below(&w->r, 3) == 0) w->log_len++;
    return seq_text_span(id, w->log + start, w->log_len - start - (w->log[w->log_len - 1] == 0));
}

static seq_span world_span(world *w) {
    uint32_t n = rng_below(&w->r, 20) == 0 ? 1 + rng_below(&w->r, 700) : 1 + rng_below(&w->r, 4);
    if (w->seq.kind == SEQ_TEXT) {
        if (rng_below(&w->r, 6) > 0) return world_text(w, n);
        return seq_anchor_span((op_id){0, w->counter[0]++}, NULL);
    }
    op_id id = {rng_below(&w->r, 3), 0};
    id.counter = w->counter[id.peer];
    w->counter[id.peer] += (int32_t)n + (int32_t)rng_below(&w->r, 2);
    const lk_value *values = w->values + w->log_len;
    w->log_len += n + rng_below(&w->r, 2);
    return seq_list_span(id, values, n);
}

/* ---- the twin ---- */

static uint32_t twin_units(const world *w, uint32_t from, uint32_t to, unsigned unit) {
    uint32_t sum = 0;
    for (uint32_t i = from; i < to; i++) sum += w->atoms[i].len[unit];
    return sum;
}

static void twin_insert(world *w, uint32_t pos, const seq_span *span) {
    uint32_t n = span->len[SEQ_ENTITY];
    memmove(&w->atoms[pos + n], &w->atoms[pos], (w->len - pos) * sizeof(atom));
    const uint8_t *at = span->data;
    for (uint32_t i = 0; i < n; i++) {
        seq_span one = {.data = at, .len = {0, 0, 0, 1}};
        if (w->seq.kind == SEQ_LIST) {
            one = seq_list_span(span->id, (const lk_value *)span->data + i, 1);
        } else if (at != NULL) {
            const uint8_t *next = at;
            utf8_next(&next);
            one = seq_text_span(span->id, at, (uint32_t)(next - at));
            at = next;
        }
        atom *a = &w->atoms[pos + i];
        *a = (atom){.id = {span->id.peer, span->id.counter + (int32_t)i}, .data = one.data};
        memcpy(a->len, one.len, sizeof a->len);
    }
    w->len += n;
}

static void twin_delete(world *w, uint32_t pos, uint32_t n) {
    memmove(&w->atoms[pos], &w->atoms[pos + n], (w->len - pos - n) * sizeof(atom));
    w->len -= n;
}

/* ---- edits ---- */

static uint32_t count_spans(const seq *s) {
    uint32_t count = 0;
    seq_span span;
    for (seq_walk walk = seq_range(s, 0, UINT32_MAX); seq_walk_next(&walk, &span);) count++;
    return count;
}

static void test_insert(world *w, uint32_t pos, const seq_span *span) {
    seq_edit edit;
    uint32_t spans = count_spans(&w->seq);
    seq_end end;
    bool plain = seq_find_end(&w->seq, pos, span, &end);
    CHECK(plain || seq_reserve(&w->seq, 1, w->seq.kind == SEQ_TEXT ? span->len[LK_UTF8] : 0));
    bool shortcut = plain && rng_below(&w->r, 2) == 0;
    heap.closed = true;
    if (shortcut)
        seq_lengthen(&w->seq, &end, span);
    else
        seq_insert(&w->seq, pos, span, &edit);
    heap.closed = false;
    if (plain) CHECK_EQ(count_spans(&w->seq), spans);
    for (unsigned u = 0; u < SEQ_UNITS && !shortcut; u++) {
        CHECK_EQ(edit.at[u], twin_units(w, 0, pos, u));
        CHECK_EQ(edit.inserted[u], span->len[u]);
        CHECK_EQ(edit.removed[u], 0);
    }
    twin_insert(w, pos, span);
}

static void test_delete(world *w, uint32_t pos, uint32_t n) {
    seq_edit edit;
    seq_part part;
    uint32_t spans = count_spans(&w->seq);
    bool plain = n > 0 && seq_find_part(&w->seq, pos, n, &part);
    CHECK(plain || seq_reserve(&w->seq, 1, 0));
    bool shortcut = plain && rng_below(&w->r, 2) == 0;
    heap.closed = true;
    if (shortcut)
        seq_shorten(&w->seq, &part);
    else
        seq_delete(&w->seq, pos, n, &edit);
    heap.closed = false;
    if (plain) {
        const atom *first = &w->atoms[pos];
        CHECK(first->id.peer == part.start.peer && first->id.counter == part.start.counter);
        CHECK(count_spans(&w->seq) <= spans);
    }
    for (unsigned u = 0; u < SEQ_UNITS && !shortcut; u++) {
        CHECK_EQ(edit.at[u], twin_units(w, 0, pos, u));
        CHECK_EQ(edit.removed[u], twin_units(w, pos, pos + n, u));
        CHECK_EQ(edit.inserted[u], 0);
    }
    twin_delete(w, pos, n);
}

/* Delete a range and put its spans back, as going back and forth in history does. */
static void test_there_and_back(world *w, uint32_t pos, uint32_t n) {
    static seq_span kept[ATOMS_MAX];
    uint32_t len = 0, order = rng_below(&w->r, 2);
    for (seq_walk walk = seq_range(&w->seq, pos, n); seq_walk_next(&walk, &kept[len]);) len++;
    test_delete(w, pos, n);
    uint32_t at = pos;
    for (uint32_t i = 0; i < len; i++) {
        const seq_span *span = &kept[order ? i : len - 1 - i];
        test_insert(w, at, span);
        if (order) at += span->len[SEQ_ENTITY];
    }
}

static void test_edit(world *w) {
    uint32_t pos = rng_below(&w->r, w->len + 1), what = rng_below(&w->r, 16);
    uint32_t room = w->len - pos;
    uint32_t n = rng_below(&w->r, 12) == 0 ? rng_below(&w->r, room + 1) : rng_below(&w->r, 5);
    if (n > room) n = room;
    if (what == 0 && n < 60) {
        test_there_and_back(w, pos, n);
    } else if (what < 5) {
        test_delete(w, pos, n);
    } else if (w->len + 3000 < ATOMS_MAX) {
        /* Typing: several inserts one behind the other. */
        for (uint32_t i = rng_below(&w->r, 4); i < 4; i++) {
            seq_span span = world_span(w);
            test_insert(w, pos, &span);
            pos += span.len[SEQ_ENTITY];
        }
    }
}

/* ---- comparing ---- */

static bool twin_hidden(const world *w, uint32_t i) { return w->atoms[i].len[LK_CODEPOINT] == 0; }

/* Do atoms `i` and the one behind it belong to one run? */
static bool twin_joins(const world *w, uint32_t i) {
    const atom *a = &w->atoms[i], *b = a + 1;
    return !twin_hidden(w, i) && !twin_hidden(w, i + 1) && a->id.peer == b->id.peer &&
           a->id.counter + 1 == b->id.counter;
}

/* The runs of [pos, end), and anchors between them. */
static void test_runs(world *w, uint32_t pos, uint32_t end) {
    seq_run run;
    for (seq_walk walk = seq_range(&w->seq, pos, end - pos); seq_walk_run(&walk, &run);) {
        for (; pos < run.pos; pos++) CHECK(twin_hidden(w, pos));
        CHECK_EQ(pos, run.pos);
        CHECK_EQ(w->atoms[pos].id.peer, run.start.peer);
        CHECK_EQ(w->atoms[pos].id.counter, run.start.counter);
        for (uint32_t i = 1; i < run.len; i++, pos++) CHECK(twin_joins(w, pos));
        CHECK(!twin_hidden(w, pos));
        pos++;
        CHECK(pos <= end && (pos == end || !twin_joins(w, pos - 1)));
    }
    for (; pos < end; pos++) CHECK(twin_hidden(w, pos));
}

static void test_walk(world *w, uint32_t pos, uint32_t len) {
    seq_walk walk = seq_range(&w->seq, pos, len);
    seq_span span;
    if (pos > w->len) pos = w->len;
    uint32_t at = pos, end = len < w->len - pos ? pos + len : w->len;
    while (seq_walk_next(&walk, &span)) {
        uint32_t n = span.len[SEQ_ENTITY];
        CHECK(n > 0 && at + n <= end);
        for (unsigned u = 0; u < SEQ_UNITS; u++)
            CHECK_EQ(span.len[u], twin_units(w, at, at + n, u));
        for (uint32_t i = 0; i < n; i++) {
            CHECK_EQ(w->atoms[at + i].id.peer, span.id.peer);
            CHECK_EQ(w->atoms[at + i].id.counter, span.id.counter + (int32_t)i);
        }
        CHECK(w->atoms[at].data == span.data);
        at += n;
    }
    CHECK_EQ(at, end);
    test_runs(w, pos, end);
}

static void test_same_units(const uint32_t got[SEQ_UNITS], const world *w, uint32_t pos) {
    for (unsigned u = 0; u < SEQ_UNITS; u++) CHECK_EQ(got[u], twin_units(w, 0, pos, u));
}

/* Every position of `unit`, by walking the atoms. */
static void test_seek_all(world *w, unsigned unit) {
    uint32_t out[SEQ_UNITS], rank[SEQ_UNITS] = {0};
    uint32_t left = 0; /* leftmost entity with the visible position of entity i */
    for (uint32_t i = 0; i <= w->len; i++) {
        const uint32_t *len = i < w->len ? w->atoms[i].len : NULL;
        if (len == NULL || len[unit] > 0) { /* i is the rightmost */
            CHECK_EQ(seq_seek(&w->seq, rank[unit], unit, SEQ_RIGHTMOST, out), SEQ_HIT);
            for (unsigned u = 0; u < SEQ_UNITS; u++) CHECK_EQ(out[u], rank[u]);
            CHECK_EQ(seq_seek(&w->seq, rank[unit], unit, SEQ_LEFTMOST, out), SEQ_HIT);
            CHECK_EQ(out[SEQ_ENTITY], left);
            for (unsigned u = 0; u < SEQ_ENTITY; u++) CHECK_EQ(out[u], rank[u]);
        }
        if (len == NULL) break;
        for (uint32_t k = 1; k < len[unit]; k++) {
            seq_side side = rng_below(&w->r, 2) ? SEQ_LEFTMOST : SEQ_RIGHTMOST;
            CHECK_EQ(seq_seek(&w->seq, rank[unit] + k, unit, side, out), SEQ_INSIDE);
            for (unsigned u = 0; u < SEQ_UNITS; u++) CHECK_EQ(out[u], rank[u]);
        }
        for (unsigned u = 0; u < SEQ_UNITS; u++) rank[u] += len[u];
        if (len[unit] > 0) left = i + 1;
    }
    CHECK_EQ(seq_seek(&w->seq, rank[unit] + 1, unit, SEQ_LEFTMOST, out), SEQ_PAST);
    test_same_units(out, w, w->len);
    CHECK_EQ(seq_seek(&w->seq, UINT32_MAX, unit, SEQ_RIGHTMOST, out), SEQ_PAST);
}

static void test_compare(world *w) {
    seq_check(&w->seq);
    for (unsigned u = 0; u < SEQ_UNITS; u++) {
        CHECK_EQ(seq_len(&w->seq, u), twin_units(w, 0, w->len, u));
        test_seek_all(w, u);
    }
    test_walk(w, 0, UINT32_MAX);
    test_walk(w, w->len + 1, 3);
    for (uint32_t n = 0; n < 10; n++)
        test_walk(w, rng_below(&w->r, w->len + 1), rng_below(&w->r, 40));
    if (w->seq.kind == SEQ_TEXT) return;
    op_id id;
    for (uint32_t i = 0; i < w->len; i++) {
        CHECK(seq_get(&w->seq, i, &id) == w->atoms[i].data);
        CHECK(id.peer == w->atoms[i].id.peer && id.counter == w->atoms[i].id.counter);
    }
    CHECK(seq_get(&w->seq, w->len, NULL) == NULL);
}

/* The same spans, some cut in two, make the same sequence at once. */
static void test_fill(world *w) {
    static seq_span spans[2 * ATOMS_MAX];
    seq was = w->seq;
    seq_walk walk = seq_range(&was, 0, w->len);
    uint32_t len = 0;
    for (uint32_t at = 0; at < w->len;) {
        seq_span span;
        walk = seq_range(&was, at, 1 + rng_below(&w->r, 9) * rng_below(&w->r, 90));
        for (; seq_walk_next(&walk, &span); at = walk.pos) spans[len++] = span;
    }
    seq_init(&w->seq, was.kind, &test_heap);
    seq_edit edit;
    CHECK(seq_reserve_fill(&w->seq, len, seq_len(&was, LK_UTF8)));
    heap.closed = true;
    seq_fill(&w->seq, spans, len, &edit);
    heap.closed = false;
    for (unsigned u = 0; u < SEQ_UNITS; u++) {
        CHECK_EQ(edit.inserted[u], seq_len(&was, u));
        CHECK_EQ(edit.at[u] + edit.removed[u], 0);
    }
    seq_drop(&was);
    test_compare(w);
}

static void test_random(seq_kind kind, uint64_t seed) {
    world *w = calloc(1, sizeof *w);
    w->r.state = seed;
    w->log = calloc(1, LOG_BYTES);
    w->values = calloc(LOG_BYTES, sizeof *w->values);
    seq_init(&w->seq, kind, &test_heap);
    test_compare(w);
    for (uint32_t n = 0; n < 2000 && w->log_len + 60000 < LOG_BYTES; n++) {
        test_edit(w);
        if (n % 64 == 0 || n < 20) test_compare(w);
    }
    test_compare(w);
    test_fill(w);
    for (uint32_t n = 0; n < 200; n++) test_edit(w);
    test_compare(w);
    seq_drop(&w->seq);
    CHECK_EQ(heap.blocks, 0);
    free(w->values);
    free(w->log);
    free(w);
}

/* ---- shapes ---- */

/* A thousand keys in a row are one item, in ASCII; the bound holds elsewhere. */
static void test_typing(void) {
    static uint8_t keys[1000], text[4000];
    seq s;
    seq_init(&s, SEQ_TEXT, &test_heap);
    memset(keys, 'x', sizeof keys);
    for (int32_t i = 0; i < 1000; i++) {
        seq_span key = seq_text_span((op_id){0, i}, keys + i, 1);
        CHECK(seq_reserve(&s, 1, 1));
        seq_insert(&s, (uint32_t)i, &key, NULL);
        heap.closed = true; /* typing on needs no memory after the first key */
    }
    heap.closed = false;
    CHECK_EQ(btree_leaf_len(btree_first(&s.tree).leaf), 1);
    for (uint32_t i = 0; i < 1000; i++) memcpy(text + 4 * i, "\xf0\x9f\x90\xa6", 4);
    seq_span birds = seq_text_span((op_id){1, 0}, text, 4000);
    CHECK(seq_reserve(&s, 1, 4000));
    heap.closed = true;
    seq_insert(&s, 0, &birds, NULL);
    heap.closed = false;
    seq_check(&s);
    uint32_t out[SEQ_UNITS];
    CHECK_EQ(seq_seek(&s, 999, LK_UTF16, SEQ_LEFTMOST, out), SEQ_INSIDE);
    CHECK_EQ(out[LK_UTF8], 499 * 4);
    /* What a deletion parted grows together when the part comes back out. */
    seq_span z = seq_text_span((op_id){2, 0}, (const uint8_t *)"z", 1);
    uint32_t items = btree_leaf_len(btree_first(&s.tree).leaf);
    CHECK(seq_reserve(&s, 1, 1));
    seq_insert(&s, 1500, &z, NULL);
    seq_delete(&s, 1500, 1, NULL);
    CHECK_EQ(btree_leaf_len(btree_first(&s.tree).leaf), items);
    seq_drop(&s);
    CHECK_EQ(heap.blocks, 0);
}

/* The picture in seq.h. */
static void test_anchors(void) {
    seq s;
    seq_init(&s, SEQ_TEXT, &test_heap);
    CHECK(seq_reserve(&s, 5, 16));
    seq_span hi = seq_text_span((op_id){0, 0}, (const uint8_t *)"Hi", 2);
    seq_span birds =
        seq_text_span((op_id){0, 2}, (const uint8_t *)"\xf0\x9f\x90\xa6\xf0\x9f\x90\xa6", 8);
    seq_span start = seq_anchor_span((op_id){0, 4}, NULL),
             end = seq_anchor_span((op_id){0, 5}, NULL);
    seq_insert(&s, 0, &hi, NULL);
    seq_insert(&s, 2, &birds, NULL);
    seq_insert(&s, 2, &start, NULL);
    seq_insert(&s, 5, &end, NULL);
    uint32_t out[SEQ_UNITS];
    CHECK_EQ(seq_seek(&s, 2, LK_UTF16, SEQ_LEFTMOST, out), SEQ_HIT);
    CHECK_EQ(out[SEQ_ENTITY], 2);
    CHECK_EQ(seq_seek(&s, 2, LK_UTF16, SEQ_RIGHTMOST, out), SEQ_HIT);
    CHECK_EQ(out[SEQ_ENTITY], 3);
    CHECK_EQ(seq_seek(&s, 5, LK_UTF16, SEQ_RIGHTMOST, out), SEQ_INSIDE);
    CHECK_EQ(out[SEQ_ENTITY], 4);
    CHECK_EQ(seq_seek(&s, 6, LK_UTF16, SEQ_LEFTMOST, out), SEQ_HIT);
    CHECK_EQ(out[SEQ_ENTITY], 5);
    CHECK_EQ(seq_seek(&s, 6, LK_UTF16, SEQ_RIGHTMOST, out), SEQ_HIT);
    CHECK_EQ(out[SEQ_ENTITY], 6);
    CHECK_EQ(seq_seek(&s, 7, LK_UTF16, SEQ_LEFTMOST, out), SEQ_PAST);
    CHECK_EQ(out[SEQ_ENTITY], 6);
    seq_drop(&s);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 8; seed++) {
        test_random(SEQ_TEXT, seed);
        test_random(SEQ_LIST, 100 + seed);
    }
    test_typing();
    test_anchors();
    puts("seq: 16 x 2000 random edits of texts and lists equal an array of atoms");
    return 0;
}
