/* SPDX-License-Identifier: MIT
 * who.c - names come and go with pages that are loaded anew and links that break for a moment, so
 * it is looked a while after a change, and later if there was much to say. */
#include "who.h"

#include <stdio.h>

#include "host/heap.h"
#include "host/people.h"
#include "host/random.h"

#define WHO_LOOK_MS 2000
/* In the long run at most a line in so much. */
#define WHO_LINE_MS 1000

struct who {
    lk_room *room;
    void (*say)(void *context, const char *text);
    void *context;
    people people;
    loop_handle *look;
    bool looks, named;
    uint64_t free_ms; /* from then on there may be more to say */
    char key[17];     /* what our entry goes by */
};

static lk_str who_key(const who *w) { return (lk_str){w->key, sizeof w->key - 1}; }

static void who_look(void *context) {
    who *w = context;
    lk_buf json = HEAP_BUF;
    w->looks = false;
    LK_ASSERT(lk_room_presence_json(w->room, &json) == LK_OK);
    lk_bytes shown = {json.at, json.len};
    size_t lines = people_look(&w->people, shown, who_key(w), w->say, w->context);
    w->free_ms = loop_now_ms() + lines * WHO_LINE_MS;
    lk_buf_free(&json);
}

void who_changed(who *w) {
    if (w->looks) return;
    uint64_t now_ms = loop_now_ms(), at_ms = now_ms + WHO_LOOK_MS;
    if (at_ms < w->free_ms) at_ms = w->free_ms;
    w->looks = true;
    loop_timer_start(w->look, at_ms - now_ms);
}

who *who_new(loop *l, lk_room *room, lk_str name, void (*say)(void *context, const char *text),
             void *context) {
    who *w = heap_new(who);
    uint64_t id = random_u64();
    w->room = room, w->say = say, w->context = context, w->named = name.len > 0;
    snprintf(w->key, sizeof w->key, "%016llx", (unsigned long long)id);
    people_init(&w->people);
    w->look = loop_timer(l, who_look, w);
    if (w->named) {
        lk_entry parts[2];
        lk_value value = people_value(name, id, parts);
        LK_ASSERT(lk_room_presence_set(room, who_key(w), &value, loop_now_ms()) == LK_OK);
    }
    return w;
}

void who_leave(who *w) {
    const lk_value nothing = {.type = LK_NULL};
    if (w->named)
        LK_ASSERT(lk_room_presence_set(w->room, who_key(w), &nothing, loop_now_ms()) == LK_OK);
    w->named = false;
}

void who_free(who *w) {
    people_drop(&w->people);
    loop_close(w->look);
    heap_free(who, w);
}
