/* SPDX-License-Identifier: MIT
 * people.c - sets of names, compared. */
#include "host/people.h"

#include <string.h>

#include "base/json_read.h"
#include "base/str.h"
#include "base/utf8.h"
#include "host/heap.h"

/* ---- names ---- */

/* What a terminal obeys, what turns the direction of what stands beside it, and what is not seen:
 * first and last each. */
static const uint32_t people_unseen[][2] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},        {0x61c, 0x61c},   {0x180e, 0x180e},
    {0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e},    {0x2060, 0x206f}, {0xe000, 0xf8ff},
    {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0x10ffff},
};

static bool people_seen(uint32_t point) {
    for (size_t i = 0; i < countof(people_unseen); i++)
        if (point >= people_unseen[i][0] && point <= people_unseen[i][1]) return false;
    return true;
}

/* Emoji and Persian need these two, between letters. */
static bool people_joins(uint32_t point) { return point == 0x200c || point == 0x200d; }

bool people_name(lk_str said, lk_buf *out) {
    const uint8_t *at = (const uint8_t *)said.at, *end = at + said.len;
    size_t begin = out->len, points = 0;
    bool space = false, letters = false;
    if (!utf8_valid(at, said.len)) return false;
    while (at < end && points < PEOPLE_NAME) {
        const uint8_t *start = at;
        uint32_t point = utf8_next(&at);
        if (point == ' ' || (point >= '\t' && point <= '\r')) {
            space = points > 0;
            continue;
        }
        if (!people_seen(point)) continue;
        if (space) buf_append(out, " ", 1), points++;
        space = false;
        letters |= !people_joins(point);
        buf_append(out, start, (size_t)(at - start));
        points++;
    }
    if (!letters) out->len = begin;
    return letters;
}

lk_value people_value(lk_str name, uint64_t colour, lk_entry parts[2]) {
    parts[0] = (lk_entry){.key = {"name", 4},
                          .value = {.type = LK_STRING,
                                    .len = (uint32_t)name.len,
                                    .as.bytes = (const uint8_t *)name.at}};
    parts[1] = (lk_entry){.key = {"colour", 6},
                          .value = {.type = LK_I64, .as.i64 = (int64_t)(colour % PEOPLE_COLOURS)}};
    return (lk_value){.type = LK_ENTRIES, .len = 2, .as.entries = parts};
}

/* ---- sets of them ---- */

static bool people_has(const lk_buf *names, lk_str name) {
    lk_buf line = HEAP_BUF;
    heap_print(&line, "\n%.*s\n", (int)name.len, name.at);
    bool found = memmem(names->at, names->len, line.at, line.len) != NULL;
    lk_buf_free(&line);
    return found;
}

/* The next name; *at begins at 1, behind the first line feed. */
static bool people_next(const lk_buf *names, size_t *at, lk_str *name) {
    if (*at >= names->len) return false;
    const char *from = (const char *)names->at + *at;
    const char *to = memchr(from, '\n', names->len - *at);
    *name = (lk_str){from, (size_t)(to - from)};
    *at += name->len + 1;
    return true;
}

static bool people_full(const lk_buf *names) {
    size_t at = 1, count = 0;
    lk_str name;
    while (people_next(names, &at, &name)) count++;
    return count >= PEOPLE_MAX;
}

static void people_add(lk_buf *names, lk_str said) {
    lk_buf name = HEAP_BUF;
    bool good = people_name(said, &name) && !people_full(names);
    if (good && !people_has(names, (lk_str){heap_str(&name), name.len}))
        heap_print(names, "%s\n", heap_str(&name));
    lk_buf_free(&name);
}

/* Of a value that may be anything, and may say its name twice. */
static void people_read_value(reader *r, arena *scratch, lk_buf *names) {
    bool first = true;
    lk_str key;
    if (json_read_peek(r) != '{') {
        json_read_skip(r);
        return;
    }
    while (json_read_key(r, scratch, &first, &key)) {
        if (str_is(key, "name") && json_read_peek(r) == '"')
            people_add(names, json_read_string(r, scratch));
        else
            json_read_skip(r);
    }
}

static bool people_read(lk_bytes json, lk_str own, lk_buf *names) {
    arena scratch;
    arena_init(&scratch, &heap_memory);
    reader r = reader_new(json);
    bool first = true;
    lk_str key;
    while (json_read_key(&r, &scratch, &first, &key)) {
        if (str_equal(key, own))
            json_read_skip(&r);
        else
            people_read_value(&r, &scratch, names);
    }
    arena_drop(&scratch);
    return reader_ok(&r);
}

/* ---- who came, who left ---- */

void people_init(people *p) {
    *p = (people){.names = HEAP_BUF};
    heap_print(&p->names, "\n");
}

void people_drop(people *p) { lk_buf_free(&p->names); }

/* Say `what` of those in `names` who are not in `but`. */
static size_t people_say(const lk_buf *names, const lk_buf *but, const char *what,
                         void (*say)(void *context, const char *), void *context) {
    size_t said = 0, at = 1;
    lk_str name;
    while (people_next(names, &at, &name)) {
        if (people_has(but, name)) continue;
        lk_buf line = HEAP_BUF;
        heap_print(&line, "%.*s %s", (int)name.len, name.at, what);
        say(context, heap_str(&line));
        lk_buf_free(&line);
        said++;
    }
    return said;
}

size_t people_look(people *p, lk_bytes json, lk_str own, void (*say)(void *context, const char *),
                   void *context) {
    lk_buf now = HEAP_BUF;
    size_t said = 0;
    heap_print(&now, "\n");
    if (people_read(json, own, &now)) {
        said = people_say(&p->names, &now, "left", say, context);
        said += people_say(&now, &p->names, "is here", say, context);
        lk_buf_free(&p->names);
        p->names = now;
    } else {
        lk_buf_free(&now);
    }
    return said;
}
