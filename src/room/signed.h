/* SPDX-License-Identifier: MIT
 * signed.h - updates of a guarded room. Each is one blob or several, with the signature of somebody
 * who may write on each of them, so that whoever has one can pass it on:
 *
 *   update    envelope ...       envelope    'lksg' | version 1 | signature (64) | blob (varBytes)
 */
#ifndef ROOM_SIGNED_H
#define ROOM_SIGNED_H

#include "base/bytes.h"

#include "lorikeet_room.h"

/* How many bytes an envelope has besides its blob, at most. */
enum { SIGNED_AROUND = 4 + 1 + LK_SIGNATURE + 10 };

typedef struct signed_envelope {
    lk_bytes whole; /* as it came */
    const uint8_t *signature;
    lk_bytes blob;
} signed_envelope;

/* Does it begin as an update of a guarded room does? No blob of Loro's does. */
bool signed_is(lk_bytes update);
/* The next envelope; `rest` starts as the update, and is empty after the last one. Who made it is
 * not looked at. LK_ECORRUPT. */
lk_status signed_next(lk_bytes *rest, signed_envelope *out, lk_fault *fault_or_null);
/* Did somebody sign all of it who may write? Not if there is nothing. */
bool signed_good(const lk_guard *guard, lk_bytes update);
/* Append an envelope of the blob. False when memory is out, with nothing appended. */
bool signed_write(const lk_guard *guard, lk_bytes blob, lk_buf *out);

#endif
