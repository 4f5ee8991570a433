/* SPDX-License-Identifier: MIT
 * graph.c - columns, and what joins them. Columns never move: one that ended is free for the next
 * that begins, so that a line can be followed by eye. */
#include "graph.h"

#include "host/heap.h"

static size_t graph_find(const graph *g, uint32_t node) {
    size_t i = 0;
    while (i < g->waits.len && g->waits.at[i] != node) i++;
    return i;
}

/* The column that waits for `node`; if there is none, a free one that does from now on. */
static size_t graph_column(graph *g, uint32_t node) {
    size_t column = graph_find(g, node);
    if (column < g->waits.len) return column;
    column = graph_find(g, GRAPH_NOBODY);
    if (column == g->waits.len) vec_push(&heap_memory, &g->waits);
    g->waits.at[column] = node;
    return column;
}

static void graph_trim(graph *g) {
    while (g->waits.len > 0 && g->waits.at[g->waits.len - 1] == GRAPH_NOBODY) g->waits.len--;
}

/* One row: `own` in the column of the node drawn last. */
static void graph_row(const graph *g, char own, lk_buf *out) {
    for (size_t i = 0; i < g->waits.len; i++) {
        char c = g->waits.at[i] == GRAPH_NOBODY ? ' ' : '|';
        heap_print(out, "%c ", i == g->at ? own : c);
    }
}

void graph_node(graph *g, uint32_t node, lk_buf *out) {
    g->at = graph_column(g, node);
    graph_row(g, '*', out);
}

void graph_beside(const graph *g, bool has_parents, lk_buf *out) {
    graph_row(g, has_parents ? '|' : ' ', out);
}

/* ---- joints ---- */

typedef struct graph_joint { /* the row between a node and its parents */
    VEC(char) marks;         /* per column; 0: no line ends here */
    size_t first, last;      /* columns the horizontal line reaches */
} graph_joint;

static void graph_mark(graph_joint *joint, size_t column, char mark) {
    while (joint->marks.len <= column) *vec_push(&heap_memory, &joint->marks) = 0;
    joint->marks.at[column] = mark;
    if (column < joint->first) joint->first = column;
    if (column > joint->last) joint->last = column;
}

static void graph_draw(const graph *g, const graph_joint *joint, lk_buf *out) {
    size_t columns = g->waits.len > joint->marks.len ? g->waits.len : joint->marks.len;
    for (size_t i = 0; i < columns; i++) {
        bool inside = i >= joint->first && i <= joint->last;
        bool waits = i < g->waits.len && g->waits.at[i] != GRAPH_NOBODY;
        char mark = i < joint->marks.len ? joint->marks.at[i] : 0;
        if (mark == 0) mark = waits ? '|' : inside ? '-' : ' ';
        heap_print(out, "%c%c", mark, inside && i < joint->last ? '-' : ' ');
    }
    while (out->len > 0 && out->at[out->len - 1] == ' ') out->len--;
    heap_print(out, "\n");
}

void graph_parents(graph *g, const uint32_t *parents, size_t len, lk_buf *out) {
    graph_joint joint = {.first = g->at, .last = g->at};
    bool goes_on = false;
    g->waits.at[g->at] = GRAPH_NOBODY;
    for (size_t i = 0; i < len; i++) {
        bool waited = graph_find(g, parents[i]) < g->waits.len;
        if (!waited && !goes_on) {
            g->waits.at[g->at] = parents[i];
            goes_on = true;
        } else {
            graph_mark(&joint, graph_column(g, parents[i]), waited ? '+' : '.');
        }
    }
    if (joint.marks.len > 0) {
        graph_mark(&joint, g->at, goes_on ? '+' : '\'');
        graph_draw(g, &joint, out);
    }
    vec_drop(&heap_memory, &joint.marks);
    graph_trim(g);
}

void graph_drop(graph *g) { vec_drop(&heap_memory, &g->waits); }
