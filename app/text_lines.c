/* SPDX-License-Identifier: MIT
 * text_lines.c - what changed in a text, line by line.
 *
 *     old ─► steps ─► two hunks grow side by side, old and new. Where a line ends in both at once
 *                     they are compared: a line that is the same is not worth telling. */
#include "text_lines.h"

#include <string.h>

#include "host/heap.h"
#include "print.h"

typedef struct text_lines {
    lk_buf was, is; /* the lines since both ended one at once */
    size_t line;    /* of the new text, from 1: where `is` begins */
    bool told;      /* the line before was told: no new heading */
    lk_buf *out;
} text_lines;

/* Each line behind its sign. */
static void text_lines_tell(const uint8_t *at, const uint8_t *end, char sign, lk_buf *out) {
    while (at < end) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *stop = newline == NULL ? end : newline;
        heap_print(out, "%c ", sign);
        print_line(out, (lk_str){(const char *)at, (size_t)(stop - at)});
        heap_print(out, "\n");
        at = stop + 1;
    }
}

/* Bytes of the whole lines that both hunks begin with. */
static size_t text_lines_head(const lk_buf *was, const lk_buf *is) {
    size_t head = 0, i = 0;
    for (; i < was->len && i < is->len && was->at[i] == is->at[i]; i++)
        if (was->at[i] == '\n') head = i + 1;
    return i == was->len && i == is->len ? i : head;
}

/* Does a line begin that many bytes before the end? */
static bool text_lines_begins(const lk_buf *hunk, size_t head, size_t tail) {
    size_t at = hunk->len - tail;
    return at == head || hunk->at[at - 1] == '\n';
}

/* Bytes of the whole lines that both end with, behind the first `head` bytes. */
static size_t text_lines_tail(const lk_buf *was, const lk_buf *is, size_t head) {
    size_t tail = 0, i = 0;
    while (i < was->len - head && i < is->len - head &&
           was->at[was->len - 1 - i] == is->at[is->len - 1 - i]) {
        i++;
        if (text_lines_begins(was, head, i) && text_lines_begins(is, head, i)) tail = i;
    }
    return tail;
}

/* Both texts are at the end of a line, or of themselves. */
static void text_lines_flush(text_lines *t) {
    size_t head = text_lines_head(&t->was, &t->is), tail = text_lines_tail(&t->was, &t->is, head);
    bool same = head == t->was.len && head == t->is.len;
    if (!same) {
        size_t line = t->line;
        for (size_t i = 0; i < head; i++) line += t->is.at[i] == '\n';
        if (!t->told || head > 0) heap_print(t->out, "line %zu\n", line);
        text_lines_tell(t->was.at + head, t->was.at + t->was.len - tail, '-', t->out);
        text_lines_tell(t->is.at + head, t->is.at + t->is.len - tail, '+', t->out);
    }
    t->told = !same && tail == 0;
    for (size_t i = 0; i < t->is.len; i++) t->line += t->is.at[i] == '\n';
    t->was.len = t->is.len = 0;
}

static void text_lines_keep(text_lines *t, lk_str s) {
    for (size_t i = 0; i < s.len;) {
        const char *newline = memchr(s.at + i, '\n', s.len - i);
        size_t len = newline == NULL ? s.len - i : (size_t)(newline - s.at) + 1 - i;
        buf_append(&t->was, s.at + i, len);
        buf_append(&t->is, s.at + i, len);
        if (newline != NULL) text_lines_flush(t);
        i += len;
    }
}

void text_lines_print(lk_str old, const lk_delta *steps, size_t len, lk_buf *out) {
    text_lines t = {.was = HEAP_BUF, .is = HEAP_BUF, .line = 1, .out = out};
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        const lk_delta *step = &steps[i];
        size_t bytes = step->len[LK_UTF8];
        if (step->kind == LK_INSERT) {
            buf_append(&t.is, step->text.at, step->text.len);
            continue;
        }
        if (step->kind == LK_RETAIN)
            text_lines_keep(&t, (lk_str){old.at + at, bytes});
        else
            buf_append(&t.was, old.at + at, bytes);
        at += bytes;
    }
    if (old.len > at) text_lines_keep(&t, (lk_str){old.at + at, old.len - at});
    text_lines_flush(&t);
    lk_buf_free(&t.was);
    lk_buf_free(&t.is);
}
