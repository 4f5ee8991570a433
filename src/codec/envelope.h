/* SPDX-License-Identifier: MIT
 * envelope.h - the outermost bytes of everything Loro exports, and the door where hostile bytes
 * enter (docs/FORMAT.md, "Envelope").
 *
 *     "loro" | 12 zero bytes | u32le xxHash32 of all that follows | u16be mode | body
 *
 * Offsets in faults count from the first byte of the blob. `fault` is never NULL here. */
#ifndef CODEC_ENVELOPE_H
#define CODEC_ENVELOPE_H

#include "base/bytes.h"

typedef enum envelope_mode {
    ENVELOPE_SNAPSHOT = 3,
    ENVELOPE_UPDATES = 4,
} envelope_mode;

/* Check magic, checksum and mode. *body reads what follows. LK_ECORRUPT, LK_ELIMIT, or LK_EVERSION
 * for the modes before Loro 1.0 and those after it. */
lk_status envelope_open(lk_bytes blob, envelope_mode *mode, reader *body, lk_fault *fault);

/* The next change block of an updates body, and where it starts in the blob. false at the end, and
 * when the body is damaged: then !reader_ok(body). */
bool envelope_next_block(reader *body, lk_bytes *block, size_t *offset);

typedef struct envelope_section {
    lk_bytes bytes;
    size_t offset; /* in the blob */
} envelope_section;

typedef struct envelope_sections { /* of a snapshot body */
    envelope_section history;      /* SSTable: blocks of changes and versions */
    envelope_section state;        /* SSTable of container states; empty, or "E": left out */
    envelope_section root;         /* SSTable: state where a shallow history starts; else empty */
} envelope_sections;
lk_status envelope_read_sections(reader *body, envelope_sections *out, lk_fault *fault);
/* The first of them alone, whatever follows. */
lk_status envelope_read_history(reader *body, envelope_section *out, lk_fault *fault);

/* Begin a blob at the end of out->len; remember that place in *start for envelope_finish(). */
void envelope_begin(writer *w, envelope_mode mode, size_t *start);
/* Append one block of an updates body. */
void envelope_add_block(writer *w, lk_bytes block);
/* Fill in the checksum. The blob is complete unless the writer failed. */
void envelope_finish(writer *w, size_t start);

#endif
