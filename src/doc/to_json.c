/* SPDX-License-Identifier: MIT
 * to_json.c - the document as text, as toJSON() says it: containers resolved, keys in byte order.
 */
#include "base/hex.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/sort.h"
#include "doc/doc.h"
#include "state/sibling.h"

typedef struct json_printer {
    const lk_doc *doc;
    writer w;
    unsigned depth;
    bool too_deep;
} json_printer;

typedef struct json_pair {
    lk_str key;
    const lk_value *value; /* NULL: a root container */
    uint32_t container;
} json_pair;

static void json_container(json_printer *p, uint32_t id);
static void json_value(json_printer *p, const lk_value *value);

static int json_pair_order(const void *a, const void *b) {
    return sort_str(((const json_pair *)a)->key, ((const json_pair *)b)->key);
}

static void json_char(json_printer *p, char c) { writer_u8(&p->w, (uint8_t)c); }

static void json_word(json_printer *p, const char *word) {
    writer_raw(&p->w, word, __builtin_strlen(word));
}

typedef VEC(json_pair) json_pairs;

static void json_object(json_printer *p, json_pairs *pairs) {
    sort_items(pairs->at, pairs->len, sizeof *pairs->at, json_pair_order);
    json_char(p, '{');
    for (size_t i = 0; i < pairs->len; i++) {
        if (i > 0) json_char(p, ',');
        json_quote(&p->w, pairs->at[i].key);
        json_char(p, ':');
        if (pairs->at[i].value == NULL)
            json_container(p, pairs->at[i].container);
        else
            json_value(p, pairs->at[i].value);
    }
    json_char(p, '}');
    vec_drop(&p->doc->memory, pairs);
}

static void json_add(json_printer *p, json_pairs *pairs, json_pair pair) {
    json_pair *fresh = vec_push(&p->doc->memory, pairs);
    if (fresh == NULL)
        p->w.failed = true;
    else
        *fresh = pair;
}

static void json_entries(json_printer *p, const lk_entry *entries, uint32_t len) {
    json_pairs pairs = {0};
    for (uint32_t i = 0; i < len; i++)
        json_add(p, &pairs, (json_pair){entries[i].key, &entries[i].value, 0});
    json_object(p, &pairs);
}

static void json_binary(json_printer *p, const uint8_t *bytes, uint32_t len) {
    json_char(p, '[');
    for (uint32_t i = 0; i < len; i++) {
        if (i > 0) json_char(p, ',');
        json_i64(&p->w, bytes[i]);
    }
    json_char(p, ']');
}

static void json_items(json_printer *p, const lk_value *values, uint32_t len, bool first) {
    for (uint32_t i = 0; i < len; i++) {
        if (i > 0 || !first) json_char(p, ',');
        json_value(p, &values[i]);
    }
}

static void json_value(json_printer *p, const lk_value *value) {
    switch (value->type) {
    case LK_NULL: json_word(p, "null"); break;
    case LK_BOOL: json_word(p, value->as.boolean ? "true" : "false"); break;
    case LK_I64: json_i64(&p->w, value->as.i64); break;
    case LK_F64: json_f64(&p->w, value->as.f64); break;
    case LK_STRING: json_quote(&p->w, (lk_str){(const char *)value->as.bytes, value->len}); break;
    case LK_BINARY: json_binary(p, value->as.bytes, value->len); break;
    case LK_VALUES:
        json_char(p, '[');
        json_items(p, value->as.values, value->len, true);
        json_char(p, ']');
        break;
    case LK_ENTRIES: json_entries(p, value->as.entries, value->len); break;
    case LK_CONTAINER: json_container(p, value->as.container.index); break;
    }
}

static void json_map(json_printer *p, const map *m) {
    json_pairs pairs = {0};
    size_t cursor = 0;
    const map_entry *entry;
    while ((entry = map_next(m, &cursor)) != NULL)
        json_add(p, &pairs, (json_pair){p->doc->log.names.keys.at[entry->key], entry->value, 0});
    json_object(p, &pairs);
}

static void json_list(json_printer *p, const seq *list) {
    seq_walk w = seq_range(list, 0, seq_len(list, SEQ_ENTITY));
    seq_span span;
    bool first = true;
    json_char(p, '[');
    while (seq_walk_next(&w, &span)) {
        json_items(p, span.data, span.len[SEQ_ENTITY], first);
        first = false;
    }
    json_char(p, ']');
}

static void json_text(json_printer *p, const seq *text) {
    seq_walk w = seq_range(text, 0, seq_len(text, SEQ_ENTITY));
    seq_span span;
    json_char(p, '"');
    while (seq_walk_next(&w, &span)) json_quote_part(&p->w, (lk_str){span.data, span.len[LK_UTF8]});
    json_char(p, '"');
}

static void json_movable(json_printer *p, const movable *list) {
    movable_walk w = movable_range(list, 0, UINT32_MAX);
    const movable_elem *elem;
    op_id place;
    bool first = true;
    json_char(p, '[');
    while (movable_next(&w, &place, &elem)) {
        if (elem == NULL) continue;
        json_items(p, elem->value, 1, first);
        first = false;
    }
    json_char(p, ']');
}

/* ---- tree: [{children, fractional_index, id, index, meta, parent}, ...] ---- */

static void json_node_id(json_printer *p, const tree_node *node) {
    json_char(p, '"');
    json_i64(&p->w, node->id.counter);
    json_char(p, '@');
    json_u64(&p->w, p->doc->log.names.peers.at[node->id.peer]);
    json_char(p, '"');
}

/* What follows the children of a node. */
static void json_node_tail(json_printer *p, const tree *t, uint32_t at, int64_t index) {
    const tree_node *node = &t->nodes.at[at];
    json_word(p, "],\"fractional_index\":\"");
    hex_write(&p->w, node->key.position);
    json_word(p, "\",\"id\":");
    json_node_id(p, node);
    json_word(p, ",\"index\":");
    json_i64(&p->w, index);
    json_word(p, ",\"meta\":");
    json_container(p, node->meta);
    json_word(p, ",\"parent\":");
    if (node->parent == TREE_ROOT)
        json_word(p, "null");
    else
        json_node_id(p, &t->nodes.at[node->parent]);
    json_char(p, '}');
}

/* Without recursion: a tree may be as deep as it has nodes. */
static void json_tree_container(json_printer *p, const tree *t) {
    uint32_t at = sibling_first(t, TREE_ROOT), above = TREE_ROOT;
    int64_t index = 0;
    json_char(p, '[');
    while (!p->w.failed && !p->too_deep) {
        if (at != TREE_NONE) {
            json_word(p, index > 0 ? ",{\"children\":[" : "{\"children\":[");
            above = at;
            at = sibling_first(t, above);
            index = 0;
        } else if (above != TREE_ROOT) {
            index = sibling_index(t, above);
            json_node_tail(p, t, above, index++);
            at = sibling_next(t, above);
            above = t->nodes.at[above].parent;
        } else {
            break;
        }
    }
    json_char(p, ']');
}

static void json_content(json_printer *p, uint32_t id) {
    const state *s = &p->doc->state;
    switch (s->containers.at[id]->kind) {
    case LK_MAP: json_map(p, state_find_map(s, id)); break;
    case LK_LIST: json_list(p, state_find_seq(s, id)); break;
    case LK_TEXT: json_text(p, state_find_seq(s, id)); break;
    case LK_TREE: json_tree_container(p, state_find_tree(s, id)); break;
    case LK_MOVABLE_LIST: json_movable(p, state_find_movable(s, id)); break;
    case LK_COUNTER: json_f64(&p->w, *state_find_counter(s, id)); break;
    default: json_word(p, "null"); /* a kind of the future */
    }
}

static void json_container(json_printer *p, uint32_t id) {
    if (p->w.failed || p->too_deep) return;
    if (p->depth == LIMIT_NESTING) {
        p->too_deep = true;
        return;
    }
    p->depth++;
    json_content(p, id);
    p->depth--;
}

static lk_status json_finish(json_printer *p, size_t before) {
    if (!p->w.failed && !p->too_deep) return LK_OK;
    p->w.out->len = before;
    return p->too_deep ? LK_ELIMIT : LK_ENOMEM;
}

lk_status lk_container_json(const lk_doc *doc, lk_ref ref, lk_buf *out) {
    LK_ASSERT(ref.index < doc->state.containers.len);
    json_printer p = {.doc = doc, .w = writer_new(out)};
    size_t before = out->len;
    json_container(&p, ref.index);
    return json_finish(&p, before);
}

lk_status lk_json(const lk_doc *doc, lk_buf *out) {
    json_printer p = {.doc = doc, .w = writer_new(out)};
    size_t before = out->len, cursor = 0;
    json_pairs pairs = {0};
    lk_ref root;
    while (lk_root_next(doc, &cursor, &root)) {
        if (!lk_root_shows(doc, root)) continue;
        json_add(&p, &pairs,
                 (json_pair){doc->log.names.containers.at[root.index].id.name, NULL, root.index});
    }
    json_object(&p, &pairs);
    return json_finish(&p, before);
}
