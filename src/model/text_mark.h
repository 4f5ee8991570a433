/* SPDX-License-Identifier: MIT
 * text_mark.h - a style on a range of text, as its two anchors know it. It lies in the document's
 * log, so whatever refers to it may keep the address; one mark is at one address. */
#ifndef MODEL_TEXT_MARK_H
#define MODEL_TEXT_MARK_H

#include "model/id.h"

enum { MARK_ALIVE = 0x80 }; /* in info, beside the bits of lk_expand */

typedef struct text_mark {
    op_id id; /* where it starts; it ends at the next counter */
    uint32_t lamport;
    uint32_t key; /* of the document's keys */
    uint64_t peer_wide;
    const lk_value *value; /* LK_NULL: takes the style away */
    uint8_t info;
} text_mark;

/* Which of two marks with one key counts where both are: the later one. */
static inline bool text_mark_beats(const text_mark *a, const text_mark *b) {
    return a->lamport != b->lamport ? a->lamport > b->lamport : a->peer_wide > b->peer_wide;
}

#endif
