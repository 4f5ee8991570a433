/* SPDX-License-Identifier: MIT
 * native_typing.c - works of people who type: both at once, one who comes back, keys in documents
 * of some size, words, and undo. */
#include "check.h"
#include "native_works.h"

static view letter(char c) {
    static char storage[256];
    storage[(uint8_t)c] = c;
    return (view){(const uint8_t *)&storage[(uint8_t)c], 1};
}

/* Both type a character, then each gets the other's. */
void play_both(const library *lib, const trace *t, size_t rounds) {
    (void)t;
    enum { SAMPLE = 100 };
    static const size_t marks[] = {100, 300, 1000, 2000, 4000, 10000};
    void *a = lib->make(1, true), *b = lib->make(2, true);
    size_t len = 0, mark = 0;
    double spent = 0, total = 0;
    for (size_t round = 1; round <= rounds && total < 3 * PATIENCE_MS; round++, len += 2) {
        lib->insert(a, len >> 1, letter('x'));
        view from_a = lib->update(a);
        lib->insert(b, len >> 2, letter('y'));
        view from_b = lib->update(b);
        pile sent = {0};
        pile_push(&sent, from_a), pile_push(&sent, from_b);
        double start = cpu_ms();
        lib->receive(a, sent.at[1]);
        lib->receive(b, sent.at[0]);
        double exchange = cpu_ms() - start;
        pile_free(&sent);
        spent += exchange;
        total += exchange;
        if (round == marks[mark]) {
            char name[64];
            snprintf(name, sizeof name, "an arriving key, round %zu", marks[mark++]);
            report(name, spent / SAMPLE / 2 * 1000, "us");
        }
        if (round % SAMPLE == 0) spent = 0;
    }
    same_text(lib, a, b);
    lib->drop(a);
    lib->drop(b);
}

/* One has written so many characters offline; the other's arrive one by one. */
void play_stale(const library *lib, const trace *t, size_t offline) {
    (void)t;
    enum { ARRIVE = 500 };
    void *stale = lib->make(1, true), *other = lib->make(2, true);
    for (size_t i = 0; i < offline; i++) {
        lib->insert(stale, i >> 1, letter('x'));
        lib->commit(stale);
    }
    pile updates = {0};
    for (size_t i = 0; i < ARRIVE; i++) {
        lib->insert(other, i >> 1, letter('y'));
        pile_push(&updates, lib->update(other));
    }
    double start = cpu_ms();
    lib->receive(stale, updates.at[0]);
    double first = cpu_ms();
    size_t done = 1;
    for (; done < ARRIVE && cpu_ms() - first < PATIENCE_MS; done++)
        lib->receive(stale, updates.at[done]);
    report("the first arriving key", first - start, "ms");
    report("an arriving key after that", (cpu_ms() - first) / (double)(done - 1) * 1000, "us");
    pile_free(&updates);
    lib->drop(stale);
    lib->drop(other);
}

/* The same document at both, written in chunks all over, as documents are. */
static void chunks(const library *lib, void *a, void *b, size_t size, numbers *random) {
    char chunk[1000];
    for (size_t i = 0; i < sizeof chunk; i++) chunk[i] = "lorem ipsum dolor sit amet "[i % 27];
    for (size_t i = 0; i < size; i += sizeof chunk) {
        lib->insert(a, numbers_below(random, i + 1), (view){(const uint8_t *)chunk, sizeof chunk});
        lib->receive(b, lib->update(a));
    }
}

void play_keys(const library *lib, const trace *t, size_t size) {
    (void)t;
    enum { KEYS = 10000 };
    numbers random = {1};
    void *a = lib->make(1, true), *b = lib->make(2, false);
    chunks(lib, a, b, size, &random);
    pile updates = {0};
    size_t pos = 0, bytes = 0;
    double typed = 0;
    while (updates.len < KEYS && typed < PATIENCE_MS) {
        size_t i = updates.len;
        if (i % 20 == 0) pos = numbers_below(&random, size - 100) + 50;
        double start = cpu_ms();
        if (i % 9 == 8)
            lib->remove(a, --pos, 1);
        else
            lib->insert(a, pos++, letter('x'));
        view update = lib->update(a);
        typed += cpu_ms() - start;
        bytes += pile_push(&updates, update).len;
    }
    double start = cpu_ms();
    size_t done = 0;
    for (; done < updates.len && (done % 64 || cpu_ms() - start < PATIENCE_MS); done++)
        lib->receive(b, updates.at[done]);
    double arrived = cpu_ms() - start;
    if (done == updates.len) same_text(lib, a, b);
    report("typed, with its update", typed / (double)updates.len * 1000, "us");
    report("arrived", arrived / (double)done * 1000, "us");
    report("bytes of an update", (double)bytes / (double)updates.len, "bytes");
    pile_free(&updates);
    lib->drop(a);
    lib->drop(b);
}

/* Two write words all over, a transaction each; then each gets all of the other's at once. */
void play_words(const library *lib, const trace *t, size_t words) {
    (void)t;
    static const char *word[] = {"world", "hello"};
    void *docs[2] = {lib->make(1, true), lib->make(2, true)};
    pile written[2] = {{0}, {0}};
    for (uint32_t at = 0; at < 2; at++) {
        numbers random = {10 + at};
        for (size_t i = 0; i < words; i++) {
            view text = {(const uint8_t *)word[at], 5};
            lib->insert(docs[at], numbers_below(&random, 5 * i + 1), text);
            pile_push(&written[at], lib->update(docs[at]));
        }
    }
    double start = cpu_ms();
    for (int at = 0; at < 2; at++) lib->receive_all(docs[at], written[1 - at].at, words);
    report("merge at both", cpu_ms() - start, "ms");
    same_text(lib, docs[0], docs[1]);
    for (int at = 0; at < 2; at++) {
        pile_free(&written[at]);
        lib->drop(docs[at]);
    }
}

void play_undo(const library *lib, const trace *t, size_t steps) {
    (void)t;
    void *doc = lib->make(1, false);
    lib->watch(doc);
    double start = cpu_ms();
    for (size_t i = 0; i < steps; i++) {
        lib->insert(doc, i * 7919 % (i + 1), (view){(const uint8_t *)"ab", 2});
        lib->commit(doc);
    }
    double edited = cpu_ms();
    for (size_t i = 0; i < steps; i++) CHECK(lib->undo(doc, false));
    double undone = cpu_ms();
    CHECK_EQ(lib->text(doc).len, 0);
    double before = cpu_ms();
    for (size_t i = 0; i < steps; i++) CHECK(lib->undo(doc, true));
    double redone = cpu_ms();
    CHECK_EQ(lib->text(doc).len, 2 * steps);
    double each = 1000 / (double)steps;
    report("an edit that is watched", (edited - start) * each, "us");
    report("undo of a step", (undone - edited) * each, "us");
    report("redo of a step", (redone - before) * each, "us");
    lib->drop(doc);
}
