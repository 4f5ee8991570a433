/* SPDX-License-Identifier: MIT
 * files.h - whole files: read at once, replaced at once. */
#ifndef HOST_FILES_H
#define HOST_FILES_H

#include "base/mem.h"

typedef struct files_stamp { /* tells one state of a file from another, nearly always */
    bool exists;
    uint64_t inode, size;
    int64_t mtime_ns;
} files_stamp;

/* The file's state now; exists is false when there is none. 0 or an errno value. */
int files_stat(const char *path, files_stamp *out);
bool files_stamp_equal(const files_stamp *a, const files_stamp *b);

/* Append all of a regular file, and its state before it was read. 0 or an errno value; ENOENT when
 * there is none. */
int files_read(const char *path, lk_buf *out, files_stamp *stamp_or_null);

/* The same of a file that is open, from its beginning. */
int files_stat_fd(int fd, files_stamp *out);
int files_read_fd(int fd, lk_buf *out);

typedef struct files_change {
    bool durable;                /* it stays replaced after a power cut, too */
    const files_stamp *expected; /* NULL: whatever is there is replaced */
    files_stamp after;           /* filled in: the new file's state */
    bool keep_old;               /* wanted: */
    int old_fd; /* filled in: the file that was replaced, open for reading, or -1 */
} files_change;
/* Replace a file by one with these bytes, through a temporary file beside it and a rename: readers
 * see the old file or the new one. Keeps the mode of the old file, follows a symbolic link to what
 * it means. An errno value if that failed, and then nothing changed; ESTALE if the file is not in
 * the state that was expected: somebody else saved it. */
int files_replace(const char *path, lk_bytes bytes, files_change *change);

/* Make a folder and those above it. 0 or an errno value. */
int files_make_folder(const char *path);

#endif
