/* SPDX-License-Identifier: MIT
 * servers_test.c - URLs of STUN and TURN servers (RFC 7064, RFC 7065): what they mean, and which
 * are none of ours. */
#include "host/servers.h"

#include "check.h"

static void check_good(const char *text, bool turn, bool stream, bool tls, const char *host,
                       uint16_t port) {
    servers_url url;
    CHECK(servers_url_read((lk_str){text, strlen(text)}, &url));
    CHECK_EQ(url.turn, turn);
    CHECK_EQ(url.stream, stream);
    CHECK_EQ(url.tls, tls);
    CHECK_BYTES(url.at.host.at, url.at.host.len, host, strlen(host));
    CHECK_EQ(url.at.port, port);
}

int main(void) {
    check_good("stun:192.0.2.1", false, false, false, "192.0.2.1", 3478);
    check_good("turn:relay.example:5000", true, false, false, "relay.example", 5000);
    check_good("turn:relay.example?transport=udp", true, false, false, "relay.example", 3478);
    check_good("turn:[2001:db8::1]:5000?transport=tcp", true, true, false, "2001:db8::1", 5000);
    check_good("turns:relay.example", true, true, true, "relay.example", 5349);
    check_good("turns:relay.example:443?transport=tcp", true, true, true, "relay.example", 443);
    static const char *const others[] = {
        "",
        "turn:",
        "turns:",
        "relay.example:3478",
        "turnserver:3478",
        "http://relay.example",
        "stuns:relay.example",
        "stun:relay.example?transport=tcp",
        "turn:relay.example?transport=sctp",
        "turn:relay.example?transport=tcp&x",
        "turns:relay.example?transport=udp",
        "turn:relay.example:70000",
        "turn:relay.example:",
    };
    for (size_t i = 0; i < countof(others); i++) {
        servers_url url;
        if (servers_url_read((lk_str){others[i], strlen(others[i])}, &url)) {
            fprintf(stderr, "\"%s\" is taken\n", others[i]);
            return 1;
        }
    }
    puts("servers: 6 URLs, and what is none");
    return 0;
}
