/* SPDX-License-Identifier: MIT
 * store.c - one table: blob(at INTEGER PRIMARY KEY, bytes BLOB). Blobs are appended in
 * transactions, and some are replaced by one now and then; nothing is ever changed in place. */
#include "host/store.h"

#include <sqlite3.h>

#include "host/heap.h"

/* "Lori", so that file(1) and we can tell a store from any other database. */
#define STORE_APPLICATION 0x4c6f7269
#define STORE_VERSION 1
/* How long to wait for a process that is just letting go of the file. */
#define STORE_BUSY_MS 2000

struct store {
    sqlite3 *db;
    sqlite3_stmt *insert, *select, *remove, *mark;
    lk_buf path;
};

static bool store_fail(store *s, lk_buf *why) {
    int code = sqlite3_errcode(s->db);
    const char *text = code == SQLITE_BUSY || code == SQLITE_LOCKED ? "another process has it open"
                                                                    : sqlite3_errmsg(s->db);
    heap_print(why, "%s: %s", heap_str(&s->path), text);
    return false;
}

static bool store_run(store *s, const char *sql) {
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* The one number that `sql` asks for, or -1. */
static int64_t store_number(store *s, const char *sql) {
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* Make the table, or check that the file is ours. */
static bool store_schema(store *s, lk_buf *why) {
    /* Taking the write lock at once is what keeps a second process out, for as long as we live. */
    if (!store_run(s, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                      "PRAGMA synchronous=FULL; BEGIN IMMEDIATE"))
        return store_fail(s, why);
    int64_t tables = store_number(s, "SELECT count(*) FROM sqlite_schema");
    int64_t application = store_number(s, "PRAGMA application_id");
    int64_t version = store_number(s, "PRAGMA user_version");
    if (tables < 0) return store_fail(s, why);
    if (tables > 0 && (application != STORE_APPLICATION || version != STORE_VERSION)) {
        heap_print(why, "%s: %s", heap_str(&s->path),
                   application == STORE_APPLICATION ? "made by a newer version of lorikeet"
                                                    : "not a lorikeet store");
        return false;
    }
    if (tables > 0) return store_run(s, "COMMIT") || store_fail(s, why);
    lk_buf sql = HEAP_BUF;
    heap_print(&sql,
               "PRAGMA application_id=%d; PRAGMA user_version=%d;"
               "CREATE TABLE blob(at INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
               "CREATE TABLE mark(name TEXT PRIMARY KEY, at INTEGER NOT NULL);"
               "COMMIT",
               STORE_APPLICATION, STORE_VERSION);
    bool good = store_run(s, heap_str(&sql));
    lk_buf_free(&sql);
    return good || store_fail(s, why);
}

static bool store_prepare(store *s, lk_buf *why) {
    const struct {
        const char *sql;
        sqlite3_stmt **into;
    } statements[] = {
        {"INSERT INTO blob(bytes) VALUES(?1)", &s->insert},
        {"SELECT at, bytes FROM blob WHERE at > ?1 ORDER BY at LIMIT 1", &s->select},
        {"DELETE FROM blob WHERE at = ?1", &s->remove},
        {"REPLACE INTO mark(name, at) SELECT ?1, coalesce(max(at), 0) FROM blob", &s->mark},
    };
    for (size_t i = 0; i < countof(statements); i++)
        if (sqlite3_prepare_v2(s->db, statements[i].sql, -1, statements[i].into, NULL) != SQLITE_OK)
            return store_fail(s, why);
    return true;
}

store *store_open(const char *path, lk_buf *why) {
    store *s = heap_new(store);
    s->path = (lk_buf)HEAP_BUF;
    heap_print(&s->path, "%s", path);
    bool good = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) ==
                    SQLITE_OK &&
                sqlite3_busy_timeout(s->db, STORE_BUSY_MS) == SQLITE_OK;
    if (!good) store_fail(s, why);
    if (good && store_schema(s, why) && store_prepare(s, why)) return s;
    store_close(s);
    return NULL;
}

void store_close(store *s) {
    sqlite3_finalize(s->insert);
    sqlite3_finalize(s->select);
    sqlite3_finalize(s->remove);
    sqlite3_finalize(s->mark);
    sqlite3_close(s->db);
    lk_buf_free(&s->path);
    heap_free(store, s);
}

/* ---- writing ---- */

static bool store_step_done(sqlite3_stmt *statement) {
    bool done = sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return done;
}

static bool store_insert(store *s, lk_bytes blob) {
    return sqlite3_bind_blob64(s->insert, 1, blob.at, blob.len, SQLITE_STATIC) == SQLITE_OK &&
           store_step_done(s->insert);
}

/* Say why before rolling back: the rollback would overwrite the reason. */
static bool store_roll_back(store *s, lk_buf *why) {
    store_fail(s, why);
    store_run(s, "ROLLBACK");
    return false;
}

static bool store_mark(store *s, const char *name) {
    return sqlite3_bind_text(s->mark, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
           store_step_done(s->mark);
}

bool store_append(store *s, const lk_bytes *blobs, size_t count, const char *mark, lk_buf *why) {
    bool good = store_run(s, "BEGIN IMMEDIATE") && (mark == NULL || store_mark(s, mark));
    for (size_t i = 0; good && i < count; i++) good = store_insert(s, blobs[i]);
    good = good && store_run(s, "COMMIT");
    return good || store_roll_back(s, why);
}

static bool store_delete(store *s, const int64_t *at, size_t count) {
    bool good = true;
    for (size_t i = 0; good && i < count; i++)
        good = sqlite3_bind_int64(s->remove, 1, at[i]) == SQLITE_OK && store_step_done(s->remove);
    return good;
}

bool store_remove(store *s, const int64_t *at, size_t count, lk_buf *why) {
    if (count == 0) return true;
    bool good =
        store_run(s, "BEGIN IMMEDIATE") && store_delete(s, at, count) && store_run(s, "COMMIT");
    return good || store_roll_back(s, why);
}

bool store_compact(store *s, const int64_t *at, size_t count, lk_bytes blob, const char *mark,
                   lk_buf *why) {
    bool good =
        store_run(s, "BEGIN IMMEDIATE") && store_insert(s, blob) && store_delete(s, at, count);
    good = good && store_run(s, "DELETE FROM mark") && (mark == NULL || store_mark(s, mark)) &&
           store_run(s, "COMMIT");
    return good || store_roll_back(s, why);
}

/* ---- reading ---- */

store_step store_next(store *s, int64_t *at, lk_bytes *blob, lk_buf *why) {
    sqlite3_reset(s->select);
    sqlite3_bind_int64(s->select, 1, *at);
    int code = sqlite3_step(s->select);
    if (code == SQLITE_ROW) {
        *at = sqlite3_column_int64(s->select, 0);
        blob->at = sqlite3_column_blob(s->select, 1);
        blob->len = (size_t)sqlite3_column_bytes(s->select, 1);
        return STORE_BLOB;
    }
    if (code != SQLITE_DONE) store_fail(s, why);
    sqlite3_reset(s->select);
    return code == SQLITE_DONE ? STORE_END : STORE_FAILED;
}

int64_t store_last(store *s) { return store_number(s, "SELECT coalesce(max(at), 0) FROM blob"); }

bool store_intact(store *s, lk_buf *why) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(20)", -1, &statement, NULL);
    bool intact = true;
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(statement, 0);
        code = SQLITE_OK;
        if (line != NULL && sqlite3_stricmp(line, "ok") == 0) continue;
        heap_print(why, "%s: %s\n", heap_str(&s->path), line != NULL ? line : "unreadable");
        intact = false;
    }
    if (code != SQLITE_DONE) {
        store_fail(s, why);
        heap_print(why, "\n");
    }
    sqlite3_finalize(statement);
    return intact && code == SQLITE_DONE;
}

int64_t store_marked(store *s, const char *mark) {
    sqlite3_stmt *statement = NULL;
    int64_t at = -1;
    if (sqlite3_prepare_v2(s->db, "SELECT at FROM mark WHERE name = ?1", -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_bind_text(statement, 1, mark, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        at = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return at;
}

int64_t store_mark_count(store *s) { return store_number(s, "SELECT count(*) FROM mark"); }
