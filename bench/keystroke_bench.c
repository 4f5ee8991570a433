/* SPDX-License-Identifier: MIT
 * keystroke_bench.c - what one key costs the engine, native, in documents of three sizes: time and
 * bytes where it is typed, time where it arrives. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <time.h>

#include "lorikeet.h"

enum { BENCH_KEYS = 2000, BENCH_CHUNK = 1000 };

static double bench_now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int bench_order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static double bench_median(double *samples, size_t len) {
    qsort(samples, len, sizeof *samples, bench_order);
    return samples[len / 2];
}

static lk_ref bench_text(lk_doc *doc) {
    lk_ref text;
    CHECK_EQ(lk_root(doc, LK_TEXT, (lk_str){"text", 4}, &text), LK_OK);
    return text;
}

/* A document of `size` bytes that was written in chunks all over, as documents are. */
static lk_doc *bench_document(size_t size) {
    char chunk[BENCH_CHUNK];
    memset(chunk, 'x', sizeof chunk);
    lk_doc *doc = lk_new(1, NULL);
    CHECK(doc != NULL);
    lk_ref text = bench_text(doc);
    rng random = {7};
    for (size_t len = 0; len < size; len += BENCH_CHUNK) {
        size_t at = rng_below(&random, (uint32_t)len + 1);
        CHECK_EQ(lk_text_insert(doc, text, at, LK_UTF16, (lk_str){chunk, BENCH_CHUNK}), LK_OK);
    }
    CHECK_EQ(lk_commit(doc, NULL), LK_OK);
    return doc;
}

static void bench_size(size_t size, const char *name) {
    static double typed_us[BENCH_KEYS], arrived_us[BENCH_KEYS];
    lk_doc *here = bench_document(size), *there = lk_new(2, NULL);
    CHECK(there != NULL);
    lk_buf out = {0};
    CHECK_EQ(lk_export(here, LK_UPDATES, (lk_ids){0}, &out), LK_OK);
    CHECK_EQ(lk_import(there, (lk_bytes){out.at, out.len}, NULL, NULL), LK_OK);
    out.len = 0;
    CHECK_EQ(lk_export_local(here, &out), LK_OK);
    lk_ref text = bench_text(here);
    size_t bytes = 0;
    for (size_t i = 0; i < BENCH_KEYS; i++) {
        out.len = 0;
        double start = bench_now_us();
        CHECK_EQ(lk_text_insert(here, text, size / 2 + i, LK_UTF16, (lk_str){"k", 1}), LK_OK);
        CHECK_EQ(lk_export_local(here, &out), LK_OK);
        double typed = bench_now_us();
        CHECK_EQ(lk_import(there, (lk_bytes){out.at, out.len}, NULL, NULL), LK_OK);
        arrived_us[i] = bench_now_us() - typed;
        typed_us[i] = typed - start;
        bytes += out.len;
    }
    CHECK_EQ(lk_text_len(there, bench_text(there), LK_UTF16), size + BENCH_KEYS);
    printf("key, %s document, native: typed\t%.2f\t\tus\n", name,
           bench_median(typed_us, BENCH_KEYS));
    printf("key, %s document, native: arrived\t%.2f\t\tus\n", name,
           bench_median(arrived_us, BENCH_KEYS));
    printf("key, %s document, native: update\t%.1f\t\tbytes\n", name, (double)bytes / BENCH_KEYS);
    lk_buf_free(&out);
    lk_free(here);
    lk_free(there);
}

int main(void) {
    bench_size(1000, "1 kB");
    bench_size(100 * 1000, "100 kB");
    bench_size(10 * 1000 * 1000, "10 MB");
    return 0;
}
