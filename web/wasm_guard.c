/* SPDX-License-Identifier: MIT
 * wasm_guard.c - who may write in a room, spelled in numbers. Who loaded the module knows guards by
 * numbers above zero, and signs and verifies (package/src/guard.ts): these two are all it imports.
 */
#include "room/signed.h"
#include "shim.h"

#define GUARD(name) __attribute__((import_module("guard"), import_name(name)))

/* They read what is at these addresses, and call nothing here. False: no memory for it. */
GUARD("sign")
bool guard_sign(uint32_t guard, const uint8_t *blob, size_t len, uint8_t signature[LK_SIGNATURE]);
GUARD("verify")
bool guard_verify(uint32_t guard, const uint8_t *blob, size_t len,
                  const uint8_t signature[LK_SIGNATURE]);

static bool shim_sign(void *context, lk_bytes blob, uint8_t out[LK_SIGNATURE]) {
    return guard_sign((uint32_t)(uintptr_t)context, blob.at, blob.len, out);
}

static bool shim_verify(void *context, lk_bytes blob, const uint8_t signature[LK_SIGNATURE]) {
    return guard_verify((uint32_t)(uintptr_t)context, blob.at, blob.len, signature);
}

lk_guard shim_guard(uint32_t guard, bool writes) {
    return (lk_guard){(void *)(uintptr_t)guard, writes ? shim_sign : NULL, shim_verify};
}

/* Arguments: a blob. Result: it as an update of the room. The guard is one that writes. */
lk_status WEB(w_guard_sign)(uint32_t guard, size_t len) {
    lk_guard g = shim_guard(guard, true);
    writer w = shim_result();
    return signed_write(&g, shim_bytes(len), w.out) ? LK_OK : LK_ENOMEM;
}

/* Arguments: an update. 1: all of it is signed. */
int32_t WEB(w_guard_verify)(uint32_t guard, size_t len) {
    lk_guard g = shim_guard(guard, false);
    return signed_good(&g, shim_bytes(len));
}
