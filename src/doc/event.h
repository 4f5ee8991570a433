/* SPDX-License-Identifier: MIT
 * event.h - what happened, gathered while steps are carried out (a batch), made into one event at
 * the end of a commit or import, and queued until it is polled.
 *
 *      steps ─► batch: per container touched, a delta or the keys written
 *            ─► event: diffs of the containers that show, parents first; one that appeared in the
 *               batch comes whole, and everything below it too
 *
 * Each event owns an arena, so it is freed in one go. */
#ifndef DOC_EVENT_H
#define DOC_EVENT_H

#include "state/delta.h"
#include "state/state.h"

typedef struct batch_key {
    uint32_t key;
    bool known; /* before this write there was another */
    const lk_value *before;
} batch_key;

typedef struct batch_style { /* of the text before the batch, from that code point on */
    uint32_t from;
    style_set styles;
} batch_style;

typedef struct batch_styles { /* kept if the batch brings or removes anchors */
    arena memory;
    bool kept;
    batch_style *at;
    size_t len, cap;
} batch_styles;

typedef struct batch_set {
    step_elem elem;
    const lk_value *before;
    uint32_t nth;
} batch_set;

typedef struct batch_entry {
    uint32_t container;
    batch_styles styles;  /* text */
    delta delta;          /* text, list, movable list */
    VEC(batch_key) keys;  /* map; may repeat */
    VEC(batch_set) sets;  /* movable list: elements that did not move; may repeat */
    tree *tree;           /* of a tree */
    VEC(tree_item) items; /* what it told so far */
    double count;         /* counter */
} batch_entry;

typedef struct queued_event {
    arena memory;
    lk_event event;
} queued_event;

typedef struct events {
    const lk_memory *heap;
    bool watching;          /* someone does: */
    bool polled;            /* lk_watch() */
    bool listened;          /* undo managers */
    bool started;           /* a batch is under way */
    bool late;              /* it is complete, but there was no memory to tell of it */
    lk_by by;               /* of the late one */
    uint32_t number;        /* of the batch */
    const uint8_t *on_top;  /* of the import being told, or NULL: on_top.h */
    bool merging;           /* an import that is no more of the line that was there */
    VEC(lk_id) from;        /* frontiers before it */
    VEC(batch_entry) batch; /* the first batch_len are in use, the others kept for reuse */
    size_t batch_len;
    VEC(uint32_t) by_container; /* number of the entry, plus one */
    VEC(uint32_t) appeared;     /* containers that came to be present; may repeat */
    VEC(queued_event *) queue;  /* oldest first, from `head` */
    size_t head;
    queued_event *current; /* handed out by lk_poll(), */
    queued_event *taken;   /* by events_take() */
} events;

void events_init(events *e, const lk_memory *heap);
void events_drop(events *e);

/* A batch begins here, unless one is under way: remember the version. false when memory is out. */
bool events_begin(lk_doc *doc);
/* The batch's containers, in the order of the operations; others may follow. false when memory is
 * out. */
bool events_expect(events *e, const uint32_t *containers, size_t len);
/* Make room for these steps. */
bool events_prepare(lk_doc *doc, const step *steps, size_t len);
/* A step was carried out; `made`: of an edit here. Needs that room. */
void events_note(events *e, const step *st, const state_change *change, bool made);
/* All steps were. */
void events_settle(lk_doc *doc);
/* Nothing happened after all. */
void events_cancel(events *e);
/* The batch is complete: make the event. If memory is short the batch stays, and is told of by the
 * next lk_poll() that has memory, together with what follows until then. */
void events_finish(lk_doc *doc, lk_by by, lk_str origin);
/* The batch is complete: the event itself, which goes nowhere else and lives until the next
 * lk_poll() or events_take(). `kept`: see checkout_ask. NULL when memory is out. */
const lk_event *events_take(lk_doc *doc, bool kept);
/* What was taken last is yours; give it back with events_release(). NULL is fine there. */
queued_event *events_keep(events *e);
void events_release(events *e, queued_event *queued);
/* Undo managers listen, or no longer. */
void events_watch(events *e, bool listened);

#endif
