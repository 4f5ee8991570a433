/* SPDX-License-Identifier: MIT
 * movable.c - places and elements are records that stay once they were heard of, found by their
 * ids; the row is a B-tree of the places that are there, and each of these knows its leaf:
 *
 *      places   [ p0 | p1 | p2 | p3 ]      elems   [ A | B | C ]
 *                 |    leaf   ▲                      place -> p2
 *      row      [ p0 p1 p2 p3 ]                    A stands on it if p2 names A in turn */
#include "state/movable.h"

typedef struct movable_item {
    uint32_t place;
    uint32_t full; /* 1: something stands on it */
} movable_item;

static btree_sums movable_measure(const void *item) {
    uint32_t full = ((const movable_item *)item)->full;
    return (btree_sums){{full, full, full, 1}};
}

static void movable_moved(void *context, const void *item, btree_leaf *leaf) {
    movable *m = context;
    m->places.at[((const movable_item *)item)->place].leaf = leaf;
}

static const btree_class movable_class = {sizeof(movable_item), movable_moved};

void movable_init(movable *m, const lk_memory *heap) {
    *m = (movable){.heap = heap};
    btree_init(&m->row, &movable_class, heap, m);
}

void movable_drop(movable *m) {
    btree_drop(&m->row);
    vec_drop(m->heap, &m->places);
    vec_drop(m->heap, &m->elems);
    table_drop(&m->by_id, m->heap);
    table_drop(&m->by_place, m->heap);
}

bool movable_reserve(movable *m, uint32_t places, uint32_t names) {
    btree_settle(&m->row, places);
    return btree_reserve(&m->row, places) && vec_reserve(m->heap, &m->places, names) &&
           vec_reserve(m->heap, &m->elems, names) && table_reserve(&m->by_id, m->heap, names) &&
           table_reserve(&m->by_place, m->heap, names);
}

/* ---- finding ---- */

static uint32_t movable_hash(const movable *m, uint32_t peer, uint32_t number) {
    return keyed_hash_u64(m->heap->hash_key, (uint64_t)peer << 32 | number);
}

static uint32_t movable_elem_number(const movable *m, step_elem id) {
    table_probe probe;
    uint32_t i = table_first(&m->by_id, movable_hash(m, id.peer, id.lamport), &probe);
    for (; i != TABLE_NONE; i = table_next(&probe))
        if (m->elems.at[i].id.peer == id.peer && m->elems.at[i].id.lamport == id.lamport) break;
    return i;
}

const movable_elem *movable_find(const movable *m, step_elem id) {
    uint32_t i = movable_elem_number(m, id);
    return i == TABLE_NONE || m->elems.at[i].place == TABLE_NONE ? NULL : &m->elems.at[i];
}

/* The record of an element, made if it is new. */
static uint32_t movable_elem_of(movable *m, step_elem id) {
    uint32_t i = movable_elem_number(m, id);
    if (i != TABLE_NONE) return i;
    LK_ASSERT(m->elems.len < m->elems.cap);
    m->elems.at[m->elems.len] = (movable_elem){.id = id, .place = TABLE_NONE};
    table_add(&m->by_id, movable_hash(m, id.peer, id.lamport), (uint32_t)m->elems.len);
    return (uint32_t)m->elems.len++;
}

/* The record of a place, made if it is new. */
static uint32_t movable_place_number(movable *m, op_id id) {
    uint32_t hash = movable_hash(m, id.peer, (uint32_t)id.counter);
    table_probe probe;
    uint32_t i = table_first(&m->by_place, hash, &probe);
    for (; i != TABLE_NONE; i = table_next(&probe))
        if (m->places.at[i].id.peer == id.peer && m->places.at[i].id.counter == id.counter)
            return i;
    LK_ASSERT(m->places.len < m->places.cap);
    m->places.at[m->places.len] = (movable_place){.id = id, .elem = TABLE_NONE};
    table_add(&m->by_place, hash, (uint32_t)m->places.len);
    return (uint32_t)m->places.len++;
}

bool movable_shows(const movable *m, const movable_elem *elem) {
    return elem->place != TABLE_NONE &&
           m->places.at[elem->place].elem == (uint32_t)(elem - m->elems.at);
}

op_id movable_place_of(const movable *m, const movable_elem *elem) {
    return m->places.at[elem->place].id;
}

static btree_pos movable_locate(const movable *m, uint32_t place) {
    btree_leaf *leaf = m->places.at[place].leaf;
    LK_ASSERT(leaf != NULL);
    const movable_item *row = btree_item(&m->row, (btree_pos){leaf, 0});
    uint32_t slot = 0;
    while (row[slot].place != place) slot++;
    return (btree_pos){leaf, slot};
}

void movable_rank(const movable *m, const movable_elem *elem, uint32_t at[SEQ_UNITS]) {
    btree_sums rank = btree_rank(&m->row, movable_locate(m, elem->place));
    __builtin_memcpy(at, rank.by, sizeof rank.by);
}

static const movable_elem *movable_standing(const movable *m, btree_pos pos) {
    if (btree_at_end(&m->row, pos)) return NULL;
    const movable_item *item = btree_item(&m->row, pos);
    return item->full ? &m->elems.at[m->places.at[item->place].elem] : NULL;
}

const movable_elem *movable_at(const movable *m, uint32_t pos, unsigned unit,
                               uint32_t at[SEQ_UNITS]) {
    btree_sums rank;
    btree_pos found = btree_find_rank(&m->row, unit, pos, &rank);
    __builtin_memcpy(at, rank.by, sizeof rank.by);
    return movable_standing(m, found);
}

const movable_elem *movable_near(movable *m, uint32_t pos, unsigned unit, uint32_t at[SEQ_UNITS]) {
    btree_sums rank;
    btree_pos found = btree_find_near(&m->row, unit, pos, &rank);
    __builtin_memcpy(at, rank.by, sizeof rank.by);
    return movable_standing(m, found);
}

/* ---- places ---- */

/* Put a place into the row, with `elem` on it or empty. */
static void movable_add(movable *m, uint32_t pos, uint32_t place, uint32_t elem, btree_sums *rank) {
    LK_ASSERT(m->places.at[place].leaf == NULL);
    movable_item item = {place, elem != TABLE_NONE};
    m->places.at[place].elem = elem;
    btree_pos before = btree_find_near(&m->row, SEQ_ENTITY, pos, rank);
    btree_insert(&m->row, before, &item, movable_measure(&item));
}

/* Put `elem`, or nothing, on a place that is there. */
static void movable_stand(movable *m, uint32_t place, uint32_t elem, seq_edit *out) {
    btree_pos pos = movable_locate(m, place);
    btree_sums rank = btree_rank(&m->row, pos);
    movable_item *item = btree_item(&m->row, pos);
    __builtin_memcpy(out->at, rank.by, sizeof rank.by);
    for (unsigned u = 0; u < SEQ_ENTITY; u++) {
        out->removed[u] = item->full;
        out->inserted[u] = elem != TABLE_NONE;
    }
    item->full = elem != TABLE_NONE;
    m->places.at[place].elem = elem;
    btree_changed(&m->row, pos, movable_measure(item));
}

static bool movable_later(movable_version a, movable_version b) {
    return a.lamport != b.lamport ? a.lamport > b.lamport : a.peer_wide > b.peer_wide;
}

/* ---- steps ---- */

static void movable_edit_start(seq_edit *edit, const btree_sums *rank, uint32_t len, bool full) {
    __builtin_memcpy(edit->at, rank->by, sizeof rank->by);
    for (unsigned u = 0; u < SEQ_ENTITY; u++) edit->inserted[u] = full ? len : 0;
    edit->inserted[SEQ_ENTITY] = len;
}

static void movable_insert(movable *m, const step *st, movable_edits *out) {
    const lk_value *values = st->data; /* NULL: STEP_PLACES */
    for (uint32_t i = 0; i < st->len; i++) {
        movable_version version = {st->lamport + i, st->peer_wide};
        step_elem id = {st->id.peer, st->lamport + i};
        op_id at = {st->id.peer, st->id.counter + (int32_t)i};
        uint32_t place = movable_place_number(m, at);
        uint32_t elem = values == NULL ? TABLE_NONE : movable_elem_of(m, id);
        if (values != NULL)
            m->elems.at[elem] = (movable_elem){.id = id,
                                               .place = place,
                                               .placed = version,
                                               .written = version,
                                               .writer = id,
                                               .value = &values[i]};
        btree_sums rank;
        movable_add(m, st->pos + i, place, elem, &rank);
        if (i == 0) movable_edit_start(&out->first, &rank, st->len, values != NULL);
    }
}

/* An element that went to a place further right, and is where it was to the eye. As in Loro nobody
 * is told; of one that went left, all are. */
static void movable_hush(movable_edits *out) {
    for (unsigned u = 0; u < SEQ_ENTITY; u++) {
        out->first.inserted[u] = out->first.removed[u] = 0;
        out->second.inserted[u] = out->second.removed[u] = 0;
    }
}

static void movable_place_elem(movable *m, const step *st, movable_edits *out) {
    uint32_t number = movable_elem_number(m, st->as.elem);
    movable_elem *elem = number == TABLE_NONE ? NULL : &m->elems.at[number];
    movable_version version = {st->lamport, st->peer_wide};
    bool wins = elem != NULL && elem->place != TABLE_NONE && movable_later(version, elem->placed);
    uint32_t place = movable_place_number(m, st->id);
    btree_sums rank;
    movable_add(m, st->pos, place, wins ? number : TABLE_NONE, &rank);
    movable_edit_start(&out->first, &rank, 1, wins);
    if (!wins) return;
    if (movable_shows(m, elem)) {
        movable_stand(m, elem->place, TABLE_NONE, &out->second);
        uint32_t fresh = out->first.at[LK_UTF8], old = out->second.at[LK_UTF8];
        if (fresh == old + 1) movable_hush(out);
    }
    elem->place = place;
    elem->placed = version;
}

static void movable_delete(movable *m, const step *st, movable_edits *out) {
    seq_edit *edit = &out->first;
    btree_sums rank;
    btree_pos pos = btree_find_near(&m->row, SEQ_ENTITY, st->pos, &rank);
    __builtin_memcpy(edit->at, rank.by, sizeof rank.by);
    for (uint32_t i = 0; i < st->len; i++) {
        const movable_item *item = btree_item(&m->row, pos);
        movable_place *place = &m->places.at[item->place];
        for (unsigned u = 0; u < SEQ_ENTITY; u++) edit->removed[u] += item->full;
        place->leaf = NULL;
        place->elem = TABLE_NONE;
        pos = btree_remove(&m->row, pos);
    }
    edit->removed[SEQ_ENTITY] = st->len;
}

static void movable_write(movable *m, const step *st, movable_edits *out) {
    uint32_t number = movable_elem_number(m, st->as.elem);
    movable_version version = {st->lamport, st->peer_wide};
    if (number == TABLE_NONE) return;
    movable_elem *elem = &m->elems.at[number];
    if (elem->place == TABLE_NONE || !movable_later(version, elem->written)) return;
    elem->value = st->data;
    elem->written = version;
    elem->writer = (step_elem){st->id.peer, st->lamport};
    if (movable_shows(m, elem)) movable_stand(m, elem->place, number, &out->first);
}

static void movable_become(movable *m, uint32_t elem, uint32_t place, const step *st) {
    const step_registers *to = st->data;
    m->elems.at[elem] = (movable_elem){.id = st->as.elem,
                                       .place = place,
                                       .placed = {to->placed_lamport, to->placed_peer_wide},
                                       .written = {to->writer.lamport, to->writer_peer_wide},
                                       .writer = to->writer,
                                       .value = to->value};
}

/* A new element on a new place. */
static void movable_found(movable *m, const step *st, movable_edits *out) {
    uint32_t place = movable_place_number(m, st->id), elem = movable_elem_of(m, st->as.elem);
    btree_sums rank;
    movable_add(m, st->pos, place, elem, &rank);
    movable_edit_start(&out->first, &rank, 1, true);
    movable_become(m, elem, place, st);
}

/* Make an element exactly that. */
static void movable_force(movable *m, const step *st, movable_edits *out) {
    const step_registers *to = st->data;
    uint32_t number = movable_elem_of(m, st->as.elem);
    movable_elem *elem = &m->elems.at[number];
    uint32_t place = to->exists ? movable_place_number(m, to->place) : TABLE_NONE;
    bool stood = movable_shows(m, elem);
    bool stands = place != TABLE_NONE && m->places.at[place].leaf != NULL;
    bool stays = stood && stands && place == elem->place;
    if (stood && !stays) movable_stand(m, elem->place, TABLE_NONE, &out->first);
    bool same = stood && elem->value == to->value;
    if (stands && !(stays && same))
        movable_stand(m, place, number, stays ? &out->first : &out->second);
    bool right = out->first.at[SEQ_ENTITY] < out->second.at[SEQ_ENTITY];
    if (stands && !stays && same && right && out->first.at[LK_UTF8] == out->second.at[LK_UTF8])
        movable_hush(out);
    movable_become(m, number, place, st);
}

void movable_apply(movable *m, const step *st, movable_edits *out) {
    *out = (movable_edits){0};
    switch (st->kind) {
    case STEP_INSERT:
    case STEP_PLACES: movable_insert(m, st, out); break;
    case STEP_DELETE: movable_delete(m, st, out); break;
    case STEP_PLACE: movable_place_elem(m, st, out); break;
    case STEP_STANDING: movable_found(m, st, out); break;
    case STEP_ELEM: movable_force(m, st, out); break;
    default: movable_write(m, st, out); break;
    }
}

/* ---- walking ---- */

movable_walk movable_range(const movable *m, uint32_t pos, uint32_t len) {
    uint32_t all = movable_len(m, SEQ_ENTITY), offset;
    if (pos > all) pos = all;
    return (movable_walk){.list = m,
                          .at = btree_find(&m->row, SEQ_ENTITY, pos, &offset),
                          .left = len < all - pos ? len : all - pos};
}

movable_walk movable_from(const movable *m, uint32_t pos) {
    uint32_t offset;
    btree_pos at = btree_find(&m->row, LK_UTF8, pos, &offset);
    return (movable_walk){.list = m, .at = at, .left = btree_at_end(&m->row, at) ? 0 : UINT32_MAX};
}

bool movable_next(movable_walk *w, op_id *place, const movable_elem **elem) {
    if (w->left == 0) return false;
    const movable_item *item = btree_item(&w->list->row, w->at);
    const movable_place *at = &w->list->places.at[item->place];
    *place = at->id;
    *elem = item->full ? &w->list->elems.at[at->elem] : NULL;
    btree_next(&w->list->row, &w->at);
    w->left--;
    return true;
}

void movable_check(const movable *m) {
    btree_check(&m->row, movable_measure);
    uint32_t there = 0, standing = 0;
    for (uint32_t i = 0; i < m->places.len; i++) {
        const movable_place *place = &m->places.at[i];
        if (place->leaf == NULL) {
            LK_ASSERT(place->elem == TABLE_NONE);
            continue;
        }
        there++;
        const movable_item *item = btree_item(&m->row, movable_locate(m, i));
        LK_ASSERT(item->full == (place->elem != TABLE_NONE));
        standing += item->full;
        if (item->full) LK_ASSERT(m->elems.at[place->elem].place == i);
    }
    LK_ASSERT(there == movable_len(m, SEQ_ENTITY) && standing == movable_len(m, LK_UTF8));
}
