/* SPDX-License-Identifier: MIT
 * cmd_join.c - lorikeet join: a peer without a browser. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "blobs.h"
#include "cli.h"
#include "host/files.h"
#include "host/heap.h"
#include "host/random.h"
#include "host/room_url.h"
#include "host/store.h"
#include "lorikeet_room.h"
#include "relay.h"
#include "replica.h"
#include "room/signed.h"

#include <limits.h>

/* A store of more blobs than this is made one blob again when we leave. */
#define JOIN_COMPACT_BLOBS 64

typedef struct join {
    const char *link, *file, *data;
    char file_path[PATH_MAX]; /* absolute: what the store knows the file by */
    room_url url;
    bool by_hand;
    bool reads; /* the link is one to read */
    cli_list stun;
    store *store;
    lk_doc *doc, *shadow;
    bool known; /* the store knows what the file showed */
    bool relay;
} join;

/* ---- the link ---- */

/* A relay's has r=RELAYKEY, or it makes that of another one and keeps nothing else. */
static bool join_link_read(join *j) {
    if (!room_url_read(j->link, &j->url)) return false;
    if (j->relay) return j->url.offer.len == 0;
    j->by_hand |= j->url.offer.len > 0;
    j->reads = j->url.kind == ROOM_URL_READ;
    return j->url.kind != ROOM_URL_RELAY;
}

/* ---- the store ---- */

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

static bool join_store_path(const join *j, lk_buf *out) {
    bool good = join_folder(j, out);
    heap_print(out, "/%.*s.db", (int)j->url.room.len, j->url.room.at);
    return good;
}

/* How far a text is from what the file holds: bytes outside of what both begin and end with. */
static size_t join_distance(const lk_buf *a, const lk_buf *b) {
    size_t least = a->len < b->len ? a->len : b->len, most = a->len + b->len - least;
    size_t front = 0, back = 0;
    while (front < least && a->at[front] == b->at[front]) front++;
    while (back < least - front && a->at[a->len - 1 - back] == b->at[b->len - 1 - back]) back++;
    return most - front - back;
}

static size_t join_doc_distance(lk_doc *doc, const lk_buf *file) {
    lk_buf text = HEAP_BUF;
    lk_ref ref;
    LK_ASSERT(lk_root(doc, LK_TEXT, (lk_str){"editor-buffer", 13}, &ref) == LK_OK);
    LK_ASSERT(lk_text_string(doc, ref, &text) == LK_OK);
    size_t distance = join_distance(&text, file);
    lk_buf_free(&text);
    return distance;
}

/* Import the blobs after position `from` up to `to`. With `file`: *nearest becomes the position at
 * which the text was nearest to it. */
static bool join_replay(join *j, lk_doc *doc, int64_t from, int64_t to, const lk_buf *file,
                        int64_t *nearest, lk_buf *why) {
    size_t least = file == NULL ? 0 : join_doc_distance(doc, file);
    lk_bytes blob;
    store_step step;
    lk_fault fault = {0};
    while (from < to && (step = store_next(j->store, &from, &blob, why)) == STORE_BLOB &&
           from <= to) {
        if (!blobs_import_stored(doc, blob, &fault)) {
            heap_print(why, "blob %lld: byte %zu: %s", (long long)from, fault.offset,
                       fault.what != NULL ? fault.what : lk_status_text(fault.code));
            return false;
        }
        size_t distance = file == NULL || least == 0 ? SIZE_MAX : join_doc_distance(doc, file);
        if (distance <= least && file != NULL) least = distance, *nearest = from;
    }
    return why->len == 0;
}

/* Make the shadow what the file showed when we last looked. The note of that may be a little older
 * than the file, if we were killed; then the file looks like something the document once was, and
 * that is what it showed. */
static bool join_shadow(join *j, lk_buf *why) {
    int64_t marked = store_marked(j->store, j->file_path), nearest = marked, next = marked;
    lk_bytes blob;
    j->known = marked >= 0;
    if (!j->known) return true;
    if (store_next(j->store, &next, &blob, why) == STORE_END)
        return join_replay(j, j->shadow, 0, marked, NULL, NULL, why);
    lk_buf content = HEAP_BUF;
    (void)files_read(j->file_path, &content, NULL); /* if it cannot be read, the mirror says so */
    lk_doc *probe = lk_new(random_u64() >> 1, &heap_memory);
    bool good = join_replay(j, probe, 0, marked, NULL, NULL, why) &&
                join_replay(j, probe, marked, INT64_MAX, &content, &nearest, why) &&
                join_replay(j, j->shadow, 0, nearest, NULL, NULL, why);
    lk_free(probe);
    lk_buf_free(&content);
    return good;
}

static bool join_load(join *j, lk_buf *why) {
    j->doc = lk_new(random_u64() >> 1, &heap_memory);
    if (!join_replay(j, j->doc, 0, INT64_MAX, NULL, NULL, why)) return false;
    if (j->file == NULL) return true;
    j->shadow = lk_new(random_u64() >> 1, &heap_memory);
    return join_shadow(j, why);
}

/* Every change of the blob is in the document, none waits for its past? */
static bool join_held(const join *j, lk_bytes blob) {
    lk_blob_meta meta = {.ids = HEAP_BUF};
    bool covered = lk_blob_meta_read(blob, &meta, NULL) == LK_OK;
    lk_ids have = lk_version(j->doc);
    for (size_t i = 0; covered && i < meta.end_vv.len; i++) {
        lk_id end = meta.end_vv.at[i];
        size_t k = 0;
        while (k < have.len && have.at[k].peer != end.peer) k++;
        covered = k < have.len && have.at[k].counter >= end.counter;
    }
    lk_buf_free(&meta.ids);
    return covered;
}

/* Is all of what was stored once in what join_whole() gives? Who only reads can give on no more
 * than what is signed. */
static bool join_covered(const join *j, lk_bytes stored) {
    lk_bytes blob;
    bool covered = !j->reads || signed_is(stored);
    while (covered && stored.len > 0)
        covered = lk_room_blob_next(&stored, &blob) == LK_OK && join_held(j, blob);
    return covered;
}

/* All there is, as a room stores it. */
static bool join_whole(join *j, lk_buf *out) {
    lk_guard guard = seal_guard(&j->url.keys);
    lk_room_options options = {.room_id = j->url.room, .guard = &guard};
    lk_room *room = lk_room_new(j->doc, &options, &heap_memory);
    LK_ASSERT(room != NULL);
    if (j->reads) replica_restore(room, j->store);
    bool good = lk_room_whole(room, out) == LK_OK;
    lk_room_free(room);
    return good;
}

static void join_compact(join *j, bool mirrored) {
    /* Other files would be strangers afterwards; without a file of our own that is not worth it. */
    if (j->file == NULL && store_mark_count(j->store) > 0) return;
    lk_buf all = HEAP_BUF, why = HEAP_BUF;
    VEC(int64_t) old = {0};
    int64_t at = 0;
    lk_bytes blob;
    while (store_next(j->store, &at, &blob, &why) == STORE_BLOB)
        if (join_covered(j, blob)) *vec_push(&heap_memory, &old) = at;
    bool good = why.len == 0;
    if (good && old.len > JOIN_COMPACT_BLOBS && join_whole(j, &all))
        good = store_compact(j->store, old.at, old.len, (lk_bytes){all.at, all.len},
                             j->file != NULL && mirrored ? j->file_path : NULL, &why);
    if (!good) cli_complain("join", "%s", heap_str(&why));
    vec_drop(&heap_memory, &old);
    lk_buf_free(&all);
    lk_buf_free(&why);
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

/* Keep the room until a signal comes. */
static int join_keep(const join *j, loop *l, web *w, const address *stun, bool loopback) {
    lk_buf folder = HEAP_BUF;
    int code = CLI_STORE;
    if (join_folder(j, &folder)) {
        relay *r = relay_new(&(relay_options){.loop = l,
                                              .web = w,
                                              .folder = heap_str(&folder),
                                              .mesh = join_mesh(j, stun, loopback)});
        loop_run(l);
        relay_free(r);
        code = CLI_OK;
    }
    lk_buf_free(&folder);
    return code;
}

/* Take part until a signal comes. */
static int join_take_part(join *j, loop *l, web *w, bool loopback, bool *mirrored) {
    address stun[LIMIT_ICE_SERVERS];
    join_addresses(j, stun);
    if (j->relay) return join_keep(j, l, w, stun, loopback);
    replica_options options = {
        .loop = l,
        .web = w,
        .doc = j->doc,
        .store = j->store,
        .mesh = join_mesh(j, stun, loopback),
        .keys = &j->url.keys,
        .mirror = {.shadow = j->shadow, .known = j->known, .path = j->file_path, .reads = j->reads},
        .by_hand = j->by_hand,
        .link = j->url.link,
        .offer = j->url.offer,
    };
    if (j->file == NULL) options.mirror.path = NULL;
    lk_buf why = HEAP_BUF;
    replica *r = replica_new(&options, &why);
    j->shadow = NULL;
    if (r == NULL) {
        cli_complain("join", "%s", heap_str(&why));
        lk_buf_free(&why);
        return CLI_DAMAGED;
    }
    loop_run(l);
    return replica_free(r, mirrored) ? CLI_OK : CLI_STORE;
}

static int join_start(join *j, bool loopback) {
    loop *l = loop_new();
    signal(SIGPIPE, SIG_IGN);
    loop_handle *term = loop_signal(l, SIGTERM, join_stop, l);
    loop_handle *interrupt = loop_signal(l, SIGINT, join_stop, l);
    web *w = web_new(l);
    int code = CLI_FAILED;
    bool mirrored = false;
    if (w != NULL)
        code = join_take_part(j, l, w, loopback, &mirrored);
    else
        cli_complain("join", "libwebsockets does not start; is its libuv plugin installed?");
    if (code == CLI_OK && !j->relay) join_compact(j, mirrored);
    loop_close(term);
    loop_close(interrupt);
    if (w != NULL) web_free(w);
    loop_free(l);
    return code;
}

static int join_open(join *j, bool loopback) {
    lk_buf path = HEAP_BUF, why = HEAP_BUF;
    int code = CLI_STORE;
    if (join_store_path(j, &path)) {
        j->store = store_open(heap_str(&path), &why);
        bool loaded = j->store != NULL && join_load(j, &why);
        if (!loaded && j->store != NULL)
            cli_complain("join", "%s: %s; see lorikeet doctor --help", heap_str(&path),
                         heap_str(&why));
        else if (!loaded)
            cli_complain("join", "%s", heap_str(&why));
        else
            code = join_start(j, loopback);
    }
    lk_free(j->doc);
    lk_free(j->shadow);
    if (j->store != NULL) store_close(j->store);
    lk_buf_free(&path);
    lk_buf_free(&why);
    return code;
}

/* The file's name for as long as we run, wherever its folder may be reached from. */
static bool join_file_path(join *j) {
    if (j->file == NULL) return true;
    char folder[PATH_MAX];
    const char *slash = strrchr(j->file, '/');
    const char *name = slash == NULL ? j->file : slash + 1;
    int len = slash == NULL ? 1 : (int)(slash - j->file + 1);
    lk_buf given = HEAP_BUF;
    heap_print(&given, "%.*s", len, slash == NULL ? "." : j->file);
    bool good = realpath(heap_str(&given), folder) != NULL && *name != 0;
    if (good) {
        int wrote = snprintf(j->file_path, sizeof j->file_path, "%s/%s", folder, name);
        good = wrote > 0 && (size_t)wrote < sizeof j->file_path;
    }
    if (!good) cli_complain("join", "%s: %s", j->file, *name == 0 ? "no file" : strerror(errno));
    lk_buf_free(&given);
    return good;
}

static bool join_options_good(join *j, const cli_list *words) {
    address server;
    if (words->len < 1 || words->len > 2) {
        cli_complain("join", "usage: lorikeet join LINK [FILE] [--data DIR] [--stun HOST:PORT]...");
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

static int join_run(int argc, char **argv) {
    join j = {0};
    bool loopback = false;
    cli_list words = {0};
    const cli_option options[] = {
        {.name = "--data", .value = &j.data},      {.name = "--stun", .values = &j.stun},
        {.name = "--by-hand", .flag = &j.by_hand}, {.name = "--loopback", .flag = &loopback},
        {.name = "--relay", .flag = &j.relay},
    };
    int code = cli_parse(argc, argv, options, countof(options), &words);
    if (code == CLI_OK && !join_options_good(&j, &words)) code = CLI_USAGE;
    if (code == CLI_OK && !join_file_path(&j)) code = CLI_FAILED;
    loopback = loopback || (code == CLI_OK && address_is_here(&j.url.server.at));
    if (code == CLI_OK) code = j.relay ? join_start(&j, loopback) : join_open(&j, loopback);
    vec_drop(&heap_memory, &j.stun);
    vec_drop(&heap_memory, &words);
    return code;
}

const cli_command cli_join = {
    .name = "join",
    .summary = "take part in a room, with a file that is the document",
    .help =
        "usage: lorikeet join LINK [FILE] [--data DIR] [--stun HOST:PORT]... [--by-hand] "
        "[--loopback]\n"
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
        "With --relay it keeps the room for people who are never there at the same time, without\n"
        "being able to read it: give it the link that \"lorikeet link --relay LINK\" prints.\n\n"
        "  --data DIR        where the document is kept, as DIR/ROOM.db (a relay: "
        "DIR/ROOM.sealed)\n"
        "                    (default: $XDG_DATA_HOME/lorikeet or ~/.local/share/lorikeet)\n"
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
