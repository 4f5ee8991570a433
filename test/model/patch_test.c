/* SPDX-License-Identifier: MIT
 * patch_test.c - composing and transforming beside arrays of characters, to which deltas are
 * applied one by one: the order of doing things must not matter. */
#include "doc/patch.h"

#include "check.h"

#define LEN_MAX 400u
#define STEPS_MAX 12u

typedef struct line { /* characters, two of which never look alike */
    uint32_t at[LEN_MAX];
    uint32_t len;
} line;

typedef struct script { /* a delta; an insert's text names its characters */
    lk_diff diff;
    lk_delta steps[STEPS_MAX];
    char text[STEPS_MAX][32];
} script;

static rng source;
static arena memory;

/* One, two, three and four bytes: cuts must not go through them. */
static size_t test_char(uint32_t n, char *out) {
    uint32_t c = 0x1f400 + n % 64;
    if (n % 4 == 0) return (size_t)sprintf(out, "%c", (char)('a' + n / 4 % 26));
    if (n % 4 == 1) c = 0xe0 + n / 4 % 0x500;
    if (n % 4 == 2) c = 0x4e00 + n / 4 % 0x1000;
    if (c < 0x800)
        return (size_t)sprintf(out, "%c%c", (char)(0xc0 | c >> 6), (char)(0x80 | (c & 63)));
    if (c < 0x10000)
        return (size_t)sprintf(out, "%c%c%c", (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 63)),
                               (char)(0x80 | (c & 63)));
    return (size_t)sprintf(out, "%c%c%c%c", (char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 63)),
                           (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)));
}

static lk_delta test_step(lk_delta_kind kind, uint32_t len) {
    return (lk_delta){.kind = kind, .len = {len, len, len}};
}

/* A random delta that fits `len` characters. */
static void script_make(script *s, uint32_t len) {
    memset(s, 0, sizeof *s);
    uint32_t left = len, count = rng_below(&source, STEPS_MAX + 1);
    for (uint32_t i = 0; i < count; i++) {
        lk_delta_kind kind = (lk_delta_kind)rng_below(&source, 3);
        uint32_t want = 1 + rng_below(&source, 5);
        if (kind != LK_INSERT && want > left) want = left;
        if (want == 0) continue;
        lk_delta *step = &s->steps[s->diff.delta_len];
        *step = test_step(kind, want);
        if (kind != LK_INSERT) {
            left -= want;
        } else {
            char *text = s->text[s->diff.delta_len];
            size_t bytes = 0;
            for (uint32_t k = 0; k < want; k++)
                bytes += test_char((uint32_t)rng_u64(&source) >> 8, text + bytes);
            step->text = (lk_str){text, bytes};
        }
        s->diff.delta_len++;
    }
    s->diff.kind = LK_TEXT;
    s->diff.deltas = s->steps;
}

static uint32_t test_read(const char **at) {
    uint32_t c = 0;
    do c = c << 8 | (uint8_t)*(*at)++;
    while ((**at & 0xc0) == 0x80);
    return c;
}

static void line_apply(line *l, const lk_diff *d) {
    line out = {.len = 0};
    uint32_t pos = 0;
    for (size_t i = 0; i < d->delta_len; i++) {
        const lk_delta *step = &d->deltas[i];
        const char *at = step->text.at;
        for (uint32_t k = 0; k < step->len[LK_CODEPOINT]; k++) {
            if (step->kind != LK_INSERT) CHECK(pos < l->len);
            if (step->kind == LK_INSERT) out.at[out.len++] = test_read(&at);
            if (step->kind == LK_RETAIN) out.at[out.len++] = l->at[pos];
            if (step->kind != LK_INSERT) pos++;
        }
        if (step->kind == LK_INSERT) CHECK(at == step->text.at + step->text.len);
    }
    while (pos < l->len) out.at[out.len++] = l->at[pos++];
    *l = out;
}

static void line_same(const line *a, const line *b) {
    CHECK_BYTES((const uint8_t *)a->at, a->len * sizeof *a->at, (const uint8_t *)b->at,
                b->len * sizeof *b->at);
}

/* Steps as they should be written: none empty, none that could be one with the one before but for
 * deletes that were `composed`, no retain at the end. */
static void steps_check(const patch_steps *s, bool composed) {
    for (size_t i = 0; i < s->len; i++) {
        CHECK(s->at[i].len[LK_CODEPOINT] > 0);
        bool apart = s->at[i].kind == LK_INSERT || (composed && s->at[i].kind == LK_DELETE);
        CHECK(i == 0 || s->at[i].kind != s->at[i - 1].kind || apart);
    }
    if (s->len > 0) CHECK(s->at[s->len - 1].kind != LK_RETAIN);
}

static lk_diff steps_diff(const patch_steps *s, bool composed) {
    steps_check(s, composed);
    return (lk_diff){.kind = LK_TEXT, .deltas = s->at, .delta_len = s->len};
}

static void test_once(void) {
    line start = {.len = rng_below(&source, 40)}, one = start, other;
    for (uint32_t i = 0; i < start.len; i++) start.at[i] = one.at[i] = 1000000 + i;
    script a, b, c;
    script_make(&a, start.len);
    script_make(&b, start.len);
    patch_steps ab = {.memory = &memory}, ba = ab, sum = ab;
    other = start;
    line_apply(&one, &a.diff);
    line_apply(&other, &b.diff);
    /* a, then b past it; b, then a past it */
    line after_a = one, after_b = other;
    CHECK(patch_steps_transform(&ba, &b.diff, &a.diff, false));
    CHECK(patch_steps_transform(&ab, &a.diff, &b.diff, true));
    lk_diff later = steps_diff(&ba, false), first = steps_diff(&ab, false);
    line_apply(&after_a, &later);
    line_apply(&after_b, &first);
    line_same(&after_a, &after_b);
    /* two in a row, and as one */
    script_make(&c, one.len);
    CHECK(patch_steps_compose(&sum, &a.diff, &c.diff));
    lk_diff both = steps_diff(&sum, true);
    line_apply(&one, &c.diff);
    line_apply(&start, &both);
    line_same(&one, &start);
}

/* Of patches: keys written later count, numbers add up, steps of trees follow each other. */
static void test_patches(void) {
    lk_value one = {.type = LK_I64, .as.i64 = 1}, two = {.type = LK_I64, .as.i64 = 2};
    lk_map_change early[] = {{.key = {"a", 1}, .value = one}, {.key = {"b", 1}, .value = one}};
    lk_map_change late[] = {{.key = {"c", 1}, .value = two}, {.key = {"a", 1}, .value = two}};
    lk_tree_change node = {.target = {7, 1}};
    lk_diff first[] = {
        {.target = {1}, .kind = LK_MAP, .changes = early, .change_len = 2},
        {.target = {2}, .kind = LK_COUNTER, .increment = 2},
        {.target = {3}, .kind = LK_TREE, .nodes = &node, .node_len = 1},
    };
    lk_diff then[] = {
        {.target = {9}, .kind = LK_MAP, .changes = late, .change_len = 2},
        {.target = {2}, .kind = LK_COUNTER, .increment = 3},
        {.target = {3}, .kind = LK_TREE, .nodes = &node, .node_len = 1},
        {.target = {4}, .kind = LK_COUNTER, .increment = 1},
    };
    remap anew; /* 9 is what 1 became */
    remap_init(&anew, &mem_default);
    CHECK(remap_reserve(&anew, 1));
    remap_put(&anew, 1, 9);
    patch p = {.memory = &memory, .remap = &anew};
    CHECK(patch_compose(&p, first, 3) && patch_compose(&p, then, 4));
    CHECK_EQ(p.len, 4);
    CHECK_EQ(p.at[0].change_len, 3);
    CHECK_EQ(p.at[0].changes[0].value.as.i64, 2);
    CHECK_EQ(p.at[0].changes[1].value.as.i64, 1);
    CHECK(p.at[1].increment == 5);
    CHECK_EQ(p.at[2].node_len, 2);
    CHECK(patch_transform(&p, then, 4));
    CHECK_EQ(p.at[0].change_len, 3);
    remap_drop(&anew);
}

int main(void) {
    arena_init(&memory, &mem_default);
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        source.state = seed;
        test_once();
        arena_reset(&memory);
    }
    test_patches();
    arena_drop(&memory);
    return 0;
}
