/* SPDX-License-Identifier: MIT
 * native_containers.c - works on maps, movable lists and trees. */
#include "check.h"
#include "native_works.h"

static view key(char storage[16], size_t number) {
    return (view){(const uint8_t *)storage, (size_t)snprintf(storage, 16, "k%zu", number)};
}

void play_map(const library *lib, const trace *t, size_t keys) {
    (void)t;
    enum { SETS = 100000 };
    char storage[16];
    void *doc = lib->make(1, false);
    double start = cpu_ms();
    for (size_t i = 0; i < SETS; i++) lib->put(doc, key(storage, i % keys), (int64_t)i);
    lib->commit(doc);
    double set = cpu_ms();
    for (size_t i = 0; i < SETS; i++)
        CHECK_EQ((size_t)lib->get(doc, key(storage, i % keys)) % keys, i % keys);
    report("100,000 sets", set - start, "ms");
    report("100,000 gets", cpu_ms() - set, "ms");
    report_forms(lib, doc, false);
    lib->drop(doc);
}

/* Each set is a transaction, and goes to another peer. */
void play_map_sync(const library *lib, const trace *t, size_t sets) {
    (void)t;
    char storage[16];
    void *a = lib->make(1, true), *b = lib->make(2, false);
    double start = cpu_ms();
    for (size_t i = 0; i < sets; i++) {
        lib->put(a, key(storage, i % 100), (int64_t)i);
        lib->receive(b, lib->update(a));
    }
    report("a set, sent and received", (cpu_ms() - start) / (double)sets * 1000, "us");
    lib->drop(a);
    lib->drop(b);
}

/* `act` by each of two who begin alike: what merging it into one of them costs. */
static void report_merge(const library *lib, void *doc,
                         void (*act)(const library *lib, void *doc, numbers *random, size_t count),
                         numbers *random) {
    void *other = lib->make(2, true);
    lib->update(doc);
    view all = saved(lib, doc, FORM_UPDATE, FORM_SNAPSHOT);
    lib->receive(other, all);
    act(lib, doc, random, 5000);
    act(lib, other, random, 5000);
    view update = lib->update(other);
    double start = cpu_ms();
    lib->receive(doc, update);
    report("merge of 5,000 moves by each of two", cpu_ms() - start, "ms");
    lib->drop(other);
    free((void *)all.at);
}

enum { ELEMENTS = 1000, NODES = 10000 };

static void move_elements(const library *lib, void *doc, numbers *random, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t from = numbers_below(random, ELEMENTS);
        lib->move(doc, from, numbers_below(random, ELEMENTS));
    }
    lib->commit(doc);
}

void play_movable(const library *lib, const trace *t, size_t count) {
    (void)t;
    numbers random = {2};
    void *doc = lib->make(1, true);
    for (int64_t i = 0; i < ELEMENTS; i++) lib->push(doc, i);
    lib->commit(doc);
    double start = cpu_ms();
    move_elements(lib, doc, &random, count);
    report("10,000 moves", cpu_ms() - start, "ms");
    start = cpu_ms();
    for (size_t i = 0; i < count; i++) lib->set(doc, numbers_below(&random, ELEMENTS), (int64_t)i);
    lib->commit(doc);
    report("10,000 sets", cpu_ms() - start, "ms");
    report_forms(lib, doc, false);
    report_merge(lib, doc, move_elements, &random);
    lib->drop(doc);
}

static int32_t nodes[NODES];

static void move_nodes(const library *lib, void *doc, numbers *random, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int32_t node = nodes[numbers_below(random, NODES)];
        lib->hang(doc, node, nodes[numbers_below(random, NODES)]); /* below itself: refused */
    }
    lib->commit(doc);
}

void play_tree(const library *lib, const trace *t, size_t count) {
    (void)t;
    numbers random = {3};
    void *doc = lib->make(1, true);
    double start = cpu_ms();
    for (size_t i = 0; i < NODES; i++)
        nodes[i] = lib->create(doc, i % 3 ? nodes[numbers_below(&random, i)] : -1);
    lib->commit(doc);
    report("10,000 creates", cpu_ms() - start, "ms");
    start = cpu_ms();
    move_nodes(lib, doc, &random, count);
    report("10,000 moves", cpu_ms() - start, "ms");
    report_forms(lib, doc, false);
    report_merge(lib, doc, move_nodes, &random);
    lib->drop(doc);
}
