/* SPDX-License-Identifier: MIT
 * cmd_log.c - lorikeet log: the changes that documents are made of.
 *
 *     changes by peer and counter (to find what is built on) ─► order by Lamport time ─► graph */
#include <stdlib.h>

#include "blobs.h"
#include "graph.h"
#include "host/heap.h"
#include "print.h"

enum { LOG_CONTAINERS = 6 /* of one change; how many more there are is said */ };

typedef struct log_change {
    lk_id id;
    uint32_t len, lamport;
    int64_t timestamp_s;
    size_t message, message_len, deps, deps_len; /* in the log */
} log_change;

typedef struct log_place {
    uint32_t lamport, change;
} log_place;

typedef struct log_book {
    lk_doc *doc;
    VEC(log_change) changes;
    VEC(log_place) order;
    VEC(lk_id) deps;
    lk_buf messages;
} log_book;

/* ---- collect ---- */

static void log_add(log_book *book, const lk_change *change) {
    *vec_push(&heap_memory, &book->order) =
        (log_place){change->lamport, (uint32_t)book->changes.len};
    *vec_push(&heap_memory, &book->changes) = (log_change){
        .id = change->id,
        .len = change->len,
        .lamport = change->lamport,
        .timestamp_s = change->timestamp_s,
        .message = book->messages.len,
        .message_len = change->message.len,
        .deps = book->deps.len,
        .deps_len = change->deps.len,
    };
    buf_append(&book->messages, change->message.at, change->message.len);
    for (size_t i = 0; i < change->deps.len; i++)
        *vec_push(&heap_memory, &book->deps) = change->deps.at[i];
}

/* Newest first. What is built on has a smaller Lamport time, so it comes later. */
static int log_newer(const void *a, const void *b) {
    const log_place *x = a, *y = b;
    if (x->lamport != y->lamport) return x->lamport < y->lamport ? 1 : -1;
    return x->change < y->change ? 1 : -1;
}

static void log_collect(log_book *book) {
    lk_buf peers = HEAP_BUF;
    lk_ids version = lk_log_version(book->doc);
    buf_append(&peers, version.at, version.len * sizeof *version.at);
    version = blobs_ids(&peers);
    lk_change change;
    for (size_t i = 0; i < version.len; i++) {
        lk_id next = {version.at[i].peer, 0};
        while (lk_change_after(book->doc, next, &change) == LK_OK) {
            log_add(book, &change);
            next.counter = change.id.counter + (int32_t)change.len;
        }
    }
    lk_buf_free(&peers);
    if (book->order.len > 0)
        qsort(book->order.at, book->order.len, sizeof *book->order.at, log_newer);
}

/* ---- print ---- */

/* The change that holds an operation, or GRAPH_NOBODY: history may begin later. */
static uint32_t log_holder(const log_book *book, lk_id id) {
    size_t low = 0, high = book->changes.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        lk_id at = book->changes.at[middle].id;
        if (at.peer < id.peer || (at.peer == id.peer && at.counter <= id.counter))
            low = middle + 1;
        else
            high = middle;
    }
    bool held = low > 0 && book->changes.at[low - 1].id.peer == id.peer;
    return held ? (uint32_t)low - 1 : GRAPH_NOBODY;
}

/* The peer's own change before comes first, so that its column goes straight on. */
static size_t log_parents(const log_book *book, const log_change *change, uint32_t *parents) {
    size_t len = 0;
    for (size_t i = 0; i < change->deps_len; i++) {
        lk_id dep = book->deps.at[change->deps + i];
        uint32_t parent = log_holder(book, dep);
        bool known = parent == GRAPH_NOBODY;
        for (size_t k = 0; k < len; k++) known = known || parents[k] == parent;
        if (known) continue;
        parents[len++] = parent;
        if (dep.peer != change->id.peer) continue;
        parents[len - 1] = parents[0];
        parents[0] = parent;
    }
    return len;
}

static void log_print_containers(const log_book *book, const log_change *change, lk_buf *out) {
    lk_span span = {change->id.peer, change->id.counter, change->id.counter + (int32_t)change->len};
    const lk_ref *refs;
    lk_ref some[LOG_CONTAINERS];
    size_t len;
    if (lk_changed_containers(book->doc, span, &refs, &len) != LK_OK) return;
    size_t few = len < LOG_CONTAINERS ? len : LOG_CONTAINERS;
    for (size_t i = 0; i < few; i++) some[i] = refs[i];
    for (size_t i = 0; i < few; i++) {
        heap_print(out, i == 0 ? ": " : ", ");
        print_container(out, book->doc, some[i]);
    }
    if (len > few) heap_print(out, " and %zu more", len - few);
}

static void log_print_change(const log_book *book, const log_change *change, lk_buf *out) {
    lk_id last = {change->id.peer, change->id.counter + (int32_t)change->len - 1};
    print_ids(out, (lk_ids){&last, 1});
    if (change->timestamp_s != 0) heap_print(out, "  ");
    print_time(out, change->timestamp_s);
    if (change->message_len > 0) {
        heap_print(out, "  ");
        print_quoted(
            out, (lk_str){(const char *)book->messages.at + change->message, change->message_len});
    }
    heap_print(out, "\n");
}

static void log_print_size(const log_book *book, const log_change *change, lk_buf *out) {
    uint64_t counter = (uint64_t)change->id.counter, further = change->len - 1;
    print_count(out, change->len, "operation");
    heap_print(out, " ");
    print_range(out, counter, counter + further);
    heap_print(out, ", lamport ");
    print_range(out, change->lamport, change->lamport + further);
    log_print_containers(book, change, out);
    heap_print(out, "\n");
}

static void log_print(const log_book *book, lk_buf *out) {
    graph g = {0};
    VEC(uint32_t) parents = {0};
    for (size_t i = 0; i < book->order.len; i++) {
        uint32_t node = book->order.at[i].change;
        const log_change *change = &book->changes.at[node];
        (void)vec_reserve(&heap_memory, &parents, change->deps_len + 1);
        size_t len = log_parents(book, change, parents.at);
        graph_node(&g, node, out);
        log_print_change(book, change, out);
        graph_beside(&g, len > 0, out);
        log_print_size(book, change, out);
        graph_parents(&g, parents.at, len, out);
    }
    vec_drop(&heap_memory, &parents);
    graph_drop(&g);
}

/* ---- the command ---- */

static int log_do(lk_doc *doc) {
    log_book book = {.doc = doc, .messages = HEAP_BUF};
    lk_buf out = HEAP_BUF;
    log_collect(&book);
    log_print(&book, &out);
    int code = cli_say("log", &out);
    lk_buf_free(&out);
    lk_buf_free(&book.messages);
    vec_drop(&heap_memory, &book.deps);
    vec_drop(&heap_memory, &book.order);
    vec_drop(&heap_memory, &book.changes);
    return code;
}

static int log_run(int argc, char **argv) {
    cli_list files = {0};
    int code = cli_parse(argc, argv, NULL, 0, &files);
    if (code == CLI_OK && files.len == 0) {
        cli_complain("log", "usage: lorikeet log FILE...");
        code = CLI_USAGE;
    }
    lk_doc *doc = code == CLI_OK ? blobs_load("log", &files, &code) : NULL;
    if (doc != NULL) code = log_do(doc);
    lk_free(doc);
    vec_drop(&heap_memory, &files);
    return code;
}

const cli_command cli_log = {
    .name = "log",
    .summary = "print who changed what, and what each change builds on",
    .help =
        "usage: lorikeet log FILE...\n\n"
        "Imports the files in the order given (- is standard input) and prints their changes,\n"
        "newest first, beside lines that lead to what each builds on:\n\n"
        "  * 7@11  2026-11-25 14:20:01 UTC  \"fix the typo\"\n"
        "  | 5 operations 3..7, lamport 12..16: notes (text), meta/tags (list)\n\n"
        "7@11 is the change's last operation, counter and peer: as FRONTIERS (--at, --from, --to\n"
        "of the other commands) it names the version right after that change. Versions of\n"
        "several peers are joined by commas: 7@11,3@22.\n\n"
        "A damaged file ends it with status 2 and one line: the file, the byte, the reason.\n",
    .run = log_run,
};
