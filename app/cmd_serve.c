/* SPDX-License-Identifier: MIT
 * cmd_serve.c - lorikeet serve: the workspace's files, the signalling rooms, and the rooms that
 * updates are kept in. A connection's first message says what it is for: text for signalling,
 * binary for the others. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#include "base/str.h"
#include "host/address.h"
#include "host/files.h"
#include "host/heap.h"
#include "host/loop.h"
#include "host/random.h"
#include "host/rooms.h"
#include "host/servers.h"
#include "host/signal.h"
#include "host/web.h"

#include <limits.h>

#define SERVE_TICK_MS 1000
/* Of rooms: the most that what is short waits for, where documents take turns. */
#define SERVE_MESSAGE_MAX (64u << 10)

typedef struct serve {
    loop *loop;
    web *web;
    signal_hub *hub;
    rooms *rooms;
    loop_handle *tick;
} serve;

typedef struct serve_conn { /* until it has said what it is for, neither */
    serve *serve;
    web_conn *web;
    signal_member *signal;
    rooms_member *rooms;
} serve_conn;

/* ---- WebSockets ---- */

static void serve_send(void *conn, lk_bytes text) { web_send(((serve_conn *)conn)->web, text); }
static void serve_send_binary(void *conn, lk_bytes message) {
    web_send_binary(((serve_conn *)conn)->web, message);
}
static size_t serve_queued(void *conn) { return web_queued(((serve_conn *)conn)->web); }
static void serve_close(void *conn) { web_close(((serve_conn *)conn)->web); }
static void serve_note(const char *text) { fprintf(stderr, "lorikeet serve: %s\n", text); }

static void *serve_opened(void *context, web_conn *conn) {
    serve_conn *c = heap_new(serve_conn);
    c->serve = context, c->web = conn;
    return c;
}

/* The protocol's heartbeat is text, between binary messages, and may come before them. */
static bool serve_heartbeat(serve_conn *c, web_message_kind kind, lk_bytes message) {
    if (kind != WEB_TEXT || c->signal != NULL) return false;
    lk_str text = {(const char *)message.at, message.len};
    if (str_is(text, "ping")) web_send(c->web, (lk_bytes){(const uint8_t *)"pong", 4});
    return str_is(text, "ping") || str_is(text, "pong");
}

static void serve_message(void *user, web_message_kind kind, lk_bytes message) {
    static const signal_feed_kind kinds[] = {
        [WEB_TEXT] = SIGNAL_TEXT, [WEB_BINARY] = SIGNAL_BINARY, [WEB_HUGE] = SIGNAL_HUGE};
    serve_conn *c = user;
    uint64_t now_ms = loop_now_ms();
    if (serve_heartbeat(c, kind, message)) return;
    if (c->rooms == NULL && c->signal == NULL) {
        if (kind == WEB_BINARY)
            c->rooms = rooms_enter(c->serve->rooms, c, now_ms);
        else
            c->signal = signal_enter(c->serve->hub, c, now_ms);
    }
    if (c->signal != NULL)
        signal_feed(c->signal, kinds[kind], message, now_ms);
    else if (kind == WEB_BINARY)
        rooms_feed(c->rooms, message, now_ms);
    else
        web_close(c->web);
}

static void serve_drained(void *user) {
    serve_conn *c = user;
    if (c->rooms != NULL) rooms_drained(c->rooms);
}

static void serve_closed(void *user) {
    serve_conn *c = user;
    if (c->signal != NULL) signal_leave(c->signal);
    if (c->rooms != NULL) rooms_leave(c->rooms);
    heap_free(serve_conn, c);
}

static void serve_tick(void *context) {
    serve *s = context;
    rooms_tick(s->rooms, loop_now_ms());
    loop_timer_start(s->tick, SERVE_TICK_MS);
}

static void serve_stop(void *context) {
    serve *s = context;
    loop_stop(s->loop);
}

/* ---- starting ---- */

/* The workspace beside the program as built, or where `make install` puts it. */
static const char *serve_default_root(lk_buf *out) {
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    while (len > 0 && self[len - 1] != '/') len--;
    if (len < 0) len = 0;
    struct stat info;
    heap_print(out, "%.*sweb", (int)len, self);
    if (stat(heap_str(out), &info) == 0) return heap_str(out);
    out->len = 0;
    heap_print(out, "%.*s../share/lorikeet/web", (int)len, self);
    return heap_str(out);
}

/* HOST may be a name; serving waits for the answer, there is nothing else to do yet. */
typedef struct serve_lookup {
    lk_addr found;
    bool done;
} serve_lookup;

static void serve_looked_up(void *context, lk_addr found) {
    *(serve_lookup *)context = (serve_lookup){found, true};
}

static lk_addr serve_resolve(loop *l, const address *at) {
    serve_lookup lookup = {0};
    loop_find(l, at, serve_looked_up, &lookup);
    while (!lookup.done) loop_turn(l);
    return lookup.found;
}

static int serve_listen(serve *s, const char *listen, const address *at, const char *root) {
    lk_addr addr = serve_resolve(s->loop, at);
    if (addr.family == 0) {
        cli_complain("serve", "no address is known for %s", listen);
        return CLI_FAILED;
    }
    web_events events = {s, serve_opened, serve_message, serve_closed, serve_drained};
    uint16_t port = 0;
    int status = web_listen(s->web, &addr, root, &events, &port);
    if (status != 0) {
        cli_complain("serve", "cannot listen on %s: %s", listen, strerror(status));
        return CLI_FAILED;
    }
    bool six = memchr(at->host.at, ':', at->host.len) != NULL;
    printf("listening on http://%s%.*s%s:%u\n", six ? "[" : "", (int)at->host.len, at->host.at,
           six ? "]" : "", port);
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

typedef struct serve_options {
    const char *listen, *root, *data, *secret_file;
    cli_list stun, turn, files;
    address at;
    lk_buf secret; /* shared with the TURN servers */
    bool plain;
} serve_options;

static int64_t serve_unix_s(void) { return (int64_t)time(NULL); }

/* As views. */
static lk_str *serve_strings(const cli_list *list) {
    lk_str *strings = mem_zalloc(&heap_memory, list->len * sizeof *strings);
    for (size_t i = 0; i < list->len; i++) strings[i] = (lk_str){list->at[i], strlen(list->at[i])};
    return strings;
}

static int serve_start(const serve_options *o, const char *root) {
    serve s = {.loop = loop_new()};
    s.web = web_new(s.loop);
    if (s.web == NULL) {
        cli_complain("serve", "libwebsockets does not start; is its libuv plugin installed?");
        loop_free(s.loop);
        return CLI_FAILED;
    }
    lk_str *stun = serve_strings(&o->stun), *turn = serve_strings(&o->turn);
    s.hub =
        signal_hub_new(&(signal_options){.stun = stun,
                                         .stun_len = o->stun.len,
                                         .turn = turn,
                                         .turn_len = o->turn.len,
                                         .turn_secret = {(const char *)o->secret.at, o->secret.len},
                                         .unix_s = serve_unix_s,
                                         .seed = random_u64(),
                                         .send = serve_send,
                                         .close = serve_close});
    s.rooms = rooms_new(&(rooms_options){.loop = s.loop,
                                         .folder = o->data,
                                         .plain = o->plain,
                                         .message_max = SERVE_MESSAGE_MAX,
                                         .seed = random_u64(),
                                         .unix_ms = loop_unix_ms,
                                         .send = serve_send_binary,
                                         .queued = serve_queued,
                                         .close = serve_close,
                                         .note = serve_note});
    s.tick = loop_timer(s.loop, serve_tick, &s);
    loop_timer_start(s.tick, SERVE_TICK_MS);
    /* A signal between the line that says we listen and the handler would kill us: first these. */
    signal(SIGPIPE, SIG_IGN);
    loop_handle *term = loop_signal(s.loop, SIGTERM, serve_stop, &s);
    loop_handle *interrupt = loop_signal(s.loop, SIGINT, serve_stop, &s);
    int status = serve_listen(&s, o->listen, &o->at, root);
    if (status == CLI_OK) loop_run(s.loop);
    loop_close(term);
    loop_close(interrupt);
    loop_close(s.tick);
    web_free(s.web);
    signal_hub_free(s.hub);
    rooms_free(s.rooms);
    loop_free(s.loop);
    mem_free(&heap_memory, stun, o->stun.len * sizeof *stun);
    mem_free(&heap_memory, turn, o->turn.len * sizeof *turn);
    return status;
}

static bool serve_servers_good(const char *option, const cli_list *list, bool urls) {
    address server;
    servers_url url;
    for (size_t i = 0; i < list->len; i++) {
        lk_str text = {list->at[i], strlen(list->at[i])};
        if (urls && servers_url_read(text, &url) && url.turn) continue;
        if (address_read(text, 3478, &server)) continue;
        cli_complain("serve", "%s \"%s\" is not of the form HOST:PORT%s", option, list->at[i],
                     urls ? ", or turn:HOST:PORT?transport=tcp, or turns:HOST:PORT" : "");
        return false;
    }
    return true;
}

/* The secret is the file's first line: on the command line everyone on this machine would see it.
 */
static int serve_read_secret(serve_options *o) {
    if (o->secret_file == NULL) return CLI_OK;
    int error = cli_read_file(o->secret_file, &o->secret);
    for (size_t i = 0; i < o->secret.len; i++)
        if (o->secret.at[i] == '\n' || o->secret.at[i] == '\r') o->secret.len = i;
    if (error == 0 && o->secret.len > 0) return CLI_OK;
    cli_complain("serve", "%s: %s", o->secret_file,
                 error != 0 ? strerror(error) : "no secret in it");
    return CLI_FAILED;
}

static int serve_make_folder(const serve_options *o) {
    int error = o->data == NULL ? 0 : files_make_folder(o->data);
    if (error == 0) return CLI_OK;
    cli_complain("serve", "%s: %s", o->data, strerror(error));
    return CLI_FAILED;
}

static bool serve_options_good(serve_options *o) {
    if (o->listen == NULL || o->files.len > 0) {
        cli_complain("serve",
                     "usage: lorikeet serve --listen HOST:PORT [--web DIR] [--data DIR] "
                     "[--plain] [--stun HOST:PORT]... [--turn HOST:PORT --turn-secret FILE]...");
        return false;
    }
    if (!address_read((lk_str){o->listen, strlen(o->listen)}, 0, &o->at)) {
        cli_complain("serve", "\"%s\" is not of the form HOST:PORT", o->listen);
        return false;
    }
    if ((o->turn.len > 0) != (o->secret_file != NULL)) {
        cli_complain("serve", "--turn and --turn-secret go together");
        return false;
    }
    return serve_servers_good("--stun", &o->stun, false) &&
           serve_servers_good("--turn", &o->turn, true);
}

static int serve_run(int argc, char **argv) {
    serve_options o = {.secret = HEAP_BUF};
    const cli_option options[] = {
        {.name = "--listen", .value = &o.listen},
        {.name = "--web", .value = &o.root},
        {.name = "--data", .value = &o.data},
        {.name = "--plain", .flag = &o.plain},
        {.name = "--stun", .values = &o.stun},
        {.name = "--turn", .values = &o.turn},
        {.name = "--turn-secret", .value = &o.secret_file},
    };
    lk_buf found = HEAP_BUF;
    int status = cli_parse(argc, argv, options, countof(options), &o.files);
    if (status == CLI_OK && !serve_options_good(&o)) status = CLI_USAGE;
    if (status == CLI_OK) status = serve_read_secret(&o);
    if (status == CLI_OK) status = serve_make_folder(&o);
    if (status == CLI_OK)
        status = serve_start(&o, o.root != NULL ? o.root : serve_default_root(&found));
    lk_buf_free(&found);
    lk_buf_free(&o.secret);
    vec_drop(&heap_memory, &o.stun);
    vec_drop(&heap_memory, &o.turn);
    vec_drop(&heap_memory, &o.files);
    return status;
}

const cli_command cli_serve = {
    .name = "serve",
    .summary = "serve the workspace, and introduce peers to one another",
    .help =
        "usage: lorikeet serve --listen HOST:PORT [--web DIR] [--data DIR] [--plain]\n"
        "                      [--stun HOST:PORT]... [--turn HOST:PORT --turn-secret FILE]...\n\n"
        "  --listen HOST:PORT  where; port 0 takes any free one\n"
        "  --web DIR           the workspace's files (default: web/ beside the program)\n"
        "  --data DIR          keep rooms there, a file each. Without it, a room is forgotten "
        "when\n"
        "                      nobody has been in it for a while\n"
        "  --plain             take rooms that are not sealed, too (%LOR, %EPH, %EPS): for "
        "clients\n"
        "                      of loro-websocket. The server sees what is in them, and so can\n"
        "                      everybody who reaches it and knows a room's name\n"
        "  --stun HOST:PORT    a STUN server that peers are told of; may be repeated\n"
        "  --turn HOST:PORT    a TURN server, for peers that cannot reach each other otherwise;\n"
        "                      may be repeated. Peers get credentials for it that last a day.\n"
        "                      It is told over UDP and TCP; turn:HOST:PORT?transport=tcp names\n"
        "                      one of them, and turns:HOST:PORT one that speaks TLS\n"
        "  --turn-secret FILE  its first line is what coturn has as static-auth-secret, with\n"
        "                      use-auth-secret\n\n"
        "Prints \"listening on http://HOST:PORT\" when ready. GET /healthz answers 200. "
        "WebSockets are\n"
        "taken on any path: for signalling if the first message is text, and for the Loro syncing\n"
        "protocol (sealed rooms: %ELO) if it is binary. SIGTERM and SIGINT end it with status 0.\n",
    .run = serve_run,
};
