/* SPDX-License-Identifier: MIT
 * mirror.c - reading before writing.
 *
 * Invariants while the mirror runs:
 *   `base` is what the file held when we last read or wrote it, and the shadow's text, except
 *   between a look and a write (`pulled`), when it is the past's;
 *   everything the shadow and the past hold is in the document, or on its way there.
 * Before every write the file's stamp is compared with the last one; if somebody saved meanwhile,
 * that is read and merged first.
 *
 * The past is the shadow as it was before our last write. Somebody who read the file just before
 * that write and saves just after it has not deleted what we wrote: such a save is an edit of the
 * past. */
#include "host/mirror.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "host/files.h"
#include "host/heap.h"
#include "host/random.h"

/* Others' keystrokes that come close together are one write. */
#define MIRROR_WRITE_MS 10
/* Editors write a file in several steps: let it rest this long before it is read. */
#define MIRROR_REST_MS 10
/* A file that is suddenly empty is usually about to be filled. */
#define MIRROR_EMPTY_MS 300
/* Where the system does not tell of changes, or tells of another file (a symbolic link). */
#define MIRROR_POLL_MS 400
/* A save this soon after our write may be by somebody who has not seen it. People who undo what
 * they just saw appear take longer. */
#define MIRROR_BLIND_NS 200000000
#define MIRROR_BLINK_NS 8000000
/* How long the file that was replaced is watched, and how often: nobody tells of changes to it. */
#define MIRROR_REPLACED_MS 1000
#define MIRROR_SOON_MS 30

struct mirror {
    mirror_options options;
    mirror_events events;
    lk_ref text; /* of the shadow */
    lk_buf base;
    lk_doc *past;
    lk_ref past_text;
    bool past_left;   /* it has edits of the replaced file, which no longer lead to what this one
                         shows */
    int64_t wrote_ns; /* when we wrote, by the clock of the file system; 0: seen since */
    int replaced_fd;  /* what we replaced then, or -1 */
    files_stamp replaced;
    uint64_t replaced_ms;
    files_stamp stamp;
    loop_handle *watch, *poll, *soon;
    bool running, syncing, touched;
    uint64_t barrier; /* of what was pulled */
    bool pulled;      /* the shadow is ahead of the file, which still shows the past */
    bool unreadable;  /* and people were told */
};

/* ---- documents ---- */

static bool mirror_same(const lk_buf *a, const lk_buf *b) {
    return a->len == b->len && (a->len == 0 || memcmp(a->at, b->at, a->len) == 0);
}

static void mirror_import(lk_doc *doc, const lk_buf *bytes) {
    /* Both documents are ours, and memory aborts: nothing can fail. */
    LK_ASSERT(lk_import(doc, (lk_bytes){bytes->at, bytes->len}, NULL, NULL) == LK_OK);
}

/* Has the document something that the shadow lacks? */
static bool mirror_behind(mirror *m) {
    lk_ids theirs = lk_version(m->options.doc), ours = lk_version(m->options.shadow);
    for (size_t i = 0, k = 0; i < theirs.len; i++) { /* both are sorted by peer */
        while (k < ours.len && ours.at[k].peer < theirs.at[i].peer) k++;
        bool known = k < ours.len && ours.at[k].peer == theirs.at[i].peer;
        if (!known || ours.at[k].counter < theirs.at[i].counter) return true;
    }
    return false;
}

/* Give `to` what `from` has. */
static void mirror_pull(lk_doc *to, lk_doc *from) {
    lk_buf bytes = HEAP_BUF;
    LK_ASSERT(lk_export(from, LK_UPDATES, lk_version(to), &bytes) == LK_OK);
    mirror_import(to, &bytes);
    lk_buf_free(&bytes);
}

/* How `to` differs from `from`, by what both begin and end with: bytes [start, end) of `from`
 * became `put` bytes. */
typedef struct mirror_change {
    size_t start, end, put;
} mirror_change;

static mirror_change mirror_compare(const lk_buf *from, const lk_buf *to) {
    size_t least = from->len < to->len ? from->len : to->len;
    size_t front = 0, back = 0;
    while (front < least && from->at[front] == to->at[front]) front++;
    while (back < least - front && from->at[from->len - 1 - back] == to->at[to->len - 1 - back])
        back++;
    return (mirror_change){front, from->len - back, to->len - back - front};
}

static size_t mirror_size(mirror_change c) {
    return c.end - c.start > c.put ? c.end - c.start : c.put;
}

/* Are all bytes of `a` in `b`, in that order? */
static bool mirror_within(const lk_buf *a, const lk_buf *b) {
    size_t found = 0;
    for (size_t i = 0; i < b->len && found < a->len; i++) found += a->at[found] == b->at[i];
    return found == a->len;
}

/* Was `content` saved by somebody who had not seen that we turned `past` into `base`? Then what we
 * inserted is missing, and either it is the smaller change of the past, and in another place than
 * ours, or, just after our write, both inserted at one place and most of ours is not there. What
 * equals the past was put back on purpose. */
static bool mirror_unseen(const lk_buf *past, const lk_buf *base, const lk_buf *content,
                          bool just_after) {
    if (mirror_same(content, past) || mirror_same(base, past)) return false;
    mirror_change ours = mirror_compare(past, base), theirs = mirror_compare(past, content);
    if (ours.put > 0 && mirror_within(base, content)) return false;
    mirror_change since = mirror_compare(base, content);
    if (theirs.end < ours.start || ours.end < theirs.start)
        return mirror_size(theirs) < mirror_size(since);
    bool both_insert = ours.start == ours.end && theirs.start == theirs.end;
    return just_after && both_insert && 2 * (since.end - since.start) > ours.put;
}

static bool mirror_blind(const mirror *m, const lk_buf *content, const lk_buf *base) {
    int64_t after_ns = m->stamp.mtime_ns - m->wrote_ns;
    if (m->wrote_ns == 0 || m->past_left || after_ns < 0 || after_ns > MIRROR_BLIND_NS)
        return false;
    lk_buf past = HEAP_BUF;
    LK_ASSERT(lk_text_string(m->past, m->past_text, &past) == LK_OK);
    bool blind = mirror_unseen(&past, base, content, after_ns < MIRROR_BLINK_NS);
    lk_buf_free(&past);
    return blind;
}

static void mirror_forget_replaced(mirror *m) {
    if (m->replaced_fd >= 0) close(m->replaced_fd);
    m->replaced_fd = -1;
}

/* ---- what is not taken ---- */

static void mirror_note(mirror *m, const char *what) {
    lk_buf text = HEAP_BUF;
    heap_print(&text, "%s: %s", m->options.path, what);
    m->events.note(m->events.context, heap_str(&text));
    lk_buf_free(&text);
}

/* Keep `content` beside the file, which is to show something else because of `why`. False if it
 * cannot be kept; then the file is left alone. */
static bool mirror_keep_aside(mirror *m, const lk_buf *content, const char *why) {
    lk_buf name = HEAP_BUF, note = HEAP_BUF;
    heap_print(&name, "%s.orig", m->options.path);
    files_stamp taken;
    for (int n = 2; files_stat(heap_str(&name), &taken) == 0 && taken.exists; n++) {
        name.len = 0;
        heap_print(&name, "%s.orig%d", m->options.path, n);
    }
    lk_bytes bytes = {content->at, content->len};
    int error = files_replace(heap_str(&name), bytes, &(files_change){.durable = true});
    if (error == 0)
        heap_print(&note, "%s is kept as %s", why, heap_str(&name));
    else
        heap_print(&note, "left alone, because it cannot be kept as %s: %s", heap_str(&name),
                   strerror(error));
    mirror_note(m, heap_str(&note));
    lk_buf_free(&name);
    lk_buf_free(&note);
    return error == 0;
}

/* The same where the file only follows. */
static void mirror_refuse(mirror *m, const lk_buf *content) {
    m->running = mirror_keep_aside(
        m, content, "this link only reads, so what was saved there is not taken; it");
}

/* ---- edits ---- */

/* Make a text of `doc`, which is the shadow or the past, `content`; the edit goes on its way. */
static void mirror_update(mirror *m, lk_doc *doc, lk_ref ref, const lk_buf *content) {
    lk_buf bytes = HEAP_BUF;
    lk_str text = {(const char *)content->at, content->len};
    LK_ASSERT(lk_text_update(doc, ref, text, false) == LK_OK);
    LK_ASSERT(lk_export_local(doc, &bytes) == LK_OK);
    if (bytes.len > 0) m->events.edited(m->events.context, (lk_bytes){bytes.at, bytes.len});
    lk_buf_free(&bytes);
}

/* `content` was saved where `base` had been: edit the shadow, or the past if that was meant, and
 * give the edit to the document. */
static void mirror_edit(mirror *m, const lk_buf *content, const lk_buf *base) {
    if (m->options.reads) {
        mirror_refuse(m, content);
        return;
    }
    if (!m->pulled && mirror_blind(m, content, base)) {
        mirror_forget_replaced(m);
        m->pulled = true;
    }
    m->wrote_ns = 0; /* whoever saves next has seen that write */
    if (m->pulled) {
        mirror_update(m, m->past, m->past_text, content);
        mirror_pull(m->options.shadow, m->past);
    } else {
        mirror_update(m, m->options.shadow, m->text, content);
    }
}

/* Take over what somebody wrote there after all. */
static void mirror_look_replaced(mirror *m) {
    files_stamp stamp;
    if (m->replaced_fd < 0 || files_stat_fd(m->replaced_fd, &stamp) != 0) return;
    if (files_stamp_equal(&stamp, &m->replaced)) {
        if (loop_now_ms() > m->replaced_ms + MIRROR_REPLACED_MS) mirror_forget_replaced(m);
        return;
    }
    lk_buf content = HEAP_BUF;
    bool good = stamp.size > 0 && files_read_fd(m->replaced_fd, &content) == 0 &&
                utf8_valid(content.at, content.len);
    if (good) {
        m->replaced = stamp;
        m->past_left = true;
        if (m->options.reads)
            mirror_refuse(m, &content);
        else
            mirror_update(m, m->past, m->past_text, &content);
        mirror_touch(m);
    }
    lk_buf_free(&content);
}

/* ---- the file ---- */

/* Read the file into `content`; one that is not there is empty. NULL, or what is wrong with it. */
static const char *mirror_load(mirror *m, lk_buf *content, files_stamp *stamp) {
    *stamp = (files_stamp){0};
    int error = files_read(m->options.path, content, stamp);
    if (error == ENOENT) return NULL;
    if (error != 0) return strerror(error);
    return utf8_valid(content->at, content->len) ? NULL : "not UTF-8 text";
}

static void mirror_swap(lk_buf *a, lk_buf *b) {
    lk_buf taken = *a;
    *a = *b, *b = taken;
}

static int64_t mirror_age_ms(const files_stamp *stamp) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec - stamp->mtime_ns) / 1000000;
}

/* Does it look as if somebody were about to write the rest of it? */
static bool mirror_half(const mirror *m, const files_stamp *stamp) {
    if (stamp->size >= m->base.len) return false;
    int64_t age = mirror_age_ms(stamp);
    /* A time in the future, as `touch` makes it, is not worth waiting for. */
    return age >= 0 && age < (stamp->size == 0 ? MIRROR_EMPTY_MS : MIRROR_REST_MS);
}

/* Merge what was saved since the last look. False if the file is not fit to be read now. */
static bool mirror_read(mirror *m) {
    files_stamp stamp;
    if (files_stat(m->options.path, &stamp) != 0) return false;
    /* A file that went away has not been emptied: an editor that replaces it is at work, or
     * somebody no longer wants it, and then the next change of the document brings it back. */
    if (files_stamp_equal(&stamp, &m->stamp) || !stamp.exists) return true;
    if (mirror_half(m, &stamp)) return false;
    lk_buf content = HEAP_BUF;
    const char *wrong = mirror_load(m, &content, &stamp);
    if (wrong != NULL && !m->unreadable) mirror_note(m, wrong);
    m->unreadable = wrong != NULL;
    if (wrong == NULL) {
        bool edited = !mirror_same(&content, &m->base);
        m->stamp = stamp;
        mirror_swap(&content, &m->base);
        if (edited) mirror_edit(m, &m->base, &content);
    }
    lk_buf_free(&content);
    return wrong == NULL && m->running;
}

/* Make the file show the shadow. False if it cannot be written or was saved to meanwhile. */
static bool mirror_write(mirror *m) {
    lk_buf text = HEAP_BUF;
    LK_ASSERT(lk_text_string(m->options.shadow, m->text, &text) == LK_OK);
    bool good = m->stamp.exists && mirror_same(&text, &m->base);
    if (!good) {
        files_change change = {.expected = &m->stamp, .keep_old = true, .old_fd = -1};
        int error = files_replace(m->options.path, (lk_bytes){text.at, text.len}, &change);
        good = error == 0;
        if (!good && error != ESTALE && !m->unreadable) mirror_note(m, strerror(error));
        m->unreadable = !good && error != ESTALE;
        if (good) {
            mirror_forget_replaced(m);
            m->replaced_fd = change.old_fd, m->replaced = m->stamp, m->replaced_ms = loop_now_ms();
            m->stamp = change.after;
            m->wrote_ns = m->stamp.mtime_ns;
            loop_timer_start(m->poll, MIRROR_SOON_MS);
            mirror_swap(&text, &m->base);
        }
    }
    if (good) m->pulled = false;
    lk_buf_free(&text);
    return good;
}

/* ---- both directions ---- */

/* Texts put the smaller peer first where two insert: what was added to the past stands before what
 * our write put there, and before what somebody adds behind that. */
static void mirror_renew_past(mirror *m) {
    lk_free(m->past);
    m->past = heap_doc(random_u64() >> 12);
    LK_ASSERT(lk_root(m->past, LK_TEXT, m->options.text, &m->past_text) == LK_OK);
    m->past_left = false;
}

/* Bring the shadow up to the document, unless it is there already or the file has to follow first.
 */
static void mirror_advance(mirror *m) {
    if (m->pulled && !m->events.durable(m->events.context, m->barrier)) return;
    if (!mirror_behind(m)) return;
    if (!m->pulled) {
        mirror_forget_replaced(m);
        if (m->past_left) mirror_renew_past(m);
        mirror_pull(m->past, m->options.shadow);
    }
    m->pulled = true;
    mirror_pull(m->options.shadow, m->options.doc);
    m->barrier = m->events.barrier(m->events.context);
}

bool mirror_sync(mirror *m) {
    if (!m->running || m->syncing) return false;
    m->syncing = true, m->touched = false;
    loop_timer_stop(m->soon);
    bool matches = false, waits = false;
    mirror_look_replaced(m);
    /* Somebody may save between our look and our write, again and again; not for ever. */
    for (int tries = 0; !matches && !waits && tries < 8 && mirror_read(m); tries++) {
        mirror_advance(m);
        waits = m->pulled && !m->events.durable(m->events.context, m->barrier);
        matches = !waits && mirror_write(m);
        if (m->unreadable) break;
    }
    m->syncing = false;
    if (matches && mirror_behind(m))
        mirror_touch(m);
    else if (matches)
        m->events.matches(m->events.context);
    else if (!waits)
        loop_timer_start(m->soon, m->unreadable ? MIRROR_POLL_MS : MIRROR_WRITE_MS);
    return matches && !mirror_behind(m);
}

void mirror_stored(mirror *m) {
    if (m->running && m->pulled) mirror_sync(m);
}

static void mirror_soon(void *context) { mirror_sync(context); }

void mirror_touch(mirror *m) {
    if (!m->running || m->touched) return;
    m->touched = true;
    loop_timer_start(m->soon, MIRROR_WRITE_MS);
}

/* Something happened in the folder, or it is time to look. */
static void mirror_look(void *context) {
    mirror *m = context;
    mirror_look_replaced(m);
    loop_timer_start(m->poll, m->replaced_fd >= 0 ? MIRROR_SOON_MS : MIRROR_POLL_MS);
    files_stamp stamp;
    if (files_stat(m->options.path, &stamp) != 0 || !stamp.exists) return;
    if (files_stamp_equal(&stamp, &m->stamp)) return;
    int64_t age = mirror_age_ms(&stamp);
    if (age < 0 || age >= MIRROR_REST_MS)
        mirror_sync(m);
    else
        loop_timer_start(m->poll, (uint64_t)(MIRROR_REST_MS - age));
}

/* ---- beginning ---- */

mirror *mirror_new(const mirror_options *options, const mirror_events *events, lk_buf *why) {
    mirror *m = heap_new(mirror);
    m->options = *options, m->events = *events, m->base = (lk_buf)HEAP_BUF;
    m->replaced_fd = -1;
    LK_ASSERT(lk_root(options->shadow, LK_TEXT, options->text, &m->text) == LK_OK);
    mirror_renew_past(m);
    m->soon = loop_timer(options->loop, mirror_soon, m);
    m->poll = loop_timer(options->loop, mirror_look, m);
    const char *wrong = mirror_load(m, &m->base, &m->stamp);
    if (wrong == NULL) return m;
    heap_print(why, "%s: %s", options->path, wrong);
    mirror_free(m);
    return NULL;
}

void mirror_free(mirror *m) {
    loop_close(m->soon);
    loop_close(m->poll);
    loop_close(m->watch);
    lk_free(m->options.shadow);
    lk_free(m->past);
    mirror_forget_replaced(m);
    lk_buf_free(&m->base);
    heap_free(mirror, m);
}

bool mirror_waits(const mirror *m) { return !m->running && !m->options.known && m->base.len > 0; }

/* A file we have not seen before: whose text is it? */
static bool mirror_meet(mirror *m) {
    lk_buf text = HEAP_BUF;
    bool good = true;
    mirror_pull(m->options.shadow, m->options.doc);
    LK_ASSERT(lk_text_string(m->options.shadow, m->text, &text) == LK_OK);
    if (text.len == 0 && m->base.len > 0)
        mirror_edit(m, &m->base, &text);
    else if (m->base.len > 0 && !mirror_same(&text, &m->base))
        good = mirror_keep_aside(m, &m->base, "the document has text of its own; the file's");
    lk_buf_free(&text);
    return good && m->running;
}

/* The folder of the file, "." if it has none. */
static void mirror_watch(mirror *m) {
    lk_buf folder = HEAP_BUF;
    const char *slash = strrchr(m->options.path, '/');
    if (slash == NULL)
        heap_print(&folder, ".");
    else
        heap_print(&folder, "%.*s", (int)(slash - m->options.path + 1), m->options.path);
    m->watch = loop_directory(m->options.loop, heap_str(&folder), mirror_look, m);
    lk_buf_free(&folder);
}

/* What was saved since mirror_new() counts. */
static void mirror_reload(mirror *m) {
    files_stamp now;
    if (files_stat(m->options.path, &now) != 0 || files_stamp_equal(&now, &m->stamp)) return;
    lk_buf content = HEAP_BUF;
    if (mirror_load(m, &content, &now) == NULL) {
        mirror_swap(&content, &m->base);
        m->stamp = now;
    }
    lk_buf_free(&content);
}

void mirror_begin(mirror *m) {
    if (m->running) return;
    mirror_reload(m);
    lk_buf shown = HEAP_BUF;
    LK_ASSERT(lk_text_string(m->options.shadow, m->text, &shown) == LK_OK);
    m->running = true;
    if (!m->options.known)
        m->running = mirror_meet(m);
    else if (m->stamp.exists && !mirror_same(&shown, &m->base))
        mirror_edit(m, &m->base, &shown);
    lk_buf_free(&shown);
    if (!m->running) return;
    mirror_watch(m);
    loop_timer_start(m->poll, MIRROR_POLL_MS);
    mirror_sync(m);
}
