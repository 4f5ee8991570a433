/* SPDX-License-Identifier: MIT
 * cursor.c - places in a text or list that stay where they are while others edit. A cursor names
 * the atom it stands at. When that was deleted, the operations since are played into a tracker,
 * which keeps what is deleted in order with what is not:
 *
 *      the document    A B       E F
 *      the tracker     A B c d . E F       a cursor at d now stands before E                     */
#include "base/limits.h"
#include "codec/state_value.h"
#include "doc/sealed.h"
#include "merge/player.h"

typedef struct cursor_target {
    const container_id *id; /* read: a view of the bytes */
    uint64_t container_peer;
    bool at_end; /* no atom: before the first or behind the last, as the side says */
    lk_id atom;
    lk_side side;
    uint64_t origin; /* where it was made; told, not used */
} cursor_target;

/* ---- what cursors stand in: a sequence, or the places of a movable list ---- */

typedef struct cursor_room {
    const seq *seq;
    const movable *list;
} cursor_room;

/* false for other kinds. */
static bool cursor_enter(const lk_doc *doc, uint32_t container, cursor_room *out) {
    out->list = state_find_movable(&doc->state, container);
    out->seq = state_find_seq(&doc->state, container);
    return out->list != NULL || out->seq != NULL;
}

static uint32_t cursor_room_len(const cursor_room *in, unsigned unit) {
    return in->list != NULL ? movable_len(in->list, unit) : seq_len(in->seq, unit);
}

/* The visible atom at `pos`, which is not the end. */
static lk_status cursor_atom_at(const cursor_room *in, uint32_t pos, lk_unit unit, op_id *atom,
                                uint32_t at[SEQ_UNITS]) {
    if (in->list != NULL) {
        *atom = movable_place_of(in->list, movable_at(in->list, pos, unit, at));
        return LK_OK;
    }
    if (seq_seek(in->seq, pos, unit, SEQ_RIGHTMOST, at) != SEQ_HIT) return LK_ERANGE;
    seq_walk w = seq_range(in->seq, at[SEQ_ENTITY], 1);
    seq_span span;
    LK_ASSERT(seq_walk_next(&w, &span));
    *atom = span.id;
    return LK_OK;
}

/* Where an atom stands among the entities; false if it is not there. */
static bool cursor_find_seq(const seq *in, op_id atom, uint32_t *pos) {
    seq_walk w = seq_range(in, 0, seq_len(in, SEQ_ENTITY));
    seq_span span;
    for (*pos = 0; seq_walk_next(&w, &span); *pos += span.len[SEQ_ENTITY]) {
        int64_t offset = (int64_t)atom.counter - span.id.counter;
        if (span.id.peer != atom.peer || offset < 0 || offset >= span.len[SEQ_ENTITY]) continue;
        *pos += (uint32_t)offset;
        return true;
    }
    return false;
}

static bool cursor_find(const cursor_room *in, op_id atom, uint32_t *pos) {
    if (in->list == NULL) return cursor_find_seq(in->seq, atom, pos);
    movable_walk w = movable_range(in->list, 0, movable_len(in->list, SEQ_ENTITY));
    op_id place;
    const movable_elem *elem;
    for (*pos = 0; movable_next(&w, &place, &elem); ++*pos)
        if (place.peer == atom.peer && place.counter == atom.counter) return true;
    return false;
}

static uint32_t cursor_visible(const cursor_room *in, uint32_t pos, lk_unit unit) {
    uint32_t all[SEQ_UNITS];
    if (in->list != NULL)
        movable_at(in->list, pos, SEQ_ENTITY, all);
    else
        seq_seek(in->seq, pos, SEQ_ENTITY, SEQ_LEFTMOST, all);
    return all[unit];
}

/* ---- bytes: option(id), container id, u8 side, uleb origin ---- */

static bool cursor_write(const cursor_target *c, const state_tables *tables, lk_buf *out) {
    size_t before = out->len;
    writer w = writer_new(out);
    writer_u8(&w, !c->at_end);
    if (!c->at_end) {
        writer_uleb(&w, c->atom.peer);
        writer_zigzag(&w, c->atom.counter);
    }
    state_cid_write(&w, tables, 0);
    writer_u8(&w, (uint8_t)(c->side - LK_LEFT));
    writer_uleb(&w, c->origin);
    if (w.failed) out->len = before;
    return !w.failed;
}

static lk_status cursor_parse(lk_bytes bytes, arena *scratch, cursor_target *out,
                              lk_fault *fault_or_null) {
    state_names names = {.scratch = scratch};
    reader r = reader_new(bytes);
    *out = (cursor_target){0};
    uint8_t option = reader_u8(&r);
    if (option > 1) reader_fail(&r, LK_ECORRUPT, "option is neither 0 nor 1");
    out->at_end = option != 1;
    if (!out->at_end) {
        out->atom.peer = reader_uleb(&r, UINT64_MAX);
        int64_t counter = reader_zigzag(&r);
        if (counter < 0 || counter > LIMIT_COUNTER)
            reader_fail(&r, LK_ECORRUPT, "counter is out of range");
        out->atom.counter = (int32_t)counter;
    }
    uint32_t cid = state_cid_read(&r, &names);
    uint8_t side = reader_u8(&r);
    if (side > 2) reader_fail(&r, LK_ECORRUPT, "side is none of three");
    out->side = (lk_side)(side + LK_LEFT);
    out->origin = reader_uleb(&r, UINT32_MAX);
    if (reader_ok(&r)) {
        out->id = &names.cids.at[cid];
        if (!out->id->root) out->container_peer = names.peers.at[out->id->peer];
    }
    if (fault_or_null != NULL) *fault_or_null = r.fault;
    return r.fault.code;
}

lk_status lk_cursor_read(lk_bytes cursor, lk_cursor *out, lk_buf *spelling,
                         lk_fault *fault_or_null) {
    arena scratch;
    cursor_target c;
    arena_init(&scratch, spelling->memory == NULL ? &mem_default : spelling->memory);
    lk_status status = cursor_parse(cursor, &scratch, &c, fault_or_null);
    if (status == LK_OK) *out = (lk_cursor){c.at_end, c.atom, c.side, (uint32_t)c.origin};
    if (status == LK_OK && !container_id_print(c.id, c.container_peer, spelling))
        status = LK_ENOMEM;
    arena_drop(&scratch);
    return status;
}

/* ---- making ---- */

static lk_status cursor_make(const lk_doc *doc, uint32_t container, size_t pos, lk_unit unit,
                             lk_side side, lk_buf *out) {
    cursor_room in;
    cursor_enter(doc, container, &in);
    state_tables tables = {doc->log.names.peers.at, doc->log.names.peers.len,
                           &doc->log.names.containers.at[container].id, 1};
    uint32_t len = cursor_room_len(&in, unit), at[SEQ_UNITS];
    cursor_target c = {.at_end = pos >= len, .side = side};
    if (c.at_end) {
        c.side = len > 0 || side == LK_RIGHT ? LK_RIGHT : LK_LEFT;
        c.origin = len;
    } else {
        op_id atom;
        lk_status status = cursor_atom_at(&in, (uint32_t)pos, unit, &atom, at);
        if (status != LK_OK) return status;
        c.atom = doc_wide(doc, atom);
        c.origin = at[LK_CODEPOINT];
    }
    return cursor_write(&c, &tables, out) ? LK_OK : LK_ENOMEM;
}

lk_status lk_cursor_new(lk_doc *doc, lk_ref ref, size_t pos, lk_unit unit, lk_side side,
                        lk_buf *out) {
    LK_ASSERT(ref.index < doc->state.containers.len);
    cursor_room in;
    lk_status status = sealed_wake(doc);
    if (status == LK_OK && !cursor_enter(doc, ref.index, &in)) status = LK_EKIND;
    return status != LK_OK ? status : cursor_make(doc, ref.index, pos, unit, side, out);
}

/* ---- finding what was deleted ---- */

/* The newest operation that deleted an atom. */
static bool cursor_find_delete(const oplog *log, uint32_t container, op_id atom, lv *out) {
    for (size_t r = log->graph.runs.len; r-- > 0;) {
        const dag_run *run = &log->graph.runs.at[r];
        if (run->start < log->graph.floor) break; /* what this deleted was never here */
        const oplog_change *c = &log->changes.at[r];
        for (uint32_t i = c->op_len; i-- > 0;) {
            const op *o = &log->ops.at[c->op_start + i];
            if (o->kind != OP_DELETE || o->container != container) continue;
            int64_t offset = (int64_t)atom.counter - o->as.del.start.counter;
            if (o->as.del.start.peer != atom.peer || offset < 0 || offset >= o->len) continue;
            if (o->as.del.reversed) offset = (int64_t)o->len - 1 - offset;
            *out = run->start + (uint32_t)(o->counter - run->counter) + (uint32_t)offset;
            return true;
        }
    }
    return false;
}

/* Play one operation on the container where it was made. */
static lk_status cursor_play(player *p, const op *o, lv at, const dag_run *run) {
    lv before, last = at + o->len - 1;
    size_t len;
    const lv *parents = player_parents(p->log, run, at, &before, &len);
    lk_status status = LK_OK;
    if (!player_stands_on(p, parents, len)) {
        bool reaches;
        status = player_aim(p, parents, len, &reaches);
        if (status == LK_OK) status = player_move(p);
    }
    uint32_t merged;
    if (status == LK_OK) status = player_play(p, o, at, &merged);
    if (status != LK_OK) return status;
    return player_stand(p, &last, 1) ? LK_OK : LK_ENOMEM;
}

/* Play everything that happened to the container since `base`. */
static lk_status cursor_replay(player *p, uint32_t container, lv base) {
    if (!player_begin(p, base)) return LK_ENOMEM;
    oplog_walk w = oplog_walk_new(p->log, base == LV_NONE ? 0 : base + 1, p->log->graph.end);
    op o;
    lv at;
    const dag_run *run;
    while (oplog_walk_next(&w, &o, &at, &run)) {
        bool ours = o.container == container && player_tracks(p, &o);
        if (!ours && !player_skip(p, o.len)) return LK_ENOMEM;
        lk_status status = ours ? cursor_play(p, &o, at, run) : LK_OK;
        if (status != LK_OK) return status;
    }
    return LK_OK;
}

/* Entities before what the operation `at` deleted. */
static lk_status cursor_rank_deleted(lk_doc *doc, uint32_t container, lv at, uint32_t *pos) {
    dag *g = &doc->log.graph;
    lv before, base;
    size_t len;
    const lv *parents = player_parents(&doc->log, dag_run_of(g, at), at, &before, &len);
    if (!dag_base(g, g->heads.at, g->heads.len, parents, len, &base)) return LK_ENOMEM;
    player p;
    player_init(&p, &doc->log);
    lk_status status = cursor_replay(&p, container, base);
    if (status == LK_OK) {
        tracker *t = player_find(&p, container);
        id_run run = id_index_at(&p.by_lv, at);
        uint32_t offset, atom = run.kind == ID_BACK ? run.target + run.len - 1 : run.target;
        *pos = btree_rank(&t->items, tracker_locate(t, atom, &offset)).by[TRACKER_MERGED];
    }
    player_drop(&p);
    return status;
}

static lk_status cursor_seek_deleted(lk_doc *doc, uint32_t container, op_id atom, uint32_t *pos) {
    lv at;
    if (!cursor_find_delete(&doc->log, container, atom, &at)) return LK_EMISSING;
    return cursor_rank_deleted(doc, container, at, pos);
}

/* ---- resolving ---- */

static lk_status cursor_resolve(lk_doc *doc, uint32_t container, const cursor_target *c,
                                lk_unit unit, lk_cursor_place *out, lk_buf *update) {
    cursor_room in;
    if (!cursor_enter(doc, container, &in)) return LK_EMISSING;
    *out = (lk_cursor_place){.side = c->side};
    if (c->at_end) {
        if (c->side != LK_LEFT) out->pos = cursor_room_len(&in, unit);
        return LK_OK;
    }
    op_id atom = {intern_find_peer(&doc->log.names, c->atom.peer), c->atom.counter};
    uint32_t pos;
    if (atom.peer == TABLE_NONE) return LK_EMISSING;
    bool there = cursor_find(&in, atom, &pos);
    lk_status status = there ? LK_OK : cursor_seek_deleted(doc, container, atom, &pos);
    if (status != LK_OK) return status;
    out->pos = cursor_visible(&in, pos, unit);
    if (there) return LK_OK;
    out->side = LK_LEFT;
    return cursor_make(doc, container, out->pos, unit, LK_LEFT, update);
}

static lk_status cursor_locate(lk_doc *doc, const cursor_target *c, lk_unit unit,
                               lk_cursor_place *out, lk_buf *update) {
    container_id id = *c->id;
    if (!id.root) id.peer = intern_find_peer(&doc->log.names, c->container_peer);
    uint32_t container = intern_find_container(&doc->log.names, &id);
    if (container != TABLE_NONE) return cursor_resolve(doc, container, c, unit, out, update);
    bool empty = id.root && c->at_end &&
                 (id.kind == LK_TEXT || id.kind == LK_LIST || id.kind == LK_MOVABLE_LIST);
    *out = (lk_cursor_place){.side = c->side};
    return empty ? LK_OK : LK_EMISSING;
}

lk_status lk_cursor_resolve(lk_doc *doc, lk_bytes cursor, lk_unit unit, lk_cursor_place *out,
                            lk_buf *update) {
    cursor_target c;
    arena_reset(&doc->scratch);
    lk_status status = cursor_parse(cursor, &doc->scratch, &c, NULL);
    if (status == LK_OK) status = sealed_wake(doc);
    if (status == LK_OK) status = cursor_locate(doc, &c, unit, out, update);
    if (status != LK_EMISSING || doc->sealed.at == NULL) return status;
    status = sealed_open(doc); /* it may have been deleted there */
    return status == LK_OK ? lk_cursor_resolve(doc, cursor, unit, out, update) : status;
}
