/* SPDX-License-Identifier: MIT
 * slips.c - lines of standard input are slips: alone, behind the word that we print before them, or
 * at the end of a link. An empty line asks for another offer. */
#include "slips.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base64url.h"
#include "host/heap.h"

/* Longer than any slip; what is longer is none. */
#define SLIPS_LINE_MAX 8192

struct slips {
    slips_options options;
    by_hand_events events;
    by_hand *by_hand;
    loop_handle *readable; /* NULL: standard input has ended */
    char line[SLIPS_LINE_MAX];
    size_t line_len;
};

static void slips_print(void *context, bool answer, const char *text) {
    slips *s = context;
    if (answer)
        printf("answer %s\n", text);
    else
        printf("offer %.*s&o=%s\n", (int)s->options.link.len, s->options.link.at, text);
    fflush(stdout);
    fprintf(stderr, "lorikeet join: %s\n",
            answer ? "send the answer back, and leave this running until it has been pasted there"
                   : "send the offer to somebody, and paste here what comes back; an empty line "
                     "makes another one");
}

static void slips_line(slips *s) {
    lk_str line = {s->line, s->line_len};
    while (line.len > 0 && (unsigned char)line.at[line.len - 1] <= ' ') line.len--;
    if (line.len == 0) {
        by_hand_offer(s->by_hand);
        return;
    }
    /* Nothing before a slip is of its alphabet and touches it. */
    lk_str slip = {line.at + line.len, 0};
    while (slip.at > line.at && base64url_is((lk_str){slip.at - 1, 1})) slip.at--, slip.len++;
    by_hand_hear(s->by_hand, slip);
}

static void slips_take(slips *s, const char *at, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (at[i] == '\n') {
            slips_line(s);
            s->line_len = 0;
        } else if (s->line_len < sizeof s->line) {
            s->line[s->line_len++] = at[i];
        }
    }
}

static void slips_end(slips *s) {
    if (s->readable != NULL) loop_close(s->readable);
    s->readable = NULL;
}

/* False at the end. */
static bool slips_read(slips *s) {
    char bytes[4096];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
    if (got > 0) slips_take(s, bytes, (size_t)got);
    if (got == 0 && s->line_len > 0) slips_take(s, "\n", 1); /* the last line need not end */
    return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

static void slips_readable(void *context) {
    if (!slips_read(context)) slips_end(context);
}

/* Files are always readable, and nothing waits for that. */
static void slips_listen(slips *s) {
    struct stat info;
    bool waits = fstat(STDIN_FILENO, &info) == 0 &&
                 (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) || isatty(STDIN_FILENO));
    if (waits)
        s->readable = loop_readable(s->options.by_hand.loop, STDIN_FILENO, slips_readable, s);
    else
        while (slips_read(s)) continue;
}

/* ---- what is passed on ---- */

static void slips_ready(void *context) {
    slips *s = context;
    if (s->options.offer.len > 0)
        by_hand_hear(s->by_hand, s->options.offer);
    else
        by_hand_offer(s->by_hand);
    slips_listen(s);
}

static void slips_opened(void *context, uint32_t link) {
    slips *s = context;
    s->events.opened(s->events.context, link);
}

static void slips_message(void *context, uint32_t link, lk_bytes message) {
    slips *s = context;
    s->events.message(s->events.context, link, message);
}

static void slips_closed(void *context, uint32_t link) {
    slips *s = context;
    s->events.closed(s->events.context, link);
}

static void slips_note(void *context, const char *text) {
    slips *s = context;
    s->events.note(s->events.context, text);
}

/* ---- the public calls ---- */

slips *slips_new(const slips_options *options, const by_hand_events *events) {
    slips *s = heap_new(slips);
    s->options = *options, s->events = *events;
    by_hand_events own = {.context = s,
                          .ready = slips_ready,
                          .slip = slips_print,
                          .opened = slips_opened,
                          .message = slips_message,
                          .closed = slips_closed,
                          .note = slips_note};
    s->by_hand = by_hand_new(&options->by_hand, &own);
    return s;
}

void slips_free(slips *s) {
    slips_end(s);
    by_hand_free(s->by_hand);
    heap_free(slips, s);
}

void slips_send(slips *s, uint32_t link, lk_bytes message) {
    by_hand_send(s->by_hand, link, message);
}

bool slips_holds(const slips *s, uint32_t link) { return by_hand_holds(s->by_hand, link); }

void slips_hang_up(slips *s, uint32_t link) { by_hand_hang_up(s->by_hand, link); }
