/* SPDX-License-Identifier: MIT
 * socket.h - the system's sockets, with addresses as lk_addr. Descriptors are non-blocking and are
 * not inherited. Failures are -1 and errno. */
#ifndef HOST_SOCKET_H
#define HOST_SOCKET_H

#include "lorikeet_rtc.h"

struct sockaddr;

/* Family 0 for anything but IPv4 and IPv6. */
lk_addr socket_addr(const struct sockaddr *from);

/* Listen for TCP connections; *bound says where. */
int socket_listen(const lk_addr *addr, lk_addr *bound);
int socket_accept(int listen_fd);

/* A UDP socket with room for bursts of a whole flight of packets; *bound says where. */
int socket_udp(const lk_addr *addr, lk_addr *bound);
/* One datagram, or -1 when there is none. */
int64_t socket_receive(int fd, uint8_t *into, size_t cap, lk_addr *from);
void socket_send(int fd, const lk_addr *to, lk_bytes datagram);
/* Somebody answered a datagram to *who with "nobody listens there" (ICMP port unreachable). False
 * when there is no more such news; a socket stays readable until it has been read. */
bool socket_refused(int fd, lk_addr *who);

/* The addresses of the interfaces that are up, loopback included; at most `cap`. Returns how many.
 */
size_t socket_interfaces(lk_addr *out, size_t cap);

#endif
