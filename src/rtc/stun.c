/* SPDX-License-Identifier: MIT
 * stun.c - the STUN codec.
 *
 *      0                   2              4                        8               20
 *     +-------------------+--------------+------------------------+----------------+----...
 *     | type              | length of    | magic cookie           | transaction id | attributes
 *     | (first bits 00)   | attributes   | 0x2112A442             | 12 bytes       |
 *     +-------------------+--------------+------------------------+----------------+----...
 *
 * An attribute is type, length and value, padded to four bytes. MESSAGE-INTEGRITY covers all before
 * it, with the length field counting up to its own end; FINGERPRINT comes last and does the same.
 */
#include "rtc/stun.h"

#include "base/bytes.h"
#include "rtc/dtls.h"

#define STUN_HEADER 20
#define STUN_COOKIE 0x2112a442u
#define STUN_FINGERPRINT_XOR 0x5354554eu /* RFC 8489 section 14.7: so that no other CRC matches */

enum {
    ATTR_MAPPED_ADDRESS = 0x0001,
    ATTR_USERNAME = 0x0006,
    ATTR_MESSAGE_INTEGRITY = 0x0008,
    ATTR_ERROR_CODE = 0x0009,
    ATTR_UNKNOWN_ATTRIBUTES = 0x000a,
    ATTR_LIFETIME = 0x000d,
    ATTR_XOR_PEER_ADDRESS = 0x0012,
    ATTR_DATA = 0x0013,
    ATTR_REALM = 0x0014,
    ATTR_NONCE = 0x0015,
    ATTR_XOR_RELAYED_ADDRESS = 0x0016,
    ATTR_REQUESTED_TRANSPORT = 0x0019,
    ATTR_MESSAGE_INTEGRITY_SHA256 = 0x001c,
    ATTR_XOR_MAPPED_ADDRESS = 0x0020,
    ATTR_PRIORITY = 0x0024,
    ATTR_USE_CANDIDATE = 0x0025,
    ATTR_FINGERPRINT = 0x8028,
    ATTR_ICE_CONTROLLED = 0x8029,
    ATTR_ICE_CONTROLLING = 0x802a,
};

/* CRC-32 (ITU V.42) by half bytes: messages are short, and a table of 16 stays in cache. */
static uint32_t stun_crc(const uint8_t *at, size_t len, uint32_t crc) {
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

static uint32_t stun_fingerprint(const uint8_t *at, size_t len) {
    return ~stun_crc(at, len, ~0u) ^ STUN_FINGERPRINT_XOR;
}

bool stun_is(lk_bytes d) {
    return d.len >= STUN_HEADER && d.at[0] < 4 && d.at[4] == 0x21 && d.at[5] == 0x12 &&
           d.at[6] == 0xa4 && d.at[7] == 0x42;
}

/* ---- reading ---- */

static void stun_read_address(reader *value, bool xored, const uint8_t *header, lk_addr *out) {
    reader_u8(value);
    uint8_t family = reader_u8(value);
    uint16_t port = reader_u16be(value);
    if (family != 1 && family != 2) {
        reader_fail(value, LK_ECORRUPT, "address is of an unknown family");
        return;
    }
    lk_addr a = {.family = family == 1 ? 4 : 6, .port = port};
    lk_bytes ip = reader_take(value, family == 1 ? 4 : 16);
    /* the mask is the cookie, and for IPv6 the transaction id behind it */
    for (size_t i = 0; i < ip.len; i++) a.ip[i] = xored ? ip.at[i] ^ header[4 + i] : ip.at[i];
    if (xored) a.port ^= STUN_COOKIE >> 16;
    if (reader_ok(value)) *out = a;
}

static void stun_read_error(reader *value, stun_message *m) {
    reader_u16be(value);
    unsigned class = reader_u8(value) & 7, number = reader_u8(value);
    if (class < 3 || class > 6 || number > 99)
        reader_fail(value, LK_ECORRUPT, "error code is out of range");
    else
        m->error = (uint16_t)(class * 100 + number);
}

static lk_str stun_text(const reader *value) {
    return (lk_str){(const char *)value->at, reader_left(value)};
}

static void stun_read_attribute(reader *value, uint16_t type, const uint8_t *header,
                                stun_message *m) {
    switch (type) {
    case ATTR_USERNAME: m->username = stun_text(value); break;
    case ATTR_REALM: m->realm = stun_text(value); break;
    case ATTR_NONCE: m->nonce = stun_text(value); break;
    case ATTR_LIFETIME: m->lifetime_s = reader_u32be(value); break;
    case ATTR_DATA: m->data = (lk_bytes){value->at, reader_left(value)}; break;
    case ATTR_XOR_PEER_ADDRESS: stun_read_address(value, true, header, &m->peer); break;
    case ATTR_XOR_RELAYED_ADDRESS: stun_read_address(value, true, header, &m->relayed); break;
    case ATTR_PRIORITY:
        m->priority = reader_u32be(value);
        m->has_priority = true;
        break;
    case ATTR_ICE_CONTROLLED:
    case ATTR_ICE_CONTROLLING:
        m->tie_breaker = reader_u64be(value);
        if (type == ATTR_ICE_CONTROLLED)
            m->controlled = true;
        else
            m->controlling = true;
        break;
    case ATTR_USE_CANDIDATE: m->use_candidate = true; break;
    case ATTR_XOR_MAPPED_ADDRESS: stun_read_address(value, true, header, &m->mapped); break;
    case ATTR_MAPPED_ADDRESS: /* what servers older than RFC 5389 send */
        if (m->mapped.family == 0) stun_read_address(value, false, header, &m->mapped);
        break;
    case ATTR_ERROR_CODE: stun_read_error(value, m); break;
    case ATTR_UNKNOWN_ATTRIBUTES:
    case ATTR_MESSAGE_INTEGRITY_SHA256: break;
    default: /* RFC 8489 section 14: below 0x8000 comprehension is required */
        if (type < 0x8000 && m->unknown == 0) m->unknown = type;
    }
}

static void stun_check_fingerprint(reader *value, lk_bytes datagram, size_t at) {
    uint32_t want = stun_fingerprint(datagram.at, at);
    if (reader_u32be(value) != want) reader_fail(value, LK_ECORRUPT, "FINGERPRINT is wrong");
    if (at + 8 != datagram.len) reader_fail(value, LK_ECORRUPT, "FINGERPRINT is not the last");
}

lk_status stun_read(lk_bytes datagram, stun_message *out, lk_fault *fault) {
    reader r = reader_new(datagram);
    *out = (stun_message){.type = reader_u16be(&r)};
    uint16_t len = reader_u16be(&r);
    if (!stun_is(datagram))
        reader_fail(&r, LK_ECORRUPT, "not a STUN message");
    else if (len != datagram.len - STUN_HEADER || len % 4 != 0)
        reader_fail(&r, LK_ECORRUPT, "length of the message is wrong");
    reader_u32be(&r);
    out->id = reader_take(&r, STUN_ID).at;
    while (reader_left(&r) > 0) {
        size_t at = reader_offset(&r);
        uint16_t type = reader_u16be(&r), value_len = reader_u16be(&r);
        reader value = reader_sub(&r, value_len);
        reader_take(&r, (size_t)(-value_len & 3));
        if (type == ATTR_FINGERPRINT)
            stun_check_fingerprint(&value, datagram, at);
        else if (out->integrity != 0)
            continue; /* unprotected, so RFC 8489 section 14.5 ignores it */
        else if (type == ATTR_MESSAGE_INTEGRITY) {
            out->integrity = at;
            out->integrity_value = reader_take(&value, DTLS_HMAC_SHA1);
            reader_finish(&value, "MESSAGE-INTEGRITY is too long");
        } else
            stun_read_attribute(&value, type, datagram.at, out);
        reader_adopt(&r, &value);
    }
    if (fault != NULL) *fault = r.fault;
    return r.fault.code;
}

bool stun_verify(lk_bytes datagram, const stun_message *m, lk_str key) {
    if (m->integrity == 0 || m->integrity + 4 + DTLS_HMAC_SHA1 > STUN_MAX) return false;
    uint8_t covered[STUN_MAX], mac[DTLS_HMAC_SHA1];
    __builtin_memcpy(covered, datagram.at, m->integrity);
    size_t len = m->integrity + 4 + DTLS_HMAC_SHA1 - STUN_HEADER;
    covered[2] = (uint8_t)(len >> 8);
    covered[3] = (uint8_t)len;
    if (!dtls_hmac_sha1(key, (lk_bytes){covered, m->integrity}, mac)) return false;
    return dtls_same(mac, m->integrity_value.at, sizeof mac);
}

/* ---- writing ---- */

static void stun_put(stun_writer *w, const void *at, size_t len) {
    LK_ASSERT(len <= sizeof w->at - w->len);
    if (len > 0) __builtin_memcpy(w->at + w->len, at, len);
    w->len += len;
}

static void stun_put_int(stun_writer *w, uint64_t v, size_t len) {
    uint8_t b[8];
    for (size_t i = 0; i < len; i++) b[len - 1 - i] = (uint8_t)(v >> (8 * i));
    stun_put(w, b, len);
}

static void stun_attribute(stun_writer *w, uint16_t type, size_t len) {
    stun_put_int(w, type, 2);
    stun_put_int(w, len, 2);
}

static void stun_pad(stun_writer *w) { stun_put_int(w, 0, -w->len & 3); }

/* Make the header count the attributes so far and `more` bytes to come. */
static void stun_count(stun_writer *w, size_t more) {
    size_t len = w->len - STUN_HEADER + more;
    w->at[2] = (uint8_t)(len >> 8);
    w->at[3] = (uint8_t)len;
}

void stun_begin(stun_writer *w, stun_type type, const uint8_t *id) {
    w->len = 0;
    stun_put_int(w, type, 2);
    stun_put_int(w, 0, 2);
    stun_put_int(w, STUN_COOKIE, 4);
    stun_put(w, id, STUN_ID);
}

void stun_username(stun_writer *w, lk_str theirs, lk_str ours) {
    stun_attribute(w, ATTR_USERNAME, theirs.len + 1 + ours.len);
    stun_put(w, theirs.at, theirs.len);
    stun_put(w, ":", 1);
    stun_put(w, ours.at, ours.len);
    stun_pad(w);
}

void stun_priority(stun_writer *w, uint32_t priority) {
    stun_attribute(w, ATTR_PRIORITY, 4);
    stun_put_int(w, priority, 4);
}

void stun_role(stun_writer *w, bool controlling, uint64_t tie_breaker) {
    stun_attribute(w, controlling ? ATTR_ICE_CONTROLLING : ATTR_ICE_CONTROLLED, 8);
    stun_put_int(w, tie_breaker, 8);
}

void stun_use_candidate(stun_writer *w) { stun_attribute(w, ATTR_USE_CANDIDATE, 0); }

static void stun_address(stun_writer *w, uint16_t type, const lk_addr *addr) {
    size_t len = addr->family == 4 ? 4 : 16;
    uint8_t ip[16];
    for (size_t i = 0; i < len; i++) ip[i] = addr->ip[i] ^ w->at[4 + i];
    stun_attribute(w, type, 4 + len);
    stun_put_int(w, addr->family == 4 ? 1 : 2, 2);
    stun_put_int(w, addr->port ^ (STUN_COOKIE >> 16), 2);
    stun_put(w, ip, len);
}

void stun_mapped(stun_writer *w, const lk_addr *addr) {
    stun_address(w, ATTR_XOR_MAPPED_ADDRESS, addr);
}
void stun_peer(stun_writer *w, const lk_addr *addr) {
    stun_address(w, ATTR_XOR_PEER_ADDRESS, addr);
}

void stun_transport_udp(stun_writer *w) {
    stun_attribute(w, ATTR_REQUESTED_TRANSPORT, 4);
    stun_put_int(w, (uint64_t)17 << 24, 4);
}

void stun_lifetime(stun_writer *w, uint32_t seconds) {
    stun_attribute(w, ATTR_LIFETIME, 4);
    stun_put_int(w, seconds, 4);
}

static void stun_value(stun_writer *w, uint16_t type, const void *at, size_t len) {
    stun_attribute(w, type, len);
    stun_put(w, at, len);
    stun_pad(w);
}

void stun_credentials(stun_writer *w, lk_str username, lk_str realm, lk_str nonce) {
    stun_value(w, ATTR_USERNAME, username.at, username.len);
    stun_value(w, ATTR_REALM, realm.at, realm.len);
    stun_value(w, ATTR_NONCE, nonce.at, nonce.len);
}

void stun_data(stun_writer *w, lk_bytes data) { stun_value(w, ATTR_DATA, data.at, data.len); }

void stun_error(stun_writer *w, uint16_t code, lk_str reason) {
    stun_attribute(w, ATTR_ERROR_CODE, 4 + reason.len);
    stun_put_int(w, (uint64_t)(code / 100 << 8 | code % 100), 4);
    stun_put(w, reason.at, reason.len);
    stun_pad(w);
}

void stun_unknown(stun_writer *w, uint16_t attribute) {
    stun_attribute(w, ATTR_UNKNOWN_ATTRIBUTES, 2);
    stun_put_int(w, attribute, 2);
    stun_pad(w);
}

lk_bytes stun_plain(stun_writer *w) {
    stun_count(w, 0);
    return (lk_bytes){w->at, w->len};
}

lk_bytes stun_seal(stun_writer *w, lk_str key) {
    if (key.len > 0) {
        uint8_t mac[DTLS_HMAC_SHA1];
        stun_count(w, 4 + sizeof mac);
        /* a failing HMAC leaves a message that the other side ignores, like a lost one */
        if (!dtls_hmac_sha1(key, (lk_bytes){w->at, w->len}, mac))
            __builtin_memset(mac, 0, sizeof mac);
        stun_attribute(w, ATTR_MESSAGE_INTEGRITY, sizeof mac);
        stun_put(w, mac, sizeof mac);
    }
    stun_count(w, 8);
    uint32_t crc = stun_fingerprint(w->at, w->len);
    stun_attribute(w, ATTR_FINGERPRINT, 4);
    stun_put_int(w, crc, 4);
    return (lk_bytes){w->at, w->len};
}
