/* SPDX-License-Identifier: MIT
 * mdns_test.c - when names are asked for, and which answers count. The network is played here: the
 * linker takes what it finds in this file before it looks into the library. */
#include "host/mdns.h"

#include "check.h"
#include "host/socket.h"

#include <fcntl.h>

#define NAME "%08x-34a1-4e9c-8a9a-f2a34a9a58c8.local"
enum { SOCKETS = 3 }; /* of IPv4; of IPv6 there are none */

static struct {
    size_t sent;
    uint8_t answer[128];
    size_t answer_len, copies; /* how often it comes */
    uint16_t port;
} net;

size_t socket_multicast(const lk_addr *group, int *out, size_t cap) {
    CHECK(group->port == 5353 && cap >= SOCKETS);
    if (group->family != 4) return 0;
    for (int i = 0; i < SOCKETS; i++) CHECK((out[i] = open("/dev/null", O_RDONLY)) >= 0);
    return SOCKETS;
}
void socket_multicast_send(int fd, lk_bytes datagram) {
    CHECK(fd >= 0 && datagram.len == MDNS_QUERY);
    net.sent++;
}
int64_t socket_receive(int fd, uint8_t *into, size_t cap, lk_addr *from, size_t *each) {
    CHECK(fd >= 0 && cap == SOCKET_BATCH_BYTES);
    if (net.copies == 0) return -1;
    net.copies--;
    memcpy(into, net.answer, *each = net.answer_len);
    *from = (lk_addr){.family = 4, .port = net.port, .ip = {192, 0, 2, 1}};
    return (int64_t)net.answer_len;
}

static void ask(mdns *m, unsigned number, uint64_t now_ms) {
    char name[HIDDEN_NAME + 1];
    snprintf(name, sizeof name, NAME, number);
    mdns_ask(m, (lk_str){name, HIDDEN_NAME}, now_ms);
}

/* The answer to a question for that name, so often and from that port. */
static void answer(unsigned number, size_t copies, uint16_t port) {
    static const uint8_t record[] = "\xc0\xc\0\1\x80\1\0\0\0\x78\0\4\xc0\0\2\7";
    char name[HIDDEN_NAME + 1];
    snprintf(name, sizeof name, NAME, number);
    mdns_query_write((lk_str){name, HIDDEN_NAME}, 4, net.answer);
    net.answer[2] = 0x84, net.answer[7] = 1;
    memcpy(net.answer + MDNS_QUERY, record, sizeof record - 1);
    net.answer_len = MDNS_QUERY + sizeof record - 1;
    net.copies = copies, net.port = port;
}

static size_t read_all(mdns *m) {
    static uint8_t room[SOCKET_BATCH_BYTES];
    mdns_inbox inbox = {0};
    mdns_answer a;
    size_t found = 0;
    while (mdns_read(m, m->sockets[0], room, &inbox, &a)) found++;
    return found;
}

/* How many datagrams left since it was asked last. */
static size_t sent(void) {
    size_t count = net.sent;
    net.sent = 0;
    return count;
}

/* On each interface for both families: at once, after 1 s, after 3 s; over after 5 s. */
static void check_times(void) {
    mdns m = {0};
    CHECK(!mdns_over(&m) && mdns_wake_at(&m) == UINT64_MAX);
    ask(&m, 1, 1000);
    CHECK(m.socket_len == SOCKETS && sent() == 2 * SOCKETS);
    for (uint64_t now_ms = 1000; now_ms < 6000; now_ms++) {
        CHECK(mdns_wake_at(&m) > now_ms && !mdns_over(&m));
        mdns_tick(&m, now_ms + 1);
        bool again = now_ms + 1 == 2000 || now_ms + 1 == 4000;
        CHECK_EQ(sent(), again ? 2 * SOCKETS : 0);
    }
    CHECK(mdns_over(&m) && mdns_wake_at(&m) == UINT64_MAX);
    mdns_drop(&m);
    CHECK(!mdns_over(&m) && m.socket_len == 0);
}

static void check_answers(void) {
    mdns m = {0};
    ask(&m, 1, 1000);
    answer(2, 1, 5353); /* nobody asked for that */
    CHECK_EQ(read_all(&m), 0);
    answer(1, 1, 5354); /* from far away */
    CHECK_EQ(read_all(&m), 0);
    answer(1, 2, 5353);
    CHECK_EQ(read_all(&m), 2);
    sent();
    mdns_tick(&m, 2000); /* now it need not be asked for any more */
    CHECK_EQ(sent(), 0);
    answer(1, 1000, 5353); /* others get their turn */
    size_t found = read_all(&m);
    CHECK(found > 0 && found < 100 && net.copies > 900);
    net.copies = 0;
    mdns_drop(&m);
}

/* A name is asked for once at a time, and so many at most. */
static void check_bounds(void) {
    mdns m = {0};
    for (unsigned i = 0; i < 40; i++) ask(&m, i / 2, 1000);
    CHECK_EQ(m.query_len, MDNS_NAMES);
    CHECK_EQ(sent(), MDNS_NAMES * 2 * SOCKETS);
    for (uint64_t now_ms = 1000; now_ms <= 6000; now_ms += 500) mdns_tick(&m, now_ms);
    CHECK(mdns_over(&m));
    ask(&m, 19, 7000);
    CHECK_EQ(m.query_len, 1);
    mdns_drop(&m);
}

int main(void) {
    CHECK_EQ(mdns_reach(), SOCKETS);
    check_times();
    check_answers();
    check_bounds();
    puts("mdns: names are asked for three times, and then no more");
    return 0;
}
