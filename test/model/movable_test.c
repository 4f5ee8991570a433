/* SPDX-License-Identifier: MIT
 * movable_test.c - a movable list beside arrays of places and elements, through everything that can
 * happen to them; and an array kept equal to what readers see by nothing but the edits that steps
 * report. */
#include "state/movable.h"

#include "check.h"
#include "meter.h"

#define MOST 600u

static meter heap;
static const lk_memory test_heap = {.context = &heap, .resize = meter_resize};

typedef struct twin_elem {
    bool exists;
    uint32_t place, placed, written;
    const lk_value *value;
} twin_elem;

typedef struct twin {
    uint32_t places[MOST], len; /* ids of those there, in order */
    bool stands[MOST];          /* per id: the element that names it stands on it */
    twin_elem elems[MOST];      /* by the id of their insert, their lamport likewise */
    uint32_t ids;
    const lk_value *seen[MOST]; /* by edits alone */
    uint32_t seen_len;
} twin;

static lk_value values[MOST];

static uint32_t twin_on(const twin *w, uint32_t place) {
    for (uint32_t i = 0; i < w->ids; i++)
        if (w->elems[i].exists && w->elems[i].place == place && w->stands[place]) return i;
    return MOST;
}

static bool twin_there(const twin *w, uint32_t place) {
    for (uint32_t i = 0; i < w->len; i++)
        if (w->places[i] == place) return true;
    return false;
}

static void twin_open(twin *w, uint32_t pos, uint32_t place) {
    memmove(&w->places[pos + 1], &w->places[pos], (w->len - pos) * sizeof *w->places);
    w->places[pos] = place;
    w->stands[place] = false;
    w->len++;
}

/* Carry out a step as the rules say it. */
static void twin_apply(twin *w, const step *st) {
    uint32_t id = (uint32_t)st->id.counter;
    twin_elem *elem = &w->elems[st->as.elem.lamport];
    const step_registers *to = st->data;
    switch (st->kind) {
    case STEP_INSERT:
    case STEP_PLACES:
        for (uint32_t i = 0; i < st->len; i++) {
            twin_open(w, st->pos + i, id + i);
            if (st->kind == STEP_PLACES) continue;
            w->elems[id + i] =
                (twin_elem){true, id + i, id + i, id + i, (const lk_value *)st->data + i};
            w->stands[id + i] = true;
        }
        break;
    case STEP_STANDING:
        twin_open(w, st->pos, id);
        *elem = (twin_elem){true, id, to->placed_lamport, to->writer.lamport, to->value};
        w->stands[id] = true;
        break;
    case STEP_DELETE:
        for (uint32_t i = 0; i < st->len; i++) w->stands[w->places[st->pos + i]] = false;
        w->len -= st->len;
        memmove(&w->places[st->pos], &w->places[st->pos + st->len],
                (w->len - st->pos) * sizeof *w->places);
        break;
    case STEP_PLACE:
        twin_open(w, st->pos, id);
        if (!elem->exists || elem->placed >= st->lamport) break;
        w->stands[elem->place] = false;
        w->stands[id] = true;
        elem->place = id;
        elem->placed = st->lamport;
        break;
    case STEP_SET:
        if (!elem->exists || elem->written >= st->lamport) break;
        elem->value = st->data;
        elem->written = st->lamport;
        break;
    default:
        if (elem->exists) w->stands[elem->place] = false;
        *elem = (twin_elem){to->exists, (uint32_t)to->place.counter, to->placed_lamport,
                            to->writer.lamport, to->value};
        if (to->exists && twin_there(w, elem->place)) w->stands[elem->place] = true;
    }
}

static void twin_see(twin *w, const seq_edit *edit) {
    uint32_t at = edit->at[LK_UTF8], gone = edit->removed[LK_UTF8], come = edit->inserted[LK_UTF8];
    CHECK(at + gone <= w->seen_len);
    memmove(&w->seen[at + come], &w->seen[at + gone], (w->seen_len - at - gone) * sizeof *w->seen);
    for (uint32_t i = 0; i < come; i++) w->seen[at + i] = NULL; /* read off the state at the end */
    w->seen_len = w->seen_len - gone + come;
}

static void compare(const movable *m, twin *w) {
    uint32_t visible = 0, at[SEQ_UNITS];
    movable_walk walk = movable_range(m, 0, UINT32_MAX);
    const movable_elem *elem;
    op_id place;
    movable_check(m);
    for (uint32_t i = 0; i < w->len; i++) {
        uint32_t want = twin_on(w, w->places[i]);
        CHECK(movable_next(&walk, &place, &elem));
        CHECK_EQ(place.counter, w->places[i]);
        CHECK_EQ(elem != NULL, want < MOST);
        CHECK(movable_at(m, i, SEQ_ENTITY, at) == elem);
        if (elem == NULL) continue;
        CHECK(elem->value == w->elems[want].value);
        CHECK_EQ(elem->id.lamport, want);
        CHECK(movable_at(m, visible, LK_UTF16, at) == elem && at[SEQ_ENTITY] == i);
        movable_rank(m, elem, at);
        CHECK(at[LK_UTF8] == visible && at[SEQ_ENTITY] == i);
        CHECK(visible < w->seen_len);
        CHECK(w->seen[visible] == NULL || w->seen[visible] == elem->value);
        w->seen[visible++] = elem->value;
    }
    CHECK(!movable_next(&walk, &place, &elem));
    CHECK(visible == w->seen_len && visible == movable_len(m, LK_CODEPOINT));
    CHECK(movable_at(m, visible, LK_UTF8, at) == NULL && at[SEQ_ENTITY] == w->len);
    for (uint32_t i = 0; i < w->ids; i++) {
        elem = movable_find(m, (step_elem){0, i});
        CHECK_EQ(elem != NULL, w->elems[i].exists);
        if (elem == NULL) continue;
        CHECK_EQ(movable_shows(m, elem), w->stands[w->elems[i].place]);
        CHECK_EQ(movable_place_of(m, elem).counter, w->elems[i].place);
        CHECK(elem->placed.lamport == w->elems[i].placed);
        CHECK(elem->written.lamport == w->elems[i].written);
    }
}

static bool twin_claimed(const twin *w, uint32_t place) {
    for (uint32_t i = 0; i < w->ids; i++)
        if (w->elems[i].exists && w->elems[i].place == place) return true;
    return false;
}

static step random_step(rng *r, twin *w, step_registers *registers) {
    step st = {.pos = rng_below(r, w->len + 1), .len = 1, .lamport = rng_below(r, w->ids + 1)};
    st.as.elem = (step_elem){0, rng_below(r, w->ids + 1)};
    st.id.counter = (int32_t)w->ids;
    uint32_t what = rng_below(r, 9);
    if (what == 0 && w->len > 0) {
        st.kind = STEP_DELETE;
        st.pos = rng_below(r, w->len);
        st.len = 1 + rng_below(r, w->len - st.pos < 4 ? w->len - st.pos : 4);
    } else if (what == 1) {
        st.kind = STEP_SET;
        st.data = &values[rng_below(r, MOST)];
    } else if (what == 2) { /* a place that was, or a new one */
        st.kind = STEP_PLACES;
        uint32_t old = rng_below(r, w->ids + 1);
        if (old < w->ids && !twin_there(w, old)) st.id.counter = (int32_t)old;
        if (st.id.counter == (int32_t)w->ids) st.len = 1 + rng_below(r, 3);
    } else if (what == 3) {
        uint32_t place = rng_below(r, w->ids + 1);
        bool free = !twin_claimed(w, place) && place != w->ids;
        st.kind = STEP_ELEM;
        st.as.elem.lamport = rng_below(r, w->ids + 1) % (w->ids == 0 ? 1 : w->ids);
        st.data = registers;
        *registers = (step_registers){.exists = free && rng_below(r, 4) > 0,
                                      .place = {0, (int32_t)place},
                                      .placed_lamport = rng_below(r, w->ids + 1),
                                      .writer = {0, rng_below(r, w->ids + 1)},
                                      .value = &values[rng_below(r, MOST)]};
    } else if (what == 4) {
        st.kind = STEP_STANDING;
        st.as.elem.lamport = w->ids;
        st.data = registers;
        *registers = (step_registers){.exists = true,
                                      .place = st.id,
                                      .placed_lamport = rng_below(r, w->ids + 1),
                                      .writer = {0, rng_below(r, w->ids + 1)},
                                      .value = &values[rng_below(r, MOST)]};
    } else if (what < 7) {
        st.kind = STEP_INSERT;
        st.len = 1 + rng_below(r, 3);
        st.data = &values[w->ids];
        st.lamport = w->ids;
    } else {
        st.kind = STEP_PLACE;
    }
    if (st.id.counter == (int32_t)w->ids && st.kind != STEP_DELETE && st.kind != STEP_SET)
        w->ids += st.kind == STEP_ELEM ? 0 : st.len;
    return st;
}

static void play(uint64_t seed) {
    rng r = {seed};
    twin *w = calloc(1, sizeof *w);
    movable m;
    movable_init(&m, &test_heap);
    while (w->ids < MOST - 4) {
        step_registers registers;
        step st = random_step(&r, w, &registers);
        twin_apply(w, &st);
        CHECK(movable_reserve(&m, st.len, st.len + 1));
        heap.closed = true;
        movable_edits edits;
        movable_apply(&m, &st, &edits);
        heap.closed = false;
        twin_see(w, &edits.first);
        twin_see(w, &edits.second);
        compare(&m, w);
    }
    movable_drop(&m);
    CHECK_EQ(heap.blocks, 0);
    free(w);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 12; seed++) play(seed);
    puts("movable: 12 random lives of a list equal arrays");
    return 0;
}
