/* SPDX-License-Identifier: MIT
 * document.h - the documents of a room (docs/PROTOCOL.md section 2.2): one without a name, whose id
 * in messages is ROOM, and others, ROOM/NAME. */
#ifndef HOST_DOCUMENT_H
#define HOST_DOCUMENT_H

#include "base/mem.h"

/* 1 to LIMIT_DOCUMENT_NAME bytes of UTF-8 without "/" and control characters? */
bool document_name_good(lk_str name);
/* Append the id; an empty name: the document without one. False if it is longer than ids may be. */
bool document_id(lk_str room, lk_str name, lk_buf *out);
/* Is that the id of a document of the room? */
bool document_is_of(lk_str id, lk_str room);
/* Has the document a name? */
bool document_is_named(lk_str id);

/* Append where a document is kept: FOLDER/ID.KIND, or FOLDER/=X.KIND, X being the base64url of an
 * id that is not of its alphabet. */
void document_path(const char *folder, lk_str id, const char *kind, lk_buf *out);
/* How many named documents of the room are kept so in the folder; no more than `most` are
 * counted. */
size_t document_count(const char *folder, lk_str room, const char *kind, size_t most);

#endif
