/* SPDX-License-Identifier: MIT
 * print.h - what documents hold, in words for people. Nothing that comes out of a document can
 * steer a terminal: control characters are spelled. All of it appends. */
#ifndef APP_PRINT_H
#define APP_PRINT_H

#include "base/mem.h"

/* In double quotes, as JSON has it. */
void print_quoted(lk_buf *out, lk_str s);
/* The same without quotes around it, if it can do without. */
void print_name(lk_buf *out, lk_str s);
/* A line of a text as it stands, tabs included. */
void print_line(lk_buf *out, lk_str s);
/* JSON; a child container is told by its kind: (text). */
void print_value(lk_buf *out, const lk_doc *doc, const lk_value *value);
/* "list/0/title (text)": its way from the root. One that does not show: its id. */
void print_container(lk_buf *out, lk_doc *doc, lk_ref ref);
/* "1 operation", "2 operations". */
void print_count(lk_buf *out, uint64_t count, const char *noun);
/* "3..7", or "3" alone. */
void print_range(lk_buf *out, uint64_t first, uint64_t last);
/* COUNTER@PEER,COUNTER@PEER */
void print_ids(lk_buf *out, lk_ids ids);
/* Seconds of Unix time, in UTC; nothing for 0. */
void print_time(lk_buf *out, int64_t timestamp_s);

#endif
