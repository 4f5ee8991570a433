/* SPDX-License-Identifier: MIT
 * style_index_test.c - the marks in force in every gap, beside a walk from anchor to anchor that
 * keeps a list of those open. */
#include "check.h"
#include "state/style_index.h"

enum { MARKS = 40, KEYS = 4 };

typedef struct world {
    seq text;
    text_mark marks[MARKS];
    lk_value values[2];
    rng r;
} world;

static void world_insert(world *w, const seq_span *span) {
    CHECK(seq_reserve(&w->text, 1, 8));
    seq_insert(&w->text, rng_below(&w->r, seq_len(&w->text, SEQ_ENTITY) + 1), span, NULL);
}

/* Text, and marks, some of which never end; those that do may end before they start. */
static void world_fill(world *w, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        text_mark *m = &w->marks[i];
        *m = (text_mark){.id = {0, (int32_t)i * 10},
                         .lamport = rng_below(&w->r, 6),
                         .peer_wide = i,
                         .key = rng_below(&w->r, KEYS),
                         .value = &w->values[rng_below(&w->r, 2)]};
        seq_span text = seq_text_span((op_id){1, (int32_t)i * 10}, (const uint8_t *)"ab", 2);
        seq_span start = seq_anchor_span(m->id, m);
        seq_span end = seq_anchor_span((op_id){0, m->id.counter + 1}, m);
        world_insert(w, &text);
        world_insert(w, &start);
        if (rng_below(&w->r, 5) > 0) world_insert(w, &end);
    }
}

/* Does it end behind `w`? */
static bool twin_ends(seq_walk w, const text_mark *mark) {
    seq_span span;
    bool starts;
    while (seq_walk_next(&w, &span))
        if (seq_mark(&span, &starts) == mark) return !starts;
    return false;
}

static void check_gap(const style_index *x, uint32_t gap, const text_mark *const best[KEYS]) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    style_set set;
    CHECK(style_index_find(x, gap, &scratch, &set));
    size_t expected = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        CHECK(style_set_get(&set, key) == best[key]);
        expected += best[key] != NULL;
    }
    CHECK_EQ(set.len, expected);
    for (size_t i = 1; i < set.len; i++) CHECK(set.at[i - 1]->key < set.at[i]->key);
    arena_drop(&scratch);
}

static void check_all(world *w) {
    style_index x;
    style_index_init(&x, &mem_default);
    CHECK(style_index_refresh(&x, &w->text));
    const text_mark *open[MARKS];
    uint32_t len = 0, gap = 0;
    seq_walk walk = seq_range(&w->text, 0, seq_len(&w->text, SEQ_ENTITY));
    seq_span span;
    for (bool more = true, starts; more;) {
        const text_mark *best[KEYS] = {NULL};
        for (uint32_t i = 0; i < len; i++) {
            const text_mark **at = &best[open[i]->key];
            if (*at == NULL || text_mark_beats(open[i], *at)) *at = open[i];
        }
        check_gap(&x, gap, best);
        const text_mark *mark = NULL;
        while (mark == NULL && (more = seq_walk_next(&walk, &span)))
            mark = seq_mark(&span, &starts);
        if (!more) break;
        gap++;
        if (starts && twin_ends(walk, mark)) open[len++] = mark;
        for (uint32_t i = 0; !starts && i < len; i++)
            if (open[i] == mark) open[i] = open[--len];
    }
    style_index_drop(&x);
}

static void test_likeness(void) {
    lk_value yes = {.type = LK_BOOL, .as.boolean = true}, also = yes, null = {.type = LK_NULL};
    text_mark a = {.key = 1, .value = &yes}, b = {.key = 1, .value = &also};
    text_mark gone = {.key = 0, .value = &null}, other = {.key = 2, .value = &yes};
    const text_mark *one[] = {&a}, *same[] = {&b}, *taken[] = {&gone, &a}, *more[] = {&a, &other};
    style_set x = {one, 1, 1}, y = {same, 1, 1}, z = {taken, 2, 2}, w = {more, 2, 2}, none = {0};
    CHECK(style_set_equal(&x, &y) && style_set_alike(&x, &y) && !style_set_same(&x, &y));
    CHECK(!style_set_equal(&x, &z) && style_set_alike(&x, &z) && style_set_alike(&z, &x));
    CHECK(!style_set_alike(&x, &w) && !style_set_alike(&w, &z) && !style_set_alike(&none, &x));
    CHECK(style_set_same(&x, &x) && style_set_equal(&none, &none));
}

int main(void) {
    for (uint64_t seed = 1; seed <= 400; seed++) {
        world w = {.r = {seed}, .values = {{.type = LK_NULL}, {.type = LK_BOOL}}};
        seq_init(&w.text, SEQ_TEXT, &mem_default);
        check_all(&w);
        world_fill(&w, 1 + rng_below(&w.r, MARKS));
        check_all(&w);
        seq_drop(&w.text);
    }
    test_likeness();
    printf("style_index: 400 random texts, every gap\n");
    return 0;
}
