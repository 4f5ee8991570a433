/* SPDX-License-Identifier: MIT
 * tracker.c - the items of a tracker: finding, cutting, deleting, showing. Where an insert goes
 * among concurrent ones is fugue.c. */
#include "merge/tracker.h"

#include "merge/fugue.h"

static btree_sums tracker_measure(const void *item) {
    const tracker_item *it = item;
    return (btree_sums){{[TRACKER_HERE] = it->here && it->dels == 0 ? it->len : 0,
                         [TRACKER_MERGED] = it->gone ? 0 : it->len,
                         [TRACKER_ALL] = it->len}};
}

static id_index *tracker_index(tracker *t, uint32_t id) {
    return id >= TRACKER_BASE ? &t->base : t->by_lv;
}

static void tracker_moved(void *context, const void *item, btree_leaf *leaf) {
    const tracker_item *it = item;
    tracker *t = context;
    id_index *index = tracker_index(t, it->id);
    id_index_move(index, it->id, it->len, leaf);
    if (index->failed) t->by_lv->failed = true; /* for all trackers to see */
}

static const btree_class tracker_class = {.item_len = sizeof(tracker_item), .moved = tracker_moved};

/* An item moved and an index had no memory to follow: it must not be asked any more. */
static bool tracker_failed(const tracker *t) { return t->by_lv->failed; }

static bool tracker_reserve(tracker *t, size_t inserts) {
    return !tracker_failed(t) && btree_reserve(&t->items, inserts);
}

void tracker_init(tracker *t, const oplog *log) {
    *t = (tracker){.log = log};
    btree_init(&t->items, &tracker_class, log->heap, t);
    id_index_init(&t->base, log->heap, TRACKER_BASE);
}

bool tracker_begin(tracker *t, id_index *by_lv, uint32_t owner) {
    t->by_lv = by_lv;
    t->owner = owner;
    id_run all = {.len = TRACKER_BASE_LEN, .kind = ID_INSERT, .owner = owner};
    if (!id_index_append(&t->base, &all) || !tracker_reserve(t, 1)) return false;
    tracker_item text = {.id = TRACKER_BASE,
                         .len = TRACKER_BASE_LEN,
                         .left = TRACKER_NONE,
                         .right = TRACKER_NONE,
                         .here = 1};
    btree_insert(&t->items, btree_first(&t->items), &text, tracker_measure(&text));
    return true;
}

void tracker_clear(tracker *t) {
    btree_clear(&t->items);
    id_index_clear(&t->base, TRACKER_BASE);
}

void tracker_drop(tracker *t) {
    btree_drop(&t->items);
    id_index_drop(&t->base);
}

btree_pos tracker_locate(tracker *t, uint32_t id, uint32_t *offset) {
    id_run run = id_index_at(tracker_index(t, id), id);
    LK_ASSERT((run.kind == ID_INSERT || run.kind == ID_MOVE) && run.leaf != NULL);
    uint32_t len = btree_leaf_len(run.leaf);
    const tracker_item *row = btree_item(&t->items, (btree_pos){run.leaf, 0});
    for (uint32_t slot = 0; slot < len; slot++) {
        if (id - row[slot].id >= row[slot].len) continue;
        *offset = id - row[slot].id;
        return (btree_pos){run.leaf, slot};
    }
    __builtin_trap();
}

uint32_t tracker_rank(tracker *t, uint32_t id) {
    uint32_t offset;
    btree_pos pos = tracker_locate(t, id, &offset);
    return btree_rank(&t->items, pos).by[TRACKER_ALL] + offset;
}

/* Cut the item so that a new one starts at `offset`; where that is. Needs a reserve. */
static btree_pos tracker_cut_item(tracker *t, btree_pos pos, uint32_t offset) {
    if (offset == 0) return pos;
    tracker_item *it = btree_item(&t->items, pos);
    tracker_item tail = *it;
    tail.id += offset;
    tail.len -= offset;
    tail.left = tail.id - 1;
    it->len = offset;
    btree_changed(&t->items, pos, tracker_measure(it));
    btree_next(&t->items, &pos);
    return btree_insert(&t->items, pos, &tail, tracker_measure(&tail));
}

/* Place for an insert after `pos` atoms that version `metric` sees, right behind the last of them:
 * the item that follows, and that atom. */
static lk_status tracker_gap(tracker *t, unsigned metric, uint32_t pos, btree_pos *at,
                             uint32_t *left) {
    if (!tracker_reserve(t, 2)) return LK_ENOMEM;
    *left = TRACKER_NONE;
    *at = btree_first(&t->items);
    if (pos == 0) return LK_OK;
    btree_sums rank;
    *at = btree_find_near(&t->items, metric, pos - 1, &rank);
    if (btree_at_end(&t->items, *at)) return LK_ERANGE;
    const tracker_item *it = btree_item(&t->items, *at);
    uint32_t offset = pos - 1 - rank.by[metric];
    *left = it->id + offset;
    if (offset + 1 < it->len)
        *at = tracker_cut_item(t, *at, offset + 1);
    else
        btree_next(&t->items, at);
    return tracker_failed(t) ? LK_ENOMEM : LK_OK;
}

/* Does `it`, placed behind `before`, only lengthen it? */
static bool tracker_continues(const tracker_item *before, const tracker_item *it) {
    return before->id + before->len == it->id && it->left == it->id - 1 &&
           before->right == it->right && before->dels == it->dels && before->here == it->here &&
           before->gone == it->gone;
}

/* Between two atoms of the document, is all that is gone in front of `at`? Where some of it is
 * behind, too, nobody knows what of it went when. */
static bool tracker_is_behind(const tracker *t, btree_pos at) {
    btree_pos before = at;
    if (!btree_prev(&t->items, &before)) return false;
    if (!((const tracker_item *)btree_item(&t->items, before))->gone) return false;
    return btree_at_end(&t->items, at) || !((const tracker_item *)btree_item(&t->items, at))->gone;
}

/* Put a new item in front of `at`; where it starts in the merged document. `moved` is the atom that
 * the operation took away for it, or TRACKER_NONE. */
static lk_status tracker_put(tracker *t, btree_pos at, const tracker_item *it, uint32_t moved,
                             uint32_t *merged) {
    id_run run = {.len = it->len,
                  .kind = moved == TRACKER_NONE ? ID_INSERT : ID_MOVE,
                  .owner = t->owner,
                  .target = moved};
    btree_pos before = at;
    t->behind = tracker_is_behind(t, at);
    if (run.kind == ID_INSERT && btree_prev(&t->items, &before)) {
        tracker_item *last = btree_item(&t->items, before);
        if (tracker_continues(last, it)) {
            run.leaf = before.leaf;
            if (!id_index_append(t->by_lv, &run)) return LK_ENOMEM;
            *merged = btree_rank(&t->items, before).by[TRACKER_MERGED] + last->len;
            last->len += it->len;
            btree_changed(&t->items, before, tracker_measure(last));
            return LK_OK;
        }
    }
    if (!id_index_append(t->by_lv, &run)) return LK_ENOMEM;
    if (!tracker_reserve(t, 1)) return LK_ENOMEM;
    btree_pos placed = btree_insert(&t->items, at, it, tracker_measure(it));
    *merged = btree_rank(&t->items, placed).by[TRACKER_MERGED];
    return LK_OK;
}

static lk_status tracker_insert_here(tracker *t, uint32_t pos, tracker_item it, uint32_t moved,
                                     uint32_t *merged) {
    btree_pos at;
    lk_status status = tracker_gap(t, TRACKER_HERE, pos, &at, &it.left);
    if (status != LK_OK) return status;
    btree_pos known = at; /* the first item that the author knew */
    bool more = !btree_at_end(&t->items, known);
    while (more && !((const tracker_item *)btree_item(&t->items, known))->here)
        more = btree_next(&t->items, &known);
    if (more) it.right = ((const tracker_item *)btree_item(&t->items, known))->id;
    if (known.leaf != at.leaf || known.slot != at.slot) at = fugue_place(t, at, known, &it);
    return tracker_put(t, at, &it, moved, merged);
}

static lk_status tracker_insert_unseen(tracker *t, uint32_t pos, tracker_item it, uint32_t moved) {
    btree_pos at;
    lk_status status = tracker_gap(t, TRACKER_MERGED, pos, &at, &it.left);
    if (status != LK_OK) return status;
    if (!btree_at_end(&t->items, at))
        it.right = ((const tracker_item *)btree_item(&t->items, at))->id;
    uint32_t merged;
    return tracker_put(t, at, &it, moved, &merged);
}

lk_status tracker_insert(tracker *t, uint32_t pos, lv id, uint32_t len, uint32_t *merged) {
    tracker_item it = {.id = id, .len = len, .right = TRACKER_NONE, .here = 1};
    return tracker_insert_here(t, pos, it, TRACKER_NONE, merged);
}

lk_status tracker_insert_merged(tracker *t, uint32_t pos, lv id, uint32_t len) {
    tracker_item it = {.id = id, .len = len, .right = TRACKER_NONE};
    return tracker_insert_unseen(t, pos, it, TRACKER_NONE);
}

/* ---- deleting ---- */

/* Cut out the next item of a range that version `metric` sees, at most `len` atoms of it. */
static lk_status tracker_take(tracker *t, unsigned metric, uint32_t pos, uint32_t len,
                              btree_pos *out) {
    if (!tracker_reserve(t, 2)) return LK_ENOMEM;
    btree_sums rank;
    btree_pos at = btree_find_near(&t->items, metric, pos, &rank);
    if (btree_at_end(&t->items, at)) return LK_ERANGE;
    at = tracker_cut_item(t, at, pos - rank.by[metric]);
    if (((const tracker_item *)btree_item(&t->items, at))->len > len) {
        at = tracker_cut_item(t, at, len);
        btree_prev(&t->items, &at);
    }
    *out = at;
    return LK_OK;
}

/* Note in the index what a delete deleted: `items` in document order. */
static bool tracker_note(tracker *t, const tracker_cut *items, size_t len, bool reversed) {
    t->by_lv->pieces += len - 1;
    for (size_t i = 0; i < len; i++) {
        const tracker_cut *item = &items[reversed ? len - 1 - i : i];
        id_run run = {.len = item->len,
                      .kind = reversed ? ID_BACK : ID_FORTH,
                      .owner = t->owner,
                      .target = item->pos};
        if (!id_index_append(t->by_lv, &run)) return false;
    }
    return true;
}

/* Delete a range that `metric` sees. `items` gets what it was, by ids; `cuts`, if not NULL, what
 * leaves the document. */
static lk_status tracker_take_range(tracker *t, unsigned metric, uint32_t pos, uint32_t len,
                                    tracker_cuts *items, tracker_cuts *cuts) {
    const lk_memory *heap = t->log->heap;
    lk_status status = LK_OK;
    while (len > 0 && status == LK_OK) {
        btree_pos at = {0};
        status = tracker_take(t, metric, pos, len, &at);
        if (status != LK_OK) break;
        tracker_item *it = btree_item(&t->items, at);
        tracker_cut *item = vec_push(heap, items);
        tracker_cut *cut = cuts != NULL && !it->gone ? vec_push(heap, cuts) : NULL;
        if (item == NULL || (cuts != NULL && !it->gone && cut == NULL)) {
            status = LK_ENOMEM;
            break;
        }
        *item = (tracker_cut){it->id, it->len};
        if (cut != NULL)
            *cut = (tracker_cut){btree_rank(&t->items, at).by[TRACKER_MERGED], it->len};
        it->gone = 1;
        if (metric == TRACKER_HERE) it->dels++;
        len -= it->len;
        btree_changed(&t->items, at, tracker_measure(it));
    }
    return status;
}

static lk_status tracker_delete_range(tracker *t, unsigned metric, uint32_t pos, uint32_t len,
                                      bool reversed, tracker_cuts *cuts) {
    tracker_cuts items = {0};
    lk_status status = tracker_take_range(t, metric, pos, len, &items, cuts);
    if (status == LK_OK && !tracker_note(t, items.at, items.len, reversed)) status = LK_ENOMEM;
    vec_drop(t->log->heap, &items);
    return status;
}

/* Delete one atom without noting it; which it was. */
static lk_status tracker_take_one(tracker *t, unsigned metric, uint32_t pos, uint32_t *id,
                                  tracker_cuts *cuts) {
    tracker_cuts items = {0};
    lk_status status = tracker_take_range(t, metric, pos, 1, &items, cuts);
    if (status == LK_OK) *id = items.at[0].pos;
    vec_drop(t->log->heap, &items);
    return status;
}

lk_status tracker_move(tracker *t, uint32_t from, uint32_t to, lv id, tracker_cuts *cuts,
                       uint32_t *merged) {
    tracker_item it = {.id = id, .len = 1, .right = TRACKER_NONE, .here = 1};
    uint32_t moved;
    lk_status status = tracker_take_one(t, TRACKER_HERE, from, &moved, cuts);
    return status == LK_OK ? tracker_insert_here(t, to, it, moved, merged) : status;
}

lk_status tracker_move_merged(tracker *t, uint32_t from, uint32_t to, lv id) {
    tracker_item it = {.id = id, .len = 1, .right = TRACKER_NONE};
    uint32_t moved;
    lk_status status = tracker_take_one(t, TRACKER_MERGED, from, &moved, NULL);
    return status == LK_OK ? tracker_insert_unseen(t, to, it, moved) : status;
}

lk_status tracker_delete(tracker *t, uint32_t pos, uint32_t len, bool reversed,
                         tracker_cuts *cuts) {
    return tracker_delete_range(t, TRACKER_HERE, pos, len, reversed, cuts);
}

lk_status tracker_delete_merged(tracker *t, uint32_t pos, uint32_t len, bool reversed) {
    return tracker_delete_range(t, TRACKER_MERGED, pos, len, reversed, NULL);
}

/* ---- moving the standing version ---- */

/* Cut out the item that begins with atom `id`, at most `len` atoms of it. */
static btree_pos tracker_pick(tracker *t, uint32_t id, uint32_t len) {
    uint32_t offset;
    btree_pos at = tracker_locate(t, id, &offset);
    at = tracker_cut_item(t, at, offset);
    if (((const tracker_item *)btree_item(&t->items, at))->len > len) {
        at = tracker_cut_item(t, at, len);
        btree_prev(&t->items, &at);
    }
    return at;
}

/* Let the standing version know, or no longer know, the insertion of these atoms, or a deletion. */
static lk_status tracker_tell(tracker *t, uint32_t id, uint32_t len, bool deletion, bool known) {
    while (len > 0) {
        if (!tracker_reserve(t, 2)) return LK_ENOMEM;
        btree_pos at = tracker_pick(t, id, len);
        tracker_item *it = btree_item(&t->items, at);
        if (!deletion)
            it->here = known;
        else
            it->dels = known ? it->dels + 1 : it->dels - 1;
        id += it->len;
        len -= it->len;
        btree_changed(&t->items, at, tracker_measure(it));
    }
    return LK_OK;
}

lk_status tracker_show(tracker *t, uint32_t id, uint32_t len, bool known) {
    return tracker_tell(t, id, len, false, known);
}

lk_status tracker_hide(tracker *t, uint32_t id, uint32_t len, bool known) {
    return tracker_tell(t, id, len, true, known);
}

void tracker_settle(tracker *t) {
    btree_pos pos = btree_first(&t->items);
    for (bool more = !btree_at_end(&t->items, pos); more; more = btree_next(&t->items, &pos)) {
        tracker_item *it = btree_item(&t->items, pos);
        it->gone = !it->here || it->dels > 0;
        btree_changed(&t->items, pos, tracker_measure(it));
    }
}

void tracker_check(tracker *t) {
    btree_check(&t->items, tracker_measure);
    id_index_check(&t->base);
    btree_pos pos = btree_first(&t->items);
    for (bool more = !btree_at_end(&t->items, pos); more; more = btree_next(&t->items, &pos)) {
        const tracker_item *it = btree_item(&t->items, pos);
        for (uint32_t done = 0; done < it->len;) {
            id_run run = id_index_at(tracker_index(t, it->id), it->id + done);
            LK_ASSERT(run.kind == ID_INSERT || run.kind == ID_MOVE);
            LK_ASSERT(run.leaf == pos.leaf);
            done += run.len;
        }
    }
}
