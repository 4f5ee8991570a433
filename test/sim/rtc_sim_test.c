/* SPDX-License-Identifier: MIT
 * rtc_sim_test.c - two peers with one channel on bad networks. Without arguments it runs the whole
 * list; with a number, that seed alone. */
#define _POSIX_C_SOURCE 200809L
#include "rtc_world.h"

#include <strings.h>

/* ---- what is checked ---- */

/* Both open on a bad network, and messages of all sizes arrive whole, once and in order. */
static uint64_t check_bad_network(uint64_t seed, conditions now) {
    world w;
    world_init(&w, seed, now);
    uint64_t start_ms = clock_ms;
    world_connect(&w);
    uint64_t open_ms = clock_ms - start_ms;
    for (uint32_t i = 0; i < 200; i++) {
        for (int s = 0; s < 2; s++) side_send(&w.sides[s], i, 4 + rng_below(&w.random, 3000));
        world_run(&w, rng_below(&w.random, 10));
        for (int s = 0; s < 2; s++) side_poll(&w, s);
    }
    for (int i = 0; i < 120000 && (w.sides[0].got < 200 || w.sides[1].got < 200); i++)
        world_step(&w);
    CHECK_EQ(w.sides[0].got, 200);
    CHECK_EQ(w.sides[1].got, 200);
    if (now.loss > 0) CHECK(w.net.dropped > 10);
    CHECK(w.sides[0].closed == NULL && w.sides[1].closed == NULL);
    world_drop(&w);
    return open_ms;
}

static void check_seeds(uint64_t first, uint64_t last, conditions now) {
    uint64_t sum_ms = 0, worst_ms = 0;
    for (uint64_t seed = first; seed <= last; seed++) {
        uint64_t open_ms = check_bad_network(seed, now);
        sum_ms += open_ms;
        if (open_ms > worst_ms) worst_ms = open_ms;
    }
    printf("seeds %" PRIu64 "..%" PRIu64 ", loss %u %%, delay %u ms: open after %" PRIu64
           " ms in the mean, %" PRIu64 " ms at worst\n",
           first, last, now.loss, now.delay_ms, sum_ms / (last - first + 1), worst_ms);
}

/* The set-up takes few round trips, and no timer holds it up. */
static void check_set_up_time(void) {
    world w;
    world_init(&w, 7, (conditions){.delay_ms = 25});
    uint64_t start_ms = clock_ms;
    world_connect(&w);
    uint64_t open_ms = clock_ms - start_ms;
    printf("round trip 50 ms: open after %" PRIu64 " ms\n", open_ms);
    CHECK(open_ms < 350);
    world_drop(&w);
}

/* The windows let a path of 50 ms carry what SCTP's default of 128 KiB could not (2.6 MB/s). */
static void check_throughput(void) {
    world w;
    world_init(&w, 29, (conditions){.delay_ms = 25});
    world_connect(&w);
    uint64_t start_ms = clock_ms;
    for (uint32_t i = 0; i < 320; i++) side_send(&w.sides[0], i, 65536);
    while (w.sides[1].got < 320 && clock_ms < start_ms + 60000) world_step(&w);
    uint64_t rate = 320 * 65536 / (clock_ms - start_ms); /* KB/s */
    printf("round trip 50 ms: 21 MB at %" PRIu64 ".%" PRIu64 " MB/s\n", rate / 1000,
           rate / 100 % 10);
    CHECK(rate > 5000);
    world_drop(&w);
}

/* No candidate in either description: they come one by one, some before it, some after, among
 * useless ones. */
static void check_trickle(bool before) {
    world w;
    world_init(&w, 31, (conditions){.delay_ms = 5});
    side_open(&w.sides[0]);
    for (int from = 0; from < 2; from++) {
        lk_buf sdp = {0};
        lk_rtc *to = w.sides[1 - from].rtc;
        CHECK_EQ(lk_rtc_local_description(w.sides[from].rtc, &sdp), LK_OK);
        CHECK(sdp.len > 0);
        char *text = strndup((char *)sdp.at, sdp.len);
        char *at = strstr(text, "a=candidate:"), *end = strstr(at, "\r\n");
        lk_str line = {at + 2, (size_t)(end - at - 2)};
        static const char *const useless[] = {
            "candidate:1 1 tcp 1518280447 10.0.0.1 9 typ host tcptype active",
            "candidate:1 1 udp 2113937151 0e2c-b0.local 46243 typ host",
            "candidate:1 1 udp 2113937151 10.0.0.77 46243 typ host ufrag other",
            "",
        };
        if (before) CHECK_EQ(lk_rtc_remote_candidate(to, line, clock_ms), LK_OK);
        lk_str head = {text, (size_t)(at - text)};
        CHECK_EQ(lk_rtc_remote_description(to, head, clock_ms, NULL), LK_OK);
        for (size_t i = 0; i < countof(useless); i++) {
            lk_str other = {useless[i], strlen(useless[i])};
            CHECK_EQ(lk_rtc_remote_candidate(to, other, clock_ms), LK_OK);
        }
        if (!before) CHECK_EQ(lk_rtc_remote_candidate(to, line, clock_ms), LK_OK);
        CHECK_EQ(lk_rtc_remote_candidate(to, (lk_str){"nonsense", 8}, clock_ms), LK_ECORRUPT);
        free(text);
        lk_buf_free(&sdp);
    }
    world_run(&w, 1000);
    CHECK(w.sides[0].open && w.sides[1].open);
    lk_rtc_stats stats = lk_rtc_stats_read(w.sides[0].rtc);
    CHECK_EQ(stats.state, LK_RTC_CONNECTED);
    CHECK_EQ(stats.remote.port, w.sides[1].addr.port);
    CHECK_EQ(stats.rtt_ms, 10);
    world_drop(&w);
}

/* ---- addresses behind names ---- */

#define NAME(digit) digit "a9a58c8-34a1-4e9c-8a9a-f2a34a9a58c8.local"
static const char *const names[2] = {NAME("A"), NAME("b")};

static void hidden_event(world *w, int index, const lk_rtc_out *out) {
    size_t *asked = w->context;
    if (out->kind != LK_RTC_RESOLVE) {
        side_event(&w->sides[index], out);
        return;
    }
    CHECK_EQ(out->bytes.len, strlen(NAME("a")));
    CHECK(strncasecmp((const char *)out->bytes.at, names[1 - index], out->bytes.len) == 0);
    asked[index]++;
}

/* The description of a side, with its name where its address was. */
static void hidden_signal(world *w, int from) {
    char text[4096];
    lk_buf sdp = {0};
    CHECK_EQ(lk_rtc_local_description(w->sides[from].rtc, &sdp), LK_OK);
    CHECK(buf_append(&sdp, "", 1));
    char *at = strstr((char *)sdp.at, " 10.0.0.");
    CHECK(at != NULL);
    snprintf(text, sizeof text, "%.*s %s%s", (int)(at - (char *)sdp.at), (char *)sdp.at,
             names[from], strchr(at + 1, ' '));
    lk_str said = {text, strlen(text)};
    CHECK_EQ(lk_rtc_remote_description(w->sides[1 - from].rtc, said, clock_ms, NULL), LK_OK);
    lk_buf_free(&sdp);
}

static void hidden_resolve(world *w, int index, const char *name, lk_addr addr) {
    lk_str str = {name, strlen(name)};
    CHECK_EQ(lk_rtc_resolved(w->sides[index].rtc, str, &addr, clock_ms), LK_OK);
    world_run(w, 1000);
}

/* Neither knows where to send to, until a name is looked up; again after a restart. */
static void check_hidden(void) {
    size_t asked[2] = {0};
    world w;
    world_init(&w, 39, (conditions){.delay_ms = 5});
    w.event = hidden_event, w.context = asked;
    side_open(&w.sides[0]);
    for (int from = 0; from < 2; from++) hidden_signal(&w, from);
    world_run(&w, 1000);
    lk_addr there = w.sides[1].addr;
    hidden_resolve(&w, 0, names[0], there); /* nobody asked for that */
    hidden_resolve(&w, 0, names[1], (lk_addr){.family = 4, .ip = {127, 0, 0, 1}});
    hidden_resolve(&w, 0, names[1], (lk_addr){.family = 6, .ip = {0xfe, 0x80, [15] = 1}});
    CHECK(asked[0] == 1 && asked[1] == 1 && w.net.order == 0);
    there.port = 0;
    hidden_resolve(&w, 0, names[1], there);
    CHECK(w.sides[0].open && w.sides[1].open);
    lk_str other = {"printer.local", 13};
    CHECK_EQ(lk_rtc_resolved(w.sides[0].rtc, other, &there, clock_ms), LK_EVALUE);
    CHECK_EQ(lk_rtc_restart(w.sides[0].rtc, clock_ms), LK_OK);
    for (int from = 0; from < 2; from++) hidden_signal(&w, from);
    world_run(&w, 100);
    CHECK(asked[0] == 2 && asked[1] == 2);
    hidden_resolve(&w, 0, names[1], there);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(lk_rtc_stats_read(w.sides[i].rtc).remote.port, w.sides[1 - i].addr.port);
    CHECK(w.sides[0].closed == NULL && w.sides[1].closed == NULL);
    world_drop(&w);
}

static void count_resolve(world *w, int index, const lk_rtc_out *out) {
    size_t *asked = w->context;
    if (out->kind == LK_RTC_RESOLVE) asked[index]++;
}

/* A stranger has us ask for few names, and for none of any other kind. */
static void check_many_hidden(void) {
    size_t asked[2] = {0};
    char line[128];
    world w;
    world_init(&w, 40, (conditions){.delay_ms = 5});
    w.event = count_resolve, w.context = asked;
    for (int i = 0; i < 40; i++) {
        static const char *const forms[] = {
            "%08x-34a1-4e9c-8a9a-f2a34a9a58c8.local", "%08x-34a1-4e9c-8a9a-f2a34a9a58c8.locat",
            "%08xf34a1-4e9c-8a9a-f2a34a9a58c8.local", "host%x.local"};
        char name[64];
        snprintf(name, sizeof name, forms[i % 4], (unsigned)i);
        for (int copy = 0; copy < 2; copy++) {
            snprintf(line, sizeof line, "candidate:1 1 udp 2113937151 %s 46243 typ host", name);
            lk_str said = {line, strlen(line)};
            CHECK_EQ(lk_rtc_remote_candidate(w.sides[1].rtc, said, clock_ms), LK_OK);
        }
        side_poll(&w, 1);
    }
    CHECK_EQ(asked[1], 8);
    world_drop(&w);
}

/* Calls in the wrong order are refused and change nothing. */
static void check_states(void) {
    world w;
    world_init(&w, 37, (conditions){.delay_ms = 1});
    lk_buf sdp = {0};
    CHECK_EQ(lk_rtc_local_description(w.sides[1].rtc, &sdp), LK_ESTATE);
    CHECK_EQ(lk_rtc_send(w.sides[0].rtc, 1, false, (lk_bytes){NULL, 0}, clock_ms), LK_ESTATE);
    CHECK_EQ(lk_rtc_local_description(w.sides[0].rtc, &sdp), LK_OK);
    lk_str offer = {(const char *)sdp.at, sdp.len};
    lk_fault fault;
    /* an offer where an answer is due leaves the DTLS role open */
    CHECK_EQ(lk_rtc_remote_description(w.sides[0].rtc, offer, clock_ms, &fault), LK_ECORRUPT);
    CHECK_EQ(lk_rtc_stats_read(w.sides[0].rtc).state, LK_RTC_NEW);
    world_connect(&w);
    CHECK_EQ(lk_rtc_remote_description(w.sides[1].rtc, offer, clock_ms, &fault), LK_ESTATE);
    lk_buf_free(&sdp);
    lk_rtc_close(w.sides[0].rtc, clock_ms);
    world_run(&w, 100); /* and the close takes no time-out */
    CHECK(w.sides[0].closed != NULL && w.sides[1].closed != NULL);
    CHECK_EQ(lk_rtc_wake_at(w.sides[0].rtc), UINT64_MAX);
    lk_rtc_close(w.sides[0].rtc, clock_ms);
    lk_rtc_tick(w.sides[0].rtc, clock_ms);
    side_poll(&w, 0);
    world_drop(&w);
}

/* A polite end, from either side; what was sent before arrives. */
static void check_close(int closer, bool lazy) {
    world w;
    world_init(&w, 11, (conditions){.delay_ms = 5});
    w.lazy = lazy;
    world_connect(&w);
    for (uint32_t i = 0; i < 50; i++) side_send(&w.sides[closer], i, 30000);
    lk_rtc_close(w.sides[closer].rtc, clock_ms);
    lk_bytes more = {(const uint8_t *)"x", 1};
    CHECK_EQ(lk_rtc_send(w.sides[closer].rtc, w.sides[closer].channel, false, more, clock_ms),
             LK_ESTATE);
    world_run(&w, 1500);
    CHECK_EQ(w.sides[1 - closer].got, 50);
    CHECK(w.sides[closer].closed != NULL && strcmp(w.sides[closer].closed, "closed") == 0);
    CHECK(w.sides[1 - closer].closed != NULL);
    CHECK_EQ(lk_rtc_stats_read(w.sides[closer].rtc).state, LK_RTC_OVER);
    world_drop(&w);
}

/* Who does not read yet gets what was sent, also if the other side has closed or vanished since. */
static void check_paused(bool closes) {
    world w;
    world_init(&w, 12, (conditions){.delay_ms = 5});
    world_connect(&w);
    lk_rtc_pause(w.sides[1].rtc, true);
    for (uint32_t i = 0; i < 10; i++) side_send(&w.sides[0], i, 30000);
    world_run(&w, 500);
    if (closes)
        lk_rtc_close(w.sides[0].rtc, clock_ms);
    else
        w.net.now.loss = 100;
    world_run(&w, 40000);
    CHECK(w.sides[0].closed != NULL);
    CHECK(w.sides[1].got == 0 && w.sides[1].closed == NULL);
    lk_rtc_pause(w.sides[1].rtc, false);
    world_run(&w, 10);
    CHECK_EQ(w.sides[1].got, 10);
    CHECK(w.sides[1].closed != NULL);
    world_drop(&w);
}

/* One side vanishes: consent ends the other one 30 s after the last answer. */
static void check_consent(uint64_t silence_ms, bool expires) {
    world w;
    world_init(&w, 13, (conditions){.delay_ms = 5});
    world_connect(&w);
    world_run(&w, 10000);
    w.net.now.loss = 100;
    uint64_t start_ms = clock_ms;
    world_run(&w, silence_ms);
    CHECK_EQ(w.sides[0].closed != NULL, expires);
    if (expires) {
        CHECK(strcmp(w.sides[0].closed, "consent expired") == 0);
        uint64_t after_ms = w.sides[0].closed_ms - start_ms;
        CHECK(after_ms > 23000 && after_ms <= 30000);
    } else {
        w.net.now.loss = 0;
        side_send(&w.sides[0], 0, 100);
        world_run(&w, 5000);
        CHECK_EQ(w.sides[1].got, 1);
    }
    world_drop(&w);
}

/* The length limits, on both sides of the bound, and backpressure. */
static void check_limits(void) {
    world w;
    world_init(&w, 17, (conditions){.delay_ms = 2});
    world_connect(&w);
    size_t max = lk_rtc_message_max(w.sides[0].rtc);
    CHECK_EQ(max, 262144);
    uint8_t *zeros = calloc(1, max + 1);
    lk_bytes long_one = {zeros, max + 1};
    CHECK_EQ(lk_rtc_send(w.sides[0].rtc, w.sides[0].channel, false, long_one, clock_ms), LK_ELIMIT);
    free(zeros);
    side_send(&w.sides[0], 0, max);
    uint32_t sent = 1;
    while (lk_rtc_buffered(w.sides[0].rtc, w.sides[0].channel) < 4 * max)
        side_send(&w.sides[0], sent++, max);
    CHECK(!w.sides[0].drained);
    world_run(&w, 20000);
    CHECK_EQ(w.sides[1].got, sent);
    CHECK(w.sides[0].drained);
    CHECK_EQ(lk_rtc_buffered(w.sides[0].rtc, w.sides[0].channel), 0);
    world_drop(&w);
}

/* What the other side says it takes, and what we say: RFC 8841 section 6. */
static void check_message_max(const char *line, uint32_t want) {
    world w;
    char text[8192];
    lk_buf sdp = {0};
    world_init(&w, 18, (conditions){.delay_ms = 2});
    CHECK_EQ(lk_rtc_local_description(w.sides[0].rtc, &sdp), LK_OK);
    CHECK(buf_append(&sdp, "", 1));
    char *at = strstr((char *)sdp.at, "a=max-message-size:262144\r\n");
    CHECK(at != NULL);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - (char *)sdp.at), (char *)sdp.at, line,
             at + strlen("a=max-message-size:262144\r\n"));
    lk_str offer = {text, strlen(text)};
    CHECK_EQ(lk_rtc_remote_description(w.sides[1].rtc, offer, clock_ms, NULL), LK_OK);
    CHECK_EQ(lk_rtc_message_max(w.sides[1].rtc), want);
    lk_buf_free(&sdp);
    world_drop(&w);
}

/* A certificate other than the announced one ends both before a byte of data. */
static void check_fingerprint(void) {
    world w;
    world_init(&w, 19, (conditions){.delay_ms = 2});
    lk_buf sdp = {0};
    world_signal(&w, 0, 1);
    CHECK_EQ(lk_rtc_local_description(w.sides[1].rtc, &sdp), LK_OK);
    char *at = strstr((char *)sdp.at, "sha-256 ");
    CHECK(at != NULL);
    at[8] = at[8] == '0' ? '1' : '0';
    lk_str text = {(const char *)sdp.at, sdp.len};
    CHECK_EQ(lk_rtc_remote_description(w.sides[0].rtc, text, clock_ms, NULL), LK_OK);
    lk_buf_free(&sdp);
    world_run(&w, 10000);
    CHECK(!w.sides[0].open && !w.sides[1].open);
    CHECK(w.sides[0].closed != NULL && strstr(w.sides[0].closed, "certificate") != NULL);
    world_drop(&w);
}

/* DTLS and garbage from an address that did not prove itself change nothing. */
static void check_strangers(void) {
    world w;
    world_init(&w, 23, (conditions){.delay_ms = 2});
    world_connect(&w);
    lk_addr stranger = addr_of(99);
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[200];
        for (size_t b = 0; b < sizeof bytes; b++) bytes[b] = (uint8_t)rng_u64(&w.random);
        if (i % 3 == 0) memcpy(bytes, "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x20", 13);
        const lk_addr *from = i % 2 == 0 ? &stranger : &w.sides[1].addr;
        lk_rtc_feed(w.sides[0].rtc, &w.sides[0].addr, from,
                    (lk_bytes){bytes, rng_below(&w.random, sizeof bytes)}, clock_ms);
        CHECK(lk_rtc_poll(w.sides[0].rtc, clock_ms) == NULL);
    }
    side_send(&w.sides[0], 0, 100);
    side_send(&w.sides[1], 0, 100);
    world_run(&w, 1000);
    CHECK_EQ(w.sides[0].got, 1);
    CHECK_EQ(w.sides[1].got, 1);
    world_drop(&w);
}

/* The fingerprint of a description, up to the end of its line. */
static lk_str fingerprint_of(const lk_buf *sdp) {
    const char *at = strstr((const char *)sdp->at, "a=fingerprint:");
    CHECK(at != NULL);
    return (lk_str){at, strcspn(at, "\r")};
}

/* Peers that share an identity show the same certificate, also after it was freed; others do not.
 */
static void check_identity(void) {
    world w;
    lk_buf sdp[2] = {{0}, {0}};
    world_init(&w, 41, (conditions){.delay_ms = 1});
    lk_rtc_identity *identity = lk_rtc_identity_new(NULL);
    CHECK(identity != NULL);
    for (int i = 0; i < 2; i++) {
        lk_rtc_options options = {
            .offerer = i == 0, .locals = &w.sides[i].addr, .local_len = 1, .identity = identity};
        lk_rtc_free(w.sides[i].rtc);
        w.sides[i].rtc = lk_rtc_new(&options, clock_ms, NULL);
        CHECK(w.sides[i].rtc != NULL);
    }
    lk_rtc_identity_free(identity);
    world_connect(&w);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(lk_rtc_local_description(w.sides[i].rtc, &sdp[i]), LK_OK);
        CHECK(buf_append(&sdp[i], "", 1));
    }
    lk_str first = fingerprint_of(&sdp[0]), second = fingerprint_of(&sdp[1]);
    CHECK_BYTES(first.at, first.len, second.at, second.len);
    for (int i = 0; i < 2; i++) lk_buf_free(&sdp[i]);
    world_drop(&w);
}

/* ---- restarts of ICE ---- */

/* The side is somewhere else now: what is sent to its old address is lost. */
static void side_move(side *s, uint8_t host) {
    s->addr = addr_of(host);
    lk_rtc_options options = {.locals = &s->addr, .local_len = 1};
    lk_rtc_network(s->rtc, &options, clock_ms);
}

/* Both say something every 20 ms. */
static void world_talk(world *w, uint64_t ms, uint32_t said[2]) {
    for (uint64_t end = clock_ms + ms; clock_ms < end;) {
        for (int i = 0; i < 2; i++) {
            side_send(&w->sides[i], said[i], 100 + said[i] % 3000);
            said[i]++;
        }
        world_run(w, 20);
    }
}

static void world_heard_all(world *w, const uint32_t said[2]) {
    for (int i = 0; i < 120000 && (w->sides[0].got < said[1] || w->sides[1].got < said[0]); i++)
        world_step(w);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(w->sides[i].got, said[1 - i]);
        CHECK(w->sides[i].closed == NULL);
    }
}

static void check_restarted(const world *w, uint32_t restarts) {
    for (int i = 0; i < 2; i++) {
        const side *s = &w->sides[i], *other = &w->sides[1 - i];
        lk_rtc_stats stats = lk_rtc_stats_read(s->rtc);
        CHECK_EQ(stats.restarts, restarts);
        CHECK_BYTES(stats.local.ip, 4, s->addr.ip, 4);
        CHECK_BYTES(stats.remote.ip, 4, other->addr.ip, 4);
    }
}

/* One of them moves in the middle of a conversation; what both say arrives, once and in order. */
static void check_restart(uint64_t seed, int mover, conditions now) {
    world w;
    uint32_t said[2] = {0};
    world_init(&w, seed, now);
    world_connect(&w);
    for (uint8_t move = 0; move < 3; move++) {
        world_talk(&w, 1000, said);
        side_move(&w.sides[mover], (uint8_t)(10 + move));
        CHECK_EQ(lk_rtc_restart(w.sides[mover].rtc, clock_ms), LK_OK);
        world_signal(&w, mover, 100);
        world_signal(&w, 1 - mover, 100);
        world_talk(&w, 1000, said);
    }
    world_heard_all(&w, said);
    world_run(&w, 15000); /* until the old ones are gone */
    check_restarted(&w, 3);
    world_talk(&w, 100, said);
    world_heard_all(&w, said);
    world_drop(&w);
}

/* Until there is an answer, and when there is none, the old path goes on. */
static void check_restart_waits(void) {
    world w;
    uint32_t said[2] = {0};
    world_init(&w, 51, (conditions){.delay_ms = 5});
    world_connect(&w);
    CHECK_EQ(lk_rtc_restart(w.sides[0].rtc, clock_ms), LK_OK);
    lk_buf offer = {0};
    CHECK_EQ(lk_rtc_local_description(w.sides[0].rtc, &offer), LK_OK);
    world_talk(&w, 2000, said);
    world_heard_all(&w, said);
    world_run(&w, 120000); /* consent goes on, too */
    world_talk(&w, 100, said);
    world_heard_all(&w, said);
    lk_buf_free(&offer);
    world_drop(&w);
}

/* What a restart refuses, and that it then is as if nothing had been said. */
static void check_restart_refused(void) {
    world w, stranger;
    lk_buf old[2] = {{0}, {0}}, fresh = {0}, other = {0};
    uint32_t said[2] = {0};
    world_init(&w, 52, (conditions){.delay_ms = 5});
    world_init(&stranger, 53, (conditions){.delay_ms = 5});
    CHECK_EQ(lk_rtc_restart(w.sides[0].rtc, clock_ms), LK_ESTATE);
    world_connect(&w);
    lk_rtc *rtc = w.sides[0].rtc;
    for (int i = 0; i < 2; i++) CHECK_EQ(lk_rtc_local_description(w.sides[i].rtc, &old[i]), LK_OK);
    lk_str theirs = {(const char *)old[1].at, old[1].len};
    CHECK_EQ(lk_rtc_remote_description(rtc, theirs, clock_ms, NULL), LK_ESTATE);
    CHECK_EQ(lk_rtc_local_description(stranger.sides[0].rtc, &other), LK_OK);
    lk_str others = {(const char *)other.at, other.len};
    lk_fault fault;
    CHECK_EQ(lk_rtc_remote_description(rtc, others, clock_ms, &fault), LK_ECORRUPT);
    CHECK(strstr(fault.what, "certificate") != NULL);
    CHECK_EQ(lk_rtc_stats_read(rtc).restarts, 0);
    /* an old description is no answer to a restart, and an old candidate is none of the new ones */
    CHECK_EQ(lk_rtc_restart(rtc, clock_ms), LK_OK);
    CHECK_EQ(lk_rtc_remote_description(rtc, theirs, clock_ms, NULL), LK_ESTATE);
    world_signal(&w, 0, 5);
    CHECK_EQ(lk_rtc_local_description(w.sides[1].rtc, &fresh), LK_OK);
    CHECK_EQ(
        lk_rtc_remote_description(rtc, (lk_str){(const char *)fresh.at, fresh.len}, clock_ms, NULL),
        LK_OK);
    static const char stale[] = "candidate:1 1 udp 2130706431 10.0.0.2 4002 typ host ufrag ????";
    CHECK_EQ(lk_rtc_remote_candidate(rtc, (lk_str){stale, sizeof stale - 1}, clock_ms), LK_OK);
    world_talk(&w, 500, said);
    world_heard_all(&w, said);
    check_restarted(&w, 1);
    for (int i = 0; i < 2; i++) lk_buf_free(&old[i]);
    lk_buf_free(&fresh);
    lk_buf_free(&other);
    world_drop(&w);
    world_drop(&stranger);
}

/* Both begin at once: one takes the other's offer instead of its own. */
static void check_restart_glare(int polite) {
    world w;
    uint32_t said[2] = {0};
    world_init(&w, 54 + (uint64_t)polite, (conditions){.delay_ms = 5, .loss = 5});
    world_connect(&w);
    for (int i = 0; i < 2; i++) CHECK_EQ(lk_rtc_restart(w.sides[i].rtc, clock_ms), LK_OK);
    world_signal(&w, 1 - polite, 20);
    world_signal(&w, polite, 20);
    world_talk(&w, 3000, said);
    world_heard_all(&w, said);
    CHECK_EQ(lk_rtc_stats_read(w.sides[1 - polite].rtc).restarts, 1);
    CHECK_EQ(lk_rtc_stats_read(w.sides[polite].rtc).restarts, 2);
    world_drop(&w);
}

/* A path that died is replaced before consent has expired, and afterwards there is nothing to
 * replace. */
static void check_restart_in_time(uint64_t silence_ms, bool in_time) {
    world w;
    uint32_t said[2] = {0};
    world_init(&w, 57, (conditions){.delay_ms = 5});
    world_connect(&w);
    world_talk(&w, 6000, said);
    side_move(&w.sides[0], 10);
    uint64_t start_ms = clock_ms;
    while (clock_ms < start_ms + silence_ms) world_step(&w);
    CHECK_EQ(w.sides[0].closed == NULL, in_time);
    if (in_time) {
        CHECK(clock_ms > lk_rtc_stats_read(w.sides[1].rtc).answered_ms + 15000);
        CHECK_EQ(lk_rtc_restart(w.sides[1].rtc, clock_ms), LK_OK);
        world_signal(&w, 1, 20);
        world_signal(&w, 0, 20);
        world_talk(&w, 100, said);
        world_heard_all(&w, said);
        check_restarted(&w, 1);
        world_run(&w, 60000);
        CHECK(w.sides[0].closed == NULL && w.sides[1].closed == NULL);
    } else
        CHECK_EQ(lk_rtc_restart(w.sides[0].rtc, clock_ms), LK_ESTATE);
    world_drop(&w);
}

static void check_restarts(void) {
    for (uint64_t seed = 1; seed <= 12; seed++)
        for (int mover = 0; mover < 2; mover++) {
            check_restart(seed, mover, (conditions){.delay_ms = 10, .jitter_ms = 20, .loss = 10});
            check_restart(seed + 20, mover, (conditions){.delay_ms = 5, .loss = 20, .copies = 5});
        }
    check_restart(40, 0, (conditions){.delay_ms = 20});
    check_restart_waits();
    check_restart_refused();
    check_restart_glare(0);
    check_restart_glare(1);
    check_restart_in_time(20000, true);
    check_restart_in_time(36000, false);
}

static void check_cycles(void) {
    for (uint64_t i = 0; i < 50; i++) {
        world w;
        world_init(&w, 100 + i, (conditions){.delay_ms = 1});
        if (i % 3 != 0) world_connect(&w);
        if (i % 3 == 2) side_send(&w.sides[0], 0, 5000);
        world_drop(&w);
    }
}

int main(int argc, char **argv) {
    clock_ms = START_MS;
    CHECK_EQ(lk_rtc_global_init(), LK_OK);
    CHECK_EQ(lk_rtc_global_init(), LK_ESTATE);
    if (argc > 1) {
        uint64_t seed = strtoull(argv[1], NULL, 10);
        check_seeds(seed, seed, (conditions){10, 2, 10, 20});
        for (int i = 0; i < 2; i++) check_restart(seed, i, (conditions){10, 2, 10, 20});
    } else {
        check_set_up_time();
        check_seeds(1, 30, (conditions){.loss = 10, .copies = 2, .delay_ms = 10, .jitter_ms = 20});
        check_seeds(41, 50, (conditions){.loss = 20, .delay_ms = 5});
        check_seeds(31, 40, (conditions){.delay_ms = 20, .jitter_ms = 60, .copies = 10});
        check_throughput();
        check_trickle(true);
        check_trickle(false);
        check_hidden();
        check_many_hidden();
        check_states();
        check_close(0, false);
        check_close(1, false);
        check_close(1, true);
        check_paused(true);
        check_paused(false);
        check_consent(22000, false);
        check_consent(35000, true);
        check_limits();
        check_message_max("", 65536);
        check_message_max("a=max-message-size:0\r\n", 262144);
        check_message_max("a=max-message-size:1000\r\n", 1000);
        check_message_max("a=max-message-size:262145\r\n", 262144);
        check_message_max("a=max-message-size:1073741823\r\n", 262144);
        check_fingerprint();
        check_strangers();
        check_identity();
        check_restarts();
        check_cycles();
    }
    lk_rtc_global_drop();
    printf("rtc_sim_test: ok\n");
    return 0;
}
