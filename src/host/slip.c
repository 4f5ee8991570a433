/* SPDX-License-Identifier: MIT
 * slip.c - what a slip holds, before it is sealed:
 *
 *     setup            1 byte: 0 actpass (an offer), 1 active, 2 passive
 *     session          8 bytes
 *     fingerprint      32 bytes, SHA-256
 *     ufrag, password  each a byte that says how long, and so many characters
 *     candidates       kind << 2 | family, 1 byte; port, 2 bytes, big-endian; 4 or 16 bytes
 *
 * Families: IPv4, IPv6, and the UUID of an mDNS name. Kinds: host, server-reflexive, relayed. */
#include "host/slip.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/hidden_name.h"
#include "base/str.h"
#include "host/base64url.h"
#include "host/heap.h"

#define SLIP_FINGERPRINT 32
/* More paths than that make a code that is hard to scan. */
#define SLIP_CANDIDATES 10

static const char *const slip_setups[] = {"actpass", "active", "passive"};
static const char *const slip_kinds[] = {"host", "srflx", "relay"};
/* RFC 8445 section 5.1.2.2: what they are preferred by. */
static const uint32_t slip_preference[] = {126, 100, 0};
enum { SLIP_V4, SLIP_V6, SLIP_MDNS };

/* ---- writing ---- */

static bool slip_ends_line(char c) { return c == '\r' || c == '\n'; }

/* What follows `name` on the next line of `*sdp` that begins with it, which is passed; at NULL:
 * there is none. */
static lk_str slip_value(lk_str *sdp, const char *name) {
    size_t len = strlen(name);
    while (sdp->len > 0) {
        size_t end = 0, next;
        while (end < sdp->len && !slip_ends_line(sdp->at[end])) end++;
        for (next = end; next < sdp->len && slip_ends_line(sdp->at[next]);) next++;
        lk_str line = {sdp->at, end};
        *sdp = (lk_str){sdp->at + next, sdp->len - next};
        if (line.len >= len && memcmp(line.at, name, len) == 0)
            return (lk_str){line.at + len, line.len - len};
    }
    return (lk_str){0};
}

static lk_str slip_only_value(lk_str sdp, const char *name) { return slip_value(&sdp, name); }

static int slip_index(lk_str word, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (str_is(word, words[i])) return i;
    return -1;
}

static void slip_byte(lk_buf *out, size_t value) { buf_append(out, &(uint8_t){(uint8_t)value}, 1); }

/* What family it is of, or -1. */
static int slip_address(const char *text, uint8_t address[16]) {
    if (inet_pton(AF_INET, text, address) == 1) return SLIP_V4;
    if (inet_pton(AF_INET6, text, address) == 1) return SLIP_V6;
    return hidden_name_read((lk_str){text, strlen(text)}, address) ? SLIP_MDNS : -1;
}

/* Nothing, if it is of no use in a slip. */
static void slip_write_candidate(lk_str line, lk_buf *out) {
    char transport[8], name[64], kind[8];
    uint8_t address[16];
    unsigned component, port;
    lk_buf text = HEAP_BUF;
    heap_print(&text, "%.*s", (int)line.len, line.at);
    bool good = sscanf(heap_str(&text), "%*s %u %7s %*u %63s %u typ %7s", &component, transport,
                       name, &port, kind) == 5 &&
                component == 1 && strcasecmp(transport, "udp") == 0 && port <= UINT16_MAX;
    int of = good ? slip_index((lk_str){kind, strlen(kind)}, slip_kinds, countof(slip_kinds)) : -1;
    int family = of < 0 ? -1 : slip_address(name, address);
    if (family >= 0) {
        slip_byte(out, (size_t)of << 2 | (size_t)family);
        slip_byte(out, port >> 8);
        slip_byte(out, port);
        buf_append(out, address, family == SLIP_V4 ? 4 : 16);
    }
    lk_buf_free(&text);
}

static bool slip_pack(const slip *s, lk_buf *out) {
    lk_str sdp = {(const char *)s->sdp.at, s->sdp.len};
    lk_str texts[] = {slip_only_value(sdp, "a=ice-ufrag:"), slip_only_value(sdp, "a=ice-pwd:")};
    int setup =
        slip_index(slip_only_value(sdp, "a=setup:"), slip_setups, (int)countof(slip_setups));
    lk_str fingerprint = slip_only_value(sdp, "a=fingerprint:sha-256 ");
    if (setup < 0 || (setup > 0) != s->answer) return false;
    slip_byte(out, (size_t)setup);
    buf_append(out, s->session, SLIP_SESSION);
    uint8_t hash[SLIP_FINGERPRINT];
    if (!hex_read_colons(fingerprint, hash, sizeof hash)) return false;
    buf_append(out, hash, sizeof hash);
    for (size_t i = 0; i < countof(texts); i++) {
        if (texts[i].len == 0 || texts[i].len > UINT8_MAX) return false;
        slip_byte(out, texts[i].len);
        buf_append(out, texts[i].at, texts[i].len);
    }
    lk_str line;
    for (int i = 0; i < SLIP_CANDIDATES; i++) {
        if ((line = slip_value(&sdp, "a=candidate:")).at == NULL) break;
        slip_write_candidate(line, out);
    }
    return true;
}

bool slip_write(const slip_key *k, const slip *s, lk_buf *out) {
    lk_buf packed = HEAP_BUF, sealed = HEAP_BUF;
    bool good = slip_pack(s, &packed);
    if (good) {
        seal_slip_close(k->key, k->room, (lk_bytes){packed.at, packed.len}, &sealed);
        base64url_write(out, (lk_bytes){sealed.at, sealed.len});
    }
    lk_buf_free(&packed);
    lk_buf_free(&sealed);
    return good;
}

/* ---- reading ---- */

static void slip_read_text(reader *r, const char *name, lk_buf *sdp) {
    lk_bytes text = reader_take(r, reader_u8(r));
    heap_print(sdp, "a=%s:", name);
    /* Whoever sealed it has the key; all the same a line stays a line. */
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] > ' ' && text.at[i] < 127)
            slip_byte(sdp, text.at[i]);
        else
            reader_fail(r, LK_ECORRUPT, "not printable");
    heap_print(sdp, "\r\n");
}

static void slip_read_candidate(reader *r, unsigned number, lk_buf *sdp) {
    unsigned head = reader_u8(r), family = head & 3, kind = head >> 2, port = reader_u16be(r);
    const uint8_t *a = reader_take(r, family == SLIP_V4 ? 4 : 16).at;
    if (family > SLIP_MDNS || kind >= countof(slip_kinds))
        reader_fail(r, LK_ECORRUPT, "candidate is of an unknown kind");
    if (!reader_ok(r)) return;
    char address[INET6_ADDRSTRLEN] = {0}; /* more than a name has */
    if (family == SLIP_MDNS)
        hidden_name_write(a, address);
    else
        inet_ntop(family == SLIP_V4 ? AF_INET : AF_INET6, a, address, sizeof address);
    uint32_t priority = slip_preference[kind] << 24 | (65535 - number) << 8 | 255;
    heap_print(sdp, "a=candidate:%u 1 udp %" PRIu32 " %s %u typ %s%s\r\n", number + 1, priority,
               address, port, slip_kinds[kind], kind == 0 ? "" : " raddr 0.0.0.0 rport 0");
}

static bool slip_unpack(reader *r, slip *out) {
    lk_buf *sdp = &out->sdp;
    unsigned setup = reader_u8(r);
    lk_bytes session = reader_take(r, SLIP_SESSION);
    lk_bytes fingerprint = reader_take(r, SLIP_FINGERPRINT);
    if (setup >= countof(slip_setups) || !reader_ok(r)) return false;
    out->answer = setup > 0;
    memcpy(out->session, session.at, SLIP_SESSION);
    heap_print(sdp, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
                    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
                    "a=mid:0\r\n");
    slip_read_text(r, "ice-ufrag", sdp);
    slip_read_text(r, "ice-pwd", sdp);
    heap_print(sdp, "a=ice-options:trickle\r\na=fingerprint:sha-256 ");
    writer w = writer_new(sdp);
    hex_write_colons(&w, fingerprint);
    heap_print(sdp, "\r\na=setup:%s\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n",
               slip_setups[setup]);
    for (unsigned i = 0; reader_ok(r) && reader_left(r) > 0 && i < SLIP_CANDIDATES; i++)
        slip_read_candidate(r, i, sdp);
    return reader_ok(r);
}

bool slip_read(const slip_key *k, lk_str text, slip *out) {
    lk_buf sealed = HEAP_BUF, packed = HEAP_BUF;
    *out = (slip){.sdp = HEAP_BUF};
    bool good = base64url_read(&sealed, text) &&
                seal_slip_open(k->key, k->room, (lk_bytes){sealed.at, sealed.len}, &packed);
    reader r = reader_new((lk_bytes){packed.at, packed.len});
    good = good && slip_unpack(&r, out);
    if (!good) lk_buf_free(&out->sdp);
    lk_buf_free(&sealed);
    lk_buf_free(&packed);
    return good;
}
