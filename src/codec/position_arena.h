/* SPDX-License-Identifier: MIT
 * position_arena.h - the fractional indices that order siblings of a tree: sorted, each once, told
 * apart from the one before (docs/FORMAT.md, "Positions"). */
#ifndef CODEC_POSITION_ARENA_H
#define CODEC_POSITION_ARENA_H

#include "base/bytes.h"

typedef struct position_arena {
    const lk_bytes *at;
    size_t len;
    size_t bytes; /* of all together: what was read may repeat itself */
} position_arena;

/* Read a whole arena, into `scratch`. The order is not checked: it means nothing. */
position_arena position_arena_read(reader *r, arena *scratch);

/* Sort `positions` in place, drop doubles; what is left is the arena. */
position_arena position_arena_make(lk_bytes *positions, size_t len);
/* Where in the arena `position` is; it must be there. */
size_t position_arena_find(const position_arena *a, lk_bytes position);
/* Rows of work space come from `scratch`: false if memory is out. */
bool position_arena_write(writer *w, const position_arena *a, arena *scratch);

#endif
