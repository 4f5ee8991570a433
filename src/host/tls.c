/* SPDX-License-Identifier: MIT
 * tls.c - OpenSSL between two buffers of its own:
 *
 *     connection ─► in ─► SSL ─► plain         say ─► waiting ─► SSL ─► out ─► connection */
#include "host/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "host/address.h"
#include "host/heap.h"

struct tls {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out; /* of `ssl` */
    lk_buf waiting;
};

static bool tls_expect(SSL *ssl, const char *host) {
    lk_addr numeric;
    lk_str name = {host, __builtin_strlen(host)};
    X509_VERIFY_PARAM *verify = SSL_get0_param(ssl);
    if (address_numeric(name, 0, &numeric)) return X509_VERIFY_PARAM_set1_ip_asc(verify, host) == 1;
    return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

static bool tls_start(tls *t, const char *host) {
    t->context = SSL_CTX_new(TLS_client_method());
    if (t->context == NULL || SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_default_verify_paths(t->context) != 1)
        return false;
    SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
    t->ssl = SSL_new(t->context);
    if (t->ssl == NULL || !tls_expect(t->ssl, host)) return false;
    t->in = BIO_new(BIO_s_mem()), t->out = BIO_new(BIO_s_mem());
    if (t->in == NULL || t->out == NULL) return false;
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_connect_state(t->ssl);
    SSL_do_handshake(t->ssl); /* the first message is in `out` now */
    return true;
}

tls *tls_new(const char *host) {
    tls *t = heap_new(tls);
    t->waiting = (lk_buf)HEAP_BUF;
    if (tls_start(t, host)) return t;
    tls_free(t);
    return NULL;
}

void tls_free(tls *t) {
    SSL_free(t->ssl);
    SSL_CTX_free(t->context);
    lk_buf_free(&t->waiting);
    heap_free(tls, t);
}

static void tls_flush(tls *t) {
    if (!SSL_is_init_finished(t->ssl) || t->waiting.len == 0) return;
    /* a buffer in memory takes all there is */
    SSL_write(t->ssl, t->waiting.at, (int)t->waiting.len);
    t->waiting.len = 0;
}

void tls_say(tls *t, lk_bytes plain) {
    buf_append(&t->waiting, plain.at, plain.len);
    tls_flush(t);
}

bool tls_hear(tls *t, lk_bytes sealed, lk_buf *plain) {
    uint8_t bytes[16384];
    int len;
    ERR_clear_error(); /* or an older one, of somebody else, would be taken for ours */
    if (BIO_write(t->in, sealed.at, (int)sealed.len) != (int)sealed.len) return false;
    while ((len = SSL_read(t->ssl, bytes, sizeof bytes)) > 0) buf_append(plain, bytes, (size_t)len);
    bool goes_on = SSL_get_error(t->ssl, len) == SSL_ERROR_WANT_READ;
    tls_flush(t);
    return goes_on;
}

void tls_take(tls *t, lk_buf *sealed) {
    uint8_t bytes[16384];
    int len;
    while ((len = BIO_read(t->out, bytes, sizeof bytes)) > 0)
        buf_append(sealed, bytes, (size_t)len);
}
