/* SPDX-License-Identifier: MIT
 * redact.c - JSON updates without what was written: the operations stay, so that positions, ids and
 * causality do, but what they put into the document is blotted out. */
#include "codec/json_updates.h"
#include "doc/doc.h"

static lk_value redact_value(const lk_value *v) {
    return v->type == LK_CONTAINER ? *v : (lk_value){.type = LK_NULL};
}

/* The characters [from, to) as U+FFFD. */
static bool redact_text(op *o, uint32_t from, uint32_t to, arena *scratch) {
    uint8_t *text = arena_bytes(scratch, (size_t)o->as.insert.bytes + 3 * (size_t)(to - from));
    if (text == NULL) return false;
    const uint8_t *at = o->as.insert.text, *end = at + o->as.insert.bytes;
    uint32_t len = 0, point = 0;
    for (; at < end; point++) {
        bool out = point >= from && point < to;
        if (out) {
            __builtin_memcpy(text + len, "\xef\xbf\xbd", 3);
            len += 3;
        }
        do {
            if (!out) text[len++] = *at;
        } while (++at < end && (*at & 0xc0) == 0x80);
    }
    o->as.insert.text = text;
    o->as.insert.bytes = len;
    return true;
}

static bool redact_mark(op *o, const lk_value *nothing, arena *scratch) {
    op_mark *mark = arena_copy(scratch, o->as.mark, sizeof *mark);
    if (mark == NULL) return false;
    mark->value = nothing;
    o->as.mark = mark;
    return true;
}

/* Blot out the atoms [from, to) of an operation. */
static lk_status redact_op(op *o, uint32_t from, uint32_t to, arena *scratch) {
    static const lk_value nothing = {.type = LK_NULL};
    lk_value *values;
    switch (o->kind) {
    case OP_TEXT_INSERT: return redact_text(o, from, to, scratch) ? LK_OK : LK_ENOMEM;
    case OP_LIST_INSERT:
        if ((values = arena_new(scratch, lk_value, o->len)) == NULL) return LK_ENOMEM;
        for (uint32_t i = 0; i < o->len; i++) {
            const lk_value *v = &o->as.list.values[i];
            values[i] = i >= from && i < to ? redact_value(v) : *v;
        }
        o->as.list.values = values;
        return LK_OK;
    case OP_MAP_SET:
        if (o->as.map.value->type != LK_CONTAINER) o->as.map.value = &nothing;
        return LK_OK;
    case OP_SET:
        if (o->as.set.value->type != LK_CONTAINER) o->as.set.value = &nothing;
        return LK_OK;
    case OP_MARK_START: return redact_mark(o, &nothing, scratch) ? LK_OK : LK_ENOMEM;
    case OP_COUNTER: o->as.delta = 0; return LK_OK;
    case OP_UNKNOWN: return LK_EVERSION;
    case OP_DELETE:
    case OP_MAP_DELETE:
    case OP_MARK_END:
    case OP_MOVE:
    case OP_TREE: return LK_OK;
    }
    return LK_OK;
}

static lk_status redact_change(const block *b, const lk_span *spans, size_t len, arena *scratch,
                               json_updates_writer *w) {
    json_names names = {
        .peers = b->peers, .keys = b->keys, .cids = b->cids, .cid_size = sizeof *b->cids};
    json_updates_change(w, &names, b->changes);
    for (size_t i = 0; i < b->op_len; i++) {
        op o = b->ops[i];
        int64_t end = (int64_t)o.counter + o.len;
        for (size_t k = 0; k < len; k++) {
            if (spans[k].peer != b->peers[0]) continue;
            int64_t from = spans[k].start > o.counter ? spans[k].start : o.counter;
            int64_t to = spans[k].end < end ? spans[k].end : end;
            if (from >= to) continue;
            lk_status status =
                redact_op(&o, (uint32_t)(from - o.counter), (uint32_t)(to - o.counter), scratch);
            if (status != LK_OK) return status;
        }
        json_updates_op(w, &o);
    }
    json_updates_change_end(w);
    return LK_OK;
}

lk_status lk_json_redact(lk_str json, const lk_span *spans, size_t len, lk_buf *out,
                         lk_fault *fault_or_null) {
    lk_fault unwanted = {0}, *fault = fault_or_null == NULL ? &unwanted : fault_or_null;
    const lk_memory *heap = out->memory == NULL ? &mem_default : out->memory;
    *fault = (lk_fault){0};
    arena scratch;
    arena_init(&scratch, heap);
    json_updates_reader s;
    block b;
    size_t before = out->len;
    lk_status status = json_updates_open(&s, json, &scratch);
    json_updates_writer w =
        json_updates_begin(out, heap, (lk_ids){s.start, s.start_len}, s.numbered);
    while (status == LK_OK && json_updates_next(&s, &b))
        status = redact_change(&b, spans, len, &scratch, &w);
    if (status == LK_OK) status = s.r.fault.code;
    if (!json_updates_end(&w) && status == LK_OK) status = LK_ENOMEM;
    if (!reader_ok(&s.r)) *fault = s.r.fault;
    json_updates_drop(&w);
    json_updates_close(&s);
    arena_drop(&scratch);
    if (status != LK_OK) out->len = before;
    fault->code = status;
    if (fault->what == NULL) fault->what = lk_status_text(status);
    return status;
}
