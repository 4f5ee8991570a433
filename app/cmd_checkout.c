/* SPDX-License-Identifier: MIT
 * cmd_checkout.c - lorikeet checkout: a document as it was, history included, as a file. */
#include "blobs.h"
#include "host/heap.h"

static int checkout_do(lk_doc *doc, const char *at, const char *out) {
    lk_buf frontiers = HEAP_BUF, bytes = HEAP_BUF;
    int code = blobs_frontiers("checkout", "--at", at, doc, &frontiers);
    if (code == CLI_OK) {
        lk_status status = lk_export(doc, LK_SNAPSHOT_AT, blobs_ids(&frontiers), &bytes);
        if (status == LK_OK) {
            code = cli_save("checkout", out, &bytes);
        } else {
            cli_complain("checkout", "%s", lk_status_text(status));
            code = CLI_FAILED;
        }
    }
    lk_buf_free(&bytes);
    lk_buf_free(&frontiers);
    return code;
}

static int checkout_run(int argc, char **argv) {
    const char *at = NULL, *out = NULL;
    cli_list files = {0};
    const cli_option options[] = {
        {.name = "--at", .value = &at},
        {.name = "--output", .value = &out},
    };
    int code = cli_parse(argc, argv, options, countof(options), &files);
    if (code == CLI_OK && (files.len == 0 || at == NULL || out == NULL)) {
        cli_complain("checkout", "usage: lorikeet checkout FILE... --at FRONTIERS -o OUT");
        code = CLI_USAGE;
    }
    lk_doc *doc = code == CLI_OK ? blobs_load("checkout", &files, &code) : NULL;
    if (doc != NULL) code = checkout_do(doc, at, out);
    lk_free(doc);
    vec_drop(&heap_memory, &files);
    return code;
}

const cli_command cli_checkout = {
    .name = "checkout",
    .summary = "write a document as it was",
    .help = "usage: lorikeet checkout FILE... --at FRONTIERS -o OUT\n\n"
            "Imports the files in the order given (- is standard input) and writes the document\n"
            "as it was at FRONTIERS to OUT (- is standard output): a snapshot of the history up\n"
            "to there, and nothing of what came later.\n\n"
            "  --at FRONTIERS  COUNTER@PEER, or several with commas between them, as \"lorikeet\n"
            "                  log\" prints them; \"\" is the empty beginning\n\n"
            "A damaged file ends it with status 2 and one line: the file, the byte, the reason.\n",
    .run = checkout_run,
};
