/* SPDX-License-Identifier: MIT
 * edit.h - what edits of all kinds of containers share. An edit is
 *
 *      check ─► edit_begin ─► copy into the log ─► edit_finish
 *      (arguments)  (room)        (edit_abort if it cannot go on)
 *
 * and comes to one op or several: all of them or none. */
#ifndef DOC_EDIT_H
#define DOC_EDIT_H

#include "doc/doc.h"

typedef struct edit_ready { /* to take back copies into the log if the edit cannot go on */
    arena_mark log, texts;
    intern_mark names;
} edit_ready;

static inline edit_ready edit_save(const lk_doc *doc) {
    return (edit_ready){arena_save(&doc->log.log), arena_save(&doc->log.texts),
                        intern_save(&doc->log.names)};
}
lk_status edit_abort(lk_doc *doc, edit_ready ready, lk_status status);

/* May we write `atoms` more to this container, as so many ops? Makes room for them and resets the
 * scratch arena. */
lk_status edit_begin(lk_doc *doc, lk_ref ref, size_t ops, uint32_t atoms);
/* The id the next op gets. Valid after edit_begin(). */
static inline op_id edit_next_id(const lk_doc *doc) {
    return (op_id){doc->self, dag_peer_end(&doc->log.graph, doc->self)};
}
/* The ops are complete but for their ids: write them down and carry them out, one step each, a move
 * two. */
lk_status edit_finish(lk_doc *doc, edit_ready ready, op *ops, step *steps, size_t len);

/* An edit of a text that no one watches has no need of steps, nor, if it is one op, of scratch
 * memory: after edit_begin_plain() its op is written down, and the sequence told. */
lk_status edit_begin_plain(lk_doc *doc, lk_ref ref, size_t ops, uint32_t atoms);
bool edit_is_plain(const lk_doc *doc, const seq *target);
/* The op, at oplog_slot(), is complete. false: memory is out and nothing changed. */
bool edit_write_plain(lk_doc *doc, const op *o);

/* Does an edit of `atoms`, as one op, go on where the last one left off: in the same container,
 * with nothing in between, and unwatched? Then there is nothing to be begun. */
bool edit_goes_on(const lk_doc *doc, lk_ref ref, uint32_t atoms);
/* What follows was not handed out by lk_export_local(). */
void edit_note_unsent(lk_doc *doc);

/* The sequence of a container of that kind, or NULL if it is of another. */
seq *edit_seq(lk_doc *doc, lk_ref ref, lk_kind kind);
/* Delete the atoms of that range of entities; anchors among them stay. */
lk_status edit_delete(lk_doc *doc, lk_ref ref, seq *target, uint32_t pos, uint32_t len);
/* Among the anchors that begin at entity `pos`, where text goes, as in Loro: past those that let
 * it.
 */
uint32_t edit_text_place(const seq *text, uint32_t pos);
/* Insert `s`, which is UTF-8 of this length and not empty, at entity `pos`. */
lk_status edit_text_insert(lk_doc *doc, lk_ref text, uint32_t pos, lk_str s, const text_len *len);
/* lk_text_mark(); `lenient`: a key that is not configured does not expand. */
lk_status edit_mark_set(lk_doc *doc, lk_ref text, size_t start, size_t end, lk_unit unit,
                        const lk_entry *style, bool lenient);
/* Do the marks of a delta fit a text which its inserts and deletes leave *len long? What they start
 * at must be there, so lines are added, as in Loro: *len grows by these. */
bool text_delta_marks_fit(const lk_delta *deltas, size_t count, lk_unit unit, uint64_t *len);
/* Insert copies of values into a list or movable list, before entity `pos`. */
lk_status edit_insert(lk_doc *doc, lk_ref list, uint32_t pos, const lk_value *values, size_t len,
                      const lk_value **copied);
/* The value that stands for a new child, to be copied into the log. */
lk_value edit_child(lk_kind kind);
/* Write to a map, also what is there already. */
lk_status edit_map_put(lk_doc *doc, lk_ref ref, lk_str key, const lk_value *value,
                       const lk_value **copied);
/* The place in front of which something goes into a movable list, to come to stand at `pos`. */
uint32_t edit_movable_gap(const movable *m, size_t pos);
/* Is it a value that a document can hold, with `depth` levels around it? */
bool edit_value_valid(const lk_value *value, unsigned depth);
bool edit_entry_valid(const lk_entry *entry, unsigned depth);

#endif
