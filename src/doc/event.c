/* SPDX-License-Identifier: MIT
 * event.c - batches, and the events made of them. */
#include "base/sort.h"
#include "doc/checkout.h"
#include "doc/event_make.h"
#include "doc/undo.h"
#include "model/value.h"

void events_init(events *e, const lk_memory *heap) { *e = (events){.heap = heap, .number = 1}; }

static void event_free(events *e, queued_event *queued) {
    if (queued == NULL) return;
    arena_drop(&queued->memory);
    mem_free(e->heap, queued, sizeof *queued);
}

static void events_clear(events *e) {
    while (e->head < e->queue.len) event_free(e, e->queue.at[e->head++]);
    e->queue.len = e->head = 0;
    event_free(e, e->current);
    event_free(e, e->taken);
    e->current = e->taken = NULL;
}

void events_drop(events *e) {
    events_clear(e);
    for (size_t i = 0; i < e->batch.len; i++) {
        arena_drop(&e->batch.at[i].styles.memory);
        delta_drop(&e->batch.at[i].delta);
        vec_drop(e->heap, &e->batch.at[i].keys);
        vec_drop(e->heap, &e->batch.at[i].sets);
        vec_drop(e->heap, &e->batch.at[i].items);
    }
    vec_drop(e->heap, &e->batch);
    vec_drop(e->heap, &e->from);
    vec_drop(e->heap, &e->by_container);
    vec_drop(e->heap, &e->appeared);
    vec_drop(e->heap, &e->queue);
}

/* ---- gathering ---- */

void events_cancel(events *e) {
    for (size_t i = 0; i < e->batch_len; i++) {
        batch_entry *entry = &e->batch.at[i];
        e->by_container.at[entry->container] = 0;
        delta_reset(&entry->delta);
        event_text_forget(e->heap, &entry->styles);
        entry->keys.len = entry->sets.len = entry->items.len = 0;
        entry->count = 0;
        if (entry->tree != NULL) tree_unwatch(entry->tree);
        entry->tree = NULL;
    }
    e->batch_len = e->appeared.len = 0;
    e->number++;
    e->started = e->late = e->merging = false;
}

bool events_begin(lk_doc *doc) {
    events *e = &doc->events;
    if (e->started) return true;
    e->from.len = 0;
    doc_heads shown = doc_shown(doc);
    if (!vec_reserve(e->heap, &e->from, shown.len)) return false;
    e->from.len = doc_write_frontiers(doc, shown, e->from.at);
    e->started = true;
    return true;
}

/* The entry of a container, made if there is none; NULL when memory is out. */
static batch_entry *events_entry(events *e, uint32_t id) {
    if (id >= e->by_container.len) {
        size_t more = id + 1 - e->by_container.len;
        if (!vec_reserve(e->heap, &e->by_container, more)) return NULL;
        __builtin_memset(e->by_container.at + e->by_container.len, 0,
                         more * sizeof *e->by_container.at);
        e->by_container.len += more;
    }
    if (e->by_container.at[id] > 0) return &e->batch.at[e->by_container.at[id] - 1];
    if (e->batch_len == e->batch.len) {
        batch_entry *fresh = vec_push(e->heap, &e->batch);
        if (fresh == NULL) return NULL;
        *fresh = (batch_entry){0};
        delta_init(&fresh->delta, e->heap);
        arena_init(&fresh->styles.memory, e->heap);
    }
    batch_entry *entry = &e->batch.at[e->batch_len++];
    entry->container = id;
    e->by_container.at[id] = (uint32_t)e->batch_len;
    return entry;
}

bool events_expect(events *e, const uint32_t *containers, size_t len) {
    for (size_t i = 0; i < len && e->watching; i++)
        if (events_entry(e, containers[i]) == NULL) return false;
    return true;
}

static size_t step_children(const lk_doc *doc, const step *st) {
    const lk_value *values = st->data;
    if (st->kind == STEP_PLACE || st->kind == STEP_STANDING || st->kind == STEP_ELEM)
        return 1; /* the element's value may be one */
    if (doc->state.containers.at[st->container]->kind == LK_TEXT) return 0;
    if (values == NULL || st->kind == STEP_DELETE) return 0;
    if (st->kind != STEP_INSERT) return values->type == LK_CONTAINER;
    size_t count = 0;
    for (uint32_t i = 0; i < st->len; i++) count += values[i].type == LK_CONTAINER;
    return count;
}

/* Diffs are told of all kinds that are known. */
static bool events_tell(const lk_doc *doc, const step *st) {
    return doc->state.containers.at[st->container]->kind <= LK_COUNTER;
}

/* Entries for all containers of these steps; *children: how many may appear. */
static bool events_enter(lk_doc *doc, const step *steps, size_t len, size_t *children) {
    for (size_t i = 0; i < len; i++) {
        *children += step_children(doc, &steps[i]);
        if (!events_tell(doc, &steps[i])) continue;
        batch_entry *entry = events_entry(&doc->events, steps[i].container);
        if (entry == NULL) return false;
        const state_slot *slot = doc->state.containers.at[steps[i].container];
        entry->delta.gap = slot->kind != LK_TEXT ? DELTA_BEHIND_NOT_LAST
                           : doc->events.merging ? DELTA_BEFORE
                                                 : DELTA_BEHIND;
        entry->tree = state_find_tree(&doc->state, steps[i].container);
    }
    return true;
}

static bool events_reserve(lk_doc *doc, batch_entry *entry, uint32_t edits) {
    const lk_memory *heap = doc->events.heap;
    switch (doc->state.containers.at[entry->container]->kind) {
    case LK_MAP: return vec_reserve(heap, &entry->keys, edits);
    case LK_TREE: return tree_watch(entry->tree) && vec_reserve(heap, &entry->items, edits);
    case LK_COUNTER: return true;
    case LK_MOVABLE_LIST:
        return delta_reserve(&entry->delta, 2 * (size_t)edits) &&
               vec_reserve(heap, &entry->sets, edits);
    default: return delta_reserve(&entry->delta, edits);
    }
}

bool events_prepare(lk_doc *doc, const step *steps, size_t len) {
    events *e = &doc->events;
    if (!e->watching) return true;
    size_t children = 0;
    if (!events_enter(doc, steps, len, &children)) return false;
    /* Count per container first, so that many steps cost one reservation each. */
    uint32_t *edits = arena_new(&doc->scratch, uint32_t, e->batch_len);
    if (edits == NULL) return false;
    __builtin_memset(edits, 0, e->batch_len * sizeof *edits);
    for (size_t i = 0; i < len; i++) {
        if (!events_tell(doc, &steps[i])) continue;
        uint32_t entry = e->by_container.at[steps[i].container] - 1;
        edits[entry]++;
        if (e->batch.at[entry].tree != NULL) tree_expect(e->batch.at[entry].tree, &steps[i]);
        if (!event_text_expect(doc, &e->batch.at[entry], &steps[i], len == 1)) return false;
    }
    bool ready = vec_reserve(e->heap, &e->appeared, children);
    for (size_t i = 0; i < e->batch_len; i++)
        if (edits[i] > 0 && !events_reserve(doc, &e->batch.at[i], edits[i])) ready = false;
    return ready;
}

static void events_note_edit(batch_entry *entry, const seq_edit *edit) {
    if (edit->removed[LK_UTF8] == 0 && edit->inserted[LK_UTF8] == 0) return;
    delta_edit(&entry->delta, edit->at, edit->removed, edit->inserted);
}

static void events_note_set(batch_entry *entry, const step *st, const lk_value *before) {
    batch_set *set = &entry->sets.at[entry->sets.len];
    *set = (batch_set){st->as.elem, before, (uint32_t)entry->sets.len++};
}

void events_note(events *e, const step *st, const state_change *done, bool made) {
    if (st->container >= e->by_container.len || e->by_container.at[st->container] == 0) return;
    batch_entry *entry = &e->batch.at[e->by_container.at[st->container] - 1];
    if (e->merging && entry->delta.gap != DELTA_BEHIND_NOT_LAST)
        entry->delta.gap = st->behind ? DELTA_BEHIND : DELTA_BEFORE;
    switch (st->kind) {
    case STEP_MAP:
    case STEP_MAP_FORCE:
        if (done->taken)
            entry->keys.at[entry->keys.len++] = (batch_key){st->key, done->known, done->before};
        break;
    case STEP_TREE:
    case STEP_BACK:
        if (done->tree.what != TREE_STAYS) entry->items.at[entry->items.len++] = done->tree;
        break;
    case STEP_COUNT: entry->count += st->as.count; break;
    case STEP_SET:
        if (made)
            events_note_edit(entry, &done->edit);
        else if (done->edit.inserted[LK_UTF8] > 0)
            events_note_set(entry, st, done->before);
        break;
    default: events_note_edit(entry, &done->edit); events_note_edit(entry, &done->second);
    }
}

static int events_set_order(const void *a, const void *b) {
    const batch_set *x = a, *y = b;
    if (x->elem.peer != y->elem.peer) return x->elem.peer < y->elem.peer ? -1 : 1;
    if (x->elem.lamport != y->elem.lamport) return x->elem.lamport < y->elem.lamport ? -1 : 1;
    return x->nth < y->nth ? -1 : x->nth > y->nth;
}

/* What is set there and back is not told, as in Loro; what moved, too, is told as inserted. */
static void events_settle_list(const movable *list, batch_entry *entry) {
    static const uint32_t one[3] = {1, 1, 1};
    batch_set *sets = entry->sets.at;
    sort_items(sets, entry->sets.len, sizeof *sets, events_set_order);
    for (size_t i = 0; i < entry->sets.len; i++) {
        bool again = i > 0 && sets[i - 1].elem.peer == sets[i].elem.peer &&
                     sets[i - 1].elem.lamport == sets[i].elem.lamport;
        const movable_elem *elem = movable_find(list, sets[i].elem);
        if (again || !movable_shows(list, elem)) continue;
        if (value_equal(sets[i].before, elem->value)) continue;
        uint32_t at[SEQ_UNITS];
        movable_rank(list, elem, at);
        if (!delta_inserted(&entry->delta, at[LK_CODEPOINT]))
            delta_edit(&entry->delta, at, one, one);
    }
    entry->sets.len = 0;
}

void events_settle(lk_doc *doc) {
    events *e = &doc->events;
    for (size_t i = 0; i < e->batch_len; i++)
        if (e->batch.at[i].sets.len > 0)
            events_settle_list(state_find_movable(&doc->state, e->batch.at[i].container),
                               &e->batch.at[i]);
}

/* ---- making an event ---- */

static bool event_counter_write(const event_maker *m, uint32_t id, const batch_entry *batch_or_null,
                                lk_diff *out) {
    out->increment =
        batch_or_null != NULL ? batch_or_null->count : *state_find_counter(&m->doc->state, id);
    return true;
}

static event_writer *const event_writers[] = {
    [LK_MAP] = event_map_write,          [LK_LIST] = event_seq_write,
    [LK_TEXT] = event_text_write,        [LK_TREE] = event_tree_write,
    [LK_MOVABLE_LIST] = event_seq_write, [LK_COUNTER] = event_counter_write,
};

static bool event_touched(const events *e, uint32_t id) {
    return id < e->by_container.len && e->by_container.at[id] > 0;
}

/* Of a tree that was made by edits here its steps are told, of nodes that are gone already, too. */
static bool event_all_told(const event_maker *m, uint32_t id, const batch_entry *batch) {
    const tree *t = state_find_tree(&m->doc->state, id);
    return m->by == LK_BY_LOCAL && t != NULL && batch != NULL && batch->items.len == t->moves.len;
}

static bool event_diff(const event_maker *m, uint32_t id, lk_diff *out) {
    const events *e = &m->doc->events;
    container_kind kind = m->doc->state.containers.at[id]->kind;
    *out = (lk_diff){.target = {id}, .kind = (lk_kind)kind};
    if (kind > LK_COUNTER) return true;
    bool born = m->born != NULL && m->born[id];
    const batch_entry *batch =
        event_touched(e, id) ? &e->batch.at[e->by_container.at[id] - 1] : NULL;
    if (born && !event_all_told(m, id, batch)) batch = NULL;
    return event_writers[kind](m, id, batch, out);
}

/* Containers below one that is born are born too. Children have larger numbers than what made them
 * in most histories, but not in all: names are given as they are first heard of. So walk up. */
static bool event_is_born(const event_maker *m, uint32_t id) {
    const intern *names = &m->doc->log.names;
    for (uint32_t at = id; at != CONTAINER_NONE; at = names->containers.at[at].parent)
        if (m->born[at]) return true;
    return false;
}

/* Nodes that came (back) bring their data. */
static bool event_mark_nodes(event_maker *m) {
    const events *e = &m->doc->events;
    bool any = false;
    for (size_t i = 0; i < e->batch_len; i++) {
        const batch_entry *entry = &e->batch.at[i];
        for (size_t k = 0; k < entry->items.len; k++) {
            if (entry->items.at[k].what != TREE_CREATED) continue;
            uint32_t meta = entry->tree->nodes.at[entry->items.at[k].node].meta;
            if (meta == TREE_NONE) continue;
            any = true;
            if (m->born != NULL) m->born[meta] = 1;
        }
    }
    return any;
}

static void event_add_spot(event_maker *m, uint32_t id, bool below) {
    event_spot *spot = &m->spots[m->spot_len++];
    *spot = event_spot_of(m, id);
    spot->below = below;
}

/* Loro's diffs of movable lists do not say what is new in them, so that is found last. */
static bool event_in_row(const event_maker *m, uint32_t id) {
    uint32_t parent = m->doc->log.names.containers.at[id].parent;
    return parent != CONTAINER_NONE && m->doc->state.containers.at[parent]->kind == LK_MOVABLE_LIST;
}

/* Is a container that came to be present told as new? As in Loro also a mergeable child that was
 * here, if its map tells of it anew. */
static bool event_is_new(const event_maker *m, uint32_t id) {
    const container_name *name = &m->doc->log.names.containers.at[id];
    bool came = !m->doc->state.containers.at[id]->was_present;
    return name->id.root ? !m->kept && (came || event_map_tells_all(m, name->parent)) : came;
}

/* What appeared, and what hangs below that. */
static bool event_find_born(event_maker *m) {
    const events *e = &m->doc->events;
    size_t count = m->doc->state.containers.len;
    m->born = arena_alloc(m->memory, count);
    if (m->born == NULL) return false;
    __builtin_memset(m->born, 0, count);
    for (size_t i = 0; i < e->appeared.len; i++)
        m->born[e->appeared.at[i]] = event_is_new(m, e->appeared.at[i]);
    event_mark_nodes(m);
    size_t touched = m->spot_len;
    for (uint32_t id = 0; id < count; id++)
        if (m->born[id] && !event_touched(e, id) && !event_in_row(m, id))
            event_add_spot(m, id, false);
    size_t known = m->spot_len;
    if (!event_spots_pass_ids(m, m->spots + touched, known - touched)) return false;
    for (uint32_t id = 0; id < count; id++)
        if ((!m->born[id] || event_in_row(m, id)) && !event_touched(e, id) && event_is_born(m, id))
            event_add_spot(m, id, true);
    for (size_t i = known; i < m->spot_len; i++) m->born[m->spots[i].container] = 1;
    for (size_t i = 0; i < e->batch_len; i++)
        if (event_is_born(m, m->spots[i].container)) m->born[m->spots[i].container] = 1;
    return true;
}

/* The containers touched, and all that hang below one that appeared. */
static bool event_find_spots(event_maker *m) {
    const events *e = &m->doc->events;
    bool births = e->appeared.len > 0 || event_mark_nodes(m);
    m->spots = arena_new(&m->doc->scratch, event_spot,
                         births ? m->doc->state.containers.len : e->batch_len);
    if (m->spots == NULL) return false;
    for (size_t i = 0; i < e->batch_len; i++) event_add_spot(m, e->batch.at[i].container, false);
    return event_spots_pass(&m->doc->scratch, m->spots, m->spot_len) &&
           (!births || event_find_born(m));
}

/* Was it touched, but without effect? */
static bool event_is_idle(const events *e, uint32_t id) {
    const batch_entry *entry = &e->batch.at[e->by_container.at[id] - 1];
    return delta_empty(&entry->delta) && entry->keys.len + entry->items.len == 0 &&
           entry->count == 0;
}

static bool event_is_empty(const lk_diff *diff) {
    return diff->delta_len + diff->change_len + diff->node_len == 0 && diff->increment == 0;
}

static bool event_is_changed(const event_maker *m, const event_spot *spot) {
    bool born = m->born != NULL && m->born[spot->container];
    return !spot->below && (born || !event_is_idle(&m->doc->events, spot->container));
}

/* Make the diff of each spot that is to be told of. As in Loro these are also counters at 0 below
 * something new. */
static bool event_tell(event_maker *m) {
    lk_diff *diffs = arena_new(&m->doc->scratch, lk_diff, m->spot_len);
    for (size_t i = 0; diffs != NULL && i < m->spot_len; i++) {
        event_spot *spot = &m->spots[i];
        spot->changed = event_is_changed(m, spot);
        bool tells = (m->hidden ? doc_may_show : doc_shows)(m->doc, spot->container);
        if (!tells) continue;
        if (!event_diff(m, spot->container, &diffs[i])) return false;
        bool local = m->by == LK_BY_LOCAL && event_touched(&m->doc->events, spot->container);
        bool zero = spot->below && diffs[i].kind == LK_COUNTER;
        if (local || zero || !event_is_empty(&diffs[i])) spot->diff = &diffs[i];
    }
    return diffs != NULL;
}

static bool event_make(event_maker *m, lk_event *out) {
    if (!event_tree_gather(&m->doc->events) || !event_find_spots(m) || !event_tell(m) ||
        !event_spots_order(&m->doc->scratch, m->spots, &m->spot_len, m->by == LK_BY_LOCAL))
        return false;
    lk_diff *diffs = arena_new(m->memory, lk_diff, m->spot_len);
    if (diffs == NULL) return false;
    out->diffs = diffs;
    for (; out->diff_len < m->spot_len; out->diff_len++)
        diffs[out->diff_len] = *m->spots[out->diff_len].diff;
    return true;
}

static bool event_copy_versions(event_maker *m, lk_event *out) {
    const events *e = &m->doc->events;
    lk_id *from = arena_new(m->memory, lk_id, e->from.len);
    doc_heads shown = doc_shown(m->doc);
    lk_id *to = arena_new(m->memory, lk_id, shown.len);
    if (from == NULL || to == NULL) return false;
    if (e->from.len > 0) __builtin_memcpy(from, e->from.at, e->from.len * sizeof *from);
    out->from = (lk_ids){from, e->from.len};
    out->to = (lk_ids){to, doc_write_frontiers(m->doc, shown, to)};
    return true;
}

static bool event_copy_origin(event_maker *m, lk_str origin, lk_event *out) {
    char *copy = arena_bytes(m->memory, origin.len);
    if (copy == NULL) return false;
    if (origin.len > 0) __builtin_memcpy(copy, origin.at, origin.len);
    out->origin = (lk_str){copy, origin.len};
    return true;
}

/* The event of the batch, made by `m`; NULL when memory is out. */
static queued_event *event_of_batch(event_maker m, lk_str origin) {
    lk_doc *doc = m.doc;
    events *e = &doc->events;
    queued_event *queued = mem_zalloc(e->heap, sizeof *queued);
    if (queued == NULL) return NULL;
    arena_init(&queued->memory, e->heap);
    queued->event.by = m.by;
    m.memory = &queued->memory;
    if (event_copy_versions(&m, &queued->event) && event_copy_origin(&m, origin, &queued->event) &&
        event_make(&m, &queued->event))
        return queued;
    event_free(e, queued);
    return NULL;
}

const lk_event *events_take(lk_doc *doc, bool kept) {
    events *e = &doc->events;
    event_maker m = {.doc = doc, .by = LK_BY_CHECKOUT, .kept = kept};
    queued_event *taken = event_of_batch(m, (lk_str){0});
    events_cancel(e);
    event_free(e, e->taken);
    e->taken = taken;
    return taken == NULL ? NULL : &taken->event;
}

queued_event *events_keep(events *e) {
    queued_event *kept = e->taken;
    e->taken = NULL;
    return kept;
}

void events_release(events *e, queued_event *queued) { event_free(e, queued); }

void events_watch(events *e, bool listened) {
    e->listened = listened;
    e->watching = e->polled || listened;
    if (!e->watching) events_cancel(e);
}

/* Did the batch bring mergeable children, or touch something that is hidden? */
static bool events_hide(const lk_doc *doc) {
    const events *e = &doc->events;
    bool hide = false;
    for (size_t i = 0; i < e->appeared.len && !hide; i++)
        hide = doc->log.names.containers.at[e->appeared.at[i]].id.root;
    for (size_t i = 0; i < e->batch_len && !hide; i++)
        hide = !doc_shows(doc, e->batch.at[i].container) &&
               doc_may_show(doc, e->batch.at[i].container);
    return hide;
}

/* Undo managers go by what was done to what mergeable children hold, whether these show or not. */
static void events_undo_hear(lk_doc *doc, const queued_event *told) {
    events *e = &doc->events;
    if (!e->listened || told->event.by != LK_BY_IMPORT || !events_hide(doc)) {
        undo_hear(doc, &told->event);
        return;
    }
    event_maker m = {.doc = doc, .by = LK_BY_IMPORT, .kept = true, .hidden = true};
    queued_event *heard = event_of_batch(m, told->event.origin);
    if (heard == NULL) {
        undo_lose(doc);
        return;
    }
    undo_hear(doc, &heard->event);
    event_free(e, heard);
}

void events_finish(lk_doc *doc, lk_by by, lk_str origin) {
    events *e = &doc->events;
    if (!e->started) return;
    /* As in Loro: a mergeable child shown again by an edit here is told by its parent alone. */
    event_maker m = {.doc = doc, .by = by, .kept = by == LK_BY_LOCAL};
    queued_event *queued = event_of_batch(m, origin);
    bool made = queued != NULL && (!e->polled || vec_reserve(e->heap, &e->queue, 1));
    if (!made || e->late)
        undo_lose(doc);
    else
        events_undo_hear(doc, queued);
    e->late = !made;
    e->by = by;
    if (made && !e->polled) {
        event_free(e, queued);
        events_cancel(e);
    } else if (made && by != LK_BY_LOCAL && queued->event.diff_len == 0) {
        event_free(e, queued); /* nothing to be seen: all of it was here, or undid itself */
        events_cancel(e);
    } else if (made) {
        e->queue.at[e->queue.len++] = queued;
        events_cancel(e);
    } else {
        event_free(e, queued);
    }
}

/* ---- handing out ---- */

lk_status lk_watch(lk_doc *doc, bool on) {
    events *e = &doc->events;
    if (e->polled == on) return LK_OK;
    if (on && doc->open && !e->watching) {
        lk_status status = checkout_gather(doc);
        if (status != LK_OK) return status;
    }
    e->polled = on;
    e->watching = on || e->listened;
    if (on) return LK_OK;
    if (!e->listened) events_cancel(e);
    events_clear(e);
    return LK_OK;
}

const lk_event *lk_poll(lk_doc *doc) {
    events *e = &doc->events;
    event_free(e, e->current);
    event_free(e, e->taken);
    e->current = e->taken = NULL;
    if (e->late && !doc->open) events_finish(doc, e->by, (lk_str){0});
    if (e->head == e->queue.len) return NULL;
    e->current = e->queue.at[e->head++];
    if (e->head == e->queue.len) e->queue.len = e->head = 0;
    return &e->current->event;
}
