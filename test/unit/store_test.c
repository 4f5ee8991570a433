/* SPDX-License-Identifier: MIT
 * store_test.c - what was acknowledged is there again, after a close, a kill, or a failure. */
#define _GNU_SOURCE /* mkdtemp, kill */
#include "host/store.h"

#include "check.h"
#include "host/heap.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/lorikeet-store-XXXXXX";

static const char *path_of(const char *name) {
    static lk_buf path = HEAP_BUF;
    path.len = 0;
    heap_print(&path, "%s/%s", folder, name);
    return heap_str(&path);
}

static store *open_good(const char *name) {
    lk_buf why = HEAP_BUF;
    store *s = store_open(path_of(name), &why);
    if (s == NULL) fprintf(stderr, "%s\n", heap_str(&why));
    CHECK(s != NULL && why.len == 0);
    return s;
}

/* The reason must name the file and say `wanted`. */
static void open_bad(const char *name, const char *wanted) {
    lk_buf why = HEAP_BUF;
    CHECK(store_open(path_of(name), &why) == NULL);
    CHECK(strstr(heap_str(&why), name) != NULL);
    if (strstr(heap_str(&why), wanted) == NULL) fprintf(stderr, "%s\n", heap_str(&why));
    CHECK(strstr(heap_str(&why), wanted) != NULL);
    lk_buf_free(&why);
}

static void append_number(store *s, uint32_t from, uint32_t count) {
    uint32_t numbers[64];
    lk_bytes blobs[64];
    lk_buf why = HEAP_BUF;
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = from + i;
        blobs[i] = (lk_bytes){(const uint8_t *)&numbers[i], sizeof numbers[i]};
    }
    CHECK(store_append(s, blobs, count, NULL, &why));
}

/* The blobs must be the numbers 0, 1, 2...; how many there are. */
static uint32_t count_numbers(store *s) {
    lk_buf why = HEAP_BUF;
    int64_t at = 0;
    uint32_t count = 0, number;
    lk_bytes blob;
    while (store_next(s, &at, &blob, &why) == STORE_BLOB) {
        CHECK_EQ(blob.len, sizeof number);
        memcpy(&number, blob.at, sizeof number);
        CHECK_EQ(number, count);
        count++;
    }
    CHECK_EQ(why.len, 0);
    return count;
}

static void keeps_order(void) {
    store *s = open_good("order.db");
    CHECK_EQ(count_numbers(s), 0);
    append_number(s, 0, 1);
    append_number(s, 1, 63);
    CHECK_EQ(count_numbers(s), 64);
    CHECK_EQ(count_numbers(s), 64);
    store_close(s);
    s = open_good("order.db");
    append_number(s, 64, 5);
    CHECK_EQ(count_numbers(s), 69);
    store_close(s);
}

static void compacts(void) {
    store *s = open_good("compact.db");
    append_number(s, 0, 10);
    lk_buf why = HEAP_BUF;
    int64_t at = 0, dropped[9];
    lk_bytes blob;
    for (int i = 0; i < 9; i++) {
        CHECK(store_next(s, &at, &blob, &why) == STORE_BLOB);
        dropped[i] = at;
    }
    CHECK(store_compact(s, dropped, 9, (lk_bytes){(const uint8_t *)"all", 3}, "/a", &why));
    store_close(s);
    s = open_good("compact.db");
    at = 0;
    CHECK(store_next(s, &at, &blob, &why) == STORE_BLOB);
    CHECK_EQ(blob.len, 4); /* the one that was kept */
    CHECK(store_next(s, &at, &blob, &why) == STORE_BLOB);
    CHECK_BYTES(blob.at, blob.len, "all", 3);
    CHECK(store_next(s, &at, &blob, &why) == STORE_END);
    store_close(s);
}

static void marks(void) {
    store *s = open_good("marks.db");
    lk_buf why = HEAP_BUF;
    CHECK_EQ(store_marked(s, "/a"), -1);
    CHECK(store_append(s, NULL, 0, "/a", &why));
    CHECK_EQ(store_marked(s, "/a"), 0);
    append_number(s, 0, 3);
    uint32_t three = 3;
    CHECK(store_append(s, &(lk_bytes){(const uint8_t *)&three, 4}, 1, "/a", &why));
    CHECK_EQ(store_marked(s, "/a"), 3); /* before the blob that came with it */
    CHECK_EQ(store_marked(s, "/b"), -1);
    CHECK_EQ(store_mark_count(s), 1);
    store_close(s);
    s = open_good("marks.db");
    CHECK_EQ(store_marked(s, "/a"), 3);
    int64_t first = 1;
    CHECK(store_compact(s, &first, 1, (lk_bytes){(const uint8_t *)"all", 3}, "/a", &why));
    CHECK_EQ(store_marked(s, "/a"), 5);
    CHECK(store_append(s, NULL, 0, "/b", &why));
    CHECK(store_compact(s, NULL, 0, (lk_bytes){(const uint8_t *)"all", 3}, NULL, &why));
    CHECK_EQ(store_marked(s, "/a"), -1);
    CHECK_EQ(store_marked(s, "/b"), -1);
    store_close(s);
}

static void refuses(void) {
    FILE *file = fopen(path_of("text.db"), "w");
    CHECK(file != NULL);
    for (int i = 0; i < 1000; i++) fputs("this is no database\n", file);
    fclose(file);
    open_bad("text.db", "not a database");
    open_bad("no/such/folder.db", "unable to open");

    store *s = open_good("damaged.db");
    append_number(s, 0, 64);
    store_close(s);
    file = fopen(path_of("damaged.db"), "r+");
    CHECK(file != NULL);
    fseek(file, 100, SEEK_SET);
    for (int i = 0; i < 4000; i++) fputc(0xa5, file);
    fclose(file);
    open_bad("damaged.db", "malformed");
}

/* Locks belong to processes, so the second one must be another process. */
static void keeps_others_out(void) {
    store *s = open_good("locked.db");
    append_number(s, 0, 1);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        open_bad("locked.db", "another process has it open");
        _exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    append_number(s, 1, 1);
    CHECK_EQ(count_numbers(s), 2);
    store_close(s);
}

/* A child appends and tells us each number after it was acknowledged, until it is killed. */
static _Noreturn void append_until_killed(int tell, uint32_t next) {
    store *s = open_good("killed.db");
    for (;; next++) {
        append_number(s, next, 1);
        if (write(tell, &next, sizeof next) != sizeof next) _exit(1);
    }
}

static void survives_kills(void) {
    rng r = {42};
    uint32_t acknowledged = 0; /* how many numbers */
    for (int round = 0; round < 30; round++) {
        int ends[2];
        CHECK(pipe(ends) == 0);
        store *s = open_good("killed.db");
        uint32_t have = count_numbers(s);
        store_close(s);
        CHECK(have >= acknowledged && have <= acknowledged + 1);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) append_until_killed(ends[1], have);
        close(ends[1]);
        uint32_t last = 0, until = have + rng_below(&r, 20);
        do CHECK(read(ends[0], &last, sizeof last) == sizeof last);
        while (last < until);
        usleep(rng_below(&r, 3000));
        kill(child, SIGKILL);
        CHECK(waitpid(child, NULL, 0) == child);
        while (read(ends[0], &last, sizeof last) == sizeof last) {}
        close(ends[0]);
        acknowledged = last + 1;
    }
    printf("30 kills, %u appends acknowledged and kept\n", acknowledged);
}

/* A full disk, played by a limit on the size of files: the append fails, what was there stays, and
 * the store goes on when there is room again. */
static void survives_a_full_disk(void) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        store *s = open_good("full.db");
        append_number(s, 0, 1);
        lk_buf why = HEAP_BUF, big = HEAP_BUF;
        buf_reserve(&big, 4u << 20);
        memset(big.at, 7, 4u << 20);
        signal(SIGXFSZ, SIG_IGN);
        struct rlimit limit;
        CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
        rlim_t was = limit.rlim_cur;
        limit.rlim_cur = 1u << 20;
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        CHECK(!store_append(s, &(lk_bytes){big.at, 4u << 20}, 1, NULL, &why));
        CHECK(why.len > 0);
        limit.rlim_cur = was;
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        append_number(s, 1, 1);
        CHECK_EQ(count_numbers(s), 2);
        store_close(s);
        _exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
}

int main(void) {
    CHECK(mkdtemp(folder) != NULL);
    keeps_order();
    compacts();
    marks();
    refuses();
    keeps_others_out();
    survives_kills();
    survives_a_full_disk();
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
    return 0;
}
