/* SPDX-License-Identifier: MIT
 * rtc_libdatachannel.c - libdatachannel's C API behind rtc_work.h. It calls back from threads of
 * its own, and messages are answered from there. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rtc/rtc.h>

#include "rtc_work.h"

static struct {
    int signalling;
    int peer[NET_CONNECTIONS], channel[NET_CONNECTIONS];
    bool made[NET_CONNECTIONS];
} net;

static void must(bool holds) {
    if (!holds) abort();
}

static uint32_t net_index(void *user) { return (uint32_t)(uintptr_t)user; }

static void net_tell(uint32_t i, char kind, const char *text) {
    net_signal s = {.connection = i, .kind = kind};
    size_t len = strlen(text);
    must(len < sizeof s.text);
    memcpy(s.text, text, len);
    send(net.signalling, &s, offsetof(net_signal, text) + len + 1, 0);
}

static void RTC_API net_described(int peer, const char *sdp, const char *type, void *user) {
    (void)peer;
    net_tell(net_index(user), type[0], sdp);
}

static void RTC_API net_candidate(int peer, const char *line, const char *mid, void *user) {
    (void)peer, (void)mid;
    net_tell(net_index(user), 'c', line);
}

static void RTC_API net_message(int channel, const char *at, int len, void *user) {
    (void)channel;
    if (len >= 0) work_message(net_index(user), at, (size_t)len);
}

static void RTC_API net_opened(int channel, void *user) {
    (void)channel;
    work_opened(net_index(user));
}

static void RTC_API net_low(int channel, void *user) {
    (void)channel;
    work_drained(net_index(user));
}

static void net_take(uint32_t i, int channel) {
    net.channel[i] = channel;
    rtcSetUserPointer(channel, (void *)(uintptr_t)i);
    rtcSetBufferedAmountLowThreshold(channel, NET_LOW_BYTES);
    rtcSetBufferedAmountLowCallback(channel, net_low);
    rtcSetMessageCallback(channel, net_message);
    rtcSetOpenCallback(channel, net_opened);
}

static void RTC_API net_offered(int peer, int channel, void *user) {
    (void)peer;
    net_take(net_index(user), channel);
}

void net_begin(bool offering, int signalling) {
    (void)offering; /* it is negotiated by whoever opens the channel */
    net.signalling = signalling;
    rtcInitLogger(RTC_LOG_NONE, NULL);
    rtcPreload();
}

static void net_make(uint32_t i) {
    rtcConfiguration config = {.bindAddress = "127.0.0.1"};
    net.peer[i] = rtcCreatePeerConnection(&config);
    must(net.peer[i] >= 0);
    net.made[i] = true;
    rtcSetUserPointer(net.peer[i], (void *)(uintptr_t)i);
    rtcSetLocalDescriptionCallback(net.peer[i], net_described);
    rtcSetLocalCandidateCallback(net.peer[i], net_candidate);
    rtcSetDataChannelCallback(net.peer[i], net_offered);
}

void net_connect(uint32_t i) {
    net_make(i);
    net_take(i, rtcCreateDataChannel(net.peer[i], "bench"));
}

void net_send(uint32_t i, const void *at, size_t len) {
    must(rtcSendMessage(net.channel[i], at, (int)len) >= 0);
}

size_t net_waiting(uint32_t i) { return (size_t)rtcGetBufferedAmount(net.channel[i]); }

static void net_hear(const net_signal *s) {
    uint32_t i = s->connection;
    if (!net.made[i]) net_make(i);
    if (s->kind == 'c')
        rtcAddRemoteCandidate(net.peer[i], s->text, NULL);
    else
        rtcSetRemoteDescription(net.peer[i], s->text, s->kind == 'o' ? "offer" : "answer");
}

void net_run(atomic_bool *done) {
    while (!*done) {
        static net_signal s;
        struct pollfd signalling = {.fd = net.signalling, .events = POLLIN};
        if (poll(&signalling, 1, 2) <= 0) continue;
        if (recv(net.signalling, &s, sizeof s, 0) <= 0) _exit(0);
        net_hear(&s);
    }
}
