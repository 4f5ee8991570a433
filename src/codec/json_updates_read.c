/* SPDX-License-Identifier: MIT
 * json_updates_read.c - JSON text to changes. Nothing is held of the text but the change under way:
 * its operations and the tables of its block, which are made as names are met. */
#include "base/hex.h"
#include "base/limits.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "codec/json_updates.h"
#include "codec/op_row.h"

/* Marks a string as the id of a container, so that text which looks like one stays text. */
#define UPDATES_CONTAINER "\U0001f99c:"

/* Tables larger than this are made anew for the next change instead of being cleared. */
#define UPDATES_TABLE_KEEP 64u

static void updates_fail(json_updates_reader *s, const uint8_t *at, const char *what) {
    if (!reader_ok(&s->r)) return;
    s->r.at = at;
    reader_fail(&s->r, LK_ECORRUPT, what);
}

static void updates_no_memory(json_updates_reader *s) {
    reader_fail(&s->r, LK_ENOMEM, "out of memory");
}

/* Go to a member that must be there. */
static bool updates_take(json_updates_reader *s, const uint8_t *at) {
    if (!reader_ok(&s->r)) return false;
    if (at == NULL) {
        reader_fail(&s->r, LK_ECORRUPT, "member is missing");
        return false;
    }
    s->r.at = at;
    return true;
}

static lk_str updates_str(json_updates_reader *s, const uint8_t *at) {
    if (!updates_take(s, at)) return (lk_str){"", 0};
    return json_read_string(&s->r, s->scratch);
}

static int64_t updates_int(json_updates_reader *s, const uint8_t *at, int64_t min, int64_t max) {
    return updates_take(s, at) ? json_read_int(&s->r, min, max) : min;
}

/* ---- names ---- */

static void updates_clear(table *t, const lk_memory *heap) {
    if (t->cap > UPDATES_TABLE_KEEP)
        table_drop(t, heap);
    else
        table_rewind(t, 0);
}

static peer_ix updates_peer(json_updates_reader *s, uint64_t peer) {
    uint32_t hash = keyed_hash_u64(s->scratch->heap->hash_key, peer);
    table_probe p;
    for (uint32_t i = table_first(&s->peer_index, hash, &p); i != TABLE_NONE; i = table_next(&p))
        if (s->block_peers.at[i] == peer) return i;
    const lk_memory *heap = s->scratch->heap;
    if (!table_reserve(&s->peer_index, heap, 1) || !vec_reserve(heap, &s->block_peers, 1)) {
        updates_no_memory(s);
        return 0;
    }
    s->block_peers.at[s->block_peers.len++] = peer;
    table_add(&s->peer_index, hash, (uint32_t)s->block_peers.len - 1);
    return (peer_ix)s->block_peers.len - 1;
}

/* A peer as it is spelled, as the block's number. */
static peer_ix updates_spelled(json_updates_reader *s, uint64_t peer, const uint8_t *at) {
    if (!reader_ok(&s->r)) return 0;
    if (!s->numbered) return updates_peer(s, peer);
    if (peer < s->peer_len) return updates_peer(s, s->peers[peer]);
    updates_fail(s, at, "peer is not in the table");
    return 0;
}

/* COUNTER@PEER behind a prefix. */
static op_id updates_id(json_updates_reader *s, const uint8_t *at, const char *prefix) {
    lk_str text = updates_str(s, at);
    uint64_t counter = 0, peer = 0;
    bool valid = id_skip(&text, prefix) && id_parse_number(&text, LIMIT_COUNTER, &counter) &&
                 id_skip(&text, "@") && id_parse_number(&text, UINT64_MAX, &peer) && text.len == 0;
    if (!valid) updates_fail(s, at, "no id");
    return (op_id){updates_spelled(s, peer, at), (int32_t)counter};
}

static bool updates_same_cid(const container_id *a, const container_id *b) {
    if (a->kind != b->kind || a->root != b->root) return false;
    if (a->root) return sort_str(a->name, b->name) == 0;
    return a->peer == b->peer && a->counter == b->counter;
}

static uint32_t updates_cid(json_updates_reader *s, const uint8_t *at) {
    lk_str text = updates_str(s, at);
    container_id id;
    uint64_t peer;
    if (!container_id_parse(text, &id, &peer)) updates_fail(s, at, "no container id");
    if (!id.root) id.peer = updates_spelled(s, peer, at);
    if (!reader_ok(&s->r)) return 0;
    const uint64_t *secret = s->scratch->heap->hash_key;
    uint32_t hash = id.root
                        ? keyed_hash(secret, id.name.at, id.name.len) ^ id.kind
                        : keyed_hash_u64(secret, (uint64_t)id.peer << 32 | (uint32_t)id.counter);
    table_probe p;
    for (uint32_t i = table_first(&s->cid_index, hash, &p); i != TABLE_NONE; i = table_next(&p))
        if (updates_same_cid(&s->block_cids.at[i], &id)) return i;
    const lk_memory *heap = s->scratch->heap;
    if (!table_reserve(&s->cid_index, heap, 1) || !vec_reserve(heap, &s->block_cids, 1)) {
        updates_no_memory(s);
        return 0;
    }
    s->block_cids.at[s->block_cids.len++] = id;
    table_add(&s->cid_index, hash, (uint32_t)s->block_cids.len - 1);
    return (uint32_t)s->block_cids.len - 1;
}

static uint32_t updates_key(json_updates_reader *s, const uint8_t *at) {
    uint32_t key = key_table_index(&s->keys, updates_str(s, at));
    if (s->keys.failed) updates_no_memory(s);
    return key;
}

/* ---- values ---- */

static void updates_value(json_updates_reader *s, op_id id, unsigned depth, lk_value *out);

/* Text, or a container, which can only be the one that the operation `id` makes. */
static void updates_value_string(json_updates_reader *s, op_id id, lk_value *out) {
    const uint8_t *at = s->r.at;
    lk_str text = json_read_string(&s->r, s->scratch);
    *out = (lk_value){
        .type = LK_STRING, .len = (uint32_t)text.len, .as.bytes = (const uint8_t *)text.at};
    if (!id_skip(&text, UPDATES_CONTAINER)) return;
    container_id child;
    uint64_t peer;
    if (!container_id_parse(text, &child, &peer) || child.root) {
        updates_fail(s, at, "no container id");
        return;
    }
    if (updates_spelled(s, peer, at) != id.peer || child.counter != id.counter)
        updates_fail(s, at, "container is not named after its operation");
    *out = (lk_value){.type = LK_CONTAINER, .as.container = {child.kind}};
}

/* Items of a list that is the whole value, at depth 0, are numbered: they may be containers. */
static void updates_value_list(json_updates_reader *s, op_id id, unsigned depth, lk_value *out) {
    VEC(lk_value) items = {0};
    bool first = true;
    while (json_read_item(&s->r, &first)) {
        lk_value *item = arena_vec_push(s->scratch, &items);
        if (item == NULL) {
            updates_no_memory(s);
            return;
        }
        op_id own = {id.peer, id.counter + (depth == 0 ? (int32_t)items.len - 1 : 0)};
        updates_value(s, own, depth + 1, item);
    }
    *out = (lk_value){.type = LK_VALUES, .len = (uint32_t)items.len, .as.values = items.at};
}

static int updates_entry_order(const void *a, const void *b) {
    return sort_str(((const lk_entry *)a)->key, ((const lk_entry *)b)->key);
}

static void updates_value_map(json_updates_reader *s, op_id id, unsigned depth, lk_value *out) {
    VEC(lk_entry) entries = {0};
    const uint8_t *at = s->r.at;
    bool first = true;
    lk_str key;
    while (json_read_key(&s->r, s->scratch, &first, &key)) {
        lk_entry *entry = arena_vec_push(s->scratch, &entries);
        if (entry == NULL) {
            updates_no_memory(s);
            return;
        }
        entry->key = key;
        updates_value(s, id, depth + 1, &entry->value);
    }
    if (!reader_ok(&s->r)) return;
    sort_items(entries.at, entries.len, sizeof *entries.at, updates_entry_order);
    for (size_t i = 1; i < entries.len; i++)
        if (updates_entry_order(&entries.at[i - 1], &entries.at[i]) == 0)
            updates_fail(s, at, "key appears twice in a map");
    *out = (lk_value){.type = LK_ENTRIES, .len = (uint32_t)entries.len, .as.entries = entries.at};
}

static void updates_value(json_updates_reader *s, op_id id, unsigned depth, lk_value *out) {
    *out = (lk_value){.type = LK_NULL};
    if (depth == LIMIT_DEPTH) reader_fail(&s->r, LK_ELIMIT, "value is nested too deep");
    uint8_t begins = json_read_peek(&s->r);
    switch (begins) {
    case '"': updates_value_string(s, id, out); return;
    case '[': updates_value_list(s, id, depth, out); return;
    case '{': updates_value_map(s, id, depth, out); return;
    case 'n': json_read_null(&s->r); return;
    case 't':
    case 'f':
        *out = (lk_value){.type = LK_BOOL, .as.boolean = begins == 't'};
        json_read_skip(&s->r);
        return;
    default: json_read_number(&s->r, out); return;
    }
}

static const lk_value *updates_take_value(json_updates_reader *s, const uint8_t *at) {
    lk_value *value = arena_new(s->scratch, lk_value, 1);
    if (value == NULL) updates_no_memory(s);
    if (updates_take(s, at)) updates_value(s, s->next, 0, value);
    return value;
}

/* ---- operations ---- */

/* Members of the content of an operation, whatever its type. */
enum {
    IN_TYPE,
    IN_POS,
    IN_LEN,
    IN_TEXT,
    IN_VALUE,
    IN_KEY,
    IN_START_ID,
    IN_START,
    IN_END,
    IN_STYLE_KEY,
    IN_STYLE_VALUE,
    IN_INFO,
    IN_FROM,
    IN_TO,
    IN_ELEM_ID,
    IN_TARGET,
    IN_PARENT,
    IN_POSITION,
    IN_PROP,
    IN_KIND,
    IN_DATA,
    IN_COUNT
};
static const char *const in_names[IN_COUNT] = {
    "type",     "pos",   "len",     "text",      "value",       "key",
    "start_id", "start", "end",     "style_key", "style_value", "info",
    "from",     "to",    "elem_id", "target",    "parent",      "fractional_index",
    "prop",     "kind",  "data",
};

static bool updates_is(lk_str text, const char *word) {
    return id_skip(&text, word) && text.len == 0;
}

static uint32_t updates_pos(json_updates_reader *s, const uint8_t *at) {
    return (uint32_t)updates_int(s, at, 0, LIMIT_POSITION);
}

static void updates_insert(json_updates_reader *s, const uint8_t *const *in, op *o) {
    lk_str text = updates_str(s, in[IN_TEXT]);
    o->kind = OP_TEXT_INSERT;
    o->len = utf8_measure((const uint8_t *)text.at, text.len).unit[LK_CODEPOINT];
    o->as.insert.text = (const uint8_t *)text.at;
    o->as.insert.bytes = (uint32_t)text.len;
    o->as.insert.pos = updates_pos(s, in[IN_POS]);
    if (text.len == 0) updates_fail(s, in[IN_TEXT], "operation does nothing");
}

static void updates_list_insert(json_updates_reader *s, const uint8_t *const *in, op *o) {
    const lk_value *items = updates_take_value(s, in[IN_VALUE]);
    o->kind = OP_LIST_INSERT;
    o->as.list.pos = updates_pos(s, in[IN_POS]);
    if (!reader_ok(&s->r)) return;
    if (items->type != LK_VALUES || items->len == 0)
        updates_fail(s, in[IN_VALUE], "no items to insert");
    o->len = items->len;
    o->as.list.values = items->as.values;
}

static void updates_delete(json_updates_reader *s, const uint8_t *const *in, op *o) {
    int64_t len = updates_int(s, in[IN_LEN], -LIMIT_COUNTER, LIMIT_COUNTER);
    o->kind = OP_DELETE;
    o->as.del.reversed = len < 0;
    o->len = (uint32_t)(len < 0 ? -len : len);
    o->as.del.pos = updates_pos(s, in[IN_POS]);
    o->as.del.start = updates_id(s, in[IN_START_ID], "");
    uint32_t reach = len < 0 ? 1 : o->len;
    bool below = len < 0 && o->as.del.pos + 1 < o->len;
    if (len == 0 || below || reach > LIMIT_POSITION - o->as.del.pos)
        updates_fail(s, in[IN_LEN], "length of the operation is wrong");
    if (o->len > (uint32_t)(LIMIT_COUNTER - o->as.del.start.counter))
        updates_fail(s, in[IN_START_ID], "counter is out of range");
}

static void updates_mark(json_updates_reader *s, const uint8_t *const *in, op *o) {
    op_mark *mark = reader_need(&s->r, arena_new(s->scratch, op_mark, 1));
    o->kind = OP_MARK_START;
    if ((o->as.mark = mark) == NULL) return;
    *mark = (op_mark){.start = updates_pos(s, in[IN_START])};
    mark->end = (uint32_t)updates_int(s, in[IN_END], mark->start, LIMIT_POSITION);
    mark->key = updates_key(s, in[IN_STYLE_KEY]);
    mark->info = (uint8_t)updates_int(s, in[IN_INFO], 0, UINT8_MAX);
    mark->value = updates_take_value(s, in[IN_STYLE_VALUE]);
}

static void updates_move(json_updates_reader *s, const uint8_t *const *in, op *o) {
    op_id elem = updates_id(s, in[IN_ELEM_ID], "L");
    o->kind = OP_MOVE;
    o->as.move.from = updates_pos(s, in[IN_FROM]);
    o->as.move.to = updates_pos(s, in[IN_TO]);
    o->as.move.elem_peer = elem.peer;
    o->as.move.elem_lamport = (uint32_t)elem.counter;
}

static void updates_set(json_updates_reader *s, const uint8_t *const *in, op *o) {
    op_id elem = updates_id(s, in[IN_ELEM_ID], "L");
    o->kind = OP_SET;
    o->as.set.elem_peer = elem.peer;
    o->as.set.elem_lamport = (uint32_t)elem.counter;
    o->as.set.value = updates_take_value(s, in[IN_VALUE]);
}

/* A fractional index in hexadecimal digits; where there is none, that of an only child. */
static lk_bytes updates_position(json_updates_reader *s, const uint8_t *at) {
    lk_str text = at == NULL ? (lk_str){"80", 2} : updates_str(s, at);
    uint8_t *bytes = arena_bytes(s->scratch, text.len / 2);
    if (bytes == NULL) updates_no_memory(s);
    bool valid = text.len % 2 == 0;
    for (size_t i = 0; i < text.len / 2 && valid && bytes != NULL; i++) {
        int byte = hex_byte(text.at + 2 * i);
        valid = byte >= 0;
        bytes[i] = (uint8_t)byte;
    }
    if (!valid) updates_fail(s, at, "no hexadecimal digits");
    return (lk_bytes){bytes, text.len / 2};
}

static bool updates_tree(json_updates_reader *s, lk_str type, const uint8_t *const *in, op *o) {
    op_tree *tree = reader_need(&s->r, arena_new(s->scratch, op_tree, 1));
    o->kind = OP_TREE;
    if ((o->as.tree = tree) == NULL) return true;
    *tree = (op_tree){.node = updates_id(s, in[IN_TARGET], "")};
    if (updates_is(type, "delete")) {
        op_id bin = {updates_peer(s, TREE_DELETED_PEER), TREE_DELETED_COUNTER};
        tree->has_parent = tree->deletes = true;
        tree->parent = bin;
        return true;
    }
    bool creates = updates_is(type, "create");
    bool own = tree->node.peer == s->next.peer && tree->node.counter == s->next.counter;
    if (creates && !own) updates_fail(s, in[IN_TARGET], "node is not named after its operation");
    if (updates_take(s, in[IN_PARENT]) && !json_read_null(&s->r)) {
        tree->has_parent = true;
        tree->parent = updates_id(s, in[IN_PARENT], "");
    }
    tree->position = updates_position(s, in[IN_POSITION]);
    return creates || updates_is(type, "move");
}

static void updates_counter(json_updates_reader *s, const uint8_t *const *in, op *o) {
    lk_value delta = {.type = LK_I64};
    if (updates_take(s, in[IN_VALUE])) json_read_number(&s->r, &delta);
    o->kind = OP_COUNTER;
    o->as.delta = delta.type == LK_I64 ? (double)delta.as.i64 : delta.as.f64;
}

/* An operation to come: "value" is {"kind", "data"}, the payload as an array of bytes. */
static void updates_unknown(json_updates_reader *s, const uint8_t *const *in, op *o) {
    const uint8_t *at[IN_COUNT];
    op_unknown *unknown = reader_need(&s->r, arena_new(s->scratch, op_unknown, 1));
    o->kind = OP_UNKNOWN;
    if ((o->as.unknown = unknown) == NULL) return;
    *unknown = (op_unknown){.prop = (int32_t)updates_int(s, in[IN_PROP], INT32_MIN, INT32_MAX)};
    if (!updates_take(s, in[IN_VALUE])) return;
    json_read_members(&s->r, in_names, IN_COUNT, at);
    uint8_t kind = (uint8_t)updates_int(s, at[IN_KIND], 0, INT8_MAX);
    bool future = kind >= TAG_FUTURE;
    unknown->value_kind = future ? kind | TAG_FUTURE_BIT : kind;
    lk_buf data = {.memory = s->scratch->heap};
    writer w = writer_new(&data);
    bool first = true;
    size_t start = future ? writer_open(&w) : 0;
    if (updates_take(s, at[IN_DATA]))
        while (json_read_item(&s->r, &first)) writer_u8(&w, (uint8_t)json_read_int(&s->r, 0, 255));
    if (future) writer_close(&w, start);
    uint8_t *payload = arena_bytes(s->scratch, data.len);
    if (w.failed || payload == NULL)
        updates_no_memory(s);
    else if (data.len > 0)
        __builtin_memcpy(payload, data.at, data.len);
    unknown->payload = (lk_bytes){payload, data.len};
    lk_buf_free(&data);
}

/* Text, list, movable list. */
static bool updates_sequence(json_updates_reader *s, container_kind kind, lk_str type,
                             const uint8_t *const *in, op *o) {
    if (updates_is(type, "delete"))
        updates_delete(s, in, o);
    else if (updates_is(type, "insert"))
        kind == LK_TEXT ? updates_insert(s, in, o) : updates_list_insert(s, in, o);
    else if (kind == LK_TEXT && updates_is(type, "mark"))
        updates_mark(s, in, o);
    else if (kind == LK_TEXT && updates_is(type, "mark_end"))
        o->kind = OP_MARK_END;
    else if (kind == LK_MOVABLE_LIST && updates_is(type, "move"))
        updates_move(s, in, o);
    else if (kind == LK_MOVABLE_LIST && updates_is(type, "set"))
        updates_set(s, in, o);
    else
        return false;
    return true;
}

static bool updates_map(json_updates_reader *s, lk_str type, const uint8_t *const *in, op *o) {
    bool sets = updates_is(type, "insert");
    o->kind = sets ? OP_MAP_SET : OP_MAP_DELETE;
    o->as.map.key = updates_key(s, in[IN_KEY]);
    if (sets) o->as.map.value = updates_take_value(s, in[IN_VALUE]);
    return sets || updates_is(type, "delete");
}

static void updates_content(json_updates_reader *s, const uint8_t *content, op *o) {
    const uint8_t *in[IN_COUNT];
    if (!updates_take(s, content)) return;
    json_read_members(&s->r, in_names, IN_COUNT, in);
    lk_str type = updates_str(s, in[IN_TYPE]);
    if (!reader_ok(&s->r)) return;
    bool known = true;
    container_kind kind = s->block_cids.at[o->container].kind;
    switch (kind) {
    case LK_TEXT:
    case LK_LIST:
    case LK_MOVABLE_LIST: known = updates_sequence(s, kind, type, in, o); break;
    case LK_MAP: known = updates_map(s, type, in, o); break;
    case LK_TREE: known = updates_tree(s, type, in, o); break;
    case LK_COUNTER: updates_counter(s, in, o); break;
    default: updates_unknown(s, in, o); break;
    }
    if (!known) updates_fail(s, in[IN_TYPE], "operation does not suit its container");
}

static void updates_op(json_updates_reader *s, op *o) {
    static const char *const names[] = {"container", "counter", "content"};
    const uint8_t *at[countof(names)];
    json_read_members(&s->r, names, countof(names), at);
    const uint8_t *after = s->r.at;
    *o = (op){.counter = s->next.counter, .len = 1};
    if (updates_int(s, at[1], 0, LIMIT_COUNTER) != s->next.counter)
        updates_fail(s, at[1], "operation does not follow the one before");
    o->container = updates_cid(s, at[0]);
    updates_content(s, at[2], o);
    if (o->len > (uint32_t)(LIMIT_COUNTER - s->next.counter))
        updates_fail(s, at[1], "counter is out of range");
    if (!reader_ok(&s->r)) return;
    s->next.counter += (int32_t)o->len;
    s->r.at = after;
}

/* ---- changes ---- */

typedef VEC(op) updates_ops;

static void updates_read_ops(json_updates_reader *s, const uint8_t *at, updates_ops *out) {
    bool first = true;
    if (!updates_take(s, at)) return;
    while (json_read_item(&s->r, &first)) {
        op *o = arena_vec_push(s->scratch, out);
        if (o == NULL) {
            updates_no_memory(s);
            return;
        }
        updates_op(s, o);
    }
    if (out->len == 0) updates_fail(s, at, "change has no operations");
}

/* An operation of the author's own can only be the one before: it has all others in its past. */
static void updates_read_deps(json_updates_reader *s, const uint8_t *list, change *c) {
    VEC(op_id) deps = {0};
    bool first = true;
    if (!updates_take(s, list)) return;
    while (json_read_item(&s->r, &first)) {
        op_id *dep = arena_vec_push(s->scratch, &deps);
        if (dep == NULL) {
            updates_no_memory(s);
            return;
        }
        json_read_peek(&s->r);
        const uint8_t *at = s->r.at;
        *dep = updates_id(s, at, "");
        if (dep->peer == 0 && dep->counter != c->counter - 1)
            updates_fail(s, at, "change depends on an operation of its own");
        /* each peer that is named first here is new: so one that is not was named before */
        if (dep->peer != 0 && dep->peer + 1 < s->block_peers.len)
            updates_fail(s, at, "change depends twice on one peer");
    }
    c->deps = deps.at;
    c->dep_len = (uint32_t)deps.len;
}

static void updates_change(json_updates_reader *s, change *c, updates_ops *ops) {
    static const char *const names[] = {"id", "timestamp", "deps", "lamport", "msg", "ops"};
    const uint8_t *at[countof(names)];
    json_read_members(&s->r, names, countof(names), at);
    const uint8_t *after = s->r.at;
    op_id id = s->next = updates_id(s, at[0], ""); /* the author is peer 0 of the block */
    c->counter = id.counter;
    c->timestamp_s = updates_int(s, at[1], INT64_MIN, INT64_MAX);
    updates_read_deps(s, at[2], c);
    c->lamport = (uint32_t)updates_int(s, at[3], 0, LIMIT_COUNTER);
    if (at[4] != NULL && updates_take(s, at[4]) && !json_read_null(&s->r))
        c->message = updates_str(s, at[4]);
    updates_read_ops(s, at[5], ops);
    c->op_len = (uint32_t)ops->len;
    c->len = (uint32_t)(s->next.counter - id.counter);
    if (c->len > LIMIT_COUNTER - c->lamport) updates_fail(s, at[3], "Lamport time is out of range");
    if (reader_ok(&s->r)) s->r.at = after;
}

bool json_updates_next(json_updates_reader *s, block *out) {
    if (!json_read_item(&s->r, &s->first)) return false;
    arena_rewind(s->scratch, s->mark);
    s->block_peers.len = s->block_cids.len = 0;
    updates_clear(&s->peer_index, s->scratch->heap);
    updates_clear(&s->cid_index, s->scratch->heap);
    key_table_drop(&s->keys);
    change *c = arena_new(s->scratch, change, 1);
    if (c == NULL) {
        updates_no_memory(s);
        return false;
    }
    *c = (change){0};
    updates_ops ops = {0};
    updates_change(s, c, &ops);
    *out = (block){.peers = s->block_peers.at,
                   .peer_len = s->block_peers.len,
                   .keys = s->keys.keys.at,
                   .key_len = s->keys.keys.len,
                   .cids = s->block_cids.at,
                   .cid_len = s->block_cids.len,
                   .changes = c,
                   .change_len = 1,
                   .ops = ops.at,
                   .op_len = ops.len};
    return reader_ok(&s->r);
}

/* ---- the frame ---- */

static void updates_read_peers(json_updates_reader *s, const uint8_t *list) {
    VEC(uint64_t) peers = {0};
    bool first = true;
    s->r.at = list;
    while (json_read_item(&s->r, &first)) {
        uint64_t *peer = arena_vec_push(s->scratch, &peers);
        if (peer == NULL) {
            updates_no_memory(s);
            return;
        }
        json_read_peek(&s->r);
        const uint8_t *at = s->r.at;
        lk_str text = json_read_string(&s->r, s->scratch);
        if (!id_parse_number(&text, UINT64_MAX, peer) || text.len > 0)
            updates_fail(s, at, "no peer id");
    }
    s->numbered = true;
    s->peers = peers.at;
    s->peer_len = peers.len;
}

/* {"PEER": COUNTER}; only handed on, since changes name what they build on. */
static void updates_read_start(json_updates_reader *s, const uint8_t *object) {
    VEC(lk_id) ids = {0};
    bool first = true;
    lk_str key;
    s->r.at = object;
    while (json_read_key(&s->r, s->scratch, &first, &key)) {
        lk_id *id = arena_vec_push(s->scratch, &ids);
        if (id == NULL) {
            updates_no_memory(s);
            return;
        }
        const uint8_t *at = s->r.at;
        id->counter = (int32_t)json_read_int(&s->r, 0, LIMIT_COUNTER);
        if (!id_parse_number(&key, UINT64_MAX, &id->peer) || key.len > 0)
            updates_fail(s, at, "no peer id");
    }
    s->start = ids.at;
    s->start_len = ids.len;
}

lk_status json_updates_open(json_updates_reader *out, lk_str text, arena *scratch) {
    static const char *const names[] = {"schema_version", "peers", "changes", "start_version"};
    const uint8_t *at[countof(names)];
    *out = (json_updates_reader){.r = reader_new((lk_bytes){(const uint8_t *)text.at, text.len}),
                                 .scratch = scratch,
                                 .first = true,
                                 .keys = {.heap = scratch->heap}};
    reader *r = &out->r;
    if (text.len > LIMIT_BLOB_BYTES)
        reader_fail(r, LK_ELIMIT, "text is too large");
    else if (!utf8_valid(r->at, text.len))
        reader_fail(r, LK_ECORRUPT, "text is not UTF-8");
    json_read_members(r, names, countof(names), at);
    json_read_end(r);
    int64_t version = updates_int(out, at[0], 0, UINT8_MAX);
    if (reader_ok(r) && version != JSON_SCHEMA_VERSION)
        reader_fail(r, LK_EVERSION, "schema is not known");
    if (at[1] != NULL && updates_take(out, at[1]) && !json_read_null(r))
        updates_read_peers(out, at[1]);
    if (at[3] != NULL && updates_take(out, at[3]) && !json_read_null(r))
        updates_read_start(out, at[3]);
    updates_take(out, at[2]);
    out->mark = arena_save(scratch);
    return r->fault.code;
}

void json_updates_close(json_updates_reader *s) {
    const lk_memory *heap = s->scratch->heap;
    vec_drop(heap, &s->block_peers);
    vec_drop(heap, &s->block_cids);
    table_drop(&s->peer_index, heap);
    table_drop(&s->cid_index, heap);
    key_table_drop(&s->keys);
}
