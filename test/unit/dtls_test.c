/* SPDX-License-Identifier: MIT
 * dtls_test.c - two DTLS ends back to back: each flight lost once, early and doubled datagrams, the
 * certificate check, the end. */
#include "check.h"

#include <openssl/err.h>

#include "rtc/dtls.h"
#include "virtual_clock.h"

typedef struct end {
    dtls *dtls;
    queue out;
    size_t sent, got;
    uint8_t last[64]; /* the last record that arrived */
} end;

typedef struct line { /* ends[0] is the client */
    end ends[2];
    size_t drop_at[2]; /* of each end, the datagram with that number is lost; SIZE_MAX: none */
    bool twice;
} line;

static void line_init(line *l) {
    *l = (line){.drop_at = {SIZE_MAX, SIZE_MAX}};
    uint8_t prints[2][DTLS_FINGERPRINT];
    for (int i = 0; i < 2; i++) {
        queue_init(&l->ends[i].out, &mem_default);
        l->ends[i].dtls = dtls_new(&mem_default, NULL, &l->ends[i].out);
        CHECK(l->ends[i].dtls != NULL);
        memcpy(prints[i], dtls_fingerprint(l->ends[i].dtls), DTLS_FINGERPRINT);
    }
    CHECK(memcmp(prints[0], prints[1], DTLS_FINGERPRINT) != 0);
    for (int i = 0; i < 2; i++) dtls_expect(l->ends[i].dtls, &prints[1 - i], 1);
}

static void line_drop(line *l) {
    for (int i = 0; i < 2; i++) {
        dtls_free(l->ends[i].dtls);
        queue_drop(&l->ends[i].out);
    }
}

static void end_feed(end *e, lk_bytes datagram) {
    uint8_t record[DTLS_RECORD_MAX];
    size_t len;
    dtls_feed(e->dtls, datagram, clock_ms);
    while ((len = dtls_read(e->dtls, record, clock_ms)) > 0) {
        e->got++;
        memcpy(e->last, record, len < sizeof e->last ? len : sizeof e->last);
    }
}

static void line_run(line *l, int ms) {
    for (; ms > 0; ms--, clock_ms++) {
        for (int i = 0; i < 2; i++) {
            end *from = &l->ends[i];
            dtls_tick(from->dtls, clock_ms);
            const queue_item *item;
            while ((item = queue_first(&from->out)) != NULL) {
                CHECK(item->len <= 1200);
                bool lost = from->sent++ == l->drop_at[i];
                for (int n = lost ? 2 : l->twice ? 0 : 1; n < 2; n++)
                    end_feed(&l->ends[1 - i], queue_bytes(&from->out, item));
                queue_pop(&from->out);
            }
        }
    }
}

static void line_start(line *l) {
    dtls_start(l->ends[0].dtls, true, clock_ms);
    dtls_start(l->ends[1].dtls, false, clock_ms);
}

static void check_up(line *l) {
    for (int i = 0; i < 2; i++) CHECK_EQ(dtls_state_read(l->ends[i].dtls), DTLS_UP);
    for (int i = 0; i < 2; i++) {
        size_t before = l->ends[1 - i].got;
        dtls_send(l->ends[i].dtls, (lk_bytes){(const uint8_t *)"hello", 5});
        line_run(l, 1);
        CHECK_EQ(l->ends[1 - i].got, before + 1); /* once, also when it came twice */
        CHECK_BYTES(l->ends[1 - i].last, 5, "hello", 5);
    }
}

/* Whichever datagram is lost, its flight comes again after 250 ms. */
static void test_losses(void) {
    for (int i = 0; i < 2; i++) {
        size_t sent = 1;
        for (size_t n = 0; n < sent; n++) {
            line l;
            line_init(&l);
            l.drop_at[i] = n;
            line_start(&l);
            line_run(&l, 300);
            sent = l.ends[i].sent;
            l.drop_at[i] = SIZE_MAX;
            check_up(&l);
            line_drop(&l);
        }
        CHECK(sent >= 2);
    }
}

static void test_twice(void) {
    line l;
    line_init(&l);
    l.twice = true;
    line_start(&l);
    line_run(&l, 20);
    check_up(&l);
    CHECK_EQ(dtls_wake_at(l.ends[0].dtls), UINT64_MAX);
    CHECK_EQ(dtls_wake_at(l.ends[1].dtls), UINT64_MAX);
    line_drop(&l);
}

/* Errors that others leave behind in OpenSSL's queue are not taken for DTLS's, and records that
 * nobody could have encrypted, of any length, change nothing. */
static void test_noise(void) {
    uint8_t record[13 + 64] = "\x17\xfe\xfd\0\1\0\0\0\0\0\x77\0"; /* application data, epoch 1 */
    line l;
    line_init(&l);
    line_start(&l);
    for (uint8_t i = 0; i < 20; i++) {
        ERR_raise(ERR_LIB_USER, 1);
        record[12] = i;
        end_feed(&l.ends[i % 2], (lk_bytes){record, 13u + i});
        line_run(&l, 1);
    }
    for (uint8_t len = 0; len <= 64; len++)
        for (int i = 0; i < 2; i++) {
            record[12] = len;
            ERR_raise(ERR_LIB_USER, 1);
            end_feed(&l.ends[i], (lk_bytes){record, 13u + len});
            ERR_raise(ERR_LIB_USER, 1);
            check_up(&l);
        }
    ERR_clear_error();
    line_drop(&l);
}

/* Several records in one datagram: all are read. */
static void test_records(void) {
    line l;
    lk_buf datagram = {0};
    line_init(&l);
    line_start(&l);
    line_run(&l, 20);
    check_up(&l);
    queue *out = &l.ends[0].out;
    for (int i = 0; i < 3; i++) {
        dtls_send(l.ends[0].dtls, (lk_bytes){(const uint8_t *)"one of three", 12});
        lk_bytes one = queue_bytes(out, queue_first(out));
        CHECK(buf_append(&datagram, one.at, one.len));
        queue_pop(out);
    }
    end_feed(&l.ends[1], (lk_bytes){datagram.at, datagram.len});
    CHECK_EQ(l.ends[1].got, 4);
    lk_buf_free(&datagram);
    line_drop(&l);
}

/* Either end refuses a certificate that was not announced, and passes no data. */
static void test_stranger(int deceived) {
    line l;
    uint8_t wrong[2][DTLS_FINGERPRINT] = {{1}, {2}};
    line_init(&l);
    dtls_expect(l.ends[deceived].dtls, wrong, 2);
    line_start(&l);
    line_run(&l, 50);
    CHECK_EQ(dtls_state_read(l.ends[deceived].dtls), DTLS_DOWN);
    CHECK(strstr(dtls_why(l.ends[deceived].dtls), "certificate") != NULL);
    dtls_send(l.ends[deceived].dtls, (lk_bytes){(const uint8_t *)"secret", 6});
    line_run(&l, 50);
    CHECK_EQ(l.ends[0].got + l.ends[1].got, 0);
    line_drop(&l);
}

static void test_silence(void) {
    line l;
    line_init(&l);
    dtls_start(l.ends[0].dtls, true, clock_ms);
    for (int i = 0; i < 60000 && dtls_state_read(l.ends[0].dtls) != DTLS_DOWN; i++) {
        clock_ms++;
        dtls_tick(l.ends[0].dtls, clock_ms);
    }
    CHECK_EQ(dtls_state_read(l.ends[0].dtls), DTLS_DOWN);
    line_drop(&l);
}

static void test_end(void) {
    line l;
    line_init(&l);
    line_start(&l);
    line_run(&l, 20);
    check_up(&l);
    dtls_stop(l.ends[1].dtls);
    line_run(&l, 5);
    CHECK_EQ(dtls_state_read(l.ends[0].dtls), DTLS_DOWN);
    CHECK(strcmp(dtls_why(l.ends[0].dtls), "the other side closed DTLS") == 0);
    line_drop(&l);
}

/* RFC 2202 section 3, case 2 */
static void test_hmac(void) {
    static const uint8_t want[] = {0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74,
                                   0x16, 0xd5, 0xf1, 0x84, 0xdf, 0x9c, 0x25, 0x9a, 0x7c, 0x79};
    static const char text[] = "what do ya want for nothing?";
    uint8_t got[DTLS_HMAC_SHA1];
    lk_bytes bytes = {(const uint8_t *)text, sizeof text - 1};
    CHECK(dtls_hmac_sha1((lk_str){"Jefe", 4}, bytes, got));
    CHECK_BYTES(got, sizeof got, want, sizeof want);
    CHECK(dtls_same(got, want, sizeof want));
    got[19] ^= 1;
    CHECK(!dtls_same(got, want, sizeof want));
}

int main(void) {
    CHECK(dtls_global_init());
    test_losses();
    test_twice();
    test_noise();
    test_records();
    test_stranger(0);
    test_stranger(1);
    test_silence();
    test_end();
    test_hmac();
    dtls_global_drop();
    printf("dtls_test: ok\n");
    return 0;
}
