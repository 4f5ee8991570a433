/* SPDX-License-Identifier: MIT
 * sealed_write.c - a snapshot of a document whose history stays sealed:
 *
 *      the table of blocks it came with ───────────┐
 *      blocks of what came since, by other peers ──┴─► history
 *      the state shown, and the times of the states it came with ─► states
 *
 * The log does not know when the atoms were made that the state holds of what is sealed, and only
 * states are written with it. So that is read from the old states, once. */
#include "doc/sealed_write.h"

#include "base/limits.h"
#include "base/sort.h"
#include "codec/state_blob.h"
#include "doc/sealed.h"

bool sealed_write_can(const lk_doc *doc) {
    const dag *g = &doc->log.graph;
    if (doc->sealed.at == NULL || doc->sealed.damage != LK_OK || doc->spent) return false;
    for (peer_ix p = 0; p < g->peers.len; p++)
        if (g->peers.at[p].begin > 0 && g->peers.at[p].end > g->peers.at[p].begin) return false;
    return true;
}

typedef struct sealed_writer {
    lk_doc *doc;
    state_names names;
    lk_fault fault;
} sealed_writer;

/* An atom, or the first of a run, was made at that time. */
static bool sealed_write_time(sealed_writer *w, op_id id, uint32_t lamport) {
    id.peer = intern_find_peer(&w->doc->log.names, w->names.peers.at[id.peer]);
    uint64_t *time = vec_push(&w->doc->memory, &w->doc->sealed.times);
    if (time != NULL) *time = (uint64_t)dag_lv(&w->doc->log.graph, id) << 32 | lamport;
    return time != NULL;
}

static bool sealed_write_text_times(sealed_writer *w, const state_text *text) {
    bool fine = true;
    for (size_t i = 0; i < text->span_len && fine; i++)
        fine = sealed_write_time(w, text->spans[i].id, text->spans[i].lamport);
    return fine;
}

static bool sealed_write_list_times(sealed_writer *w, const state_list *list) {
    bool fine = true;
    for (size_t i = 0; i < list->len && fine; i++)
        fine = sealed_write_time(w, list->items[i].id, list->items[i].lamport);
    return fine;
}

static bool sealed_write_movable_times(sealed_writer *w, const state_movable *list) {
    bool fine = true;
    for (size_t i = 0; i < list->len && fine; i++)
        fine = sealed_write_time(w, list->places[i].id, list->places[i].lamport);
    return fine;
}

static lk_status sealed_write_read(sealed_writer *w, const sstable_pair *pair) {
    state_container c;
    lk_status status = state_blob_read(pair, &w->names, &c, &w->fault);
    if (status != LK_OK) return status;
    bool fine = true;
    switch (w->names.cids.at[c.cid].kind) {
    case LK_TEXT: fine = sealed_write_text_times(w, &c.as.text); break;
    case LK_LIST: fine = sealed_write_list_times(w, &c.as.list); break;
    case LK_MOVABLE_LIST: fine = sealed_write_movable_times(w, &c.as.movable); break;
    default: break;
    }
    return fine ? LK_OK : LK_ENOMEM;
}

/* Sort the times, and leave out those that follow from the one before. */
static lk_status sealed_write_settle(lk_doc *doc) {
    uint64_t *at = doc->sealed.times.at;
    size_t len = doc->sealed.times.len, kept = 0;
    uint64_t *spare = arena_new(&doc->scratch, uint64_t, len);
    if (spare == NULL) return LK_ENOMEM;
    sort_numbers(at, len, spare);
    for (size_t i = 0; i < len; i++) {
        uint32_t ahead = (uint32_t)at[i] - (uint32_t)(at[i] >> 32);
        if (kept == 0 || ahead != (uint32_t)at[kept - 1] - (uint32_t)(at[kept - 1] >> 32))
            at[kept++] = at[i];
    }
    doc->sealed.times.len = kept;
    return LK_OK;
}

lk_status sealed_write_prepare(lk_doc *doc, lk_bytes *history) {
    sealed_writer w = {.doc = doc, .names.scratch = &doc->scratch};
    envelope_sections sections;
    sstable states;
    lk_status status = sealed_sections(doc, &sections, &w.fault);
    if (status != LK_OK) return status;
    *history = sections.history.bytes;
    if (doc->sealed.times.len > 0) return LK_OK;
    status = sstable_read(sections.state.bytes, sections.state.offset, LIMIT_SNAPSHOT_BYTES,
                          &doc->scratch, &states, &w.fault);
    for (size_t i = 0; i < states.len && status == LK_OK; i++)
        status = sealed_write_read(&w, &states.pairs[i]);
    if (status == LK_OK) status = sealed_write_settle(doc);
    if (status != LK_OK) vec_drop(&doc->memory, &doc->sealed.times);
    return status;
}

uint32_t sealed_write_lamport(const lk_doc *doc, lv at, uint32_t *more) {
    const uint64_t *times = doc->sealed.times.at;
    size_t low = 0, high = doc->sealed.times.len;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (times[mid] >> 32 <= at)
            low = mid;
        else
            high = mid;
    }
    lv next = high < doc->sealed.times.len ? (lv)(times[high] >> 32) : doc->log.graph.begin;
    *more = next - at;
    return (uint32_t)times[low] + (at - (lv)(times[low] >> 32));
}
