/* SPDX-License-Identifier: MIT
 * shelf.c - a room's contents and their file.
 *
 * The file is a store of blobs in their order (store.h): updates, or records; what later ones make
 * needless is removed. The word of a sealed room, hashed, is a blob of its own that begins with
 * SHELF_WORD, which no record does. Memory is the truth; the file follows, and `stored` tells when.
 */
#include "host/shelf.h"

#include "base/limits.h"
#include "host/journal.h"
#include "host/seal.h"
#include "host/vault.h"

#define SHELF_WORD 0xffu
#define SHELF_WORD_LEN (1 + SEAL_KEY)
#define SHELF_PRESENCE_MS 30000
/* A file of more updates than this is made one again when the room closes. */
#define SHELF_COMPACT_BLOBS 64

typedef struct shelf_wait { /* for the disk */
    uint64_t number;        /* told when it is over; 0: nobody waits */
    parcel *record;         /* NULL: no record */
} shelf_wait;

struct shelf {
    shelf_options options;
    vault *vault;
    lk_doc *doc;
    lk_ephemeral *entries;
    size_t bytes; /* taken in, of the latter two */
    lk_buf word;  /* hashed; empty: whoever was first had none, or nobody was */
    bool founded; /* somebody was */
    store *store;
    journal *journal;
    VEC(shelf_wait) waits; /* as given to the journal: the first ones are durable first */
    size_t told;
};

static bool shelf_keeps(const shelf *s) { return s->journal != NULL; }

/* ---- the file ---- */

static void shelf_write(shelf *s, lk_bytes blob, uint64_t number, parcel *record) {
    *vec_push(&heap_memory, &s->waits) =
        (shelf_wait){number, record == NULL ? NULL : parcel_hold(record)};
    journal_add(s->journal, 0, blob);
}

static void shelf_stored(void *context, uint64_t token, int64_t at) {
    shelf *s = context;
    (void)token;
    shelf_wait wait = s->waits.at[s->told++];
    if (s->told == s->waits.len) s->told = s->waits.len = 0;
    if (wait.record != NULL) {
        wait.record->row = at;
        if (wait.record->gone) journal_remove(s->journal, at);
        parcel_drop(wait.record);
    }
    if (wait.number != 0) s->options.stored(s->options.context, wait.number);
}

static void shelf_failed(void *context, const char *why) {
    shelf *s = context;
    s->options.failed(s->options.context, why);
}

/* ---- sealed ---- */

static void shelf_kept(void *context, parcel *record) {
    shelf *s = context;
    if (shelf_keeps(s) && record->row == 0) shelf_write(s, parcel_view(record), 0, record);
}

static void shelf_gone(void *context, parcel *record) {
    shelf *s = context;
    if (shelf_keeps(s) && record->row != 0) journal_remove(s->journal, record->row);
}

bool shelf_admits(shelf *s, lk_bytes word) {
    uint8_t blob[SHELF_WORD_LEN] = {SHELF_WORD};
    if (s->vault == NULL) return true;
    seal_hash(word, blob + 1);
    if (!s->founded) {
        s->founded = true;
        if (word.len == 0) return true;
        buf_append(&s->word, blob + 1, SEAL_KEY);
        if (shelf_keeps(s)) {
            shelf_write(s, (lk_bytes){blob, sizeof blob}, 0, NULL);
            journal_commit(s->journal);
        }
        return true;
    }
    return s->word.len == 0 || seal_equal(s->word.at, blob + 1, SEAL_KEY);
}

/* ---- taking in ---- */

static lk_status shelf_take_doc(shelf *s, lk_bytes update, bool *news) {
    lk_import_status got;
    if (s->bytes + update.len > LIMIT_ROOM_BYTES) return LK_ELIMIT;
    lk_status status = lk_import(s->doc, update, &got, NULL);
    if (status != LK_OK) return status;
    *news = got.success_len > 0 || got.pending_len > 0;
    if (*news) s->bytes += update.len;
    return LK_OK;
}

static lk_status shelf_take_entries(shelf *s, lk_bytes update, int64_t unix_ms, bool *news) {
    lk_status status = lk_ephemeral_apply(s->entries, update, (uint64_t)unix_ms, NULL);
    *news = status == LK_OK;
    return status;
}

static lk_status shelf_load(shelf *s, lk_bytes blob, int64_t row) {
    bool news;
    if (s->vault == NULL)
        return s->doc != NULL ? shelf_take_doc(s, blob, &news)
                              : shelf_take_entries(s, blob, 0, &news);
    s->founded = true;
    if (blob.len != SHELF_WORD_LEN || blob.at[0] != SHELF_WORD)
        return vault_load(s->vault, blob, row);
    s->word.len = 0;
    buf_append(&s->word, blob.at + 1, SEAL_KEY);
    return LK_OK;
}

lk_status shelf_take(shelf *s, lk_bytes update, uint64_t number, int64_t unix_ms, bool *news) {
    *news = false;
    lk_status status;
    if (s->vault != NULL)
        status = vault_add(s->vault, update, news, NULL);
    else if (s->doc != NULL)
        status = shelf_take_doc(s, update, news);
    else
        status = shelf_take_entries(s, update, unix_ms, news);
    if (status != LK_OK) return status;
    if (!shelf_keeps(s)) {
        s->options.stored(s->options.context, number);
        return LK_OK;
    }
    if (*news && s->vault == NULL)
        shelf_write(s, update, number, NULL);
    else if (s->waits.len > s->told)
        s->waits.at[s->waits.len - 1].number = number; /* with the last before it */
    else
        s->options.stored(s->options.context, number);
    journal_commit(s->journal);
    return LK_OK;
}

/* ---- asking ---- */

void shelf_version(shelf *s, lk_buf *out) {
    if (s->vault != NULL) vault_version(s->vault, out);
    if (s->doc != NULL) LK_ASSERT(lk_vv_encode(lk_version(s->doc), out) == LK_OK);
}

static void shelf_put(parcels *out, lk_buf *update) {
    *vec_push(&heap_memory, out) = parcel_new((lk_bytes){update->at, update->len});
}

/* An application's version may be of another kind than ours. */
static lk_status shelf_version_read(lk_bytes version, lk_buf *ids, lk_ids *out) {
    lk_status status = version.len == 0 ? LK_OK : lk_vv_decode(version, ids, NULL);
    *out = (lk_ids){(const lk_id *)(const void *)ids->at, ids->len / sizeof(lk_id)};
    return status;
}

lk_status shelf_missing(shelf *s, lk_bytes version, int64_t unix_ms, parcels *out) {
    lk_buf ids = HEAP_BUF, update = HEAP_BUF;
    lk_ids known = {0};
    lk_status status = LK_OK;
    if (s->entries == NULL) status = shelf_version_read(version, &ids, &known);
    if (status == LK_OK && s->vault != NULL) {
        vault_missing(s->vault, known, out);
    } else if (status == LK_OK && s->doc != NULL) {
        status = lk_export(s->doc, LK_UPDATES, known, &update);
        if (status == LK_OK) shelf_put(out, &update);
    } else if (status == LK_OK && lk_ephemeral_len(s->entries) > 0) {
        status = lk_ephemeral_encode(s->entries, NULL, 0, (uint64_t)unix_ms, &update);
        if (status == LK_OK) shelf_put(out, &update);
    }
    lk_buf_free(&ids);
    lk_buf_free(&update);
    return status;
}

size_t shelf_bytes(const shelf *s) { return s->vault != NULL ? vault_bytes(s->vault) : s->bytes; }

/* ---- beginning and end ---- */

static bool shelf_read_file(shelf *s, lk_buf *why) {
    int64_t at = 0;
    lk_bytes blob;
    store_step step;
    while ((step = store_next(s->store, &at, &blob, why)) == STORE_BLOB)
        if (shelf_load(s, blob, at) != LK_OK) {
            heap_print(why, "%s: blob %lld is damaged", s->options.path, (long long)at);
            return false;
        }
    return step == STORE_END;
}

static void shelf_make(shelf *s) {
    switch (s->options.crdt) {
    case FRAME_ELO: s->vault = vault_new(&(vault_events){s, shelf_kept, shelf_gone}); return;
    case FRAME_LORO: s->doc = lk_new(1, &heap_memory); return;
    case FRAME_EPHEMERAL_STORED: s->entries = lk_ephemeral_new(UINT64_MAX, &heap_memory); return;
    default: s->entries = lk_ephemeral_new(SHELF_PRESENCE_MS, &heap_memory); return;
    }
}

static void shelf_drop(shelf *s) {
    if (s->vault != NULL) vault_free(s->vault);
    if (s->journal != NULL) journal_free(s->journal);
    for (size_t i = s->told; i < s->waits.len; i++)
        if (s->waits.at[i].record != NULL) parcel_drop(s->waits.at[i].record);
    vec_drop(&heap_memory, &s->waits);
    lk_free(s->doc);
    lk_ephemeral_free(s->entries);
    if (s->store != NULL) store_close(s->store);
    lk_buf_free(&s->word);
    heap_free(shelf, s);
}

shelf *shelf_open(const shelf_options *options, lk_buf *why) {
    shelf *s = heap_new(shelf);
    s->options = *options;
    s->word = (lk_buf)HEAP_BUF;
    shelf_make(s);
    if (options->path == NULL || options->crdt == FRAME_EPHEMERAL) return s;
    s->store = store_open(options->path, why);
    if (s->store == NULL || !shelf_read_file(s, why)) {
        shelf_drop(s);
        return NULL;
    }
    s->journal =
        journal_new(options->loop, s->store, &(journal_events){s, shelf_stored, shelf_failed});
    return s;
}

bool shelf_busy(const shelf *s) {
    return shelf_keeps(s) && journal_stored(s->journal) < journal_added(s->journal);
}

/* Many updates become one. */
static void shelf_compact(shelf *s) {
    lk_buf all = HEAP_BUF, why = HEAP_BUF;
    VEC(int64_t) old = {0};
    int64_t at = 0;
    lk_bytes blob;
    while (store_next(s->store, &at, &blob, &why) == STORE_BLOB) *vec_push(&heap_memory, &old) = at;
    if (why.len == 0 && old.len > SHELF_COMPACT_BLOBS) {
        lk_status status = s->doc != NULL ? lk_export(s->doc, LK_SNAPSHOT, (lk_ids){0}, &all)
                                          : lk_ephemeral_encode(s->entries, NULL, 0, 0, &all);
        if (status == LK_OK)
            store_compact(s->store, old.at, old.len, (lk_bytes){all.at, all.len}, NULL, &why);
    }
    vec_drop(&heap_memory, &old);
    lk_buf_free(&all);
    lk_buf_free(&why);
}

/* Does the document hold everything it was given? Changes that wait are in no snapshot. */
static bool shelf_whole(shelf *s) {
    lk_buf waiting = HEAP_BUF;
    bool whole =
        s->doc == NULL || (lk_export_pending(s->doc, &waiting) == LK_OK && waiting.len == 0);
    lk_buf_free(&waiting);
    return whole;
}

void shelf_close(shelf *s) {
    if (shelf_keeps(s) && journal_flush(s->journal) && s->vault == NULL && shelf_whole(s))
        shelf_compact(s);
    shelf_drop(s);
}
