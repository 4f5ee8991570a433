/* SPDX-License-Identifier: MIT
 * intern.c - three arrays of names, each with a hash table from name to index. */
#include "oplog/intern.h"

#include "base/str.h"

void intern_init(intern *in, const lk_memory *heap, arena *log) {
    *in = (intern){.heap = heap, .log = log};
}

void intern_drop(intern *in) {
    vec_drop(in->heap, &in->peers);
    vec_drop(in->heap, &in->keys);
    vec_drop(in->heap, &in->containers);
    table_drop(&in->peer_table, in->heap);
    table_drop(&in->key_table, in->heap);
    table_drop(&in->container_table, in->heap);
}

static void intern_shrink(table *t, size_t *len, size_t mark) {
    if (*len == mark) return;
    *len = mark;
    table_rewind(t, (uint32_t)mark);
}

void intern_rewind(intern *in, intern_mark mark) {
    intern_shrink(&in->peer_table, &in->peers.len, mark.peers);
    intern_shrink(&in->key_table, &in->keys.len, mark.keys);
    intern_shrink(&in->container_table, &in->containers.len, mark.containers);
}

static uint32_t intern_peer_hash(const intern *in, uint64_t peer) {
    return keyed_hash_u64(in->heap->hash_key, peer);
}

static uint32_t intern_key_hash(const intern *in, lk_str key) {
    return keyed_hash(in->heap->hash_key, key.at, key.len);
}

peer_ix intern_find_peer(const intern *in, uint64_t peer) {
    table_probe probe;
    uint32_t i = table_first(&in->peer_table, intern_peer_hash(in, peer), &probe);
    while (i != TABLE_NONE && in->peers.at[i] != peer) i = table_next(&probe);
    return i;
}

peer_ix intern_peer(intern *in, uint64_t peer) {
    peer_ix found = intern_find_peer(in, peer);
    if (found != TABLE_NONE) return found;
    if (!vec_reserve(in->heap, &in->peers, 1) || !table_reserve(&in->peer_table, in->heap, 1))
        return TABLE_NONE;
    in->peers.at[in->peers.len] = peer;
    table_add(&in->peer_table, intern_peer_hash(in, peer), (uint32_t)in->peers.len);
    return (peer_ix)in->peers.len++;
}

/* A copy of `s` in the log; at NULL when memory is out. */
static lk_str intern_copy(intern *in, lk_str s) {
    char *at = arena_bytes(in->log, s.len);
    if (at != NULL && s.len > 0) __builtin_memcpy(at, s.at, s.len);
    return (lk_str){at, s.len};
}

static uint32_t intern_seek_key(const intern *in, uint32_t hash, lk_str key) {
    table_probe probe;
    uint32_t i = table_first(&in->key_table, hash, &probe);
    while (i != TABLE_NONE && !str_equal(in->keys.at[i], key)) i = table_next(&probe);
    return i;
}

uint32_t intern_find_key(const intern *in, lk_str key) {
    return intern_seek_key(in, intern_key_hash(in, key), key);
}

uint32_t intern_key(intern *in, lk_str key) {
    uint32_t hash = intern_key_hash(in, key), found = intern_seek_key(in, hash, key);
    if (found != TABLE_NONE) return found;
    if (!vec_reserve(in->heap, &in->keys, 1) || !table_reserve(&in->key_table, in->heap, 1))
        return TABLE_NONE;
    lk_str copy = intern_copy(in, key);
    if (copy.at == NULL) return TABLE_NONE;
    in->keys.at[in->keys.len] = copy;
    table_add(&in->key_table, hash, (uint32_t)in->keys.len);
    return (uint32_t)in->keys.len++;
}

static uint32_t intern_container_hash(const intern *in, const container_id *id) {
    if (id->root) return intern_key_hash(in, id->name) ^ id->kind;
    uint64_t number = (uint64_t)id->peer << 32 ^ (uint32_t)id->counter ^ (uint64_t)id->kind << 56;
    return keyed_hash_u64(in->heap->hash_key, number);
}

static bool intern_container_equal(const container_id *a, const container_id *b) {
    if (a->kind != b->kind || a->root != b->root) return false;
    if (a->root) return str_equal(a->name, b->name);
    return a->peer == b->peer && a->counter == b->counter;
}

static uint32_t intern_seek_container(const intern *in, uint32_t hash, const container_id *id) {
    table_probe probe;
    uint32_t i = table_first(&in->container_table, hash, &probe);
    while (i != TABLE_NONE && !intern_container_equal(&in->containers.at[i].id, id))
        i = table_next(&probe);
    return i;
}

uint32_t intern_find_container(const intern *in, const container_id *id) {
    return intern_seek_container(in, intern_container_hash(in, id), id);
}

uint32_t intern_container(intern *in, const container_id *id) {
    uint32_t hash = intern_container_hash(in, id), found = intern_seek_container(in, hash, id);
    if (found != TABLE_NONE) return found;
    if (!vec_reserve(in->heap, &in->containers, 1) ||
        !table_reserve(&in->container_table, in->heap, 1))
        return TABLE_NONE;
    container_name name = {.id = *id, .parent = CONTAINER_NONE};
    if (id->root) {
        name.id.name = intern_copy(in, id->name);
        if (name.id.name.at == NULL) return TABLE_NONE;
    }
    in->containers.at[in->containers.len] = name;
    table_add(&in->container_table, hash, (uint32_t)in->containers.len);
    return (uint32_t)in->containers.len++;
}
