/* SPDX-License-Identifier: MIT
 * mirror_test.c - a file and a text, edited on both sides in every order: each edit arrives once,
 * whether the editor replaces the file, writes in place, or had it open all along. */
#define _GNU_SOURCE /* mkdtemp */
#include "host/mirror.h"

#include "check.h"
#include "host/files.h"
#include "host/heap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT ((lk_str){"editor-buffer", 13})

typedef struct bench {
    loop *loop;
    lk_doc *doc, *remote; /* the document, and somebody else's copy */
    mirror *mirror;
    char path[64];
    VEC(lk_buf) edits;       /* of the file, not durable yet */
    uint64_t added, durable; /* how far the imaginary disk is */
    uint32_t next;           /* number of the next edit */
    bool reads;              /* the file only follows */
    int editor;              /* a descriptor that somebody has open, or -1 */
} bench;

/* ---- the rest of a program ---- */

static void edited(void *context, lk_bytes updates) {
    bench *b = context;
    lk_buf copy = HEAP_BUF;
    buf_append(&copy, updates.at, updates.len);
    *vec_push(&heap_memory, &b->edits) = copy;
    b->added++;
}
static void matches(void *context) { (void)context; }
static void note(void *context, const char *text) {
    (void)context;
    fprintf(stderr, "%s\n", text);
}
static uint64_t barrier(void *context) { return ((bench *)context)->added; }
static bool durable(void *context, uint64_t at) { return ((bench *)context)->durable >= at; }

/* The disk catches up: edits of the file become part of the document. */
static void commit(bench *b) {
    for (size_t i = 0; i < b->edits.len; i++) {
        lk_buf *edit = &b->edits.at[i];
        CHECK_EQ(lk_import(b->doc, (lk_bytes){edit->at, edit->len}, NULL, NULL), LK_OK);
        lk_buf_free(edit);
    }
    b->edits.len = 0;
    b->durable = b->added;
    mirror_stored(b->mirror);
}

static lk_ref text_of(lk_doc *doc) {
    lk_ref ref;
    CHECK_EQ(lk_root(doc, LK_TEXT, TEXT, &ref), LK_OK);
    return ref;
}

static void give(lk_doc *to, lk_doc *from) {
    lk_buf bytes = HEAP_BUF;
    CHECK_EQ(lk_export(from, LK_UPDATES, lk_version(to), &bytes), LK_OK);
    CHECK_EQ(lk_import(to, (lk_bytes){bytes.at, bytes.len}, NULL, NULL), LK_OK);
    lk_buf_free(&bytes);
}

static bench bench_new(const char *file_text) {
    static int count;
    bench b = {.loop = loop_new(), .doc = lk_new(1, &heap_memory), .editor = -1};
    b.remote = lk_new((uint64_t)1 << 61, &heap_memory); /* as large as chance makes them */
    snprintf(b.path, sizeof b.path, "/tmp/lorikeet-mirror-%d-%d", (int)getpid(), ++count);
    if (file_text != NULL) {
        lk_bytes bytes = {(const uint8_t *)file_text, strlen(file_text)};
        CHECK_EQ(files_replace(b.path, bytes, &(files_change){0}), 0);
    }
    return b;
}

static void bench_start(bench *b, bool known) {
    mirror_options options = {.loop = b->loop,
                              .doc = b->doc,
                              .shadow = lk_new((uint64_t)1 << 60, &heap_memory),
                              .known = known,
                              .reads = b->reads,
                              .path = b->path,
                              .text = TEXT};
    lk_buf why = HEAP_BUF;
    mirror_events events = {b, edited, matches, note, barrier, durable};
    b->mirror = mirror_new(&options, &events, &why);
    CHECK(b->mirror != NULL);
}

static void bench_drop(bench *b) {
    if (b->mirror != NULL) mirror_free(b->mirror);
    if (b->editor >= 0) close(b->editor);
    unlink(b->path);
    lk_free(b->doc);
    lk_free(b->remote);
    vec_drop(&heap_memory, &b->edits);
    loop_free(b->loop);
}

static void settle(bench *b) {
    for (int i = 0; i < 1000; i++) {
        commit(b);
        if (mirror_sync(b->mirror) && b->edits.len == 0) return;
        loop_turn(b->loop);
    }
    fprintf(stderr, "the file does not follow the document\n");
    abort();
}

static void read_both(bench *b, lk_buf *file, lk_buf *text) {
    file->len = text->len = 0;
    CHECK_EQ(files_read(b->path, file, NULL), 0);
    CHECK_EQ(lk_text_string(b->doc, text_of(b->doc), text), LK_OK);
}

static void shows(bench *b, const char *want) {
    lk_buf file = HEAP_BUF, text = HEAP_BUF;
    settle(b);
    read_both(b, &file, &text);
    CHECK_BYTES(file.at, file.len, want, strlen(want));
    CHECK_BYTES(text.at, text.len, want, strlen(want));
    lk_buf_free(&file);
    lk_buf_free(&text);
}

/* ---- beginnings ---- */

static void write_remote(bench *b, const char *text) {
    CHECK_EQ(lk_text_update(b->remote, text_of(b->remote), (lk_str){text, strlen(text)}, false),
             LK_OK);
    give(b->doc, b->remote);
    b->added++; /* what came is stored, too */
    mirror_touch(b->mirror);
}

static void begins(void) {
    bench b = bench_new(NULL); /* no file, no text */
    bench_start(&b, false);
    CHECK(!mirror_waits(b.mirror));
    mirror_begin(b.mirror);
    shows(&b, "");
    write_remote(&b, "from afar");
    shows(&b, "from afar");
    bench_drop(&b);

    b = bench_new("mine"); /* a file, no text */
    bench_start(&b, false);
    CHECK(mirror_waits(b.mirror));
    mirror_begin(b.mirror);
    shows(&b, "mine");
    bench_drop(&b);

    b = bench_new("mine"); /* a file and another text */
    bench_start(&b, false);
    write_remote(&b, "theirs");
    mirror_begin(b.mirror);
    shows(&b, "theirs");
    char aside[80];
    snprintf(aside, sizeof aside, "%s.orig", b.path);
    lk_buf kept = HEAP_BUF;
    CHECK_EQ(files_read(aside, &kept, NULL), 0);
    CHECK_BYTES(kept.at, kept.len, "mine", 4);
    lk_buf_free(&kept);
    unlink(aside);
    bench_drop(&b);

    b = bench_new("\xff\xfe"); /* not text */
    lk_buf why = HEAP_BUF;
    mirror_options options = {.loop = b.loop,
                              .doc = b.doc,
                              .shadow = lk_new((uint64_t)1 << 60, &heap_memory),
                              .path = b.path,
                              .text = TEXT};
    CHECK(mirror_new(&options, &(mirror_events){0}, &why) == NULL);
    CHECK(strstr(heap_str(&why), "not UTF-8") != NULL);
    lk_buf_free(&why);
    bench_drop(&b);
}

/* ---- a file that only follows ---- */

/* What was saved is kept beside it, and nowhere else. */
static void kept_aside(const bench *b, const char *ending, const char *want) {
    char aside[80];
    snprintf(aside, sizeof aside, "%s.orig%s", b->path, ending);
    lk_buf kept = HEAP_BUF;
    CHECK_EQ(files_read(aside, &kept, NULL), 0);
    CHECK_BYTES(kept.at, kept.len, want, strlen(want));
    lk_buf_free(&kept);
    unlink(aside);
}

static void save(const bench *b, const char *text) {
    lk_bytes bytes = {(const uint8_t *)text, strlen(text)};
    CHECK_EQ(files_replace(b->path, bytes, &(files_change){0}), 0);
}

static void follows(void) {
    bench b = bench_new("mine"); /* a file, no text: not even into an empty document */
    b.reads = true;
    bench_start(&b, false);
    mirror_begin(b.mirror);
    shows(&b, "");
    kept_aside(&b, "", "mine");
    write_remote(&b, "theirs");
    shows(&b, "theirs");
    save(&b, "theirs, and mine");
    shows(&b, "theirs");
    save(&b, "again mine");
    write_remote(&b, "theirs, later");
    shows(&b, "theirs, later");
    kept_aside(&b, "", "theirs, and mine");
    kept_aside(&b, "2", "again mine");
    CHECK_EQ(b.edits.len, 0);
    bench_drop(&b);
}

/* ---- edits of both sides ---- */

/* What is added to the file that our write replaced, and then to the one in its place, stays in
 * that order. */
static void keeps_order(void) {
    bench b = bench_new("2");
    bench_start(&b, false);
    mirror_begin(b.mirror);
    settle(&b);
    int old = open(b.path, O_WRONLY | O_APPEND);
    give(b.remote, b.doc);
    write_remote(&b, "2, and more");
    settle(&b);
    int new = open(b.path, O_WRONLY | O_APPEND);
    CHECK(write(old, "3", 1) == 1 && write(new, "4", 1) == 1);
    close(old);
    close(new);
    shows(&b, "23, and more4");
    bench_drop(&b);
}

/* Somebody adds `theirs`; a millisecond after our write of that, by the clock of the file system,
 * the file is saved as `ours`. */
static void save_just_after(const char *theirs, const char *ours, const char *want) {
    bench b = bench_new("top\n");
    bench_start(&b, false);
    mirror_begin(b.mirror);
    settle(&b);
    give(b.remote, b.doc);
    write_remote(&b, theirs);
    shows(&b, theirs);
    struct stat written;
    CHECK_EQ(stat(b.path, &written), 0);
    int64_t at_ns = written.st_mtim.tv_nsec + 1000000;
    struct timespec at = {written.st_mtim.tv_sec + at_ns / 1000000000, at_ns % 1000000000};
    save(&b, ours);
    CHECK_EQ(utimensat(AT_FDCWD, b.path, (struct timespec[2]){at, at}, 0), 0);
    shows(&b, want);
    bench_drop(&b);
}

/* Two add at one place at the same time: both stay. Who has most of what we wrote has seen it. */
static void shares_a_place(void) {
    save_just_after("top\nmilk\n", "top\nbread\n", "top\nbread\nmilk\n");
    save_just_after("top\nbread\n", "top\nmilk\n", "top\nmilk\nbread\n");
    save_just_after("top\nmilk\n", "top\nsilk\n", "top\nsilk\n");
    save_just_after("top\nmilk\n", "top\nmilkshake\n", "top\nmilkshake\n");
}

static void edit_remote(bench *b, rng *r) {
    char token[16];
    int len = snprintf(token, sizeof token, "<%u>", b->next++);
    give(b->remote, b->doc);
    size_t end = lk_text_len(b->remote, text_of(b->remote), LK_UTF8);
    size_t pos = rng_below(r, (uint32_t)end + 1);
    lk_status status =
        lk_text_insert(b->remote, text_of(b->remote), pos, LK_UTF8, (lk_str){token, (size_t)len});
    CHECK_EQ(status, LK_OK);
    give(b->doc, b->remote);
    b->added++;
    mirror_touch(b->mirror);
}

/* An editor that reads, edits and replaces; or one that appends in place. */
static void edit_file(bench *b, rng *r) {
    lk_buf text = HEAP_BUF, edit = HEAP_BUF;
    uint32_t number = b->next++;
    if (b->editor >= 0) {
        heap_print(&edit, "<%u>", number);
        CHECK(write(b->editor, edit.at, edit.len) == (ssize_t)edit.len);
        close(b->editor);
        b->editor = -1;
    } else if (rng_below(r, 3) == 0) {
        b->editor = open(b->path, O_WRONLY | O_APPEND);
        CHECK(b->editor >= 0);
        b->next--; /* that was no edit yet */
    } else {
        CHECK_EQ(files_read(b->path, &text, NULL), 0);
        uint32_t pos = rng_below(r, (uint32_t)text.len + 1);
        heap_print(&edit, "%.*s<%u>%.*s", (int)pos, (const char *)text.at, number,
                   (int)(text.len - pos), (const char *)text.at + pos);
        CHECK_EQ(files_replace(b->path, (lk_bytes){edit.at, edit.len}, &(files_change){0}), 0);
    }
    lk_buf_free(&text);
    lk_buf_free(&edit);
}

/* Brackets and digits of one edit may end up around another's; each character must be there once.
 */
static void check_characters(bench *b) {
    lk_buf file = HEAP_BUF, text = HEAP_BUF;
    read_both(b, &file, &text);
    CHECK_BYTES(file.at, file.len, text.at, text.len);
    uint32_t have[256] = {0}, want[256] = {0};
    for (size_t i = 0; i < file.len; i++) have[file.at[i]]++;
    for (uint32_t n = 0; n < b->next; n++) {
        char token[16];
        snprintf(token, sizeof token, "<%u>", n);
        for (const char *c = token; *c != 0; c++) want[(uint8_t)*c]++;
    }
    for (int c = 0; c < 256; c++) CHECK_EQ(have[c], want[c]);
    lk_buf_free(&file);
    lk_buf_free(&text);
}

static void merges_everything(uint64_t seed) {
    rng r = {seed};
    bench b = bench_new(NULL);
    bench_start(&b, false);
    mirror_begin(b.mirror);
    settle(&b);
    for (int i = 0; i < 300; i++) {
        uint32_t what = rng_below(&r, 10);
        if (what < 3)
            edit_remote(&b, &r);
        else if (what < 6)
            edit_file(&b, &r);
        else if (what < 8)
            commit(&b);
        else
            mirror_sync(b.mirror);
        /* Who has the file open writes soon: at most one of our writes is in between. */
        if (what >= 6 && b.editor >= 0) edit_file(&b, &r);
    }
    if (b.editor >= 0) edit_file(&b, &r);
    settle(&b);
    settle(&b);
    check_characters(&b);
    bench_drop(&b);
}

int main(void) {
    begins();
    follows();
    keeps_order();
    shares_a_place();
    for (uint64_t seed = 1; seed <= 20; seed++) merges_everything(seed);
    printf("20 times 300 edits and commits, each edit in file and document once\n");
    return 0;
}
