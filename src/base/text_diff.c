/* SPDX-License-Identifier: MIT
 * text_diff.c - E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), section 4b.
 *
 * Both texts become arrays of symbols: code points, or numbers of lines that are equal when the
 * lines are. A search from both corners of the edit graph at once meets in the middle of a shortest
 * path, without remembering the path, and the two halves are solved alike:
 *
 *        b ->
 *     a  o--.--.        forward paths start at the upper left, backward ones at the lower right;
 *     |  |\             diagonal k is where x - y = k (x counts a, y counts b)
 *     v  .  o--o
 *              |
 *              o
 *
 * Of several shortest paths it is Loro's, which is decided by the order of the diagonals, by what
 * is preferred where two paths got equally far, and by cutting where the last diagonal run begins.
 * Small parts are refined (text_refine.c). */
#include "base/text_diff.h"

#include "base/table.h"
#include "base/text_refine.h"
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

typedef struct diff_side { /* one of the two texts */
    uint32_t *symbols;
    uint32_t len;
} diff_side;

typedef struct diff {
    const lk_memory *heap;
    diff_side a, b;
    int64_t *forward, *backward; /* by diagonal: how far paths got, in symbols of `a` */
    int64_t *budget;
    text_edits *out;
    bool shortest; /* nothing is refined */
    bool *failed;  /* memory is out */
} diff;

/* ---- Myers ---- */

/* Round `d` in one direction. `sign` 1: from the upper left; -1: from the lower right, in mirrored
 * coordinates. Returns true, and the place in *cut, when a path meets one of the other direction,
 * which are `other_d` edits long; that can only be in one of the directions, by the parity of the
 * lengths. */
static bool text_diff_round(diff *df, const text_span *s, int sign, int64_t d, int64_t other_d,
                            int64_t cut[2]) {
    int64_t n = s->x_end - s->x, m = s->y_end - s->y;
    int64_t *reach = (sign > 0 ? df->forward : df->backward) + ROUNDS_MAX + 1;
    const int64_t *other = (sign > 0 ? df->backward : df->forward) + ROUNDS_MAX + 1;
    const uint32_t *a = df->a.symbols + (sign > 0 ? s->x : s->x_end - 1);
    const uint32_t *b = df->b.symbols + (sign > 0 ? s->y : s->y_end - 1);
    bool meets = ((n - m) & 1) == (sign > 0);
    for (int64_t k = d; k >= -d && *df->budget > 0; k -= 2) {
        bool down = k == -d || (k != d && reach[k - 1] < reach[k + 1]);
        int64_t from = down ? reach[k + 1] : reach[k - 1] + 1, x = from;
        while (x < n && x - k < m && a[sign * x] == b[sign * (x - k)]) x++;
        reach[k] = x;
        *df->budget -= 1 + x - from;
        int64_t facing = n - m - k; /* the same diagonal, as the other direction counts */
        if (!meets || facing < -other_d || facing > other_d || x + other[facing] < n) continue;
        cut[0] = sign > 0 ? s->x + from : s->x_end - x;
        cut[1] = sign > 0 ? s->y + (from - k) : s->y_end - (x - k);
        return true;
    }
    return false;
}

/* A place in the middle of a shortest path, or false: too far. */
static bool text_diff_middle(diff *df, const text_span *s, int64_t cut[2]) {
    df->forward[ROUNDS_MAX + 2] = df->backward[ROUNDS_MAX + 2] = 0;
    for (int64_t d = 0; d <= ROUNDS_MAX && *df->budget > 0; d++)
        if (text_diff_round(df, s, 1, d, d - 1, cut) || text_diff_round(df, s, -1, d, d, cut))
            return cut[0] <= s->x_end && cut[1] <= s->y_end && cut[0] >= s->x && cut[1] >= s->y;
    return false;
}

static void text_diff_strip(diff *df, text_span *s) {
    const uint32_t *a = df->a.symbols, *b = df->b.symbols;
    int64_t x = s->x, x_end = s->x_end;
    while (s->x < s->x_end && s->y < s->y_end && a[s->x] == b[s->y]) s->x++, s->y++;
    while (s->x < s->x_end && s->y < s->y_end && a[s->x_end - 1] == b[s->y_end - 1])
        s->x_end--, s->y_end--;
    *df->budget -= (s->x - x) + (x_end - s->x_end);
}

static bool text_diff_edit(diff *df, lk_delta_kind kind, const text_span *s) {
    int64_t len = kind == LK_DELETE ? s->x_end - s->x : s->y_end - s->y;
    if (len == 0) return true;
    text_edit *edit = vec_push(df->heap, df->out);
    if (edit == NULL) return !(*df->failed = true);
    *edit = (text_edit){kind, (uint32_t)s->x, (uint32_t)s->y, (uint32_t)len};
    return true;
}

static bool text_diff_replace(diff *df, const text_span *s) {
    text_span behind = {s->x_end, s->x_end, s->y, s->y_end};
    return text_diff_edit(df, LK_DELETE, s) && text_diff_edit(df, LK_INSERT, &behind);
}

/* Write the edits of a small span; *done: or it was too hard. */
static bool text_diff_refine(diff *df, const text_span *s, bool *done) {
    int64_t n = s->x_end - s->x, m = s->y_end - s->y;
    *done = false;
    if (df->shortest || *df->budget <= 0 || n * m >= REFINE_AREA) return true;
    switch (text_refine(df->heap, df->a.symbols, df->b.symbols, *s, df->budget, df->out)) {
    case REFINE_DONE: *done = true; return true;
    case REFINE_LONG: return true;
    default: return !(*df->failed = true);
    }
}

/* Write the edits of the span; false (and edits half written) if memory or the budget does not
 * last. Each half has half the edits, so recursion is at most log2(2 * ROUNDS_MAX) deep. */
static bool text_diff_span(diff *df, text_span s) {
    int64_t cut[2];
    bool done;
    text_diff_strip(df, &s);
    if (s.x == s.x_end) return text_diff_edit(df, LK_INSERT, &s);
    if (s.y == s.y_end) return text_diff_edit(df, LK_DELETE, &s);
    if (!text_diff_refine(df, &s, &done)) return false;
    if (done) return true;
    return text_diff_middle(df, &s, cut) &&
           text_diff_span(df, (text_span){s.x, cut[0], s.y, cut[1]}) &&
           text_diff_span(df, (text_span){cut[0], s.x_end, cut[1], s.y_end});
}

/* ---- by lines ---- */

typedef struct diff_lines {
    diff df;            /* of line numbers */
    uint32_t *a_starts; /* of line i in the symbols of the text; one more for the end */
    uint32_t *b_starts;
    table seen; /* hash of a line to its number: index of starts, those of b after those of a */
    text_edits edits;
} diff_lines;

static uint32_t text_diff_count_lines(const diff_side *side) {
    uint32_t lines = side->len > 0;
    for (uint32_t i = 0; i + 1 < side->len; i++) lines += side->symbols[i] == '\n';
    return lines;
}

static bool text_diff_side_make(const lk_memory *heap, diff_side *side, uint32_t len) {
    side->len = len;
    side->symbols = mem_alloc(heap, (size_t)len * sizeof *side->symbols);
    return side->symbols != NULL;
}

static void text_diff_side_drop(const lk_memory *heap, diff_side *side) {
    mem_free(heap, side->symbols, (size_t)side->len * sizeof *side->symbols);
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
    uint32_t hash = keyed_hash(l->df.heap->hash_key, line, len * sizeof *line);
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
    df->out = &l->edits;
    df->a.symbols = df->b.symbols = NULL;
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
    vec_drop(heap, &l->edits);
}

/* What an edit of lines covers. */
static text_span text_diff_covers(const text_edit *edit) {
    bool goes = edit->kind == LK_DELETE;
    return (text_span){edit->x, edit->x + (goes ? edit->len : 0), edit->y,
                       edit->y + (goes ? 0 : edit->len)};
}

static text_span text_diff_points(const diff_lines *l, const text_span *lines) {
    return (text_span){l->a_starts[lines->x], l->a_starts[lines->x_end], l->b_starts[lines->y],
                       l->b_starts[lines->y_end]};
}

/* Lines that changed, by code points unless that takes too long. */
static bool text_diff_hunk(diff *text, text_span s) {
    size_t had = text->out->len;
    if (text_diff_span(text, s)) return true;
    if (*text->failed) return false;
    text->out->len = had;
    text_diff_strip(text, &s);
    return text_diff_replace(text, &s);
}

/* Neighbours are one hunk. */
static bool text_diff_hunks(diff *text, const diff_lines *l) {
    for (size_t i = 0, end; i < l->edits.len; i = end) {
        text_span lines = text_diff_covers(&l->edits.at[i]);
        for (end = i + 1; end < l->edits.len; end++) {
            text_span next = text_diff_covers(&l->edits.at[end]);
            if (next.x != lines.x_end || next.y != lines.y_end) break;
            lines.x_end = next.x_end;
            lines.y_end = next.y_end;
        }
        if (!text_diff_hunk(text, text_diff_points(l, &lines))) return false;
    }
    return true;
}

static bool text_diff_by_lines(diff *text, bool finely) {
    diff_lines l;
    bool made = text_diff_lines_make(text, &l);
    text_span whole = {0, l.df.a.len, 0, l.df.b.len};
    if (made && !text_diff_span(&l.df, whole)) {
        l.edits.len = 0;
        made = !*text->failed && text_diff_replace(&l.df, &whole);
    }
    if (made && finely) made = text_diff_hunks(text, &l);
    for (size_t i = 0; made && !finely && i < l.edits.len; i++) {
        text_span lines = text_diff_covers(&l.edits.at[i]), s = text_diff_points(&l, &lines);
        made = text_diff_edit(text, l.edits.at[i].kind, &s);
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

/* Edits with what is kept between them; `kept` code points lie before. */
static bool text_diff_emit(const diff *df, uint32_t kept, text_steps *out) {
    int64_t x = -(int64_t)kept;
    for (size_t i = 0; i < df->out->len; i++) {
        const text_edit *edit = &df->out->at[i];
        if (!text_diff_push(df->heap, out, LK_RETAIN, edit->x - x) ||
            !text_diff_push(df->heap, out, edit->kind, edit->len))
            return false;
        x = edit->x + (edit->kind == LK_DELETE ? edit->len : 0);
    }
    return true;
}

/* Edits of all there is: fine, else by lines. */
static bool text_diff_solve(diff *df, bool whole_lines) {
    int64_t symbols = (int64_t)df->a.len + df->b.len;
    int64_t budget = BUDGET_MIN + BUDGET_PER_SYMBOL * symbols, rest = budget;
    df->budget = &budget;
    if (whole_lines) return text_diff_by_lines(df, false);
    if (text_diff_span(df, (text_span){0, df->a.len, 0, df->b.len})) return true;
    if (*df->failed) return false;
    budget = rest;
    df->out->len = 0;
    return text_diff_by_lines(df, true);
}

bool text_diff(const lk_memory *heap, lk_str old, lk_str fresh, unsigned how, text_steps *out) {
    bool whole_lines = (how & TEXT_DIFF_LINES) != 0, failed = false;
    size_t prefix = 0, suffix = 0, had = out->len;
    if (!whole_lines) text_diff_common(old, fresh, &prefix, &suffix);
    uint32_t kept = utf8_measure((const uint8_t *)old.at, prefix).unit[LK_CODEPOINT];
    lk_str a = {old.at + prefix, old.len - prefix - suffix};
    lk_str b = {fresh.at + prefix, fresh.len - prefix - suffix};
    text_edits edits = {0};
    diff df = {.heap = heap, .out = &edits, .failed = &failed};
    df.shortest = (how & TEXT_DIFF_SHORTEST) != 0;
    df.forward = mem_alloc(heap, 2 * DIAGONALS * sizeof *df.forward);
    df.backward = df.forward == NULL ? NULL : df.forward + DIAGONALS;
    bool made = df.forward != NULL;
    made &= text_diff_decode(heap, &df.a, a);
    made &= text_diff_decode(heap, &df.b, b);
    made = made && text_diff_solve(&df, whole_lines) && text_diff_emit(&df, kept, out);
    if (!made) out->len = had;
    text_diff_side_drop(heap, &df.a);
    text_diff_side_drop(heap, &df.b);
    vec_drop(heap, &edits);
    mem_free(heap, df.forward, 2 * DIAGONALS * sizeof *df.forward);
    return made;
}
