/* SPDX-License-Identifier: MIT
 * past.h - an operation speaks only of what its author knew: the container that it changes, the
 * element that it moves or sets, the node. Who lies about that is refused before anything goes by
 * it; so containers nest without cycles. */
#ifndef OPLOG_PAST_H
#define OPLOG_PAST_H

#include "oplog/oplog.h"

/* Is what `o` of `run`, the newest, speaks of in its past? LK_ECORRUPT, and *what is not;
 * LK_ENOMEM. O(log n). */
lk_status past_check(oplog *log, const dag_run *run, const op *o, const char **what);

#endif
