/* SPDX-License-Identifier: MIT
 * cmd_doctor.c - lorikeet doctor: what is wrong with a network (outlook.h) or with a store, and
 * what is left of what it holds.
 *
 *     store ─► each blob that can be read ─► contents.h ─► with --repair: a new store
 *
 * The damaged store stays beside the new one, as PATH.damaged. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "contents.h"
#include "host/heap.h"
#include "host/store.h"
#include "outlook.h"
#include "print.h"

typedef struct doctor {
    const char *path;
    contents *contents;
    lk_buf report;
    uint64_t blobs, bytes;
    bool ill;
} doctor;

/* ---- looking ---- */

static void doctor_look_at_row(doctor *d, int64_t at, lk_bytes row) {
    lk_fault fault = {0};
    d->blobs++;
    d->bytes += row.len;
    if (contents_take(d->contents, row, &fault)) return;
    d->ill = true;
    heap_print(&d->report, "blob %" PRId64 ", of %zu bytes: byte %zu: %s\n", at, row.len,
               fault.offset, fault.what != NULL ? fault.what : lk_status_text(fault.code));
}

/* What the database cannot read is passed by, row by row. */
static void doctor_look_at_blobs(doctor *d, store *s) {
    lk_buf why = HEAP_BUF;
    lk_bytes blob;
    int64_t at = 0, last = store_last(s);
    store_step step;
    while ((step = store_next(s, &at, &blob, &why)) == STORE_BLOB ||
           (step == STORE_FAILED && at < last)) {
        if (step == STORE_BLOB) {
            doctor_look_at_row(d, at, blob);
            continue;
        }
        d->ill = true;
        at++;
    }
    if (step == STORE_FAILED) d->ill = true;
    lk_buf_free(&why);
}

static void doctor_look(doctor *d, store *s) {
    if (!store_intact(s, &d->report)) d->ill = true;
    doctor_look_at_blobs(d, s);
    heap_print(&d->report, "%s: %s, ", d->path, d->ill ? "damaged" : "well");
    print_count(&d->report, d->blobs, "blob");
    heap_print(&d->report, " of %" PRIu64 " bytes, ", d->bytes);
    contents_tell(d->contents, &d->report);
    heap_print(&d->report, "\n");
}

/* ---- repair ---- */

/* Rename PATH and, if it is there, PATH-wal, which belongs to it. */
static bool doctor_move(const char *from, const char *to) {
    lk_buf wal = HEAP_BUF, there = HEAP_BUF;
    heap_print(&wal, "%s-wal", from);
    heap_print(&there, "%s-wal", to);
    bool good =
        (rename(heap_str(&wal), heap_str(&there)) == 0 || errno == ENOENT) && rename(from, to) == 0;
    lk_buf_free(&wal);
    lk_buf_free(&there);
    return good;
}

/* A store of its own for what could be read. */
static bool doctor_write(const doctor *d, const char *path, lk_buf *why) {
    contents_rows rows = {0};
    contents_again(d->contents, &rows);
    store *fresh = store_open(path, why);
    bool good = fresh != NULL && store_append(fresh, rows.at, rows.len, NULL, why);
    if (fresh != NULL) store_close(fresh);
    vec_drop(&heap_memory, &rows);
    return good;
}

static int doctor_repair(const doctor *d) {
    lk_buf fresh = HEAP_BUF, damaged = HEAP_BUF, why = HEAP_BUF;
    heap_print(&fresh, "%s.repaired", d->path);
    heap_print(&damaged, "%s.damaged", d->path);
    bool there = access(heap_str(&damaged), F_OK) == 0 || access(heap_str(&fresh), F_OK) == 0;
    if (there)
        heap_print(&why, "%s or %s is there already: move it away first", damaged.at, fresh.at);
    bool good = !there && doctor_write(d, heap_str(&fresh), &why);
    if (good &&
        (!doctor_move(d->path, heap_str(&damaged)) || !doctor_move(heap_str(&fresh), d->path))) {
        heap_print(&why, "%s: %s", d->path, strerror(errno));
        good = false;
    }
    if (good)
        printf("repaired: all that could be read is in %s; the damaged store is %s\n", d->path,
               heap_str(&damaged));
    else
        cli_complain("doctor", "%s", heap_str(&why));
    lk_buf_free(&fresh);
    lk_buf_free(&damaged);
    lk_buf_free(&why);
    return good ? CLI_OK : CLI_FAILED;
}

/* ---- the command ---- */

static int doctor_advise(const char *path) {
    cli_complain("doctor",
                 "\"lorikeet doctor %s --repair\" keeps what can be read; what is lost comes back "
                 "from other peers",
                 path);
    return CLI_STORE;
}

static int doctor_visit(const char *path, bool repair) {
    doctor d = {.path = path, .report = HEAP_BUF};
    lk_buf why = HEAP_BUF;
    if (access(path, F_OK) != 0) {
        cli_complain("doctor", "%s: %s", path, strerror(errno));
        return CLI_FAILED;
    }
    store *s = store_open(path, &why);
    int code = CLI_STORE;
    if (s == NULL) {
        cli_complain("doctor", "%s", heap_str(&why));
    } else {
        d.contents = contents_new(path);
        doctor_look(&d, s);
        store_close(s);
        code = cli_say("doctor", &d.report);
        if (code == CLI_OK && d.ill) code = repair ? doctor_repair(&d) : doctor_advise(path);
    }
    if (d.contents != NULL) contents_free(d.contents);
    lk_buf_free(&d.report);
    lk_buf_free(&why);
    return code;
}

static int doctor_look_out(const address_url *server, const cli_list *stun) {
    lk_buf report = HEAP_BUF;
    bool well = outlook_tell(server, stun, address_is_here(&server->at), &report);
    int code = cli_say("doctor", &report);
    lk_buf_free(&report);
    return code != CLI_OK ? code : well ? CLI_OK : CLI_FAILED;
}

static int doctor_run(int argc, char **argv) {
    bool repair = false;
    cli_list words = {0}, stun = {0};
    const cli_option options[] = {{.name = "--repair", .flag = &repair},
                                  {.name = "--stun", .values = &stun}};
    address_url server;
    int code = cli_parse(argc, argv, options, countof(options), &words);
    if (code == CLI_OK && words.len != 1) {
        cli_complain("doctor", "usage: lorikeet doctor STORE [--repair], or lorikeet doctor LINK");
        code = CLI_USAGE;
    }
    if (code == CLI_OK && address_url_read((lk_str){words.at[0], strlen(words.at[0])}, &server))
        code = doctor_look_out(&server, &stun);
    else if (code == CLI_OK)
        code = doctor_visit(words.at[0], repair);
    vec_drop(&heap_memory, &words);
    vec_drop(&heap_memory, &stun);
    return code;
}

const cli_command cli_doctor = {
    .name = "doctor",
    .summary = "say what is wrong with a network or a store, and repair a store",
    .help =
        "usage: lorikeet doctor LINK [--stun HOST:PORT]...\n"
        "       lorikeet doctor STORE [--repair]\n\n"
        "With a link, or the address of a server: asks the server, and the STUN servers that it "
        "names,\n"
        "and says who can be met from here. The room is not entered.\n\n"
        "With a store that \"lorikeet join\" or \"lorikeet serve\" keeps (DIR/ROOM.db, .sealed, "
        ".entries):\n"
        "reads all of it, and says what is damaged and what the rest holds. What is sealed only "
        "members\n"
        "can open. Nothing is changed, unless:\n\n"
        "  --repair   make a new store of what can be read; the damaged one stays as "
        "STORE.damaged\n\n"
        "Status: 0 all is well, or repaired; 1 the network is not well, or no such file; 3 the "
        "store "
        "is\n"
        "damaged or not to be opened: in use, or no store at all.\n",
    .run = doctor_run,
};
