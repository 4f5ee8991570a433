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
/* The kernel would take megabytes ahead of what it has sent of a TCP connection, and what becomes
 * urgent later waits behind them: now it takes little. */
void socket_hold_back(int fd);

/* Begin a TCP connection: it is made, or has failed, once it can be written. One that is not
 * acknowledged for 15 s ends. */
int socket_connect(const lk_addr *to);
/* How many bytes were read or written: 0 if none can be now, or -1 when it is over. */
int64_t socket_read(int fd, uint8_t *into, size_t cap);
int64_t socket_write(int fd, lk_bytes bytes);

/* A UDP socket with room for bursts of a whole flight of packets; *bound says where. */
int socket_udp(const lk_addr *addr, lk_addr *bound);
/* Datagrams of one sender, one behind the other, or -1 when there is none: all have *each bytes,
 * but the last may have less. `cap` is SOCKET_BATCH_BYTES. */
#define SOCKET_BATCH_BYTES 65536
int64_t socket_receive(int fd, uint8_t *into, size_t cap, lk_addr *from, size_t *each);

/* A socket on each interface that reaches others and has an address of that family: it hears what
 * is sent to the multicast group there, beside others who share the port. At most `cap`; returns
 * how many. */
size_t socket_multicast(const lk_addr *group, int *out, size_t cap);
/* Send to the group of such a socket. */
void socket_multicast_send(int fd, lk_bytes datagram);

/* Datagrams on their way out: those that go to the same place and have the same length leave by one
 * call (Linux: UDP_SEGMENT), as the network's stack is most of their cost. Zero-initialise it. */
typedef struct socket_batch {
    int fd;
    lk_addr to;
    size_t len, each, count;
    uint8_t bytes[SOCKET_BATCH_BYTES];
} socket_batch;
void socket_batch_add(socket_batch *b, int fd, const lk_addr *to, lk_bytes datagram);
/* Send what is in it; due before the socket is closed and before anybody waits. */
void socket_batch_send(socket_batch *b);

/* Somebody answered a datagram to *who with "nobody listens there" (ICMP port unreachable). False
 * when there is no more such news; a socket stays readable until it has been read. */
bool socket_refused(int fd, lk_addr *who);

/* The addresses of the interfaces that are up, at which others can reach this host; at most `cap`.
 * Returns how many. Loopback only if asked for. */
size_t socket_interfaces(bool loopback, lk_addr *out, size_t cap);

#endif
