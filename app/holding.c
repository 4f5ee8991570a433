/* SPDX-License-Identifier: MIT
 * holding.c - opening a document's store, and making it small when we leave. */
#include "holding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blobs.h"
#include "cli.h"
#include "host/document.h"
#include "host/files.h"
#include "host/heap.h"
#include "lorikeet_room.h"
#include "replica.h"
#include "room/signed.h"

/* A store of more blobs than this is made one blob again when we leave. */
#define HOLDING_COMPACT_BLOBS 64

/* ---- opening ---- */

/* How far a text is from what the file holds: bytes outside of what both begin and end with. */
static size_t holding_distance(const lk_buf *a, const lk_buf *b) {
    size_t least = a->len < b->len ? a->len : b->len, most = a->len + b->len - least;
    size_t front = 0, back = 0;
    while (front < least && a->at[front] == b->at[front]) front++;
    while (back < least - front && a->at[a->len - 1 - back] == b->at[b->len - 1 - back]) back++;
    return most - front - back;
}

static size_t holding_doc_distance(lk_doc *doc, const lk_buf *file) {
    lk_buf text = HEAP_BUF;
    lk_ref ref;
    LK_ASSERT(lk_root(doc, LK_TEXT, REPLICA_TEXT, &ref) == LK_OK);
    LK_ASSERT(lk_text_string(doc, ref, &text) == LK_OK);
    size_t distance = holding_distance(&text, file);
    lk_buf_free(&text);
    return distance;
}

/* Import the blobs after position `from` up to `to`. With `file`: *nearest becomes the position at
 * which the text was nearest to it. */
static bool holding_replay(holding *h, lk_doc *doc, int64_t from, int64_t to, const lk_buf *file,
                           int64_t *nearest, lk_buf *why) {
    size_t least = file == NULL ? 0 : holding_doc_distance(doc, file);
    lk_bytes blob;
    store_step step;
    lk_fault fault = {0};
    while (from < to && (step = store_next(h->store, &from, &blob, why)) == STORE_BLOB &&
           from <= to) {
        if (!blobs_import_stored(doc, blob, &fault)) {
            heap_print(why, "blob %lld: byte %zu: %s", (long long)from, fault.offset,
                       fault.what != NULL ? fault.what : lk_status_text(fault.code));
            return false;
        }
        size_t distance = file == NULL || least == 0 ? SIZE_MAX : holding_doc_distance(doc, file);
        if (distance <= least && file != NULL) least = distance, *nearest = from;
    }
    return why->len == 0;
}

/* Make the shadow what the file showed when we last looked. The note of that may be a little older
 * than the file, if we were killed; then the file looks like something the document once was, and
 * that is what it showed. */
static bool holding_shadow(holding *h, lk_buf *why) {
    int64_t marked = store_marked(h->store, h->file_path), nearest = marked, next = marked;
    lk_bytes blob;
    h->known = marked >= 0;
    if (!h->known) return true;
    if (store_next(h->store, &next, &blob, why) == STORE_END)
        return holding_replay(h, h->shadow, 0, marked, NULL, NULL, why);
    lk_buf content = HEAP_BUF;
    (void)files_read(h->file_path, &content, NULL); /* if it cannot be read, the mirror says so */
    lk_doc *probe = blobs_new();
    bool good = holding_replay(h, probe, 0, marked, NULL, NULL, why) &&
                holding_replay(h, probe, marked, INT64_MAX, &content, &nearest, why) &&
                holding_replay(h, h->shadow, 0, nearest, NULL, NULL, why);
    lk_free(probe);
    lk_buf_free(&content);
    return good;
}

static bool holding_load(holding *h, lk_buf *why) {
    h->doc = blobs_new();
    if (!holding_replay(h, h->doc, 0, INT64_MAX, NULL, NULL, why)) return false;
    if (h->file == NULL) return true;
    h->shadow = blobs_new();
    return holding_shadow(h, why);
}

/* Every change of the blob is in the document, none waits for its past? */
static bool holding_held(const holding *h, lk_bytes blob) {
    lk_blob_meta meta = {.ids = HEAP_BUF};
    bool covered = lk_blob_meta_read(blob, &meta, NULL) == LK_OK;
    lk_ids have = lk_version(h->doc);
    for (size_t i = 0; covered && i < meta.end_vv.len; i++) {
        lk_id end = meta.end_vv.at[i];
        size_t k = 0;
        while (k < have.len && have.at[k].peer != end.peer) k++;
        covered = k < have.len && have.at[k].counter >= end.counter;
    }
    lk_buf_free(&meta.ids);
    return covered;
}

/* Is all of what was stored once in what holding_whole() gives? Who only reads can give on no more
 * than what is signed. */
static bool holding_covered(const holding *h, lk_bytes stored) {
    lk_bytes blob;
    bool covered = h->keys.writes || signed_is(stored);
    while (covered && stored.len > 0)
        covered = lk_room_blob_next(&stored, &blob) == LK_OK && holding_held(h, blob);
    return covered;
}

/* All there is, as a room stores it. */
static bool holding_whole(holding *h, lk_buf *out) {
    lk_guard guard = seal_guard(&h->keys);
    lk_room_options options = {.room_id = h->keys.id, .guard = &guard};
    lk_room *room = lk_room_new(h->doc, &options, &heap_memory);
    LK_ASSERT(room != NULL);
    if (!h->keys.writes) replica_restore(room, h->store);
    bool good = lk_room_whole(room, out) == LK_OK;
    lk_room_free(room);
    return good;
}

void holding_compact(holding *h, bool mirrored) {
    /* Other files would be strangers afterwards; without a file of our own that is not worth it. */
    if (h->file == NULL && store_mark_count(h->store) > 0) return;
    lk_buf all = HEAP_BUF, why = HEAP_BUF;
    VEC(int64_t) old = {0};
    int64_t at = 0;
    lk_bytes blob;
    while (store_next(h->store, &at, &blob, &why) == STORE_BLOB)
        if (holding_covered(h, blob)) *vec_push(&heap_memory, &old) = at;
    bool good = why.len == 0;
    if (good && old.len > HOLDING_COMPACT_BLOBS && holding_whole(h, &all))
        good = store_compact(h->store, old.at, old.len, (lk_bytes){all.at, all.len},
                             h->file != NULL && mirrored ? h->file_path : NULL, &why);
    if (!good) cli_complain("join", "%s", heap_str(&why));
    vec_drop(&heap_memory, &old);
    lk_buf_free(&all);
    lk_buf_free(&why);
}

/* ---- beginning and end ---- */

/* The file's name for as long as we run, wherever its folder may be reached from. */
static bool holding_file_path(holding *h) {
    if (h->file == NULL) return true;
    char folder[PATH_MAX];
    const char *slash = strrchr(h->file, '/');
    const char *name = slash == NULL ? h->file : slash + 1;
    int len = slash == NULL ? 1 : (int)(slash - h->file + 1);
    lk_buf given = HEAP_BUF;
    heap_print(&given, "%.*s", len, slash == NULL ? "." : h->file);
    bool good = realpath(heap_str(&given), folder) != NULL && *name != 0;
    if (good) {
        int wrote = snprintf(h->file_path, sizeof h->file_path, "%s/%s", folder, name);
        good = wrote > 0 && (size_t)wrote < sizeof h->file_path;
    }
    if (!good) cli_complain("join", "%s: %s", h->file, *name == 0 ? "no file" : strerror(errno));
    lk_buf_free(&given);
    return good;
}

holding *holding_new(const seal_keys *room, lk_str name, const char *file) {
    holding *h = heap_new(holding);
    h->id = (lk_buf)HEAP_BUF, h->file = file, h->name = name;
    if (!document_id(room->id, name, &h->id))
        cli_complain("join", "the name \"%.*s\" is too long for this room", (int)name.len, name.at);
    else if (holding_file_path(h)) {
        seal_keys_name(room, (lk_str){(const char *)h->id.at, h->id.len}, &h->keys);
        return h;
    }
    holding_free(h);
    return NULL;
}

bool holding_open(holding *h, const char *folder) {
    lk_buf path = HEAP_BUF, why = HEAP_BUF;
    document_path(folder, h->keys.id, "db", &path);
    h->store = store_open(heap_str(&path), &why);
    bool loaded = h->store != NULL && holding_load(h, &why);
    if (!loaded && h->store != NULL)
        cli_complain("join", "%s: %s; see lorikeet doctor --help", heap_str(&path), heap_str(&why));
    else if (!loaded)
        cli_complain("join", "%s", heap_str(&why));
    lk_buf_free(&path);
    lk_buf_free(&why);
    return loaded;
}

void holding_free(holding *h) {
    lk_free(h->doc);
    lk_free(h->shadow);
    if (h->store != NULL) store_close(h->store);
    lk_buf_free(&h->id);
    heap_free(holding, h);
}
