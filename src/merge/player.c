/* SPDX-License-Identifier: MIT
 * player.c - what operations say, trackers made when first needed, and the standing version moved.
 */
#include "merge/player.h"

void player_init(player *p, oplog *log) {
    *p = (player){.heap = log->heap, .log = log, .base = LV_NONE};
    id_index_init(&p->by_lv, p->heap, 0);
}

static void player_free(player *p, tracker *t) {
    if (t == NULL) return;
    tracker_drop(t);
    mem_free(p->heap, t, sizeof *t);
}

void player_forget(player *p) {
    for (size_t i = 0; i < p->trackers.len; i++) {
        player_free(p, p->spare);
        p->spare = p->trackers.at[i];
    }
    if (p->trackers.len > 0) tracker_clear(p->spare);
    p->trackers.len = p->by_container.len = p->here.len = 0;
    id_index_clear(&p->by_lv, 0);
}

void player_drop(player *p) {
    player_forget(p);
    player_free(p, p->spare);
    p->spare = NULL;
    id_index_drop(&p->by_lv);
    vec_drop(p->heap, &p->trackers);
    vec_drop(p->heap, &p->by_container);
    vec_drop(p->heap, &p->here);
    vec_drop(p->heap, &p->retreat);
    vec_drop(p->heap, &p->advance);
    vec_drop(p->heap, &p->cuts);
}

bool player_begin(player *p, lv base) {
    player_forget(p);
    p->base = base;
    id_index_clear(&p->by_lv, base == LV_NONE ? 0 : base + 1);
    return player_stand(p, &base, base == LV_NONE ? 0 : 1);
}

/* ---- trackers ---- */

bool player_tracks(const player *p, const op *o) {
    container_kind kind = p->log->names.containers.at[o->container].id.kind;
    switch (o->kind) {
    case OP_TEXT_INSERT:
    case OP_MARK_START:
    case OP_MARK_END: return kind == LK_TEXT;
    case OP_LIST_INSERT: return kind == LK_LIST || kind == LK_MOVABLE_LIST;
    case OP_DELETE: return kind == LK_TEXT || kind == LK_LIST || kind == LK_MOVABLE_LIST;
    case OP_MOVE: return kind == LK_MOVABLE_LIST;
    default: return false;
    }
}

tracker *player_find(const player *p, uint32_t container) {
    uint32_t number = container < p->by_container.len ? p->by_container.at[container] : 0;
    return number == 0 ? NULL : p->trackers.at[number - 1];
}

/* One that is empty; NULL when memory is out. */
static tracker *player_fresh(player *p) {
    tracker *fresh = p->spare;
    p->spare = NULL;
    if (fresh != NULL) return fresh;
    fresh = mem_alloc(p->heap, sizeof *fresh);
    if (fresh != NULL) tracker_init(fresh, p->log);
    return fresh;
}

/* The tracker of a container, made when first needed; NULL when memory is out. */
static tracker *player_tracker(player *p, uint32_t container) {
    if (container >= p->by_container.len) {
        size_t more = container + 1 - p->by_container.len;
        if (!vec_reserve(p->heap, &p->by_container, more)) return NULL;
        __builtin_memset(p->by_container.at + p->by_container.len, 0,
                         more * sizeof *p->by_container.at);
        p->by_container.len += more;
    }
    tracker *found = player_find(p, container);
    if (found != NULL) return found;
    if (!vec_reserve(p->heap, &p->trackers, 1)) return NULL;
    tracker *fresh = player_fresh(p);
    if (fresh == NULL) return NULL;
    bool ready = tracker_begin(fresh, &p->by_lv, (uint32_t)p->trackers.len);
    p->trackers.at[p->trackers.len++] = fresh;
    if (!ready) return NULL;
    p->by_container.at[container] = (uint32_t)p->trackers.len;
    return fresh;
}

/* ---- what an operation says ---- */

uint32_t player_insert_pos(const op *o) {
    switch (o->kind) {
    case OP_TEXT_INSERT: return o->as.insert.pos;
    case OP_LIST_INSERT: return o->as.list.pos;
    case OP_MARK_START: return o->as.mark->start;
    case OP_MOVE: return o->as.move.to;
    default: return o->as.mark->end + 1; /* OP_MARK_END */
    }
}

bool player_delete_pos(const op *o, uint32_t *pos) {
    *pos = o->as.del.pos;
    if (!o->as.del.reversed) return true;
    if (*pos + 1 < o->len) return false;
    *pos = *pos + 1 - o->len;
    return true;
}

const lv *player_parents(const oplog *log, const dag_run *run, lv at, lv *before, size_t *len) {
    *before = at - 1;
    *len = at > run->start ? 1 : run->parent_len;
    return at > run->start ? before : log->graph.parents.at + run->parent_start;
}

/* ---- playing ---- */

bool player_skip(player *p, uint32_t len) {
    id_run nothing = {.len = len, .kind = ID_NOTHING};
    return len == 0 || id_index_append(&p->by_lv, &nothing);
}

lk_status player_play(player *p, const op *o, lv at, uint32_t *merged) {
    tracker *t = player_tracker(p, o->container);
    if (t == NULL) return LK_ENOMEM;
    p->cuts.len = 0;
    uint32_t pos;
    if (o->kind == OP_DELETE) {
        if (!player_delete_pos(o, &pos)) return LK_ERANGE;
        return tracker_delete(t, pos, o->len, o->as.del.reversed, &p->cuts);
    }
    pos = player_insert_pos(o);
    if (o->kind == OP_MOVE) return tracker_move(t, o->as.move.from, pos, at, &p->cuts, merged);
    return tracker_insert(t, pos, at, o->len, merged);
}

lk_status player_play_merged(player *p, const op *o, lv at) {
    tracker *t = player_tracker(p, o->container);
    if (t == NULL) return LK_ENOMEM;
    if (o->kind == OP_MOVE) return tracker_move_merged(t, o->as.move.from, o->as.move.to, at);
    if (o->kind != OP_DELETE) return tracker_insert_merged(t, player_insert_pos(o), at, o->len);
    uint32_t pos;
    if (!player_delete_pos(o, &pos)) return LK_ERANGE;
    return tracker_delete_merged(t, pos, o->len, o->as.del.reversed);
}

/* ---- moving the standing version ---- */

bool player_stand(player *p, const lv *heads, size_t len) {
    p->here.len = 0;
    if (!vec_reserve(p->heap, &p->here, len)) return false;
    for (size_t i = 0; i < len; i++) p->here.at[p->here.len++] = heads[i];
    return true;
}

bool player_stands_on(const player *p, const lv *heads, size_t len) {
    return len == 1 && p->here.len == 1 && heads[0] == p->here.at[0];
}

lk_status player_aim(player *p, const lv *heads, size_t len, bool *reaches) {
    if (!dag_diff(&p->log->graph, p->here.at, p->here.len, heads, len, &p->retreat, &p->advance))
        return LK_ENOMEM;
    /* Spans descend: if a version does not know the base, the last one to take back reaches below
     * it. */
    *reaches = p->base == LV_NONE || p->retreat.len == 0 ||
               p->retreat.at[p->retreat.len - 1].start > p->base;
    return LK_OK;
}

/* Let the standing version know, or no longer know, the operations of a span. */
static lk_status player_know(player *p, dag_span span, bool known) {
    for (lv at = span.start; at < span.end;) {
        id_run run = id_index_at(&p->by_lv, at);
        uint32_t len = run.len < span.end - at ? run.len : span.end - at;
        tracker *t = run.kind == ID_NOTHING ? NULL : p->trackers.at[run.owner];
        lk_status status = LK_OK;
        if (run.kind == ID_INSERT || run.kind == ID_MOVE) status = tracker_show(t, at, len, known);
        if (run.kind == ID_MOVE && status == LK_OK)
            status = tracker_hide(t, run.target, 1, known);
        else if (run.kind == ID_FORTH)
            status = tracker_hide(t, run.target, len, known);
        else if (run.kind == ID_BACK)
            status = tracker_hide(t, run.target + run.len - len, len, known);
        if (status != LK_OK) return status;
        at += len;
    }
    return LK_OK;
}

lk_status player_move(player *p) {
    for (size_t i = 0; i < p->retreat.len; i++) {
        lk_status status = player_know(p, p->retreat.at[i], false);
        if (status != LK_OK) return status;
    }
    for (size_t i = 0; i < p->advance.len; i++) {
        lk_status status = player_know(p, p->advance.at[i], true);
        if (status != LK_OK) return status;
    }
    return LK_OK;
}

bool player_settle(player *p) {
    for (size_t i = 0; i < p->trackers.len; i++) tracker_settle(p->trackers.at[i]);
    return !p->by_lv.failed;
}
