/* SPDX-License-Identifier: MIT
 * graph.h - draws who builds on whom beside rows of text, newest first.
 *
 *     *     9      each column waits for one node. 9 builds on 7 and 8: its column waits for
 *     +-.          one of them from now on, a new column for the other
 *     | *   8
 *     * |   7
 *     +-'          7 builds on what the other column waits for already, and so the column ends
 *     *     5
 */
#ifndef APP_GRAPH_H
#define APP_GRAPH_H

#include "base/mem.h"

#define GRAPH_NOBODY UINT32_MAX

typedef struct graph {
    VEC(uint32_t) waits; /* per column: the node it waits for, or GRAPH_NOBODY */
    size_t at;           /* column of the node drawn last */
} graph;

/* Appends the beginning of the row of `node`, and of further rows of text about it. */
void graph_node(graph *g, uint32_t node, lk_buf *out);
void graph_beside(const graph *g, bool has_parents, lk_buf *out);
/* Go on from it to its parents, each once; appends a row if columns begin or end. */
void graph_parents(graph *g, const uint32_t *parents, size_t len, lk_buf *out);
void graph_drop(graph *g);

#endif
