/* SPDX-License-Identifier: MIT
 * room_receive.c - what a message does. Every way in that is not a valid message of an honest peer
 * ends in room_break(): the link is told why where the protocol has a word for it, and nothing more
 * is read from it. The document and the other links do not notice. */
#include "room/room.h"

#include "base/limits.h"
#include "base/str.h"

/* An update whose past has not arrived: it is usually on its way over another link. */
#define RECEIVE_REJOIN_MS 300u
#define RECEIVE_REJOIN_DOUBLINGS 6u
/* Where it comes by way of others. */
#define RECEIVE_REJOIN_SPARSE_MS 1200u
/* Arrivals are passed on to links that still lack them after this and up to the same again, plus
 * the time a large one takes to reach the others on its own. */
#define RECEIVE_FORWARD_MS 300u
#define RECEIVE_FORWARD_JITTER_MS 200u
#define RECEIVE_FORWARD_BYTES_PER_MS 1024u
/* Where links get most things at once, some by way of many others: whoever lacks something after
 * this has lost the way it used to come. */
#define RECEIVE_FORWARD_SPARSE_MS 700u
/* An update with more bytes than this, or of more than ARRIVAL_SPANS peers, is large: the others
 * are told the whole version. */
#define RECEIVE_SMALL_BYTES 4096u
#define RECEIVE_SPARE_ONE_IN 8u
/* A join that takes back what was known is answered ever later: each may ask for the whole
 * document again. */
#define RECEIVE_REWIND_MS 250u
#define RECEIVE_REWIND_DOUBLINGS 8u
/* An honest peer takes back what it acknowledged and what still waits for its past. So each of them
 * is forgotten after this. */
#define RECEIVE_REWIND_FORGET_MS 10000u
#define RECEIVE_REFUSALS_MAX 8u
/* What nobody signed costs its sender the link after so often: looking at signatures takes time. */
#define RECEIVE_DENIALS_MAX 16u
/* A while for what is on its way, before everything is asked for in one. */
#define RECEIVE_WHOLE_MS 2000u

/* ---- joins ---- */

static bool receive_join_allowed(lk_room *room, link *l) {
    if (room->now_ms - l->joins_from_ms >= LIMIT_JOINS_WINDOW_MS) {
        l->joins_from_ms = room->now_ms;
        l->joins = 0;
    }
    return ++l->joins <= LIMIT_JOINS;
}

static lk_status receive_version(lk_room *room, link *l, lk_bytes version, bool *back) {
    lk_buf ids = {.memory = &room->memory};
    lk_status status = LK_OK;
    if (version.len > 0) status = lk_vv_decode(version, &ids, NULL);
    if (status == LK_OK) {
        lk_ids vv = {(const lk_id *)(const void *)ids.at, ids.len / sizeof(lk_id)};
        if (!link_state(l, &room->memory, &room->mine, vv, back)) status = LK_ENOMEM;
    }
    lk_buf_free(&ids);
    return status;
}

static uint64_t receive_rewind_delay(const lk_room *room, link *l) {
    uint64_t forgotten = (room->now_ms - l->rewound_ms) / RECEIVE_REWIND_FORGET_MS;
    l->rewinds = l->rewinds > forgotten ? l->rewinds - (uint32_t)forgotten : 0;
    l->rewound_ms = room->now_ms;
    uint32_t doublings =
        l->rewinds < RECEIVE_REWIND_DOUBLINGS ? l->rewinds : RECEIVE_REWIND_DOUBLINGS;
    l->rewinds++;
    return (uint64_t)RECEIVE_REWIND_MS << doublings;
}

/* It has got this room now: join it as if the link had just opened. */
static void receive_return(lk_room *room, link *l) {
    l->absent = false;
    room_send_join(room, l, FRAME_LORO);
    room_send_join(room, l, FRAME_EPHEMERAL);
}

static lk_status receive_join(lk_room *room, link *l, const frame *f) {
    if (!receive_join_allowed(room, l)) return room_break(l, LK_ELIMIT, "too many joins");
    if (f->crdt == FRAME_EPHEMERAL) {
        l->presence_wanted = true;
        room_send_join_ok(room, l, f->crdt);
        room_send_all_presence(room, l);
        return LK_OK;
    }
    lk_status status = room_send_local(room);
    if (status != LK_OK) return status;
    bool back = false;
    status = receive_version(room, l, f->version, &back);
    if (status != LK_OK) {
        room_send_join_error(room, l, f, JOIN_VERSION_UNKNOWN, "version is damaged");
        return room_break(l, status, "join with a damaged version");
    }
    l->wanted = true;
    l->left = false;
    if (l->absent) receive_return(room, l);
    l->anew |= room->guarded && back && f->version.len == 0;
    l->signs = f->payload.len == ROOM_SIGNS.len &&
               __builtin_memcmp(f->payload.at, ROOM_SIGNS.at, ROOM_SIGNS.len) == 0;
    room_send_join_ok(room, l, f->crdt);
    if (l->push_at_ms != UINT64_MAX) return LK_OK; /* put off already */
    if (back)
        l->push_at_ms = room->now_ms + receive_rewind_delay(room, l);
    else
        room_send_missing(room, l);
    return LK_OK;
}

static lk_status receive_join_ok(lk_room *room, link *l, const frame *f) {
    if (f->crdt == FRAME_EPHEMERAL) {
        if (!l->presence_wanted) room_send_all_presence(room, l);
        l->presence_wanted = true;
        return LK_OK;
    }
    if (!l->asked) return LK_OK;
    bool back;
    lk_status status = receive_version(room, l, f->version, &back);
    if (status != LK_OK) return room_break(l, status, "answer to a join with a damaged version");
    l->asked = false;
    l->join_due_ms = UINT64_MAX;
    l->read_only = !f->may_write;
    outbox_range none = {room->out.gone + room->out.bytes.len, 0};
    if (!l->joined && !outbox_put(&room->out, LK_ROOM_JOINED, l->id, 0, none))
        return room_break(l, LK_ENOMEM, "out of memory");
    l->joined = true;
    room_send_missing(room, l);
    return LK_OK;
}

/* It has not got this room. If it has it later, it joins us. */
static lk_status receive_absence(link *l) {
    if (!l->asked) return LK_OK;
    l->asked = l->joined = l->wanted = l->presence_wanted = false;
    l->join_due_ms = l->rejoin_at_ms = UINT64_MAX;
    l->absent = true;
    return LK_OK;
}

static lk_status receive_join_error(link *l, const frame *f) {
    if (f->crdt == FRAME_EPHEMERAL) return LK_OK;
    if (f->code == JOIN_APP_ERROR && str_equal(f->app_code, ROOM_NOT_HERE))
        return receive_absence(l);
    return room_break(l, LK_OK, "the other end did not let us join");
}

/* ---- updates ---- */

typedef struct intake { /* one batch on its way in */
    uint64_t batch;
    uint64_t first; /* token of its first STORE */
    uint32_t stored;
    uint64_t knowing; /* links it was sent on to */
    bool single;      /* the batch is one update, so that its id says what it holds */
    bool news;
    bool large;  /* not to be told by its id alone */
    bool denied; /* nobody signed it who may write */
} intake;

static uint8_t receive_ack_status(lk_status status) {
    if (status == LK_ENOMEM || status == LK_ESPENT) return ACK_UNKNOWN;
    return status == LK_ELIMIT ? ACK_PAYLOAD_TOO_LARGE : ACK_INVALID_UPDATE;
}

static lk_status receive_refused(lk_room *room, link *l, frame_crdt crdt, uint64_t batch,
                                 lk_status status) {
    room_send_ack(room, l, crdt, batch, receive_ack_status(status));
    if (status == LK_ENOMEM) return status; /* our trouble: they will send it again */
    return room_break(l, status, "update could not be imported");
}

static lk_status receive_denied(lk_room *room, link *l, uint64_t batch) {
    room_send_ack(room, l, FRAME_LORO, batch, ACK_PERMISSION_DENIED);
    if (++l->denials <= RECEIVE_DENIALS_MAX) return LK_OK;
    return room_break(l, LK_ECORRUPT, "it keeps sending what nobody signed who may write");
}

/* Remember what others may lack: what is in room->spans. The arrival is a view until the next. */
static arrival *receive_arrival(lk_room *room, uint64_t batch, lk_bytes update, bool keep) {
    arrival *a = vec_push(&room->memory, &room->arrivals);
    if (a == NULL) return NULL;
    *a = (arrival){.batch = batch, .update = {.memory = &room->memory}};
    a->due_ms = room->now_ms + (room->sparse ? RECEIVE_FORWARD_SPARSE_MS : RECEIVE_FORWARD_MS) +
                room_random(room) % RECEIVE_FORWARD_JITTER_MS +
                update.len / RECEIVE_FORWARD_BYTES_PER_MS;
    size_t len = room->spans.len <= ARRIVAL_SPANS ? room->spans.len : 0;
    bool ok = vec_reserve(&room->memory, &a->spans, len) &&
              (!keep || buf_append(&a->update, update.at, update.len));
    if (ok) {
        for (size_t i = 0; i < len; i++) a->spans.at[a->spans.len++] = room->spans.at[i];
        return a;
    }
    room_arrival_drop(room, a);
    room->arrivals.len--;
    return NULL;
}

static bool receive_arrived(const lk_room *room, uint64_t batch) {
    for (size_t i = 0; i < room->arrivals.len; i++)
        if (room->arrivals.at[i].batch == batch) return true;
    return false;
}

/* Is it in the update whose operations are the first of room->spans? */
static bool receive_holds(const lk_room *room, lk_span span, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (room->spans.at[i].peer == span.peer) return span.end <= room->spans.at[i].end;
    return false;
}

/* What had waited for this update joined the history with it. Who has that nobody here knows: what
 * it came by may be gone, and the sender of this may lack it. */
static bool receive_unlocked(lk_room *room, const lk_import_status *got) {
    if (room->spans.len <= ARRIVAL_SPANS) {
        size_t held = room->spans.len;
        if (!vec_reserve(&room->memory, &room->spans, got->success_len)) return false;
        for (size_t i = 0; i < got->success_len; i++)
            if (!receive_holds(room, got->success[i], held))
                room->spans.at[room->spans.len++] = got->success[i];
        if (room->spans.len == held) return true;
        room->spans.len -= held;
        __builtin_memmove(room->spans.at, room->spans.at + held, room->spans.len * sizeof(lk_span));
    }
    return receive_arrival(room, room_random(room), (lk_bytes){0}, false) != NULL;
}

/* May it be passed on? What waits for its past cannot be told from what has none. */
static bool receive_passes(const lk_room *room, link *l, const lk_import_status *got, size_t len) {
    if (got->pending_len == 0) return true;
    if (room->now_ms - l->waiting_from_ms >= LIMIT_WAITING_WINDOW_MS) {
        l->waiting_from_ms = room->now_ms;
        l->waiting = 0;
    }
    l->waiting += len;
    return l->waiting <= LIMIT_WAITING_BYTES;
}

/* A link that gets what it has is sent less at once. Not on each occasion: of two who sent it the
 * same, one is to go on. */
static void receive_spare(lk_room *room, link *l) {
    if (room_random(room) % RECEIVE_SPARE_ONE_IN == 0) l->eager = false;
}

/* The sender holds what it sent, which is in room->spans; others may lack it. `rose`: so it is
 * with what was held before. */
static bool receive_credit(lk_room *room, link *l, intake *in, lk_bytes update,
                           const lk_import_status *got, bool rose) {
    for (size_t i = 0; i < room->spans.len; i++) {
        lk_span span = room->spans.at[i];
        if (!link_knows(l, &room->memory, &room->mine, span.peer, span.end)) return false;
    }
    bool again = got->success_len == 0 && receive_arrived(room, in->batch);
    bool news = got->success_len > 0 || (got->pending_len > 0 && !again) || rose;
    if (again && !news && l->eager) receive_spare(room, l); /* it did not need ours */
    if (!news) return true;
    bool large = room->spans.len > ARRIVAL_SPANS || update.len > RECEIVE_SMALL_BYTES;
    in->news = true;
    in->large |= large;
    if (room->links.len > 1) {
        bool keep = !large && in->single && receive_passes(room, l, got, update.len);
        const arrival *a = receive_arrival(room, in->batch, update, keep);
        if (a == NULL) return false;
        if (keep) in->knowing = room_send_on(room, l, a);
    }
    return receive_unlocked(room, got);
}

static void receive_gap(lk_room *room, link *l, lk_span waiting) {
    l->gap = (lk_id){waiting.peer, waiting.end};
    uint32_t doublings =
        l->rejoins < RECEIVE_REJOIN_DOUBLINGS ? l->rejoins : RECEIVE_REJOIN_DOUBLINGS;
    if (l->rejoin_at_ms == UINT64_MAX)
        l->rejoin_at_ms =
            room->now_ms +
            ((uint64_t)(room->sparse ? RECEIVE_REJOIN_SPARSE_MS : RECEIVE_REJOIN_MS) << doublings);
}

/* Who only reads keeps what it can give on, by what is in room->spans. */
static bool receive_keep(lk_room *room, lk_bytes whole, bool *taken) {
    bool ok = keep_add(&room->keep, &room->memory, room->spans.at, room->spans.len, whole, taken);
    if (keep_loose(&room->keep) && room->whole_at_ms == UINT64_MAX)
        room->whole_at_ms = room->now_ms + RECEIVE_WHOLE_MS;
    return ok;
}

/* Mine is raised by what was imported; *rose if it is more though that was nothing. */
static bool receive_raise(lk_room *room, const lk_import_status *got, bool kept, bool *rose) {
    bool ok = true;
    uint64_t before = room->mine_total;
    for (size_t i = 0; i < got->success_len && ok; i++)
        ok = room_mine_raise(room, got->success[i].peer, got->success[i].end);
    bool hidden = kept && got->success_len == 0; /* held before, and can be given on now */
    if (!ok || !room_mine_whole(room) || hidden) ok = room_mine_read(room);
    *rose = hidden && room->mine_total > before;
    return ok;
}

/* The blob of an update, or of an envelope in one. */
static lk_status receive_import(lk_room *room, link *l, intake *in, lk_bytes update,
                                lk_bytes blob) {
    /* Now, as forwarding makes use of room->spans; an update may leave two arrivals. */
    if (room->arrivals.len + 2 > LIMIT_ARRIVALS) room_forward(room, UINT64_MAX);
    if (!outbox_reserve(&room->out, update.len, 2)) return LK_ENOMEM;
    lk_import_status got;
    bool kept = false;
    lk_status status = lk_import(room->doc, blob, &got, NULL);
    if (status == LK_OK) status = room_read_spans(room, blob);
    if (status == LK_OK && room_only_reads(room) && !receive_keep(room, update, &kept))
        status = LK_ENOMEM;
    if (status != LK_OK) return status;
    bool news = got.success_len > 0;
    if (news || got.pending_len > 0 || kept) {
        outbox_range range;
        uint64_t token = ++room->last_token;
        if (in->stored++ == 0) in->first = token;
        LK_ASSERT(outbox_bytes(&room->out, update, &range));
        LK_ASSERT(outbox_put(&room->out, LK_ROOM_STORE, 0, token, range));
    }
    if (news) LK_ASSERT(outbox_notice(&room->out, LK_ROOM_CHANGED));
    if (got.left_out_len > 0 && !room->left_out_told)
        room->left_out_told = outbox_notice(&room->out, LK_ROOM_LEFT_OUT);
    if (got.pending_len > 0) receive_gap(room, l, got.pending[0]);
    bool rose, ok = receive_raise(room, &got, kept, &rose) &&
                    receive_credit(room, l, in, update, &got, rose);
    return ok ? LK_OK : LK_ENOMEM;
}

/* One update. In a guarded room all of it is signed, or it ends there. */
static lk_status receive_one(lk_room *room, link *l, intake *in, lk_bytes update) {
    if (!room->guarded) return receive_import(room, l, in, update, update);
    lk_status status;
    size_t len = update.len;
    do {
        signed_envelope e;
        status = signed_next(&update, &e, NULL);
        in->denied =
            status != LK_OK || !room->guard.verify(room->guard.context, e.blob, e.signature);
        if (in->denied) return LK_ECORRUPT;
        in->single &= e.whole.len == len;
        status = receive_import(room, l, in, e.whole, e.blob);
    } while (status == LK_OK && update.len > 0);
    return status;
}

/* Write the receipt for a batch; it answers the link unless the batch failed. */
static void receive_receipt(lk_room *room, link *l, const intake *in, bool answer) {
    if (in->stored == 0 && !answer) return;
    room->receipts.at[room->receipts.len++] = (receipt){
        .first = in->first,
        .last = in->first + in->stored - 1,
        .left = in->stored,
        .serial = answer ? l->serial : 0,
        .batch = in->batch,
        .knowing = in->knowing,
        .news = in->news,
        .large = in->large,
    };
    room_settle_receipts(room);
}

/* One update, or (`update` NULL) those of a list. */
static lk_status receive_batch(lk_room *room, link *l, uint64_t batch, const lk_bytes *update,
                               lk_bytes list) {
    lk_status status = room_send_local(room);
    if (status == LK_OK && !vec_reserve(&room->memory, &room->receipts, 1)) status = LK_ENOMEM;
    if (status != LK_OK) return receive_refused(room, l, FRAME_LORO, batch, LK_ENOMEM);
    intake in = {.batch = batch, .single = update != NULL};
    if (update != NULL) status = receive_one(room, l, &in, *update);
    bool first = true;
    for (lk_bytes one; status == LK_OK && frame_next_update(&list, &one); first = false) {
        in.single = first && list.len == 0;
        status = receive_one(room, l, &in, one);
    }
    receive_receipt(room, l, &in, status == LK_OK);
    if (in.denied) return receive_denied(room, l, batch);
    return status == LK_OK ? LK_OK : receive_refused(room, l, FRAME_LORO, batch, status);
}

static lk_status receive_presence(lk_room *room, link *l, uint64_t batch, const lk_bytes *update,
                                  lk_bytes list) {
    lk_status status = LK_OK;
    bool changed = false, any = false;
    lk_fault fault;
    if (update != NULL)
        status = presence_apply(&room->presence, *update, l->slot, room->now_ms, &any, &fault);
    for (lk_bytes one; status == LK_OK && frame_next_update(&list, &one);) {
        status = presence_apply(&room->presence, one, l->slot, room->now_ms, &changed, &fault);
        any |= changed;
    }
    /* it need not be the link's fault: it may pass on what others fill the room with */
    if (status == LK_ELIMIT && fault.what == presence_full) status = LK_OK;
    if (any && !outbox_notice(&room->out, LK_ROOM_PRESENCE)) status = LK_ENOMEM;
    if (status != LK_OK) return receive_refused(room, l, FRAME_EPHEMERAL, batch, status);
    room_send_ack(room, l, FRAME_EPHEMERAL, batch, ACK_OK);
    room_pass_presence(room);
    return LK_OK;
}

static lk_status receive_update(lk_room *room, link *l, frame_crdt crdt, uint64_t batch,
                                const lk_bytes *update, lk_bytes list) {
    return crdt == FRAME_LORO ? receive_batch(room, l, batch, update, list)
                              : receive_presence(room, l, batch, update, list);
}

/* ---- fragments: the transport keeps order, so they come one after the other ---- */

static lk_status receive_header(lk_room *room, link *l, const frame *f) {
    assembly *old = link_assembly(l, f->crdt, f->batch);
    if (old != NULL) link_assembly_drop(l, old);
    /* every fragment carries a byte at least */
    if (f->count == 0 || f->count > f->total)
        return room_break(l, LK_ECORRUPT, "fragment header does not add up");
    if (l->assemblies.len >= LIMIT_FRAGMENT_BATCHES ||
        link_announced(l) + f->total > LIMIT_BATCH_BYTES) {
        room_send_ack(room, l, f->crdt, f->batch, ACK_PAYLOAD_TOO_LARGE);
        return room_break(l, LK_ELIMIT, "too much is announced in fragments");
    }
    if (link_assemble(l, &room->memory, f, room->now_ms + LIMIT_FRAGMENT_TIMEOUT_MS) != NULL)
        return LK_OK;
    room_send_ack(room, l, f->crdt, f->batch, ACK_UNKNOWN);
    return LK_ENOMEM;
}

static lk_status receive_whole(lk_room *room, link *l, assembly *a) {
    assembly whole = *a;
    a->bytes = (lk_buf){.memory = &room->memory};
    link_assembly_drop(l, a);
    lk_bytes update = {whole.bytes.at, whole.bytes.len};
    lk_status status = receive_update(room, l, whole.crdt, whole.batch, &update, (lk_bytes){0});
    lk_buf_free(&whole.bytes);
    return status;
}

static lk_status receive_fragment(lk_room *room, link *l, const frame *f) {
    assembly *a = link_assembly(l, f->crdt, f->batch);
    if (a == NULL || f->index < a->next) return LK_OK; /* given up already, or a repetition */
    if (f->index > a->next) {
        link_assembly_drop(l, a);
        room_send_ack(room, l, f->crdt, f->batch, ACK_FRAGMENT_TIMEOUT);
        return LK_OK;
    }
    bool last = a->next + 1 == a->count;
    size_t len = a->bytes.len + f->payload.len;
    if (f->payload.len == 0 || len > a->total || (last && len != a->total))
        return room_break(l, LK_ECORRUPT, "fragments do not add up to their header");
    if (!buf_append(&a->bytes, f->payload.at, f->payload.len)) {
        link_assembly_drop(l, a);
        room_send_ack(room, l, f->crdt, f->batch, ACK_UNKNOWN);
        return LK_ENOMEM;
    }
    a->next++;
    a->due_ms = room->now_ms + LIMIT_FRAGMENT_TIMEOUT_MS;
    return last ? receive_whole(room, l, a) : LK_OK;
}

/* ---- acknowledgements ---- */

/* An acknowledgement of a batch that is not under way on this link: news that the other end has it,
 * too. If it was sent there at once, it had come there from somebody else before. */
static lk_status receive_news(lk_room *room, link *l, uint64_t batch) {
    bool known = false;
    for (size_t i = 0; i < room->arrivals.len; i++) {
        const arrival *a = &room->arrivals.at[i];
        if (a->batch != batch) continue;
        known = true;
        for (size_t k = 0; k < a->spans.len; k++)
            if (!link_knows(l, &room->memory, &room->mine, a->spans.at[k].peer, a->spans.at[k].end))
                return room_break(l, LK_ENOMEM, "out of memory");
    }
    if (!known)
        link_tell(l, batch);
    else if (l->eager)
        receive_spare(room, l);
    return LK_OK;
}

static lk_status receive_refusal(lk_room *room, link *l, uint8_t status) {
    switch (status) {
    case ACK_PERMISSION_DENIED:
    case ACK_INVALID_UPDATE:
    case ACK_PAYLOAD_TOO_LARGE:
        room_break(l, LK_OK, "the other end refused an update");
        return LK_OK;
    }
    if (++l->refusals > RECEIVE_REFUSALS_MAX) {
        room_break(l, LK_OK, "the other end keeps refusing updates");
        return LK_OK;
    }
    l->ack_due_ms = room->now_ms + (l->refusals == 1 ? 0 : (uint64_t)1000 << l->refusals);
    return LK_OK;
}

static lk_status receive_ack(lk_room *room, link *l, const frame *f) {
    if (f->crdt == FRAME_EPHEMERAL) return LK_OK; /* presence repeats itself anyway */
    bool found, accepted = f->code == ACK_OK;
    if (!link_land(l, &room->memory, &room->mine, f->batch, accepted, &found))
        return room_break(l, LK_ENOMEM, "out of memory");
    if (!found) return accepted ? receive_news(room, l, f->batch) : LK_OK;
    if (!accepted) return receive_refusal(room, l, f->code);
    l->tries = l->refusals = 0;
    if (l->flights.len > 0)
        room_await_ack(room, l);
    else
        l->ack_due_ms = UINT64_MAX;
    return LK_OK;
}

/* ---- what was stored before ---- */

static lk_status receive_stored(lk_room *room, lk_bytes blob, lk_bytes whole, bool *waits) {
    bool taken;
    lk_import_status got;
    lk_status status = lk_import(room->doc, blob, &got, NULL);
    if (status == LK_OK) {
        *waits |= got.pending_len > 0;
        status = room_read_spans(room, blob);
    }
    if (status == LK_OK && whole.len > 0 && !receive_keep(room, whole, &taken)) status = LK_ENOMEM;
    return status;
}

lk_status lk_room_restore(lk_room *room, lk_bytes update, bool *waits, uint64_t now_ms) {
    lk_status status = LK_OK;
    if (!room_only_reads(room)) return LK_ESTATE;
    if (room->now_ms < now_ms) room->now_ms = now_ms;
    *waits = false;
    if (!signed_is(update)) {
        status = receive_stored(room, update, (lk_bytes){0}, waits);
        update.len = 0;
    }
    while (update.len > 0 && status == LK_OK) {
        signed_envelope e;
        status = signed_next(&update, &e, NULL);
        if (status == LK_OK && !room->guard.verify(room->guard.context, e.blob, e.signature))
            status = LK_EVALUE;
        if (status == LK_OK) status = receive_stored(room, e.blob, e.whole, waits);
    }
    if (!room_mine_read(room) && status == LK_OK) status = LK_ENOMEM;
    for (size_t i = 0; i < room->links.len && status == LK_OK; i++)
        room_send_missing(room, &room->links.at[i]);
    return status;
}

/* ---- all kinds ---- */

static lk_status receive_room_error(lk_room *room, link *l, const frame *f) {
    if (f->crdt == FRAME_EPHEMERAL) return LK_OK;
    if (f->code != ROOM_REJOIN_SUGGESTED)
        room_break(l, LK_OK, "the other end put us out");
    else if (!l->asked)
        room_send_join(room, l, FRAME_LORO);
    return LK_OK;
}

static lk_status receive_leave(link *l, const frame *f) {
    if (f->crdt == FRAME_EPHEMERAL) {
        l->presence_wanted = false;
    } else {
        l->wanted = false;
        l->left = true;
    }
    return LK_OK;
}

/* A message of another room or another kind of state. Only joins expect an answer. */
static lk_status receive_stranger(lk_room *room, link *l, const frame *f) {
    if (f->kind != FRAME_JOIN_REQUEST) return LK_OK;
    if (!receive_join_allowed(room, l)) return room_break(l, LK_ELIMIT, "too many joins");
    room_send_join_error(room, l, f, JOIN_APP_ERROR, "there is no such room here");
    return LK_OK;
}

lk_status room_receive(lk_room *room, link *l, const frame *f) {
    bool ours = str_equal(f->room, (lk_str){(const char *)room->id.at, room->id.len});
    if (!ours || (f->crdt != FRAME_LORO && f->crdt != FRAME_EPHEMERAL))
        return receive_stranger(room, l, f);
    switch (f->kind) {
    case FRAME_JOIN_REQUEST: return receive_join(room, l, f);
    case FRAME_JOIN_OK: return receive_join_ok(room, l, f);
    case FRAME_JOIN_ERROR: return receive_join_error(l, f);
    case FRAME_UPDATE: return receive_update(room, l, f->crdt, f->batch, NULL, f->list);
    case FRAME_FRAGMENT_HEADER: return receive_header(room, l, f);
    case FRAME_FRAGMENT: return receive_fragment(room, l, f);
    case FRAME_ROOM_ERROR: return receive_room_error(room, l, f);
    case FRAME_LEAVE: return receive_leave(l, f);
    case FRAME_ACK: return receive_ack(room, l, f);
    }
    return LK_OK;
}
