/* SPDX-License-Identifier: MIT
 * cmd_diff.c - lorikeet diff: what changed between two versions.
 *
 * The difference tells what came and how much went. What went is read from the old version, so the
 * document shows that one while this prints; the names are those of the new version. */
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "blobs.h"
#include "host/heap.h"
#include "print.h"
#include "text_lines.h"

typedef struct diff_job {
    lk_doc *doc;
    lk_ids from, to;
    bool was_there; /* the container printed now; else it comes whole, whatever it held before */
    lk_buf names;   /* of the containers that changed, each ended by NUL */
    lk_buf out;
} diff_job;

/* ---- lists ---- */

static void diff_print_item(diff_job *job, char sign, size_t index, const lk_value *value) {
    heap_print(&job->out, "%c [%zu] ", sign, index);
    print_value(&job->out, job->doc, value);
    heap_print(&job->out, "\n");
}

static void diff_print_list(diff_job *job, const lk_diff *diff) {
    size_t was = 0, is = 0;
    lk_value old;
    for (size_t i = 0; i < diff->delta_len; i++) {
        const lk_delta *step = &diff->deltas[i];
        size_t len = step->len[LK_UTF8];
        for (size_t k = 0; step->kind == LK_DELETE && k < len; k++) {
            lk_status status = diff->kind == LK_LIST
                                   ? lk_list_get(job->doc, diff->target, was + k, &old)
                                   : lk_movable_get(job->doc, diff->target, was + k, &old);
            if (status == LK_OK) diff_print_item(job, '-', was + k, &old);
        }
        for (size_t k = 0; step->kind == LK_INSERT && k < len; k++)
            diff_print_item(job, '+', is + k, &step->values[k]);
        if (step->kind != LK_INSERT) was += len;
        if (step->kind != LK_DELETE) is += len;
    }
}

/* ---- maps, trees, counters ---- */

static void diff_print_entry(diff_job *job, char sign, lk_str key, const lk_value *value) {
    heap_print(&job->out, "%c ", sign);
    print_name(&job->out, key);
    heap_print(&job->out, ": ");
    print_value(&job->out, job->doc, value);
    heap_print(&job->out, "\n");
}

static void diff_print_map(diff_job *job, const lk_diff *diff) {
    for (size_t i = 0; i < diff->change_len; i++) {
        const lk_map_change *change = &diff->changes[i];
        lk_value old;
        if (job->was_there && lk_map_get(job->doc, diff->target, change->key, &old) == LK_OK)
            diff_print_entry(job, '-', change->key, &old);
        if (!change->deleted) diff_print_entry(job, '+', change->key, &change->value);
    }
}

static void diff_print_place(lk_buf *out, bool below, lk_id parent, size_t index) {
    if (below) {
        heap_print(out, "below ");
        print_ids(out, (lk_ids){&parent, 1});
    } else {
        heap_print(out, "at the top");
    }
    heap_print(out, " [%zu]", index);
}

static void diff_print_tree(diff_job *job, const lk_diff *diff) {
    for (size_t i = 0; i < diff->node_len; i++) {
        const lk_tree_change *c = &diff->nodes[i];
        bool came = c->action != LK_TREE_DELETE, went = c->action != LK_TREE_CREATE;
        heap_print(&job->out, "%c ", came && went ? '>' : came ? '+' : '-');
        print_ids(&job->out, (lk_ids){&c->target, 1});
        if (went) heap_print(&job->out, came ? " from " : " ");
        if (went) diff_print_place(&job->out, c->had_parent, c->old_parent, c->old_index);
        if (came) heap_print(&job->out, went ? " to " : " ");
        if (came) diff_print_place(&job->out, c->has_parent, c->parent, c->index);
        heap_print(&job->out, "\n");
    }
}

static void diff_print_counter(diff_job *job, const lk_diff *diff) {
    lk_value value = {.type = LK_F64, .as.f64 = diff->increment};
    if (value.as.f64 < 0) value.as.f64 = -value.as.f64;
    heap_print(&job->out, diff->increment < 0 ? "- " : "+ ");
    print_value(&job->out, job->doc, &value);
    heap_print(&job->out, "\n");
}

/* ---- texts ---- */

enum { DIFF_STYLED = 40 /* code points shown of a range whose style changed */ };

static void diff_print_style(diff_job *job, size_t at, const lk_delta *step, lk_str text) {
    lk_value style = {.type = LK_ENTRIES, .len = (uint32_t)step->attribute_len};
    style.as.entries = step->attributes;
    heap_print(&job->out, "~ %zu..%zu ", at, at + step->len[LK_CODEPOINT] - 1);
    print_value(&job->out, job->doc, &style);
    heap_print(&job->out, " ");
    text_len ignored;
    bool all = step->len[LK_CODEPOINT] <= DIFF_STYLED;
    if (!all)
        text.len =
            utf8_seek((const uint8_t *)text.at, text.len, DIFF_STYLED, LK_CODEPOINT, &ignored);
    print_quoted(&job->out, text);
    heap_print(&job->out, all ? "\n" : "...\n");
}

/* The ranges that have another style than before, in code points of the new text. */
static void diff_print_styles(diff_job *job, const lk_diff *diff, lk_str old) {
    size_t was = 0, is = 0;
    for (size_t i = 0; i < diff->delta_len; i++) {
        const lk_delta *step = &diff->deltas[i];
        size_t len = step->len[LK_UTF8];
        bool came = step->kind == LK_INSERT;
        lk_str text = came ? step->text : (lk_str){old.at + was, len};
        if (step->attribute_len > 0) diff_print_style(job, is, step, text);
        if (!came) was += len;
        if (step->kind != LK_DELETE) is += step->len[LK_CODEPOINT];
    }
}

static lk_status diff_print_text(diff_job *job, const lk_diff *diff) {
    lk_buf bytes = HEAP_BUF;
    lk_status status = job->was_there ? lk_text_string(job->doc, diff->target, &bytes) : LK_OK;
    lk_str old = {(const char *)bytes.at, bytes.len};
    if (status == LK_OK) {
        text_lines_print(old, diff->deltas, diff->delta_len, &job->out);
        diff_print_styles(job, diff, old);
    }
    lk_buf_free(&bytes);
    return status;
}

/* ---- the command ---- */

static lk_status diff_print_container(diff_job *job, const lk_diff *diff) {
    lk_status status = LK_OK;
    job->was_there = lk_container_shows(job->doc, diff->target);
    switch (diff->kind) {
    case LK_TEXT: status = diff_print_text(job, diff); break;
    case LK_LIST:
    case LK_MOVABLE_LIST: diff_print_list(job, diff); break;
    case LK_MAP: diff_print_map(job, diff); break;
    case LK_TREE: diff_print_tree(job, diff); break;
    case LK_COUNTER: diff_print_counter(job, diff); break;
    }
    return status;
}

static lk_status diff_name(diff_job *job) {
    const lk_event *event;
    lk_status status = lk_checkout(job->doc, job->to);
    if (status == LK_OK) status = lk_diff_between(job->doc, job->from, job->to, &event);
    if (status != LK_OK) return status;
    VEC(lk_ref) changed = {0}; /* printing a name takes the document, and so the view */
    for (size_t i = 0; i < event->diff_len; i++)
        *vec_push(&heap_memory, &changed) = event->diffs[i].target;
    for (size_t i = 0; i < changed.len; i++) {
        print_container(&job->names, job->doc, changed.at[i]);
        buf_append(&job->names, "", 1);
    }
    vec_drop(&heap_memory, &changed);
    return LK_OK;
}

static lk_status diff_print(diff_job *job) {
    const lk_event *event;
    lk_status status = diff_name(job);
    if (status == LK_OK) status = lk_checkout(job->doc, job->from);
    if (status == LK_OK) status = lk_diff_between(job->doc, job->from, job->to, &event);
    const char *name = (const char *)job->names.at;
    for (size_t i = 0; status == LK_OK && i < event->diff_len; i++) {
        heap_print(&job->out, "%s%s\n", i > 0 ? "\n" : "", name);
        status = diff_print_container(job, &event->diffs[i]);
        name += strlen(name) + 1;
    }
    return status;
}

static int diff_do(lk_doc *doc, const char *from, const char *to) {
    lk_buf versions[2] = {HEAP_BUF, HEAP_BUF};
    int code = blobs_frontiers("diff", "--from", from, doc, &versions[0]);
    if (code == CLI_OK) code = blobs_frontiers("diff", "--to", to, doc, &versions[1]);
    if (code == CLI_OK) {
        diff_job job = {.doc = doc,
                        .from = blobs_ids(&versions[0]),
                        .to = blobs_ids(&versions[1]),
                        .names = HEAP_BUF,
                        .out = HEAP_BUF};
        lk_status status = diff_print(&job);
        if (status == LK_OK) {
            code = cli_say("diff", &job.out);
        } else {
            cli_complain("diff", "%s", lk_status_text(status));
            code = CLI_FAILED;
        }
        lk_buf_free(&job.names);
        lk_buf_free(&job.out);
    }
    lk_buf_free(&versions[0]);
    lk_buf_free(&versions[1]);
    return code;
}

static int diff_run(int argc, char **argv) {
    const char *from = NULL, *to = NULL;
    cli_list files = {0};
    const cli_option options[] = {
        {.name = "--from", .value = &from},
        {.name = "--to", .value = &to},
    };
    int code = cli_parse(argc, argv, options, countof(options), &files);
    if (code == CLI_OK && (files.len == 0 || from == NULL || to == NULL)) {
        cli_complain("diff", "usage: lorikeet diff FILE... --from FRONTIERS --to FRONTIERS");
        code = CLI_USAGE;
    }
    lk_doc *doc = code == CLI_OK ? blobs_load("diff", &files, &code) : NULL;
    if (doc != NULL) code = diff_do(doc, from, to);
    lk_free(doc);
    vec_drop(&heap_memory, &files);
    return code;
}

const cli_command cli_diff = {
    .name = "diff",
    .summary = "print what changed between two versions",
    .help = "usage: lorikeet diff FILE... --from FRONTIERS --to FRONTIERS\n\n"
            "Imports the files in the order given (- is standard input) and prints, container by\n"
            "container, what leads from one version to the other: - what was, + what is.\n\n"
            "  text     the lines that differ, behind the number of the first of them;\n"
            "           ~ FIRST..LAST STYLE for characters whose style is new\n"
            "  list     [INDEX] and value\n"
            "  map      key and value\n"
            "  tree     nodes and where they hang; > is one that moved\n"
            "  counter  how much more or less\n\n"
            "  --from FRONTIERS  COUNTER@PEER, or several with commas between them, as \"lorikeet\n"
            "  --to FRONTIERS    log\" prints them; \"\" is the empty beginning\n\n"
            "A damaged file ends it with status 2 and one line: the file, the byte, the reason.\n",
    .run = diff_run,
};
