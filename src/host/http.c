/* SPDX-License-Identifier: MIT
 * http.c - paths to files. A path is taken apart at its slashes and each part must be a plain name,
 * so there is nothing to normalise and no way up. Every answer carries an ETag and asks the browser
 * to check back: a new build is seen at the next load, and an unchanged one costs a 304. */
#include "host/http.h"

#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/heap.h"

const char *http_type(lk_str name) {
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        /* Streaming compilation insists on exactly this type. */
        {".wasm", "application/wasm"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".webp", "image/webp"},
        {".jpg", "image/jpeg"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
    };
    for (size_t i = 0; i < countof(types); i++) {
        size_t len = strlen(types[i].ending);
        if (name.len > len && memcmp(name.at + name.len - len, types[i].ending, len) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

static void http_text(http_reply *out, unsigned status, const char *text) {
    out->status = status;
    out->type = "text/plain; charset=utf-8";
    heap_print(&out->body, "%s\n", text);
    out->len = out->body.len;
}

static bool http_part_plain(lk_str part, bool first) {
    if (part.len == 0) return false;
    if (part.at[0] == '.') return first && str_is(part, ".well-known");
    return memchr(part.at, 0, part.len) == NULL && memchr(part.at, '\\', part.len) == NULL;
}

/* Every part between slashes is a plain name; the last one may be empty. */
static bool http_path_plain(lk_str path) {
    if (path.len == 0 || path.at[0] != '/') return false;
    for (size_t start = 1, first = 1; start < path.len; first = 0) {
        const char *slash = memchr(path.at + start, '/', path.len - start);
        size_t end = slash == NULL ? path.len : (size_t)(slash - path.at);
        if (!http_part_plain((lk_str){path.at + start, end - start}, first)) return false;
        start = end + 1;
    }
    return true;
}

static bool http_read(int fd, size_t len, lk_buf *out) {
    buf_reserve(out, len);
    while (out->len < len) {
        ssize_t got = read(fd, out->at + out->len, len - out->len);
        if (got <= 0) return false;
        out->len += (size_t)got;
    }
    return true;
}

static void http_file(int fd, const struct stat *info, const http_request *request,
                      http_reply *out) {
    snprintf(out->etag, sizeof out->etag, "\"%llx-%llx-%lx\"", (unsigned long long)info->st_size,
             (unsigned long long)info->st_mtim.tv_sec, (unsigned long)info->st_mtim.tv_nsec);
    out->len = (size_t)info->st_size;
    if (str_is(request->if_none_match, out->etag)) {
        out->status = 304;
        return;
    }
    out->status = 200;
    if (http_read(fd, (size_t)info->st_size, &out->body)) return;
    /* It shrank while we read it: a build is being written. */
    out->body.len = 0, out->etag[0] = 0;
    http_text(out, 503, "try again");
}

void http_answer(const char *root, const http_request *request, http_reply *out) {
    *out = (http_reply){.body = HEAP_BUF};
    if (str_is(request->path, "/healthz")) {
        http_text(out, 200, "ok");
        return;
    }
    lk_buf name = HEAP_BUF;
    int fd = -1;
    struct stat info;
    if (http_path_plain(request->path)) {
        bool folder = request->path.at[request->path.len - 1] == '/';
        heap_print(&name, "%s%.*s%s", root, (int)request->path.len, request->path.at,
                   folder ? "index.html" : "");
        fd = open(heap_str(&name), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
        out->type = http_type((lk_str){(const char *)name.at, name.len});
        http_file(fd, &info, request, out);
    } else {
        http_text(out, 404, "not found");
    }
    if (fd >= 0) close(fd);
    lk_buf_free(&name);
}

void http_reply_drop(http_reply *reply) { lk_buf_free(&reply->body); }
