/* SPDX-License-Identifier: MIT
 * undo_plain.c - the way back as travel plans it, read as a diff instead of being gone. Steps along
 * one text or list come in the order of their places, each true after those before it:
 *
 *      insert 1 at 5, delete 2 at 6        keep 5, delete 2, insert 1 (a text)
 */
#include "doc/undo_plain.h"

#include "doc/patch.h"
#include "doc/remap.h"

typedef struct undo_steps { /* of one container */
    const step *at;
    size_t len;
} undo_steps;

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
static bool undo_plain_told(undo_steps steps, lk_kind kind) {
    for (size_t i = 0; i < steps.len && kind == LK_LIST; i++) {
        const step *st = &steps.at[i];
        const lk_value *values = st->data;
        for (uint32_t k = 0; k < st->len && st->kind == STEP_INSERT; k++)
            if (values[k].type == LK_CONTAINER) return false;
    }
    return true;
}

/* Does the step insert what follows `before`, by its operation? */
static bool undo_plain_follows(const step *before, const step *st) {
    return st->kind == STEP_INSERT && st->id.peer == before->id.peer &&
           st->id.counter == before->id.counter + (int32_t)before->len;
}

/* ---- texts ----
 * As in Loro. In one place, a run of text that comes takes along what goes behind it, and stands
 * behind that; but text that lies in memory where the text before it ends is one with that. (Loro
 * keeps what came in one import apart from what came in another; our memory does not say that.) */

typedef struct undo_plain_run {
    lk_delta text;
    const step *last; /* insert; NULL: there is none */
    uint32_t gone;
    peer_ix before; /* wrote the text before it */
} undo_plain_run;

static bool undo_plain_adjoins(const lk_delta *d, lk_str text) {
    return d->kind == LK_INSERT && d->text.at + d->text.len == text.at;
}

static void undo_plain_extend(lk_delta *d, lk_str text, uint32_t len) {
    d->text.len += text.len;
    for (unsigned u = 0; u < 3; u++) d->len[u] += len;
}

static bool undo_plain_end_run(patch_steps *out, undo_plain_run *run) {
    lk_delta gone = {.kind = LK_DELETE, .len = {run->gone, run->gone, run->gone}};
    lk_delta text = run->text;
    run->gone = 0;
    if (run->last == NULL) return patch_steps_push(out, &gone);
    bool same = run->before == run->last->id.peer;
    *run = (undo_plain_run){.before = run->last->id.peer};
    if (!patch_steps_push(out, &gone)) return false;
    size_t before = out->len;
    if (before > 1 && out->at[before - 1].kind == LK_DELETE) before--;
    if (before == 0 || !same || !undo_plain_adjoins(&out->at[before - 1], text.text))
        return patch_steps_push(out, &text);
    undo_plain_extend(&out->at[before - 1], text.text, text.len[0]);
    return true;
}

static bool undo_plain_text_step(patch_steps *out, undo_plain_run *run, const step *st) {
    if (st->kind == STEP_DELETE) {
        run->gone += st->len;
        return true;
    }
    lk_str text = {st->data, st->bytes};
    if (run->last != NULL && undo_plain_follows(run->last, st) &&
        undo_plain_adjoins(&run->text, text)) {
        undo_plain_extend(&run->text, text, st->len);
    } else {
        if (!undo_plain_end_run(out, run)) return false;
        run->text = (lk_delta){.kind = LK_INSERT, .len = {st->len, st->len, st->len}, .text = text};
    }
    run->last = st;
    return true;
}

static bool undo_plain_text(undo_steps steps, patch_steps *out) {
    undo_plain_run run = {.before = TABLE_NONE};
    uint32_t at = 0;
    for (size_t i = 0; i < steps.len; i++) {
        const step *st = &steps.at[i];
        LK_ASSERT(st->pos >= at && (st->kind == STEP_INSERT || st->kind == STEP_DELETE));
        if (st->pos > at && !undo_plain_end_run(out, &run)) return false;
        if (!undo_plain_keep(out, &at, st->pos) || !undo_plain_text_step(out, &run, st))
            return false;
        if (st->kind == STEP_INSERT) at += st->len;
    }
    return undo_plain_end_run(out, &run);
}

/* ---- lists: in one place all that comes, and then all that goes ---- */

/* Insert the values of steps [i, end), which follow each other but for deletes between them. */
static bool undo_plain_values(undo_steps steps, size_t i, size_t end, patch_steps *out) {
    uint32_t len = 0, at = 0;
    for (size_t k = i; k < end; k++)
        if (steps.at[k].kind == STEP_INSERT) len += steps.at[k].len;
    lk_value *values = arena_new(out->memory, lk_value, len);
    for (size_t k = i; values != NULL && k < end; k++) {
        const step *st = &steps.at[k];
        if (st->kind != STEP_INSERT) continue;
        __builtin_memcpy(values + at, st->data, st->len * sizeof *values);
        at += st->len;
    }
    lk_delta d = {.kind = LK_INSERT, .len = {len, len, len}, .values = values};
    return values != NULL && patch_steps_push(out, &d);
}

/* The steps from `i` on that are in one place, which is `at` before them and behind them. *end:
 * behind the last one. */
static bool undo_plain_gap(undo_steps steps, size_t i, uint32_t *at, size_t *end,
                           patch_steps *out) {
    uint32_t gone = 0;
    const step *last = NULL; /* insert */
    size_t run = i;          /* where those begin that it follows */
    for (; i < steps.len && steps.at[i].pos == *at; i++) {
        const step *st = &steps.at[i];
        if (st->kind == STEP_DELETE) {
            gone += st->len;
            continue;
        }
        if (last != NULL && !undo_plain_follows(last, st)) {
            if (!undo_plain_values(steps, run, i, out)) return false;
            run = i;
        }
        last = st;
        *at += st->len;
    }
    *end = i;
    lk_delta d = {.kind = LK_DELETE, .len = {gone, gone, gone}};
    return (last == NULL || undo_plain_values(steps, run, i, out)) && patch_steps_push(out, &d);
}

static bool undo_plain_list(undo_steps steps, patch_steps *out) {
    uint32_t at = 0;
    for (size_t i = 0; i < steps.len;)
        if (!undo_plain_keep(out, &at, steps.at[i].pos) || !undo_plain_gap(steps, i, &at, &i, out))
            return false;
    return true;
}

static bool undo_plain_delta(undo_steps steps, arena *memory, lk_diff *out) {
    patch_steps out_steps = {.memory = memory};
    bool ready = out->kind == LK_TEXT ? undo_plain_text(steps, &out_steps)
                                      : undo_plain_list(steps, &out_steps);
    out->deltas = out_steps.at;
    out->delta_len = out_steps.len;
    return ready;
}

/* ---- the way ---- */

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

static lk_status undo_plain_plan(lk_doc *doc, lk_ids from, lk_ids to) {
    travel_end start, end;
    arena_reset(&doc->scratch);
    doc->steps.len = 0;
    lk_status status = undo_plain_end(doc, from, &start);
    if (status == LK_OK) status = undo_plain_end(doc, to, &end);
    if (status != LK_OK) return status;
    return travel_plan(&doc->travel, &start, &end, &doc->scratch, &doc->steps);
}

/* Those from `i` on that are of one container. */
static undo_steps undo_plain_steps(const lk_doc *doc, size_t i) {
    undo_steps steps = {&doc->steps.at[i], 1};
    while (i + steps.len < doc->steps.len && steps.at[steps.len].container == steps.at[0].container)
        steps.len++;
    return steps;
}

lk_status undo_plain_diff(lk_doc *doc, lk_ids from, lk_ids to, arena *memory, lk_diff *out,
                          size_t *len) {
    *len = 0;
    lk_status status = undo_plain_plan(doc, from, to);
    if (status != LK_OK || doc->steps.len == 0) return status;
    undo_steps steps = undo_plain_steps(doc, 0);
    uint32_t container = steps.at[0].container;
    lk_kind kind = (lk_kind)doc->log.names.containers.at[container].id.kind;
    *out = (lk_diff){.target = {container}, .kind = kind};
    if (!undo_plain_told(steps, kind)) return LK_EMISSING;
    *len = 1;
    if (kind == LK_COUNTER) out->increment = steps.at[0].as.count;
    return kind == LK_COUNTER || undo_plain_delta(steps, memory, out) ? LK_OK : LK_ENOMEM;
}

/* ---- beside what the state tells ---- */

typedef struct undo_plain_reader { /* of a delta, place by place */
    const lk_delta *at, *end;
    uint64_t kept, comes, goes;
} undo_plain_reader;

static bool undo_plain_next(undo_plain_reader *r) {
    r->kept = r->comes = r->goes = 0;
    for (; r->at < r->end && r->at->kind == LK_RETAIN; r->at++) r->kept += r->at->len[LK_CODEPOINT];
    for (; r->at < r->end && r->at->kind != LK_RETAIN; r->at++)
        *(r->at->kind == LK_INSERT ? &r->comes : &r->goes) += r->at->len[LK_CODEPOINT];
    return r->comes + r->goes > 0;
}

/* Do as much come and go at the same places? */
static bool undo_plain_agrees(const lk_diff *a, const lk_diff *b) {
    undo_plain_reader x = {.at = a->deltas, .end = a->deltas + a->delta_len};
    undo_plain_reader y = {.at = b->deltas, .end = b->deltas + b->delta_len};
    bool more;
    do {
        more = undo_plain_next(&x);
        if (undo_plain_next(&y) != more) return false;
        if (more && (x.kept != y.kept || x.comes != y.comes || x.goes != y.goes)) return false;
    } while (more);
    return true;
}

static bool undo_plain_ordered(const lk_doc *doc, uint32_t container) {
    const container_name *name = &doc->log.names.containers.at[container];
    return undo_plain_in(name) && name->id.kind != LK_COUNTER;
}

static bool undo_plain_settle(lk_doc *doc, const remap *told, arena *memory, lk_diff *diffs) {
    undo_steps steps;
    for (size_t i = 0; i < doc->steps.len; i += steps.len) {
        steps = undo_plain_steps(doc, i);
        uint32_t container = steps.at[0].container;
        uint64_t at;
        if (!undo_plain_ordered(doc, container) || !remap_find(told, container, &at)) continue;
        lk_diff own = diffs[at];
        if (!undo_plain_told(steps, own.kind)) continue;
        if (!undo_plain_delta(steps, memory, &own)) return false;
        if (undo_plain_agrees(&own, &diffs[at])) diffs[at] = own;
    }
    return true;
}

lk_status undo_plain_order(lk_doc *doc, lk_ids from, lk_ids to, arena *memory, lk_diff *diffs,
                           size_t len) {
    remap told;
    bool any = false;
    for (size_t i = 0; i < len && !any; i++) any = undo_plain_ordered(doc, diffs[i].target.index);
    if (!any) return LK_OK;
    lk_status status = undo_plain_plan(doc, from, to);
    if (status != LK_OK) return status;
    remap_init(&told, &doc->memory);
    bool ready = remap_reserve(&told, (uint32_t)len);
    for (size_t i = 0; i < len && ready; i++) remap_put(&told, diffs[i].target.index, i);
    ready = ready && undo_plain_settle(doc, &told, memory, diffs);
    remap_drop(&told);
    return ready ? LK_OK : LK_ENOMEM;
}
