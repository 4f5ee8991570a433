/* SPDX-License-Identifier: MIT
 * elo.h - the records of %ELO, the Loro protocol's extension for updates that are encrypted end to
 * end (protocol-e2ee.md, version 0). An update is a container of records; a record tells in the
 * clear whose operations it holds, and holds them under AES-GCM:
 *
 *   container   count | record (varBytes) ...
 *   span        0 | peer (varBytes) | start | end | key id (varString) | iv | box (varBytes)
 *   snapshot    1 | count | (peer, end) ... | key id | iv | box
 *
 * All before the box is its header, to which the cipher is bound. Reading copies nothing. */
#ifndef ROOM_ELO_H
#define ROOM_ELO_H

#include "base/bytes.h"

typedef enum elo_kind { ELO_SPAN = 0, ELO_SNAPSHOT = 1 } elo_kind;

enum { ELO_IV = 12, ELO_TAG = 16, ELO_PEER_TEXT = 20 };

typedef struct elo_record {
    elo_kind kind;
    lk_bytes peer;        /* span: whose operations */
    uint32_t start, end;  /* span: which, `end` exclusive */
    uint32_t version_len; /* snapshot: of how many peers */
    lk_bytes version;     /* snapshot: walk with elo_next_version() */
    lk_str key_id;
    lk_bytes iv;
    lk_bytes header; /* reading: all of the above as it came */
    lk_bytes box;    /* reading: ciphertext and tag */
} elo_record;

/* Check a container, and give its records as a list for frame_next_update(). */
lk_status elo_container_read(lk_bytes container, lk_bytes *list, lk_fault *fault_or_null);
lk_status elo_record_read(lk_bytes record, elo_record *out, lk_fault *fault_or_null);
/* The next peer of a snapshot and its exclusive end, by the peers' bytes; `rest` starts as
 * record.version. False at the end. */
bool elo_next_version(lk_bytes *rest, lk_bytes *peer, uint32_t *end);
/* Append the header of a record; false when memory is out. The box follows as varBytes. */
bool elo_header_write(const elo_record *record, lk_buf *out);

/* Loro's peers are numbers, and their ids here the decimal digits. False for another id. */
bool elo_peer_read(lk_bytes id, uint64_t *peer);
size_t elo_peer_write(uint64_t peer, char out[ELO_PEER_TEXT]);

#endif
