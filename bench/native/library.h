/* SPDX-License-Identifier: MIT
 * library.h - a library that is measured natively, behind the same few calls: Lorikeet (ours.c), a
 * gap buffer (gap.c), and what bench/peers/ brings as a shared library, whose lib.rs has this table
 * in Rust. What a library cannot do is not among its `can` and not called.
 *
 * A document has a text, a map of numbers, a list of numbers, a movable list and a tree. Positions
 * in the text are code points. A view that is returned is good until the document's next call; that
 * of a text, until any document is asked for its text. */
#ifndef BENCH_LIBRARY_H
#define BENCH_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct view {
    const uint8_t *at;
    size_t len;
} view;

enum {
    CAN_SYNC = 1,     /* update, receive, receive_all */
    CAN_SAVE = 2,     /* save, open */
    CAN_MAP = 4,      /* put, get */
    CAN_LIST = 8,     /* add */
    CAN_MOVE = 16,    /* push, move, set; create, hang: movable lists and trees */
    CAN_PAST = 32,    /* op_count, checkout */
    CAN_UNDO = 64,    /* watch, undo */
    CAN_UPDATE = 128, /* save in the form of an update */
};

typedef enum form { FORM_UPDATE, FORM_SNAPSHOT, FORM_SHALLOW } form;

typedef struct library {
    const char *name;
    uint32_t can;
    void *(*make)(uint64_t peer, bool listens);
    void (*drop)(void *doc);
    void (*insert)(void *doc, size_t pos, view utf8);
    void (*remove)(void *doc, size_t pos, size_t len);
    void (*commit)(void *doc);
    view (*text)(void *doc);
    /* Commit; the update of what was written since the last one. The document `listens`. */
    view (*update)(void *doc);
    void (*receive)(void *doc, view update);
    void (*receive_all)(void *doc, const view *updates, size_t len);
    view (*save)(void *doc, form); /* empty: it has no such form */
    void (*open)(void *doc, view saved);
    void (*put)(void *doc, view key, int64_t value);
    int64_t (*get)(void *doc, view key);
    void (*add)(void *doc, size_t pos, int64_t value);
    void (*push)(void *doc, int64_t value);
    void (*move)(void *doc, size_t from, size_t to);
    void (*set)(void *doc, size_t pos, int64_t value);
    /* Tree nodes are named by the counter of the operation that made them, all of peer 1; a parent
     * of -1 means the roots. False: refused. */
    int32_t (*create)(void *doc, int32_t parent);
    bool (*hang)(void *doc, int32_t node, int32_t parent);
    size_t (*op_count)(void *doc);
    void (*checkout)(void *doc, int32_t counter); /* of peer 1; -1: back to the newest */
    void (*watch)(void *doc);                     /* commits are steps from now on */
    bool (*undo)(void *doc, bool redo);
    void (*read)(void *doc); /* all that is in the document, as a plain value; CAN_SAVE */
} library;

extern const library lorikeet_library, gap_library;

#endif
