/* SPDX-License-Identifier: MIT
 * keep.c - a list of envelopes, and how far they reach.
 *
 * Most that come continue what is there: they cover nothing and nothing covers them. Only those
 * that begin before the end of what is there are compared with all. */
#include "room/keep.h"

/* So much is never too much. */
#define KEEP_SMALL (64u << 10)

static void keep_forget(keep_entry *one, const lk_memory *heap) {
    mem_free(heap, one->at, one->len);
    vec_drop(heap, &one->spans);
}

void keep_drop(keep_list *k, const lk_memory *heap) {
    for (size_t i = 0; i < k->list.len; i++) keep_forget(&k->list.at[i], heap);
    vec_drop(heap, &k->list);
    have_drop(&k->ends, heap);
}

/* Is all of `a` in `b`? Both are sorted by peer. */
static bool keep_within(const lk_span *a, size_t a_len, const lk_span *b, size_t b_len) {
    size_t k = 0;
    for (size_t i = 0; i < a_len; i++) {
        while (k < b_len && b[k].peer < a[i].peer) k++;
        if (k == b_len || b[k].peer != a[i].peer || b[k].start > a[i].start || b[k].end < a[i].end)
            return false;
    }
    return true;
}

/* Does it begin where what is there ends, peer by peer? */
static bool keep_continues(const keep_list *k, const lk_span *spans, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (spans[i].start != have_end(&k->ends, spans[i].peer)) return false;
    return !k->holes;
}

static bool keep_covered(const keep_list *k, const lk_span *spans, size_t len) {
    for (size_t i = 0; i < k->list.len; i++)
        if (keep_within(spans, len, k->list.at[i].spans.at, k->list.at[i].spans.len)) return true;
    return false;
}

static void keep_discard(keep_list *k, const lk_memory *heap, const lk_span *spans, size_t len) {
    size_t left = 0;
    k->most = 0;
    for (size_t i = 0; i < k->list.len; i++) {
        keep_entry one = k->list.at[i];
        if (keep_within(one.spans.at, one.spans.len, spans, len)) {
            k->bytes -= one.len;
            keep_forget(&one, heap);
            continue;
        }
        if (one.len > k->most) k->most = one.len;
        k->list.at[left++] = one;
    }
    k->list.len = left;
}

/* Raise the ends by what one envelope holds; *moved if it did, false when memory is out. */
static bool keep_raise(keep_list *k, const lk_memory *heap, const keep_entry *one, bool *moved) {
    for (size_t i = 0; i < one->spans.len; i++) {
        lk_span span = one->spans.at[i];
        int32_t end = have_end(&k->ends, span.peer);
        if (span.start > end) k->holes = true;
        if (span.start > end || span.end <= end) continue;
        if (!have_raise(&k->ends, heap, span.peer, span.end)) return false;
        *moved = true;
    }
    return true;
}

/* What was beyond a hole may not be any more. */
static bool keep_measure(keep_list *k, const lk_memory *heap) {
    for (bool moved = true; moved;) {
        moved = k->holes = false;
        for (size_t i = 0; i < k->list.len; i++)
            if (!keep_raise(k, heap, &k->list.at[i], &moved)) return false;
    }
    return true;
}

static bool keep_copy(keep_entry *one, const lk_memory *heap, const lk_span *spans, size_t span_len,
                      lk_bytes whole) {
    *one = (keep_entry){.len = whole.len};
    if (!vec_reserve(heap, &one->spans, span_len)) return false;
    one->at = mem_alloc(heap, whole.len);
    if (one->at == NULL) {
        vec_drop(heap, &one->spans);
        return false;
    }
    for (size_t i = 0; i < span_len; i++) one->spans.at[one->spans.len++] = spans[i];
    __builtin_memcpy(one->at, whole.at, whole.len);
    return true;
}

bool keep_add(keep_list *k, const lk_memory *heap, const lk_span *spans, size_t span_len,
              lk_bytes whole, bool *taken) {
    bool continues = keep_continues(k, spans, span_len);
    *taken = false;
    if (!continues && keep_covered(k, spans, span_len)) return true;
    keep_entry one;
    bool moved;
    if (!vec_reserve(heap, &k->list, 1) || !keep_copy(&one, heap, spans, span_len, whole))
        return false;
    if (!continues) keep_discard(k, heap, spans, span_len);
    k->list.at[k->list.len++] = one;
    k->bytes += one.len;
    if (one.len > k->most) k->most = one.len;
    *taken = true;
    return keep_raise(k, heap, &one, &moved) && (!k->holes || keep_measure(k, heap));
}

bool keep_beyond(const keep_list *k, const have *from, lk_buf *out) {
    size_t before = out->len;
    for (size_t i = 0; i < k->list.len; i++) {
        const keep_entry *one = &k->list.at[i];
        bool beyond = false;
        for (size_t s = 0; s < one->spans.len && !beyond; s++)
            beyond = one->spans.at[s].end > have_end(from, one->spans.at[s].peer);
        if (!beyond || buf_append(out, one->at, one->len)) continue;
        out->len = before;
        return false;
    }
    return true;
}

bool keep_loose(const keep_list *k) { return k->bytes > KEEP_SMALL && k->bytes / 2 > k->most; }
