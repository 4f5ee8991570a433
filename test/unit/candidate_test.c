/* SPDX-License-Identifier: MIT
 * candidate_test.c - candidate lines: what browsers write, what is of no use, what is broken. */
#include "check.h"

#include <ctype.h>

#include "rtc/addr.h"
#include "rtc/candidate.h"

static lk_str str(const char *s) { return (lk_str){s, strlen(s)}; }

static void check_usable(const char *line, candidate_kind kind, uint32_t priority, const char *ip,
                         uint16_t port, const char *ufrag_want) {
    candidate c;
    lk_str ufrag;
    lk_addr want;
    CHECK(addr_read(str(ip), port, &want));
    CHECK_EQ(candidate_read(str(line), &c, &ufrag, NULL), LK_OK);
    CHECK_EQ(c.kind, kind);
    CHECK_EQ(c.priority, priority);
    CHECK(addr_equal(&c.addr, &want));
    CHECK_BYTES(ufrag.at, ufrag.len, ufrag_want, strlen(ufrag_want));
}

static void check_useless(const char *line) {
    candidate c;
    lk_str ufrag;
    CHECK_EQ(candidate_read(str(line), &c, &ufrag, NULL), LK_EVALUE);
}

static void check_broken(const char *line, size_t offset) {
    candidate c;
    lk_str ufrag;
    lk_fault fault;
    CHECK_EQ(candidate_read(str(line), &c, &ufrag, &fault), LK_ECORRUPT);
    CHECK_EQ(fault.offset, offset);
}

static void check_round_trip(void) {
    candidate c = {.kind = CANDIDATE_SRFLX,
                   .priority = candidate_priority(CANDIDATE_SRFLX, 2),
                   .foundation = 19},
              back;
    lk_str ufrag;
    lk_buf out = {0};
    CHECK(addr_read(str("2001:db8::7"), 9, &c.addr) && addr_read(str("fd00::1"), 65535, &c.base));
    CHECK(candidate_write(&c, &out));
    const char *want =
        "candidate:19 1 udp 1694498303 2001:db8::7 9 typ srflx raddr fd00::1 rport 65535";
    CHECK_BYTES(out.at, out.len, want, strlen(want));
    CHECK_EQ(candidate_read((lk_str){(const char *)out.at, out.len}, &back, &ufrag, NULL), LK_OK);
    CHECK(back.kind == c.kind && back.priority == c.priority && addr_equal(&back.addr, &c.addr));
    lk_buf_free(&out);
}

static void check_hidden(void) {
    candidate c;
    lk_str ufrag;
    const char *line = "candidate:1 1 udp 2113937151 4a9a58c8-34a1-4e9c-8a9a-f2a34a9a58c8.local 5 "
                       "typ host ufrag abcd";
    CHECK_EQ(candidate_read(str(line), &c, &ufrag, NULL), LK_OK);
    CHECK(c.hidden && c.addr.family == 0 && c.addr.port == 5 && c.addr.ip[0] == 0x4a);
}

int main(void) {
    check_hidden();
    check_usable("candidate:842163049 1 udp 1677729535 203.0.113.9 46622 typ srflx raddr 10.0.0.2 "
                 "rport 46622 generation 0 ufrag 4ZcD network-id 1 network-cost 10",
                 CANDIDATE_SRFLX, 1677729535, "203.0.113.9", 46622, "4ZcD");
    check_usable("a=candidate:0 1 UDP 2122252543 fd00::5 1 typ host", CANDIDATE_HOST, 2122252543,
                 "fd00::5", 1, "");
    check_usable("candidate:1 1 udp 1 10.0.0.1 2 typ prflx", CANDIDATE_PRFLX, 1, "10.0.0.1", 2, "");
    check_usable("candidate:1 1 udp 1 10.0.0.1 2 typ relay", CANDIDATE_RELAY, 1, "10.0.0.1", 2, "");
    check_useless("candidate:1 1 tcp 1518280447 10.0.0.1 9 typ host tcptype active");
    check_useless("candidate:1 1 udp 2113937151 4a9a58c8-34a1-4e9c-8a9a-f2a3.local 5 typ host");
    check_useless("candidate:1 2 udp 2113937150 10.0.0.1 5 typ host");
    check_useless("candidate:1 1 udp 2113937150 10.0.0.1 5 typ later");
    check_useless("candidate:1 1 udp 2113937150 10.0.0.256 5 typ host");
    check_broken("", 0);
    check_broken("candidat:1 1 udp 1 10.0.0.1 5 typ host", 0);
    check_broken("candidate:1 one udp 1 10.0.0.1 5 typ host", 12);
    check_broken("candidate:1 1 udp 4294967296 10.0.0.1 5 typ host", 18);
    check_broken("candidate:1 1 udp 1 10.0.0.1 65536 typ host", 29);
    check_broken("candidate:1 1 udp 1 10.0.0.1 5 host", 31);
    check_round_trip();
    CHECK_EQ(candidate_priority(CANDIDATE_HOST, 0), 2130706431);
    CHECK(candidate_priority(CANDIDATE_HOST, 1) < candidate_priority(CANDIDATE_HOST, 0));
    CHECK(candidate_priority(CANDIDATE_PRFLX, 0) < candidate_priority(CANDIDATE_HOST, 15));
    printf("candidate_test: ok\n");
    return 0;
}
