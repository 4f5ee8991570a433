/* SPDX-License-Identifier: MIT
 * text_refine.c - the cheapest way from corner to corner of the edit graph, by Dijkstra (1959),
 * with Loro's costs:
 *
 *      a step right or down (a symbol goes or comes)    1, and 8 more if that begins a run
 *      a step along both (a symbol stays)               0, or 1 if that ends a run
 *
 * Ways of one cost are many, so which one is found depends on the queue: it is the binary heap of
 * Rust's library, in which what is popped leaves a hole that sinks to the bottom before the last
 * item rises from there. */
#include "base/text_refine.h"

#define REFINE_PLACES 10000u /* seen and queued at most */
#define REFINE_RUN 8u
#define REFINE_EFFORT 8 /* a place is as much work as so many steps of Myers */

typedef enum refine_way { WAY_NONE, WAY_DOWN, WAY_RIGHT, WAY_BOTH } refine_way;

typedef struct refine_item {
    uint32_t x, y, cost;
    refine_way way; /* of the last step there */
} refine_item;

typedef struct refine {
    const lk_memory *heap;
    const uint32_t *a, *b;
    uint32_t n, m;
    uint8_t *ways; /* by place: the last step of the cheapest way there */
    uint32_t seen;
    VEC(refine_item) queue;
} refine;

static uint8_t *refine_at(const refine *r, uint32_t x, uint32_t y) {
    return &r->ways[(size_t)x * (r->m + 1) + y];
}

/* ---- the queue ---- */

static void refine_rise(refine *r, size_t hole, refine_item item) {
    refine_item *queue = r->queue.at;
    for (size_t parent; hole > 0 && item.cost < queue[parent = (hole - 1) / 2].cost; hole = parent)
        queue[hole] = queue[parent];
    queue[hole] = item;
}

static bool refine_push(refine *r, refine_item item) {
    if (*refine_at(r, item.x, item.y) != WAY_NONE) return true;
    if (vec_push(r->heap, &r->queue) == NULL) return false;
    refine_rise(r, r->queue.len - 1, item);
    return true;
}

/* Of two children that cost the same the right one moves up. */
static refine_item refine_pop(refine *r) {
    refine_item *queue = r->queue.at, first = queue[0], last = queue[--r->queue.len];
    size_t len = r->queue.len, hole = 0;
    for (size_t child; (child = 2 * hole + 1) < len; hole = child) {
        child += child + 1 < len && queue[child + 1].cost <= queue[child].cost;
        queue[hole] = queue[child];
    }
    if (len > 0) refine_rise(r, hole, last);
    return first;
}

/* ---- the search ---- */

static uint32_t refine_cost(const refine_item *from, refine_way way) {
    if (way == WAY_BOTH) return from->cost + (from->way != WAY_BOTH);
    return from->cost + 1 + (from->way != way ? REFINE_RUN : 0);
}

static bool refine_go_on(refine *r, const refine_item *from) {
    uint32_t x = from->x, y = from->y;
    bool right = x < r->n, down = y < r->m;
    if (right && !refine_push(r, (refine_item){x + 1, y, refine_cost(from, WAY_RIGHT), WAY_RIGHT}))
        return false;
    if (down && !refine_push(r, (refine_item){x, y + 1, refine_cost(from, WAY_DOWN), WAY_DOWN}))
        return false;
    bool same = right && down && r->a[x] == r->b[y];
    return !same ||
           refine_push(r, (refine_item){x + 1, y + 1, refine_cost(from, WAY_BOTH), WAY_BOTH});
}

static refined refine_search(refine *r) {
    if (!refine_push(r, (refine_item){.way = WAY_BOTH})) return REFINE_NOMEM;
    while (r->queue.len > 0) {
        refine_item item = refine_pop(r);
        uint8_t *way = refine_at(r, item.x, item.y);
        if (*way != WAY_NONE) continue;
        *way = (uint8_t)item.way;
        r->seen++;
        if (item.x == r->n && item.y == r->m) return REFINE_DONE;
        if (r->seen + r->queue.len > REFINE_PLACES) return REFINE_LONG;
        if (!refine_go_on(r, &item)) return REFINE_NOMEM;
    }
    LK_ASSERT(false); /* every place can be reached */
    return REFINE_LONG;
}

/* Walk back from the end, run by run. */
static bool refine_tell(const refine *r, text_span span, text_edits *out) {
    size_t had = out->len;
    for (uint32_t x = r->n, y = r->m; x + y > 0;) {
        refine_way way = *refine_at(r, x, y);
        uint32_t len = 0;
        for (; x + y > 0 && *refine_at(r, x, y) == way; len++) {
            x -= way != WAY_DOWN;
            y -= way != WAY_RIGHT;
        }
        if (way == WAY_BOTH) continue;
        text_edit *edit = vec_push(r->heap, out);
        if (edit == NULL) return false;
        lk_delta_kind kind = way == WAY_RIGHT ? LK_DELETE : LK_INSERT;
        *edit = (text_edit){kind, (uint32_t)span.x + x, (uint32_t)span.y + y, len};
    }
    for (size_t i = had, k = out->len; i + 1 < k; i++) {
        text_edit swap = out->at[--k];
        out->at[k] = out->at[i];
        out->at[i] = swap;
    }
    return true;
}

refined text_refine(const lk_memory *heap, const uint32_t *a, const uint32_t *b, text_span span,
                    int64_t *budget, text_edits *out) {
    refine r = {.heap = heap, .a = a + span.x, .b = b + span.y};
    r.n = (uint32_t)(span.x_end - span.x);
    r.m = (uint32_t)(span.y_end - span.y);
    size_t places = (size_t)(r.n + 1) * (r.m + 1);
    r.ways = mem_zalloc(heap, places);
    refined result = r.ways == NULL ? REFINE_NOMEM : refine_search(&r);
    if (result == REFINE_DONE && !refine_tell(&r, span, out)) result = REFINE_NOMEM;
    *budget -= REFINE_EFFORT * (int64_t)r.seen;
    mem_free(heap, r.ways, places);
    vec_drop(heap, &r.queue);
    return result;
}
