/* SPDX-License-Identifier: MIT
 * plain_trace.c - reads plain_trace.h's files and plays them. They are ours, so little is checked.
 */
#include "plain_trace.h"

#include "check.h"

static void *read_whole(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    CHECK(fseek(file, 0, SEEK_END) == 0);
    *len = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*len);
    CHECK(bytes != NULL && fread(bytes, 1, *len, file) == *len);
    fclose(file);
    return bytes;
}

void trace_read(trace *t, const char *path) {
    size_t len;
    t->file = read_whole(path, &len);
    const uint32_t *word = t->file;
    t->agents = word[0];
    t->txn_len = word[1];
    size_t inserted = word[2];
    word += 3;
    t->txns = malloc(t->txn_len * sizeof *t->txns);
    CHECK(t->txns != NULL);
    for (size_t i = 0; i < t->txn_len; i++) {
        txn *x = &t->txns[i];
        *x = (txn){.agent = word[0], .parent_len = word[1], .patch_len = word[2]};
        x->parents = word + 3;
        word = x->parents + x->parent_len;
        x->patches = (const patch *)word;
        word += 3 * x->patch_len;
    }
    const uint8_t *added = (const uint8_t *)word;
    t->end.at = added + inserted;
    t->end.len = (size_t)((const uint8_t *)t->file + len - t->end.at);
    for (size_t i = 0; i < t->txn_len; i++) {
        t->txns[i].added = added;
        for (uint32_t k = 0; k < t->txns[i].patch_len; k++) added += t->txns[i].patches[k].added;
    }
    CHECK(added == t->end.at);
}

void trace_free(trace *t) {
    free(t->txns);
    free(t->file);
}

void txn_edit(const txn *t, const library *lib, void *doc) {
    const uint8_t *added = t->added;
    for (uint32_t i = 0; i < t->patch_len; i++) {
        const patch *p = &t->patches[i];
        if (p->removed > 0) lib->remove(doc, p->pos, p->removed);
        if (p->added > 0) lib->insert(doc, p->pos, (view){added, p->added});
        added += p->added;
    }
}
