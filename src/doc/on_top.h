/* SPDX-License-Identifier: MIT
 * on_top.h - does what an import brought stand on top of what was there? Loro then plays it onto
 * the state and tells each key that is written; else it compares two versions of a container, and
 * tells of a key only if it shows something else. */
#ifndef DOC_ON_TOP_H
#define DOC_ON_TOP_H

#include "doc/doc.h"

/* For each container, in scratch memory: 1 if it does. `before`: the heads when the history ended
 * at `end`; nothing was left out of it. NULL when memory is out. O(what came, and what was there
 * that not all of it knew). */
const uint8_t *on_top_find(lk_doc *doc, lv end, const lv *before, size_t len);

#endif
