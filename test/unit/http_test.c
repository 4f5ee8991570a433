/* SPDX-License-Identifier: MIT
 * http_test.c - paths of the site: what is served, and that nothing else ever is. */
#define _GNU_SOURCE /* mkdtemp */
#include "host/http.h"

#include "check.h"
#include "host/files.h"
#include "host/heap.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/lorikeet-http-XXXXXX";
static char root[64];

static void put(const char *name, const char *text) {
    lk_buf path = HEAP_BUF;
    heap_print(&path, "%s/%s", folder, name);
    lk_bytes bytes = {(const uint8_t *)text, strlen(text)};
    CHECK_EQ(files_replace(heap_str(&path), bytes, &(files_change){0}), 0);
    lk_buf_free(&path);
}

static unsigned get(const char *path, size_t len, const char *body) {
    http_reply reply;
    http_answer(root, &(http_request){.path = {path, len}}, &reply);
    if (body != NULL) CHECK_BYTES(reply.body.at, reply.body.len, body, strlen(body));
    unsigned status = reply.status;
    if (status != 200) {
        const char *secret = memmem(reply.body.at, reply.body.len, "secret", 6);
        CHECK(secret == NULL);
    }
    http_reply_drop(&reply);
    return status;
}

static void serves(void) {
    CHECK_EQ(get("/healthz", 8, "ok\n"), 200);
    CHECK_EQ(get("/", 1, "index"), 200);
    CHECK_EQ(get("/sub/", 5, "sub index"), 200);
    CHECK_EQ(get("/sub/a.js", 9, "script"), 200);
    CHECK_EQ(get("/.well-known/x", 14, "known"), 200);
    http_reply first, again;
    http_answer(root, &(http_request){.path = {"/sub/a.js", 9}}, &first);
    CHECK(first.etag[0] == '"');
    lk_str etag = {first.etag, strlen(first.etag)};
    http_answer(root, &(http_request){.path = {"/sub/a.js", 9}, .if_none_match = etag}, &again);
    CHECK_EQ(again.status, 304);
    CHECK_EQ(again.len, 6);
    CHECK_EQ(again.body.len, 0);
    http_reply_drop(&first);
    http_reply_drop(&again);
}

static void refuses(void) {
    const char *paths[] = {
        "",         "x",          "/..",           "/../secret",        "/sub/../../secret",
        "//secret", "/./x",       "/.hidden",      "/sub/.x",           "/sub",
        "/none",    "/sub//a.js", "/\\..\\secret", "/sub/.well-known/x"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        CHECK_EQ(get(paths[i], strlen(paths[i]), NULL), 404);
    CHECK_EQ(get("/sub/a.js\0", 10, NULL), 404);
}

/* Whatever is asked for, nothing from outside the folder comes back. */
static void survives_noise(void) {
    static const char *const parts[] = {"/", "..", ".", "secret", "sub", "a.js", "%2e", "\\", "\n"};
    rng r = {3};
    for (int i = 0; i < 20000; i++) {
        char path[256] = "/";
        for (uint32_t n = rng_below(&r, 8); n > 0; n--) strcat(path, parts[rng_below(&r, 9)]);
        get(path, strlen(path), NULL);
    }
}

static void names_types(void) {
    CHECK(strcmp(http_type((lk_str){"a.wasm", 6}), "application/wasm") == 0);
    CHECK(strcmp(http_type((lk_str){"a.mjs", 5}), "text/javascript; charset=utf-8") == 0);
    CHECK(strcmp(http_type((lk_str){".js", 3}), "application/octet-stream") == 0);
    CHECK(strcmp(http_type((lk_str){"", 0}), "application/octet-stream") == 0);
}

int main(void) {
    CHECK(mkdtemp(folder) != NULL);
    snprintf(root, sizeof root, "%s/web", folder);
    char name[128];
    snprintf(name, sizeof name, "%s/sub", root);
    CHECK_EQ(files_make_folder(name), 0);
    snprintf(name, sizeof name, "%s/.well-known", root);
    CHECK_EQ(files_make_folder(name), 0);
    put("secret", "secret");
    put("web/index.html", "index");
    put("web/.hidden", "secret");
    put("web/sub/.x", "secret");
    put("web/sub/index.html", "sub index");
    put("web/sub/a.js", "script");
    put("web/.well-known/x", "known");
    serves();
    refuses();
    survives_noise();
    names_types();
    snprintf(name, sizeof name, "rm -r %s", folder);
    CHECK(system(name) == 0);
    return 0;
}
