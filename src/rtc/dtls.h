/* SPDX-License-Identifier: MIT
 * dtls.h - DTLS 1.2 (RFC 6347) over datagrams that others carry, and the few pieces of OpenSSL that
 * the rest of rtc needs. */
#ifndef RTC_DTLS_H
#define RTC_DTLS_H

#include "rtc/queue.h"

#define DTLS_HMAC_SHA1 20
#define DTLS_FINGERPRINT 32 /* SHA-256 of the certificate */
#define DTLS_RECORD_MAX 16384

void dtls_random(void *out, size_t len);
bool dtls_hmac_sha1(lk_str key, lk_bytes message, uint8_t out[DTLS_HMAC_SHA1]);
bool dtls_md5(lk_bytes message, uint8_t out[16]);
/* Compare in a time that does not depend on where they differ. */
bool dtls_same(const void *a, const void *b, size_t len);

/* Once, before the first dtls_new() and after the last dtls_free(). False: memory is out. */
bool dtls_global_init(void);
void dtls_global_drop(void);

typedef struct dtls dtls;

typedef enum dtls_state {
    DTLS_IDLE,
    DTLS_HANDSHAKE,
    DTLS_UP, /* and the other side's certificate is the announced one */
    DTLS_DOWN,
} dtls_state;

/* With the certificate of `identity`, or a fresh one; datagrams go to `out` as LK_RTC_DATAGRAM.
 * NULL when memory is out. */
dtls *dtls_new(const lk_memory *heap, const lk_rtc_identity *identity_or_null, queue *out);
void dtls_free(dtls *d);
const uint8_t *dtls_fingerprint(const dtls *d);
/* The certificate must match one of these before the state becomes DTLS_UP. */
void dtls_expect(dtls *d, uint8_t (*fingerprints)[DTLS_FINGERPRINT], size_t len);
/* Are those the ones? */
bool dtls_expects(const dtls *d, uint8_t (*fingerprints)[DTLS_FINGERPRINT], size_t len);
/* Where datagrams go from now on. */
void dtls_route(dtls *d, const lk_addr *local, const lk_addr *remote);

void dtls_start(dtls *d, bool client, uint64_t now_ms);
/* Take a datagram; then call dtls_read() until it returns 0. */
void dtls_feed(dtls *d, lk_bytes datagram, uint64_t now_ms);
size_t dtls_read(dtls *d, uint8_t out[DTLS_RECORD_MAX], uint64_t now_ms);
void dtls_send(dtls *d, lk_bytes bytes);
/* Say goodbye (close_notify). */
void dtls_stop(dtls *d);
dtls_state dtls_state_read(const dtls *d);
/* Why it is DTLS_DOWN: a literal. */
const char *dtls_why(const dtls *d);
/* Retransmit what is due. OpenSSL keeps this one timer on the system's clock: at `now_ms` it is
 * asked what is left. */
void dtls_tick(dtls *d, uint64_t now_ms);
uint64_t dtls_wake_at(const dtls *d);

#endif
