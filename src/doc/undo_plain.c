/* SPDX-License-Identifier: MIT
 * undo_plain.c - the way back as travel plans it, read as a diff instead of being gone. Steps along
 * one text or list come in the order of their places, each true after those before it:
 *
 *      insert 1 at 5, delete 2 at 6        keep 5, delete 2, insert 1 (a text)
 */
#include "doc/undo_plain.h"

#include "doc/patch.h"

undo_plain undo_plain_new(void) { return (undo_plain){.container = CONTAINER_NONE, .holds = true}; }

static bool undo_plain_in(const container_name *name) {
    switch (name->id.kind) {
    case LK_TEXT: return !name->styled;
    case LK_LIST:
    case LK_COUNTER: return true;
    default: return false;
    }
}

void undo_plain_gather(undo_plain *p, const lk_doc *doc, lv start, lv end) {
    oplog_walk w = oplog_walk_new(&doc->log, start, end);
    op o;
    lv at;
    const dag_run *run;
    while (p->holds && oplog_walk_next(&w, &o, &at, &run)) {
        if (p->container == CONTAINER_NONE) p->container = o.container;
        p->holds = p->container == o.container &&
                   undo_plain_in(&doc->log.names.containers.at[o.container]);
    }
}

/* ---- the diff ---- */

static bool undo_plain_keep(patch_steps *out, uint32_t *at, uint32_t to) {
    lk_delta keep = {.kind = LK_RETAIN, .len = {to - *at, to - *at, to - *at}};
    *at = to;
    return patch_steps_push(out, &keep);
}

/* Containers that come back do so with what is in them, which only the state knows. */
static bool undo_plain_told(const lk_doc *doc, const lk_diff *diff) {
    for (size_t i = 0; i < doc->steps.len && diff->kind == LK_LIST; i++) {
        const step *st = &doc->steps.at[i];
        const lk_value *values = st->data;
        for (uint32_t k = 0; k < st->len && st->kind == STEP_INSERT; k++)
            if (values[k].type == LK_CONTAINER) return false;
    }
    return true;
}

static bool undo_plain_step(patch_steps *out, const step *st, bool text) {
    lk_delta d = {.kind = LK_DELETE, .len = {st->len, st->len, st->len}};
    if (st->kind == STEP_INSERT) {
        d.kind = LK_INSERT;
        if (text)
            d.text = (lk_str){st->data, st->bytes};
        else
            d.values = st->data;
    }
    /* As in Loro, what a text deletes behind an insert stands before it; in lists it is the other
     * way round. */
    lk_delta last = {.kind = LK_RETAIN};
    if (out->len > 0) last = out->at[out->len - 1];
    bool swaps =
        last.kind == (text ? LK_INSERT : LK_DELETE) && d.kind == (text ? LK_DELETE : LK_INSERT);
    out->len -= swaps;
    return patch_steps_push(out, &d) && (!swaps || patch_steps_push(out, &last));
}

static bool undo_plain_delta(const lk_doc *doc, arena *memory, lk_diff *out) {
    patch_steps steps = {.memory = memory};
    uint32_t at = 0;
    for (size_t i = 0; i < doc->steps.len; i++) {
        const step *st = &doc->steps.at[i];
        LK_ASSERT(st->pos >= at && (st->kind == STEP_INSERT || st->kind == STEP_DELETE));
        if (!undo_plain_keep(&steps, &at, st->pos)) return false;
        if (!undo_plain_step(&steps, st, out->kind == LK_TEXT)) return false;
        if (st->kind == STEP_INSERT) at += st->len;
    }
    out->deltas = steps.at;
    out->delta_len = steps.len;
    return true;
}

/* The ends of a version, in scratch. */
static lk_status undo_plain_end(lk_doc *doc, lk_ids version, travel_end *out) {
    travel_end shown;
    doc_heads heads;
    lk_status status = doc_find_heads(doc, version, &heads);
    if (status == LK_OK) status = doc_shown_end(doc, &shown);
    if (status != LK_OK) return status;
    *out = (travel_end){heads.at, heads.len,
                        arena_new(&doc->scratch, int32_t, doc->log.graph.peers.len)};
    return out->ends == NULL ? LK_ENOMEM : travel_ends(&doc->travel, &shown, out);
}

lk_status undo_plain_diff(lk_doc *doc, lk_ids from, lk_ids to, arena *memory, lk_diff *out,
                          size_t *len) {
    travel_end start, end;
    *len = 0;
    arena_reset(&doc->scratch);
    lk_status status = undo_plain_end(doc, from, &start);
    if (status == LK_OK) status = undo_plain_end(doc, to, &end);
    doc->steps.len = 0;
    if (status == LK_OK)
        status = travel_plan(&doc->travel, &start, &end, &doc->scratch, &doc->steps);
    if (status != LK_OK || doc->steps.len == 0) return status;
    const step *first = &doc->steps.at[0];
    lk_kind kind = (lk_kind)doc->log.names.containers.at[first->container].id.kind;
    *out = (lk_diff){.target = {first->container}, .kind = kind};
    if (!undo_plain_told(doc, out)) return LK_EMISSING;
    *len = 1;
    if (kind == LK_COUNTER) out->increment = first->as.count;
    return kind == LK_COUNTER || undo_plain_delta(doc, memory, out) ? LK_OK : LK_ENOMEM;
}
