/* SPDX-License-Identifier: MIT
 * event_map.c - what happened to maps: keys with what they hold now, in the order in which Loro's
 * hash tables hold them. Undo writes keys in that order. */
#include "base/fx.h"
#include "base/sort.h"
#include "doc/event_make.h"
#include "model/value.h"

typedef struct event_keys {
    arena *scratch;
    lk_map_change *all;
    uint32_t *hashes, *order; /* `order` lists some of `all` */
    size_t len;               /* of `order` */
} event_keys;

static bool event_keys_open(event_keys *k, const event_maker *m, size_t most) {
    *k = (event_keys){.scratch = &m->doc->scratch};
    k->all = arena_new(k->scratch, lk_map_change, most);
    k->hashes = arena_new(k->scratch, uint32_t, most);
    k->order = arena_new(k->scratch, uint32_t, most);
    return k->all != NULL && k->hashes != NULL && k->order != NULL;
}

/* `value` NULL: there is none. */
static void event_keys_add(event_keys *k, const event_maker *m, uint32_t key,
                           const lk_value *value) {
    lk_map_change *c = &k->all[k->len++];
    *c = (lk_map_change){.key = m->doc->log.names.keys.at[key], .deleted = value == NULL};
    if (!c->deleted) c->value = *value;
}

/* All are there; let them be told as they are. */
static void event_keys_close(event_keys *k) {
    for (uint32_t i = 0; i < k->len; i++) {
        k->order[i] = i;
        k->hashes[i] = fx_hash_str(k->all[i].key);
    }
}

/* Through a hash table. */
static bool event_keys_pass(event_keys *k, bool sized) {
    return k->len < 2 || fx_reorder(k->scratch, k->hashes, k->order, k->len, sized);
}

static bool event_keys_tell(const event_keys *k, const event_maker *m, lk_diff *out) {
    lk_map_change *changes = arena_new(m->memory, lk_map_change, k->len);
    if (changes == NULL) return false;
    for (size_t i = 0; i < k->len; i++) changes[i] = k->all[k->order[i]];
    out->changes = changes;
    out->change_len = k->len;
    return true;
}

/* ---- all there is ---- */

static int event_key_order(const void *a, const void *b) {
    const lk_map_change *x = a, *y = b;
    return sort_str(x->key, y->key);
}

/* As in Loro, what was deleted is told of, too. */
static bool event_map_whole(const event_maker *m, const map *from, lk_diff *out) {
    event_keys k;
    if (!event_keys_open(&k, m, from->entries.len)) return false;
    size_t cursor = 0;
    const map_entry *entry;
    while ((entry = map_next_any(from, &cursor)) != NULL)
        event_keys_add(&k, m, entry->key, entry->value);
    sort_items(k.all, k.len, sizeof *k.all, event_key_order);
    event_keys_close(&k);
    return event_keys_pass(&k, false) && event_keys_tell(&k, m, out);
}

/* ---- what changed ---- */

/* Does the key show what it showed before the batch? A deletion is not the same as nothing. */
static bool event_map_same(const batch_key *first, const map_entry *now) {
    bool known = now != NULL && now->peer != STEP_UNWRITTEN;
    if (!known || !first->known) return known == first->known;
    if (first->before == NULL || now->value == NULL) return first->before == now->value;
    return value_equal(first->before, now->value);
}

bool event_map_doubts(const lk_doc *doc) {
    const events *e = &doc->events;
    for (size_t i = 0; i < e->batch_len; i++) {
        const batch_entry *entry = &e->batch.at[i];
        for (size_t k = 0; k < entry->keys.len; k++) {
            const map *now = state_find_map(&doc->state, entry->container);
            const batch_key *key = &entry->keys.at[k];
            if (event_map_same(key, map_find(now, key->key))) return true;
        }
    }
    return false;
}

bool event_map_tells_all(const event_maker *m, uint32_t id) {
    const uint8_t *on_top = m->doc->events.on_top;
    return m->by == LK_BY_LOCAL || (m->by == LK_BY_IMPORT && on_top != NULL && on_top[id]);
}

/* Each key once; *tells gets which are to be told. */
static bool event_map_gather(event_keys *k, const event_maker *m, const map *from,
                             const batch_entry *batch, uint8_t **tells) {
    size_t len = batch->keys.len, known = m->doc->log.names.keys.len;
    bool all = event_map_tells_all(m, batch->container);
    uint8_t *seen = arena_alloc(k->scratch, known);
    *tells = arena_alloc(k->scratch, len);
    if (seen == NULL || *tells == NULL) return false;
    __builtin_memset(seen, 0, known);
    for (size_t i = 0; i < len; i++) {
        const batch_key *first = &batch->keys.at[i];
        if (seen[first->key]) continue;
        seen[first->key] = 1;
        const map_entry *entry = map_find(from, first->key);
        (*tells)[k->len] = all || !event_map_same(first, entry);
        event_keys_add(k, m, first->key, entry == NULL ? NULL : entry->value);
    }
    event_keys_close(k);
    return true;
}

bool event_map_write(const event_maker *m, uint32_t id, const batch_entry *batch_or_null,
                     lk_diff *out) {
    const map *from = state_find_map(&m->doc->state, id);
    if (batch_or_null == NULL) return event_map_whole(m, from, out);
    event_keys k;
    uint8_t *tells;
    if (!event_keys_open(&k, m, batch_or_null->keys.len) ||
        !event_map_gather(&k, m, from, batch_or_null, &tells) || !event_keys_pass(&k, false) ||
        !event_keys_pass(&k, true))
        return false;
    size_t len = k.len;
    k.len = 0;
    for (size_t i = 0; i < len; i++)
        if (tells[k.order[i]]) k.order[k.len++] = k.order[i];
    return event_keys_pass(&k, false) && event_keys_tell(&k, m, out);
}
