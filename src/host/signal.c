/* SPDX-License-Identifier: MIT
 * signal.c - rooms and their members.
 *
 *     hub ─► buckets ─► room ─► room          a room exists while it has members;
 *                        │                    members of the two dialects have rooms of their own
 *                        └► member, member    even under the same name
 *
 * A member is in at most one room. The hub keeps nothing of what is said. */
#include "host/signal.h"

#include <string.h>

#include "base/keyed_hash.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/utf8.h"
#include "host/address.h"
#include "host/allowance.h"
#include "host/base64url.h"
#include "host/heap.h"
#include "host/signal_message.h"
#include "host/turn_secret.h"

#define SIGNAL_BUCKETS 1024 /* a power of two */

typedef struct signal_room signal_room;
struct signal_room {
    signal_room *next;
    uint32_t hash;
    bool plain;
    uint32_t name_len;
    char name[LIMIT_ROOM_ID_BYTES];
    VEC(signal_member *) members;
};

struct signal_member {
    signal_hub *hub;
    void *conn;
    signal_room *room; /* NULL: in none */
    char peer[SIGNAL_PEER_LEN];
    allowance allowance; /* what it may still say */
    bool closing;
};

struct signal_hub {
    signal_options options;
    lk_buf ice; /* the JSON array for the welcome, still open */
    signal_room *buckets[SIGNAL_BUCKETS];
    signal_stats stats;
};

/* ---- the hub ---- */

/* Append {"urls":"SCHEME:SERVER", open, after a comma if it is not the first. */
static void signal_write_server(lk_buf *out, const char *scheme, lk_str server, const char *query) {
    lk_buf url = HEAP_BUF;
    heap_print(&url, "%s%.*s%s", scheme, (int)server.len, server.at, query);
    heap_print(out, out->at[out->len - 1] == '[' ? "{" : ",{");
    signal_write_str(out, "urls", (lk_str){(const char *)url.at, url.len});
    lk_buf_free(&url);
}

/* The relays, with credentials for one peer: what is no URL is told as one over UDP and one over
 * TCP. */
static void signal_write_relays(const signal_hub *hub, lk_str peer, lk_buf *out) {
    static const char *const queries[] = {"?transport=udp", "?transport=tcp"};
    const signal_options *o = &hub->options;
    lk_buf username = HEAP_BUF, password = HEAP_BUF;
    if (o->turn_len > 0) turn_secret_mint(o->turn_secret, peer, o->unix_s(), &username, &password);
    for (size_t i = 0; i < 2 * o->turn_len; i++) {
        lk_str server = o->turn[i / 2];
        address plain;
        bool url = !address_read(server, 3478, &plain); /* a host may be called "turn" */
        if (url && i % 2 == 1) continue;
        signal_write_server(out, url ? "" : "turn:", server, url ? "" : queries[i % 2]);
        signal_write_str(out, "username", (lk_str){(const char *)username.at, username.len});
        signal_write_str(out, "credential", (lk_str){(const char *)password.at, password.len});
        heap_print(out, "}");
    }
    lk_buf_free(&username);
    lk_buf_free(&password);
}

signal_hub *signal_hub_new(const signal_options *options) {
    signal_hub *hub = heap_new(signal_hub);
    hub->options = *options;
    hub->ice = (lk_buf)HEAP_BUF;
    heap_print(&hub->ice, "[");
    for (size_t i = 0; i < options->stun_len; i++) {
        signal_write_server(&hub->ice, "stun:", options->stun[i], "");
        heap_print(&hub->ice, "}");
    }
    hub->options.stun = NULL;
    return hub;
}

void signal_hub_free(signal_hub *hub) {
    LK_ASSERT(hub->stats.members == 0 && hub->stats.rooms == 0);
    lk_buf_free(&hub->ice);
    heap_free(signal_hub, hub);
}

signal_stats signal_stats_read(const signal_hub *hub) { return hub->stats; }

/* ---- rooms ---- */

static signal_room **signal_room_slot(signal_hub *hub, lk_str name, bool plain, uint32_t hash) {
    signal_room **at = &hub->buckets[hash & (SIGNAL_BUCKETS - 1)];
    while (*at != NULL &&
           !((*at)->hash == hash && (*at)->plain == plain && (*at)->name_len == name.len &&
             memcmp((*at)->name, name.at, name.len) == 0))
        at = &(*at)->next;
    return at;
}

/* The room of that name, made if there is none; NULL when there are too many. */
static signal_room *signal_room_get(signal_hub *hub, lk_str name, bool plain) {
    const uint64_t secret[] = {hub->options.seed, 0};
    uint32_t hash = keyed_hash(secret, name.at, name.len);
    signal_room **slot = signal_room_slot(hub, name, plain, hash);
    if (*slot != NULL) return *slot;
    if (hub->stats.rooms == LIMIT_SIGNAL_ROOMS) return NULL;
    signal_room *room = heap_new(signal_room);
    room->hash = hash, room->plain = plain, room->name_len = (uint32_t)name.len;
    memcpy(room->name, name.at, name.len);
    hub->stats.rooms++;
    return *slot = room;
}

static void signal_room_drop(signal_hub *hub, signal_room *room) {
    *signal_room_slot(hub, (lk_str){room->name, room->name_len}, room->plain, room->hash) =
        room->next;
    vec_drop(&heap_memory, &room->members);
    heap_free(signal_room, room);
    hub->stats.rooms--;
}

static signal_member *signal_room_find(const signal_room *room, lk_str peer) {
    if (peer.len != SIGNAL_PEER_LEN) return NULL;
    for (size_t i = 0; i < room->members.len; i++)
        if (memcmp(room->members.at[i]->peer, peer.at, SIGNAL_PEER_LEN) == 0)
            return room->members.at[i];
    return NULL;
}

static void signal_room_add(signal_room *room, signal_member *member) {
    *vec_push(&heap_memory, &room->members) = member;
    member->room = room;
}

/* ---- saying things ---- */

static void signal_send(signal_member *to, const lk_buf *text) {
    if (!to->closing) to->hub->options.send(to->conn, (lk_bytes){text->at, text->len});
}

static void signal_error(signal_member *member, const char *code, const char *message) {
    lk_buf out = HEAP_BUF;
    heap_print(&out, "{\"type\":\"error\",\"code\":\"%s\",\"message\":\"%s\"}", code, message);
    signal_send(member, &out);
    lk_buf_free(&out);
}

/* Tell the others in its room that `member` came or went. */
static void signal_announce(const signal_member *member, const char *type) {
    lk_buf out = HEAP_BUF;
    heap_print(&out, "{\"type\":\"%s\",\"peer\":\"%.*s\"}", type, SIGNAL_PEER_LEN, member->peer);
    for (size_t i = 0; i < member->room->members.len; i++)
        if (member->room->members.at[i] != member) signal_send(member->room->members.at[i], &out);
    lk_buf_free(&out);
}

static void signal_welcome(signal_member *member) {
    lk_buf out = HEAP_BUF;
    heap_print(&out, "{\"type\":\"welcome\",\"peer\":\"%.*s\",\"peers\":[", SIGNAL_PEER_LEN,
               member->peer);
    const signal_room *room = member->room;
    for (size_t i = 0; i + 1 < room->members.len; i++)
        heap_print(&out, "%s\"%.*s\"", i == 0 ? "" : ",", SIGNAL_PEER_LEN,
                   room->members.at[i]->peer);
    heap_print(&out, "],\"ice\":%s", heap_str(&member->hub->ice));
    signal_write_relays(member->hub, (lk_str){member->peer, SIGNAL_PEER_LEN}, &out);
    heap_print(&out, "]}");
    signal_send(member, &out);
    lk_buf_free(&out);
}

/* ---- entering and leaving ---- */

signal_member *signal_enter(signal_hub *hub, void *conn, uint64_t now_ms) {
    signal_member *member = heap_new(signal_member);
    member->hub = hub, member->conn = conn;
    member->allowance = allowance_new(now_ms);
    hub->stats.members++;
    return member;
}

static void signal_room_leave(signal_member *member) {
    signal_room *room = member->room;
    if (room == NULL) return;
    if (!room->plain) signal_announce(member, "peer-left");
    size_t at = 0;
    while (room->members.at[at] != member) at++;
    room->members.len--;
    memmove(&room->members.at[at], &room->members.at[at + 1],
            (room->members.len - at) * sizeof room->members.at[0]);
    member->room = NULL;
    if (room->members.len == 0) signal_room_drop(member->hub, room);
}

void signal_leave(signal_member *member) {
    signal_room_leave(member);
    member->hub->stats.members--;
    heap_free(signal_member, member);
}

/* Charge `cost`, and end a connection that says more than it may. */
static bool signal_charge(signal_member *member, uint64_t cost, uint64_t now_ms) {
    if (allowance_take(&member->allowance, cost, now_ms)) return true;
    signal_error(member, "too-many", "you say too much; the connection ends");
    member->closing = true;
    member->hub->options.close(member->conn);
    return false;
}

/* ---- our dialect ---- */

static void signal_join(signal_member *member, const signal_message *m) {
    if (member->room != NULL) {
        signal_error(member, "bad-message", "this connection is in a room already");
    } else if (m->v != 1) {
        signal_error(member, "bad-message", "this server speaks version 1 only");
    } else if (m->room.len == 0 || m->room.len > LIMIT_ROOM_ID_BYTES || !base64url_is(m->room)) {
        signal_error(member, "bad-room", "a room is 1 to 128 characters of A-Z a-z 0-9 - _");
    } else if (m->peer.len != SIGNAL_PEER_LEN || !base64url_is(m->peer)) {
        signal_error(member, "bad-peer", "a peer is 22 characters of A-Z a-z 0-9 - _");
    } else {
        signal_room *room = signal_room_get(member->hub, m->room, false);
        if (room == NULL) {
            signal_error(member, "too-many", "the server holds no more rooms");
        } else if (room->members.len == LIMIT_SIGNAL_MEMBERS) {
            signal_error(member, "too-many", "the room is full");
        } else if (signal_room_find(room, m->peer) != NULL) {
            signal_error(member, "peer-taken", "another member of the room has that name");
        } else {
            memcpy(member->peer, m->peer.at, SIGNAL_PEER_LEN);
            signal_room_add(room, member);
            signal_welcome(member);
            signal_announce(member, "peer-joined");
        }
    }
}

static void signal_relay(signal_member *member, const signal_message *m) {
    if (member->room == NULL) {
        signal_error(member, "not-joined", "join a room first");
        return;
    }
    signal_member *to = signal_room_find(member->room, m->to);
    if (m->data == NULL) {
        signal_error(member, "bad-message", "a signal needs data");
    } else if (to == NULL || to == member) {
        signal_error(member, "no-such-peer", "nobody of that name is in the room");
    } else {
        lk_buf out = HEAP_BUF;
        heap_print(&out, "{\"type\":\"signal\",\"from\":\"%.*s\"", SIGNAL_PEER_LEN, member->peer);
        signal_write_data(&out, "data", m->data);
        heap_print(&out, "}");
        signal_send(to, &out);
        lk_buf_free(&out);
    }
}

/* ---- the plain dialect ---- */

static bool signal_plain_enter(signal_member *member, lk_str name) {
    signal_room *room = member->room;
    if (room != NULL && room->name_len == name.len && memcmp(room->name, name.at, name.len) == 0)
        return true;
    room = signal_room_get(member->hub, name, true);
    if (room == NULL || room->members.len == LIMIT_SIGNAL_PLAIN) {
        signal_error(member, "too-many", "the room is full");
        return false;
    }
    /* A page that turns to another room leaves the one it was in. */
    signal_room_leave(member);
    signal_room_add(room, member);
    return true;
}

static void signal_plain(signal_member *member, const signal_message *m, lk_bytes message,
                         uint64_t now_ms) {
    if (member->room != NULL && !member->room->plain) {
        signal_error(member, "bad-message", "a message without a type from a member with a name");
        return;
    }
    if (m->room_id.len == 0 || m->room_id.len > LIMIT_ROOM_ID_BYTES) {
        signal_error(member, "bad-room", "roomId is a string of 1 to 128 bytes");
        return;
    }
    if (!signal_plain_enter(member, m->room_id) || m->bare) return;
    const signal_room *room = member->room;
    if (!signal_charge(member, message.len * (room->members.len - 1), now_ms)) return;
    lk_buf text = {.at = (uint8_t *)(uintptr_t)message.at, .len = message.len};
    for (size_t i = 0; i < room->members.len; i++)
        if (room->members.at[i] != member) signal_send(room->members.at[i], &text);
}

/* ---- what comes in ---- */

static void signal_text(signal_member *member, lk_bytes text, uint64_t now_ms) {
    if (text.len == 4 && memcmp(text.at, "ping", 4) == 0) {
        member->hub->options.send(member->conn, (lk_bytes){(const uint8_t *)"pong", 4});
        return;
    }
    signal_message m;
    const char *why = NULL;
    if (!signal_message_read(text, &m, &why)) {
        signal_error(member, "bad-message", why);
        return;
    }
    if (m.plain)
        signal_plain(member, &m, text, now_ms);
    else if (member->room != NULL && member->room->plain)
        signal_error(member, "bad-message", "a message with a type from a member without a name");
    else if (str_is(m.type, "join"))
        signal_join(member, &m);
    else if (str_is(m.type, "signal"))
        signal_relay(member, &m);
    else
        signal_error(member, "bad-message", "no such type of message");
    signal_message_drop(&m);
}

void signal_feed(signal_member *member, signal_feed_kind kind, lk_bytes message, uint64_t now_ms) {
    if (member->closing) return;
    if (!signal_charge(member, message.len + LIMIT_SIGNAL_MESSAGE_CHARGE, now_ms)) return;
    if (kind == SIGNAL_HUGE || message.len > LIMIT_SIGNAL_MESSAGE_BYTES)
        signal_error(member, "too-large", "a message is at most 65536 bytes");
    else if (kind == SIGNAL_BINARY)
        signal_error(member, "bad-message", "a message is text");
    else
        signal_text(member, message, now_ms);
}
