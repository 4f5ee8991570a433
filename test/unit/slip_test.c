/* SPDX-License-Identifier: MIT
 * slip_test.c - slips, which people carry: the page's (web/workspace/test/slip.test.mjs has the
 * same vector), and what a member may seal into one. */
#include "host/slip.h"

#include "check.h"
#include "host/base64url.h"
#include "host/heap.h"

static const uint8_t key[SEAL_KEY] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                      11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                      22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
static const slip_key ours = {{"a-room", 6}, key};
static const char vector[] =
    "INww023S6NVAoYTMg-69ceS-Nn-ioPrw6UGPp30IzAlFCMVsFA7dDQ7BvaVT8-B8YRXpX89y"
    "lVtYx7b6Z1MK5nTCqKu7LV50x97Fx7dOhzZE-AysajDBuWNUAYDMrfu-R1K2W5iND4yGLGKT"
    "YRQYUIlrhFRdNpjQxhvasLtSATpg6WSKVgfA1EYZOuDNO9RbGYPJ_7LhcbrVFb6S";
static const char head[] =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdefghijkl\r\na=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 00:07:0E:15:1C:23:2A:31:38:3F:46:4D:54:5B:62:69:70:77:7E:85:8C:93:9A:"
    "A1:A8:AF:B6:BD:C4:CB:D2:D9\r\n";
static const char tail[] =
    "a=sctp-port:5000\r\na=max-message-size:262144\r\n"
    "a=candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host\r\n"
    "a=candidate:2 1 udp 2130706175 2001:db8::7 65535 typ host\r\n"
    "a=candidate:3 1 udp 2130705919 01234567-89ab-cdef-0123-456789abcdef.local 1 typ host\r\n"
    "a=candidate:4 1 udp 1694498047 198.51.100.9 5001 typ srflx raddr 0.0.0.0 rport 0\r\n"
    "a=candidate:5 1 udp 16776191 203.0.113.1 5002 typ relay raddr 0.0.0.0 rport 0\r\n";

static lk_str text_of(const lk_buf *b) { return (lk_str){(const char *)b->at, b->len}; }

static lk_buf description(const char *setup) {
    lk_buf sdp = HEAP_BUF;
    heap_print(&sdp, "%sa=setup:%s\r\n%s", head, setup, tail);
    return sdp;
}

static void check_vector(void) {
    lk_buf expected = description("actpass");
    slip s;
    CHECK(slip_read(&ours, (lk_str){vector, strlen(vector)}, &s));
    CHECK(!s.answer && memcmp(s.session, "\1\2\3\4\5\6\7\10", SLIP_SESSION) == 0);
    CHECK(s.sdp.len == expected.len && memcmp(s.sdp.at, expected.at, expected.len) == 0);
    lk_buf_free(&s.sdp);
    lk_buf_free(&expected);
}

static void check_round_trip(void) {
    static const char *const setups[] = {"actpass", "active", "passive"};
    for (size_t i = 0; i < countof(setups); i++) {
        slip s = {.answer = i > 0, .session = "session", .sdp = description(setups[i])}, read;
        lk_buf text = HEAP_BUF;
        CHECK(slip_write(&ours, &s, &text));
        CHECK(slip_read(&ours, text_of(&text), &read));
        CHECK(read.answer == s.answer && memcmp(read.session, s.session, SLIP_SESSION) == 0);
        CHECK(read.sdp.len == s.sdp.len && memcmp(read.sdp.at, s.sdp.at, s.sdp.len) == 0);
        /* An offer that has chosen, or an answer that has not, is none. */
        s.answer = !s.answer;
        CHECK(!slip_write(&ours, &s, &text));
        lk_buf_free(&s.sdp);
        lk_buf_free(&read.sdp);
        lk_buf_free(&text);
    }
}

/* A description ends where its buffer does. */
static void check_exact(void) {
    lk_buf sdp = description("actpass"), text = HEAP_BUF;
    for (size_t len = 0; len <= sdp.len; len++) {
        uint8_t *copy = mem_alloc(&heap_memory, len);
        if (len > 0) memcpy(copy, sdp.at, len);
        slip s = {.sdp = {.at = copy, .len = len}};
        bool whole = slip_write(&ours, &s, &text);
        CHECK(whole == (len >= sizeof head - 1 + strlen("a=setup:actpass")));
        mem_free(&heap_memory, copy, len);
    }
    lk_buf_free(&sdp);
    lk_buf_free(&text);
}

static void check_incomplete(void) {
    static const char *const lines[] = {"a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:"};
    for (size_t i = 0; i < countof(lines); i++) {
        slip s = {.sdp = description("actpass")};
        lk_buf text = HEAP_BUF;
        char *line = strstr((char *)(uintptr_t)heap_str(&s.sdp), lines[i]);
        line[2] = 'x';
        CHECK(!slip_write(&ours, &s, &text) && text.len == 0);
        lk_buf_free(&s.sdp);
    }
}

static void check_refused(void) {
    slip s;
    const slip_key room = {{"b-room", 6}, key};
    uint8_t another[SEAL_KEY];
    memcpy(another, key, SEAL_KEY);
    another[31] ^= 1;
    lk_str text = {vector, strlen(vector)};
    CHECK(!slip_read(&room, text, &s));
    CHECK(!slip_read(&(slip_key){{"a-room", 6}, another}, text, &s));
    for (size_t len = 0; len < text.len; len++) CHECK(!slip_read(&ours, (lk_str){vector, len}, &s));
    CHECK(!slip_read(&ours, (lk_str){"offer!", 6}, &s));
}

/* What is sealed as it should be and says anything at all: a member's work. */
static void try_packed(lk_bytes packed) {
    lk_buf sealed = HEAP_BUF, text = HEAP_BUF;
    slip s;
    seal_slip_close(key, ours.room, packed, &sealed);
    base64url_write(&text, (lk_bytes){sealed.at, sealed.len});
    if (slip_read(&ours, text_of(&text), &s)) {
        CHECK(strlen(heap_str(&s.sdp)) == s.sdp.len);
        lk_buf_free(&s.sdp);
    }
    lk_buf_free(&sealed);
    lk_buf_free(&text);
}

static void check_hostile(void) {
    lk_buf sealed = HEAP_BUF, packed = HEAP_BUF;
    CHECK(base64url_read(&sealed, (lk_str){vector, strlen(vector)}));
    CHECK(seal_slip_open(key, ours.room, (lk_bytes){sealed.at, sealed.len}, &packed));
    for (size_t len = 0; len <= packed.len; len++) try_packed((lk_bytes){packed.at, len});
    for (size_t at = 0; at < packed.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            packed.at[at] ^= (uint8_t)(1 << bit);
            try_packed((lk_bytes){packed.at, packed.len});
            packed.at[at] ^= (uint8_t)(1 << bit);
        }
    lk_buf_free(&sealed);
    lk_buf_free(&packed);
}

int main(void) {
    check_vector();
    check_round_trip();
    check_exact();
    check_incomplete();
    check_refused();
    check_hostile();
    puts("slip: the page's slips, and a member who lies");
    return 0;
}
