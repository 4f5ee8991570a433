/* SPDX-License-Identifier: MIT
 * elo_links.c - an elo_link for each, found by its number.
 *
 *     room ─► seal ─► elo_link ─► send      sending may close the link while its elo_link is at
 *     room ◄─ feed ◄─ elo_link ◄─ open      work: it is freed when nobody is at work any more */
#include "host/elo_links.h"

#include "host/elo_link.h"
#include "host/heap.h"
#include "host/loop.h"

/* Who gave something wrong is asked again after this, ever later. */
#define ELO_LINKS_STALE_MS 10000
#define ELO_LINKS_DOUBLINGS 6u

typedef struct elo_links_one {
    elo_links *all;
    elo_link *elo_link;
    uint32_t link;     /* 0: closed, and to be freed */
    uint64_t stale_ms; /* UINT64_MAX: never */
} elo_links_one;

struct elo_links {
    elo_links_options options;
    lk_guard guard;
    VEC(elo_links_one *) links;
    unsigned working;  /* calls that are inside an elo_link */
    uint32_t refusals; /* by all of them */
};

elo_links *elo_links_new(const elo_links_options *options) {
    elo_links *v = heap_new(elo_links);
    v->options = *options;
    v->guard = *options->guard;
    v->options.guard = &v->guard;
    return v;
}

static elo_links_one *elo_links_find(const elo_links *v, uint32_t link) {
    for (size_t i = 0; i < v->links.len; i++)
        if (v->links.at[i]->link == link) return v->links.at[i];
    return NULL;
}

/* Free those of closed links, if nobody is at work. */
static void elo_links_sweep(elo_links *v) {
    size_t kept = 0;
    if (v->working > 0) return;
    for (size_t i = 0; i < v->links.len; i++) {
        elo_links_one *one = v->links.at[i];
        if (one->link != 0) {
            v->links.at[kept++] = one;
            continue;
        }
        elo_link_free(one->elo_link);
        heap_free(elo_links_one, one);
    }
    v->links.len = kept;
}

static void elo_links_rest(elo_links *v) {
    v->working--;
    elo_links_sweep(v);
}

void elo_links_free(elo_links *v) {
    LK_ASSERT(v->working == 0);
    for (size_t i = 0; i < v->links.len; i++) v->links.at[i]->link = 0;
    elo_links_sweep(v);
    vec_drop(&heap_memory, &v->links);
    heap_free(elo_links, v);
}

/* ---- what an elo_link tells ---- */

static void elo_links_out(void *context, lk_bytes message) {
    const elo_links_one *one = context;
    if (one->link != 0) one->all->options.send(one->all->options.context, one->link, message);
}

static void elo_links_in(void *context, lk_bytes message) {
    const elo_links_one *one = context;
    if (one->link != 0) one->all->options.feed(one->all->options.context, one->link, message);
}

static void elo_links_refused(void *context) {
    elo_links_one *one = context;
    elo_links *v = one->all;
    if (v->refusals == 0) v->options.refused(v->options.context);
    uint32_t doublings = v->refusals < ELO_LINKS_DOUBLINGS ? v->refusals : ELO_LINKS_DOUBLINGS;
    one->stale_ms = loop_now_ms() + ((uint64_t)ELO_LINKS_STALE_MS << doublings);
    v->refusals++;
}

/* ---- links ---- */

void elo_links_add(elo_links *v, uint32_t link) {
    LK_ASSERT(link != 0 && elo_links_find(v, link) == NULL);
    elo_links_one *one = heap_new(elo_links_one);
    *one = (elo_links_one){.all = v, .link = link, .stale_ms = UINT64_MAX};
    one->elo_link = elo_link_new(&(elo_link_options){.doc = v->options.doc,
                                                     .room = v->options.room,
                                                     .key = v->options.key,
                                                     .guard = &v->guard,
                                                     .message_max = LK_MESSAGE_MAX,
                                                     .unix_ms = loop_unix_ms,
                                                     .context = one,
                                                     .out = elo_links_out,
                                                     .in = elo_links_in,
                                                     .refused = elo_links_refused});
    *vec_push(&heap_memory, &v->links) = one;
}

bool elo_links_has(const elo_links *v, uint32_t link) {
    return link != 0 && elo_links_find(v, link) != NULL;
}

void elo_links_close(elo_links *v, uint32_t link) {
    elo_links_one *one = link == 0 ? NULL : elo_links_find(v, link);
    if (one == NULL) return;
    one->link = 0;
    elo_links_sweep(v);
}

void elo_links_seal(elo_links *v, uint32_t link, lk_bytes message) {
    elo_links_one *one = elo_links_find(v, link);
    LK_ASSERT(one != NULL);
    v->working++;
    elo_link_seal(one->elo_link, message);
    elo_links_rest(v);
}

bool elo_links_open(elo_links *v, uint32_t link, lk_bytes message) {
    elo_links_one *one = elo_links_find(v, link);
    LK_ASSERT(one != NULL);
    v->working++;
    bool good = elo_link_open(one->elo_link, message);
    elo_links_rest(v);
    return good;
}

/* ---- time ---- */

uint64_t elo_links_wake_at(const elo_links *v) {
    uint64_t at_ms = UINT64_MAX;
    for (size_t i = 0; i < v->links.len; i++) {
        uint64_t due_ms = elo_link_wake_at(v->links.at[i]->elo_link);
        if (due_ms < at_ms) at_ms = due_ms;
    }
    return at_ms;
}

void elo_links_tick(elo_links *v) {
    v->working++;
    for (size_t i = 0; i < v->links.len; i++)
        if (v->links.at[i]->link != 0) elo_link_tick(v->links.at[i]->elo_link, loop_now_ms());
    elo_links_rest(v);
}

bool elo_links_stale(const elo_links *v, size_t *cursor, uint32_t *link) {
    while (*cursor < v->links.len) {
        const elo_links_one *one = v->links.at[(*cursor)++];
        if (one->link == 0 || one->stale_ms > loop_now_ms()) continue;
        *link = one->link;
        return true;
    }
    return false;
}
