/* SPDX-License-Identifier: MIT
 * snapshot_codec_test.c - a snapshot that Loro wrote, taken apart to the last container and put
 * together again; and states made here, with damage. (test/conform lets Loro read what we write.)
 */
#include "base/limits.h"
#include "check.h"
#include "codec/change_block.h"
#include "codec/snapshot_blob.h"
#include "codec/state_blob.h"
#include "loro_vectors.h"

static snapshot_history read_history(lk_bytes blob, arena *scratch, sstable *states) {
    envelope_mode mode;
    reader body;
    lk_fault fault;
    envelope_sections sections;
    snapshot_history history;
    CHECK_EQ(envelope_open(blob, &mode, &body, &fault), LK_OK);
    CHECK_EQ(mode, ENVELOPE_SNAPSHOT);
    CHECK_EQ(envelope_read_sections(&body, &sections, &fault), LK_OK);
    CHECK_EQ(snapshot_read_history(&sections.history, scratch, &history, &fault), LK_OK);
    CHECK_EQ(sstable_read(sections.state.bytes, sections.state.offset, LIMIT_SNAPSHOT_BYTES,
                          scratch, states, &fault),
             LK_OK);
    return history;
}

static void check_history(const snapshot_history *h) {
    CHECK(!h->shallow);
    CHECK_EQ(h->vv.len, 2);
    CHECK(h->vv.at[0].peer == 1 && h->vv.at[0].counter == 12);
    CHECK(h->vv.at[1].peer == UINT64_MAX - 1 && h->vv.at[1].counter == 17);
    CHECK_EQ(h->frontiers.len, 1);
    CHECK(h->frontiers.at[0].peer == 1 && h->frontiers.at[0].counter == 11);
    CHECK_EQ(h->block_len, 2);
    arena scratch;
    arena_init(&scratch, &mem_default);
    for (size_t i = 0; i < 2; i++) {
        block b;
        lk_fault fault;
        CHECK_EQ(change_block_read(h->blocks[i].bytes, 0, &scratch, &b, &fault), LK_OK);
        CHECK(b.peers[0] == h->blocks[i].peer && b.changes[0].counter == h->blocks[i].counter);
        CHECK_EQ(b.op_len, i == 0 ? 10 : 11);
    }
    arena_drop(&scratch);
}

static void test_loro_snapshot(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    sstable states, again;
    snapshot_history h =
        read_history((lk_bytes){loro_snapshot, sizeof loro_snapshot}, &scratch, &states);
    check_history(&h);
    sstable_pair *pairs = arena_new(&scratch, sstable_pair, states.len);
    for (size_t i = 0; i < states.len; i++) pairs[i] = states.pairs[states.len - 1 - i];
    lk_buf out = {0};
    snapshot_parts parts = {.vv = h.vv,
                            .frontiers = h.frontiers,
                            .blocks = h.blocks,
                            .block_len = h.block_len,
                            .states = pairs,
                            .state_len = states.len};
    CHECK_EQ(snapshot_write(&parts, &scratch, &out), LK_OK);
    snapshot_history back = read_history((lk_bytes){out.at, out.len}, &scratch, &again);
    check_history(&back);
    CHECK_EQ(again.len, states.len);
    for (size_t i = 0; i < again.len; i++) {
        CHECK_BYTES(again.pairs[i].key.at, again.pairs[i].key.len, states.pairs[i].key.at,
                    states.pairs[i].key.len);
        CHECK_BYTES(again.pairs[i].value.at, again.pairs[i].value.len, states.pairs[i].value.at,
                    states.pairs[i].value.len);
    }
    lk_buf_free(&out);
    arena_drop(&scratch);
}

/* Without states: the same history, and a note that it is to be replayed. */
static void test_replay(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    sstable states;
    snapshot_history h =
        read_history((lk_bytes){loro_snapshot, sizeof loro_snapshot}, &scratch, &states);
    snapshot_parts parts = {.vv = h.vv,
                            .frontiers = h.frontiers,
                            .blocks = h.blocks,
                            .block_len = h.block_len,
                            .late = true};
    lk_buf out = {0};
    CHECK_EQ(snapshot_write(&parts, &scratch, &out), LK_OK);
    envelope_mode mode;
    reader body;
    lk_fault fault;
    envelope_sections sections;
    CHECK_EQ(envelope_open((lk_bytes){out.at, out.len}, &mode, &body, &fault), LK_OK);
    CHECK_EQ(envelope_read_sections(&body, &sections, &fault), LK_OK);
    CHECK_BYTES(sections.state.bytes.at, sections.state.bytes.len, "E", 1);
    CHECK_EQ(snapshot_read_states(&sections, &scratch, &states, &fault), LK_OK);
    CHECK_EQ(snapshot_read_history(&sections.history, &scratch, &h, &fault), LK_OK);
    check_history(&h);
    lk_buf_free(&out);
    arena_drop(&scratch);
}

/* A document with containers of every kind is exported with the states of all of them. */
static void test_all_kinds(void) {
    lk_doc *doc = lk_new(9, NULL), *again = lk_new(9, NULL);
    lk_buf out = {0};
    CHECK_EQ(lk_import(doc, (lk_bytes){loro_updates, sizeof loro_updates}, NULL, NULL), LK_OK);
    CHECK_EQ(lk_export(doc, LK_SNAPSHOT, (lk_ids){0}, &out), LK_OK);
    envelope_mode mode;
    reader body;
    lk_fault fault;
    envelope_sections sections;
    arena scratch;
    sstable states;
    arena_init(&scratch, &mem_default);
    CHECK_EQ(envelope_open((lk_bytes){out.at, out.len}, &mode, &body, &fault), LK_OK);
    CHECK_EQ(envelope_read_sections(&body, &sections, &fault), LK_OK);
    CHECK_EQ(snapshot_read_states(&sections, &scratch, &states, &fault), LK_OK);
    unsigned kinds = 0;
    for (size_t i = 0; i < states.len; i++)
        if (states.pairs[i].key.at[0] & STATE_ROOT)
            kinds |= 1u << (states.pairs[i].key.at[0] & ~STATE_ROOT);
    CHECK_EQ(kinds, 0x3f);
    CHECK_EQ(lk_import(again, (lk_bytes){out.at, out.len}, NULL, NULL), LK_OK);
    CHECK_EQ(lk_op_count(again), 29);
    lk_buf_free(&out);
    arena_drop(&scratch);
    lk_free(again);
    lk_free(doc);
}

/* States are left alone but for their tables: any bit of theirs that is not as written is noticed.
 */
static void test_check_states(void) {
    envelope_mode mode;
    reader body;
    lk_fault fault;
    envelope_sections sections;
    arena scratch;
    sstable states;
    arena_init(&scratch, &mem_default);
    envelope_open((lk_bytes){loro_snapshot, sizeof loro_snapshot}, &mode, &body, &fault);
    envelope_read_sections(&body, &sections, &fault);
    CHECK_EQ(snapshot_read_states(&sections, &scratch, &states, &fault), LK_OK);
    uint8_t copy[sizeof loro_snapshot];
    lk_bytes whole = sections.state.bytes;
    memcpy(copy, whole.at, whole.len);
    for (size_t i = 0; i < whole.len; i++) {
        copy[i] ^= 4;
        sections.state.bytes.at = copy;
        CHECK(snapshot_read_states(&sections, &scratch, &states, &fault) != LK_OK);
        CHECK(fault.offset >= sections.state.offset);
        copy[i] ^= 4;
    }
    sections.state.bytes = (lk_bytes){(const uint8_t *)"E", 1};
    CHECK_EQ(snapshot_read_states(&sections, &scratch, &states, &fault), LK_OK);
    sections.root.bytes = (lk_bytes){(const uint8_t *)"E", 1};
    CHECK_EQ(snapshot_read_states(&sections, &scratch, &states, &fault), LK_ECORRUPT);
    arena_drop(&scratch);
}

/* Every state of Loro's goes through our nouns to the same bytes. */
static void test_loro_states(void) {
    arena scratch;
    arena_init(&scratch, &mem_default);
    sstable states;
    read_history((lk_bytes){loro_snapshot, sizeof loro_snapshot}, &scratch, &states);
    CHECK_EQ(states.len, 9); /* 6 roots, the text in the map, a map for each tree node */
    for (size_t i = 0; i < states.len; i++) {
        state_names names = {.scratch = &scratch};
        state_container state;
        lk_fault fault;
        CHECK_EQ(state_blob_read(&states.pairs[i], &names, &state, &fault), LK_OK);
        state_tables tables = state_names_tables(&names);
        CHECK_EQ(state.depth, tables.cids[state.cid].root ? 1 : 2);
        CHECK_EQ(state.has_parent, !tables.cids[state.cid].root);
        lk_buf key = {0}, value = {0};
        writer w = writer_new(&key);
        state_blob_write_key(&tables, state.cid, &w);
        CHECK_EQ(state_blob_write(&tables, &state, &scratch, &value), LK_OK);
        CHECK_BYTES(key.at, key.len, states.pairs[i].key.at, states.pairs[i].key.len);
        CHECK_BYTES(value.at, value.len, states.pairs[i].value.at, states.pairs[i].value.len);
        lk_buf_free(&key);
        lk_buf_free(&value);
    }
    arena_drop(&scratch);
}

/* ---- states made here ---- */

static const uint64_t peers[] = {40, UINT64_MAX, 7};
static const container_id cids[] = {
    {.kind = LK_MAP, .root = true, .name = {"m", 1}},
    {.kind = LK_TEXT, .peer = 1, .counter = 5},
    {.kind = LK_LIST, .peer = 2, .counter = 0x7fffffff},
    {.kind = 77, .root = true, .name = {"new", 3}},
    {.kind = LK_COUNTER, .root = true, .name = {"c", 1}},
    {.kind = LK_MOVABLE_LIST, .root = true, .name = {"o", 1}},
    {.kind = LK_TREE, .root = true, .name = {"t", 1}},
};
static const state_tables tables = {peers, countof(peers), cids, countof(cids)};

static lk_status round_trip(const state_container *in, arena *scratch, state_names *names,
                            state_container *out) {
    lk_buf key = {0}, value = {0};
    lk_fault fault;
    writer w = writer_new(&key);
    state_blob_write_key(&tables, in->cid, &w);
    CHECK_EQ(state_blob_write(&tables, in, scratch, &value), LK_OK);
    *names = (state_names){.scratch = scratch};
    /* What is read views these bytes: keep them as long as the rest. */
    uint8_t *kept = arena_bytes(scratch, key.len + value.len);
    memcpy(kept, key.at, key.len);
    memcpy(kept + key.len, value.at, value.len);
    sstable_pair pair = {{kept, key.len}, {kept + key.len, value.len}, 0};
    lk_status status = state_blob_read(&pair, names, out, &fault);
    CHECK_EQ(status, fault.code);
    lk_buf_free(&key);
    lk_buf_free(&value);
    return status;
}

/* Keys come sorted by code points, not by UTF-16: U+E000 is before U+10000. */
static void test_map(void) {
    const state_entry entries[] = {
        {.key = {"\xf0\x90\x80\x80", 4},
         .value = {.type = LK_F64, .as.f64 = -0.25},
         .peer = 1,
         .lamport = 9},
        {.key = {"\xee\x80\x80", 3}, .deleted = true, .peer = 0, .lamport = 0x7fffffff},
        {.key = {"a", 1}, .value = {.type = LK_CONTAINER, .as.container = {1}}, .peer = 1},
    };
    arena scratch;
    arena_init(&scratch, &mem_default);
    state_names names;
    state_container out, in = {.cid = 0, .depth = 1, .as.map = {entries, countof(entries)}};
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_OK);
    CHECK_EQ(out.as.map.len, 3);
    const state_entry *got = out.as.map.entries;
    CHECK_BYTES(got[1].key.at, got[1].key.len, "\xee\x80\x80", 3);
    CHECK(got[1].deleted && got[1].lamport == 0x7fffffff && names.peers.at[got[1].peer] == 40);
    CHECK(!got[2].deleted && got[2].value.as.f64 == -0.25 && got[2].lamport == 9);
    const container_id *child = &names.cids.at[got[0].value.as.container.index];
    CHECK(child->kind == LK_TEXT && child->counter == 5);
    CHECK(names.peers.at[child->peer] == UINT64_MAX);
    arena_drop(&scratch);
}

static void test_text(void) {
    static const state_span spans[] = {
        {{0, 0}, 3, 2}, {{1, 7}, 1, 0}, {{2, 0x7ffffffe}, 0x7fffffff, 1}, {{1, 8}, 2, -1}};
    const state_mark marks[] = {{{"bold", 4}, {.type = LK_BOOL, .as.boolean = true}, 0x84}};
    arena scratch;
    arena_init(&scratch, &mem_default);
    state_names names;
    state_container out, in = {.cid = 1, .has_parent = true, .parent = 0, .depth = 2};
    in.as.text = (state_text){.text = {"a\xc3\xa9z", 4},
                              .spans = spans,
                              .span_len = countof(spans),
                              .marks = marks,
                              .mark_len = countof(marks)};
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_OK);
    CHECK(out.has_parent && names.cids.at[out.parent].root);
    CHECK_BYTES(out.as.text.text.at, out.as.text.text.len, "a\xc3\xa9z", 4);
    CHECK_EQ(out.as.text.span_len, countof(spans));
    for (size_t i = 0; i < countof(spans); i++) {
        const state_span *span = &out.as.text.spans[i];
        CHECK(names.peers.at[span->id.peer] == peers[spans[i].id.peer]);
        CHECK(span->id.counter == spans[i].id.counter && span->lamport == spans[i].lamport);
        CHECK_EQ(span->len, spans[i].len);
    }
    CHECK(out.as.text.mark_len == 1 && out.as.text.marks[0].info == 0x84);
    in.as.text.text.len = 1; /* spans cover more than that */
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_ECORRUPT);
    in.as.text.text.len = 4;
    in.as.text.mark_len = 0; /* a style without its mark */
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_ECORRUPT);
    arena_drop(&scratch);
}

static void test_others(void) {
    const lk_entry entry = {{"k", 1},
                            {.type = LK_BINARY, .len = 2, .as.bytes = (const uint8_t *)"\0\1"}};
    const lk_value nested[] = {{.type = LK_I64, .as.i64 = INT64_MIN},
                               {.type = LK_ENTRIES, .len = 1, .as.entries = &entry}};
    const state_item items[] = {{{.type = LK_VALUES, .len = 2, .as.values = nested}, {2, 1}, 0}};
    arena scratch;
    arena_init(&scratch, &mem_default);
    state_names names;
    state_container out, in = {.cid = 2, .has_parent = true, .parent = 1, .depth = 3};
    in.as.list = (state_list){items, 1};
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_OK);
    CHECK_EQ(out.as.list.len, 1);
    const lk_value *list = &out.as.list.items[0].value;
    CHECK(list->type == LK_VALUES && list->as.values[0].as.i64 == INT64_MIN);
    CHECK_BYTES(list->as.values[1].as.entries[0].value.as.bytes, 2, "\0\1", 2);
    CHECK(names.cids.at[out.parent].kind == LK_TEXT);

    in = (state_container){
        .cid = 3, .depth = 1, .opaque = true, .as.opaque = {(const uint8_t *)"abc", 3}};
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_OK);
    CHECK(out.opaque);
    CHECK_BYTES(out.as.opaque.at, out.as.opaque.len, "abc", 3);
    in = (state_container){.cid = 4, .depth = 1, .as.counter = 1.5};
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_OK);
    CHECK(out.as.counter == 1.5);
    arena_drop(&scratch);
}

/* Empty places before, between and after elements; some moved, some written again. */
static void test_movable(void) {
    const lk_value value = {.type = LK_I64, .as.i64 = 5};
    state_place places[] = {
        {.id = {0, 1}, .lamport = 4},
        {{2, 3}, 3, true, value, {2, 3}, {2, 3}},
        {{1, 9}, 12, true, value, {0, 7}, {0, 7}},
        {.id = {0, 2}, .lamport = 5},
        {{2, 4}, 20, true, value, {2, 20}, {1, 0x7fffffff}},
    };
    arena scratch;
    arena_init(&scratch, &mem_default);
    state_names names;
    state_container out, in = {.cid = 5, .depth = 1, .as.movable = {places, countof(places)}};
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_OK);
    CHECK_EQ(out.as.movable.len, countof(places));
    for (size_t i = 0; i < countof(places); i++) {
        const state_place *got = &out.as.movable.places[i], *want = &places[i];
        CHECK(names.peers.at[got->id.peer] == peers[want->id.peer]);
        CHECK(got->id.counter == want->id.counter && got->lamport == want->lamport);
        CHECK_EQ(got->shows, want->shows);
        if (!want->shows) continue;
        CHECK(names.peers.at[got->elem.peer] == peers[want->elem.peer]);
        CHECK(names.peers.at[got->written.peer] == peers[want->written.peer]);
        CHECK(got->elem.lamport == want->elem.lamport);
        CHECK(got->written.lamport == want->written.lamport && got->value.as.i64 == 5);
    }
    places[4].written.lamport = 0x80000000u;
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_ECORRUPT);
    arena_drop(&scratch);
}

static void test_tree(void) {
    const lk_bytes low = {(const uint8_t *)"\x7f\x80", 2}, high = {(const uint8_t *)"\x80", 1};
    state_node nodes[] = {
        {{0, 1}, STATE_NODE_ROOT, {0, 1}, 1, high},
        {{1, 2}, STATE_NODE_FIRST, {2, 8}, 30, low},
        {{2, 0}, STATE_NODE_FIRST + 1, {2, 0}, 5, high},
        {{2, 1}, STATE_NODE_DELETED, {2, 9}, 31, low},
    };
    arena scratch;
    arena_init(&scratch, &mem_default);
    state_names names;
    state_container out, in = {.cid = 6, .depth = 1, .as.tree = {nodes, countof(nodes)}};
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_OK);
    CHECK_EQ(out.as.tree.len, countof(nodes));
    for (size_t i = 0; i < countof(nodes); i++) {
        const state_node *got = &out.as.tree.nodes[i], *want = &nodes[i];
        CHECK(names.peers.at[got->id.peer] == peers[want->id.peer]);
        CHECK(names.peers.at[got->move.peer] == peers[want->move.peer]);
        CHECK(got->id.counter == want->id.counter && got->move.counter == want->move.counter);
        CHECK(got->parent == want->parent && got->lamport == want->lamport);
        CHECK_BYTES(got->position.at, got->position.len, want->position.at, want->position.len);
    }
    nodes[1].parent = STATE_NODE_FIRST + 1; /* below itself */
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_ECORRUPT);
    in.as.tree.len = 0;
    CHECK_EQ(round_trip(&in, &scratch, &names, &out), LK_OK);
    CHECK_EQ(out.as.tree.len, 0);
    arena_drop(&scratch);
}

int main(void) {
    test_loro_snapshot();
    test_replay();
    test_all_kinds();
    test_check_states();
    test_loro_states();
    test_map();
    test_text();
    test_others();
    test_movable();
    test_tree();
    printf("snapshot_codec: Loro's snapshot there and back, states\n");
    return 0;
}
