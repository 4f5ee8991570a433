/* SPDX-License-Identifier: MIT
 * slip.h - an offer or an answer that people carry themselves, where no server does
 * (docs/PROTOCOL.md section 1.6): no more than is needed to write the description again, sealed
 * with the link's key, as text. */
#ifndef HOST_SLIP_H
#define HOST_SLIP_H

#include "host/seal.h"

enum { SLIP_SESSION = 8 };

typedef struct slip_key { /* whose slips they are */
    lk_str room;
    const uint8_t *key; /* of SEAL_KEY bytes */
} slip_key;

typedef struct slip {
    bool answer;
    uint8_t session[SLIP_SESSION]; /* which offer it is, or which one it answers */
    lk_buf sdp;
} slip;

/* Append the text of what `sdp` says. false if it lacks something. */
bool slip_write(const slip_key *k, const slip *s, lk_buf *out);
/* false: not sealed with this key for this room, or no slip at all. `out->sdp` is yours. */
bool slip_read(const slip_key *k, lk_str text, slip *out);

#endif
