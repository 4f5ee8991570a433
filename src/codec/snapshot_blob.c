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

/* To look for one end takes a walk through the index, so for more of them all is read at once. */
#define SNAPSHOT_HEADS 64u

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

/* A history may begin at the very first operation; then the vector holds but a zero. */
static void snapshot_read_start(snapshot_history *out, reader *r, arena *scratch) {
    reader count = *r;
    out->shallow = reader_uleb(&count, UINT64_MAX) > 0;
    out->start_vv = version_read_vv(r, scratch);
}

static void snapshot_read_version(snapshot_reader *s, const sstable_pair *pair, reader *r) {
    snapshot_history *out = s->out;
    if (snapshot_is_key(pair, "vv"))
        out->vv = version_read_vv(r, s->scratch);
    else if (snapshot_is_key(pair, "fr"))
        out->frontiers = version_read_frontiers(r, s->scratch);
    else if (snapshot_is_key(pair, "sv"))
        snapshot_read_start(out, r, s->scratch);
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
    return fault->code;
}

/* ---- only its end ---- */

static void snapshot_write_key(uint64_t peer, int32_t counter, uint8_t *out) {
    for (unsigned b = 0; b < 8; b++) out[b] = (uint8_t)(peer >> (56 - 8 * b));
    for (unsigned b = 0; b < 4; b++) out[8 + b] = (uint8_t)((uint32_t)counter >> (24 - 8 * b));
}

/* The block that ends with that operation. */
static void snapshot_read_head(snapshot_reader *s, const envelope_section *section, lk_id head,
                               snapshot_tip *out) {
    uint8_t key[SNAPSHOT_KEY];
    sstable_pair pair;
    block b;
    snapshot_write_key(head.peer, head.counter, key);
    if (sstable_seek(section->bytes, section->offset, LIMIT_SNAPSHOT_BYTES,
                     (lk_bytes){key, sizeof key}, s->scratch, &pair, s->fault) != LK_OK)
        return;
    if (pair.key.len == SNAPSHOT_KEY &&
        change_block_read_changes(pair.value, pair.offset, s->scratch, &b, s->fault) != LK_OK)
        return;
    const change *last = pair.key.len == SNAPSHOT_KEY ? &b.changes[b.change_len - 1] : NULL;
    if (last == NULL || b.peers[0] != head.peer ||
        last->counter + (int32_t)last->len - 1 != head.counter) {
        *s->fault = (lk_fault){LK_ECORRUPT, section->offset, "history does not end where it says"};
        return;
    }
    uint32_t lamport = last->lamport + last->len - 1;
    if (lamport > out->lamport) out->lamport = lamport;
    if (last->timestamp_s > out->timestamp_s) out->timestamp_s = last->timestamp_s;
}

lk_status snapshot_read_tip(const envelope_section *section, arena *scratch, snapshot_tip *out,
                            lk_fault *fault) {
    static const char *const names[] = {"vv", "fr", "sv", "sf"};
    snapshot_history history = {0};
    snapshot_reader s = {scratch, &history, NULL, fault};
    *fault = (lk_fault){0};
    for (size_t i = 0; i < countof(names) && fault->code == LK_OK; i++) {
        lk_bytes key = {(const uint8_t *)names[i], 2};
        sstable_pair pair;
        if (sstable_seek(section->bytes, section->offset, LIMIT_SNAPSHOT_BYTES, key, scratch, &pair,
                         fault) == LK_OK &&
            snapshot_is_key(&pair, names[i]))
            snapshot_read_pair(&s, &pair);
    }
    if (fault->code == LK_OK && (history.shallow || history.frontiers.len == 0))
        *fault = (lk_fault){LK_ECORRUPT, section->offset, "history is not whole"};
    if (fault->code == LK_OK && history.frontiers.len > SNAPSHOT_HEADS)
        *fault = (lk_fault){LK_ELIMIT, section->offset, "history has many ends"};
    *out = (snapshot_tip){.vv = history.vv, .frontiers = history.frontiers};
    for (size_t i = 0; i < history.frontiers.len && fault->code == LK_OK; i++)
        snapshot_read_head(&s, section, history.frontiers.at[i], out);
    return fault->code;
}

static bool snapshot_same_ids(lk_ids a, lk_ids b) {
    bool same = a.len == b.len;
    for (size_t i = 0; same && i < a.len; i++)
        same = a.at[i].peer == b.at[i].peer && a.at[i].counter == b.at[i].counter;
    return same;
}

lk_status snapshot_read_root(const envelope_section *section, lk_ids at, arena *scratch,
                             snapshot_root *out, lk_fault *fault) {
    sstable table;
    *out = (snapshot_root){.bytes = section->bytes};
    if (sstable_read(section->bytes, section->offset, LIMIT_SNAPSHOT_BYTES, scratch, &table,
                     fault) != LK_OK)
        return fault->code;
    sstable_pair *pairs = arena_new(scratch, sstable_pair, table.len);
    if (pairs == NULL) {
        *fault = (lk_fault){LK_ENOMEM, section->offset, "out of memory"};
        return fault->code;
    }
    out->pairs = pairs;
    reader r = reader_new((lk_bytes){0});
    bool stands = false;
    for (size_t i = 0; i < table.len; i++) {
        if (!snapshot_is_key(&table.pairs[i], "fr")) {
            pairs[out->len++] = table.pairs[i];
            continue;
        }
        r = reader_new(table.pairs[i].value);
        stands = snapshot_same_ids(version_read_frontiers(&r, scratch), at);
    }
    if (!stands)
        reader_fail(&r, LK_ECORRUPT, "state at the beginning does not say where it stands");
    *fault = (lk_fault){r.fault.code, section->offset, r.fault.what};
    return fault->code;
}

/* With this one byte for the state, a snapshot asks to be replayed from its root. */
static const uint8_t snapshot_omitted[] = {'E'};

static bool snapshot_is_omitted(lk_bytes section) {
    return section.len == sizeof snapshot_omitted && section.at[0] == snapshot_omitted[0];
}

lk_status snapshot_read_states(const envelope_sections *sections, arena *scratch, sstable *out,
                               lk_fault *fault) {
    const envelope_section *state = &sections->state, *root = &sections->root;
    *fault = (lk_fault){0};
    *out = (sstable){0};
    sstable_read(root->bytes, root->offset, LIMIT_SNAPSHOT_BYTES, scratch, out, fault);
    if (fault->code == LK_OK && !snapshot_is_omitted(state->bytes))
        sstable_read(state->bytes, state->offset, LIMIT_SNAPSHOT_BYTES, scratch, out, fault);
    return fault->code;
}

/* ---- writing ---- */

static int snapshot_pair_order(const void *a, const void *b) {
    return sort_bytes(((const sstable_pair *)a)->key, ((const sstable_pair *)b)->key);
}

static sstable_pair snapshot_pair(const char *name, const lk_buf *value) {
    return (sstable_pair){.key = {(const uint8_t *)name, 2}, .value = {value->at, value->len}};
}

/* Versions as bytes. */
enum { VERSION_VV, VERSION_FR, VERSION_SV, VERSION_SF, VERSIONS };

typedef struct snapshot_table {
    sstable_pair *pairs;
    size_t len;
} snapshot_table;

static snapshot_table snapshot_make_history(const snapshot_parts *parts, const lk_buf *versions,
                                            arena *scratch) {
    size_t len = parts->block_len;
    sstable_pair *pairs = arena_new(scratch, sstable_pair, len + VERSIONS);
    uint8_t *keys = arena_bytes(scratch, len * SNAPSHOT_KEY);
    if (pairs == NULL || keys == NULL) return (snapshot_table){0};
    for (size_t i = 0; i < len; i++, keys += SNAPSHOT_KEY) {
        const snapshot_block *from = &parts->blocks[i];
        snapshot_write_key(from->peer, from->counter, keys);
        pairs[i] = (sstable_pair){.key = {keys, SNAPSHOT_KEY}, .value = from->bytes};
    }
    pairs[len++] = snapshot_pair("vv", &versions[VERSION_VV]);
    pairs[len++] = snapshot_pair("fr", &versions[VERSION_FR]);
    if (parts->late) {
        pairs[len++] = snapshot_pair("sv", &versions[VERSION_SV]);
        pairs[len++] = snapshot_pair("sf", &versions[VERSION_SF]);
    }
    sort_items(pairs, len, sizeof *pairs, snapshot_pair_order);
    return (snapshot_table){pairs, len};
}

/* One section: u32le length, then a table. */
static lk_status snapshot_write_table(writer *w, lk_bytes kept, const sstable_pair *pairs,
                                      size_t len, arena *scratch) {
    size_t at = w->out->len;
    writer_u32le(w, 0);
    if (w->failed) return LK_ENOMEM;
    lk_status status =
        kept.len == 0 ? sstable_write(pairs, len, scratch->heap, w->out)
                      : sstable_write_on(kept, LIMIT_SNAPSHOT_BYTES, pairs, len, scratch, w->out);
    size_t table_len = w->out->len - at - 4;
    for (unsigned i = 0; i < 4; i++) w->out->at[at + i] = (uint8_t)(table_len >> (8 * i));
    return status;
}

/* The states, and where they stand. */
static lk_status snapshot_write_root(writer *w, const snapshot_parts *parts, const lk_buf *versions,
                                     arena *scratch) {
    size_t len = parts->state_len;
    sstable_pair *pairs = arena_new(scratch, sstable_pair, len + 1);
    if (pairs == NULL) return LK_ENOMEM;
    if (len > 0) __builtin_memcpy(pairs, parts->states, len * sizeof *pairs);
    pairs[len++] = snapshot_pair("fr", &versions[VERSION_SF]);
    sort_items(pairs, len, sizeof *pairs, snapshot_pair_order);
    return snapshot_write_table(w, (lk_bytes){0}, pairs, len, scratch);
}

/* A history that begins late: its end is replayed, from the root. */
static lk_status snapshot_write_late(writer *w, const snapshot_parts *parts, const lk_buf *versions,
                                     arena *scratch) {
    writer_u32le(w, sizeof snapshot_omitted);
    writer_raw(w, snapshot_omitted, sizeof snapshot_omitted);
    if (parts->root.len == 0) return snapshot_write_root(w, parts, versions, scratch);
    writer_u32le(w, (uint32_t)parts->root.len);
    writer_raw(w, parts->root.at, parts->root.len);
    return LK_OK;
}

static lk_status snapshot_write_sections(writer *w, const snapshot_parts *parts,
                                         const lk_buf *versions, arena *scratch) {
    snapshot_table history = snapshot_make_history(parts, versions, scratch);
    if (history.pairs == NULL) return LK_ENOMEM;
    lk_status status = snapshot_write_table(w, parts->kept, history.pairs, history.len, scratch);
    if (status != LK_OK) return status;
    if (parts->late) return snapshot_write_late(w, parts, versions, scratch);
    sort_items(parts->states, parts->state_len, sizeof *parts->states, snapshot_pair_order);
    status = snapshot_write_table(w, (lk_bytes){0}, parts->states, parts->state_len, scratch);
    writer_u32le(w, 0); /* no root */
    return status;
}

lk_status snapshot_write(const snapshot_parts *parts, arena *scratch, lk_buf *out) {
    const lk_ids ids[VERSIONS] = {parts->vv, parts->frontiers, parts->start_vv,
                                  parts->start_frontiers};
    lk_buf versions[VERSIONS];
    bool ready = true;
    for (size_t i = 0; i < VERSIONS; i++) {
        versions[i] = (lk_buf){.memory = scratch->heap};
        writer w = writer_new(&versions[i]);
        version_write(&w, ids[i]);
        ready &= !w.failed;
    }
    lk_status status = LK_ENOMEM;
    size_t start = out->len;
    if (ready) {
        writer w = writer_new(out);
        envelope_begin(&w, ENVELOPE_SNAPSHOT, &start);
        status = snapshot_write_sections(&w, parts, versions, scratch);
        envelope_finish(&w, start);
        if (w.failed) status = LK_ENOMEM;
    }
    if (status != LK_OK) out->len = start;
    for (size_t i = 0; i < VERSIONS; i++) lk_buf_free(&versions[i]);
    return status;
}
