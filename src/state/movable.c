/* SPDX-License-Identifier: MIT
 * movable.c - places are spans of a sequence (an empty one is a span without data); elements lie in
 * an array, found by their own id and by the place they stand on. */
#include "state/movable.h"

void movable_init(movable *m, const lk_memory *heap) {
    *m = (movable){.heap = heap};
    seq_init(&m->places, SEQ_LIST, heap);
}

void movable_drop(movable *m) {
    seq_drop(&m->places);
    vec_drop(m->heap, &m->elems);
    table_drop(&m->by_id, m->heap);
    table_drop(&m->by_place, m->heap);
}

bool movable_reserve(movable *m, uint32_t steps, uint32_t values) {
    /* A place inserted, the one left emptied: by one delete and one insert. */
    return seq_reserve(&m->places, (size_t)steps * 3, 0) &&
           vec_reserve(m->heap, &m->elems, values) && table_reserve(&m->by_id, m->heap, values) &&
           table_reserve(&m->by_place, m->heap, values + steps);
}

static uint32_t movable_hash(uint32_t peer, uint32_t number) {
    return hash_u64((uint64_t)peer << 32 | number);
}

movable_elem *movable_find(const movable *m, step_elem id) {
    table_probe probe;
    uint32_t i = table_first(&m->by_id, movable_hash(id.peer, id.lamport), &probe);
    for (; i != TABLE_NONE; i = table_next(&probe))
        if (m->elems.at[i].id.peer == id.peer && m->elems.at[i].id.lamport == id.lamport)
            return &m->elems.at[i];
    return NULL;
}

movable_elem *movable_on(const movable *m, op_id place) {
    table_probe probe;
    uint32_t hash = movable_hash(place.peer, (uint32_t)place.counter);
    uint32_t i = table_first(&m->by_place, hash, &probe);
    for (; i != TABLE_NONE; i = table_next(&probe)) {
        op_id stands = m->elems.at[i].place;
        if (stands.peer == place.peer && stands.counter == place.counter) return &m->elems.at[i];
    }
    return NULL;
}

static bool movable_later(movable_version a, movable_version b) {
    return a.lamport != b.lamport ? a.lamport > b.lamport : a.peer_wide > b.peer_wide;
}

static void movable_note_place(movable *m, const movable_elem *elem) {
    uint32_t hash = movable_hash(elem->place.peer, (uint32_t)elem->place.counter);
    table_add(&m->by_place, hash, (uint32_t)(elem - m->elems.at));
}

static void movable_insert(movable *m, const step *st) {
    const lk_value *values = st->data;
    for (uint32_t i = 0; i < st->len; i++) {
        movable_version version = {st->lamport + i, st->peer_wide};
        step_elem id = {st->id.peer, st->lamport + i};
        movable_elem *elem = &m->elems.at[m->elems.len++];
        *elem = (movable_elem){.id = id,
                               .place = {st->id.peer, st->id.counter + (int32_t)i},
                               .placed = version,
                               .written = version,
                               .writer = id,
                               .value = &values[i],
                               .shows = true};
        table_add(&m->by_id, movable_hash(id.peer, id.lamport), (uint32_t)m->elems.len - 1);
        movable_note_place(m, elem);
    }
    seq_span span = seq_list_span(st->id, values, st->len);
    seq_insert(&m->places, st->pos, &span, NULL);
}

/* Index of a place among all. Only asked when two peers moved one element at the same time: it
 * walks. */
static uint32_t movable_index(const movable *m, op_id place) {
    seq_walk w = seq_range(&m->places, 0, seq_len(&m->places, SEQ_ENTITY));
    seq_span span;
    uint32_t at = 0;
    while (seq_walk_next(&w, &span)) {
        uint32_t into = (uint32_t)(place.counter - span.id.counter);
        if (span.id.peer == place.peer && into < span.len[SEQ_ENTITY]) return at + into;
        at += span.len[SEQ_ENTITY];
    }
    __builtin_trap();
}

/* The place of an element that shows becomes empty. */
static void movable_leave(movable *m, const movable_elem *elem) {
    uint32_t index = movable_index(m, elem->place);
    seq_span empty = seq_anchor_span(elem->place);
    seq_delete(&m->places, index, 1, NULL);
    seq_insert(&m->places, index, &empty, NULL);
}

static void movable_place(movable *m, const step *st) {
    movable_elem *elem = movable_find(m, st->as.elem);
    movable_version version = {st->lamport, st->peer_wide};
    bool wins = elem != NULL && movable_later(version, elem->placed);
    seq_span span = wins ? seq_list_span(st->id, elem->value, 1) : seq_anchor_span(st->id);
    seq_insert(&m->places, st->pos, &span, NULL);
    if (!wins) return;
    if (elem->shows) movable_leave(m, elem);
    elem->place = st->id;
    elem->placed = version;
    elem->shows = true;
    movable_note_place(m, elem);
}

static void movable_delete(movable *m, const step *st) {
    seq_walk w = seq_range(&m->places, st->pos, st->len);
    seq_span span;
    while (seq_walk_next(&w, &span)) {
        for (uint32_t i = 0; span.data != NULL && i < span.len[SEQ_ENTITY]; i++) {
            op_id place = {span.id.peer, span.id.counter + (int32_t)i};
            movable_elem *elem = movable_on(m, place);
            LK_ASSERT(elem != NULL);
            elem->shows = false;
        }
    }
    seq_delete(&m->places, st->pos, st->len, NULL);
}

static void movable_write(movable *m, const step *st) {
    movable_elem *elem = movable_find(m, st->as.elem);
    movable_version version = {st->lamport, st->peer_wide};
    if (elem == NULL || !movable_later(version, elem->written)) return;
    elem->value = st->data;
    elem->written = version;
    elem->writer = (step_elem){st->id.peer, st->lamport};
}

void movable_apply(movable *m, const step *st) {
    switch (st->kind) {
    case STEP_INSERT: movable_insert(m, st); break;
    case STEP_DELETE: movable_delete(m, st); break;
    case STEP_PLACE: movable_place(m, st); break;
    default: movable_write(m, st); break;
    }
}

movable_walk movable_start(const movable *m) {
    return (movable_walk){.list = m,
                          .places = seq_range(&m->places, 0, seq_len(&m->places, SEQ_ENTITY))};
}

bool movable_next(movable_walk *w, op_id *place, const movable_elem **elem) {
    if (w->at == w->span.len[SEQ_ENTITY]) {
        w->at = 0;
        w->span.len[SEQ_ENTITY] = 0;
        if (!seq_walk_next(&w->places, &w->span)) return false;
    }
    *place = (op_id){w->span.id.peer, w->span.id.counter + (int32_t)w->at++};
    *elem = w->span.data == NULL ? NULL : movable_on(w->list, *place);
    return true;
}
