/* SPDX-License-Identifier: MIT
 * id.c - the spelling of container ids:
 *
 *     cid:root-NAME:KIND          NAME may hold ':' and '-' itself, so kinds are found from the end
 *     cid:COUNTER@PEER:KIND       both decimal
 *
 * Kinds this build does not know are spelled Unknown(NUMBER), as Loro does. */
#include "model/id.h"

#include "base/limits.h"

static const char *const id_kind_names[] = {
    [LK_MAP] = "Map",   [LK_LIST] = "List",       [LK_TEXT] = "Text",
    [LK_TREE] = "Tree", [LK_COUNTER] = "Counter", [LK_MOVABLE_LIST] = "MovableList",
};

const char *container_kind_name(container_kind kind) {
    return kind < countof(id_kind_names) ? id_kind_names[kind] : "Unknown";
}

static void id_print_text(writer *w, const char *text) {
    writer_raw(w, text, __builtin_strlen(text));
}

static void id_print_number(writer *w, uint64_t number) {
    char digits[20];
    size_t len = 0;
    do digits[countof(digits) - ++len] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    writer_raw(w, digits + countof(digits) - len, len);
}

static void id_print_kind(writer *w, container_kind kind) {
    id_print_text(w, container_kind_name(kind));
    if (kind < countof(id_kind_names)) return;
    id_print_text(w, "(");
    id_print_number(w, kind);
    id_print_text(w, ")");
}

bool container_id_print(const container_id *id, uint64_t peer, lk_buf *out) {
    writer w = writer_new(out);
    size_t start = out->len;
    if (id->root) {
        id_print_text(&w, "cid:root-");
        writer_raw(&w, id->name.at, id->name.len);
    } else {
        id_print_text(&w, "cid:");
        id_print_number(&w, (uint64_t)id->counter);
        id_print_text(&w, "@");
        id_print_number(&w, peer);
    }
    id_print_text(&w, ":");
    id_print_kind(&w, id->kind);
    if (w.failed) out->len = start;
    return !w.failed;
}

bool id_skip(lk_str *text, const char *prefix) {
    size_t len = __builtin_strlen(prefix);
    if (text->len < len || __builtin_memcmp(text->at, prefix, len) != 0) return false;
    *text = (lk_str){text->at + len, text->len - len};
    return true;
}

bool id_parse_number(lk_str *text, uint64_t max, uint64_t *out) {
    uint64_t v = 0;
    size_t len = 0;
    for (; len < text->len && text->at[len] >= '0' && text->at[len] <= '9'; len++) {
        uint64_t digit = (uint64_t)(text->at[len] - '0');
        if (v > (max - digit) / 10) return false;
        v = v * 10 + digit;
    }
    if (len == 0 || (len > 1 && text->at[0] == '0')) return false;
    *text = (lk_str){text->at + len, text->len - len};
    *out = v;
    return true;
}

static bool id_parse_kind(lk_str text, container_kind *out) {
    for (size_t i = 0; i < countof(id_kind_names); i++) {
        lk_str rest = text;
        if (!id_skip(&rest, id_kind_names[i]) || rest.len > 0) continue;
        *out = (container_kind)i;
        return true;
    }
    uint64_t number;
    if (!id_skip(&text, "Unknown(") || !id_parse_number(&text, 127, &number)) return false;
    *out = (container_kind)number;
    return number >= countof(id_kind_names) && id_skip(&text, ")") && text.len == 0;
}

bool container_id_parse(lk_str text, container_id *id, uint64_t *peer) {
    *id = (container_id){0};
    *peer = 0;
    if (!id_skip(&text, "cid:")) return false;
    size_t colon = text.len;
    while (colon > 0 && text.at[colon - 1] != ':') colon--;
    if (colon == 0) return false;
    lk_str kind = {text.at + colon, text.len - colon};
    text.len = colon - 1;
    if (!id_parse_kind(kind, &id->kind)) return false;
    if (id_skip(&text, "root-")) {
        id->root = true;
        id->name = text;
        return text.len > 0;
    }
    uint64_t counter;
    if (!id_parse_number(&text, LIMIT_COUNTER, &counter) || !id_skip(&text, "@")) return false;
    id->counter = (int32_t)counter;
    return id_parse_number(&text, UINT64_MAX, peer) && text.len == 0;
}
