/* SPDX-License-Identifier: MIT
 * files.c - reading and replacing whole files. */
#include "host/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "host/heap.h"

static files_stamp files_stamp_of(const struct stat *info) {
    return (files_stamp){.exists = true,
                         .inode = (uint64_t)info->st_ino,
                         .size = (uint64_t)info->st_size,
                         .mtime_ns = (int64_t)info->st_mtim.tv_sec * 1000000000 +
                                     (int64_t)info->st_mtim.tv_nsec};
}

int files_stat(const char *path, files_stamp *out) {
    struct stat info;
    *out = (files_stamp){0};
    if (stat(path, &info) != 0) return errno == ENOENT ? 0 : errno;
    *out = files_stamp_of(&info);
    return 0;
}

bool files_stamp_equal(const files_stamp *a, const files_stamp *b) {
    return a->exists == b->exists && a->inode == b->inode && a->size == b->size &&
           a->mtime_ns == b->mtime_ns;
}

static int files_read_all(int fd, lk_buf *out) {
    for (;;) {
        if (out->len > LIMIT_BLOB_BYTES) return EFBIG;
        buf_reserve(out, 1u << 16);
        ssize_t got = read(fd, out->at + out->len, out->cap - out->len);
        if (got == 0) return 0;
        if (got > 0)
            out->len += (size_t)got;
        else if (errno != EINTR)
            return errno;
    }
}

int files_read(const char *path, lk_buf *out, files_stamp *stamp_or_null) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    struct stat info;
    size_t before = out->len;
    int status = fstat(fd, &info) != 0 ? errno : S_ISDIR(info.st_mode) ? EISDIR : 0;
    if (status == 0) status = files_read_all(fd, out);
    close(fd);
    if (status != 0) out->len = before;
    if (status == 0 && stamp_or_null != NULL) *stamp_or_null = files_stamp_of(&info);
    return status;
}

int files_stat_fd(int fd, files_stamp *out) {
    struct stat info;
    if (fstat(fd, &info) != 0) return errno;
    *out = files_stamp_of(&info);
    return 0;
}

int files_read_fd(int fd, lk_buf *out) {
    if (lseek(fd, 0, SEEK_SET) != 0) return errno;
    return files_read_all(fd, out);
}

static int files_write_all(int fd, lk_bytes bytes) {
    for (size_t done = 0; done < bytes.len;) {
        ssize_t put = write(fd, bytes.at + done, bytes.len - done);
        if (put >= 0)
            done += (size_t)put;
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

/* Make the rename itself durable. */
static void files_sync_folder(const char *path) {
    lk_buf folder = HEAP_BUF;
    const char *slash = strrchr(path, '/');
    heap_print(&folder, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
               slash == NULL ? "." : path);
    int fd = open(heap_str(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    lk_buf_free(&folder);
}

static int files_fill(int fd, const char *path, lk_bytes bytes, files_change *change) {
    struct stat info;
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, stat(path, &info) == 0 ? info.st_mode & 07777 : 0666 & ~mask);
    int status = files_write_all(fd, bytes);
    if (status == 0 && change->durable && fsync(fd) != 0) status = errno;
    if (status == 0 && fstat(fd, &info) != 0) status = errno;
    if (status == 0) change->after = files_stamp_of(&info);
    return status;
}

static int files_errno(int result) { return result == 0 ? 0 : errno; }

/* Keep what was replaced, whose name is `temp` now, if it is wanted; then drop the name. */
static void files_keep(const char *temp, files_change *change) {
    if (change->keep_old) change->old_fd = open(temp, O_RDONLY | O_CLOEXEC);
    unlink(temp);
}

static int files_exchange(const char *a, const char *b) {
    return files_errno(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE));
}

/* Where the system cannot exchange: look, then rename. Who saves between the two is overwritten. */
static int files_put_plainly(const char *temp, const char *path, const files_stamp *expected) {
    files_stamp now;
    int status = files_stat(path, &now);
    if (status == 0 && !files_stamp_equal(&now, expected)) status = ESTALE;
    return status == 0 ? files_errno(rename(temp, path)) : status;
}

/* Look; exchange the two names; look at what came out. If that is not what we expected, somebody
 * saved between the two, and it goes back. */
static int files_put(const char *temp, const char *path, files_change *change) {
    const files_stamp *expected = change->expected;
    if (expected == NULL) return files_errno(rename(temp, path));
    if (!expected->exists) return files_put_plainly(temp, path, expected);
    int status = files_exchange(temp, path);
    if (status != 0) return status == ENOENT ? ESTALE : files_put_plainly(temp, path, expected);
    files_stamp out;
    status = files_stat(temp, &out);
    if (status == 0 && !files_stamp_equal(&out, expected)) {
        status = ESTALE;
        files_exchange(temp, path);
        /* Not ours that came back: saved once more, between the two. The latest stays. */
        if (files_stat(temp, &out) == 0 && out.inode != change->after.inode)
            files_exchange(temp, path);
        unlink(temp);
    } else {
        files_keep(temp, change);
    }
    return status;
}

/* Through a temporary file. */
static int files_replace_regular(const char *path, lk_bytes bytes, files_change *change) {
    lk_buf temp = HEAP_BUF;
    const char *slash = strrchr(path, '/');
    int folder_len = slash == NULL ? 0 : (int)(slash - path + 1);
    heap_print(&temp, "%.*s.%s.XXXXXX", folder_len, path, path + folder_len);
    int fd = mkostemp((char *)(uintptr_t)heap_str(&temp), O_CLOEXEC);
    int status = fd < 0 ? errno : files_fill(fd, path, bytes, change);
    if (fd >= 0) close(fd);
    if (status == 0) status = files_put((const char *)temp.at, path, change);
    if (status != 0 && fd >= 0) unlink((const char *)temp.at);
    if (status == 0 && change->durable) files_sync_folder(path);
    lk_buf_free(&temp);
    return status;
}

int files_replace(const char *path, lk_bytes bytes, files_change *change) {
    char real[PATH_MAX];
    if (realpath(path, real) != NULL) path = real;
    change->old_fd = -1;
    struct stat info;
    if (stat(path, &info) != 0 || S_ISREG(info.st_mode))
        return files_replace_regular(path, bytes, change);
    /* /dev/stdout and the like are written to, not replaced. */
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    int status = files_write_all(fd, bytes);
    close(fd);
    return status;
}

int files_make_folder(const char *path) {
    lk_buf name = HEAP_BUF;
    int status = 0;
    for (size_t i = 1; status == 0 && i <= strlen(path); i++) {
        if (path[i] != '/' && path[i] != 0) continue;
        name.len = 0;
        heap_print(&name, "%.*s", (int)i, path);
        if (mkdir(heap_str(&name), 0700) != 0 && errno != EEXIST) status = errno;
    }
    lk_buf_free(&name);
    return status;
}
