/* SPDX-License-Identifier: MIT
 * document_test.c - the documents of a room: their names, where they are kept, what is signed for
 * which of them, and what a keeper of one room takes. */
#define _GNU_SOURCE /* mkdtemp */
#include "host/document.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "check.h"
#include "host/heap.h"
#include "host/rooms.h"
#include "host/seal.h"
#include "room/frame.h"
#include "room/signed.h"

#define STR(s) ((lk_str){(s), sizeof(s) - 1})
#define ROOM STR("a-room")

static void check_names(void) {
    char longest[LIMIT_DOCUMENT_NAME + 1];
    memset(longest, 'n', sizeof longest);
    CHECK(document_name_good((lk_str){longest, LIMIT_DOCUMENT_NAME}));
    CHECK(!document_name_good((lk_str){longest, LIMIT_DOCUMENT_NAME + 1}));
    CHECK(document_name_good(STR("to do")) && document_name_good(STR("gr\xc3\xb6\xc3\x9f"
                                                                     "e")));
    CHECK(document_name_good(STR("..")) && document_name_good(STR("=")));
    CHECK(!document_name_good(STR("")) && !document_name_good(STR("a/b")));
    CHECK(!document_name_good(STR("\xc3")) && !document_name_good(STR("a\0b")));
    CHECK(!document_name_good(STR("a\n")) && !document_name_good(STR("\x7f")));
}

static void check_ids(void) {
    lk_buf id = HEAP_BUF;
    CHECK(document_id(ROOM, STR(""), &id));
    CHECK_BYTES(id.at, id.len, "a-room", 6);
    CHECK(!document_is_named((lk_str){(const char *)id.at, id.len}));
    id.len = 0;
    CHECK(document_id(ROOM, STR("to do"), &id));
    CHECK_BYTES(id.at, id.len, "a-room/to do", 12);
    CHECK(document_is_named((lk_str){(const char *)id.at, id.len}));
    CHECK(document_is_of((lk_str){(const char *)id.at, id.len}, ROOM));
    CHECK(document_is_of(ROOM, ROOM) && !document_is_of(STR("a-roo"), ROOM));
    CHECK(!document_is_of(STR("a-room2"), ROOM) && !document_is_of(STR("a-room/"), ROOM));
    CHECK(!document_is_of(STR("a-room/a/b"), ROOM) && !document_is_of(STR("b-room/a"), ROOM));
    char room[LIMIT_ROOM_ID_BYTES];
    memset(room, 'r', sizeof room);
    for (size_t len = sizeof room - 3; len <= sizeof room; len++) {
        id.len = 0;
        CHECK(document_id((lk_str){room, len}, STR("n"), &id) == (len + 2 <= sizeof room));
    }
    lk_buf_free(&id);
}

static void check_paths(void) {
    static const struct {
        lk_str id;
        const char *path;
    } paths[] = {{{"a-room", 6}, "at/a-room.db"},
                 {{"a-room/to do", 12}, "at/=YS1yb29tL3RvIGRv.db"},
                 {{"", 0}, "at/=.db"}};
    for (size_t i = 0; i < countof(paths); i++) {
        lk_buf path = HEAP_BUF;
        document_path("at", paths[i].id, "db", &path);
        CHECK(strcmp(heap_str(&path), paths[i].path) == 0);
        lk_buf_free(&path);
    }
}

/* What is signed for one document is so for no other one, whatever it begins with. */
static void check_signatures(void) {
    static const uint8_t key[SEAL_KEY] = {7};
    seal_keys first, a, b;
    seal_keys_make(key, ROOM, &first);
    seal_keys_name(&first, STR("a-room/a"), &a);
    seal_keys_name(&first, STR("a-room/b"), &b);
    const seal_keys *all[] = {&first, &a, &b};
    lk_bytes blobs[] = {{(const uint8_t *)"blob", 4},
                        {(const uint8_t *)"a/blob", 6},
                        {(const uint8_t *)"/a/blob", 7}};
    for (size_t by = 0; by < countof(all); by++)
        for (size_t in = 0; in < countof(all); in++)
            for (size_t i = 0; i < countof(blobs); i++)
                for (size_t k = 0; k < countof(blobs); k++) {
                    lk_guard signer = seal_guard(all[by]), checker = seal_guard(all[in]);
                    uint8_t signature[LK_SIGNATURE];
                    signer.sign(signer.context, blobs[i], signature);
                    bool good = checker.verify(checker.context, blobs[k], signature);
                    CHECK(good == (by == in && i == k));
                }
}

/* ---- a keeper of one room ---- */

static lk_buf answer;
static void keeper_send(void *conn, lk_bytes message) {
    (void)conn;
    answer.len = 0;
    buf_append(&answer, message.at, message.len);
}
static size_t keeper_queued(void *conn) { return (void)conn, 0; }
static void keeper_close(void *conn) { (void)conn; }
static void keeper_note(const char *text) { (void)text; }
static int64_t keeper_unix_ms(void) { return 1000000; }

static frame_kind keeper_join(rooms_member *m, lk_str id, uint64_t now_ms) {
    frame f = {.crdt = FRAME_ELO, .kind = FRAME_JOIN_REQUEST, .room = id}, got;
    lk_buf bytes = HEAP_BUF;
    CHECK(frame_encode(&f, &bytes));
    rooms_feed(m, (lk_bytes){bytes.at, bytes.len}, now_ms);
    lk_buf_free(&bytes);
    CHECK_EQ(frame_decode((lk_bytes){answer.at, answer.len}, &got, NULL), LK_OK);
    CHECK(str_equal(got.room, id));
    return got.kind;
}

/* It takes all documents of its room; so many on its disk. */
static void check_keeper(void) {
    char folder[] = "/tmp/document_test.XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    answer = (lk_buf)HEAP_BUF;
    loop *l = loop_new();
    rooms *r = rooms_new(&(rooms_options){.loop = l,
                                          .folder = folder,
                                          .only = ROOM,
                                          .unix_ms = keeper_unix_ms,
                                          .send = keeper_send,
                                          .queued = keeper_queued,
                                          .close = keeper_close,
                                          .note = keeper_note});
    rooms_member *m = rooms_enter(r, NULL, 0);
    CHECK_EQ(keeper_join(m, ROOM, 0), FRAME_JOIN_OK);
    CHECK_EQ(keeper_join(m, STR("a-room/a"), 0), FRAME_JOIN_OK);
    CHECK_EQ(keeper_join(m, STR("b-room"), 0), FRAME_JOIN_ERROR);
    CHECK_EQ(keeper_join(m, STR("a-room/"), 0), FRAME_JOIN_ERROR);
    CHECK_EQ(keeper_join(m, STR("a-room/a/b"), 0), FRAME_JOIN_ERROR);
    CHECK_EQ(document_count(folder, ROOM, "sealed", 10), 1);
    CHECK_EQ(document_count(folder, STR("a-roo"), "sealed", 10), 0);
    for (int i = 1; i < LIMIT_DOCUMENTS_KEPT; i++) {
        lk_buf id = HEAP_BUF, path = HEAP_BUF;
        heap_print(&id, "a-room/%d", i);
        document_path(folder, (lk_str){(const char *)id.at, id.len}, "sealed", &path);
        FILE *file = fopen(heap_str(&path), "w");
        CHECK(file != NULL && fclose(file) == 0);
        lk_buf_free(&id);
        lk_buf_free(&path);
    }
    CHECK_EQ(document_count(folder, ROOM, "sealed", 10), 10);
    CHECK_EQ(keeper_join(m, STR("a-room/new"), 20000), FRAME_JOIN_ERROR);
    CHECK_EQ(keeper_join(m, STR("a-room/7"), 20000), FRAME_JOIN_OK); /* it is there */
    rooms_leave(m);
    rooms_free(r);
    loop_free(l);
    lk_buf_free(&answer);
    lk_buf rm = HEAP_BUF;
    heap_print(&rm, "rm -r %s", folder);
    CHECK_EQ(system(heap_str(&rm)), 0);
    lk_buf_free(&rm);
}

int main(void) {
    check_names();
    check_ids();
    check_paths();
    check_signatures();
    check_keeper();
    puts("document: names, files, signatures, and a keeper of one room");
    return 0;
}
