/* SPDX-License-Identifier: MIT
 * link.h - one end of a conversation: what the other end holds, what is under way to it and what
 * is arriving in pieces. Three versions are compared all the time, so they are kept compared:
 *
 *   known   it surely holds: by its joins, its updates, its acknowledgements
 *   sent    known, and what is in flight to it
 *   mine    the document's (the room's; both gaps are measured against it) */
#ifndef ROOM_LINK_H
#define ROOM_LINK_H

#include "room/frame.h"
#include "room/have.h"
#include "room/presence.h"

#define LINK_TOLD 8u

typedef struct flight { /* a batch not yet acknowledged */
    uint64_t batch;
    size_t len;        /* of the update */
    uint32_t span_len; /* how many of link.spans are its */
} flight;

typedef struct assembly { /* a batch arriving in fragments */
    frame_crdt crdt;
    uint64_t batch;
    uint32_t count, next, total;
    uint64_t due_ms;
    lk_buf bytes;
} assembly;

typedef struct link_news { /* a batch that has arrived here, for others to know */
    uint64_t batch;
    uint64_t knowing; /* the bits of links that know: it came by them, or was sent on to them */
} link_news;

typedef struct link {
    lk_link id;
    uint32_t serial;    /* which opening of `id` this is; never 0 */
    uint32_t slot;      /* its number among the open links, the smallest that was free */
    const char *broken; /* why nothing is read from or sent to it any more; NULL while good */
    bool broken_told;
    bool asked;           /* a join of ours waits for its answer */
    bool joined;          /* it let us in */
    bool wanted, left;    /* it joined us, or left again */
    bool absent;          /* it answered our join that it has not got this room */
    bool presence_wanted; /* it takes presence */
    bool read_only;       /* it let us in, to read */
    bool signs;           /* of a guarded room: it says that it can sign */
    bool anew;            /* likewise: it joined anew, to get everything in one */
    uint32_t denials;     /* likewise: what it sent that nobody had signed who may write */
    bool denied_told;
    bool eager;               /* what others write reaches it by us first: it gets that at once */
    uint64_t told[LINK_TOLD]; /* batches it said it has, that were not known here; a ring */
    uint32_t told_at;
    have known, sent;
    have_gap known_gap, sent_gap; /* of those two against mine */

    VEC(flight) flights; /* oldest first */
    VEC(lk_span) spans;  /* of the flights, in their order */
    uint64_t unacked;    /* bytes in flight */
    uint32_t tries;      /* resends since the last acknowledgement */
    uint32_t refusals;   /* asks to resend since then */
    uint64_t ack_due_ms;

    VEC(assembly) assemblies;

    uint64_t join_due_ms;  /* our join should have been answered by then */
    uint64_t push_at_ms;   /* send what is missing, which was put off */
    uint64_t rejoin_at_ms; /* ask for the past of `gap`, should it still be missing */
    uint32_t rejoins;      /* in a row without success */
    lk_id gap;             /* an operation whose past has not arrived */
    uint32_t rewinds;      /* joins that took back what was known, but for those long ago */
    uint64_t rewound_ms;
    uint64_t joins_from_ms; /* window in which joins are counted */
    uint32_t joins;
    uint64_t waiting_from_ms; /* likewise, of bytes that wait for their past and were passed on */
    uint64_t waiting;

    uint64_t tell_at_ms; /* tell the other links what has arrived from this one */
    VEC(link_news) news;
    bool tell_all; /* too much of it: tell the whole version instead */
} link;

/* The link's bit in a mask; those without one are no eager ones. */
static inline uint64_t link_bit(const link *l) { return presence_bit(l->slot); }

void link_drop(link *l, const lk_memory *heap);
static inline bool link_good(const link *l) { return l->broken == NULL; }
/* Updates may be sent on it. */
static inline bool link_open_to_us(const link *l) {
    return link_good(l) && !l->read_only && (l->wanted || l->joined);
}
/* We are in, and nothing is under way or missing on either end. A peer joins before it answers our
 * join; a server, which never joins, counts all the same. */
bool link_level(const link *l);

/* The functions below keep the gaps; they return false when memory is out. */

/* The other end said what it holds. What is in flight counts as sent as long as it builds on that.
 * *back tells that it holds less than was known. */
bool link_state(link *l, const lk_memory *heap, const have *mine, lk_ids version, bool *back);
/* Mine was raised from `before` to `end`. */
void link_mine_raised(link *l, uint64_t peer, int32_t before, int32_t end);
/* Measure both gaps again: mine changed in many places. */
void link_measure(link *l, const have *mine);
/* The other end holds [.., end) of peer. */
bool link_knows(link *l, const lk_memory *heap, const have *mine, uint64_t peer, int32_t end);

/* A batch leaves, with these operations. */
bool link_fly(link *l, const lk_memory *heap, const have *mine, uint64_t batch, size_t len,
              const lk_span *spans, size_t span_len);
/* The batch was acknowledged. *found tells whether it was in flight; a refused one raises nothing.
 */
bool link_land(link *l, const lk_memory *heap, const have *mine, uint64_t batch, bool accepted,
               bool *found);
/* Give up on all that is in flight: it was not sent. */
bool link_forget_flights(link *l, const lk_memory *heap, const have *mine);

/* It says it has a batch that is not known here (yet). */
void link_tell(link *l, uint64_t batch);
/* Has it said so, of one of the last such batches? */
bool link_was_told(const link *l, uint64_t batch);

assembly *link_assembly(link *l, frame_crdt crdt, uint64_t batch);
/* A new assembly, or NULL when memory is out. */
assembly *link_assemble(link *l, const lk_memory *heap, const frame *header, uint64_t due_ms);
void link_assembly_drop(link *l, assembly *a);
/* Bytes that all assemblies announced. */
uint64_t link_announced(const link *l);

#endif
