/* SPDX-License-Identifier: MIT
 * channel.h - the one data channel of a peer: opening, messages, backpressure, closing. */
#ifndef RTC_CHANNEL_H
#define RTC_CHANNEL_H

#include "rtc/queue.h"
#include "rtc/sctp.h"

#define CHANNEL_LABEL "loro-sync"
#define CHANNEL_LOW_BYTES (256u << 10) /* LK_RTC_DRAINED when the queue falls to it, and to 0 */

typedef enum channel_state {
    CHANNEL_NEW,
    CHANNEL_OPEN,
    CHANNEL_CLOSING, /* what is queued goes first */
    CHANNEL_RESET,   /* our direction is ended, theirs not yet */
    CHANNEL_SHUT,    /* the association is being shut down */
    CHANNEL_OVER,
} channel_state;

typedef struct channel {
    channel_state state;
    assoc *assoc; /* owned; NULL before channel_start() */
    queue *out;   /* LK_RTC_OPEN, LK_RTC_MESSAGE, LK_RTC_DRAINED */
    queue pending;
    size_t drain_bytes; /* tell when the queue has fallen to that; SIZE_MAX: nothing to tell */
    bool opener;        /* it is for us to open it */
    bool client;        /* of DTLS: our stream ids are even (RFC 8832 section 6) */
    bool ended;         /* the other side has reset its direction */
    uint16_t stream;
    uint32_t refused; /* streams still to be reset, one bit each */
    uint64_t end_ms;  /* closing takes no longer */
    const char *why;
} channel;

void channel_init(channel *c, bool opener, const lk_memory *heap, queue *out);
void channel_drop(channel *c);
/* DTLS is up: begin. False when memory is out. */
bool channel_start(channel *c, bool client, uint32_t message_max, uint16_t remote_port,
                   const lk_memory *heap);
/* Queue a message that is not too long. LK_ENOMEM. */
lk_status channel_send(channel *c, lk_bytes message);
/* Begin to close politely; `why` is a literal. */
void channel_close(channel *c, const char *why, uint64_t now_ms);
/* Work off what the association has to tell, and what waits for it. */
void channel_pump(channel *c, uint64_t now_ms);
uint64_t channel_wake_at(const channel *c);

#endif
