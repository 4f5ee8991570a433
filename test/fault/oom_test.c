/* SPDX-License-Identifier: MIT
 * oom_test.c - every allocation fails once, for every N: a call that reports it changed nothing,
 * and the same call goes through when there is memory again. */
#include "check.h"
#include "lorikeet.h"
#include "loro_vectors.h"
#include "meter.h"

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }

typedef struct fixture {
    meter meter;
    lk_memory memory;
    lk_doc *doc;
    lk_ref text, list, map, movable, tree, counter;
    lk_id nodes[3]; /* two roots, and a child of the first */
    lk_buf theirs;  /* concurrent with what doc holds */
    lk_buf json;    /* the same as JSON */
    lk_value value;
    lk_undo *undo; /* if `managed` */
} fixture;

static bool managed;

typedef lk_status scenario(fixture *f);

static lk_status insert_text(fixture *f) {
    return lk_text_insert(f->doc, f->text, 2, LK_UTF16, str_of("\xf0\x9f\x90\xa6mid"));
}
static lk_status insert_list(fixture *f) {
    return lk_list_insert(f->doc, f->list, 0, &f->value, 1);
}
static lk_status insert_child(fixture *f) {
    lk_ref child;
    return lk_list_insert_container(f->doc, f->list, 0, LK_MAP, &child);
}
static lk_status set_map(fixture *f) {
    return lk_map_set(f->doc, f->map, str_of("fresh key"), &f->value);
}
static lk_status delete_across(fixture *f) {
    return lk_text_delete(f->doc, f->text, 2, 5, LK_UTF16);
}
static lk_status mark_text(fixture *f) {
    return lk_text_mark(f->doc, f->text, 1, 6, LK_UTF16, str_of("link"), &f->value);
}
static lk_status unmark_text(fixture *f) {
    return lk_text_unmark(f->doc, f->text, 1, 6, LK_UTF16, str_of("bold"));
}
static lk_status read_delta(fixture *f) {
    const lk_delta *deltas;
    size_t len;
    lk_status status = lk_text_delta(f->doc, f->text, &deltas, &len);
    return status == LK_OK && len != 3 ? LK_ESTATE : status;
}
static lk_status apply_delta(fixture *f) {
    lk_entry style = {str_of("link"), f->value};
    lk_delta deltas[] = {
        {.kind = LK_RETAIN, .len = {3, 3, 3}, .attributes = &style, .attribute_len = 1},
        {.kind = LK_INSERT, .text = str_of("new"), .attributes = &style, .attribute_len = 1},
        {.kind = LK_DELETE, .len = {2, 2, 2}},
    };
    return lk_text_apply_delta(f->doc, f->text, deltas, 3, LK_UTF16);
}
static lk_status insert_movable(fixture *f) {
    lk_ref child;
    return lk_movable_insert_container(f->doc, f->movable, 1, LK_TREE, &child);
}
static lk_status delete_movable(fixture *f) { return lk_movable_delete(f->doc, f->movable, 0, 3); }
static lk_status set_movable(fixture *f) {
    return lk_movable_set(f->doc, f->movable, 1, &f->value);
}
static lk_status move_movable(fixture *f) { return lk_movable_move(f->doc, f->movable, 2, 0); }
static lk_status create_node(fixture *f) {
    lk_id made;
    return lk_tree_create(f->doc, f->tree, &f->nodes[0], 0, &made);
}
static lk_status move_node(fixture *f) {
    return lk_tree_move(f->doc, f->tree, f->nodes[2], &f->nodes[1], LK_TREE_END);
}
static lk_status delete_node(fixture *f) { return lk_tree_delete(f->doc, f->tree, f->nodes[0]); }
static lk_status add_counter(fixture *f) { return lk_counter_add(f->doc, f->counter, 1.5); }
static lk_status clear_map(fixture *f) { return lk_map_clear(f->doc, f->map); }
static lk_status config_styles(fixture *f) {
    lk_style styles[] = {{str_of("size"), LK_EXPAND_BOTH}, {str_of("face"), LK_EXPAND_NONE}};
    return lk_style_config(f->doc, styles, 2);
}
static lk_status ensure_map(fixture *f) {
    lk_ref child;
    return lk_map_ensure(f->doc, f->map, str_of("fresh key"), LK_TEXT, &child);
}
static lk_status make_root(fixture *f) {
    lk_ref root;
    return lk_root(f->doc, LK_TEXT, str_of("another"), &root);
}
static lk_status import_theirs(fixture *f) {
    return lk_import(f->doc, (lk_bytes){f->theirs.at, f->theirs.len}, NULL, NULL);
}
static lk_status import_all_kinds(fixture *f) {
    return lk_import(f->doc, (lk_bytes){loro_updates, sizeof loro_updates}, NULL, NULL);
}
static lk_status import_both(fixture *f) {
    lk_bytes blobs[] = {{f->theirs.at, f->theirs.len}, {loro_updates, sizeof loro_updates}};
    return lk_import_batch(f->doc, blobs, 2, NULL, NULL);
}
static lk_status export_parts(fixture *f) {
    const lk_span spans[] = {{1, 2, 9}, {1, 0, 1}, {7, 0, 1}};
    lk_buf out = {.memory = &f->memory};
    lk_status status = lk_export_spans(f->doc, spans, 3, &out);
    lk_buf_free(&out);
    return status;
}
static lk_status export_updates(fixture *f) {
    lk_buf out = {.memory = &f->memory};
    lk_status status = lk_export(f->doc, LK_UPDATES, (lk_ids){0}, &out);
    lk_buf_free(&out);
    return status;
}
static lk_status export_snapshot(fixture *f) {
    lk_buf out = {.memory = &f->memory};
    lk_status status = lk_export(f->doc, LK_SNAPSHOT, (lk_ids){0}, &out);
    lk_buf_free(&out);
    return status;
}
static lk_status look_back(fixture *f) {
    lk_id first = {1, 2};
    return lk_checkout(f->doc, (lk_ids){&first, 1});
}
static lk_status import_unseen(fixture *f) {
    lk_status status = lk_detach(f->doc);
    return status == LK_OK ? import_theirs(f) : status;
}
static lk_status compare_versions(fixture *f) {
    const lk_event *event;
    lk_id first = {1, 2};
    return lk_diff_between(f->doc, (lk_ids){&first, 1}, (lk_ids){0}, &event);
}
static lk_status apply_diffs(fixture *f) {
    lk_value child = {.type = LK_CONTAINER, .as.container = {LK_STRANGER}};
    lk_map_change key = {.key = str_of("made"), .value = child};
    lk_delta typed = {.kind = LK_INSERT, .text = str_of("typed")};
    lk_delta listed = {.kind = LK_INSERT, .len = {1, 1, 1}, .values = &f->value};
    lk_value known = {.type = LK_CONTAINER, .as.container = f->text};
    lk_delta moved = {.kind = LK_INSERT, .len = {1, 1, 1}, .values = &known};
    lk_diff diffs[] = {
        {.target = f->map, .kind = LK_MAP, .changes = &key, .change_len = 1},
        {.target = {LK_STRANGER}, .kind = LK_TEXT, .deltas = &typed, .delta_len = 1},
        {.target = f->list, .kind = LK_LIST, .deltas = &listed, .delta_len = 1},
        {.target = f->movable, .kind = LK_MOVABLE_LIST, .deltas = &moved, .delta_len = 1},
    };
    lk_str name = str_of("cid:7@9:Text");
    lk_apply_options options = {.strangers = &name, .stranger_len = 1};
    return lk_apply_diff(f->doc, diffs, 4, &options);
}
static lk_status revert(fixture *f) {
    lk_id first = {1, 2};
    return lk_revert_to(f->doc, (lk_ids){&first, 1});
}
static lk_status undo(fixture *f) {
    lk_undo_done done;
    return lk_undo_step(f->undo, LK_UNDO, &done);
}
static lk_status export_json(fixture *f) {
    lk_buf out = {.memory = &f->memory};
    lk_status status = lk_json_updates(f->doc, (lk_ids){0}, NULL, true, &out);
    lk_buf_free(&out);
    return status;
}
static lk_status import_json(fixture *f) {
    return lk_json_import(f->doc, (lk_str){(const char *)f->json.at, f->json.len}, NULL, NULL);
}
static lk_status redact_json(fixture *f) {
    const lk_span span = {1, 0, 100};
    lk_buf out = {.memory = &f->memory};
    lk_str json = {(const char *)f->json.at, f->json.len};
    lk_status status = lk_json_redact(json, &span, 1, &out, NULL);
    lk_buf_free(&out);
    return status;
}
static lk_status ask_history(fixture *f) {
    lk_change change;
    lk_span_diff diff;
    const lk_ref *refs;
    size_t len;
    lk_id head = {1, 3};
    lk_ids from = {&head, 1};
    lk_status status = lk_travel(f->doc, from);
    if (status == LK_OK) status = lk_travel_next(f->doc, &change);
    if (status == LK_OK) status = lk_spans_between(f->doc, from, (lk_ids){0}, &diff);
    if (status == LK_OK) status = lk_changed_containers(f->doc, (lk_span){1, 0, 100}, &refs, &len);
    return status;
}
static lk_status export_shallow(fixture *f) {
    lk_buf out = {.memory = &f->memory};
    lk_status status = lk_export(f->doc, LK_SHALLOW, lk_frontiers(f->doc), &out);
    lk_buf_free(&out);
    return status;
}
/* A document of its own begins late, or stays empty and can begin then. */
static lk_status begin_late(fixture *f) {
    static lk_buf blob;
    if (blob.len == 0) {
        lk_doc *full = lk_new(3, NULL);
        CHECK_EQ(lk_import(full, (lk_bytes){loro_updates, sizeof loro_updates}, NULL, NULL), LK_OK);
        CHECK_EQ(lk_export(full, LK_SHALLOW, lk_frontiers(full), &blob), LK_OK);
        lk_free(full);
    }
    lk_doc *late = lk_new(4, &f->memory);
    if (late == NULL) return LK_ENOMEM;
    lk_watch(late, true);
    lk_status status = lk_import(late, (lk_bytes){blob.at, blob.len}, NULL, NULL);
    if (status == LK_ENOMEM) {
        CHECK(lk_op_count(late) == 0 && lk_version(late).len == 0 && !lk_is_shallow(late));
        CHECK_EQ(lk_import(late, (lk_bytes){blob.at, blob.len}, NULL, NULL), LK_OK);
        lk_check(late);
    }
    lk_free(late);
    return status;
}
/* A snapshot goes on from the one that the document began with. */
static lk_status write_on(fixture *f, lk_doc *doc) {
    lk_buf out = {.memory = &f->memory};
    lk_status status = lk_export(doc, LK_SNAPSHOT, (lk_ids){0}, &out);
    CHECK_EQ(out.len > 0, status == LK_OK);
    if (status == LK_ENOMEM) CHECK_EQ(lk_export(doc, LK_SNAPSHOT, (lk_ids){0}, &out), LK_OK);
    lk_buf_free(&out);
    return status;
}
/* A document of its own opens without its history, and reads it while a change is being written. */
static lk_status open_lazily(fixture *f) {
    static lk_buf blob;
    if (blob.len == 0) {
        lk_doc *full = lk_new(3, NULL);
        CHECK_EQ(lk_import(full, (lk_bytes){loro_updates, sizeof loro_updates}, NULL, NULL), LK_OK);
        CHECK_EQ(lk_export(full, LK_SNAPSHOT, (lk_ids){0}, &blob), LK_OK);
        lk_free(full);
    }
    lk_doc *doc = lk_new(4, &f->memory);
    if (doc == NULL) return LK_ENOMEM;
    lk_ref text;
    size_t count = 0;
    lk_open_lazily(doc, true);
    lk_status status = lk_watch(doc, true);
    if (status == LK_OK) status = lk_import(doc, (lk_bytes){blob.at, blob.len}, NULL, NULL);
    if (status == LK_OK) status = lk_root(doc, LK_TEXT, str_of("text"), &text);
    if (status == LK_OK) status = lk_text_insert(doc, text, 0, LK_UTF8, str_of("more"));
    if (status == LK_OK) status = lk_commit(doc, NULL);
    if (status == LK_OK) status = write_on(f, doc);
    if (status == LK_OK) status = lk_text_insert(doc, text, 0, LK_UTF8, str_of("again"));
    if (status == LK_OK) {
        status = lk_change_count(doc, &count);
        CHECK_EQ(count > 0, status == LK_OK);
        if (status == LK_ENOMEM) CHECK_EQ(lk_commit(doc, NULL), LK_OK); /* it may wait for events */
        if (status == LK_ENOMEM) CHECK_EQ(lk_change_count(doc, &count), LK_OK);
        CHECK(status == LK_ESPENT || count > 0);
    }
    if (status == LK_ENOMEM) lk_check(doc);
    lk_free(doc);
    return status;
}
/* A text opens asleep, and wakes when it is edited. */
static lk_status wake(fixture *f, lk_export_mode mode) {
    static lk_buf blobs[LK_SHALLOW + 1];
    lk_buf *blob = &blobs[mode];
    lk_ref text;
    if (blob->len == 0) {
        lk_doc *full = lk_new(3, NULL);
        CHECK_EQ(lk_root(full, LK_TEXT, str_of("plain"), &text), LK_OK);
        for (size_t i = 0; i < 90; i++)
            CHECK_EQ(lk_text_insert(full, text, i / 2, LK_UTF8, str_of("word")), LK_OK);
        CHECK_EQ(lk_export(full, mode, lk_frontiers(full), blob), LK_OK);
        lk_free(full);
    }
    lk_doc *doc = lk_new(4, &f->memory);
    if (doc == NULL) return LK_ENOMEM;
    lk_open_lazily(doc, true);
    lk_status status = lk_import(doc, (lk_bytes){blob->at, blob->len}, NULL, NULL);
    if (status == LK_OK) status = lk_root(doc, LK_TEXT, str_of("plain"), &text);
    if (status == LK_OK) status = lk_text_delete(doc, text, 3, 50, LK_UTF8);
    if (status == LK_OK) CHECK_EQ(lk_text_len(doc, text, LK_UTF8), 310);
    if (status == LK_ENOMEM) lk_check(doc);
    lk_free(doc);
    return status;
}
static lk_status wake_sealed(fixture *f) { return wake(f, LK_SNAPSHOT); }
static lk_status wake_late(fixture *f) { return wake(f, LK_SHALLOW); }
static lk_status print_json(fixture *f) {
    lk_buf out = {.memory = &f->memory};
    lk_status status = lk_json(f->doc, &out);
    lk_buf_free(&out);
    return status;
}

/* A movable list, a tree and a counter. */
static void build_more(fixture *f) {
    lk_value values[4] = {f->value, f->value, f->value, f->value};
    CHECK_EQ(lk_root(f->doc, LK_MOVABLE_LIST, str_of("movable"), &f->movable), LK_OK);
    CHECK_EQ(lk_root(f->doc, LK_TREE, str_of("tree"), &f->tree), LK_OK);
    CHECK_EQ(lk_root(f->doc, LK_COUNTER, str_of("counter"), &f->counter), LK_OK);
    CHECK_EQ(lk_movable_insert(f->doc, f->movable, 0, values, 4), LK_OK);
    CHECK_EQ(lk_movable_move(f->doc, f->movable, 0, 1), LK_OK);
    for (int i = 0; i < 3; i++) {
        const lk_id *parent = i == 2 ? &f->nodes[0] : NULL;
        CHECK_EQ(lk_tree_create(f->doc, f->tree, parent, LK_TREE_END, &f->nodes[i]), LK_OK);
    }
}

static void build(fixture *f, bool watched) {
    *f = (fixture){.value = {.type = LK_STRING, .len = 5, .as.bytes = (const uint8_t *)"value"}};
    f->memory = (lk_memory){.context = &f->meter, .resize = meter_resize};
    lk_doc *other = lk_new(2, NULL);
    f->doc = lk_new(1, &f->memory);
    CHECK(f->doc != NULL && other != NULL);
    lk_ref text;
    CHECK_EQ(lk_root(f->doc, LK_TEXT, str_of("text"), &f->text), LK_OK);
    CHECK_EQ(lk_root(f->doc, LK_LIST, str_of("list"), &f->list), LK_OK);
    CHECK_EQ(lk_root(f->doc, LK_MAP, str_of("map"), &f->map), LK_OK);
    CHECK_EQ(lk_root(other, LK_TEXT, str_of("text"), &text), LK_OK);
    if (managed) f->undo = lk_undo_new(f->doc);
    CHECK_EQ(lk_text_insert(f->doc, f->text, 0, LK_UTF8, str_of("ours ours")), LK_OK);
    CHECK_EQ(lk_map_set(f->doc, f->map, str_of("key"), &f->value), LK_OK);
    CHECK_EQ(lk_text_mark(f->doc, f->text, 2, 4, LK_UTF16, str_of("bold"), &f->value), LK_OK);
    build_more(f);
    CHECK_EQ(lk_text_insert(other, text, 0, LK_UTF8, str_of("theirs")), LK_OK);
    CHECK_EQ(lk_text_delete(other, text, 1, 2, LK_UTF8), LK_OK);
    lk_ref map, child;
    CHECK_EQ(lk_root(other, LK_MAP, str_of("map"), &map), LK_OK);
    CHECK_EQ(lk_map_set_container(other, map, str_of("child"), LK_LIST, &child), LK_OK);
    CHECK_EQ(lk_list_insert(other, child, 0, &f->value, 1), LK_OK);
    CHECK_EQ(lk_map_ensure(other, map, str_of("ensured"), LK_LIST, &child), LK_OK);
    CHECK_EQ(lk_list_insert(other, child, 0, &f->value, 1), LK_OK);
    CHECK_EQ(lk_export(other, LK_UPDATES, (lk_ids){0}, &f->theirs), LK_OK);
    CHECK_EQ(lk_json_updates(other, (lk_ids){0}, NULL, true, &f->json), LK_OK);
    CHECK_EQ(lk_commit(f->doc, NULL), LK_OK);
    lk_watch(f->doc, watched);
    lk_free(other);
}

static lk_buf photograph(fixture *f) {
    lk_buf out = {0};
    CHECK_EQ(lk_json(f->doc, &out), LK_OK);
    CHECK_EQ(lk_export(f->doc, LK_UPDATES, (lk_ids){0}, &out), LK_OK);
    return out;
}

/* Returns how often the document was spent. */
static unsigned sweep(const char *name, scenario *run, bool watched) {
    unsigned spent = 0;
    for (uint64_t n = 1;; n++) {
        fixture f;
        build(&f, watched);
        lk_buf before = photograph(&f);
        f.meter.requests = 0;
        f.meter.fail_at = n;
        lk_status status = run(&f);
        bool reached = f.meter.requests >= n;
        f.meter.fail_at = 0;
        CHECK(status == LK_OK || status == LK_ENOMEM || status == LK_ESPENT);
        CHECK(reached || status == LK_OK);
        if (status == LK_ENOMEM) {
            lk_buf after = photograph(&f);
            CHECK_BYTES(after.at, after.len, before.at, before.len);
            lk_buf_free(&after);
            CHECK_EQ(run(&f), LK_OK);
        }
        spent += status == LK_ESPENT;
        if (status == LK_OK || status == LK_ENOMEM) lk_check(f.doc);
        lk_free(f.doc);
        CHECK_EQ(f.meter.bytes, 0);
        lk_buf_free(&before);
        lk_buf_free(&f.theirs);
        lk_buf_free(&f.json);
        if (reached) continue;
        printf("%s%s: %" PRIu64 " requests, each failed once\n", name, watched ? ", watched" : "",
               n - 1);
        return spent;
    }
}

/* Whoever begins to listen while a change is written hears of all of it, or does not listen. */
static void sweep_late_watch(void) {
    scenario *const edits[] = {insert_text, set_map, move_movable, move_node, add_counter};
    size_t count = sizeof edits / sizeof *edits;
    bool reached = true;
    for (uint64_t n = 1; reached; n++) {
        fixture f;
        build(&f, false);
        for (size_t i = 0; i < count; i++) CHECK_EQ(edits[i](&f), LK_OK);
        f.meter.requests = 0;
        f.meter.fail_at = n;
        lk_status status = lk_watch(f.doc, true);
        reached = f.meter.requests >= n;
        f.meter.fail_at = 0;
        CHECK(status == LK_OK || (reached && (status == LK_ENOMEM || status == LK_ESPENT)));
        if (status == LK_ENOMEM) status = lk_watch(f.doc, true);
        if (status == LK_OK) {
            CHECK_EQ(lk_commit(f.doc, NULL), LK_OK);
            const lk_event *event = lk_poll(f.doc);
            CHECK(event != NULL && event->by == LK_BY_LOCAL && event->diff_len == count);
            lk_check(f.doc);
        }
        lk_free(f.doc);
        CHECK_EQ(f.meter.bytes, 0);
        lk_buf_free(&f.theirs);
        lk_buf_free(&f.json);
    }
}

int main(void) {
    unsigned spent = 0;
    sweep_late_watch();
    for (int watched = 0; watched < 2; watched++) {
        spent += sweep("text insert", insert_text, watched);
        spent += sweep("list insert", insert_list, watched);
        spent += sweep("child insert", insert_child, watched);
        spent += sweep("map set", set_map, watched);
        spent += sweep("text delete", delete_across, watched);
        spent += sweep("mark", mark_text, watched);
        spent += sweep("unmark", unmark_text, watched);
        spent += sweep("delta of a text", read_delta, watched);
        CHECK(sweep("delta applied", apply_delta, watched) > 0);
        spent += sweep("movable insert", insert_movable, watched);
        spent += sweep("movable delete", delete_movable, watched);
        spent += sweep("movable set", set_movable, watched);
        spent += sweep("movable move", move_movable, watched);
        spent += sweep("tree create", create_node, watched);
        spent += sweep("tree move", move_node, watched);
        spent += sweep("tree delete", delete_node, watched);
        spent += sweep("counter", add_counter, watched);
        spent += sweep("map clear", clear_map, watched);
        spent += sweep("styles", config_styles, watched);
        spent += sweep("mergeable child", ensure_map, watched);
        spent += sweep("root", make_root, watched);
        spent += sweep("import", import_theirs, watched);
        spent += sweep("import of every kind", import_all_kinds, watched);
        spent += sweep("checkout", look_back, watched);
        spent += sweep("import unseen", import_unseen, watched);
        /* the way back from there needs memory too */
        CHECK(sweep("diff of versions", compare_versions, watched) > 0);
        spent += sweep("import of two blobs", import_both, watched);
        spent += sweep("export of parts", export_parts, watched);
        spent += sweep("export of updates", export_updates, watched);
        spent += sweep("export of a snapshot", export_snapshot, watched);
        spent += sweep("export of a shallow snapshot", export_shallow, watched);
        spent += sweep("late beginning", begin_late, watched);
        spent += sweep("sealed beginning", open_lazily, watched);
        spent += sweep("text that wakes", wake_sealed, watched);
        spent += sweep("text that wakes in a shallow snapshot", wake_late, watched);
        spent += sweep("json", print_json, watched);
        spent += sweep("export as JSON", export_json, watched);
        spent += sweep("import of JSON", import_json, watched);
        spent += sweep("redaction", redact_json, watched);
        spent += sweep("questions about the past", ask_history, watched);
        /* several edits: memory may run out between them */
        CHECK(sweep("diffs applied", apply_diffs, watched) > 0);
        CHECK(sweep("revert", revert, watched) > 0);
        managed = true;
        CHECK(sweep("undo", undo, watched) > 0);
        spent += sweep("import that an undo manager hears", import_theirs, watched);
        spent += sweep("edit with an undo manager", insert_list, watched);
        managed = false;
    }
    CHECK_EQ(spent, 0);
    return 0;
}
