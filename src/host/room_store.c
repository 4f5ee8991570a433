/* SPDX-License-Identifier: MIT
 * room_store.c - a room's contents and their file.
 *
 * The file is a store of blobs in their order (store.h): updates, or records; what later ones make
 * needless is removed. The word of a sealed room, hashed, is a blob of its own that begins with
 * ROOM_STORE_WORD, which no record does. Memory is the truth; the file follows, and `stored` tells
 * when.
 */
#include "host/room_store.h"

#include "base/limits.h"
#include "host/elo_records.h"
#include "host/journal.h"
#include "host/presence_store.h"
#include "host/seal.h"

#define ROOM_STORE_WORD 0xffu
#define ROOM_STORE_WORD_LEN (1 + SEAL_KEY)
#define ROOM_STORE_PRESENCE_MS 30000
/* A file of more updates than this is made one again when the room closes. */
#define ROOM_STORE_COMPACT_BLOBS 64
/* Entries are weighed after so many bytes more than twice what there was. */
#define ROOM_STORE_WEIGH_BYTES (1u << 20)
/* And when there is no room, but not more often than so: a whole room is much to weigh. */
#define ROOM_STORE_WEIGH_MS 1000

typedef struct room_store_wait { /* for the disk */
    uint64_t number;             /* told when it is over; 0: nobody waits */
    shared_bytes *record;        /* NULL: no record */
} room_store_wait;

struct room_store {
    room_store_options options;
    elo_records *elo_records;
    lk_doc *doc;
    lk_ephemeral *entries;
    presence_store presence; /* if there is nothing of the others */
    size_t bytes;    /* taken in, of doc and entries; of entries, since they were weighed last */
    size_t weigh_at; /* so many */
    uint64_t weighed_ms;
    lk_buf word;  /* hashed; empty: whoever was first had none, or nobody was */
    bool founded; /* somebody was */
    store *store;
    journal *journal;
    VEC(room_store_wait) waits; /* as given to the journal: the first ones are durable first */
    size_t told;
};

static bool room_store_keeps(const room_store *s) { return s->journal != NULL; }

/* ---- the file ---- */

static void room_store_write(room_store *s, lk_bytes blob, uint64_t number, shared_bytes *record) {
    *vec_push(&heap_memory, &s->waits) =
        (room_store_wait){number, record == NULL ? NULL : shared_bytes_hold(record)};
    journal_add(s->journal, 0, blob);
}

static void room_store_stored(void *context, uint64_t token, int64_t at) {
    room_store *s = context;
    (void)token;
    room_store_wait wait = s->waits.at[s->told++];
    if (s->told == s->waits.len) s->told = s->waits.len = 0;
    if (wait.record != NULL) {
        wait.record->row = at;
        if (wait.record->gone) journal_remove(s->journal, at);
        shared_bytes_drop(wait.record);
    }
    if (wait.number != 0) s->options.stored(s->options.context, wait.number);
}

static void room_store_failed(void *context, const char *why) {
    room_store *s = context;
    s->options.failed(s->options.context, why);
}

/* ---- sealed ---- */

static void room_store_kept(void *context, shared_bytes *record) {
    room_store *s = context;
    if (room_store_keeps(s) && record->row == 0)
        room_store_write(s, shared_bytes_view(record), 0, record);
}

static void room_store_gone(void *context, shared_bytes *record) {
    room_store *s = context;
    if (room_store_keeps(s) && record->row != 0) journal_remove(s->journal, record->row);
}

bool room_store_is_word(lk_bytes row) {
    return row.len == ROOM_STORE_WORD_LEN && row.at[0] == ROOM_STORE_WORD;
}

bool room_store_word_is(const room_store *s, lk_bytes word) {
    uint8_t hash[SEAL_KEY];
    seal_hash(word, hash);
    return s->word.len > 0 && seal_equal(s->word.at, hash, SEAL_KEY);
}

/* The first one's word is everyone's from now on. */
static void room_store_found(room_store *s, lk_bytes word) {
    uint8_t blob[ROOM_STORE_WORD_LEN] = {ROOM_STORE_WORD};
    s->founded = true;
    if (word.len == 0) return;
    seal_hash(word, blob + 1);
    buf_append(&s->word, blob + 1, SEAL_KEY);
    if (!room_store_keeps(s)) return;
    room_store_write(s, (lk_bytes){blob, sizeof blob}, 0, NULL);
    journal_commit(s->journal);
}

bool room_store_admits(room_store *s, lk_bytes word) {
    if (s->elo_records == NULL) return true;
    if (!s->founded) {
        room_store_found(s, word);
        return true;
    }
    return s->word.len == 0 || room_store_word_is(s, word);
}

/* ---- taking in ---- */

static lk_status room_store_take_doc(room_store *s, lk_bytes update, bool *news) {
    lk_import_status got;
    if (s->bytes + update.len > LIMIT_ROOM_BYTES) return LK_ELIMIT;
    lk_status status = lk_import(s->doc, update, &got, NULL);
    if (status != LK_OK) return status;
    *news = got.success_len > 0 || got.pending_len > 0;
    if (*news) s->bytes += update.len;
    return LK_OK;
}

/* What is over goes. Of what was written again and again only the newest is left, and counts. */
static void room_store_weigh(room_store *s, uint64_t now_ms) {
    lk_buf all = HEAP_BUF;
    lk_ephemeral_expire(s->entries, now_ms);
    LK_ASSERT(lk_ephemeral_encode(s->entries, NULL, 0, now_ms, &all) == LK_OK);
    s->bytes = all.len;
    s->weigh_at = 2 * all.len + ROOM_STORE_WEIGH_BYTES;
    s->weighed_ms = now_ms;
    lk_buf_free(&all);
}

static lk_status room_store_take_entries(room_store *s, lk_bytes update, int64_t unix_ms,
                                         bool *news) {
    uint64_t now_ms = (uint64_t)unix_ms;
    bool full = s->bytes + update.len > LIMIT_ROOM_BYTES;
    if (s->bytes + update.len > s->weigh_at ||
        (full && now_ms >= s->weighed_ms + ROOM_STORE_WEIGH_MS))
        room_store_weigh(s, now_ms);
    if (s->bytes + update.len > LIMIT_ROOM_BYTES) return LK_ELIMIT;
    lk_status status = lk_ephemeral_apply(s->entries, update, now_ms, NULL);
    *news = status == LK_OK;
    if (*news) s->bytes += update.len;
    return status;
}

static lk_status room_store_take_presence(room_store *s, lk_bytes update, int64_t unix_ms,
                                          bool *news) {
    lk_status status = presence_store_take(&s->presence, update, (uint64_t)unix_ms);
    *news = status == LK_OK;
    return status;
}

static lk_status room_store_load(room_store *s, lk_bytes blob, int64_t row) {
    bool news;
    if (s->elo_records == NULL)
        return s->doc != NULL ? room_store_take_doc(s, blob, &news)
                              : room_store_take_entries(s, blob, 0, &news);
    s->founded = true;
    if (!room_store_is_word(blob)) return elo_records_load(s->elo_records, blob, row, NULL);
    s->word.len = 0;
    buf_append(&s->word, blob.at + 1, SEAL_KEY);
    return LK_OK;
}

lk_status room_store_take(room_store *s, lk_bytes update, uint64_t number, int64_t unix_ms,
                          bool *news) {
    *news = false;
    lk_status status;
    if (s->elo_records != NULL)
        status = elo_records_add(s->elo_records, update, news, NULL);
    else if (s->doc != NULL)
        status = room_store_take_doc(s, update, news);
    else if (s->options.sealed)
        status = room_store_take_presence(s, update, unix_ms, news);
    else
        status = room_store_take_entries(s, update, unix_ms, news);
    if (status != LK_OK) return status;
    if (!room_store_keeps(s)) {
        s->options.stored(s->options.context, number);
        return LK_OK;
    }
    if (*news && s->elo_records == NULL)
        room_store_write(s, update, number, NULL);
    else if (s->waits.len > s->told)
        s->waits.at[s->waits.len - 1].number = number; /* with the last before it */
    else
        s->options.stored(s->options.context, number);
    journal_commit(s->journal);
    return LK_OK;
}

/* ---- asking ---- */

void room_store_version(room_store *s, lk_buf *out) {
    if (s->elo_records != NULL) elo_records_version(s->elo_records, out);
    if (s->doc != NULL) LK_ASSERT(lk_vv_encode(lk_version(s->doc), out) == LK_OK);
}

static void room_store_put(shared_bytes_list *out, lk_buf *update) {
    *vec_push(&heap_memory, out) = shared_bytes_new((lk_bytes){update->at, update->len});
}

/* An application's version may be of another kind than ours. */
static lk_status room_store_version_read(lk_bytes version, lk_buf *ids, lk_ids *out) {
    lk_status status = version.len == 0 ? LK_OK : lk_vv_decode(version, ids, NULL);
    *out = (lk_ids){(const lk_id *)(const void *)ids->at, ids->len / sizeof(lk_id)};
    return status;
}

lk_status room_store_missing(room_store *s, lk_bytes version, int64_t unix_ms,
                             shared_bytes_list *out) {
    lk_buf ids = HEAP_BUF, update = HEAP_BUF;
    lk_ids known = {0};
    lk_status status = LK_OK;
    if (s->elo_records != NULL || s->doc != NULL)
        status = room_store_version_read(version, &ids, &known);
    if (status == LK_OK && s->elo_records != NULL) {
        elo_records_missing(s->elo_records, known, out);
    } else if (status == LK_OK && s->doc != NULL) {
        status = lk_export(s->doc, LK_UPDATES, known, &update);
        if (status == LK_OK) room_store_put(out, &update);
    } else if (status == LK_OK && s->options.sealed) {
        presence_store_all(&s->presence, (uint64_t)unix_ms, out);
    } else if (status == LK_OK && lk_ephemeral_len(s->entries) > 0) {
        status = lk_ephemeral_encode(s->entries, NULL, 0, (uint64_t)unix_ms, &update);
        if (status == LK_OK) room_store_put(out, &update);
    }
    lk_buf_free(&ids);
    lk_buf_free(&update);
    return status;
}

size_t room_store_bytes(const room_store *s) {
    return s->elo_records != NULL ? elo_records_bytes(s->elo_records)
                                  : s->bytes + s->presence.bytes;
}

/* ---- beginning and end ---- */

static bool room_store_read_file(room_store *s, lk_buf *why) {
    int64_t at = 0;
    lk_bytes blob;
    store_step step;
    while ((step = store_next(s->store, &at, &blob, why)) == STORE_BLOB)
        if (room_store_load(s, blob, at) != LK_OK) {
            heap_print(why, "%s: blob %lld is damaged", s->options.path, (long long)at);
            return false;
        }
    return step == STORE_END;
}

static void room_store_make(room_store *s) {
    s->presence.entries.heap = &heap_memory;
    if (s->options.sealed) return;
    switch (s->options.crdt) {
    case FRAME_ELO:
        s->elo_records =
            elo_records_new(&(elo_records_events){s, room_store_kept, room_store_gone});
        return;
    case FRAME_LORO: s->doc = heap_doc(1); return;
    case FRAME_EPHEMERAL_STORED: s->entries = lk_ephemeral_new(UINT64_MAX, &heap_memory); return;
    default: s->entries = lk_ephemeral_new(ROOM_STORE_PRESENCE_MS, &heap_memory); return;
    }
}

static void room_store_drop(room_store *s) {
    if (s->elo_records != NULL) elo_records_free(s->elo_records);
    if (s->journal != NULL) journal_free(s->journal);
    for (size_t i = s->told; i < s->waits.len; i++)
        if (s->waits.at[i].record != NULL) shared_bytes_drop(s->waits.at[i].record);
    vec_drop(&heap_memory, &s->waits);
    lk_free(s->doc);
    lk_ephemeral_free(s->entries);
    presence_store_drop(&s->presence);
    if (s->store != NULL) store_close(s->store);
    lk_buf_free(&s->word);
    heap_free(room_store, s);
}

room_store *room_store_open(const room_store_options *options, lk_buf *why) {
    room_store *s = heap_new(room_store);
    s->options = *options;
    s->word = (lk_buf)HEAP_BUF;
    room_store_make(s);
    if (options->path == NULL || options->crdt == FRAME_EPHEMERAL) return s;
    s->store = store_open(options->path, why);
    if (s->store == NULL || !room_store_read_file(s, why)) {
        room_store_drop(s);
        return NULL;
    }
    s->journal = journal_new(options->loop, s->store,
                             &(journal_events){s, room_store_stored, room_store_failed});
    return s;
}

bool room_store_busy(const room_store *s) {
    return room_store_keeps(s) && journal_stored(s->journal) < journal_added(s->journal);
}

/* Many updates become one. */
static void room_store_compact(room_store *s) {
    lk_buf all = HEAP_BUF, why = HEAP_BUF;
    VEC(int64_t) old = {0};
    int64_t at = 0;
    lk_bytes blob;
    while (store_next(s->store, &at, &blob, &why) == STORE_BLOB) *vec_push(&heap_memory, &old) = at;
    if (why.len == 0 && old.len > ROOM_STORE_COMPACT_BLOBS) {
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
static bool room_store_whole(room_store *s) {
    lk_buf waiting = HEAP_BUF;
    bool whole =
        s->doc == NULL || (lk_export_pending(s->doc, &waiting) == LK_OK && waiting.len == 0);
    lk_buf_free(&waiting);
    return whole;
}

void room_store_close(room_store *s) {
    if (room_store_keeps(s) && journal_flush(s->journal) && s->elo_records == NULL &&
        room_store_whole(s))
        room_store_compact(s);
    room_store_drop(s);
}
