/* SPDX-License-Identifier: MIT
 * event_make.h - what happened to one container, as a diff: a function for each kind. */
#ifndef DOC_EVENT_MAKE_H
#define DOC_EVENT_MAKE_H

#include "doc/doc.h"

typedef struct event_spot { /* a container that has to do with the batch */
    uint32_t container;
    uint32_t hash;
    uint32_t depth;
    uint32_t made; /* 0: a root; else the counter, plus one */
    uint32_t nth;
    bool changed;        /* or new to a container that was there; though perhaps not told of */
    bool below;          /* a new one */
    const lk_diff *diff; /* NULL: it is not told of */
} event_spot;

typedef struct event_maker {
    lk_doc *doc;
    lk_by by;
    bool kept;   /* of a mergeable child that shows again: only what changed */
    bool hidden; /* tell also of what may show again: doc_may_show() */
    arena *memory;
    uint8_t *born;     /* per container: it appeared, or hangs below one that did; NULL: none */
    event_spot *spots; /* those touched, then those new, then what hangs below these */
    size_t spot_len;
} event_maker;

/* The diff of a container: what the batch did to it, or if that is NULL, all there is. false when
 * memory is out. */
typedef bool event_writer(const event_maker *m, uint32_t id, const batch_entry *batch_or_null,
                          lk_diff *out);
event_writer event_text_write;
event_writer event_seq_write; /* list, movable list */
event_writer event_map_write;
event_writer event_tree_write;

/* Is a write of what a map held already told, too? */
bool event_map_tells_all(const event_maker *m, uint32_t id);
/* Does the batch write to a key that shows the same afterwards? */
bool event_map_doubts(const lk_doc *doc);

/* A step that is to come may change the marks of a text: keep its styles as they are before.
 * `exact`: it is the next. false when memory is out. */
bool event_text_expect(lk_doc *doc, batch_entry *entry, const step *st, bool exact);
void event_text_forget(const lk_memory *heap, batch_styles *styles);

/* event_order.c */
event_spot event_spot_of(const event_maker *m, uint32_t id);
/* Through one of Loro's hash tables: order what a batch touched. false when memory is out. */
bool event_spots_pass(arena *scratch, event_spot *spots, size_t len);
/* Likewise what is new, through one of ids. */
bool event_spots_pass_ids(const event_maker *m, event_spot *spots, size_t len);
/* Leave the spots that are told of, in order; `local`: of edits here. Likewise. */
bool event_spots_order(arena *scratch, event_spot *spots, size_t *len, bool local);

/* Let the trees of the batch tell what they have recorded, as items of their entries. */
bool event_tree_gather(events *e);

#endif
