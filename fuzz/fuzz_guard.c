/* SPDX-License-Identifier: MIT
 * fuzz_guard.c - an update that somebody sends into a guarded room, behind a byte that says to
 * whom: to one who may write, or only reads. Signatures are such that mutation finds good ones.
 * What is not signed is not imported, stored or passed on; what is, can be given on to somebody
 * else. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "lorikeet_room.h"
#include "room/frame.h"
#include "room/signed.h"

#define ROOM ((lk_str){"r", 1})
#define GOOD 0x80u

static bool guard_sign(void *context, lk_bytes blob, uint8_t out[LK_SIGNATURE]) {
    (void)context;
    memset(out, 0, LK_SIGNATURE);
    out[1] = (uint8_t)blob.len;
    return true;
}

static bool guard_verify(void *context, lk_bytes blob, const uint8_t signature[LK_SIGNATURE]) {
    (void)context;
    return signature[0] < GOOD && signature[1] == (uint8_t)blob.len;
}

static const lk_guard writes = {NULL, guard_sign, guard_verify}, reads = {NULL, NULL, guard_verify};

/* ---- seeds: an update of so many envelopes, to one who writes or reads ---- */

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    if (n >= 4) return 0;
    lk_doc *doc = lk_new(5, NULL);
    lk_buf update = {0};
    lk_ref text;
    uint8_t to = (uint8_t)(n & 1);
    CHECK(buf_append(&update, &to, 1));
    CHECK_EQ(lk_root(doc, LK_TEXT, (lk_str){"t", 1}, &text), LK_OK);
    for (uint32_t i = 0; i <= n; i++) {
        lk_buf blob = {0};
        CHECK_EQ(lk_text_insert(doc, text, 0, LK_UTF8, (lk_str){"hello", 5}), LK_OK);
        CHECK_EQ(lk_export_local(doc, &blob), LK_OK);
        CHECK(signed_write(&writes, (lk_bytes){blob.at, blob.len}, &update));
        lk_buf_free(&blob);
    }
    size_t len = update.len;
    CHECK(len <= cap);
    memcpy(out, update.at, len);
    lk_buf_free(&update);
    lk_free(doc);
    return len;
}

/* ---- one peer ---- */

typedef struct peer {
    lk_doc *doc;
    lk_room *room;
    uint32_t stores, denied;
} peer;

static peer peer_new(uint64_t id, const lk_guard *guard) {
    lk_room_options options = {.room_id = ROOM, .seed = id, .guard = guard};
    peer p = {.doc = lk_new(id, NULL)};
    p.room = lk_room_new(p.doc, &options, NULL);
    CHECK(p.room != NULL);
    return p;
}

static void peer_free(peer *p) {
    lk_check(p->doc);
    lk_room_free(p->room);
    lk_free(p->doc);
}

static bool all_signed(lk_bytes update) {
    signed_envelope e;
    while (update.len > 0)
        if (signed_next(&update, &e, NULL) != LK_OK || !guard_verify(NULL, e.blob, e.signature))
            return false;
    return true;
}

static void peer_poll(peer *p) {
    for (const lk_room_out *out; (out = lk_room_poll(p->room)) != NULL;) {
        frame f;
        if (out->kind == LK_ROOM_STORE) {
            CHECK(all_signed(out->bytes));
            p->stores++;
            lk_room_stored(p->room, out->token);
        }
        p->denied += out->kind == LK_ROOM_DENIED;
        if (out->kind != LK_ROOM_SEND) continue;
        CHECK_EQ(frame_decode(out->bytes, &f, NULL), LK_OK);
        lk_bytes one;
        while (f.kind == FRAME_UPDATE && frame_next_update(&f.list, &one)) CHECK(all_signed(one));
    }
}

static void peer_hear(peer *p, const frame *said) {
    frame f = *said;
    lk_buf message = {0};
    f.crdt = FRAME_LORO, f.room = ROOM;
    CHECK(frame_encode(&f, &message));
    (void)lk_room_feed(p->room, 1, (lk_bytes){message.at, message.len}, 1);
    lk_buf_free(&message);
    peer_poll(p);
}

/* What is here goes to somebody who only reads, and from there on. */
static void give_on(peer *from) {
    lk_buf whole = {0};
    bool waits;
    peer next = peer_new(7, &reads);
    lk_status status = lk_room_whole(from->room, &whole);
    CHECK(status == LK_OK && all_signed((lk_bytes){whole.at, whole.len}));
    if (whole.len > 0)
        status = lk_room_restore(next.room, (lk_bytes){whole.at, whole.len}, &waits, 1);
    CHECK(status == LK_OK && lk_op_count(next.doc) == lk_op_count(from->doc));
    lk_buf_free(&whole);
    peer_free(&next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > 100000) return 0;
    bool writer_hears = (data[0] & 1) == 0;
    lk_bytes update = {data + 1, size - 1};
    peer p = peer_new(9, writer_hears ? &writes : &reads);
    CHECK_EQ(lk_room_open(p.room, 1, 1), LK_OK);
    CHECK_EQ(lk_room_open(p.room, 2, 1), LK_OK);
    peer_hear(&p, &(frame){.kind = FRAME_JOIN_REQUEST});
    peer_hear(&p, &(frame){.kind = FRAME_JOIN_OK, .may_write = true});
    peer_hear(&p, &(frame){.kind = FRAME_UPDATE, .batch = 1, .count = 1, .updates = &update});
    signed_envelope e;
    lk_bytes rest = update;
    bool begins = signed_next(&rest, &e, NULL) == LK_OK && guard_verify(NULL, e.blob, e.signature);
    if (!begins) CHECK(p.denied == 1 && p.stores == 0 && lk_op_count(p.doc) == 0);
    lk_room_tick(p.room, 2000);
    peer_poll(&p);
    give_on(&p);
    peer_free(&p);
    return 0;
}
