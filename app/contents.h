/* SPDX-License-Identifier: MIT
 * contents.h - what a store holds, row by row. Its name says what that is:
 *
 *   ROOM.sealed    records of a document and the room's word, without the key (host/elo_records.h)
 *   ROOM.entries   entries, each with the time it is from
 *   any other      a document, of which rows may be signed (room/signed.h) */
#ifndef APP_CONTENTS_H
#define APP_CONTENTS_H

#include "base/mem.h"

typedef struct contents contents;
typedef VEC(lk_bytes) contents_rows;

/* Of the store in the file `path`, nothing of it yet. */
contents *contents_new(const char *path);
void contents_free(contents *c);
/* The next row. False if it cannot be read: what is wrong is in `fault`, and it is left out. */
bool contents_take(contents *c, lk_bytes row, lk_fault *fault);
/* Append what is there, as the end of a line: "which hold 2 operations of 1 peer". */
void contents_tell(contents *c, lk_buf *out);
/* Append the rows of a store that holds all that could be read, views into `c`. What is sealed or
 * signed is as it was: nobody here could make another one of it. */
void contents_again(contents *c, contents_rows *out);

#endif
