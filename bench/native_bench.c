/* SPDX-License-Identifier: MIT
 * native_bench.c - plays one work on one library, natively: a round to warm up, then three, each
 * figure of each on a line: name, value, unit. What is counted is CPU time.
 *
 * usage: native_bench                                  all works, a line each: what they are played
 *                                                      on, and the name
 *        native_bench LIBRARY WORK [TRACE [PEERS.so]]  TRACE: one that native.mjs wrote
 *                                                      PEERS.so: where the other libraries are */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <time.h>

#include "check.h"
#include "native/native_works.h"

enum { ROUNDS = 3, LONG_MS = 3000 };

static char reported[1 << 14]; /* by this round */

double cpu_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void report(const char *figure, double value, const char *unit) {
    size_t len = strlen(reported);
    snprintf(reported + len, sizeof reported - len, "%s\t%.6g\t%s\n", figure, value, unit);
}

static const library *find_library(const char *name, const char *peers) {
    const library *own[] = {&lorikeet_library, &gap_library};
    for (size_t i = 0; i < 2; i++)
        if (strcmp(own[i]->name, name) == 0) return own[i];
    void *loaded = peers != NULL ? dlopen(peers, RTLD_NOW) : NULL;
    if (loaded == NULL) return NULL;
    union { /* C has no cast from an object to a function */
        void *symbol;
        const library *(*call)(size_t);
    } at = {dlsym(loaded, "bench_library")};
    for (size_t i = 0; at.symbol != NULL && at.call(i) != NULL; i++)
        if (strcmp(at.call(i)->name, name) == 0) return at.call(i);
    return NULL;
}

static double play_round(const work *w, const library *lib, const trace *t) {
    double start = cpu_ms();
    reported[0] = 0;
    w->play(lib, t, w->size);
    return cpu_ms() - start;
}

static void list(void) {
    static const char *on[] = {"nothing", "trace", "concurrent", "paper"};
    for (size_t i = 0; i < work_len; i++) printf("%s\t%s\n", on[works[i].needs], works[i].name);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        list();
        return 0;
    }
    const library *lib = find_library(argv[1], argc > 4 ? argv[4] : NULL);
    const work *w = works;
    while (w < works + work_len && strcmp(w->name, argv[2]) != 0) w++;
    if (lib == NULL || w == works + work_len) {
        fprintf(stderr, "native_bench: no library %s, or no work %s\n", argv[1], argv[2]);
        return 2;
    }
    if ((lib->can & w->can) != w->can) return 0;
    trace t = {0};
    if (w->needs != ALONE) trace_read(&t, argv[3]);
    double first_ms = play_round(w, lib, &t);
    bool enough = w->once || first_ms > LONG_MS;
    if (enough) fputs(reported, stdout);
    for (int i = 0; i < ROUNDS && !enough; i++) {
        play_round(w, lib, &t);
        fputs(reported, stdout);
    }
    trace_free(&t);
    return 0;
}
