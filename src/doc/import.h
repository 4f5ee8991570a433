/* SPDX-License-Identifier: MIT
 * import.h - reading a history that is wanted for itself. */
#ifndef DOC_IMPORT_H
#define DOC_IMPORT_H

#include "doc/doc.h"

/* Append the history of a snapshot to the log, which says nothing yet, all of it; nothing waits.
 * The state stays as it is. LK_ECORRUPT, LK_EVERSION, LK_ELIMIT, LK_ENOMEM; the log has some of it
 * then.
 */
lk_status import_history(lk_doc *doc, lk_bytes blob, lk_fault *fault);

#endif
