/* SPDX-License-Identifier: MIT
 * relay_machine.h - a machine (machines.h) with a relay on it (app/relay.h), which may be killed:
 * the next one finds what was in its files at that moment. */
#ifndef TEST_RELAY_MACHINE_H
#define TEST_RELAY_MACHINE_H

#include "machines.h"

#include "../app/relay.h"
#include "host/files.h"
#include "host/heap.h"

#include <dirent.h>
#include <sys/stat.h>

typedef struct relay_machine {
    loop machine;
    mesh_options mesh;
    relay *relay;
    char folder[48];
} relay_machine;

static inline void relay_machine_welcome(void) {}

static inline void relay_machine_say(const char *text) {
    CHECK(strstr(text, "another key") == NULL); /* nobody has one */
}

/* Every file of `from` into `to`, if that is not NULL; or away with them. */
static inline void relay_machine_files(const char *from, const char *to) {
    DIR *all = opendir(from);
    CHECK(all != NULL);
    for (const struct dirent *one; (one = readdir(all)) != NULL;) {
        if (one->d_name[0] == '.') continue;
        char path[320], copy[320];
        snprintf(path, sizeof path, "%s/%s", from, one->d_name);
        if (to == NULL) {
            CHECK_EQ(unlink(path), 0);
            continue;
        }
        lk_buf bytes = HEAP_BUF;
        files_change change = {0};
        snprintf(copy, sizeof copy, "%s/%s", to, one->d_name);
        CHECK_EQ(files_read(path, &bytes, NULL), 0);
        CHECK_EQ(files_replace(copy, (lk_bytes){bytes.at, bytes.len}, &change), 0);
        lk_buf_free(&bytes);
    }
    closedir(all);
    if (to == NULL) CHECK_EQ(rmdir(from), 0);
}

static inline void relay_machine_folder(char folder[48]) {
    static unsigned made;
    snprintf(folder, 48, "/tmp/lorikeet-relay-%ld-%u", (long)getpid(), ++made);
    CHECK_EQ(mkdir(folder, 0700), 0);
}

static inline void relay_machine_start(relay_machine *r) {
    r->relay = relay_new(&(relay_options){.loop = &r->machine,
                                          .web = &lan.web,
                                          .folder = r->folder,
                                          .mesh = r->mesh,
                                          .welcome = relay_machine_welcome,
                                          .note = relay_machine_say});
}

/* `where`: its server, room and key, which must stay. */
static inline void relay_machine_begin(relay_machine *r, uint8_t number,
                                       const mesh_options *where) {
    machine_begin(&r->machine, number);
    r->mesh = *where;
    relay_machine_folder(r->folder);
    relay_machine_start(r);
}

/* Nothing leaves it any more, and what it still writes is lost. */
static inline void relay_machine_kill(relay_machine *r, bool power) {
    char left[48];
    relay_machine_folder(left);
    relay_machine_files(r->folder, left);
    r->machine.dying = true, r->machine.lost = power;
    relay_free(r->relay);
    lan_happen();
    r->machine.dying = r->machine.lost = false;
    relay_machine_files(r->folder, NULL);
    strcpy(r->folder, left);
    relay_machine_start(r);
}

static inline void relay_machine_end(relay_machine *r) {
    relay_free(r->relay);
    relay_machine_files(r->folder, NULL);
}

#endif
