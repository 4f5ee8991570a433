/* SPDX-License-Identifier: MIT
 * cmd_link.c - lorikeet link: draw a room and a key. */
#include <stdio.h>

#include "cli.h"
#include "host/address.h"
#include "host/base64url.h"
#include "host/heap.h"
#include "host/mesh.h"
#include "host/random.h"
#include "host/seal.h"

#include <string.h>

/* The link for a relay: the same room, and a key made of its key. */
static int link_relay(const char *link) {
    const char *key = strstr(link, "?k=");
    lk_buf bytes = HEAP_BUF, text = HEAP_BUF;
    const char *room = strstr(link, "#/");
    size_t room_len = room == NULL ? 0 : base64url_span(room + 2);
    bool good = room_len > 0 && room + 2 + room_len == key &&
                base64url_read(&bytes, (lk_str){key + 3, strlen(key + 3)}) && bytes.len == SEAL_KEY;
    if (good) {
        uint8_t relay[SEAL_KEY];
        mesh_relay_key(bytes.at, (lk_str){room + 2, room_len}, relay);
        base64url_write(&text, (lk_bytes){relay, sizeof relay});
        printf("%.*s?r=%s\n", (int)(key - link), link, heap_str(&text));
    } else {
        cli_complain("link", "\"%s\" is not of the form http://HOST:PORT/#/ROOM?k=KEY", link);
    }
    lk_buf_free(&bytes);
    lk_buf_free(&text);
    if (!good) return CLI_USAGE;
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

static int link_run(int argc, char **argv) {
    const char *server = NULL, *relay = NULL;
    cli_list files = {0};
    const cli_option options[] = {{.name = "--server", .value = &server},
                                  {.name = "--relay", .value = &relay}};
    if (cli_parse(argc, argv, options, countof(options), &files) != CLI_OK) return CLI_USAGE;
    size_t extra = files.len;
    vec_drop(&heap_memory, &files);
    address_url url;
    if (extra == 0 && server == NULL && relay != NULL) return link_relay(relay);
    if (extra > 0 || server == NULL || relay != NULL) {
        cli_complain("link", "usage: lorikeet link --server http://HOST:PORT, or --relay LINK");
        return CLI_USAGE;
    }
    if (!address_url_read((lk_str){server, strlen(server)}, &url) ||
        (url.rest.len > 0 && !(url.rest.len == 1 && url.rest.at[0] == '/'))) {
        cli_complain("link", "\"%s\" is not of the form http://HOST:PORT", server);
        return CLI_USAGE;
    }
    char room[RANDOM_NAME_LEN + 1];
    uint8_t secret[SEAL_KEY];
    lk_buf key = HEAP_BUF;
    random_name(room);
    random_bytes(secret, sizeof secret);
    base64url_write(&key, (lk_bytes){secret, sizeof secret});
    printf("%s://%.*s/#/%s?k=%s\n", url.tls ? "https" : "http", (int)url.authority.len,
           url.authority.at, room, heap_str(&key));
    lk_buf_free(&key);
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

const cli_command cli_link = {
    .name = "link",
    .summary = "print the link of a new room",
    .help =
        "usage: lorikeet link --server http://HOST:PORT\n"
        "       lorikeet link --relay LINK\n\n"
        "Prints http://HOST:PORT/#/ROOM?k=KEY. ROOM and KEY are random; the server is not asked,\n"
        "and KEY never leaves the part of the link behind the # sign.\n"
        "With --relay it prints the link of that room for \"lorikeet join --relay\": who has it "
        "can\n"
        "keep the room's updates and pass them on, but not read or write the document.\n",
    .run = link_run,
};
