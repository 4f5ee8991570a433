/* SPDX-License-Identifier: MIT
 * sealed_test.c - documents that open without reading their history, beside twins that read it:
 * what goes on from the end, what asks for the rest, and histories that do not lead where the state
 * was. */
#include "check.h"
#include "codec/envelope.h"
#include "codec/sstable.h"
#include "codec/state_blob.h"
#include "loro_vectors.h"

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }
static lk_bytes bytes_of(const lk_buf *buf) { return (lk_bytes){buf->at, buf->len}; }

static lk_ref root_of(lk_doc *doc, lk_kind kind, const char *name) {
    lk_ref root;
    CHECK_EQ(lk_root(doc, kind, str_of(name), &root), LK_OK);
    return root;
}

static void type(lk_doc *doc, size_t pos, const char *text) {
    lk_ref at = root_of(doc, LK_TEXT, "text");
    CHECK_EQ(lk_text_insert(doc, at, pos, LK_UTF8, str_of(text)), LK_OK);
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
}

/* A bit of every kind, and of each something that is gone. */
static void fill(lk_doc *doc, const char *word) {
    lk_ref text = root_of(doc, LK_TEXT, "text"), list = root_of(doc, LK_LIST, "list"),
           map = root_of(doc, LK_MAP, "map"), movable = root_of(doc, LK_MOVABLE_LIST, "movable"),
           tree = root_of(doc, LK_TREE, "tree"), child;
    lk_value values[] = {{.type = LK_I64, .as.i64 = 7}, {.type = LK_NULL}, {.type = LK_BOOL}};
    lk_id nodes[3];
    type(doc, 0, "caf\xc3\xa9 ol\xc3\xa9, and more");
    CHECK_EQ(lk_text_mark(doc, text, 1, 5, LK_UTF8, str_of("bold"), values), LK_OK);
    CHECK_EQ(lk_text_delete(doc, text, 2, 2, LK_CODEPOINT), LK_OK);
    CHECK_EQ(lk_list_insert(doc, list, 0, values, 3), LK_OK);
    CHECK_EQ(lk_list_insert_container(doc, list, 1, LK_MAP, &child), LK_OK);
    CHECK_EQ(lk_map_set(doc, child, str_of("k"), values), LK_OK);
    CHECK_EQ(lk_list_insert_container(doc, list, 0, LK_TEXT, &child), LK_OK);
    CHECK_EQ(lk_text_insert(doc, child, 0, LK_UTF8, str_of("deleted soon")), LK_OK);
    CHECK_EQ(lk_list_delete(doc, list, 0, 1), LK_OK);
    CHECK_EQ(lk_map_set_container(doc, map, str_of("sub"), LK_TEXT, &child), LK_OK);
    CHECK_EQ(lk_text_insert(doc, child, 0, LK_UTF8, str_of("below")), LK_OK);
    CHECK_EQ(lk_map_set(doc, map, str_of("gone"), values), LK_OK);
    CHECK_EQ(lk_map_delete(doc, map, str_of("gone")), LK_OK);
    CHECK_EQ(lk_movable_insert(doc, movable, 0, values, 3), LK_OK);
    CHECK_EQ(lk_movable_move(doc, movable, 0, 2), LK_OK);
    CHECK_EQ(lk_movable_set(doc, movable, 1, &values[2]), LK_OK);
    CHECK_EQ(lk_movable_delete(doc, movable, 0, 1), LK_OK);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(lk_tree_create(doc, tree, i < 2 ? NULL : nodes, LK_TREE_END, &nodes[i]), LK_OK);
    CHECK_EQ(lk_tree_move(doc, tree, nodes[1], &nodes[0], 0), LK_OK);
    CHECK_EQ(lk_tree_delete(doc, tree, nodes[2]), LK_OK);
    CHECK_EQ(lk_counter_add(doc, root_of(doc, LK_COUNTER, "counter"), 0.1), LK_OK);
    lk_ref plain = root_of(doc, LK_TEXT, "plain");
    CHECK_EQ(lk_text_insert(doc, plain, 0, LK_UTF8, str_of(word)), LK_OK);
    CHECK_EQ(lk_text_insert(doc, plain, 1, LK_CODEPOINT, str_of("\xc3\xa9t\xc3\xa9")), LK_OK);
    CHECK_EQ(lk_text_delete(doc, plain, 2, 1, LK_CODEPOINT), LK_OK);
    CHECK_EQ(lk_text_insert(doc, text, 3, LK_UTF8, str_of(word)), LK_OK);
    lk_commit_options options = {.message = str_of("filled"), .timestamp_s = 1000};
    CHECK_EQ(lk_commit(doc, &options), LK_OK);
}

static lk_buf export(lk_doc *doc, lk_export_mode mode, lk_ids from) {
    lk_buf out = {0};
    CHECK_EQ(lk_export(doc, mode, from, &out), LK_OK);
    return out;
}

static lk_status import(lk_doc *doc, const lk_buf *blob) {
    lk_fault fault;
    lk_status got = lk_import(doc, bytes_of(blob), NULL, &fault);
    CHECK_EQ(got, fault.code);
    return got;
}

static void sync(lk_doc *from, lk_doc *to) {
    lk_buf blob = export(from, LK_UPDATES, lk_version(to));
    CHECK_EQ(import(to, &blob), LK_OK);
    lk_buf_free(&blob);
}

/* Two peers filled a document, in part at once. */
static lk_buf snapshot_of_two(const char *word) {
    lk_doc *one = lk_new(1, NULL), *two = lk_new(2, NULL);
    fill(one, word);
    sync(one, two);
    fill(two, word);
    type(one, 3, "meanwhile");
    sync(two, one);
    lk_buf blob = export(one, LK_SNAPSHOT, (lk_ids){0});
    lk_free(one);
    lk_free(two);
    return blob;
}

static lk_doc *open(uint64_t peer, const lk_buf *blob, bool lazily) {
    lk_doc *doc = lk_new(peer, NULL);
    lk_open_lazily(doc, lazily);
    CHECK_EQ(lk_watch(doc, true), LK_OK);
    CHECK_EQ(import(doc, blob), LK_OK);
    return doc;
}

static void show(lk_doc *doc, lk_buf *out) {
    CHECK_EQ(lk_json(doc, out), LK_OK);
    CHECK_EQ(lk_vv_encode(lk_version(doc), out), LK_OK);
    CHECK_EQ(lk_frontiers_encode(lk_frontiers(doc), out), LK_OK);
    CHECK_EQ(lk_is_shallow(doc) || lk_is_detached(doc), false);
}

/* What the events say that wait, in whatever order they tell of containers. */
static uint64_t told(lk_doc *doc) {
    uint64_t all = 0;
    for (const lk_event *e; (e = lk_poll(doc)) != NULL;)
        for (size_t i = 0; i < e->diff_len; i++) {
            const lk_diff *d = &e->diffs[i];
            lk_buf id = {0};
            CHECK_EQ(lk_container_id(doc, d->target, &id), LK_OK);
            rng mix = {(uint64_t)e->by << 32 | d->delta_len << 20 | d->change_len << 10 |
                       (d->node_len > 0)};
            for (size_t k = 0; k < id.len; k++) mix.state = rng_u64(&mix) ^ id.at[k];
            all += rng_u64(&mix);
            lk_buf_free(&id);
        }
    return all;
}

static void same(lk_doc *a, lk_doc *b) {
    lk_buf x = {0}, y = {0};
    show(a, &x);
    show(b, &y);
    CHECK_BYTES(x.at, x.len, y.at, y.len);
    lk_buf_free(&x);
    lk_buf_free(&y);
}

/* ---- calls that need the past ---- */

typedef lk_status question(lk_doc *doc, lk_buf *out);

static lk_status ask_updates(lk_doc *doc, lk_buf *out) {
    return lk_export(doc, LK_UPDATES, (lk_ids){0}, out);
}
static lk_status ask_shallow(lk_doc *doc, lk_buf *out) {
    return lk_export(doc, LK_SHALLOW, lk_frontiers(doc), out);
}
static lk_status ask_state(lk_doc *doc, lk_buf *out) {
    return lk_export(doc, LK_STATE_ONLY, lk_frontiers(doc), out);
}
static lk_status ask_early(lk_doc *doc, lk_buf *out) {
    lk_id at = {1, 8};
    return lk_export(doc, LK_SNAPSHOT_AT, (lk_ids){&at, 1}, out);
}
static lk_status ask_span(lk_doc *doc, lk_buf *out) {
    lk_span span = {2, 3, 9};
    return lk_export_spans(doc, &span, 1, out);
}
static lk_status ask_json_updates(lk_doc *doc, lk_buf *out) {
    lk_id known = {1, 4};
    return lk_json_updates(doc, (lk_ids){&known, 1}, NULL, true, out);
}
static lk_status ask_json_span(lk_doc *doc, lk_buf *out) {
    return lk_json_span(doc, (lk_span){1, 2, 20}, out);
}
static lk_status ask_change(lk_doc *doc, lk_buf *out) {
    lk_change c;
    lk_status status = lk_change_at(doc, (lk_id){2, 35}, &c);
    if (status == LK_OK) status = lk_frontiers_encode(c.deps, out);
    return status == LK_OK && c.message.len != 6 ? LK_ESTATE : status;
}
static lk_status ask_lamport(lk_doc *doc, lk_buf *out) {
    lk_change c;
    lk_status status = lk_change_at_lamport(doc, 1, 5, &c);
    return status == LK_OK ? lk_frontiers_encode((lk_ids){&c.id, 1}, out) : status;
}
static lk_status ask_past(lk_doc *doc, lk_buf *out) {
    lk_change c;
    lk_status status = lk_commit(doc, NULL);
    if (status == LK_OK) status = lk_travel(doc, lk_frontiers(doc));
    while (status == LK_OK && (status = lk_travel_next(doc, &c)) == LK_OK)
        CHECK_EQ(lk_frontiers_encode((lk_ids){&c.id, 1}, out), LK_OK);
    return status == LK_EMISSING ? LK_OK : status;
}
static lk_status ask_changes(lk_doc *doc, lk_buf *out) {
    size_t count;
    lk_status status = lk_change_count(doc, &count);
    lk_id id = {1, (int32_t)count};
    return status == LK_OK ? lk_frontiers_encode((lk_ids){&id, 1}, out) : status;
}
static lk_status ask_touched(lk_doc *doc, lk_buf *out) {
    const lk_ref *refs;
    size_t len;
    lk_status status = lk_changed_containers(doc, (lk_span){1, 0, 100}, &refs, &len);
    for (size_t i = 0; i < len; i++) CHECK_EQ(lk_container_id(doc, refs[i], out), LK_OK);
    return status;
}
static lk_status ask_between(lk_doc *doc, lk_buf *out) {
    lk_id early = {1, 7};
    lk_span_diff diff;
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
    lk_status status = lk_spans_between(doc, (lk_ids){&early, 1}, lk_frontiers(doc), &diff);
    for (size_t i = 0; status == LK_OK && i < diff.forward_len; i++) {
        lk_id ids[] = {{diff.forward[i].peer, diff.forward[i].start}, {0, diff.forward[i].end}};
        CHECK_EQ(lk_frontiers_encode((lk_ids){ids, 2}, out), LK_OK);
    }
    return status;
}
static lk_status ask_compare(lk_doc *doc, lk_buf *out) {
    lk_id early = {1, 7}, late = {2, 3};
    lk_order order;
    lk_status status = lk_compare(doc, (lk_ids){&early, 1}, (lk_ids){&late, 1}, &order);
    (void)out;
    return status == LK_OK && order != LK_BEFORE ? LK_ESTATE : status;
}
static lk_status ask_vv(lk_doc *doc, lk_buf *out) {
    lk_id early = {2, 3};
    lk_ids vv;
    lk_status status = lk_vv_of(doc, (lk_ids){&early, 1}, &vv);
    return status == LK_OK ? lk_vv_encode(vv, out) : status;
}
static lk_status ask_frontiers(lk_doc *doc, lk_buf *out) {
    lk_id early = {1, 5};
    lk_ids at;
    lk_status status = lk_frontiers_of(doc, (lk_ids){&early, 1}, &at);
    return status == LK_OK ? lk_frontiers_encode(at, out) : status;
}
static lk_status ask_checkout(lk_doc *doc, lk_buf *out) {
    lk_id early = {1, 9};
    lk_status status = lk_checkout(doc, (lk_ids){&early, 1});
    if (status == LK_OK) status = lk_json(doc, out);
    return status == LK_OK ? lk_attach(doc) : status;
}
static lk_status ask_detach(lk_doc *doc, lk_buf *out) {
    (void)out;
    lk_status status = lk_detach(doc);
    return status == LK_OK ? lk_attach(doc) : status;
}
static lk_status ask_diff(lk_doc *doc, lk_buf *out) {
    lk_id early = {1, 9}, later = {2, 4};
    const lk_event *event;
    lk_status status = lk_diff_between(doc, (lk_ids){&early, 1}, (lk_ids){&later, 1}, &event);
    lk_id len = {1, status == LK_OK ? (int32_t)event->diff_len : 0};
    return status == LK_OK ? lk_frontiers_encode((lk_ids){&len, 1}, out) : status;
}
static lk_status ask_fork(lk_doc *doc, lk_buf *out) {
    lk_doc *copy;
    lk_status status = lk_fork(doc, 77, NULL, &copy);
    if (status != LK_OK) return status;
    status = lk_json(copy, out);
    lk_free(copy);
    return status;
}
static lk_status ask_revert(lk_doc *doc, lk_buf *out) {
    lk_id early = {1, 9};
    (void)out;
    return lk_revert_to(doc, (lk_ids){&early, 1});
}
/* The text in the list that was deleted: peer 1 made it as its twentieth operation or so. */
static lk_status ask_deleted(lk_doc *doc, lk_buf *out) {
    lk_ref found;
    lk_status status = LK_EMISSING;
    for (int i = 0; i < 60 && status == LK_EMISSING; i++) {
        char id[32];
        int len = snprintf(id, sizeof id, "cid:%d@1:Text", i);
        status = lk_container_by_id(doc, (lk_str){id, (size_t)len}, &found);
        if (status == LK_OK && lk_container_shows(doc, found)) status = LK_EMISSING;
    }
    return status == LK_OK ? lk_container_id(doc, found, out) : status;
}
static lk_status ask_cursor(lk_doc *doc, lk_buf *out) {
    lk_buf update = {0};
    lk_cursor_place place = {0};
    static const uint8_t early[] = {1, 1, 4, 0, 4, 't', 'e', 'x', 't', 0, 1, 2}; /* 2@1 */
    lk_status status =
        lk_cursor_resolve(doc, (lk_bytes){early, sizeof early}, LK_UTF16, &place, &update);
    lk_id at = {1, (int32_t)place.pos};
    if (status == LK_OK) status = lk_frontiers_encode((lk_ids){&at, 1}, out);
    lk_buf_free(&update);
    return status;
}
static lk_status ask_undo(lk_doc *doc, lk_buf *out) {
    lk_undo *undo = lk_undo_new(doc);
    lk_undo_done done;
    (void)out;
    type(doc, 2, "undone");
    lk_status status = lk_undo_step(undo, LK_UNDO, &done);
    lk_undo_free(undo);
    return status == LK_OK && !done.changed ? LK_ESTATE : status;
}
static lk_status ask_concurrent(lk_doc *doc, lk_buf *out) {
    lk_doc *other = lk_new(5, NULL);
    (void)out;
    fill(other, "aside");
    lk_buf blob = export(other, LK_UPDATES, (lk_ids){0});
    lk_status status = import(doc, &blob);
    lk_buf_free(&blob);
    lk_free(other);
    return status;
}
static lk_status ask_peer(lk_doc *doc, lk_buf *out) {
    (void)out;
    lk_status status = lk_set_peer(doc, 1);
    if (status == LK_OK) type(doc, 0, "again");
    return status == LK_OK ? lk_set_peer(doc, 7) : status;
}

static question *const questions[] = {
    ask_updates, ask_shallow,   ask_state,   ask_early,     ask_span,     ask_json_updates,
    ask_change,  ask_json_span, ask_lamport, ask_past,      ask_changes,  ask_touched,
    ask_between, ask_compare,   ask_vv,      ask_frontiers, ask_checkout, ask_detach,
    ask_diff,    ask_fork,      ask_revert,  ask_deleted,   ask_cursor,   ask_undo,
    ask_peer,    ask_concurrent};

/* A change that is not committed. */
static void begin(lk_doc *doc) {
    lk_id node;
    lk_value value = {.type = LK_NULL};
    CHECK_EQ(lk_text_insert(doc, root_of(doc, LK_TEXT, "text"), 1, LK_UTF8, str_of("open")), LK_OK);
    CHECK_EQ(lk_tree_create(doc, root_of(doc, LK_TREE, "tree"), NULL, 0, &node), LK_OK);
    CHECK_EQ(lk_map_set(doc, root_of(doc, LK_MAP, "map"), str_of("sub"), &value), LK_OK);
}

/* Whatever is asked, at the end of the history or after `turns` things that came since, the answer
 * is that of a document that read it. */
static void test_questions(void) {
    lk_buf blob = snapshot_of_two("word");
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        for (int turns = 0; turns < 4; turns++) {
            lk_doc *docs[] = {open(7, &blob, true), open(7, &blob, false)};
            lk_doc *far = open(8, &blob, true);
            lk_buf answers[2] = {{0}, {0}};
            lk_status status[2];
            if (turns > 0) fill(far, "far");
            for (int d = 0; d < 2; d++) {
                if (turns > 0) sync(far, docs[d]);
                if (turns > 1) fill(docs[d], "near");
                if (turns > 2) begin(docs[d]);
                status[d] = questions[i](docs[d], &answers[d]);
            }
            CHECK_EQ(status[0], status[1]);
            CHECK_EQ(status[0], LK_OK);
            CHECK_BYTES(answers[0].at, answers[0].len, answers[1].at, answers[1].len);
            same(docs[0], docs[1]);
            for (int d = 0; d < 2; d++) CHECK_EQ(lk_commit(docs[d], NULL), LK_OK);
            CHECK(told(docs[0]) == told(docs[1]));
            lk_check(docs[0]);
            sync(docs[0], far);
            sync(far, docs[0]);
            same(docs[0], far);
            lk_check(far);
            for (int d = 0; d < 2; d++) lk_buf_free(&answers[d]);
            for (int d = 0; d < 2; d++) lk_free(docs[d]);
            lk_free(far);
        }
    lk_buf_free(&blob);
}

/* ---- histories that lead elsewhere ---- */

static envelope_sections sections_of(const lk_buf *blob) {
    envelope_mode mode;
    reader body;
    envelope_sections sections;
    lk_fault fault;
    CHECK_EQ(envelope_open(bytes_of(blob), &mode, &body, &fault), LK_OK);
    CHECK_EQ(envelope_read_sections(&body, &sections, &fault), LK_OK);
    return sections;
}

/* A snapshot of that history, state and root. */
static lk_buf snapshot_of_parts(const lk_bytes parts[3]) {
    lk_buf out = {0};
    writer w = writer_new(&out);
    size_t start;
    envelope_begin(&w, ENVELOPE_SNAPSHOT, &start);
    for (int i = 0; i < 3; i++) {
        writer_u32le(&w, (uint32_t)parts[i].len);
        writer_raw(&w, parts[i].at, parts[i].len);
    }
    envelope_finish(&w, start);
    CHECK(!w.failed);
    return out;
}

/* The history of one snapshot with the state of another. */
static lk_buf graft(const lk_buf *from, const lk_buf *onto) {
    return snapshot_of_parts((const lk_bytes[]){
        sections_of(from).history.bytes, sections_of(onto).state.bytes, {NULL, 0}});
}

/* Whatever asks is told, nothing else happens, and what needs no history goes on. */
static void test_elsewhere(void) {
    lk_buf one = snapshot_of_two("abc"), other = snapshot_of_two("abd"), blob = graft(&one, &other);
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        lk_doc *doc = open(7, &blob, true), *far = open(8, &other, true);
        lk_buf answer = {0};
        if (i % 2 > 0) fill(doc, "more");
        if (i % 2 > 0) sync(doc, far);
        if (i % 3 > 0) begin(doc);
        CHECK_EQ(questions[i](doc, &answer), LK_ECORRUPT);
        CHECK_EQ(questions[i](doc, &answer), LK_ECORRUPT);
        CHECK_EQ(answer.len, 0);
        sync(doc, far);
        same(doc, far);
        fill(far, "and more");
        sync(far, doc);
        same(doc, far);
        lk_check(doc);
        lk_check(far);
        lk_buf_free(&answer);
        lk_free(doc);
        lk_free(far);
    }
    lk_buf_free(&one);
    lk_buf_free(&other);
    lk_buf_free(&blob);
}

/* A state that tells of more than the history is not believed in the first place. */
static void test_disbelieved(void) {
    lk_buf early = snapshot_of_two("abc");
    lk_doc *doc = open(7, &early, false);
    fill(doc, "later");
    lk_buf late = export(doc, LK_SNAPSHOT, (lk_ids){0}), blob = graft(&early, &late), out = {0};
    lk_doc *again = open(8, &blob, true), *twin = open(9, &early, false);
    same(again, twin);
    CHECK_EQ(ask_updates(again, &out), LK_OK);
    lk_check(again);
    lk_buf_free(&early);
    lk_buf_free(&late);
    lk_buf_free(&blob);
    lk_buf_free(&out);
    lk_free(doc);
    lk_free(again);
    lk_free(twin);
}

/* ---- texts that sleep ---- */

typedef lk_status deed(lk_doc *doc, lk_ref text, lk_buf *out);

static lk_status do_nothing(lk_doc *doc, lk_ref text, lk_buf *out) {
    return lk_text_slice(doc, text, 2, 5, LK_CODEPOINT, out);
}
static lk_status do_insert(lk_doc *doc, lk_ref text, lk_buf *out) {
    (void)out;
    return lk_text_insert(doc, text, 5, LK_CODEPOINT, str_of("in"));
}
static lk_status do_delete(lk_doc *doc, lk_ref text, lk_buf *out) {
    (void)out;
    return lk_text_delete(doc, text, 3, 4, LK_CODEPOINT);
}
static lk_status do_mark(lk_doc *doc, lk_ref text, lk_buf *out) {
    lk_value on = {.type = LK_BOOL, .as.boolean = true};
    (void)out;
    return lk_text_mark(doc, text, 2, 6, LK_CODEPOINT, str_of("bold"), &on);
}
static lk_status do_cursor(lk_doc *doc, lk_ref text, lk_buf *out) {
    return lk_cursor_new(doc, text, 4, LK_UTF16, LK_LEFT, out);
}
static lk_status do_snapshot(lk_doc *doc, lk_ref text, lk_buf *out) {
    (void)text;
    return lk_export(doc, LK_SNAPSHOT, (lk_ids){0}, out);
}
static lk_status do_shallow(lk_doc *doc, lk_ref text, lk_buf *out) {
    (void)text;
    return lk_export(doc, LK_SHALLOW, lk_frontiers(doc), out);
}
static lk_status do_undo(lk_doc *doc, lk_ref text, lk_buf *out) {
    lk_undo *undo = lk_undo_new(doc);
    lk_undo_done done;
    lk_status status = do_insert(doc, text, out);
    if (status == LK_OK) status = do_delete(doc, text, out);
    if (status == LK_OK) status = lk_commit(doc, NULL);
    if (status == LK_OK) status = lk_undo_step(undo, LK_UNDO, &done);
    lk_undo_free(undo);
    return status;
}
/* The state goes to the beginning and comes back. */
static lk_status do_travel(lk_doc *doc, lk_ref text, lk_buf *out) {
    lk_ids start = lk_frontiers(doc);
    lk_id at = start.at[0];
    lk_status status = do_delete(doc, text, out);
    if (status == LK_OK) status = lk_checkout(doc, (lk_ids){&at, 1});
    if (status == LK_OK) status = lk_json(doc, out);
    return status == LK_OK ? lk_attach(doc) : status;
}
static deed *const deeds[] = {do_nothing,  do_insert,  do_delete, do_mark,  do_cursor,
                              do_snapshot, do_shallow, do_undo,   do_travel};

/* Two wrote at random in a text and a text in a map, both without styles; the last one alone. */
static lk_doc *write_plainly(rng *random) {
    lk_doc *docs[] = {lk_new(1, NULL), lk_new(2, NULL)};
    static const char *words[] = {"a", "bc", "\xc3\xa9", "\xf0\x9f\xa6\x9c!",
                                  "long words of ASCII"};
    lk_ref texts[2];
    for (int d = 0; d < 2; d++) texts[d] = root_of(docs[d], LK_TEXT, "text");
    for (int i = 0; i < 300; i++) {
        int d = i < 280 ? (int)rng_below(random, 2) : 0;
        size_t len = lk_text_len(docs[d], texts[d], LK_CODEPOINT);
        size_t pos = rng_below(random, (uint32_t)len + 1);
        if (len - pos > 2 && rng_below(random, 4) == 0)
            CHECK_EQ(lk_text_delete(docs[d], texts[d], pos, 2, LK_CODEPOINT), LK_OK);
        else
            CHECK_EQ(lk_text_insert(docs[d], texts[d], pos, LK_CODEPOINT,
                                    str_of(words[rng_below(random, 5)])),
                     LK_OK);
        CHECK_EQ(lk_commit(docs[d], NULL), LK_OK);
        if (i == 279 || rng_below(random, 8) == 0) sync(docs[1], docs[0]);
        if (rng_below(random, 8) == 0) sync(docs[0], docs[1]);
    }
    lk_ref child;
    CHECK_EQ(lk_map_set_container(docs[0], root_of(docs[0], LK_MAP, "map"), str_of("in"), LK_TEXT,
                                  &child),
             LK_OK);
    CHECK_EQ(lk_text_insert(docs[0], child, 0, LK_UTF8, str_of("a text in a map")), LK_OK);
    CHECK_EQ(lk_commit(docs[0], NULL), LK_OK);
    lk_free(docs[1]);
    return docs[0];
}

/* Whatever is done first, and whoever writes next, all is as in a document that knew all ids. */
static void test_wakes(void) {
    rng random = {20261126};
    lk_doc *origin = write_plainly(&random);
    lk_id end = lk_frontiers(origin).at[0];
    for (int shallow = 0; shallow < 2; shallow++) {
        lk_buf blob = export(origin, shallow ? LK_SHALLOW : LK_SNAPSHOT,
                             shallow ? (lk_ids){&end, 1} : (lk_ids){0});
        for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
            for (int order = 0; order < 2; order++) {
                lk_doc *docs[2], *far = lk_new(8, NULL);
                lk_buf answers[2] = {{0}, {0}};
                CHECK_EQ(import(far, &blob), LK_OK);
                type(far, 9, "from afar");
                for (int d = 0; d < 2; d++) {
                    docs[d] = lk_new(7, NULL);
                    lk_open_lazily(docs[d], d == 0);
                    CHECK_EQ(lk_watch(docs[d], i % 2 > 0), LK_OK);
                    CHECK_EQ(import(docs[d], &blob), LK_OK);
                    if (order > 0) sync(far, docs[d]);
                    lk_ref text = root_of(docs[d], LK_TEXT, "text");
                    CHECK_EQ(deeds[i](docs[d], text, &answers[d]), LK_OK);
                    CHECK_EQ(lk_commit(docs[d], NULL), LK_OK);
                    if (order == 0) sync(far, docs[d]);
                    CHECK_EQ(lk_json(docs[d], &answers[d]), LK_OK);
                }
                if (deeds[i] == do_snapshot || deeds[i] == do_shallow)
                    CHECK(answers[0].len > 0); /* a sealed history is passed on as it came */
                else
                    CHECK_BYTES(answers[0].at, answers[0].len, answers[1].at, answers[1].len);
                CHECK(told(docs[0]) == told(docs[1]));
                sync(docs[0], far);
                sync(docs[1], far);
                lk_check(docs[0]);
                lk_check(far);
                for (int d = 0; d < 2; d++) lk_buf_free(&answers[d]);
                for (int d = 0; d < 2; d++) lk_free(docs[d]);
                lk_free(far);
            }
        lk_buf_free(&blob);
    }
    lk_free(origin);
}

/* A snapshot whose only text, which is at the end of its state, has a span that is longer by one,
 * or ends of styles that never began. */
static lk_buf damage(lk_doc *origin, lk_export_mode mode) {
    lk_buf blob = export(origin, mode, lk_frontiers(origin));
    envelope_sections sections = sections_of(&blob);
    lk_bytes parts[] = {sections.history.bytes, sections.state.bytes, sections.root.bytes};
    lk_bytes *part = mode == LK_SHALLOW ? &parts[2] : &parts[1];
    arena scratch;
    sstable found;
    lk_fault fault;
    lk_buf fresh = {0};
    arena_init(&scratch, &mem_default);
    CHECK_EQ(sstable_read(*part, 0, 1u << 20, &scratch, &found, &fault), LK_OK);
    for (size_t i = 0; i < found.len; i++) {
        uint8_t *value = (uint8_t *)(uintptr_t)found.pairs[i].value.at;
        size_t len = found.pairs[i].value.len;
        /* ..., one column of lengths that ends with the last span's; no keys, no marks */
        if (found.pairs[i].key.at[0] == (STATE_ROOT | LK_TEXT)) value[len - 3] ^= 2;
    }
    CHECK_EQ(sstable_write(found.pairs, found.len, &mem_default, &fresh), LK_OK);
    *part = bytes_of(&fresh);
    lk_buf out = snapshot_of_parts(parts);
    arena_drop(&scratch);
    lk_buf_free(&fresh);
    lk_buf_free(&blob);
    return out;
}

/* Damage shows when somebody asks. Where there is a history it knows better. */
static void test_damaged_sleep(void) {
    lk_doc *origin = lk_new(1, NULL);
    lk_value one = {.type = LK_I64, .as.i64 = 1};
    type(origin, 0, "a text");
    type(origin, 2, "and more");
    type(origin, 14, "!");
    for (int shallow = 0; shallow < 2; shallow++) {
        lk_buf blob = damage(origin, shallow ? LK_SHALLOW : LK_SNAPSHOT), out = {0};
        lk_doc *doc = lk_new(7, NULL), *eager = lk_new(8, NULL);
        CHECK_EQ(import(eager, &blob), shallow ? LK_ECORRUPT : LK_OK);
        lk_open_lazily(doc, true);
        CHECK_EQ(import(doc, &blob), LK_OK);
        lk_ref text = root_of(doc, LK_TEXT, "text");
        for (size_t i = 1; i < sizeof deeds / sizeof *deeds; i++) {
            bool whole = deeds[i] == do_snapshot; /* of a root that is all there is, its bytes */
            lk_status status = deeds[i](doc, text, &out);
            CHECK(status == (shallow ? LK_ECORRUPT : LK_OK) || whole);
            CHECK_EQ(lk_commit(doc, NULL), LK_OK);
            lk_check(doc);
        }
        CHECK_EQ(lk_map_set(doc, root_of(doc, LK_MAP, "map"), str_of("k"), &one), LK_OK);
        CHECK_EQ(lk_commit(doc, NULL), LK_OK);
        if (shallow) {
            out.len = 0;
            CHECK_EQ(lk_text_string(doc, text, &out), LK_OK);
            CHECK_BYTES(out.at, out.len, "a and moretext!", 15);
        }
        lk_buf_free(&blob);
        lk_buf_free(&out);
        lk_free(doc);
        lk_free(eager);
    }
    lk_free(origin);
}

/* ---- the snapshot as it came ---- */

static void check_whole(lk_doc *doc, const lk_buf *blob, bool whole) {
    lk_buf out = export(doc, LK_SNAPSHOT, (lk_ids){0});
    CHECK_EQ(out.len == blob->len && memcmp(out.at, blob->at, out.len) == 0, whole);
    lk_doc *copy = open(3, &out, false);
    same(doc, copy);
    lk_free(copy);
    lk_buf_free(&out);
}

static void test_whole(void) {
    lk_buf blob = {0};
    CHECK(buf_append(&blob, loro_snapshot, sizeof loro_snapshot)); /* not as we write it */
    lk_doc *doc = open(7, &blob, true);
    check_whole(doc, &blob, true);
    root_of(doc, LK_LIST, "one that is not there");
    check_whole(doc, &blob, false);
    lk_free(doc);
    doc = lk_new(7, NULL);
    lk_open_lazily(doc, true);
    root_of(doc, LK_LIST, "one that is not there");
    CHECK_EQ(import(doc, &blob), LK_OK);
    check_whole(doc, &blob, false);
    lk_free(doc);
    doc = open(7, &blob, true);
    type(doc, 0, "more");
    check_whole(doc, &blob, false);
    lk_free(doc);
    lk_buf_free(&blob);
}

/* ---- snapshots that go on ---- */

/* Two snapshots have the same states. */
static void check_states(const lk_buf *a, const lk_buf *b) {
    const lk_buf *blobs[] = {a, b};
    sstable tables[2];
    arena scratch;
    arena_init(&scratch, &mem_default);
    for (int t = 0; t < 2; t++) {
        lk_fault fault;
        CHECK_EQ(sstable_read(sections_of(blobs[t]).state.bytes, 0, 1u << 20, &scratch, &tables[t],
                              &fault),
                 LK_OK);
    }
    CHECK_EQ(tables[0].len, tables[1].len);
    for (size_t i = 0; i < tables[0].len; i++) {
        const sstable_pair *x = &tables[0].pairs[i], *y = &tables[1].pairs[i];
        CHECK_BYTES(x->key.at, x->key.len, y->key.at, y->key.len);
        CHECK_BYTES(x->value.at, x->value.len, y->value.at, y->value.len);
    }
    arena_drop(&scratch);
}

/* The next snapshot has the states that a document writes which read the history, and opens in
 * documents that read it and in such that do not. */
static void test_goes_on(void) {
    lk_buf blob = snapshot_of_two("word");
    for (uint64_t round = 0; round < 4; round++) {
        lk_doc *docs[] = {open(20 + round, &blob, true), open(20 + round, &blob, false)};
        lk_doc *far = open(30 + round, &blob, true);
        lk_buf next[2];
        fill(far, "far");
        for (int d = 0; d < 2; d++) {
            sync(far, docs[d]);
            fill(docs[d], "near");
            lk_ref text = root_of(docs[d], LK_TEXT, "text");
            CHECK_EQ(lk_text_delete(docs[d], text, 5, 2, LK_CODEPOINT), LK_OK);
            next[d] = export(docs[d], LK_SNAPSHOT, (lk_ids){0});
            lk_buf_free(&next[d]);
            type(docs[d], 1, "and on");
            next[d] = export(docs[d], LK_SNAPSHOT, (lk_ids){0});
        }
        check_states(&next[0], &next[1]);
        for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
            lk_doc *copies[] = {open(7, &next[0], true), open(7, &next[0], false)};
            lk_buf answers[2] = {{0}, {0}};
            for (int d = 0; d < 2; d++) {
                same(copies[d], docs[1]);
                CHECK_EQ(questions[i](copies[d], &answers[d]), LK_OK);
                lk_check(copies[d]);
            }
            CHECK_EQ(answers[0].len, answers[1].len); /* peers may come in another order */
            for (int d = 0; d < 2; d++) lk_buf_free(&answers[d]);
            for (int d = 0; d < 2; d++) lk_free(copies[d]);
        }
        lk_check(docs[0]);
        lk_buf_free(&blob);
        blob = next[0];
        lk_buf_free(&next[1]);
        for (int d = 0; d < 2; d++) lk_free(docs[d]);
        lk_free(far);
    }
    lk_buf_free(&blob);
}

/* It does not read the history, and does when a peer of it has written on. */
static void test_goes_on_unread(void) {
    lk_buf one = snapshot_of_two("abc"), other = snapshot_of_two("abd"), blob = graft(&one, &other);
    lk_doc *doc = open(7, &blob, true), *peer = open(2, &other, false);
    type(doc, 0, "more");
    lk_buf next = export(doc, LK_SNAPSHOT, (lk_ids){0});
    lk_doc *copy = open(8, &next, true);
    same(doc, copy);
    sync(doc, peer);
    type(peer, 0, "goes on");
    sync(peer, copy);
    lk_buf out = {0};
    CHECK_EQ(lk_export(copy, LK_SNAPSHOT, (lk_ids){0}, &out), LK_ECORRUPT);
    sync(peer, doc);
    CHECK_EQ(lk_export(doc, LK_SNAPSHOT, (lk_ids){0}, &out), LK_ECORRUPT);
    CHECK_EQ(out.len, 0);
    lk_free(doc);
    lk_free(peer);
    lk_free(copy);
    lk_buf_free(&one);
    lk_buf_free(&other);
    lk_buf_free(&blob);
    lk_buf_free(&next);
}

int main(void) {
    test_goes_on();
    test_goes_on_unread();
    test_questions();
    test_elsewhere();
    test_disbelieved();
    test_whole();
    test_wakes();
    test_damaged_sleep();
    return 0;
}
