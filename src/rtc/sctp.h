/* SPDX-License-Identifier: MIT
 * sctp.h - one SCTP association over DTLS (RFC 8261): streams of whole messages.
 * Names begin with assoc_, not with the file's name: usrsctp exports its own sctp_shutdown and the
 * like, and a program's symbols would take their place. */
#ifndef RTC_SCTP_H
#define RTC_SCTP_H

#include "rtc/queue.h"

#define ASSOC_PORT 5000
#define ASSOC_STREAMS 16 /* each costs memory; we need one, and a few ids to refuse others' on */

typedef struct assoc assoc;

typedef enum assoc_out { /* kinds of queue items */
                         ASSOC_UP,
                         ASSOC_MESSAGE, /* bytes, stream, ppid */
                         ASSOC_RESET,   /* the other side ended `stream` */
                         ASSOC_DOWN,    /* `what` says why */
} assoc_out;

/* Once per process, as the library keeps global state. */
lk_status assoc_global_init(void);
void assoc_global_drop(void);
/* Let `now_ms` be the time of all associations. */
void assoc_global_tick(uint64_t now_ms);

/* Starts at once, on both sides (RFC 8841 section 9.3). Messages longer than `message_max` end it.
 */
assoc *assoc_new(const lk_memory *heap, uint32_t message_max, uint16_t remote_port);
void assoc_free(assoc *s);
void assoc_feed(assoc *s, lk_bytes packet);
/* Packets to send, and what happened: pop from the front. Any call here may add to them. */
queue *assoc_packets(assoc *s);
queue *assoc_events(assoc *s);
/* Take a message; false when the send buffer is full: try again after the next packet or tick. */
bool assoc_send(assoc *s, uint16_t stream, uint32_t ppid, lk_bytes message);
/* End our direction of a stream, after what was sent on it; false: busy, try again later. */
bool assoc_reset(assoc *s, uint16_t stream);
/* End the association, after what was sent; ASSOC_DOWN follows. */
void assoc_shutdown(assoc *s);
/* End it now: an ABORT goes to the packets if the other side could still be there. */
void assoc_abort(assoc *s);

#endif
