/* SPDX-License-Identifier: MIT
 * ours.c - Lorikeet behind library.h. */
#include <stdlib.h>

#include "check.h"
#include "library.h"
#include "lorikeet.h"

typedef struct ours {
    lk_doc *doc;
    lk_ref text, map, list, movable, tree;
    lk_undo *undo;
    lk_buf out;
} ours;

static lk_ref ours_root(lk_doc *doc, lk_kind kind, const char *name) {
    lk_ref ref;
    CHECK_EQ(lk_root(doc, kind, (lk_str){name, strlen(name)}, &ref), LK_OK);
    return ref;
}

static void *ours_make(uint64_t peer, bool listens) {
    (void)listens;
    ours *o = calloc(1, sizeof *o);
    CHECK(o != NULL && (o->doc = lk_new(peer, NULL)) != NULL);
    lk_open_lazily(o->doc, true); /* as the npm package does */
    o->text = ours_root(o->doc, LK_TEXT, "text");
    o->map = ours_root(o->doc, LK_MAP, "map");
    o->list = ours_root(o->doc, LK_LIST, "list");
    o->movable = ours_root(o->doc, LK_MOVABLE_LIST, "movable");
    o->tree = ours_root(o->doc, LK_TREE, "tree");
    return o;
}
static void ours_drop(void *doc) {
    ours *o = doc;
    lk_buf_free(&o->out);
    lk_free(o->doc);
    free(o);
}

static view ours_out(const ours *o) { return (view){o->out.at, o->out.len}; }
static lk_str ours_str(view v) { return (lk_str){(const char *)v.at, v.len}; }
static lk_bytes ours_bytes(view v) { return (lk_bytes){v.at, v.len}; }
static lk_value ours_number(int64_t n) { return (lk_value){.type = LK_I64, .as.i64 = n}; }

static void ours_insert(void *doc, size_t pos, view utf8) {
    ours *o = doc;
    CHECK_EQ(lk_text_insert(o->doc, o->text, pos, LK_CODEPOINT, ours_str(utf8)), LK_OK);
}
static void ours_remove(void *doc, size_t pos, size_t len) {
    ours *o = doc;
    CHECK_EQ(lk_text_delete(o->doc, o->text, pos, len, LK_CODEPOINT), LK_OK);
}
static void ours_commit(void *doc) { CHECK_EQ(lk_commit(((ours *)doc)->doc, NULL), LK_OK); }
static view ours_text(void *doc) {
    static lk_buf text; /* one for all documents, whose memory is measured */
    ours *o = doc;
    text.len = 0;
    CHECK_EQ(lk_text_string(o->doc, o->text, &text), LK_OK);
    return (view){text.at, text.len};
}

static view ours_update(void *doc) {
    ours *o = doc;
    o->out.len = 0;
    CHECK_EQ(lk_export_local(o->doc, &o->out), LK_OK);
    return ours_out(o);
}
static void ours_receive(void *doc, view update) {
    CHECK_EQ(lk_import(((ours *)doc)->doc, ours_bytes(update), NULL, NULL), LK_OK);
}
static void ours_receive_all(void *doc, const view *updates, size_t len) {
    lk_bytes *blobs = malloc(len * sizeof *blobs);
    CHECK(blobs != NULL);
    for (size_t i = 0; i < len; i++) blobs[i] = ours_bytes(updates[i]);
    CHECK_EQ(lk_import_batch(((ours *)doc)->doc, blobs, len, NULL, NULL), LK_OK);
    free(blobs);
}
static view ours_save(void *doc, form f) {
    static const lk_export_mode modes[] = {LK_UPDATES, LK_SNAPSHOT, LK_SHALLOW};
    ours *o = doc;
    o->out.len = 0;
    lk_ids from = f == FORM_SHALLOW ? lk_frontiers(o->doc) : (lk_ids){0};
    CHECK_EQ(lk_export(o->doc, modes[f], from, &o->out), LK_OK);
    return ours_out(o);
}

static void ours_put(void *doc, view key, int64_t value) {
    ours *o = doc;
    lk_value number = ours_number(value);
    CHECK_EQ(lk_map_set(o->doc, o->map, ours_str(key), &number), LK_OK);
}
static int64_t ours_get(void *doc, view key) {
    ours *o = doc;
    lk_value value;
    CHECK_EQ(lk_map_get(o->doc, o->map, ours_str(key), &value), LK_OK);
    return value.as.i64;
}
static void ours_add(void *doc, size_t pos, int64_t value) {
    ours *o = doc;
    lk_value number = ours_number(value);
    CHECK_EQ(lk_list_insert(o->doc, o->list, pos, &number, 1), LK_OK);
}
static void ours_push(void *doc, int64_t value) {
    ours *o = doc;
    lk_value number = ours_number(value);
    size_t len = lk_movable_len(o->doc, o->movable);
    CHECK_EQ(lk_movable_insert(o->doc, o->movable, len, &number, 1), LK_OK);
}
static void ours_move(void *doc, size_t from, size_t to) {
    ours *o = doc;
    CHECK_EQ(lk_movable_move(o->doc, o->movable, from, to), LK_OK);
}
static void ours_set(void *doc, size_t pos, int64_t value) {
    ours *o = doc;
    lk_value number = ours_number(value);
    CHECK_EQ(lk_movable_set(o->doc, o->movable, pos, &number), LK_OK);
}
static int32_t ours_create(void *doc, int32_t parent) {
    ours *o = doc;
    lk_id above = {1, parent}, node;
    CHECK_EQ(lk_tree_create(o->doc, o->tree, parent < 0 ? NULL : &above, LK_TREE_END, &node),
             LK_OK);
    return node.counter;
}
static bool ours_hang(void *doc, int32_t node, int32_t parent) {
    ours *o = doc;
    lk_id above = {1, parent};
    return lk_tree_move(o->doc, o->tree, (lk_id){1, node}, &above, LK_TREE_END) == LK_OK;
}

static size_t ours_op_count(void *doc) { return lk_op_count(((ours *)doc)->doc); }
static void ours_checkout(void *doc, int32_t counter) {
    ours *o = doc;
    lk_id at = {1, counter};
    CHECK_EQ(counter < 0 ? lk_attach(o->doc) : lk_checkout(o->doc, (lk_ids){&at, 1}), LK_OK);
}
static void ours_watch(void *doc) {
    ours *o = doc;
    CHECK((o->undo = lk_undo_new(o->doc)) != NULL);
}
static bool ours_undo(void *doc, bool redo) {
    ours *o = doc;
    lk_undo_done done;
    CHECK_EQ(lk_undo_step(o->undo, redo ? LK_REDO : LK_UNDO, &done), LK_OK);
    return done.popped;
}

static void ours_read(void *doc) {
    lk_buf json = {0};
    CHECK_EQ(lk_json(((ours *)doc)->doc, &json), LK_OK);
    lk_buf_free(&json);
}

const library lorikeet_library = {
    .name = "Lorikeet",
    .can = CAN_SYNC | CAN_SAVE | CAN_MAP | CAN_LIST | CAN_MOVE | CAN_PAST | CAN_UNDO | CAN_UPDATE,
    .make = ours_make,
    .drop = ours_drop,
    .insert = ours_insert,
    .remove = ours_remove,
    .commit = ours_commit,
    .text = ours_text,
    .update = ours_update,
    .receive = ours_receive,
    .receive_all = ours_receive_all,
    .save = ours_save,
    .open = ours_receive,
    .put = ours_put,
    .get = ours_get,
    .add = ours_add,
    .push = ours_push,
    .move = ours_move,
    .set = ours_set,
    .create = ours_create,
    .hang = ours_hang,
    .op_count = ours_op_count,
    .checkout = ours_checkout,
    .watch = ours_watch,
    .undo = ours_undo,
    .read = ours_read,
};
