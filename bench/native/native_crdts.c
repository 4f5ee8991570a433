/* SPDX-License-Identifier: MIT
 * native_crdts.c - the works of dmonad/crdt-benchmarks, as crdt_benchmarks.mjs has them: one peer
 * edits and another follows (B1), two edit at once (B2), many do (B3). */
#include "check.h"
#include "native_works.h"

enum { COUNT = 6000, CLIENTS = 1540 };

typedef struct writer {
    const library *lib;
    void *doc;
    numbers random;
    size_t len; /* of the text, or the list */
} writer;

static view letters(writer *w, size_t count) {
    static uint8_t storage[COUNT];
    for (size_t i = 0; i < count; i++) storage[i] = (uint8_t)('a' + numbers_below(&w->random, 26));
    return (view){storage, count};
}
static view word(writer *w) { return letters(w, 2 + numbers_below(&w->random, 8)); }

static void insert_at(writer *w, size_t pos, view text) {
    w->lib->insert(w->doc, pos, text);
    w->len += text.len;
}
static void insert_anywhere(writer *w, view text) {
    insert_at(w, numbers_below(&w->random, w->len + 1), text);
}
static void insert_or_remove(writer *w) {
    if (w->len < 10 || numbers_below(&w->random, 2) == 0) {
        insert_anywhere(w, word(w));
        return;
    }
    size_t pos = numbers_below(&w->random, w->len), len = 1 + numbers_below(&w->random, 9);
    if (len > w->len - pos) len = w->len - pos;
    w->lib->remove(w->doc, pos, len);
    w->len -= len;
}

/* The transactions of B1 and B2, by their numbers there. */
static void transact(writer *w, size_t kind) {
    numbers *random = &w->random;
    switch (kind) {
    case 1: insert_at(w, w->len, letters(w, 1)); break;
    case 2: insert_at(w, 0, letters(w, COUNT)); break;
    case 3: insert_at(w, 0, letters(w, 1)); break;
    case 4: insert_anywhere(w, letters(w, 1)); break;
    case 5: insert_anywhere(w, word(w)); break;
    case 7: insert_or_remove(w); break;
    case 8: w->lib->add(w->doc, w->len++, numbers_below(random, 1000000000)); break;
    default:
        w->lib->add(w->doc, numbers_below(random, w->len + 1), numbers_below(random, 1000000000));
        w->len++;
    }
}

/* B1: one peer's transactions, each of which goes to the other. */
void play_follow(const library *lib, const trace *t, size_t kind) {
    (void)t;
    writer a = {.lib = lib, .doc = lib->make(1, true), .random = {5}};
    void *b = lib->make(2, true);
    size_t bytes = 0, count = kind == 2 ? 1 : COUNT;
    double start = cpu_ms();
    for (size_t i = 0; i < count; i++) {
        transact(&a, kind);
        view update = lib->update(a.doc);
        bytes += update.len;
        lib->receive(b, update);
    }
    report("made and received", cpu_ms() - start, "ms");
    report("bytes of an update", (double)bytes / (double)count, "bytes");
    same_text(lib, a.doc, b);
    report_forms(lib, a.doc, false);
    lib->drop(a.doc);
    lib->drop(b);
}

/* B2: both make one transaction of many edits; then each gets the other's. */
void play_at_once(const library *lib, const trace *t, size_t kind) {
    (void)t;
    static uint8_t start_text[100];
    memset(start_text, 'a', sizeof start_text);
    writer both[2] = {{.random = {6}}, {.random = {7}}};
    for (int i = 0; i < 2; i++) {
        both[i].lib = lib;
        both[i].doc = lib->make((uint64_t)i + 1, true);
        both[i].len = sizeof start_text;
    }
    lib->insert(both[0].doc, 0, (view){start_text, sizeof start_text});
    lib->receive(both[1].doc, lib->update(both[0].doc));
    view updates[2];
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < (kind == 2 ? 1 : COUNT); k++) transact(&both[i], kind);
        updates[i] = lib->update(both[i].doc);
    }
    double start = cpu_ms();
    for (int i = 0; i < 2; i++) lib->receive(both[i].doc, updates[1 - i]);
    report("both receive", cpu_ms() - start, "ms");
    report("bytes of both updates", (double)(updates[0].len + updates[1].len), "bytes");
    same_text(lib, both[0].doc, both[1].doc);
    report_forms(lib, both[0].doc, false);
    for (int i = 0; i < 2; i++) lib->drop(both[i].doc);
}

/* B3: every client makes one transaction in a document of its own; one gets them all. */
void play_clients(const library *lib, const trace *t, size_t kind) {
    (void)t;
    pile updates = {0};
    size_t bytes = 0;
    for (int i = 0; i < CLIENTS; i++) {
        void *client = lib->make((uint64_t)i + 10, true);
        char text[16];
        view number = {(const uint8_t *)text, (size_t)snprintf(text, sizeof text, "%d", i)};
        if (kind == 1)
            lib->put(client, (view){(const uint8_t *)"v", 1}, i);
        else
            lib->insert(client, 0, number);
        bytes += pile_push(&updates, lib->update(client)).len;
        lib->drop(client);
    }
    void *all = lib->make(1, false), *single = lib->make(2, false);
    double start = cpu_ms();
    lib->receive_all(all, updates.at, updates.len);
    lib->text(all);
    report("all received", cpu_ms() - start, "ms");
    start = cpu_ms();
    size_t done = 0;
    for (; done < CLIENTS && cpu_ms() - start < PATIENCE_MS; done++)
        lib->receive(single, updates.at[done]);
    report("received one by one, each", (cpu_ms() - start) / (double)done * 1000, "us");
    if (done == CLIENTS) same_text(lib, all, single);
    report("bytes of all updates", (double)bytes, "bytes");
    report_forms(lib, all, false);
    pile_free(&updates);
    lib->drop(all);
    lib->drop(single);
}
