/* SPDX-License-Identifier: MIT
 * sctp.h - one SCTP association over DTLS (RFC 8261): streams of whole messages. */
#ifndef RTC_SCTP_H
#define RTC_SCTP_H

#include "rtc/queue.h"

#define SCTP_LOCAL_PORT 5000
#define SCTP_STREAMS 16 /* each costs memory; we need one, and a few ids to refuse others' on */

typedef struct sctp sctp;

typedef enum sctp_out { /* kinds of queue items */
                        SCTP_OUT_UP,
                        SCTP_OUT_MESSAGE, /* bytes, stream, ppid */
                        SCTP_OUT_RESET,   /* the other side ended `stream` */
                        SCTP_OUT_DOWN,    /* `what` says why */
} sctp_out;

/* Once per process, as the library keeps global state. */
lk_status sctp_global_init(void);
void sctp_global_drop(void);
/* Let `now_ms` be the time of all associations. */
void sctp_global_tick(uint64_t now_ms);

/* Starts at once, on both sides (RFC 8841 section 9.3). Messages longer than `message_max` end it.
 */
sctp *sctp_new(const lk_memory *heap, uint32_t message_max, uint16_t remote_port);
void sctp_free(sctp *s);
void sctp_feed(sctp *s, lk_bytes packet);
/* Packets to send, and what happened: pop from the front. Any call here may add to them. */
queue *sctp_packets(sctp *s);
queue *sctp_events(sctp *s);
/* Take a message; false when the send buffer is full: try again after the next packet or tick. */
bool sctp_send(sctp *s, uint16_t stream, uint32_t ppid, lk_bytes message);
/* End our direction of a stream, after what was sent on it; false: busy, try again later. */
bool sctp_reset(sctp *s, uint16_t stream);
/* End the association, after what was sent; SCTP_OUT_DOWN follows. */
void sctp_shutdown(sctp *s);
/* End it now: an ABORT goes to the packets if the other side could still be there. */
void sctp_abort(sctp *s);

#endif
