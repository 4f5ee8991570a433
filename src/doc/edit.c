/* SPDX-License-Identifier: MIT
 * edit.c - an edit becomes an op, at once in history and state; commit closes the change.
 *
 * Each edit reserves everything it can need before it touches anything: reserve, then do. */
#include "doc/edit.h"

#include "base/limits.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "model/value.h"
#include "oplog/mergeable.h"

__attribute__((noinline)) lk_status edit_abort(lk_doc *doc, edit_ready ready, lk_status status) {
    state_rewind(&doc->state, ready.names.containers);
    intern_rewind(&doc->log.names, ready.names);
    arena_rewind(&doc->log.log, ready.log);
    arena_rewind(&doc->log.texts, ready.texts);
    return status;
}

void edit_note_unsent(lk_doc *doc) {
    for (size_t i = 0; i < doc->unsent.len; i++)
        if (doc->unsent.at[i].peer == doc->self) return;
    doc->unsent.at[doc->unsent.len++] = edit_next_id(doc);
}

/* Room to remember a version that has us in it. */
static bool edit_reserve_shown(lk_doc *doc) {
    if (!vec_reserve(&doc->memory, &doc->shown_heads, 1)) return false;
    size_t had = doc->shown_ends.len;
    if (doc->self < had) return true;
    if (!vec_reserve(&doc->memory, &doc->shown_ends, doc->self + 1 - had)) return false;
    for (peer_ix p = (peer_ix)had; p <= doc->self; p++) doc->shown_ends.at[p] = 0;
    doc->shown_ends.len = doc->self + 1;
    return true;
}

/* The version shown, if it is one of the past, goes on to the newest operation. */
static void edit_show_newest(lk_doc *doc) {
    if (!doc->detached) return;
    doc->shown_heads.at[0] = doc->log.graph.end - 1;
    doc->shown_heads.len = 1;
    doc->shown_ends.at[doc->self] = dag_peer_end(&doc->log.graph, doc->self);
}

/* For WebAssembly, whose size counts, it is as if none did. */
#ifdef __wasm__
#define EDIT_GOES_ON false
#else
#define EDIT_GOES_ON true
#endif

bool edit_goes_on(const lk_doc *doc, lk_ref ref, uint32_t atoms) {
    const oplog *log = &doc->log;
    return EDIT_GOES_ON && oplog_has_onward(log, doc->self, ref.index, doc->open) &&
           !doc->events.watching && !doc->detached && !doc->spent &&
           doc->unsent.len < doc->unsent.cap &&
           atoms <= (uint32_t)(LIMIT_COUNTER - edit_next_id(doc).counter) &&
           atoms <= LIMIT_HISTORY - log->graph.end;
}

/* Know our own number, have room for the ops, and remember what is not sent. */
lk_status edit_begin_plain(lk_doc *doc, lk_ref ref, size_t ops, uint32_t atoms) {
    if (ops == 1 && edit_goes_on(doc, ref, atoms)) return LK_OK;
    if (doc->spent) return LK_ESPENT;
    if (doc->detached && !doc->edits_past) return LK_EDETACHED;
    if (!doc_shows(doc, ref.index)) return LK_ESTATE; /* deleted: as Loro, refuse to write there */
    if (doc->self == TABLE_NONE) {
        doc->self = intern_peer(&doc->log.names, doc->peer);
        if (doc->self == TABLE_NONE) return LK_ENOMEM;
    }
    int32_t counter = edit_next_id(doc).counter;
    if (atoms > (uint32_t)(LIMIT_COUNTER - counter)) return LK_ELIMIT;
    if (atoms > LIMIT_HISTORY - doc->log.graph.end) return LK_ELIMIT;
    oplog_part(&doc->log);
    if (!vec_reserve(&doc->memory, &doc->log.ops, ops)) return LK_ENOMEM;
    if (!vec_reserve(&doc->memory, &doc->unsent, 1)) return LK_ENOMEM;
    if (doc->events.watching && !events_begin(doc)) return LK_ENOMEM;
    /* the heads are handed on as parents, and must not move while they grow by one */
    if (!vec_reserve(&doc->memory, &doc->log.graph.heads, 1)) return LK_ENOMEM;
    return !doc->detached || edit_reserve_shown(doc) ? LK_OK : LK_ENOMEM;
}

lk_status edit_begin(lk_doc *doc, lk_ref ref, size_t ops, uint32_t atoms) {
    arena_reset(&doc->scratch);
    return edit_begin_plain(doc, ref, ops, atoms);
}

/* Begin a change, unless one is being written, and note that it is not sent. */
static bool edit_open_change(lk_doc *doc) {
    if (!doc->open) {
        doc_heads on = doc_shown(doc);
        if (!oplog_begin(&doc->log, doc->self, on.at, on.len)) return false;
    }
    edit_note_unsent(doc);
    doc->open = true;
    return true;
}

/* Write an op down, in the change being written. */
static void edit_write(lk_doc *doc, const op *o) {
    bool pushed = oplog_push(&doc->log, o);
    LK_ASSERT(pushed);
}

bool edit_is_plain(const lk_doc *doc, const seq *target) {
    return !doc->events.watching && !doc->detached && target->kind == SEQ_TEXT;
}

bool edit_write_plain(lk_doc *doc, const op *o) {
    if (!edit_open_change(doc)) return false;
    edit_write(doc, o);
    return true;
}

/* The same of an op that a step stands for. */
static void edit_note(lk_doc *doc, op *o, step *st) {
    const dag_run *run = &doc->log.graph.runs.at[doc->log.graph.runs.len - 1];
    st->id = edit_next_id(doc);
    o->counter = st->id.counter;
    st->peer_wide = doc->peer;
    st->lamport = run->lamport + (uint32_t)(st->id.counter - run->counter);
    edit_write(doc, o);
}

/* A move is two steps: a place goes, another one comes. */
static size_t edit_steps(const op *o) { return o->kind == OP_MOVE ? 2 : 1; }

/* Say when the steps will be, for those who ask before they are: after all there is. */
static void edit_date(const lk_doc *doc, const op *ops, step *steps, size_t len) {
    const dag *g = &doc->log.graph;
    uint32_t lamport = 0;
    for (size_t i = 0; i < g->heads.len; i++) {
        uint32_t after = dag_lamport(g, g->heads.at[i]) + 1;
        if (after > lamport) lamport = after;
    }
    for (size_t i = 0; i < len; i++) {
        steps += edit_steps(&ops[i]);
        steps[-1].lamport = lamport;
        lamport += ops[i].len;
    }
}

lk_status edit_finish(lk_doc *doc, edit_ready ready, op *ops, step *steps, size_t len) {
    size_t step_len = 0;
    for (size_t i = 0; i < len; i++) step_len += edit_steps(&ops[i]);
    edit_date(doc, ops, steps, len);
    if (!doc_add_states(doc)) return edit_abort(doc, ready, LK_ENOMEM);
    lk_status status = doc_prepare(doc, steps, step_len);
    if (status != LK_OK) return edit_abort(doc, ready, status);
    if (!edit_open_change(doc)) return edit_abort(doc, ready, LK_ENOMEM);
    step *next = steps;
    for (size_t i = 0; i < len; i++) {
        next += edit_steps(&ops[i]);
        edit_note(doc, &ops[i], &next[-1]);
    }
    edit_show_newest(doc);
    doc_advance(doc, steps, step_len);
    return LK_OK;
}

seq *edit_seq(lk_doc *doc, lk_ref ref, lk_kind kind) {
    LK_ASSERT(ref.index < doc->state.containers.len);
    state_slot *slot = doc->state.containers.at[ref.index];
    return slot->kind == kind ? &slot->as.seq : NULL;
}

/* ---- deleting ---- */

/* As Loro does, the pieces of a text go from the last to the first, and those of a list from the
 * first to the last, each at `pos`. Either way their positions are true when their turn comes. */
static void edit_fill_deletes(lk_ref ref, const seq *target, uint32_t pos, uint32_t len, op *ops,
                              size_t pieces) {
    bool last_first = target->kind == SEQ_TEXT;
    seq_run run;
    seq_walk w = seq_range(target, pos, len);
    for (size_t i = 0; seq_walk_run(&w, &run); i++)
        ops[last_first ? pieces - 1 - i : i] =
            (op){.kind = OP_DELETE,
                 .container = ref.index,
                 .len = run.len,
                 .as.del = {.pos = last_first ? run.pos : pos, .start = run.start}};
}

static lk_status edit_finish_deletes(lk_doc *doc, op *ops, size_t pieces) {
    step *steps = arena_new(&doc->scratch, step, pieces);
    if (steps == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < pieces; i++)
        steps[i] = (step){.kind = STEP_DELETE,
                          .container = ops[i].container,
                          .pos = ops[i].as.del.pos,
                          .len = ops[i].len};
    return edit_finish(doc, edit_save(doc), ops, steps, pieces);
}

/* The pieces are all there is in the range, and go at once. */
static lk_status edit_write_deletes(lk_doc *doc, seq *target, uint32_t pos, uint32_t len, op *ops,
                                    size_t pieces) {
    if (!seq_reserve(target, 1, 0) || !edit_open_change(doc)) return LK_ENOMEM;
    for (size_t i = 0; i < pieces; i++) {
        ops[i].counter = edit_next_id(doc).counter;
        edit_write(doc, &ops[i]);
    }
    seq_delete(target, pos, len, NULL);
    return LK_OK;
}

static lk_status edit_delete_pieces(lk_doc *doc, lk_ref ref, seq *target, uint32_t pos,
                                    uint32_t len) {
    size_t pieces = 0;
    uint32_t atoms = 0;
    seq_run run;
    for (seq_walk w = seq_range(target, pos, len); seq_walk_run(&w, &run); pieces++)
        atoms += run.len;
    if (pieces == 0) return LK_OK;
    lk_status status = edit_begin(doc, ref, pieces, atoms);
    if (status != LK_OK) return status;
    op *ops = arena_new(&doc->scratch, op, pieces);
    if (ops == NULL) return LK_ENOMEM;
    edit_fill_deletes(ref, target, pos, len, ops, pieces);
    return edit_is_plain(doc, target) && atoms == len
               ? edit_write_deletes(doc, target, pos, len, ops, pieces)
               : edit_finish_deletes(doc, ops, pieces);
}

lk_status edit_delete(lk_doc *doc, lk_ref ref, seq *target, uint32_t pos, uint32_t len) {
    seq_part part;
    if (!edit_is_plain(doc, target) || !seq_find_part(target, pos, len, &part))
        return edit_delete_pieces(doc, ref, target, pos, len);
    lk_status status = edit_begin_plain(doc, ref, 1, len);
    if (status != LK_OK) return status;
    op *o = oplog_slot(&doc->log);
    *o = (op){.kind = OP_DELETE,
              .container = ref.index,
              .counter = edit_next_id(doc).counter,
              .len = len,
              .as.del = {.pos = pos, .start = part.start}};
    if (!edit_write_plain(doc, o)) return LK_ENOMEM;
    seq_shorten(target, &part);
    return LK_OK;
}

/* ---- values ---- */

bool edit_entry_valid(const lk_entry *entry, unsigned depth) {
    return utf8_valid((const uint8_t *)entry->key.at, entry->key.len) &&
           edit_value_valid(&entry->value, depth);
}

bool edit_value_valid(const lk_value *value, unsigned depth) {
    if (depth > LIMIT_DEPTH) return false;
    switch (value->type) {
    case LK_NULL:
    case LK_BOOL:
    case LK_I64:
    case LK_F64:
    case LK_BINARY: return true;
    case LK_STRING: return utf8_valid(value->as.bytes, value->len);
    case LK_VALUES:
        for (uint32_t i = 0; i < value->len; i++)
            if (!edit_value_valid(&value->as.values[i], depth + 1)) return false;
        return true;
    case LK_ENTRIES:
        for (uint32_t i = 0; i < value->len; i++)
            if (!edit_entry_valid(&value->as.entries[i], depth + 1)) return false;
        return true;
    case LK_CONTAINER: return false;
    }
    return false;
}

lk_value edit_child(lk_kind kind) {
    return (lk_value){.type = LK_CONTAINER, .as.container = {(uint32_t)kind}};
}

/* ---- list ---- */

lk_status edit_insert(lk_doc *doc, lk_ref list, uint32_t pos, const lk_value *values, size_t len,
                      const lk_value **copied) {
    if (len > LIMIT_POSITION) return LK_ELIMIT;
    if (len == 0) return LK_OK;
    lk_status status = edit_begin(doc, list, 1, (uint32_t)len);
    if (status != LK_OK) return status;
    edit_ready ready = edit_save(doc);
    op_id id = edit_next_id(doc);
    const lk_value *copy = oplog_values(&doc->log, values, len, list.index, id);
    if (copy == NULL) return edit_abort(doc, ready, LK_ENOMEM);
    op o = {.kind = OP_LIST_INSERT,
            .container = list.index,
            .len = (uint32_t)len,
            .as.list = {.pos = pos, .values = copy}};
    step st = {.kind = STEP_INSERT,
               .container = list.index,
               .pos = pos,
               .len = (uint32_t)len,
               .data = copy};
    *copied = copy;
    return edit_finish(doc, ready, &o, &st, 1);
}

static lk_status edit_list_insert(lk_doc *doc, lk_ref list, size_t pos, const lk_value *values,
                                  size_t len, const lk_value **copied) {
    const seq *target = edit_seq(doc, list, LK_LIST);
    if (target == NULL) return LK_EKIND;
    if (pos > seq_len(target, SEQ_ENTITY)) return LK_ERANGE;
    return edit_insert(doc, list, (uint32_t)pos, values, len, copied);
}

lk_status lk_list_insert(lk_doc *doc, lk_ref list, size_t pos, const lk_value *values, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!edit_value_valid(&values[i], 0)) return LK_EVALUE;
    const lk_value *copied;
    return edit_list_insert(doc, list, pos, values, len, &copied);
}

lk_status lk_list_insert_container(lk_doc *doc, lk_ref list, size_t pos, lk_kind kind,
                                   lk_ref *out) {
    lk_value child = edit_child(kind);
    const lk_value *copied;
    lk_status status = edit_list_insert(doc, list, pos, &child, 1, &copied);
    if (status == LK_OK) *out = copied->as.container;
    return status;
}

lk_status lk_list_delete(lk_doc *doc, lk_ref list, size_t pos, size_t len) {
    seq *target = edit_seq(doc, list, LK_LIST);
    if (target == NULL) return LK_EKIND;
    uint32_t have = seq_len(target, SEQ_ENTITY);
    if (pos > have || len > have - pos) return LK_ERANGE;
    return len == 0 ? LK_OK : edit_delete(doc, list, target, (uint32_t)pos, (uint32_t)len);
}

/* ---- map ---- */

lk_status edit_map_put(lk_doc *doc, lk_ref ref, lk_str key, const lk_value *value,
                       const lk_value **copied) {
    if (state_find_map(&doc->state, ref.index) == NULL) return LK_EKIND;
    if (!utf8_valid((const uint8_t *)key.at, key.len)) return LK_EVALUE;
    lk_status status = edit_begin(doc, ref, 1, 1);
    if (status != LK_OK) return status;
    edit_ready ready = edit_save(doc);
    op_id id = edit_next_id(doc);
    uint32_t key_index = intern_key(&doc->log.names, key);
    if (key_index == TABLE_NONE) return edit_abort(doc, ready, LK_ENOMEM);
    const lk_value *copy =
        value == NULL ? NULL : oplog_map_value(&doc->log, key_index, value, ref.index, id);
    if (value != NULL && copy == NULL) return edit_abort(doc, ready, LK_ENOMEM);
    op o = {.kind = value == NULL ? OP_MAP_DELETE : OP_MAP_SET,
            .container = ref.index,
            .len = 1,
            .as.map = {.key = key_index, .value = copy}};
    step st = {.kind = STEP_MAP, .container = ref.index, .key = key_index, .data = copy};
    *copied = copy;
    return edit_finish(doc, ready, &o, &st, 1);
}

/* As Loro does: writing what is there is no edit. */
static lk_status edit_map_write(lk_doc *doc, lk_ref ref, lk_str key, const lk_value *value,
                                const lk_value **copied) {
    const map *target = state_find_map(&doc->state, ref.index);
    uint32_t known = intern_find_key(&doc->log.names, key);
    const map_entry *now = NULL;
    if (target != NULL && known != TABLE_NONE) now = map_find(target, known);
    bool same = now != NULL && now->value != NULL && value != NULL && value->type != LK_CONTAINER &&
                value_equal(now->value, value);
    return same ? LK_OK : edit_map_put(doc, ref, key, value, copied);
}

lk_status lk_map_set(lk_doc *doc, lk_ref map_ref, lk_str key, const lk_value *value) {
    LK_ASSERT(map_ref.index < doc->state.containers.len);
    if (!edit_value_valid(value, 0)) return LK_EVALUE;
    const lk_value *copied;
    return edit_map_write(doc, map_ref, key, value, &copied);
}

lk_status lk_map_set_container(lk_doc *doc, lk_ref map_ref, lk_str key, lk_kind kind, lk_ref *out) {
    LK_ASSERT(map_ref.index < doc->state.containers.len);
    lk_value child = edit_child(kind);
    const lk_value *copied = NULL;
    lk_status status = edit_map_write(doc, map_ref, key, &child, &copied);
    if (status == LK_OK) *out = copied->as.container;
    return status;
}

/* The mergeable child of that kind shows there already / may come to. */
static bool edit_ensured(const lk_doc *doc, const lk_value *now, lk_kind kind) {
    return now->type == LK_CONTAINER && lk_ref_kind(doc, now->as.container) == kind;
}
static bool edit_may_ensure(const lk_doc *doc, const lk_value *now) {
    if (now->type != LK_CONTAINER) return now->type == LK_NULL;
    return mergeable_named(&doc->log.names.containers.at[now->as.container.index].id);
}

lk_status lk_map_ensure(lk_doc *doc, lk_ref map_ref, lk_str key, lk_kind kind, lk_ref *out) {
    LK_ASSERT(map_ref.index < doc->state.containers.len);
    lk_value now = {.type = LK_NULL};
    if (state_find_map(&doc->state, map_ref.index) == NULL) return LK_EKIND;
    if (!doc_shows(doc, map_ref.index)) return LK_ESTATE;
    lk_map_get(doc, map_ref, key, &now);
    if (!edit_may_ensure(doc, &now)) return LK_EVALUE;
    *out = now.as.container;
    if (edit_ensured(doc, &now, kind)) return LK_OK;
    uint8_t marker[MERGEABLE_MARKER_LEN];
    mergeable_mark(&doc->log.names, map_ref.index, key, (container_kind)kind, marker);
    lk_value value = {.type = LK_BINARY, .len = sizeof marker, .as.bytes = marker};
    const lk_value *copied = NULL;
    lk_status status = edit_map_write(doc, map_ref, key, &value, &copied);
    if (status == LK_OK) *out = copied->as.container;
    return status;
}

typedef struct edit_key { /* to be sorted */
    lk_str text;
    uint32_t key;
} edit_key;

static int edit_key_order(const void *a, const void *b) {
    return sort_str(((const edit_key *)a)->text, ((const edit_key *)b)->text);
}

lk_status lk_map_clear(lk_doc *doc, lk_ref map_ref) {
    LK_ASSERT(map_ref.index < doc->state.containers.len);
    const map *target = state_find_map(&doc->state, map_ref.index);
    if (target == NULL) return LK_EKIND;
    size_t len = target->entries.len, cursor = 0;
    if (len == 0) return LK_OK;
    lk_status status = edit_begin(doc, map_ref, len, (uint32_t)len);
    if (status != LK_OK) return status;
    edit_key *keys = arena_new(&doc->scratch, edit_key, len);
    op *ops = arena_new(&doc->scratch, op, len);
    step *steps = arena_new(&doc->scratch, step, len);
    if (keys == NULL || ops == NULL || steps == NULL) return LK_ENOMEM;
    const map_entry *entry;
    size_t count = 0;
    for (; (entry = map_next_any(target, &cursor)) != NULL; count++)
        keys[count] = (edit_key){doc->log.names.keys.at[entry->key], entry->key};
    sort_items(keys, count, sizeof *keys, edit_key_order);
    for (size_t i = 0; i < count; i++) {
        ops[i] = (op){.kind = OP_MAP_DELETE,
                      .container = map_ref.index,
                      .len = 1,
                      .as.map = {.key = keys[i].key}};
        steps[i] = (step){.kind = STEP_MAP, .container = map_ref.index, .key = keys[i].key};
    }
    return edit_finish(doc, edit_save(doc), ops, steps, count);
}

lk_status lk_map_delete(lk_doc *doc, lk_ref map_ref, lk_str key) {
    LK_ASSERT(map_ref.index < doc->state.containers.len);
    const lk_value *copied;
    return edit_map_write(doc, map_ref, key, NULL, &copied);
}

/* ---- commit ---- */

/* The latest time of what the newest change builds on. */
static int64_t edit_latest(const lk_doc *doc) {
    const dag *g = &doc->log.graph;
    const dag_run *newest = &g->runs.at[g->runs.len - 1];
    int64_t latest = 0;
    for (uint32_t i = 0; i < newest->parent_len; i++) {
        lv parent = g->parents.at[newest->parent_start + i];
        int64_t time = parent < g->begin
                           ? doc->sealed.timestamp_s
                           : doc->log.changes.at[dag_run_of(g, parent) - g->runs.at].timestamp_s;
        if (time > latest) latest = time;
    }
    return latest;
}

/* The change being written has this time, or the latest of what it builds on. */
static void edit_date_change(lk_doc *doc, int64_t timestamp_s) {
    int64_t latest = edit_latest(doc);
    doc->log.changes.at[doc->log.changes.len - 1].timestamp_s =
        timestamp_s > latest ? timestamp_s : latest;
}

lk_status lk_describe(lk_doc *doc, const lk_commit_options *options) {
    if (doc->spent) return LK_ESPENT;
    if (!doc->open) return LK_ESTATE;
    lk_str message = options->message;
    if (message.len > 0) {
        if (!utf8_valid((const uint8_t *)message.at, message.len)) return LK_EVALUE;
        char *copy = arena_bytes(&doc->log.log, message.len);
        if (copy == NULL) return LK_ENOMEM;
        __builtin_memcpy(copy, message.at, message.len);
        message.at = copy;
    }
    oplog_part(&doc->log);
    doc->log.changes.at[doc->log.changes.len - 1].message = message.len > 0 ? message : (lk_str){0};
    edit_date_change(doc, options->timestamp_s);
    return LK_OK;
}

/* Close the change being written. */
static __attribute__((noinline)) lk_status edit_close(lk_doc *doc,
                                                      const lk_commit_options *options_or_null) {
    uint64_t own;
    oplog_part(&doc->log);
    if (!oplog_reserve_close(&doc->log, &own)) return LK_ENOMEM;
    lk_status status = LK_OK;
    if (options_or_null != NULL)
        status = lk_describe(doc, options_or_null);
    else
        edit_date_change(doc, doc->log.changes.at[doc->log.changes.len - 1].timestamp_s);
    if (status == LK_OK) oplog_close_own(&doc->log, own, doc->merge_interval_s);
    return status;
}

static bool edit_says_nothing(const lk_commit_options *options_or_null) {
    return options_or_null == NULL ||
           (options_or_null->message.len == 0 && options_or_null->timestamp_s <= 0);
}

lk_status lk_commit(lk_doc *doc, const lk_commit_options *options_or_null) {
    if (doc->spent) return LK_ESPENT;
    if (!doc->open) return LK_OK;
    if (!edit_says_nothing(options_or_null) || !oplog_close_on(&doc->log, doc->merge_interval_s)) {
        lk_status status = edit_close(doc, options_or_null);
        if (status != LK_OK) return status;
    }
    doc->open = false;
    merge_settle(&doc->merge);
    lk_str origin = options_or_null == NULL ? (lk_str){0} : options_or_null->origin;
    if (doc->events.watching) events_finish(doc, LK_BY_LOCAL, origin);
    return LK_OK;
}

void lk_set_merge_interval(lk_doc *doc, int64_t seconds) { doc->merge_interval_s = seconds; }
