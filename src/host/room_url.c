/* SPDX-License-Identifier: MIT
 * room_url.c - links, and the keys that are in them. */
#include "host/room_url.h"

#include <string.h>

#include "base/hex.h"
#include "host/base64url.h"
#include "host/document.h"
#include "host/heap.h"
#include "host/mesh.h"

#define ROOM_URL_NAME_MAX 128

/* The letter of each kind, and how many bytes stand behind it. */
static const char room_url_letters[] = "kvr";
static const size_t room_url_lens[] = {SEAL_KEY, 2 * SEAL_KEY, SEAL_KEY};

static void room_url_take(room_url *url, const uint8_t *bytes) {
    switch (url->kind) {
    case ROOM_URL_WRITE: seal_keys_make(bytes, url->room, &url->keys); break;
    case ROOM_URL_READ:
        url->keys.id = url->room;
        memcpy(url->keys.read, bytes, SEAL_KEY);
        memcpy(url->keys.check, bytes + SEAL_KEY, SEAL_KEY);
        break;
    case ROOM_URL_RELAY: memcpy(url->relay, bytes, SEAL_KEY); return;
    }
    mesh_relay_key(url->keys.read, url->room, url->relay);
}

/* A name, percent-encoded, up to the next "&" or the end, where it leaves *at. */
static bool room_url_read_name(const char **at, room_url *url) {
    size_t len = 0;
    for (; **at != 0 && **at != '&'; (*at)++) {
        int byte = (unsigned char)**at;
        if (byte == '%') {
            byte = hex_byte(*at + 1);
            if (byte < 0) return false;
            *at += 2;
        }
        if (len == LIMIT_DOCUMENT_NAME) return false;
        url->name[len++] = (char)byte;
    }
    return document_name_good((lk_str){url->name, len});
}

/* What stands behind the ?. */
static bool room_url_read_keys(const char *at, room_url *url) {
    const char *letter = *at == 0 ? NULL : strchr(room_url_letters, *at);
    if (letter == NULL || at[1] != '=') return false;
    url->kind = (room_url_kind)(letter - room_url_letters);
    lk_str text = {at + 2, base64url_span(at + 2)};
    const char *rest = text.at + text.len;
    lk_buf bytes = HEAP_BUF;
    bool good = base64url_read(&bytes, text) && bytes.len == room_url_lens[url->kind];
    if (good) room_url_take(url, bytes.at);
    lk_buf_free(&bytes);
    if (strncmp(rest, "&d=", 3) == 0 && url->kind != ROOM_URL_RELAY) {
        rest += 3;
        good = room_url_read_name(&rest, url) && good;
    }
    if (strncmp(rest, "&o=", 3) == 0 && url->kind != ROOM_URL_RELAY)
        url->offer = (lk_str){rest + 3, strlen(rest + 3)};
    else
        good = good && *rest == 0;
    url->link.len = (size_t)(rest - url->link.at);
    return good;
}

bool room_url_read(const char *text, room_url *out) {
    *out = (room_url){.link = {text, strlen(text)}};
    if (!address_url_read(out->link, &out->server)) return false;
    const char *fragment = strchr(text, '#');
    if (fragment == NULL || fragment[1] != '/') return false;
    out->room = (lk_str){fragment + 2, base64url_span(fragment + 2)};
    const char *end = out->room.at + out->room.len;
    out->page = (lk_str){text, (size_t)(end - text)};
    return out->room.len > 0 && out->room.len <= ROOM_URL_NAME_MAX && *end == '?' &&
           room_url_read_keys(end + 1, out);
}

void room_url_write(const room_url *url, room_url_kind kind, lk_buf *out) {
    uint8_t pair[2 * SEAL_KEY];
    lk_bytes keys = {pair, room_url_lens[kind]};
    LK_ASSERT(kind == ROOM_URL_READ || kind == ROOM_URL_RELAY);
    if (kind == ROOM_URL_RELAY) {
        memcpy(pair, url->relay, SEAL_KEY);
    } else {
        memcpy(pair, url->keys.read, SEAL_KEY);
        memcpy(pair + SEAL_KEY, url->keys.check, SEAL_KEY);
    }
    heap_print(out, "%.*s?%c=", (int)url->page.len, url->page.at, room_url_letters[kind]);
    base64url_write(out, keys);
}
