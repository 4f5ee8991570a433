/* SPDX-License-Identifier: MIT
 * elo_records.c - records by peer and place.
 *
 *     snapshots   record, record          none holds all of another
 *     peers       "17" ─► [0,9) [9,12)    sorted by the bytes of their ids; spans by their start,
 *                 "42" ─► [0,4)           none within another that came later
 *
 * Nothing here is believed but where it counts against who wrote it: a header that claims more than
 * its box holds takes the place of records that were good. Whoever lets strangers write is to ask
 * for a word first (rooms.c). */
#include "host/elo_records.h"

#include "base/limits.h"
#include "room/elo.h"
#include "room/frame.h"
#include "room/have.h"

/* What a record takes beside its bytes. */
#define ELO_RECORDS_CHARGE 128u

typedef struct elo_records_span {
    uint32_t start, end;
    shared_bytes *record;
} elo_records_span;

typedef struct elo_records_peer {
    uint8_t id[LIMIT_ELO_NAME_BYTES];
    size_t id_len;
    VEC(elo_records_span) spans;
} elo_records_peer;

typedef VEC(lk_id) elo_records_ids;

struct elo_records {
    elo_records_events events;
    shared_bytes_list snapshots;
    VEC(elo_records_peer) peers;
    size_t records, bytes;
};

elo_records *elo_records_new(const elo_records_events *events) {
    elo_records *v = heap_new(elo_records);
    v->events = *events;
    return v;
}

void elo_records_free(elo_records *v) {
    for (size_t i = 0; i < v->peers.len; i++) {
        elo_records_peer *p = &v->peers.at[i];
        for (size_t k = 0; k < p->spans.len; k++) shared_bytes_drop(p->spans.at[k].record);
        vec_drop(&heap_memory, &p->spans);
    }
    vec_drop(&heap_memory, &v->peers);
    shared_bytes_drop_all(&v->snapshots);
    heap_free(elo_records, v);
}

size_t elo_records_records(const elo_records *v) { return v->records; }
size_t elo_records_bytes(const elo_records *v) { return v->bytes; }

static void elo_records_keep(elo_records *v, shared_bytes *record) {
    v->records++, v->bytes += record->len + ELO_RECORDS_CHARGE;
    v->events.kept(v->events.context, record);
}

static void elo_records_let_go(elo_records *v, shared_bytes *record) {
    v->records--, v->bytes -= record->len + ELO_RECORDS_CHARGE;
    record->gone = true;
    v->events.gone(v->events.context, record);
    shared_bytes_drop(record);
}

/* ---- peers ---- */

static int elo_records_order(const elo_records_peer *p, lk_bytes id) {
    size_t least = p->id_len < id.len ? p->id_len : id.len;
    int order = least == 0 ? 0 : memcmp(p->id, id.at, least);
    if (order != 0) return order;
    return p->id_len < id.len ? -1 : p->id_len > id.len;
}

/* Where that peer is, or would be. */
static size_t elo_records_place(const elo_records *v, lk_bytes id, bool *found) {
    size_t low = 0, high = v->peers.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (elo_records_order(&v->peers.at[middle], id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < v->peers.len && elo_records_order(&v->peers.at[low], id) == 0;
    return low;
}

static elo_records_peer *elo_records_find(const elo_records *v, lk_bytes id) {
    bool found;
    size_t at = elo_records_place(v, id, &found);
    return found ? &v->peers.at[at] : NULL;
}

static elo_records_peer *elo_records_peer_of(elo_records *v, lk_bytes id) {
    bool found;
    size_t at = elo_records_place(v, id, &found);
    if (found) return &v->peers.at[at];
    vec_push(&heap_memory, &v->peers);
    memmove(&v->peers.at[at + 1], &v->peers.at[at],
            (v->peers.len - 1 - at) * sizeof v->peers.at[0]);
    elo_records_peer *p = &v->peers.at[at];
    *p = (elo_records_peer){.id_len = id.len};
    if (id.len > 0) memcpy(p->id, id.at, id.len);
    return p;
}

/* ---- versions ---- */

static void elo_records_name(have *out, const elo_records_ids *ids) {
    LK_ASSERT(have_assign(out, &heap_memory, (lk_ids){ids->at, ids->len}));
}

static void elo_records_note(elo_records_ids *ids, lk_bytes id, uint32_t end) {
    uint64_t peer;
    if (elo_peer_read(id, &peer)) *vec_push(&heap_memory, ids) = (lk_id){peer, (int32_t)end};
}

static uint32_t elo_records_known(const have *version, lk_bytes id) {
    uint64_t peer;
    return elo_peer_read(id, &peer) ? (uint32_t)have_end(version, peer) : 0;
}

/* Of each peer, the operations from the first on that are here without a hole. */
static void elo_records_gather(const elo_records *v, have *out) {
    elo_records_ids ids = {0};
    for (size_t i = 0; i < v->snapshots.len; i++) {
        elo_record record;
        lk_bytes id;
        uint32_t end;
        LK_ASSERT(elo_record_read(shared_bytes_view(v->snapshots.at[i]), &record, NULL) == LK_OK);
        while (elo_next_version(&record.version, &id, &end)) elo_records_note(&ids, id, end);
    }
    elo_records_name(out, &ids);
    for (size_t i = 0; i < v->peers.len; i++) {
        const elo_records_peer *p = &v->peers.at[i];
        lk_bytes id = {p->id, p->id_len};
        uint32_t end = elo_records_known(out, id);
        for (size_t k = 0; k < p->spans.len && p->spans.at[k].start <= end; k++)
            if (p->spans.at[k].end > end) end = p->spans.at[k].end;
        elo_records_note(&ids, id, end);
    }
    elo_records_name(out, &ids);
    vec_drop(&heap_memory, &ids);
}

/* ---- taking in ---- */

/* Let the spans in [start, end) go. */
static void elo_records_cover(elo_records *v, elo_records_peer *p, uint32_t start, uint32_t end) {
    size_t kept = 0;
    for (size_t i = 0; i < p->spans.len; i++) {
        elo_records_span span = p->spans.at[i];
        if (start <= span.start && span.end <= end)
            elo_records_let_go(v, span.record);
        else
            p->spans.at[kept++] = span;
    }
    p->spans.len = kept;
}

static void elo_records_add_span(elo_records *v, const elo_record *record, shared_bytes *bytes) {
    elo_records_peer *p = elo_records_peer_of(v, record->peer);
    if (p->spans.len > 0 && p->spans.at[p->spans.len - 1].end > record->start)
        elo_records_cover(v, p, record->start, record->end);
    size_t at = p->spans.len;
    while (at > 0 && p->spans.at[at - 1].start > record->start) at--;
    vec_push(&heap_memory, &p->spans);
    memmove(&p->spans.at[at + 1], &p->spans.at[at],
            (p->spans.len - 1 - at) * sizeof p->spans.at[0]);
    p->spans.at[at] = (elo_records_span){record->start, record->end, bytes};
    elo_records_keep(v, bytes);
}

/* Does the snapshot reach as far as `other`, of every peer? */
static bool elo_records_reaches(const elo_record *snapshot, const shared_bytes *other) {
    elo_record record;
    LK_ASSERT(elo_record_read(shared_bytes_view(other), &record, NULL) == LK_OK);
    lk_bytes mine = snapshot->version, peer, next = {NULL, 0};
    uint32_t end, next_end = 0;
    while (elo_next_version(&record.version, &peer, &end)) { /* both are sorted */
        bool more = true, same = false;
        while (more && !same) {
            same =
                next.len == peer.len && (peer.len == 0 || memcmp(next.at, peer.at, peer.len) == 0);
            if (!same) more = elo_next_version(&mine, &next, &next_end);
        }
        if (end > (same ? next_end : 0)) return false;
    }
    return true;
}

/* What the snapshot would take the place of; and does it bring anything? */
static size_t elo_records_weigh(const elo_records *v, const elo_record *snapshot, bool *brings) {
    lk_bytes rest = snapshot->version, id;
    uint32_t end;
    size_t covered = 0;
    have held = {0};
    elo_records_gather(v, &held);
    *brings = false;
    while (elo_next_version(&rest, &id, &end)) {
        const elo_records_peer *p = elo_records_find(v, id);
        for (size_t i = 0; p != NULL && i < p->spans.len; i++) covered += p->spans.at[i].end <= end;
        *brings = *brings || elo_records_known(&held, id) < end;
    }
    have_drop(&held, &heap_memory);
    for (size_t i = 0; i < v->snapshots.len; i++)
        covered += elo_records_reaches(snapshot, v->snapshots.at[i]);
    return covered;
}

static void elo_records_forget_empty(elo_records *v) {
    size_t kept = 0;
    for (size_t i = 0; i < v->peers.len; i++) {
        if (v->peers.at[i].spans.len > 0)
            v->peers.at[kept++] = v->peers.at[i];
        else
            vec_drop(&heap_memory, &v->peers.at[i].spans);
    }
    v->peers.len = kept;
}

static void elo_records_add_snapshot(elo_records *v, const elo_record *record,
                                     shared_bytes *bytes) {
    lk_bytes rest = record->version, id;
    uint32_t end;
    size_t kept = 0;
    for (size_t i = 0; i < v->snapshots.len; i++) {
        if (elo_records_reaches(record, v->snapshots.at[i]))
            elo_records_let_go(v, v->snapshots.at[i]);
        else
            v->snapshots.at[kept++] = v->snapshots.at[i];
    }
    v->snapshots.len = kept;
    while (elo_next_version(&rest, &id, &end)) {
        elo_records_peer *p = elo_records_find(v, id);
        if (p != NULL) elo_records_cover(v, p, 0, end);
    }
    elo_records_forget_empty(v);
    *vec_push(&heap_memory, &v->snapshots) = bytes;
    elo_records_keep(v, bytes);
}

/* Takes over the caller's hold of `bytes`. */
static bool elo_records_take(elo_records *v, const elo_record *record, shared_bytes *bytes) {
    bool brings = true;
    if (record->kind == ELO_SPAN) {
        elo_records_add_span(v, record, bytes);
        return true;
    }
    if (elo_records_weigh(v, record, &brings) < 2 && !brings) {
        shared_bytes_drop(bytes);
        return false;
    }
    elo_records_add_snapshot(v, record, bytes);
    return true;
}

/* Would there be too many snapshots, none of which holds all of another? `before`: those that come
 * in front of it. */
static bool elo_records_crowded(const elo_records *v, const elo_record *record, size_t before) {
    size_t stay = before;
    for (size_t i = 0; i < v->snapshots.len; i++)
        stay += !elo_records_reaches(record, v->snapshots.at[i]);
    return stay >= LIMIT_ROOM_SNAPSHOTS;
}

static lk_status elo_records_full(lk_fault *fault) {
    *fault = (lk_fault){.code = LK_ELIMIT, .what = "the room is full"};
    return LK_ELIMIT;
}

/* Can all of it be read, and is there room? For one snapshot there always is: it makes room. */
static lk_status elo_records_check(const elo_records *v, lk_bytes list, lk_fault *fault) {
    size_t records = 0, bytes = 0, snapshots = 0;
    for (lk_bytes one; frame_next_update(&list, &one);) {
        elo_record record;
        lk_status status = elo_record_read(one, &record, fault);
        if (status != LK_OK) return status;
        records++, bytes += one.len + ELO_RECORDS_CHARGE;
        if (record.kind != ELO_SNAPSHOT) continue;
        if (elo_records_crowded(v, &record, snapshots++)) return elo_records_full(fault);
    }
    bool alone =
        snapshots == 1 && records == 1 && bytes <= LIMIT_ROOM_BYTES && v->bytes <= LIMIT_ROOM_BYTES;
    bool fits = v->records + records <= LIMIT_ROOM_RECORDS && v->bytes + bytes <= LIMIT_ROOM_BYTES;
    return fits || alone ? LK_OK : elo_records_full(fault);
}

lk_status elo_records_add(elo_records *v, lk_bytes container, bool *news, lk_fault *fault_or_null) {
    lk_fault fault = {.code = LK_OK};
    lk_bytes list;
    *news = false;
    lk_status status = elo_container_read(container, &list, &fault);
    if (status == LK_OK) status = elo_records_check(v, list, &fault);
    if (fault_or_null != NULL) *fault_or_null = fault;
    if (status != LK_OK) return status;
    for (lk_bytes one; frame_next_update(&list, &one);) {
        shared_bytes *bytes = shared_bytes_new(one);
        elo_record record;
        LK_ASSERT(elo_record_read(shared_bytes_view(bytes), &record, NULL) == LK_OK);
        *news |= elo_records_take(v, &record, bytes);
    }
    return LK_OK;
}

lk_status elo_records_load(elo_records *v, lk_bytes one, int64_t row, lk_fault *fault_or_null) {
    elo_record record;
    lk_status status = elo_record_read(one, &record, fault_or_null);
    if (status != LK_OK) return status;
    shared_bytes *bytes = shared_bytes_new(one);
    bytes->row = row;
    LK_ASSERT(elo_record_read(shared_bytes_view(bytes), &record, NULL) == LK_OK);
    if (record.kind == ELO_SPAN)
        elo_records_add_span(v, &record, bytes);
    else
        elo_records_add_snapshot(v, &record, bytes);
    return LK_OK;
}

/* ---- asking ---- */

void elo_records_version(const elo_records *v, lk_buf *out) {
    have version = {0};
    elo_records_gather(v, &version);
    LK_ASSERT(lk_vv_encode(have_view(&version), out) == LK_OK);
    have_drop(&version, &heap_memory);
}

static bool elo_records_snapshot_news(const shared_bytes *snapshot, const have *version) {
    elo_record record;
    lk_bytes id;
    uint32_t end;
    LK_ASSERT(elo_record_read(shared_bytes_view(snapshot), &record, NULL) == LK_OK);
    while (elo_next_version(&record.version, &id, &end))
        if (end > elo_records_known(version, id)) return true;
    return false;
}

void elo_records_missing(const elo_records *v, lk_ids version, shared_bytes_list *out) {
    have known = {0};
    LK_ASSERT(have_assign(&known, &heap_memory, version));
    for (size_t i = 0; i < v->snapshots.len; i++)
        if (elo_records_snapshot_news(v->snapshots.at[i], &known))
            *vec_push(&heap_memory, out) = shared_bytes_hold(v->snapshots.at[i]);
    for (size_t i = 0; i < v->peers.len; i++) {
        const elo_records_peer *p = &v->peers.at[i];
        uint32_t from = elo_records_known(&known, (lk_bytes){p->id, p->id_len});
        for (size_t k = 0; k < p->spans.len; k++)
            if (p->spans.at[k].end > from)
                *vec_push(&heap_memory, out) = shared_bytes_hold(p->spans.at[k].record);
    }
    have_drop(&known, &heap_memory);
}
