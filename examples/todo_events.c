/* SPDX-License-Identifier: MIT
 * todo_events.c - a list of things to do, and what a screen that shows it gets to hear.
 *
 *     cc todo_events.c $(pkg-config --cflags --libs lorikeet) -o todo_events && ./todo_events
 *
 * prints:
 *     by us:      at 0 comes "water the plants"
 *     by us:      at 1 comes "call Bob"
 *     by another: at 1 comes "buy seeds"
 *     by us:      at 0 go 1 */
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

static void insert(lk_doc *doc, lk_ref list, size_t at, const char *what) {
    lk_value value = {.type = LK_STRING, .len = (uint32_t)strlen(what)};
    value.as.bytes = (const uint8_t *)what;
    must(lk_list_insert(doc, list, at, &value, 1));
    must(lk_commit(doc, NULL)); /* events tell of whole commits */
}

/* What happened to a list: a way along it from its beginning, in steps. */
static void show_list_diff(const char *who, const lk_diff *diff) {
    size_t at = 0;
    for (size_t i = 0; i < diff->delta_len; i++) {
        const lk_delta *step = &diff->deltas[i];
        size_t len = step->len[LK_UTF8]; /* of lists, the length is the same in every unit */
        if (step->kind == LK_DELETE) printf("%-11s at %zu go %zu\n", who, at, len);
        for (size_t k = 0; step->kind == LK_INSERT && k < len; k++)
            printf("%-11s at %zu comes \"%.*s\"\n", who, at + k, (int)step->values[k].len,
                   (const char *)step->values[k].as.bytes);
        if (step->kind != LK_DELETE) at += len;
    }
}

/* The library never calls you back: ask what happened whenever it suits you. */
static void show_events(lk_doc *doc) {
    for (const lk_event *event; (event = lk_poll(doc)) != NULL;)
        for (size_t i = 0; i < event->diff_len; i++)
            show_list_diff(event->by == LK_BY_LOCAL ? "by us:" : "by another:", &event->diffs[i]);
}

int main(void) {
    lk_doc *ours = lk_new(2001, NULL), *theirs = lk_new(2002, NULL);
    if (ours == NULL || theirs == NULL) return 1;
    lk_ref list, their_list;
    must(lk_root(ours, LK_LIST, str("to do"), &list));
    must(lk_root(theirs, LK_LIST, str("to do"), &their_list));
    lk_watch(ours, true);

    insert(ours, list, 0, "water the plants");
    insert(ours, list, 1, "call Bob");

    lk_buf bytes = {0};
    must(lk_export(ours, LK_UPDATES, (lk_ids){0}, &bytes));
    must(lk_import(theirs, (lk_bytes){bytes.at, bytes.len}, NULL, NULL));
    insert(theirs, their_list, 1, "buy seeds");
    bytes.len = 0; /* functions append to a buffer */
    must(lk_export(theirs, LK_UPDATES, lk_version(ours), &bytes)); /* only what we lack */
    must(lk_import(ours, (lk_bytes){bytes.at, bytes.len}, NULL, NULL));

    must(lk_list_delete(ours, list, 0, 1));
    must(lk_commit(ours, NULL));
    show_events(ours);

    lk_buf_free(&bytes);
    lk_free(ours);
    lk_free(theirs);
    return 0;
}
