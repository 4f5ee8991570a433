/* SPDX-License-Identifier: MIT
 * addr.c - IP endpoints. Names are none: a remote candidate that is a name would make us ask a
 * resolver on a stranger's behalf (but see hidden_name_read()). */
#define _POSIX_C_SOURCE 200809L
#include "rtc/addr.h"

#include <arpa/inet.h>

#include "base/mem.h"

static size_t addr_len(const lk_addr *a) { return a->family == 4 ? 4 : 16; }

bool addr_same_host(const lk_addr *a, const lk_addr *b) {
    return a->family == b->family && a->scope == b->scope &&
           __builtin_memcmp(a->ip, b->ip, addr_len(a)) == 0;
}

bool addr_equal(const lk_addr *a, const lk_addr *b) {
    return a->port == b->port && addr_same_host(a, b);
}

bool addr_loopback(const lk_addr *a) {
    static const uint8_t one[16] = {[15] = 1};
    return a->family == 4 ? a->ip[0] == 127 : __builtin_memcmp(a->ip, one, 16) == 0;
}

static bool addr_usable4(const uint8_t *ip) {
    bool link_local = ip[0] == 169 && ip[1] == 254;
    return ip[0] != 0 && ip[0] < 224 &&
           !link_local; /* 224 and up: multicast, reserved, broadcast */
}

static bool addr_usable6(const uint8_t *ip) {
    static const uint8_t zeros[12] = {0};
    bool multicast = ip[0] == 0xff;
    bool link_local = ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
    bool mapped = __builtin_memcmp(ip, zeros, 10) == 0 && ip[10] == 0xff && ip[11] == 0xff;
    bool unspecified = __builtin_memcmp(ip, zeros, 12) == 0 && ip[12] + ip[13] + ip[14] == 0;
    return !multicast && !link_local && !mapped && !(unspecified && ip[15] == 0);
}

bool addr_meets(const lk_addr *a, const lk_addr *b) {
    return a->family == b->family && addr_loopback(a) == addr_loopback(b);
}

bool addr_usable(const lk_addr *a) {
    if (a->port == 0) return false;
    if (a->family == 4) return addr_usable4(a->ip);
    return a->family == 6 && addr_usable6(a->ip);
}

bool addr_read(lk_str text, uint16_t port, lk_addr *out) {
    char literal[ADDR_TEXT];
    if (text.len >= sizeof literal) return false;
    __builtin_memcpy(literal, text.at, text.len);
    literal[text.len] = '\0';
    *out = (lk_addr){.family = 4, .port = port};
    if (inet_pton(AF_INET, literal, out->ip) == 1) return true;
    out->family = 6;
    return inet_pton(AF_INET6, literal, out->ip) == 1;
}

void addr_print(const lk_addr *a, char out[ADDR_TEXT]) {
    LK_ASSERT(a->family == 4 || a->family == 6);
    inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, out, ADDR_TEXT);
}
