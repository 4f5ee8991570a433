/* SPDX-License-Identifier: MIT
 * patch.c - composing and transforming. Deltas go side by side, each cut where the other one has a
 * border:
 *
 *      a    keep 5      | insert 3 | keep 2   | ...
 *      b    keep 2 | delete 4      | insert 1 | ...
 *
 * Behind its last step a delta keeps everything. What is inserted where something was deleted comes
 * behind that. */
#include "doc/patch.h"

#include "base/str.h"
#include "base/utf8.h"

#define PATCH_REST UINT32_MAX /* behind the last step */

/* ---- reading: a delta, step by step, in parts ---- */

typedef struct patch_reader {
    const lk_diff *diff;
    size_t next;
    lk_delta step; /* what is left of the step under way */
    uint32_t left; /* its length */
} patch_reader;

static void patch_advance(patch_reader *r) {
    while (r->left == 0 && r->next < r->diff->delta_len) {
        r->step = r->diff->deltas[r->next++];
        r->left = r->step.len[LK_CODEPOINT];
    }
    if (r->left > 0) return;
    r->step = (lk_delta){.kind = LK_RETAIN};
    r->left = PATCH_REST;
}

static patch_reader patch_read(const lk_diff *diff) {
    patch_reader r = {.diff = diff};
    patch_advance(&r);
    return r;
}

static bool patch_done(const patch_reader *r) { return r->left == PATCH_REST; }

/* The first `len` of the step, which shortens. */
static lk_delta patch_take(patch_reader *r, uint32_t len) {
    lk_delta part = r->step;
    part.len[LK_UTF8] = part.len[LK_CODEPOINT] = part.len[LK_UTF16] = len;
    if (r->left == PATCH_REST) return part;
    if (part.kind == LK_INSERT && r->diff->kind == LK_TEXT) {
        text_len all;
        size_t cut = part.text.len; /* 0 if only its length is known */
        if (cut > 0 && len < r->left)
            cut = utf8_seek((const uint8_t *)part.text.at, cut, len, LK_CODEPOINT, &all);
        part.text.len = cut;
        if (cut > 0) r->step.text.at += cut;
        r->step.text.len -= cut;
    } else if (part.kind == LK_INSERT) {
        r->step.values += len;
    }
    r->left -= len;
    patch_advance(r);
    return part;
}

static uint32_t patch_common(const patch_reader *a, const patch_reader *b) {
    return a->left < b->left ? a->left : b->left;
}

/* ---- writing ---- */

static bool patch_append(patch_steps *out, const lk_delta *step) {
    lk_delta *fresh = arena_vec_push(out->memory, out);
    if (fresh == NULL) return false;
    *fresh = *step;
    return true;
}

bool patch_steps_push(patch_steps *out, const lk_delta *step) {
    if (step->len[LK_CODEPOINT] == 0) return true;
    lk_delta *last = out->len > 0 ? &out->at[out->len - 1] : NULL;
    bool joins = last != NULL && last->kind == step->kind && step->kind != LK_INSERT &&
                 last->attribute_len + step->attribute_len == 0;
    if (joins) {
        for (unsigned u = 0; u < 3; u++) last->len[u] += step->len[u];
        return true;
    }
    return patch_append(out, step);
}

static bool patch_push_len(patch_steps *out, lk_delta_kind kind, uint32_t len) {
    lk_delta step = {.kind = kind, .len = {len, len, len}};
    return patch_steps_push(out, &step);
}

/* What is kept at the end need not be said. */
static void patch_chop(patch_steps *out) {
    while (out->len > 0 && out->at[out->len - 1].kind == LK_RETAIN &&
           out->at[out->len - 1].attribute_len == 0)
        out->len--;
}

/* Let a step have the attributes of a later one, too, which count where both have a key. */
static bool patch_style(arena *memory, lk_delta *step, const lk_delta *later) {
    if (later->attribute_len == 0) return true;
    lk_entry *all = arena_new(memory, lk_entry, step->attribute_len + later->attribute_len);
    if (all == NULL) return false;
    size_t len = 0;
    for (size_t i = 0; i < step->attribute_len; i++) {
        bool again = false;
        for (size_t k = 0; k < later->attribute_len; k++)
            again = again || str_equal(step->attributes[i].key, later->attributes[k].key);
        if (!again) all[len++] = step->attributes[i];
    }
    for (size_t k = 0; k < later->attribute_len; k++) all[len++] = later->attributes[k];
    step->attributes = all;
    step->attribute_len = len;
    return true;
}

/* As in Loro: what goes stays in the pieces in which it went, but behind the end of `a`. */
static bool patch_push_composed(patch_steps *out, const lk_delta *step, bool behind) {
    bool apart = step->kind == LK_DELETE && !behind && step->len[LK_CODEPOINT] > 0;
    return apart ? patch_append(out, step) : patch_steps_push(out, step);
}

bool patch_steps_compose(patch_steps *out, const lk_diff *a, const lk_diff *b) {
    patch_reader x = patch_read(a), y = patch_read(b);
    bool ready = true;
    while (ready && !(patch_done(&x) && patch_done(&y))) {
        lk_delta step;
        bool behind = patch_done(&x);
        if (x.step.kind == LK_DELETE) {
            step = patch_take(&x, x.left);
        } else if (y.step.kind == LK_INSERT) {
            step = patch_take(&y, y.left);
        } else {
            uint32_t len = patch_common(&x, &y);
            lk_delta later = patch_take(&y, len);
            step = patch_take(&x, len);
            if (later.kind == LK_DELETE && step.kind == LK_INSERT) continue;
            if (later.kind == LK_DELETE) step = later;
            ready = patch_style(out->memory, &step, &later);
        }
        ready = ready && patch_push_composed(out, &step, behind);
    }
    patch_chop(out);
    return ready;
}

bool patch_steps_transform(patch_steps *out, const lk_diff *a, const lk_diff *b, bool first) {
    patch_reader x = patch_read(a), y = patch_read(b);
    bool ready = true;
    while (ready && !(patch_done(&x) && patch_done(&y))) {
        if (x.step.kind == LK_INSERT && (first || y.step.kind != LK_INSERT)) {
            lk_delta step = patch_take(&x, x.left);
            ready = patch_steps_push(out, &step);
        } else if (y.step.kind == LK_INSERT) {
            lk_delta step = patch_take(&y, y.left);
            ready = patch_push_len(out, LK_RETAIN, step.len[0]);
        } else {
            uint32_t len = patch_common(&x, &y);
            lk_delta step = patch_take(&x, len);
            if (patch_take(&y, len).kind != LK_DELETE) ready = patch_steps_push(out, &step);
        }
    }
    patch_chop(out);
    return ready;
}

/* ---- patches ---- */

lk_diff *patch_find(const patch *p, lk_ref target) {
    uint64_t now = remap_follow(p->remap, target.index);
    for (size_t i = 0; i < p->len; i++)
        if (remap_follow(p->remap, p->at[i].target.index) == now) return &p->at[i];
    return NULL;
}

/* One array behind the other. */
static void *patch_join(const patch *p, const void *a, size_t a_len, const void *b, size_t b_len,
                        size_t item_len) {
    uint8_t *all = arena_array(p->memory, a_len + b_len, item_len);
    if (all == NULL) return NULL;
    if (a_len > 0) __builtin_memcpy(all, a, a_len * item_len);
    if (b_len > 0) __builtin_memcpy(all + a_len * item_len, b, b_len * item_len);
    return all;
}

/* The later write of a key counts. */
static bool patch_compose_map(const patch *p, lk_diff *a, const lk_diff *b) {
    lk_map_change *all =
        patch_join(p, a->changes, a->change_len, b->changes, b->change_len, sizeof *all);
    if (all == NULL) return false;
    size_t had = a->change_len;
    for (size_t i = 0; i < b->change_len; i++) {
        size_t k = 0;
        while (k < had && !str_equal(all[k].key, b->changes[i].key)) k++;
        if (k == had) k = a->change_len++;
        all[k] = b->changes[i];
    }
    a->changes = all;
    return true;
}

static bool patch_compose_one(const patch *p, lk_diff *a, const lk_diff *b) {
    if (a->kind == LK_MAP) return patch_compose_map(p, a, b);
    if (a->kind == LK_COUNTER) a->increment += b->increment;
    if (a->kind == LK_COUNTER) return true;
    if (a->kind == LK_TREE) {
        a->nodes = patch_join(p, a->nodes, a->node_len, b->nodes, b->node_len, sizeof *a->nodes);
        a->node_len += b->node_len;
        return a->nodes != NULL;
    }
    patch_steps out = {.memory = p->memory};
    if (!patch_steps_compose(&out, a, b)) return false;
    a->deltas = out.at;
    a->delta_len = out.len;
    return true;
}

bool patch_compose(patch *p, const lk_diff *diffs, size_t len) {
    for (size_t i = 0; i < len; i++) {
        lk_diff *known = patch_find(p, diffs[i].target);
        if (known != NULL) {
            if (!patch_compose_one(p, known, &diffs[i])) return false;
            continue;
        }
        lk_diff *fresh = arena_vec_push(p->memory, p);
        if (fresh == NULL) return false;
        *fresh = diffs[i];
    }
    return true;
}

bool patch_transform(patch *p, const lk_diff *over, size_t len) {
    for (size_t i = 0; i < len; i++) {
        lk_diff *mine = patch_find(p, over[i].target);
        if (mine == NULL || mine->delta_len == 0 || over[i].delta_len == 0) continue;
        patch_steps out = {.memory = p->memory};
        if (!patch_steps_transform(&out, mine, &over[i], true)) return false;
        mine->deltas = out.at;
        mine->delta_len = out.len;
    }
    return true;
}
