/* SPDX-License-Identifier: MIT
 * native_basics.c - what all native works need. */
#include "check.h"
#include "native_works.h"

uint32_t numbers_below(numbers *n, size_t below) {
    n->seed = (n->seed * 1103515245u + 12345u) & 0x7fffffffu;
    return (n->seed >> 8) % (uint32_t)below;
}

static view copied(view bytes) {
    uint8_t *copy = malloc(bytes.len + 1);
    CHECK(copy != NULL);
    if (bytes.len > 0) memcpy(copy, bytes.at, bytes.len);
    return (view){copy, bytes.len};
}

view pile_push(pile *p, view bytes) {
    if (p->len == p->cap) {
        p->cap = 2 * p->cap + 64;
        p->at = realloc(p->at, p->cap * sizeof *p->at);
        CHECK(p->at != NULL);
    }
    return p->at[p->len++] = copied(bytes);
}
void pile_free(pile *p) {
    for (size_t i = 0; i < p->len; i++) free((void *)p->at[i].at);
    free(p->at);
}

void expect_text(const library *lib, void *doc, view want) {
    view got = lib->text(doc);
    CHECK_BYTES(got.at, got.len, want.at, want.len);
}
void same_text(const library *lib, void *a, void *b) {
    view want = copied(lib->text(b));
    expect_text(lib, a, want);
    free((void *)want.at);
}

view saved(const library *lib, void *doc, form first, form second) {
    view bytes = lib->save(doc, first);
    return copied(bytes.len > 0 ? bytes : lib->save(doc, second));
}

static void report_form(const char *name_of_form, const char *figure, double value,
                        const char *unit) {
    char name[64];
    snprintf(name, sizeof name, "%s, %s", name_of_form, figure);
    report(name, value, unit);
}

/* What the first edit costs in a document just opened, one's own or one that arrives. */
static void report_first_edits(const library *lib, view bytes, const char *name) {
    void *own = lib->make(2, true), *other = lib->make(3, false);
    double start = cpu_ms();
    lib->open(own, bytes);
    double opened = cpu_ms();
    lib->insert(own, 3, (view){(const uint8_t *)"x", 1});
    view update = lib->update(own);
    double edited = cpu_ms();
    lib->open(other, bytes);
    double before = cpu_ms();
    lib->receive(other, update);
    report_form(name, "first edit that arrives", cpu_ms() - before, "ms");
    report_form(name, "first edit after opening", edited - opened, "ms");
    report_form(name, "open to first edit", edited - start, "ms");
    lib->drop(own);
    lib->drop(other);
}

void report_forms(const library *lib, void *doc, bool of_trace) {
    static const char *names[] = {"update", "snapshot", "shallow snapshot"};
    for (form f = FORM_UPDATE; f <= (of_trace ? FORM_SHALLOW : FORM_SNAPSHOT); f++) {
        double start = cpu_ms();
        view bytes = lib->save(doc, f);
        double save = cpu_ms() - start;
        if (bytes.len == 0) continue;
        bytes = copied(bytes);
        void *copy = lib->make(2, false);
        start = cpu_ms();
        lib->open(copy, bytes);
        lib->read(copy);
        double open = cpu_ms() - start;
        same_text(lib, copy, doc);
        report_form(names[f], "save", save, "ms");
        report_form(names[f], "open and read", open, "ms");
        report_form(names[f], "size", (double)bytes.len, "bytes");
        lib->drop(copy);
        if (of_trace && f != FORM_SHALLOW) report_first_edits(lib, bytes, names[f]);
        free((void *)bytes.at);
    }
}
