/* SPDX-License-Identifier: MIT
 * text_lines.h - what changed in a text, line by line. */
#ifndef APP_TEXT_LINES_H
#define APP_TEXT_LINES_H

#include "base/mem.h"

/* Append, of the old text and the steps that make the new one of it, the lines that went (-) and
 * those that came (+), behind the number the first of them has in the new text. */
void text_lines_print(lk_str old, const lk_delta *steps, size_t len, lk_buf *out);

#endif
