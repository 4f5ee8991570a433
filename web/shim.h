/* SPDX-License-Identifier: MIT
 * shim.h - what the two halves of the WASM border share: one region for arguments, one for results.
 *
 *   JavaScript                                   C
 *   w_args(len) ─► writes bytes there            reader over them
 *   w_call(handle, numbers…, len) ─────────────► lk_call
 *   w_out(), w_out_len() ◄── reads bytes there ◄ writer into them
 *
 * A call returns a number: a status below zero is a failure, anything else the result. Positions in
 * text are UTF-16. The regions live until the next call. */
#ifndef WEB_SHIM_H
#define WEB_SHIM_H

#include "lorikeet_room.h"
#include "wire.h"

/* One that JavaScript calls; exports.txt says in which modules. */
#define WEB(name) name

typedef struct shim {
    lk_buf args, out;
    arena scratch;
    lk_fault fault; /* of the last call that refused bytes */
} shim;
extern shim web;

/* A writer into the emptied result region. */
writer shim_result(void);
/* What became of it. */
lk_status shim_written(const writer *w);
/* The first `len` bytes of the argument region. */
lk_bytes shim_bytes(size_t len);
lk_str shim_str(size_t len);
/* The first `len` bytes of the argument region as ids, in scratch. */
lk_status shim_ids(size_t len, lk_ids *out);
/* The result of an import: spans that came, spans that wait. */
lk_status shim_imported(lk_status status, const lk_import_status *got);
/* Memory for the call under way, emptied. */
arena *shim_scratch(void);
/* A value at the reader; its failure is the call's. */
lk_status shim_value(reader *r, lk_value *out);
/* A guard that JavaScript knows by this number. */
lk_guard shim_guard(uint32_t guard, bool writes);

#endif
