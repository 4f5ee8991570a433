/* SPDX-License-Identifier: MIT
 * rooms.c - members in rooms, and what is on its way to them.
 *
 *     rooms ─► buckets ─► room ─► room         a room of each name and kind: its store
 *                          │                   (room_store.h) outlives its last member for a while
 *                          ├► seat ─► backlog: what one member is still to be sent of it
 *                          └► acks: batches whose bytes are not safe yet
 *     member ─► seats, one in each room it joined; they take turns on its connection (lanes.h)
 *
 * All updates to a member go through its backlogs, which are emptied as fast as it reads; a member
 * that does not read is dropped, and gets what it lacks when it joins again. Answers to what a
 * member says go at once.
 *
 * Whoever founds a sealed room may do so with a word, which then everybody must know: what
 * strangers write could take the place of records that are good, and nobody here can tell. Who said
 * it may also show the others something that is not kept (%EPH), sealed likewise. */
#include "host/rooms.h"

#include <string.h>
#include <unistd.h>

#include "base/keyed_hash.h"
#include "base/limits.h"
#include "base/str.h"
#include "host/backlog.h"
#include "host/document.h"
#include "host/lanes.h"
#include "host/random.h"
#include "host/room_store.h"
#include "host/rooms_word.h"

#define ROOMS_BUCKETS 1024 /* a power of two */
/* How long a room without members stays open, so that who comes back finds it. */
#define ROOMS_LINGER_MS 10000
/* Given to the transport ahead of what it has sent. */
#define ROOMS_AHEAD (128u << 10)
/* What a member may show in sealed rooms, in bytes with a charge for each update: with 24
 * documents, four times a second a few hundred bytes in each of them; and how much of it waits for
 * who reads slowly. */
#define ROOMS_SHOWN_BYTES (1u << 20)
#define ROOMS_SHOWN_CHARGE 256
#define ROOMS_SHOWN_WINDOW_MS 10000
#define ROOMS_SHOWN_WAITING (16u << 10)

typedef struct rooms_room rooms_room;
typedef struct rooms_seat { /* a member in a room */
    rooms_member *member;
    rooms_room *room;
    uint32_t lane; /* its key, among those of the member */
    backlog backlog;
    size_t behind;  /* bytes of it, or more, that are news since the member joined */
    uint32_t asked; /* hash of the version that it joined with */
} rooms_seat;

typedef struct rooms_ack {
    uint64_t number, batch;
    rooms_seat *seat; /* NULL: it left */
} rooms_ack;

struct rooms_room {
    rooms *rooms;
    rooms_room *next;
    uint32_t hash;
    frame_crdt crdt;
    bool shows; /* it is the presence of a sealed room, for members of that */
    size_t name_len;
    char name[LIMIT_ROOM_ID_BYTES];
    room_store *store;
    lk_buf path;
    size_t bytes; /* of the store, as counted in the total */
    uint64_t last_number;
    uint64_t idle_ms; /* when it was first seen without members; UINT64_MAX: it has some */
    VEC(rooms_seat *) seats;
    VEC(rooms_ack) acks; /* by number */
};

typedef struct rooms_assembly { /* a batch arriving in fragments */
    rooms_room *room;
    uint64_t batch, due_ms;
    uint32_t count, next, total;
    lk_buf bytes;
} rooms_assembly;

struct rooms_member {
    rooms *rooms;
    void *conn;
    VEC(rooms_seat *) seats;
    lanes lanes; /* one for each seat whose backlog is not empty */
    uint32_t last_lane;
    VEC(rooms_assembly) assemblies;
    uint64_t joins_from_ms, shown_from_ms;
    uint32_t joins;
    size_t shown;
    bool closing;
};

struct rooms {
    rooms_options options;
    rooms_room *buckets[ROOMS_BUCKETS];
    VEC(rooms_member *) members;
    rooms_stats stats;
};

/* ---- sending ---- */

static frame rooms_frame(const rooms_room *room, frame_kind kind) {
    return (frame){.crdt = room->crdt, .kind = kind, .room = {room->name, room->name_len}};
}

static void rooms_send(rooms_member *m, const frame *f) {
    if (m->closing) return;
    lk_buf bytes = HEAP_BUF;
    LK_ASSERT(frame_encode(f, &bytes));
    m->rooms->options.send(m->conn, (lk_bytes){bytes.at, bytes.len});
    lk_buf_free(&bytes);
}

static void rooms_close(rooms_member *m) {
    if (m->closing) return;
    m->closing = true;
    m->rooms->options.close(m->conn);
}

/* Answers `f`, which may be about a room that is not here. */
static void rooms_answer(rooms_member *m, const frame *f, uint8_t status) {
    frame ack = {.crdt = f->crdt, .kind = FRAME_ACK, .room = f->room};
    ack.batch = f->batch, ack.code = status;
    rooms_send(m, &ack);
}

static void rooms_ack_room(rooms_member *m, const rooms_room *room, uint64_t batch,
                           uint8_t status) {
    frame ack = rooms_frame(room, FRAME_ACK);
    ack.batch = batch, ack.code = status;
    rooms_send(m, &ack);
}

static size_t rooms_message_max(const rooms *r) {
    return r->options.message_max != 0 ? r->options.message_max : LK_MESSAGE_MAX;
}

static rooms_seat *rooms_seat_of_lane(const rooms_member *m, uint32_t lane) {
    size_t at = 0;
    while (m->seats.at[at]->lane != lane) at++;
    return m->seats.at[at];
}

static void rooms_pump(rooms_member *m) {
    size_t max = rooms_message_max(m->rooms);
    lk_buf message = HEAP_BUF;
    while (!m->closing && !lanes_empty(&m->lanes) &&
           m->rooms->options.queued(m->conn) < ROOMS_AHEAD) {
        rooms_seat *seat = rooms_seat_of_lane(m, lanes_next(&m->lanes));
        message.len = 0;
        backlog_next(&seat->backlog, rooms_frame(seat->room, FRAME_UPDATE), max, &message);
        lanes_turn_over(&m->lanes, seat->lane, seat->backlog.bytes);
        m->rooms->options.send(m->conn, (lk_bytes){message.at, message.len});
    }
    lk_buf_free(&message);
}

/* Takes over the caller's hold of the update. */
static void rooms_push(rooms_seat *seat, backlog_item item) {
    lanes_add(&seat->member->lanes, seat->lane, item.update->len);
    backlog_push(&seat->backlog, item);
}

/* To everyone in the room but its author. */
static void rooms_tell(const rooms_seat *author, uint64_t batch, lk_bytes update) {
    const rooms_room *room = author->room;
    shared_bytes *shared = shared_bytes_new(update);
    for (size_t i = 0; i < room->seats.len; i++) {
        rooms_seat *seat = room->seats.at[i];
        rooms_member *m = seat->member;
        if (seat == author || m->closing) continue;
        if (room->shows && seat->backlog.bytes > ROOMS_SHOWN_WAITING) continue; /* it comes again */
        if (lanes_bytes(&m->lanes) > LIMIT_ROOMS_BACKLOG_BYTES) {
            rooms_close(m);
            continue;
        }
        seat->behind += update.len;
        rooms_push(seat, (backlog_item){.update = shared_bytes_hold(shared), .batch = batch});
        rooms_pump(m);
    }
    shared_bytes_drop(shared);
}

/* ---- rooms ---- */

static bool rooms_is(const rooms_room *room, const frame *f) {
    return room->crdt == f->crdt && str_equal((lk_str){room->name, room->name_len}, f->room);
}

static rooms_room **rooms_slot(rooms *r, const frame *f, bool shows, uint32_t hash) {
    rooms_room **at = &r->buckets[hash & (ROOMS_BUCKETS - 1)];
    while (*at != NULL && !((*at)->hash == hash && (*at)->shows == shows && rooms_is(*at, f)))
        at = &(*at)->next;
    return at;
}

static rooms_seat *rooms_find(const rooms_member *m, const frame *f) {
    for (size_t i = 0; i < m->seats.len; i++)
        if (rooms_is(m->seats.at[i]->room, f)) return m->seats.at[i];
    return NULL;
}

static void rooms_stored(void *context, uint64_t number) {
    rooms_room *room = context;
    size_t safe = 0;
    while (safe < room->acks.len && room->acks.at[safe].number <= number) {
        rooms_ack *ack = &room->acks.at[safe++];
        if (ack->seat != NULL) rooms_ack_room(ack->seat->member, room, ack->batch, ACK_OK);
    }
    room->acks.len -= safe;
    if (safe > 0 && room->acks.len > 0)
        memmove(room->acks.at, room->acks.at + safe, room->acks.len * sizeof room->acks.at[0]);
}

static void rooms_note(const rooms_room *room, const char *why) {
    lk_buf text = HEAP_BUF;
    heap_print(&text, "room %.*s: %s", (int)room->name_len, room->name, why);
    room->rooms->options.note(heap_str(&text));
    lk_buf_free(&text);
}

static void rooms_not_stored(void *context, const char *why) { rooms_note(context, why); }

static const char *rooms_kind(frame_crdt crdt) {
    return crdt == FRAME_ELO ? "sealed" : crdt == FRAME_LORO ? "db" : "entries";
}

/* Members of the one room that is kept may name any number of documents. */
static bool rooms_has_place(rooms_room *room) {
    const rooms_options *o = &room->rooms->options;
    if (o->only.len == 0 || room->name_len == o->only.len) return true;
    if (access(heap_str(&room->path), F_OK) == 0) return true;
    const char *kind = rooms_kind(room->crdt);
    return document_count(o->folder, o->only, kind, LIMIT_DOCUMENTS_KEPT) < LIMIT_DOCUMENTS_KEPT;
}

static bool rooms_open(rooms_room *room) {
    const rooms_options *o = &room->rooms->options;
    lk_buf why = HEAP_BUF;
    lk_str name = {room->name, room->name_len};
    bool kept = o->folder != NULL && !room->shows;
    if (kept) document_path(o->folder, name, rooms_kind(room->crdt), &room->path);
    if (kept && !rooms_has_place(room)) return false;
    room_store_options options = {.loop = o->loop,
                                  .crdt = room->crdt,
                                  .sealed = room->shows,
                                  .path = kept ? heap_str(&room->path) : NULL,
                                  .context = room,
                                  .stored = rooms_stored,
                                  .failed = rooms_not_stored};
    room->store = room_store_open(&options, &why);
    if (room->store == NULL) rooms_note(room, heap_str(&why));
    lk_buf_free(&why);
    return room->store != NULL;
}

static void rooms_room_free(rooms_room *room) {
    if (room->store != NULL) room_store_close(room->store);
    vec_drop(&heap_memory, &room->seats);
    vec_drop(&heap_memory, &room->acks);
    lk_buf_free(&room->path);
    heap_free(rooms_room, room);
}

static void rooms_count(rooms_room *room) {
    size_t bytes = room_store_bytes(room->store);
    room->rooms->stats.bytes += bytes - room->bytes;
    room->bytes = bytes;
}

/* The room of that name, opened if it is not; NULL if it cannot be. The presence of one that is
 * open has a place. */
static rooms_room *rooms_get(rooms *r, const frame *f, bool shows) {
    const uint64_t secret[] = {r->options.seed, f->crdt};
    uint32_t hash = keyed_hash(secret, f->room.at, f->room.len);
    rooms_room **slot = rooms_slot(r, f, shows, hash);
    if (*slot != NULL) return *slot;
    bool full = r->stats.rooms == LIMIT_ROOMS && !shows;
    if (full || r->stats.bytes > LIMIT_ROOMS_BYTES) return NULL;
    rooms_room *room = heap_new(rooms_room);
    room->rooms = r, room->hash = hash, room->crdt = f->crdt, room->name_len = f->room.len;
    room->shows = shows;
    room->path = (lk_buf)HEAP_BUF, room->idle_ms = UINT64_MAX;
    if (f->room.len > 0) memcpy(room->name, f->room.at, f->room.len);
    if (!rooms_open(room)) {
        rooms_room_free(room);
        return NULL;
    }
    rooms_count(room);
    r->stats.rooms += !shows;
    return *slot = room;
}

/* ---- members ---- */

rooms_member *rooms_enter(rooms *r, void *conn, uint64_t now_ms) {
    rooms_member *m = heap_new(rooms_member);
    m->rooms = r, m->conn = conn, m->joins_from_ms = now_ms;
    *vec_push(&heap_memory, &r->members) = m;
    r->stats.members++;
    return m;
}

static void rooms_drop_assembly(rooms_member *m, size_t at) {
    lk_buf_free(&m->assemblies.at[at].bytes);
    m->assemblies.len--;
    memmove(&m->assemblies.at[at], &m->assemblies.at[at + 1],
            (m->assemblies.len - at) * sizeof m->assemblies.at[0]);
}

/* Nothing of the room is on its way to the member any more. */
static void rooms_forget(rooms_seat *seat) {
    backlog_drop(&seat->backlog);
    seat->backlog = (backlog){0};
    lanes_forget(&seat->member->lanes, seat->lane);
}

/* And nothing from it. */
static void rooms_forget_assemblies(const rooms_seat *seat) {
    rooms_member *m = seat->member;
    for (size_t i = m->assemblies.len; i-- > 0;)
        if (m->assemblies.at[i].room == seat->room) rooms_drop_assembly(m, i);
}

static rooms_seat *rooms_sit(rooms_member *m, rooms_room *room) {
    rooms_seat *seat = heap_new(rooms_seat);
    *seat = (rooms_seat){.member = m, .room = room, .lane = ++m->last_lane};
    *vec_push(&heap_memory, &room->seats) = seat;
    *vec_push(&heap_memory, &m->seats) = seat;
    return seat;
}

/* The member's seat where those of that sealed room show something. */
static rooms_seat *rooms_shown_in(const rooms_seat *sealed) {
    frame shows = rooms_frame(sealed->room, FRAME_JOIN_REQUEST);
    shows.crdt = FRAME_EPHEMERAL;
    bool is_sealed = sealed->room->crdt == FRAME_ELO;
    rooms_seat *seat = is_sealed ? rooms_find(sealed->member, &shows) : NULL;
    return seat != NULL && seat->room->shows ? seat : NULL;
}

static void rooms_stand_up(rooms_seat *seat) {
    rooms_member *m = seat->member;
    rooms_room *room = seat->room;
    rooms_seat *shown = rooms_shown_in(seat);
    if (shown != NULL) rooms_stand_up(shown);
    rooms_forget(seat);
    rooms_forget_assemblies(seat);
    size_t at = 0;
    while (room->seats.at[at] != seat) at++;
    room->seats.at[at] = room->seats.at[--room->seats.len];
    for (at = 0; m->seats.at[at] != seat;) at++;
    m->seats.at[at] = m->seats.at[--m->seats.len];
    for (size_t i = 0; i < room->acks.len; i++)
        if (room->acks.at[i].seat == seat) room->acks.at[i].seat = NULL;
    heap_free(rooms_seat, seat);
}

void rooms_leave(rooms_member *m) {
    rooms *r = m->rooms;
    m->closing = true;
    while (m->seats.len > 0) rooms_stand_up(m->seats.at[0]);
    size_t at = 0;
    while (r->members.at[at] != m) at++;
    r->members.at[at] = r->members.at[--r->members.len];
    r->stats.members--;
    vec_drop(&heap_memory, &m->seats);
    lanes_drop(&m->lanes);
    vec_drop(&heap_memory, &m->assemblies);
    heap_free(rooms_member, m);
}

/* ---- joins ---- */

static void rooms_refuse(rooms_member *m, const frame *f, uint8_t code, const char *app_code,
                         const char *message) {
    frame error = {.crdt = f->crdt, .kind = FRAME_JOIN_ERROR, .room = f->room, .code = code};
    error.message = (lk_str){message, strlen(message)};
    error.app_code = (lk_str){app_code, strlen(app_code)};
    rooms_send(m, &error);
}

static bool rooms_join_allowed(rooms_member *m, uint64_t now_ms) {
    if (now_ms - m->joins_from_ms >= LIMIT_JOINS_WINDOW_MS) m->joins_from_ms = now_ms, m->joins = 0;
    return ++m->joins <= LIMIT_JOINS;
}

static bool rooms_offered(const rooms *r, const frame *f) {
    lk_str only = r->options.only;
    bool named = only.len == 0 || document_is_of(f->room, only);
    bool plain =
        f->crdt == FRAME_LORO || f->crdt == FRAME_EPHEMERAL || f->crdt == FRAME_EPHEMERAL_STORED;
    return named && (f->crdt == FRAME_ELO || (plain && r->options.plain));
}

/* Is it about the presence of a sealed room that the member is in, and knows the word of? */
static bool rooms_may_show(const rooms_member *m, const frame *f) {
    if (f->crdt != FRAME_EPHEMERAL) return false;
    frame sealed = *f;
    sealed.crdt = FRAME_ELO;
    const rooms_seat *seat = rooms_find(m, &sealed);
    return seat != NULL && room_store_word_is(seat->room->store, rooms_word_of(f->payload));
}

/* The member's seat in the room; NULL, and it was told why, if it may not come in. */
static rooms_seat *rooms_admit(rooms_member *m, const frame *f) {
    rooms_seat *seat = rooms_find(m, f);
    if (seat != NULL) return seat;
    bool shows = rooms_may_show(m, f);
    if (!shows && !rooms_offered(m->rooms, f)) {
        rooms_refuse(m, f, JOIN_APP_ERROR, "not_here", "there is no such room here");
        return NULL;
    }
    rooms_room *room = rooms_get(m->rooms, f, shows);
    if (room == NULL || room->seats.len == LIMIT_ROOM_MEMBERS ||
        m->seats.len == LIMIT_ROOMS_JOINED) {
        rooms_refuse(m, f, JOIN_APP_ERROR, "too_many", "no room is left");
        return NULL;
    }
    if (!room_store_admits(room->store, rooms_word_of(f->payload))) {
        rooms_refuse(m, f, JOIN_AUTH_FAILED, "", "this room has another key");
        return NULL;
    }
    return rooms_sit(m, room);
}

/* Is what the member lacked when it joined still on its way? */
static bool rooms_filling(const rooms_seat *seat) { return seat->backlog.bytes > seat->behind; }

/* Put what the member lacks into its backlog, in place of what it was sent so far. Who asks for the
 * same again meanwhile, as what came waits for what did not, gets the rest: where all of it takes
 * longer than anybody's patience, beginning anew each time would have no end. */
static bool rooms_fill(rooms_seat *seat, lk_bytes version) {
    const rooms_room *room = seat->room;
    const uint64_t secret[] = {room->rooms->options.seed, 0};
    uint32_t asked = keyed_hash(secret, version.at, version.len);
    if (rooms_filling(seat) && seat->asked == asked) return true;
    shared_bytes_list missing = {0};
    int64_t unix_ms = room->rooms->options.unix_ms();
    if (room_store_missing(room->store, version, unix_ms, &missing) != LK_OK) return false;
    rooms_forget(seat);
    bool records = room->crdt == FRAME_ELO;
    for (size_t i = 0; i < missing.len; i++)
        rooms_push(seat, (backlog_item){missing.at[i], records ? 0 : random_u64(), records});
    vec_drop(&heap_memory, &missing);
    seat->asked = asked, seat->behind = 0;
    return true;
}

static void rooms_join(rooms_member *m, const frame *f, uint64_t now_ms) {
    if (!rooms_join_allowed(m, now_ms)) {
        rooms_close(m);
        return;
    }
    rooms_seat *seat = rooms_admit(m, f);
    if (seat == NULL) return;
    const rooms_room *room = seat->room;
    lk_buf version = HEAP_BUF;
    room_store_version(room->store, &version);
    frame ok = rooms_frame(room, FRAME_JOIN_OK);
    ok.may_write = true, ok.version = (lk_bytes){version.at, version.len};
    if (rooms_fill(seat, f->version)) {
        rooms_send(m, &ok);
        rooms_pump(m);
    } else {
        ok.kind = FRAME_JOIN_ERROR, ok.code = JOIN_VERSION_UNKNOWN;
        ok.message = (lk_str){"version is damaged", 18};
        rooms_send(m, &ok);
        rooms_stand_up(seat);
    }
    lk_buf_free(&version);
}

/* ---- updates ---- */

static uint8_t rooms_status(lk_status status) {
    return status == LK_ELIMIT ? ACK_PAYLOAD_TOO_LARGE : ACK_INVALID_UPDATE;
}

/* Take one update in, and pass it on. */
static lk_status rooms_update(rooms_seat *seat, uint64_t batch, lk_bytes update) {
    rooms_room *room = seat->room;
    rooms *r = room->rooms;
    bool news;
    if (r->stats.bytes + update.len > LIMIT_ROOMS_BYTES) return LK_ELIMIT;
    lk_status status =
        room_store_take(room->store, update, ++room->last_number, r->options.unix_ms(), &news);
    rooms_count(room);
    if (status == LK_OK && news) rooms_tell(seat, batch, update);
    return status;
}

/* One update, or (`update` NULL) those of a list: acknowledged when the last of them is safe. */
static void rooms_batch(rooms_seat *seat, uint64_t batch, const lk_bytes *update, lk_bytes list) {
    rooms_room *room = seat->room;
    lk_bytes one;
    lk_status status = LK_OK;
    bool more = update != NULL || frame_next_update(&list, &one);
    if (!more) rooms_ack_room(seat->member, room, batch, ACK_OK);
    if (update != NULL) one = *update;
    while (more) {
        lk_bytes now = one;
        more = update == NULL && frame_next_update(&list, &one);
        if (!more)
            *vec_push(&heap_memory, &room->acks) = (rooms_ack){room->last_number + 1, batch, seat};
        status = rooms_update(seat, batch, now);
        if (status != LK_OK) break;
    }
    if (status == LK_OK) return;
    if (!more) room->acks.len--;
    rooms_ack_room(seat->member, room, batch, rooms_status(status));
}

/* What is shown is short, and soon shown again. True: it may be taken. */
static bool rooms_check_shown(rooms_member *m, const frame *f, size_t len, uint64_t now_ms) {
    if (now_ms - m->shown_from_ms >= ROOMS_SHOWN_WINDOW_MS) m->shown_from_ms = now_ms, m->shown = 0;
    if (f->kind != FRAME_UPDATE) return f->kind == FRAME_LEAVE;
    m->shown += len + (size_t)f->count * ROOMS_SHOWN_CHARGE;
    if (m->shown <= ROOMS_SHOWN_BYTES) return true;
    rooms_answer(m, f, ACK_RATE_LIMITED);
    return false;
}

/* ---- fragments: the transport keeps order, so they come one after the other ---- */

static size_t rooms_announced(const rooms_member *m) {
    size_t total = 0;
    for (size_t i = 0; i < m->assemblies.len; i++) total += m->assemblies.at[i].total;
    return total;
}

static size_t rooms_assembly_at(const rooms_member *m, const rooms_room *room, uint64_t batch) {
    size_t at = 0;
    while (at < m->assemblies.len &&
           !(m->assemblies.at[at].room == room && m->assemblies.at[at].batch == batch))
        at++;
    return at;
}

static void rooms_header(const rooms_seat *seat, const frame *f, uint64_t now_ms) {
    rooms_member *m = seat->member;
    size_t old = rooms_assembly_at(m, seat->room, f->batch);
    if (old < m->assemblies.len) rooms_drop_assembly(m, old);
    if (m->assemblies.len >= LIMIT_FRAGMENT_BATCHES || f->count == 0 || f->count > f->total ||
        rooms_announced(m) + f->total > LIMIT_ROOMS_ASSEMBLY_BYTES) {
        rooms_answer(m, f, ACK_PAYLOAD_TOO_LARGE);
        return;
    }
    *vec_push(&heap_memory, &m->assemblies) =
        (rooms_assembly){.room = seat->room,
                         .batch = f->batch,
                         .due_ms = now_ms + LIMIT_FRAGMENT_TIMEOUT_MS,
                         .count = f->count,
                         .total = f->total,
                         .bytes = HEAP_BUF};
}

static void rooms_fragment(rooms_seat *seat, const frame *f, uint64_t now_ms) {
    rooms_member *m = seat->member;
    size_t at = rooms_assembly_at(m, seat->room, f->batch);
    if (at == m->assemblies.len) return; /* given up, or refused, and told so */
    rooms_assembly *a = &m->assemblies.at[at];
    bool last = a->next + 1 == a->count;
    size_t len = a->bytes.len + f->payload.len;
    if (f->index != a->next || len > a->total || (last && len != a->total)) {
        rooms_drop_assembly(m, at);
        rooms_answer(m, f, ACK_FRAGMENT_TIMEOUT);
        return;
    }
    buf_append(&a->bytes, f->payload.at, f->payload.len);
    a->next++, a->due_ms = now_ms + LIMIT_FRAGMENT_TIMEOUT_MS;
    if (!last) return;
    lk_buf whole = a->bytes;
    a->bytes = (lk_buf)HEAP_BUF;
    rooms_drop_assembly(m, at);
    lk_bytes update = {whole.at, whole.len};
    rooms_batch(seat, f->batch, &update, (lk_bytes){0});
    lk_buf_free(&whole);
}

/* ---- what comes in ---- */

void rooms_feed(rooms_member *m, lk_bytes message, uint64_t now_ms) {
    frame f;
    if (m->closing) return;
    if (frame_decode(message, &f, NULL) != LK_OK) {
        rooms_close(m);
        return;
    }
    if (f.kind == FRAME_JOIN_REQUEST) {
        rooms_join(m, &f, now_ms);
        return;
    }
    rooms_seat *seat = rooms_find(m, &f);
    if (seat == NULL) {
        if (f.kind == FRAME_UPDATE || f.kind == FRAME_FRAGMENT_HEADER)
            rooms_answer(m, &f, ACK_PERMISSION_DENIED);
        return;
    }
    if (seat->room->shows && !rooms_check_shown(m, &f, message.len, now_ms)) return;
    switch (f.kind) {
    case FRAME_UPDATE: rooms_batch(seat, f.batch, NULL, f.list); return;
    case FRAME_FRAGMENT_HEADER: rooms_header(seat, &f, now_ms); return;
    case FRAME_FRAGMENT: rooms_fragment(seat, &f, now_ms); return;
    case FRAME_LEAVE:
    case FRAME_JOIN_ERROR: rooms_stand_up(seat); return;
    default: return; /* what clients could not use: they ask again by joining */
    }
}

void rooms_drained(rooms_member *m) { rooms_pump(m); }

/* ---- time, beginning and end ---- */

static void rooms_tick_member(rooms_member *m, uint64_t now_ms) {
    for (size_t i = m->assemblies.len; i-- > 0;) {
        rooms_assembly *a = &m->assemblies.at[i];
        if (now_ms < a->due_ms) continue;
        rooms_ack_room(m, a->room, a->batch, ACK_FRAGMENT_TIMEOUT);
        rooms_drop_assembly(m, i);
    }
}

static void rooms_sweep(rooms *r, uint64_t now_ms, bool all) {
    for (size_t i = 0; i < ROOMS_BUCKETS; i++) {
        rooms_room **at = &r->buckets[i];
        while (*at != NULL) {
            rooms_room *room = *at;
            if (room->seats.len > 0)
                room->idle_ms = UINT64_MAX;
            else if (room->idle_ms == UINT64_MAX)
                room->idle_ms = now_ms;
            bool over = room->idle_ms != UINT64_MAX && !room_store_busy(room->store) &&
                        now_ms - room->idle_ms >= ROOMS_LINGER_MS;
            if (!all && !over) {
                at = &room->next;
                continue;
            }
            *at = room->next;
            r->stats.rooms -= !room->shows, r->stats.bytes -= room->bytes;
            rooms_room_free(room);
        }
    }
}

void rooms_tick(rooms *r, uint64_t now_ms) {
    for (size_t i = 0; i < r->members.len; i++) rooms_tick_member(r->members.at[i], now_ms);
    rooms_sweep(r, now_ms, false);
}

rooms *rooms_new(const rooms_options *options) {
    rooms *r = heap_new(rooms);
    r->options = *options;
    return r;
}

void rooms_free(rooms *r) {
    LK_ASSERT(r->stats.members == 0);
    rooms_sweep(r, 0, true);
    vec_drop(&heap_memory, &r->members);
    heap_free(rooms, r);
}

rooms_stats rooms_stats_read(const rooms *r) { return r->stats; }
