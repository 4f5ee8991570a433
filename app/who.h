/* SPDX-License-Identifier: MIT
 * who.h - who is here: a document's room is shown our name, and people are told of those who come
 * and go. */
#ifndef APP_WHO_H
#define APP_WHO_H

#include "host/loop.h"
#include "lorikeet_room.h"

typedef struct who who;

/* `room` stays yours; `name`, which people_name() made, must stay. An empty one is not shown. */
who *who_new(loop *l, lk_room *room, lk_str name, void (*say)(void *context, const char *text),
             void *context);
void who_free(who *w);
/* What the room shows is different. */
void who_changed(who *w);
/* We go: show nothing any more. */
void who_leave(who *w);

#endif
