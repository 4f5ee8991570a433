/* SPDX-License-Identifier: MIT
 * snapshot.c - everything in one blob: the whole history, and the state of every container at its
 * end. */
#include "codec/snapshot_blob.h"

#include "codec/state_blob.h"
#include "doc/export.h"
#include "doc/sealed_write.h"
#include "oplog/mergeable.h"

typedef struct snapshot_style { /* one that has begun and not ended */
    op_id start;
    size_t mark, text; /* what there was of both before it */
} snapshot_style;

typedef struct snapshot_maker {
    lk_doc *doc;
    state_tables tables;
    lk_buf keys, values;
    VEC(sstable_pair) pairs; /* offsets into keys and values until snapshot_point() */
    lk_buf text;             /* of the container at hand */
    VEC(state_span) spans;
    VEC(state_mark) marks;
    VEC(snapshot_style) open;
    VEC(state_item) items;
    VEC(state_entry) entries;
    bool shown; /* only what shows: the history that made the rest is left out */
} snapshot_maker;

/* A span's ids are consecutive, but its Lamport times may jump where a run ends: the part up to
 * there. */
static uint32_t snapshot_part(const lk_doc *doc, op_id id, uint32_t left, uint32_t *lamport) {
    lv at = dag_lv(&doc->log.graph, id);
    uint32_t len;
    bool sealed = doc->sealed.at != NULL && at < doc->log.graph.begin;
    *lamport = sealed ? sealed_write_lamport(doc, at, &len) : oplog_lamport(&doc->log, at, &len);
    return len < left ? len : left;
}

static bool snapshot_add_text(snapshot_maker *m, const seq_span *span) {
    if (!buf_append(&m->text, span->data, span->len[LK_UTF8])) return false;
    op_id id = span->id;
    for (uint32_t left = span->len[SEQ_ENTITY]; left > 0;) {
        state_span *fresh = vec_push(&m->doc->memory, &m->spans);
        if (fresh == NULL) return false;
        uint32_t len = snapshot_part(m->doc, id, left, &fresh->lamport);
        fresh->id = id;
        fresh->len = (int32_t)len;
        id.counter += (int32_t)len;
        left -= len;
    }
    return true;
}

/* A style ends. Where the history that made it is left out, so is the value of one without text, if
 * there is a side on which it takes in nothing. */
static void snapshot_end_style(snapshot_maker *m, op_id end) {
    size_t i = m->open.len;
    while (i-- > 0) {
        const snapshot_style *style = &m->open.at[i];
        if (style->start.peer != end.peer || style->start.counter + 1 != end.counter) continue;
        state_mark *mark = &m->marks.at[style->mark];
        if (m->shown && style->text == m->text.len &&
            (mark->info & LK_EXPAND_BOTH) != LK_EXPAND_BOTH)
            mark->value = (lk_value){.type = LK_NULL};
        m->open.at[i] = m->open.at[--m->open.len];
        return;
    }
}

static bool snapshot_add_anchor(snapshot_maker *m, op_id id, const text_mark *mark, bool starts) {
    state_span *span = vec_push(&m->doc->memory, &m->spans);
    if (span == NULL) return false;
    *span = (state_span){.id = id, .len = starts ? 0 : -1, .lamport = mark->lamport + !starts};
    if (!starts) {
        snapshot_end_style(m, id);
        return true;
    }
    snapshot_style *style = vec_push(&m->doc->memory, &m->open);
    state_mark *fresh = vec_push(&m->doc->memory, &m->marks);
    if (fresh == NULL || style == NULL) return false;
    *style = (snapshot_style){id, m->marks.len - 1, m->text.len};
    *fresh = (state_mark){m->doc->log.names.keys.at[mark->key], *mark->value, mark->info};
    return true;
}

static bool snapshot_add_items(snapshot_maker *m, const seq_span *span) {
    const lk_value *values = span->data;
    for (uint32_t i = 0; i < span->len[SEQ_ENTITY]; i++) {
        state_item *fresh = vec_push(&m->doc->memory, &m->items);
        if (fresh == NULL) return false;
        fresh->id = (op_id){span->id.peer, span->id.counter + (int32_t)i};
        fresh->value = values[i];
        snapshot_part(m->doc, fresh->id, 1, &fresh->lamport);
    }
    return true;
}

static bool snapshot_seq(snapshot_maker *m, const seq *from, state_container *out) {
    m->text.len = m->spans.len = m->items.len = m->marks.len = m->open.len = 0;
    seq_walk w = seq_range(from, 0, seq_len(from, SEQ_ENTITY));
    seq_span span;
    bool starts;
    while (seq_walk_next(&w, &span)) {
        const text_mark *mark = seq_mark(&span, &starts);
        bool added = mark != NULL             ? snapshot_add_anchor(m, span.id, mark, starts)
                     : from->kind == SEQ_TEXT ? snapshot_add_text(m, &span)
                                              : snapshot_add_items(m, &span);
        if (!added) return false;
    }
    if (from->kind == SEQ_TEXT)
        out->as.text = (state_text){.text = {(const char *)m->text.at, m->text.len},
                                    .spans = m->spans.at,
                                    .span_len = m->spans.len,
                                    .marks = m->marks.at,
                                    .mark_len = m->marks.len};
    else
        out->as.list = (state_list){m->items.at, m->items.len};
    return true;
}

static bool snapshot_map(snapshot_maker *m, uint32_t id, state_container *out) {
    const map *from = state_find_map(&m->doc->state, id);
    m->entries.len = 0;
    size_t cursor = 0;
    const map_entry *entry;
    while ((entry = map_next_any(from, &cursor)) != NULL) {
        state_entry *fresh = vec_push(&m->doc->memory, &m->entries);
        if (fresh == NULL) return false;
        *fresh = (state_entry){.key = m->doc->log.names.keys.at[entry->key],
                               .deleted = entry->value == NULL,
                               .peer = entry->peer,
                               .lamport = entry->lamport};
        if (fresh->deleted) continue;
        const lk_value *value =
            export_marker(m->doc, id, entry->key, entry->value, &m->doc->scratch);
        if (value == NULL) return false;
        fresh->value = *value;
    }
    out->as.map = (state_map){m->entries.at, m->entries.len};
    return true;
}

/* Depth of a container: 1 for a root; 0 if the chain of parents does not reach one. */
static uint32_t snapshot_depth(const lk_doc *doc, uint32_t id) {
    const intern *names = &doc->log.names;
    uint32_t depth = 1;
    while (names->containers.at[id].parent != CONTAINER_NONE) {
        id = names->containers.at[id].parent;
        depth++;
    }
    return names->containers.at[id].id.root ? depth : 0;
}

static uint32_t snapshot_lamport(const lk_doc *doc, op_id id) {
    uint32_t lamport;
    snapshot_part(doc, id, 1, &lamport);
    return lamport;
}

static bool snapshot_movable(snapshot_maker *m, const movable *from, state_container *out) {
    arena *scratch = &m->doc->scratch;
    size_t len = movable_len(from, SEQ_ENTITY);
    state_place *places = arena_new(scratch, state_place, len);
    if (places == NULL) return false;
    movable_walk w = movable_range(from, 0, UINT32_MAX);
    const movable_elem *elem;
    state_place place;
    size_t count = 0;
    while (movable_next(&w, &place.id, &elem)) {
        place.lamport = snapshot_lamport(m->doc, place.id);
        place.shows = elem != NULL;
        if (elem != NULL) {
            place.value = *elem->value;
            place.elem = (state_stamp){elem->id.peer, elem->id.lamport};
            place.written = (state_stamp){elem->writer.peer, elem->writer.lamport};
        }
        places[count++] = place;
    }
    out->as.movable = (state_movable){places, count};
    return true;
}

/* As Loro has it, whatever position a node had before it was deleted. */
static const uint8_t snapshot_bin_position[] = {0x80};

/* Nodes below `top`, appended; `rows` says where each node is. */
static bool snapshot_nodes(snapshot_maker *m, const tree *from, uint32_t top, uint32_t *rows,
                           state_node *nodes, size_t *len) {
    uint32_t *order = arena_new(&m->doc->scratch, uint32_t, from->nodes.len);
    if (order == NULL) return false;
    size_t count = tree_families(from, top, order);
    for (size_t i = 0; i < count; i++) {
        const tree_node *node = &from->nodes.at[order[i]];
        const tree_move *move = &from->moves.at[node->move];
        rows[order[i]] = (uint32_t)*len;
        state_node *row = &nodes[(*len)++];
        *row = (state_node){.id = node->id,
                            .move = move->id,
                            .lamport = node->key.lamport,
                            .position = node->key.position};
        row->parent = node->parent == TREE_ROOT      ? STATE_NODE_ROOT
                      : node->parent == TREE_DELETED ? STATE_NODE_DELETED
                                                     : STATE_NODE_FIRST + rows[node->parent];
        if (node->parent == TREE_DELETED) row->position = (lk_bytes){snapshot_bin_position, 1};
    }
    return true;
}

static bool snapshot_tree(snapshot_maker *m, const tree *from, state_container *out) {
    arena *scratch = &m->doc->scratch;
    uint32_t *rows = arena_new(scratch, uint32_t, from->nodes.len);
    state_node *nodes = arena_new(scratch, state_node, from->nodes.len);
    size_t len = 0;
    if (rows == NULL || nodes == NULL) return false;
    if (!snapshot_nodes(m, from, TREE_ROOT, rows, nodes, &len)) return false;
    if (!snapshot_nodes(m, from, TREE_DELETED, rows, nodes, &len)) return false;
    out->as.tree = (state_tree){nodes, len};
    return true;
}

static bool snapshot_fill(snapshot_maker *m, uint32_t id, state_container *out) {
    const state *s = &m->doc->state;
    switch (s->containers.at[id]->kind) {
    case LK_MAP: return snapshot_map(m, id, out);
    case LK_MOVABLE_LIST: return snapshot_movable(m, state_find_movable(s, id), out);
    case LK_TREE: return snapshot_tree(m, state_find_tree(s, id), out);
    case LK_COUNTER: out->as.counter = *state_find_counter(s, id); return true;
    default: return snapshot_seq(m, state_find_seq(s, id), out);
    }
}

/* Does it show, or would it if mergeable children that are hidden came back? */
static bool snapshot_may_show(const lk_doc *doc, uint32_t id) {
    const container_name *name = &doc->log.names.containers.at[id];
    while (doc->state.containers.at[id]->present || mergeable_named(&name->id)) {
        if (name->parent == CONTAINER_NONE) return name->id.root;
        id = name->parent;
        name = &doc->log.names.containers.at[id];
    }
    return false;
}

static lk_status snapshot_container(snapshot_maker *m, uint32_t id) {
    const container_name *name = &m->doc->log.names.containers.at[id];
    state_container out = {.cid = id,
                           .has_parent = name->parent != CONTAINER_NONE,
                           .parent = name->parent,
                           .depth = snapshot_depth(m->doc, id)};
    if (out.depth == 0 || doc_root_deleted(m->doc, id) ||
        (m->shown && !snapshot_may_show(m->doc, id)))
        return LK_OK;
    bool filled = snapshot_fill(m, id, &out);
    sstable_pair *pair = vec_push(&m->doc->memory, &m->pairs);
    if (!filled || pair == NULL) return LK_ENOMEM;
    size_t key_start = m->keys.len, value_start = m->values.len;
    writer w = writer_new(&m->keys);
    state_blob_write_key(&m->tables, id, &w);
    if (w.failed) return LK_ENOMEM;
    lk_status status = state_blob_write(&m->tables, &out, &m->doc->scratch, &m->values);
    *pair = (sstable_pair){.key = {NULL, m->keys.len - key_start},
                           .value = {NULL, m->values.len - value_start}};
    return status;
}

/* The buffers no longer move: let the pairs point into them. */
static void snapshot_point(snapshot_maker *m) {
    const uint8_t *key = m->keys.at, *value = m->values.at;
    for (size_t i = 0; i < m->pairs.len; i++) {
        m->pairs.at[i].key.at = key;
        m->pairs.at[i].value.at = value;
        key += m->pairs.at[i].key.len;
        value += m->pairs.at[i].value.len;
    }
}

static lk_status snapshot_states(snapshot_maker *m) {
    const intern *names = &m->doc->log.names;
    container_id *cids = arena_new(&m->doc->scratch, container_id, names->containers.len);
    if (cids == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < names->containers.len; i++) cids[i] = names->containers.at[i].id;
    m->tables = (state_tables){names->peers.at, names->peers.len, cids, names->containers.len};
    for (uint32_t id = 0; id < names->containers.len; id++) {
        lk_status status = snapshot_container(m, id);
        if (status != LK_OK) return status;
    }
    snapshot_point(m);
    return LK_OK;
}

static lk_status snapshot_assemble(snapshot_maker *m, const exporter *x, const export_part *part,
                                   lk_buf *out) {
    lk_doc *doc = m->doc;
    snapshot_block *blocks = arena_new(&doc->scratch, snapshot_block, x->blocks.len);
    if (blocks == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < x->blocks.len; i++) {
        const exported_block *entry = &x->blocks.at[i];
        blocks[i] = (snapshot_block){.peer = entry->peer,
                                     .counter = entry->counter,
                                     .bytes = {x->bytes.at + entry->start, entry->len}};
    }
    snapshot_parts parts = {.vv = part->vv,
                            .frontiers = part->frontiers,
                            .blocks = blocks,
                            .block_len = x->blocks.len,
                            .kept = part->kept,
                            .states = m->pairs.at,
                            .state_len = m->pairs.len,
                            .late = part->late,
                            .start_vv = part->start_vv,
                            .start_frontiers = part->start_frontiers,
                            .root = part->root};
    return snapshot_write(&parts, &doc->scratch, out);
}

lk_status export_snapshot_part(lk_doc *doc, const export_part *part, lk_buf *out) {
    const dag *g = &doc->log.graph;
    const lk_memory *heap = &doc->memory;
    exporter x = {.doc = doc, .packed = true, .bytes = {.memory = heap}};
    snapshot_maker m = {.doc = doc,
                        .keys = {.memory = heap},
                        .values = {.memory = heap},
                        .text = {.memory = heap},
                        .shown = part->late};
    lk_status status = LK_OK;
    for (peer_ix p = 0; p < g->peers.len && status == LK_OK; p++)
        status = export_span(&x, p, part->starts[p], part->ends[p]);
    if (status == LK_OK && !part->replay && part->root.len == 0) status = snapshot_states(&m);
    if (status == LK_OK) status = snapshot_assemble(&m, &x, part, out);
    exporter_drop(&x);
    lk_buf_free(&m.keys);
    lk_buf_free(&m.values);
    lk_buf_free(&m.text);
    vec_drop(heap, &m.pairs);
    vec_drop(heap, &m.spans);
    vec_drop(heap, &m.marks);
    vec_drop(heap, &m.open);
    vec_drop(heap, &m.items);
    vec_drop(heap, &m.entries);
    return status;
}
