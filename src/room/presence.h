/* SPDX-License-Identifier: MIT
 * presence.h - who is here and what they show: keys with values that are never history. Of two
 * entries under one key the later stamped stays.
 *
 *                 bytes (postcard)                                an entry nobody repeats goes
 *   in a room     Vec<{key, Option<LoroValue>, i64 ms}>           30 s after it came: wrong clocks
 *                                                                 of others do no harm
 *   a store       the same: those of Loro's EphemeralStore        a while after its stamp
 *   awareness     Vec<{u64 peer, i32 counter, LoroValue}>,        a while after it came
 *                 stamps are counters, keys decimal peer ids                                     */
#ifndef ROOM_PRESENCE_H
#define ROOM_PRESENCE_H

#include "base/bytes.h"
#include "lorikeet_room.h"

typedef struct presence_entry {
    uint8_t *bytes;              /* the key, then the value as postcard */
    uint32_t key_len, value_len; /* value_len 0: deleted, kept so that older writes lose */
    int64_t stamp_ms;
    uint64_t expires_ms;
    uint32_t source; /* whom it last came from; PRESENCE_OWN: written here */
    uint64_t held;   /* the bits of sources that are known to have it as it is */
} presence_entry;
#define PRESENCE_OWN UINT32_MAX
#define PRESENCE_GONE (UINT32_MAX - 1) /* a source that is no more */
/* The source's bit in a mask; those beyond the first 64 have none. */
static inline uint64_t presence_bit(uint32_t source) {
    return source < 64 ? (uint64_t)1 << source : 0;
}

typedef enum presence_rules { PRESENCE_ROOM, PRESENCE_STORE, PRESENCE_AWARENESS } presence_rules;

typedef struct presence {
    const lk_memory *heap;
    VEC(presence_entry) entries; /* sorted by key */
    presence_rules rules;
    uint64_t life_ms; /* not in a room */
    lk_buf *told;     /* if there: what changed is appended, u8 lk_ephemeral_what and bytes key */
} presence;

void presence_drop(presence *p);
/* Write an entry here, stamped `stamp_ms` or later if that is needed to win, and append its update
 * to `out`. A value of NULL deletes. LK_EVALUE, LK_ELIMIT, LK_ENOMEM. */
lk_status presence_set(presence *p, lk_str key, const lk_value *value, int64_t stamp_ms,
                       uint64_t now_ms, lk_buf *out);
/* Take in an update from `source` (a link's slot); *changed tells whether anything to be seen did.
 * Damaged bytes change nothing; when entries or memory run out, a part may have been taken in,
 * which repeating mends. LK_ECORRUPT, LK_ELIMIT, LK_ENOMEM. The fault says presence_full when the
 * bytes are good and there is no room for them. */
extern const char presence_full[];
lk_status presence_apply(presence *p, lk_bytes bytes, uint32_t source, uint64_t now_ms,
                         bool *changed, lk_fault *fault_or_null);
/* Give what was written here a new stamp and life. True if there is such an entry. */
bool presence_refresh(presence *p, int64_t stamp_ms, uint64_t now_ms);
/* Append an update of all entries, or of those written here; false when memory is out. */
bool presence_encode(const presence *p, bool own_only, lk_buf *out);
/* The source is no more, and its number may be another's. Entries that came from it will not be
 * repeated, unless they came from further away and `stay`: they have seconds to live. */
void presence_forsake(presence *p, uint32_t source, bool stay, uint64_t now_ms);
/* Append an update of what `source`, one of the first 64, is not known to have, up to `most` bytes
 * and one entry, and count it as held there. *left tells whether there is more. False when memory
 * is out. Appends nothing if there is nothing. */
bool presence_pass(presence *p, uint32_t source, size_t most, bool *left, lk_buf *out);
/* Drop what is past its time. True if something to be seen went. */
bool presence_expire(presence *p, uint64_t now_ms);
/* When presence_expire() is next wanted, or UINT64_MAX. */
uint64_t presence_wake_at(const presence *p);
/* The entry of that key, or NULL. */
const presence_entry *presence_get(const presence *p, lk_str key);
/* Append an update of these entries. */
bool presence_encode_some(const presence *p, const presence_entry *const *entries, size_t len,
                          lk_buf *out);
/* The value of an entry, built in `scratch`; what is text or binary stays a view of the entry. NULL
 * when memory is out. */
const lk_value *presence_value(const presence_entry *e, arena *scratch);
/* Append {"key":value,...}, sorted by key; false when memory is out. */
bool presence_json(const presence *p, lk_buf *out);

#endif
