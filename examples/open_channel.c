/* SPDX-License-Identifier: MIT
 * open_channel.c - two processes open a DataChannel to each other. What they must tell each other
 * first goes through a socket between them, in place of a server.
 *
 *     cc open_channel.c $(pkg-config --cflags --libs lorikeet_rtc) -o open_channel &&
 * ./open_channel
 *
 * prints:
 *     answering: "chat" is open
 *     answering: they say hello
 *     offering: they say hello, too */
#include <lorikeet_rtc_loop.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Descriptions begin with "v=0", candidates with "candidate:". */
static void hear(lk_rtc *rtc, int other) {
    char text[4096];
    ssize_t len = recv(other, text, sizeof text, MSG_DONTWAIT);
    if (len <= 0) return;
    lk_str said = {text, (size_t)len};
    uint64_t now_ms = lk_rtc_loop_now_ms();
    if (text[0] == 'v') lk_rtc_remote_description(rtc, said, now_ms, NULL);
    if (text[0] == 'c') lk_rtc_remote_candidate(rtc, said, now_ms);
}

static void say(lk_rtc *rtc, lk_rtc_channel to, const char *text) {
    lk_bytes bytes = {(const uint8_t *)text, strlen(text)};
    lk_rtc_send(rtc, to, true, bytes, lk_rtc_loop_now_ms());
}

/* False when it is over. */
static bool react(lk_rtc *rtc, const lk_rtc_out *out, int other, bool offering) {
    const char *text = (const char *)out->bytes.at, *who = offering ? "offering" : "answering";
    int len = (int)out->bytes.len;
    if (out->kind == LK_RTC_CANDIDATE) send(other, text, out->bytes.len, 0);
    if (out->kind == LK_RTC_OPEN && offering) say(rtc, out->channel, "hello");
    if (out->kind == LK_RTC_OPEN && !offering)
        printf("%s: \"%.*s\" is open\n", who, (int)out->opened->label.len, out->opened->label.at);
    if (out->kind == LK_RTC_MESSAGE) {
        printf("%s: they say %.*s\n", who, len, text);
        fflush(stdout);
        offering ? lk_rtc_close(rtc, lk_rtc_loop_now_ms()) : say(rtc, out->channel, "hello, too");
    }
    return out->kind != LK_RTC_CLOSED;
}

static int meet(int other, bool offering) {
    const lk_rtc_options options = {.offerer = offering, .allow_loopback = true};
    const lk_rtc_channel_options named = {.label = {"chat", 4}};
    lk_rtc_loop *loop = lk_rtc_loop_new(NULL);
    lk_rtc *rtc = lk_rtc_loop_add(loop, &options);
    lk_rtc_channel chat;
    struct pollfd signalling = {.fd = other, .events = POLLIN};
    if (offering) lk_rtc_open(rtc, &named, &chat, lk_rtc_loop_now_ms());
    for (bool going_on = true; going_on;) {
        const lk_rtc_out *out;
        lk_buf sdp = {0};
        if (lk_rtc_owes(rtc) && lk_rtc_local_description(rtc, &sdp) == LK_OK)
            send(other, sdp.at, sdp.len, 0);
        lk_buf_free(&sdp);
        while ((out = lk_rtc_loop_next(loop, &rtc)) != NULL && going_on)
            going_on = react(rtc, out, other, offering);
        lk_rtc_loop_wait(loop, &signalling, 1, going_on ? -1 : 0);
        hear(rtc, other);
    }
    lk_rtc_loop_free(loop);
    return 0;
}

int main(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return 1;
    return fork() == 0 ? meet(ends[0], false) : meet(ends[1], true);
}
