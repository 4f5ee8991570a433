/* SPDX-License-Identifier: MIT
 * event_map.c - what happened to maps: keys with what they hold now. */
#include "doc/event_make.h"
#include "model/value.h"

/* `value` NULL: there is none. */
static lk_map_change event_map_change(const event_maker *m, uint32_t key, const lk_value *value) {
    lk_map_change c = {.key = m->doc->log.names.keys.at[key], .deleted = value == NULL};
    if (!c.deleted) c.value = *value;
    return c;
}

static bool event_map_whole(const event_maker *m, const map *from, lk_diff *out) {
    lk_map_change *changes = arena_new(m->memory, lk_map_change, map_len(from));
    if (changes == NULL) return false;
    size_t cursor = 0;
    const map_entry *entry;
    while ((entry = map_next(from, &cursor)) != NULL)
        changes[out->change_len++] = event_map_change(m, entry->key, entry->value);
    out->changes = changes;
    return true;
}

/* Does the key show what it showed before the batch? A deletion is not the same as nothing. */
static bool event_map_same(const batch_key *first, const map_entry *now) {
    bool known = now != NULL && now->peer != STEP_UNWRITTEN;
    if (!known || !first->known) return known == first->known;
    if (first->before == NULL || now->value == NULL) return first->before == now->value;
    return value_equal(first->before, now->value);
}

/* As in Loro: of writes that are not on top of everything here, those that change something. */
bool event_map_write(const event_maker *m, uint32_t id, const batch_entry *batch_or_null,
                     lk_diff *out) {
    const map *from = state_find_map(&m->doc->state, id);
    if (batch_or_null == NULL) return event_map_whole(m, from, out);
    size_t len = batch_or_null->keys.len, known = m->doc->log.names.keys.len;
    lk_map_change *changes = arena_new(m->memory, lk_map_change, len);
    uint8_t *seen = arena_alloc(m->memory, known);
    if (changes == NULL || seen == NULL) return false;
    __builtin_memset(seen, 0, known);
    for (size_t i = 0; i < len; i++) {
        const batch_key *first = &batch_or_null->keys.at[i];
        if (seen[first->key]) continue;
        seen[first->key] = 1;
        const map_entry *entry = map_find(from, first->key);
        const lk_value *now = entry == NULL ? NULL : entry->value;
        if (m->tell_all || !event_map_same(first, entry))
            changes[out->change_len++] = event_map_change(m, first->key, now);
    }
    out->changes = changes;
    return true;
}
