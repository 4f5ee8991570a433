/* SPDX-License-Identifier: MIT
 * sdp.c - descriptions of the one thing we talk about:
 *
 *     v=0 o= s= t=        the session; attributes here hold for every section
 *     m=application 9 UDP/DTLS/SCTP webrtc-datachannel
 *     a=...               ours
 *
 * Exactly one section is accepted, because an answer must have as many sections as its offer. */
#include "rtc/sdp.h"

#include "base/bytes.h"
#include "base/hex.h"
#include "base/limits.h"

/* RFC 8841 section 6: without the attribute, 64 KiB may be sent. */
#define SDP_MESSAGE_MAX_ABSENT 65536

typedef struct sdp_reader {
    lk_str text;
    size_t at; /* start of the line being read */
    lk_fault fault;
    bool section; /* its m= line was seen */
    bool sctp_port;
    sdp_session *out;
} sdp_reader;

static void sdp_fail(sdp_reader *r, lk_str where, const char *what) {
    if (r->fault.code == LK_OK)
        r->fault = (lk_fault){LK_ECORRUPT, (size_t)(where.at - r->text.at), what};
}

/* ---- values of attributes ---- */

/* RFC 8839 section 5.4: 4 to 256 characters of ALPHA, DIGIT, '+' and '/'; passwords at least 22. */
static lk_str sdp_credential(sdp_reader *r, lk_str value, size_t shortest) {
    bool fits = value.len >= shortest && value.len <= 256;
    for (size_t i = 0; fits && i < value.len; i++) fits = value.at[i] > ' ' && value.at[i] < 127;
    if (!fits) sdp_fail(r, value, "ICE credential is malformed");
    return value;
}

/* "sha-256 AB:CD:..."; other hashes are skipped, so that a peer may offer several. */
static void sdp_fingerprint(sdp_reader *r, lk_str value) {
    lk_str rest = value;
    if (!str_like(word_next(&rest), "sha-256")) return;
    lk_str hex = word_next(&rest);
    if (r->out->fingerprint_len == SDP_FINGERPRINTS) return;
    uint8_t *to = r->out->fingerprints[r->out->fingerprint_len];
    if (hex_read_colons(hex, to, SDP_FINGERPRINT))
        r->out->fingerprint_len++;
    else
        sdp_fail(r, hex, "fingerprint is malformed");
}

static void sdp_setup_read(sdp_reader *r, lk_str value) {
    if (str_is(value, "actpass"))
        r->out->setup = SDP_ACTPASS;
    else if (str_is(value, "active"))
        r->out->setup = SDP_ACTIVE;
    else if (str_is(value, "passive"))
        r->out->setup = SDP_PASSIVE;
    else
        sdp_fail(r, value, "setup role is not active, passive or actpass");
}

static void sdp_candidate(sdp_reader *r, lk_str line) {
    candidate c;
    lk_str ufrag;
    lk_fault fault = {LK_OK, 0, NULL};
    lk_status status = candidate_read(line, &c, &ufrag, &fault);
    if (status == LK_ECORRUPT)
        sdp_fail(r, (lk_str){line.at + fault.offset, 0}, fault.what);
    else if (status == LK_OK && r->out->candidate_len < SDP_CANDIDATES)
        r->out->candidates[r->out->candidate_len++] = c;
}

static uint64_t sdp_number(sdp_reader *r, lk_str value, uint64_t max) {
    uint64_t v = 0;
    if (!word_number(value, max, &v)) sdp_fail(r, value, "number is malformed or out of range");
    return v;
}

/* ---- lines ---- */

static void sdp_attribute(sdp_reader *r, lk_str line) {
    lk_str name = {line.at + 2, 0}, value;
    while (name.len < line.len - 2 && name.at[name.len] != ':') name.len++;
    size_t used = 2 + name.len + (2 + name.len < line.len);
    value = (lk_str){line.at + used, line.len - used};
    sdp_session *out = r->out;
    if (str_is(name, "ice-ufrag"))
        out->ufrag = sdp_credential(r, value, 4);
    else if (str_is(name, "ice-pwd"))
        out->pwd = sdp_credential(r, value, 22);
    else if (str_is(name, "fingerprint"))
        sdp_fingerprint(r, value);
    else if (str_is(name, "setup"))
        sdp_setup_read(r, value);
    else if (str_is(name, "ice-lite"))
        out->lite = true;
    else if (str_is(name, "end-of-candidates"))
        out->complete = true;
    else if (str_is(name, "candidate"))
        sdp_candidate(r, line);
    else if (str_is(name, "mid"))
        out->mid = value;
    else if (str_is(name, "max-message-size"))
        out->message_max = sdp_number(r, value, UINT64_MAX >> 1);
    else if (str_is(name, "sctp-port")) {
        out->sctp_port = (uint16_t)sdp_number(r, value, UINT16_MAX);
        r->sctp_port = true;
    }
}

static void sdp_media(sdp_reader *r, lk_str line) {
    lk_str rest = {line.at + 2, line.len - 2};
    lk_str media = word_next(&rest), port = word_next(&rest), protocol = word_next(&rest);
    if (r->section || !str_is(media, "application")) {
        sdp_fail(r, line, "a section other than one data channel");
        return;
    }
    r->section = true;
    if (str_is(port, "0")) sdp_fail(r, port, "the data channel was refused");
    /* TCP names the same stack: its candidates decide what runs below */
    if (!str_is(protocol, "UDP/DTLS/SCTP") && !str_is(protocol, "TCP/DTLS/SCTP"))
        sdp_fail(r, protocol, "protocol is not DTLS/SCTP");
    if (!str_is(word_next(&rest), "webrtc-datachannel"))
        sdp_fail(r, line, "format is not webrtc-datachannel");
}

static void sdp_line(sdp_reader *r, lk_str line) {
    if (line.len == 0) return;
    if (line.len < 2 || line.at[1] != '=')
        sdp_fail(r, line, "line is not of the form x=...");
    else if (line.at[0] == 'm')
        sdp_media(r, line);
    else if (line.at[0] == 'a')
        sdp_attribute(r, line);
}

static void sdp_finish(sdp_reader *r) {
    const sdp_session *s = r->out;
    lk_str end = {r->text.at + r->text.len, 0};
    if (!r->section) sdp_fail(r, end, "no data channel section");
    if (s->ufrag.len == 0 || s->pwd.len == 0) sdp_fail(r, end, "no ICE credentials");
    if (s->fingerprint_len == 0) sdp_fail(r, end, "no SHA-256 fingerprint");
    if (s->setup == SDP_NONE) sdp_fail(r, end, "no setup role");
    if (!r->sctp_port || s->sctp_port == 0) sdp_fail(r, end, "no sctp-port");
    if (s->mid.len > LIMIT_MID_BYTES) sdp_fail(r, s->mid, "mid is too long");
}

lk_status sdp_read(lk_str text, sdp_session *out, lk_fault *fault) {
    *out = (sdp_session){.message_max = SDP_MESSAGE_MAX_ABSENT, .mid = {"0", 1}};
    sdp_reader r = {.text = text, .fault = {LK_OK, 0, NULL}, .out = out};
    if (text.len > LIMIT_SDP_BYTES)
        r.fault = (lk_fault){LK_ELIMIT, LIMIT_SDP_BYTES, "description is too long"};
    while (r.fault.code == LK_OK && r.at < text.len) {
        lk_str line = {text.at + r.at, 0};
        while (r.at + line.len < text.len && line.at[line.len] != '\n') line.len++;
        r.at += line.len + 1;
        if (line.len > 0 && line.at[line.len - 1] == '\r') line.len--;
        sdp_line(&r, line);
    }
    if (r.fault.code == LK_OK) sdp_finish(&r);
    if (fault != NULL) *fault = r.fault;
    return r.fault.code;
}

/* ---- writing ---- */

static bool sdp_attribute_write(lk_buf *out, const char *name, lk_str value) {
    return text_append(out, "a=") && text_append(out, name) && text_append(out, ":") &&
           buf_append(out, value.at, value.len) && text_append(out, "\r\n");
}

static bool sdp_number_write(lk_buf *out, const char *name, uint64_t value) {
    return text_append(out, "a=") && text_append(out, name) && text_append(out, ":") &&
           text_append_number(out, value) && text_append(out, "\r\n");
}

static bool sdp_fingerprint_write(lk_buf *out, const uint8_t *fingerprint) {
    writer w = writer_new(out);
    if (!text_append(out, "a=fingerprint:sha-256 ")) return false;
    hex_write_colons(&w, (lk_bytes){fingerprint, SDP_FINGERPRINT});
    return !w.failed && text_append(out, "\r\n");
}

static bool sdp_session_write(const sdp_session *s, lk_buf *out) {
    return text_append(out, "v=0\r\no=- ") && text_append_number(out, s->id) &&
           text_append(out, " ") && text_append_number(out, 2u + s->version) &&
           text_append(out, " IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE ") &&
           buf_append(out, s->mid.at, s->mid.len) &&
           text_append(out, "\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                            "c=IN IP4 0.0.0.0\r\n");
}

static bool sdp_attributes_write(const sdp_session *s, lk_buf *out) {
    static const char *const setup[] = {[SDP_NONE] = "",
                                        [SDP_ACTPASS] = "a=setup:actpass\r\n",
                                        [SDP_ACTIVE] = "a=setup:active\r\n",
                                        [SDP_PASSIVE] = "a=setup:passive\r\n"};
    return sdp_attribute_write(out, "mid", s->mid) &&
           sdp_attribute_write(out, "ice-ufrag", s->ufrag) &&
           sdp_attribute_write(out, "ice-pwd", s->pwd) &&
           text_append(out, "a=ice-options:trickle\r\n") &&
           sdp_fingerprint_write(out, s->fingerprints[0]) && text_append(out, setup[s->setup]) &&
           sdp_number_write(out, "sctp-port", s->sctp_port) &&
           sdp_number_write(out, "max-message-size", s->message_max);
}

lk_status sdp_write(const sdp_session *s, lk_buf *out) {
    size_t start = out->len;
    bool ok = sdp_session_write(s, out) && sdp_attributes_write(s, out);
    for (size_t i = 0; ok && i < s->candidate_len; i++)
        ok = text_append(out, "a=") && candidate_write(&s->candidates[i], out) &&
             text_append(out, "\r\n");
    if (ok && s->complete) ok = text_append(out, "a=end-of-candidates\r\n");
    if (!ok) out->len = start;
    return ok ? LK_OK : LK_ENOMEM;
}
