/* SPDX-License-Identifier: MIT
 * cli.c - options, complaints and whole files. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "host/files.h"
#include "host/heap.h"

void cli_complain(const char *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "lorikeet%s%s: ", command == NULL ? "" : " ", command == NULL ? "" : command);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

/* ---- the nearest name ---- */

#define CLI_NAME_MAX 31

/* Edits (insert, delete, replace) that turn `a` into `b`: Wagner and Fischer, one row at a time. */
static unsigned cli_distance(const char *a, const char *b) {
    unsigned row[CLI_NAME_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > CLI_NAME_MAX || b_len > CLI_NAME_MAX) return CLI_NAME_MAX;
    for (unsigned j = 0; j <= b_len; j++) row[j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
            unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replaced < least ? replaced : least;
        }
    }
    return row[b_len];
}

const char *cli_nearest(const char *typed, const char *const *names, size_t count) {
    const char *best = NULL;
    unsigned least = (unsigned)strlen(typed) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        unsigned distance = cli_distance(typed, names[i]);
        if (distance < least) least = distance, best = names[i];
    }
    return best;
}

/* ---- options ---- */

static int cli_unknown(const char *command, const char *typed, const cli_option *options,
                       size_t count) {
    const char *names[16];
    LK_ASSERT(count <= countof(names));
    for (size_t i = 0; i < count; i++) names[i] = options[i].name;
    const char *near = cli_nearest(typed, names, count);
    if (near != NULL)
        cli_complain(command, "no option %s; did you mean %s?", typed, near);
    else
        cli_complain(command, "no option %s; see lorikeet %s --help", typed, command);
    return CLI_USAGE;
}

/* Put one option's value where it belongs; *used_next says that it was the next argument. */
static int cli_take(const char *command, const cli_option *option, const char *inline_value,
                    const char *next, bool *used_next) {
    if (option->flag != NULL) {
        *option->flag = true;
        if (inline_value == NULL) return CLI_OK;
        cli_complain(command, "%s takes no value", option->name);
        return CLI_USAGE;
    }
    *used_next = inline_value == NULL;
    const char *value = inline_value != NULL ? inline_value : next;
    if (value == NULL) {
        cli_complain(command, "%s needs a value", option->name);
        return CLI_USAGE;
    }
    if (option->values != NULL)
        *vec_push(&heap_memory, option->values) = value;
    else
        *option->value = value;
    return CLI_OK;
}

static const cli_option *cli_find(const char *name, size_t len, const cli_option *options,
                                  size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
            return &options[i];
    return NULL;
}

int cli_parse(int argc, char **argv, const cli_option *options, size_t option_count,
              cli_list *files) {
    bool only_files = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (only_files || word[0] != '-' || word[1] == 0) {
            *vec_push(&heap_memory, files) = word;
        } else if (strcmp(word, "--") == 0) {
            only_files = true;
        } else {
            bool short_out = strcmp(word, "-o") == 0;
            const char *equals = strchr(word, '=');
            size_t len = equals == NULL ? strlen(word) : (size_t)(equals - word);
            const cli_option *option = short_out ? cli_find("--output", 8, options, option_count)
                                                 : cli_find(word, len, options, option_count);
            if (option == NULL) return cli_unknown(argv[0], word, options, option_count);
            bool used_next = false;
            int status = cli_take(argv[0], option, equals == NULL ? NULL : equals + 1,
                                  i + 1 < argc ? argv[i + 1] : NULL, &used_next);
            if (status != CLI_OK) return status;
            i += used_next;
        }
    }
    return CLI_OK;
}

/* ---- files ---- */

static int cli_read_input(lk_buf *out) {
    size_t got;
    do {
        buf_reserve(out, 1u << 16);
        got = fread(out->at + out->len, 1, out->cap - out->len, stdin);
        out->len += got;
    } while (got > 0 && out->len <= LIMIT_BLOB_BYTES);
    return ferror(stdin) ? errno : 0;
}

int cli_read_file(const char *path, lk_buf *out) {
    return strcmp(path, "-") == 0 ? cli_read_input(out) : files_read(path, out, NULL);
}

int cli_write_file(const char *path, lk_bytes bytes) {
    if (strcmp(path, "-") != 0) return files_replace(path, bytes, &(files_change){.durable = true});
    bool good = fwrite(bytes.at, 1, bytes.len, stdout) == bytes.len && fflush(stdout) == 0;
    return good ? 0 : errno;
}

int cli_save(const char *command, const char *path, const lk_buf *bytes) {
    int error = cli_write_file(path, (lk_bytes){bytes->at, bytes->len});
    if (error == 0) return CLI_OK;
    cli_complain(command, "%s: %s", path, strerror(error));
    return CLI_FAILED;
}

int cli_say(const char *command, const lk_buf *text) {
    bool written = text->len == 0 || fwrite(text->at, 1, text->len, stdout) == text->len;
    if (written && fflush(stdout) == 0) return CLI_OK;
    cli_complain(command, "standard output: %s", strerror(errno));
    return CLI_FAILED;
}
