/* SPDX-License-Identifier: MIT
 * event_order.c - the order in which an event tells of containers, which is Loro's. Undo edits in
 * that order, so it shows in what peers end up with.
 *
 * By depth; roots, then the others by the counter they were made at. What is equal by that stands
 * as it lay in the last of the hash tables that Loro's diffs go through:
 *
 *      what was touched           in the order of the operations
 *      what came with others      (of ids, not numbers) before what changed
 *      what changed, or is new    parents before children (this table is not for local edits)
 *      what is told of            parents before children, and what hangs below new ones last */
#include "base/fx.h"
#include "base/sort.h"
#include "doc/event_make.h"

static uint32_t event_depth(const event_maker *m, uint32_t id) {
    uint32_t depth = 0;
    for (; id != CONTAINER_NONE; id = m->doc->log.names.containers.at[id].parent) depth++;
    return depth;
}

event_spot event_spot_of(const event_maker *m, uint32_t id) {
    const container_id *name = &m->doc->log.names.containers.at[id].id;
    return (event_spot){.container = id,
                        .hash = fx_hash_number((uint32_t)name->kind << 27 | id),
                        .depth = event_depth(m, id),
                        .made = name->root ? 0 : (uint32_t)name->counter + 1};
}

/* Of an id that is no root's: that it is none, then its parts. Loro counts kinds in another order
 * here. Of a root, which comes here only as a shared child, that of its number. */
static uint32_t event_hash_id(const event_maker *m, const event_spot *spot) {
    static const uint8_t kinds[] = {1, 2, 0, 4, 3, 5};
    const intern *names = &m->doc->log.names;
    const container_id *name = &names->containers.at[spot->container].id;
    if (name->root) return spot->hash;
    uint64_t peer = names->peers.at[name->peer];
    const uint32_t parts[] = {1, (uint32_t)peer, (uint32_t)(peer >> 32), (uint32_t)name->counter,
                              name->kind < countof(kinds) ? kinds[name->kind] : name->kind};
    return fx_hash_numbers(parts, countof(parts));
}

static int event_spot_parents(const void *a, const void *b) {
    const event_spot *x = a, *y = b;
    if (x->depth != y->depth) return x->depth < y->depth ? -1 : 1;
    if (x->below != y->below) return y->below ? -1 : 1;
    return x->nth < y->nth ? -1 : x->nth > y->nth;
}

static int event_spot_last(const void *a, const void *b) {
    const event_spot *x = a, *y = b;
    if (x->depth == y->depth && x->made != y->made) return x->made < y->made ? -1 : 1;
    if (x->depth != y->depth) return x->depth < y->depth ? -1 : 1;
    return x->nth < y->nth ? -1 : x->nth > y->nth;
}

static void event_spots_sort(event_spot *spots, size_t len, sort_order *by) {
    for (uint32_t i = 0; i < len; i++) spots[i].nth = i;
    sort_items(spots, len, sizeof *spots, by);
}

/* Through a table of these hashes. */
static bool event_spots_reorder(arena *scratch, event_spot *spots, const uint32_t *hashes,
                                size_t len) {
    uint32_t *order = arena_new(scratch, uint32_t, len);
    event_spot *were = arena_new(scratch, event_spot, len);
    if (order == NULL || were == NULL) return false;
    for (uint32_t i = 0; i < len; i++) {
        order[i] = i;
        were[i] = spots[i];
    }
    if (!fx_reorder(scratch, hashes, order, len, false)) return false;
    for (size_t i = 0; i < len; i++) spots[i] = were[order[i]];
    return true;
}

bool event_spots_pass(arena *scratch, event_spot *spots, size_t len) {
    if (len < 2) return true;
    uint32_t *hashes = arena_new(scratch, uint32_t, len);
    if (hashes == NULL) return false;
    for (size_t i = 0; i < len; i++) hashes[i] = spots[i].hash;
    return event_spots_reorder(scratch, spots, hashes, len);
}

bool event_spots_pass_ids(const event_maker *m, event_spot *spots, size_t len) {
    if (len < 2) return true;
    uint32_t *hashes = arena_new(&m->doc->scratch, uint32_t, len);
    if (hashes == NULL) return false;
    for (size_t i = 0; i < len; i++) hashes[i] = event_hash_id(m, &spots[i]);
    return event_spots_reorder(&m->doc->scratch, spots, hashes, len);
}

static size_t event_spots_keep(event_spot *spots, size_t len, bool changed) {
    size_t kept = 0;
    for (size_t i = 0; i < len; i++)
        if (spots[i].diff != NULL || (changed && spots[i].changed)) spots[kept++] = spots[i];
    return kept;
}

bool event_spots_order(arena *scratch, event_spot *spots, size_t *len, bool local) {
    size_t all = event_spots_keep(spots, *len, !local), first = 0;
    while (first < all && !spots[first].below) first++;
    if (!local) {
        event_spots_sort(spots, first, event_spot_parents);
        if (!event_spots_pass(scratch, spots, first)) return false;
        event_spots_sort(spots, all, event_spot_parents);
    }
    *len = event_spots_keep(spots, all, false);
    if (!event_spots_pass(scratch, spots, *len)) return false;
    event_spots_sort(spots, *len, event_spot_last);
    return true;
}
