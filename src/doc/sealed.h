/* SPDX-License-Identifier: MIT
 * sealed.h - a document that opened without reading its history.
 *
 *        the snapshot's bytes, kept as they came          the log
 *     ┌──────────────────────────────────────────┐ heads ┌──────────────────────────┐
 *     │ history: decoded, checked and replayed   ├───────┤ runs of what came since, │
 *     │ when something asks for it               │       │ all built on the heads   │
 *     └──────────────────────────────────────────┘       └──────────────────────────┘
 *       lv 0 ..................................    begin = floor ........... end
 *
 * Its state was taken from the snapshot, as that of a shallow one is (root.c). What is sealed has
 * local versions, so that its ends can be named, but nothing else. Edits, and imports that build on
 * all of it, go on from there. Whatever would need more asks here first, before it takes hold of
 * anything of the log or the state: then the history is read into a new log, what came since goes
 * on top of it, where it has the same local versions as before, and the state is replayed. The
 * history is right: if it leads to another document than the one shown, it is as damaged as one
 * that cannot be read. Then the call that asked fails, and the document is as it was.
 *
 * A document that shows its past, or writes as a peer of the history, is not sealed, and the state
 * never travels while it is: what only a journey asks for (oplog.h: pieces, registers) is not kept.
 *
 * Texts without styles sleep: they are the bytes of the text, read for what they say, and who wrote
 * what of them is found out by the first call that asks, from the states they came in. So do those
 * of a shallow snapshot whose history is but its root. If that is damaged, the history tells. */
#ifndef DOC_SEALED_H
#define DOC_SEALED_H

#include "codec/snapshot_blob.h"
#include "doc/doc.h"

/* The log, which begins where a snapshot ends, is empty: keep a copy of that. `plain`: of
 * containers there are those of the snapshot alone. false when memory is out. */
bool sealed_keep(lk_doc *doc, lk_bytes blob, const snapshot_tip *tip, bool plain);
void sealed_drop(lk_doc *doc);

/* Read the history, if it is sealed, and wake what sleeps. LK_ECORRUPT, LK_EVERSION, LK_ELIMIT,
 * LK_ENOMEM, LK_ESPENT. */
lk_status sealed_open(lk_doc *doc);
/* Give the texts that sleep their ids. Statuses as above; all is as it was then. Containers of the
 * state may move. */
lk_status sealed_rouse(lk_doc *doc);
static inline lk_status sealed_wake(lk_doc *doc) { return doc->asleep ? sealed_rouse(doc) : LK_OK; }
/* The parts of the snapshot it came in. Statuses as above. */
lk_status sealed_sections(const lk_doc *doc, envelope_sections *out, lk_fault *fault);
/* sealed_open() if an operation is sealed, or one of a span. */
lk_status sealed_open_for(lk_doc *doc, lk_id id);
/* The same unless a version is that at the end of what is sealed, or newer. `vector`: the ids are
 * ends. */
lk_status sealed_open_at(lk_doc *doc, lk_ids version, bool vector);
/* The same unless a version vector covers all that is sealed. */
lk_status sealed_open_after(lk_doc *doc, lk_ids vv);

/* Can a change whose past is here go on top, unread as the history is? It builds on all of that,
 * and is about what the state tells of. */
bool sealed_carries(const lk_doc *doc, const block *b, const oplog_names *names, const change *c);
/* Are all of the ends of what is sealed among these heads? false if nothing is sealed. */
bool sealed_tip(const lk_doc *doc, const lv *heads, size_t len);
/* The snapshot that holds all there is, as it came; empty if none does. */
lk_bytes sealed_whole(const lk_doc *doc);

#endif
