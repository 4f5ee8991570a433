/* SPDX-License-Identifier: MIT
 * travel_seq.c - texts and lists on the way from one version to another.
 *
 * The trackers begin at a base that both versions know, and do not know its text. An atom of it
 * that is not in the text we come from was deleted by an operation since the base, and operations
 * that delete name what they delete: that is noted, so that the atom can be fetched from the log.
 *
 *      atoms    [ base 0..5 ][ new 7..9 ][ base 6..9 ]...
 *      from       sees         sees        not            delete [7..9], insert the noted atoms
 *      to         sees         not         sees
 *
 * Whoever named the wrong atoms is found out when they are not there; then everything is played
 * from the very start, where there is no base text. (A history that begins late has no such start.)
 */
#include "base/sort.h"
#include "merge/travel.h"

/* ---- playing ---- */

/* Note the base atoms that operation `o`, just played at `at`, took away. */
static bool travel_note_op(travel *t, const op *o, lv at) {
    for (uint32_t done = 0; done < o->len;) {
        id_run run = id_index_at(&t->player.by_lv, at + done);
        uint32_t len = run.len < o->len - done ? run.len : o->len - done;
        bool deletes = run.kind == ID_FORTH || run.kind == ID_BACK || run.kind == ID_MOVE;
        uint32_t target = run.kind == ID_BACK ? run.target + run.len - len : run.target;
        done += len;
        if (!deletes || target < TRACKER_BASE) continue;
        travel_note *note = vec_push(t->heap, &t->notes);
        if (note == NULL) return false;
        *note = (travel_note){.owner = run.owner, .base = target, .len = len};
        if (run.kind == ID_MOVE) {
            note->moved = true;
            note->elem = (step_elem){o->as.move.elem_peer, o->as.move.elem_lamport};
        } else {
            uint32_t skip = run.kind == ID_FORTH ? done - len : o->len - done;
            note->id = (op_id){o->as.del.start.peer, o->as.del.start.counter + (int32_t)skip};
        }
    }
    return true;
}

static lk_status travel_play_op(travel *t, const op *o, lv at, const dag_run *run) {
    player *p = &t->player;
    lv before, last = at + o->len - 1;
    size_t len;
    const lv *parents = player_parents(t->log, run, at, &before, &len);
    if (!player_stands_on(p, parents, len)) {
        bool reaches;
        lk_status status = player_aim(p, parents, len, &reaches);
        if (status == LK_OK) {
            LK_ASSERT(reaches);
            status = player_move(p);
        }
        if (status != LK_OK) return status;
    }
    uint32_t merged;
    lk_status status = player_play(p, o, at, &merged);
    if (status != LK_OK) return status;
    bool noted = o->kind == OP_DELETE || o->kind == OP_MOVE ? travel_note_op(t, o, at) : true;
    return noted && player_stand(p, &last, 1) ? LK_OK : LK_ENOMEM;
}

static lk_status travel_play_span(travel *t, dag_span span, const uint8_t *touched) {
    oplog_walk w = oplog_walk_new(t->log, span.start, span.end);
    op o;
    lv at;
    const dag_run *run;
    lk_status status = LK_OK;
    while (status == LK_OK && oplog_walk_next(&w, &o, &at, &run)) {
        if (touched[o.container] && player_tracks(&t->player, &o))
            status = travel_play_op(t, &o, at, run);
        else if (!player_skip(&t->player, o.len))
            status = LK_ENOMEM;
    }
    return status;
}

/* Play all that one of the versions knows since the base. */
static lk_status travel_play(travel *t, const travel_end *from, const travel_end *to, lv base,
                             const uint8_t *touched, arena *scratch) {
    dag *g = &t->log->graph;
    t->notes.len = 0;
    lv *heads = arena_new(scratch, lv, from->len + to->len);
    if (heads == NULL || !player_begin(&t->player, base)) return LK_ENOMEM;
    for (size_t i = 0; i < from->len; i++) heads[i] = from->heads[i];
    for (size_t i = 0; i < to->len; i++) heads[from->len + i] = to->heads[i];
    if (!dag_diff(g, &base, base != LV_NONE, heads, from->len + to->len, &t->player.retreat,
                  &t->played))
        return LK_ENOMEM;
    lv done = base == LV_NONE ? 0 : base + 1;
    lk_status status = LK_OK;
    for (size_t i = t->played.len; i-- > 0 && status == LK_OK;) {
        dag_span span = t->played.at[i];
        if (!player_skip(&t->player, span.start - done)) return LK_ENOMEM;
        status = travel_play_span(t, span, touched);
        done = span.end;
    }
    return status;
}

static lk_status travel_stand(travel *t, const travel_end *there) {
    bool reaches;
    lk_status status = player_aim(&t->player, there->heads, there->len, &reaches);
    if (status == LK_OK) status = player_move(&t->player);
    if (status != LK_OK) return status;
    return player_stand(&t->player, there->heads, there->len) ? LK_OK : LK_ENOMEM;
}

/* ---- who the atoms are ---- */

static int travel_note_order(const void *a, const void *b) {
    const travel_note *x = a, *y = b;
    if (x->owner != y->owner) return x->owner < y->owner ? -1 : 1;
    return x->base < y->base ? -1 : x->base > y->base;
}

/* The note of a base atom; NULL if there is none. Several may hold it, all the same. */
static const travel_note *travel_find_note(const travel *t, uint32_t owner, uint32_t id) {
    size_t low = 0, high = t->notes.len; /* the first that begins after the atom */
    while (low < high) {
        size_t mid = (low + high) / 2;
        const travel_note *note = &t->notes.at[mid];
        if (note->owner < owner || (note->owner == owner && note->base <= id))
            low = mid + 1;
        else
            high = mid;
    }
    while (low-- > 0 && t->notes.at[low].owner == owner) {
        const travel_note *note = &t->notes.at[low];
        if (id - note->base < note->len) return note;
    }
    return NULL;
}

typedef struct travel_seq { /* one sequence being compared */
    travel *t;
    const travel_end *at_base;
    step_list *out;
    uint32_t container, owner, pos;
} travel_seq;

/* The elements that stand on places which come back are to be looked at. */
static bool travel_places(travel_seq *s, const op *o, const dag_run *run) {
    register_name name = {.kind = REGISTER_PLACE, .container = o->container};
    for (uint32_t i = 0; i < o->len; i++) {
        name.peer = o->kind == OP_MOVE ? o->as.move.elem_peer : run->peer;
        name.lamport = o->kind == OP_MOVE
                           ? o->as.move.elem_lamport
                           : run->lamport + (uint32_t)(o->counter - run->counter) + i;
        if (!travel_look(s->t, &name)) return false;
    }
    return true;
}

/* Insert the atoms of part of an operation. */
static lk_status travel_insert_op(travel_seq *s, const op *o, const dag_run *run) {
    const travel *t = s->t;
    bool inserts = o->kind != OP_DELETE && player_tracks(&t->player, o);
    if (!inserts || o->container != s->container) return LK_EMISSING;
    step st = steps_insert(t->log, o, run, s->pos);
    if (t->log->names.containers.at[o->container].id.kind == LK_MOVABLE_LIST) {
        st.kind = STEP_PLACES;
        st.data = NULL;
        if (!travel_places(s, o, run)) return LK_ENOMEM;
    }
    s->pos += o->len;
    return steps_add(t->heap, s->out, &st) ? LK_OK : LK_ENOMEM;
}

static lk_status travel_insert_lvs(travel_seq *s, lv start, lv end) {
    oplog_walk w = oplog_walk_new(s->t->log, start, end);
    op o;
    lv at;
    const dag_run *run;
    lk_status status = LK_OK;
    while (status == LK_OK && oplog_walk_next(&w, &o, &at, &run))
        status = travel_insert_op(s, &o, run);
    return status;
}

/* Insert up to *len atoms that lie together, *len becomes how many. */
static lk_status travel_insert_run(travel_seq *s, lv at, uint32_t *len) {
    const dag_run *run = dag_run_of(&s->t->log->graph, at);
    uint32_t here = run->start + run->len - at;
    if (here < *len) *len = here;
    return travel_insert_lvs(s, at, at + *len);
}

/* The same for atoms that are older than the history. */
static lk_status travel_insert_piece(travel_seq *s, lv at, uint32_t *len) {
    op o;
    dag_run run;
    if (!oplog_piece_at(s->t->log, at, &o, &run)) return LK_EMISSING;
    if (*len < o.len) o = op_slice(&o, 0, *len);
    *len = o.len;
    return travel_insert_op(s, &o, &run);
}

/* Insert atoms by their ids, which may lie in several runs. */
static lk_status travel_insert_ids(travel_seq *s, op_id id, uint32_t len) {
    const dag *g = &s->t->log->graph;
    if (id.counter < 0 || (int64_t)id.counter + len > dag_peer_end(g, id.peer)) return LK_EMISSING;
    while (len > 0) {
        lv at = dag_lv(g, id);
        uint32_t here = len;
        lk_status status =
            at < g->begin ? travel_insert_piece(s, at, &here) : travel_insert_run(s, at, &here);
        if (status != LK_OK) return status;
        id.counter += (int32_t)here;
        len -= here;
    }
    return LK_OK;
}

/* The place that an element stood on at the base: of all its moves that the base knows the last, or
 * its insert. */
static lk_status travel_insert_place(travel_seq *s, step_elem elem) {
    travel *t = s->t;
    register_name name = {.kind = REGISTER_PLACE,
                          .container = s->container,
                          .peer = elem.peer,
                          .lamport = elem.lamport};
    if (!registers_update(&t->registers)) return LK_ENOMEM;
    const register_write *write =
        registers_at(&t->registers, &name, s->at_base->ends, t->log->graph.peers.len);
    op_id id;
    if (write != NULL) return travel_insert_ids(s, write->id, 1);
    const oplog_register *root = oplog_find_elem(t->log, s->container, elem.peer, elem.lamport);
    if (root != NULL) return travel_insert_ids(s, ((const step_registers *)root->data)->place, 1);
    if (!dag_find_lamport(&t->log->graph, elem.peer, elem.lamport, &id)) return LK_EMISSING;
    return travel_insert_ids(s, id, 1);
}

static lk_status travel_insert_base(travel_seq *s, uint32_t id, uint32_t len) {
    while (len > 0) {
        const travel_note *note = travel_find_note(s->t, s->owner, id);
        if (note == NULL) return LK_EMISSING;
        uint32_t skip = id - note->base, here = note->len - skip;
        if (here > len) here = len;
        op_id real = {note->id.peer, note->id.counter + (int32_t)skip};
        lk_status status =
            note->moved ? travel_insert_place(s, note->elem) : travel_insert_ids(s, real, here);
        if (status != LK_OK) return status;
        id += here;
        len -= here;
    }
    return LK_OK;
}

/* ---- comparing ---- */

static bool travel_delete(travel_seq *s, uint32_t len) {
    step *last = s->out->len == 0 ? NULL : &s->out->at[s->out->len - 1];
    if (last != NULL && last->kind == STEP_DELETE && last->container == s->container &&
        last->pos == s->pos) {
        last->len += len;
        return true;
    }
    step st = {.kind = STEP_DELETE, .container = s->container, .pos = s->pos, .len = len};
    return steps_add(s->t->heap, s->out, &st);
}

/* The tracker stands at `to`, and takes `from` for the document. */
static lk_status travel_compare(travel_seq *s, const tracker *tracked) {
    btree_pos pos = btree_first(&tracked->items);
    lk_status status = LK_OK;
    bool more = !btree_at_end(&tracked->items, pos);
    for (; more && status == LK_OK; more = btree_next(&tracked->items, &pos)) {
        const tracker_item *it = btree_item(&tracked->items, pos);
        bool was = !it->gone, is = it->here && it->dels == 0;
        if (was && is)
            s->pos += it->len;
        else if (was && !travel_delete(s, it->len))
            status = LK_ENOMEM;
        else if (is && !was)
            status = it->id >= TRACKER_BASE ? travel_insert_base(s, it->id, it->len)
                                            : travel_insert_lvs(s, it->id, it->id + it->len);
    }
    return status;
}

static lk_status travel_compare_all(travel *t, const travel_end *at_base, const uint8_t *touched,
                                    step_list *out) {
    lk_status status = LK_OK;
    size_t count = t->log->names.containers.len;
    sort_items(t->notes.at, t->notes.len, sizeof *t->notes.at, travel_note_order);
    for (uint32_t id = 0; id < count && status == LK_OK; id++) {
        const tracker *tracked = touched[id] ? player_find(&t->player, id) : NULL;
        if (tracked == NULL) continue;
        travel_seq s = {t, at_base, out, id, tracked->owner, 0};
        status = travel_compare(&s, tracked);
    }
    return status;
}

static lk_status travel_from_base(travel *t, const travel_end *from, const travel_end *to, lv base,
                                  const uint8_t *touched, arena *scratch, step_list *out) {
    travel_end at_base = {.heads = &base, .len = base != LV_NONE};
    at_base.ends = arena_new(scratch, int32_t, t->log->graph.peers.len);
    if (at_base.ends == NULL) return LK_ENOMEM;
    lk_status status = travel_play(t, from, to, base, touched, scratch);
    if (status == LK_OK) status = travel_ends(t, from, &at_base);
    if (status == LK_OK) status = travel_stand(t, from);
    if (status == LK_OK && !player_settle(&t->player)) status = LK_ENOMEM;
    if (status == LK_OK) status = travel_stand(t, to);
    if (status == LK_OK) status = travel_compare_all(t, &at_base, touched, out);
    player_forget(&t->player);
    return status;
}

lk_status travel_sequences(travel *t, const travel_end *from, const travel_end *to,
                           const uint8_t *touched, arena *scratch, step_list *out) {
    lv base;
    size_t steps = out->len, names = t->names.len;
    if (!dag_base(&t->log->graph, from->heads, from->len, to->heads, to->len, &base))
        return LK_ENOMEM;
    lk_status status = travel_from_base(t, from, to, base, touched, scratch, out);
    if (status != LK_EMISSING || base == LV_NONE || t->log->graph.floor > 0) return status;
    out->len = steps;
    t->names.len = names;
    return travel_from_base(t, from, to, LV_NONE, touched, scratch, out);
}
