/* SPDX-License-Identifier: MIT
 * cmd_new.c - lorikeet new: an empty document to begin with. */
#include <string.h>

#include "blobs.h"
#include "host/files.h"
#include "host/heap.h"

static int new_write(const char *name) {
    files_stamp stamp = {0};
    if (strcmp(name, "-") != 0 && files_stat(name, &stamp) == 0 && stamp.exists) {
        cli_complain("new", "%s is there already; choose another name or remove it", name);
        return CLI_FAILED;
    }
    lk_doc *doc = blobs_new();
    lk_buf bytes = HEAP_BUF;
    int code = CLI_FAILED;
    lk_status status = lk_export(doc, LK_SNAPSHOT, (lk_ids){0}, &bytes);
    if (status == LK_OK)
        code = cli_save("new", name, &bytes);
    else
        cli_complain("new", "%s", lk_status_text(status));
    lk_buf_free(&bytes);
    lk_free(doc);
    return code;
}

static int new_run(int argc, char **argv) {
    cli_list files = {0};
    int code = cli_parse(argc, argv, NULL, 0, &files);
    if (code == CLI_OK && files.len != 1) {
        cli_complain("new", "usage: lorikeet new OUT");
        code = CLI_USAGE;
    }
    if (code == CLI_OK) code = new_write(files.at[0]);
    vec_drop(&heap_memory, &files);
    return code;
}

const cli_command cli_new = {
    .name = "new",
    .summary = "write an empty document",
    .help = "usage: lorikeet new OUT\n\n"
            "Writes a document that holds nothing to OUT (- is standard output), as a snapshot\n"
            "that any Loro 1.x program imports. A file that is there already is left alone.\n",
    .run = new_run,
};
