/* SPDX-License-Identifier: MIT
 * channel.h - the data channels of a peer: opening, messages, backpressure, closing. */
#ifndef RTC_CHANNEL_H
#define RTC_CHANNEL_H

#include "rtc/queue.h"
#include "rtc/sctp.h"

typedef enum channel_state {
    CHANNEL_NEW, /* the association is not up */
    CHANNEL_OPEN,
    CHANNEL_CLOSING, /* what is queued goes first */
    CHANNEL_DRY,     /* our direction is to be reset as soon as SCTP can */
    CHANNEL_RESET,   /* it is being reset */
} channel_state;

typedef struct channel {
    channel_state state;
    uint16_t stream;
    bool placed; /* it has that stream */
    bool silent; /* the application does not know it, or no more */
    bool acked;  /* the other side has it, so order does not matter any more if it need not */
    bool unordered;
    lk_rtc_reliability reliability;
    uint32_t limit;
    bool ended_ours, ended_theirs; /* directions that were reset */
    bool kept;                     /* ours was not: the stream must not be used again */
    bool late; /* an ASSOC_ENDED is still to come for the channel that had the stream before */
    queue pending;
    size_t low;
    bool high; /* more than that is waiting */
    const char *why;
} channel;

typedef struct channel_slot {
    channel *live; /* NULL: free */
    uint16_t generation;
} channel_slot;

typedef enum channels_state {
    CHANNELS_NEW,
    CHANNELS_UP,
    CHANNELS_CLOSING, /* channels close, then */
    CHANNELS_SHUT,    /* the association is being shut down */
    CHANNELS_OVER,
} channels_state;

#define CHANNEL_KEPT UINT16_MAX
typedef struct channels {
    const lk_memory *heap;
    channels_state state;
    assoc *assoc; /* owned; NULL before channel_start() */
    queue *out;   /* LK_RTC_OPEN, LK_RTC_DRAINED, LK_RTC_SHUT */
    VEC(channel_slot) slots;
    uint16_t *by_stream; /* slot + 1; 0: free; CHANNEL_KEPT: not to be used again */
    uint16_t streams;    /* in each direction */
    size_t buffer_max;
    bool client;     /* of DTLS: our stream ids are even (RFC 8832 section 6) */
    bool busy;       /* some channel may have something to send or to reset */
    size_t turn;     /* the slot that may send first */
    uint64_t end_ms; /* closing takes no longer */
    const char *why;
} channels;

/* False when memory is out; channel_drop() is due in either case. */
bool channel_init(channels *c, uint16_t streams, size_t buffer_max, const lk_memory *heap,
                  queue *out);
void channel_drop(channels *c);
/* DTLS is up: begin. False when memory is out. */
bool channel_start(channels *c, bool client, uint32_t message_max, uint16_t remote_port);
/* As lk_rtc_open(), for names that are UTF-8 and short enough. */
lk_status channel_open(channels *c, const lk_rtc_channel_options *options, lk_rtc_channel *out);
/* The channel of that number, or NULL. */
channel *channel_find(const channels *c, lk_rtc_channel number);
/* Bytes of messages that SCTP has not taken. */
size_t channel_waiting(const channel *ch);
/* Queue a message that is not too long on a channel that is open. LK_ENOMEM. */
lk_status channel_send(channels *c, channel *ch, bool text, lk_bytes message, uint64_t now_ms);
/* Begin to close one; `why` is a literal. */
void channel_shut(channels *c, channel *ch, const char *why);
/* Begin to close all, politely. */
void channel_close(channels *c, uint64_t now_ms);
/* Send and reset what waits for it. */
void channel_pump(channels *c, uint64_t now_ms);
/* Take what the association has to tell, up to a message: true, and *out is it. */
bool channel_receive(channels *c, lk_rtc_out *out);
uint64_t channel_wake_at(const channels *c);

#endif
