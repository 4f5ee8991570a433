/* SPDX-License-Identifier: MIT
 * frame.h - one message of the Loro syncing protocol v1 and its bytes.
 *
 *   magic (4) | room id (varString) | kind (1) | what the kind asks for
 *
 * A frame is views only: decoding copies nothing, encoding appends. Where the published
 * loro-protocol tolerates bytes after the last field (room for additions), so does decoding. */
#ifndef ROOM_FRAME_H
#define ROOM_FRAME_H

#include "base/bytes.h"

#include "lorikeet_room.h"

/* Which state a message is about: the magic, first byte most significant. */
typedef enum frame_crdt {
    FRAME_LORO = 0x254c4f52,             /* %LOR */
    FRAME_EPHEMERAL = 0x25455048,        /* %EPH */
    FRAME_EPHEMERAL_STORED = 0x25455053, /* %EPS */
    FRAME_YJS = 0x25594a53,              /* %YJS */
    FRAME_YJS_AWARENESS = 0x25594157,    /* %YAW */
    FRAME_ELO = 0x25454c4f,              /* %ELO */
    FRAME_FLOCK = 0x25464c4f,            /* %FLO */
} frame_crdt;

typedef enum frame_kind {
    FRAME_JOIN_REQUEST = 0,
    FRAME_JOIN_OK = 1,
    FRAME_JOIN_ERROR = 2,
    FRAME_UPDATE = 3,
    FRAME_FRAGMENT_HEADER = 4,
    FRAME_FRAGMENT = 5,
    FRAME_ROOM_ERROR = 6,
    FRAME_LEAVE = 7,
    FRAME_ACK = 8,
} frame_kind;

/* Codes of JoinError. An unknown one reads as the first. */
enum {
    JOIN_UNKNOWN = 0x00,
    JOIN_VERSION_UNKNOWN = 0x01,
    JOIN_AUTH_FAILED = 0x02,
    JOIN_APP_ERROR = 0x7f,
};
/* Codes of RoomError. An unknown one reads as the last. */
enum { ROOM_REJOIN_SUGGESTED = 0x01, ROOM_EVICTED = 0x02, ROOM_UNKNOWN = 0x7f };
/* Statuses of Ack. An unknown one reads as ACK_UNKNOWN. */
enum {
    ACK_OK = 0x00,
    ACK_UNKNOWN = 0x01,
    ACK_PERMISSION_DENIED = 0x03,
    ACK_INVALID_UPDATE = 0x04,
    ACK_PAYLOAD_TOO_LARGE = 0x05,
    ACK_RATE_LIMITED = 0x06,
    ACK_FRAGMENT_TIMEOUT = 0x07,
    ACK_APP_ERROR = 0x7f,
};

typedef struct frame {
    frame_crdt crdt;
    lk_str room;
    frame_kind kind;
    uint8_t code;     /* join error, room error: its code; ack: its status */
    bool may_write;   /* join ok: permission "write" rather than "read" */
    uint64_t batch;   /* update, fragments: their batch; ack: the batch it answers */
    lk_bytes version; /* join request, join ok; join error where it is unknown: NULL to omit it */
    lk_bytes payload; /* join request: application data; join ok: extra; fragment: its part */
    lk_str message;   /* errors: for people */
    lk_str app_code;  /* join error JOIN_APP_ERROR */
    uint32_t count;   /* update: how many; fragment header: how many fragments follow */
    uint32_t index;   /* fragment: which, from 0 */
    uint32_t total;   /* fragment header: bytes of all fragments together */
    const lk_bytes *updates; /* encoding an update: `count` of them */
    lk_bytes list;           /* decoded update: walk with frame_next_update() */
} frame;

/* Read one message. LK_ECORRUPT, LK_ELIMIT (message or room id too long). */
lk_status frame_decode(lk_bytes message, frame *out, lk_fault *fault_or_null);
/* Read a count and so many byte strings: a list for frame_next_update(). */
lk_bytes frame_read_list(reader *r, uint32_t *count);
/* The next update of a decoded FRAME_UPDATE; `rest` starts as frame.list. False at the end. */
bool frame_next_update(lk_bytes *rest, lk_bytes *out);
/* Append the message; false when memory is out. Its length is not checked here: see frame_len. */
bool frame_encode(const frame *f, lk_buf *out);

/* Bytes of an update message that carries one update of `len` bytes. */
size_t frame_update_len(size_t room_len, size_t len);
/* The most payload that a fragment can carry in a message of `message_max` bytes. */
size_t frame_fragment_room(size_t room_len, size_t message_max);

#endif
