/* SPDX-License-Identifier: MIT
 * document.c - ids, and the files that bear them. */
#include "host/document.h"

#include <dirent.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "base/utf8.h"
#include "host/base64url.h"
#include "host/heap.h"

bool document_name_good(lk_str name) {
    if (name.len == 0 || name.len > LIMIT_DOCUMENT_NAME) return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = (uint8_t)name.at[i];
        if (byte < ' ' || byte == 0x7f || byte == '/') return false;
    }
    return utf8_valid((const uint8_t *)name.at, name.len);
}

bool document_id(lk_str room, lk_str name, lk_buf *out) {
    heap_print(out, "%.*s%s%.*s", (int)room.len, room.at, name.len > 0 ? "/" : "", (int)name.len,
               name.at);
    return room.len + (name.len > 0) + name.len <= LIMIT_ROOM_ID_BYTES;
}

bool document_is_of(lk_str id, lk_str room) {
    if (id.len < room.len || memcmp(id.at, room.at, room.len) != 0) return false;
    if (id.len == room.len) return true;
    lk_str name = {id.at + room.len + 1, id.len - room.len - 1};
    return id.at[room.len] == '/' && document_name_good(name);
}

bool document_is_named(lk_str id) { return id.len > 0 && memchr(id.at, '/', id.len) != NULL; }

void document_path(const char *folder, lk_str id, const char *kind, lk_buf *out) {
    heap_print(out, "%s/", folder);
    if (id.len > 0 && base64url_is(id)) {
        heap_print(out, "%.*s", (int)id.len, id.at);
    } else {
        heap_print(out, "=");
        base64url_write(out, (lk_bytes){(const uint8_t *)id.at, id.len});
    }
    heap_print(out, ".%s", kind);
}

/* Is the file of that name one of such a document? */
static bool document_is_kept(const char *file, lk_str room, const char *kind) {
    const char *dot = strrchr(file, '.');
    if (file[0] != '=' || dot == NULL || strcmp(dot + 1, kind) != 0) return false;
    lk_buf id = HEAP_BUF;
    lk_str text = {file + 1, (size_t)(dot - file - 1)};
    bool kept = base64url_read(&id, text) && id.len > room.len &&
                document_is_of((lk_str){(const char *)id.at, id.len}, room);
    lk_buf_free(&id);
    return kept;
}

size_t document_count(const char *folder, lk_str room, const char *kind, size_t most) {
    DIR *files = opendir(folder);
    size_t count = 0;
    if (files == NULL) return 0;
    for (const struct dirent *file; count < most && (file = readdir(files)) != NULL;)
        count += document_is_kept(file->d_name, room, kind);
    closedir(files);
    return count;
}
