/* SPDX-License-Identifier: MIT
 * cmd_export.c - lorikeet export: many blobs in, one out. */
#include <string.h>

#include "blobs.h"
#include "host/heap.h"

typedef struct export_options {
    const char *mode, *from, *at, *out;
    cli_list files;
    lk_buf version, frontiers; /* of lk_id: --from, and --at or what there is */
} export_options;

typedef struct export_mode {
    const char *name;
    bool may_begin; /* --from tells where */
    lk_status (*write)(lk_doc *doc, const export_options *o, lk_buf *out);
} export_mode;

static lk_status export_update(lk_doc *doc, const export_options *o, lk_buf *out) {
    if (o->at == NULL) return lk_export(doc, LK_UPDATES, blobs_ids(&o->version), out);
    lk_ids frontiers = blobs_ids(&o->frontiers);
    lk_doc *past;
    lk_status status = lk_fork(doc, lk_peer(doc), &frontiers, &past);
    if (status != LK_OK) return status;
    status = lk_export(past, LK_UPDATES, blobs_ids(&o->version), out);
    lk_free(past);
    return status;
}

static lk_status export_snapshot(lk_doc *doc, const export_options *o, lk_buf *out) {
    return lk_export(doc, LK_SNAPSHOT_AT, blobs_ids(&o->frontiers), out);
}

static lk_status export_shallow(lk_doc *doc, const export_options *o, lk_buf *out) {
    return lk_export(doc, LK_SHALLOW, blobs_ids(&o->frontiers), out);
}

static lk_status export_state(lk_doc *doc, const export_options *o, lk_buf *out) {
    return lk_export(doc, LK_STATE_ONLY, blobs_ids(&o->frontiers), out);
}

static lk_status export_json(lk_doc *doc, const export_options *o, lk_buf *out) {
    lk_buf end = HEAP_BUF; /* version vectors and what is written from them are of one document */
    lk_ids view;
    lk_status status = lk_vv_of(doc, blobs_ids(&o->frontiers), &view);
    if (status == LK_OK) {
        buf_append(&end, view.at, view.len * sizeof *view.at);
        view = blobs_ids(&end);
        status = lk_json_updates(doc, blobs_ids(&o->version), &view, true, out);
    }
    if (status == LK_OK) heap_print(out, "\n");
    lk_buf_free(&end);
    return status;
}

static const export_mode export_modes[] = {
    {"update", true, export_update},    {"snapshot", false, export_snapshot},
    {"shallow", false, export_shallow}, {"state", false, export_state},
    {"json", true, export_json},
};

static const export_mode *export_mode_find(const char *name) {
    for (size_t i = 0; i < countof(export_modes); i++)
        if (strcmp(export_modes[i].name, name) == 0) return &export_modes[i];
    return NULL;
}

static bool export_options_good(export_options *o) {
    const char *wrong = NULL;
    const export_mode *mode = export_mode_find(o->mode);
    if (o->files.len == 0 || o->out == NULL)
        wrong = "usage: lorikeet export FILE... --mode MODE [--from VERSION] [--at FRONTIERS] "
                "-o OUT";
    else if (mode == NULL)
        wrong = "--mode is update, snapshot, shallow, state or json";
    else if (o->from != NULL && !mode->may_begin)
        wrong = "--from goes with --mode update and json; --mode shallow begins at --at";
    else if (o->from != NULL && !blobs_version_read(o->from, &o->version))
        wrong = "--from is of the form COUNTER@PEER,COUNTER@PEER, each peer once";
    if (wrong != NULL) cli_complain("export", "%s", wrong);
    return wrong == NULL;
}

static int export_do(export_options *o, lk_doc *doc) {
    lk_ids now = lk_log_frontiers(doc);
    int code = CLI_OK;
    if (o->at == NULL)
        buf_append(&o->frontiers, now.at, now.len * sizeof *now.at);
    else
        code = blobs_frontiers("export", "--at", o->at, doc, &o->frontiers);
    if (code != CLI_OK) return code;
    lk_buf bytes = HEAP_BUF;
    lk_status status = export_mode_find(o->mode)->write(doc, o, &bytes);
    if (status == LK_OK) {
        code = cli_save("export", o->out, &bytes);
    } else {
        cli_complain("export", "%s", lk_status_text(status));
        code = CLI_FAILED;
    }
    lk_buf_free(&bytes);
    return code;
}

static int export_run(int argc, char **argv) {
    export_options o = {.mode = "update", .version = HEAP_BUF, .frontiers = HEAP_BUF};
    const cli_option options[] = {
        {.name = "--mode", .value = &o.mode},
        {.name = "--from", .value = &o.from},
        {.name = "--at", .value = &o.at},
        {.name = "--output", .value = &o.out},
    };
    int code = cli_parse(argc, argv, options, countof(options), &o.files);
    if (code == CLI_OK && !export_options_good(&o)) code = CLI_USAGE;
    lk_doc *doc = code == CLI_OK ? blobs_load("export", &o.files, &code) : NULL;
    if (doc != NULL) code = export_do(&o, doc);
    lk_free(doc);
    lk_buf_free(&o.version);
    lk_buf_free(&o.frontiers);
    vec_drop(&heap_memory, &o.files);
    return code;
}

const cli_command cli_export = {
    .name = "export",
    .summary = "merge files of Loro bytes into one",
    .help =
        "usage: lorikeet export FILE... --mode MODE [--from VERSION] [--at FRONTIERS] -o OUT\n\n"
        "Imports the files in the order given (- is standard input) and writes one file to OUT\n"
        "(- is standard output) that any Loro 1.x program imports.\n\n"
        "  --mode update    the history as updates (the default)\n"
        "  --mode snapshot  the history and the state\n"
        "  --mode shallow   the state at --at and the history from there on; what was before is\n"
        "                   left out\n"
        "  --mode state     the state at --at with as little history as can be\n"
        "  --mode json      the history as JSON updates\n"
        "  --from VERSION   only what VERSION lacks: COUNTER@PEER,COUNTER@PEER... with, for each\n"
        "                   peer, how many of its operations are known already\n"
        "  --at FRONTIERS   a version: COUNTER@PEER,COUNTER@PEER..., its last operations, as\n"
        "                   \"lorikeet log\" prints them. Except with --mode shallow, nothing "
        "that\n"
        "                   came later is written\n\n"
        "A damaged file ends it with status 2 and one line: the file, the byte, the reason.\n",
    .run = export_run,
};
