/* SPDX-License-Identifier: MIT
 * dtls.c - the door to OpenSSL.
 *
 *     dtls_feed ─► input ─► BIO read ─► SSL ─► dtls_read          one BIO write is one datagram
 *     dtls_send ─► SSL ─► BIO write ─► out
 *
 * The certificate proves nothing by itself (it is self-signed and made a moment ago): OpenSSL takes
 * any, and the state becomes DTLS_UP only if its hash is the one that came by signalling (RFC 8842
 * section 5.1). DTLSv1_listen is not used: it refuses the fragmented ClientHello of today's
 * browsers, and ICE has already shown that the address is real. */
#include "rtc/dtls.h"

#include <sys/time.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/* Fits, with UDP and IPv6 headers, into IPv6's minimum MTU of 1280; browsers use the same. */
#define DTLS_MTU 1200
/* RFC 6347 section 4.2.4.1 allows less than its 1 s where round trips are short; doubling. */
#define DTLS_TIMEOUT_US 250000u
#define DTLS_TIMEOUT_MAX_US 4000000u

struct dtls {
    const lk_memory *heap;
    queue *out;
    SSL *ssl;
    lk_bytes input; /* the datagram being fed; empty: taken */
    size_t records; /* how many of it SSL_read() may still give */
    lk_addr local, remote;
    uint8_t fingerprint[DTLS_FINGERPRINT];
    uint8_t expected[4][DTLS_FINGERPRINT];
    size_t expected_len;
    dtls_state state;
    const char *why;
    uint64_t wake_ms;
};

/* ---- primitives ---- */

void dtls_random(void *out, size_t len) {
    /* it fails only if the operating system has no randomness to give: nothing here may go on */
    LK_ASSERT(RAND_bytes(out, (int)len) == 1);
}

bool dtls_hmac_sha1(lk_str key, lk_bytes message, uint8_t out[DTLS_HMAC_SHA1]) {
    return HMAC(EVP_sha1(), key.at, (int)key.len, message.at, message.len, out, NULL) != NULL;
}

bool dtls_md5(lk_bytes message, uint8_t out[16]) {
    return EVP_Digest(message.at, message.len, out, NULL, EVP_md5(), NULL) == 1;
}

bool dtls_same(const void *a, const void *b, size_t len) { return CRYPTO_memcmp(a, b, len) == 0; }

/* ---- the datagram BIO ---- */

static int dtls_bio_read(BIO *bio, char *to, int len) {
    dtls *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (d->input.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = d->input.len < (size_t)len ? d->input.len : (size_t)len;
    __builtin_memcpy(to, d->input.at, n);
    d->input.len = 0; /* what does not fit is lost, as with any datagram */
    return (int)n;
}

static int dtls_bio_write(BIO *bio, const char *from, int len) {
    dtls *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    queue_item item = {.kind = LK_RTC_DATAGRAM, .local = d->local, .remote = d->remote};
    /* without memory the datagram is lost like any other, and sent again later */
    queue_push(d->out, item, (lk_bytes){(const uint8_t *)from, (size_t)len});
    return len;
}

static long dtls_bio_ctrl(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: return DTLS_MTU;
    default: return 0;
    }
}

static BIO_METHOD *dtls_method_new(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "datagram");
    if (method == NULL) return NULL;
    BIO_meth_set_read(method, dtls_bio_read);
    BIO_meth_set_write(method, dtls_bio_write);
    BIO_meth_set_ctrl(method, dtls_bio_ctrl);
    return method;
}

/* ---- what all share: a context costs more than all else of a new session ---- */

static struct {
    SSL_CTX *context;
    BIO_METHOD *method;
} dtls_global;

static int dtls_verify(int ok, X509_STORE_CTX *store) {
    (void)ok, (void)store;
    return 1; /* the fingerprint decides, once the handshake is over */
}

static SSL_CTX *dtls_context_new(void) {
    SSL_CTX *c = SSL_CTX_new(DTLS_method());
    if (c == NULL) return NULL;
    SSL_CTX_set_options(c, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, dtls_verify);
    SSL_CTX_set_read_ahead(c, 1); /* records are read by whole datagrams */
    bool ok = SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION) &&
              SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") &&
              SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384");
    if (ok) return c;
    SSL_CTX_free(c);
    return NULL;
}

bool dtls_global_init(void) {
    dtls_global.context = dtls_context_new();
    dtls_global.method = dtls_method_new();
    if (dtls_global.context != NULL && dtls_global.method != NULL) return true;
    dtls_global_drop();
    return false;
}

void dtls_global_drop(void) {
    SSL_CTX_free(dtls_global.context);
    BIO_meth_free(dtls_global.method);
    dtls_global.context = NULL;
    dtls_global.method = NULL;
}

/* ---- making one ---- */

/* A self-signed P-256 certificate. Its dates are wide and fixed: nobody looks at them, and a clock
 * that is wrong must not matter. */
static X509 *dtls_certificate_new(EVP_PKEY *key) {
    X509 *x = X509_new();
    if (x == NULL) return NULL;
    X509_NAME *name = X509_get_subject_name(x);
    uint64_t serial;
    dtls_random(&serial, sizeof serial);
    bool ok = X509_set_version(x, X509_VERSION_3) &&
              ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1 | 1) &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"WebRTC", -1,
                                         -1, 0) &&
              X509_set_issuer_name(x, name) &&
              ASN1_TIME_set_string(X509_getm_notBefore(x), "200101000000Z") &&
              ASN1_TIME_set_string(X509_getm_notAfter(x), "491231235959Z") &&
              X509_set_pubkey(x, key) && X509_sign(x, key, EVP_sha256()) > 0;
    if (ok) return x;
    X509_free(x);
    return NULL;
}

static unsigned dtls_timeout(SSL *ssl, unsigned previous_us) {
    (void)ssl;
    if (previous_us == 0) return DTLS_TIMEOUT_US;
    return previous_us < DTLS_TIMEOUT_MAX_US / 2 ? previous_us * 2 : DTLS_TIMEOUT_MAX_US;
}

static SSL *dtls_ssl_new(dtls *d) {
    SSL *ssl = SSL_new(dtls_global.context);
    BIO *bio = ssl == NULL ? NULL : BIO_new(dtls_global.method);
    if (bio == NULL) {
        SSL_free(ssl);
        return NULL;
    }
    BIO_set_data(bio, d);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_mtu(ssl, DTLS_MTU);
    DTLS_set_timer_cb(ssl, dtls_timeout);
    return ssl;
}

/* ---- identities ---- */

struct lk_rtc_identity {
    lk_memory heap;
    EVP_PKEY *key;
    X509 *certificate;
};

lk_rtc_identity *lk_rtc_identity_new(const lk_memory *memory) {
    if (memory == NULL) memory = &mem_default;
    lk_rtc_identity *i = mem_zalloc(memory, sizeof *i);
    if (i == NULL) return NULL;
    i->heap = *memory;
    i->key = EVP_EC_gen("P-256");
    i->certificate = i->key == NULL ? NULL : dtls_certificate_new(i->key);
    if (i->certificate != NULL) return i;
    lk_rtc_identity_free(i);
    return NULL;
}

void lk_rtc_identity_free(lk_rtc_identity *i) {
    if (i == NULL) return;
    X509_free(i->certificate);
    EVP_PKEY_free(i->key);
    lk_memory heap = i->heap;
    mem_free(&heap, i, sizeof *i);
}

/* Have `d` present that certificate; it holds a reference. */
static bool dtls_identify(dtls *d, const lk_rtc_identity *i) {
    return SSL_use_certificate(d->ssl, i->certificate) && SSL_use_PrivateKey(d->ssl, i->key) &&
           X509_digest(i->certificate, EVP_sha256(), d->fingerprint, NULL);
}

static dtls *dtls_make(const lk_memory *heap, const lk_rtc_identity *identity, queue *out) {
    dtls *d = mem_zalloc(heap, sizeof *d);
    if (d == NULL) return NULL;
    d->heap = heap;
    d->out = out;
    d->wake_ms = UINT64_MAX;
    d->ssl = dtls_ssl_new(d);
    if (d->ssl != NULL && dtls_identify(d, identity)) return d;
    dtls_free(d);
    return NULL;
}

dtls *dtls_new(const lk_memory *heap, const lk_rtc_identity *identity_or_null, queue *out) {
    if (identity_or_null != NULL) return dtls_make(heap, identity_or_null, out);
    lk_rtc_identity *own = lk_rtc_identity_new(heap);
    dtls *d = own == NULL ? NULL : dtls_make(heap, own, out);
    lk_rtc_identity_free(own);
    return d;
}

void dtls_free(dtls *d) {
    if (d == NULL) return;
    SSL_free(d->ssl);
    mem_free(d->heap, d, sizeof *d);
}

const uint8_t *dtls_fingerprint(const dtls *d) { return d->fingerprint; }

void dtls_expect(dtls *d, uint8_t (*fingerprints)[DTLS_FINGERPRINT], size_t len) {
    LK_ASSERT(len <= countof(d->expected));
    __builtin_memcpy(d->expected, fingerprints, len * DTLS_FINGERPRINT);
    d->expected_len = len;
}

bool dtls_expects(const dtls *d, uint8_t (*fingerprints)[DTLS_FINGERPRINT], size_t len) {
    return len == d->expected_len &&
           __builtin_memcmp(d->expected, fingerprints, len * DTLS_FINGERPRINT) == 0;
}

void dtls_route(dtls *d, const lk_addr *local, const lk_addr *remote) {
    d->local = *local;
    d->remote = *remote;
}

/* ---- the association ---- */

static void dtls_down(dtls *d, const char *why) {
    d->state = DTLS_DOWN;
    d->why = why;
    d->wake_ms = UINT64_MAX;
}

/* Is the other side's certificate one of those announced? All are compared, whichever matches. */
static bool dtls_peer_expected(const dtls *d) {
    uint8_t digest[DTLS_FINGERPRINT];
    X509 *peer = SSL_get1_peer_certificate(d->ssl);
    bool hashed = peer != NULL && X509_digest(peer, EVP_sha256(), digest, NULL);
    X509_free(peer);
    bool found = false;
    for (size_t i = 0; hashed && i < d->expected_len; i++)
        found |= dtls_same(digest, d->expected[i], sizeof digest);
    return found;
}

/* Ask OpenSSL how long it wants to wait for the other side's next flight. */
static void dtls_arm(dtls *d, uint64_t now_ms) {
    struct timeval left;
    d->wake_ms = UINT64_MAX;
    if (d->state == DTLS_HANDSHAKE && DTLSv1_get_timeout(d->ssl, &left))
        d->wake_ms = now_ms + (uint64_t)left.tv_sec * 1000 + (uint64_t)(left.tv_usec + 999) / 1000;
}

/* What others have left in this thread's queue of errors would be taken for ours. Looking costs
 * less than clearing. */
static void dtls_forget_errors(void) {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

/* Judge what a call on the SSL object returned. A record that is not of the other side is dropped,
 * but may leave an error behind: as long as OpenSSL wants to read on, all is well. */
static void dtls_judge(dtls *d, int result) {
    if (SSL_want_read(d->ssl)) return;
    int error = SSL_get_error(d->ssl, result);
    if (error == SSL_ERROR_ZERO_RETURN)
        dtls_down(d, "the other side closed DTLS");
    else if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL)
        dtls_down(d, d->state == DTLS_UP ? "DTLS failed" : "the DTLS handshake failed");
}

static void dtls_handshake(dtls *d, uint64_t now_ms) {
    dtls_forget_errors();
    int result = SSL_do_handshake(d->ssl);
    if (result != 1)
        dtls_judge(d, result);
    else if (dtls_peer_expected(d))
        d->state = DTLS_UP;
    else {
        SSL_shutdown(d->ssl);
        dtls_down(d, "the certificate is not the one that was announced");
    }
    dtls_arm(d, now_ms);
}

void dtls_start(dtls *d, bool client, uint64_t now_ms) {
    LK_ASSERT(d->state == DTLS_IDLE);
    d->state = DTLS_HANDSHAKE;
    if (client)
        SSL_set_connect_state(d->ssl);
    else
        SSL_set_accept_state(d->ssl);
    dtls_handshake(d, now_ms);
}

/* The least that an encrypted record has: with AES-GCM eight bytes of nonce and a tag (RFC 5288),
 * with ChaCha20-Poly1305 the tag (RFC 7905). The last message of a handshake has more than either.
 */
static size_t dtls_least(const dtls *d) {
    bool chacha =
        d->state == DTLS_UP &&
        SSL_CIPHER_get_cipher_nid(SSL_get_current_cipher(d->ssl)) == NID_chacha20_poly1305;
    return chacha ? 16 : 24;
}

/* How many records there are; 0: there is one among them that nobody can have encrypted. OpenSSL
 * 3.0.19 never reads again after one of 1 to 23 bytes, and anybody can send that from a borrowed
 * address. */
static size_t dtls_count(const dtls *d, lk_bytes datagram) {
    enum { HEADER = 13, EPOCH = 3, LENGTH = 11 };
    size_t count = 0, least = dtls_least(d);
    for (size_t at = 0; at + HEADER <= datagram.len; count++) {
        const uint8_t *head = datagram.at + at;
        size_t len = (size_t)head[LENGTH] << 8 | head[LENGTH + 1];
        if ((head[EPOCH] | head[EPOCH + 1]) != 0 && len < least) return 0;
        at += HEADER + len;
    }
    return count;
}

void dtls_feed(dtls *d, lk_bytes datagram, uint64_t now_ms) {
    d->input = datagram;
    d->records = dtls_count(d, datagram);
    if (d->records == 0) {
        d->input.len = 0;
        return;
    }
    /* what came before the end of the handshake is kept by OpenSSL, and given then */
    if (d->state != DTLS_UP) d->records = SIZE_MAX;
    if (d->state == DTLS_HANDSHAKE) dtls_handshake(d, now_ms);
}

size_t dtls_read(dtls *d, uint8_t out[DTLS_RECORD_MAX], uint64_t now_ms) {
    if (d->state != DTLS_UP || d->records == 0) {
        d->input.len = 0;
        return 0;
    }
    dtls_forget_errors();
    int n = SSL_read(d->ssl, out, DTLS_RECORD_MAX);
    if (n > 0) {
        d->records--;
        return (size_t)n;
    }
    d->input.len = 0;
    dtls_judge(d, n);
    dtls_arm(d, now_ms);
    return 0;
}

void dtls_send(dtls *d, lk_bytes bytes) {
    if (d->state != DTLS_UP || bytes.len == 0) return;
    dtls_forget_errors();
    int n = SSL_write(d->ssl, bytes.at, (int)bytes.len);
    if (n <= 0) dtls_judge(d, n);
}

void dtls_stop(dtls *d) {
    if (d->state != DTLS_UP) return;
    dtls_forget_errors();
    SSL_shutdown(d->ssl);
    dtls_down(d, "closed");
}

dtls_state dtls_state_read(const dtls *d) { return d->state; }
const char *dtls_why(const dtls *d) { return d->why; }

void dtls_tick(dtls *d, uint64_t now_ms) {
    if (d->state != DTLS_HANDSHAKE || now_ms < d->wake_ms) return;
    dtls_forget_errors();
    if (DTLSv1_handle_timeout(d->ssl) < 0)
        dtls_down(d, "the DTLS handshake got no answer");
    else
        dtls_arm(d, now_ms);
}

uint64_t dtls_wake_at(const dtls *d) { return d->wake_ms; }
