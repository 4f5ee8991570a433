/* SPDX-License-Identifier: MIT
 * elo_records_test.c - random records beside a twin that keeps a plain list: who covers whom, what
 * a version lacks, and where the version ends. */
#include "check.h"

#include "base/limits.h"
#include "host/elo_records.h"
#include "host/heap.h"
#include "room/elo.h"

#define PEERS 3
#define COUNTERS 24
#define TOGETHER 3 /* records in one container, at most */

typedef struct twin_record {
    bool snapshot;
    uint32_t peer, start, end;
    uint32_t ends[PEERS];
    uint32_t id; /* in its box */
} twin_record;
typedef VEC(twin_record) twin;

/* ---- what is compared ---- */

static void kept(void *context, shared_bytes *record) { (void)record, ++*(int64_t *)context; }
static void gone(void *context, shared_bytes *record) {
    CHECK(record->gone);
    --*(int64_t *)context;
}

static lk_bytes peer_name(uint32_t peer) { return (lk_bytes){(const uint8_t *)"123" + peer, 1}; }

static void record_write(const twin_record *t, lk_buf *out) {
    static const uint8_t iv[ELO_IV];
    uint8_t box[ELO_TAG] = {(uint8_t)t->id, (uint8_t)(t->id >> 8)};
    lk_buf version = HEAP_BUF;
    writer v = writer_new(&version);
    elo_record r = {.kind = t->snapshot ? ELO_SNAPSHOT : ELO_SPAN, .iv = {iv, ELO_IV}};
    r.peer = peer_name(t->peer), r.start = t->start, r.end = t->end;
    for (uint32_t i = 0; i < PEERS; i++) {
        writer_bytes(&v, peer_name(i).at, 1);
        writer_uleb(&v, t->ends[i]);
    }
    r.version_len = PEERS, r.version = (lk_bytes){version.at, version.len};
    CHECK(elo_header_write(&r, out));
    writer w = writer_new(out);
    writer_bytes(&w, box, sizeof box);
    lk_buf_free(&version);
}

static uint32_t record_id(const shared_bytes *p) {
    return p->at[p->len - ELO_TAG] | p->at[p->len - ELO_TAG + 1] << 8;
}

static bool twin_covers(const twin_record *a, const twin_record *b) {
    if (!a->snapshot)
        return !b->snapshot && a->peer == b->peer && a->start <= b->start && b->end <= a->end;
    if (!b->snapshot) return b->end <= a->ends[b->peer];
    for (int i = 0; i < PEERS; i++)
        if (b->ends[i] > a->ends[i]) return false;
    return true;
}

static uint32_t twin_end(const twin *t, uint32_t peer) {
    uint32_t end = 0;
    for (size_t i = 0; i < t->len; i++)
        if (t->at[i].snapshot && t->at[i].ends[peer] > end) end = t->at[i].ends[peer];
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < t->len; i++) {
            const twin_record *r = &t->at[i];
            if (r->snapshot || r->peer != peer || r->start > end || r->end <= end) continue;
            end = r->end, more = true;
        }
    }
    return end;
}

static bool twin_full(const twin *t, const twin_record *r, size_t len) {
    for (size_t i = 0, before = 0; i < len; i++) {
        if (!r[i].snapshot) continue;
        size_t stay = before++;
        for (size_t k = 0; k < t->len; k++)
            stay += t->at[k].snapshot && !twin_covers(&r[i], &t->at[k]);
        if (stay >= LIMIT_ROOM_SNAPSHOTS) return true;
    }
    return false;
}

static void twin_add(twin *t, const twin_record *r) {
    size_t covered = 0, left = 0;
    bool brings = !r->snapshot;
    for (size_t i = 0; i < t->len; i++) covered += twin_covers(r, &t->at[i]);
    for (uint32_t p = 0; p < PEERS && r->snapshot; p++) brings |= r->ends[p] > twin_end(t, p);
    if (!brings && covered < 2) return;
    for (size_t i = 0; i < t->len; i++)
        if (!twin_covers(r, &t->at[i])) t->at[left++] = t->at[i];
    t->len = left;
    *vec_push(&heap_memory, t) = *r;
}

static bool twin_lacks(const twin_record *r, const uint32_t known[PEERS]) {
    if (!r->snapshot) return r->end > known[r->peer];
    for (int i = 0; i < PEERS; i++)
        if (r->ends[i] > known[i]) return true;
    return false;
}

static void compare(const elo_records *v, const twin *t, rng *random) {
    uint32_t known[PEERS];
    lk_id ids[PEERS];
    shared_bytes_list missing = {0};
    for (uint32_t i = 0; i < PEERS; i++) {
        known[i] = rng_below(random, COUNTERS);
        ids[i] = (lk_id){i + 1, (int32_t)known[i]};
    }
    elo_records_missing(v, (lk_ids){ids, PEERS}, &missing);
    size_t count = 0;
    for (size_t i = 0; i < t->len; i++) {
        if (!twin_lacks(&t->at[i], known)) continue;
        count++;
        size_t found = 0;
        for (size_t k = 0; k < missing.len; k++) found += record_id(missing.at[k]) == t->at[i].id;
        CHECK_EQ(found, 1);
    }
    CHECK_EQ(missing.len, count);
    shared_bytes_drop_all(&missing);
    lk_buf version = HEAP_BUF, read = HEAP_BUF;
    elo_records_version(v, &version);
    CHECK_EQ(lk_vv_decode((lk_bytes){version.at, version.len}, &read, NULL), LK_OK);
    const lk_id *ends = (const lk_id *)(const void *)read.at;
    for (uint32_t p = 0, i = 0; p < PEERS; p++) {
        uint32_t end = twin_end(t, p);
        if (end == 0) continue;
        CHECK(i < read.len / sizeof(lk_id) && ends[i].peer == p + 1);
        CHECK_EQ(ends[i++].counter, end);
    }
    lk_buf_free(&version);
    lk_buf_free(&read);
}

/* ---- a run ---- */

static twin_record draw(rng *random, uint32_t id) {
    twin_record r = {.id = id, .snapshot = rng_below(random, 8) == 0};
    r.peer = rng_below(random, PEERS);
    r.start = rng_below(random, COUNTERS - 1);
    r.end = r.start + 1 + rng_below(random, COUNTERS - 1 - r.start);
    for (int i = 0; i < PEERS; i++) r.ends[i] = rng_below(random, COUNTERS);
    return r;
}

static void run(uint64_t seed) {
    rng random = {seed};
    int64_t alive = 0;
    elo_records *v = elo_records_new(&(elo_records_events){&alive, kept, gone});
    twin t = {0};
    for (uint32_t n = 0; n < 200;) {
        twin_record together[TOGETHER];
        size_t len = 1 + rng_below(&random, TOGETHER);
        lk_buf record = HEAP_BUF, container = HEAP_BUF;
        writer w = writer_new(&container);
        writer_uleb(&w, len);
        for (size_t i = 0; i < len; i++) {
            together[i] = draw(&random, ++n);
            record.len = 0;
            record_write(&together[i], &record);
            writer_bytes(&w, record.at, record.len);
        }
        bool news, full = twin_full(&t, together, len);
        lk_status status = elo_records_add(v, (lk_bytes){container.at, container.len}, &news, NULL);
        CHECK_EQ(status, full ? LK_ELIMIT : LK_OK);
        for (size_t i = 0; i < len && !full; i++) twin_add(&t, &together[i]);
        CHECK_EQ(elo_records_records(v), t.len);
        CHECK_EQ(alive, t.len);
        compare(v, &t, &random);
        lk_buf_free(&record);
        lk_buf_free(&container);
    }
    elo_records_free(v);
    vec_drop(&heap_memory, &t);
}

/* All or nothing, and room for a snapshot even where no record finds any. */
static void test_full(void) {
    int64_t alive = 0;
    elo_records *v = elo_records_new(&(elo_records_events){&alive, kept, gone});
    lk_buf container = HEAP_BUF, record = HEAP_BUF;
    bool news;
    for (uint32_t n = 0; n < LIMIT_ROOM_RECORDS + 2; n++) {
        twin_record r = {.start = n, .end = n + 1, .snapshot = n > LIMIT_ROOM_RECORDS};
        r.ends[0] = n;
        container.len = record.len = 0;
        record_write(&r, &record);
        writer w = writer_new(&container);
        writer_uleb(&w, 1);
        writer_bytes(&w, record.at, record.len);
        lk_status status = elo_records_add(v, (lk_bytes){container.at, container.len}, &news, NULL);
        CHECK_EQ(status, n == LIMIT_ROOM_RECORDS ? LK_ELIMIT : LK_OK);
    }
    CHECK_EQ(elo_records_records(v), 1);
    container.len = 0;
    writer w = writer_new(&container);
    writer_uleb(&w, 2);
    writer_bytes(&w, record.at, record.len);
    writer_bytes(&w, "x", 1);
    CHECK_EQ(elo_records_add(v, (lk_bytes){container.at, container.len}, &news, NULL), LK_ECORRUPT);
    CHECK(!news);
    CHECK_EQ(alive, 1);
    lk_buf_free(&container);
    lk_buf_free(&record);
    elo_records_free(v);
}

static lk_status add_snapshot(elo_records *v, uint32_t id, uint32_t one, uint32_t other) {
    twin_record r = {.snapshot = true, .id = id, .ends = {one, other}};
    lk_buf container = HEAP_BUF, record = HEAP_BUF;
    bool news;
    record_write(&r, &record);
    writer w = writer_new(&container);
    writer_uleb(&w, 1);
    writer_bytes(&w, record.at, record.len);
    lk_status status = elo_records_add(v, (lk_bytes){container.at, container.len}, &news, NULL);
    lk_buf_free(&container);
    lk_buf_free(&record);
    return status;
}

/* So many snapshots, none of which holds all of another, and one more only in the place of one. */
static void test_crowded(void) {
    int64_t alive = 0;
    elo_records *v = elo_records_new(&(elo_records_events){&alive, kept, gone});
    for (uint32_t n = 0; n < LIMIT_ROOM_SNAPSHOTS; n++)
        CHECK_EQ(add_snapshot(v, n, n, 100 - n), LK_OK);
    CHECK_EQ(add_snapshot(v, 100, 50, 50), LK_ELIMIT);
    CHECK_EQ(alive, LIMIT_ROOM_SNAPSHOTS);
    CHECK_EQ(add_snapshot(v, 101, 1, 99 + 1), LK_OK);
    CHECK_EQ(alive, LIMIT_ROOM_SNAPSHOTS - 1);
    elo_records_free(v);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 200; seed++) run(seed);
    test_full();
    test_crowded();
    puts("ok");
    return 0;
}
