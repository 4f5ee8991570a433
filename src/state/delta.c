/* SPDX-License-Identifier: MIT
 * delta.c - a B-tree of places where something changed:
 *
 *     [keep 5, +2, -1] [keep 3, +0, -4] [keep 1, +6, -0]  (everything behind is kept)
 *
 * Each item is text kept since the place before, then what was inserted, then what was deleted
 * there. Measured is what is there now: kept plus inserted. So a position in the current state is
 * found by one descent. Between two edits every item has something inserted or deleted, and only
 * the first may keep nothing: places are as few as they can be. */
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

static const btree_class delta_class = {sizeof(delta_place), delta_measure, NULL};

void delta_init(delta *d, const lk_memory *heap) { btree_init(&d->tree, &delta_class, heap, NULL); }

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
        btree_sums before = delta_measure(place);
        delta_sub(place->keep, fresh.keep);
        btree_changed(&d->tree, pos, before);
    }
    __builtin_memset(into, 0, DELTA_UNITS * sizeof *into);
    return btree_insert(&d->tree, pos, &fresh);
}

/* Deleting `want` behind place *now reaches into the places from `next` on: what they keep is noted
 * as deleted, what was inserted vanishes. One that keeps nothing any more becomes one with *now.
 * Where the first place that stays is. */
static btree_pos delta_swallow(delta *d, btree_pos next, uint32_t want[DELTA_UNITS],
                               delta_place *now) {
    uint32_t took[DELTA_UNITS];
    while (!delta_none(want) && !btree_at_end(&d->tree, next)) {
        delta_place *behind = btree_item(&d->tree, next);
        btree_sums before = delta_measure(behind);
        delta_take(behind->keep, want, took);
        delta_add(now->remove, took);
        if (!delta_none(behind->keep)) {
            btree_changed(&d->tree, next, before);
            return next;
        }
        delta_take(behind->insert, want, took);
        delta_add(now->insert, behind->insert);
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
    btree_sums before = delta_measure(place);
    if (idle)
        delta_add(place->keep, now->keep);
    else
        *place = *now;
    btree_changed(&d->tree, pos, before);
}

void delta_edit(delta *d, const uint32_t at[3], const uint32_t removed[3],
                const uint32_t inserted[3]) {
    if (delta_none(removed) && delta_none(inserted)) return;
    uint32_t into[DELTA_UNITS], want[DELTA_UNITS], took[DELTA_UNITS];
    __builtin_memcpy(want, removed, sizeof want);
    btree_pos pos = delta_open(d, at, into);
    delta_place now = *(const delta_place *)btree_item(&d->tree, pos);
    delta_sub(now.insert, into);
    delta_take(now.insert, want, took);
    delta_add(now.insert, into);
    delta_add(now.insert, inserted);
    if (!delta_none(want)) {
        btree_next(&d->tree, &pos);
        pos = delta_swallow(d, pos, want, &now);
        btree_prev(&d->tree, &pos);
    }
    delta_close(d, pos, &now);
}

/* ---- reading ---- */

size_t delta_count_max(const delta *d) { return 3 * (size_t)d->tree.total.by[DELTA_COUNT]; }

delta_walk delta_start(const delta *d) {
    return (delta_walk){.delta = d, .pos = btree_first(&d->tree)};
}

bool delta_next(delta_walk *w, delta_step *out) {
    static const lk_delta_kind kinds[3] = {LK_RETAIN, LK_INSERT, LK_DELETE};
    while (!btree_at_end(&w->delta->tree, w->pos)) {
        const delta_place *p = btree_item(&w->delta->tree, w->pos);
        uint32_t part = w->part;
        const uint32_t *len = part == 0 ? p->keep : part == 1 ? p->insert : p->remove;
        w->part = (part + 1) % 3;
        if (part == 2) btree_next(&w->delta->tree, &w->pos);
        if (delta_none(len)) continue;
        out->kind = kinds[part];
        __builtin_memcpy(out->len, len, sizeof out->len);
        __builtin_memcpy(out->at, w->at, sizeof out->at);
        if (part != 2) delta_add(w->at, len);
        return true;
    }
    return false;
}

void delta_check(const delta *d) {
    btree_check(&d->tree);
    btree_pos pos = btree_first(&d->tree);
    for (bool first = true; !btree_at_end(&d->tree, pos); first = false) {
        const delta_place *p = btree_item(&d->tree, pos);
        LK_ASSERT(first || !delta_none(p->keep));
        LK_ASSERT(!delta_none(p->insert) || !delta_none(p->remove));
        btree_next(&d->tree, &pos);
    }
}
