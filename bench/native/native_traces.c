/* SPDX-License-Identifier: MIT
 * native_traces.c - works on editing traces. */
#define _POSIX_C_SOURCE 200809L
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "native_works.h"

static void *replay(const library *lib, const trace *t, bool commit_each, void *doc) {
    for (size_t i = 0; i < t->txn_len; i++) {
        txn_edit(&t->txns[i], lib, doc);
        if (commit_each) lib->commit(doc);
    }
    lib->commit(doc);
    return doc;
}

void play_trace(const library *lib, const trace *t, size_t unused) {
    (void)unused;
    double start = cpu_ms();
    void *doc = replay(lib, t, true, lib->make(1, false));
    report("a commit per transaction", cpu_ms() - start, "ms");
    expect_text(lib, doc, t->end);
    if (lib->can & CAN_SAVE) report_forms(lib, doc, true);
    lib->drop(doc);
}

void play_one_commit(const library *lib, const trace *t, size_t unused) {
    (void)unused;
    double start = cpu_ms();
    void *doc = replay(lib, t, false, lib->make(1, false));
    report("all of it", cpu_ms() - start, "ms");
    expect_text(lib, doc, t->end);
    lib->drop(doc);
}

/* The trace so many times into one document. */
void play_times(const library *lib, const trace *t, size_t times) {
    void *doc = lib->make(1, false), *copy = lib->make(2, false);
    double start = cpu_ms();
    for (size_t i = 0; i < times; i++) replay(lib, t, false, doc);
    report("applied", cpu_ms() - start, "ms");
    if (lib->can & CAN_SAVE) {
        view bytes = saved(lib, doc, FORM_SNAPSHOT, FORM_UPDATE);
        start = cpu_ms();
        lib->open(copy, bytes);
        lib->text(copy);
        double opened = cpu_ms();
        same_text(lib, copy, doc);
        double read = cpu_ms();
        lib->insert(copy, 3, (view){(const uint8_t *)"x", 1});
        lib->commit(copy);
        double edited = cpu_ms();
        report("open and read", opened - start, "ms");
        report("open to first edit", opened - start + edited - read, "ms");
        report("size", (double)bytes.len, "bytes");
        free((void *)bytes.at);
    }
    lib->drop(copy);
    lib->drop(doc);
}

/* ---- several writers ---- */

typedef struct session {
    const library *lib;
    const trace *t;
    void **docs;
    uint8_t *has; /* per peer, per transaction */
    uint32_t *missing;
    pile updates;
} session;

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Give a peer what a transaction builds on. `missing` is what was found, and the stack besides. */
static void session_catch_up(session *s, const txn *x) {
    uint8_t *has = s->has + x->agent * s->t->txn_len;
    size_t found = 0;
    for (uint32_t i = 0; i < x->parent_len; i++)
        if (!has[x->parents[i]]) has[s->missing[found++] = x->parents[i]] = 1;
    for (size_t at = 0; at < found; at++) {
        const txn *above = &s->t->txns[s->missing[at]];
        for (uint32_t i = 0; i < above->parent_len; i++)
            if (!has[above->parents[i]]) has[s->missing[found++] = above->parents[i]] = 1;
    }
    qsort(s->missing, found, sizeof *s->missing, by_number);
    for (size_t i = 0; i < found; i++)
        s->lib->receive(s->docs[x->agent], s->updates.at[s->missing[i]]);
}

/* Every peer has a document, and gets what a transaction builds on before it makes it. */
static pile live(const library *lib, const trace *t) {
    session s = {.lib = lib, .t = t};
    s.docs = malloc(t->agents * sizeof *s.docs);
    s.has = calloc(t->agents, t->txn_len);
    s.missing = malloc(t->txn_len * sizeof *s.missing);
    CHECK(s.docs != NULL && s.has != NULL && s.missing != NULL);
    for (uint32_t i = 0; i < t->agents; i++) s.docs[i] = lib->make(i + 1, true);
    for (size_t i = 0; i < t->txn_len; i++) {
        const txn *x = &t->txns[i];
        session_catch_up(&s, x);
        txn_edit(x, lib, s.docs[x->agent]);
        pile_push(&s.updates, lib->update(s.docs[x->agent]));
        s.has[x->agent * t->txn_len + i] = 1;
    }
    for (uint32_t i = 0; i < t->agents; i++) lib->drop(s.docs[i]);
    free(s.docs);
    free(s.has);
    free(s.missing);
    return s.updates;
}

void play_concurrent(const library *lib, const trace *t, size_t unused) {
    (void)unused;
    double start = cpu_ms();
    pile updates = live(lib, t);
    report("live, all peers", cpu_ms() - start, "ms");
    void *streamed = lib->make(90, false), *batched = lib->make(91, false);
    void *copy = lib->make(92, false);
    start = cpu_ms();
    for (size_t i = 0; i < updates.len; i++) lib->receive(streamed, updates.at[i]);
    report("every update, one by one, to a newcomer", cpu_ms() - start, "ms");
    start = cpu_ms();
    lib->receive_all(batched, updates.at, updates.len);
    report("every update, in a batch, to a newcomer", cpu_ms() - start, "ms");
    same_text(lib, streamed, batched);
    view all = saved(lib, streamed, FORM_UPDATE, FORM_SNAPSHOT);
    start = cpu_ms();
    lib->open(copy, all);
    lib->text(copy);
    report("everything in one, to a newcomer", cpu_ms() - start, "ms");
    report("everything in one, size", (double)all.len, "bytes");
    same_text(lib, copy, streamed);
    free((void *)all.at);
    pile_free(&updates);
    lib->drop(streamed);
    lib->drop(batched);
    lib->drop(copy);
}

/* ---- memory ---- */

/* What the trace is saved as, by another process, so that this one's memory is new. */
static view saved_apart(const library *lib, const trace *t) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    FILE *end = fdopen(ends[child == 0], child == 0 ? "wb" : "rb");
    close(ends[child != 0]);
    if (child == 0) {
        void *doc = replay(lib, t, true, lib->make(1, false));
        view bytes = saved(lib, doc, FORM_SNAPSHOT, FORM_UPDATE);
        size_t written = fwrite(bytes.at, 1, bytes.len, end);
        _exit(written == bytes.len && fclose(end) == 0 ? 0 : 1);
    }
    size_t cap = (size_t)16 << 20;
    uint8_t *at = malloc(cap);
    CHECK(at != NULL);
    view bytes = {at, fread(at, 1, cap, end)};
    fclose(end);
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    return bytes;
}

static double resident_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;
    CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* So many documents, each opened, read and edited. */
void play_memory(const library *lib, const trace *t, size_t documents) {
    view bytes = saved_apart(lib, t);
    void **docs = malloc((documents + 1) * sizeof *docs);
    CHECK(docs != NULL);
    double before = 0;
    for (size_t i = 0; i <= documents; i++) {
        docs[i] = lib->make(2, false);
        lib->open(docs[i], bytes);
        CHECK_EQ(lib->text(docs[i]).len, t->end.len);
        lib->insert(docs[i], 3, (view){(const uint8_t *)"x", 1});
        lib->commit(docs[i]);
        if (i == 0) before = resident_bytes();
    }
    report("resident, each", (resident_bytes() - before) / (double)documents, "bytes");
    for (size_t i = 0; i <= documents; i++) lib->drop(docs[i]);
    free(docs);
    free((void *)bytes.at);
}

/* ---- the past ---- */

void play_past(const library *lib, const trace *t, size_t unused) {
    (void)unused;
    enum { VISITS = 20 };
    numbers random = {4};
    void *doc = replay(lib, t, true, lib->make(1, false));
    size_t end = lib->op_count(doc);
    double start = cpu_ms();
    for (int i = 0; i < VISITS; i++) lib->checkout(doc, (int32_t)numbers_below(&random, end));
    report("checkout of a random version", (cpu_ms() - start) / VISITS, "ms");
    lib->checkout(doc, (int32_t)(end >> 1));
    start = cpu_ms();
    for (int i = 0; i < VISITS; i++) lib->checkout(doc, (int32_t)(end >> 1) + (i % 2 ? 0 : 50));
    report("checkout of one 50 operations away", (cpu_ms() - start) / VISITS, "ms");
    start = cpu_ms();
    lib->checkout(doc, -1);
    report("back to the newest", cpu_ms() - start, "ms");
    expect_text(lib, doc, t->end);
    lib->drop(doc);
}
