/* SPDX-License-Identifier: MIT
 * doc.h - the conductor: the only folder that sees history, merging and state together.
 *
 * Invariant: state == replay(log). doc_advance() is the one function that carries a change of the
 * history over to the state, for local edits and imports alike.
 *
 *      log ──────────► merge ─────► steps ─────► state ─────► batch ─────► queue ─► lk_poll
 *      (oplog)         (concurrent only)                      (event.h)
 *
 * A change being written ("open") is already in the log and the state; committing only closes it.
 */
#ifndef DOC_DOC_H
#define DOC_DOC_H

#include "doc/event.h"
#include "merge/merge.h"
#include "oplog/oplog.h"
#include "state/state.h"

typedef struct doc_pending { /* a block, or the rest of one, whose past has not arrived */
    uint8_t *bytes;
    size_t len;
    size_t free_ops; /* import_free_ops() */
    lk_span span;    /* counters it holds */
    lk_id missing;   /* something it waits for */
} doc_pending;

typedef struct export_names { /* numbers a block gives out: see export.c */
    VEC(uint32_t) members, where;
} export_names;

typedef struct doc_styles { /* how marks expand, by key */
    arena memory;           /* of what the application configured */
    const lk_style *at;
    size_t len;
    bool any; /* other keys expand like this: */
    lk_expand expand;
} doc_styles;

struct lk_doc {
    lk_memory memory; /* heap of everything */
    oplog log;
    merge merge;
    state state;
    arena scratch; /* of the call under way */
    uint64_t peer;
    peer_ix self;      /* TABLE_NONE until it writes */
    bool open;         /* the newest run is a change being written */
    bool spent;        /* memory ran out halfway: LK_ESPENT from now on */
    VEC(op_id) unsent; /* per peer written as: the first op lk_export_local() has not handed out */
    VEC(doc_pending) pending;
    size_t pending_bytes;
    events events;
    doc_styles styles;
    step_list steps; /* of the call under way */
    export_names export_peers, export_keys, export_cids;
    VEC(lk_id) version, frontiers; /* views handed out */
    VEC(lk_span) success, waiting;
    VEC(lk_path_item) path;
};

/* Carry `steps`, which are in the log and were prepared, over to the state. Cannot fail. */
void doc_advance(lk_doc *doc, const step *steps, size_t len);
/* Make room for that: in the state, and for events. LK_ERANGE, LK_ENOMEM. */
lk_status doc_prepare(lk_doc *doc, const step *steps, size_t len);
/* What a call of several steps returns when one of them had `status`: memory that runs out between
 * the steps spends the document. */
lk_status doc_spend(lk_doc *doc, lk_status status);
/* Give every container number a state. */
bool doc_add_states(lk_doc *doc);
/* Is everything from the root down to this container present? */
bool doc_shows(const lk_doc *doc, uint32_t container);
lk_id doc_wide(const lk_doc *doc, op_id id);
/* Write the frontiers, sorted by peer, to an array with room for them; how many. */
size_t doc_write_frontiers(const lk_doc *doc, lk_id *out);

/* Styles as a document has them at first. */
void styles_init(doc_styles *styles, const lk_memory *heap);
/* How a mark with that key expands; false: it is not configured. */
bool styles_find(const doc_styles *styles, lk_str key, lk_expand *out);

#endif
