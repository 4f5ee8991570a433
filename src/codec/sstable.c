/* SPDX-License-Identifier: MIT
 * sstable.c - sorted pairs in blocks, and an index of the blocks:
 *
 *     "LORO" 00 | block ... block | index | u32le where the index is
 *     index:  u32le blocks | per block: u32le offset, first key, flags, last key | u32le checksum
 *     block:  body, perhaps as an LZ4 frame | u32le checksum of that
 *     body:   entries | u16le offset of each | u16le their number
 *     entry:  u8 bytes shared with the block's first key | u16le length, rest of the key | value
 *
 * The first entry of a block is only its value, the index has its key. A value too large for a
 * block is a block of its own (flag SSTABLE_LARGE) whose body is the value. */
#include "codec/sstable.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/lz4.h"
#include "base/sort.h"

static const uint8_t sstable_magic[4] = {'L', 'O', 'R', 'O'};

enum {
    SSTABLE_HEAD = 5, /* magic and schema version */
    SSTABLE_SUM = 4,  /* a checksum */
    SSTABLE_LARGE = 0x80,
    SSTABLE_BLOCK = 4096, /* bytes of a block's body, as Loro writes them */
};
enum { SSTABLE_PLAIN = 0, SSTABLE_LZ4 = 1 };

/* ---- reading ---- */

typedef struct sstable_block { /* an entry of the index */
    uint32_t start;            /* offset in the table */
    lk_bytes first, last;
    uint8_t flags;
} sstable_block;

typedef struct sstable_reader {
    lk_bytes bytes;
    size_t base;
    arena *scratch;
    lk_fault fault;
    lz4_reader lz4;
    const sstable_block *blocks;
    size_t block_len;
    size_t index; /* offset of it */
    size_t room;  /* bytes blocks may still unpack to */
    VEC(sstable_pair) pairs;
} sstable_reader;

/* Record a failure at `offset` of the table. */
static bool sstable_fail(sstable_reader *s, lk_status code, size_t offset, const char *what) {
    if (s->fault.code == LK_OK) s->fault = (lk_fault){code, s->base + offset, what};
    return false;
}

/* Does the checksum hold that follows the `len` bytes at `start`? */
static bool sstable_check(sstable_reader *s, size_t start, size_t len) {
    reader sum = reader_new((lk_bytes){s->bytes.at + start + len, SSTABLE_SUM});
    if (hash_xx32(s->bytes.at + start, len, HASH_SEED_LORO) == reader_u32le(&sum)) return true;
    return sstable_fail(s, LK_ECORRUPT, start + len, "checksum of a table does not match");
}

static lk_bytes sstable_read_key(reader *r) { return reader_take(r, reader_u16le(r)); }

static bool sstable_read_index_entries(sstable_reader *s, reader *r) {
    size_t len = reader_u32le(r), start = reader_offset(r);
    /* An entry costs 7 bytes or more. */
    if (reader_ok(r) && (len == 0 || len > reader_left(r) / 7))
        reader_fail(r, LK_ECORRUPT, "number of blocks is wrong");
    sstable_block *blocks = arena_new(s->scratch, sstable_block, reader_ok(r) ? len : 0);
    if (blocks == NULL) return sstable_fail(s, LK_ENOMEM, start, "out of memory");
    for (size_t i = 0; i < len && reader_ok(r); i++) {
        blocks[i] = (sstable_block){.start = reader_u32le(r)};
        blocks[i].first = sstable_read_key(r);
        blocks[i].flags = reader_u8(r);
        blocks[i].last = blocks[i].flags & SSTABLE_LARGE ? blocks[i].first : sstable_read_key(r);
    }
    size_t end = reader_offset(r);
    reader_take(r, SSTABLE_SUM);
    reader_finish(r, "bytes follow the index of a table");
    if (!reader_ok(r)) return sstable_fail(s, r->fault.code, r->fault.offset, r->fault.what);
    s->blocks = blocks;
    s->block_len = len;
    return sstable_check(s, start, end - start);
}

static bool sstable_read_index(sstable_reader *s) {
    size_t len = s->bytes.len;
    if (len < SSTABLE_HEAD + 4 ||
        __builtin_memcmp(s->bytes.at, sstable_magic, sizeof sstable_magic) != 0)
        return sstable_fail(s, LK_ECORRUPT, 0, "bytes are not a table");
    if (s->bytes.at[4] != 0)
        return sstable_fail(s, LK_EVERSION, 4, "version of the table is not known");
    reader foot = reader_new((lk_bytes){s->bytes.at + len - 4, 4});
    s->index = reader_u32le(&foot);
    if (s->index < SSTABLE_HEAD || s->index > len - 4)
        return sstable_fail(s, LK_ECORRUPT, len - 4, "index lies outside the table");
    reader r = reader_new((lk_bytes){s->bytes.at + s->index, len - 4 - s->index});
    r.base = s->index;
    return sstable_read_index_entries(s, &r);
}

static bool sstable_add(sstable_reader *s, const sstable_block *block, lk_bytes key,
                        lk_bytes value) {
    size_t len = s->pairs.len;
    if (len > 0 && sort_bytes(s->pairs.at[len - 1].key, key) >= 0)
        return sstable_fail(s, LK_ECORRUPT, block->start, "keys are out of order");
    sstable_pair *pair = arena_vec_push(s->scratch, &s->pairs);
    if (pair == NULL) return sstable_fail(s, LK_ENOMEM, block->start, "out of memory");
    *pair = (sstable_pair){key, value, s->base + block->start};
    return true;
}

/* `shared` bytes of the block's first key, then `rest`. */
static bool sstable_join_key(sstable_reader *s, const sstable_block *block, size_t shared,
                             lk_bytes rest, lk_bytes *out) {
    *out = rest;
    if (shared > block->first.len)
        return sstable_fail(s, LK_ECORRUPT, block->start, "key repeats too much of the first");
    if (shared == 0) return true;
    uint8_t *key = arena_bytes(s->scratch, shared + rest.len);
    if (key == NULL) return sstable_fail(s, LK_ENOMEM, block->start, "out of memory");
    __builtin_memcpy(key, block->first.at, shared);
    __builtin_memcpy(key + shared, rest.at, rest.len);
    *out = (lk_bytes){key, shared + rest.len};
    return true;
}

static bool sstable_read_entry(sstable_reader *s, const sstable_block *block, lk_bytes entry,
                               bool first) {
    if (first) return sstable_add(s, block, block->first, entry);
    reader r = reader_new(entry);
    size_t shared = reader_u8(&r);
    lk_bytes rest = sstable_read_key(&r), key;
    if (!reader_ok(&r))
        return sstable_fail(s, LK_ECORRUPT, block->start, "entry of a table is too short");
    return sstable_join_key(s, block, shared, rest, &key) &&
           sstable_add(s, block, key, (lk_bytes){r.at, reader_left(&r)});
}

/* The body of a normal block, unpacked. */
static bool sstable_read_body(sstable_reader *s, const sstable_block *block, lk_bytes body) {
    const char *what = "offsets of a block are wrong";
    if (body.len < 2) return sstable_fail(s, LK_ECORRUPT, block->start, what);
    reader foot = reader_new((lk_bytes){body.at + body.len - 2, 2});
    size_t count = reader_u16le(&foot);
    if (count == 0 || count > (body.len - 2) / 2)
        return sstable_fail(s, LK_ECORRUPT, block->start, what);
    size_t data_len = body.len - 2 - 2 * count, end = 0;
    reader offsets = reader_new((lk_bytes){body.at + data_len, 2 * count});
    size_t start = reader_u16le(&offsets);
    if (start != 0) return sstable_fail(s, LK_ECORRUPT, block->start, what);
    for (size_t i = 0; i < count; i++, start = end) {
        end = i + 1 < count ? reader_u16le(&offsets) : data_len;
        if (end < start || end > data_len) return sstable_fail(s, LK_ECORRUPT, block->start, what);
        if (!sstable_read_entry(s, block, (lk_bytes){body.at + start, end - start}, i == 0))
            return false;
    }
    if (sort_bytes(s->pairs.at[s->pairs.len - 1].key, block->last) != 0)
        return sstable_fail(s, LK_ECORRUPT, block->start, "last key of a block is wrong");
    return true;
}

static bool sstable_unpack(sstable_reader *s, const sstable_block *block, lk_bytes *body) {
    uint8_t packing = block->flags & (uint8_t)~SSTABLE_LARGE;
    if (packing == SSTABLE_LZ4) {
        lk_status status = lz4_read(&s->lz4, *body, s->room, body);
        if (status != LK_OK)
            return sstable_fail(s, status, block->start, "compressed block is damaged");
    } else if (packing != SSTABLE_PLAIN) {
        return sstable_fail(s, LK_EVERSION, block->start, "compression is not known");
    }
    if (body->len > s->room)
        return sstable_fail(s, LK_ELIMIT, block->start, "table unpacks to too much");
    s->room -= body->len;
    return true;
}

/* The bytes of a block as it is stored, without its checksum. */
static bool sstable_find_body(sstable_reader *s, size_t i, lk_bytes *out) {
    const sstable_block *block = &s->blocks[i];
    size_t start = block->start, end = i + 1 < s->block_len ? block[1].start : s->index;
    if (start < SSTABLE_HEAD || end > s->index || start > end || end - start < SSTABLE_SUM ||
        (i == 0 && start != SSTABLE_HEAD))
        return sstable_fail(s, LK_ECORRUPT, s->index, "blocks of a table are out of order");
    *out = (lk_bytes){s->bytes.at + start, end - start - SSTABLE_SUM};
    return true;
}

static bool sstable_read_block(sstable_reader *s, size_t i) {
    const sstable_block *block = &s->blocks[i];
    lk_bytes body;
    if (!sstable_find_body(s, i, &body) || !sstable_check(s, block->start, body.len) ||
        !sstable_unpack(s, block, &body))
        return false;
    if (block->flags & SSTABLE_LARGE) return sstable_add(s, block, block->first, body);
    return sstable_read_body(s, block, body);
}

static sstable_reader sstable_open(lk_bytes bytes, size_t base_offset, size_t max, arena *scratch) {
    return (sstable_reader){.bytes = bytes,
                            .base = base_offset,
                            .scratch = scratch,
                            .lz4 = lz4_reader_new(scratch),
                            .room = max};
}

lk_status sstable_read(lk_bytes bytes, size_t base_offset, size_t max, arena *scratch, sstable *out,
                       lk_fault *fault) {
    sstable_reader s = sstable_open(bytes, base_offset, max, scratch);
    bool ok = bytes.len == 0 || sstable_read_index(&s);
    for (size_t i = 0; i < s.block_len && ok; i++) ok = sstable_read_block(&s, i);
    *out = (sstable){s.pairs.at, ok ? s.pairs.len : 0};
    *fault = s.fault;
    return fault->code;
}

lk_status sstable_seek(lk_bytes bytes, size_t base_offset, size_t max, lk_bytes key, arena *scratch,
                       sstable_pair *out, lk_fault *fault) {
    sstable_reader s = sstable_open(bytes, base_offset, max, scratch);
    size_t low = 0; /* the blocks that begin at `key` or before it */
    *out = (sstable_pair){0};
    if (bytes.len > 0 && sstable_read_index(&s))
        for (size_t high = s.block_len; low < high;) {
            size_t middle = low + (high - low) / 2;
            if (sort_bytes(s.blocks[middle].first, key) <= 0)
                low = middle + 1;
            else
                high = middle;
        }
    bool ok = low == 0 || sstable_read_block(&s, low - 1);
    for (size_t i = 0; i < s.pairs.len && ok; i++)
        if (sort_bytes(s.pairs.at[i].key, key) <= 0) *out = s.pairs.at[i];
    *fault = s.fault;
    return fault->code;
}

bool sstable_find(const sstable *table, lk_bytes key, lk_bytes *value) {
    size_t low = 0, high = table->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = sort_bytes(table->pairs[middle].key, key);
        if (order == 0) {
            *value = table->pairs[middle].value;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* ---- writing ---- */

typedef struct sstable_writer {
    writer w;
    size_t start;  /* of the table in w.out */
    lk_buf body;   /* of the block being filled */
    lk_buf packed; /* its LZ4 frame */
    lk_buf index;
    uint32_t block_len;
    uint16_t offsets[SSTABLE_BLOCK / 2]; /* an entry costs 5 bytes, but for the first */
    size_t entry_len;
    lk_bytes first, last;
} sstable_writer;

static size_t sstable_shared(lk_bytes a, lk_bytes b) {
    size_t len = 0;
    while (len < 255 && len < a.len && len < b.len && a.at[len] == b.at[len]) len++;
    return len;
}

static void sstable_write_key(writer *w, lk_bytes key) {
    writer_u16le(w, (uint16_t)key.len);
    writer_raw(w, key.at, key.len);
}

/* The next block starts here. */
static void sstable_enter(sstable_writer *s, lk_bytes first, lk_bytes last, uint8_t flags) {
    writer index = writer_new(&s->index);
    writer_u32le(&index, (uint32_t)(s->w.out->len - s->start));
    sstable_write_key(&index, first);
    writer_u8(&index, flags);
    if (!(flags & SSTABLE_LARGE)) sstable_write_key(&index, last);
    s->w.failed |= index.failed;
    s->block_len++;
}

/* Store `body` as the next block, compressed unless that makes it longer. */
static void sstable_store(sstable_writer *s, lk_bytes body, uint8_t flags) {
    s->packed.len = 0;
    if (lz4_write(body, &s->packed) != LK_OK) s->w.failed = true;
    if (s->packed.len <= body.len) {
        body = (lk_bytes){s->packed.at, s->packed.len};
        flags |= SSTABLE_LZ4;
    }
    sstable_enter(s, s->first, s->last, flags);
    writer_raw(&s->w, body.at, body.len);
    writer_u32le(&s->w, hash_xx32(body.at, body.len, HASH_SEED_LORO));
}

static void sstable_flush(sstable_writer *s) {
    if (s->entry_len == 0) return;
    writer body = writer_new(&s->body);
    for (size_t i = 0; i < s->entry_len; i++) writer_u16le(&body, s->offsets[i]);
    writer_u16le(&body, (uint16_t)s->entry_len);
    s->w.failed |= body.failed;
    if (!s->w.failed) sstable_store(s, (lk_bytes){s->body.at, s->body.len}, SSTABLE_PLAIN);
    s->body.len = s->entry_len = 0;
}

static void sstable_put(sstable_writer *s, const sstable_pair *pair) {
    size_t shared = s->entry_len == 0 ? 0 : sstable_shared(s->first, pair->key);
    size_t len = 3 + pair->key.len - shared + pair->value.len;
    if (s->entry_len > 0 && s->body.len + 2 * s->entry_len + len > SSTABLE_BLOCK) sstable_flush(s);
    s->last = pair->key;
    if (s->entry_len == 0) {
        s->first = pair->key;
        if (pair->value.len > SSTABLE_BLOCK) {
            sstable_store(s, pair->value, SSTABLE_LARGE);
            return;
        }
    }
    writer body = writer_new(&s->body);
    s->offsets[s->entry_len] = (uint16_t)s->body.len;
    if (s->entry_len++ > 0) {
        writer_u8(&body, (uint8_t)shared);
        sstable_write_key(&body, (lk_bytes){pair->key.at + shared, pair->key.len - shared});
    }
    writer_raw(&body, pair->value.at, pair->value.len);
    s->w.failed |= body.failed;
}

static void sstable_write_foot(sstable_writer *s) {
    size_t index = s->w.out->len - s->start;
    writer_u32le(&s->w, s->block_len);
    writer_raw(&s->w, s->index.at, s->index.len);
    writer_u32le(&s->w, hash_xx32(s->index.at, s->index.len, HASH_SEED_LORO));
    writer_u32le(&s->w, (uint32_t)index);
}

static sstable_writer sstable_begin(const lk_memory *heap, lk_buf *out) {
    sstable_writer s = {.w = writer_new(out),
                        .start = out->len,
                        .body = {.memory = heap},
                        .packed = {.memory = heap},
                        .index = {.memory = heap}};
    writer_raw(&s.w, sstable_magic, sizeof sstable_magic);
    writer_u8(&s.w, 0);
    return s;
}

static lk_status sstable_finish(sstable_writer *s) {
    lk_buf *out = s->w.out;
    sstable_flush(s);
    if (!s->w.failed) sstable_write_foot(s);
    lk_status status = s->w.failed                              ? LK_ENOMEM
                       : out->len - s->start > LIMIT_BLOB_BYTES ? LK_ELIMIT
                                                                : LK_OK;
    if (status != LK_OK) out->len = s->start;
    lk_buf_free(&s->body);
    lk_buf_free(&s->packed);
    lk_buf_free(&s->index);
    return status;
}

lk_status sstable_write(const sstable_pair *pairs, size_t len, const lk_memory *heap, lk_buf *out) {
    if (len == 0) return LK_OK;
    for (size_t i = 0; i < len; i++) {
        LK_ASSERT(i == 0 || sort_bytes(pairs[i - 1].key, pairs[i].key) < 0);
        if (pairs[i].key.len > UINT16_MAX) return LK_ELIMIT;
    }
    sstable_writer s = sstable_begin(heap, out);
    for (size_t i = 0; i < len && !s.w.failed; i++) sstable_put(&s, &pairs[i]);
    return sstable_finish(&s);
}

/* ---- writing on ---- */

/* A block of another table, as it is. */
static bool sstable_copy(sstable_writer *s, sstable_reader *from, size_t i) {
    const sstable_block *block = &from->blocks[i];
    lk_bytes body;
    if (!sstable_find_body(from, i, &body)) return false;
    sstable_flush(s);
    sstable_enter(s, block->first, block->last, block->flags);
    writer_raw(&s->w, body.at, body.len + SSTABLE_SUM);
    return true;
}

/* The next of the new pairs belong into block `i`, or take the place of some in it. */
static bool sstable_weave(sstable_writer *s, sstable_reader *from, size_t i,
                          const sstable_pair **fresh, const sstable_pair *end) {
    from->pairs.len = 0;
    if (!sstable_read_block(from, i)) return false;
    for (size_t k = 0; k < from->pairs.len; k++) {
        const sstable_pair *old = &from->pairs.at[k];
        int order = -1;
        for (; *fresh < end && (order = sort_bytes((*fresh)->key, old->key)) < 0; ++*fresh)
            sstable_put(s, *fresh);
        bool replaced = *fresh < end && order == 0;
        sstable_put(s, replaced ? *fresh : old);
        *fresh += replaced;
    }
    return true;
}

lk_status sstable_write_on(lk_bytes table, size_t max, const sstable_pair *pairs, size_t len,
                           arena *scratch, lk_buf *out) {
    sstable_reader from = sstable_open(table, 0, max, scratch);
    if (!sstable_read_index(&from)) return from.fault.code;
    sstable_writer s = sstable_begin(scratch->heap, out);
    const sstable_pair *fresh = pairs, *end = pairs + len;
    bool fine = true;
    for (size_t i = 0; i < from.block_len && fine; i++) {
        const sstable_block *block = &from.blocks[i];
        for (; fresh < end && sort_bytes(fresh->key, block->first) < 0; fresh++)
            sstable_put(&s, fresh);
        bool touched = fresh < end && sort_bytes(fresh->key, block->last) <= 0;
        fine = touched ? sstable_weave(&s, &from, i, &fresh, end) : sstable_copy(&s, &from, i);
    }
    for (; fresh < end; fresh++) sstable_put(&s, fresh);
    lk_status status = sstable_finish(&s);
    if (!fine) out->len = s.start;
    return fine ? status : from.fault.code;
}
