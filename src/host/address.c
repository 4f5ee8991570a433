/* SPDX-License-Identifier: MIT
 * address.c - taking addresses apart. */
#include "host/address.h"

#include <string.h>

#include <arpa/inet.h>

static bool address_port(lk_str digits, uint16_t *out) {
    uint32_t port = 0;
    if (digits.len == 0 || digits.len > 5) return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9') return false;
        port = port * 10 + (uint32_t)(digits.at[i] - '0');
    }
    *out = (uint16_t)port;
    return port <= 0xffff;
}

bool address_read(lk_str text, uint16_t default_port, address *out) {
    if (text.len == 0) return false;
    const char *end = text.at + text.len, *after;
    if (text.at[0] == '[') {
        const char *bracket = memchr(text.at, ']', text.len);
        if (bracket == NULL) return false;
        out->host = (lk_str){text.at + 1, (size_t)(bracket - text.at - 1)};
        after = bracket + 1;
    } else {
        const char *colon = memchr(text.at, ':', text.len);
        after = colon == NULL ? end : colon;
        out->host = (lk_str){text.at, (size_t)(after - text.at)};
    }
    out->port = default_port;
    /* A name on the wire has at most 253 bytes (RFC 1035, section 2.3.4). */
    if (out->host.len == 0 || out->host.len > 253) return false;
    if (memchr(out->host.at, 0, out->host.len) != NULL) return false;
    if (after == end) return default_port != 0;
    return *after == ':' &&
           address_port((lk_str){after + 1, (size_t)(end - after - 1)}, &out->port);
}

bool address_url_read(lk_str text, address_url *out) {
    static const struct {
        const char *scheme;
        bool tls;
        uint16_t port;
    } schemes[] = {{"http://", false, 80}, {"https://", true, 443}};
    for (size_t i = 0; i < 2; i++) {
        size_t skip = strlen(schemes[i].scheme);
        if (text.len <= skip || memcmp(text.at, schemes[i].scheme, skip) != 0) continue;
        lk_str rest = {text.at + skip, text.len - skip};
        size_t len = 0;
        while (len < rest.len && memchr("/?#", rest.at[len], 3) == NULL) len++;
        out->tls = schemes[i].tls;
        out->authority = (lk_str){rest.at, len};
        out->rest = (lk_str){rest.at + len, rest.len - len};
        return address_read(out->authority, schemes[i].port, &out->at) && out->at.port != 0;
    }
    return false;
}

bool address_numeric(lk_str host, uint16_t port, lk_addr *out) {
    char text[64];
    if (host.len >= sizeof text) return false;
    memcpy(text, host.at, host.len);
    text[host.len] = 0;
    *out = (lk_addr){.port = port};
    if (inet_pton(AF_INET, text, out->ip) == 1)
        out->family = 4;
    else if (inet_pton(AF_INET6, text, out->ip) == 1)
        out->family = 6;
    return out->family != 0;
}

void address_write(const lk_addr *addr, char out[64]) {
    out[0] = 0;
    inet_ntop(addr->family == 6 ? AF_INET6 : AF_INET, addr->ip, out, 64);
}

bool address_is_here(const address *at) {
    lk_addr addr;
    if (address_numeric(at->host, at->port, &addr)) return address_is_loopback(&addr);
    return at->host.len == 9 && memcmp(at->host.at, "localhost", 9) == 0;
}

bool address_equal(const lk_addr *a, const lk_addr *b) {
    return a->family == b->family && a->port == b->port && a->scope == b->scope &&
           memcmp(a->ip, b->ip, a->family == 6 ? 16 : 4) == 0;
}
