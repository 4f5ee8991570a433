/* SPDX-License-Identifier: MIT
 * turn_secret.h - credentials for a TURN server that shares a secret with us, good for a day
 * (draft-uberti-behave-turn-rest-00; coturn calls it use-auth-secret). */
#ifndef HOST_TURN_SECRET_H
#define HOST_TURN_SECRET_H

#include "base/mem.h"

/* Append the credentials of a peer. `now_s`: seconds of Unix time. */
void turn_secret_mint(lk_str secret, lk_str peer, int64_t now_s, lk_buf *username,
                      lk_buf *password);

#endif
