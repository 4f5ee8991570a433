/* SPDX-License-Identifier: MIT
 * text_diff.c - E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), section 4b.
 *
 * Both texts become arrays of symbols: code points, or numbers of lines that are equal when the
 * lines are. A search from both corners of the edit graph at once meets in the middle of a shortest
 * path, without remembering the path, and the two halves are solved alike. What comes out is a mark
 * on each symbol that is deleted from `a` or new in `b`:
 *
 *        b ->
 *     a  o--.--.        forward paths start at the upper left, backward ones at the lower right;
 *     |  |\             diagonal k is where x - y = k (x counts a, y counts b)
 *     v  .  o--o
 *              |
 *              o */
#include "base/text_diff.h"

#include "base/table.h"
#include "base/utf8.h"

#ifdef LK_STRESS
#define ROUNDS_MAX 24
#define BUDGET_MIN 2000
#else
/* Half the longest edit that is searched for, and the steps all searches may take beyond a few for
 * each symbol. */
#define ROUNDS_MAX 2048
#define BUDGET_MIN (1 << 22)
#endif
#define BUDGET_PER_SYMBOL 8

#define DIAGONALS (2 * ROUNDS_MAX + 3)
#define NOWHERE (-1) /* no path of that length ends on the diagonal */

typedef struct diff_side { /* one of the two texts */
    uint32_t *symbols;
    uint8_t *marks; /* 1: deleted from `a`, new in `b` */
    uint32_t len;
} diff_side;

typedef struct diff_span { /* a[x..x_end) against b[y..y_end) */
    int64_t x, x_end, y, y_end;
} diff_span;

typedef struct diff {
    const lk_memory *heap;
    diff_side a, b;
    int64_t *forward, *backward; /* by diagonal: how far paths got, in symbols of `a` */
    int64_t *budget;
} diff;

/* ---- Myers ---- */

/* The furthest end on diagonal k of a path one edit longer than those in `reach`: one step right
 * from the diagonal below, or down from that above. */
static int64_t text_diff_step(const int64_t *reach, int64_t k, int64_t n, int64_t m) {
    int64_t right = reach[k - 1], down = reach[k + 1];
    if (right != NOWHERE) right = right < n ? right + 1 : NOWHERE;
    if (down != NOWHERE && down - (k + 1) >= m) down = NOWHERE;
    return right > down ? right : down;
}

/* Round `d` in one direction. `sign` 1: from the upper left; -1: from the lower right, in mirrored
 * coordinates. Returns true, and the place in *x, *y, when a path meets one of `other`, which is
 * `other_d` edits long. */
static bool text_diff_round(diff *df, const diff_span *s, int sign, int64_t d, int64_t other_d,
                            int64_t *x_out, int64_t *y_out) {
    int64_t n = s->x_end - s->x, m = s->y_end - s->y;
    int64_t *reach = (sign > 0 ? df->forward : df->backward) + ROUNDS_MAX + 1;
    const int64_t *other = (sign > 0 ? df->backward : df->forward) + ROUNDS_MAX + 1;
    const uint32_t *a = df->a.symbols + (sign > 0 ? s->x : s->x_end - 1);
    const uint32_t *b = df->b.symbols + (sign > 0 ? s->y : s->y_end - 1);
    reach[d + 1] = reach[-d - 1] = NOWHERE;
    for (int64_t k = -d; k <= d && *df->budget > 0; k += 2) {
        int64_t x = d == 0 ? 0 : text_diff_step(reach, k, n, m), from = x;
        if (x != NOWHERE)
            while (x < n && x - k < m && a[sign * x] == b[sign * (x - k)]) x++;
        reach[k] = x;
        *df->budget -= 1 + x - from;
        int64_t facing = n - m - k; /* the same diagonal, as the other direction counts */
        if (x == NOWHERE || facing < -other_d || facing > other_d || ((facing ^ other_d) & 1) ||
            other[facing] == NOWHERE || x + other[facing] < n)
            continue;
        *x_out = sign > 0 ? s->x + x : s->x_end - x;
        *y_out = sign > 0 ? s->y + (x - k) : s->y_end - (x - k);
        return true;
    }
    return false;
}

/* A place in the middle of a shortest path, or false: too far. */
static bool text_diff_middle(diff *df, const diff_span *s, int64_t *x, int64_t *y) {
    for (int64_t d = 0; d <= ROUNDS_MAX && *df->budget > 0; d++) {
        if (text_diff_round(df, s, 1, d, d - 1, x, y)) return true;
        if (text_diff_round(df, s, -1, d, d, x, y)) return true;
    }
    return false;
}

static void text_diff_strip(diff *df, diff_span *s) {
    const uint32_t *a = df->a.symbols, *b = df->b.symbols;
    int64_t x = s->x, x_end = s->x_end;
    while (s->x < s->x_end && s->y < s->y_end && a[s->x] == b[s->y]) s->x++, s->y++;
    while (s->x < s->x_end && s->y < s->y_end && a[s->x_end - 1] == b[s->y_end - 1])
        s->x_end--, s->y_end--;
    *df->budget -= (s->x - x) + (x_end - s->x_end);
}

static void text_diff_mark(diff *df, const diff_span *s) {
    __builtin_memset(df->a.marks + s->x, 1, (size_t)(s->x_end - s->x));
    __builtin_memset(df->b.marks + s->y, 1, (size_t)(s->y_end - s->y));
}

/* Mark a shortest edit of the span; false (and marks half made) if the budget does not last. Each
 * half has half the edits, so recursion is at most log2(2 * ROUNDS_MAX) deep. */
static bool text_diff_span(diff *df, diff_span s) {
    int64_t x, y;
    text_diff_strip(df, &s);
    if (s.x == s.x_end || s.y == s.y_end) {
        text_diff_mark(df, &s);
        return true;
    }
    return text_diff_middle(df, &s, &x, &y) && text_diff_span(df, (diff_span){s.x, x, s.y, y}) &&
           text_diff_span(df, (diff_span){x, s.x_end, y, s.y_end});
}

/* ---- by lines ---- */

typedef struct diff_lines {
    diff df;            /* of line numbers */
    uint32_t *a_starts; /* of line i in the symbols of the text; one more for the end */
    uint32_t *b_starts;
    table seen; /* hash of a line to its number: index of starts, those of b after those of a */
} diff_lines;

static uint32_t text_diff_count_lines(const diff_side *side) {
    uint32_t lines = side->len > 0;
    for (uint32_t i = 0; i + 1 < side->len; i++) lines += side->symbols[i] == '\n';
    return lines;
}

static bool text_diff_side_make(const lk_memory *heap, diff_side *side, uint32_t len) {
    side->len = len;
    side->symbols = mem_alloc(heap, (size_t)len * sizeof *side->symbols);
    side->marks = mem_zalloc(heap, len);
    return side->symbols != NULL && side->marks != NULL;
}

static void text_diff_side_drop(const lk_memory *heap, diff_side *side) {
    mem_free(heap, side->symbols, (size_t)side->len * sizeof *side->symbols);
    mem_free(heap, side->marks, side->len);
}

static uint32_t *text_diff_starts(const lk_memory *heap, const diff_side *text, uint32_t lines) {
    uint32_t *starts = mem_alloc(heap, ((size_t)lines + 1) * sizeof *starts);
    if (starts == NULL) return NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < text->len; i++)
        if (i == 0 || text->symbols[i - 1] == '\n') starts[n++] = i;
    starts[lines] = text->len;
    return starts;
}

/* The symbols of line `number`. */
static const uint32_t *text_diff_line(const diff *text, const diff_lines *l, uint32_t number,
                                      uint32_t *len) {
    uint32_t in_a = l->df.a.len;
    const uint32_t *starts = number < in_a ? l->a_starts + number : l->b_starts + (number - in_a);
    *len = starts[1] - starts[0];
    return (number < in_a ? text->a.symbols : text->b.symbols) + starts[0];
}

/* The number of the first line equal to line `number`. */
static uint32_t text_diff_intern(const diff *text, diff_lines *l, uint32_t number) {
    uint32_t len, other_len;
    const uint32_t *line = text_diff_line(text, l, number, &len);
    uint32_t hash = hash_bytes(line, len * sizeof *line, 0);
    table_probe probe;
    uint32_t i = table_first(&l->seen, hash, &probe);
    for (; i != TABLE_NONE; i = table_next(&probe)) {
        const uint32_t *other = text_diff_line(text, l, i, &other_len);
        if (len == other_len && __builtin_memcmp(line, other, len * sizeof *line) == 0) return i;
    }
    table_add(&l->seen, hash, number);
    return number;
}

static bool text_diff_lines_make(const diff *text, diff_lines *l) {
    diff *df = &l->df;
    uint32_t a = text_diff_count_lines(&text->a), b = text_diff_count_lines(&text->b);
    *l = (diff_lines){.df = *text};
    bool fits = text_diff_side_make(df->heap, &df->a, a);
    fits &= text_diff_side_make(df->heap, &df->b, b);
    l->a_starts = text_diff_starts(df->heap, &text->a, a);
    l->b_starts = text_diff_starts(df->heap, &text->b, b);
    if (!fits || l->a_starts == NULL || l->b_starts == NULL ||
        !table_reserve(&l->seen, df->heap, a + b))
        return false;
    for (uint32_t i = 0; i < a; i++) df->a.symbols[i] = text_diff_intern(text, l, i);
    for (uint32_t i = 0; i < b; i++) df->b.symbols[i] = text_diff_intern(text, l, a + i);
    return true;
}

static void text_diff_lines_drop(diff_lines *l) {
    const lk_memory *heap = l->df.heap;
    mem_free(heap, l->a_starts, ((size_t)l->df.a.len + 1) * sizeof *l->a_starts);
    mem_free(heap, l->b_starts, ((size_t)l->df.b.len + 1) * sizeof *l->b_starts);
    text_diff_side_drop(heap, &l->df.a);
    text_diff_side_drop(heap, &l->df.b);
    table_drop(&l->seen, heap);
}

/* Mark lines that changed whole, or, `finely`, by code points unless that takes too long. */
static void text_diff_hunk(diff *text, const diff_lines *l, const diff_span *lines, bool finely) {
    diff_span s = {l->a_starts[lines->x], l->a_starts[lines->x_end], l->b_starts[lines->y],
                   l->b_starts[lines->y_end]};
    if (finely && text_diff_span(text, s)) return;
    __builtin_memset(text->a.marks + s.x, 0, (size_t)(s.x_end - s.x));
    __builtin_memset(text->b.marks + s.y, 0, (size_t)(s.y_end - s.y));
    if (finely) text_diff_strip(text, &s);
    text_diff_mark(text, &s);
}

/* The next run of marks at or after (x, y); false: there is none. */
static bool text_diff_run(const diff *df, diff_span *s) {
    s->x = s->x_end;
    s->y = s->y_end;
    while (s->x < df->a.len && s->y < df->b.len && !df->a.marks[s->x] && !df->b.marks[s->y])
        s->x++, s->y++;
    s->x_end = s->x;
    s->y_end = s->y;
    while (s->x_end < df->a.len && df->a.marks[s->x_end]) s->x_end++;
    while (s->y_end < df->b.len && df->b.marks[s->y_end]) s->y_end++;
    return s->x < s->x_end || s->y < s->y_end;
}

static bool text_diff_by_lines(diff *text, bool finely) {
    diff_lines l;
    bool made = text_diff_lines_make(text, &l);
    if (made) {
        diff_span whole = {0, l.df.a.len, 0, l.df.b.len}, hunk = {0, 0, 0, 0};
        if (!text_diff_span(&l.df, whole)) text_diff_mark(&l.df, &whole);
        while (text_diff_run(&l.df, &hunk)) text_diff_hunk(text, &l, &hunk, finely);
    }
    text_diff_lines_drop(&l);
    return made;
}

/* ---- the whole ---- */

/* Bytes both texts begin with, then those both end with; whole code points only. */
static void text_diff_common(lk_str a, lk_str b, size_t *prefix, size_t *suffix) {
    size_t least = a.len < b.len ? a.len : b.len, n = 0;
    while (n < least && a.at[n] == b.at[n]) n++;
    while (n > 0 &&
           ((n < a.len && (a.at[n] & 0xc0) == 0x80) || (n < b.len && (b.at[n] & 0xc0) == 0x80)))
        n--;
    *prefix = n;
    for (least -= n, n = 0; n < least && a.at[a.len - n - 1] == b.at[b.len - n - 1];) n++;
    while (n > 0 && (a.at[a.len - n] & 0xc0) == 0x80) n--;
    *suffix = n;
}

static bool text_diff_decode(const lk_memory *heap, diff_side *side, lk_str text) {
    const uint8_t *at = (const uint8_t *)text.at;
    uint32_t points = utf8_measure(at, text.len).unit[LK_CODEPOINT];
    if (!text_diff_side_make(heap, side, points)) return false;
    for (uint32_t i = 0; i < points; i++) side->symbols[i] = utf8_next(&at);
    return true;
}

static bool text_diff_push(const lk_memory *heap, text_steps *out, lk_delta_kind kind,
                           int64_t points) {
    if (points == 0) return true;
    text_step *step = vec_push(heap, out);
    if (step == NULL) return false;
    *step = (text_step){kind, (uint32_t)points};
    return true;
}

/* Turn marks into steps; `kept` code points lie before. */
static bool text_diff_emit(const diff *df, uint32_t kept, text_steps *out) {
    diff_span s = {0, 0, 0, 0};
    for (int64_t x = -(int64_t)kept; text_diff_run(df, &s); x = s.x_end)
        if (!text_diff_push(df->heap, out, LK_RETAIN, s.x - x) ||
            !text_diff_push(df->heap, out, LK_INSERT, s.y_end - s.y) ||
            !text_diff_push(df->heap, out, LK_DELETE, s.x_end - s.x))
            return false;
    return true;
}

/* Marks for both sides: short, else by lines. */
static bool text_diff_solve(diff *df, bool whole_lines) {
    int64_t symbols = (int64_t)df->a.len + df->b.len;
    int64_t budget = BUDGET_MIN + BUDGET_PER_SYMBOL * symbols, rest = budget;
    df->budget = &budget;
    if (whole_lines) return text_diff_by_lines(df, false);
    if (text_diff_span(df, (diff_span){0, df->a.len, 0, df->b.len})) return true;
    budget = rest;
    __builtin_memset(df->a.marks, 0, df->a.len);
    __builtin_memset(df->b.marks, 0, df->b.len);
    return text_diff_by_lines(df, true);
}

static bool text_diff_make(const lk_memory *heap, lk_str old, lk_str fresh, bool whole_lines,
                           text_steps *out) {
    size_t prefix = 0, suffix = 0, had = out->len;
    if (!whole_lines) text_diff_common(old, fresh, &prefix, &suffix);
    uint32_t kept = utf8_measure((const uint8_t *)old.at, prefix).unit[LK_CODEPOINT];
    lk_str a = {old.at + prefix, old.len - prefix - suffix};
    lk_str b = {fresh.at + prefix, fresh.len - prefix - suffix};
    diff df = {.heap = heap};
    df.forward = mem_alloc(heap, 2 * DIAGONALS * sizeof *df.forward);
    df.backward = df.forward == NULL ? NULL : df.forward + DIAGONALS;
    bool made = df.forward != NULL;
    made &= text_diff_decode(heap, &df.a, a);
    made &= text_diff_decode(heap, &df.b, b);
    made = made && text_diff_solve(&df, whole_lines) && text_diff_emit(&df, kept, out);
    if (!made) out->len = had;
    text_diff_side_drop(heap, &df.a);
    text_diff_side_drop(heap, &df.b);
    mem_free(heap, df.forward, 2 * DIAGONALS * sizeof *df.forward);
    return made;
}

bool text_diff(const lk_memory *heap, lk_str old, lk_str fresh, text_steps *out) {
    return text_diff_make(heap, old, fresh, false, out);
}

bool text_diff_lines(const lk_memory *heap, lk_str old, lk_str fresh, text_steps *out) {
    return text_diff_make(heap, old, fresh, true, out);
}
