/* SPDX-License-Identifier: MIT
 * tls.h - the client's end of a TLS connection (RFC 8446), without the connection: bytes of both
 * sides in, bytes of both sides out. */
#ifndef HOST_TLS_H
#define HOST_TLS_H

#include "base/mem.h"

typedef struct tls tls;

/* The other side must have a certificate for `host`, a name or an address, that the system trusts.
 * NULL when OpenSSL does not start. */
tls *tls_new(const char *host);
void tls_free(tls *t);
/* Say something; what is said before the handshake is over waits. */
void tls_say(tls *t, lk_bytes plain);
/* Take what came over the connection, append what it says to `plain`. False: it is over. */
bool tls_hear(tls *t, lk_bytes sealed, lk_buf *plain);
/* Append what has to go out over the connection. */
void tls_take(tls *t, lk_buf *sealed);

#endif
