/* SPDX-License-Identifier: MIT
 * native_works.h - what is measured natively, under the names and with the numbers that works.mjs
 * has for it. A work plays one round on a library and reports figures. */
#ifndef BENCH_NATIVE_WORKS_H
#define BENCH_NATIVE_WORKS_H

#include "plain_trace.h"

typedef void play(const library *lib, const trace *t, size_t size);

typedef struct work {
    const char *name; /* with %s where the name of a trace goes */
    enum { ALONE, ON_TRACE, ON_CONCURRENT, ON_PAPER } needs; /* paper: automerge-paper */
    uint32_t can; /* what the library must be able to do */
    play *play;
    size_t size;
    bool once; /* in a process that is new */
} work;

extern const work works[];
extern const size_t work_len;

/* native_bench.c */
double cpu_ms(void);
void report(const char *figure, double value, const char *unit);

/* What is done over and over is stopped when it took this long. */
enum { PATIENCE_MS = 10000 };

/* native_basics.c: the same numbers on every run, as work.mjs draws them; and copies of updates. */
typedef struct numbers {
    uint32_t seed;
} numbers;
uint32_t numbers_below(numbers *n, size_t below);

typedef struct pile {
    view *at;
    size_t len, cap;
} pile;
view pile_push(pile *p, view bytes);
void pile_free(pile *p);

void same_text(const library *lib, void *a, void *b);
void expect_text(const library *lib, void *doc, view want);
/* Save in the first form that there is of these two, in memory of one's own. */
view saved(const library *lib, void *doc, form first, form second);
/* Save in each form, open that and read it; what a trace made, without its past and edited, too. */
void report_forms(const library *lib, void *doc, bool of_trace);

play play_trace, play_one_commit, play_concurrent, play_times, play_memory,
    play_past;                                                /* native_traces.c */
play play_both, play_stale, play_keys, play_words, play_undo; /* native_typing.c */
play play_follow, play_at_once, play_clients;                 /* native_crdts.c */
play play_map, play_map_sync, play_movable, play_tree;        /* native_containers.c */

#endif
