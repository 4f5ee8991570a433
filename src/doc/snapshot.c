/* SPDX-License-Identifier: MIT
 * snapshot.c - everything in one blob: the whole history, and the state of every container at its
 * end. */
#include "codec/snapshot_blob.h"

#include "codec/state_blob.h"
#include "doc/export.h"

typedef struct snapshot_maker {
    lk_doc *doc;
    state_tables tables;
    lk_buf keys, values;
    VEC(sstable_pair) pairs; /* offsets into keys and values until snapshot_point() */
    lk_buf text;             /* of the container at hand */
    VEC(state_span) spans;
    VEC(state_item) items;
    VEC(state_entry) entries;
    bool replay; /* some container has a state we cannot write */
} snapshot_maker;

/* A span's ids are consecutive, but its Lamport times may jump where a run ends: the part up to
 * there. */
static uint32_t snapshot_part(const dag *g, op_id id, uint32_t left, uint32_t *lamport) {
    lv at = dag_lv(g, id);
    const dag_run *run = dag_run_of(g, at);
    uint32_t len = run->start + run->len - at;
    *lamport = run->lamport + (at - run->start);
    return len < left ? len : left;
}

static bool snapshot_add_text(snapshot_maker *m, const seq_span *span) {
    if (span->data != NULL && !buf_append(&m->text, span->data, span->len[LK_UTF8])) return false;
    op_id id = span->id;
    for (uint32_t left = span->len[SEQ_ENTITY]; left > 0;) {
        state_span *fresh = vec_push(&m->doc->memory, &m->spans);
        if (fresh == NULL) return false;
        uint32_t len = snapshot_part(&m->doc->log.graph, id, left, &fresh->lamport);
        fresh->id = id;
        fresh->len = (int32_t)len;
        id.counter += (int32_t)len;
        left -= len;
    }
    return true;
}

static bool snapshot_add_items(snapshot_maker *m, const seq_span *span) {
    const lk_value *values = span->data;
    for (uint32_t i = 0; i < span->len[SEQ_ENTITY]; i++) {
        state_item *fresh = vec_push(&m->doc->memory, &m->items);
        if (fresh == NULL) return false;
        fresh->id = (op_id){span->id.peer, span->id.counter + (int32_t)i};
        fresh->value = values[i];
        snapshot_part(&m->doc->log.graph, fresh->id, 1, &fresh->lamport);
    }
    return true;
}

static bool snapshot_seq(snapshot_maker *m, const seq *from, state_container *out) {
    m->text.len = m->spans.len = m->items.len = 0;
    seq_walk w = seq_range(from, 0, seq_len(from, SEQ_ENTITY));
    seq_span span;
    while (seq_walk_next(&w, &span)) {
        if (span.data == NULL) continue; /* styles are not in the state yet */
        bool added =
            from->kind == SEQ_TEXT ? snapshot_add_text(m, &span) : snapshot_add_items(m, &span);
        if (!added) return false;
    }
    if (from->kind == SEQ_TEXT)
        out->as.text = (state_text){.text = {(const char *)m->text.at, m->text.len},
                                    .spans = m->spans.at,
                                    .span_len = m->spans.len};
    else
        out->as.list = (state_list){m->items.at, m->items.len};
    return true;
}

static bool snapshot_map(snapshot_maker *m, const map *from, state_container *out) {
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
        if (!fresh->deleted) fresh->value = *entry->value;
    }
    out->as.map = (state_map){m->entries.at, m->entries.len};
    return true;
}

/* Depth of a container: 1 for a root; 0 if the chain of parents does not reach one. */
static uint32_t snapshot_depth(const lk_doc *doc, uint32_t id) {
    const intern *names = &doc->log.names;
    uint32_t depth = 1;
    while (!names->containers.at[id].id.root) {
        id = names->containers.at[id].parent;
        if (id == CONTAINER_NONE) return 0;
        depth++;
    }
    return depth;
}

static lk_status snapshot_container(snapshot_maker *m, uint32_t id) {
    const container_name *name = &m->doc->log.names.containers.at[id];
    state_container out = {.cid = id,
                           .has_parent = name->parent != CONTAINER_NONE,
                           .parent = name->parent,
                           .depth = snapshot_depth(m->doc, id)};
    const map *keyed = state_find_map(&m->doc->state, id);
    const seq *ordered = state_find_seq(&m->doc->state, id);
    if (out.depth == 0 || (keyed == NULL && ordered == NULL)) return LK_OK;
    bool filled = keyed != NULL ? snapshot_map(m, keyed, &out) : snapshot_seq(m, ordered, &out);
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

/* Of the other kinds we keep the history alone. A snapshot with their state missing would show them
 * empty, so it has no states at all. */
static bool snapshot_has_state(container_kind kind) {
    return kind == LK_MAP || kind == LK_LIST || kind == LK_TEXT;
}

static lk_status snapshot_states(snapshot_maker *m) {
    const intern *names = &m->doc->log.names;
    container_id *cids = arena_new(&m->doc->scratch, container_id, names->containers.len);
    if (cids == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < names->containers.len; i++) cids[i] = names->containers.at[i].id;
    m->tables = (state_tables){names->peers.at, names->peers.len, cids, names->containers.len};
    for (uint32_t id = 0; id < names->containers.len && !m->replay; id++) {
        m->replay = !snapshot_has_state(cids[id].kind);
        lk_status status = snapshot_container(m, id);
        if (status != LK_OK) return status;
    }
    snapshot_point(m);
    return LK_OK;
}

static lk_status snapshot_assemble(snapshot_maker *m, const exporter *x, lk_buf *out) {
    lk_doc *doc = m->doc;
    snapshot_block *blocks = arena_new(&doc->scratch, snapshot_block, x->blocks.len);
    if (blocks == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < x->blocks.len; i++) {
        const exported_block *entry = &x->blocks.at[i];
        blocks[i] = (snapshot_block){.peer = entry->peer,
                                     .counter = entry->counter,
                                     .bytes = {x->bytes.at + entry->start, entry->len}};
    }
    snapshot_parts parts = {.vv = lk_version(doc),
                            .frontiers = lk_frontiers(doc),
                            .blocks = blocks,
                            .block_len = x->blocks.len,
                            .states = m->pairs.at,
                            .state_len = m->pairs.len,
                            .replay = m->replay};
    return snapshot_write(&parts, &doc->scratch, out);
}

lk_status export_snapshot(lk_doc *doc, lk_buf *out) {
    const dag *g = &doc->log.graph;
    const lk_memory *heap = &doc->memory;
    arena_reset(&doc->scratch);
    exporter x = {.doc = doc, .bytes = {.memory = heap}};
    snapshot_maker m = {
        .doc = doc, .keys = {.memory = heap}, .values = {.memory = heap}, .text = {.memory = heap}};
    lk_status status = LK_OK;
    for (peer_ix p = 0; p < g->peers.len && status == LK_OK; p++)
        status = export_span(&x, p, 0, g->peers.at[p].end);
    if (status == LK_OK) status = snapshot_states(&m);
    if (status == LK_OK) status = snapshot_assemble(&m, &x, out);
    exporter_drop(&x);
    lk_buf_free(&m.keys);
    lk_buf_free(&m.values);
    lk_buf_free(&m.text);
    vec_drop(heap, &m.pairs);
    vec_drop(heap, &m.spans);
    vec_drop(heap, &m.items);
    vec_drop(heap, &m.entries);
    return status;
}
