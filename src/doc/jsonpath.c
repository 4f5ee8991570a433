/* SPDX-License-Identifier: MIT
 * jsonpath.c - asks a query of a document: the nodes that each segment finds are where the next one
 * begins. A node is a value; containers are values of their own (LK_CONTAINER). The document itself
 * is shown as a map of its roots. Trees are not looked into. */
#include "doc/jsonpath.h"

#include "base/limits.h"
#include "doc/doc.h"

typedef VEC(lk_value) path_nodes;

typedef struct path_asker {
    const lk_doc *doc;
    arena *scratch; /* of filters under way, given back one by one */
    lk_value root;
    uint64_t steps; /* nodes that may still be looked at */
    lk_status status;
} path_asker;

static void jsonpath_ask(path_asker *a, const path_query *q, const lk_value *from, path_nodes *out);
static bool jsonpath_holds(path_asker *a, const path_expr *e, const lk_value *node);

static bool jsonpath_spend(path_asker *a, uint64_t steps) {
    if (a->status != LK_OK) return false;
    if (a->steps < steps) a->status = LK_ELIMIT;
    a->steps -= a->status == LK_OK ? steps : 0;
    return a->status == LK_OK;
}

static void jsonpath_add(path_asker *a, path_nodes *out, const lk_value *node) {
    if (!jsonpath_spend(a, 1)) return;
    lk_value *fresh = vec_push(&a->doc->memory, out);
    if (fresh == NULL)
        a->status = LK_ENOMEM;
    else
        *fresh = *node;
}

/* ---- what nodes hold ---- */

static const map *jsonpath_map(const path_asker *a, const lk_value *node) {
    if (node->type != LK_CONTAINER) return NULL;
    return state_find_map(&a->doc->state, node->as.container.index);
}

static uint32_t jsonpath_len(const path_asker *a, const lk_value *node) {
    if (node->type == LK_VALUES) return node->len;
    if (node->type != LK_CONTAINER) return 0;
    const state *s = &a->doc->state;
    uint32_t id = node->as.container.index;
    const movable *list = state_find_movable(s, id);
    if (list != NULL) return movable_len(list, LK_UTF8);
    return s->containers.at[id]->kind == LK_LIST ? seq_len(state_find_seq(s, id), LK_UTF8) : 0;
}

static const lk_value *jsonpath_item(const path_asker *a, const lk_value *node, uint32_t index) {
    if (node->type == LK_VALUES) return &node->as.values[index];
    const state *s = &a->doc->state;
    const movable *list = state_find_movable(s, node->as.container.index);
    uint32_t at[SEQ_UNITS];
    if (list != NULL) return movable_at(list, index, LK_UTF8, at)->value;
    return seq_get(state_find_seq(s, node->as.container.index), index, NULL);
}

static const lk_value *jsonpath_member(const path_asker *a, const lk_value *node, lk_str name) {
    const map *m = jsonpath_map(a, node);
    if (m != NULL) {
        uint32_t key = intern_find_key(&a->doc->log.names, name);
        const map_entry *entry = key == TABLE_NONE ? NULL : map_find(m, key);
        return entry == NULL ? NULL : entry->value;
    }
    for (uint32_t i = 0; node->type == LK_ENTRIES && i < node->len; i++) {
        const lk_entry *entry = &node->as.entries[i];
        if (entry->key.len == name.len &&
            (name.len == 0 || __builtin_memcmp(entry->key.at, name.at, name.len) == 0))
            return &entry->value;
    }
    return NULL;
}

typedef struct path_walk { /* of the children of a node */
    const path_asker *a;
    const lk_value *node;
    const map *map;
    uint32_t len;
    size_t at;
} path_walk;

static path_walk jsonpath_children(const path_asker *a, const lk_value *node) {
    uint32_t len = node->type == LK_ENTRIES ? node->len : jsonpath_len(a, node);
    return (path_walk){a, node, jsonpath_map(a, node), len, 0};
}

static const lk_value *jsonpath_next(path_walk *w) {
    if (w->map != NULL) {
        const map_entry *entry = map_next(w->map, &w->at);
        return entry == NULL ? NULL : entry->value;
    }
    if (w->at >= w->len) return NULL;
    if (w->node->type == LK_ENTRIES) return &w->node->as.entries[w->at++].value;
    return jsonpath_item(w->a, w->node, (uint32_t)w->at++);
}

/* ---- selecting ---- */

static void jsonpath_slice(path_asker *a, const lk_value *node, const path_selector *s,
                           path_nodes *out) {
    int64_t len = jsonpath_len(a, node), by = s->step;
    int64_t start = s->has_start ? s->start : by > 0 ? 0 : len - 1;
    int64_t stop = s->has_stop ? s->stop : by > 0 ? len : -len - 1;
    if (start < 0) start += len;
    if (stop < 0) stop += len;
    start = start < 0 ? 0 : start > len ? len : start;
    stop = stop < -1 ? -1 : stop > len ? len : stop;
    for (int64_t i = start; by > 0 ? i < stop : by < 0 && i > stop; i += by)
        if (i < len) jsonpath_add(a, out, jsonpath_item(a, node, (uint32_t)i));
}

static void jsonpath_select(path_asker *a, const lk_value *node, const path_selector *s,
                            path_nodes *out) {
    for (; s != NULL && jsonpath_spend(a, 1); s = s->next) {
        const lk_value *child = NULL;
        int64_t index = s->start < 0 ? s->start + jsonpath_len(a, node) : s->start;
        switch (s->kind) {
        case PATH_NAME: child = jsonpath_member(a, node, s->name); break;
        case PATH_INDEX:
            if (index >= 0 && index < jsonpath_len(a, node))
                child = jsonpath_item(a, node, (uint32_t)index);
            break;
        case PATH_SLICE: jsonpath_slice(a, node, s, out); break;
        case PATH_WILD:
        case PATH_FILTER: {
            path_walk w = jsonpath_children(a, node);
            const lk_value *each;
            while (jsonpath_spend(a, 1) && (each = jsonpath_next(&w)) != NULL)
                if (s->kind == PATH_WILD || jsonpath_holds(a, s->filter, each))
                    jsonpath_add(a, out, each);
            break;
        }
        }
        if (child != NULL) jsonpath_add(a, out, child);
    }
}

static void jsonpath_descend(path_asker *a, const lk_value *node, const path_selector *s,
                             path_nodes *out, unsigned depth) {
    if (depth > LIMIT_NESTING && a->status == LK_OK) a->status = LK_ELIMIT;
    jsonpath_select(a, node, s, out);
    path_walk w = jsonpath_children(a, node);
    const lk_value *child;
    while (jsonpath_spend(a, 1) && (child = jsonpath_next(&w)) != NULL)
        jsonpath_descend(a, child, s, out, depth + 1);
}

static void jsonpath_ask(path_asker *a, const path_query *q, const lk_value *from,
                         path_nodes *out) {
    jsonpath_add(a, out, q->relative ? from : &a->root);
    for (const path_segment *s = q->segments; s != NULL && a->status == LK_OK; s = s->next) {
        path_nodes next = {0};
        for (size_t i = 0; i < out->len && a->status == LK_OK; i++) {
            if (s->recursive)
                jsonpath_descend(a, &out->at[i], s->selectors, &next, 0);
            else
                jsonpath_select(a, &out->at[i], s->selectors, &next);
        }
        vec_drop(&a->doc->memory, out);
        *out = next;
    }
}

/* What a singular query finds, or NULL: without building lists. */
static const lk_value *jsonpath_find(path_asker *a, const path_query *q, const lk_value *from) {
    const lk_value *at = q->relative ? from : &a->root;
    for (const path_segment *s = q->segments; s != NULL && at != NULL; s = s->next) {
        if (!jsonpath_spend(a, 1)) return NULL;
        const path_selector *by = s->selectors;
        if (by->kind == PATH_NAME) {
            at = jsonpath_member(a, at, by->name);
            continue;
        }
        int64_t len = jsonpath_len(a, at), index = by->start < 0 ? by->start + len : by->start;
        at = index >= 0 && index < len ? jsonpath_item(a, at, (uint32_t)index) : NULL;
    }
    return at;
}

/* ---- filters ---- */

static void jsonpath_text_value(path_asker *a, lk_ref text, lk_value *out) {
    lk_buf whole = {.memory = &a->doc->memory};
    size_t len = lk_text_len(a->doc, text, LK_UTF8);
    uint8_t *copy = arena_bytes(a->scratch, len);
    if (copy == NULL || lk_text_string(a->doc, text, &whole) != LK_OK) a->status = LK_ENOMEM;
    if (a->status == LK_OK && len > 0) __builtin_memcpy(copy, whole.at, len);
    lk_buf_free(&whole);
    *out = (lk_value){.type = LK_STRING, .len = (uint32_t)len, .as.bytes = copy};
}

static void jsonpath_list_value(path_asker *a, const lk_value *node, lk_value *out) {
    uint32_t len = jsonpath_len(a, node);
    lk_value *items = jsonpath_spend(a, len) ? arena_new(a->scratch, lk_value, len) : NULL;
    if (items == NULL && a->status == LK_OK) a->status = LK_ENOMEM;
    for (uint32_t i = 0; items != NULL && i < len; i++) items[i] = *jsonpath_item(a, node, i);
    *out = (lk_value){.type = LK_VALUES, .len = items == NULL ? 0 : len, .as.values = items};
}

/* A node as filters see it: of a map only how much it holds, of a tree nothing. */
static void jsonpath_plain(path_asker *a, const lk_value *node, lk_value *out) {
    *out = *node;
    if (node->type != LK_CONTAINER) return;
    const state *s = &a->doc->state;
    uint32_t id = node->as.container.index;
    *out = (lk_value){.type = LK_NULL};
    switch (s->containers.at[id]->kind) {
    case LK_TEXT: jsonpath_text_value(a, node->as.container, out); break;
    case LK_LIST:
    case LK_MOVABLE_LIST: jsonpath_list_value(a, node, out); break;
    case LK_COUNTER: *out = (lk_value){.type = LK_F64, .as.f64 = *state_find_counter(s, id)}; break;
    case LK_MAP:
        *out = (lk_value){.type = LK_ENTRIES, .len = (uint32_t)map_len(state_find_map(s, id))};
        break;
    default: break;
    }
}

static bool jsonpath_order(path_op how, int order) {
    switch (how) {
    case PATH_EQ: return order == 0;
    case PATH_NE: return order != 0;
    case PATH_LE: return order <= 0;
    case PATH_GE: return order >= 0;
    case PATH_LT: return order < 0;
    case PATH_GT: return order > 0;
    default: return false;
    }
}

static bool jsonpath_contains(path_asker *a, const lk_value *text, const lk_value *part) {
    for (uint32_t i = 0; i + part->len <= text->len; i++) {
        uint32_t same = 0;
        while (same < part->len && text->as.bytes[i + same] == part->as.bytes[same]) same++;
        if (same == part->len) return true;
        if (!jsonpath_spend(a, 1 + same / 16)) return false;
    }
    return false;
}

static bool jsonpath_compare_text(path_asker *a, const lk_value *x, path_op how,
                                  const lk_value *y) {
    if (how == PATH_CONTAINS) return jsonpath_contains(a, x, y);
    uint32_t both = x->len < y->len ? x->len : y->len;
    int order = both == 0 ? 0 : __builtin_memcmp(x->as.bytes, y->as.bytes, both);
    if (order == 0) order = x->len < y->len ? -1 : x->len > y->len;
    return jsonpath_spend(a, both / 64) && jsonpath_order(how, order);
}

/* Doubles are equal if no rounding error near 1 tells them apart, as in Loro. */
static bool jsonpath_compare_numbers(double x, path_op how, double y) {
    double apart = x < y ? y - x : x - y;
    if (how == PATH_EQ) return apart < 0x1p-52;
    if (how == PATH_NE) return apart >= 0x1p-52;
    if (x != x || y != y) return false;
    return jsonpath_order(how, x < y ? -1 : x > y);
}

static bool jsonpath_compare(path_asker *a, const lk_value *x, path_op how, const lk_value *y) {
    if (how == PATH_IN) {
        for (uint32_t i = 0; y->type == LK_VALUES && i < y->len && jsonpath_spend(a, 1); i++)
            if (jsonpath_compare(a, x, PATH_EQ, &y->as.values[i])) return true;
        return false;
    }
    if (x->type == LK_I64 && y->type == LK_I64)
        return jsonpath_order(how, x->as.i64 < y->as.i64 ? -1 : x->as.i64 > y->as.i64);
    bool numbers =
        (x->type == LK_I64 || x->type == LK_F64) && (y->type == LK_I64 || y->type == LK_F64);
    if (numbers) {
        double left = x->type == LK_I64 ? (double)x->as.i64 : x->as.f64;
        return jsonpath_compare_numbers(left, how,
                                        y->type == LK_I64 ? (double)y->as.i64 : y->as.f64);
    }
    if (x->type != y->type) return false;
    if (x->type == LK_STRING) return jsonpath_compare_text(a, x, how, y);
    if (x->type == LK_BOOL)
        return how <= PATH_NE && (x->as.boolean == y->as.boolean) == (how == PATH_EQ);
    return x->type == LK_NULL && how == PATH_EQ;
}

/* How many nodes a query finds, and the last of them. */
static size_t jsonpath_count(path_asker *a, const path_query *q, const lk_value *node,
                             lk_value *last) {
    path_nodes found = {0};
    jsonpath_ask(a, q, node, &found);
    size_t count = found.len;
    if (count > 0) *last = found.at[count - 1];
    vec_drop(&a->doc->memory, &found);
    return count;
}

/* The value of an operand; false: it finds no node. */
static bool jsonpath_value(path_asker *a, const path_expr *e, const lk_value *node, lk_value *out) {
    lk_value of;
    *out = (lk_value){.type = LK_NULL};
    switch (e->kind) {
    case PATH_LITERAL: *out = e->value; return true;
    case PATH_QUERY: {
        const lk_value *found = jsonpath_find(a, &e->query, node);
        if (found != NULL) jsonpath_plain(a, found, out);
        return found != NULL;
    }
    case PATH_COUNT:
        *out = (lk_value){.type = LK_I64,
                          .as.i64 = (int64_t)jsonpath_count(a, &e->a->query, node, &of)};
        return true;
    case PATH_VALUE:
        if (jsonpath_count(a, &e->a->query, node, &of) == 1) jsonpath_plain(a, &of, out);
        return true;
    default: /* length: as in Loro, of a query it is 0 unless value() is around it */
        *out = (lk_value){.type = LK_I64};
        if (e->a->kind == PATH_QUERY) return true;
        jsonpath_value(a, e->a, node, &of);
        bool long_one = of.type == LK_STRING || of.type == LK_VALUES || of.type == LK_ENTRIES;
        if (long_one) out->as.i64 = of.len;
        return true;
    }
}

static bool jsonpath_test(path_asker *a, const path_expr *e, const lk_value *node) {
    lk_value x, y;
    switch (e->kind) {
    case PATH_NOT: return !jsonpath_test(a, e->a, node);
    case PATH_AND: return jsonpath_test(a, e->a, node) && jsonpath_test(a, e->b, node);
    case PATH_OR: return jsonpath_test(a, e->a, node) || jsonpath_test(a, e->b, node);
    case PATH_COMPARE:
        return jsonpath_value(a, e->a, node, &x) && jsonpath_value(a, e->b, node, &y) &&
               a->status == LK_OK && jsonpath_compare(a, &x, e->op, &y);
    default:
        if (e->query.singular) return jsonpath_find(a, &e->query, node) != NULL;
        return jsonpath_count(a, &e->query, node, &x) > 0;
    }
}

static bool jsonpath_holds(path_asker *a, const path_expr *e, const lk_value *node) {
    arena_mark mark = arena_save(a->scratch);
    bool holds = jsonpath_test(a, e, node);
    arena_rewind(a->scratch, mark);
    return holds && a->status == LK_OK;
}

/* ---- asking ---- */

/* The document as a map of its roots, those left out of it not. */
static bool jsonpath_root(lk_doc *doc, lk_value *out) {
    size_t cursor = 0, len = 0;
    lk_ref root;
    lk_entry *entries = arena_new(&doc->scratch, lk_entry, doc->log.names.containers.len);
    if (entries == NULL) return false;
    while (lk_root_next(doc, &cursor, &root)) {
        if (!lk_root_shows(doc, root)) continue;
        entries[len].key = doc->log.names.containers.at[root.index].id.name;
        entries[len++].value = (lk_value){.type = LK_CONTAINER, .as.container = root};
    }
    *out = (lk_value){.type = LK_ENTRIES, .len = (uint32_t)len, .as.entries = entries};
    return true;
}

lk_status lk_jsonpath(lk_doc *doc, lk_str query, const lk_value **out, size_t *len,
                      lk_fault *fault_or_null) {
    lk_fault fault;
    path_query q;
    arena_reset(&doc->scratch);
    lk_status status = jsonpath_parse(query, &doc->scratch, &q, &fault);
    if (fault_or_null != NULL) *fault_or_null = fault;
    path_asker a = {.doc = doc, .scratch = &doc->scratch};
    a.steps = LIMIT_QUERY_STEPS + 64 * (uint64_t)doc->log.graph.end;
    if (status != LK_OK) return status;
    if (!jsonpath_root(doc, &a.root)) return LK_ENOMEM;
    path_nodes found = {0};
    jsonpath_ask(&a, &q, &a.root, &found);
    lk_value *copy = arena_new(&doc->scratch, lk_value, found.len);
    if (copy == NULL && a.status == LK_OK) a.status = LK_ENOMEM;
    if (a.status == LK_OK && found.len > 0)
        __builtin_memcpy(copy, found.at, found.len * sizeof *copy);
    *out = copy;
    *len = found.len;
    vec_drop(&doc->memory, &found);
    return a.status;
}

/* ---- matching places ---- */

static bool jsonpath_fits(const path_selector *s, const lk_path_item *item, bool *loose) {
    for (; s != NULL; s = s->next) {
        bool exact = s->kind == PATH_NAME || (s->kind == PATH_INDEX && s->start >= 0);
        if (!exact) {
            *loose = true;
            return true;
        }
        if (s->kind == PATH_NAME && item->is_key && item->key.len == s->name.len &&
            (s->name.len == 0 || __builtin_memcmp(item->key.at, s->name.at, s->name.len) == 0))
            return true;
        if (s->kind == PATH_INDEX && !item->is_key &&
            (item->index == SIZE_MAX || item->index == (uint64_t)s->start))
            return true;
    }
    return false;
}

/* at[i]: i segments lead to where the path has come; loose[i]: the last of them by a wildcard. */
static void jsonpath_step(const path_query *q, const lk_path_item *item, size_t count, uint8_t *at,
                          uint8_t *loose) {
    bool came = false, came_loose = false;
    size_t i = 0;
    for (const path_segment *s = q->segments; s != NULL; s = s->next, i++) {
        bool was = at[i], by_wildcard = false;
        bool fits = was && jsonpath_fits(s->selectors, item, &by_wildcard);
        at[i] = came || (was && s->recursive);
        loose[i] = came ? came_loose : loose[i];
        came = fits;
        came_loose = by_wildcard;
    }
    if (came) loose[count] = came_loose;
    at[count] |= came; /* what is found stays found below */
}

lk_status lk_jsonpath_match(lk_doc *doc, lk_str query, const lk_path_item *path, size_t len,
                            unsigned *out) {
    lk_fault fault;
    path_query q;
    arena_reset(&doc->scratch);
    lk_status status = jsonpath_parse(query, &doc->scratch, &q, &fault);
    if (status != LK_OK) return status;
    size_t count = 0;
    for (const path_segment *s = q.segments; s != NULL; s = s->next) count++;
    uint8_t *at = arena_alloc(&doc->scratch, 2 * (count + 1)), *loose = at + count + 1;
    if (at == NULL) return LK_ENOMEM;
    __builtin_memset(at, 0, 2 * (count + 1));
    at[0] = 1;
    for (size_t i = 0; i < len; i++) jsonpath_step(&q, &path[i], count, at, loose);
    *out = at[count] ? LK_PATH_FOUND : 0;
    for (size_t i = 0; i <= count; i++) {
        if (!at[i]) continue;
        *out |= LK_PATH_LEADS;
        if (i > 0 && loose[i]) *out |= LK_PATH_LOOSE;
    }
    return LK_OK;
}
