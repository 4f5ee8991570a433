/* SPDX-License-Identifier: MIT
 * elo_link.c - one link's messages, sealed and opened.
 *
 *     room ─► %LOR update ─► spans, a record each ─► container ─► %ELO update ─► relay
 *     room ◄─ %LOR update, one for each record ◄──── container ◄─ %ELO update ◄─ relay
 *
 * What is in a record is signed as updates of the room are (room/signed.h), and looked at before
 * the room gets it: who keeps records cannot tell who made them.
 *
 * A record holds operations of one peer, so what many wrote is exported again, peer by peer; when
 * they are very many, a snapshot says it shorter. What cannot be exported, for its past is not
 * here, and what cannot be signed goes into records as others signed it: in each of them all that
 * was signed at once, for each peer whose operations are in it. So of what the other end was given
 * already nothing is given again; a batch of nothing else leaves empty, to be acknowledged once
 * what came before it is stored.
 *
 * Who keeps records cannot make few of many. So whoever writes much sends, after every 64 records,
 * one that holds those 64, after 64 of these one that holds them, and so on; and who was given very
 * many records to begin with gives a snapshot back. */
#include "host/elo_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "host/heap.h"
#include "host/presence_link.h"
#include "host/random.h"
#include "host/rooms_word.h"
#include "host/seal.h"
#include "room/elo.h"
#include "room/frame.h"
#include "room/have.h"
#include "room/signed.h"

#define ELO_LINK_KEY_ID ((lk_str){"lorikeet-1", 10})
/* Peers in one update beyond which it goes out as a snapshot. */
#define ELO_LINK_SPANS 32
#define ELO_LINK_GROUP 64u
#define ELO_LINK_LEVELS 4
/* Records to begin with that are too many. */
#define ELO_LINK_CROWD 512

typedef VEC(lk_span) elo_link_spans_of;

typedef struct elo_link_assembly { /* an update in fragments */
    uint64_t batch;
    uint32_t total; /* 0: none */
    lk_buf bytes;
} elo_link_assembly;

struct elo_link {
    elo_link_options options;
    lk_guard guard;
    uint8_t key[SEAL_KEY];
    uint8_t word[ROOMS_WORD_LEN];
    elo_link_assembly leaving, coming;
    presence_link presence;
    lk_id run;                        /* where the newest record of what is written here ends */
    uint32_t run_len;                 /* how many there were in a row */
    int32_t started[ELO_LINK_LEVELS]; /* where the group of each level began */
    have holds;                       /* what the other end had when we joined, or was given on */
    size_t given;                     /* records it gave us until we had that, too */
    bool level, refused;
};

elo_link *elo_link_new(const elo_link_options *options) {
    elo_link *v = heap_new(elo_link);
    v->options = *options, v->level = true;
    v->guard = *options->guard;
    v->leaving.bytes = v->coming.bytes = (lk_buf)HEAP_BUF;
    presence_link_init(&v->presence, options->key, options->room);
    seal_derive(options->key, "lorikeet document 1", options->room, v->key);
    memcpy(v->word, ROOMS_WORD_MAGIC, ROOMS_WORD_HEAD);
    seal_derive(options->key, "lorikeet word 1", options->room, v->word + ROOMS_WORD_HEAD);
    return v;
}

void elo_link_free(elo_link *v) {
    lk_buf_free(&v->leaving.bytes);
    lk_buf_free(&v->coming.bytes);
    presence_link_drop(&v->presence);
    have_drop(&v->holds, &heap_memory);
    heap_free(elo_link, v);
}

/* Can it sign? */
static bool elo_link_writes(const elo_link *v) { return v->guard.sign != NULL; }

/* ---- messages ---- */

typedef void elo_link_fn(void *context, lk_bytes message);

static frame elo_link_frame(const elo_link *v, frame_crdt crdt, frame_kind kind) {
    return (frame){.crdt = crdt, .kind = kind, .room = v->options.room};
}

static void elo_link_say(elo_link *v, elo_link_fn *to, const frame *f) {
    lk_buf bytes = HEAP_BUF;
    LK_ASSERT(frame_encode(f, &bytes));
    to(v->options.context, (lk_bytes){bytes.at, bytes.len});
    lk_buf_free(&bytes);
}

/* An update, in fragments if it must be. */
static void elo_link_say_update(elo_link *v, elo_link_fn *to, frame_crdt crdt, uint64_t batch,
                                lk_bytes update) {
    size_t max = to == v->options.out ? v->options.message_max : LK_MESSAGE_MAX;
    frame f = elo_link_frame(v, crdt, FRAME_UPDATE);
    f.batch = batch, f.count = 1, f.updates = &update;
    if (frame_update_len(f.room.len, update.len) <= max) {
        elo_link_say(v, to, &f);
        return;
    }
    size_t each = frame_fragment_room(f.room.len, max);
    f.kind = FRAME_FRAGMENT_HEADER;
    f.count = (uint32_t)((update.len + each - 1) / each), f.total = (uint32_t)update.len;
    elo_link_say(v, to, &f);
    f.kind = FRAME_FRAGMENT;
    for (size_t at = 0; at < update.len; at += each, f.index++) {
        size_t left = update.len - at;
        f.payload = (lk_bytes){update.at + at, left < each ? left : each};
        elo_link_say(v, to, &f);
    }
}

static void elo_link_assembly_begin(elo_link_assembly *a, const frame *header) {
    a->batch = header->batch, a->total = header->total, a->bytes.len = 0;
}

static bool elo_link_assembly_done(elo_link_assembly *a) {
    bool done = a->bytes.len == a->total;
    if (done) a->total = 0;
    return done;
}

/* ---- sealing ---- */

typedef struct elo_link_container { /* on its way out */
    size_t count;
    lk_buf records;
} elo_link_container;

static void elo_link_record(const elo_link *v, elo_record *r, lk_bytes plain,
                            elo_link_container *to) {
    uint8_t iv[ELO_IV];
    lk_buf record = HEAP_BUF, box = HEAP_BUF;
    random_bytes(iv, sizeof iv);
    r->iv = (lk_bytes){iv, sizeof iv}, r->key_id = ELO_LINK_KEY_ID;
    LK_ASSERT(elo_header_write(r, &record));
    seal_box_close(v->key, iv, (lk_bytes){record.at, record.len}, plain, &box);
    writer one = writer_new(&record), all = writer_new(&to->records);
    writer_bytes(&one, box.at, box.len);
    writer_bytes(&all, record.at, record.len);
    to->count++;
    lk_buf_free(&record);
    lk_buf_free(&box);
}

static void elo_link_span(const elo_link *v, lk_span span, lk_bytes plain, elo_link_container *to) {
    char name[ELO_PEER_TEXT];
    elo_record r = {.kind = ELO_SPAN,
                    .peer = {(const uint8_t *)name, elo_peer_write(span.peer, name)},
                    .start = (uint32_t)span.start,
                    .end = (uint32_t)span.end};
    elo_link_record(v, &r, plain, to);
}

static void elo_link_export_span(const elo_link *v, lk_span span, elo_link_container *to) {
    lk_buf blob = HEAP_BUF, plain = HEAP_BUF;
    LK_ASSERT(lk_export_spans(v->options.doc, &span, 1, &blob) == LK_OK);
    LK_ASSERT(signed_write(&v->guard, (lk_bytes){blob.at, blob.len}, &plain));
    elo_link_span(v, span, (lk_bytes){plain.at, plain.len}, to);
    lk_buf_free(&blob);
    lk_buf_free(&plain);
}

typedef struct elo_link_name { /* a peer as the extension sorts them */
    char text[ELO_PEER_TEXT];
    size_t len;
    uint32_t end;
} elo_link_name;

static int elo_link_order(const void *a, const void *b) {
    const elo_link_name *x = a, *y = b;
    size_t least = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->text, y->text, least);
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* A version as the extension spells it, and how many peers that are. */
static uint32_t elo_link_version(lk_ids ids, lk_buf *out) {
    VEC(elo_link_name) names = {0};
    for (size_t i = 0; i < ids.len; i++) {
        elo_link_name *name = vec_push(&heap_memory, &names);
        name->len = elo_peer_write(ids.at[i].peer, name->text);
        name->end = (uint32_t)ids.at[i].counter;
    }
    if (names.len > 0) qsort(names.at, names.len, sizeof names.at[0], elo_link_order);
    writer w = writer_new(out);
    for (size_t i = 0; i < names.len; i++) {
        writer_bytes(&w, names.at[i].text, names.at[i].len);
        writer_uleb(&w, names.at[i].end);
    }
    vec_drop(&heap_memory, &names);
    return (uint32_t)ids.len;
}

/* A record of everything up to the version. */
static void elo_link_whole(const elo_link *v, lk_ids ids, lk_bytes plain, elo_link_container *to) {
    lk_buf version = HEAP_BUF;
    elo_record r = {.kind = ELO_SNAPSHOT, .version_len = elo_link_version(ids, &version)};
    r.version = (lk_bytes){version.at, version.len};
    elo_link_record(v, &r, plain, to);
    lk_buf_free(&version);
}

static void elo_link_snapshot(const elo_link *v, elo_link_container *to) {
    lk_buf blob = HEAP_BUF, plain = HEAP_BUF;
    LK_ASSERT(lk_export(v->options.doc, LK_SNAPSHOT, (lk_ids){0}, &blob) == LK_OK);
    LK_ASSERT(signed_write(&v->guard, (lk_bytes){blob.at, blob.len}, &plain));
    elo_link_whole(v, lk_version(v->options.doc), (lk_bytes){plain.at, plain.len}, to);
    lk_buf_free(&blob);
    lk_buf_free(&plain);
}

static void elo_link_send(elo_link *v, uint64_t batch, elo_link_container *container) {
    lk_buf bytes = HEAP_BUF;
    writer w = writer_new(&bytes);
    writer_uleb(&w, container->count);
    writer_raw(&w, container->records.at, container->records.len);
    lk_buf_free(&container->records);
    elo_link_say_update(v, v->options.out, FRAME_ELO, batch, (lk_bytes){bytes.at, bytes.len});
    lk_buf_free(&bytes);
}

/* One more record of what is written here. If it fills a group, one record for all of the group
 * goes after it. */
static void elo_link_follow(elo_link *v, lk_span span) {
    if (v->run_len == 0 || v->run.peer != span.peer || v->run.counter != span.start) {
        v->run_len = 0;
        for (int level = 0; level < ELO_LINK_LEVELS; level++) v->started[level] = span.start;
    }
    v->run = (lk_id){span.peer, span.end};
    uint32_t group = ++v->run_len;
    int level = -1;
    for (; level + 1 < ELO_LINK_LEVELS && group % ELO_LINK_GROUP == 0; group /= ELO_LINK_GROUP)
        level++;
    if (level < 0) return;
    elo_link_container container = {.records = HEAP_BUF};
    elo_link_export_span(v, (lk_span){span.peer, v->started[level], span.end}, &container);
    for (int i = 0; i <= level; i++) v->started[i] = span.end;
    elo_link_send(v, random_u64(), &container);
}

/* The operations of the blob, by peer. */
static void elo_link_spans(lk_bytes blob, elo_link_spans_of *out) {
    lk_blob_meta meta = {.ids = HEAP_BUF};
    LK_ASSERT(lk_blob_meta_read(blob, &meta, NULL) == LK_OK);
    for (size_t i = 0, k = 0; i < meta.end_vv.len; i++) { /* both are sorted by peer */
        lk_id end = meta.end_vv.at[i];
        while (k < meta.start_vv.len && meta.start_vv.at[k].peer < end.peer) k++;
        bool begun = k < meta.start_vv.len && meta.start_vv.at[k].peer == end.peer;
        int32_t start = begun ? meta.start_vv.at[k].counter : 0;
        *vec_push(&heap_memory, out) = (lk_span){end.peer, start, end.counter};
    }
    lk_buf_free(&meta.ids);
}

/* Does the document hold all of them, rather than wait for what came before? */
static bool elo_link_integrated(const elo_link *v, const elo_link_spans_of *spans) {
    lk_ids version = lk_version(v->options.doc);
    for (size_t i = 0, k = 0; i < spans->len; i++) { /* both are sorted by peer */
        lk_span span = spans->at[i];
        while (k < version.len && version.at[k].peer < span.peer) k++;
        if (k == version.len || version.at[k].peer != span.peer) return false;
        if (version.at[k].counter < span.end) return false;
    }
    return true;
}

/* Does the other end hold it, unless it refused what it was given? If not it will, but not what
 * lies before it. */
static bool elo_link_given(elo_link *v, lk_span span) {
    int32_t end = have_end(&v->holds, span.peer);
    if (end >= span.start) LK_ASSERT(have_raise(&v->holds, &heap_memory, span.peer, span.end));
    return end >= span.end;
}

/* What others signed, as it is: said to be each of its spans that the other end lacks, or
 * everything up to its end. */
static void elo_link_give_on(elo_link *v, const elo_link_spans_of *spans, lk_bytes plain,
                             elo_link_container *to) {
    elo_link_spans_of lacking = {0};
    VEC(lk_id) ends = {0};
    bool whole = spans->len > 1;
    for (size_t i = 0; i < spans->len; i++) {
        lk_span span = spans->at[i];
        whole = whole && span.start == 0;
        *vec_push(&heap_memory, &ends) = (lk_id){span.peer, span.end};
        if (!elo_link_given(v, span)) *vec_push(&heap_memory, &lacking) = span;
    }
    if (whole && lacking.len > 0)
        elo_link_whole(v, (lk_ids){ends.at, ends.len}, plain, to);
    else
        for (size_t i = 0; i < lacking.len; i++) elo_link_span(v, lacking.at[i], plain, to);
    vec_drop(&heap_memory, &lacking);
    vec_drop(&heap_memory, &ends);
}

/* *alone: the one span, if all that there is is one that the document holds. */
static void elo_link_seal_envelope(elo_link *v, const signed_envelope *e, lk_span *alone,
                                   elo_link_container *to) {
    elo_link_spans_of spans = {0};
    elo_link_spans(e->blob, &spans);
    *alone = (lk_span){0};
    if (!elo_link_writes(v) || !elo_link_integrated(v, &spans)) {
        elo_link_give_on(v, &spans, e->whole, to);
    } else if (spans.len == 1) {
        *alone = spans.at[0];
        elo_link_span(v, *alone, e->whole, to);
    } else if (spans.len > ELO_LINK_SPANS) {
        elo_link_snapshot(v, to);
    } else {
        for (size_t i = 0; i < spans.len; i++) elo_link_export_span(v, spans.at[i], to);
    }
    vec_drop(&heap_memory, &spans);
}

static void elo_link_seal_update(elo_link *v, uint64_t batch, lk_bytes update) {
    elo_link_container container = {.records = HEAP_BUF};
    lk_span alone = {0};
    signed_envelope e;
    while (update.len > 0 && signed_next(&update, &e, NULL) == LK_OK)
        elo_link_seal_envelope(v, &e, &alone, &container);
    bool one = container.count == 1 && alone.end > 0;
    elo_link_send(v, batch, &container);
    if (one) elo_link_follow(v, alone);
}

static void elo_link_leave(elo_link *v, frame_crdt crdt, uint64_t batch, lk_bytes update) {
    if (crdt == FRAME_EPHEMERAL)
        presence_link_show(&v->presence, update);
    else
        elo_link_seal_update(v, batch, update);
}

void elo_link_seal(elo_link *v, lk_bytes message) {
    frame f;
    lk_bytes update;
    elo_link_assembly *a = &v->leaving;
    LK_ASSERT(frame_decode(message, &f, NULL) == LK_OK);
    if (f.crdt != FRAME_LORO && f.crdt != FRAME_EPHEMERAL) return;
    if (f.crdt == FRAME_LORO) f.crdt = FRAME_ELO;
    switch (f.kind) {
    case FRAME_JOIN_REQUEST: f.payload = (lk_bytes){v->word, sizeof v->word}; break;
    case FRAME_LEAVE: break;
    case FRAME_ACK:
        if (f.code == ACK_OK) return; /* receivers of the protocol do not want it */
        break;
    case FRAME_UPDATE:
        while (frame_next_update(&f.list, &update)) elo_link_leave(v, f.crdt, f.batch, update);
        return;
    case FRAME_FRAGMENT_HEADER: elo_link_assembly_begin(a, &f); return;
    case FRAME_FRAGMENT:
        buf_append(&a->bytes, f.payload.at, f.payload.len);
        if (!elo_link_assembly_done(a)) return;
        elo_link_leave(v, f.crdt, a->batch, (lk_bytes){a->bytes.at, a->bytes.len});
        lk_buf_free(&a->bytes);
        return;
    default: return; /* answers to joins, which receivers do not make */
    }
    elo_link_say(v, v->options.out, &f);
}

/* ---- opening ---- */

static void elo_link_refuse(elo_link *v) {
    if (v->refused) return;
    v->refused = true;
    v->options.refused(v->options.context);
}

static void elo_link_open_record(elo_link *v, uint64_t batch, lk_bytes bytes) {
    elo_record r;
    lk_buf plain = HEAP_BUF;
    if (elo_record_read(bytes, &r, NULL) == LK_OK && str_equal(r.key_id, ELO_LINK_KEY_ID) &&
        seal_box_open(v->key, r.iv.at, r.header, r.box, &plain) &&
        signed_good(&v->guard, (lk_bytes){plain.at, plain.len}))
        elo_link_say_update(v, v->options.in, FRAME_LORO, batch, (lk_bytes){plain.at, plain.len});
    else
        elo_link_refuse(v);
    lk_buf_free(&plain);
}

/* Have we all that the other end had when we joined? */
static bool elo_link_caught_up(const elo_link *v) {
    have mine = {0};
    LK_ASSERT(have_assign(&mine, &heap_memory, lk_version(v->options.doc)));
    bool less = have_compare(&mine, &v->holds).less > 0;
    have_drop(&mine, &heap_memory);
    return !less;
}

static void elo_link_open_container(elo_link *v, uint64_t batch, lk_bytes container) {
    lk_bytes list, one;
    if (elo_container_read(container, &list, NULL) != LK_OK) {
        elo_link_refuse(v);
        return;
    }
    for (; frame_next_update(&list, &one); v->given++) elo_link_open_record(v, batch, one);
    if (v->level || !elo_link_caught_up(v)) return;
    v->level = true;
    if (v->given < ELO_LINK_CROWD || !elo_link_writes(v)) return;
    elo_link_container snapshot = {.records = HEAP_BUF};
    elo_link_snapshot(v, &snapshot);
    elo_link_send(v, random_u64(), &snapshot);
}

static bool elo_link_join_ok(elo_link *v, const frame *f) {
    lk_buf ids = HEAP_BUF;
    lk_status status = f->version.len == 0 ? LK_OK : lk_vv_decode(f->version, &ids, NULL);
    lk_ids claimed = {(const lk_id *)(const void *)ids.at, ids.len / sizeof(lk_id)};
    if (status == LK_OK) LK_ASSERT(have_assign(&v->holds, &heap_memory, claimed));
    lk_buf_free(&ids);
    v->level = false, v->given = 0;
    return status == LK_OK;
}

static bool elo_link_fragment(elo_link *v, const frame *f) {
    elo_link_assembly *a = &v->coming;
    if (a->total == 0 || a->batch != f->batch) return true;
    if (f->payload.len == 0 || a->bytes.len + f->payload.len > a->total) return false;
    buf_append(&a->bytes, f->payload.at, f->payload.len);
    if (!elo_link_assembly_done(a)) return true;
    elo_link_open_container(v, a->batch, (lk_bytes){a->bytes.at, a->bytes.len});
    lk_buf_free(&a->bytes);
    return true;
}

static void elo_link_open_shown(elo_link *v, uint64_t batch, lk_bytes sealed) {
    lk_buf update = HEAP_BUF;
    presence_link_open(&v->presence, sealed, v->options.unix_ms(), &update);
    if (update.len > 0)
        elo_link_say_update(v, v->options.in, FRAME_EPHEMERAL, batch,
                            (lk_bytes){update.at, update.len});
    lk_buf_free(&update);
}

/* About presence: it comes in no fragments. */
static void elo_link_open_presence(elo_link *v, frame *f) {
    lk_bytes update;
    switch (f->kind) {
    case FRAME_JOIN_OK:
    case FRAME_JOIN_ERROR: elo_link_say(v, v->options.in, f); return;
    case FRAME_UPDATE:
        while (frame_next_update(&f->list, &update)) elo_link_open_shown(v, f->batch, update);
        return;
    default: return;
    }
}

bool elo_link_open(elo_link *v, lk_bytes message) {
    frame f;
    lk_bytes update;
    if (frame_decode(message, &f, NULL) != LK_OK) return false;
    if (!str_equal(f.room, v->options.room)) return true;
    if (f.crdt == FRAME_EPHEMERAL) elo_link_open_presence(v, &f);
    if (f.crdt != FRAME_ELO) return true;
    f.crdt = FRAME_LORO;
    switch (f.kind) {
    case FRAME_JOIN_OK:
        if (!elo_link_join_ok(v, &f)) return false;
        break;
    case FRAME_ACK:
        if (f.code != ACK_OK) have_drop(&v->holds, &heap_memory);
        break;
    case FRAME_JOIN_ERROR:
    case FRAME_ROOM_ERROR: break;
    case FRAME_UPDATE:
        while (frame_next_update(&f.list, &update)) elo_link_open_container(v, f.batch, update);
        return true;
    case FRAME_FRAGMENT_HEADER:
        if (f.total > LIMIT_BATCH_BYTES) return false;
        elo_link_assembly_begin(&v->coming, &f);
        return true;
    case FRAME_FRAGMENT: return elo_link_fragment(v, &f);
    default: return true; /* who keeps rooms never joins */
    }
    elo_link_say(v, v->options.in, &f);
    return true;
}

/* ---- time ---- */

uint64_t elo_link_wake_at(const elo_link *v) { return v->presence.due_ms; }

void elo_link_tick(elo_link *v, uint64_t now_ms) {
    if (now_ms < v->presence.due_ms) return;
    lk_buf update = HEAP_BUF;
    for (; presence_link_seal(&v->presence, now_ms, v->options.unix_ms(), &update); update.len = 0)
        elo_link_say_update(v, v->options.out, FRAME_EPHEMERAL, random_u64(),
                            (lk_bytes){update.at, update.len});
    lk_buf_free(&update);
}
