/* SPDX-License-Identifier: MIT
 * rtc_ours.c - lorikeet_rtc with its loop, behind rtc_work.h. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lorikeet_rtc_loop.h"
#include "rtc_work.h"

static struct {
    lk_rtc_loop *loop;
    int signalling;
    bool offering;
    lk_rtc *rtc[NET_CONNECTIONS];
    lk_rtc_channel channel[NET_CONNECTIONS];
} net;

static void must(bool holds) {
    if (!holds) abort();
}

void net_begin(bool offering, int signalling) {
    net.loop = lk_rtc_loop_new(NULL);
    must(net.loop != NULL);
    net.offering = offering;
    net.signalling = signalling;
}

static void net_make(uint32_t i) {
    lk_addr loopback = {.family = 4, .ip = {127, 0, 0, 1}};
    lk_rtc_options options = {
        .offerer = net.offering, .locals = &loopback, .local_len = 1, .allow_loopback = true};
    net.rtc[i] = lk_rtc_loop_add(net.loop, &options);
    must(net.rtc[i] != NULL);
}

void net_connect(uint32_t i) {
    lk_rtc_channel_options options = {.label = {"bench", 5}};
    net_make(i);
    must(lk_rtc_open(net.rtc[i], &options, &net.channel[i], lk_rtc_loop_now_ms()) == LK_OK);
    lk_rtc_set_low(net.rtc[i], net.channel[i], NET_LOW_BYTES);
}

void net_send(uint32_t i, const void *at, size_t len) {
    lk_bytes bytes = {at, len};
    must(lk_rtc_send(net.rtc[i], net.channel[i], false, bytes, lk_rtc_loop_now_ms()) == LK_OK);
}

size_t net_waiting(uint32_t i) { return lk_rtc_buffered(net.rtc[i], net.channel[i]); }

static void net_tell(uint32_t i, char kind, const void *at, size_t len) {
    net_signal s = {.connection = i, .kind = kind};
    must(len < sizeof s.text);
    memcpy(s.text, at, len);
    send(net.signalling, &s, offsetof(net_signal, text) + len + 1, 0);
}

static void net_hear(void) {
    net_signal s;
    ssize_t len;
    while ((len = recv(net.signalling, &s, sizeof s, MSG_DONTWAIT)) > 0) {
        if (net.rtc[s.connection] == NULL) net_make(s.connection);
        lk_str text = {s.text, strlen(s.text)};
        if (s.kind == 'c')
            lk_rtc_remote_candidate(net.rtc[s.connection], text, lk_rtc_loop_now_ms());
        else
            lk_rtc_remote_description(net.rtc[s.connection], text, lk_rtc_loop_now_ms(), NULL);
    }
    if (len == 0) _exit(0);
}

static void net_describe(uint32_t i) {
    lk_rtc_sdp due = lk_rtc_owes(net.rtc[i]);
    lk_buf sdp = {0};
    if (due == LK_RTC_NO_SDP || lk_rtc_local_description(net.rtc[i], &sdp) != LK_OK) return;
    net_tell(i, due == LK_RTC_OFFER ? 'o' : 'a', sdp.at, sdp.len);
    lk_buf_free(&sdp);
}

static void net_event(uint32_t i, const lk_rtc_out *out) {
    switch (out->kind) {
    case LK_RTC_CANDIDATE: net_tell(i, 'c', out->bytes.at, out->bytes.len); break;
    case LK_RTC_OPEN:
        net.channel[i] = out->channel;
        work_opened(i);
        break;
    case LK_RTC_MESSAGE: work_message(i, out->bytes.at, out->bytes.len); break;
    case LK_RTC_DRAINED: work_drained(i); break;
    default: break;
    }
}

void net_run(atomic_bool *done) {
    while (!*done) {
        lk_rtc *rtc;
        const lk_rtc_out *out;
        for (uint32_t i = 0; i < NET_CONNECTIONS && net.rtc[i] != NULL; i++) net_describe(i);
        while (!*done && (out = lk_rtc_loop_next(net.loop, &rtc)) != NULL) {
            uint32_t i = 0;
            while (net.rtc[i] != rtc) i++;
            net_event(i, out);
        }
        bool owing = false;
        for (uint32_t i = 0; i < NET_CONNECTIONS && net.rtc[i] != NULL; i++)
            owing |= lk_rtc_owes(net.rtc[i]) != LK_RTC_NO_SDP;
        struct pollfd signalling = {.fd = net.signalling, .events = POLLIN};
        lk_rtc_loop_wait(net.loop, &signalling, 1, owing ? 0 : -1);
        if (signalling.revents != 0) net_hear();
    }
}
