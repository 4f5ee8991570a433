/* SPDX-License-Identifier: MIT
 * presence.h - who is here and what they show: keys with values that are never history. The bytes
 * are those of Loro's EphemeralStore: postcard Vec<{key, Option<LoroValue>, i64 time in ms}>.
 *
 * Of two entries under one key the later stamped stays. An entry nobody repeats is gone after
 * 30 seconds of the local clock: stamps of others order their writes but do not age them, so wrong
 * clocks do no harm. */
#ifndef ROOM_PRESENCE_H
#define ROOM_PRESENCE_H

#include "base/bytes.h"

typedef struct presence_entry {
    uint8_t *bytes;              /* the key, then the value as postcard */
    uint32_t key_len, value_len; /* value_len 0: deleted, kept so that older writes lose */
    int64_t stamp_ms;
    uint64_t expires_ms;
    uint32_t source; /* whom it last came from; PRESENCE_OWN: written here */
} presence_entry;
#define PRESENCE_OWN UINT32_MAX

typedef struct presence {
    const lk_memory *heap;
    VEC(presence_entry) entries; /* sorted by key */
} presence;

void presence_drop(presence *p);
/* Write an entry here, stamped `stamp_ms` or later if that is needed to win, and append its update
 * to `out`. A value of NULL or LK_NULL deletes. LK_EVALUE, LK_ELIMIT, LK_ENOMEM. */
lk_status presence_set(presence *p, lk_str key, const lk_value *value, int64_t stamp_ms,
                       uint64_t now_ms, lk_buf *out);
/* Take in an update from `source`; *changed tells whether anything to be seen did. Damaged bytes
 * change nothing; when entries or memory run out, a part may have been taken in, which repeating
 * mends. LK_ECORRUPT, LK_ELIMIT, LK_ENOMEM. */
lk_status presence_apply(presence *p, lk_bytes bytes, uint32_t source, uint64_t now_ms,
                         bool *changed, lk_fault *fault_or_null);
/* Give what was written here a new stamp and life. True if there is such an entry. */
bool presence_refresh(presence *p, int64_t stamp_ms, uint64_t now_ms);
/* Append an update of all entries, or of those written here; false when memory is out. */
bool presence_encode(const presence *p, bool own_only, lk_buf *out);
/* Entries of `source` are not to be repeated by it any more: they have seconds to live. */
void presence_forsake(presence *p, uint32_t source, uint64_t now_ms);
/* Drop what is past its time. True if something to be seen went. */
bool presence_expire(presence *p, uint64_t now_ms);
/* When presence_expire() is next wanted, or UINT64_MAX. */
uint64_t presence_wake_at(const presence *p);
/* Append {"key":value,...}, sorted by key; false when memory is out. */
bool presence_json(const presence *p, lk_buf *out);

#endif
