/* SPDX-License-Identifier: MIT
 * jsonpath.h - a JSONPath query (RFC 9535) as Loro has it: taken apart by jsonpath_parse.c, asked
 * of a document by jsonpath.c.
 *
 *     $.books[?(@.price < 10 && @.title contains 'a')]..name
 *     segments: .books   [?...]   ..name      each with selectors; a filter is a tree of exprs
 *
 * Beside RFC 9535 there are `contains` (text in text) and `in` (value in list), and list literals.
 * match() and search() are known by name only, as in Loro. */
#ifndef DOC_JSONPATH_H
#define DOC_JSONPATH_H

#include "base/bytes.h"

typedef struct path_expr path_expr;

typedef enum path_selector_kind {
    PATH_NAME,
    PATH_INDEX,
    PATH_SLICE,
    PATH_WILD,
    PATH_FILTER
} //
path_selector_kind;
typedef struct path_selector path_selector;
struct path_selector {
    path_selector_kind kind;
    lk_str name;
    bool has_start, has_stop;
    int64_t start, stop, step; /* an index is in start */
    const path_expr *filter;
    path_selector *next;
};

typedef struct path_segment path_segment;
struct path_segment {
    bool recursive; /* `..`: of the node and all below it */
    path_selector *selectors;
    path_segment *next;
};

typedef struct path_query {
    bool relative; /* from @, not from $ */
    bool singular; /* can find one node at most */
    path_segment *segments;
} path_query;

typedef enum path_expr_kind {
    PATH_LITERAL,
    PATH_QUERY,
    PATH_NOT,
    PATH_AND,
    PATH_OR,
    PATH_COMPARE,
    PATH_COUNT,
    PATH_LENGTH,
    PATH_VALUE,
} path_expr_kind;
typedef enum path_op {
    PATH_EQ,
    PATH_NE,
    PATH_LE,
    PATH_GE,
    PATH_LT,
    PATH_GT,
    PATH_CONTAINS,
    PATH_IN,
} path_op;
struct path_expr {
    path_expr_kind kind;
    path_op op;
    const path_expr *a, *b;
    path_query query;
    lk_value value;
};

/* Read a query that begins with `$`; what it is made of lives in `scratch`. LK_EVALUE if it is none
 * (the fault says where and why), LK_ELIMIT, LK_ENOMEM. */
lk_status jsonpath_parse(lk_str text, arena *scratch, path_query *out, lk_fault *fault);

#endif
