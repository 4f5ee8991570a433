/* SPDX-License-Identifier: MIT
 * channel.c - channels over the streams of one SCTP association.
 *
 *     new ─► open ─► closing ─► dry ─► reset ─► gone
 *                │    queue empty ▲      both directions ended
 *                └────────────────┘ the other side reset its direction
 *
 *     number ─► slots ─► channel ◄─ by_stream ◄─ stream
 *
 * A channel may be used right after OPEN was sent, and data is taken before the ACK has come
 * (RFC 8832 section 6): until then it is ordered. A stream is free again only when both directions
 * were reset and both sides know. What the other side may not open is reset like any other channel,
 * but the application never hears of it. */
#include "rtc/channel.h"

#include "rtc/dcep.h"

#define CHANNEL_CLOSE_MS 2000

bool channel_init(channels *c, uint16_t streams, size_t buffer_max, const lk_memory *heap,
                  queue *out) {
    *c = (channels){.heap = heap,
                    .out = out,
                    .streams = streams,
                    .buffer_max = buffer_max,
                    .end_ms = UINT64_MAX};
    c->by_stream = mem_zalloc(heap, streams * sizeof *c->by_stream);
    return c->by_stream != NULL;
}

static void channel_free(channels *c, channel *ch) {
    queue_drop(&ch->pending);
    mem_free(c->heap, ch, sizeof *ch);
}

void channel_drop(channels *c) {
    assoc_free(c->assoc);
    c->assoc = NULL;
    for (size_t i = 0; i < c->slots.len; i++)
        if (c->slots.at[i].live != NULL) channel_free(c, c->slots.at[i].live);
    vec_drop(c->heap, &c->slots);
    mem_free(c->heap, c->by_stream, c->streams * sizeof *c->by_stream);
    c->by_stream = NULL;
    c->streams = 0;
}

bool channel_start(channels *c, bool client, uint32_t message_max, uint16_t remote_port) {
    c->client = client;
    c->assoc = assoc_new(c->heap, message_max, c->streams, remote_port);
    return c->assoc != NULL;
}

static void channel_over(channels *c, const char *why) {
    if (c->state == CHANNELS_OVER) return;
    if (c->why == NULL) c->why = why;
    c->state = CHANNELS_OVER;
    c->end_ms = UINT64_MAX;
}

static void channel_tell(channels *c, queue_item item, lk_bytes bytes) {
    if (!queue_push(c->out, item, bytes)) channel_over(c, "out of memory");
}

/* ---- numbers and streams ---- */

static lk_rtc_channel channel_number(const channels *c, size_t slot) {
    return (uint32_t)c->slots.at[slot].generation << 16 | (uint32_t)(slot + 1);
}

channel *channel_find(const channels *c, lk_rtc_channel number) {
    size_t slot = (number & 0xffff) - 1;
    if (slot >= c->slots.len || c->slots.at[slot].generation != number >> 16) return NULL;
    channel *ch = c->slots.at[slot].live;
    return ch == NULL || ch->silent ? NULL : ch;
}

/* The slot of the channel on that stream, or SIZE_MAX. */
static size_t channel_slot_of(const channels *c, uint16_t stream) {
    if (stream >= c->streams || c->by_stream[stream] == 0 || c->by_stream[stream] == CHANNEL_KEPT)
        return SIZE_MAX;
    return c->by_stream[stream] - 1u;
}

/* A new channel; *slot says where. NULL when memory or slots are out. */
static channel *channel_new(channels *c, size_t *slot) {
    size_t at = 0;
    while (at < c->slots.len && c->slots.at[at].live != NULL) at++;
    if (at == c->streams || !vec_reserve(c->heap, &c->slots, 1)) return NULL;
    channel *ch = mem_zalloc(c->heap, sizeof *ch);
    if (ch == NULL) return NULL;
    if (at == c->slots.len) c->slots.at[c->slots.len++] = (channel_slot){0};
    queue_init(&ch->pending, c->heap);
    c->slots.at[at].live = ch;
    c->slots.at[at].generation++;
    *slot = at;
    return ch;
}

static void channel_place(channels *c, size_t slot, uint16_t stream) {
    channel *ch = c->slots.at[slot].live;
    ch->stream = stream;
    ch->placed = true;
    c->by_stream[stream] = (uint16_t)(slot + 1);
}

/* Give it the first free stream of ours; false when there is none. */
static bool channel_place_free(channels *c, size_t slot) {
    for (uint16_t stream = c->client ? 0 : 1; stream < c->streams; stream += 2)
        if (c->by_stream[stream] == 0) {
            channel_place(c, slot, stream);
            return true;
        }
    return false;
}

/* Tell that it is gone, unless nobody cares. */
static void channel_part(channels *c, size_t slot) {
    channel *ch = c->slots.at[slot].live;
    queue_item item = {.kind = LK_RTC_SHUT, .channel = channel_number(c, slot), .what = ch->why};
    if (!ch->silent) channel_tell(c, item, (lk_bytes){0});
    ch->silent = true;
}

static void channel_forget(channels *c, size_t slot) {
    channel *ch = c->slots.at[slot].live;
    channel_part(c, slot);
    if (ch->placed) c->by_stream[ch->stream] = ch->kept ? CHANNEL_KEPT : 0;
    c->slots.at[slot].live = NULL;
    channel_free(c, ch);
}

static void channel_settle(channels *c, size_t slot) {
    const channel *ch = c->slots.at[slot].live;
    if (ch->ended_ours && ch->ended_theirs) channel_forget(c, slot);
}

/* ---- sending ---- */

static bool channel_hand_over(channels *c, const channel *ch, uint32_t ppid, uint64_t left_ms,
                              lk_bytes bytes) {
    assoc_message m = {.stream = ch->stream, .ppid = ppid, .bytes = bytes};
    if (ppid != DCEP_CONTROL) {
        /* Pieces of an unordered message that was given up are never cleared away by usrsctp 0.9.5,
         * and hold up what comes behind them: such messages do not overtake others. */
        bool safe = ch->reliability == LK_RTC_RELIABLE || bytes.len <= ASSOC_PIECE_BYTES;
        m.unordered = ch->unordered && ch->acked && safe;
        m.reliability = ch->reliability;
        m.limit = ch->reliability == LK_RTC_LIFETIME ? (uint32_t)left_ms : ch->limit;
    }
    return assoc_send(c->assoc, &m);
}

size_t channel_waiting(const channel *ch) {
    const queue_item *first = queue_first(&ch->pending);
    /* what opens a channel is no message, and nothing is in front of it */
    size_t opening = first != NULL && first->ppid == DCEP_CONTROL ? first->len : 0;
    return queue_len(&ch->pending) - opening;
}

/* Behind what waits already. */
static lk_status channel_queue(channels *c, channel *ch, uint32_t ppid, lk_bytes bytes,
                               uint64_t due_ms) {
    if (queue_first(&ch->pending) == NULL && c->state != CHANNELS_NEW &&
        channel_hand_over(c, ch, ppid, ch->limit, bytes))
        return LK_OK;
    queue_item item = {.ppid = ppid, .due_ms = due_ms};
    if (!queue_push(&ch->pending, item, bytes)) return LK_ENOMEM;
    if (channel_waiting(ch) > ch->low) ch->high = true;
    c->busy = true;
    return LK_OK;
}

lk_status channel_send(channels *c, channel *ch, bool text, lk_bytes message, uint64_t now_ms) {
    size_t waiting = channel_waiting(ch);
    if (waiting > 0 && waiting + message.len > c->buffer_max) return LK_ENOMEM;
    uint64_t due_ms = ch->reliability == LK_RTC_LIFETIME ? now_ms + ch->limit : UINT64_MAX;
    if (message.len > 0)
        return channel_queue(c, ch, text ? DCEP_STRING : DCEP_BINARY, message, due_ms);
    return channel_queue(c, ch, text ? DCEP_STRING_EMPTY : DCEP_BINARY_EMPTY,
                         (lk_bytes){(const uint8_t *)"", 1}, due_ms);
}

/* Send one message, or drop one that is too old; false: there is none, or it has to wait. */
static bool channel_send_next(channels *c, channel *ch, uint64_t now_ms) {
    const queue_item *item = queue_first(&ch->pending);
    if (item == NULL) return false;
    if (item->due_ms > now_ms && !channel_hand_over(c, ch, item->ppid, item->due_ms - now_ms,
                                                    queue_bytes(&ch->pending, item)))
        return false;
    queue_pop(&ch->pending);
    return true;
}

/* Messages of the channels take turns. */
static void channel_flush(channels *c, uint64_t now_ms) {
    bool sent = true;
    while (sent && c->state != CHANNELS_OVER) {
        sent = false;
        for (size_t i = 0; i < c->slots.len; i++) {
            channel *ch = c->slots.at[(c->turn + i) % c->slots.len].live;
            if (ch != NULL && ch->placed && channel_send_next(c, ch, now_ms)) sent = true;
        }
        c->turn++;
    }
}

/* ---- opening ---- */

static lk_status channel_announce(channels *c, channel *ch, const dcep_message *say) {
    lk_buf bytes = {.memory = c->heap};
    lk_status status = dcep_write(say, &bytes);
    if (status == LK_OK)
        status = channel_queue(c, ch, DCEP_CONTROL, (lk_bytes){bytes.at, bytes.len}, UINT64_MAX);
    lk_buf_free(&bytes);
    return status;
}

static void channel_opened(channels *c, size_t slot, lk_bytes theirs) {
    c->slots.at[slot].live->state = CHANNEL_OPEN;
    channel_tell(c, (queue_item){.kind = LK_RTC_OPEN, .channel = channel_number(c, slot)}, theirs);
}

/* May there be one more of ours? Half of the streams are ours to open. */
static lk_status channel_room(const channels *c, const lk_rtc_channel_options *o) {
    size_t ours = 0;
    if (o->negotiated && o->stream >= c->streams) return LK_ELIMIT;
    if (o->negotiated) return c->by_stream[o->stream] == 0 ? LK_OK : LK_ESTATE;
    if (c->state == CHANNELS_UP) {
        for (uint16_t stream = c->client ? 0 : 1; stream < c->streams; stream += 2)
            if (c->by_stream[stream] == 0) return LK_OK;
        return LK_ELIMIT;
    }
    for (size_t i = 0; i < c->slots.len; i++)
        if (c->slots.at[i].live != NULL && !c->slots.at[i].live->placed) ours++;
    return ours < c->streams / 2 ? LK_OK : LK_ELIMIT;
}

lk_status channel_open(channels *c, const lk_rtc_channel_options *o, lk_rtc_channel *out) {
    if (c->state > CHANNELS_UP) return LK_ESTATE;
    lk_status status = channel_room(c, o);
    if (status != LK_OK) return status;
    size_t slot;
    channel *ch = channel_new(c, &slot);
    if (ch == NULL) return LK_ENOMEM;
    ch->unordered = o->unordered;
    ch->reliability = o->reliability;
    ch->limit = o->limit;
    ch->acked = o->negotiated;
    if (o->negotiated)
        channel_place(c, slot, o->stream);
    else {
        dcep_message open = {.kind = DCEP_OPEN,
                             .unordered = o->unordered,
                             .reliability = o->reliability,
                             .limit = o->limit,
                             .label = o->label,
                             .protocol = o->protocol};
        if (c->state == CHANNELS_UP) channel_place_free(c, slot);
        status = channel_announce(c, ch, &open);
    }
    *out = channel_number(c, slot);
    if (status != LK_OK) {
        ch->silent = true;
        channel_forget(c, slot);
    } else if (c->state == CHANNELS_UP)
        channel_opened(c, slot, (lk_bytes){0});
    return status;
}

/* The association is up with so many streams: what was opened before it can begin. */
static void channel_on_up(channels *c, uint16_t streams) {
    if (c->state != CHANNELS_NEW) return;
    c->state = CHANNELS_UP;
    c->busy = true;
    for (size_t slot = 0; slot < c->slots.len; slot++) {
        channel *ch = c->slots.at[slot].live;
        if (ch == NULL) continue;
        if (!ch->placed) channel_place_free(c, slot);
        if (ch->placed && ch->stream < streams)
            channel_opened(c, slot, (lk_bytes){0});
        else {
            ch->why = "the other side has too few streams";
            channel_forget(c, slot);
        }
    }
    for (uint16_t stream = streams; stream < c->streams; stream++)
        c->by_stream[stream] = CHANNEL_KEPT;
}

/* A channel of theirs on that stream; NULL when memory is out. */
static channel *channel_accept(channels *c, uint16_t stream, const dcep_message *m, size_t *slot) {
    channel *ch = channel_new(c, slot);
    if (ch == NULL) {
        channel_over(c, "out of memory");
        return NULL;
    }
    channel_place(c, *slot, stream);
    ch->acked = true;
    ch->unordered = m->unordered;
    ch->reliability = m->reliability;
    ch->limit = m->limit;
    return ch;
}

static void channel_refuse(channels *c, uint16_t stream) {
    size_t slot;
    channel *ch = channel_accept(c, stream, &(dcep_message){0}, &slot);
    if (ch == NULL) return;
    ch->silent = true;
    ch->state = CHANNEL_DRY;
    c->busy = true;
}

static void channel_on_open(channels *c, uint16_t stream, const dcep_message *m, lk_bytes bytes) {
    static const dcep_message ack = {.kind = DCEP_ACK};
    size_t slot = channel_slot_of(c, stream);
    bool late = false;
    if (slot != SIZE_MAX) {
        /* They have reset both directions, and the answer that would tell us so was lost. */
        channel *old = c->slots.at[slot].live;
        late = old->state == CHANNEL_RESET && old->ended_theirs;
        if (!late) {
            channel_shut(c, old, "the other side opened the channel twice");
            return;
        }
        channel_forget(c, slot);
    }
    channel *ch = channel_accept(c, stream, m, &slot);
    if (ch == NULL) return;
    ch->late = late;
    if (channel_announce(c, ch, &ack) != LK_OK) channel_over(c, "out of memory");
    channel_opened(c, slot, bytes);
}

static void channel_on_control(channels *c, uint16_t stream, lk_bytes bytes) {
    dcep_message m;
    if (stream < c->streams && c->by_stream[stream] == CHANNEL_KEPT) return;
    lk_status status = dcep_read(bytes, &m, NULL);
    size_t slot = channel_slot_of(c, stream);
    /* the DTLS server opens odd streams, the client even ones */
    bool theirs = (stream & 1) == (c->client ? 1 : 0);
    if (status == LK_OK && m.kind == DCEP_ACK) {
        if (slot != SIZE_MAX) c->slots.at[slot].live->acked = true;
    } else if (status == LK_OK && theirs && c->state == CHANNELS_UP)
        channel_on_open(c, stream, &m, bytes);
    else if (slot == SIZE_MAX && stream < c->streams)
        channel_refuse(c, stream);
}

/* ---- receiving ---- */

/* Is it something for the application? */
static bool channel_on_message(channels *c, const assoc_event *e, lk_rtc_out *out) {
    if (e->ppid == DCEP_CONTROL) {
        channel_on_control(c, e->stream, e->bytes);
        return false;
    }
    size_t slot = channel_slot_of(c, e->stream);
    channel *ch = slot == SIZE_MAX ? NULL : c->slots.at[slot].live;
    if (ch == NULL || ch->state != CHANNEL_OPEN) return false;
    *out = (lk_rtc_out){.kind = LK_RTC_MESSAGE,
                        .channel = channel_number(c, slot),
                        .text = e->ppid == DCEP_STRING || e->ppid == DCEP_STRING_EMPTY,
                        .bytes = e->bytes};
    switch (e->ppid) {
    case DCEP_STRING:
    case DCEP_BINARY: return true;
    case DCEP_STRING_EMPTY:
    case DCEP_BINARY_EMPTY: out->bytes.len = 0; return true;
    default: channel_shut(c, ch, "a message of an unknown kind arrived"); return false;
    }
}

static void channel_on_too_long(channels *c, uint16_t stream) {
    size_t slot = channel_slot_of(c, stream);
    if (slot != SIZE_MAX)
        channel_shut(c, c->slots.at[slot].live, "a message is longer than announced");
}

/* The other side takes nothing any more. */
static void channel_on_reset(channels *c, uint16_t stream) {
    size_t slot = channel_slot_of(c, stream);
    if (slot == SIZE_MAX) return;
    channel *ch = c->slots.at[slot].live;
    ch->ended_theirs = true;
    queue_drop(&ch->pending);
    if (ch->why == NULL) ch->why = "the other side closed the channel";
    if (ch->state < CHANNEL_DRY) ch->state = CHANNEL_DRY;
    c->busy = true;
    channel_part(c, slot);
    channel_settle(c, slot);
}

static void channel_on_ended(channels *c, uint16_t stream, bool kept) {
    size_t slot = channel_slot_of(c, stream);
    if (slot == SIZE_MAX) return;
    channel *ch = c->slots.at[slot].live;
    bool mine = ch->state == CHANNEL_RESET && !ch->late;
    ch->late = false;
    c->busy = true;
    if (!mine) return;
    ch->ended_ours = true;
    ch->kept = kept;
    channel_settle(c, slot);
}

bool channel_receive(channels *c, lk_rtc_out *out) {
    assoc_event e;
    while (c->state != CHANNELS_OVER && c->assoc != NULL && assoc_receive(c->assoc, &e)) {
        switch (e.kind) {
        case ASSOC_UP: channel_on_up(c, e.stream); break;
        case ASSOC_MESSAGE:
            if (channel_on_message(c, &e, out)) return true;
            break;
        case ASSOC_TOO_LONG: channel_on_too_long(c, e.stream); break;
        case ASSOC_RESET: channel_on_reset(c, e.stream); break;
        case ASSOC_ENDED: channel_on_ended(c, e.stream, false); break;
        case ASSOC_KEPT: channel_on_ended(c, e.stream, true); break;
        case ASSOC_DOWN: channel_over(c, e.what); break;
        }
        if (queue_first(c->out) != NULL) break;
    }
    return false;
}

/* ---- closing ---- */

void channel_shut(channels *c, channel *ch, const char *why) {
    if (ch->state > CHANNEL_OPEN) return;
    ch->why = why;
    ch->state = CHANNEL_CLOSING;
    c->busy = true;
}

void channel_close(channels *c, uint64_t now_ms) {
    if (c->state > CHANNELS_UP) return;
    c->why = "closed";
    if (c->state == CHANNELS_NEW) {
        channel_over(c, c->why);
        return;
    }
    c->state = CHANNELS_CLOSING;
    c->end_ms = now_ms + CHANNEL_CLOSE_MS;
    for (size_t i = 0; i < c->slots.len; i++)
        if (c->slots.at[i].live != NULL) channel_shut(c, c->slots.at[i].live, c->why);
}

/* Tell who has little left to send, and find who has nothing left and is to close. */
static size_t channel_sweep(channels *c, uint16_t dry[ASSOC_RESETS]) {
    size_t len = 0;
    c->busy = false;
    for (size_t slot = 0; slot < c->slots.len; slot++) {
        channel *ch = c->slots.at[slot].live;
        if (ch == NULL) continue;
        bool empty = queue_first(&ch->pending) == NULL;
        if (!empty) c->busy = true;
        if (ch->state == CHANNEL_OPEN && ch->high && channel_waiting(ch) <= ch->low) {
            ch->high = false;
            channel_tell(c,
                         (queue_item){.kind = LK_RTC_DRAINED, .channel = channel_number(c, slot)},
                         (lk_bytes){0});
        }
        if (ch->state == CHANNEL_CLOSING && c->state == CHANNELS_NEW)
            channel_forget(c, slot);
        else if (ch->state == CHANNEL_CLOSING && empty)
            ch->state = CHANNEL_DRY;
        if (c->slots.at[slot].live == NULL || ch->state != CHANNEL_DRY) continue;
        /* A stream whose reset is under way is not reset twice: the next waits for its end. */
        if (!ch->late && len < ASSOC_RESETS) dry[len++] = ch->stream;
    }
    return len;
}

static void channel_reset(channels *c, const uint16_t *dry, size_t len) {
    if (len == 0) return;
    bool taken = assoc_reset(c->assoc, dry, len);
    if (!taken || len == ASSOC_RESETS) c->busy = true;
    for (size_t i = 0; taken && i < len; i++)
        c->slots.at[channel_slot_of(c, dry[i])].live->state = CHANNEL_RESET;
}

static bool channel_any(const channels *c) {
    for (size_t i = 0; i < c->slots.len; i++)
        if (c->slots.at[i].live != NULL) return true;
    return false;
}

void channel_pump(channels *c, uint64_t now_ms) {
    uint16_t dry[ASSOC_RESETS];
    if (c->state == CHANNELS_OVER) return;
    if (c->busy && c->state != CHANNELS_NEW) {
        channel_flush(c, now_ms);
        channel_reset(c, dry, channel_sweep(c, dry));
    } else if (c->busy) {
        c->busy = channel_sweep(c, dry) > 0;
    }
    if (c->state == CHANNELS_CLOSING && !channel_any(c)) {
        assoc_shutdown(c->assoc);
        c->state = CHANNELS_SHUT;
    }
    if (now_ms >= c->end_ms) channel_over(c, "closing took too long");
}

uint64_t channel_wake_at(const channels *c) { return c->end_ms; }
