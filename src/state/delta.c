/* SPDX-License-Identifier: MIT
 * delta.c - a B-tree of places where something changed:
 *
 *     [keep 5, +2, -1] [keep 3, +0, -4] [keep 1, +6, -0]  (everything behind is kept)
 *
 * Each item is text kept since the place before, then what was inserted, then what was deleted
 * there. Measured is what is there now: kept plus inserted. So a position in the current state is
 * found by one descent. Between two edits every item has something inserted or deleted. One that
 * keeps nothing, but for the first, inserts behind what the one before deleted: places are as few
 * as they can be. */
#include "state/delta.h"

#define DELTA_UNITS 3u
#define DELTA_COUNT 3u /* the metric that counts places */

typedef struct delta_place {
    uint32_t keep[DELTA_UNITS], insert[DELTA_UNITS], remove[DELTA_UNITS];
} delta_place;

static btree_sums delta_measure(const void *item) {
    const delta_place *p = item;
    btree_sums sums = {0};
    for (unsigned u = 0; u < DELTA_UNITS; u++) sums.by[u] = p->keep[u] + p->insert[u];
    sums.by[DELTA_COUNT] = 1;
    return sums;
}

static const btree_class delta_class = {.item_len = sizeof(delta_place)};

void delta_init(delta *d, const lk_memory *heap) {
    btree_init(&d->tree, &delta_class, heap, NULL);
    d->gap = DELTA_BEHIND;
}

void delta_drop(delta *d) { btree_drop(&d->tree); }

void delta_reset(delta *d) { btree_clear(&d->tree); }

bool delta_reserve(delta *d, size_t edits) { return btree_reserve(&d->tree, edits); }

bool delta_empty(const delta *d) { return btree_empty(&d->tree); }

/* ---- lengths: all units grow and shrink together, so one of them can be asked ---- */

static bool delta_none(const uint32_t len[DELTA_UNITS]) { return len[LK_CODEPOINT] == 0; }

static void delta_add(uint32_t to[DELTA_UNITS], const uint32_t len[DELTA_UNITS]) {
    for (unsigned u = 0; u < DELTA_UNITS; u++) to[u] += len[u];
}

static void delta_sub(uint32_t from[DELTA_UNITS], const uint32_t len[DELTA_UNITS]) {
    for (unsigned u = 0; u < DELTA_UNITS; u++) from[u] -= len[u];
}

/* Move as much as both hold out of both; into out[], what that was. */
static void delta_take(uint32_t from[DELTA_UNITS], uint32_t want[DELTA_UNITS],
                       uint32_t out[DELTA_UNITS]) {
    const uint32_t *less = from[LK_CODEPOINT] < want[LK_CODEPOINT] ? from : want;
    __builtin_memcpy(out, less, DELTA_UNITS * sizeof *out);
    delta_sub(from, out);
    delta_sub(want, out);
}

/* ---- editing ---- */

/* The place at position `at`: the one whose kept text ends there or that has inserted there, else a
 * new one that nothing has happened to. *into is how much of its inserted text lies before. */
static btree_pos delta_open(delta *d, const uint32_t at[DELTA_UNITS], uint32_t into[DELTA_UNITS]) {
    delta_place fresh = {{0}, {0}, {0}};
    uint32_t point = at[LK_CODEPOINT];
    btree_pos pos = btree_first(&d->tree);
    btree_sums rank = {0};
    if (point > 0) pos = btree_find_rank(&d->tree, LK_CODEPOINT, point - 1, &rank);
    /* What holds the code point before `at` is the place itself or keeps the text around it. */
    for (unsigned u = 0; u < DELTA_UNITS; u++) fresh.keep[u] = at[u] - rank.by[u];
    if (!btree_at_end(&d->tree, pos)) {
        delta_place *place = btree_item(&d->tree, pos);
        if (point - rank.by[LK_CODEPOINT] >= place->keep[LK_CODEPOINT]) {
            for (unsigned u = 0; u < DELTA_UNITS; u++) into[u] = fresh.keep[u] - place->keep[u];
            return pos;
        }
        delta_sub(place->keep, fresh.keep);
        btree_changed(&d->tree, pos, delta_measure(place));
    }
    __builtin_memset(into, 0, DELTA_UNITS * sizeof *into);
    return btree_insert(&d->tree, pos, &fresh, delta_measure(&fresh));
}

/* Deleting `want` behind place *now reaches into the places from `next` on: what they keep is noted
 * as deleted, what was inserted vanishes. One that neither keeps nor inserts any more becomes one
 * with *now. Where the first place that stays is. */
static btree_pos delta_swallow(delta *d, btree_pos next, uint32_t want[DELTA_UNITS],
                               delta_place *now) {
    uint32_t took[DELTA_UNITS];
    while (!delta_none(want) && !btree_at_end(&d->tree, next)) {
        delta_place *behind = btree_item(&d->tree, next);
        delta_take(behind->keep, want, took);
        delta_add(now->remove, took);
        if (delta_none(behind->keep)) delta_take(behind->insert, want, took);
        if (!delta_none(behind->keep) || !delta_none(behind->insert)) {
            btree_changed(&d->tree, next, delta_measure(behind));
            return next;
        }
        delta_add(now->remove, behind->remove);
        next = btree_remove(&d->tree, next);
    }
    delta_add(now->remove, want); /* of what is kept behind all places */
    return next;
}

/* Make the place at `pos` be *now; if nothing happened there after all, take it away. */
static void delta_close(delta *d, btree_pos pos, const delta_place *now) {
    bool idle = delta_none(now->insert) && delta_none(now->remove);
    if (idle) {
        pos = btree_remove(&d->tree, pos);
        if (btree_at_end(&d->tree, pos)) return;
    }
    delta_place *place = btree_item(&d->tree, pos);
    if (idle)
        delta_add(place->keep, now->keep);
    else
        *place = *now;
    btree_changed(&d->tree, pos, delta_measure(place));
}

static void delta_remove(delta *d, const uint32_t at[3], const uint32_t removed[3]) {
    uint32_t into[DELTA_UNITS], want[DELTA_UNITS], took[DELTA_UNITS];
    __builtin_memcpy(want, removed, sizeof want);
    btree_pos pos = delta_open(d, at, into);
    delta_place now = *(const delta_place *)btree_item(&d->tree, pos);
    delta_sub(now.insert, into);
    delta_take(now.insert, want, took);
    delta_add(now.insert, into);
    if (!delta_none(want)) {
        btree_next(&d->tree, &pos);
        pos = delta_swallow(d, pos, want, &now);
        btree_prev(&d->tree, &pos);
    }
    delta_close(d, pos, &now);
}

static void delta_insert(delta *d, const uint32_t at[3], const uint32_t inserted[3]) {
    static const delta_place fresh;
    uint32_t into[DELTA_UNITS];
    btree_pos pos = delta_open(d, at, into);
    const delta_place *here = btree_item(&d->tree, pos);
    bool ends = !delta_none(here->remove) && into[LK_CODEPOINT] == here->insert[LK_CODEPOINT];
    if (ends && d->gap != DELTA_BEFORE) {
        btree_next(&d->tree, &pos);
        here = btree_at_end(&d->tree, pos) ? NULL : btree_item(&d->tree, pos);
        if (here == NULL && d->gap == DELTA_BEHIND_NOT_LAST)
            btree_prev(&d->tree, &pos);
        else if (here == NULL || !delta_none(here->keep))
            pos = btree_insert(&d->tree, pos, &fresh, delta_measure(&fresh));
    }
    delta_place *place = btree_item(&d->tree, pos);
    delta_add(place->insert, inserted);
    btree_changed(&d->tree, pos, delta_measure(place));
}

/* Is what goes within what one place keeps, or behind all places? */
static bool delta_within(const delta *d, const uint32_t at[3], const uint32_t removed[3]) {
    btree_sums rank = {0};
    btree_pos pos = btree_find_rank(&d->tree, LK_CODEPOINT, at[LK_CODEPOINT], &rank);
    uint32_t end = at[LK_CODEPOINT] - rank.by[LK_CODEPOINT] + removed[LK_CODEPOINT];
    const delta_place *place = btree_at_end(&d->tree, pos) ? NULL : btree_item(&d->tree, pos);
    return place == NULL || end < place->keep[LK_CODEPOINT];
}

void delta_edit(delta *d, const uint32_t at[3], const uint32_t removed[3],
                const uint32_t inserted[3]) {
    bool first = !delta_none(inserted) && !delta_none(removed) && delta_within(d, at, removed);
    uint32_t behind[DELTA_UNITS];
    __builtin_memcpy(behind, at, sizeof behind);
    if (first) {
        delta_insert(d, at, inserted);
        delta_add(behind, inserted);
    }
    if (!delta_none(removed)) delta_remove(d, behind, removed);
    if (!first && !delta_none(inserted)) delta_insert(d, at, inserted);
}

/* ---- reading ---- */

bool delta_inserted(const delta *d, uint32_t at) {
    btree_sums rank = {0};
    btree_pos pos = btree_find_rank(&d->tree, LK_CODEPOINT, at, &rank);
    if (btree_at_end(&d->tree, pos)) return false;
    const delta_place *place = btree_item(&d->tree, pos);
    return at - rank.by[LK_CODEPOINT] >= place->keep[LK_CODEPOINT];
}

size_t delta_count_max(const delta *d) { return 3 * (size_t)d->tree.total.by[DELTA_COUNT]; }

delta_walk delta_start(const delta *d, bool pairs) {
    return (delta_walk){.delta = d, .pairs = pairs, .pos = btree_first(&d->tree), .part = 3};
}

/* The next place, with those right behind it if it is to be told in one. */
static bool delta_load(delta_walk *w) {
    const btree *t = &w->delta->tree;
    if (btree_at_end(t, w->pos)) return false;
    bool more;
    __builtin_memset(w->parts, 0, sizeof w->parts);
    do {
        const delta_place *p = btree_item(t, w->pos);
        delta_add(w->parts[0], p->keep);
        delta_add(w->parts[1], p->insert);
        delta_add(w->parts[2], p->remove);
        more = btree_next(t, &w->pos) && w->pairs &&
               delta_none(((const delta_place *)btree_item(t, w->pos))->keep);
    } while (more);
    w->part = 0;
    return true;
}

bool delta_next(delta_walk *w, delta_step *out) {
    static const lk_delta_kind kinds[3] = {LK_RETAIN, LK_INSERT, LK_DELETE};
    while (w->part < 3 || delta_load(w)) {
        const uint32_t *len = w->parts[w->part];
        out->kind = kinds[w->part++];
        if (delta_none(len)) continue;
        __builtin_memcpy(out->len, len, sizeof out->len);
        __builtin_memcpy(out->at, w->at, sizeof out->at);
        if (out->kind != LK_DELETE) delta_add(w->at, len);
        return true;
    }
    return false;
}

void delta_check(const delta *d) {
    btree_check(&d->tree, delta_measure);
    btree_pos pos = btree_first(&d->tree);
    bool behind = false;
    for (bool first = true; !btree_at_end(&d->tree, pos); first = false) {
        const delta_place *p = btree_item(&d->tree, pos);
        LK_ASSERT(first || !delta_none(p->keep) || (behind && !delta_none(p->insert)));
        LK_ASSERT(!delta_none(p->insert) || !delta_none(p->remove));
        behind = !delta_none(p->remove);
        btree_next(&d->tree, &pos);
    }
}
