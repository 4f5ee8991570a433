/* SPDX-License-Identifier: MIT
 * wasm_guard.c - who may write in a room (base/ed25519.h), spelled in numbers. */
#include "base/ed25519.h"
#include "lorikeet_room.h"
#include "room/signed.h"
#include "shim.h"

typedef struct shim_guard {
    lk_guard guard; /* first: see w_room_new() */
    uint8_t key[ED25519_KEY], seed[ED25519_KEY];
    lk_buf head; /* what stands before the blob in what is signed */
} shim_guard;

static lk_bytes shim_head(const shim_guard *g) { return (lk_bytes){g->head.at, g->head.len}; }

static bool shim_sign(void *context, lk_bytes blob, uint8_t out[LK_SIGNATURE]) {
    const shim_guard *g = context;
    ed25519_sign(g->seed, g->key, shim_head(g), blob, out);
    return true;
}

static bool shim_verify(void *context, lk_bytes blob, const uint8_t signature[LK_SIGNATURE]) {
    const shim_guard *g = context;
    return ed25519_verify(g->key, shim_head(g), blob, signature);
}

/* Arguments: of who writes the seed, else the key that checks; the head. 0: the key has not its
 * length, or memory is out. */
shim_guard *WEB(w_guard_new)(bool writes, size_t len) {
    reader r = reader_new(shim_bytes(len));
    lk_bytes key = reader_bytes(&r), head = reader_bytes(&r);
    if (!reader_ok(&r) || key.len != ED25519_KEY) return NULL;
    shim_guard *g = mem_zalloc(&mem_default, sizeof *g);
    if (g == NULL) return NULL;
    g->guard = (lk_guard){g, writes ? shim_sign : NULL, shim_verify};
    __builtin_memcpy(writes ? g->seed : g->key, key.at, ED25519_KEY);
    if (writes) ed25519_public(g->seed, g->key);
    if (buf_append(&g->head, head.at, head.len)) return g;
    mem_free(&mem_default, g, sizeof *g);
    return NULL;
}

void WEB(w_guard_free)(shim_guard *g) {
    lk_buf_free(&g->head);
    mem_free(&mem_default, g, sizeof *g);
}

/* Result: the key that checks. */
lk_status WEB(w_guard_key)(const shim_guard *g) {
    writer w = shim_result();
    writer_raw(&w, g->key, sizeof g->key);
    return shim_written(&w);
}

/* Arguments: a blob. Result: it as an update of the room. */
lk_status WEB(w_guard_sign)(const shim_guard *g, size_t len) {
    writer w = shim_result();
    if (g->guard.sign == NULL) return LK_ESTATE;
    return signed_write(&g->guard, shim_bytes(len), w.out) ? LK_OK : LK_ENOMEM;
}

/* Arguments: an update. 1: all of it is signed. */
int32_t WEB(w_guard_verify)(const shim_guard *g, size_t len) {
    return signed_good(&g->guard, shim_bytes(len));
}
