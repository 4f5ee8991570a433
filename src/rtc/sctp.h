/* SPDX-License-Identifier: MIT
 * sctp.h - one SCTP association over DTLS (RFC 8261): streams of whole messages.
 * Names begin with assoc_, not with the file's name: usrsctp exports its own sctp_shutdown and the
 * like, and a program's symbols would take their place. */
#ifndef RTC_SCTP_H
#define RTC_SCTP_H

#include "rtc/queue.h"

#define ASSOC_PORT 5000
#define ASSOC_STREAMS 256 /* each way, unless asked otherwise; each costs 100 bytes */
#define ASSOC_STREAMS_MAX 2048
#define ASSOC_PIECE_BYTES 1100 /* a message up to that is not cut into pieces */
#define ASSOC_RESETS 128       /* streams of one reset request, so that it fits a packet */

typedef struct assoc assoc;

typedef enum assoc_kind {
    ASSOC_UP,       /* `stream`: how many there are in each direction */
    ASSOC_MESSAGE,  /* `bytes`, `stream`, `ppid` */
    ASSOC_TOO_LONG, /* a message on `stream` has more bytes than allowed, and is lost */
    ASSOC_RESET,    /* the other side ended `stream` */
    ASSOC_ENDED,    /* our direction of `stream` is ended, and the other side knows */
    ASSOC_KEPT,     /* the other side would not let our direction of `stream` end */
    ASSOC_DOWN,     /* `what` says why; the last */
} assoc_kind;

typedef struct assoc_event {
    assoc_kind kind;
    uint16_t stream;
    uint32_t ppid;
    lk_bytes bytes;
    const char *what;
} assoc_event;

typedef struct assoc_message { /* one to send */
    uint16_t stream;
    uint32_t ppid;
    bool unordered;
    lk_rtc_reliability reliability; /* and for what is not reliable, how many ms or times */
    uint32_t limit;
    lk_bytes bytes;
} assoc_message;

/* Once per process, as the library keeps global state. */
lk_status assoc_global_init(void);
void assoc_global_drop(void);
/* Let `now_ms` be the time of all associations. */
void assoc_global_tick(uint64_t now_ms);

/* Starts at once, on both sides (RFC 8841 section 9.3). Messages longer than `message_max` bytes
 * are not taken. NULL when memory is out. */
assoc *assoc_new(const lk_memory *heap, uint32_t message_max, uint16_t streams,
                 uint16_t remote_port);
void assoc_free(assoc *s);
/* Take a packet, which may be written to. */
void assoc_feed(assoc *s, uint8_t *packet, size_t len);
/* Packets to send: pop from the front. Any call here may add to them. */
queue *assoc_packets(assoc *s);
/* The next thing that happened, or false. What is not taken stays in the association, whose window
 * closes when it is full: so the other side waits. A view until the next call. */
bool assoc_receive(assoc *s, assoc_event *out);
/* Could assoc_receive() have something? */
bool assoc_readable(const assoc *s);
/* Take a message; false when the send buffer is full or the stream is being reset: try again after
 * the next packet or tick. */
bool assoc_send(assoc *s, const assoc_message *message);
/* Has the other side's SCTP acknowledged all messages that were taken? */
bool assoc_idle(const assoc *s);
/* End our direction of up to ASSOC_RESETS streams, after what was sent on them; ASSOC_ENDED or
 * ASSOC_KEPT follow for each. False: busy, try again later. */
bool assoc_reset(assoc *s, const uint16_t *streams, size_t len);
/* End the association, after what was sent; ASSOC_DOWN follows. */
void assoc_shutdown(assoc *s);
/* End it now: an ABORT goes to the packets if the other side could still be there. */
void assoc_abort(assoc *s);

/* The checksum of a packet, as it lies in memory (RFC 9260 appendix A). */
uint32_t assoc_crc(uint8_t *at, size_t len);

#endif
