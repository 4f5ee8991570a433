/* SPDX-License-Identifier: MIT
 * address.h - HOST:PORT and http://HOST:PORT as people write them. Views into the text; nothing is
 * looked up here. */
#ifndef HOST_ADDRESS_H
#define HOST_ADDRESS_H

#include "lorikeet_rtc.h"

typedef struct address {
    lk_str host; /* without the brackets of an IPv6 address */
    uint16_t port;
} address;

/* "HOST:PORT" or "[IPV6]:PORT". With `default_port` other than 0 the port may be missing. */
bool address_read(lk_str text, uint16_t default_port, address *out);

typedef struct address_url {
    bool tls;
    lk_str authority; /* HOST:PORT as written, for the Host header */
    address at;
    lk_str rest; /* from the first slash on; may be empty */
} address_url;

/* "http://..." or "https://...". */
bool address_url_read(lk_str text, address_url *out);

/* A numeric address ("127.0.0.1", "::1"); false for names. */
bool address_numeric(lk_str host, uint16_t port, lk_addr *out);
/* The numeric form of an address, without its port. */
void address_write(const lk_addr *addr, char out[64]);
static inline bool address_is_loopback(const lk_addr *addr) {
    static const uint8_t one[16] = {[15] = 1};
    if (addr->family == 4) return addr->ip[0] == 127;
    return addr->family == 6 && __builtin_memcmp(addr->ip, one, 16) == 0;
}
/* Does it name this machine, as 127.0.0.1, ::1 or "localhost" do? */
bool address_is_here(const address *at);
bool address_equal(const lk_addr *a, const lk_addr *b);

#endif
