/* SPDX-License-Identifier: MIT
 * fugue.h - the order of concurrent inserts at one place. */
#ifndef MERGE_FUGUE_H
#define MERGE_FUGUE_H

#include "merge/tracker.h"

/* The place of a new item whose left and right are set, among the items [from, known) that its
 * author did not know. O(their number, times log of all). */
btree_pos fugue_place(tracker *t, btree_pos from, btree_pos known, const tracker_item *it);

#endif
