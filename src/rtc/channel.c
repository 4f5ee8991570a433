/* SPDX-License-Identifier: MIT
 * channel.c - one ordered, reliable channel over one SCTP stream in each direction.
 *
 *     new ─► open ─► closing ─► reset ─► shut ─► over
 *             │   queue empty   │ theirs too  │ association ended, or time is up
 *             └── the other side reset its direction
 *
 * Whoever made the offer opens it. The channel may be used right after OPEN was sent, and data is
 * taken before the ACK has come (RFC 8832 section 6): the stream is ordered. Channels that the
 * other side opens besides are refused by resetting them. */
#include "rtc/channel.h"

#include "rtc/dcep.h"

#define CHANNEL_CLOSE_MS 2000

void channel_init(channel *c, bool opener, const lk_memory *heap, queue *out) {
    *c = (channel){.opener = opener, .out = out, .drain_bytes = SIZE_MAX, .end_ms = UINT64_MAX};
    queue_init(&c->pending, heap);
}

void channel_drop(channel *c) {
    assoc_free(c->assoc);
    c->assoc = NULL;
    queue_drop(&c->pending);
}

bool channel_start(channel *c, bool client, uint32_t message_max, uint16_t remote_port,
                   const lk_memory *heap) {
    c->client = client;
    c->assoc = assoc_new(heap, message_max, remote_port);
    return c->assoc != NULL;
}

static void channel_over(channel *c, const char *why) {
    if (c->state == CHANNEL_OVER) return;
    if (c->why == NULL) c->why = why;
    c->state = CHANNEL_OVER;
    c->end_ms = UINT64_MAX;
}

/* ---- sending ---- */

/* Behind what waits already. */
static lk_status channel_queue(channel *c, uint16_t stream, uint32_t ppid, lk_bytes bytes) {
    if (queue_first(&c->pending) == NULL && assoc_send(c->assoc, stream, ppid, bytes)) return LK_OK;
    queue_item item = {.stream = stream, .ppid = ppid};
    return queue_push(&c->pending, item, bytes) ? LK_OK : LK_ENOMEM;
}

lk_status channel_send(channel *c, lk_bytes message) {
    if (message.len == 0)
        return channel_queue(c, c->stream, DCEP_BINARY_EMPTY, (lk_bytes){(const uint8_t *)"", 1});
    lk_status status = channel_queue(c, c->stream, DCEP_BINARY, message);
    size_t waiting = queue_len(&c->pending);
    if (waiting > CHANNEL_LOW_BYTES)
        c->drain_bytes = CHANNEL_LOW_BYTES;
    else if (waiting > 0 && c->drain_bytes == SIZE_MAX)
        c->drain_bytes = 0;
    return status;
}

static void channel_tell(channel *c, queue_item item, lk_bytes bytes) {
    if (!queue_push(c->out, item, bytes)) channel_over(c, "out of memory");
}

static void channel_flush(channel *c) {
    const queue_item *item;
    while ((item = queue_first(&c->pending)) != NULL) {
        if (!assoc_send(c->assoc, item->stream, item->ppid, queue_bytes(&c->pending, item))) break;
        queue_pop(&c->pending);
    }
    size_t waiting = queue_len(&c->pending);
    if (c->drain_bytes == SIZE_MAX || waiting > c->drain_bytes) return;
    c->drain_bytes = waiting > 0 ? 0 : SIZE_MAX;
    channel_tell(c, (queue_item){.kind = LK_RTC_DRAINED}, (lk_bytes){0});
}

/* ---- opening ---- */

static void channel_opened(channel *c, uint16_t stream, const dcep_message *say) {
    lk_buf bytes = {.memory = c->pending.heap};
    c->stream = stream;
    c->state = CHANNEL_OPEN;
    if (dcep_write(say, &bytes) != LK_OK ||
        channel_queue(c, stream, DCEP_CONTROL, (lk_bytes){bytes.at, bytes.len}) != LK_OK)
        channel_over(c, "out of memory");
    lk_buf_free(&bytes);
    channel_tell(c, (queue_item){.kind = LK_RTC_OPEN}, (lk_bytes){0});
}

static void channel_on_up(channel *c) {
    dcep_message open = {.kind = DCEP_OPEN, .label = {CHANNEL_LABEL, sizeof CHANNEL_LABEL - 1}};
    if (c->opener && c->state == CHANNEL_NEW) channel_opened(c, c->client ? 0 : 1, &open);
}

static bool channel_is_ours(const channel *c, uint16_t stream) {
    return c->state != CHANNEL_NEW && stream == c->stream;
}

static void channel_refuse(channel *c, uint16_t stream) {
    if (stream < ASSOC_STREAMS && !channel_is_ours(c, stream)) c->refused |= 1u << stream;
}

static void channel_on_control(channel *c, uint16_t stream, lk_bytes bytes) {
    dcep_message m, ack = {.kind = DCEP_ACK};
    lk_status status = dcep_read(bytes, &m, NULL);
    if (status == LK_OK && m.kind == DCEP_ACK) return;
    /* the DTLS server opens odd streams, the client even ones */
    bool theirs = (stream & 1) == (c->client ? 1 : 0);
    bool wanted = status == LK_OK && theirs && !c->opener && c->state == CHANNEL_NEW &&
                  m.reliability == 0 && m.label.len == sizeof CHANNEL_LABEL - 1 &&
                  __builtin_memcmp(m.label.at, CHANNEL_LABEL, m.label.len) == 0;
    if (wanted)
        channel_opened(c, stream, &ack);
    else
        channel_refuse(c, stream);
}

/* ---- receiving ---- */

static void channel_on_message(channel *c, const queue_item *item, lk_bytes bytes,
                               uint64_t now_ms) {
    if (item->ppid == DCEP_CONTROL) {
        channel_on_control(c, item->stream, bytes);
        return;
    }
    if (!channel_is_ours(c, item->stream)) return;
    queue_item message = {.kind = LK_RTC_MESSAGE};
    switch (item->ppid) {
    case DCEP_STRING:
    case DCEP_BINARY: channel_tell(c, message, bytes); break;
    case DCEP_STRING_EMPTY:
    case DCEP_BINARY_EMPTY: channel_tell(c, message, (lk_bytes){0}); break;
    default: channel_close(c, "a message of an unknown kind arrived", now_ms);
    }
}

static void channel_on_reset(channel *c, uint16_t stream, uint64_t now_ms) {
    if (!channel_is_ours(c, stream)) {
        channel_refuse(c, stream); /* a channel ends in both directions (RFC 8831 section 6.7) */
        return;
    }
    c->ended = true;
    channel_close(c, "the other side closed the channel", now_ms);
}

static void channel_read(channel *c, uint64_t now_ms) {
    queue *events = assoc_events(c->assoc);
    const queue_item *item;
    while (c->state != CHANNEL_OVER && (item = queue_first(events)) != NULL) {
        switch ((assoc_out)item->kind) {
        case ASSOC_UP: channel_on_up(c); break;
        case ASSOC_MESSAGE: channel_on_message(c, item, queue_bytes(events, item), now_ms); break;
        case ASSOC_RESET: channel_on_reset(c, item->stream, now_ms); break;
        case ASSOC_DOWN: channel_over(c, item->what); break;
        }
        queue_pop(events);
    }
}

/* ---- closing ---- */

void channel_close(channel *c, const char *why, uint64_t now_ms) {
    if (c->state > CHANNEL_OPEN) return;
    c->why = why;
    c->end_ms = now_ms + CHANNEL_CLOSE_MS;
    if (c->state == CHANNEL_OPEN)
        c->state = CHANNEL_CLOSING;
    else
        channel_over(c, why);
}

static void channel_step(channel *c, uint64_t now_ms) {
    if (c->state == CHANNEL_CLOSING && queue_first(&c->pending) == NULL &&
        assoc_reset(c->assoc, c->stream))
        c->state = CHANNEL_RESET;
    if (c->state == CHANNEL_RESET && c->ended) {
        assoc_shutdown(c->assoc);
        c->state = CHANNEL_SHUT;
    }
    for (uint16_t i = 0; i < ASSOC_STREAMS && c->refused != 0; i++)
        if (c->refused & 1u << i && assoc_reset(c->assoc, i)) c->refused &= ~(1u << i);
    if (now_ms >= c->end_ms) channel_over(c, "closing took too long");
}

void channel_pump(channel *c, uint64_t now_ms) {
    if (c->assoc == NULL || c->state == CHANNEL_OVER) return;
    channel_read(c, now_ms);
    if (c->state == CHANNEL_OVER) return;
    channel_flush(c);
    channel_step(c, now_ms);
}

uint64_t channel_wake_at(const channel *c) { return c->end_ms; }
