/* SPDX-License-Identifier: MIT
 * mdns_message.c - questions and answers.
 *
 *     id, flags | counts: questions, answers, authorities, additional      12 bytes
 *     questions   name, type, class
 *     records     name, type, class, seconds to live, length, data
 *
 * A name is labels, each behind its length, up to an empty one; or up to a pointer to where the
 * rest of it stood before. What is read here comes from anybody in the network. */
#include "host/mdns_message.h"

#include "base/str.h"

#define MDNS_RESPONSE 0x8000u
#define MDNS_OPCODE_RCODE 0x780fu /* RFC 6762 sections 18.3 and 18.11: others are ignored */
#define MDNS_A 1u
#define MDNS_AAAA 28u
#define MDNS_IN 1u
#define MDNS_CLASS 0x7fffu /* the bit above says something else (section 10.2) */
/* RFC 1035 sections 2.3.4 and 4.1.4. Each pointer leads further back, so that there is an end; it
 * shall come soon. */
#define MDNS_LABEL 64u /* shorter than that */
#define MDNS_LABELS 255
#define MDNS_POINTER 0xc0u
#define MDNS_POINTERS 8

void mdns_query_write(lk_str name, uint8_t family, uint8_t out[MDNS_QUERY]) {
    LK_ASSERT(name.len == HIDDEN_NAME);
    lk_buf buf = {.at = out, .cap = MDNS_QUERY};
    writer w = writer_new(&buf);
    const uint16_t header[] = {0, 0, 1, 0, 0, 0}; /* one question each: Chromium reads no more */
    for (size_t i = 0; i < countof(header); i++) writer_u16be(&w, header[i]);
    size_t local = HIDDEN_NAME - 6;
    writer_bytes(&w, name.at, local);
    writer_bytes(&w, "local", 5);
    writer_u8(&w, 0);
    writer_u16be(&w, family == 4 ? MDNS_A : MDNS_AAAA);
    writer_u16be(&w, MDNS_IN);
    LK_ASSERT(!w.failed && buf.len == MDNS_QUERY);
}

/* ---- names ---- */

/* A label behind its length, with a dot in front if it is not the first. Longer names than ours are
 * no matter, but their end must be found. */
static void mdns_label(reader *r, size_t len, char name[HIDDEN_NAME], size_t *at) {
    lk_bytes label = reader_take(r, len);
    if (*at > 0 && *at < HIDDEN_NAME) name[*at] = '.';
    *at += *at > 0;
    for (size_t i = 0; i < label.len; i++, ++*at)
        if (*at < HIDDEN_NAME) name[*at] = str_small((char)label.at[i]);
}

/* Read a name. Is it one of that length? */
static bool mdns_name(reader *r, char name[HIDDEN_NAME]) {
    reader here = *r;
    size_t at = 0, before = (size_t)(here.at - here.start), len;
    int pointers = 0;
    while ((len = reader_u8(&here)) > 0) {
        if (len < MDNS_LABEL && at < MDNS_LABELS) {
            mdns_label(&here, len, name, &at);
            continue;
        }
        size_t to = (len & ~MDNS_POINTER) << 8 | reader_u8(&here);
        if (pointers++ == 0) r->at = here.at;
        if (len < MDNS_POINTER || to >= before || pointers > MDNS_POINTERS)
            reader_fail(&here, LK_ECORRUPT, "name is malformed");
        if (!reader_ok(&here)) break;
        here.at = here.start + (before = to);
    }
    if (pointers == 0) r->at = here.at;
    r->fault = here.fault;
    return reader_ok(r) && at == HIDDEN_NAME;
}

/* ---- answers ---- */

bool mdns_answers_open(lk_bytes message, mdns_answers *out) {
    char ignored[HIDDEN_NAME];
    reader *r = &out->r;
    *r = reader_new(message);
    reader_take(r, 2);
    uint16_t flags = reader_u16be(r), questions = reader_u16be(r);
    out->left = 0;
    for (int i = 0; i < 3; i++) out->left += reader_u16be(r);
    if ((flags & MDNS_RESPONSE) == 0 || (flags & MDNS_OPCODE_RCODE) != 0) return false;
    for (; questions > 0 && reader_ok(r); questions--) {
        mdns_name(r, ignored);
        reader_take(r, 4);
    }
    return reader_ok(r);
}

bool mdns_answers_next(mdns_answers *a, mdns_answer *out) {
    reader *r = &a->r;
    for (; a->left > 0 && reader_ok(r); a->left--) {
        bool ours = mdns_name(r, out->name);
        uint16_t type = reader_u16be(r), class = reader_u16be(r) & MDNS_CLASS;
        uint32_t ttl_s = reader_u32be(r);
        lk_bytes data = reader_take(r, reader_u16be(r));
        size_t len = type == MDNS_A ? 4 : type == MDNS_AAAA ? 16 : SIZE_MAX;
        if (!reader_ok(r) || !ours || class != MDNS_IN || ttl_s == 0 || data.len != len) continue;
        out->addr = (lk_addr){.family = len == 4 ? 4 : 6};
        __builtin_memcpy(out->addr.ip, data.at, len);
        a->left--;
        return true;
    }
    return false;
}
