/* SPDX-License-Identifier: MIT
 * oplog.h - the ground state: append-only history, from which everything else can be rebuilt.
 *
 *     graph.runs   [ run 0    | run 1 | run 2 ... ]   who, when, on what (dag.h)
 *     changes      [ change 0 | 1     | 2     ... ]   message, time, and the run's range of ops
 *     ops          [ op op op | op    | op op ... ]   what (model/op.h); a run of typing is one op
 *     log, texts   names and values; text, so that what is typed on end is also contiguous in
 * memory
 *
 * A history that begins late (dag.h) begins with a state. What that state shows lies here as
 * pieces, the operations that made it as far as they are still known, so that whoever asks what an
 * atom is gets the same answer for old and new ones.
 *
 * A run merges into the one before it when nothing distinguishes them (same peer and message,
 * nothing in between, close in time), so a session of typing is one run and a few ops. Everything
 * only grows: undoing a failed import is oplog_rewind(). */
#ifndef OPLOG_OPLOG_H
#define OPLOG_OPLOG_H

#include "model/op.h"
#include "oplog/dag.h"
#include "oplog/intern.h"

/* Changes written here further apart than this are told apart: Loro's default merge interval. */
#define OPLOG_MERGE_INTERVAL_S 1000

typedef struct oplog_change { /* of the run with the same index */
    int64_t timestamp_s;
    lk_str message;
    uint32_t op_start, op_len;
    uint32_t block_bytes; /* about, of its block up to its end: see oplog_enter_block() */
    bool begins;          /* it is the first of a block */
} oplog_change;

typedef struct oplog_piece { /* atoms of an operation before the beginning */
    lv at;
    uint32_t lamport; /* of the first; those of the others follow */
    op made;          /* positions mean nothing */
} oplog_piece;

typedef struct oplog_register { /* what a key or an element held at the beginning */
    uint32_t container;
    uint32_t name[2]; /* the key; or peer and Lamport time of the element's insert */
    uint32_t lamport; /* of a key's write */
    peer_ix peer;
    const void *data; /* a key's lk_value, NULL: deleted; an element's step_registers */
} oplog_register;

typedef enum onward { ONWARD_NONE, ONWARD_BEGUN, ONWARD_ONE } onward;
typedef struct oplog_onward { /* a change being written that may be part of the newest one */
    onward at;                /* none; of no op so far; of one */
    op before;                /* the op before that one, as it was */
    lv end;                   /* where the last one ended that became part of it, or 0: while that
                               * is the end of all, the next may, and there is room */
} oplog_onward;

typedef struct oplog {
    const lk_memory *heap;
    arena log, texts;
    intern names;
    dag graph;
    VEC(oplog_change) changes;
    VEC(op) ops;
    oplog_onward onward;
    lk_value *values_end; /* of the array that the newest list insert grows in, and its room */
    size_t values_room;
    VEC(oplog_piece) pieces;       /* by lv */
    VEC(oplog_register) registers; /* by container and name */
    lk_bytes root;                 /* the state at the beginning, as it came: a table (sstable.h) */
} oplog;

void oplog_init(oplog *log, const lk_memory *heap);
void oplog_drop(oplog *log);

typedef struct oplog_mark {
    intern_mark names;
    dag_mark graph;
    arena_mark log, texts;
    size_t changes, ops;
    oplog_change last_change; /* the newest: it may grow */
    op last_op;               /* likewise */
    lv *heads;                /* in scratch */
    size_t head_len;
} oplog_mark;

/* Remember this point; the copy of the heads lives in `scratch`. false when memory is out. */
bool oplog_save(const oplog *log, arena *scratch, oplog_mark *out);
void oplog_rewind(oplog *log, const oplog_mark *mark);

/* ---- growing ---- */

/* Begin a change of `peer` on these heads; its ops follow by oplog_push(). false: memory is out.
 *
 * What one types goes on in the newest run as if that had not ended, and oplog_close_on() lets it
 * stay there. Whoever looks at runs before that calls oplog_part(): it has one of its own then. So
 * it has if there is more than one op. */
bool oplog_begin(oplog *log, peer_ix peer, const lv *heads, size_t len);
void oplog_part(oplog *log);
/* Append `o` to the newest run, which grows by o->len; texts and values must already live in the
 * log. Merges with the op before when it continues it. false when memory is out. */
bool oplog_push(oplog *log, const op *o);
/* Where that puts `o`: it may be there already, if there is room for it. */
static inline op *oplog_slot(const oplog *log) { return &log->ops.at[log->ops.len]; }
/* Is the newest op the peer's, to that container, and does what it writes next go on there? If a
 * change is `open`, in that one. There is room for an op. */
static inline bool oplog_has_onward(const oplog *log, peer_ix peer, uint32_t container, bool open) {
    const dag *g = &log->graph;
    return (open ? log->onward.at == ONWARD_NONE : log->onward.end == g->end) && log->ops.len > 0 &&
           log->ops.len < log->ops.cap && log->ops.at[log->ops.len - 1].container == container &&
           g->runs.at[g->runs.len - 1].peer == peer;
}
/* If so: did that insert text, which lies before `text`, before `pos`? */
static inline bool oplog_types_on(const oplog *log, uint32_t pos, const uint8_t *text) {
    const op *last = &log->ops.at[log->ops.len - 1];
    return last->kind == OP_TEXT_INSERT && last->as.insert.pos + last->len == pos &&
           last->as.insert.text + last->as.insert.bytes == text;
}
/* If so: that op grows by so much, with the newest run. */
static inline void oplog_type_on(oplog *log, uint32_t points, uint32_t bytes, bool open) {
    op *own = oplog_slot(log), *last = own - 1;
    if (!open) {
        log->onward.at = ONWARD_ONE;
        log->onward.before = *own = *last;
        own->counter += (int32_t)last->len;
        own->as.insert.pos += last->len;
        own->as.insert.text += last->as.insert.bytes;
        own->as.insert.bytes = bytes;
        own->len = points;
    }
    last->len += points;
    last->as.insert.bytes += bytes;
    dag_extend(&log->graph, points);
}
/* The newest run is complete. It becomes part of the one before if it continues that, is at most
 * so much later, says the same, and both fit a block of Loro's. */
void oplog_close(oplog *log, int64_t apart_s);
/* The same for one that was written here: of what no block would hold, each blockful becomes a run.
 * Room for them must have been made. */
void oplog_close_own(oplog *log, uint64_t own, int64_t apart_s);
/* The change that goes on in the newest run shall be part of that one, with its time. false: it is
 * to be closed as others are, for it has a run of its own or finds no room in the block. */
bool oplog_close_on(oplog *log, int64_t apart_s);
/* false when memory is out; *own: what it takes of a block, for the close. */
bool oplog_reserve_close(oplog *log, uint64_t *own);
/* Copies into the log; NULL (or at NULL) when memory is out. oplog_value interns the containers in
 * a value as children of `container`, made by the op `id`. */
const uint8_t *oplog_text(oplog *log, lk_bytes text);
const uint8_t *oplog_bytes(oplog *log, const uint8_t *from, size_t len);
const lk_value *oplog_values(oplog *log, const lk_value *values, size_t len, uint32_t container,
                             op_id id);
const lk_value *oplog_value(oplog *log, const lk_value *value, uint32_t container, op_id id);
/* The same for what a map holds at `key`: the marker of a mergeable child becomes the child. */
const lk_value *oplog_map_value(oplog *log, uint32_t key, const lk_value *value, uint32_t container,
                                op_id id);
/* Complete an OP_MARK_START with a mark of the log's, whose key is the document's. The end, whose
 * `mark` part is the same, follows it at once. false when memory is out. */
bool oplog_mark_start(oplog *log, op_id id, uint32_t key, op *o);
/* The same for a value of a state, whose containers are these by index. */
bool oplog_state_value(oplog *log, const lk_value *value, const uint32_t *cids, lk_value *out);

/* A node that is made has a map for its data: its number; TABLE_NONE when memory is out. */
uint32_t oplog_node(oplog *log, op_id node, uint32_t tree);

typedef struct oplog_names { /* a block's indices as the document's */
    const peer_ix *peers;
    const uint32_t *keys;
    uint32_t *cids;      /* TABLE_NONE: not used so far */
    lk_bytes *positions; /* in the log's memory; at NULL: likewise */
} oplog_names;
/* Intern a block's peers, and before the first oplog_append() the rest: what nothing happens to
 * shall not come to exist. Arrays in `scratch`. false when memory is out. */
bool oplog_map_peers(oplog *log, const block *b, arena *scratch, oplog_names *out);
bool oplog_map_rest(oplog *log, const block *b, arena *scratch, oplog_names *names);
/* The first dependency of `c` that is not here, or false. *known, at first 0, dependencies were
 * found here before. */
bool oplog_missing(const oplog *log, const change *c, const oplog_names *names, uint32_t *known,
                   op_id *out);
/* Does `c`, which is not all here, not know the root, by what it builds on and is here? Then it can
 * never be merged. */
bool oplog_left_out(const oplog *log, const change *c, const oplog_names *names);
/* Append a change of a block whose past is here and that is not to be left out, without its first
 * atoms that are here already. At least one is new. LK_ECORRUPT, LK_ENOMEM (what, at *what); rewind
 * then. */
lk_status oplog_append(oplog *log, const block *b, const oplog_names *names, const change *c,
                       const char **what);

/* Exchange what two logs say; names and memory stay. */
void oplog_swap(oplog *a, oplog *b);
/* Append what came after the sealed beginning of `newer`, which is what `log` holds; names and
 * memory are the same. false when memory is out. */
bool oplog_follow(oplog *log, const oplog *newer);

/* ---- reading ---- */

/* The op that holds `at`; before the beginning, if the state there shows it. */
const op *oplog_op(const oplog *log, lv at);
/* The Lamport time of `at`, likewise; *more: atoms from there on that have consecutive ids and
 * times. */
uint32_t oplog_lamport(const oplog *log, lv at, uint32_t *more);
/* An operation before the beginning from its atom `at` on, and a run around it. false if the state
 * there does not show it. */
bool oplog_piece_at(const oplog *log, lv at, op *out, dag_run *run);
/* What a register held at the beginning, or NULL. */
const oplog_register *oplog_find_register(const oplog *log, uint32_t container, uint32_t key);
const oplog_register *oplog_find_elem(const oplog *log, uint32_t container, peer_ix peer,
                                      uint32_t lamport);
int oplog_register_order(const void *a, const void *b);
/* Walk the ops of [start, end) in lv order, clipped. */
typedef struct oplog_walk {
    const oplog *log;
    uint32_t run;
    size_t op;
    lv at, end;
} oplog_walk;
oplog_walk oplog_walk_new(const oplog *log, lv start, lv end);
/* The next piece, its first lv, and its run; false at the end. */
bool oplog_walk_next(oplog_walk *w, op *out, lv *at, const dag_run **run);

/* Do two runs look like one change: same peer, message and time, `b` on `a` and nothing else? */
bool oplog_joins(const oplog *log, const dag_run *a, const dag_run *b);
/* Changes as Loro counts them: runs that only arrived apart count as one. */
size_t oplog_change_count(const oplog *log);

#endif
