/* SPDX-License-Identifier: MIT
 * any_transport.c - keep documents in sync over whatever carries messages both ways. Here that is
 * two queues in memory; a WebSocket, a pipe or a DataChannel is driven in just the same way.
 *
 *     cc any_transport.c $(pkg-config --cflags --libs lorikeet) -o any_transport && ./any_transport
 *
 * prints:
 *     in sync: {"notes":"Hello from the desk. Hello from the phone."}
 *     in sync: {"notes":"Hello from the desk. Hello from the phone."} */
#include <lorikeet_room.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lk_str str(const char *s) { return (lk_str){s, strlen(s)}; }

static void must(lk_status status) {
    if (status == LK_OK) return;
    fprintf(stderr, "%s\n", lk_status_text(status));
    exit(1);
}

typedef struct device {
    lk_doc *doc;
    lk_room *room; /* says what to send, and to whom */
    lk_ref notes;
} device;

static device device_new(uint64_t peer, const char *writes) {
    device d = {.doc = lk_new(peer, NULL)};
    if (d.doc == NULL) exit(1);
    d.room = lk_room_new(d.doc, &(lk_room_options){.room_id = str("notes"), .seed = peer}, NULL);
    if (d.room == NULL) exit(1);
    must(lk_root(d.doc, LK_TEXT, str("notes"), &d.notes));
    must(lk_text_insert(d.doc, d.notes, 0, LK_UTF8, str(writes)));
    must(lk_room_edited(d.room, 0));
    must(lk_room_open(d.room, 1, 0)); /* link 1 is the one to the other device */
    return d;
}

/* Do what the room wants done until it has no more wishes; false if there were none. */
static bool device_serve(device *d, device *other, uint64_t now_ms) {
    bool busy = false;
    lk_room_tick(d->room, now_ms);
    for (const lk_room_out *out; (out = lk_room_poll(d->room)) != NULL; busy = true) {
        if (out->kind == LK_ROOM_SEND) /* a network would be in between */
            must(lk_room_feed(other->room, 1, out->bytes, now_ms));
        if (out->kind == LK_ROOM_STORE) /* write out->bytes to disk here, then say so */
            lk_room_stored(d->room, out->token);
    }
    return busy;
}

static void device_end(device *d) {
    lk_buf json = {0};
    must(lk_json(d->doc, &json));
    printf("%s: %.*s\n", lk_room_stats_read(d->room).synced ? "in sync" : "not in sync",
           (int)json.len, (const char *)json.at);
    lk_buf_free(&json);
    lk_room_free(d->room);
    lk_free(d->doc);
}

int main(void) {
    device desk = device_new(5001, "Hello from the desk. ");
    device phone = device_new(5002, "Hello from the phone.");
    for (uint64_t now_ms = 0; now_ms < 5000; now_ms += 100) /* the library reads no clock */
        while (device_serve(&desk, &phone, now_ms) | device_serve(&phone, &desk, now_ms)) {}
    device_end(&desk);
    device_end(&phone);
    return 0;
}
