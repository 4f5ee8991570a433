/* SPDX-License-Identifier: MIT
 * text_diff_test.c - diffs applied give the other text, are as short or as cheap as a table of all
 * edits says where that can be afforded, and keep the lines that did not change where it cannot. */
#include "base/text_diff.h"

#include "base/utf8.h"
#include "check.h"

#ifdef LK_STRESS
#define LINES_PER_CHANGE 1000
#else
#define LINES_PER_CHANGE 20
#endif

typedef struct text {
    uint8_t *at;
    size_t len, cap;
} text;

static size_t heap_left = SIZE_MAX, heap_blocks;

static void *test_resize(void *context, void *at, size_t old_len, size_t new_len) {
    (void)context, (void)old_len;
    if (new_len == 0) {
        heap_blocks--;
        free(at);
        return NULL;
    }
    if (heap_left == 0) return NULL;
    heap_left--;
    heap_blocks += at == NULL;
    return realloc(at, new_len);
}

static const lk_memory test_heap = {.resize = test_resize};

static void text_add(text *t, const void *at, size_t len) {
    if (t->len + len > t->cap) t->at = realloc(t->at, t->cap = 2 * (t->len + len));
    if (len > 0) memcpy(t->at + t->len, at, len);
    t->len += len;
}

static lk_str text_str(const text *t) { return (lk_str){(const char *)t->at, t->len}; }

/* Characters that share lead and trail bytes, so that cuts inside them would show. */
static void text_random(text *t, rng *r, uint32_t points, uint32_t letters) {
    static const char *const alphabet[8] = {"a", "b",      "\n",     "é",
                                            "è", "\u2603", "\u2604", "\xf0\x9f\x90\xa6"};
    for (uint32_t i = 0; i < points; i++) {
        const char *c = alphabet[rng_below(r, letters)];
        text_add(t, c, strlen(c));
    }
}

static size_t test_bytes(const uint8_t *at, size_t left, uint32_t points) {
    text_len unused;
    size_t bytes = utf8_seek(at, left, points, LK_CODEPOINT, &unused);
    CHECK(bytes != SIZE_MAX);
    return bytes;
}

/* Apply, check the form, and return the length of the edit. */
static uint32_t test_apply(const text *old, const text *fresh, const text_steps *steps) {
    text out = {NULL, 0, 0};
    size_t a = 0, b = 0;
    uint32_t edit = 0;
    for (size_t i = 0; i < steps->len; i++) {
        text_step s = steps->at[i];
        CHECK(s.points > 0);
        CHECK(i + 1 < steps->len || s.kind != LK_RETAIN);
        if (i > 0 && s.kind == LK_RETAIN) CHECK(steps->at[i - 1].kind != LK_RETAIN);
        size_t old_bytes =
            s.kind == LK_INSERT ? 0 : test_bytes(old->at + a, old->len - a, s.points);
        size_t fresh_bytes =
            s.kind == LK_DELETE ? 0 : test_bytes(fresh->at + b, fresh->len - b, s.points);
        if (s.kind == LK_RETAIN) text_add(&out, old->at + a, old_bytes);
        if (s.kind == LK_INSERT) text_add(&out, fresh->at + b, fresh_bytes);
        if (s.kind != LK_RETAIN) edit += s.points;
        a += old_bytes;
        b += fresh_bytes;
    }
    if (a < old->len) text_add(&out, old->at + a, old->len - a);
    CHECK_BYTES(out.at, out.len, fresh->at, fresh->len);
    free(out.at);
    return edit;
}

static uint32_t test_diff(const text *old, const text *fresh, unsigned how) {
    text_steps steps = {NULL, 0, 0};
    CHECK(text_diff(&test_heap, text_str(old), text_str(fresh), how, &steps));
    uint32_t edit = test_apply(old, fresh, &steps);
    vec_drop(&test_heap, &steps);
    CHECK_EQ(heap_blocks, 0);
    return edit;
}

/* The length of the shortest edit, by the table of all of them. */
static uint32_t test_shortest(const text *a, const text *b) {
    enum { MAX = 64 };
    static uint32_t table[MAX + 1][MAX + 1], as[MAX], bs[MAX];
    uint32_t n = 0, m = 0;
    for (const uint8_t *p = a->at; p < a->at + a->len;) as[n++] = utf8_next(&p);
    for (const uint8_t *p = b->at; p < b->at + b->len;) bs[m++] = utf8_next(&p);
    for (uint32_t i = 0; i <= n; i++)
        for (uint32_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                table[i][j] = i + j;
                continue;
            }
            uint32_t right = table[i][j - 1] + 1, down = table[i - 1][j] + 1;
            table[i][j] = right < down ? right : down;
            if (as[i - 1] == bs[j - 1] && table[i - 1][j - 1] < table[i][j])
                table[i][j] = table[i - 1][j - 1];
        }
    return table[n][m];
}

static void test_small(void) {
    rng r = {1};
    for (uint32_t n = 0; n < 20000; n++) {
        text a = {NULL, 0, 0}, b = {NULL, 0, 0};
        uint32_t letters = 1 + rng_below(&r, 8), most = n % 2 ? 8 : 24;
        text_random(&a, &r, rng_below(&r, most), letters);
        if (rng_below(&r, 2)) text_add(&b, a.at, a.len);
        text_random(&b, &r, rng_below(&r, most), letters);
        CHECK_EQ(test_diff(&a, &b, TEXT_DIFF_SHORTEST), test_shortest(&a, &b));
        test_diff(&a, &b, 0);
        test_diff(&a, &b, TEXT_DIFF_LINES);
        free(a.at);
        free(b.at);
    }
}

/* What the refined edit costs: a symbol 1, a run 8 more, and 1 where a run ends in something kept.
 */
static uint32_t test_cost(const text *old, const text *fresh) {
    text_steps steps = {NULL, 0, 0};
    CHECK(text_diff(&test_heap, text_str(old), text_str(fresh), 0, &steps));
    uint32_t cost = 0;
    for (size_t i = 0; i < steps.len; i++)
        cost += steps.at[i].kind == LK_RETAIN ? 1 : steps.at[i].points + 8;
    vec_drop(&test_heap, &steps);
    return cost;
}

/* The cheapest of all edits, by a table with a cost for each kind of last step: kept, gone, come.
 */
static uint32_t test_cheapest(const text *a, const text *b) {
    enum { MAX = 64, FAR = 1 << 20 };
    static uint32_t table[MAX + 1][MAX + 1][3], as[MAX], bs[MAX];
    uint32_t n = 0, m = 0;
    for (const uint8_t *p = a->at; p < a->at + a->len;) as[n++] = utf8_next(&p);
    for (const uint8_t *p = b->at; p < b->at + b->len;) bs[m++] = utf8_next(&p);
    for (uint32_t i = 0; i <= n; i++)
        for (uint32_t j = 0; j <= m; j++)
            for (uint32_t way = 0; way < 3; way++) {
                uint32_t best = i + j + way == 0 ? 0 : FAR;
                bool can = (way == 2 || i > 0) && (way == 1 || j > 0) &&
                           (way > 0 || as[i - 1] == bs[j - 1]);
                for (uint32_t last = 0; can && last < 3; last++) {
                    uint32_t step = way == 0 ? last != 0 : last == way ? 1 : 9;
                    uint32_t cost = table[i - (way != 2)][j - (way != 1)][last] + step;
                    if (cost < best) best = cost;
                }
                table[i][j][way] = best;
            }
    const uint32_t *end = table[n][m];
    uint32_t least = end[0] < end[1] ? end[0] : end[1];
    return least < end[2] ? least : end[2];
}

/* Nothing is cheaper than the table says; and little is dearer, for the search settles each place
 * once, whatever the last step there was. The texts begin and end differently, so nothing is cut
 * off. */
static void test_refined(void) {
    rng r = {5};
    uint32_t cost = 0, least = 0;
    for (uint32_t n = 0; n < 5000; n++) {
        text a = {NULL, 0, 0}, b = {NULL, 0, 0};
        uint32_t letters = 1 + rng_below(&r, 8);
        text_add(&a, "x", 1);
        text_add(&b, "y", 1);
        text_random(&a, &r, rng_below(&r, 30), letters);
        text_random(&b, &r, rng_below(&r, 30), letters);
        text_add(&a, "z", 1);
        text_add(&b, "w", 1);
        uint32_t one = test_cost(&a, &b), other = test_cheapest(&a, &b);
        CHECK(one >= other);
        cost += one;
        least += other;
        free(a.at);
        free(b.at);
    }
    CHECK(cost - least < least / 20);
}

/* Few edits in a long text are found exactly, wherever they are. */
static void test_long(void) {
    rng r = {2};
    for (uint32_t n = 0; n < 20; n++) {
        text a = {NULL, 0, 0}, b = {NULL, 0, 0};
        uint32_t changes = rng_below(&r, 8);
        for (uint32_t i = 0; i <= changes; i++) {
            text part = {NULL, 0, 0};
            text_random(&part, &r, rng_below(&r, 20000), 8);
            text_add(&a, part.at, part.len);
            text_add(&b, part.at, part.len);
            if (i < changes) text_add(rng_below(&r, 2) ? &a : &b, "!", 1);
            free(part.at);
        }
        CHECK_EQ(test_diff(&a, &b, 0), changes);
        free(a.at);
        free(b.at);
    }
}

/* More code points differ than Myers is allowed, but not more lines: those that stayed are kept. */
static void test_lines(void) {
    rng r = {3};
    text a = {NULL, 0, 0}, b = {NULL, 0, 0};
    uint32_t changed = 0;
    char line[64];
    for (uint32_t i = 0; i < 20000; i++) {
        int len = snprintf(line, sizeof line, "line %u of many\n", i * 2654435761u);
        bool differs = i % LINES_PER_CHANGE == 0;
        text_add(&a, line, (size_t)len);
        if (differs) {
            for (int k = 0; k < len - 1; k++) line[k] = (char)('A' + rng_below(&r, 26));
            changed += 2 * (uint32_t)(len - 1);
        }
        text_add(&b, line, (size_t)len);
    }
    uint32_t edit = test_diff(&a, &b, 0);
    CHECK(edit <= changed);
    CHECK(edit > changed / 2); /* or this was no case for lines */
    /* Nothing in common at all: replaced. */
    b.len = 0;
    for (uint32_t i = 0; i < 60000; i++) text_add(&b, i % 2 ? "é" : "è", 2);
    for (uint32_t i = 0; i < a.len; i++) a.at[i] = a.at[i] == '\n' ? ' ' : a.at[i];
    CHECK_EQ(test_diff(&a, &b, 0), a.len + 60000);
    free(a.at);
    free(b.at);
}

/* Memory running out at any request leaves nothing behind and *out as it was. */
static void test_memory(void) {
    rng r = {4};
    text a = {NULL, 0, 0}, b = {NULL, 0, 0};
    text_random(&a, &r, 9000, 8);
    text_random(&b, &r, 9000, 8);
    for (size_t allowed = 0;; allowed++) {
        text_steps steps = {NULL, 0, 0};
        heap_left = allowed;
        bool made = text_diff(&test_heap, text_str(&a), text_str(&b), 0, &steps);
        heap_left = SIZE_MAX;
        if (made)
            test_apply(&a, &b, &steps);
        else
            CHECK_EQ(steps.len, 0);
        vec_drop(&test_heap, &steps);
        CHECK_EQ(heap_blocks, 0);
        if (!made) continue;
        CHECK(allowed > 10); /* the fallback by lines was part of it */
        break;
    }
    free(a.at);
    free(b.at);
}

/* Lines that changed go and come whole. */
static void test_whole_lines(void) {
    static const text_step wanted[] = {{LK_RETAIN, 4}, {LK_DELETE, 4}, {LK_INSERT, 4}};
    lk_str old = {"one\ntwo\nend", 11}, fresh = {"one\ntwa\nend", 11};
    text_steps steps = {0};
    CHECK(text_diff(&test_heap, old, fresh, TEXT_DIFF_LINES, &steps));
    CHECK_EQ(steps.len, countof(wanted));
    for (size_t i = 0; i < steps.len; i++) {
        CHECK_EQ(steps.at[i].kind, wanted[i].kind);
        CHECK_EQ(steps.at[i].points, wanted[i].points);
    }
    steps.len = 0;
    CHECK(text_diff(&test_heap, old, old, TEXT_DIFF_LINES, &steps));
    CHECK_EQ(steps.len, 0);
    vec_drop(&test_heap, &steps);
}

int main(void) {
    test_small();
    test_refined();
    test_whole_lines();
    test_long();
    test_lines();
    test_memory();
    puts(
        "text_diff: 20000 shortest edits, refined ones, long texts, the fallback by lines, memory");
    return 0;
}
