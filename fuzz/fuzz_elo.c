/* SPDX-License-Identifier: MIT
 * fuzz_elo.c - containers of sealed records, as a stranger sends them. What is read is written back
 * to the same bytes, and elo_records take all of a container in or nothing. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "host/elo_records.h"
#include "host/heap.h"
#include "room/elo.h"
#include "room/frame.h"

static void seed_record(uint32_t n, lk_buf *out) {
    static const uint8_t iv[ELO_IV] = {1, 2, 3}, box[ELO_TAG + 3] = {4};
    static const uint8_t version[] = {1, '1', 9, 2, '1', '7', 3};
    const elo_record records[] = {
        {.kind = ELO_SPAN, .peer = {(const uint8_t *)"17", 2}, .start = 0, .end = 5},
        {.kind = ELO_SPAN, .peer = {(const uint8_t *)"17", 2}, .start = 3, .end = 300},
        {.kind = ELO_SNAPSHOT, .version_len = 2, .version = {version, sizeof version}},
    };
    elo_record r = records[n];
    r.iv = (lk_bytes){iv, ELO_IV}, r.key_id = (lk_str){"k1", 2};
    CHECK(elo_header_write(&r, out));
    writer w = writer_new(out);
    writer_bytes(&w, box, sizeof box);
}

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    if (n >= 4) return 0;
    lk_buf bytes = HEAP_BUF, record = HEAP_BUF;
    writer w = writer_new(&bytes);
    writer_uleb(&w, n < 3 ? 1 : 3);
    for (uint32_t i = n < 3 ? n : 0; i < (n < 3 ? n + 1 : 3); i++) {
        record.len = 0;
        seed_record(i, &record);
        writer_bytes(&w, record.at, record.len);
    }
    size_t len = bytes.len;
    CHECK(len <= cap);
    memcpy(out, bytes.at, len);
    lk_buf_free(&bytes);
    lk_buf_free(&record);
    return len;
}

static void fuzz_nothing(void *context, shared_bytes *record) { (void)context, (void)record; }

/* Counters and lengths need not be written as short as can be; what was is written back so. */
static void fuzz_record(lk_bytes one) {
    elo_record r, again;
    lk_fault fault;
    if (elo_record_read(one, &r, &fault) != LK_OK) {
        CHECK(fault.what != NULL && fault.offset <= one.len);
        return;
    }
    lk_buf bytes = HEAP_BUF;
    CHECK(elo_header_write(&r, &bytes));
    writer w = writer_new(&bytes);
    writer_bytes(&w, r.box.at, r.box.len);
    CHECK_EQ(elo_record_read((lk_bytes){bytes.at, bytes.len}, &again, NULL), LK_OK);
    CHECK_EQ(again.kind, r.kind);
    CHECK_EQ(again.end, r.end);
    CHECK_BYTES(again.box.at, again.box.len, r.box.at, r.box.len);
    lk_buf_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lk_bytes container = {data, size}, list, one;
    lk_fault fault;
    bool news;
    elo_records *v = elo_records_new(&(elo_records_events){NULL, fuzz_nothing, fuzz_nothing});
    lk_status status = elo_records_add(v, container, &news, NULL);
    if (elo_container_read(container, &list, &fault) == LK_OK)
        while (frame_next_update(&list, &one)) fuzz_record(one);
    else
        CHECK(fault.what != NULL);
    if (status != LK_OK) CHECK_EQ(elo_records_records(v), 0);
    lk_buf version = HEAP_BUF;
    shared_bytes_list all = {0};
    elo_records_version(v, &version);
    elo_records_missing(v, (lk_ids){0}, &all);
    /* A snapshot may say that it holds nothing. */
    CHECK(all.len <= elo_records_records(v));
    shared_bytes_drop_all(&all);
    lk_buf_free(&version);
    elo_records_free(v);
    return 0;
}
