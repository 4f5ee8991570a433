/* SPDX-License-Identifier: MIT
 * elo_links_test.c - which links are sealed, and links that close while they are at work. */
#include "check.h"

#include "host/elo_links.h"
#include "host/heap.h"
#include "host/loop.h"
#include "host/seal.h"
#include "room/frame.h"
#include "room/signed.h"

#define ROOM ((lk_str){"room", 4})

static uint64_t now_ms = 1000;
uint64_t loop_now_ms(void) { return now_ms; }
int64_t loop_unix_ms(void) { return 1000000 + (int64_t)now_ms; }

static seal_keys writes;

typedef struct end { /* a document and its sealed links; nobody needs its room here */
    lk_doc *doc;
    elo_links *links;
    lk_buf sent; /* the last message */
    size_t sends, fed, refused;
    bool closes; /* a link is closed as it is written to, or as something came over it */
} end;

static void end_send(void *context, uint32_t link, lk_bytes message) {
    end *e = context;
    e->sent.len = 0, e->sends++;
    buf_append(&e->sent, message.at, message.len);
    if (e->closes) elo_links_close(e->links, link);
}

static void end_feed(void *context, uint32_t link, lk_bytes message) {
    end *e = context;
    CHECK(message.len > 0);
    e->fed++;
    if (e->closes) elo_links_close(e->links, link);
}

static void end_refused(void *context) { ((end *)context)->refused++; }

static void end_begin(end *e, uint64_t peer) {
    lk_guard guard = seal_guard(&writes);
    *e = (end){.doc = lk_new(peer, NULL), .sent = HEAP_BUF};
    e->links = elo_links_new(&(elo_links_options){.doc = e->doc,
                                                  .room = ROOM,
                                                  .key = writes.read,
                                                  .guard = &guard,
                                                  .context = e,
                                                  .send = end_send,
                                                  .feed = end_feed,
                                                  .refused = end_refused});
}

static void end_drop(end *e) {
    elo_links_free(e->links);
    lk_free(e->doc);
    lk_buf_free(&e->sent);
}

/* What a room would send of a word, that many times in one message. */
static void end_message(end *e, uint32_t times, lk_buf *out) {
    lk_buf blob = HEAP_BUF, update = HEAP_BUF;
    lk_guard guard = seal_guard(&writes);
    lk_ref text;
    CHECK_EQ(lk_root(e->doc, LK_TEXT, (lk_str){"text", 4}, &text), LK_OK);
    CHECK_EQ(lk_text_insert(e->doc, text, 0, LK_UTF8, (lk_str){"word", 4}), LK_OK);
    CHECK_EQ(lk_export(e->doc, LK_UPDATES, (lk_ids){0}, &blob), LK_OK);
    CHECK(signed_write(&guard, (lk_bytes){blob.at, blob.len}, &update));
    lk_bytes view = {update.at, update.len}, views[] = {view, view};
    CHECK(times <= countof(views));
    frame f = {
        .crdt = FRAME_LORO, .kind = FRAME_UPDATE, .room = ROOM, .count = times, .updates = views};
    out->len = 0;
    CHECK(frame_encode(&f, out));
    lk_buf_free(&blob);
    lk_buf_free(&update);
}

/* Only those that were added are sealed, and each by itself. */
static void test_links(void) {
    end a, b;
    lk_buf message = HEAP_BUF;
    end_begin(&a, 1), end_begin(&b, 2);
    end_message(&a, 1, &message);
    elo_links_add(a.links, 7);
    elo_links_add(a.links, 8);
    CHECK(elo_links_has(a.links, 7) && elo_links_has(a.links, 8) && !elo_links_has(a.links, 9));
    elo_links_seal(a.links, 8, (lk_bytes){message.at, message.len});
    CHECK_EQ(a.sends, 1);
    elo_links_add(b.links, 3);
    CHECK(elo_links_open(b.links, 3, (lk_bytes){a.sent.at, a.sent.len}));
    CHECK(b.fed == 1 && b.refused == 0);
    elo_links_close(a.links, 9);
    elo_links_close(a.links, 8);
    CHECK(elo_links_has(a.links, 7) && !elo_links_has(a.links, 8) && !elo_links_has(a.links, 0));
    CHECK_EQ(elo_links_wake_at(a.links), UINT64_MAX);
    end_drop(&a), end_drop(&b);
    lk_buf_free(&message);
}

/* A link that closes as it is used: the rest of what was being said goes nowhere. */
static void test_closing(void) {
    end a, b;
    lk_buf message = HEAP_BUF;
    end_begin(&a, 1), end_begin(&b, 2);
    end_message(&a, 1, &message);
    elo_links_add(a.links, 1);
    elo_links_seal(a.links, 1, (lk_bytes){message.at, message.len});
    elo_links_add(b.links, 1);
    b.closes = true;
    CHECK(elo_links_open(b.links, 1, (lk_bytes){a.sent.at, a.sent.len}));
    CHECK(b.fed == 1 && !elo_links_has(b.links, 1));

    end_message(&a, 2, &message); /* leaves as two */
    a.closes = true, a.sends = 0;
    elo_links_seal(a.links, 1, (lk_bytes){message.at, message.len});
    CHECK(a.sends == 1 && !elo_links_has(a.links, 1));
    end_drop(&a), end_drop(&b);
    lk_buf_free(&message);
}

/* Links over which something wrong came are to be opened anew, later each time; it is told once. */
static void test_refusals(void) {
    end a, b;
    lk_buf message = HEAP_BUF;
    uint32_t link = 0;
    end_begin(&a, 1), end_begin(&b, 2);
    end_message(&a, 1, &message);
    elo_links_add(a.links, 1);
    elo_links_seal(a.links, 1, (lk_bytes){message.at, message.len});
    a.sent.at[a.sent.len - 20] ^= 1;
    for (uint32_t round = 1; round <= 3; round++) {
        size_t cursor = 0;
        elo_links_add(b.links, round);
        CHECK(elo_links_open(b.links, round, (lk_bytes){a.sent.at, a.sent.len}));
        CHECK(b.fed == 0 && b.refused == 1);
        now_ms += (5000u << round) - 1;
        CHECK(!elo_links_stale(b.links, &cursor, &link));
        now_ms += 1, cursor = 0;
        CHECK(elo_links_stale(b.links, &cursor, &link) && link == round);
        CHECK(!elo_links_stale(b.links, &cursor, &link));
        elo_links_close(b.links, round);
    }
    end_drop(&a), end_drop(&b);
    lk_buf_free(&message);
}

int main(void) {
    uint8_t key[SEAL_KEY] = "a key";
    seal_keys_make(key, ROOM, &writes);
    test_links();
    test_closing();
    test_refusals();
    printf("elo_links_test: ok\n");
    return 0;
}
