/* SPDX-License-Identifier: MIT
 * room_test.c - one scenario per promise: what goes over a link and what does not, who answers
 * when, and what a bad peer can do (nothing to the others). */
#include "room_world.h"

#include "base/limits.h"

/* ---- a peer without a room: the test speaks for it ---- */

typedef struct bare {
    lk_doc *doc;
    lk_room *room;
    uint64_t now_ms;
    uint32_t errors, stores, changed, left_out;
    uint64_t tokens[64]; /* of the STOREs */
    frame sent[64];      /* messages the room sent, oldest first */
    lk_buf bytes[64];
    size_t sent_len;
} bare;

#define LINK 7

static void bare_poll(bare *b) {
    for (const lk_room_out *out; (out = lk_room_poll(b->room)) != NULL;) {
        if (out->kind == LK_ROOM_ERROR) b->errors++;
        if (out->kind == LK_ROOM_CHANGED) b->changed++;
        if (out->kind == LK_ROOM_LEFT_OUT) b->left_out++;
        if (out->kind == LK_ROOM_STORE) {
            CHECK(b->stores < countof(b->tokens));
            b->tokens[b->stores++] = out->token;
        }
        if (out->kind != LK_ROOM_SEND) continue;
        CHECK(b->sent_len < countof(b->sent));
        lk_buf *bytes = &b->bytes[b->sent_len];
        CHECK(buf_append(bytes, out->bytes.at, out->bytes.len));
        CHECK_EQ(frame_decode((lk_bytes){bytes->at, bytes->len}, &b->sent[b->sent_len], NULL),
                 LK_OK);
        b->sent_len++;
    }
}

static void bare_forget(bare *b) {
    for (size_t i = 0; i < b->sent_len; i++) lk_buf_free(&b->bytes[i]);
    b->sent_len = 0;
}

static lk_status bare_feed(bare *b, const frame *f) {
    lk_buf bytes = {0};
    CHECK(frame_encode(f, &bytes));
    lk_status status = lk_room_feed(b->room, LINK, (lk_bytes){bytes.at, bytes.len}, b->now_ms);
    lk_buf_free(&bytes);
    bare_poll(b);
    return status;
}

static void bare_tick(bare *b, uint64_t ms) {
    b->now_ms += ms;
    lk_room_tick(b->room, b->now_ms);
    bare_poll(b);
}

/* The only message of that kind since bare_forget(), or NULL. */
static const frame *bare_sent(const bare *b, frame_crdt crdt, frame_kind kind) {
    const frame *found = NULL;
    for (size_t i = 0; i < b->sent_len; i++) {
        if (b->sent[i].kind != kind || b->sent[i].crdt != crdt) continue;
        CHECK(found == NULL);
        found = &b->sent[i];
    }
    return found;
}

static frame to_room(frame_kind kind) {
    return (frame){.crdt = FRAME_LORO, .room = STR("room"), .kind = kind};
}

static void bare_join(bare *b) {
    frame join = to_room(FRAME_JOIN_REQUEST), ok = to_room(FRAME_JOIN_OK);
    ok.may_write = true;
    CHECK_EQ(bare_feed(b, &join), LK_OK);
    CHECK_EQ(bare_feed(b, &ok), LK_OK);
}

static bare *bare_new(const lk_memory *memory) {
    bare *b = calloc(1, sizeof *b);
    b->doc = lk_new(1, NULL);
    b->now_ms = 1000;
    b->room = lk_room_new(b->doc, &(lk_room_options){.room_id = STR("room"), .seed = 5}, memory);
    CHECK_EQ(lk_room_open(b->room, LINK, b->now_ms), LK_OK);
    CHECK_EQ(lk_room_open(b->room, LINK, b->now_ms), LK_ESTATE);
    bare_poll(b);
    return b;
}

static void bare_free(bare *b) {
    bare_forget(b);
    lk_room_free(b->room);
    lk_free(b->doc);
    free(b);
}

/* A document of someone else, and the update it makes by typing. */
static lk_buf typed(lk_doc *doc, const char *s) {
    lk_ref text;
    lk_buf out = {0};
    CHECK_EQ(lk_root(doc, LK_TEXT, STR("text"), &text), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, (lk_str){s, strlen(s)}), LK_OK);
    CHECK_EQ(lk_export_local(doc, &out), LK_OK);
    return out;
}

static lk_status bare_feed_update(bare *b, lk_buf update, uint64_t batch) {
    frame f = to_room(FRAME_UPDATE);
    lk_bytes one = {update.at, update.len};
    f.batch = batch;
    f.count = 1;
    f.updates = &one;
    return bare_feed(b, &f);
}

static void bare_edit(bare *b, const char *s) {
    lk_ref text;
    CHECK_EQ(lk_root(b->doc, LK_TEXT, STR("text"), &text), LK_OK);
    CHECK_EQ(lk_text_insert(b->doc, text, 0, LK_UTF8, (lk_str){s, strlen(s)}), LK_OK);
    CHECK_EQ(lk_room_edited(b->room, b->now_ms), LK_OK);
    bare_poll(b);
}

static uint8_t acked(const bare *b, uint64_t batch) {
    const frame *ack = bare_sent(b, FRAME_LORO, FRAME_ACK);
    CHECK(ack != NULL);
    CHECK_EQ(ack->batch, batch);
    return ack->code;
}

/* ---- what goes over a link ---- */

static void fill(world *w, uint32_t i, size_t len) {
    char *text = malloc(len + 1);
    for (size_t k = 0; k < len; k++) text[k] = (char)('a' + rng_below(&w->random, 26));
    text[len] = 0;
    world_type(w, i, text);
    free(text);
}

/* A newcomer gets 2 MB in fragments; coming back with nothing new costs next to nothing. */
static void newcomer(void) {
    world *w = world_new(2, 1);
    w->message_max = 0;
    fill(w, 0, 2000000);
    world_connect(w, 0, 1, 10);
    world_settle(w, 60000);
    world_check_same(w);
    CHECK(w->counts.of_kind[FRAME_FRAGMENT_HEADER] == 1);
    CHECK(w->counts.of_kind[FRAME_FRAGMENT] >= 7 && w->counts.of_kind[FRAME_UPDATE] == 0);
    CHECK(w->counts.largest <= LK_MESSAGE_MAX);
    world_cut(w, 0, 1);
    w->counts = (world_counts){0};
    world_connect(w, 0, 1, 10);
    world_settle(w, 60000);
    CHECK(w->counts.bytes < 300);
    CHECK_EQ(w->counts.of_kind[FRAME_UPDATE] + w->counts.of_kind[FRAME_FRAGMENT_HEADER], 0);
    world_cut(w, 0, 1);
    world_type(w, 0, "x"); /* apart, and together again: exactly that crosses */
    w->counts = (world_counts){0};
    world_connect(w, 0, 1, 10);
    world_settle(w, 60000);
    CHECK(w->counts.bytes < 600);
    CHECK_EQ(w->counts.of_kind[FRAME_UPDATE], 1);
    world_check_same(w);
    world_free(w);
}

static void keystroke_size(void) {
    for (size_t size = 1000; size <= 10000000; size *= 100) {
        world *w = world_new(2, 2);
        fill(w, 0, size);
        world_connect(w, 0, 1, 1);
        world_settle(w, 60000);
        for (int i = 0; i < 20; i++) {
            w->counts = (world_counts){0};
            world_type(w, i % 2 == 0, "x");
            world_settle(w, 1000);
            CHECK_EQ(w->counts.of_kind[FRAME_UPDATE], 1);
            CHECK_EQ(w->counts.of_kind[FRAME_ACK], 1);
            CHECK_EQ(w->counts.messages, 2);
            CHECK(w->counts.largest < 200);
        }
        world_check_same(w);
        world_free(w);
    }
}

/* Four in a mesh, all typing: each edit goes to each peer once. */
static void mesh(void) {
    world *w = world_new(4, 3);
    world_mesh(w, 20);
    world_settle(w, 10000);
    w->counts = (world_counts){0};
    for (uint32_t i = 0; i < 100; i++) {
        world_type(w, i % 4, "k");
        world_run(w, 70);
    }
    world_settle(w, 10000);
    CHECK_EQ(w->counts.of_kind[FRAME_UPDATE], 300);
    CHECK_EQ(w->counts.of_kind[FRAME_JOIN_REQUEST], 0);
    world_check_same(w);
    w->counts = (world_counts){0};
    uint64_t idle_ms = 60000;
    world_run(w, idle_ms);
    CHECK_EQ(w->counts.messages, 0);
    world_free(w);
}

/* A newcomer with much to tell tells each once; they do not tell it to each other. */
static void mesh_newcomer(void) {
    world *w = world_new(3, 4);
    fill(w, 2, 500000);
    world_mesh(w, 20);
    world_settle(w, 10000);
    world_run(w, 10000);
    CHECK_EQ(w->counts.of_kind[FRAME_FRAGMENT_HEADER], 2);
    world_check_same(w);
    world_free(w);
}

static void passed_on(void) {
    world *w = world_new(4, 5);
    for (uint32_t i = 0; i < 3; i++) world_connect(w, i, i + 1, 5);
    world_settle(w, 10000);
    world_type(w, 0, "along the line");
    world_settle(w, 3 * 600);
    world_check_same(w);
    for (uint32_t i = 0; i < w->len; i++) CHECK_EQ(w->nodes[i].errors, 0);
    world_free(w);
}

/* More arrivals than are remembered, on a line of three: all get through nevertheless. */
static void many_arrivals(void) {
    world *w = world_new(3, 12);
    world_connect(w, 0, 1, 1);
    world_connect(w, 1, 2, 1);
    world_settle(w, 1000);
    for (int i = 0; i < LIMIT_ARRIVALS + 50; i++) {
        world_type(w, 0, "k");
        lk_room_tick(w->nodes[0].room, w->now_ms);
    }
    world_run(w, 2); /* all at once: nothing is due yet, but there is no room for more */
    uint64_t passed_on_bytes = lk_room_stats_read(w->nodes[1].room).unacked_bytes;
    CHECK(passed_on_bytes > 0);
    world_settle(w, 2000);
    world_check_same(w);
    world_free(w);
}

/* What waited for its past came by a link that is gone. Who brings the past need not have it. */
static void unlocked_is_passed_on(void) {
    bare *b = bare_new(NULL);
    lk_doc *other = lk_new(9, NULL);
    bare_join(b);
    lk_buf first = typed(other, "past"), then = typed(other, "what waits");
    frame f = to_room(FRAME_UPDATE);
    f.batch = 1, f.count = 1, f.updates = &(lk_bytes){then.at, then.len};
    lk_buf bytes = {0};
    CHECK(frame_encode(&f, &bytes));
    CHECK_EQ(lk_room_open(b->room, LINK + 1, b->now_ms), LK_OK);
    CHECK_EQ(lk_room_feed(b->room, LINK + 1, (lk_bytes){bytes.at, bytes.len}, b->now_ms), LK_OK);
    lk_room_close(b->room, LINK + 1);
    CHECK_EQ(bare_feed_update(b, first, 2), LK_OK);
    bare_forget(b);
    bare_tick(b, 500);
    const frame *passed = bare_sent(b, FRAME_LORO, FRAME_UPDATE);
    CHECK(passed != NULL);
    lk_bytes list = passed->list, update;
    CHECK(frame_next_update(&list, &update));
    lk_doc *sender = lk_new(10, NULL);
    CHECK_EQ(lk_import(sender, (lk_bytes){first.at, first.len}, NULL, NULL), LK_OK);
    CHECK_EQ(lk_import(sender, update, NULL, NULL), LK_OK);
    CHECK_EQ(lk_op_count(sender), lk_op_count(b->doc));
    lk_buf_free(&bytes);
    lk_buf_free(&first);
    lk_buf_free(&then);
    lk_free(sender);
    lk_free(other);
    bare_free(b);
}

/* Bytes that someone imported past the room are stored and sent like an edit. */
static void imported_past_the_room(void) {
    world *w = world_new(2, 6);
    world_connect(w, 0, 1, 5);
    world_settle(w, 10000);
    lk_doc *other = lk_new(99, NULL);
    lk_buf update = typed(other, "from a file");
    CHECK_EQ(lk_import(w->nodes[0].doc, (lk_bytes){update.at, update.len}, NULL, NULL), LK_OK);
    CHECK_EQ(lk_room_edited(w->nodes[0].room, w->now_ms), LK_OK);
    world_settle(w, 1000);
    world_check_same(w);
    CHECK_EQ(w->nodes[0].disk.len, 1);
    CHECK_EQ(w->nodes[1].disk.len, 1);
    lk_buf_free(&update);
    lk_free(other);
    world_free(w);
}

/* ---- answers ---- */

static void ack_after_store(void) {
    bare *b = bare_new(NULL);
    bare_join(b);
    bare_forget(b);
    lk_doc *other = lk_new(2, NULL);
    lk_buf first = typed(other, "one"), second = typed(other, "two");
    CHECK_EQ(bare_feed_update(b, first, 11), LK_OK);
    CHECK_EQ(bare_feed_update(b, first, 12), LK_OK); /* brings nothing new, not durable either */
    CHECK_EQ(bare_feed_update(b, second, 13), LK_OK);
    CHECK_EQ(b->stores, 2);
    CHECK_EQ(b->sent_len, 0);
    CHECK_EQ(lk_room_stats_read(b->room).unstored, 2);
    lk_room_stored(b->room, b->tokens[1]);
    bare_poll(b);
    CHECK_EQ(b->sent_len,
             0); /* the first bytes could still be lost, and the second build on them */
    lk_room_stored(b->room, b->tokens[0]);
    bare_poll(b);
    CHECK_EQ(b->sent_len, 3);
    for (size_t i = 0; i < 3; i++) {
        CHECK_EQ(b->sent[i].kind, FRAME_ACK);
        CHECK_EQ(b->sent[i].batch, 11 + i);
        CHECK_EQ(b->sent[i].code, ACK_OK);
    }
    CHECK_EQ(lk_room_stats_read(b->room).unstored, 0);
    lk_buf_free(&first);
    lk_buf_free(&second);
    lk_free(other);
    bare_free(b);
}

static void gap_is_filled(void) {
    bare *b = bare_new(NULL);
    bare_join(b);
    lk_doc *other = lk_new(2, NULL);
    lk_buf first = typed(other, "one"), second = typed(other, "two");
    bare_forget(b);
    CHECK_EQ(bare_feed_update(b, second, 21), LK_OK);
    CHECK_EQ(b->changed, 0);
    lk_room_stored(b->room, b->tokens[0]);
    bare_poll(b);
    CHECK_EQ(acked(b, 21), ACK_OK);
    bare_forget(b);
    bare_tick(b, 100);
    CHECK_EQ(b->sent_len, 0);
    bare_tick(b, 1000);
    CHECK(bare_sent(b, FRAME_LORO, FRAME_JOIN_REQUEST) != NULL);
    bare_forget(b);
    CHECK_EQ(bare_feed_update(b, first, 22), LK_OK);
    CHECK_EQ(b->changed, 1);
    bare_tick(b, 10000);
    CHECK(bare_sent(b, FRAME_LORO, FRAME_JOIN_REQUEST) == NULL);
    CHECK_EQ(lk_op_count(b->doc), 6);
    lk_buf_free(&first);
    lk_buf_free(&second);
    lk_free(other);
    bare_free(b);
}

static void overdue_is_resent(void) {
    bare *b = bare_new(NULL);
    bare_join(b);
    bare_forget(b);
    bare_edit(b, "a");
    bare_edit(b, "b");
    CHECK_EQ(b->sent_len, 2);
    bare_forget(b);
    uint64_t waits[3];
    for (size_t i = 0; i < countof(waits); i++) {
        waits[i] = lk_room_wake_at(b->room) - b->now_ms;
        CHECK(waits[i] >= 10000 && (i == 0 || waits[i] > waits[i - 1] * 3 / 2));
        bare_tick(b, waits[i] - 1);
        CHECK_EQ(b->sent_len, 0);
        bare_tick(b, 1);
        CHECK(bare_sent(b, FRAME_LORO, FRAME_UPDATE) != NULL); /* both edits in one */
        if (i + 1 < countof(waits)) bare_forget(b);
    }
    frame ack = to_room(FRAME_ACK);
    ack.batch = b->sent[0].batch;
    CHECK(lk_room_stats_read(b->room).unacked_bytes > 0);
    CHECK_EQ(bare_feed(b, &ack), LK_OK);
    CHECK_EQ(lk_room_stats_read(b->room).unacked_bytes, 0);
    CHECK_EQ(lk_room_wake_at(b->room), UINT64_MAX);
    bare_free(b);
}

/* The other end lost what it had acknowledged, with more in flight that builds on it: all goes
 * again, and not only what follows. */
static void loss_before_a_flight(void) {
    bare *b = bare_new(NULL);
    bare_join(b);
    bare_forget(b);
    bare_edit(b, "a");
    frame ack = to_room(FRAME_ACK), join = to_room(FRAME_JOIN_REQUEST);
    ack.batch = b->sent[0].batch;
    CHECK_EQ(bare_feed(b, &ack), LK_OK);
    bare_edit(b, "b");
    bare_forget(b);
    CHECK_EQ(bare_feed(b, &join), LK_OK);
    bare_tick(b, 1000);
    const frame *update = bare_sent(b, FRAME_LORO, FRAME_UPDATE);
    CHECK(update != NULL);
    lk_doc *other = lk_new(3, NULL);
    lk_bytes rest = update->list, all;
    CHECK(frame_next_update(&rest, &all));
    CHECK_EQ(lk_import(other, all, NULL, NULL), LK_OK);
    CHECK_EQ(lk_op_count(other), 2);
    lk_free(other);

    bare_forget(b); /* with nothing lost, what is in flight is not sent twice */
    bare_edit(b, "c");
    bare_edit(b, "d");
    bare_forget(b);
    lk_buf version = {0};
    CHECK_EQ(lk_vv_encode((lk_ids){&(lk_id){1, 2}, 1}, &version), LK_OK);
    join.version = (lk_bytes){version.at, version.len};
    CHECK_EQ(bare_feed(b, &join), LK_OK);
    bare_tick(b, 5000);
    CHECK(bare_sent(b, FRAME_LORO, FRAME_UPDATE) == NULL);
    lk_buf_free(&version);
    bare_free(b);
}

/* What was to be sent on a link is not sent on the next that bears its name. */
static void closed_is_forgotten(void) {
    bare *b = bare_new(NULL);
    bare_join(b);
    lk_ref text;
    CHECK_EQ(lk_root(b->doc, LK_TEXT, STR("text"), &text), LK_OK);
    CHECK_EQ(lk_text_insert(b->doc, text, 0, LK_UTF8, STR("x")), LK_OK);
    CHECK_EQ(lk_room_edited(b->room, b->now_ms), LK_OK);
    lk_room_close(b->room, LINK);
    lk_room_close(b->room, LINK); /* closing what is closed is nothing */
    CHECK_EQ(lk_room_open(b->room, LINK, b->now_ms), LK_OK);
    bare_forget(b);
    bare_poll(b);
    CHECK_EQ(b->stores, 1); /* but it is stored */
    CHECK_EQ(b->sent_len, 2);
    for (size_t i = 0; i < 2; i++) CHECK_EQ(b->sent[i].kind, FRAME_JOIN_REQUEST);
    bare_free(b);
}

static void refusals(void) {
    bare *b = bare_new(NULL);
    bare_join(b);
    bare_forget(b);
    bare_edit(b, "a");
    frame ack = to_room(FRAME_ACK);
    ack.code = ACK_FRAGMENT_TIMEOUT;
    for (uint32_t i = 0; i < 8; i++) { /* asked to send again, each time later */
        const frame *update = bare_sent(b, FRAME_LORO, FRAME_UPDATE);
        CHECK(update != NULL);
        ack.batch = update->batch;
        bare_forget(b);
        CHECK_EQ(bare_feed(b, &ack), LK_OK);
        uint64_t wait = lk_room_wake_at(b->room) - b->now_ms;
        CHECK(i == 0 ? wait == 0 : wait == 1000u << (i + 1));
        bare_tick(b, wait);
    }
    CHECK_EQ(b->errors, 0);
    ack.batch = bare_sent(b, FRAME_LORO, FRAME_UPDATE)->batch;
    CHECK_EQ(bare_feed(b, &ack), LK_OK); /* but not for ever */
    CHECK_EQ(b->errors, 1);
    bare_free(b);

    b = bare_new(NULL);
    bare_join(b);
    bare_forget(b);
    bare_edit(b, "a");
    ack.batch = b->sent[0].batch + 1; /* nobody sent that: no news, no error */
    ack.code = ACK_INVALID_UPDATE;
    CHECK_EQ(bare_feed(b, &ack), LK_OK);
    CHECK_EQ(b->errors, 0);
    ack.batch = b->sent[0].batch;
    CHECK_EQ(bare_feed(b, &ack), LK_OK);
    CHECK_EQ(b->errors, 1);
    bare_free(b);
}

static void other_rooms(void) {
    bare *b = bare_new(NULL);
    bare_forget(b);
    frame join = {.crdt = FRAME_LORO, .room = STR("elsewhere"), .kind = FRAME_JOIN_REQUEST};
    CHECK_EQ(bare_feed(b, &join), LK_OK);
    CHECK_EQ(b->sent_len, 1);
    CHECK_EQ(b->sent[0].kind, FRAME_JOIN_ERROR);
    CHECK_EQ(b->sent[0].code, JOIN_APP_ERROR);
    CHECK_EQ(b->sent[0].room.len, join.room.len);
    join.crdt = FRAME_YJS;
    join.room = STR("room");
    bare_forget(b);
    CHECK_EQ(bare_feed(b, &join), LK_OK);
    CHECK_EQ(b->sent[0].kind, FRAME_JOIN_ERROR);
    CHECK_EQ(b->sent[0].crdt, FRAME_YJS);
    frame leave = {.crdt = FRAME_FLOCK, .room = STR("room"), .kind = FRAME_LEAVE};
    bare_forget(b);
    CHECK_EQ(bare_feed(b, &leave), LK_OK);
    CHECK_EQ(b->sent_len, 0);
    CHECK_EQ(b->errors, 0);
    bare_join(b); /* and ours works as ever */
    CHECK_EQ(lk_room_stats_read(b->room).joined, 1);
    bare_free(b);
}

static void permissions(void) {
    bare *b = bare_new(NULL);
    frame join = to_room(FRAME_JOIN_REQUEST), ok = to_room(FRAME_JOIN_OK);
    CHECK_EQ(bare_feed(b, &join), LK_OK);
    CHECK_EQ(bare_feed(b, &ok), LK_OK); /* we may read */
    bare_forget(b);
    bare_edit(b, "kept to ourselves");
    CHECK_EQ(b->sent_len, 0);
    CHECK(!lk_room_stats_read(b->room).synced);
    bare_free(b);

    b = bare_new(NULL);
    bare_join(b);
    frame leave = to_room(FRAME_LEAVE), out = to_room(FRAME_ROOM_ERROR);
    out.code = ROOM_REJOIN_SUGGESTED;
    bare_forget(b);
    CHECK_EQ(bare_feed(b, &out), LK_OK);
    CHECK(bare_sent(b, FRAME_LORO, FRAME_JOIN_REQUEST) != NULL);
    CHECK_EQ(bare_feed(b, &out), LK_OK); /* asked already: not twice */
    CHECK(bare_sent(b, FRAME_LORO, FRAME_JOIN_REQUEST) != NULL);
    CHECK_EQ(bare_feed(b, &leave), LK_OK);
    CHECK_EQ(lk_room_stats_read(b->room).joined, 0);
    CHECK_EQ(b->errors, 0);
    out.code = ROOM_EVICTED;
    CHECK_EQ(bare_feed(b, &out), LK_OK);
    CHECK_EQ(b->errors, 1);
    bare_free(b);

    b = bare_new(NULL);
    frame refused = to_room(FRAME_JOIN_ERROR);
    CHECK_EQ(bare_feed(b, &refused), LK_OK);
    CHECK_EQ(b->errors, 1);
    bare_free(b);
}

/* A server of the published kind lets us in and never joins us. */
static void plain_server(void) {
    bare *b = bare_new(NULL);
    const lk_value here = {.type = LK_BOOL, .as.boolean = true};
    CHECK_EQ(lk_room_presence_set(b->room, STR("k"), &here, b->now_ms), LK_OK);
    bare_edit(b, "written before");
    lk_room_stored(b->room, b->tokens[0]);
    bare_forget(b);
    frame ok = to_room(FRAME_JOIN_OK), ack = to_room(FRAME_ACK);
    ok.may_write = true;
    CHECK_EQ(bare_feed(b, &ok), LK_OK);
    const frame *update = bare_sent(b, FRAME_LORO, FRAME_UPDATE);
    CHECK(update != NULL);
    ack.batch = update->batch;
    ok.crdt = FRAME_EPHEMERAL;
    CHECK_EQ(bare_feed(b, &ok), LK_OK);
    CHECK(bare_sent(b, FRAME_EPHEMERAL, FRAME_UPDATE) != NULL);
    CHECK(!lk_room_stats_read(b->room).synced);
    CHECK_EQ(bare_feed(b, &ack), LK_OK);
    CHECK(lk_room_stats_read(b->room).synced);
    bare_free(b);
}

static void no_answer(void) {
    bare *b = bare_new(NULL);
    frame join = to_room(FRAME_JOIN_REQUEST); /* it says something, though not that */
    bare_tick(b, 29999);
    CHECK_EQ(bare_feed(b, &join), LK_OK);
    bare_tick(b, 29999);
    CHECK_EQ(b->errors, 0);
    bare_tick(b, 1);
    CHECK_EQ(b->errors, 1);
    CHECK_EQ(lk_room_wake_at(b->room), UINT64_MAX); /* nothing is left to wait for */
    bare_free(b);
}

/* ---- bad peers ---- */

static uint64_t heap_now, heap_most;

static void *heap_resize(void *context, void *at, size_t old_len, size_t new_len) {
    (void)context;
    heap_now += new_len;
    heap_now -= at == NULL ? 0 : old_len;
    if (heap_most < heap_now) heap_most = heap_now;
    return mem_default.resize(NULL, at, old_len, new_len);
}

static const lk_memory heap_counted = {.resize = heap_resize};

static frame header_of(uint64_t batch, uint32_t count, uint32_t total) {
    frame f = to_room(FRAME_FRAGMENT_HEADER);
    f.batch = batch;
    f.count = count;
    f.total = total;
    return f;
}

static frame fragment_of(uint64_t batch, uint32_t index, lk_bytes payload) {
    frame f = to_room(FRAME_FRAGMENT);
    f.batch = batch;
    f.index = index;
    f.payload = payload;
    return f;
}

static void announced_memory(void) {
    bare *b = bare_new(&heap_counted);
    bare_join(b);
    heap_most = heap_now;
    uint64_t before = heap_now;
    for (uint64_t i = 0; i < LIMIT_FRAGMENT_BATCHES; i++) {
        frame f = header_of(i, 1000, LIMIT_BATCH_BYTES / LIMIT_FRAGMENT_BATCHES);
        CHECK_EQ(bare_feed(b, &f), LK_OK);
    }
    CHECK(heap_most - before < 10000); /* announcing costs the announcer */
    frame more = header_of(100, 1, 1);
    CHECK_EQ(bare_feed(b, &more), LK_ELIMIT);
    CHECK_EQ(b->errors, 1);
    CHECK_EQ(bare_feed(b, &more), LK_ESTATE); /* nothing more is read from it */
    bare_free(b);
    CHECK_EQ(heap_now, 0);

    b = bare_new(NULL);
    frame most = header_of(1, 1, LIMIT_BATCH_BYTES);
    CHECK_EQ(bare_feed(b, &most), LK_OK);
    CHECK_EQ(bare_feed(b, &most), LK_OK); /* again: it starts over */
    frame too_much = header_of(2, 1, 1);
    CHECK_EQ(bare_feed(b, &too_much), LK_ELIMIT);
    bare_free(b);
}

static void fragments(void) {
    lk_doc *other = lk_new(2, NULL);
    lk_buf update = typed(other, "in three pieces");
    uint32_t total = (uint32_t)update.len;
    const lk_bytes parts[3] = {{update.at, 10}, {update.at + 10, 10}, {update.at + 20, total - 20}};
    bare *b = bare_new(NULL);
    bare_join(b);
    bare_forget(b);
    frame f = header_of(5, 3, total);
    CHECK_EQ(bare_feed(b, &f), LK_OK);
    for (uint32_t i = 0; i < 3; i++) {
        f = fragment_of(5, i, parts[i]);
        CHECK_EQ(bare_feed(b, &f), LK_OK);
        if (i < 2) CHECK_EQ(bare_feed(b, &f), LK_OK); /* twice does no harm */
    }
    CHECK_EQ(b->changed, 1);
    lk_room_stored(b->room, b->tokens[0]);
    bare_poll(b);
    CHECK_EQ(acked(b, 5), ACK_OK);
    CHECK_EQ(bare_feed(b, &f), LK_OK); /* of a batch long complete */

    bare_forget(b);
    f = header_of(6, 3, total);
    CHECK_EQ(bare_feed(b, &f), LK_OK);
    f = fragment_of(6, 1, parts[1]); /* the first is missing: the transport keeps order */
    CHECK_EQ(bare_feed(b, &f), LK_OK);
    CHECK_EQ(acked(b, 6), ACK_FRAGMENT_TIMEOUT);

    bare_forget(b);
    f = header_of(7, 3, total);
    CHECK_EQ(bare_feed(b, &f), LK_OK);
    bare_tick(b, 9000);
    f = fragment_of(7, 0, parts[0]);
    CHECK_EQ(bare_feed(b, &f), LK_OK);
    bare_tick(b, 9999);
    CHECK_EQ(b->sent_len, 0);
    bare_tick(b, 1);
    CHECK_EQ(acked(b, 7), ACK_FRAGMENT_TIMEOUT);
    CHECK_EQ(b->errors, 0);
    bare_free(b);

    const frame bad[] = {
        header_of(1, 0, 5),
        header_of(1, 6, 5),
        fragment_of(9, 0, (lk_bytes){0}),
        fragment_of(9, 0, (lk_bytes){update.at, total + 0}),
        fragment_of(9, 0, (lk_bytes){update.at, 3}),
    };
    for (size_t i = 0; i < countof(bad); i++) {
        b = bare_new(NULL);
        f = header_of(9, i == 4 ? 1 : 2, 5);
        CHECK_EQ(bare_feed(b, &f), LK_OK);
        CHECK_EQ(bare_feed(b, &bad[i]), LK_ECORRUPT);
        CHECK_EQ(b->errors, 1);
        bare_free(b);
    }
    lk_buf_free(&update);
    lk_free(other);
}

static void bad_updates(void) {
    bare *b = bare_new(NULL);
    bare_join(b);
    bare_edit(b, "mine");
    lk_buf before = {0}, after = {0};
    CHECK_EQ(lk_json(b->doc, &before), LK_OK);
    lk_doc *other = lk_new(2, NULL);
    lk_buf update = typed(other, "good until damaged");
    update.at[update.len / 2] ^= 0x10;
    bare_forget(b);
    CHECK_EQ(bare_feed_update(b, update, 31), LK_ECORRUPT);
    CHECK_EQ(acked(b, 31), ACK_INVALID_UPDATE);
    CHECK_EQ(b->errors, 1);
    CHECK_EQ(lk_json(b->doc, &after), LK_OK);
    CHECK_BYTES(after.at, after.len, before.at, before.len);
    lk_room_close(b->room, LINK); /* with the next opening all is well */
    CHECK_EQ(lk_room_open(b->room, LINK, b->now_ms), LK_OK);
    bare_join(b);
    update.at[update.len / 2] ^= 0x10;
    CHECK_EQ(bare_feed_update(b, update, 32), LK_OK);
    CHECK_EQ(b->changed, 1);
    lk_buf_free(&before);
    lk_buf_free(&after);
    lk_buf_free(&update);
    lk_free(other);
    bare_free(b);
}

static void bad_joins(void) {
    bare *b = bare_new(NULL);
    frame join = to_room(FRAME_JOIN_REQUEST);
    join.version = (lk_bytes){(const uint8_t *)"\x05\x01", 2};
    bare_forget(b);
    CHECK_EQ(bare_feed(b, &join), LK_ECORRUPT);
    CHECK_EQ(b->sent[0].kind, FRAME_JOIN_ERROR);
    CHECK_EQ(b->sent[0].code, JOIN_VERSION_UNKNOWN);
    CHECK(b->sent[0].version.len > 0);
    CHECK_EQ(b->errors, 1);
    bare_free(b);

    b = bare_new(NULL);
    join.version.len = 0;
    for (int i = 0; i < LIMIT_JOINS; i++) {
        bare_forget(b);
        CHECK_EQ(bare_feed(b, &join), LK_OK);
    }
    CHECK_EQ(bare_feed(b, &join), LK_ELIMIT);
    bare_free(b);
}

/* Who says again and again that it holds nothing does not get everything again and again. */
static void rewinds(void) {
    bare *b = bare_new(NULL);
    bare_join(b);
    bare_edit(b, "the whole document");
    frame join = to_room(FRAME_JOIN_REQUEST), ack = to_room(FRAME_ACK);
    uint32_t updates = 0;
    for (int second = 0; second < 60; second++) {
        for (size_t i = 0; i < b->sent_len; i++) {
            if (b->sent[i].kind != FRAME_UPDATE) continue;
            updates++;
            ack.batch = b->sent[i].batch;
            CHECK_EQ(bare_feed(b, &ack), LK_OK);
        }
        bare_forget(b);
        CHECK_EQ(bare_feed(b, &join), LK_OK);
        bare_tick(b, 1000);
    }
    CHECK(updates >= 4 && updates <= 10);
    CHECK_EQ(b->errors, 0);
    bare_free(b);
}

static void other_links_go_on(void) {
    world *w = world_new(3, 8);
    world_mesh(w, 5);
    world_settle(w, 1000);
    const lk_bytes garbage = {(const uint8_t *)"%LORgarbage", 11};
    CHECK(lk_room_feed(w->nodes[0].room, 1, garbage, w->now_ms) != LK_OK);
    world_run(w, 100);
    CHECK_EQ(w->nodes[0].errors, 1);
    world_type(w, 0, "to the other one");
    world_run(w, 2000);
    world_check_same(w); /* 1 has it by way of 2 */
    world_cut(w, 0, 1);
    world_connect(w, 0, 1, 5);
    world_settle(w, 5000);
    world_free(w);
}

/* ---- presence ---- */

static void presence(void) {
    world *w = world_new(2, 9);
    const lk_value one = {.type = LK_I64, .as.i64 = 1}, two = {.type = LK_I64, .as.i64 = 2};
    CHECK_EQ(lk_room_presence_set(w->nodes[0].room, STR("a"), &one, w->now_ms), LK_OK);
    world_connect(w, 0, 1, 5);
    world_run(w, 100); /* known before, and set later */
    CHECK_EQ(lk_room_presence_set(w->nodes[1].room, STR("b"), &two, w->now_ms), LK_OK);
    world_run(w, 100);
    for (uint32_t i = 0; i < 2; i++) {
        world_check_presence(w, i, "{\"a\":1,\"b\":2}");
        CHECK(w->nodes[i].synced); /* presence is not part of that */
        CHECK_EQ(w->nodes[i].presence_told, 1);
        CHECK_EQ(w->nodes[i].disk.len, 0);
    }
    world_run(w, 100000); /* repeated as long as they are connected */
    world_check_presence(w, 1, "{\"a\":1,\"b\":2}");
    world_cut(w, 0, 1);
    world_run(w, 2000);
    world_check_presence(w, 1, "{\"a\":1,\"b\":2}"); /* a moment's break shows nothing */
    world_connect(w, 0, 1, 5);
    world_run(w, 20000);
    world_check_presence(w, 1, "{\"a\":1,\"b\":2}");
    world_cut(w, 0, 1);
    world_run(w, 4000);
    world_check_presence(w, 1, "{\"b\":2}");
    world_connect(w, 0, 1, 5);
    world_run(w, 100);
    CHECK_EQ(lk_room_presence_set(w->nodes[0].room, STR("a"), NULL, w->now_ms), LK_OK);
    world_run(w, 100);
    world_check_presence(w, 1, "{\"b\":2}");
    world_free(w);
}

/* Presence too large for a message travels in fragments like any update. */
static void large_presence(void) {
    world *w = world_new(2, 11);
    w->message_max = 1024;
    world_stop(w, 0);
    world_start(w, 0);
    char text[5000];
    memset(text, 'p', sizeof text);
    const lk_value value = {
        .type = LK_STRING, .len = sizeof text, .as.bytes = (const uint8_t *)text};
    world_connect(w, 0, 1, 5);
    world_settle(w, 1000);
    CHECK_EQ(lk_room_presence_set(w->nodes[0].room, STR("a"), &value, w->now_ms), LK_OK);
    world_run(w, 100);
    CHECK_EQ(w->counts.of_kind[FRAME_FRAGMENT_HEADER], 1);
    lk_buf out = {0};
    CHECK_EQ(lk_room_presence_json(w->nodes[1].room, &out), LK_OK);
    CHECK_EQ(out.len, sizeof text + strlen("{'a':''}"));
    lk_buf_free(&out);
    world_free(w);
}

/* ---- synced ---- */

static void synced_means_synced(void) {
    world *w = world_new(2, 10);
    world_run(w, 100);
    CHECK(!w->nodes[0].synced); /* alone is not synced */
    world_connect(w, 0, 1, 5);
    world_settle(w, 1000);
    w->hold_stores = true;
    world_type(w, 0, "a");
    CHECK(!w->nodes[0].synced);
    world_run(w, 5000);
    CHECK(!w->nodes[0].synced && !w->nodes[1].synced);
    w->hold_stores = false;
    world_settle(w, 1000);
    w->lose_kind = FRAME_ACK;
    world_type(w, 1, "b");
    world_run(w, 5000);
    CHECK(w->nodes[0].synced && !w->nodes[1].synced);
    w->lose_kind = -1;
    world_settle(w, 20000);
    w->lose_kind = FRAME_UPDATE;
    world_type(w, 1, "c");
    world_run(w, 5000);
    CHECK(!w->nodes[1].synced);
    w->lose_kind = -1;
    world_settle(w, 20000);
    world_check_same(w);
    world_cut(w, 0, 1);
    world_run(w, 10);
    CHECK(!w->nodes[0].synced && !w->nodes[1].synced);
    world_free(w);
}

static void bare_take(lk_doc *doc, lk_buf blob) {
    CHECK_EQ(lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, NULL), LK_OK);
    lk_buf_free(&blob);
}

/* Its receipt; what came in it is neither stored nor waited for. */
static void bare_leaves_out(bare *b, lk_buf update, uint64_t batch) {
    uint32_t stores = b->stores;
    bare_forget(b);
    CHECK_EQ(bare_feed_update(b, update, batch), LK_OK);
    CHECK_EQ(acked(b, batch), ACK_OK);
    CHECK_EQ(b->left_out, 1);
    CHECK_EQ(b->stores, stores);
    bare_tick(b, 600000);
    CHECK(bare_sent(b, FRAME_LORO, FRAME_JOIN_REQUEST) == NULL);
    lk_buf_free(&update);
}

/* Who began late stays with the others. What it cannot merge it tells of, once, and does not
 * ask for again. */
static void begun_late(void) {
    bare *b = bare_new(NULL);
    lk_doc *full = lk_new(2, NULL), *other = lk_new(3, NULL);
    lk_buf shallow = {0};
    bare_take(other, typed(full, "one"));
    lk_buf beside = typed(other, "beside"), two = typed(full, "two");
    CHECK_EQ(lk_export(full, LK_SHALLOW, lk_frontiers(full), &shallow), LK_OK);
    bare_take(b->doc, shallow);
    bare_join(b);
    CHECK_EQ(lk_room_edited(b->room, b->now_ms), LK_OK); /* of what was imported past it */
    bare_poll(b);
    for (uint32_t i = 0; i < b->stores; i++) lk_room_stored(b->room, b->tokens[i]);
    bare_leaves_out(b, beside, 1);
    bare_leaves_out(b, typed(other, "and on"), 2);
    uint32_t changed = b->changed;
    lk_buf three = typed(full, "three");
    CHECK_EQ(bare_feed_update(b, three, 3), LK_OK);
    CHECK_EQ(b->changed, changed + 1);
    CHECK_EQ(b->errors, 0);
    lk_buf_free(&two);
    lk_buf_free(&three);
    lk_free(full);
    lk_free(other);
    bare_free(b);
}

int main(void) {
    newcomer();
    keystroke_size();
    mesh();
    mesh_newcomer();
    passed_on();
    many_arrivals();
    unlocked_is_passed_on();
    imported_past_the_room();
    ack_after_store();
    gap_is_filled();
    overdue_is_resent();
    loss_before_a_flight();
    closed_is_forgotten();
    refusals();
    other_rooms();
    permissions();
    plain_server();
    no_answer();
    announced_memory();
    fragments();
    bad_updates();
    begun_late();
    bad_joins();
    rewinds();
    other_links_go_on();
    presence();
    large_presence();
    synced_means_synced();
    printf("room: 28 scenarios, documents to 10 MB\n");
    return 0;
}
