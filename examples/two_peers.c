/* SPDX-License-Identifier: MIT
 * two_peers.c - two people write at once, and both end up with the same document.
 *
 *     cc two_peers.c $(pkg-config --cflags --libs lorikeet) -o two_peers && ./two_peers
 *
 * prints:
 *     Ann: {"list":"- milk\n- rye bread\n- tea\n"}
 *     Bob: {"list":"- milk\n- rye bread\n- tea\n"} */
#include <lorikeet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lk_str str(const char *s) { return (lk_str){s, strlen(s)}; }

/* Most calls can fail, if only because memory is out. Your program will know a better answer. */
static void must(lk_status status) {
    if (status == LK_OK) return;
    fprintf(stderr, "%s\n", lk_status_text(status));
    exit(1);
}

/* Send all that `from` wrote and has not sent yet. Here "sending" is handing the bytes over. */
static void send_edits(lk_doc *from, lk_doc *to) {
    lk_buf bytes = {0};
    must(lk_export_local(from, &bytes));
    must(lk_import(to, (lk_bytes){bytes.at, bytes.len}, NULL, NULL));
    lk_buf_free(&bytes);
}

static void print_document(const char *name, const lk_doc *doc) {
    lk_buf json = {0};
    must(lk_json(doc, &json));
    printf("%s: %.*s\n", name, (int)json.len, (const char *)json.at);
    lk_buf_free(&json);
}

int main(void) {
    /* Who writes is told by a number. Draw it at random: see lk_new() in lorikeet.h. */
    lk_doc *ann = lk_new(1001, NULL), *bob = lk_new(1002, NULL);
    if (ann == NULL || bob == NULL) return 1;

    lk_ref ann_list, bob_list; /* a handle on the text called "list": nothing to free */
    must(lk_root(ann, LK_TEXT, str("list"), &ann_list));
    must(lk_root(bob, LK_TEXT, str("list"), &bob_list));

    must(lk_text_insert(ann, ann_list, 0, LK_UTF8, str("- milk\n- bread\n")));
    send_edits(ann, bob);

    /* Both edit before they hear of one another. Positions are in bytes, because we say LK_UTF8. */
    must(lk_text_insert(ann, ann_list, strlen("- milk\n- "), LK_UTF8, str("rye ")));
    must(lk_text_insert(bob, bob_list, strlen("- milk\n- bread\n"), LK_UTF8, str("- tea\n")));
    send_edits(ann, bob);
    send_edits(bob, ann);

    print_document("Ann", ann);
    print_document("Bob", bob);
    lk_free(ann);
    lk_free(bob);
    return 0;
}
