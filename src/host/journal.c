/* SPDX-License-Identifier: MIT
 * journal.c - two batches: one gathers, the other is being committed.
 *
 *     journal_add() ─► gathering ──swap──► committing ─► store (another thread) ─► stored()
 *
 * A mark comes before all blobs of its batch. One that is set when the batch has blobs already
 * waits for the batch after it. */
#include "host/journal.h"

#include <string.h>

#include "host/heap.h"

#define JOURNAL_RETRY_MS 2000

typedef struct journal_batch {
    VEC(uint64_t) tokens;
    VEC(lk_bytes) blobs;
    VEC(int64_t) removed;
    int64_t first; /* where the first blob went */
    lk_buf mark;   /* a C string; empty: none */
} journal_batch;

struct journal {
    loop *loop;
    store *store;
    journal_events events;
    journal_batch gathering, committing;
    lk_buf next_mark; /* for the batch after the one that gathers */
    loop_handle *retry;
    uint64_t added, stored;
    bool busy, good, failing, flushing;
    lk_buf why;
};

static void journal_retry(void *context);

journal *journal_new(loop *l, store *s, const journal_events *events) {
    journal *j = heap_new(journal);
    j->loop = l, j->store = s, j->events = *events;
    j->gathering.mark = j->committing.mark = j->next_mark = j->why = (lk_buf)HEAP_BUF;
    j->retry = loop_timer(l, journal_retry, j);
    return j;
}

static void journal_batch_clear(journal_batch *b) {
    for (size_t i = 0; i < b->blobs.len; i++)
        mem_free(&heap_memory, (void *)(uintptr_t)b->blobs.at[i].at, b->blobs.at[i].len);
    b->tokens.len = b->blobs.len = b->removed.len = b->mark.len = 0;
}

static void journal_batch_drop(journal_batch *b) {
    journal_batch_clear(b);
    vec_drop(&heap_memory, &b->tokens);
    vec_drop(&heap_memory, &b->blobs);
    vec_drop(&heap_memory, &b->removed);
    lk_buf_free(&b->mark);
}

static bool journal_batch_empty(const journal_batch *b) {
    return b->blobs.len == 0 && b->mark.len == 0;
}

void journal_add(journal *j, uint64_t token, lk_bytes bytes) {
    uint8_t *copy = mem_alloc(&heap_memory, bytes.len);
    memcpy(copy, bytes.at, bytes.len);
    j->added++;
    *vec_push(&heap_memory, &j->gathering.tokens) = token;
    *vec_push(&heap_memory, &j->gathering.blobs) = (lk_bytes){copy, bytes.len};
}

void journal_remove(journal *j, int64_t at) { *vec_push(&heap_memory, &j->gathering.removed) = at; }

void journal_mark(journal *j, const char *name) {
    lk_buf *mark = j->gathering.blobs.len == 0 ? &j->gathering.mark : &j->next_mark;
    mark->len = 0;
    heap_print(mark, "%s", name);
}

/* Runs on another thread; `committing` and `why` are its own while `busy` is set. */
static void journal_work(void *context) {
    journal *j = context;
    journal_batch *b = &j->committing;
    const char *mark = b->mark.len == 0 ? NULL : heap_str(&b->mark);
    j->why.len = 0;
    j->good = store_append(j->store, b->blobs.at, b->blobs.len, mark, &j->why);
    if (!j->good) return;
    b->first = store_last(j->store) - (int64_t)b->blobs.len + 1;
    (void)store_remove(j->store, b->removed.at, b->removed.len, &j->why);
}

static void journal_tell(journal *j) {
    if (!j->good) {
        if (!j->failing) j->events.failed(j->events.context, heap_str(&j->why));
        j->failing = true;
        return;
    }
    j->failing = false;
    j->stored += j->committing.tokens.len;
    for (size_t i = 0; i < j->committing.tokens.len; i++)
        j->events.stored(j->events.context, j->committing.tokens.at[i],
                         j->committing.first + (int64_t)i);
    journal_batch_clear(&j->committing);
}

static void journal_done(void *context) {
    journal *j = context;
    j->busy = false;
    journal_tell(j);
    if (j->good)
        journal_commit(j);
    else
        loop_timer_start(j->retry, JOURNAL_RETRY_MS);
}

static void journal_start(journal *j) {
    j->busy = true;
    loop_work(j->loop, journal_work, journal_done, j);
}

static void journal_retry(void *context) {
    journal *j = context;
    if (!j->busy) journal_start(j);
}

static void journal_swap(journal *j) {
    journal_batch taken = j->gathering;
    j->gathering = j->committing;
    j->committing = taken;
    lk_buf mark = j->gathering.mark;
    j->gathering.mark = j->next_mark;
    j->next_mark = mark;
}

void journal_commit(journal *j) {
    /* A batch that failed is still in `committing`, and comes first. */
    if (j->busy || j->flushing || !journal_batch_empty(&j->committing)) return;
    /* A mark alone is not worth a commit: if it is lost, the file is compared with the store. */
    if (j->gathering.blobs.len == 0) return;
    journal_swap(j);
    journal_start(j);
}

bool journal_flush(journal *j) {
    while (j->busy) loop_turn(j->loop);
    j->flushing = true;
    j->good = true;
    while (j->good && !(journal_batch_empty(&j->committing) && journal_batch_empty(&j->gathering) &&
                        j->next_mark.len == 0)) {
        if (journal_batch_empty(&j->committing)) journal_swap(j);
        journal_work(j);
        journal_tell(j);
    }
    j->flushing = false;
    return j->good;
}

void journal_free(journal *j) {
    LK_ASSERT(!j->busy);
    loop_close(j->retry);
    journal_batch_drop(&j->gathering);
    journal_batch_drop(&j->committing);
    lk_buf_free(&j->next_mark);
    lk_buf_free(&j->why);
    heap_free(journal, j);
}

uint64_t journal_added(const journal *j) { return j->added; }
uint64_t journal_stored(const journal *j) { return j->stored; }
