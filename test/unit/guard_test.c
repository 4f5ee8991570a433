/* SPDX-License-Identifier: MIT
 * guard_test.c - guarded rooms: who only reads follows and gives on, and whatever it sends of its
 * own changes nothing elsewhere. The last nodes of a world only read. */
#include "room_world.h"

#include "room/room.h"

/* ---- reading along ---- */

static void check_text(const world *w, uint32_t i, const char *want) {
    lk_buf out = {0};
    CHECK_EQ(lk_text_string(w->nodes[i].doc, w->nodes[i].text, &out), LK_OK);
    CHECK_BYTES(out.at, out.len, want, strlen(want));
    lk_buf_free(&out);
}

/* writer - reader - reader: what is written reaches the end of the line, and stays there when the
 * writer is gone; who comes later gets it from there; and so after all have started anew. */
static void check_giving_on(void) {
    world *w = world_new_of(4, 1, true, 3);
    world_connect(w, 0, 1, 10);
    world_connect(w, 1, 2, 10);
    for (int i = 0; i < 20; i++) {
        world_type(w, 0, "a");
        world_run(w, 300);
    }
    world_run(w, 1000);
    check_text(w, 2, "aaaaaaaaaaaaaaaaaaaa");
    world_cut(w, 0, 1);
    world_cut(w, 1, 2);
    world_connect(w, 2, 3, 10);
    world_run(w, 2000);
    check_text(w, 3, "aaaaaaaaaaaaaaaaaaaa");
    CHECK(w->nodes[2].synced && w->nodes[3].synced);
    for (uint32_t i = 1; i < 4; i++) {
        world_stop(w, i);
        if (i != 3) world_clear(&w->nodes[i].disk); /* only the last one has it now */
        world_start(w, i);
    }
    check_text(w, 3, "aaaaaaaaaaaaaaaaaaaa");
    world_connect(w, 1, 3, 10);
    world_connect(w, 1, 2, 10);
    world_run(w, 3000);
    check_text(w, 2, "aaaaaaaaaaaaaaaaaaaa");
    for (uint32_t i = 0; i < 4; i++) CHECK_EQ(w->nodes[i].errors + w->nodes[i].denied, 0);
    world_free(w);
}

/* Two writers who only know of each other by way of a reader. */
static void check_between(void) {
    world *w = world_new_of(3, 2, true, 1);
    world_connect(w, 0, 2, 10);
    world_connect(w, 1, 2, 10);
    for (int i = 0; i < 50; i++) {
        world_type(w, i % 2 == 0 ? 0 : 1, "x");
        world_run(w, rng_below(&w->random, 400));
    }
    world_settle(w, 20000);
    world_check_same(w);
    world_free(w);
}

/* What a reader has to keep is bounded by the document, not by how often somebody wrote. */
static void check_bound(void) {
    world *w = world_new_of(3, 3, true, 2);
    world_connect(w, 0, 1, 5);
    world_connect(w, 1, 2, 5);
    size_t most = 0;
    for (int i = 0; i < 6000; i++) {
        world_type(w, 0, "k");
        world_run(w, 100);
        for (uint32_t k = 1; k < 3; k++)
            if (w->nodes[k].room->keep.bytes > most) most = w->nodes[k].room->keep.bytes;
    }
    world_run(w, 200000);
    CHECK(most > (64u << 10) && most < (400u << 10));
    for (uint32_t k = 1; k < 3; k++) CHECK(w->nodes[k].room->keep.list.len < 1500);
    world_settle(w, 1000);
    world_check_same(w);
    world_free(w);
}

/* A reader's own edit stays with it, and it goes on following. */
static void check_own_edit(void) {
    world *w = world_new_of(3, 4, true, 1);
    world_mesh(w, 10);
    world_type(w, 0, "real");
    world_run(w, 1000);
    world_node *n = &w->nodes[2];
    CHECK_EQ(lk_room_edited(n->room, w->now_ms), LK_OK);
    CHECK_EQ(lk_text_insert(n->doc, n->text, 0, LK_CODEPOINT, STR("fake ")), LK_OK);
    CHECK_EQ(lk_room_edited(n->room, w->now_ms), LK_ESTATE);
    world_run(w, 5000);
    check_text(w, 0, "real");
    world_type(w, 1, "");
    CHECK_EQ(lk_text_insert(w->nodes[1].doc, w->nodes[1].text, 4, LK_CODEPOINT, STR("!")), LK_OK);
    CHECK_EQ(lk_room_edited(w->nodes[1].room, w->now_ms), LK_OK);
    world_run(w, 5000);
    check_text(w, 0, "real!");
    check_text(w, 2, "fake real!");
    CHECK(world_synced(w));
    for (uint32_t i = 0; i < 3; i++) CHECK_EQ(w->nodes[i].errors + w->nodes[i].denied, 0);
    world_free(w);
}

/* Something of before the room was guarded: it is read, and can be given on once somebody signed
 * it. */
static void check_old_rows(void) {
    world *w = world_new_of(3, 5, true, 2);
    lk_buf old = {0}, whole = {0};
    world_type(w, 0, "of old");
    world_run(w, 10);
    CHECK_EQ(lk_export(w->nodes[0].doc, LK_SNAPSHOT, (lk_ids){0}, &old), LK_OK);
    bool waits;
    lk_room *room = w->nodes[1].room;
    CHECK_EQ(lk_room_restore(room, (lk_bytes){old.at, old.len}, &waits, w->now_ms), LK_OK);
    check_text(w, 1, "of old");
    world_connect(w, 1, 2, 10);
    world_run(w, 2000);
    check_text(w, 2, "");
    world_connect(w, 0, 1, 10);
    world_run(w, 2000);
    check_text(w, 2, "of old");
    CHECK_EQ(lk_room_whole(room, &whole), LK_OK);
    CHECK(signed_is((lk_bytes){whole.at, whole.len}));
    CHECK_EQ(lk_room_restore(w->nodes[0].room, (lk_bytes){whole.at, whole.len}, &waits, 0),
             LK_ESTATE);
    whole.at[10] ^= 1;
    CHECK_EQ(lk_room_restore(room, (lk_bytes){whole.at, whole.len}, &waits, w->now_ms), LK_EVALUE);
    whole.len -= 1;
    CHECK_EQ(lk_room_restore(room, (lk_bytes){whole.at, whole.len}, &waits, w->now_ms),
             LK_ECORRUPT);
    lk_buf_free(&old);
    lk_buf_free(&whole);
    world_free(w);
}

/* Writers and readers, links that come and go, nodes that die and come back. */
static void check_weather(uint64_t seed) {
    world *w = world_new_of(6, seed, true, 3);
    w->store_ms = 50;
    w->late_percent = 5;
    w->sparse = seed % 3 == 0;
    for (int i = 0; i < 300; i++) {
        uint32_t a = rng_below(&w->random, 6), b = rng_below(&w->random, 6);
        uint32_t what = rng_below(&w->random, 20);
        if (what < 10) world_type(w, rng_below(&w->random, 3), "ab");
        if (what >= 10 && what < 14 && a != b) world_connect(w, a, b, 1 + what);
        if (what == 14 && a != b) world_cut(w, a, b);
        if (what == 15) world_stop(w, a), world_start(w, a);
        world_run(w, rng_below(&w->random, 500));
    }
    w->late_percent = 0;
    /* a line: all that is known comes by way of readers */
    static const uint32_t line[] = {0, 3, 1, 4, 5, 2};
    for (uint32_t a = 0; a < 6; a++)
        for (uint32_t b = 0; b < a; b++) world_cut(w, a, b);
    for (uint32_t i = 0; i + 1 < 6; i++) world_connect(w, line[i], line[i + 1], 10);
    world_settle(w, 600000);
    world_check_same(w);
    for (uint32_t i = 0; i < 6; i++) CHECK_EQ(w->nodes[i].errors + w->nodes[i].denied, 0);
    world_free(w);
}

/* ---- writing all the same ---- */

enum { WAYS = 9 };

/* What a reader may send in place of the envelope `real`, which came to it, and of its own blob. */
static void forge(int way, lk_bytes real, lk_bytes own, lk_buf *out) {
    signed_envelope e;
    lk_bytes rest = real;
    CHECK_EQ(signed_next(&rest, &e, NULL), LK_OK);
    size_t signature = (size_t)(e.signature - real.at);
    CHECK(buf_append(out, real.at, real.len));
    switch (way) {
    case 0: out->len = 0; break; /* unsigned */
    case 1: out->len = signature + LK_SIGNATURE; break;
    case 2: out->at[signature] ^= 1; return;
    case 3: out->len--; return;
    case 4: out->at[out->len - 1] ^= 1; return;
    case 5: out->at[4]++; return;
    case 6: out->len = 0; return;
    case 7: break; /* a good one, and its own behind it */
    case 8: CHECK(buf_append(out, "more", 4)); return;
    }
    writer w = writer_new(out);
    if (way == 1)
        writer_bytes(&w, own.at, own.len); /* its own under a signature that is somebody's */
    else
        writer_raw(&w, own.at, own.len);
}

static void feed(world *w, uint32_t to, uint32_t by, lk_bytes update, bool fragments) {
    frame f = {.crdt = FRAME_LORO, .room = STR("room"), .kind = FRAME_UPDATE, .batch = 77};
    f.count = 1, f.updates = &update;
    lk_buf bytes = {0};
    if (fragments && update.len > 0) {
        f.kind = FRAME_FRAGMENT_HEADER, f.total = (uint32_t)update.len;
        CHECK(frame_encode(&f, &bytes));
        CHECK_EQ(lk_room_feed(w->nodes[to].room, by, (lk_bytes){bytes.at, bytes.len}, w->now_ms),
                 LK_OK);
        bytes.len = 0;
        f.kind = FRAME_FRAGMENT, f.payload = update;
    }
    CHECK(frame_encode(&f, &bytes));
    (void)lk_room_feed(w->nodes[to].room, by, (lk_bytes){bytes.at, bytes.len}, w->now_ms);
    lk_buf_free(&bytes);
}

typedef struct told { /* what a room wanted done */
    uint32_t denied, errors, stores, changed, sent, acks;
    uint8_t ack;
} told;

static told poll_all(world *w, uint32_t i) {
    told t = {0};
    frame f;
    for (const lk_room_out *out; (out = lk_room_poll(w->nodes[i].room)) != NULL;) {
        t.denied += out->kind == LK_ROOM_DENIED;
        t.errors += out->kind == LK_ROOM_ERROR;
        t.stores += out->kind == LK_ROOM_STORE;
        t.changed += out->kind == LK_ROOM_CHANGED;
        if (out->kind != LK_ROOM_SEND) continue;
        t.sent++;
        CHECK_EQ(frame_decode(out->bytes, &f, NULL), LK_OK);
        if (f.kind == FRAME_ACK) t.ack = f.code, t.acks++;
    }
    return t;
}

/* Every forgery, sent to a writer and to a reader, is refused, named, and changes nothing; and the
 * link goes on. */
static void check_forgeries(void) {
    for (int way = 0; way < WAYS; way++) {
        world *w = world_new_of(3, 6, true, 2);
        lk_buf own = {0}, bad = {0};
        world_mesh(w, 5);
        world_type(w, 0, "honest");
        world_run(w, 2000);
        const keep_list *k = &w->nodes[1].room->keep;
        CHECK_EQ(k->list.len, 1);
        world_node *liar = &w->nodes[1];
        CHECK_EQ(lk_text_insert(liar->doc, liar->text, 0, LK_CODEPOINT, STR("lie")), LK_OK);
        CHECK_EQ(lk_export_local(liar->doc, &own), LK_OK);
        lk_bytes real = {k->list.at[0].at, k->list.at[0].len};
        forge(way, real, (lk_bytes){own.at, own.len}, &bad);
        for (uint32_t to = 0; to < 3; to += 2)
            for (int again = 0; again < 3; again++) {
                feed(w, to, 1, (lk_bytes){bad.at, bad.len}, again == 2);
                told t = poll_all(w, to);
                CHECK_EQ(t.denied, again == 0);
                CHECK_EQ(t.errors + t.stores + t.changed, 0);
                CHECK(t.acks == 1 && t.ack == ACK_PERMISSION_DENIED && t.sent == 1);
                check_text(w, to, "honest");
            }
        world_type(w, 0, "");
        CHECK_EQ(lk_text_insert(w->nodes[0].doc, w->nodes[0].text, 6, LK_CODEPOINT, STR("!")),
                 LK_OK);
        CHECK_EQ(lk_room_edited(w->nodes[0].room, w->now_ms), LK_OK);
        world_run(w, 2000);
        check_text(w, 2, "honest!");
        CHECK_EQ(w->nodes[0].errors + w->nodes[2].errors, 0);
        lk_buf_free(&own);
        lk_buf_free(&bad);
        world_free(w);
    }
}

/* An old envelope again: it is signed, and changes nothing. Who keeps on lying is hung up. */
static void check_patience(void) {
    world *w = world_new_of(2, 7, true, 1);
    world_mesh(w, 5);
    world_type(w, 0, "once");
    world_run(w, 2000);
    const keep_entry *real = &w->nodes[1].room->keep.list.at[0];
    feed(w, 0, 1, (lk_bytes){real->at, real->len}, false);
    told t = poll_all(w, 0);
    CHECK(t.ack == ACK_OK && t.denied == 0 && t.stores == 0);
    check_text(w, 0, "once");
    for (int i = 0; i < 16; i++) feed(w, 0, 1, (lk_bytes){real->at, 40}, false);
    t = poll_all(w, 0);
    CHECK(t.errors == 0 && t.denied == 1);
    feed(w, 0, 1, (lk_bytes){real->at, 40}, false);
    t = poll_all(w, 0);
    CHECK(t.errors == 1 && t.denied == 0);
    world_free(w);
}

/* ---- the keep, beside one that forgets nothing ---- */

static void check_keep(uint64_t seed) {
    rng random = {seed};
    keep_list k = {0};
    have all = {0};
    VEC(lk_span) ever = {0};
    for (int i = 0; i < 400; i++) {
        lk_span spans[3];
        size_t len = 1 + rng_below(&random, 3);
        uint8_t tag[4];
        for (size_t s = 0; s < len; s++) {
            int32_t end = have_end(&k.ends, s), start = end;
            if (rng_below(&random, 4) == 0) start = (int32_t)rng_below(&random, (uint32_t)end + 4);
            spans[s] = (lk_span){s, start, start + 1 + (int32_t)rng_below(&random, 9)};
            *vec_push(&mem_default, &ever) = spans[s];
        }
        memcpy(tag, &i, sizeof tag);
        bool taken;
        CHECK(keep_add(&k, &mem_default, spans, len, (lk_bytes){tag, sizeof tag}, &taken));
        if (rng_below(&random, 60) == 0) { /* a whole */
            for (size_t s = 0; s < 3; s++) spans[s] = (lk_span){s, 0, have_end(&k.ends, s)};
            if (spans[2].end > 0)
                CHECK(keep_add(&k, &mem_default, spans, 3, (lk_bytes){tag, sizeof tag}, &taken));
        }
    }
    /* the ends are those of all that ever came, without a hole */
    for (uint64_t peer = 0; peer < 3; peer++) {
        int32_t end = 0;
        for (bool moved = true; moved;) {
            moved = false;
            for (size_t i = 0; i < ever.len; i++)
                if (ever.at[i].peer == peer && ever.at[i].start <= end && ever.at[i].end > end)
                    end = ever.at[i].end, moved = true;
        }
        CHECK_EQ(have_end(&k.ends, peer), end);
    }
    /* what is left still holds all of them, and nothing that another one holds */
    size_t bytes = 0;
    for (size_t i = 0; i < k.list.len; i++) bytes += k.list.at[i].len;
    CHECK_EQ(bytes, k.bytes);
    for (size_t i = 0; i < ever.len; i++) {
        bool there = false;
        for (size_t n = 0; n < k.list.len && !there; n++)
            for (size_t s = 0; s < k.list.at[n].spans.len; s++) {
                lk_span span = k.list.at[n].spans.at[s];
                there |= span.peer == ever.at[i].peer && span.start <= ever.at[i].start &&
                         span.end >= ever.at[i].end;
            }
        CHECK(there);
    }
    lk_buf out = {0};
    CHECK(keep_beyond(&k, &k.ends, &out));
    size_t beyond = out.len;
    CHECK(keep_beyond(&k, &all, &out));
    CHECK_EQ(out.len - beyond, k.bytes);
    lk_buf_free(&out);
    vec_drop(&mem_default, &ever);
    keep_drop(&k, &mem_default);
}

int main(void) {
    check_giving_on();
    check_between();
    check_bound();
    check_own_edit();
    check_old_rows();
    check_forgeries();
    check_patience();
    for (uint64_t seed = 1; seed <= 40; seed++) check_weather(seed);
    for (uint64_t seed = 1; seed <= 40; seed++) check_keep(seed);
    return 0;
}
