/* SPDX-License-Identifier: MIT
 * rtc_work.c - the works, played by whichever library is linked in:
 *
 *     rtc_bench setup     20 connections one after the other, each until a byte has come back
 *     rtc_bench rtt       3,000 messages of 100 bytes, each sent when the one before has come back
 *     rtc_bench bulk      98 MB in messages of 64 KiB one way
 *     rtc_bench memory    what 50 connections more take in resident memory
 *
 * prints a line for each figure: name, value, unit. The process that answers is a fork. */
#define _GNU_SOURCE
#include "rtc_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SETUPS = 20, PINGS = 3000, WARM_PINGS = 200, PIECE = 65536, PIECES = 1500, MORE = 50 };

static struct {
    char mode; /* the first letter of its name */
    bool offering;
    atomic_bool done;
    uint32_t connections, pings, sent;
    size_t got;
    double began, cpu;
    double samples[PINGS];
    double rss[2]; /* ours and theirs, when the first connection was open */
} work;

static uint8_t piece[PIECE];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Resident memory in KB. */
static double rss(void) {
    unsigned long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%lu %lu", &pages, &resident) != 2) abort();
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static void report(const char *what, double value, const char *unit) {
    printf("%s\t%.3f\t%s\n", what, value, unit);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report_rank(const char *what, size_t len, double rank, double scale, const char *unit) {
    qsort(work.samples, len, sizeof *work.samples, compare);
    report(what, work.samples[(size_t)((double)len * rank)] * scale, unit);
}

/* ---- who offers ---- */

static void next_connection(void) {
    work.began = now();
    net_connect(work.connections++);
}

static void push(void) {
    while (work.sent < PIECES && net_waiting(0) < 2 * NET_LOW_BYTES) {
        work.sent++;
        net_send(0, piece, sizeof piece);
    }
}

static void on_setup(void) {
    work.samples[work.connections - 1] = now() - work.began;
    if (work.connections < SETUPS) {
        next_connection();
        return;
    }
    report_rank("set-up, until a byte has come back", SETUPS, 0.5, 1e3, "ms");
    work.done = true;
}

static void on_pong(void) {
    if (work.pings >= WARM_PINGS) work.samples[work.pings - WARM_PINGS] = now() - work.began;
    if (++work.pings < PINGS + WARM_PINGS) {
        work.began = now();
        net_send(0, piece, 100);
        return;
    }
    report_rank("round trip of 100 bytes, p50", PINGS, 0.5, 1e6, "us");
    report_rank("round trip of 100 bytes, p99", PINGS, 0.99, 1e6, "us");
    work.done = true;
}

static void on_received(double their_cpu) {
    double megabytes = (double)PIECE * PIECES / 1e6;
    report("throughput", megabytes / (now() - work.began), "MB/s");
    report("CPU of both ends", (cpu() - work.cpu + their_cpu) * 1e3 / megabytes, "ms/MB");
    work.done = true;
}

static void on_memory(double theirs) {
    if (work.connections == 1) work.rss[0] = rss(), work.rss[1] = theirs;
    if (work.connections <= MORE) {
        next_connection();
        return;
    }
    double both = rss() - work.rss[0] + theirs - work.rss[1];
    report("resident memory of one end", both / MORE / 2, "KB");
    work.done = true;
}

/* ---- who answers ---- */

static void answer(uint32_t connection, const void *at, size_t len) {
    double figure;
    if (work.mode == 'b') {
        if (work.got == 0) work.cpu = cpu();
        work.got += len;
        if (work.got < (size_t)PIECE * PIECES) return;
        figure = cpu() - work.cpu;
        net_send(connection, &figure, sizeof figure);
    } else if (work.mode == 'm') {
        figure = rss();
        net_send(connection, &figure, sizeof figure);
    } else
        net_send(connection, at, len);
}

/* ---- what the library tells ---- */

void work_opened(uint32_t connection) {
    if (!work.offering) return;
    if (work.mode == 'b') {
        work.cpu = cpu();
        work.began = now();
        push();
    } else
        net_send(connection, piece, work.mode == 'r' ? 100 : 1);
}

void work_message(uint32_t connection, const void *at, size_t len) {
    double figure = 0;
    if (len == sizeof figure) memcpy(&figure, at, len);
    if (!work.offering)
        answer(connection, at, len);
    else if (work.mode == 's')
        on_setup();
    else if (work.mode == 'r')
        on_pong();
    else if (work.mode == 'b')
        on_received(figure);
    else
        on_memory(figure);
}

void work_drained(uint32_t connection) {
    if (work.offering && work.mode == 'b' && connection == 0) push();
}

int main(int argc, char **argv) {
    int ends[2];
    if (argc != 2 || strchr("srbm", argv[1][0]) == NULL) return 2;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return 1;
    work.mode = argv[1][0];
    pid_t other = fork();
    work.offering = other != 0;
    close(ends[work.offering ? 0 : 1]);
    net_begin(work.offering, ends[work.offering ? 1 : 0]);
    if (work.offering) next_connection();
    net_run(&work.done);
    fflush(stdout);
    /* the other one waits for more until it hears that we are gone */
    _exit(0);
}
