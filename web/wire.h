/* SPDX-License-Identifier: MIT
 * wire.h - the one encoding in which values, versions and events cross between C and JavaScript.
 * Written and read here, and in package/src/value.ts. Nothing else knows the layout of a struct of
 * the other side.
 *
 *   value     tag, then  INT, FLOAT: f64le (JavaScript has no other number)
 *                        STRING, BINARY: uleb length, bytes
 *                        LIST: uleb count, values       MAP: uleb count, (string, value)s
 *                        CONTAINER: uleb ref, kind byte
 *                        NODE: id, read as the string "counter@peer"; only ever written
 *   id        u64le peer, uleb counter
 *   ids       uleb count, ids
 *   event     by, origin string, from ids, to ids, uleb count, diffs
 *   diff      uleb ref, kind byte, uleb count, then of
 *               text  kind byte, DELETE: uleb UTF-16 length, RETAIN: the same and attributes,
 *                     INSERT: string and attributes, which are uleb count, (string, value)s
 *               list  kind byte, RETAIN and DELETE: uleb length, INSERT: LIST
 *               map   string, 0 (deleted), or 1 and a value
 *               tree  action byte, id, CREATE and MOVE: place, bytes of the fractional index,
 *                     MOVE and DELETE: old place; a place is 0 or 1 and the parent's id, uleb index
 *             of a counter: f64le instead of the count and what follows                          */
#ifndef WEB_WIRE_H
#define WEB_WIRE_H

#include "base/bytes.h"

typedef enum wire_tag {
    WIRE_NULL,
    WIRE_FALSE,
    WIRE_TRUE,
    WIRE_INT,
    WIRE_FLOAT,
    WIRE_STRING,
    WIRE_BINARY,
    WIRE_LIST,
    WIRE_MAP,
    WIRE_CONTAINER,
    WIRE_NODE,
} wire_tag;

/* Containers in it are named, not resolved. */
void wire_value_write(writer *w, const lk_doc *doc, const lk_value *value);
/* Of lists and movable lists alike. */
size_t wire_list_len(const lk_doc *doc, lk_ref list);
lk_status wire_list_get(const lk_doc *doc, lk_ref list, size_t pos, lk_value *out);
/* All of a list (of either kind) or map; `deep` resolves the containers in it. */
void wire_list_write(writer *w, const lk_doc *doc, lk_ref list, bool deep);
void wire_map_write(writer *w, const lk_doc *doc, lk_ref map, bool deep);
void wire_id_write(writer *w, lk_id id);
void wire_ids_write(writer *w, lk_ids ids);
void wire_spans_write(writer *w, const lk_span *spans, size_t len);
/* A container with everything in it, containers resolved: what toJSON() gives. */
void wire_deep_write(writer *w, const lk_doc *doc, lk_ref ref);
/* Keys as strings, positions as numbers. */
void wire_path_write(writer *w, const lk_path_item *path, size_t len);
/* The name of a root container, at the front of its path. */
void wire_root_name_write(writer *w, const lk_doc *doc, lk_ref ref);
void wire_text_delta_write(writer *w, const lk_doc *doc, const lk_delta *deltas, size_t len);
void wire_event_write(writer *w, const lk_doc *doc, const lk_event *event);

/* Strings and binary stay views of the reader's bytes; lists and maps are built in `scratch`. The
 * writer of these bytes is our own, so they are trusted to be well-formed, not to be shallow. */
void wire_value_read(reader *r, arena *scratch, lk_value *out);
/* NULL when it fails. */
const lk_delta *wire_text_delta_read(reader *r, arena *scratch, size_t *len);
lk_id wire_id_read(reader *r);
lk_ids wire_ids_read(reader *r, arena *scratch);

#endif
