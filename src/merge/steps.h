/* SPDX-License-Identifier: MIT
 * steps.h - operations as steps: what they do to the document, once it is known where. */
#ifndef MERGE_STEPS_H
#define MERGE_STEPS_H

#include "model/step.h"
#include "oplog/oplog.h"

typedef VEC(step) step_list;

/* Is it an operation whose effect does not depend on what else its author saw? */
bool steps_writes(const oplog *log, const op *o);

/* An insert (of a movable list: also a place for a moved element) at `pos` of the document. */
step steps_insert(const oplog *log, const op *o, const dag_run *run, uint32_t pos);
step steps_delete(const op *o, uint32_t pos, uint32_t len);
/* What an operation that steps_writes() does. */
step steps_write(const oplog *log, const op *o, const dag_run *run);

/* Append a step; false when memory is out. */
bool steps_add(const lk_memory *heap, step_list *out, const step *s);

#endif
