/* SPDX-License-Identifier: MIT
 * link.c - bookkeeping of one link. Invariant: known <= sent, peer by peer, and the gaps say in how
 * many peers each of them differs from mine. */
#include "room/link.h"

void link_drop(link *l, const lk_memory *heap) {
    while (l->assemblies.len > 0) link_assembly_drop(l, &l->assemblies.at[0]);
    vec_drop(heap, &l->assemblies);
    vec_drop(heap, &l->flights);
    vec_drop(heap, &l->spans);
    vec_drop(heap, &l->news);
    have_drop(&l->known, heap);
    have_drop(&l->sent, heap);
}

bool link_level(const link *l) {
    return l->joined && l->flights.len == 0 && l->known_gap.less == 0 && l->known_gap.more == 0;
}

void link_mine_raised(link *l, uint64_t peer, int32_t before, int32_t end) {
    int32_t known = have_end(&l->known, peer), sent = have_end(&l->sent, peer);
    have_gap_move(&l->known_gap, known, before, known, end);
    have_gap_move(&l->sent_gap, sent, before, sent, end);
}

void link_measure(link *l, const have *mine) {
    l->known_gap = have_compare(&l->known, mine);
    l->sent_gap = have_compare(&l->sent, mine);
}

static bool link_raise(have *h, have_gap *gap, const lk_memory *heap, const have *mine,
                       uint64_t peer, int32_t end) {
    int32_t before = have_end(h, peer), held = have_end(mine, peer);
    if (end <= before) return true;
    if (!have_raise(h, heap, peer, end)) return false;
    have_gap_move(gap, before, held, end, held);
    return true;
}

bool link_knows(link *l, const lk_memory *heap, const have *mine, uint64_t peer, int32_t end) {
    return link_raise(&l->sent, &l->sent_gap, heap, mine, peer, end) &&
           link_raise(&l->known, &l->known_gap, heap, mine, peer, end);
}

bool link_state(link *l, const lk_memory *heap, const have *mine, lk_ids version, bool *back) {
    have fresh = {0};
    if (!have_assign(&fresh, heap, version) || !have_assign(&l->sent, heap, have_view(&fresh))) {
        have_drop(&fresh, heap);
        return false;
    }
    *back = have_compare(&fresh, &l->known).less > 0;
    have_drop(&l->known, heap);
    l->known = fresh;
    bool ok = true;
    for (size_t i = 0; i < l->spans.len && ok; i++) {
        lk_span span = l->spans.at[i];
        if (span.start <= have_end(&l->sent, span.peer))
            ok = have_raise(&l->sent, heap, span.peer, span.end);
    }
    link_measure(l, mine);
    return ok;
}

/* ---- flights ---- */

bool link_fly(link *l, const lk_memory *heap, const have *mine, uint64_t batch, size_t len,
              const lk_span *spans, size_t span_len) {
    if (!vec_reserve(heap, &l->flights, 1) || !vec_reserve(heap, &l->spans, span_len)) return false;
    for (size_t i = 0; i < span_len; i++)
        if (!link_raise(&l->sent, &l->sent_gap, heap, mine, spans[i].peer, spans[i].end))
            return false;
    for (size_t i = 0; i < span_len; i++) l->spans.at[l->spans.len++] = spans[i];
    l->flights.at[l->flights.len++] = (flight){batch, len, (uint32_t)span_len};
    l->unacked += len;
    return true;
}

bool link_land(link *l, const lk_memory *heap, const have *mine, uint64_t batch, bool accepted,
               bool *found) {
    size_t i = 0, first = 0;
    for (; i < l->flights.len && l->flights.at[i].batch != batch; i++)
        first += l->flights.at[i].span_len;
    *found = i < l->flights.len;
    if (!*found) return true;
    flight landed = l->flights.at[i];
    bool ok = true;
    for (size_t s = first; s < first + landed.span_len && accepted && ok; s++)
        ok = link_knows(l, heap, mine, l->spans.at[s].peer, l->spans.at[s].end);
    size_t after = first + landed.span_len;
    __builtin_memmove(l->spans.at + first, l->spans.at + after,
                      (l->spans.len - after) * sizeof(lk_span));
    l->spans.len -= landed.span_len;
    __builtin_memmove(l->flights.at + i, l->flights.at + i + 1,
                      (l->flights.len - i - 1) * sizeof(flight));
    l->flights.len--;
    l->unacked -= landed.len;
    return ok;
}

bool link_forget_flights(link *l, const lk_memory *heap, const have *mine) {
    l->flights.len = l->spans.len = 0;
    l->unacked = 0;
    bool ok = have_assign(&l->sent, heap, have_view(&l->known));
    link_measure(l, mine);
    return ok;
}

/* ---- batches that are still to come here ---- */

void link_tell(link *l, uint64_t batch) { l->told[l->told_at++ % LINK_TOLD] = batch; }

bool link_was_told(const link *l, uint64_t batch) {
    for (size_t i = 0; i < LINK_TOLD && i < l->told_at; i++)
        if (l->told[i] == batch) return true;
    return false;
}

/* ---- assemblies ---- */

assembly *link_assembly(link *l, frame_crdt crdt, uint64_t batch) {
    for (size_t i = 0; i < l->assemblies.len; i++) {
        assembly *a = &l->assemblies.at[i];
        if (a->crdt == crdt && a->batch == batch) return a;
    }
    return NULL;
}

assembly *link_assemble(link *l, const lk_memory *heap, const frame *header, uint64_t due_ms) {
    assembly *a = vec_push(heap, &l->assemblies);
    if (a == NULL) return NULL;
    *a = (assembly){.crdt = header->crdt,
                    .batch = header->batch,
                    .count = header->count,
                    .total = header->total,
                    .due_ms = due_ms,
                    .bytes = {.memory = heap}};
    return a;
}

void link_assembly_drop(link *l, assembly *a) {
    lk_buf_free(&a->bytes);
    *a = l->assemblies.at[--l->assemblies.len];
}

uint64_t link_announced(const link *l) {
    uint64_t sum = 0;
    for (size_t i = 0; i < l->assemblies.len; i++) sum += l->assemblies.at[i].total;
    return sum;
}
