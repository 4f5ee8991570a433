/* SPDX-License-Identifier: MIT
 * candidate.c - one candidate, as a line of text:
 *
 *     candidate:1 1 udp 2130706431 192.0.2.1 40000 typ srflx raddr 10.0.0.1 rport 40000 ufrag abcd
 *               | |  |      |          |       |        |
 *      foundation | transport priority address port    kind        then pairs of words
 *             component */
#include "rtc/candidate.h"

#include "base/bytes.h"
#include "rtc/addr.h"

uint32_t candidate_priority(candidate_kind kind, size_t index) {
    /* type preferences recommended by RFC 8445 section 5.1.2.2 */
    static const uint32_t preference[] = {[CANDIDATE_HOST] = 126,
                                          [CANDIDATE_SRFLX] = 100,
                                          [CANDIDATE_PRFLX] = 110,
                                          [CANDIDATE_RELAY] = 0};
    uint32_t local = 65535 - (uint32_t)(index < 65535 ? index : 65535);
    return preference[kind] << 24 | local << 8 | 255;
}

/* ---- words ---- */

lk_str word_next(lk_str *line) {
    while (line->len > 0 && *line->at == ' ') line->at++, line->len--;
    lk_str word = {line->at, 0};
    while (word.len < line->len && line->at[word.len] != ' ') word.len++;
    line->at += word.len;
    line->len -= word.len;
    return word;
}

bool word_starts(lk_str word, const char *literal) {
    size_t len = __builtin_strlen(literal);
    return word.len >= len && __builtin_memcmp(word.at, literal, len) == 0;
}

bool word_number(lk_str word, uint64_t max, uint64_t *out) {
    uint64_t v = 0;
    if (word.len == 0 || word.len > 19) return false;
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9') return false;
        v = v * 10 + (uint64_t)(word.at[i] - '0');
    }
    if (v > max) return false;
    *out = v;
    return true;
}

bool text_append(lk_buf *out, const char *literal) {
    return buf_append(out, literal, __builtin_strlen(literal));
}

bool text_append_number(lk_buf *out, uint64_t v) {
    char digits[20];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    return buf_append(out, digits + at, sizeof digits - at);
}

/* ---- reading ---- */

static const struct {
    const char *word;
    candidate_kind kind;
} candidate_kinds[] = {{"host", CANDIDATE_HOST},
                       {"srflx", CANDIDATE_SRFLX},
                       {"prflx", CANDIDATE_PRFLX},
                       {"relay", CANDIDATE_RELAY}};

static bool candidate_kind_read(lk_str word, candidate_kind *out) {
    for (size_t i = 0; i < countof(candidate_kinds); i++) {
        if (!str_is(word, candidate_kinds[i].word)) continue;
        *out = candidate_kinds[i].kind;
        return true;
    }
    return false;
}

static lk_status candidate_refuse(lk_str line, lk_str word, const char *what, lk_fault *fault) {
    if (fault != NULL) *fault = (lk_fault){LK_ECORRUPT, (size_t)(word.at - line.at), what};
    return LK_ECORRUPT;
}

static bool candidate_address(lk_str word, uint16_t port, candidate *out) {
    if (addr_read(word, port, &out->addr)) return true;
    out->hidden = true;
    out->addr = (lk_addr){.port = port};
    return hidden_name_read(word, out->addr.ip);
}

static lk_str candidate_ufrag(lk_str rest) {
    while (rest.len > 0) {
        lk_str name = word_next(&rest), value = word_next(&rest);
        if (str_is(name, "ufrag")) return value;
    }
    return (lk_str){"", 0};
}

lk_status candidate_read(lk_str line, candidate *out, lk_str *ufrag, lk_fault *fault) {
    lk_str rest = line;
    if (word_starts(rest, "a=")) rest.at += 2, rest.len -= 2;
    lk_str foundation = word_next(&rest);
    if (!word_starts(foundation, "candidate:"))
        return candidate_refuse(line, foundation, "not a candidate", fault);
    uint64_t component, priority, port;
    lk_str word = word_next(&rest);
    if (!word_number(word, 256, &component))
        return candidate_refuse(line, word, "component is not a number", fault);
    lk_str transport = word_next(&rest);
    word = word_next(&rest);
    if (!word_number(word, UINT32_MAX, &priority))
        return candidate_refuse(line, word, "priority is not a number", fault);
    lk_str address = word_next(&rest);
    word = word_next(&rest);
    if (!word_number(word, UINT16_MAX, &port))
        return candidate_refuse(line, word, "port is not a number", fault);
    word = word_next(&rest);
    if (!str_is(word, "typ")) return candidate_refuse(line, word, "'typ' is missing", fault);
    word = word_next(&rest);
    *out = (candidate){.priority = (uint32_t)priority};
    *ufrag = candidate_ufrag(rest);
    bool usable = candidate_kind_read(word, &out->kind) && component == 1 &&
                  str_like(transport, "udp") && candidate_address(address, (uint16_t)port, out);
    return usable ? LK_OK : LK_EVALUE;
}

/* ---- writing ---- */

static bool candidate_write_base(const lk_addr *base, lk_buf *out) {
    char text[ADDR_TEXT];
    addr_print(base, text);
    return text_append(out, " raddr ") && text_append(out, text) && text_append(out, " rport ") &&
           text_append_number(out, base->port);
}

bool candidate_write(const candidate *c, lk_buf *out) {
    char text[ADDR_TEXT];
    addr_print(&c->addr, text);
    bool ok = text_append(out, "candidate:") && text_append_number(out, c->foundation) &&
              text_append(out, " 1 udp ") && text_append_number(out, c->priority) &&
              text_append(out, " ") && text_append(out, text) && text_append(out, " ") &&
              text_append_number(out, c->addr.port) && text_append(out, " typ ");
    for (size_t i = 0; i < countof(candidate_kinds); i++)
        if (candidate_kinds[i].kind == c->kind)
            ok = ok && text_append(out, candidate_kinds[i].word);
    return ok && (c->kind == CANDIDATE_HOST || candidate_write_base(&c->base, out));
}
