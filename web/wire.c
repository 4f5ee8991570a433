/* SPDX-License-Identifier: MIT
 * wire.c - values, versions and events as tagged bytes. Writing recurses only as deep as a document
 * can be, reading no deeper than LIMIT_DEPTH. */
#include "wire.h"

#include "base/limits.h"

static void wire_str_write(writer *w, lk_str s) { writer_bytes(w, s.at, s.len); }

static void wire_number_write(writer *w, wire_tag tag, double v) {
    writer_u8(w, (uint8_t)tag);
    writer_f64le(w, v);
}

void wire_id_write(writer *w, lk_id id) {
    writer_u64le(w, id.peer);
    writer_uleb(w, (uint32_t)id.counter);
}

static void wire_container_write(writer *w, const lk_doc *doc, lk_ref ref) {
    writer_u8(w, WIRE_CONTAINER);
    writer_uleb(w, ref.index);
    writer_u8(w, (uint8_t)lk_ref_kind(doc, ref));
}

static void wire_entries_write(writer *w, const lk_doc *doc, const lk_entry *entries, size_t len,
                               bool deep);

/* `deep`: write what containers hold instead of which they are. */
static void wire_write(writer *w, const lk_doc *doc, const lk_value *value, bool deep) {
    switch (value->type) {
    case LK_NULL: writer_u8(w, WIRE_NULL); break;
    case LK_BOOL: writer_u8(w, value->as.boolean ? WIRE_TRUE : WIRE_FALSE); break;
    case LK_I64: wire_number_write(w, WIRE_INT, (double)value->as.i64); break;
    case LK_F64: wire_number_write(w, WIRE_FLOAT, value->as.f64); break;
    case LK_STRING:
    case LK_BINARY:
        writer_u8(w, value->type == LK_STRING ? WIRE_STRING : WIRE_BINARY);
        writer_bytes(w, value->as.bytes, value->len);
        break;
    case LK_VALUES:
        writer_u8(w, WIRE_LIST);
        writer_uleb(w, value->len);
        for (uint32_t i = 0; i < value->len; i++) wire_write(w, doc, &value->as.values[i], deep);
        break;
    case LK_ENTRIES:
        writer_u8(w, WIRE_MAP);
        wire_entries_write(w, doc, value->as.entries, value->len, deep);
        break;
    case LK_CONTAINER:
        if (deep)
            wire_deep_write(w, doc, value->as.container);
        else
            wire_container_write(w, doc, value->as.container);
        break;
    }
}

static void wire_entries_write(writer *w, const lk_doc *doc, const lk_entry *entries, size_t len,
                               bool deep) {
    writer_uleb(w, len);
    for (size_t i = 0; i < len; i++) {
        wire_str_write(w, entries[i].key);
        wire_write(w, doc, &entries[i].value, deep);
    }
}

void wire_value_write(writer *w, const lk_doc *doc, const lk_value *value) {
    wire_write(w, doc, value, false);
}

static void wire_text_write(writer *w, const lk_doc *doc, lk_ref text) {
    writer_u8(w, WIRE_STRING);
    writer_uleb(w, lk_text_len(doc, text, LK_UTF8));
    if (!w->failed && lk_text_string(doc, text, w->out) != LK_OK) w->failed = true;
}

size_t wire_list_len(const lk_doc *doc, lk_ref list) {
    return lk_ref_kind(doc, list) == LK_LIST ? lk_list_len(doc, list) : lk_movable_len(doc, list);
}

static lk_status wire_list_part(const lk_doc *doc, lk_ref list, size_t pos, size_t len,
                                lk_value *out) {
    return lk_ref_kind(doc, list) == LK_LIST ? lk_list_read(doc, list, pos, len, out)
                                             : lk_movable_read(doc, list, pos, len, out);
}

lk_status wire_list_get(const lk_doc *doc, lk_ref list, size_t pos, lk_value *out) {
    return lk_ref_kind(doc, list) == LK_LIST ? lk_list_get(doc, list, pos, out)
                                             : lk_movable_get(doc, list, pos, out);
}

void wire_list_write(writer *w, const lk_doc *doc, lk_ref list, bool deep) {
    size_t len = wire_list_len(doc, list);
    writer_u8(w, WIRE_LIST);
    writer_uleb(w, len);
    lk_value part[16]; /* few: lists lie in lists, each with its own */
    for (size_t at = 0; at < len; at += countof(part)) {
        size_t more = len - at < countof(part) ? len - at : countof(part);
        LK_ASSERT(wire_list_part(doc, list, at, more, part) == LK_OK);
        for (size_t i = 0; i < more; i++) wire_write(w, doc, &part[i], deep);
    }
}

void wire_map_write(writer *w, const lk_doc *doc, lk_ref map, bool deep) {
    writer_u8(w, WIRE_MAP);
    writer_uleb(w, lk_map_len(doc, map));
    lk_entry entry;
    for (size_t cursor = 0; lk_map_next(doc, map, &cursor, &entry);) {
        wire_str_write(w, entry.key);
        wire_write(w, doc, &entry.value, deep);
    }
}

static void wire_key_write(writer *w, const char *key) {
    writer_bytes(w, key, __builtin_strlen(key));
}

static void wire_hex_write(writer *w, lk_bytes bytes) {
    static const char digits[] = "0123456789ABCDEF";
    writer_u8(w, WIRE_STRING);
    writer_uleb(w, 2 * bytes.len);
    for (size_t i = 0; i < bytes.len; i++) {
        writer_u8(w, (uint8_t)digits[bytes.at[i] >> 4]);
        writer_u8(w, (uint8_t)digits[bytes.at[i] & 15]);
    }
}

/* A node as an object, whose last entry is the list of its children: they come next. */
static void wire_branch_write(writer *w, const lk_doc *doc, const lk_node *node) {
    writer_u8(w, WIRE_MAP);
    writer_uleb(w, 6);
    wire_key_write(w, "parent");
    writer_u8(w, node->has_parent ? WIRE_NODE : WIRE_NULL);
    if (node->has_parent) wire_id_write(w, node->parent);
    wire_key_write(w, "index");
    wire_number_write(w, WIRE_INT, (double)node->index);
    wire_key_write(w, "meta");
    wire_deep_write(w, doc, node->data);
    wire_key_write(w, "id");
    writer_u8(w, WIRE_NODE);
    wire_id_write(w, node->id);
    wire_key_write(w, "fractional_index");
    wire_hex_write(w, node->fractional_index);
    wire_key_write(w, "children");
    writer_u8(w, WIRE_LIST);
    writer_uleb(w, node->children);
}

/* Without recursion: a tree may be as deep as it has nodes. */
static void wire_tree_write(writer *w, const lk_doc *doc, lk_ref tree) {
    lk_node node;
    writer_u8(w, WIRE_LIST);
    writer_uleb(w, lk_tree_roots(doc, tree));
    bool more = lk_tree_child(doc, tree, NULL, 0, &node) == LK_OK;
    while (more && !w->failed) {
        wire_branch_write(w, doc, &node);
        if (lk_tree_child(doc, tree, &node.id, 0, &node) == LK_OK) continue;
        /* the next sibling, or that of the nearest one above which has one */
        for (;;) {
            size_t next = node.index + 1;
            const lk_id *parent = node.has_parent ? &node.parent : NULL;
            more = lk_tree_child(doc, tree, parent, next, &node) == LK_OK;
            if (more || parent == NULL) break;
            LK_ASSERT(lk_tree_get(doc, tree, *parent, &node) == LK_OK);
        }
    }
}

void wire_deep_write(writer *w, const lk_doc *doc, lk_ref ref) {
    switch (lk_ref_kind(doc, ref)) {
    case LK_TEXT: wire_text_write(w, doc, ref); break;
    case LK_LIST:
    case LK_MOVABLE_LIST: wire_list_write(w, doc, ref, true); break;
    case LK_MAP: wire_map_write(w, doc, ref, true); break;
    case LK_TREE: wire_tree_write(w, doc, ref); break;
    case LK_COUNTER: wire_number_write(w, WIRE_FLOAT, lk_counter_value(doc, ref)); break;
    default: writer_u8(w, WIRE_NULL); /* a kind of the future */
    }
}

void wire_ids_write(writer *w, lk_ids ids) {
    writer_uleb(w, ids.len);
    for (size_t i = 0; i < ids.len; i++) wire_id_write(w, ids.at[i]);
}

void wire_spans_write(writer *w, const lk_span *spans, size_t len) {
    writer_uleb(w, len);
    for (size_t i = 0; i < len; i++) {
        writer_u64le(w, spans[i].peer);
        writer_uleb(w, (uint32_t)spans[i].start);
        writer_uleb(w, (uint32_t)spans[i].end);
    }
}

/* "cid:root-NAME:Kind" without its ends. */
void wire_root_name_write(writer *w, const lk_doc *doc, lk_ref ref) {
    static const char front[] = "cid:root-";
    lk_buf id = {.memory = w->out->memory};
    if (lk_container_id(doc, ref, &id) != LK_OK) w->failed = true;
    size_t end = id.len;
    while (end > 0 && id.at[end - 1] != ':') end--;
    if (!w->failed) writer_bytes(w, id.at + sizeof front - 1, end - sizeof front);
    lk_buf_free(&id);
}

void wire_path_write(writer *w, const lk_path_item *path, size_t len) {
    writer_u8(w, WIRE_LIST);
    writer_uleb(w, len);
    for (size_t i = 0; i < len; i++) {
        if (path[i].is_key) {
            writer_u8(w, WIRE_STRING);
            wire_str_write(w, path[i].key);
        } else if (path[i].is_node) {
            writer_u8(w, WIRE_NODE);
            wire_id_write(w, path[i].node);
        } else {
            wire_number_write(w, WIRE_INT, (double)path[i].index);
        }
    }
}

void wire_text_delta_write(writer *w, const lk_doc *doc, const lk_delta *deltas, size_t len) {
    writer_uleb(w, len);
    for (size_t i = 0; i < len; i++) {
        const lk_delta *delta = &deltas[i];
        writer_u8(w, (uint8_t)delta->kind);
        if (delta->kind == LK_INSERT)
            wire_str_write(w, delta->text);
        else
            writer_uleb(w, delta->len[LK_UTF16]);
        if (delta->kind != LK_DELETE)
            wire_entries_write(w, doc, delta->attributes, delta->attribute_len, false);
    }
}

static void wire_list_delta_write(writer *w, const lk_doc *doc, const lk_diff *diff) {
    writer_uleb(w, diff->delta_len);
    for (size_t i = 0; i < diff->delta_len; i++) {
        const lk_delta *delta = &diff->deltas[i];
        writer_u8(w, (uint8_t)delta->kind);
        writer_uleb(w, delta->len[0]);
        for (uint32_t k = 0; delta->kind == LK_INSERT && k < delta->len[0]; k++)
            wire_write(w, doc, &delta->values[k], false);
    }
}

static void wire_changes_write(writer *w, const lk_doc *doc, const lk_diff *diff) {
    writer_uleb(w, diff->change_len);
    for (size_t i = 0; i < diff->change_len; i++) {
        const lk_map_change *change = &diff->changes[i];
        wire_str_write(w, change->key);
        writer_u8(w, !change->deleted);
        if (!change->deleted) wire_write(w, doc, &change->value, false);
    }
}

static void wire_place_write(writer *w, bool has_parent, lk_id parent, size_t index) {
    writer_u8(w, has_parent);
    if (has_parent) wire_id_write(w, parent);
    writer_uleb(w, index);
}

static void wire_nodes_write(writer *w, const lk_diff *diff) {
    writer_uleb(w, diff->node_len);
    for (size_t i = 0; i < diff->node_len; i++) {
        const lk_tree_change *c = &diff->nodes[i];
        writer_u8(w, (uint8_t)c->action);
        wire_id_write(w, c->target);
        if (c->action != LK_TREE_DELETE) {
            wire_place_write(w, c->has_parent, c->parent, c->index);
            writer_bytes(w, c->fractional_index.at, c->fractional_index.len);
        }
        if (c->action != LK_TREE_CREATE)
            wire_place_write(w, c->had_parent, c->old_parent, c->old_index);
    }
}

static void wire_diff_write(writer *w, const lk_doc *doc, const lk_diff *diff) {
    writer_uleb(w, diff->target.index);
    writer_u8(w, (uint8_t)diff->kind);
    switch (diff->kind) {
    case LK_MAP: wire_changes_write(w, doc, diff); break;
    case LK_TREE: wire_nodes_write(w, diff); break;
    case LK_COUNTER: writer_f64le(w, diff->increment); break;
    case LK_TEXT: wire_text_delta_write(w, doc, diff->deltas, diff->delta_len); break;
    default: wire_list_delta_write(w, doc, diff);
    }
}

void wire_event_write(writer *w, const lk_doc *doc, const lk_event *event) {
    writer_u8(w, (uint8_t)event->by);
    wire_str_write(w, event->origin);
    wire_ids_write(w, event->from);
    wire_ids_write(w, event->to);
    writer_uleb(w, event->diff_len);
    for (size_t i = 0; i < event->diff_len; i++) wire_diff_write(w, doc, &event->diffs[i]);
}

static lk_str wire_str_read(reader *r) {
    lk_bytes bytes = reader_bytes(r);
    return (lk_str){(const char *)bytes.at, bytes.len};
}

static void wire_read(reader *r, arena *scratch, lk_value *out, unsigned depth);

static void wire_list_read(reader *r, arena *scratch, lk_value *out, unsigned depth) {
    size_t len = (size_t)reader_uleb(r, reader_left(r));
    lk_value *values = arena_new(scratch, lk_value, len);
    if (values == NULL) reader_fail(r, LK_ENOMEM, "out of memory");
    for (size_t i = 0; reader_ok(r) && i < len; i++) wire_read(r, scratch, &values[i], depth + 1);
    *out = (lk_value){.type = LK_VALUES, .len = (uint32_t)len, .as.values = values};
}

static const lk_entry *wire_entries_read(reader *r, arena *scratch, size_t *len, unsigned depth) {
    *len = (size_t)reader_uleb(r, reader_left(r));
    lk_entry *entries = arena_new(scratch, lk_entry, *len);
    if (entries == NULL) reader_fail(r, LK_ENOMEM, "out of memory");
    for (size_t i = 0; reader_ok(r) && i < *len; i++) {
        entries[i].key = wire_str_read(r);
        wire_read(r, scratch, &entries[i].value, depth);
    }
    return entries;
}

static void wire_read(reader *r, arena *scratch, lk_value *out, unsigned depth) {
    *out = (lk_value){.type = LK_NULL};
    if (depth > LIMIT_DEPTH) reader_fail(r, LK_ELIMIT, "value is nested too deep");
    wire_tag tag = (wire_tag)reader_u8(r);
    switch (tag) {
    case WIRE_NULL: break;
    case WIRE_FALSE:
    case WIRE_TRUE: *out = (lk_value){.type = LK_BOOL, .as.boolean = tag == WIRE_TRUE}; break;
    case WIRE_INT: *out = (lk_value){.type = LK_I64, .as.i64 = (int64_t)reader_f64le(r)}; break;
    case WIRE_FLOAT: *out = (lk_value){.type = LK_F64, .as.f64 = reader_f64le(r)}; break;
    case WIRE_STRING:
    case WIRE_BINARY: {
        lk_bytes bytes = reader_bytes(r);
        lk_type type = tag == WIRE_STRING ? LK_STRING : LK_BINARY;
        *out = (lk_value){.type = type, .len = (uint32_t)bytes.len, .as.bytes = bytes.at};
        break;
    }
    case WIRE_LIST: wire_list_read(r, scratch, out, depth); break;
    case WIRE_MAP: {
        size_t len;
        const lk_entry *entries = wire_entries_read(r, scratch, &len, depth + 1);
        *out = (lk_value){.type = LK_ENTRIES, .len = (uint32_t)len, .as.entries = entries};
        break;
    }
    case WIRE_CONTAINER:
    case WIRE_NODE: reader_fail(r, LK_EVALUE, "no value of a document"); break;
    }
}

void wire_value_read(reader *r, arena *scratch, lk_value *out) { wire_read(r, scratch, out, 0); }

const lk_delta *wire_text_delta_read(reader *r, arena *scratch, size_t *len) {
    *len = (size_t)reader_uleb(r, reader_left(r));
    lk_delta *deltas = arena_new(scratch, lk_delta, *len);
    if (deltas == NULL) reader_fail(r, LK_ENOMEM, "out of memory");
    for (size_t i = 0; reader_ok(r) && i < *len; i++) {
        lk_delta *delta = &deltas[i];
        *delta = (lk_delta){.kind = (lk_delta_kind)reader_u8(r)};
        if (delta->kind == LK_INSERT)
            delta->text = wire_str_read(r);
        else
            delta->len[LK_UTF16] = (uint32_t)reader_uleb(r, UINT32_MAX);
        if (delta->kind != LK_DELETE)
            delta->attributes = wire_entries_read(r, scratch, &delta->attribute_len, 0);
    }
    return deltas;
}

lk_id wire_id_read(reader *r) {
    uint64_t peer = reader_u64le(r);
    return (lk_id){peer, (int32_t)reader_uleb(r, LIMIT_COUNTER)};
}

lk_ids wire_ids_read(reader *r, arena *scratch) {
    size_t len = (size_t)reader_uleb(r, reader_left(r));
    lk_id *ids = arena_new(scratch, lk_id, len);
    if (ids == NULL) reader_fail(r, LK_ENOMEM, "out of memory");
    for (size_t i = 0; reader_ok(r) && i < len; i++) ids[i] = wire_id_read(r);
    return (lk_ids){ids, reader_ok(r) ? len : 0};
}
