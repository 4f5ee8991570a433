/* SPDX-License-Identifier: MIT
 * allowance.h - how much one side of a signalling connection may still say to the other: a burst,
 * refilled as time goes by (LIMIT_SIGNAL_BURST). */
#ifndef HOST_ALLOWANCE_H
#define HOST_ALLOWANCE_H

#include "base/limits.h"
#include "base/mem.h"

typedef struct allowance {
    uint64_t left, refilled_ms;
} allowance;

static inline allowance allowance_new(uint64_t now_ms) {
    return (allowance){LIMIT_SIGNAL_BURST, now_ms};
}

/* Take `cost`; false, with nothing taken, when there is less. */
static inline bool allowance_take(allowance *a, uint64_t cost, uint64_t now_ms) {
    uint64_t passed_ms = now_ms > a->refilled_ms ? now_ms - a->refilled_ms : 0;
    if (passed_ms > 1000ull * LIMIT_SIGNAL_BURST / LIMIT_SIGNAL_PER_SECOND)
        a->left = LIMIT_SIGNAL_BURST;
    else
        a->left += passed_ms * LIMIT_SIGNAL_PER_SECOND / 1000;
    if (a->left > LIMIT_SIGNAL_BURST) a->left = LIMIT_SIGNAL_BURST;
    a->refilled_ms = now_ms;
    if (a->left < cost) return false;
    a->left -= cost;
    return true;
}

#endif
