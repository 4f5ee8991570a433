/* SPDX-License-Identifier: MIT
 * rich.h - text cut into runs that have one style each. */
#ifndef DOC_RICH_H
#define DOC_RICH_H

#include "doc/doc.h"

typedef struct rich_run {
    uint32_t pos, len[SEQ_UNITS]; /* pos: in entities */
    style_set styles;
} rich_run;

typedef struct rich_runs {
    rich_run *at;
    size_t len, cap;
} rich_runs;

/* Append the runs of the entities [pos, pos + len) of a text; neighbours for which `joins` are one.
 * In `memory`. false when memory is out. */
typedef bool rich_joins(const style_set *a, const style_set *b);
bool rich_cut(lk_doc *doc, uint32_t text, uint32_t pos, uint32_t len, rich_joins *joins,
              arena *memory, rich_runs *out);
/* A copy of a run's text, an insert of it with its styles. at NULL when memory is out. */
lk_str rich_text(const seq *text, const rich_run *run, arena *memory);
/* Styles as attributes; `null` says whether those taken away are told of. false when memory is out.
 */
bool rich_attributes(const lk_doc *doc, const style_set *styles, bool null, arena *memory,
                     lk_delta *out);

#endif
