/* SPDX-License-Identifier: MIT
 * rtc_peer.c - one DataChannel peer on real UDP sockets, driven by lines of JSON.
 *
 *     rtc_peer offer|answer [--host ADDRESS]... [--stun ADDRESS:PORT] [--turn ADDRESS:PORT]
 *              [--when-offers-cross ignore|yield]
 *
 * The user of the TURN server is "user", the password "secret".
 *
 * out: {"type":"offer"|"answer","sdp":S} {"type":"candidate","candidate":C}
 *      {"type":"open","channel":N} and of theirs "label", "protocol", "unordered", "limit", "kind"
 *      {"type":"message","channel":N,"len":L,"text":B} (unless echoed) {"type":"pinged",...}
 *      {"type":"shut","channel":N,"why":W} {"type":"closed","why":W}
 * in:  the same offers, answers and candidates, and
 *      {"type":"echo","on":B}              send every message back, or not; on at first
 *      {"type":"open","label":L,...}       one more channel, described as above
 *      {"type":"shut","channel":N}         close a channel
 *      {"type":"send","len":N,"count":C}   C messages of N bytes; "text": as text
 *      {"type":"ping","len":N,"count":C}   one after the other; the other side must echo
 *      {"type":"restart","host":H}         ICE, now at address H alone; an "offer" comes out
 *      {"type":"path"}                     {"type":"path","local":A,"remote":A} comes out
 *      {"type":"close"}
 * Without a "channel" it is the first one, which whoever offers opens. Commands that take effect
 * later than they are read answer: "echoing", "opening", "sent", "pinged". */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lorikeet_rtc.h"

#define HOSTS_MAX 8
#define PINGS_MAX 20000
#define DRAIN 256 /* datagrams read per wake and socket */

typedef struct peer {
    lk_rtc *rtc;
    lk_rtc_channel first, target; /* the latter: of "send" and "ping" */
    bool offerer, impolite, echo, closed, text;
    lk_addr hosts[HOSTS_MAX], stun, turn;
    int sockets[HOSTS_MAX];
    size_t host_len;
    uint32_t pings, ping_count;
    size_t ping_len;
    uint64_t pinged_ns;
    uint64_t round_trips[PINGS_MAX];
    size_t send_left, send_len, received;
    char line[1 << 20];
    size_t line_len;
} peer;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
static uint64_t now_ms(void) { return now_ns() / 1000000; }

/* ---- addresses and sockets ---- */

static lk_addr addr_from(const struct sockaddr_storage *s) {
    lk_addr a = {0};
    if (s->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)s;
        a.family = 4;
        a.port = ntohs(in->sin_port);
        memcpy(a.ip, &in->sin_addr, 4);
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)s;
        a.family = 6;
        a.port = ntohs(in->sin6_port);
        memcpy(a.ip, &in->sin6_addr, 16);
    }
    return a;
}

static socklen_t addr_to(const lk_addr *a, struct sockaddr_storage *s) {
    memset(s, 0, sizeof *s);
    if (a->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)s;
        in->sin_family = AF_INET;
        in->sin_port = htons(a->port);
        memcpy(&in->sin_addr, a->ip, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)s;
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(a->port);
    memcpy(&in->sin6_addr, a->ip, 16);
    return sizeof *in;
}

static lk_addr addr_parse(const char *text, uint16_t port) {
    lk_addr a = {.family = strchr(text, ':') == NULL ? 4 : 6, .port = port};
    CHECK(inet_pton(a.family == 4 ? AF_INET : AF_INET6, text, a.ip) == 1);
    return a;
}

static void peer_bind(peer *p, const char *text) {
    CHECK(p->host_len < HOSTS_MAX);
    struct sockaddr_storage s;
    lk_addr a = addr_parse(text, 0);
    socklen_t len = addr_to(&a, &s);
    int fd = socket(s.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0), space = 4 << 20;
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&s, len) == 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &space, sizeof space);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &space, sizeof space);
    CHECK(getsockname(fd, (struct sockaddr *)&s, &len) == 0);
    p->hosts[p->host_len] = addr_from(&s);
    p->sockets[p->host_len++] = fd;
}

/* ---- out ---- */

static void say(json_t *object) {
    char *text = json_dumps(object, JSON_COMPACT);
    CHECK(text != NULL);
    printf("%s\n", text);
    fflush(stdout);
    free(text);
    json_decref(object);
}

static void peer_ping(peer *p) {
    static uint8_t bytes[262144];
    p->pinged_ns = now_ns();
    lk_bytes ping = {bytes, p->ping_len};
    CHECK_EQ(lk_rtc_send(p->rtc, p->target, false, ping, now_ms()), LK_OK);
}

static int compare_u64(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void peer_pong(peer *p) {
    p->round_trips[p->pings++] = now_ns() - p->pinged_ns;
    if (p->pings < p->ping_count) {
        peer_ping(p);
        return;
    }
    qsort(p->round_trips, p->pings, sizeof *p->round_trips, compare_u64);
    double p50 = (double)p->round_trips[p->pings / 2] / 1000;
    double p99 = (double)p->round_trips[p->pings * 99 / 100] / 1000;
    p->ping_count = 0;
    say(json_pack("{s:s,s:f,s:f}", "type", "pinged", "p50_us", p50, "p99_us", p99));
}

static void peer_message(peer *p, const lk_rtc_out *out) {
    p->received += out->bytes.len;
    if (p->ping_count > 0) {
        peer_pong(p);
        return;
    }
    if (p->echo) {
        CHECK_EQ(lk_rtc_send(p->rtc, out->channel, out->text, out->bytes, now_ms()), LK_OK);
        return;
    }
    say(json_pack("{s:s,s:I,s:I,s:b,s:I}", "type", "message", "channel", (json_int_t)out->channel,
                  "len", (json_int_t)out->bytes.len, "text", out->text, "total",
                  (json_int_t)p->received));
}

static void peer_opened(peer *p, const lk_rtc_out *out) {
    const lk_rtc_channel_options *o = out->opened;
    if (p->first == 0) p->first = out->channel;
    json_t *object = json_pack("{s:s,s:I}", "type", "open", "channel", (json_int_t)out->channel);
    if (o != NULL)
        json_object_update_new(object,
                               json_pack("{s:s%,s:s%,s:b,s:i,s:I}", "label", o->label.at,
                                         o->label.len, "protocol", o->protocol.at, o->protocol.len,
                                         "unordered", o->unordered, "kind", (int)o->reliability,
                                         "limit", (json_int_t)o->limit));
    say(object);
}

static void peer_datagram(const peer *p, const lk_rtc_out *out) {
    for (size_t i = 0; i < p->host_len; i++) {
        if (memcmp(&p->hosts[i], &out->local, sizeof out->local) != 0) continue;
        struct sockaddr_storage to;
        socklen_t len = addr_to(&out->remote, &to);
        sendto(p->sockets[i], out->bytes.at, out->bytes.len, 0, (struct sockaddr *)&to, len);
        return;
    }
    CHECK(!"a datagram from an address that is not ours");
}

/* Send what is wanted, as far as 1 MiB of queue allows. */
static void peer_send_more(peer *p) {
    static uint8_t bytes[262145];
    while (p->send_left > 0 && lk_rtc_buffered(p->rtc, p->target) < 1 << 20) {
        p->send_left--;
        lk_bytes message = {bytes, p->send_len};
        lk_status status = lk_rtc_send(p->rtc, p->target, p->text, message, now_ms());
        if (status == LK_OK && p->send_left > 0) continue;
        p->send_left = 0;
        say(json_pack("{s:s,s:i}", "type", "sent", "status", (int)status));
    }
}

static void peer_poll(peer *p) {
    const lk_rtc_out *out;
    while ((out = lk_rtc_poll(p->rtc, now_ms())) != NULL) {
        switch (out->kind) {
        case LK_RTC_DATAGRAM: peer_datagram(p, out); break;
        case LK_RTC_STREAM: CHECK(!"a connection that nobody asked for"); break;
        case LK_RTC_CANDIDATE:
            say(json_pack("{s:s,s:s%}", "type", "candidate", "candidate", out->bytes.at,
                          out->bytes.len));
            break;
        case LK_RTC_OPEN: peer_opened(p, out); break;
        case LK_RTC_MESSAGE: peer_message(p, out); break;
        case LK_RTC_DRAINED: peer_send_more(p); break;
        case LK_RTC_RESOLVE: break; /* whoever is met here reaches us */
        case LK_RTC_SHUT:
            say(json_pack("{s:s,s:I,s:s}", "type", "shut", "channel", (json_int_t)out->channel,
                          "why", out->what));
            break;
        case LK_RTC_CLOSED:
            p->closed = true;
            say(json_pack("{s:s,s:s}", "type", "closed", "why", out->what));
            break;
        }
    }
}

static void peer_describe(peer *p, const char *type) {
    lk_buf sdp = {0};
    CHECK_EQ(lk_rtc_local_description(p->rtc, &sdp), LK_OK);
    say(json_pack("{s:s,s:s%}", "type", type, "sdp", sdp.at, sdp.len));
    lk_buf_free(&sdp);
}

/* ---- in ---- */

static lk_str string_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    CHECK(json_is_string(value));
    return (lk_str){json_string_value(value), json_string_length(value)};
}

static size_t number_of(const json_t *object, const char *key) {
    return (size_t)json_integer_value(json_object_get(object, key));
}

static void peer_restart(peer *p, const char *host) {
    for (size_t i = 0; i < p->host_len; i++) close(p->sockets[i]);
    p->host_len = 0;
    peer_bind(p, host);
    lk_rtc_options options = {.locals = p->hosts, .local_len = p->host_len};
    lk_rtc_network(p->rtc, &options, now_ms());
    CHECK_EQ(lk_rtc_restart(p->rtc, now_ms()), LK_OK);
    peer_describe(p, "offer");
}

static lk_rtc_channel channel_of(const peer *p, const json_t *object) {
    lk_rtc_channel channel = (lk_rtc_channel)number_of(object, "channel");
    return channel == 0 ? p->first : channel;
}

static void peer_open(peer *p, const json_t *object) {
    const json_t *protocol = json_object_get(object, "protocol");
    lk_rtc_channel channel = 0;
    lk_rtc_channel_options options = {
        .label = string_of(object, "label"),
        .protocol = {json_string_value(protocol), json_string_length(protocol)},
        .unordered = json_is_true(json_object_get(object, "unordered")),
        .reliability = (lk_rtc_reliability)number_of(object, "kind"),
        .limit = (uint32_t)number_of(object, "limit")};
    lk_status status = lk_rtc_open(p->rtc, &options, &channel, now_ms());
    say(json_pack("{s:s,s:i,s:I}", "type", "opening", "status", (int)status, "channel",
                  (json_int_t)channel));
}

static void peer_tell_path(const peer *p) {
    lk_rtc_stats stats = lk_rtc_stats_read(p->rtc);
    char local[64] = "", remote[64] = "";
    inet_ntop(stats.local.family == 6 ? AF_INET6 : AF_INET, stats.local.ip, local, sizeof local);
    inet_ntop(stats.remote.family == 6 ? AF_INET6 : AF_INET, stats.remote.ip, remote,
              sizeof remote);
    say(json_pack("{s:s,s:s,s:s}", "type", "path", "local", local, "remote", remote));
}

static void peer_command(peer *p, const json_t *command) {
    const char *type = string_of(command, "type").at;
    lk_fault fault = {0};
    if (strcmp(type, "offer") == 0 || strcmp(type, "answer") == 0) {
        lk_status status =
            lk_rtc_remote_description(p->rtc, string_of(command, "sdp"), now_ms(), &fault);
        if (status != LK_OK) fprintf(stderr, "byte %zu: %s\n", fault.offset, fault.what);
        CHECK_EQ(status, LK_OK);
        if (lk_rtc_owes(p->rtc) == LK_RTC_ANSWER) peer_describe(p, "answer");
    } else if (strcmp(type, "candidate") == 0) {
        lk_str line = string_of(command, "candidate");
        CHECK_EQ(lk_rtc_remote_candidate(p->rtc, line, now_ms()), LK_OK);
    } else if (strcmp(type, "echo") == 0) {
        p->echo = json_is_true(json_object_get(command, "on"));
        say(json_pack("{s:s}", "type", "echoing"));
    } else if (strcmp(type, "open") == 0) {
        peer_open(p, command);
    } else if (strcmp(type, "shut") == 0) {
        lk_rtc_shut(p->rtc, channel_of(p, command), now_ms());
    } else if (strcmp(type, "send") == 0) {
        p->target = channel_of(p, command);
        p->text = json_is_true(json_object_get(command, "text"));
        p->send_len = number_of(command, "len");
        p->send_left = number_of(command, "count");
        CHECK(p->send_len <= 262145);
        peer_send_more(p);
    } else if (strcmp(type, "ping") == 0) {
        p->target = channel_of(p, command);
        p->pings = 0;
        p->ping_len = number_of(command, "len");
        p->ping_count = (uint32_t)number_of(command, "count");
        CHECK(p->ping_count <= PINGS_MAX && p->ping_len <= 262144);
        peer_ping(p);
    } else if (strcmp(type, "restart") == 0) {
        peer_restart(p, string_of(command, "host").at);
    } else if (strcmp(type, "path") == 0) {
        peer_tell_path(p);
    } else if (strcmp(type, "close") == 0) {
        lk_rtc_close(p->rtc, now_ms());
    } else
        CHECK(!"a command that is known");
}

/* False at the end of the input. */
static bool peer_read_commands(peer *p) {
    CHECK(p->line_len < sizeof p->line);
    ssize_t n = read(0, p->line + p->line_len, sizeof p->line - p->line_len);
    if (n <= 0) return n < 0;
    p->line_len += (size_t)n;
    char *end;
    while ((end = memchr(p->line, '\n', p->line_len)) != NULL) {
        size_t len = (size_t)(end - p->line);
        json_t *command = json_loadb(p->line, len, 0, NULL);
        CHECK(command != NULL);
        peer_command(p, command);
        json_decref(command);
        p->line_len -= len + 1;
        memmove(p->line, end + 1, p->line_len);
    }
    return true;
}

static void peer_read_socket(peer *p, size_t index) {
    uint8_t bytes[2048];
    for (int i = 0; i < DRAIN; i++) {
        struct sockaddr_storage s;
        socklen_t len = sizeof s;
        ssize_t n =
            recvfrom(p->sockets[index], bytes, sizeof bytes, 0, (struct sockaddr *)&s, &len);
        if (n < 0) return;
        lk_addr from = addr_from(&s);
        lk_rtc_feed(p->rtc, &p->hosts[index], &from, (lk_bytes){bytes, (size_t)n}, now_ms());
        peer_poll(p);
    }
}

static int peer_timeout(const peer *p, uint64_t tick_ms) {
    uint64_t now = now_ms(), wake = lk_rtc_wake_at(p->rtc);
    if (wake > tick_ms + 10) wake = tick_ms + 10;
    return wake > now ? (int)(wake - now) : 0;
}

static void peer_run(peer *p) {
    uint64_t tick_ms = now_ms();
    while (!p->closed) {
        peer_poll(p);
        struct pollfd fds[HOSTS_MAX + 1] = {{.fd = 0, .events = POLLIN}};
        for (size_t i = 0; i < p->host_len; i++)
            fds[i + 1] = (struct pollfd){.fd = p->sockets[i], .events = POLLIN};
        poll(fds, p->host_len + 1, peer_timeout(p, tick_ms));
        for (size_t i = 0; i < p->host_len; i++)
            if (fds[i + 1].revents != 0) peer_read_socket(p, i);
        if (fds[0].revents != 0 && !peer_read_commands(p)) return;
        if (now_ms() >= tick_ms + 10) lk_rtc_global_tick(tick_ms = now_ms());
        if (now_ms() >= lk_rtc_wake_at(p->rtc)) lk_rtc_tick(p->rtc, now_ms());
    }
}

/* ADDRESS:PORT */
static lk_addr addr_of_option(char *text) {
    char *colon = strrchr(text, ':');
    CHECK(colon != NULL);
    *colon = '\0';
    return addr_parse(text, (uint16_t)atoi(colon + 1));
}

static void peer_options(peer *p, int argc, char **argv) {
    CHECK(argc >= 2);
    p->offerer = strcmp(argv[1], "offer") == 0;
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--host") == 0)
            peer_bind(p, argv[i + 1]);
        else if (strcmp(argv[i], "--stun") == 0)
            p->stun = addr_of_option(argv[i + 1]);
        else if (strcmp(argv[i], "--turn") == 0)
            p->turn = addr_of_option(argv[i + 1]);
        else if (strcmp(argv[i], "--when-offers-cross") == 0)
            p->impolite = strcmp(argv[i + 1], "ignore") == 0;
        else
            CHECK(!"an option that is known");
    }
    if (p->host_len == 0) peer_bind(p, "127.0.0.1");
}

int main(int argc, char **argv) {
    static peer p = {.echo = true};
    peer_options(&p, argc, argv);
    CHECK_EQ(lk_rtc_global_init(), LK_OK);
    lk_rtc_turn turn = {p.turn, {"user", 4}, {"secret", 6}, false};
    lk_rtc_options options = {.offerer = p.offerer,
                              .impolite = p.impolite,
                              .locals = p.hosts,
                              .local_len = p.host_len,
                              .stun = &p.stun,
                              .stun_len = p.stun.family != 0,
                              .turn = &turn,
                              .turn_len = turn.server.family != 0,
                              .allow_loopback = true};
    p.rtc = lk_rtc_new(&options, now_ms(), NULL);
    CHECK(p.rtc != NULL);
    lk_rtc_channel_options first = {.label = {"loro-sync", 9}};
    if (p.offerer) CHECK_EQ(lk_rtc_open(p.rtc, &first, &p.first, now_ms()), LK_OK);
    if (p.offerer) peer_describe(&p, "offer");
    peer_run(&p);
    lk_rtc_free(p.rtc);
    lk_rtc_global_drop();
    return 0;
}
