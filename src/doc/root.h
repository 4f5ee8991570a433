/* SPDX-License-Identifier: MIT
 * root.h - beginning a history late: with the state that its older part led to. */
#ifndef DOC_ROOT_H
#define DOC_ROOT_H

#include "codec/snapshot_blob.h"
#include "doc/doc.h"

/* Let an empty document begin where the history of a blob does. `first` holds the operation it
 * begins with. Appends to doc->steps what makes the state of then. LK_ECORRUPT, LK_EVERSION,
 * LK_ELIMIT, LK_ENOMEM; rewind the log then. Cost: the state. `lazily`: texts may sleep, sealed.h;
 * then nothing but these steps is done before they wake. */
lk_status root_load(lk_doc *doc, const snapshot_history *history, const snapshot_root *root,
                    const block *first, bool lazily, lk_fault *fault);

/* The same at the end of a history that is sealed, whatever it holds; texts may sleep. */
lk_status root_load_tip(lk_doc *doc, const snapshot_tip *tip, const snapshot_root *at_end,
                        lk_fault *fault);

/* Give the texts that sleep their ids, from the table of states they came in. Statuses as above;
 * they sleep on then. Leaves scratch alone. */
lk_status root_wake(lk_doc *doc, lk_bytes states);

#endif
