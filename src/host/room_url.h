/* SPDX-License-Identifier: MIT
 * room_url.h - a room's links (docs/PROTOCOL.md section 1): http://HOST:PORT/...#/ROOM and then
 *
 *   ?k=KEY       to write      all that follows is made of it
 *   ?v=KEYS      to read       the room's key, and the one that checks signatures
 *   ?r=RELAYKEY  to keep the room without reading it
 *
 * Behind that may stand &d=NAME: another document of the room (document.h), percent-encoded. What
 * stands before the # is the page's business. */
#ifndef HOST_ROOM_URL_H
#define HOST_ROOM_URL_H

#include "base/limits.h"
#include "host/address.h"
#include "host/seal.h"

typedef enum room_url_kind { ROOM_URL_WRITE, ROOM_URL_READ, ROOM_URL_RELAY } room_url_kind;

typedef struct room_url {
    room_url_kind kind;
    address_url server;
    lk_str room;
    lk_str page;                        /* the link up to its ? */
    lk_str link;                        /* all of it, but for the offer */
    char name[LIMIT_DOCUMENT_NAME + 1]; /* of the document; empty: the first one */
    lk_str offer;                       /* somebody's slip (slip.h): &o=SLIP at the end; or empty */
    seal_keys keys;                     /* not of a relay's link; for the first document */
    uint8_t relay[SEAL_KEY];            /* RELAYKEY */
} room_url;

/* Views into `text`. */
bool room_url_read(const char *text, room_url *out);
/* Append the link of that kind for the same room. Who has one to read cannot make one to write, nor
 * who has a relay's any other. */
void room_url_write(const room_url *url, room_url_kind kind, lk_buf *out);

#endif
