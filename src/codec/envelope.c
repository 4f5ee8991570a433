/* SPDX-License-Identifier: MIT
 * envelope.c - the frame around every blob. The checksum covers everything behind itself, so all
 * that is read after envelope_open() is what some writer wrote; that does not make it harmless. */
#include "codec/envelope.h"

#include "base/hash.h"
#include "base/limits.h"

static const uint8_t envelope_magic[4] = {'l', 'o', 'r', 'o'};

/* Where the checksum stands, and where what it covers begins. */
enum { ENVELOPE_CHECKSUM = 16, ENVELOPE_COVERED = 20 };

static lk_status envelope_fault(reader *r, lk_fault *fault) {
    *fault = r->fault;
    return fault->code;
}

static void envelope_check_mode(reader *r, uint16_t mode, size_t offset) {
    const char *what = NULL;
    if (mode == ENVELOPE_SNAPSHOT || mode == ENVELOPE_UPDATES || !reader_ok(r)) return;
    if (mode == 1 || mode == 2)
        what = "encoding from before Loro 1.0";
    else
        what = "encoding mode is not known";
    r->fault = (lk_fault){LK_EVERSION, offset, what};
}

lk_status envelope_open(lk_bytes blob, envelope_mode *mode, reader *body, lk_fault *fault) {
    reader r = reader_new(blob);
    if (blob.len > LIMIT_BLOB_BYTES) reader_fail(&r, LK_ELIMIT, "blob is too large");
    lk_bytes magic = reader_take(&r, sizeof envelope_magic);
    if (reader_ok(&r) && __builtin_memcmp(magic.at, envelope_magic, magic.len) != 0)
        r.fault = (lk_fault){LK_ECORRUPT, 0, "bytes are not a Loro document"};
    reader_take(&r, ENVELOPE_CHECKSUM - sizeof envelope_magic);
    uint32_t checksum = reader_u32le(&r);
    uint16_t number = reader_u16be(&r);
    if (!reader_ok(&r)) return envelope_fault(&r, fault);
    if (hash_xx32(blob.at + ENVELOPE_COVERED, blob.len - ENVELOPE_COVERED, HASH_SEED_LORO) !=
        checksum)
        r.fault = (lk_fault){LK_ECORRUPT, ENVELOPE_CHECKSUM, "checksum does not match"};
    envelope_check_mode(&r, number, ENVELOPE_COVERED);
    *mode = (envelope_mode)number;
    *body = r;
    return envelope_fault(&r, fault);
}

bool envelope_next_block(reader *body, lk_bytes *block, size_t *offset) {
    if (!reader_ok(body) || reader_left(body) == 0) return false;
    uint64_t len = reader_uleb(body, UINT32_MAX);
    *offset = reader_offset(body);
    *block = reader_take(body, (size_t)len);
    if (reader_ok(body) && len == 0) reader_fail(body, LK_ECORRUPT, "block of changes is empty");
    return reader_ok(body);
}

static envelope_section envelope_read_section(reader *body) {
    uint32_t len = reader_u32le(body);
    envelope_section section = {.offset = reader_offset(body)};
    section.bytes = reader_take(body, len);
    return section;
}

lk_status envelope_read_history(reader *body, envelope_section *out, lk_fault *fault) {
    *out = envelope_read_section(body);
    return envelope_fault(body, fault);
}

lk_status envelope_read_sections(reader *body, envelope_sections *out, lk_fault *fault) {
    out->history = envelope_read_section(body);
    out->state = envelope_read_section(body);
    out->root = envelope_read_section(body);
    reader_finish(body, "bytes follow the last section");
    return envelope_fault(body, fault);
}

void envelope_begin(writer *w, envelope_mode mode, size_t *start) {
    static const uint8_t zeroes[ENVELOPE_COVERED - sizeof envelope_magic] = {0};
    *start = w->out->len;
    writer_raw(w, envelope_magic, sizeof envelope_magic);
    writer_raw(w, zeroes, sizeof zeroes);
    writer_u16be(w, (uint16_t)mode);
}

void envelope_add_block(writer *w, lk_bytes block) { writer_bytes(w, block.at, block.len); }

void envelope_finish(writer *w, size_t start) {
    if (w->failed) return;
    uint8_t *blob = w->out->at + start;
    size_t len = w->out->len - start;
    uint32_t checksum = hash_xx32(blob + ENVELOPE_COVERED, len - ENVELOPE_COVERED, HASH_SEED_LORO);
    for (unsigned i = 0; i < 4; i++) blob[ENVELOPE_CHECKSUM + i] = (uint8_t)(checksum >> (8 * i));
}
