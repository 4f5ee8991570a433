/* SPDX-License-Identifier: MIT
 * signed.c - envelopes. What is read here was written by a stranger; nothing of it is believed
 * before its signature was looked at. */
#include "room/signed.h"

#define SIGNED_MAGIC 0x6c6b7367u /* lksg */
#define SIGNED_VERSION 1u

bool signed_is(lk_bytes update) {
    reader r = reader_new(update);
    return reader_u32be(&r) == SIGNED_MAGIC;
}

lk_status signed_next(lk_bytes *rest, signed_envelope *out, lk_fault *fault_or_null) {
    reader r = reader_new(*rest);
    if (reader_u32be(&r) != SIGNED_MAGIC) reader_fail(&r, LK_ECORRUPT, "update is not signed");
    if (reader_u8(&r) != SIGNED_VERSION)
        reader_fail(&r, LK_ECORRUPT, "update is signed in an unknown way");
    lk_bytes signature = reader_take(&r, LK_SIGNATURE);
    lk_bytes blob = reader_bytes(&r);
    if (fault_or_null != NULL) *fault_or_null = r.fault;
    if (!reader_ok(&r)) return r.fault.code;
    *out = (signed_envelope){{rest->at, reader_offset(&r)}, signature.at, blob};
    *rest = (lk_bytes){r.at, reader_left(&r)};
    return LK_OK;
}

bool signed_good(const lk_guard *guard, lk_bytes update) {
    signed_envelope e;
    bool good = update.len > 0;
    while (good && update.len > 0)
        good = signed_next(&update, &e, NULL) == LK_OK &&
               guard->verify(guard->context, e.blob, e.signature);
    return good;
}

bool signed_write(const lk_guard *guard, lk_bytes blob, lk_buf *out) {
    uint8_t signature[LK_SIGNATURE];
    if (!buf_reserve(out, SIGNED_AROUND + blob.len)) return false;
    if (!guard->sign(guard->context, blob, signature)) return false;
    writer w = writer_new(out);
    writer_u32be(&w, SIGNED_MAGIC);
    writer_u8(&w, SIGNED_VERSION);
    writer_raw(&w, signature, sizeof signature);
    writer_bytes(&w, blob.at, blob.len);
    return !w.failed;
}

/* ---- what is stored ---- */

lk_status lk_room_blob_next(lk_bytes *rest, lk_bytes *blob) {
    signed_envelope e;
    if (!signed_is(*rest)) {
        *blob = *rest;
        *rest = (lk_bytes){rest->at + rest->len, 0};
        return LK_OK;
    }
    lk_status status = signed_next(rest, &e, NULL);
    if (status == LK_OK) *blob = e.blob;
    return status;
}
