/* SPDX-License-Identifier: MIT
 * people.h - who is here, by name, of what a room shows (docs/PROTOCOL.md section 2.3). Names are
 * text of others: what is told of them fits into a line of a terminal. */
#ifndef HOST_PEOPLE_H
#define HOST_PEOPLE_H

#include "base/mem.h"

/* Names longer than this are cut, in code points; more people than that are not told of. */
#define PEOPLE_NAME 40
#define PEOPLE_MAX 64
/* Colours that the page has (web/workspace/src/people.ts). */
#define PEOPLE_COLOURS 8

/* The name that somebody says to have, with nothing in it that is not seen or moves a cursor.
 * False, and nothing is appended: it is none. */
bool people_name(lk_str said, lk_buf *out);
/* The value to show for a name, which must stay; `colour` is taken modulo PEOPLE_COLOURS. A view
 * of `parts`. */
lk_value people_value(lk_str name, uint64_t colour, lk_entry parts[2]);

typedef struct people {
    lk_buf names; /* of those who are here, with a line feed before, between and behind */
} people;

void people_init(people *p);
void people_drop(people *p);
/* See who came and who left: `json` is what lk_room_presence_json() gives, `own` the key that is
 * ours. How many lines were said; two who have the same name are one. */
size_t people_look(people *p, lk_bytes json, lk_str own, void (*say)(void *context, const char *),
                   void *context);

#endif
