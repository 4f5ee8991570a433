/* SPDX-License-Identifier: MIT
 * room_url_test.c - links, what is none, and the keys they give: those of the page
 * (web/workspace/test/elo_link.test.mjs has the same vector). */
#include "host/room_url.h"

#include "check.h"
#include "host/base64url.h"
#include "host/heap.h"
#include "room/signed.h"

#define PAGE "http://127.0.0.1:8080/#/a-room"
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" /* 0, 1, ... 31 */
#define READS                                                                                      \
    "wCRYSQTS05syDRfcIjqeagV9yzpEirT44jClXnftPqN"                                                  \
    "SJT2FM2oD1YCcoMpSxyVhFnBcMUfzLl97TiP8EkbgXg"

static void check_kinds(void) {
    room_url writes, reads, relay;
    lk_buf text = HEAP_BUF, other = HEAP_BUF;
    CHECK(room_url_read(PAGE "?k=" KEY, &writes));
    CHECK(writes.kind == ROOM_URL_WRITE && writes.keys.writes && writes.offer.len == 0);
    CHECK_BYTES(writes.room.at, writes.room.len, "a-room", 6);
    room_url_write(&writes, ROOM_URL_READ, &text);
    CHECK(strcmp(heap_str(&text), PAGE "?v=" READS) == 0);
    CHECK(room_url_read(heap_str(&text), &reads));
    CHECK(reads.kind == ROOM_URL_READ && !reads.keys.writes);
    CHECK_BYTES(reads.keys.read, SEAL_KEY, writes.keys.read, SEAL_KEY);
    CHECK_BYTES(reads.keys.check, SEAL_KEY, writes.keys.check, SEAL_KEY);
    CHECK_BYTES(reads.relay, SEAL_KEY, writes.relay, SEAL_KEY);
    room_url_write(&reads, ROOM_URL_RELAY, &other);
    CHECK(room_url_read(heap_str(&other), &relay));
    CHECK(relay.kind == ROOM_URL_RELAY);
    CHECK_BYTES(relay.relay, SEAL_KEY, writes.relay, SEAL_KEY);
    lk_buf_free(&text);
    lk_buf_free(&other);
}

static void check_offers(void) {
    room_url url;
    CHECK(room_url_read(PAGE "?v=" READS "&o=slip", &url));
    CHECK_BYTES(url.offer.at, url.offer.len, "slip", 4);
    CHECK_EQ(url.link.len, sizeof PAGE - 1 + 3 + sizeof(READS) - 1);
    CHECK(!room_url_read(PAGE "?r=" KEY "&o=slip", &url));
}

/* Of a document with a name. */
static void check_names(void) {
    static const struct {
        const char *link, *name; /* NULL: it is none */
    } links[] = {
        {PAGE "?k=" KEY "&d=notes", "notes"},
        {PAGE "?v=" READS "&d=to%20do&o=slip", "to do"},
        {PAGE "?k=" KEY "&d=%c3%B6", "\xc3\xb6"},
        {PAGE "?k=" KEY "&d=", NULL},
        {PAGE "?k=" KEY "&d=a%2Fb", NULL},
        {PAGE "?k=" KEY "&d=%", NULL},
        {PAGE "?k=" KEY "&d=%4", NULL},
        {PAGE "?k=" KEY "&d=%C3", NULL},
        {PAGE "?k=" KEY "&d=a%00", NULL},
        {PAGE "?k=" KEY "&d=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         NULL},
        {PAGE "?k=" KEY "&d=a&d=b", NULL},
        {PAGE "?r=" KEY "&d=a", NULL},
    };
    room_url url;
    for (size_t i = 0; i < countof(links); i++) {
        bool good = room_url_read(links[i].link, &url);
        CHECK(good == (links[i].name != NULL));
        if (good) CHECK(strcmp(url.name, links[i].name) == 0);
    }
    CHECK(room_url_read(PAGE "?k=" KEY, &url) && url.name[0] == 0);
}

static void check_damaged(void) {
    static const char *const damaged[] = {
        "",
        PAGE,
        PAGE "?",
        PAGE "?k=",
        PAGE "?k=" KEY "A",
        PAGE "?v=" KEY,
        PAGE "?k=" READS,
        PAGE "?r=" READS,
        PAGE "?x=" KEY,
        PAGE "k=" KEY,
        PAGE "?k=" KEY "&x=1",
        "a-room?k=" KEY,
        "http://127.0.0.1:8080/?k=" KEY,
        "http://127.0.0.1:8080/#/?k=" KEY,
        "ftp://127.0.0.1:8080/#/a-room?k=" KEY,
    };
    room_url url;
    for (size_t i = 0; i < countof(damaged); i++) {
        if (room_url_read(damaged[i], &url)) fprintf(stderr, "%s\n", damaged[i]);
        CHECK(!room_url_read(damaged[i], &url));
    }
}

/* A signature is that of the page, for one room and one key. */
static void check_guard(void) {
    static const uint8_t wanted[LK_SIGNATURE] = {
        0xd1, 0xda, 0xf3, 0xa1, 0x93, 0x12, 0x51, 0x39, 0x71, 0x6a, 0x01, 0xfb, 0x4a,
        0xb1, 0xbb, 0x9e, 0xe4, 0x42, 0xce, 0xf3, 0xae, 0x8f, 0x30, 0x60, 0x57, 0x39,
        0x11, 0x00, 0xab, 0xc9, 0x0e, 0xda, 0xb4, 0xe2, 0xd4, 0xde, 0x90, 0xaf, 0xbe,
        0xfb, 0x3d, 0x0e, 0x46, 0x8a, 0xed, 0x9b, 0x34, 0x22, 0x05, 0x58, 0xb0, 0xf9,
        0x0f, 0xd1, 0x0c, 0xcd, 0x5c, 0x71, 0xed, 0xdd, 0xd5, 0xe2, 0x0c, 0x05};
    static const char *const others[] = {
        "http://127.0.0.1:8080/#/b-room?k=" KEY,
        PAGE "?k=BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    };
    room_url url, other;
    lk_buf update = HEAP_BUF;
    signed_envelope e;
    CHECK(room_url_read(PAGE "?k=" KEY, &url));
    lk_guard guard = seal_guard(&url.keys);
    CHECK(signed_write(&guard, (lk_bytes){(const uint8_t *)"blob", 4}, &update));
    lk_bytes rest = {update.at, update.len};
    CHECK_EQ(signed_next(&rest, &e, NULL), LK_OK);
    CHECK(rest.len == 0 && guard.verify(guard.context, e.blob, e.signature));
    CHECK_BYTES(e.signature, LK_SIGNATURE, wanted, sizeof wanted);
    for (size_t i = 0; i < countof(others); i++) {
        CHECK(room_url_read(others[i], &other));
        lk_guard theirs = seal_guard(&other.keys);
        CHECK(!theirs.verify(theirs.context, e.blob, e.signature));
    }
    lk_buf_free(&update);
}

int main(void) {
    check_kinds();
    check_offers();
    check_names();
    check_damaged();
    check_guard();
    puts("room_url: links to write, to read and to keep");
    return 0;
}
