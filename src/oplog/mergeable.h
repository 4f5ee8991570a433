/* SPDX-License-Identifier: MIT
 * mergeable.h - children of maps that several peers can make at once and that are one child then
 * (Loro's mergeable-container-id.md, commit 6844fc7).
 *
 *     map entry  key -> marker: 00 'L' 'M' 01, kind, 24 bits of a CRC over (map, key, kind)
 *     child      a root container whose reserved name spells the way to it:
 *                U+1F91D : base > key > key...     base: $NAME of a root, @PEER:COUNTER of a made
 *                                                  map, in base 36; / NUL > \ are escaped with \
 *
 * The marker says what shows, the name where content meets. In the log and the state a marker that
 * fits its place is the child itself (LK_CONTAINER); on the way out it becomes a marker again. */
#ifndef OPLOG_MERGEABLE_H
#define OPLOG_MERGEABLE_H

#include "oplog/intern.h"

#define MERGEABLE_MARKER_LEN 8u

/* Is the name reserved for such children? */
bool mergeable_named(const container_id *id);
/* If the map at the base of its name was made by an operation: by which (wide peer). */
bool mergeable_base(const container_id *id, uint64_t *peer, int32_t *counter);
/* The child of `parent`, a map, at `key`; it comes to exist. TABLE_NONE when memory is out. */
uint32_t mergeable_child(intern *in, uint32_t parent, lk_str key, container_kind kind);
void mergeable_mark(const intern *in, uint32_t parent, lk_str key, container_kind kind,
                    uint8_t out[MERGEABLE_MARKER_LEN]);
/* Is `value` the marker for that place? Of which kind? Adds up what that costs in in->long_names.
 */
bool mergeable_marked(intern *in, uint32_t parent, lk_str key, const lk_value *value,
                      container_kind *kind);

#endif
