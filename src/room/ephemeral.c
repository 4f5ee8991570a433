/* SPDX-License-Identifier: MIT
 * ephemeral.c - presence (presence.h) as an object of its own. */
#include "room/presence.h"

struct lk_ephemeral {
    lk_memory memory;
    presence entries;
    lk_buf told; /* of the last call; read into changes when asked for */
    VEC(lk_ephemeral_change) changes;
    arena scratch; /* values handed out */
};

static lk_ephemeral *ephemeral_make(presence_rules rules, uint64_t timeout_ms,
                                    const lk_memory *memory_or_null) {
    const lk_memory *memory = memory_or_null == NULL ? &mem_default : memory_or_null;
    lk_ephemeral *e = mem_zalloc(memory, sizeof *e);
    if (e == NULL) return NULL;
    e->memory = *memory;
    e->told.memory = &e->memory;
    e->entries.heap = &e->memory;
    e->entries.rules = rules;
    /* A time-out beyond what a Date can name is none; the sum with a time must not wrap. */
    e->entries.life_ms = timeout_ms < UINT64_MAX / 2 ? timeout_ms : UINT64_MAX / 2;
    e->entries.told = &e->told;
    arena_init(&e->scratch, &e->memory);
    return e;
}

lk_ephemeral *lk_ephemeral_new(uint64_t timeout_ms, const lk_memory *memory_or_null) {
    return ephemeral_make(PRESENCE_STORE, timeout_ms, memory_or_null);
}

lk_ephemeral *lk_awareness_new(uint64_t timeout_ms, const lk_memory *memory_or_null) {
    return ephemeral_make(PRESENCE_AWARENESS, timeout_ms, memory_or_null);
}

void lk_ephemeral_free(lk_ephemeral *e) {
    if (e == NULL) return;
    lk_memory memory = e->memory;
    presence_drop(&e->entries);
    lk_buf_free(&e->told);
    vec_drop(&memory, &e->changes);
    arena_drop(&e->scratch);
    mem_free(&memory, e, sizeof *e);
}

lk_status lk_ephemeral_set(lk_ephemeral *e, lk_str key, const lk_value *value_or_null,
                           uint64_t now_ms, lk_buf *update) {
    int64_t stamp = e->entries.rules == PRESENCE_AWARENESS ? 1 : (int64_t)now_ms;
    e->told.len = 0;
    lk_status status = presence_set(&e->entries, key, value_or_null, stamp, now_ms, update);
    if (status != LK_OK) e->told.len = 0;
    return status;
}

lk_status lk_ephemeral_apply(lk_ephemeral *e, lk_bytes update, uint64_t now_ms,
                             lk_fault *fault_or_null) {
    bool changed;
    e->told.len = 0;
    return presence_apply(&e->entries, update, 0, now_ms, &changed, fault_or_null);
}

void lk_ephemeral_expire(lk_ephemeral *e, uint64_t now_ms) {
    e->told.len = 0;
    presence_expire(&e->entries, now_ms);
}

lk_status lk_ephemeral_changes(lk_ephemeral *e, const lk_ephemeral_change **out, size_t *len) {
    reader r = reader_new((lk_bytes){e->told.at, e->told.len});
    e->changes.len = 0;
    while (reader_left(&r) > 0) {
        lk_ephemeral_change *change = vec_push(&e->memory, &e->changes);
        if (change == NULL) return LK_ENOMEM;
        change->what = (lk_ephemeral_what)reader_u8(&r);
        change->key = reader_str(&r);
    }
    *out = e->changes.at;
    *len = e->changes.len;
    return LK_OK;
}

lk_status lk_ephemeral_encode(lk_ephemeral *e, const lk_str *keys_or_null, size_t len,
                              uint64_t now_ms, lk_buf *out) {
    size_t most = keys_or_null == NULL ? e->entries.entries.len : len, count = 0;
    arena_reset(&e->scratch);
    const presence_entry **some = arena_new(&e->scratch, const presence_entry *, most);
    if (some == NULL) return LK_ENOMEM;
    for (size_t i = 0; i < most; i++) {
        const presence_entry *entry = keys_or_null == NULL
                                          ? &e->entries.entries.at[i]
                                          : presence_get(&e->entries, keys_or_null[i]);
        if (entry != NULL && entry->expires_ms > now_ms) some[count++] = entry;
    }
    return presence_encode_some(&e->entries, some, count, out) ? LK_OK : LK_ENOMEM;
}

lk_status lk_ephemeral_get(lk_ephemeral *e, lk_str key, lk_value *out, int64_t *updated_ms) {
    const presence_entry *entry = presence_get(&e->entries, key);
    if (entry == NULL || entry->value_len == 0) return LK_EMISSING;
    arena_reset(&e->scratch);
    const lk_value *value = presence_value(entry, &e->scratch);
    if (value == NULL) return LK_ENOMEM;
    *out = *value;
    if (updated_ms != NULL)
        *updated_ms = e->entries.rules == PRESENCE_STORE
                          ? entry->stamp_ms
                          : (int64_t)(entry->expires_ms - e->entries.life_ms - 1);
    return LK_OK;
}

bool lk_ephemeral_next(const lk_ephemeral *e, size_t *cursor, lk_str *key) {
    while (*cursor < e->entries.entries.len) {
        const presence_entry *entry = &e->entries.entries.at[(*cursor)++];
        if (entry->value_len == 0) continue;
        *key = (lk_str){(const char *)entry->bytes, entry->key_len};
        return true;
    }
    return false;
}

size_t lk_ephemeral_len(const lk_ephemeral *e) {
    size_t cursor = 0, count = 0;
    lk_str key;
    while (lk_ephemeral_next(e, &cursor, &key)) count++;
    return count;
}
