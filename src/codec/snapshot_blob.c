/* SPDX-License-Identifier: MIT
 * snapshot_blob.c - the history of a snapshot is a table of
 *
 *     "vv" "fr"                 the version at its end
 *     "sv" "sf"                 where it begins, if it is shallow
 *     u64be peer, i32be counter a change block, which begins there
 *
 * and its state a table of containers (state_blob.h). */
#include "codec/snapshot_blob.h"

#include "base/limits.h"
#include "base/sort.h"
#include "codec/change_block.h"
#include "codec/version_codec.h"

enum { SNAPSHOT_KEY = 12 }; /* bytes of a block's key */

/* ---- reading ---- */

typedef struct snapshot_reader {
    arena *scratch;
    snapshot_history *out;
    snapshot_block *blocks;
    lk_fault *fault;
} snapshot_reader;

static bool snapshot_is_key(const sstable_pair *pair, const char *name) {
    return pair->key.len == 2 && __builtin_memcmp(pair->key.at, name, 2) == 0;
}

static void snapshot_read_version(snapshot_reader *s, const sstable_pair *pair, reader *r) {
    snapshot_history *out = s->out;
    if (snapshot_is_key(pair, "vv"))
        out->vv = version_read_vv(r, s->scratch);
    else if (snapshot_is_key(pair, "fr"))
        out->frontiers = version_read_frontiers(r, s->scratch);
    else if (snapshot_is_key(pair, "sv"))
        out->start_vv = version_read_vv(r, s->scratch);
    else if (snapshot_is_key(pair, "sf"))
        out->start_frontiers = version_read_frontiers(r, s->scratch);
    else
        reader_fail(r, LK_ECORRUPT, "key of a snapshot is not known");
    reader_finish(r, "bytes follow the version");
}

/* The key must say where the block begins. */
static void snapshot_read_block(snapshot_reader *s, const sstable_pair *pair, reader *r) {
    reader key = reader_new(pair->key);
    change_block_meta meta;
    lk_fault fault;
    snapshot_block begun = {.bytes = pair->value, .offset = pair->offset};
    begun.peer = reader_u64be(&key);
    begun.counter = (int32_t)reader_u32be(&key);
    if (change_block_read_meta(pair->value, pair->offset, &meta, &fault) != LK_OK)
        reader_fail(r, fault.code, fault.what);
    else if (meta.peer != begun.peer || meta.counter != begun.counter)
        reader_fail(r, LK_ECORRUPT, "block of changes is not where its key says");
    s->blocks[s->out->block_len++] = begun;
}

static void snapshot_read_pair(snapshot_reader *s, const sstable_pair *pair) {
    reader r = reader_new(pair->value);
    if (pair->key.len == SNAPSHOT_KEY)
        snapshot_read_block(s, pair, &r);
    else
        snapshot_read_version(s, pair, &r);
    /* Offsets inside a compressed block mean nothing to anyone: say where that block is. */
    *s->fault = r.fault;
    s->fault->offset = pair->offset;
}

lk_status snapshot_read_history(const envelope_section *section, arena *scratch,
                                snapshot_history *out, lk_fault *fault) {
    sstable table;
    *out = (snapshot_history){0};
    if (sstable_read(section->bytes, section->offset, LIMIT_SNAPSHOT_BYTES, scratch, &table,
                     fault) != LK_OK)
        return fault->code;
    snapshot_reader s = {scratch, out, arena_new(scratch, snapshot_block, table.len), fault};
    if (s.blocks == NULL) {
        *fault = (lk_fault){LK_ENOMEM, section->offset, "out of memory"};
        return fault->code;
    }
    for (size_t i = 0; i < table.len && fault->code == LK_OK; i++)
        snapshot_read_pair(&s, &table.pairs[i]);
    out->blocks = s.blocks;
    out->shallow = out->start_vv.len > 0;
    return fault->code;
}

/* A shallow snapshot says with this one byte that its end is to be replayed from its root. */
static bool snapshot_left_out(lk_bytes section) { return section.len == 1 && section.at[0] == 'E'; }

lk_status snapshot_check_states(const envelope_sections *sections, arena *scratch,
                                lk_fault *fault) {
    const envelope_section *state = &sections->state, *root = &sections->root;
    arena_mark mark = arena_save(scratch);
    sstable table;
    *fault = (lk_fault){0};
    if (!snapshot_left_out(state->bytes))
        sstable_read(state->bytes, state->offset, LIMIT_SNAPSHOT_BYTES, scratch, &table, fault);
    if (fault->code == LK_OK)
        sstable_read(root->bytes, root->offset, LIMIT_SNAPSHOT_BYTES, scratch, &table, fault);
    arena_rewind(scratch, mark);
    return fault->code;
}

/* ---- writing ---- */

static int snapshot_pair_order(const void *a, const void *b) {
    return sort_bytes(((const sstable_pair *)a)->key, ((const sstable_pair *)b)->key);
}

/* The pairs of the history table, sorted; `versions` holds the values of "vv" and "fr". */
static sstable_pair *snapshot_make_pairs(const snapshot_block *blocks, size_t len,
                                         const lk_buf versions[2], arena *scratch) {
    sstable_pair *pairs = arena_new(scratch, sstable_pair, len + 2);
    uint8_t *keys = arena_bytes(scratch, len * SNAPSHOT_KEY);
    if (pairs == NULL || keys == NULL) return NULL;
    for (size_t i = 0; i < len; i++, keys += SNAPSHOT_KEY) {
        uint64_t peer = blocks[i].peer;
        uint32_t counter = (uint32_t)blocks[i].counter;
        for (unsigned b = 0; b < 8; b++) keys[b] = (uint8_t)(peer >> (56 - 8 * b));
        for (unsigned b = 0; b < 4; b++) keys[8 + b] = (uint8_t)(counter >> (24 - 8 * b));
        pairs[i] = (sstable_pair){.key = {keys, SNAPSHOT_KEY}, .value = blocks[i].bytes};
    }
    static const uint8_t names[2][2] = {{'v', 'v'}, {'f', 'r'}};
    for (size_t i = 0; i < 2; i++)
        pairs[len + i] =
            (sstable_pair){.key = {names[i], 2}, .value = {versions[i].at, versions[i].len}};
    sort_items(pairs, len + 2, sizeof *pairs, snapshot_pair_order);
    return pairs;
}

/* One section: u32le length, then a table. */
static lk_status snapshot_write_table(writer *w, const sstable_pair *pairs, size_t len,
                                      const lk_memory *heap) {
    size_t at = w->out->len;
    writer_u32le(w, 0);
    if (w->failed) return LK_ENOMEM;
    lk_status status = sstable_write(pairs, len, heap, w->out);
    size_t table_len = w->out->len - at - 4;
    for (unsigned i = 0; i < 4; i++) w->out->at[at + i] = (uint8_t)(table_len >> (8 * i));
    return status;
}

static lk_status snapshot_write_sections(writer *w, const sstable_pair *history, size_t history_len,
                                         const sstable_pair *states, size_t state_len,
                                         const lk_memory *heap) {
    lk_status status = snapshot_write_table(w, history, history_len, heap);
    if (status == LK_OK) status = snapshot_write_table(w, states, state_len, heap);
    writer_u32le(w, 0); /* no shallow root */
    return w->failed ? LK_ENOMEM : status;
}

lk_status snapshot_write(lk_ids vv, lk_ids frontiers, const snapshot_block *blocks,
                         size_t block_len, sstable_pair *states, size_t state_len, arena *scratch,
                         lk_buf *out) {
    lk_buf versions[2] = {{.memory = scratch->heap}, {.memory = scratch->heap}};
    writer vv_writer = writer_new(&versions[0]), frontiers_writer = writer_new(&versions[1]);
    version_write(&vv_writer, vv);
    version_write(&frontiers_writer, frontiers);
    sort_items(states, state_len, sizeof *states, snapshot_pair_order);
    sstable_pair *history = snapshot_make_pairs(blocks, block_len, versions, scratch);
    lk_status status = LK_ENOMEM;
    size_t start = out->len;
    if (history != NULL && !vv_writer.failed && !frontiers_writer.failed) {
        writer w = writer_new(out);
        envelope_begin(&w, ENVELOPE_SNAPSHOT, &start);
        status =
            snapshot_write_sections(&w, history, block_len + 2, states, state_len, scratch->heap);
        envelope_finish(&w, start);
    }
    if (status != LK_OK) out->len = start;
    lk_buf_free(&versions[0]);
    lk_buf_free(&versions[1]);
    return status;
}
