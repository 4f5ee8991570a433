/* SPDX-License-Identifier: MIT
 * codec_fault_test.c - every allocation of the codec fails once, for every N: it says so, leaves
 * nothing behind in memory, and appends nothing. */
#include "base/limits.h"
#include "check.h"
#include "codec/change_block.h"
#include "codec/snapshot_blob.h"
#include "codec/state_blob.h"
#include "loro_vectors.h"
#include "meter.h"

typedef lk_status scenario(arena *scratch, lk_buf *out);

static lk_status rewrite_updates(arena *scratch, lk_buf *out) {
    envelope_mode mode;
    reader body;
    lk_fault fault;
    lk_bytes bytes;
    size_t offset;
    lk_status status =
        envelope_open((lk_bytes){loro_updates, sizeof loro_updates}, &mode, &body, &fault);
    while (status == LK_OK && envelope_next_block(&body, &bytes, &offset)) {
        block b;
        status = change_block_read(bytes, offset, scratch, &b, &fault);
        CHECK_EQ(status, fault.code);
        size_t before = out->len;
        if (status == LK_OK) status = change_block_write(&b, scratch, out);
        if (status != LK_OK) CHECK_EQ(out->len, before);
    }
    return status;
}

static lk_status rewrite_state(const sstable_pair *pair, arena *scratch, lk_buf *out) {
    state_names names = {.scratch = scratch};
    state_container state;
    lk_fault fault;
    lk_status status = state_blob_read(pair, &names, &state, &fault);
    CHECK_EQ(status, fault.code);
    if (status != LK_OK) return status;
    state_tables tables = state_names_tables(&names);
    size_t before = out->len;
    status = state_blob_write(&tables, &state, scratch, out);
    if (status != LK_OK) CHECK_EQ(out->len, before);
    return status;
}

static lk_status rewrite_snapshot(arena *scratch, lk_buf *out) {
    envelope_mode mode;
    reader body;
    lk_fault fault;
    envelope_sections sections;
    snapshot_history h;
    sstable table;
    envelope_open((lk_bytes){loro_snapshot, sizeof loro_snapshot}, &mode, &body, &fault);
    envelope_read_sections(&body, &sections, &fault);
    lk_status status = snapshot_read_states(&sections, scratch, &table, &fault);
    if (status == LK_OK) status = snapshot_read_history(&sections.history, scratch, &h, &fault);
    for (size_t i = 0; status == LK_OK && i < table.len; i++)
        status = rewrite_state(&table.pairs[i], scratch, out);
    if (status != LK_OK) return status;
    sstable_pair *pairs = arena_new(scratch, sstable_pair, table.len);
    if (pairs == NULL) return LK_ENOMEM;
    memcpy(pairs, table.pairs, table.len * sizeof *pairs);
    size_t before = out->len;
    snapshot_parts parts = {.vv = h.vv,
                            .frontiers = h.frontiers,
                            .blocks = h.blocks,
                            .block_len = h.block_len,
                            .states = pairs,
                            .state_len = table.len};
    status = snapshot_write(&parts, scratch, out);
    if (status != LK_OK) CHECK_EQ(out->len, before);
    return status;
}

static lk_status code_versions(arena *scratch, lk_buf *out) {
    (void)scratch;
    const lk_id ids[] = {{1, 5}, {2, 9}};
    lk_status status = lk_vv_encode((lk_ids){ids, 2}, out);
    if (status != LK_OK) return status;
    lk_buf back = {.memory = out->memory};
    status = lk_vv_decode((lk_bytes){out->at, out->len}, &back, NULL);
    lk_buf_free(&back);
    return status;
}

/* How many allocations were failed until the scenario went through. */
static uint64_t fail_each(scenario *run) {
    for (uint64_t n = 1;; n++) {
        meter m = {.fail_at = n};
        lk_memory memory = {.context = &m, .resize = meter_resize};
        arena scratch;
        arena_init(&scratch, &memory);
        lk_buf out = {.memory = &memory};
        lk_status status = run(&scratch, &out);
        CHECK_EQ(status, m.requests < n ? LK_OK : LK_ENOMEM);
        lk_buf_free(&out);
        arena_drop(&scratch);
        CHECK_EQ(m.bytes, 0);
        if (status == LK_OK) return n - 1;
    }
}

int main(void) {
    uint64_t failed =
        fail_each(rewrite_updates) + fail_each(rewrite_snapshot) + fail_each(code_versions);
    CHECK(failed > 10);
    printf("codec_fault: %" PRIu64 " allocations failed, one at a time\n", failed);
    return 0;
}
