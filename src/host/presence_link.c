/* SPDX-License-Identifier: MIT
 * presence_link.c - entries, sealed and opened.
 *
 *     entry of the room            key | value | stamp        who, and where they are
 *     entry of who keeps it        name | iv, box | stamp     the box: AES-256-GCM of an update
 * with that entry, bound to NAME/STAMP
 *
 * The name is made of the key and of a secret of this link: it is the same for what takes another's
 * place, and says nothing of who was here before. */
#include "host/presence_link.h"

#include <string.h>

#include "host/base64url.h"
#include "host/heap.h"
#include "host/random.h"

/* Changes go out so far apart, and as on channels in a sparse room. */
#define PRESENCE_LINK_EVERY_MS 250
/* An entry that is larger stays here; and what is more than so much goes in another update. */
#define PRESENCE_LINK_ENTRY (8u << 10)
#define PRESENCE_LINK_UPDATE (2u << 10)
#define PRESENCE_LINK_SEALED 100 /* bytes that sealing adds to one, at most */
#define PRESENCE_LINK_NAME 12    /* bytes, before they are text */
/* Clocks may differ by this. What is older may be said again by who kept it. */
#define PRESENCE_LINK_AGE_MS 300000

void presence_link_init(presence_link *p, const uint8_t key[SEAL_KEY], lk_str room) {
    *p = (presence_link){.due_ms = UINT64_MAX};
    p->showing.heap = &heap_memory;
    random_bytes(p->secret, sizeof p->secret);
    seal_derive(key, "lorikeet presence 1", room, p->key);
}

void presence_link_drop(presence_link *p) { presence_drop(&p->showing); }

/* What a box is bound to. */
static lk_buf presence_link_header(lk_str name, int64_t stamp_ms) {
    lk_buf header = HEAP_BUF;
    heap_print(&header, "%.*s/%lld", (int)name.len, name.at, (long long)stamp_ms);
    return header;
}

/* ---- out ---- */

void presence_link_show(presence_link *p, lk_bytes update) {
    bool changed;
    /* Too many at once: they are shown again. */
    (void)presence_apply(&p->showing, update, 0, 0, &changed, NULL);
    if (p->due_ms == UINT64_MAX) p->due_ms = p->shown_ms + PRESENCE_LINK_EVERY_MS;
}

static lk_buf presence_link_name(const presence_link *p, const presence_entry *e) {
    uint8_t hash[SEAL_KEY];
    lk_buf said = HEAP_BUF, name = HEAP_BUF;
    buf_append(&said, p->secret, sizeof p->secret);
    buf_append(&said, e->bytes, e->key_len);
    seal_hash((lk_bytes){said.at, said.len}, hash);
    base64url_write(&name, (lk_bytes){hash, PRESENCE_LINK_NAME});
    lk_buf_free(&said);
    return name;
}

static void presence_link_seal_entry(const presence_link *p, const presence_entry *e,
                                     presence *to) {
    lk_buf plain = HEAP_BUF, value = HEAP_BUF, update = HEAP_BUF, text = presence_link_name(p, e);
    lk_str name = {(const char *)text.at, text.len};
    lk_buf header = presence_link_header(name, p->stamp_ms);
    uint8_t iv[SEAL_IV];
    LK_ASSERT(presence_encode_some(&p->showing, &e, 1, &plain));
    random_bytes(iv, sizeof iv);
    buf_append(&value, iv, sizeof iv);
    seal_box_close(p->key, iv, (lk_bytes){header.at, header.len}, (lk_bytes){plain.at, plain.len},
                   &value);
    lk_value box = {.type = LK_BINARY, .len = (uint32_t)value.len, .as.bytes = value.at};
    LK_ASSERT(presence_set(to, name, &box, p->stamp_ms, 0, &update) == LK_OK);
    lk_buf_free(&plain);
    lk_buf_free(&value);
    lk_buf_free(&update);
    lk_buf_free(&text);
    lk_buf_free(&header);
}

static void presence_link_begin(presence_link *p, uint64_t now_ms, int64_t unix_ms) {
    p->due_ms = UINT64_MAX, p->shown_ms = now_ms;
    p->stamp_ms = unix_ms > p->stamp_ms ? unix_ms : p->stamp_ms + 1;
}

bool presence_link_seal(presence_link *p, uint64_t now_ms, int64_t unix_ms, lk_buf *out) {
    presence some = {.heap = &heap_memory};
    size_t bytes = 0;
    if (p->sealed == 0) presence_link_begin(p, now_ms, unix_ms);
    while (p->sealed < p->showing.entries.len && bytes < PRESENCE_LINK_UPDATE) {
        const presence_entry *e = &p->showing.entries.at[p->sealed++];
        size_t len = e->key_len + e->value_len;
        if (len > PRESENCE_LINK_ENTRY) continue;
        presence_link_seal_entry(p, e, &some);
        bytes += len + PRESENCE_LINK_SEALED;
    }
    bool any = some.entries.len > 0;
    if (any) LK_ASSERT(presence_encode(&some, true, out));
    presence_drop(&some);
    if (any) return true;
    presence_drop(&p->showing);
    p->sealed = 0;
    return false;
}

/* ---- in ---- */

static void presence_link_open_entry(const presence_link *p, const presence_entry *e, lk_bytes box,
                                     presence *to) {
    lk_buf plain = HEAP_BUF;
    lk_buf header = presence_link_header((lk_str){(const char *)e->bytes, e->key_len}, e->stamp_ms);
    lk_bytes sealed = {box.at + SEAL_IV, box.len - SEAL_IV};
    bool changed;
    if (seal_box_open(p->key, box.at, (lk_bytes){header.at, header.len}, sealed, &plain))
        (void)presence_apply(to, (lk_bytes){plain.at, plain.len}, 0, 0, &changed, NULL);
    lk_buf_free(&plain);
    lk_buf_free(&header);
}

void presence_link_open(const presence_link *p, lk_bytes update, int64_t unix_ms, lk_buf *out) {
    presence sealed = {.heap = &heap_memory}, opened = {.heap = &heap_memory};
    arena scratch;
    bool changed;
    arena_init(&scratch, &heap_memory);
    (void)presence_apply(&sealed, update, 0, 0, &changed, NULL);
    for (size_t i = 0; i < sealed.entries.len; i++) {
        const presence_entry *e = &sealed.entries.at[i];
        bool now = e->stamp_ms >= unix_ms - PRESENCE_LINK_AGE_MS &&
                   e->stamp_ms <= unix_ms + PRESENCE_LINK_AGE_MS;
        if (!now || e->value_len == 0) continue;
        const lk_value *value = presence_value(e, &scratch);
        if (value->type == LK_BINARY && value->len >= SEAL_IV)
            presence_link_open_entry(p, e, (lk_bytes){value->as.bytes, value->len}, &opened);
    }
    if (opened.entries.len > 0) LK_ASSERT(presence_encode(&opened, false, out));
    presence_drop(&sealed);
    presence_drop(&opened);
    arena_drop(&scratch);
}
