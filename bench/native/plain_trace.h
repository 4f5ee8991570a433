/* SPDX-License-Identifier: MIT
 * plain_trace.h - an editing trace as native.mjs writes it down: little-endian words
 *
 *     agents, transactions, bytes of all that is inserted
 *     per transaction: agent, parents, patches; each parent; each patch: pos, removed, added
 *
 * and behind them what is inserted, one after the other, and the text at the end. */
#ifndef BENCH_PLAIN_TRACE_H
#define BENCH_PLAIN_TRACE_H

#include "library.h"

typedef struct patch {
    uint32_t pos, removed; /* code points */
    uint32_t added;        /* bytes */
} patch;

typedef struct txn {
    uint32_t agent, parent_len, patch_len;
    const uint32_t *parents;
    const patch *patches;
    const uint8_t *added;
} txn;

typedef struct trace {
    uint32_t agents;
    size_t txn_len;
    txn *txns;
    view end;
    void *file;
} trace;

void trace_read(trace *t, const char *path);
void trace_free(trace *t);

void txn_edit(const txn *t, const library *lib, void *doc);

#endif
