/* SPDX-License-Identifier: MIT
 * undo.h - what undo managers are told by the document they belong to. */
#ifndef DOC_UNDO_H
#define DOC_UNDO_H

#include "doc/doc.h"

/* A commit, an import or a checkout happened. */
void undo_hear(lk_doc *doc, const lk_event *event);
/* Something happened, but there was no memory to tell of it: nothing can be undone any more. */
void undo_lose(lk_doc *doc);
/* The document writes as another peer. */
void undo_change_peer(lk_doc *doc);
void undo_drop_all(lk_doc *doc);

#endif
