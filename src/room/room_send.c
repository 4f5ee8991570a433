/* SPDX-License-Identifier: MIT
 * room_send.c - messages on their way out.
 *
 * One edit is one update under one batch id to every link: encoded once, and recognisable. Who gets
 * it from its author tells the others so (room_send_news), and they need not pass it on. */
#include "room/room.h"

/* An acknowledgement is overdue after this, and the time a slow line takes: 16 kB/s. The transport
 * is reliable, so only a peer that lost its mind, or its storage, is that late. */
#define SEND_ACK_TIMEOUT_MS 10000u
#define SEND_BYTES_PER_MS 16u
#define SEND_BACKOFF_MAX 5u
/* Presence passes on so often, and so many bytes over a link each time: in the largest room it
 * takes no more than 32 kB/s. */
#define SEND_PASS_MS 250u
#define SEND_PASS_BYTES 8192u
#define SEND_KEEP (1u << 20) /* scratch beyond this is given back */

frame room_frame(const lk_room *room, frame_crdt crdt, frame_kind kind) {
    return (frame){.crdt = crdt, .kind = kind, .room = {(const char *)room->id.at, room->id.len}};
}

static void send_range(lk_room *room, link *l, outbox_range range) {
    if (!outbox_put(&room->out, LK_ROOM_SEND, l->id, 0, range))
        room_break(l, LK_ENOMEM, "out of memory");
}

void room_send(lk_room *room, link *l, const frame *f) {
    outbox_range range;
    if (!link_good(l)) return;
    if (outbox_frame(&room->out, f, &range))
        send_range(room, l, range);
    else
        room_break(l, LK_ENOMEM, "out of memory");
}

/* ---- joins ---- */

/* The document's version in `room->scratch`. */
static bool send_version(lk_room *room, lk_bytes *out) {
    room->scratch.len = 0;
    bool ok = lk_vv_encode(have_view(&room->mine), &room->scratch) == LK_OK;
    *out = (lk_bytes){room->scratch.at, room->scratch.len};
    return ok;
}

static void send_join_from(lk_room *room, link *l, lk_bytes version) {
    frame f = room_frame(room, FRAME_LORO, FRAME_JOIN_REQUEST);
    f.version = version;
    if (room->guarded && room->guard.sign != NULL)
        f.payload = (lk_bytes){(const uint8_t *)ROOM_SIGNS.at, ROOM_SIGNS.len};
    l->asked = true;
    l->join_due_ms = room->now_ms + ROOM_JOIN_TIMEOUT_MS;
    room_send(room, l, &f);
}

void room_send_join(lk_room *room, link *l, frame_crdt crdt) {
    lk_bytes version;
    frame f = room_frame(room, crdt, FRAME_JOIN_REQUEST);
    if (crdt != FRAME_LORO)
        room_send(room, l, &f);
    else if (send_version(room, &version))
        send_join_from(room, l, version);
    else
        room_break(l, LK_ENOMEM, "out of memory");
}

void room_send_join_anew(lk_room *room, link *l) { send_join_from(room, l, (lk_bytes){0}); }

void room_send_join_ok(lk_room *room, link *l, frame_crdt crdt) {
    frame f = room_frame(room, crdt, FRAME_JOIN_OK);
    f.may_write = true;
    if (crdt == FRAME_LORO && !send_version(room, &f.version))
        room_break(l, LK_ENOMEM, "out of memory");
    room_send(room, l, &f);
}

void room_send_join_error(lk_room *room, link *l, const frame *request, uint8_t code,
                          const char *message) {
    frame f = {.crdt = request->crdt, .kind = FRAME_JOIN_ERROR, .room = request->room};
    f.code = code;
    f.message = (lk_str){message, __builtin_strlen(message)};
    if (code == JOIN_APP_ERROR) f.app_code = ROOM_NOT_HERE;
    if (code == JOIN_VERSION_UNKNOWN && !send_version(room, &f.version)) f.version.at = NULL;
    room_send(room, l, &f);
}

void room_send_ack(lk_room *room, link *l, frame_crdt crdt, uint64_t batch, uint8_t status) {
    frame f = room_frame(room, crdt, FRAME_ACK);
    f.batch = batch;
    f.code = status;
    room_send(room, l, &f);
}

/* ---- batches ---- */

typedef struct send_target { /* whom a message is for */
    const link *only;        /* this link */
    bool presence;           /* else all links that joined presence */
    const lk_span *on; /* else all links to which updates go and that hold what these build on */
    size_t on_len;
    const link *from; /* of those, if not NULL, eager ones that lack these, but not this one */
} send_target;

static bool send_builds_on(const link *l, const send_target *t) {
    for (size_t i = 0; i < t->on_len; i++)
        if (have_end(&l->sent, t->on[i].peer) < t->on[i].start) return false;
    return true;
}

static bool send_waits(const link *l, const send_target *t) {
    if (!l->eager || l == t->from) return false;
    for (size_t i = 0; i < t->on_len; i++)
        if (have_end(&l->sent, t->on[i].peer) < t->on[i].end) return true;
    return false;
}

static bool send_picks(const link *l, const send_target *t) {
    if (t->only != NULL) return l == t->only && link_good(l);
    if (t->presence) return link_good(l) && l->presence_wanted;
    if (t->from != NULL && !send_waits(l, t)) return false;
    return link_open_to_us(l) && send_builds_on(l, t);
}

static void send_frame(lk_room *room, const send_target *t, const frame *f) {
    outbox_range range;
    bool ok = outbox_frame(&room->out, f, &range);
    for (size_t i = 0; i < room->links.len; i++) {
        link *l = &room->links.at[i];
        if (!send_picks(l, t)) continue;
        if (ok)
            send_range(room, l, range);
        else
            room_break(l, LK_ENOMEM, "out of memory");
    }
}

static void send_fragments(lk_room *room, const send_target *t, frame_crdt crdt, uint64_t batch,
                           lk_bytes update) {
    size_t each = frame_fragment_room(room->id.len, room->message_max);
    frame f = room_frame(room, crdt, FRAME_FRAGMENT_HEADER);
    f.batch = batch;
    f.count = (uint32_t)((update.len + each - 1) / each);
    f.total = (uint32_t)update.len;
    send_frame(room, t, &f);
    f.kind = FRAME_FRAGMENT;
    for (size_t at = 0; at < update.len; at += each, f.index++) {
        size_t left = update.len - at;
        f.payload = (lk_bytes){update.at + at, left < each ? left : each};
        send_frame(room, t, &f);
    }
}

/* One update under one batch id, whole if it fits a message. */
static void send_batch(lk_room *room, const send_target *t, frame_crdt crdt, uint64_t batch,
                       lk_bytes update) {
    if (frame_update_len(room->id.len, update.len) > room->message_max) {
        send_fragments(room, t, crdt, batch, update);
        return;
    }
    frame f = room_frame(room, crdt, FRAME_UPDATE);
    f.batch = batch;
    f.count = 1;
    f.updates = &update;
    send_frame(room, t, &f);
}

void room_await_ack(lk_room *room, link *l) {
    uint32_t tries = l->tries < SEND_BACKOFF_MAX ? l->tries : SEND_BACKOFF_MAX;
    l->ack_due_ms = room->now_ms + ((uint64_t)SEND_ACK_TIMEOUT_MS << tries) +
                    room_random(room) % (SEND_ACK_TIMEOUT_MS / 10) + l->unacked / SEND_BYTES_PER_MS;
}

static void send_fly(lk_room *room, link *l, uint64_t batch, size_t len, const lk_span *spans,
                     size_t span_len) {
    bool first = l->flights.len == 0;
    if (!link_fly(l, &room->memory, &room->mine, batch, len, spans, span_len))
        room_break(l, LK_ENOMEM, "out of memory");
    else if (first)
        room_await_ack(room, l);
}

/* What mine holds beyond `from`, into room->spans. */
static bool send_spans(lk_room *room, const have *from) {
    room->spans.len = 0;
    for (size_t i = 0; i < room->mine.ids.len; i++) {
        lk_id id = room->mine.ids.at[i];
        int32_t start = have_end(from, id.peer);
        if (start >= id.counter) continue;
        lk_span *span = vec_push(&room->memory, &room->spans);
        if (span == NULL) return false;
        *span = (lk_span){id.peer, start, id.counter};
    }
    return true;
}

static void send_scratch_done(lk_room *room) {
    if (room->scratch.cap > SEND_KEEP) lk_buf_free(&room->scratch);
    if (room->signed_.cap > SEND_KEEP) lk_buf_free(&room->signed_);
}

/* In a guarded room the blob goes into an envelope: a view until the next. */
static lk_status send_sign(lk_room *room, lk_bytes *update) {
    if (!room->guarded) return LK_OK;
    room->signed_.len = 0;
    if (!signed_write(&room->guard, *update, &room->signed_)) return LK_ENOMEM;
    *update = (lk_bytes){room->signed_.at, room->signed_.len};
    return LK_OK;
}

/* Everything beyond `from` as an update for others: a view until the next. */
static lk_status send_export(lk_room *room, lk_export_mode mode, const have *from, lk_bytes *out) {
    room->scratch.len = room->signed_.len = 0;
    if (room_only_reads(room)) {
        bool ok = keep_beyond(&room->keep, from, &room->signed_);
        *out = (lk_bytes){room->signed_.at, room->signed_.len};
        return ok ? LK_OK : LK_ENOMEM;
    }
    lk_status status = lk_export(room->doc, mode, have_view(from), &room->scratch);
    *out = (lk_bytes){room->scratch.at, room->scratch.len};
    return status == LK_OK ? send_sign(room, out) : status;
}

/* Everything beyond `from`. */
static void send_beyond(lk_room *room, link *l, const have *from) {
    lk_bytes update;
    lk_status status = send_export(room, LK_UPDATES, from, &update);
    if (status == LK_OK && !send_spans(room, from)) status = LK_ENOMEM;
    if (status != LK_OK) {
        room_break(l, status, "what the other end lacks could not be exported");
        return;
    }
    uint64_t batch = room_random(room);
    send_batch(room, &(send_target){.only = l}, FRAME_LORO, batch, update);
    send_fly(room, l, batch, update.len, room->spans.at, room->spans.len);
    send_scratch_done(room);
}

void room_send_missing(lk_room *room, link *l) {
    l->push_at_ms = UINT64_MAX;
    if (!link_open_to_us(l)) return;
    if (l->anew)
        send_beyond(room, l, &(have){0});
    else if (l->sent_gap.less > 0)
        send_beyond(room, l, &l->sent);
    l->anew = false;
}

void room_send_again(lk_room *room, link *l) {
    l->tries++;
    l->ack_due_ms = UINT64_MAX;
    if (!link_forget_flights(l, &room->memory, &room->mine))
        room_break(l, LK_ENOMEM, "out of memory");
    room_send_missing(room, l);
}

/* ---- local edits ---- */

lk_status room_read_spans(lk_room *room, lk_bytes update) {
    lk_blob_meta meta = {.ids = {.memory = &room->memory}};
    lk_status status = lk_blob_meta_read(update, &meta, NULL);
    room->spans.len = 0;
    if (status == LK_OK && !vec_reserve(&room->memory, &room->spans, meta.end_vv.len))
        status = LK_ENOMEM;
    for (size_t i = 0, j = 0; i < meta.end_vv.len && status == LK_OK; i++) {
        lk_id end = meta.end_vv.at[i];
        while (j < meta.start_vv.len && meta.start_vv.at[j].peer < end.peer) j++;
        bool begun = j < meta.start_vv.len && meta.start_vv.at[j].peer == end.peer;
        int32_t start = begun ? meta.start_vv.at[j].counter : 0;
        room->spans.at[room->spans.len++] = (lk_span){end.peer, start, end.counter};
    }
    lk_buf_free(&meta.ids);
    return status;
}

static bool send_store(lk_room *room, lk_bytes update) {
    outbox_range range;
    if (!vec_reserve(&room->memory, &room->receipts, 1) ||
        !outbox_reserve(&room->out, update.len, 1))
        return false;
    uint64_t token = ++room->last_token;
    LK_ASSERT(outbox_bytes(&room->out, update, &range));
    LK_ASSERT(outbox_put(&room->out, LK_ROOM_STORE, 0, token, range));
    room->receipts.at[room->receipts.len++] = (receipt){.first = token, .last = token, .left = 1};
    return true;
}

/* Send the blob, which has just become part of mine: at once to links that hold what it builds on,
 * with all that they lack to the rest. */
static lk_status send_own(lk_room *room, lk_bytes blob) {
    lk_bytes update = blob;
    lk_status status = room_read_spans(room, blob);
    if (status == LK_OK) status = send_sign(room, &update);
    if (status != LK_OK) return status;
    if (!send_store(room, update)) return LK_ENOMEM;
    for (size_t i = 0; i < room->spans.len; i++)
        if (!room_mine_raise(room, room->spans.at[i].peer, room->spans.at[i].end)) return LK_ENOMEM;
    send_target t = {.on = room->spans.at, .on_len = room->spans.len};
    uint64_t batch = room_random(room);
    send_batch(room, &t, FRAME_LORO, batch, update);
    for (size_t i = 0; i < room->links.len; i++) {
        link *l = &room->links.at[i];
        if (send_picks(l, &t))
            send_fly(room, l, batch, update.len, t.on, t.on_len);
        else if (l->push_at_ms == UINT64_MAX)
            l->push_at_ms = room->now_ms;
    }
    for (size_t i = 0; i < room->links.len; i++)
        if (room->links.at[i].push_at_ms <= room->now_ms)
            room_send_missing(room, &room->links.at[i]);
    return LK_OK;
}

/* Links that said they had the batch before it came here hold it, and do not wait for us. */
static void send_told(lk_room *room, const arrival *a) {
    for (size_t i = 0; i < room->links.len; i++) {
        link *l = &room->links.at[i];
        if (!link_was_told(l, a->batch)) continue;
        l->eager = false;
        for (size_t k = 0; k < a->spans.len; k++)
            if (!link_knows(l, &room->memory, &room->mine, a->spans.at[k].peer, a->spans.at[k].end))
                room_break(l, LK_ENOMEM, "out of memory");
    }
}

uint64_t room_send_on(lk_room *room, const link *from, const arrival *a) {
    uint64_t bits = 0;
    lk_bytes update = {a->update.at, a->update.len};
    send_target t = {.on = a->spans.at, .on_len = a->spans.len, .from = from};
    send_told(room, a);
    for (size_t i = 0; i < room->links.len; i++)
        if (send_picks(&room->links.at[i], &t)) bits |= link_bit(&room->links.at[i]);
    if (bits != 0) send_batch(room, &t, FRAME_LORO, a->batch, update);
    for (size_t i = 0; i < room->links.len && bits != 0; i++)
        if (send_picks(&room->links.at[i], &t))
            send_fly(room, &room->links.at[i], a->batch, update.len, a->spans.at, a->spans.len);
    return bits;
}

/* What mine holds of those in `spans` that is not sent: other things may be on their way there from
 * elsewhere. */
static void send_missing_of(lk_room *room, link *l, const arrival *a) {
    have from = {0};
    bool ok = have_assign(&from, &room->memory, have_view(&room->mine));
    for (size_t i = 0; i < a->spans.len && ok; i++)
        have_lower(&from, a->spans.at[i].peer, have_end(&l->sent, a->spans.at[i].peer));
    if (ok)
        send_beyond(room, l, &from);
    else
        room_break(l, LK_ENOMEM, "out of memory");
    have_drop(&from, &room->memory);
}

void room_send_late(lk_room *room, link *l, const arrival *a) {
    send_target t = {.only = l, .on = a->spans.at, .on_len = a->spans.len};
    if (a->spans.len == 0) {
        room_send_missing(room, l);
    } else if (a->update.len == 0 || !send_builds_on(l, &t)) {
        send_missing_of(room, l, a);
    } else {
        send_batch(room, &t, FRAME_LORO, a->batch, (lk_bytes){a->update.at, a->update.len});
        send_fly(room, l, a->batch, a->update.len, t.on, t.on_len);
        l->eager = link_bit(l) != 0;
    }
}

/* The document holds what came neither by this room nor from its own hand: someone imported into
 * it. Treat that as an edit. */
static lk_status send_strange(lk_room *room) {
    lk_bytes update;
    lk_status status = send_export(room, LK_UPDATES, &room->mine, &update);
    if (status == LK_OK && !send_store(room, update)) status = LK_ENOMEM;
    if (status == LK_OK && !room_mine_read(room)) status = LK_ENOMEM;
    for (size_t i = 0; i < room->links.len && status == LK_OK; i++)
        room_send_missing(room, &room->links.at[i]);
    send_scratch_done(room);
    return status;
}

lk_status room_send_local(lk_room *room) {
    if (room_only_reads(room)) return LK_OK; /* see lk_room_edited() */
    if (room->local.len == 0) {
        lk_status status = lk_commit(room->doc, NULL);
        if (status == LK_OK) status = lk_export_local(room->doc, &room->local);
        if (status != LK_OK) return status;
    }
    if (room->local.len > 0) {
        lk_status status = send_own(room, (lk_bytes){room->local.at, room->local.len});
        if (status != LK_OK) return status;
        room->local.len = 0;
        if (room->local.cap > SEND_KEEP) lk_buf_free(&room->local);
    }
    return room_mine_whole(room) ? LK_OK : send_strange(room);
}

lk_status lk_room_whole(lk_room *room, lk_buf *out) {
    lk_bytes update;
    lk_status status = room_send_local(room);
    if (status == LK_OK) status = send_export(room, LK_SNAPSHOT, &(have){0}, &update);
    if (status == LK_OK && !buf_append(out, update.at, update.len)) status = LK_ENOMEM;
    send_scratch_done(room);
    return status;
}

/* ---- presence, news ---- */

void room_send_presence(lk_room *room, link *only, lk_bytes update) {
    send_target t = {.only = only, .presence = true};
    send_batch(room, &t, FRAME_EPHEMERAL, room_random(room), update);
}

/* As much as goes at once to one link; true if there is more. */
static bool send_pass(lk_room *room, link *l) {
    bool left;
    room->scratch.len = 0;
    if (!presence_pass(&room->presence, l->slot, SEND_PASS_BYTES, &left, &room->scratch))
        room_break(l, LK_ENOMEM, "out of memory");
    else if (room->scratch.len > 0)
        room_send_presence(room, l, (lk_bytes){room->scratch.at, room->scratch.len});
    return left;
}

void room_pass_presence(lk_room *room) {
    /* what was put off when the room ceased to be sparse is told by refreshes */
    room->pass_at_ms = room->sparse ? room->passed_ms + SEND_PASS_MS : UINT64_MAX;
    if (room->pass_at_ms > room->now_ms) return;
    room->pass_at_ms = UINT64_MAX;
    room->passed_ms = room->now_ms;
    bool left = false;
    for (size_t i = 0; i < room->links.len; i++) {
        link *l = &room->links.at[i];
        if (link_good(l) && l->presence_wanted && link_bit(l) != 0) left |= send_pass(room, l);
    }
    if (left) room->pass_at_ms = room->now_ms + SEND_PASS_MS;
}

void room_send_all_presence(lk_room *room, link *l) {
    if (room->sparse) {
        room_pass_presence(room);
        return;
    }
    if (room->presence.entries.len == 0) return;
    /* a fresh stamp: elsewhere our entries may be dying since the link broke */
    presence_refresh(&room->presence, (int64_t)room->now_ms + room->unix_offset_ms, room->now_ms);
    room->scratch.len = 0;
    if (presence_encode(&room->presence, false, &room->scratch))
        room_send_presence(room, l, (lk_bytes){room->scratch.at, room->scratch.len});
    else
        room_break(l, LK_ENOMEM, "out of memory");
    send_scratch_done(room);
}

void room_send_news(lk_room *room, link *from) {
    from->tell_at_ms = UINT64_MAX;
    for (size_t i = 0; i < room->links.len; i++) {
        link *l = &room->links.at[i];
        if (l == from || !l->joined || !link_good(l)) continue;
        if (from->tell_all) room_send_join(room, l, FRAME_LORO);
        for (size_t k = 0; k < from->news.len && !from->tell_all; k++)
            if ((from->news.at[k].knowing & link_bit(l)) == 0)
                room_send_ack(room, l, FRAME_LORO, from->news.at[k].batch, ACK_OK);
    }
    if (from->tell_all) room->told_all_ms = room->now_ms;
    from->tell_all = false;
    from->news.len = 0;
}
