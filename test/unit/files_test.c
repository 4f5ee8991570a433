/* SPDX-License-Identifier: MIT
 * files_test.c - whole files: replaced at once, never over what somebody else saved. */
#define _GNU_SOURCE /* mkdtemp */
#include "host/files.h"

#include "check.h"
#include "host/heap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/lorikeet-files-XXXXXX";
static char path[64], link_path[64];

static lk_bytes bytes(const char *text) { return (lk_bytes){(const uint8_t *)text, strlen(text)}; }

static void holds(const char *name, const char *text) {
    lk_buf got = HEAP_BUF;
    CHECK_EQ(files_read(name, &got, NULL), 0);
    CHECK_BYTES(got.at, got.len, text, strlen(text));
    lk_buf_free(&got);
}

static size_t count_files(void) {
    DIR *dir = opendir(folder);
    CHECK(dir != NULL);
    size_t count = 0;
    for (struct dirent *at; (at = readdir(dir)) != NULL;) count += at->d_name[0] != '.' ? 1 : 0;
    rewinddir(dir);
    for (struct dirent *at; (at = readdir(dir)) != NULL;)
        CHECK(at->d_name[0] != '.' || strlen(at->d_name) <= 2); /* no temporary file stays */
    closedir(dir);
    return count;
}

static void replaces(void) {
    files_stamp now;
    CHECK_EQ(files_stat(path, &now), 0);
    CHECK(!now.exists);
    files_change change = {.expected = &now};
    CHECK_EQ(files_replace(path, bytes("one"), &change), 0);
    holds(path, "one");
    CHECK_EQ(change.old_fd, -1);
    CHECK(chmod(path, 0640) == 0);
    CHECK(symlink(path, link_path) == 0);
    CHECK_EQ(files_replace(link_path, bytes("two"), &(files_change){.durable = true}), 0);
    holds(path, "two");
    struct stat info;
    CHECK(lstat(link_path, &info) == 0 && S_ISLNK(info.st_mode));
    CHECK(stat(path, &info) == 0);
    CHECK_EQ(info.st_mode & 0777, 0640);
    CHECK_EQ(count_files(), 2);
    lk_buf got = HEAP_BUF;
    CHECK_EQ(files_replace("/no/such/folder/x", bytes("x"), &(files_change){0}), ENOENT);
    CHECK_EQ(files_read("/no/such/folder/x", &got, NULL), ENOENT);
    CHECK_EQ(files_read(folder, &got, NULL), EISDIR);
    CHECK_EQ(got.len, 0);
}

static void spares_what_others_saved(void) {
    files_stamp seen, now;
    CHECK_EQ(files_stat(path, &seen), 0);
    CHECK_EQ(files_replace(path, bytes("theirs"), &(files_change){0}), 0);
    CHECK_EQ(files_replace(path, bytes("ours"), &(files_change){.expected = &seen}), ESTALE);
    holds(path, "theirs");
    /* A file that came to be where there was none. */
    files_stamp none = {0};
    CHECK_EQ(files_replace(path, bytes("ours"), &(files_change){.expected = &none}), ESTALE);
    holds(path, "theirs");
    CHECK_EQ(files_stat(path, &now), 0);
    files_change change = {.expected = &now};
    CHECK_EQ(files_replace(path, bytes("ours"), &change), 0);
    holds(path, "ours");
    CHECK_EQ(files_stat(path, &now), 0);
    CHECK(files_stamp_equal(&now, &change.after));
    /* One that is gone is not what was expected either. */
    CHECK(unlink(path) == 0);
    CHECK_EQ(files_replace(path, bytes("x"), &(files_change){.expected = &now}), ESTALE);
    CHECK(access(path, F_OK) != 0);
    CHECK_EQ(count_files(), 1);
}

/* Somebody has the file open while it is replaced, and writes to it after that. */
static void keeps_what_it_replaced(void) {
    CHECK_EQ(files_replace(path, bytes("old"), &(files_change){0}), 0);
    int editor = open(path, O_WRONLY | O_APPEND);
    CHECK(editor >= 0);
    files_stamp before, now;
    CHECK_EQ(files_stat(path, &before), 0);
    files_change change = {.expected = &before, .keep_old = true};
    CHECK_EQ(files_replace(path, bytes("new"), &change), 0);
    CHECK(change.old_fd >= 0);
    CHECK_EQ(files_stat_fd(change.old_fd, &now), 0);
    CHECK(files_stamp_equal(&before, &now));
    CHECK(write(editor, ", late", 6) == 6);
    CHECK_EQ(files_stat_fd(change.old_fd, &now), 0);
    CHECK(!files_stamp_equal(&before, &now));
    lk_buf got = HEAP_BUF;
    CHECK_EQ(files_read_fd(change.old_fd, &got), 0);
    CHECK_BYTES(got.at, got.len, "old, late", 9);
    holds(path, "new");
    lk_buf_free(&got);
    close(editor);
    close(change.old_fd);
}

static void makes_folders(void) {
    lk_buf name = HEAP_BUF;
    heap_print(&name, "%s/a/b//c", folder);
    CHECK_EQ(files_make_folder(heap_str(&name)), 0);
    CHECK_EQ(files_make_folder(heap_str(&name)), 0);
    struct stat info;
    CHECK(stat(heap_str(&name), &info) == 0 && S_ISDIR(info.st_mode));
    CHECK_EQ(info.st_mode & 0777, 0700);
    heap_print(&name, "/%s", "d");
    CHECK_EQ(files_replace(heap_str(&name), bytes("file"), &(files_change){0}), 0);
    heap_print(&name, "/e");
    CHECK_EQ(files_make_folder(heap_str(&name)), ENOTDIR);
    lk_buf_free(&name);
}

int main(void) {
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    replaces();
    spares_what_others_saved();
    keeps_what_it_replaced();
    makes_folders();
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
    return 0;
}
