/* SPDX-License-Identifier: MIT
 * state.c - the table of containers, and steps carried out on them. */
#include "state/state.h"

#include "base/limits.h"
#include "model/value.h"

void state_init(state *s, const lk_memory *heap) { *s = (state){.heap = heap}; }

static void state_pop(state *s) {
    state_slot *c = s->containers.at[--s->containers.len];
    if (c->kind == LK_TEXT || c->kind == LK_LIST) seq_drop(&c->as.seq);
    if (c->styles != NULL) style_index_drop(c->styles);
    mem_free(s->heap, c->styles, sizeof *c->styles);
    if (c->kind == LK_MAP) map_drop(&c->as.map);
    if (c->kind == LK_MOVABLE_LIST) movable_drop(&c->as.movable);
    if (c->kind == LK_TREE) tree_drop(&c->as.tree);
    mem_free(s->heap, c, sizeof *c);
}

void state_rewind(state *s, size_t len) {
    while (s->containers.len > len) state_pop(s);
}

void state_drop(state *s) {
    state_rewind(s, 0);
    vec_drop(s->heap, &s->containers);
}

bool state_add(state *s, container_kind kind, bool root) {
    if (!vec_reserve(s->heap, &s->containers, 1)) return false;
    state_slot *c = mem_zalloc(s->heap, sizeof *c);
    if (c == NULL) return false;
    c->kind = kind;
    c->present = root;
    if (kind == LK_TEXT) seq_init(&c->as.seq, SEQ_TEXT, s->heap);
    if (kind == LK_LIST) seq_init(&c->as.seq, SEQ_LIST, s->heap);
    if (kind == LK_MAP) map_init(&c->as.map, s->heap);
    if (kind == LK_MOVABLE_LIST) movable_init(&c->as.movable, s->heap);
    if (kind == LK_TREE) tree_init(&c->as.tree, s->heap);
    s->containers.at[s->containers.len++] = c;
    return true;
}

seq *state_find_seq(const state *s, uint32_t id) {
    state_slot *c = s->containers.at[id];
    return c->kind == LK_TEXT || c->kind == LK_LIST ? &c->as.seq : NULL;
}

const style_index *state_find_styles(state *s, uint32_t id) {
    state_slot *c = s->containers.at[id];
    if (c->styles == NULL) {
        c->styles = mem_alloc(s->heap, sizeof *c->styles);
        if (c->styles == NULL) return NULL;
        style_index_init(c->styles, s->heap);
    }
    return style_index_refresh(c->styles, &c->as.seq) ? c->styles : NULL;
}

/* Did the edit bring or remove an anchor? */
static void state_outdate_styles(state_slot *c, const uint32_t changed[SEQ_UNITS]) {
    if (c->styles != NULL && style_gap(changed) > 0) c->styles->stale = true;
}

map *state_find_map(const state *s, uint32_t id) {
    state_slot *c = s->containers.at[id];
    return c->kind == LK_MAP ? &c->as.map : NULL;
}

movable *state_find_movable(const state *s, uint32_t id) {
    state_slot *c = s->containers.at[id];
    return c->kind == LK_MOVABLE_LIST ? &c->as.movable : NULL;
}

tree *state_find_tree(const state *s, uint32_t id) {
    state_slot *c = s->containers.at[id];
    return c->kind == LK_TREE ? &c->as.tree : NULL;
}

const double *state_find_counter(const state *s, uint32_t id) {
    const state_slot *c = s->containers.at[id];
    return c->kind == LK_COUNTER ? &c->as.counter : NULL;
}

/* ---- preparing ---- */

typedef struct state_tally { /* what the steps will ask of one container */
    uint32_t container;
    uint32_t edits, inserted;
    uint32_t spans; /* it begins with */
    uint64_t len;   /* entities there will be */
    size_t bytes;
} state_tally;

/* A sparse set: a slot says which tally is about it, and that tally says whether that is so. What a
 * step costs does not depend on how many containers there are. */
typedef struct state_tallies {
    state_tally *at;
    size_t len;
} state_tallies;

static bool state_takes(container_kind kind, step_kind what) {
    switch (what) {
    case STEP_FILL: return kind == LK_TEXT;
    case STEP_INSERT:
    case STEP_DELETE: return kind == LK_TEXT || kind == LK_LIST || kind == LK_MOVABLE_LIST;
    case STEP_MAP:
    case STEP_MAP_FORCE: return kind == LK_MAP;
    case STEP_PLACE:
    case STEP_SET:
    case STEP_PLACES:
    case STEP_STANDING:
    case STEP_ELEM: return kind == LK_MOVABLE_LIST;
    case STEP_TREE:
    case STEP_BACK: return kind == LK_TREE;
    case STEP_COUNT: return kind == LK_COUNTER;
    }
    return false;
}

/* Entities of a container whose positions steps name. */
static uint32_t state_len(const state *s, uint32_t id) {
    const movable *m = state_find_movable(s, id);
    const seq *places = state_find_seq(s, id);
    if (m != NULL) return movable_len(m, SEQ_ENTITY);
    return places == NULL ? 0 : seq_len(places, SEQ_ENTITY);
}

static state_tally *state_find_tally(const state *s, state_tallies *all, uint32_t id) {
    uint32_t *at = &s->containers.at[id]->tally;
    if (*at < all->len && all->at[*at].container == id) return &all->at[*at];
    *at = (uint32_t)all->len++;
    all->at[*at] = (state_tally){.container = id, .len = state_len(s, id)};
    return &all->at[*at];
}

static lk_status state_count(const state *s, const step *st, state_tallies *all) {
    if (!state_takes(s->containers.at[st->container]->kind, st->kind)) return LK_ERANGE;
    state_tally *tally = state_find_tally(s, all, st->container);
    tally->edits++;
    tally->bytes += st->bytes;
    if (st->kind == STEP_INSERT || st->kind == STEP_PLACE || st->kind == STEP_PLACES ||
        st->kind == STEP_STANDING) {
        if (st->pos > tally->len || tally->len + st->len > LIMIT_POSITION) return LK_ERANGE;
        tally->len += st->len;
        tally->inserted += st->len;
    } else if (st->kind == STEP_FILL) {
        if (tally->len > 0 || st->len > LIMIT_POSITION) return LK_ERANGE;
        tally->len = st->len;
        tally->spans = st->key;
        tally->edits--;
    } else if (st->kind == STEP_DELETE) {
        if ((uint64_t)st->pos + st->len > tally->len) return LK_ERANGE;
        tally->len -= st->len;
    }
    return LK_OK;
}

static bool state_reserve(state *s, const state_tally *tally) {
    state_slot *c = s->containers.at[tally->container];
    switch (c->kind) {
    case LK_MAP: return map_reserve(&c->as.map, tally->edits);
    case LK_MOVABLE_LIST:
        return movable_reserve(&c->as.movable, tally->inserted, tally->inserted + tally->edits);
    case LK_TREE: return tree_reserve(&c->as.tree, tally->edits);
    case LK_COUNTER: return true;
    default:
        if (tally->edits == 0) return seq_reserve_fill(&c->as.seq, tally->spans, tally->bytes);
        return seq_reserve(&c->as.seq, (size_t)tally->edits + tally->spans, tally->bytes);
    }
}

lk_status state_prepare(state *s, const step *steps, size_t len, arena *scratch) {
    if (len == 0) return LK_OK;
    size_t most = len < s->containers.len ? len : s->containers.len;
    state_tallies all = {arena_new(scratch, state_tally, most), 0};
    if (all.at == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < len; i++) {
        lk_status status = state_count(s, &steps[i], &all);
        if (status != LK_OK) return status;
    }
    for (size_t i = 0; i < all.len; i++)
        if (!state_reserve(s, &all.at[i])) return LK_ENOMEM;
    return LK_OK;
}

/* ---- applying ---- */

static void state_place(state *s, const lk_value *value, bool present, const state_watch *watch) {
    if (value == NULL || value->type != LK_CONTAINER) return;
    state_slot *child = s->containers.at[value->as.container.index];
    if (watch != NULL && child->batch != watch->batch) {
        child->batch = watch->batch;
        child->was_present = child->present;
    }
    if (present && !child->present && watch != NULL)
        watch->appeared(watch->context, value->as.container.index);
    child->present = present;
}

static void state_write(state *s, const step *st, const state_watch *watch, state_change *out) {
    map *m = state_find_map(s, st->container);
    const map_entry *before = map_find(m, st->key);
    const lk_value *old = before == NULL ? NULL : before->value;
    map_entry entry = {.value = st->data,
                       .peer_wide = st->peer_wide,
                       .key = st->key,
                       .lamport = st->lamport,
                       .peer = st->id.peer};
    out->known = before != NULL && before->peer != STEP_UNWRITTEN;
    out->before = old;
    out->taken = true;
    if (st->kind == STEP_MAP_FORCE)
        map_force(m, &entry);
    else
        out->taken = map_set(m, &entry);
    if (!out->taken) return;
    state_place(s, old, false, watch);
    state_place(s, st->data, true, watch);
}

static seq_span state_span(const step *st, container_kind kind) {
    if (kind == LK_LIST) return seq_list_span(st->id, st->data, st->len);
    if (st->bytes == 0) return seq_anchor_span(st->id, st->data);
    return seq_text_span(st->id, st->data, st->bytes);
}

static void state_insert(state *s, state_slot *c, const step *st, const state_watch *watch,
                         state_change *out) {
    seq_span span = state_span(st, c->kind);
    seq_insert(&c->as.seq, st->pos, &span, &out->edit);
    state_outdate_styles(c, out->edit.inserted);
    const lk_value *values = st->data;
    for (uint32_t i = 0; c->kind == LK_LIST && i < st->len; i++)
        state_place(s, &values[i], true, watch);
}

static void state_fill(state_slot *c, const step *st, state_change *out) {
    seq_fill(&c->as.seq, st->data, st->key, &out->edit);
    state_outdate_styles(c, out->edit.inserted);
}

static void state_delete(state *s, state_slot *c, const step *st, const state_watch *watch,
                         state_change *out) {
    seq_walk w = seq_range(&c->as.seq, st->pos, st->len);
    seq_span span;
    while (c->kind == LK_LIST && seq_walk_next(&w, &span)) {
        const lk_value *values = span.data;
        for (uint32_t i = 0; i < span.len[SEQ_ENTITY]; i++)
            state_place(s, &values[i], false, watch);
    }
    seq_delete(&c->as.seq, st->pos, st->len, &out->edit);
    state_outdate_styles(c, out->edit.removed);
}

/* Children of a movable list are present while their element shows them. */
static void state_delete_places(state *s, movable *m, const step *st, const state_watch *watch) {
    movable_walk w = movable_range(m, st->pos, st->len);
    const movable_elem *elem;
    op_id place;
    while (movable_next(&w, &place, &elem))
        if (elem != NULL) state_place(s, elem->value, false, watch);
}

/* The value that an element shows, or NULL. */
static const lk_value *state_shown(const movable *m, step_elem id) {
    const movable_elem *elem = movable_find(m, id);
    return elem != NULL && movable_shows(m, elem) ? elem->value : NULL;
}

static void state_apply_movable(state *s, movable *m, const step *st, const state_watch *watch,
                                state_change *out) {
    bool named = st->kind == STEP_PLACE || st->kind == STEP_SET || st->kind == STEP_ELEM;
    const lk_value *values = st->data, *before = named ? state_shown(m, st->as.elem) : NULL;
    movable_edits edits;
    if (st->kind == STEP_DELETE) state_delete_places(s, m, st, watch);
    movable_apply(m, st, &edits);
    out->edit = edits.first;
    out->second = edits.second;
    out->before = before;
    for (uint32_t i = 0; st->kind == STEP_INSERT && i < st->len; i++)
        state_place(s, &values[i], true, watch);
    if (st->kind == STEP_STANDING)
        state_place(s, ((const step_registers *)st->data)->value, true, watch);
    const lk_value *after = named ? state_shown(m, st->as.elem) : NULL;
    if (before == after) return;
    bool stays = edits.first.removed[LK_UTF8] == edits.first.inserted[LK_UTF8];
    out->same = before != NULL && after != NULL && stays && value_equal(before, after);
    state_place(s, before, false, watch);
    state_place(s, after, true, watch);
}

/* The data of a node is there from its creation on, so that a node that comes back finds it. */
static void state_hang(state *s, tree *t, const step *st, state_change *out) {
    tree_apply(t, st, &out->tree);
    if (st->kind == STEP_TREE && st->as.node.meta != TREE_NONE)
        s->containers.at[st->as.node.meta]->present = true;
}

void state_apply(state *s, const step *st, const state_watch *watch_or_null, state_change *out) {
    state_slot *c = s->containers.at[st->container];
    switch (c->kind) {
    case LK_MAP: state_write(s, st, watch_or_null, out); break;
    case LK_MOVABLE_LIST: state_apply_movable(s, &c->as.movable, st, watch_or_null, out); break;
    case LK_TREE: state_hang(s, &c->as.tree, st, out); break;
    case LK_COUNTER: c->as.counter += st->as.count; break;
    default:
        if (st->kind == STEP_FILL)
            state_fill(c, st, out);
        else if (st->kind == STEP_INSERT)
            state_insert(s, c, st, watch_or_null, out);
        else
            state_delete(s, c, st, watch_or_null, out);
    }
}

void state_settle(state *s, const step *steps, size_t len) {
    for (size_t i = 0; i < len; i++) {
        tree *t = state_find_tree(s, steps[i].container);
        if (t != NULL) tree_settle(t);
    }
}

bool state_holds(const state *s, uint32_t parent, const container_id *child) {
    const tree *t = state_find_tree(s, parent);
    if (t == NULL) return true;
    uint32_t node = tree_find(t, (op_id){child->peer, child->counter});
    return node != TREE_NONE && tree_lives(t, node);
}
