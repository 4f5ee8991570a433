/* SPDX-License-Identifier: MIT
 * event_make.h - what happened to one container, as a diff: a function for each kind. */
#ifndef DOC_EVENT_MAKE_H
#define DOC_EVENT_MAKE_H

#include "doc/doc.h"

typedef struct event_maker {
    lk_doc *doc;
    lk_by by;
    bool tell_all; /* also writes of what was there already */
    arena *memory;
    uint8_t *born;     /* per container: it appeared, or hangs below one that did; NULL: none */
    uint32_t *targets; /* containers with a diff, parents first */
    size_t target_len;
} event_maker;

/* The diff of a container: what the batch did to it, or if that is NULL, all there is. false when
 * memory is out. */
typedef bool event_writer(const event_maker *m, uint32_t id, const batch_entry *batch_or_null,
                          lk_diff *out);
event_writer event_text_write;
event_writer event_seq_write; /* list, movable list */
event_writer event_map_write;
event_writer event_tree_write;

/* A step that is to come may change the marks of a text: keep its styles as they are before.
 * `exact`: it is the next. false when memory is out. */
bool event_text_expect(lk_doc *doc, batch_entry *entry, const step *st, bool exact);
void event_text_forget(const lk_memory *heap, batch_styles *styles);

/* Let the trees of the batch tell what they have recorded, as items of their entries. */
bool event_tree_gather(events *e);

#endif
