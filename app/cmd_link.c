/* SPDX-License-Identifier: MIT
 * cmd_link.c - lorikeet link: draw a room and a key, or make a link for others of one. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "host/base64url.h"
#include "host/heap.h"
#include "host/random.h"
#include "host/room_url.h"

static int link_print(lk_buf *link) {
    puts(heap_str(link));
    lk_buf_free(link);
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

/* The link of that kind for the same room. */
static int link_other(const char *given, room_url_kind kind) {
    room_url url;
    lk_buf link = HEAP_BUF;
    if (!room_url_read(given, &url) || url.kind == ROOM_URL_RELAY) {
        cli_complain("link", "\"%s\" is not of the form http://HOST:PORT/#/ROOM?k=KEY", given);
        return CLI_USAGE;
    }
    room_url_write(&url, kind, &link);
    return link_print(&link);
}

static int link_new(const char *server) {
    address_url url;
    if (!address_url_read((lk_str){server, strlen(server)}, &url) ||
        (url.rest.len > 0 && !(url.rest.len == 1 && url.rest.at[0] == '/'))) {
        cli_complain("link", "\"%s\" is not of the form http://HOST:PORT", server);
        return CLI_USAGE;
    }
    char room[RANDOM_NAME_LEN + 1];
    uint8_t secret[SEAL_KEY];
    lk_buf link = HEAP_BUF;
    random_name(room);
    random_bytes(secret, sizeof secret);
    heap_print(&link, "%s://%.*s/#/%s?k=", url.tls ? "https" : "http", (int)url.authority.len,
               url.authority.at, room);
    base64url_write(&link, (lk_bytes){secret, sizeof secret});
    return link_print(&link);
}

static int link_run(int argc, char **argv) {
    const char *server = NULL, *relay = NULL, *read = NULL;
    cli_list files = {0};
    const cli_option options[] = {{.name = "--server", .value = &server},
                                  {.name = "--read", .value = &read},
                                  {.name = "--relay", .value = &relay}};
    if (cli_parse(argc, argv, options, countof(options), &files) != CLI_OK) return CLI_USAGE;
    size_t extra = files.len;
    vec_drop(&heap_memory, &files);
    if (extra > 0 || (server != NULL) + (relay != NULL) + (read != NULL) != 1) {
        cli_complain("link",
                     "usage: lorikeet link --server http://HOST:PORT, --read LINK or --relay LINK");
        return CLI_USAGE;
    }
    if (server != NULL) return link_new(server);
    return relay != NULL ? link_other(relay, ROOM_URL_RELAY) : link_other(read, ROOM_URL_READ);
}

const cli_command cli_link = {
    .name = "link",
    .summary = "print the link of a new room, or one to read it or to keep it",
    .help =
        "usage: lorikeet link --server http://HOST:PORT\n"
        "       lorikeet link --read LINK\n"
        "       lorikeet link --relay LINK\n\n"
        "Prints http://HOST:PORT/#/ROOM?k=KEY. ROOM and KEY are random; the server is not asked,\n"
        "and KEY never leaves the part of the link behind the # sign.\n"
        "With --read it prints a second link to that room, .../#/ROOM?v=KEYS: who has it can read "
        "the\n"
        "document and follow it, but not change what others have.\n"
        "With --relay it prints the link of that room for \"lorikeet join --relay\": who has it "
        "can\n"
        "keep the room's updates and pass them on, but not read or write the document.\n",
    .run = link_run,
};
