/* SPDX-License-Identifier: MIT
 * mutator.c - libFuzzer's own mutations, repaired afterwards so that checksums do not stop them. */
#include "fuzz/fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

__attribute__((weak)) void fuzz_repair(uint8_t *data, size_t size) { (void)data, (void)size; }

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    size_t len = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 4 != 0) fuzz_repair(data, len);
    return len;
}
