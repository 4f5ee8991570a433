/* SPDX-License-Identifier: MIT
 * undo_list.c - movable lists in undo, in Loro's order of operations. Of each span, the newest
 * first, what was made goes, then the elements of before are put right from the first to the last.
 */
#include "doc/undo_list.h"

#include "base/sort.h"
#include "doc/edit.h"

static uint64_t undo_elem_name(step_elem e) { return (uint64_t)e.peer << 32 | e.lamport; }

static step_elem undo_elem_of(uint64_t name) {
    return (step_elem){(peer_ix)(name >> 32), (uint32_t)name};
}

/* ---- what a span did ---- */

bool undo_lists_have(const undo_lists *l, uint32_t container) {
    for (size_t i = 0; i < l->lists.len; i++)
        if (l->lists.at[i].container == container) return true;
    return false;
}

static undo_list *undo_lists_get(undo_lists *l, uint32_t container) {
    for (size_t i = l->lists.len; i-- > 0 && l->lists.at[i].span == l->span;)
        if (l->lists.at[i].container == container) return &l->lists.at[i];
    undo_list *fresh = arena_vec_push(l->memory, &l->lists);
    if (fresh == NULL) return NULL;
    *fresh = (undo_list){.container = container, .span = l->span};
    remap_init(&fresh->touched, l->elems->heap);
    return fresh;
}

static bool undo_list_touch(undo_list *list, step_elem elem, uint32_t what) {
    uint64_t name = undo_elem_name(elem), had = 0;
    if (!remap_reserve(&list->touched, 1)) return false;
    remap_find(&list->touched, name, &had);
    remap_put(&list->touched, name, had | what);
    return true;
}

static bool undo_list_made(undo_lists *l, undo_list *list, const op *o, lv at) {
    const dag *g = &l->doc->log.graph;
    for (uint32_t i = 0; i < o->len; i++) {
        undo_made *made = arena_vec_push(l->memory, &list->made);
        if (made == NULL) return false;
        *made = (undo_made){.id = {dag_id(g, at).peer, dag_lamport(g, at) + i}};
    }
    return true;
}

static bool undo_list_moved(undo_lists *l, undo_list *list, const op *o, lv at) {
    undo_move *move = arena_vec_push(l->memory, &list->moves);
    if (move == NULL) return false;
    *move = (undo_move){dag_id(&l->doc->log.graph, at),
                        {o->as.move.elem_peer, o->as.move.elem_lamport}};
    return undo_list_touch(list, move->elem, UNDO_MOVED);
}

static bool undo_places_have(const undo_places *gone, op_id place) {
    int64_t offset = (int64_t)place.counter - gone->start.counter;
    return place.peer == gone->start.peer && offset >= 0 && offset < gone->len;
}

/* An element that was moved first stood on a place of the span's own. */
static bool undo_list_gone(undo_lists *l, undo_list *list, const op *o) {
    undo_places *gone = arena_vec_push(l->memory, &list->gone);
    if (gone == NULL) return false;
    *gone = (undo_places){o->as.del.start, o->len};
    for (size_t i = 0; i < list->moves.len; i++)
        if (undo_places_have(gone, list->moves.at[i].place) &&
            !undo_list_touch(list, list->moves.at[i].elem, UNDO_GONE))
            return false;
    return true;
}

static bool undo_lists_op(undo_lists *l, const op *o, lv at) {
    undo_list *list = undo_lists_get(l, o->container);
    if (list == NULL) return false;
    switch (o->kind) {
    case OP_LIST_INSERT: return undo_list_made(l, list, o, at);
    case OP_MOVE: return undo_list_moved(l, list, o, at);
    case OP_SET:
        return undo_list_touch(list, (step_elem){o->as.set.elem_peer, o->as.set.elem_lamport},
                               UNDO_SET);
    default: return undo_list_gone(l, list, o);
    }
}

bool undo_lists_gather(undo_lists *l, lv start, lv end) {
    oplog_walk w = oplog_walk_new(&l->doc->log, start, end);
    op o;
    lv at;
    const dag_run *run;
    while (oplog_walk_next(&w, &o, &at, &run)) {
        bool moves = l->doc->state.containers.at[o.container]->kind == LK_MOVABLE_LIST;
        if (moves && !undo_lists_op(l, &o, at)) return false;
    }
    return true;
}

void undo_lists_drop(undo_lists *l) {
    for (size_t i = 0; i < l->lists.len; i++) remap_drop(&l->lists.at[i].touched);
}

/* ---- what was behind it, and before ---- */

static int undo_made_order(const void *a, const void *b) {
    uint32_t x = ((const undo_made *)a)->pos, y = ((const undo_made *)b)->pos;
    return x < y ? -1 : x > y;
}

static void undo_list_rank(const undo_lists *l, undo_list *list) {
    const movable *m = state_find_movable(&l->doc->state, list->container);
    for (size_t i = 0; i < list->made.len; i++) {
        const movable_elem *elem = movable_find(m, list->made.at[i].id);
        uint32_t at[SEQ_UNITS];
        if (elem == NULL || !movable_shows(m, elem)) continue;
        movable_rank(m, elem, at);
        list->made.at[i].pos = at[LK_UTF8] + 1;
    }
    sort_items(list->made.at, list->made.len, sizeof *list->made.at, undo_made_order);
}

static bool undo_list_lost(const undo_list *list, op_id place) {
    for (size_t i = 0; i < list->gone.len; i++)
        if (undo_places_have(&list->gone.at[i], place)) return true;
    return false;
}

static bool undo_list_look(undo_lists *l, undo_list *list) {
    movable_walk w =
        movable_range(state_find_movable(&l->doc->state, list->container), 0, UINT32_MAX);
    const movable_elem *elem;
    for (op_id place; movable_next(&w, &place, &elem);) {
        if (elem == NULL) continue;
        undo_elem *fresh = arena_vec_push(l->memory, &list->before);
        if (fresh == NULL) return false;
        uint64_t what = 0;
        remap_find(&list->touched, undo_elem_name(elem->id), &what);
        if (undo_list_lost(list, place)) what |= UNDO_GONE;
        *fresh = (undo_elem){elem->id, elem->value, (uint32_t)what};
    }
    return true;
}

bool undo_lists_look(undo_lists *l, bool before) {
    for (size_t i = 0; i < l->lists.len; i++) {
        undo_list *list = &l->lists.at[i];
        if (list->span != l->span) continue;
        if (!before)
            undo_list_rank(l, list);
        else if (!undo_list_look(l, list))
            return false;
    }
    return true;
}

/* ---- taking it back ---- */

typedef struct undo_mender {
    apply *a;
    const undo_list *list;
    remap *elems;
    lk_ref ref; /* of the list as it is now */
} undo_mender;

static const movable *undo_mender_list(const undo_mender *m) {
    return state_find_movable(&m->a->doc->state, m->ref.index);
}

/* Where an element is now; false if it is not there. */
static bool undo_mender_find(const undo_mender *m, step_elem id, uint32_t *pos) {
    uint32_t at[SEQ_UNITS];
    const movable *list = undo_mender_list(m);
    step_elem now = undo_elem_of(remap_follow(m->elems, undo_elem_name(id)));
    const movable_elem *elem = movable_find(list, now);
    if (elem == NULL || !movable_shows(list, elem)) return false;
    movable_rank(list, elem, at);
    *pos = at[LK_UTF8];
    return true;
}

/* The gap where an element of before belongs; those before it are in place already. */
static uint32_t undo_mender_gap(const undo_mender *m, size_t i) {
    const undo_elem *before = m->list->before.at;
    uint32_t pos;
    for (size_t k = i; k-- > 0;)
        if (undo_mender_find(m, before[k].id, &pos)) return pos + 1;
    for (size_t k = i + 1; k < m->list->before.len; k++) {
        bool moves = (before[k].what & (UNDO_MOVED | UNDO_GONE)) == UNDO_MOVED;
        if (!moves && undo_mender_find(m, before[k].id, &pos)) return pos;
    }
    return 0;
}

/* A value as it can be written; what is inside a container that is made anew comes later. */
static lk_value undo_mender_value(const undo_mender *m, const lk_value *value) {
    if (value->type != LK_CONTAINER) return *value;
    return edit_child(lk_ref_kind(m->a->doc, value->as.container));
}

static lk_status undo_mender_adopt(const undo_mender *m, const lk_value *was, lk_ref is) {
    return was->type == LK_CONTAINER ? apply_adopt(m->a, was->as.container.index, is) : LK_OK;
}

static lk_status undo_mender_insert(undo_mender *m, size_t i) {
    const undo_elem *was = &m->list->before.at[i];
    const movable *list = undo_mender_list(m);
    lk_value value = undo_mender_value(m, was->value);
    uint32_t gap = undo_mender_gap(m, i), at[SEQ_UNITS];
    const lk_value *copied;
    if (!remap_reserve(m->elems, 1) || !remap_reserve(m->a->remap, 1)) return LK_ENOMEM;
    uint64_t old = remap_follow(m->elems, undo_elem_name(was->id));
    lk_status status =
        edit_insert(m->a->doc, m->ref, edit_movable_gap(list, gap), &value, 1, &copied);
    if (status != LK_OK) return status;
    remap_put(m->elems, old, undo_elem_name(movable_at(list, gap, LK_UTF8, at)->id));
    return undo_mender_adopt(m, was->value, copied->as.container);
}

static lk_status undo_mender_move(undo_mender *m, size_t i, uint32_t pos) {
    uint32_t gap = undo_mender_gap(m, i);
    if (gap > pos) gap--;
    return gap == pos ? LK_OK : lk_movable_move(m->a->doc, m->ref, pos, gap);
}

/* Also if it says that already: whose word it is counts when peers say something at once. */
static lk_status undo_mender_set(undo_mender *m, size_t i, uint32_t pos) {
    const lk_value *was = m->list->before.at[i].value;
    if (was->type != LK_CONTAINER) return lk_movable_set(m->a->doc, m->ref, pos, was);
    lk_ref made;
    if (!remap_reserve(m->a->remap, 1)) return LK_ENOMEM;
    lk_kind kind = lk_ref_kind(m->a->doc, was->as.container);
    lk_status status = lk_movable_set_container(m->a->doc, m->ref, pos, kind, &made);
    return status == LK_OK ? undo_mender_adopt(m, was, made) : status;
}

static lk_status undo_mender_mend(undo_mender *m, size_t i) {
    const undo_elem *was = &m->list->before.at[i];
    uint32_t pos;
    if (was->what == 0) return LK_OK;
    bool there = undo_mender_find(m, was->id, &pos);
    bool gone = (was->what & UNDO_GONE) != 0;
    if (gone && there) return LK_OK; /* somebody moved it meanwhile, so it is theirs */
    if (!there) return gone ? undo_mender_insert(m, i) : LK_OK;
    lk_status status = LK_OK;
    if ((was->what & UNDO_MOVED) != 0) {
        status = undo_mender_move(m, i, pos);
        undo_mender_find(m, was->id, &pos);
    }
    if (status == LK_OK && (was->what & UNDO_SET) != 0) status = undo_mender_set(m, i, pos);
    return status;
}

/* What the span made goes, in the order it had behind the span. */
static lk_status undo_mender_unmake(const undo_mender *m) {
    lk_status status = LK_OK;
    uint32_t pos;
    for (size_t i = 0; i < m->list->made.len && status == LK_OK; i++)
        if (undo_mender_find(m, m->list->made.at[i].id, &pos))
            status = lk_movable_delete(m->a->doc, m->ref, pos, 1);
    return status;
}

static lk_status undo_mender_run(undo_mender *m) {
    lk_status status = undo_mender_unmake(m);
    for (size_t i = 0; i < m->list->before.len && status == LK_OK; i++)
        status = undo_mender_mend(m, i);
    return status;
}

lk_status undo_lists_apply(apply *a, const undo_lists *l, uint32_t container) {
    lk_status status = LK_OK;
    for (size_t i = l->lists.len; i-- > 0 && status == LK_OK;) {
        undo_mender m = {a, &l->lists.at[i], l->elems, {container}};
        if (m.list->container == container) status = undo_mender_run(&m);
    }
    return status;
}
