/* SPDX-License-Identifier: MIT
 * print.c - words for people. */
#include "print.h"

#include <inttypes.h>
#include <time.h>

#include "base/json.h"
#include "base/utf8.h"
#include "host/heap.h"

static bool print_controls(uint32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

/* The text with everything in it spelled that `quotes` or a terminal would take for itself. */
static void print_spelled(lk_buf *out, lk_str s, bool quotes) {
    const uint8_t *at = (const uint8_t *)s.at, *end = at + s.len;
    while (at < end) {
        const uint8_t *from = at;
        uint32_t c = utf8_next(&at);
        if (quotes && c == '\n')
            heap_print(out, "\\n");
        else if (print_controls(c) && (quotes || c != '\t'))
            heap_print(out, "\\u%04x", (unsigned)c);
        else if (quotes && (c == '"' || c == '\\'))
            heap_print(out, "\\%c", (char)c);
        else
            buf_append(out, from, (size_t)(at - from));
    }
}

void print_line(lk_buf *out, lk_str s) { print_spelled(out, s, false); }

void print_quoted(lk_buf *out, lk_str s) {
    heap_print(out, "\"");
    print_spelled(out, s, true);
    heap_print(out, "\"");
}

void print_name(lk_buf *out, lk_str s) {
    const uint8_t *at = (const uint8_t *)s.at, *end = at + s.len;
    bool plain = s.len > 0;
    while (plain && at < end) {
        uint32_t c = utf8_next(&at);
        plain = !print_controls(c) && c != ' ' && c != '/' && c != '"' && c != '\\';
    }
    if (plain)
        buf_append(out, s.at, s.len);
    else
        print_quoted(out, s);
}

/* ---- values ---- */

static const char *print_kind(const lk_doc *doc, lk_ref ref) {
    switch (lk_ref_kind(doc, ref)) {
    case LK_MAP: return "map";
    case LK_LIST: return "list";
    case LK_TEXT: return "text";
    case LK_TREE: return "tree";
    case LK_MOVABLE_LIST: return "movable list";
    case LK_COUNTER: return "counter";
    default: return "unknown";
    }
}

static void print_entries(lk_buf *out, const lk_doc *doc, const lk_value *map) {
    heap_print(out, "{");
    for (uint32_t i = 0; i < map->len; i++) {
        if (i > 0) heap_print(out, ",");
        print_quoted(out, map->as.entries[i].key);
        heap_print(out, ":");
        print_value(out, doc, &map->as.entries[i].value);
    }
    heap_print(out, "}");
}

static void print_values(lk_buf *out, const lk_doc *doc, const lk_value *list) {
    heap_print(out, "[");
    for (uint32_t i = 0; i < list->len; i++) {
        if (i > 0) heap_print(out, ",");
        print_value(out, doc, &list->as.values[i]);
    }
    heap_print(out, "]");
}

void print_value(lk_buf *out, const lk_doc *doc, const lk_value *value) {
    writer w = writer_new(out);
    switch (value->type) {
    case LK_NULL: heap_print(out, "null"); break;
    case LK_BOOL: heap_print(out, value->as.boolean ? "true" : "false"); break;
    case LK_I64: json_i64(&w, value->as.i64); break;
    case LK_F64: json_f64(&w, value->as.f64); break;
    case LK_STRING: print_quoted(out, (lk_str){(const char *)value->as.bytes, value->len}); break;
    case LK_BINARY: heap_print(out, "(%" PRIu32 " bytes)", value->len); break;
    case LK_VALUES: print_values(out, doc, value); break;
    case LK_ENTRIES: print_entries(out, doc, value); break;
    case LK_CONTAINER: heap_print(out, "(%s)", print_kind(doc, value->as.container)); break;
    }
}

/* ---- names ---- */

void print_container(lk_buf *out, lk_doc *doc, lk_ref ref) {
    const lk_path_item *path;
    size_t len;
    if (lk_container_path(doc, ref, &path, &len) == LK_OK) {
        for (size_t i = 0; i < len; i++) {
            if (i > 0) heap_print(out, "/");
            if (path[i].is_key)
                print_name(out, path[i].key);
            else if (path[i].is_node)
                print_ids(out, (lk_ids){&path[i].node, 1});
            else
                heap_print(out, "%zu", path[i].index);
        }
    } else {
        lk_buf id = HEAP_BUF;
        if (lk_container_id(doc, ref, &id) == LK_OK)
            print_line(out, (lk_str){(const char *)id.at, id.len});
        lk_buf_free(&id);
    }
    heap_print(out, " (%s)", print_kind(doc, ref));
}

void print_count(lk_buf *out, uint64_t count, const char *noun) {
    heap_print(out, "%" PRIu64 " %s%s", count, noun, count == 1 ? "" : "s");
}

void print_range(lk_buf *out, uint64_t first, uint64_t last) {
    heap_print(out, "%" PRIu64, first);
    if (last != first) heap_print(out, "..%" PRIu64, last);
}

void print_ids(lk_buf *out, lk_ids ids) {
    for (size_t i = 0; i < ids.len; i++)
        heap_print(out, "%s%" PRId32 "@%" PRIu64, i > 0 ? "," : "", ids.at[i].counter,
                   ids.at[i].peer);
}

void print_time(lk_buf *out, int64_t timestamp_s) {
    time_t time = (time_t)timestamp_s;
    struct tm parts;
    char text[64];
    if (timestamp_s == 0 || gmtime_r(&time, &parts) == NULL) return;
    if (strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) > 0)
        heap_print(out, "%s", text);
}
