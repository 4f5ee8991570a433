/* SPDX-License-Identifier: MIT
 * sealed_write.h - what a snapshot takes over from one whose history is sealed. */
#ifndef DOC_SEALED_WRITE_H
#define DOC_SEALED_WRITE_H

#include "doc/doc.h"

/* Can a snapshot go on from the sealed one? What came since is by peers that are new to it. */
bool sealed_write_can(const lk_doc *doc);
/* The table that its history is, and get ready for the next. LK_ENOMEM; or as reading it fails. */
lk_status sealed_write_prepare(lk_doc *doc, lk_bytes *history);
/* The Lamport time of a sealed atom that the state holds; *more: atoms from there on whose times
 * follow, if their ids do. */
uint32_t sealed_write_lamport(const lk_doc *doc, lv at, uint32_t *more);

#endif
