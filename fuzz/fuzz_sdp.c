/* SPDX-License-Identifier: MIT
 * fuzz_sdp.c - descriptions and candidates that come by signalling. What is accepted can be written
 * and read again. */
#include "fuzz/fuzz.h"

#include "check.h"
#include "rtc/sdp.h"

size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    static const char *const seeds[] = {
        "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
        "a=candidate:14 1 udp 2122260223 192.168.77.2 46243 typ host generation 0 ufrag 9uB6\r\n"
        "a=candidate:1 1 udp 16 2001:db8::1 9 typ srflx raddr ::1 rport 4\r\na=ice-lite\r\n"
        "a=ice-ufrag:9uB6\r\na=ice-pwd:YOTCgZNZ4i1FIxr+Uuz6BLi5\r\na=ice-options:trickle\r\n"
        "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:"
        "16:17:18:19:1A:1B:1C:1D:1E:1f\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n"
        "a=max-message-size:262144\r\na=end-of-candidates\r\n",
        ("candidate:842163049 1 udp 1677729535 203.0.113.9 46622 typ srflx raddr 10.0.0.2 "
         "rport 46 generation 0 ufrag 4ZcD network-cost 10"),
        "candidate:1 1 udp 2113937151 4a9a58c8-34a1-4e9c-8a9a-f2a34a9a58c8.local 5 typ host",
    };
    if (n >= countof(seeds)) return 0;
    size_t len = strlen(seeds[n]);
    CHECK(len <= cap);
    memcpy(out, seeds[n], len);
    return len;
}

static void fuzz_again(sdp_session *s) {
    static sdp_session back;
    lk_buf out = {0};
    CHECK_EQ(sdp_write(s, &out), LK_OK);
    CHECK_EQ(sdp_read((lk_str){(const char *)out.at, out.len}, &back, NULL), LK_OK);
    CHECK_EQ(back.candidate_len, s->candidate_len);
    CHECK_EQ(back.setup, s->setup);
    CHECK_BYTES(back.ufrag.at, back.ufrag.len, s->ufrag.at, s->ufrag.len);
    CHECK_BYTES(back.fingerprints[0], SDP_FINGERPRINT, s->fingerprints[0], SDP_FINGERPRINT);
    lk_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static sdp_session s;
    lk_str text = {(const char *)data, size}, ufrag;
    lk_fault fault;
    candidate c;
    if (sdp_read(text, &s, &fault) == LK_OK) {
        for (size_t i = 0; i < s.candidate_len;) { /* we write addresses only */
            candidate *one = &s.candidates[i];
            one->base = one->addr;
            if (one->hidden)
                *one = s.candidates[--s.candidate_len];
            else
                i++;
        }
        fuzz_again(&s);
    } else
        CHECK(fault.what != NULL && fault.offset <= size);
    if (candidate_read(text, &c, &ufrag, &fault) == LK_ECORRUPT) CHECK(fault.offset <= size);
    return 0;
}
