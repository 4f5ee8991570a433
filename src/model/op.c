/* SPDX-License-Identifier: MIT
 * op.c - ops cut into parts, and joined. */
#include "model/op.h"

#include "base/utf8.h"

op op_slice(const op *o, uint32_t skip, uint32_t len) {
    LK_ASSERT(skip + len <= o->len && len > 0);
    op part = *o;
    part.counter += (int32_t)skip;
    part.len = len;
    switch (o->kind) {
    case OP_TEXT_INSERT: {
        const uint8_t *text = o->as.insert.text;
        size_t start = utf8_offset(text, o->as.insert.bytes, o->len, skip);
        size_t end = utf8_offset(text, o->as.insert.bytes, o->len, skip + len);
        part.as.insert.pos += skip;
        part.as.insert.text = text + start;
        part.as.insert.bytes = (uint32_t)(end - start);
        break;
    }
    case OP_LIST_INSERT:
        part.as.list.pos += skip;
        part.as.list.values += skip;
        break;
    case OP_DELETE:
        if (o->as.del.reversed) {
            part.as.del.pos -= skip;
            part.as.del.start.counter += (int32_t)(o->len - skip - len);
        } else {
            part.as.del.start.counter += (int32_t)skip;
        }
        break;
    default: LK_ASSERT(skip == 0 && len == o->len);
    }
    return part;
}

/* In which direction `b`, a delete of the same container as the delete `a`, goes on with it: 1
 * forward, -1 backward, 0 if in none. */
static int op_deletes_on(const op *a, const op *b) {
    if (a->as.del.start.peer != b->as.del.start.peer) return 0;
    int32_t a_start = a->as.del.start.counter, b_start = b->as.del.start.counter;
    bool forward = (a->len == 1 || !a->as.del.reversed) && (b->len == 1 || !b->as.del.reversed);
    if (forward && b->as.del.pos == a->as.del.pos && b_start == a_start + (int32_t)a->len) return 1;
    bool backward = (a->len == 1 || a->as.del.reversed) && (b->len == 1 || b->as.del.reversed);
    bool meets = (uint64_t)b->as.del.pos + a->len == a->as.del.pos;
    return backward && meets && b_start + (int32_t)b->len == a_start ? -1 : 0;
}

bool op_join_delete(op *a, const op *b) {
    if (a->kind != OP_DELETE || b->kind != OP_DELETE || a->container != b->container) return false;
    int way = op_deletes_on(a, b);
    if (way == 0) return false;
    a->as.del.reversed = way < 0;
    if (way < 0) a->as.del.start.counter = b->as.del.start.counter;
    a->len += b->len;
    return true;
}

bool op_goes_on(const op *a, const op *b) {
    if (a->kind != b->kind || a->container != b->container) return false;
    switch (a->kind) {
    case OP_TEXT_INSERT: return a->as.insert.pos + a->len == b->as.insert.pos;
    case OP_LIST_INSERT: return a->as.list.pos + a->len == b->as.list.pos;
    case OP_DELETE: return op_deletes_on(a, b) != 0;
    default: return false;
    }
}
