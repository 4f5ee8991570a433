/* SPDX-License-Identifier: MIT
 * doc.h - the conductor: the only folder that sees history, merging and state together.
 *
 * Invariant: state == replay(log), up to the version it shows. doc_advance() is the one function
 * that carries a change of the history over to the state, for local edits and imports alike.
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
#include "merge/travel.h"
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

typedef struct doc_sealed { /* a history that is not read: sealed.h */
    uint8_t *at;            /* the snapshot it came in; NULL: there is none */
    size_t len;
    VEC(lv) heads; /* where it ends */
    int64_t timestamp_s;
    size_t containers;   /* as many there were when it came */
    VEC(uint64_t) times; /* lv << 32 | Lamport time, from there on: sealed_write.c */
    lk_status damage;    /* what is wrong with it, as far as is known */
} doc_sealed;

typedef struct visit { /* a change to be visited: history.c */
    uint32_t lamport;  /* one past its last */
    op_id id;          /* its first */
} visit;
typedef VEC(lk_span) doc_spans;

struct lk_doc {
    lk_memory memory; /* heap of everything */
    oplog log;
    merge merge;
    travel travel;
    state state;
    arena scratch; /* of the call under way */
    uint64_t peer;
    peer_ix self;    /* TABLE_NONE until it writes */
    bool open;       /* the newest run is a change being written */
    bool detached;   /* the state shows a version of its own: the next two, else all there is */
    bool edits_past; /* editing is allowed while detached */
    bool lazy;       /* lk_open_lazily() */
    bool asleep;     /* there are texts without ids: sealed.h */
    doc_sealed sealed;
    int64_t merge_interval_s;
    VEC(lv) shown_heads;
    VEC(int32_t) shown_ends; /* by peer; may be shorter than their table */
    bool spent;              /* memory ran out halfway: LK_ESPENT from now on */
    VEC(op_id) unsent; /* per peer written as: the first op lk_export_local() has not handed out */
    VEC(doc_pending) pending;
    size_t pending_bytes;
    VEC(lk_id) shut; /* authors whose operations from there on import left out: import.c */
    events events;
    VEC(lk_undo *) undos;
    doc_styles styles;
    step_list steps; /* of the call under way */
    export_names export_peers, export_keys, export_cids;
    VEC(lk_id) version, frontiers; /* views handed out */
    doc_spans success, waiting, left_out;
    VEC(lk_path_item) path;
    bool hide_empty_roots;
    VEC(uint32_t) hidden_roots; /* while they are empty */
    VEC(visit) visits;
    doc_spans retreat, forward;
    VEC(lk_ref) touched;
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
/* Is it, but for mergeable children that are hidden, and may show again? */
bool doc_may_show(const lk_doc *doc, uint32_t container);

/* version.c: versions as the graph knows them and as callers do. */
lk_id doc_wide(const lk_doc *doc, op_id id);
/* By peer. */
void doc_sort_ids(lk_id *ids, size_t len);
typedef struct doc_heads {
    const lv *at;
    size_t len;
} doc_heads;
/* Heads of the version that the state shows. */
doc_heads doc_shown(const lk_doc *doc);
/* Heads and ends of that version, in scratch. LK_ENOMEM. */
lk_status doc_shown_end(lk_doc *doc, travel_end *out);
/* The version that `frontiers` name, in scratch, without those that others build on. LK_EMISSING,
 * LK_ENOMEM. */
lk_status doc_find_heads(lk_doc *doc, lk_ids frontiers, doc_heads *out);
/* Write heads as frontiers, sorted by peer, to an array with room for them; how many. */
size_t doc_write_frontiers(const lk_doc *doc, doc_heads heads, lk_id *out);

/* May a root be called so? */
bool doc_root_name_valid(lk_str name);
/* Was this root hidden by lk_hide_empty_root(), and is it still empty? */
bool doc_root_deleted(const lk_doc *doc, uint32_t root);

/* checkout.c: what the steps are that lead from the shown version to another one, at doc->steps,
 * with room made for them. LK_ECORRUPT, LK_ENOMEM. */
lk_status doc_plan_travel(lk_doc *doc, const travel_end *from, const travel_end *to);

/* doc_check.c: how far two sums of a counter may differ, whose last bits depend on the order. */
double check_rounding(const lk_doc *doc, uint32_t id);

/* Styles as a document has them at first. */
void styles_init(doc_styles *styles, const lk_memory *heap);
/* How a mark with that key expands; false: it is not configured. */
bool styles_find(const doc_styles *styles, lk_str key, lk_expand *out);

#endif
