/* SPDX-License-Identifier: MIT
 * frame_test.c - vectors made by the published loro-protocol, limits on both sides, damage. */
#include "check.h"

#include "base/limits.h"
#include "base/mem.h"
#include "room/frame.h"

#define ROOM_ID "r\u00f6\U0001f99cm"
#define BATCH 0x0123456789abcdefu
#define BYTES(...)                                                                                 \
    ((lk_bytes){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})
#define STR(s) ((lk_str){(s), sizeof(s) - 1})

static lk_str text(const char *s) { return (lk_str){s, strlen(s)}; }

static size_t from_hex(const char *hex, uint8_t *out) {
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
        out[i] = (uint8_t)byte;
    }
    return len;
}

static bool same_str(lk_str a, lk_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static bool same_bytes(lk_bytes a, lk_bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static void check_same(const frame *got, const frame *want) {
    CHECK_EQ(got->crdt, want->crdt);
    CHECK(same_str(got->room, want->room));
    CHECK_EQ(got->kind, want->kind);
    CHECK_EQ(got->code, want->code);
    CHECK_EQ(got->may_write, want->may_write);
    CHECK_EQ(got->batch, want->batch);
    CHECK(same_bytes(got->version, want->version));
    CHECK(same_bytes(got->payload, want->payload));
    CHECK(same_str(got->message, want->message));
    CHECK(same_str(got->app_code, want->app_code));
    CHECK_EQ(got->count, want->count);
    CHECK_EQ(got->index, want->index);
    CHECK_EQ(got->total, want->total);
    lk_bytes rest = got->list, update;
    uint32_t n = 0;
    for (; frame_next_update(&rest, &update); n++) CHECK(same_bytes(update, want->updates[n]));
    CHECK_EQ(n, want->kind == FRAME_UPDATE ? want->count : 0);
}

/* Encode `want`, compare with the bytes of the published encoder, decode them, compare again; then
 * every truncation must be refused without reading past it. */
static void check_vector(const frame *want, const char *hex) {
    uint8_t bytes[1024];
    size_t len = from_hex(hex, bytes);
    lk_buf out = {0};
    CHECK(frame_encode(want, &out));
    CHECK_BYTES(out.at, out.len, bytes, len);
    frame got;
    CHECK_EQ(frame_decode((lk_bytes){out.at, out.len}, &got, NULL), LK_OK);
    check_same(&got, want);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = malloc(cut == 0 ? 1 : cut);
        memcpy(exact, bytes, cut);
        lk_fault fault;
        lk_status status = frame_decode((lk_bytes){exact, cut}, &got, &fault);
        /* an error's optional last field may be cut off whole */
        bool optional = want->kind == FRAME_JOIN_ERROR &&
                        (want->version.len > 0 || want->app_code.len > 0) &&
                        cut == len - 1 - want->version.len - want->app_code.len;
        CHECK_EQ(status, optional ? LK_OK : LK_ECORRUPT);
        CHECK(fault.offset <= cut && (optional || fault.what != NULL));
        free(exact);
    }
    lk_buf_free(&out);
}

static void join_vectors(void) {
    const lk_str room = STR(ROOM_ID);
    check_vector(&(frame){.crdt = FRAME_LORO,
                          .room = room,
                          .kind = FRAME_JOIN_REQUEST,
                          .payload = BYTES('k', 'e', 'y'),
                          .version = BYTES(1, 2, 3)},
                 "254c4f520872c3b6f09fa69c6d00036b657903010203");
    check_vector(&(frame){.crdt = FRAME_EPHEMERAL, .kind = FRAME_JOIN_REQUEST}, "2545504800000000");
    check_vector(&(frame){.crdt = FRAME_LORO,
                          .room = room,
                          .kind = FRAME_JOIN_OK,
                          .may_write = true,
                          .version = BYTES(0),
                          .payload = BYTES(9)},
                 "254c4f520872c3b6f09fa69c6d0105777269746501000109");
    check_vector(&(frame){.crdt = FRAME_EPHEMERAL_STORED, .room = room, .kind = FRAME_JOIN_OK},
                 "254550530872c3b6f09fa69c6d0104726561640000");
    check_vector(&(frame){.crdt = FRAME_LORO,
                          .room = room,
                          .kind = FRAME_JOIN_ERROR,
                          .code = JOIN_VERSION_UNKNOWN,
                          .message = STR("old"),
                          .version = BYTES(7, 8)},
                 "254c4f520872c3b6f09fa69c6d0201036f6c64020708");
    check_vector(&(frame){.crdt = FRAME_LORO,
                          .room = room,
                          .kind = FRAME_JOIN_ERROR,
                          .code = JOIN_AUTH_FAILED,
                          .message = STR("no")},
                 "254c4f520872c3b6f09fa69c6d0202026e6f");
    check_vector(&(frame){.crdt = FRAME_YJS,
                          .room = room,
                          .kind = FRAME_JOIN_ERROR,
                          .code = JOIN_APP_ERROR,
                          .message = STR("full"),
                          .app_code = STR("quota_exceeded")},
                 "25594a530872c3b6f09fa69c6d027f0466756c6c0e71756f74615f6578636565646564");
}

static void update_vectors(void) {
    const lk_str room = STR(ROOM_ID);
    uint8_t five[130];
    memset(five, 5, sizeof five);
    const lk_bytes two[] = {BYTES(1), {five, sizeof five}};
    check_vector(&(frame){.crdt = FRAME_LORO,
                          .room = room,
                          .kind = FRAME_UPDATE,
                          .batch = BATCH,
                          .count = 2,
                          .updates = two},
                 "254c4f520872c3b6f09fa69c6d0302010182010505050505050505050505050505050505"
                 "050505050505050505050505050505050505050505050505050505050505050505050505"
                 "050505050505050505050505050505050505050505050505050505050505050505050505"
                 "050505050505050505050505050505050505050505050505050505050505050505050505"
                 "05050505050123456789abcdef");
    check_vector(&(frame){.crdt = FRAME_FLOCK, .room = room, .kind = FRAME_UPDATE, .batch = BATCH},
                 "25464c4f0872c3b6f09fa69c6d03000123456789abcdef");
    check_vector(&(frame){.crdt = FRAME_LORO,
                          .room = room,
                          .kind = FRAME_FRAGMENT_HEADER,
                          .batch = BATCH,
                          .count = 300,
                          .total = 70000000},
                 "254c4f520872c3b6f09fa69c6d040123456789abcdefac0280bbb021");
    check_vector(&(frame){.crdt = FRAME_LORO,
                          .room = room,
                          .kind = FRAME_FRAGMENT,
                          .batch = BATCH,
                          .index = 299,
                          .payload = BYTES(1, 2, 3, 4)},
                 "254c4f520872c3b6f09fa69c6d050123456789abcdefab020401020304");
    check_vector(&(frame){.crdt = FRAME_YJS_AWARENESS,
                          .room = room,
                          .kind = FRAME_ROOM_ERROR,
                          .code = ROOM_REJOIN_SUGGESTED,
                          .message = STR("rejoin")},
                 "255941570872c3b6f09fa69c6d06010672656a6f696e");
    check_vector(&(frame){.crdt = FRAME_LORO, .room = room, .kind = FRAME_LEAVE},
                 "254c4f520872c3b6f09fa69c6d07");
    check_vector(&(frame){.crdt = FRAME_LORO,
                          .room = room,
                          .kind = FRAME_ACK,
                          .batch = BATCH,
                          .code = ACK_FRAGMENT_TIMEOUT},
                 "254c4f520872c3b6f09fa69c6d080123456789abcdef07");
    check_vector(&(frame){.crdt = FRAME_ELO,
                          .room = room,
                          .kind = FRAME_ACK,
                          .batch = UINT64_MAX,
                          .code = ACK_OK},
                 "25454c4f0872c3b6f09fa69c6d08ffffffffffffffff00");
}

static lk_status decode_hex(const char *hex, frame *out, lk_fault *fault) {
    static uint8_t bytes[1024];
    return frame_decode((lk_bytes){bytes, from_hex(hex, bytes)}, out, fault);
}

static void refusals(void) {
    const struct {
        const char *hex;
        lk_status status;
        size_t offset;
    } bad[] = {
        {"254c4f510007", LK_ECORRUPT, 4},                      /* no such magic */
        {"254c4f520009", LK_ECORRUPT, 6},                      /* no such kind */
        {"254c4f5201ff07", LK_ECORRUPT, 6},                    /* room id is not UTF-8 */
        {"254c4f52ffffffff0f07", LK_ELIMIT, 9},                /* room id of 4 GiB */
        {"254c4f5200010472656164", LK_ECORRUPT, 11},           /* version is missing */
        {"254c4f52000104726f61640000", LK_ECORRUPT, 11},       /* permission "road" */
        {"254c4f520003ffffffff0f", LK_ECORRUPT, 11},           /* more updates than bytes */
        {"254c4f52000301ffffffff7f", LK_ECORRUPT, 12},         /* update longer than the message */
        {"254c4f52000800000000000000000000", LK_ECORRUPT, 15}, /* bytes after an ack */
    };
    for (size_t i = 0; i < countof(bad); i++) {
        frame f;
        lk_fault fault;
        CHECK_EQ(decode_hex(bad[i].hex, &f, &fault), bad[i].status);
        CHECK_EQ(fault.offset, bad[i].offset);
        CHECK(fault.what != NULL);
    }
}

static void unknown_codes(void) {
    frame f;
    CHECK_EQ(decode_hex("254c4f520002550000", &f, NULL), LK_OK);
    CHECK_EQ(f.code, JOIN_UNKNOWN);
    CHECK_EQ(decode_hex("254c4f5200065500", &f, NULL), LK_OK);
    CHECK_EQ(f.code, ROOM_UNKNOWN);
    CHECK_EQ(decode_hex("254c4f520008000000000000000002", &f, NULL), LK_OK);
    CHECK_EQ(f.code, ACK_UNKNOWN);
}

static void limits(void) {
    char id[LIMIT_ROOM_ID_BYTES + 2];
    memset(id, 'x', sizeof id);
    for (size_t len = LIMIT_ROOM_ID_BYTES; len <= LIMIT_ROOM_ID_BYTES + 1; len++) {
        lk_buf out = {0};
        CHECK(frame_encode(&(frame){.crdt = FRAME_LORO, .room = {id, len}, .kind = FRAME_LEAVE},
                           &out));
        frame got;
        lk_status want = len <= LIMIT_ROOM_ID_BYTES ? LK_OK : LK_ELIMIT;
        CHECK_EQ(frame_decode((lk_bytes){out.at, out.len}, &got, NULL), want);
        lk_buf_free(&out);
    }
    uint8_t *big = calloc(1, LK_MESSAGE_MAX);
    for (size_t over = 0; over <= 1; over++) {
        size_t len = LK_MESSAGE_MAX + over - frame_update_len(4, 0) - 2;
        CHECK_EQ(frame_update_len(4, len), LK_MESSAGE_MAX + over);
        lk_buf out = {0};
        CHECK(frame_encode(&(frame){.crdt = FRAME_LORO,
                                    .room = text("room"),
                                    .kind = FRAME_UPDATE,
                                    .count = 1,
                                    .updates = &(lk_bytes){big, len}},
                           &out));
        CHECK_EQ(out.len, LK_MESSAGE_MAX + over);
        frame got;
        CHECK_EQ(frame_decode((lk_bytes){out.at, out.len}, &got, NULL),
                 over == 0 ? LK_OK : LK_ELIMIT);
        lk_buf_free(&out);
    }
    free(big);
}

static void fragments_fit(void) {
    uint8_t *big = calloc(1, LK_MESSAGE_MAX);
    for (size_t max = 200; max <= LK_MESSAGE_MAX; max = max * 3 / 2) {
        size_t payload = frame_fragment_room(4, max);
        lk_buf out = {0};
        CHECK(frame_encode(&(frame){.crdt = FRAME_LORO,
                                    .room = text("room"),
                                    .kind = FRAME_FRAGMENT,
                                    .index = UINT32_MAX,
                                    .payload = {big, payload}},
                           &out));
        CHECK(out.len <= max && out.len + 2 >= max);
        lk_buf_free(&out);
    }
    CHECK_EQ(frame_fragment_room(128, 100), 0);
    free(big);
}

/* Random bytes behind a good envelope: refused or read, and what is read encodes to something that
 * reads the same. */
static void damage(void) {
    rng r = {7};
    for (int round = 0; round < 200000; round++) {
        uint8_t bytes[64] = {0x25, 0x4c, 0x4f, 0x52, 1, 'r'};
        size_t len = 6 + rng_below(&r, sizeof bytes - 6);
        bytes[6] = (uint8_t)rng_below(&r, 10);
        for (size_t i = 7; i < len; i++)
            bytes[i] = (uint8_t)(rng_below(&r, 2) ? rng_below(&r, 8) : rng_u64(&r));
        frame got, again;
        if (frame_decode((lk_bytes){bytes, len}, &got, NULL) != LK_OK) continue;
        lk_bytes updates[64], rest = got.list;
        for (uint32_t i = 0; i < got.count && got.kind == FRAME_UPDATE; i++)
            CHECK(frame_next_update(&rest, &updates[i]));
        got.updates = updates;
        lk_buf out = {0};
        CHECK(frame_encode(&got, &out));
        CHECK_EQ(frame_decode((lk_bytes){out.at, out.len}, &again, NULL), LK_OK);
        check_same(&again, &got);
        lk_buf_free(&out);
    }
}

int main(void) {
    join_vectors();
    update_vectors();
    refusals();
    unknown_codes();
    limits();
    fragments_fit();
    damage();
    printf("frame: 15 published vectors, every truncation, limits, 200000 damaged messages\n");
    return 0;
}
