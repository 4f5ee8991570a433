/* SPDX-License-Identifier: MIT
 * cmd_join.c - lorikeet join: a peer without a browser. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "carrier.h"
#include "cli.h"
#include "holding.h"
#include "host/document.h"
#include "host/files.h"
#include "host/heap.h"
#include "host/people.h"
#include "host/room_url.h"
#include "relay.h"

typedef struct join {
    const char *link, *file, *data, *name;
    lk_buf person; /* the name, as it is shown */
    room_url url;
    bool by_hand, relay;
    cli_list stun, named;     /* named: NAME or NAME=FILE each */
    VEC(holding *) documents; /* the one without a name first */
} join;

/* ---- the link ---- */

/* A relay's has r=RELAYKEY, or it makes that of another one and keeps nothing else. */
static bool join_link_read(join *j) {
    if (!room_url_read(j->link, &j->url)) return false;
    if (j->relay) return j->url.offer.len == 0;
    j->by_hand |= j->url.offer.len > 0;
    return j->url.kind != ROOM_URL_RELAY;
}

/* ---- the documents ---- */

static bool join_folder(const join *j, lk_buf *out) {
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (j->data != NULL)
        heap_print(out, "%s", j->data);
    else if (xdg != NULL && xdg[0] == '/')
        heap_print(out, "%s/lorikeet", xdg);
    else
        heap_print(out, "%s/.local/share/lorikeet", home != NULL ? home : ".");
    int error = files_make_folder(heap_str(out));
    if (error != 0) cli_complain("join", "%s: %s", heap_str(out), strerror(error));
    return error == 0;
}

static bool join_hold(join *j, lk_str name, const char *file) {
    holding *h = holding_new(&j->url.keys, name, file);
    if (h != NULL) *vec_push(&heap_memory, &j->documents) = h;
    return h != NULL;
}

static lk_str join_name_of(const char *named) { return (lk_str){named, strcspn(named, "=")}; }

/* A link may be one to a document with a name: then that is what FILE is for. */
static bool join_hold_all(join *j) {
    lk_str meant = {j->url.name, strlen(j->url.name)};
    bool good = join_hold(j, (lk_str){"", 0}, meant.len > 0 ? NULL : j->file);
    if (meant.len > 0) good = good && join_hold(j, meant, j->file);
    for (size_t i = 0; i < j->named.len && good; i++) {
        lk_str name = join_name_of(j->named.at[i]);
        good = join_hold(j, name, name.at[name.len] == '=' ? name.at + name.len + 1 : NULL);
    }
    return good;
}

static bool join_open_all(join *j) {
    lk_buf folder = HEAP_BUF;
    bool good = join_folder(j, &folder);
    for (size_t i = 0; i < j->documents.len && good; i++)
        good = holding_open(j->documents.at[i], heap_str(&folder));
    lk_buf_free(&folder);
    return good;
}

static void join_release_all(join *j) {
    for (size_t i = 0; i < j->documents.len; i++) holding_free(j->documents.at[i]);
    vec_drop(&heap_memory, &j->documents);
}

/* ---- the command ---- */

static void join_stop(void *context) { loop_stop(context); }

static void join_addresses(const join *j, address *stun) {
    for (size_t i = 0; i < j->stun.len; i++)
        LK_ASSERT(address_read((lk_str){j->stun.at[i], strlen(j->stun.at[i])}, 3478, &stun[i]));
}

static mesh_options join_mesh(const join *j, const address *stun, bool loopback) {
    return (mesh_options){.server = j->url.server,
                          .room = j->url.room,
                          .key = {j->relay ? j->url.relay : j->url.keys.read, SEAL_KEY},
                          .stun = stun,
                          .stun_len = j->stun.len,
                          .loopback = loopback};
}

static void join_keeping(void) {
    puts("keeping the room");
    fflush(stdout);
}

static void join_say(const char *text) { cli_complain("join", "%s", text); }

/* Keep the room until a signal comes. */
static int join_keep(const join *j, loop *l, web *w, const address *stun, bool loopback) {
    lk_buf folder = HEAP_BUF;
    int code = CLI_STORE;
    if (join_folder(j, &folder)) {
        LK_ASSERT(lk_rtc_global_init() == LK_OK);
        relay *r = relay_new(&(relay_options){.loop = l,
                                              .web = w,
                                              .folder = heap_str(&folder),
                                              .mesh = join_mesh(j, stun, loopback),
                                              .welcome = join_keeping,
                                              .note = join_say});
        loop_run(l);
        relay_free(r);
        lk_rtc_global_drop();
        code = CLI_OK;
    }
    lk_buf_free(&folder);
    return code;
}

static replica_options join_document(const join *j, holding *h) {
    replica_options options = {.doc = h->doc,
                               .store = h->store,
                               .keys = &h->keys,
                               .name = h->name,
                               .person = {(const char *)j->person.at, j->person.len}};
    if (h->file == NULL) return options;
    options.mirror = (mirror_options){
        .shadow = h->shadow, .known = h->known, .path = h->file_path, .reads = !h->keys.writes};
    h->shadow = NULL;
    return options;
}

/* Take part until a signal comes. */
static int join_take_part(join *j, loop *l, web *w, bool loopback) {
    address stun[LIMIT_ICE_SERVERS];
    join_addresses(j, stun);
    if (j->relay) return join_keep(j, l, w, stun, loopback);
    replica_options documents[LIMIT_DOCUMENTS];
    for (size_t i = 0; i < j->documents.len; i++)
        documents[i] = join_document(j, j->documents.at[i]);
    carrier_options options = {.loop = l,
                               .web = w,
                               .documents = documents,
                               .document_len = j->documents.len,
                               .mesh = join_mesh(j, stun, loopback),
                               .by_hand = j->by_hand,
                               .link = j->url.link,
                               .offer = j->url.offer};
    lk_buf why = HEAP_BUF;
    carrier *c = carrier_new(&options, &why);
    if (c == NULL) {
        cli_complain("join", "%s", heap_str(&why));
        lk_buf_free(&why);
        return CLI_DAMAGED;
    }
    loop_run(l);
    bool mirrored[LIMIT_DOCUMENTS];
    if (!carrier_free(c, mirrored)) return CLI_STORE;
    for (size_t i = 0; i < j->documents.len; i++) holding_compact(j->documents.at[i], mirrored[i]);
    return CLI_OK;
}

static int join_start(join *j, bool loopback) {
    loop *l = loop_new();
    signal(SIGPIPE, SIG_IGN);
    loop_handle *term = loop_signal(l, SIGTERM, join_stop, l);
    loop_handle *interrupt = loop_signal(l, SIGINT, join_stop, l);
    web *w = web_new(l);
    int code = CLI_FAILED;
    if (w != NULL)
        code = join_take_part(j, l, w, loopback);
    else
        cli_complain("join", "libwebsockets does not start; is its libuv plugin installed?");
    loop_close(term);
    loop_close(interrupt);
    if (w != NULL) web_free(w);
    loop_free(l);
    return code;
}

static bool join_names_good(const join *j) {
    if (j->relay && j->named.len > 0) {
        cli_complain("join", "a relay keeps all documents of the room, whatever their names");
        return false;
    }
    if (j->named.len + (j->url.name[0] != 0) >= LIMIT_DOCUMENTS) {
        cli_complain("join", "at most %d documents besides the first", LIMIT_DOCUMENTS - 1);
        return false;
    }
    for (size_t i = 0; i < j->named.len; i++) {
        lk_str name = join_name_of(j->named.at[i]);
        bool good = document_name_good(name) && !str_is(name, j->url.name);
        for (size_t k = 0; k < i; k++) good &= !str_equal(name, join_name_of(j->named.at[k]));
        if (good) continue;
        cli_complain("join",
                     "--doc \"%s\" is not of the form NAME=FILE, with another NAME each of 1 to %d "
                     "bytes without \"/\"",
                     j->named.at[i], LIMIT_DOCUMENT_NAME);
        return false;
    }
    return true;
}

static bool join_person_good(join *j) {
    if (j->name == NULL) return true;
    if (j->relay) {
        cli_complain("join", "a relay is not shown to anybody, whatever its name");
        return false;
    }
    bool good = people_name((lk_str){j->name, strlen(j->name)}, &j->person);
    if (!good) cli_complain("join", "--name \"%s\" has nothing in it to be read", j->name);
    return good;
}

static bool join_options_good(join *j, const cli_list *words) {
    address server;
    if (words->len < 1 || words->len > 2) {
        cli_complain("join", "usage: lorikeet join LINK [FILE] [--doc NAME=FILE]... [--data DIR] "
                             "[--name NAME] [--stun HOST:PORT]...");
        return false;
    }
    if (j->relay && j->by_hand) {
        cli_complain("join", "a relay is met by way of its server, not --by-hand");
        return false;
    }
    if (words->len > 1 && j->relay) {
        cli_complain("join", "a relay has no file: it cannot read the document");
        return false;
    }
    j->link = words->at[0];
    j->file = words->len > 1 ? words->at[1] : NULL;
    if (!join_link_read(j)) {
        cli_complain("join", "\"%s\" is not of the form http://HOST:PORT/#/ROOM?%c=KEY", j->link,
                     j->relay ? 'r' : 'k');
        return false;
    }
    if (!join_names_good(j) || !join_person_good(j)) return false;
    if (j->stun.len > LIMIT_ICE_SERVERS) {
        cli_complain("join", "at most %d STUN servers", LIMIT_ICE_SERVERS);
        return false;
    }
    for (size_t i = 0; i < j->stun.len; i++)
        if (!address_read((lk_str){j->stun.at[i], strlen(j->stun.at[i])}, 3478, &server)) {
            cli_complain("join", "--stun \"%s\" is not of the form HOST:PORT", j->stun.at[i]);
            return false;
        }
    return true;
}

/* Take part, or keep the room. */
static int join_do(join *j, bool loopback) {
    if (j->relay) return join_start(j, loopback);
    int code = join_hold_all(j) ? CLI_OK : CLI_FAILED;
    if (code == CLI_OK && !join_open_all(j)) code = CLI_STORE;
    if (code == CLI_OK) code = join_start(j, loopback);
    join_release_all(j);
    return code;
}

static int join_run(int argc, char **argv) {
    join j = {.person = HEAP_BUF};
    bool loopback = false;
    cli_list words = {0};
    const cli_option options[] = {
        {.name = "--data", .value = &j.data},      {.name = "--stun", .values = &j.stun},
        {.name = "--by-hand", .flag = &j.by_hand}, {.name = "--loopback", .flag = &loopback},
        {.name = "--relay", .flag = &j.relay},     {.name = "--doc", .values = &j.named},
        {.name = "--name", .value = &j.name},
    };
    int code = cli_parse(argc, argv, options, countof(options), &words);
    if (code == CLI_OK && !join_options_good(&j, &words)) code = CLI_USAGE;
    loopback = loopback || (code == CLI_OK && address_is_here(&j.url.server.at));
    if (code == CLI_OK) code = join_do(&j, loopback);
    lk_buf_free(&j.person);
    vec_drop(&heap_memory, &j.stun);
    vec_drop(&heap_memory, &j.named);
    vec_drop(&heap_memory, &words);
    return code;
}

const cli_command cli_join = {
    .name = "join",
    .summary = "take part in a room, with a file that is the document",
    .help =
        "usage: lorikeet join LINK [FILE] [--doc NAME=FILE]... [--data DIR] [--name NAME]\n"
        "                     [--stun HOST:PORT]... [--by-hand] [--loopback]\n"
        "       lorikeet join --relay LINK [--data DIR] [--stun HOST:PORT]... [--loopback]\n\n"
        "Joins the room of the link and stays until SIGTERM or SIGINT. With FILE, the file and "
        "the\n"
        "document are the same: what an editor saves goes to the others as the smallest edit, "
        "what\n"
        "others write is in the file within some milliseconds. A FILE with text goes into a "
        "document\n"
        "that has none; if the document has text of its own, the file's is kept as FILE.orig.\n"
        "Prints \"synced\" each time all peers, the disk and the file have everything.\n\n"
        "With a LINK to read (\"lorikeet link --read\") the FILE only follows: what is saved to it "
        "is "
        "kept\n"
        "as FILE.orig, and the FILE shows the document again.\n\n"
        "A room may have more documents, each with a name. With --doc NAME=FILE, or --doc NAME "
        "without\n"
        "a file, it holds the document NAME, too, over the same connections; \"synced\" is about "
        "all "
        "of\n"
        "them. Others learn of the name by the first document, and names that it has are told "
        "here.\n"
        "With a LINK to such a document, FILE is for that one.\n\n"
        "With --relay it keeps the room for people who are never there at the same time, without\n"
        "being able to read it or told names: give it the link that \"lorikeet link --relay LINK\" "
        "prints.\n\n"
        "  --doc NAME=FILE   another document of the room; NAME is 1 to 64 bytes without \"/\". "
        "May "
        "be\n"
        "                    repeated, up to 23 times\n"
        "  --data DIR        where documents are kept, as DIR/ROOM.db, and DIR/=ID.db those with "
        "a\n"
        "                    name (ID: base64url of ROOM/NAME; a relay: .sealed)\n"
        "                    (default: $XDG_DATA_HOME/lorikeet or ~/.local/share/lorikeet)\n"
        "  --name NAME       show this name to the others, as their pages do; without it you are "
        "not\n"
        "                    shown. Those who come and go are told here by theirs\n"
        "  --stun HOST:PORT  a STUN server, besides those that the server names; may be repeated\n"
        "  --by-hand         meet without a server: prints an offer, which is a link for one other "
        "peer,\n"
        "                    and takes the answer that comes back, or another one's offer, from "
        "standard\n"
        "                    input. A LINK that is an offer is answered. Where one of two is a "
        "page, "
        "let it\n"
        "                    make the offer\n"
        "  --loopback        use 127.0.0.1, too (on its own when the server is there)\n\n"
        "Status: 0 after a signal, 1 no such folder, 2 FILE is not UTF-8 text, 3 the store cannot "
        "be\n"
        "used (damaged, full, or another process has it), 64 wrong use.\n",
    .run = join_run,
};
