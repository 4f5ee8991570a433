/* SPDX-License-Identifier: MIT
 * rtc_names.c - two peers on the ready loop that hide their addresses, as browsers do, in a network
 * of its own: the loop asks for the names there, and this program answers as a browser would. */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "lorikeet_rtc_loop.h"

#define LABEL "4a9a58c8-34a1-4e9c-8a9a-f2a34a9a58c8"
#define GROUP "224.0.0.251"
#define PORT 5353
#define PATIENCE_MS 20000

static struct sockaddr_in at_group(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    CHECK_EQ(inet_pton(AF_INET, GROUP, &at.sin_addr), 1);
    return at;
}

/* As Chromium opens it: on every address, and the port is for all. */
static int responder_new(const char *host) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct ip_mreqn join = {.imr_multiaddr = at_group().sin_addr};
    int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK_EQ(inet_pton(AF_INET, host, &join.imr_address), 1);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    CHECK_EQ(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join), 0);
    CHECK_EQ(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &join, sizeof join), 0);
    return fd;
}

/* Answer questions for the A record of the name, but for those that both begin with: they are lost.
 */
static void responder_read(int fd, const char *host, size_t *asked) {
    uint8_t bytes[512];
    struct sockaddr_in group = at_group();
    static const uint8_t record[] = "\xc0\xc\0\1\x80\1\0\0\0\x78\0\4";
    for (ssize_t len; (len = recv(fd, bytes, sizeof bytes - 64, 0)) > 0;) {
        bool question = len > 4 && (bytes[2] & 0x80) == 0 && bytes[len - 3] == 1;
        if (!question || memmem(bytes, (size_t)len, LABEL, strlen(LABEL)) == NULL) continue;
        if (++*asked <= 2) continue;
        bytes[2] = 0x84, bytes[7] = 1;
        memcpy(bytes + len, record, sizeof record - 1);
        len += (ssize_t)sizeof record - 1;
        CHECK_EQ(inet_pton(AF_INET, host, bytes + len), 1);
        len += 4;
        CHECK_EQ(sendto(fd, bytes, (size_t)len, 0, (struct sockaddr *)&group, sizeof group), len);
    }
}

/* The description with the name in place of the address. */
static void hand_over(lk_rtc *from, lk_rtc *to, const char *host) {
    lk_buf sdp = {0};
    CHECK_EQ(lk_rtc_local_description(from, &sdp), LK_OK);
    const char *at = (const char *)sdp.at, *end = at + sdp.len, *next;
    static char text[8192];
    size_t len = 0;
    while ((next = memmem(at, (size_t)(end - at), host, strlen(host))) != NULL) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s%s.local", (int)(next - at), at,
                                LABEL);
        at = next + strlen(host);
    }
    CHECK(len > 0);
    len += (size_t)snprintf(text + len, sizeof text - len, "%.*s", (int)(end - at), at);
    CHECK(len < sizeof text);
    CHECK_EQ(lk_rtc_remote_description(to, (lk_str){text, len}, lk_rtc_loop_now_ms(), NULL), LK_OK);
    lk_buf_free(&sdp);
}

int main(int argc, char **argv) {
    CHECK_EQ(argc, 2);
    const char *host = argv[1];
    lk_rtc_loop *loop = lk_rtc_loop_new(NULL);
    lk_rtc *ends[2], *of;
    for (int i = 0; i < 2; i++) {
        ends[i] = lk_rtc_loop_add(loop, &(lk_rtc_options){.offerer = i == 0});
        CHECK(ends[i] != NULL);
    }
    lk_rtc_channel channel;
    uint64_t begun_ms = lk_rtc_loop_now_ms();
    CHECK_EQ(lk_rtc_open(ends[0], &(lk_rtc_channel_options){.label = {"x", 1}}, &channel, begun_ms),
             LK_OK);
    hand_over(ends[0], ends[1], host);
    hand_over(ends[1], ends[0], host);
    struct pollfd responder = {.fd = responder_new(host), .events = POLLIN};
    size_t asked = 0;
    for (int opened = 0; opened < 2;) {
        CHECK(lk_rtc_loop_now_ms() < begun_ms + PATIENCE_MS);
        for (const lk_rtc_out *out; (out = lk_rtc_loop_next(loop, &of)) != NULL;) {
            CHECK(out->kind != LK_RTC_RESOLVE && out->kind != LK_RTC_CLOSED);
            opened += out->kind == LK_RTC_OPEN;
        }
        lk_rtc_loop_wait(loop, &responder, 1, 100);
        responder_read(responder.fd, host, &asked);
    }
    printf("open after %d ms, the name was asked for %zu times\n",
           (int)(lk_rtc_loop_now_ms() - begun_ms), asked);
    lk_rtc_loop_free(loop);
    return 0;
}
