/* SPDX-License-Identifier: MIT
 * cmd_export.c - lorikeet export: many blobs in, one out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "blobs.h"
#include "host/heap.h"

typedef struct export_options {
    const char *mode, *from, *out;
    cli_list files;
    lk_buf version; /* of lk_id */
} export_options;

static bool export_options_good(export_options *o) {
    const char *wrong = NULL;
    if (o->files.len == 0 || o->out == NULL)
        wrong = "usage: lorikeet export FILE... --mode update|snapshot [--from VERSION] -o OUT";
    else if (strcmp(o->mode, "update") != 0 && strcmp(o->mode, "snapshot") != 0)
        wrong = "--mode is update or snapshot";
    else if (o->from != NULL && strcmp(o->mode, "snapshot") == 0)
        wrong = "--from goes with --mode update: a snapshot holds everything";
    else if (o->from != NULL && !blobs_version_read(o->from, &o->version))
        wrong = "--from is of the form COUNTER@PEER,COUNTER@PEER, each peer once";
    if (wrong != NULL) cli_complain("export", "%s", wrong);
    return wrong == NULL;
}

static int export_write(const char *name, const lk_buf *bytes) {
    int error = cli_write_file(name, (lk_bytes){bytes->at, bytes->len});
    if (error == 0) return CLI_OK;
    cli_complain("export", "%s: %s", name, strerror(error));
    return CLI_FAILED;
}

static int export_do(const export_options *o, lk_doc *doc) {
    lk_buf bytes = HEAP_BUF;
    lk_export_mode mode = strcmp(o->mode, "snapshot") == 0 ? LK_SNAPSHOT : LK_UPDATES;
    lk_ids from = {(const lk_id *)(const void *)o->version.at, o->version.len / sizeof(lk_id)};
    lk_status status = lk_export(doc, mode, from, &bytes);
    int code = CLI_FAILED;
    if (status == LK_OK)
        code = export_write(o->out, &bytes);
    else
        cli_complain("export", "%s", lk_status_text(status));
    lk_buf_free(&bytes);
    return code;
}

static int export_run(int argc, char **argv) {
    export_options o = {.mode = "update", .version = HEAP_BUF};
    const cli_option options[] = {
        {.name = "--mode", .value = &o.mode},
        {.name = "--from", .value = &o.from},
        {.name = "--output", .value = &o.out},
    };
    int code = cli_parse(argc, argv, options, countof(options), &o.files);
    if (code == CLI_OK && !export_options_good(&o)) code = CLI_USAGE;
    lk_doc *doc = code == CLI_OK ? blobs_load("export", &o.files, &code) : NULL;
    if (doc != NULL) code = export_do(&o, doc);
    lk_free(doc);
    lk_buf_free(&o.version);
    vec_drop(&heap_memory, &o.files);
    return code;
}

const cli_command cli_export = {
    .name = "export",
    .summary = "merge files of Loro bytes into one",
    .help =
        "usage: lorikeet export FILE... --mode update|snapshot [--from VERSION] -o OUT\n\n"
        "Imports the files in the order given (- is standard input) and writes one blob to OUT\n"
        "(- is standard output) that any Loro 1.x program imports.\n\n"
        "  --mode update    the history as updates (the default)\n"
        "  --mode snapshot  the history and the state\n"
        "  --from VERSION   only what VERSION lacks: COUNTER@PEER,COUNTER@PEER... with, for each\n"
        "                   peer, how many of its operations are known already\n\n"
        "A damaged file ends it with status 2 and one line: the file, the byte, the reason.\n",
    .run = export_run,
};
