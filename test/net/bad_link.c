/* SPDX-License-Identifier: MIT
 * bad_link.c - a link between two network namespaces that delays, reorders, loses and repeats
 * packets, for kernels without netem.
 *
 *     bad_link NS NS DELAY_MS JITTER_MS LOSS_PERCENT COPIES_PERCENT SEED
 *
 *     TUN bad0 in one ─► read ─► lost? twice? ─► waiting, until its time ─► write ─► bad0 in the
 * other
 *
 * A packet waits DELAY_MS and up to JITTER_MS more, each way. Lines in: "down", "up", "count". Out:
 * "ready", and for each line {"carried":N,"lost":N,"copied":N,"overtook":N}, both ways together. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX 2048
#define WAITING_MAX 8192 /* and what comes then is lost */

typedef struct packet {
    uint64_t at_us, order;
    int to; /* which of the ends */
    size_t len;
    uint8_t bytes[PACKET_MAX];
} packet;

typedef struct bad_link {
    int ends[2];
    uint64_t delay_us, jitter_us, order, last_order[2];
    uint32_t loss, copies;
    rng random;
    bool down;
    packet *waiting[WAITING_MAX];
    size_t len;
    uint64_t carried, lost, copied, overtook;
} bad_link;

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* The device stays in the namespace in which it was made, wherever we go. */
static int link_end(const char *name) {
    char path[128];
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int ns = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(ns >= 0 && setns(ns, CLONE_NEWNET) == 0);
    close(ns);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strcpy(request.ifr_name, "bad0");
    CHECK(fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0);
    return fd;
}

static void link_put(bad_link *l, int to, const uint8_t *bytes, size_t len) {
    if (l->len == WAITING_MAX) {
        l->lost++;
        return;
    }
    packet *p = malloc(sizeof *p);
    CHECK(p != NULL);
    uint64_t jitter = l->jitter_us == 0 ? 0 : rng_u64(&l->random) % l->jitter_us;
    *p = (packet){
        .at_us = now_us() + l->delay_us + jitter, .order = ++l->order, .to = to, .len = len};
    memcpy(p->bytes, bytes, len);
    l->waiting[l->len++] = p;
}

static void link_read(bad_link *l, int from) {
    uint8_t bytes[PACKET_MAX];
    ssize_t len;
    while ((len = read(l->ends[from], bytes, sizeof bytes)) > 0) {
        if (l->down || rng_below(&l->random, 100) < l->loss) {
            l->lost++;
            continue;
        }
        link_put(l, 1 - from, bytes, (size_t)len);
        if (rng_below(&l->random, 100) >= l->copies) continue;
        l->copied++;
        link_put(l, 1 - from, bytes, (size_t)len);
    }
}

/* Deliver what is due, first what is due first; gives when the next one is, or UINT64_MAX. */
static uint64_t link_deliver(bad_link *l) {
    for (;;) {
        size_t first = 0;
        for (size_t i = 1; i < l->len; i++)
            if (l->waiting[i]->at_us < l->waiting[first]->at_us) first = i;
        if (l->len == 0) return UINT64_MAX;
        packet *p = l->waiting[first];
        if (p->at_us > now_us()) return p->at_us;
        l->waiting[first] = l->waiting[--l->len];
        l->overtook += p->order < l->last_order[p->to];
        if (p->order > l->last_order[p->to]) l->last_order[p->to] = p->order;
        l->carried++;
        if (write(l->ends[p->to], p->bytes, p->len) < 0) l->lost++;
        free(p);
    }
}

/* False at the end of the input. */
static bool link_command(bad_link *l) {
    char line[256];
    ssize_t len = read(0, line, sizeof line - 1);
    if (len <= 0) return false;
    line[len] = 0;
    if (strstr(line, "down") != NULL) l->down = true;
    if (strstr(line, "up") != NULL) l->down = false;
    printf("{\"carried\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"copied\":%" PRIu64
           ",\"overtook\":%" PRIu64 "}\n",
           l->carried, l->lost, l->copied, l->overtook);
    fflush(stdout);
    return true;
}

int main(int argc, char **argv) {
    static bad_link l;
    CHECK(argc == 8);
    for (int i = 0; i < 2; i++) l.ends[i] = link_end(argv[1 + i]);
    l.delay_us = strtoull(argv[3], NULL, 10) * 1000;
    l.jitter_us = strtoull(argv[4], NULL, 10) * 1000;
    l.loss = (uint32_t)strtoul(argv[5], NULL, 10);
    l.copies = (uint32_t)strtoul(argv[6], NULL, 10);
    l.random = (rng){strtoull(argv[7], NULL, 10)};
    puts("ready");
    fflush(stdout);
    for (;;) {
        uint64_t next_us = link_deliver(&l), now = now_us();
        struct pollfd fds[] = {{l.ends[0], POLLIN, 0}, {l.ends[1], POLLIN, 0}, {0, POLLIN, 0}};
        uint64_t left_us = next_us == UINT64_MAX ? 1000000 : next_us > now ? next_us - now : 0;
        struct timespec wait = {(time_t)(left_us / 1000000), (long)(left_us % 1000000 * 1000)};
        ppoll(fds, 3, &wait, NULL);
        for (int i = 0; i < 2; i++)
            if (fds[i].revents != 0) link_read(&l, i);
        if (fds[2].revents != 0 && !link_command(&l)) return 0;
    }
}
