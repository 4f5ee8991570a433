/* SPDX-License-Identifier: MIT
 * cmd_cat.c - lorikeet cat: what documents hold. */
#include <stdio.h>
#include <unistd.h>

#include "blobs.h"
#include "host/heap.h"

/* ---- JSON for people ---- */

static void cat_newline(lk_buf *out, size_t depth) { heap_print(out, "\n%*s", (int)depth * 2, ""); }

/* The end of the string that starts at json[at]: one past its closing quote. */
static size_t cat_string_end(lk_buf *json, size_t at) {
    for (at++; json->at[at] != '"'; at++)
        if (json->at[at] == '\\') at++;
    return at + 1;
}

/* Spread compact JSON over lines. */
static void cat_pretty(lk_buf *json, lk_buf *out) {
    size_t depth = 0;
    for (size_t i = 0; i < json->len; i++) {
        char c = (char)json->at[i];
        char next = i + 1 < json->len ? (char)json->at[i + 1] : 0;
        if (c == '"') {
            size_t end = cat_string_end(json, i);
            buf_append(out, json->at + i, end - i);
            i = end - 1;
        } else if ((c == '{' && next == '}') || (c == '[' && next == ']')) {
            heap_print(out, "%c%c", c, next);
            i++;
        } else if (c == '{' || c == '[') {
            heap_print(out, "%c", c);
            cat_newline(out, ++depth);
        } else if (c == '}' || c == ']') {
            cat_newline(out, --depth);
            heap_print(out, "%c", c);
        } else if (c == ',') {
            heap_print(out, ",");
            cat_newline(out, depth);
        } else {
            heap_print(out, c == ':' ? ": " : "%c", c);
        }
    }
    heap_print(out, "\n");
}

/* ---- the command ---- */

/* The only root there is, if it is a text. */
static bool cat_only_text(const lk_doc *doc, lk_ref *out) {
    size_t cursor = 0;
    lk_ref other;
    return lk_root_next(doc, &cursor, out) && lk_ref_kind(doc, *out) == LK_TEXT &&
           !lk_root_next(doc, &cursor, &other);
}

static lk_status cat_write(const lk_doc *doc, bool json, lk_buf *out) {
    lk_ref text;
    if (!json && cat_only_text(doc, &text)) {
        lk_status status = lk_text_string(doc, text, out);
        bool ended = out->len == 0 || out->at[out->len - 1] == '\n';
        if (!ended && isatty(STDOUT_FILENO)) heap_print(out, "\n");
        return status;
    }
    lk_buf compact = HEAP_BUF;
    lk_status status = lk_json(doc, &compact);
    if (status == LK_OK && json) {
        buf_append(out, compact.at, compact.len);
        heap_print(out, "\n");
    } else if (status == LK_OK) {
        cat_pretty(&compact, out);
    }
    lk_buf_free(&compact);
    return status;
}

static int cat_print(const lk_doc *doc, bool json) {
    lk_buf out = HEAP_BUF;
    lk_status status = cat_write(doc, json, &out);
    int code = CLI_FAILED;
    if (status == LK_OK)
        code = cli_say("cat", &out);
    else
        cli_complain("cat", "%s", lk_status_text(status));
    lk_buf_free(&out);
    return code;
}

/* Show the version that --at names. */
static int cat_go_back(lk_doc *doc, const char *at) {
    lk_buf frontiers = HEAP_BUF;
    int code = blobs_frontiers("cat", "--at", at, doc, &frontiers);
    lk_status status = code == CLI_OK ? lk_checkout(doc, blobs_ids(&frontiers)) : LK_OK;
    if (status != LK_OK) {
        cli_complain("cat", "--at: %s", lk_status_text(status));
        code = CLI_FAILED;
    }
    lk_buf_free(&frontiers);
    return code;
}

static int cat_run(int argc, char **argv) {
    bool json = false;
    const char *at = NULL;
    cli_list files = {0};
    const cli_option options[] = {
        {.name = "--json", .flag = &json},
        {.name = "--at", .value = &at},
    };
    int code = cli_parse(argc, argv, options, countof(options), &files);
    if (code == CLI_OK && files.len == 0) {
        cli_complain("cat", "usage: lorikeet cat FILE... [--json] [--at FRONTIERS]");
        code = CLI_USAGE;
    }
    lk_doc *doc = code == CLI_OK ? blobs_load("cat", &files, &code) : NULL;
    if (doc != NULL && at != NULL) code = cat_go_back(doc, at);
    if (doc != NULL && code == CLI_OK) code = cat_print(doc, json);
    lk_free(doc);
    vec_drop(&heap_memory, &files);
    return code;
}

const cli_command cli_cat = {
    .name = "cat",
    .summary = "print the document that files of Loro bytes hold",
    .help =
        "usage: lorikeet cat FILE... [--json] [--at FRONTIERS]\n\n"
        "Imports the files in the order given (updates and snapshots of any Loro 1.x program, or\n"
        "JSON updates; - is standard input) and prints the document: its text, if that is all\n"
        "there is, else JSON.\n\n"
        "  --json          compact JSON, as toJSON() has it, and a newline\n"
        "  --at FRONTIERS  as it was then: COUNTER@PEER, or several with commas between them;\n"
        "                  \"lorikeet log\" lists what there is, \"\" is the empty beginning\n\n"
        "A damaged file ends it with status 2 and one line: the file, the byte, the reason.\n",
    .run = cat_run,
};
