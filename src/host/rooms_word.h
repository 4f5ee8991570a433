/* SPDX-License-Identifier: MIT
 * rooms_word.h - the word that a room's members say when they join (docs/PROTOCOL.md section 3):
 * ROOMS_WORD_MAGIC and 32 bytes that are made of the room's key. The payload of a join is the
 * application's, so a payload of another shape is no word. */
#ifndef HOST_ROOMS_WORD_H
#define HOST_ROOMS_WORD_H

#include <string.h>

#include "host/seal.h"

#define ROOMS_WORD_MAGIC "lorikeet\1"
enum { ROOMS_WORD_HEAD = sizeof ROOMS_WORD_MAGIC - 1, ROOMS_WORD_LEN = ROOMS_WORD_HEAD + SEAL_KEY };

/* The word in a join's payload; empty: there is none. */
static inline lk_bytes rooms_word_of(lk_bytes payload) {
    bool word =
        payload.len == ROOMS_WORD_LEN && memcmp(payload.at, ROOMS_WORD_MAGIC, ROOMS_WORD_HEAD) == 0;
    return word ? payload : (lk_bytes){NULL, 0};
}

#endif
