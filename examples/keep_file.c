/* SPDX-License-Identifier: MIT
 * keep_file.c - a document that outlives the program: run it again and it goes on.
 *
 *     cc keep_file.c $(pkg-config --cflags --libs lorikeet) -o keep_file && ./keep_file counts.loro
 *
 * prints:
 *     {"visits":{"count":1}} */
#include <lorikeet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static lk_str str(const char *s) { return (lk_str){s, strlen(s)}; }

static void must(lk_status status) {
    if (status == LK_OK) return;
    fprintf(stderr, "%s\n", lk_status_text(status));
    exit(1);
}

/* Merge the file into the document; a file that is not there yet is an empty document. */
static void load(lk_doc *doc, const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return;
    static uint8_t bytes[1 << 20]; /* enough for an example */
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    lk_fault fault;
    if (lk_import(doc, (lk_bytes){bytes, len}, NULL, &fault) == LK_OK) return;
    fprintf(stderr, "%s: byte %zu: %s\n", path, fault.offset, fault.what);
    exit(2);
}

/* A snapshot holds the whole history, and opens fast. Write beside the file and rename, so that
 * nobody ever finds half of it. */
static void save(lk_doc *doc, const char *path) {
    lk_buf bytes = {0};
    must(lk_export(doc, LK_SNAPSHOT, (lk_ids){0}, &bytes));
    char beside[1024];
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE *file = fopen(beside, "wb");
    if (file == NULL || fwrite(bytes.at, 1, bytes.len, file) != bytes.len || fclose(file) != 0 ||
        rename(beside, path) != 0) {
        perror(path);
        exit(1);
    }
    lk_buf_free(&bytes);
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "counts.loro";
    /* A fresh peer id for every run. Take it from your system's random source. */
    lk_doc *doc = lk_new((uint64_t)time(NULL) << 20 | (uint64_t)clock(), NULL);
    if (doc == NULL) return 1;
    load(doc, path);

    lk_ref visits;
    must(lk_root(doc, LK_MAP, str("visits"), &visits));
    lk_value count = {.type = LK_I64};
    lk_status known = lk_map_get(doc, visits, str("count"), &count);
    if (known != LK_EMISSING) must(known);
    count.as.i64 += 1;
    must(lk_map_set(doc, visits, str("count"), &count));
    must(lk_commit(doc, &(lk_commit_options){.message = str("one more visit")}));
    save(doc, path);

    lk_buf json = {0};
    must(lk_json(doc, &json));
    printf("%.*s\n", (int)json.len, (const char *)json.at);
    lk_buf_free(&json);
    lk_free(doc);
    return 0;
}
