/* SPDX-License-Identifier: MIT
 * time_travel.c - look at a version of the past, come back, and see what came between.
 *
 *     cc time_travel.c $(pkg-config --cflags --libs lorikeet) -o time_travel && ./time_travel
 *
 * prints:
 *     now:  The brown fox jumps.
 *     then: The old brown fox.
 *     between: keep 4, delete 4, keep 9, insert " jumps" */
#include <lorikeet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lk_str str(const char *s) { return (lk_str){s, strlen(s)}; }

static void must(lk_status status) {
    if (status == LK_OK) return;
    fprintf(stderr, "%s\n", lk_status_text(status));
    exit(1);
}

/* Write the text so that it says `s`; the library finds out what changed. */
static void write_text(lk_doc *doc, lk_ref text, const char *s) {
    must(lk_text_update(doc, text, str(s), false));
    must(lk_commit(doc, NULL));
}

static void print_text(const char *when, const lk_doc *doc, lk_ref text) {
    lk_buf shown = {0};
    must(lk_text_string(doc, text, &shown));
    printf("%-5s %.*s\n", when, (int)shown.len, (const char *)shown.at);
    lk_buf_free(&shown);
}

static void print_diff(const lk_diff *diff) {
    for (size_t i = 0; i < diff->delta_len; i++) {
        const lk_delta *step = &diff->deltas[i];
        printf(i == 0 ? "between: " : ", ");
        if (step->kind == LK_INSERT)
            printf("insert \"%.*s\"", (int)step->text.len, step->text.at);
        else
            printf("%s %u", step->kind == LK_DELETE ? "delete" : "keep",
                   (unsigned)step->len[LK_CODEPOINT]);
    }
    printf("\n");
}

int main(void) {
    lk_doc *doc = lk_new(4001, NULL);
    if (doc == NULL) return 1;
    lk_ref text;
    must(lk_root(doc, LK_TEXT, str("story"), &text));

    write_text(doc, text, "The old brown fox.");
    /* A version is named by its frontiers: the last operations in it, here a single one. The call
     * gives a view into the document, so keep a copy. */
    lk_id then = lk_frontiers(doc).at[0];
    write_text(doc, text, "The brown fox jumps.");
    lk_id now = lk_frontiers(doc).at[0];
    print_text("now:", doc, text);

    must(lk_checkout(doc, (lk_ids){&then, 1}));
    print_text("then:", doc, text);
    must(lk_attach(doc)); /* back to now: until then edits are refused with LK_EDETACHED */

    const lk_event *between;
    must(lk_diff_between(doc, (lk_ids){&then, 1}, (lk_ids){&now, 1}, &between));
    print_diff(&between->diffs[0]);
    lk_free(doc);
    return 0;
}
