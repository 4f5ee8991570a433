/* SPDX-License-Identifier: MIT
 * value.h - comparing values. */
#ifndef MODEL_VALUE_H
#define MODEL_VALUE_H

#include "base/mem.h"

/* Do they say the same? As in Loro, whose answer decides whether a write is an edit and whether an
 * import is told of: NaN equals itself, 1 and 1.0 differ, and the order of a map's keys is nothing
 * (but large maps in different orders may count as different, so that this stays linear). */
bool value_equal(const lk_value *a, const lk_value *b);

#endif
