/* SPDX-License-Identifier: MIT
 * fuzz.h - what a fuzz target may define. libFuzzer and fuzz/replay.c both drive targets through
 * it. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The door under test. Returns 0; traps when an invariant breaks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Optional. Write the n-th valid input to `out` and return its length; 0 when there is no n-th.
 * Inputs are made, not stored: no binary file lives in the repository. */
size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap);

/* Optional. Make checksums and the like right again after a mutation, so that damage gets past the
 * first check. */
void fuzz_repair(uint8_t *data, size_t size);

/* Optional. How many mutations a replay makes; for targets that take long over each. */
uint32_t fuzz_count(void);

#endif
