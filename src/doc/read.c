/* SPDX-License-Identifier: MIT
 * read.c - what the containers hold: lengths, elements, text, and the way to a container. */
#include "doc/doc.h"
#include "oplog/mergeable.h"

/* The content of a text or list; trapping on another kind is the caller's bug caught. */
static const seq *read_seq(const lk_doc *doc, lk_ref ref, lk_kind kind) {
    LK_ASSERT(ref.index < doc->state.containers.len);
    LK_ASSERT(doc->state.containers.at[ref.index]->kind == kind);
    return state_find_seq(&doc->state, ref.index);
}

static const map *read_map(const lk_doc *doc, lk_ref ref) {
    LK_ASSERT(ref.index < doc->state.containers.len);
    const map *m = state_find_map(&doc->state, ref.index);
    LK_ASSERT(m != NULL);
    return m;
}

/* ---- text ---- */

size_t lk_text_len(const lk_doc *doc, lk_ref text, lk_unit unit) {
    return seq_len(read_seq(doc, text, LK_TEXT), unit);
}

/* What lies side by side, as in a snapshot's text, is copied as one. */
static lk_status read_text(const seq *text, const uint32_t start[SEQ_UNITS],
                           const uint32_t end[SEQ_UNITS], lk_buf *out) {
    seq_walk w = seq_range(text, start[SEQ_ENTITY], end[SEQ_ENTITY] - start[SEQ_ENTITY]);
    seq_span span;
    lk_bytes part = {0};
    if (!buf_reserve(out, end[LK_UTF8] - start[LK_UTF8])) return LK_ENOMEM;
    while (seq_walk_next(&w, &span)) {
        uint32_t bytes = span.len[LK_UTF8];
        if (part.len > 0 && span.data == part.at + part.len) {
            part.len += bytes;
        } else if (bytes > 0) {
            buf_append(out, part.at, part.len);
            part = (lk_bytes){span.data, bytes};
        }
    }
    buf_append(out, part.at, part.len);
    return LK_OK;
}

lk_status lk_text_string(const lk_doc *doc, lk_ref text, lk_buf *out) {
    const seq *from = read_seq(doc, text, LK_TEXT);
    static const uint32_t start[SEQ_UNITS];
    return read_text(from, start, from->tree.total.by, out);
}

bool lk_text_next(const lk_doc *doc, lk_ref text, size_t *cursor, lk_str *out) {
    seq_walk w = seq_range(read_seq(doc, text, LK_TEXT), (uint32_t)*cursor, UINT32_MAX);
    seq_span span;
    while (seq_walk_next(&w, &span)) {
        if (span.data == NULL) continue;
        *cursor = w.pos;
        *out = (lk_str){span.data, span.len[LK_UTF8]};
        return true;
    }
    return false;
}

lk_status lk_text_slice(const lk_doc *doc, lk_ref text, size_t pos, size_t len, lk_unit unit,
                        lk_buf *out) {
    const seq *from = read_seq(doc, text, LK_TEXT);
    uint32_t start[SEQ_UNITS], end[SEQ_UNITS];
    if (len == 0) return LK_OK;
    if (len > UINT32_MAX || pos > UINT32_MAX - len) return LK_ERANGE;
    seq_seek(from, (uint32_t)pos, unit, SEQ_LEFTMOST, start);
    if (seq_seek(from, (uint32_t)(pos + len), unit, SEQ_LEFTMOST, end) == SEQ_PAST)
        return LK_ERANGE;
    return read_text(from, start, end, out);
}

lk_status lk_text_convert(const lk_doc *doc, lk_ref text, size_t pos, lk_unit from, lk_unit to,
                          size_t *out) {
    uint32_t all[SEQ_UNITS];
    const seq *target = read_seq(doc, text, LK_TEXT);
    if (pos > UINT32_MAX) return LK_ERANGE;
    if (seq_seek(target, (uint32_t)pos, from, SEQ_LEFTMOST, all) == SEQ_PAST) return LK_ERANGE;
    *out = all[to];
    return LK_OK;
}

/* ---- lists, map ---- */

size_t lk_list_len(const lk_doc *doc, lk_ref list) {
    return seq_len(read_seq(doc, list, LK_LIST), SEQ_ENTITY);
}

lk_status lk_list_get(const lk_doc *doc, lk_ref list, size_t pos, lk_value *out) {
    const seq *from = read_seq(doc, list, LK_LIST);
    if (pos >= seq_len(from, SEQ_ENTITY)) return LK_ERANGE;
    *out = *seq_get(from, (uint32_t)pos, NULL);
    return LK_OK;
}

lk_status lk_list_read(const lk_doc *doc, lk_ref list, size_t pos, size_t len, lk_value *out) {
    const seq *from = read_seq(doc, list, LK_LIST);
    size_t all = seq_len(from, SEQ_ENTITY);
    if (pos > all || len > all - pos) return LK_ERANGE;
    seq_walk w = seq_range(from, (uint32_t)pos, (uint32_t)len);
    for (seq_span span; seq_walk_next(&w, &span); out += span.len[SEQ_ENTITY])
        __builtin_memcpy(out, span.data, span.len[SEQ_ENTITY] * sizeof *out);
    return LK_OK;
}

lk_status lk_list_id(const lk_doc *doc, lk_ref list, size_t pos, lk_id *out) {
    const seq *from = read_seq(doc, list, LK_LIST);
    op_id id;
    if (pos >= seq_len(from, SEQ_ENTITY)) return LK_ERANGE;
    seq_get(from, (uint32_t)pos, &id);
    *out = doc_wide(doc, id);
    return LK_OK;
}

static const movable *read_movable(const lk_doc *doc, lk_ref ref) {
    LK_ASSERT(ref.index < doc->state.containers.len);
    const movable *m = state_find_movable(&doc->state, ref.index);
    LK_ASSERT(m != NULL);
    return m;
}

size_t lk_movable_len(const lk_doc *doc, lk_ref list) {
    return movable_len(read_movable(doc, list), LK_UTF8);
}

lk_status lk_movable_get(const lk_doc *doc, lk_ref list, size_t pos, lk_value *out) {
    const movable *m = read_movable(doc, list);
    uint32_t at[SEQ_UNITS];
    if (pos >= movable_len(m, LK_UTF8)) return LK_ERANGE;
    *out = *movable_at(m, (uint32_t)pos, LK_UTF8, at)->value;
    return LK_OK;
}

lk_status lk_movable_read(const lk_doc *doc, lk_ref list, size_t pos, size_t len, lk_value *out) {
    const movable *m = read_movable(doc, list);
    size_t all = movable_len(m, LK_UTF8);
    if (pos > all || len > all - pos) return LK_ERANGE;
    movable_walk w = movable_from(m, (uint32_t)pos);
    const movable_elem *elem;
    op_id place;
    for (size_t i = 0; i < len && movable_next(&w, &place, &elem);)
        if (elem != NULL) out[i++] = *elem->value;
    return LK_OK;
}

lk_status lk_movable_who(const lk_doc *doc, lk_ref list, size_t pos, lk_movable_writers *out) {
    const movable *m = read_movable(doc, list);
    const uint64_t *peers = doc->log.names.peers.at;
    uint32_t at[SEQ_UNITS];
    if (pos >= movable_len(m, LK_UTF8)) return LK_ERANGE;
    const movable_elem *elem = movable_at(m, (uint32_t)pos, LK_UTF8, at);
    *out = (lk_movable_writers){.creator = peers[elem->id.peer],
                                .mover = peers[movable_place_of(m, elem).peer],
                                .editor = peers[elem->writer.peer]};
    return LK_OK;
}

size_t lk_map_len(const lk_doc *doc, lk_ref ref) { return map_len(read_map(doc, ref)); }

/* What was written to a key, or NULL. */
static const map_entry *read_entry(const lk_doc *doc, lk_ref ref, lk_str key) {
    const map *from = read_map(doc, ref);
    uint32_t known = intern_find_key(&doc->log.names, key);
    return known == TABLE_NONE ? NULL : map_find(from, known);
}

lk_status lk_map_get(const lk_doc *doc, lk_ref ref, lk_str key, lk_value *out) {
    const map_entry *entry = read_entry(doc, ref, key);
    if (entry == NULL || entry->value == NULL) return LK_EMISSING;
    *out = *entry->value;
    return LK_OK;
}

lk_status lk_map_editor(const lk_doc *doc, lk_ref ref, lk_str key, uint64_t *out) {
    const map_entry *entry = read_entry(doc, ref, key);
    if (entry == NULL) return LK_EMISSING;
    *out = entry->peer_wide;
    return LK_OK;
}

lk_status lk_map_marker(const lk_doc *doc, lk_ref ref, lk_str key, lk_buf *out) {
    lk_value now;
    lk_status status = lk_map_get(doc, ref, key, &now);
    if (status != LK_OK) return status;
    const intern *names = &doc->log.names;
    if (now.type != LK_CONTAINER) return LK_EMISSING;
    const container_id *child = &names->containers.at[now.as.container.index].id;
    if (!mergeable_named(child)) return LK_EMISSING;
    uint8_t marker[MERGEABLE_MARKER_LEN];
    mergeable_mark(names, ref.index, key, child->kind, marker);
    return buf_append(out, marker, sizeof marker) ? LK_OK : LK_ENOMEM;
}

bool lk_map_next(const lk_doc *doc, lk_ref ref, size_t *cursor, lk_entry *out) {
    const map_entry *entry = map_next(read_map(doc, ref), cursor);
    if (entry == NULL) return false;
    *out = (lk_entry){doc->log.names.keys.at[entry->key], *entry->value};
    return true;
}

/* ---- which roots show ---- */

void lk_hide_empty_roots(lk_doc *doc, bool hide) { doc->hide_empty_roots = hide; }

lk_status lk_hide_empty_root(lk_doc *doc, lk_ref root) {
    LK_ASSERT(root.index < doc->state.containers.len);
    uint32_t *hidden = vec_push(&doc->memory, &doc->hidden_roots);
    if (hidden == NULL) return LK_ENOMEM;
    *hidden = root.index;
    return LK_OK;
}

static bool read_is_empty(const lk_doc *doc, uint32_t id) {
    const state *s = &doc->state;
    switch (s->containers.at[id]->kind) {
    case LK_MAP: return map_len(state_find_map(s, id)) == 0;
    case LK_TEXT:
    case LK_LIST: return seq_len(state_find_seq(s, id), LK_UTF8) == 0;
    case LK_MOVABLE_LIST: return movable_len(state_find_movable(s, id), LK_UTF8) == 0;
    case LK_TREE: return state_find_tree(s, id)->roots == TREE_NONE;
    case LK_COUNTER: return *state_find_counter(s, id) == 0;
    default: return false;
    }
}

bool doc_root_deleted(const lk_doc *doc, uint32_t root) {
    for (size_t i = 0; i < doc->hidden_roots.len; i++)
        if (doc->hidden_roots.at[i] == root) return read_is_empty(doc, root);
    return false;
}

bool lk_root_shows(const lk_doc *doc, lk_ref root) {
    LK_ASSERT(root.index < doc->state.containers.len);
    if (doc_root_deleted(doc, root.index)) return false;
    if (!doc->hide_empty_roots || lk_ref_kind(doc, root) == LK_COUNTER) return true;
    return !read_is_empty(doc, root.index);
}

/* ---- the way to a container ---- */

static bool read_is_child(const lk_value *value, uint32_t child) {
    return value != NULL && value->type == LK_CONTAINER && value->as.container.index == child;
}

static lk_path_item read_movable_place(const movable *m, uint32_t child) {
    movable_walk w = movable_range(m, 0, UINT32_MAX);
    lk_path_item item = {0};
    const movable_elem *elem;
    for (op_id place; movable_next(&w, &place, &elem);) {
        if (elem == NULL) continue;
        if (read_is_child(elem->value, child)) break;
        item.index++;
    }
    return item;
}

/* Where `parent` holds `child`, which is present. */
static lk_path_item read_place(const lk_doc *doc, uint32_t parent, uint32_t child) {
    const map *m = state_find_map(&doc->state, parent);
    size_t cursor = 0;
    const map_entry *entry;
    while (m != NULL && (entry = map_next(m, &cursor)) != NULL)
        if (read_is_child(entry->value, child))
            return (lk_path_item){.is_key = true, .key = doc->log.names.keys.at[entry->key]};
    const container_id *id = &doc->log.names.containers.at[child].id;
    if (state_find_tree(&doc->state, parent) != NULL)
        return (lk_path_item){.is_node = true,
                              .node = doc_wide(doc, (op_id){id->peer, id->counter})};
    const movable *places = state_find_movable(&doc->state, parent);
    if (places != NULL) return read_movable_place(places, child);
    lk_path_item item = {0};
    const seq *list = state_find_seq(&doc->state, parent);
    if (list == NULL) return item;
    seq_walk w = seq_range(list, 0, seq_len(list, SEQ_ENTITY));
    seq_span span;
    while (seq_walk_next(&w, &span)) {
        const lk_value *values = span.data;
        for (uint32_t i = 0; i < span.len[SEQ_ENTITY]; i++, item.index++)
            if (read_is_child(&values[i], child)) return item;
    }
    return item;
}

lk_status lk_container_path(lk_doc *doc, lk_ref ref, const lk_path_item **out, size_t *len) {
    LK_ASSERT(ref.index < doc->state.containers.len);
    if (!doc_shows(doc, ref.index)) return LK_EMISSING;
    const intern *names = &doc->log.names;
    size_t depth = 0;
    for (uint32_t at = ref.index; at != CONTAINER_NONE; at = names->containers.at[at].parent)
        depth++;
    doc->path.len = 0;
    if (!vec_reserve(&doc->memory, &doc->path, depth)) return LK_ENOMEM;
    doc->path.len = depth;
    uint32_t at = ref.index;
    for (size_t i = depth; i-- > 1; at = names->containers.at[at].parent)
        doc->path.at[i] = read_place(doc, names->containers.at[at].parent, at);
    doc->path.at[0] = (lk_path_item){.is_key = true, .key = names->containers.at[at].id.name};
    *out = doc->path.at;
    *len = depth;
    return LK_OK;
}
