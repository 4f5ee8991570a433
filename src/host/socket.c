/* SPDX-License-Identifier: MIT
 * socket.c - sockaddr on one side, lk_addr on the other. */
#include "host/socket.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/address.h"

/* A 1 MiB SCTP window arrives as one burst of some 900 packets, and the kernel charges each packet
 * with its own overhead. The system may grant less. */
#define SOCKET_BUFFER (4 << 20)

/* Waiting in the kernel beside what is under way, of a connection that holds back. */
#define SOCKET_UNSENT (64 << 10)

/* What the kernel takes as one burst: UDP_MAX_SEGMENTS, and what an IP packet could carry. */
#define SOCKET_SEGMENTS 64
#define SOCKET_SEGMENTS_BYTES 65000

static socklen_t socket_sockaddr(const lk_addr *addr, struct sockaddr_storage *out) {
    memset(out, 0, sizeof *out);
    if (addr->family == 4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(addr->port)};
        memcpy(&in.sin_addr, addr->ip, 4);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in = {
        .sin6_family = AF_INET6, .sin6_port = htons(addr->port), .sin6_scope_id = addr->scope};
    memcpy(&in.sin6_addr, addr->ip, 16);
    memcpy(out, &in, sizeof in);
    return sizeof in;
}

lk_addr socket_addr(const struct sockaddr *from) {
    lk_addr addr = {0};
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        addr.family = 4, addr.port = ntohs(in.sin_port);
        memcpy(addr.ip, &in.sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, from, sizeof in);
        addr.family = 6, addr.port = ntohs(in.sin6_port), addr.scope = in.sin6_scope_id;
        memcpy(addr.ip, &in.sin6_addr, 16);
    }
    return addr;
}

static int socket_fail(int fd) {
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int socket_bound(const lk_addr *addr, int type, lk_addr *bound) {
    int fd = socket(addr->family == 6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    int on = 1;
    if (type == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* "::" takes IPv4 too when it listens; a UDP socket stands for exactly one address. */
    int only = type == SOCK_DGRAM;
    /* An IPv6 address is listed a second before it may be used (RFC 4862, section 5.4). */
    if (only) setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &only, sizeof only);
    if (addr->family == 6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    struct sockaddr_storage at;
    socklen_t len = socket_sockaddr(addr, &at);
    if (bind(fd, (struct sockaddr *)&at, len) != 0) return socket_fail(fd);
    len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0) return socket_fail(fd);
    *bound = socket_addr((struct sockaddr *)&at);
    return fd;
}

int socket_listen(const lk_addr *addr, lk_addr *bound) {
    int fd = socket_bound(addr, SOCK_STREAM, bound);
    if (fd < 0) return -1;
    return listen(fd, SOMAXCONN) == 0 ? fd : socket_fail(fd);
}

int socket_accept(int listen_fd) {
    int fd;
    do fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    return fd;
}

void socket_hold_back(int fd) {
    int most = SOCKET_UNSENT;
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
}

int socket_connect(const lk_addr *to) {
    int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, on = 1, timeout_ms = 15000;
    int fd = socket(to->family == 6 ? AF_INET6 : AF_INET, kind, 0);
    if (fd < 0) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
    struct sockaddr_storage at;
    socklen_t len = socket_sockaddr(to, &at);
    if (connect(fd, (struct sockaddr *)&at, len) == 0 || errno == EINPROGRESS) return fd;
    return socket_fail(fd);
}

static bool socket_later(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int64_t socket_read(int fd, uint8_t *into, size_t cap) {
    ssize_t len = recv(fd, into, cap, 0);
    if (len > 0) return len;
    return len < 0 && socket_later() ? 0 : -1;
}

int64_t socket_write(int fd, lk_bytes bytes) {
    ssize_t len = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
    if (len >= 0) return len;
    return socket_later() ? 0 : -1;
}

int socket_udp(const lk_addr *addr, lk_addr *bound) {
    int fd = socket_bound(addr, SOCK_DGRAM, bound);
    if (fd < 0) return -1;
    int bytes = SOCKET_BUFFER;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    int on = 1;
    setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
    if (addr->family == 6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    else
        setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    return fd;
}

/* How long each of the `got` bytes' datagrams is, as the kernel tells beside them. */
static size_t socket_each(struct msghdr *message, size_t got) {
    int each = (int)got;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c))
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
            memcpy(&each, CMSG_DATA(c), sizeof each);
    return each > 0 ? (size_t)each : got;
}

int64_t socket_receive(int fd, uint8_t *into, size_t cap, lk_addr *from, size_t *each) {
    for (;;) {
        struct sockaddr_storage at;
        char control[CMSG_SPACE(sizeof(int))];
        struct iovec bytes = {into, cap};
        struct msghdr message = {.msg_name = &at,
                                 .msg_namelen = sizeof at,
                                 .msg_iov = &bytes,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        ssize_t got = recvmsg(fd, &message, 0);
        /* ICMP errors of earlier sends are reported here; the datagrams behind them still count. */
        if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EBADF) continue;
        if (got < 0) return -1;
        *from = socket_addr((struct sockaddr *)&at);
        *each = socket_each(&message, (size_t)got);
        return got;
    }
}

/* ---- multicast ---- */

static bool socket_set(int fd, int level, int name, const void *value, size_t len) {
    return setsockopt(fd, level, name, value, (socklen_t)len) == 0;
}

/* Bound to the group's own address, a socket hears nothing that is sent to this host alone and is
 * meant for another one on that port. */
static bool socket_join4(int fd, const lk_addr *group, int interface) {
    struct ip_mreqn join = {.imr_ifindex = interface};
    int hops = 255, others = 0;
    memcpy(&join.imr_multiaddr, group->ip, 4);
    return socket_set(fd, IPPROTO_IP, IP_MULTICAST_ALL, &others, sizeof others) &&
           socket_set(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops) &&
           socket_set(fd, IPPROTO_IP, IP_MULTICAST_IF, &join, sizeof join) &&
           socket_set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join);
}

static bool socket_join6(int fd, const lk_addr *group, int interface) {
    struct ipv6_mreq join = {.ipv6mr_interface = (unsigned)interface};
    int hops = 255;
    memcpy(&join.ipv6mr_multiaddr, group->ip, 16);
    return socket_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) &&
           socket_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof interface) &&
           socket_set(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &join, sizeof join);
}

static int socket_multicast_on(lk_addr group, int interface) {
    struct sockaddr_storage at;
    int on = 1;
    if (group.family == 6) group.scope = (uint32_t)interface;
    socklen_t len = socket_sockaddr(&group, &at);
    int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    bool good = socket_set(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) &&
                socket_set(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) &&
                bind(fd, (struct sockaddr *)&at, len) == 0;
    good = good && (group.family == 4 ? socket_join4 : socket_join6)(fd, &group, interface);
    return good ? fd : socket_fail(fd);
}

size_t socket_multicast(const lk_addr *group, int *out, size_t cap) {
    struct ifaddrs *list = NULL;
    int family = group->family == 4 ? AF_INET : AF_INET6, interface, last = 0;
    if (getifaddrs(&list) != 0) return 0;
    size_t len = 0;
    for (struct ifaddrs *at = list; at != NULL && len < cap; at = at->ifa_next) {
        unsigned wanted = IFF_UP | IFF_MULTICAST, has = at->ifa_flags & (wanted | IFF_LOOPBACK);
        if (has != wanted || at->ifa_addr == NULL || at->ifa_addr->sa_family != family) continue;
        interface = (int)if_nametoindex(at->ifa_name);
        if (interface == 0 || interface == last) continue; /* addresses come by interface */
        last = interface;
        out[len] = socket_multicast_on(*group, interface);
        len += out[len] >= 0;
    }
    freeifaddrs(list);
    return len;
}

/* It leaves by the interface, to where the socket is bound. */
void socket_multicast_send(int fd, lk_bytes datagram) {
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len) == 0)
        (void)sendto(fd, datagram.at, datagram.len, 0, (struct sockaddr *)&at, len);
}

static void socket_send(int fd, const struct msghdr *message) {
    /* The error of an earlier datagram may be reported here, and this one has not left then. One
     * that does not leave for its own reasons is lost, and ICE, DTLS and SCTP all send again. */
    for (int tries = 0; tries < 3; tries++) {
        if (sendmsg(fd, message, 0) >= 0) return;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    }
}

/* By one call; false: not so, perhaps because this path takes no datagrams of that length whole. */
static bool socket_send_segments(int fd, struct msghdr *message, size_t each) {
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(uint16_t))];
    } control = {.room = {0}};
    uint16_t segment = (uint16_t)each;
    message->msg_control = control.room;
    message->msg_controllen = sizeof control.room;
    struct cmsghdr *c = CMSG_FIRSTHDR(message);
    c->cmsg_level = IPPROTO_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof segment);
    memcpy(CMSG_DATA(c), &segment, sizeof segment);
    bool sent = sendmsg(fd, message, 0) >= 0 || errno == EAGAIN || errno == EWOULDBLOCK;
    message->msg_control = NULL;
    message->msg_controllen = 0;
    return sent;
}

void socket_batch_send(socket_batch *b) {
    struct sockaddr_storage at;
    if (b->count == 0) return;
    struct iovec bytes = {b->bytes, b->len};
    struct msghdr message = {.msg_name = &at,
                             .msg_namelen = socket_sockaddr(&b->to, &at),
                             .msg_iov = &bytes,
                             .msg_iovlen = 1};
    if (b->count == 1)
        socket_send(b->fd, &message);
    else if (!socket_send_segments(b->fd, &message, b->each))
        for (size_t start = 0; start < b->len; start += b->each) {
            size_t left = b->len - start;
            bytes = (struct iovec){b->bytes + start, left < b->each ? left : b->each};
            socket_send(b->fd, &message);
        }
    b->len = b->count = 0;
}

void socket_batch_add(socket_batch *b, int fd, const lk_addr *to, lk_bytes datagram) {
    if (datagram.len > sizeof b->bytes) return; /* none of ours */
    bool fits = b->fd == fd && memcmp(&b->to, to, sizeof *to) == 0 && datagram.len <= b->each &&
                b->len % b->each == 0 && b->count < SOCKET_SEGMENTS &&
                b->len + datagram.len <= SOCKET_SEGMENTS_BYTES;
    if (b->count > 0 && !fits) socket_batch_send(b);
    if (b->count == 0) b->fd = fd, b->to = *to, b->each = datagram.len;
    memcpy(b->bytes + b->len, datagram.at, datagram.len);
    b->len += datagram.len;
    b->count++;
}

bool socket_refused(int fd, lk_addr *who) {
    uint8_t control[512], payload[1];
    struct sockaddr_storage at;
    for (;;) {
        struct iovec into = {payload, sizeof payload};
        struct msghdr message = {.msg_name = &at,
                                 .msg_namelen = sizeof at,
                                 .msg_iov = &into,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        if (recvmsg(fd, &message, MSG_ERRQUEUE) < 0) return false;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
            struct sock_extended_err error;
            if (c->cmsg_len < CMSG_LEN(sizeof error)) continue;
            memcpy(&error, CMSG_DATA(c), sizeof error);
            *who = socket_addr((struct sockaddr *)&at);
            if (error.ee_errno == ECONNREFUSED) return true;
        }
    }
}

/* Addresses of the link-local kind (RFC 4291, section 2.5.6) mean nothing without their interface,
 * and every interface that has one has a better address if it leads anywhere. */
static bool socket_leads_here(const lk_addr *addr, bool loopback) {
    if (addr->family == 0 || address_is_loopback(addr)) return addr->family != 0 && loopback;
    bool link_local = addr->family == 6 && addr->ip[0] == 0xfe && (addr->ip[1] & 0xc0) == 0x80;
    return !link_local;
}

size_t socket_interfaces(bool loopback, lk_addr *out, size_t cap) {
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) != 0) return 0;
    size_t len = 0;
    for (struct ifaddrs *at = list; at != NULL && len < cap; at = at->ifa_next) {
        if (at->ifa_addr == NULL || (at->ifa_flags & IFF_UP) == 0) continue;
        lk_addr addr = socket_addr(at->ifa_addr);
        addr.port = 0;
        if (socket_leads_here(&addr, loopback)) out[len++] = addr;
    }
    freeifaddrs(list);
    return len;
}
