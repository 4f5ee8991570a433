/* SPDX-License-Identifier: MIT
 * room.c - the public calls, time, and whether all is level.
 *
 * Notices that need no bytes (an error of a link, synced, behind) are not queued but read off the
 * state when the queue is empty: telling them cannot fail, and they come after what led to them. */
#include "room/room.h"

#include "base/limits.h"
#include "base/utf8.h"

#define ROOM_MESSAGE_MIN 1024u
/* The time between an acknowledgement and telling others of it: news of one burst go together. */
#define ROOM_TELL_MS 100u
#define ROOM_NEWS_MAX 64u
/* Whole versions are told no more often than this: each is answered with all that is missing. */
#define ROOM_TELL_ALL_MS 1000u
/* Presence written here is repeated well before others drop it. */
#define ROOM_REFRESH_MS 10000u
#define ROOM_REFRESH_EACH_MS 20u
#define ROOM_REFRESH_MOST_MS 22000u
/* Who only reads asks for everything in one envelope no more often than this. */
#define ROOM_WHOLE_MS 60000u

/* ---- what the files share ---- */

link *room_link(lk_room *room, lk_link id) {
    for (size_t i = 0; i < room->links.len; i++)
        if (room->links.at[i].id == id) return &room->links.at[i];
    return NULL;
}

static link *room_link_by_serial(lk_room *room, uint32_t serial) {
    for (size_t i = 0; i < room->links.len; i++)
        if (room->links.at[i].serial == serial) return &room->links.at[i];
    return NULL;
}

static link *room_link_by_slot(lk_room *room, uint32_t slot) {
    for (size_t i = 0; i < room->links.len; i++)
        if (room->links.at[i].slot == slot) return &room->links.at[i];
    return NULL;
}

lk_status room_break(link *l, lk_status status, const char *why) {
    if (l->broken == NULL) l->broken = why;
    return status;
}

uint64_t room_random(lk_room *room) { /* splitmix64 */
    uint64_t z = room->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

bool room_mine_raise(lk_room *room, uint64_t peer, int32_t end) {
    int32_t before = have_end(&room->mine, peer);
    if (room_only_reads(room)) {
        int32_t kept = have_end(&room->keep.ends, peer);
        if (end > kept) end = kept;
    }
    if (end <= before) return true;
    if (!have_raise(&room->mine, &room->memory, peer, end)) return false;
    room->mine_total += (uint64_t)(end - before);
    for (size_t i = 0; i < room->links.len; i++)
        link_mine_raised(&room->links.at[i], peer, before, end);
    return true;
}

bool room_mine_read(lk_room *room) {
    if (!have_assign(&room->mine, &room->memory, lk_version(room->doc))) return false;
    for (size_t i = room->mine.ids.len; room_only_reads(room) && i-- > 0;) {
        uint64_t peer = room->mine.ids.at[i].peer;
        have_lower(&room->mine, peer, have_end(&room->keep.ends, peer));
    }
    room->mine_total = have_total(&room->mine);
    for (size_t i = 0; i < room->links.len; i++) link_measure(&room->links.at[i], &room->mine);
    return true;
}

/* The version counts what is before a shallow beginning, too, and the document does not. */
static uint64_t room_op_count(const lk_room *room) {
    uint64_t count = lk_op_count(room->doc);
    if (!lk_is_shallow(room->doc)) return count;
    lk_ids before = lk_shallow_vv(room->doc);
    for (size_t i = 0; i < before.len; i++) count += (uint32_t)before.at[i].counter;
    return count;
}

bool room_mine_whole(const lk_room *room) {
    return room_only_reads(room) || room->mine_total == room_op_count(room);
}

/* Of what waits for its past here only the bytes can be passed on. */
static bool room_lacks(const lk_room *room, const link *l, const arrival *a) {
    if (a->spans.len == 0) return l->sent_gap.less > 0;
    for (size_t i = 0; i < a->spans.len; i++) {
        lk_span span = a->spans.at[i];
        int32_t held = a->update.len > 0 ? span.end : have_end(&room->mine, span.peer);
        if (have_end(&l->sent, span.peer) < (span.end < held ? span.end : held)) return true;
    }
    return false;
}

void room_arrival_drop(lk_room *room, arrival *a) {
    vec_drop(&room->memory, &a->spans);
    lk_buf_free(&a->update);
}

void room_forward(lk_room *room, uint64_t due_ms) {
    size_t kept = 0;
    for (size_t i = 0; i < room->arrivals.len; i++) {
        arrival a = room->arrivals.at[i];
        if (a.due_ms > due_ms) {
            room->arrivals.at[kept++] = a;
            continue;
        }
        for (size_t k = 0; k < room->links.len; k++) {
            link *l = &room->links.at[k];
            if (link_open_to_us(l) && room_lacks(room, l, &a)) room_send_late(room, l, &a);
        }
        room_arrival_drop(room, &a);
    }
    room->arrivals.len = kept;
}

void room_settle_receipts(lk_room *room) {
    size_t done = 0;
    for (; done < room->receipts.len && room->receipts.at[done].left == 0; done++) {
        const receipt *r = &room->receipts.at[done];
        link *l = room_link_by_serial(room, r->serial);
        if (l == NULL) continue;
        room_send_ack(room, l, FRAME_LORO, r->batch, ACK_OK);
        if (!r->news || room->links.len < 2) continue;
        l->tell_all |= r->large || l->news.len == ROOM_NEWS_MAX;
        if (!l->tell_all) {
            link_news *news = vec_push(&room->memory, &l->news);
            if (news == NULL)
                l->tell_all = true;
            else
                *news = (link_news){r->batch, r->knowing | link_bit(l)};
        }
        if (l->tell_at_ms == UINT64_MAX) l->tell_at_ms = room->now_ms + ROOM_TELL_MS;
        if (l->tell_all && l->tell_at_ms < room->told_all_ms + ROOM_TELL_ALL_MS)
            l->tell_at_ms = room->told_all_ms + ROOM_TELL_ALL_MS;
    }
    room->receipts.len -= done;
    __builtin_memmove(room->receipts.at, room->receipts.at + done,
                      room->receipts.len * sizeof(receipt));
}

/* ---- synced or behind ---- */

static bool room_level(const lk_room *room) {
    size_t members = 0;
    for (size_t i = 0; i < room->links.len; i++) {
        const link *l = &room->links.at[i];
        if (!link_good(l) || l->left || l->absent) continue;
        if (!link_level(l)) return false;
        members++;
    }
    return members > 0 && room->receipts.len == 0 && room->local.len == 0;
}

/* After every call that may have moved something. */
static void room_look(lk_room *room) {
    room->synced = room_level(room);
    if (!room->synced) room->behind_since = true;
}

static void room_time(lk_room *room, uint64_t now_ms) {
    if (room->now_ms < now_ms) room->now_ms = now_ms;
}

/* ---- life ---- */

lk_room *lk_room_new(lk_doc *doc, const lk_room_options *options, const lk_memory *memory_or_null) {
    const lk_memory *memory = memory_or_null == NULL ? &mem_default : memory_or_null;
    lk_str id = options->room_id;
    if (id.len > LIMIT_ROOM_ID_BYTES || !utf8_valid((const uint8_t *)id.at, id.len)) return NULL;
    lk_room *room = mem_zalloc(memory, sizeof *room);
    if (room == NULL) return NULL;
    room->memory = *memory;
    room->doc = doc;
    lk_open_lazily(doc, false); /* what strangers send is read */
    room->random = options->seed;
    room->unix_offset_ms = options->unix_offset_ms;
    room->guarded = options->guard != NULL;
    if (room->guarded) room->guard = *options->guard;
    room->refresh_at_ms = room->pass_at_ms = room->whole_at_ms = UINT64_MAX;
    room->message_max = options->message_max;
    if (room->message_max == 0 || room->message_max > LK_MESSAGE_MAX)
        room->message_max = LK_MESSAGE_MAX;
    if (room->message_max < ROOM_MESSAGE_MIN) room->message_max = ROOM_MESSAGE_MIN;
    room->presence.heap = &room->memory;
    lk_buf *bufs[] = {&room->id, &room->local, &room->scratch, &room->signed_, &room->out.bytes};
    for (size_t i = 0; i < countof(bufs); i++) bufs[i]->memory = &room->memory;
    if (buf_append(&room->id, id.at, id.len) && room_mine_read(room)) return room;
    lk_room_free(room);
    return NULL;
}

void lk_room_free(lk_room *room) {
    if (room == NULL) return;
    lk_memory memory = room->memory;
    for (size_t i = 0; i < room->links.len; i++) link_drop(&room->links.at[i], &room->memory);
    vec_drop(&room->memory, &room->links);
    vec_drop(&room->memory, &room->receipts);
    for (size_t i = 0; i < room->arrivals.len; i++) room_arrival_drop(room, &room->arrivals.at[i]);
    vec_drop(&room->memory, &room->arrivals);
    vec_drop(&room->memory, &room->spans);
    have_drop(&room->mine, &room->memory);
    keep_drop(&room->keep, &room->memory);
    presence_drop(&room->presence);
    outbox_drop(&room->out);
    lk_buf_free(&room->id);
    lk_buf_free(&room->local);
    lk_buf_free(&room->scratch);
    lk_buf_free(&room->signed_);
    mem_free(&memory, room, sizeof *room);
}

lk_status lk_room_open(lk_room *room, lk_link id, uint64_t now_ms) {
    room_time(room, now_ms);
    if (room_link(room, id) != NULL) return LK_ESTATE;
    lk_status status = room_send_local(room);
    if (status != LK_OK) return status;
    uint32_t slot = 0;
    while (room_link_by_slot(room, slot) != NULL) slot++;
    link *l = vec_push(&room->memory, &room->links);
    if (l == NULL) return LK_ENOMEM;
    *l = (link){.id = id,
                .serial = ++room->last_serial,
                .slot = slot,
                .ack_due_ms = UINT64_MAX,
                .join_due_ms = UINT64_MAX,
                .push_at_ms = UINT64_MAX,
                .rejoin_at_ms = UINT64_MAX,
                .tell_at_ms = UINT64_MAX};
    l->eager = room->sparse && link_bit(l) != 0;
    link_measure(l, &room->mine);
    room_send_join(room, l, FRAME_LORO);
    room_send_join(room, l, FRAME_EPHEMERAL);
    room_look(room);
    return LK_OK;
}

void lk_room_close(lk_room *room, lk_link id) {
    link *l = room_link(room, id);
    if (l == NULL) return;
    outbox_forget(&room->out, id);
    presence_forsake(&room->presence, l->slot, room->sparse, room->now_ms);
    link_drop(l, &room->memory);
    *l = room->links.at[--room->links.len];
    room_look(room);
}

void lk_room_held(lk_room *room, lk_link id, uint64_t now_ms) {
    room_time(room, now_ms);
    link *l = room_link(room, id);
    if (l == NULL || !link_good(l)) return;
    if (l->asked) l->join_due_ms = room->now_ms + ROOM_JOIN_TIMEOUT_MS;
    /* what was refused is to go again, whatever waits */
    if (l->flights.len > 0 && l->refusals == 0) room_await_ack(room, l);
}

void lk_room_sparse(lk_room *room, bool sparse, uint64_t now_ms) {
    room_time(room, now_ms);
    room->sparse = sparse;
    for (size_t i = 0; i < room->links.len; i++)
        room->links.at[i].eager |= sparse && link_bit(&room->links.at[i]) != 0;
    room_pass_presence(room);
}

/* ---- in ---- */

lk_status lk_room_feed(lk_room *room, lk_link id, lk_bytes message, uint64_t now_ms) {
    room_time(room, now_ms);
    link *l = room_link(room, id);
    if (l == NULL || !link_good(l)) return LK_ESTATE;
    /* while something comes, the answer to our join may be behind it */
    if (l->asked) l->join_due_ms = room->now_ms + ROOM_JOIN_TIMEOUT_MS;
    frame f;
    lk_fault fault;
    lk_status status = frame_decode(message, &f, &fault);
    if (status == LK_OK)
        status = room_receive(room, l, &f);
    else
        room_break(l, status, fault.what);
    room_look(room);
    return status;
}

/* Was something written here that nobody else will take? */
static lk_status room_astray(lk_room *room) {
    lk_status status = lk_commit(room->doc, NULL);
    room->local.len = 0;
    if (status == LK_OK) status = lk_export_local(room->doc, &room->local);
    bool any = room->local.len > 0;
    room->local.len = 0;
    return status == LK_OK && any ? LK_ESTATE : status;
}

lk_status lk_room_edited(lk_room *room, uint64_t now_ms) {
    room_time(room, now_ms);
    if (room_only_reads(room)) return room_astray(room);
    lk_status status = room_send_local(room);
    room_look(room);
    return status;
}

void lk_room_stored(lk_room *room, uint64_t token) {
    for (size_t i = 0; i < room->receipts.len; i++) {
        receipt *r = &room->receipts.at[i];
        if (r->left == 0 || token < r->first || token > r->last) continue;
        r->left--;
        break;
    }
    room_settle_receipts(room);
    room_look(room);
}

/* In a room where many show something, each repeats it less often: others drop it after 30 s. */
static uint64_t room_refresh_ms(const lk_room *room) {
    uint64_t ms = ROOM_REFRESH_MS;
    if (room->sparse) ms += room->presence.entries.len * ROOM_REFRESH_EACH_MS;
    return ms < ROOM_REFRESH_MOST_MS ? ms : ROOM_REFRESH_MOST_MS;
}

lk_status lk_room_presence_set(lk_room *room, lk_str key, const lk_value *value, uint64_t now_ms) {
    room_time(room, now_ms);
    int64_t stamp_ms = (int64_t)room->now_ms + room->unix_offset_ms;
    room->scratch.len = 0;
    if (value != NULL && value->type == LK_NULL) value = NULL;
    lk_status status =
        presence_set(&room->presence, key, value, stamp_ms, room->now_ms, &room->scratch);
    if (status != LK_OK) return status;
    if (room->sparse)
        room_pass_presence(room);
    else
        room_send_presence(room, NULL, (lk_bytes){room->scratch.at, room->scratch.len});
    if (room->refresh_at_ms == UINT64_MAX)
        room->refresh_at_ms = room->now_ms + room_refresh_ms(room);
    return LK_OK;
}

lk_status lk_room_presence_json(const lk_room *room, lk_buf *out) {
    return presence_json(&room->presence, out) ? LK_OK : LK_ENOMEM;
}

/* ---- time ---- */

static void room_tick_assemblies(lk_room *room, link *l) {
    for (size_t i = 0; i < l->assemblies.len;) {
        assembly *a = &l->assemblies.at[i];
        if (a->due_ms > room->now_ms) {
            i++;
            continue;
        }
        room_send_ack(room, l, a->crdt, a->batch, ACK_FRAGMENT_TIMEOUT);
        link_assembly_drop(l, a);
    }
}

static void room_tick_gap(lk_room *room, link *l) {
    l->rejoin_at_ms = UINT64_MAX;
    bool filled = have_end(&room->mine, l->gap.peer) >= l->gap.counter;
    l->rejoins = filled ? 0 : l->rejoins + 1;
    if (!filled && !l->asked) room_send_join(room, l, FRAME_LORO);
}

static void room_tick_link(lk_room *room, link *l) {
    uint64_t now = room->now_ms;
    if (l->join_due_ms <= now) room_break(l, LK_OK, "no answer to our join");
    if (!link_good(l)) return;
    room_tick_assemblies(room, l);
    if (l->rejoin_at_ms <= now) room_tick_gap(room, l);
    if (l->tell_at_ms <= now) room_send_news(room, l);
    if (l->ack_due_ms <= now) room_send_again(room, l);
    if (l->push_at_ms <= now) room_send_missing(room, l);
}

static void room_tick_presence(lk_room *room) {
    if (presence_expire(&room->presence, room->now_ms))
        (void)outbox_notice(&room->out, LK_ROOM_PRESENCE);
    if (room->pass_at_ms <= room->now_ms) room_pass_presence(room);
    if (room->refresh_at_ms > room->now_ms) return;
    room->refresh_at_ms = UINT64_MAX;
    int64_t stamp_ms = (int64_t)room->now_ms + room->unix_offset_ms;
    if (!presence_refresh(&room->presence, stamp_ms, room->now_ms)) return;
    room->refresh_at_ms = room->now_ms + room_refresh_ms(room);
    if (room->sparse) {
        room_pass_presence(room);
        return;
    }
    room->scratch.len = 0;
    if (presence_encode(&room->presence, true, &room->scratch))
        room_send_presence(room, NULL, (lk_bytes){room->scratch.at, room->scratch.len});
}

/* Any of the links that can be joined anew; of those, one that signs if there is one. */
static link *room_choose(lk_room *room) {
    link *chosen = NULL;
    uint64_t count = 0;
    for (size_t i = 0; i < room->links.len; i++) {
        link *l = &room->links.at[i];
        if (!link_good(l) || !l->joined || !l->wanted || l->asked) continue;
        bool better = chosen == NULL || (l->signs && !chosen->signs);
        if (better) count = 1;
        if (better || (l->signs == chosen->signs && room_random(room) % ++count == 0)) chosen = l;
    }
    return chosen;
}

/* Somebody who can sign says in one envelope what is here in many; or somebody gives on that it was
 * told so. */
static void room_tick_whole(lk_room *room) {
    if (room->whole_at_ms > room->now_ms) return;
    room->whole_at_ms = UINT64_MAX;
    if (!keep_loose(&room->keep)) return;
    room->whole_at_ms = room->now_ms + ROOM_WHOLE_MS;
    link *l = room_choose(room);
    if (l != NULL) room_send_join_anew(room, l);
}

void lk_room_tick(lk_room *room, uint64_t now_ms) {
    room_time(room, now_ms);
    room_tick_whole(room);
    for (size_t i = 0; i < room->links.len; i++) room_tick_link(room, &room->links.at[i]);
    room_forward(room, room->now_ms);
    room_tick_presence(room);
    room_look(room);
}

static void room_sooner(uint64_t *at, uint64_t other) {
    if (other < *at) *at = other;
}

uint64_t lk_room_wake_at(const lk_room *room) {
    uint64_t at = presence_wake_at(&room->presence);
    room_sooner(&at, room->refresh_at_ms);
    room_sooner(&at, room->pass_at_ms);
    room_sooner(&at, room->whole_at_ms);
    for (size_t i = 0; i < room->arrivals.len; i++) room_sooner(&at, room->arrivals.at[i].due_ms);
    for (size_t i = 0; i < room->links.len; i++) {
        const link *l = &room->links.at[i];
        if (!link_good(l)) continue;
        room_sooner(&at, l->join_due_ms);
        room_sooner(&at, l->rejoin_at_ms);
        room_sooner(&at, l->tell_at_ms);
        room_sooner(&at, l->ack_due_ms);
        room_sooner(&at, l->push_at_ms);
        for (size_t k = 0; k < l->assemblies.len; k++) room_sooner(&at, l->assemblies.at[k].due_ms);
    }
    return at;
}

/* ---- out ---- */

static bool room_take_error(lk_room *room) {
    for (size_t i = 0; i < room->links.len; i++) {
        link *l = &room->links.at[i];
        if (link_good(l) || l->broken_told) continue;
        l->broken_told = true;
        room->view = (lk_room_out){.kind = LK_ROOM_ERROR, .link = l->id, .what = l->broken};
        return true;
    }
    return false;
}

static bool room_take_denied(lk_room *room) {
    for (size_t i = 0; i < room->links.len; i++) {
        link *l = &room->links.at[i];
        if (l->denials == 0 || l->denied_told) continue;
        l->denied_told = true;
        room->view = (lk_room_out){.kind = LK_ROOM_DENIED, .link = l->id};
        return true;
    }
    return false;
}

const lk_room_out *lk_room_poll(lk_room *room) {
    if (outbox_take(&room->out, &room->view) || room_take_error(room) || room_take_denied(room))
        return &room->view;
    bool moved = room->synced_told ? room->behind_since : room->synced;
    if (!moved) return NULL;
    room->synced_told = !room->synced_told;
    room->behind_since = !room->synced;
    room->view = (lk_room_out){.kind = room->synced_told ? LK_ROOM_SYNCED : LK_ROOM_BEHIND};
    return &room->view;
}

lk_room_stats lk_room_stats_read(const lk_room *room) {
    lk_room_stats stats = {.links = (uint32_t)room->links.len, .synced = room->synced};
    for (size_t i = 0; i < room->links.len; i++) {
        const link *l = &room->links.at[i];
        stats.joined += link_good(l) && l->joined && l->wanted;
        stats.absent += link_good(l) && l->absent;
        stats.unacked_bytes += l->unacked;
    }
    for (size_t i = 0; i < room->receipts.len; i++) stats.unstored += room->receipts.at[i].left;
    return stats;
}
