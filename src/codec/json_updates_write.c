/* SPDX-License-Identifier: MIT
 * json_updates_write.c - changes to JSON text. Members come in the order in which Loro writes them.
 * The table of peers is complete only at the end, and its text is then put in where it belongs. */
#include "base/hex.h"
#include "base/json.h"
#include "codec/json_updates.h"
#include "codec/op_row.h"

static void updates_put(json_updates_writer *s, const char *text) {
    writer_raw(&s->w, text, __builtin_strlen(text));
}

static void updates_put_int(json_updates_writer *s, const char *name, int64_t v) {
    updates_put(s, name);
    json_i64(&s->w, v);
}

static void updates_put_str(json_updates_writer *s, const char *name, lk_str v) {
    updates_put(s, name);
    json_quote(&s->w, v);
}

/* ---- ids ---- */

/* How a peer is spelled. */
static uint64_t updates_put_peer(json_updates_writer *s, uint64_t peer) {
    if (!s->numbered) return peer;
    uint32_t hash = keyed_hash_u64(s->heap->hash_key, peer);
    table_probe p;
    for (uint32_t i = table_first(&s->index, hash, &p); i != TABLE_NONE; i = table_next(&p))
        if (s->table.at[i] == peer) return i;
    if (!table_reserve(&s->index, s->heap, 1) || !vec_reserve(s->heap, &s->table, 1)) {
        s->w.failed = true;
        return 0;
    }
    s->table.at[s->table.len++] = peer;
    table_add(&s->index, hash, (uint32_t)s->table.len - 1);
    return s->table.len - 1;
}

/* name"PREFIX COUNTER@PEER" */
static void updates_put_id(json_updates_writer *s, const char *name, const char *prefix, op_id id) {
    updates_put(s, name);
    updates_put_int(s, prefix, id.counter);
    writer_u8(&s->w, '@');
    json_u64(&s->w, updates_put_peer(s, s->names->peers[id.peer]));
    writer_u8(&s->w, '"');
}

static const container_id *updates_find_cid(const json_updates_writer *s, uint32_t index) {
    return (const container_id *)(const void *)((const char *)s->names->cids +
                                                index * s->names->cid_size);
}

static void updates_put_cid(json_updates_writer *s, const char *prefix, const container_id *id) {
    uint64_t peer = id->root ? 0 : updates_put_peer(s, s->names->peers[id->peer]);
    s->text.len = 0;
    bool spelled = buf_append(&s->text, prefix, __builtin_strlen(prefix)) &&
                   container_id_print(id, peer, &s->text);
    if (!spelled) s->w.failed = true;
    json_quote(&s->w, (lk_str){(const char *)s->text.at, s->text.len});
}

/* ---- values ---- */

/* One that is whole keeps a sign of being no integer. */
static void updates_put_f64(json_updates_writer *s, double v) {
    size_t start = s->w.out->len;
    json_f64(&s->w, v);
    bool whole = !s->w.failed;
    for (size_t i = start; i < s->w.out->len; i++) {
        uint8_t c = s->w.out->at[i];
        whole &= c == '-' || (c >= '0' && c <= '9');
    }
    if (whole) updates_put(s, ".0");
}

static void updates_put_bytes(json_updates_writer *s, lk_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++) updates_put_int(s, i == 0 ? "[" : ",", bytes.at[i]);
    updates_put(s, bytes.len == 0 ? "[]" : "]");
}

/* The items of a list that is the whole value are numbered. */
static void updates_put_value(json_updates_writer *s, const lk_value *v, op_id id, bool whole) {
    container_id child = {.peer = id.peer, .counter = id.counter};
    switch (v->type) {
    case LK_NULL: updates_put(s, "null"); return;
    case LK_BOOL: updates_put(s, v->as.boolean ? "true" : "false"); return;
    case LK_I64: json_i64(&s->w, v->as.i64); return;
    case LK_F64: updates_put_f64(s, v->as.f64); return;
    case LK_STRING: json_quote(&s->w, (lk_str){(const char *)v->as.bytes, v->len}); return;
    case LK_BINARY: updates_put_bytes(s, (lk_bytes){v->as.bytes, v->len}); return;
    case LK_VALUES:
        writer_u8(&s->w, '[');
        for (uint32_t i = 0; i < v->len; i++) {
            if (i > 0) writer_u8(&s->w, ',');
            op_id own = {id.peer, id.counter + (whole ? (int32_t)i : 0)};
            updates_put_value(s, &v->as.values[i], own, false);
        }
        writer_u8(&s->w, ']');
        return;
    case LK_ENTRIES:
        for (uint32_t i = 0; i < v->len; i++) {
            updates_put_str(s, i == 0 ? "{" : ",", v->as.entries[i].key);
            writer_u8(&s->w, ':');
            updates_put_value(s, &v->as.entries[i].value, id, false);
        }
        updates_put(s, v->len == 0 ? "{}" : "}");
        return;
    case LK_CONTAINER:
        child.kind = (container_kind)v->as.container.index;
        if (s->names->interned) child.kind = updates_find_cid(s, v->as.container.index)->kind;
        updates_put_cid(s, "\U0001f99c:", &child);
        return;
    }
}

/* ---- operations ---- */

static void updates_put_delete(json_updates_writer *s, const op *o) {
    updates_put_int(s, "{\"type\":\"delete\",\"pos\":", o->as.del.pos);
    updates_put_int(s, ",\"len\":", o->as.del.reversed ? -(int64_t)o->len : (int64_t)o->len);
    updates_put_id(s, ",\"start_id\":", "\"", o->as.del.start);
}

static void updates_put_mark(json_updates_writer *s, const op *o, op_id id) {
    updates_put_int(s, "{\"type\":\"mark\",\"start\":", o->as.mark->start);
    updates_put_int(s, ",\"end\":", o->as.mark->end);
    updates_put_str(s, ",\"style_key\":", s->names->keys[o->as.mark->key]);
    updates_put(s, ",\"style_value\":");
    updates_put_value(s, o->as.mark->value, id, true);
    updates_put_int(s, ",\"info\":", o->as.mark->info);
}

static void updates_put_tree(json_updates_writer *s, const op *o, op_id id) {
    bool creates = o->as.tree->node.peer == id.peer && o->as.tree->node.counter == id.counter;
    updates_put(s, o->as.tree->deletes ? "{\"type\":\"delete\""
                   : creates           ? "{\"type\":\"create\""
                                       : "{\"type\":\"move\"");
    updates_put_id(s, ",\"target\":", "\"", o->as.tree->node);
    if (o->as.tree->deletes) return;
    if (o->as.tree->has_parent)
        updates_put_id(s, ",\"parent\":", "\"", o->as.tree->parent);
    else
        updates_put(s, ",\"parent\":null");
    updates_put(s, ",\"fractional_index\":\"");
    hex_write(&s->w, o->as.tree->position);
    writer_u8(&s->w, '"');
}

static void updates_put_unknown(json_updates_writer *s, const op *o) {
    reader r = reader_new(o->as.unknown->payload);
    bool future = (o->as.unknown->value_kind & TAG_FUTURE_BIT) != 0;
    lk_bytes data = future ? reader_bytes(&r) : o->as.unknown->payload;
    updates_put_int(s, "{\"type\":\"unknown\",\"prop\":", o->as.unknown->prop);
    updates_put_int(s, ",\"value_type\":\"Unknown\",\"value\":{\"kind\":",
                    o->as.unknown->value_kind & ~TAG_FUTURE_BIT);
    updates_put(s, ",\"data\":");
    updates_put_bytes(s, data);
    writer_u8(&s->w, '}');
}

static void updates_put_content(json_updates_writer *s, const op *o, op_id id) {
    switch (o->kind) {
    case OP_TEXT_INSERT:
        updates_put_int(s, "{\"type\":\"insert\",\"pos\":", o->as.insert.pos);
        updates_put_str(
            s, ",\"text\":", (lk_str){(const char *)o->as.insert.text, o->as.insert.bytes});
        break;
    case OP_LIST_INSERT: {
        lk_value items = {.type = LK_VALUES, .len = o->len, .as.values = o->as.list.values};
        updates_put_int(s, "{\"type\":\"insert\",\"pos\":", o->as.list.pos);
        updates_put(s, ",\"value\":");
        updates_put_value(s, &items, id, true);
        break;
    }
    case OP_DELETE: updates_put_delete(s, o); break;
    case OP_MAP_SET:
        updates_put_str(s, "{\"type\":\"insert\",\"key\":", s->names->keys[o->as.map.key]);
        updates_put(s, ",\"value\":");
        updates_put_value(s, o->as.map.value, id, true);
        break;
    case OP_MAP_DELETE:
        updates_put_str(s, "{\"type\":\"delete\",\"key\":", s->names->keys[o->as.map.key]);
        break;
    case OP_MARK_START: updates_put_mark(s, o, id); break;
    case OP_MARK_END: updates_put(s, "{\"type\":\"mark_end\""); break;
    case OP_MOVE:
        updates_put_int(s, "{\"type\":\"move\",\"from\":", o->as.move.from);
        updates_put_int(s, ",\"to\":", o->as.move.to);
        updates_put_id(s, ",\"elem_id\":", "\"L",
                       (op_id){o->as.move.elem_peer, (int32_t)o->as.move.elem_lamport});
        break;
    case OP_SET:
        updates_put_id(s, "{\"type\":\"set\",\"elem_id\":", "\"L",
                       (op_id){o->as.set.elem_peer, (int32_t)o->as.set.elem_lamport});
        updates_put(s, ",\"value\":");
        updates_put_value(s, o->as.set.value, id, true);
        break;
    case OP_TREE: updates_put_tree(s, o, id); break;
    case OP_COUNTER:
        updates_put(s, "{\"type\":\"counter\",\"value_type\":\"f64\",\"value\":");
        updates_put_f64(s, o->as.delta);
        updates_put(s, ",\"prop\":0");
        break;
    case OP_UNKNOWN: updates_put_unknown(s, o); break;
    }
    writer_u8(&s->w, '}');
}

void json_updates_op(json_updates_writer *s, const op *o) {
    op_id id = {s->author, o->counter};
    if (s->more) writer_u8(&s->w, ',');
    s->more = true;
    updates_put(s, "{\"container\":");
    updates_put_cid(s, "", updates_find_cid(s, o->container));
    updates_put(s, ",\"content\":");
    updates_put_content(s, o, id);
    updates_put_int(s, ",\"counter\":", o->counter);
    writer_u8(&s->w, '}');
}

/* ---- changes ---- */

void json_updates_change(json_updates_writer *s, const json_names *names, const change *c) {
    s->names = names;
    s->author = c->peer;
    if (s->more) writer_u8(&s->w, ',');
    updates_put_id(s, "{\"id\":", "\"", (op_id){c->peer, c->counter});
    updates_put_int(s, ",\"timestamp\":", c->timestamp_s);
    updates_put(s, ",\"deps\":[");
    for (uint32_t i = 0; i < c->dep_len; i++)
        updates_put_id(s, i == 0 ? "" : ",", "\"", c->deps[i]);
    updates_put_int(s, "],\"lamport\":", c->lamport);
    if (c->message.len > 0)
        updates_put_str(s, ",\"msg\":", c->message);
    else
        updates_put(s, ",\"msg\":null");
    updates_put(s, ",\"ops\":[");
    s->more = false;
}

void json_updates_change_end(json_updates_writer *s) {
    updates_put(s, "]}");
    s->more = true;
}

/* ---- the frame ---- */

json_updates_writer json_updates_bare(lk_buf *out, const lk_memory *heap) {
    return (json_updates_writer){.w = writer_new(out), .heap = heap, .text = {.memory = heap}};
}

json_updates_writer json_updates_begin(lk_buf *out, const lk_memory *heap, lk_ids start,
                                       bool numbered) {
    json_updates_writer s = json_updates_bare(out, heap);
    s.numbered = numbered;
    updates_put_int(&s, "{\"schema_version\":", JSON_SCHEMA_VERSION);
    updates_put(&s, ",\"start_version\":{");
    for (size_t i = 0; i < start.len; i++) {
        updates_put(&s, i == 0 ? "\"" : ",\"");
        json_u64(&s.w, start.at[i].peer);
        updates_put_int(&s, "\":", start.at[i].counter);
    }
    updates_put(&s, numbered ? "},\"peers\":[" : "},\"peers\":null");
    s.table_at = out->len;
    updates_put(&s, numbered ? "],\"changes\":[" : ",\"changes\":[");
    return s;
}

bool json_updates_end(json_updates_writer *s) {
    updates_put(s, "]}");
    s->text.len = 0;
    writer w = writer_new(&s->text);
    for (size_t i = 0; i < s->table.len; i++) {
        writer_raw(&w, ",\"", i == 0 ? 0 : 1);
        writer_u8(&w, '"');
        json_u64(&w, s->table.at[i]);
        writer_u8(&w, '"');
    }
    lk_buf *out = s->w.out;
    if (w.failed || s->w.failed || !buf_reserve(out, s->text.len)) return false;
    if (s->text.len == 0) return true;
    __builtin_memmove(out->at + s->table_at + s->text.len, out->at + s->table_at,
                      out->len - s->table_at);
    __builtin_memcpy(out->at + s->table_at, s->text.at, s->text.len);
    out->len += s->text.len;
    return true;
}

void json_updates_drop(json_updates_writer *s) {
    vec_drop(s->heap, &s->table);
    table_drop(&s->index, s->heap);
    lk_buf_free(&s->text);
}
