/* SPDX-License-Identifier: MIT
 * cmd_import.c - lorikeet import: merge files into one, and tell what each of them brought. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "blobs.h"
#include "host/heap.h"
#include "print.h"

typedef struct import_job {
    lk_doc *doc;
    lk_buf before;      /* lk_id: the version before the file */
    VEC(lk_id) waiting; /* per peer, the end of what waits for its past */
    lk_buf report;
} import_job;

static int32_t import_end(lk_ids version, uint64_t peer) {
    for (size_t i = 0; i < version.len; i++)
        if (version.at[i].peer == peer) return version.at[i].counter;
    return 0;
}

/* "3..7@11", after a comma if it is not the first. */
static void import_print_span(lk_buf *out, bool first, lk_span span) {
    heap_print(out, first ? ": " : ", ");
    print_range(out, (uint64_t)span.start, (uint64_t)span.end - 1);
    heap_print(out, "@%" PRIu64, span.peer);
}

static void import_print_new(import_job *job) {
    lk_ids before = blobs_ids(&job->before), now = lk_log_version(job->doc);
    uint64_t count = 0;
    for (size_t i = 0; i < now.len; i++)
        count += (uint64_t)(now.at[i].counter - import_end(before, now.at[i].peer));
    if (count == 0) {
        heap_print(&job->report, "nothing new");
        return;
    }
    print_count(&job->report, count, "new operation");
    bool first = true;
    for (size_t i = 0; i < now.len; i++) {
        lk_span span = {now.at[i].peer, import_end(before, now.at[i].peer), now.at[i].counter};
        if (span.start == span.end) continue;
        import_print_span(&job->report, first, span);
        first = false;
    }
}

static void import_wait(import_job *job, lk_span span) {
    for (size_t i = 0; i < job->waiting.len; i++) {
        lk_id *end = &job->waiting.at[i];
        if (end->peer != span.peer) continue;
        if (end->counter < span.end) end->counter = span.end;
        return;
    }
    *vec_push(&heap_memory, &job->waiting) = (lk_id){span.peer, span.end};
}

static void import_print_pending(import_job *job, const lk_import_status *news) {
    if (news->pending_len == 0) return;
    heap_print(&job->report, "; waiting for what they build on");
    for (size_t i = 0; i < news->pending_len; i++) {
        import_print_span(&job->report, i == 0, news->pending[i]);
        import_wait(job, news->pending[i]);
    }
}

static int import_file(import_job *job, const char *name) {
    lk_ids version = lk_log_version(job->doc);
    job->before.len = 0;
    buf_append(&job->before, version.at, version.len * sizeof *version.at);
    lk_import_status news;
    int code = blobs_import("import", job->doc, name, &news);
    if (code != CLI_OK) return code;
    heap_print(&job->report, "%s: ", name);
    import_print_new(job);
    import_print_pending(job, &news);
    heap_print(&job->report, "\n");
    return CLI_OK;
}

/* What waits still is in no export: say so. */
static void import_print_missing(import_job *job, const char *out) {
    lk_ids now = lk_log_version(job->doc);
    bool first = true;
    for (size_t i = 0; i < job->waiting.len; i++) {
        lk_id end = job->waiting.at[i];
        if (import_end(now, end.peer) >= end.counter) continue;
        heap_print(&job->report, "%s%s%" PRId32 "@%" PRIu64, first ? out : ",",
                   first ? ": lacks operations up to " : " ", end.counter - 1, end.peer);
        first = false;
    }
    if (!first) heap_print(&job->report, "; import the files they build on together with these\n");
}

static int import_save(import_job *job, const char *out) {
    lk_buf bytes = HEAP_BUF;
    lk_status status = lk_export(job->doc, LK_SNAPSHOT, (lk_ids){0}, &bytes);
    int code = CLI_FAILED;
    if (status == LK_OK)
        code = cli_save("import", out, &bytes);
    else
        cli_complain("import", "%s", lk_status_text(status));
    lk_buf_free(&bytes);
    import_print_missing(job, out);
    return code;
}

static int import_do(const cli_list *files, const char *out) {
    import_job job = {.doc = blobs_new(), .before = HEAP_BUF, .report = HEAP_BUF};
    int code = CLI_OK;
    for (size_t i = 0; code == CLI_OK && i < files->len; i++)
        code = import_file(&job, files->at[i]);
    if (code == CLI_OK) code = import_save(&job, out);
    /* Standard output may be the document's. */
    if (code == CLI_OK && strcmp(out, "-") == 0)
        fwrite(job.report.at, 1, job.report.len, stderr);
    else if (code == CLI_OK)
        code = cli_say("import", &job.report);
    lk_buf_free(&job.report);
    lk_buf_free(&job.before);
    vec_drop(&heap_memory, &job.waiting);
    lk_free(job.doc);
    return code;
}

static int import_run(int argc, char **argv) {
    const char *out = NULL;
    cli_list files = {0};
    const cli_option options[] = {{.name = "--output", .value = &out}};
    int code = cli_parse(argc, argv, options, countof(options), &files);
    if (code == CLI_OK && (files.len == 0 || out == NULL)) {
        cli_complain("import", "usage: lorikeet import FILE... -o OUT");
        code = CLI_USAGE;
    }
    if (code == CLI_OK) code = import_do(&files, out);
    vec_drop(&heap_memory, &files);
    return code;
}

const cli_command cli_import = {
    .name = "import",
    .summary = "merge files into one and tell what each brought",
    .help = "usage: lorikeet import FILE... -o OUT\n\n"
            "Imports the files in the order given (updates, snapshots and JSON updates; - is\n"
            "standard input), writes a snapshot of all of it to OUT (- is standard output), and\n"
            "prints a line for each file: which operations were new, as FIRST..LAST@PEER, and\n"
            "which wait because what they build on is not there. OUT may be one of the files.\n\n"
            "A damaged file ends it with status 2 and one line: the file, the byte, the reason;\n"
            "OUT is not written then.\n",
    .run = import_run,
};
