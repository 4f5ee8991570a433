/* SPDX-License-Identifier: MIT
 * fx.h - the order in which Loro's hash tables (Rust's own, with the hashes of rustc-hash on 32
 * bits, as in its WebAssembly) go through what they hold. Loro tells of containers, and undoes
 * keys, in that order, so it can be seen in what peers do next. */
#ifndef BASE_FX_H
#define BASE_FX_H

#include "base/mem.h"

uint32_t fx_hash_number(uint32_t number);
/* Of several numbers, one behind the other; one of 64 bits is two, its low half first. */
uint32_t fx_hash_numbers(const uint32_t *numbers, size_t len);
uint32_t fx_hash_str(lk_str s);

/* `order` lists numbers of hashes as they come into a table: let it list them as the table goes
 * through them. The table grows as they come, or if `sized` has room for all from the start. false
 * when memory is out. O(len); of hashes that someone made collide the order stays as it was. */
bool fx_reorder(arena *scratch, const uint32_t *hashes, uint32_t *order, size_t len, bool sized);

#endif
