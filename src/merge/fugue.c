/* SPDX-License-Identifier: MIT
 * fugue.c - Fugue's tree told as a list (Weidner, Gentle, Kleppmann: "The Art of the Fugue", 2023),
 * with Loro's order of siblings. Each item is a child of its left origin; siblings with the same
 * right origin stand in ascending order of peer, others in descending order of their right origins.
 * Scanning the unknown items from left to right, the new one goes behind
 *
 *      siblings with a smaller peer, and whatever hangs on them;
 *      siblings whose right origin stands further right;
 *
 * and in front of the first one with a larger peer. A sibling whose right origin stands further
 * left is passed, but only binding if something after it says so ("undecided"). An item that hangs
 * on nothing we passed belongs to someone further left: the scan is over.
 *
 * A right origin counts only if it is itself a child of the same left origin; else it is "none",
 * which stands to the right of all. */
#include "merge/fugue.h"

/* The place of a right origin if it counts as one for children of `left`, else UINT32_MAX. */
static uint32_t fugue_right_place(tracker *t, uint32_t right, uint32_t left) {
    if (right == TRACKER_NONE) return UINT32_MAX;
    uint32_t offset;
    btree_pos pos = tracker_locate(t, right, &offset);
    const tracker_item *it = btree_item(&t->items, pos);
    uint32_t own_left = offset > 0 ? right - 1 : it->left;
    if (own_left != left) return UINT32_MAX;
    return btree_rank(&t->items, pos).by[TRACKER_ALL] + offset;
}

static uint64_t fugue_peer(const tracker *t, lv id) {
    return t->log->names.peers.at[dag_id(&t->log->graph, id).peer];
}

typedef enum fugue_verdict { FUGUE_BEFORE, FUGUE_AFTER, FUGUE_UNDECIDED } fugue_verdict;

/* Where the new item stands towards a sibling: a child of the same left origin. */
static fugue_verdict fugue_compare(tracker *t, const tracker_item *sibling,
                                   const tracker_item *it) {
    bool larger = fugue_peer(t, sibling->id) > fugue_peer(t, it->id);
    if (sibling->right == it->right) return larger ? FUGUE_BEFORE : FUGUE_AFTER;
    uint32_t theirs = fugue_right_place(t, sibling->right, it->left);
    uint32_t ours = fugue_right_place(t, it->right, it->left);
    if (theirs < ours) return FUGUE_UNDECIDED;
    if (theirs == ours && larger) return FUGUE_BEFORE;
    return FUGUE_AFTER;
}

btree_pos fugue_place(tracker *t, btree_pos from, btree_pos known, const tracker_item *it) {
    uint32_t start = btree_rank(&t->items, from).by[TRACKER_ALL];
    btree_pos place = from, at = from;
    bool undecided = false;
    while (at.leaf != known.leaf || at.slot != known.slot) {
        const tracker_item *other = btree_item(&t->items, at);
        if (other->left == it->left) {
            fugue_verdict verdict = fugue_compare(t, other, it);
            if (verdict == FUGUE_BEFORE) break;
            undecided = verdict == FUGUE_UNDECIDED;
        } else if (other->left == TRACKER_NONE || tracker_rank(t, other->left) < start) {
            break;
        }
        btree_next(&t->items, &at);
        if (!undecided) place = at;
    }
    return place;
}
