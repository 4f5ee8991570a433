/* SPDX-License-Identifier: MIT
 * servers.h - the STUN and TURN servers that a peer asks: those it was told to, and those that
 * signalling names. */
#ifndef HOST_SERVERS_H
#define HOST_SERVERS_H

#include "base/limits.h"
#include "host/address.h"
#include "host/loop.h"
#include "host/signal_message.h"
#include "lorikeet_rtc.h"

typedef struct servers_relay {
    struct servers *servers;
    lk_buf url, username, password, tls_name; /* the last one empty: not over TLS */
    bool stream;
    lk_addr found; /* family 0: not yet */
} servers_relay;

typedef struct servers {
    loop *loop;
    void (*changed)(void *context); /* a name was looked up; may be NULL */
    void *context;
    size_t asked; /* names that are being looked up */
    bool unknown; /* one of them was not found */
    bool over;    /* freed, and the last name will end it */
    lk_addr stun[LIMIT_ICE_SERVERS];
    size_t stun_len;
    servers_relay relays[LIMIT_ICE_SERVERS];
    size_t relay_len;
} servers;

servers *servers_new(loop *l, void (*changed)(void *context), void *context);
/* Nothing is told any more. */
void servers_free(servers *s);
void servers_add_stun(servers *s, const address *at);
/* Those that a welcome names, with the credentials that it gives. */
void servers_take(servers *s, const signal_message *welcome);
/* Those relays whose address is known, as views, and the names of those that speak TLS; how many.
 */
size_t servers_turn(const servers *s, lk_rtc_turn out[LIMIT_ICE_SERVERS],
                    const char *tls_names[LIMIT_ICE_SERVERS]);

typedef struct servers_url { /* RFC 7064, RFC 7065 */
    bool turn, stream, tls;
    address at; /* views */
} servers_url;
bool servers_url_read(lk_str text, servers_url *out);

#endif
