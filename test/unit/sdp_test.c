/* SPDX-License-Identifier: MIT
 * sdp_test.c - descriptions as browsers write them, our own, and broken ones. */
#include "check.h"

#include "base/limits.h"
#include "rtc/sdp.h"

/* Chromium 156 and Firefox 153, data channel only. */
static const char chromium[] =
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
    "a=candidate:1467250027 1 udp 2122260223 192.168.77.2 46243 typ host generation 0\r\n"
    "a=candidate:435653019 1 tcp 1518280447 192.168.77.2 9 typ host tcptype active\r\n"
    "a=candidate:1 1 udp 2113937151 0e2c-b0.local 46243 typ host\r\n"
    "a=ice-ufrag:9uB6\r\na=ice-pwd:YOTCgZNZ4i1FIxr+Uuz6BLi5\r\na=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 "
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:"
    "1f\r\n"
    "a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";
static const char firefox[] =
    "v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 5133 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "a=fingerprint:sha-256 "
    "FF:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:"
    "1F\r\n"
    "a=group:BUNDLE data\r\na=ice-options:trickle\r\na=msid-semantic:WMS *\r\n"
    "m=application 33425 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 10.0.0.9\r\na=sendrecv\r\n"
    "a=end-of-candidates\r\na=ice-pwd:a0a7c3db2fb0b8a0a7b6d0a5b0f3b7a2\r\na=ice-ufrag:7f7d5b8e\r\n"
    "a=mid:data\r\na=setup:active\r\na=sctp-port:5001\r\na=max-message-size:1073741823\r\n";

static lk_str str(const char *s) { return (lk_str){s, strlen(s)}; }

static void check_chromium(void) {
    sdp_session s;
    CHECK_EQ(sdp_read(str(chromium), &s, NULL), LK_OK);
    CHECK_BYTES(s.ufrag.at, s.ufrag.len, "9uB6", 4);
    CHECK_BYTES(s.pwd.at, s.pwd.len, "YOTCgZNZ4i1FIxr+Uuz6BLi5", 24);
    CHECK_EQ(s.fingerprint_len, 1);
    for (int i = 0; i < SDP_FINGERPRINT; i++) CHECK_EQ(s.fingerprints[0][i], i);
    CHECK_EQ(s.setup, SDP_ACTPASS);
    CHECK_EQ(s.sctp_port, 5000);
    CHECK_EQ(s.message_max, 262144);
    CHECK_EQ(s.candidate_len, 1); /* neither the TCP one nor the name */
    CHECK(!s.complete && !s.lite);
}

static void check_firefox(void) {
    sdp_session s;
    CHECK_EQ(sdp_read(str(firefox), &s, NULL), LK_OK);
    CHECK_BYTES(s.mid.at, s.mid.len, "data", 4);
    CHECK_EQ(s.fingerprints[0][0], 0xff); /* of the session, for all sections */
    CHECK_EQ(s.setup, SDP_ACTIVE);
    CHECK_EQ(s.sctp_port, 5001);
    CHECK_EQ(s.message_max, 1073741823);
    CHECK(s.complete);
}

/* `text` with the first `from` replaced by `to`. */
static lk_buf edited(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    CHECK(at != NULL);
    lk_buf out = {0};
    CHECK(buf_append(&out, text, (size_t)(at - text)) && buf_append(&out, to, strlen(to)) &&
          buf_append(&out, at + strlen(from), strlen(at + strlen(from))));
    return out;
}

/* The fault lies at the first `where` of the edited text, or at its end. */
static void check_refused(const char *from, const char *to, const char *where) {
    sdp_session s;
    lk_fault fault;
    lk_buf text = edited(chromium, from, to);
    CHECK_EQ(sdp_read((lk_str){(const char *)text.at, text.len}, &s, &fault), LK_ECORRUPT);
    CHECK(fault.what != NULL);
    CHECK(buf_append(&text, "", 1));
    const char *want = where == NULL ? NULL : strstr((const char *)text.at, where);
    CHECK_EQ(fault.offset, want == NULL ? text.len - 1 : (size_t)(want - (const char *)text.at));
    lk_buf_free(&text);
}

static void check_refusals(void) {
    check_refused("a=setup:actpass\r\n", "", NULL);
    check_refused("setup:actpass", "setup:holdconn", "holdconn");
    check_refused("a=ice-ufrag:9uB6\r\n", "", NULL);
    check_refused("ufrag:9uB6", "ufrag:9uB", "9uB");
    check_refused("+Uuz6BLi5", "+Uu z6BLi5", "YOTC");
    check_refused("YOTCgZNZ4i1FIxr+Uuz6BLi5", "YOTCgZNZ4i1FIxr+Uuz6B", "YOTC");
    check_refused("sha-256 00:01", "sha-256 00:0g", "00:0g");
    check_refused(":1f\r\n", "\r\n", "00:01");
    check_refused("fingerprint:sha-256", "fingerprint:sha-1", NULL);
    check_refused("sctp-port:5000", "sctp-port:65536", "65536");
    check_refused("a=sctp-port:5000\r\n", "", NULL);
    check_refused("max-message-size:262144", "max-message-size:-1", "-1");
    check_refused("m=application", "m=audio", "m=audio");
    check_refused("a=mid:0", "m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video");
    check_refused("m=application 9", "m=application 0", "0 UDP/DTLS/SCTP");
    check_refused("UDP/DTLS/SCTP", "DTLS/SCTP", "DTLS/SCTP");
    check_refused("1 udp 2122260223", "1 udp pr", "pr 192");
    check_refused("s=-\r\n", "gibberish\r\n", "gibberish");
}

static void check_absent_size(void) {
    sdp_session s;
    lk_buf text = edited(chromium, "a=max-message-size:262144\r\n", "");
    CHECK_EQ(sdp_read((lk_str){(const char *)text.at, text.len}, &s, NULL), LK_OK);
    CHECK_EQ(s.message_max, 65536);
    lk_buf_free(&text);
}

/* Two hashes we do not know and two certificates: the peer may show either. */
static void check_fingerprints(void) {
    sdp_session s;
    lk_buf text = edited(firefox, "a=group",
                         "a=fingerprint:sha-512 00\r\na=fingerprint:sha-1 "
                         "00\r\na=fingerprint:SHA-256 "
                         "01:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:"
                         "11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\na=g");
    CHECK_EQ(sdp_read((lk_str){(const char *)text.at, text.len}, &s, NULL), LK_OK);
    CHECK_EQ(s.fingerprint_len, 2);
    CHECK_EQ(s.fingerprints[1][0], 1);
    lk_buf_free(&text);
}

static void check_limits(void) {
    sdp_session s;
    lk_buf text = {0};
    CHECK(buf_append(&text, chromium, strlen(chromium)));
    for (int i = 0; i < 200; i++) {
        char line[100];
        int len = snprintf(line, sizeof line, "a=candidate:1 1 udp 5 10.0.0.%d 5 typ host\n", i);
        CHECK(buf_append(&text, line, (size_t)len));
    }
    CHECK_EQ(sdp_read((lk_str){(const char *)text.at, text.len}, &s, NULL), LK_OK);
    CHECK_EQ(s.candidate_len, SDP_CANDIDATES);
    while (text.len < LIMIT_SDP_BYTES) CHECK(buf_append(&text, "\n", 1));
    CHECK_EQ(sdp_read((lk_str){(const char *)text.at, text.len}, &s, NULL), LK_OK);
    CHECK(buf_append(&text, "\n", 1));
    CHECK_EQ(sdp_read((lk_str){(const char *)text.at, text.len}, &s, NULL), LK_ELIMIT);
    lk_buf_free(&text);
}

static void check_round_trip(void) {
    sdp_session s = {.ufrag = {"abcd1234", 8},
                     .pwd = {"abcdefghijklmnopqrstuvwx", 24},
                     .mid = {"x", 1},
                     .id = 5,
                     .fingerprint_len = 1,
                     .setup = SDP_PASSIVE,
                     .sctp_port = 5000,
                     .message_max = 1234,
                     .complete = true,
                     .candidate_len = 1,
                     .candidates[0] = {.addr = {.family = 4, .port = 9, .ip = {10, 0, 0, 1}}}},
                back;
    for (int i = 0; i < SDP_FINGERPRINT; i++) s.fingerprints[0][i] = (uint8_t)(i * 37);
    lk_buf out = {0};
    CHECK_EQ(sdp_write(&s, &out), LK_OK);
    CHECK_EQ(sdp_read((lk_str){(const char *)out.at, out.len}, &back, NULL), LK_OK);
    CHECK_BYTES(back.pwd.at, back.pwd.len, s.pwd.at, s.pwd.len);
    CHECK_BYTES(back.mid.at, back.mid.len, "x", 1);
    CHECK_BYTES(back.fingerprints[0], SDP_FINGERPRINT, s.fingerprints[0], SDP_FINGERPRINT);
    CHECK_EQ(back.setup, SDP_PASSIVE);
    CHECK_EQ(back.message_max, 1234);
    CHECK(back.complete && back.candidate_len == 1);
    lk_buf_free(&out);
}

int main(void) {
    check_chromium();
    check_firefox();
    check_refusals();
    check_absent_size();
    check_fingerprints();
    check_limits();
    check_round_trip();
    printf("sdp_test: ok\n");
    return 0;
}
