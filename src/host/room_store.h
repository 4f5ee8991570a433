/* SPDX-License-Identifier: MIT
 * room_store.h - what a room holds, in memory while the room is open and, if it has a file, on
 * disk:
 *
 *   %ELO   sealed records (elo_records.h)           kept
 *   %LOR   a document                               kept
 *   %EPS   entries, each with the time it is from   kept
 *   %EPH   the same, gone after 30 s                never kept
 *   %EPH   of a sealed room (presence_store.h)      never kept */
#ifndef HOST_ROOM_STORE_H
#define HOST_ROOM_STORE_H

#include "host/loop.h"
#include "host/shared_bytes.h"
#include "room/frame.h"

typedef struct room_store room_store;

typedef struct room_store_options {
    loop *loop;       /* may be NULL without a path */
    frame_crdt crdt;  /* one of the four */
    bool sealed;      /* %EPH: that of a sealed room */
    const char *path; /* NULL: nothing is kept */
    void *context;
    /* All that room_store_take() was given numbers up to this one for is as safe as it gets here.
     * Called from within room_store_take() when there is no file. */
    void (*stored)(void *context, uint64_t number);
    void (*failed)(void *context, const char *why); /* it will be tried again */
} room_store_options;

/* NULL, and a sentence in `why`, if the file cannot be used. */
room_store *room_store_open(const room_store_options *options, lk_buf *why);
/* Writes what is not written yet. Not from within a callback of the loop while room_store_busy().
 */
void room_store_close(room_store *s);
bool room_store_busy(const room_store *s);

/* Take an update in. *news: it held something new. LK_ECORRUPT, LK_ELIMIT: nothing changed, and
 * `stored` will not be called. Numbers grow. */
lk_status room_store_take(room_store *s, lk_bytes update, uint64_t number, int64_t unix_ms,
                          bool *news);
/* Append the version of all there is. */
void room_store_version(room_store *s, lk_buf *out);
/* Append what someone with that version lacks: sealed, records to be put into containers; else one
 * update or none. LK_ECORRUPT: that is no version. */
lk_status room_store_missing(room_store *s, lk_bytes version, int64_t unix_ms,
                             shared_bytes_list *out);
/* May somebody with this word come in? The first one's word is everyone's; whoever had none let
 * everybody in. Sealed rooms only: elsewhere all may. */
bool room_store_admits(room_store *s, lk_bytes word);
/* Is this the word of that sealed room? Nothing is, where nobody had one. */
bool room_store_word_is(const room_store *s, lk_bytes word);
size_t room_store_bytes(const room_store *s);
/* Is this row of a sealed room's file its word, rather than a record? */
bool room_store_is_word(lk_bytes row);

#endif
