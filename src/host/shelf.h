/* SPDX-License-Identifier: MIT
 * shelf.h - what a room holds, in memory while the room is open and, if it has a file, on disk:
 *
 *   %ELO   sealed records: a vault                 kept
 *   %LOR   a document                              kept
 *   %EPS   entries, each with the time it is from  kept
 *   %EPH   the same, gone after 30 s               never kept */
#ifndef HOST_SHELF_H
#define HOST_SHELF_H

#include "host/loop.h"
#include "host/parcel.h"
#include "room/frame.h"

typedef struct shelf shelf;

typedef struct shelf_options {
    loop *loop;       /* may be NULL without a path */
    frame_crdt crdt;  /* one of the four */
    const char *path; /* NULL: nothing is kept */
    void *context;
    /* All that shelf_take() was given numbers up to this one for is as safe as it gets here. Called
     * from within shelf_take() when there is no file. */
    void (*stored)(void *context, uint64_t number);
    void (*failed)(void *context, const char *why); /* it will be tried again */
} shelf_options;

/* NULL, and a sentence in `why`, if the file cannot be used. */
shelf *shelf_open(const shelf_options *options, lk_buf *why);
/* Writes what is not written yet. Not from within a callback of the loop while shelf_busy(). */
void shelf_close(shelf *s);
bool shelf_busy(const shelf *s);

/* Take an update in. *news: it held something new. LK_ECORRUPT, LK_ELIMIT: nothing changed, and
 * `stored` will not be called. Numbers grow. */
lk_status shelf_take(shelf *s, lk_bytes update, uint64_t number, int64_t unix_ms, bool *news);
/* Append the version of all there is. */
void shelf_version(shelf *s, lk_buf *out);
/* Append what someone with that version lacks: sealed, records to be put into containers; else one
 * update or none. LK_ECORRUPT: that is no version. */
lk_status shelf_missing(shelf *s, lk_bytes version, int64_t unix_ms, parcels *out);
/* May somebody with this word come in? The first one's word is everyone's; whoever had none let
 * everybody in. Sealed rooms only: elsewhere all may. */
bool shelf_admits(shelf *s, lk_bytes word);
size_t shelf_bytes(const shelf *s);

#endif
