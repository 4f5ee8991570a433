/* SPDX-License-Identifier: MIT
 * presence.c - an ephemeral store. Values stay in their encoded form, checked once when they come
 * in: they are mostly passed on, and printing walks them. */
#include "room/presence.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

/* EphemeralStore's default time-out. */
#define PRESENCE_LIFE_MS 30000u
/* A link that broke is usually back within this; else the user it brought has left. */
#define PRESENCE_GRACE_MS 3000u
/* The last moment a JavaScript Date can name. */
#define PRESENCE_STAMP_MAX 8640000000000000

/* Tags of LoroValue in postcard (encoding-container-states.md, section 3). A container (7) has no
 * place here: presence belongs to no document. */
enum {
    VALUE_NULL = 0,
    VALUE_BOOL = 1,
    VALUE_DOUBLE = 2,
    VALUE_I64 = 3,
    VALUE_STRING = 4,
    VALUE_LIST = 5,
    VALUE_MAP = 6,
    VALUE_BINARY = 8,
};

const char presence_full[] = "too many presence entries";

static void presence_free_entry(presence *p, presence_entry *e) {
    mem_free(p->heap, e->bytes, e->key_len + e->value_len);
}

void presence_drop(presence *p) {
    for (size_t i = 0; i < p->entries.len; i++) presence_free_entry(p, &p->entries.at[i]);
    vec_drop(p->heap, &p->entries);
}

static int presence_order(const presence_entry *e, lk_str key) {
    size_t both = e->key_len < key.len ? e->key_len : key.len;
    int order = both == 0 ? 0 : __builtin_memcmp(e->bytes, key.at, both);
    if (order != 0) return order;
    return e->key_len < key.len ? -1 : e->key_len > key.len;
}

/* Index of the first entry whose key is not smaller; *found if it is that key. */
static size_t presence_find(const presence *p, lk_str key, bool *found) {
    size_t low = 0, high = p->entries.len;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = presence_order(&p->entries.at[middle], key);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
        if (order == 0) *found = true;
    }
    return low;
}

/* ---- the rules ---- */

static bool presence_limited(const presence *p) { return p->rules == PRESENCE_ROOM; }

/* A store counts to the millisecond as Loro does: older than its life is gone, as old is not. */
static uint64_t presence_expiry(const presence *p, int64_t stamp_ms, uint64_t now_ms) {
    if (p->rules == PRESENCE_ROOM) return now_ms + PRESENCE_LIFE_MS;
    if (p->rules == PRESENCE_STORE) now_ms = stamp_ms < 0 ? 0 : (uint64_t)stamp_ms;
    return now_ms + p->life_ms + 1;
}

static bool presence_note(presence *p, lk_ephemeral_what what, lk_str key) {
    if (p->told == NULL) return true;
    writer w = writer_new(p->told);
    writer_u8(&w, (uint8_t)what);
    writer_bytes(&w, key.at, key.len);
    return !w.failed;
}

/* What writing `value` to a key does, in a word; false: nothing to be seen. */
static bool presence_effect(bool found, lk_bytes value, lk_ephemeral_what *what) {
    *what = value.len == 0 ? LK_REMOVED : found ? LK_UPDATED : LK_ADDED;
    return found || value.len > 0;
}

/* Keys of awareness. */
static bool presence_peer(lk_str key, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < key.len; i++) {
        uint64_t digit = (uint64_t)(key.at[i] - '0');
        if (digit > 9 || *out > (UINT64_MAX - digit) / 10) return false;
        *out = *out * 10 + digit;
    }
    return key.len > 0;
}

/* Put (key, value) in place, at the index presence_find() gave. */
static lk_status presence_put(presence *p, size_t at, bool found, lk_str key, lk_bytes value) {
    if (!found && presence_limited(p) && p->entries.len >= LIMIT_PRESENCE_ENTRIES) return LK_ELIMIT;
    if (!found && !vec_reserve(p->heap, &p->entries, 1)) return LK_ENOMEM;
    uint8_t *bytes = mem_alloc(p->heap, key.len + value.len);
    if (bytes == NULL) return LK_ENOMEM;
    if (key.len > 0) __builtin_memcpy(bytes, key.at, key.len);
    if (value.len > 0) __builtin_memcpy(bytes + key.len, value.at, value.len);
    presence_entry *e = &p->entries.at[at];
    if (found) {
        presence_free_entry(p, e);
    } else {
        __builtin_memmove(e + 1, e, (p->entries.len - at) * sizeof *e);
        p->entries.len++;
    }
    *e = (presence_entry){
        .bytes = bytes, .key_len = (uint32_t)key.len, .value_len = (uint32_t)value.len};
    return LK_OK;
}

/* ---- writing here ---- */

static lk_status presence_write_value(writer *w, const lk_value *v, unsigned depth) {
    if (depth > LIMIT_DEPTH) return LK_ELIMIT;
    lk_status status = LK_OK;
    switch (v->type) {
    case LK_NULL: writer_u8(w, VALUE_NULL); break;
    case LK_BOOL:
        writer_u8(w, VALUE_BOOL);
        writer_u8(w, v->as.boolean);
        break;
    case LK_F64:
        writer_u8(w, VALUE_DOUBLE);
        writer_f64le(w, v->as.f64);
        break;
    case LK_I64:
        writer_u8(w, VALUE_I64);
        writer_zigzag(w, v->as.i64);
        break;
    case LK_STRING:
        if (!utf8_valid(v->as.bytes, v->len)) return LK_EVALUE;
        writer_u8(w, VALUE_STRING);
        writer_bytes(w, v->as.bytes, v->len);
        break;
    case LK_BINARY:
        writer_u8(w, VALUE_BINARY);
        writer_bytes(w, v->as.bytes, v->len);
        break;
    case LK_VALUES:
        writer_u8(w, VALUE_LIST);
        writer_uleb(w, v->len);
        for (uint32_t i = 0; i < v->len && status == LK_OK; i++)
            status = presence_write_value(w, &v->as.values[i], depth + 1);
        break;
    case LK_ENTRIES:
        writer_u8(w, VALUE_MAP);
        writer_uleb(w, v->len);
        for (uint32_t i = 0; i < v->len && status == LK_OK; i++) {
            lk_str key = v->as.entries[i].key;
            if (!utf8_valid((const uint8_t *)key.at, key.len)) return LK_EVALUE;
            writer_bytes(w, key.at, key.len);
            status = presence_write_value(w, &v->as.entries[i].value, depth + 1);
        }
        break;
    case LK_CONTAINER: return LK_EVALUE;
    }
    return status;
}

static void presence_write_entry(writer *w, const presence *p, const presence_entry *e) {
    uint64_t peer;
    if (p->rules == PRESENCE_AWARENESS) {
        presence_peer((lk_str){(const char *)e->bytes, e->key_len}, &peer);
        writer_uleb(w, peer);
        writer_zigzag(w, e->stamp_ms);
        writer_raw(w, e->bytes + e->key_len, e->value_len);
        return;
    }
    writer_bytes(w, e->bytes, e->key_len);
    writer_u8(w, e->value_len > 0); /* Option: 0 none, 1 some */
    writer_raw(w, e->bytes + e->key_len, e->value_len);
    writer_zigzag(w, e->stamp_ms);
}

static lk_status presence_put_own(presence *p, lk_str key, lk_bytes value, int64_t stamp_ms,
                                  uint64_t now_ms, lk_buf *out) {
    bool found;
    size_t at = presence_find(p, key, &found);
    if (found && stamp_ms <= p->entries.at[at].stamp_ms) stamp_ms = p->entries.at[at].stamp_ms + 1;
    lk_ephemeral_what what;
    bool noted = !presence_effect(found, value, &what) || presence_note(p, what, key);
    if (!noted || !buf_reserve(out, key.len + value.len + 32)) return LK_ENOMEM;
    lk_status status = presence_put(p, at, found, key, value);
    if (status != LK_OK) return status;
    presence_entry *e = &p->entries.at[at];
    e->stamp_ms = stamp_ms;
    e->expires_ms = presence_expiry(p, stamp_ms, now_ms);
    e->source = PRESENCE_OWN;
    e->held = 0;
    writer w = writer_new(out);
    writer_uleb(&w, 1);
    presence_write_entry(&w, p, e);
    LK_ASSERT(!w.failed);
    return LK_OK;
}

lk_status presence_set(presence *p, lk_str key, const lk_value *value, int64_t stamp_ms,
                       uint64_t now_ms, lk_buf *out) {
    uint64_t peer;
    bool named = p->rules == PRESENCE_AWARENESS ? value != NULL && presence_peer(key, &peer)
                                                : utf8_valid((const uint8_t *)key.at, key.len);
    if (!named) return LK_EVALUE;
    lk_buf bytes = {.memory = p->heap};
    writer w = writer_new(&bytes);
    lk_status status = LK_OK;
    if (value != NULL) status = presence_write_value(&w, value, 1);
    if (status == LK_OK && w.failed) status = LK_ENOMEM;
    size_t most = presence_limited(p) ? LIMIT_PRESENCE_BYTES : UINT32_MAX;
    if (status == LK_OK && key.len + bytes.len > most) status = LK_ELIMIT;
    if (status == LK_OK)
        status = presence_put_own(p, key, (lk_bytes){bytes.at, bytes.len}, stamp_ms, now_ms, out);
    lk_buf_free(&bytes);
    return status;
}

bool presence_refresh(presence *p, int64_t stamp_ms, uint64_t now_ms) {
    bool any = false;
    for (size_t i = 0; i < p->entries.len; i++) {
        presence_entry *e = &p->entries.at[i];
        if (e->source != PRESENCE_OWN || e->value_len == 0) continue;
        e->stamp_ms = stamp_ms > e->stamp_ms ? stamp_ms : e->stamp_ms + 1;
        e->expires_ms = presence_expiry(p, e->stamp_ms, now_ms);
        e->held = 0;
        any = true;
    }
    return any;
}

bool presence_encode(const presence *p, bool own_only, lk_buf *out) {
    size_t count = 0;
    for (size_t i = 0; i < p->entries.len; i++)
        count += !own_only || p->entries.at[i].source == PRESENCE_OWN;
    writer w = writer_new(out);
    writer_uleb(&w, count);
    for (size_t i = 0; i < p->entries.len; i++)
        if (!own_only || p->entries.at[i].source == PRESENCE_OWN)
            presence_write_entry(&w, p, &p->entries.at[i]);
    return !w.failed;
}

bool presence_pass(presence *p, uint32_t source, size_t most, bool *left, lk_buf *out) {
    size_t count = 0, bytes = 0, end = 0, before = out->len;
    uint64_t bit = presence_bit(source);
    for (; end < p->entries.len && bytes < most; end++) {
        const presence_entry *e = &p->entries.at[end];
        if ((e->held & bit) != 0) continue;
        count++;
        bytes += e->key_len + e->value_len;
    }
    *left = end < p->entries.len;
    if (count == 0) return true;
    writer w = writer_new(out);
    writer_uleb(&w, count);
    for (size_t i = 0; i < end; i++)
        if ((p->entries.at[i].held & bit) == 0) presence_write_entry(&w, p, &p->entries.at[i]);
    if (w.failed) out->len = before;
    for (size_t i = 0; i < end && !w.failed; i++) p->entries.at[i].held |= bit;
    return !w.failed;
}

bool presence_encode_some(const presence *p, const presence_entry *const *entries, size_t len,
                          lk_buf *out) {
    size_t before = out->len;
    writer w = writer_new(out);
    writer_uleb(&w, len);
    for (size_t i = 0; i < len; i++) presence_write_entry(&w, p, entries[i]);
    if (w.failed) out->len = before;
    return !w.failed;
}

const presence_entry *presence_get(const presence *p, lk_str key) {
    bool found;
    size_t at = presence_find(p, key, &found);
    return found ? &p->entries.at[at] : NULL;
}

/* ---- reading others ---- */

static void presence_skip_value(reader *r, unsigned depth) {
    if (depth > LIMIT_DEPTH) reader_fail(r, LK_ELIMIT, "value is nested too deep");
    uint8_t tag = reader_u8(r);
    switch (tag) {
    case VALUE_NULL: return;
    case VALUE_BOOL:
        if (reader_u8(r) > 1) reader_fail(r, LK_ECORRUPT, "boolean is neither 0 nor 1");
        return;
    case VALUE_DOUBLE: reader_f64le(r); return;
    case VALUE_I64: reader_zigzag(r); return;
    case VALUE_STRING: reader_str(r); return;
    case VALUE_BINARY: reader_bytes(r); return;
    case VALUE_LIST:
    case VALUE_MAP: break;
    default: reader_fail(r, LK_ECORRUPT, "value is of an unknown kind"); return;
    }
    uint64_t count = reader_uleb(r, reader_left(r)); /* an item takes a byte at least */
    for (uint64_t i = 0; i < count && reader_ok(r); i++) {
        if (tag == VALUE_MAP) reader_str(r);
        presence_skip_value(r, depth + 1);
    }
}

typedef struct presence_update { /* one entry, as views */
    lk_str key;
    lk_bytes value;
    int64_t stamp_ms;
    char digits[20]; /* of a peer */
} presence_update;

static void presence_read_peer(reader *r, presence_update *u) {
    uint64_t peer = reader_uleb(r, UINT64_MAX);
    size_t at = sizeof u->digits;
    do u->digits[--at] = (char)('0' + peer % 10);
    while ((peer /= 10) > 0);
    u->key = (lk_str){u->digits + at, sizeof u->digits - at};
    u->stamp_ms = reader_zigzag(r);
    if (u->stamp_ms != (int32_t)u->stamp_ms) reader_fail(r, LK_ECORRUPT, "counter is out of range");
}

static void presence_read(const presence *p, reader *r, presence_update *u) {
    *u = (presence_update){0};
    bool peers = p->rules == PRESENCE_AWARENESS;
    uint8_t some = 1;
    if (peers) {
        presence_read_peer(r, u);
    } else {
        u->key = reader_str(r);
        some = reader_u8(r);
    }
    if (some > 1) reader_fail(r, LK_ECORRUPT, "option is neither 0 nor 1");
    const uint8_t *start = r->at;
    if (some == 1) presence_skip_value(r, 1);
    u->value = (lk_bytes){start, (size_t)(r->at - start)};
    if (!peers) u->stamp_ms = reader_zigzag(r);
    if (u->stamp_ms < -PRESENCE_STAMP_MAX || u->stamp_ms > PRESENCE_STAMP_MAX)
        reader_fail(r, LK_ECORRUPT, "time is out of range");
    if (presence_limited(p) && u->key.len + u->value.len > LIMIT_PRESENCE_BYTES)
        reader_fail(r, LK_ELIMIT, "presence entry is too large");
}

static lk_status presence_take(presence *p, const presence_update *u, uint32_t source,
                               uint64_t now_ms, bool *changed) {
    bool found;
    size_t at = presence_find(p, u->key, &found);
    if (found && u->stamp_ms == p->entries.at[at].stamp_ms)
        p->entries.at[at].held |= presence_bit(source);
    if (found && u->stamp_ms <= p->entries.at[at].stamp_ms) return LK_OK;
    if (found && p->rules == PRESENCE_AWARENESS && p->entries.at[at].source == PRESENCE_OWN)
        return LK_OK; /* nobody else speaks for this peer */
    uint64_t expires_ms = presence_expiry(p, u->stamp_ms, now_ms);
    if (expires_ms <= now_ms) return LK_OK;
    lk_ephemeral_what what;
    if (presence_effect(found, u->value, &what) && !presence_note(p, what, u->key))
        return LK_ENOMEM;
    bool shown = found && p->entries.at[at].value_len > 0;
    bool same = found && p->entries.at[at].value_len == u->value.len &&
                (u->value.len == 0 || __builtin_memcmp(p->entries.at[at].bytes + u->key.len,
                                                       u->value.at, u->value.len) == 0);
    if (!same) {
        lk_status status = presence_put(p, at, found, u->key, u->value);
        if (status != LK_OK) return status;
        *changed |= shown || u->value.len > 0;
    }
    presence_entry *e = &p->entries.at[at];
    e->stamp_ms = u->stamp_ms;
    e->expires_ms = expires_ms;
    e->source = source;
    e->held = presence_bit(source);
    return LK_OK;
}

lk_status presence_apply(presence *p, lk_bytes bytes, uint32_t source, uint64_t now_ms,
                         bool *changed, lk_fault *fault_or_null) {
    *changed = false;
    reader r = reader_new(bytes);
    uint64_t count = reader_uleb(&r, reader_left(&r));
    reader entries = r;
    presence_update u;
    for (uint64_t i = 0; i < count && reader_ok(&r); i++) presence_read(p, &r, &u);
    reader_finish(&r, "bytes follow the presence entries");
    for (uint64_t i = 0; i < count && reader_ok(&r); i++) {
        presence_read(p, &entries, &u);
        lk_status status = presence_take(p, &u, source, now_ms, changed);
        if (status == LK_OK) continue;
        reader_fail(&entries, status, status == LK_ELIMIT ? presence_full : "out of memory");
        reader_adopt(&r, &entries);
    }
    if (fault_or_null != NULL) *fault_or_null = r.fault;
    return r.fault.code;
}

/* ---- time ---- */

void presence_forsake(presence *p, uint32_t source, bool stay, uint64_t now_ms) {
    for (size_t i = 0; i < p->entries.len; i++) {
        presence_entry *e = &p->entries.at[i];
        e->held &= ~presence_bit(source);
        if (e->source != source) continue;
        e->source = PRESENCE_GONE;
        if (!stay && e->expires_ms > now_ms + PRESENCE_GRACE_MS)
            e->expires_ms = now_ms + PRESENCE_GRACE_MS;
    }
}

bool presence_expire(presence *p, uint64_t now_ms) {
    bool changed = false;
    size_t kept = 0;
    for (size_t i = 0; i < p->entries.len; i++) {
        presence_entry *e = &p->entries.at[i];
        if (e->expires_ms > now_ms) {
            p->entries.at[kept++] = *e;
            continue;
        }
        changed |= e->value_len > 0;
        if (e->value_len > 0)
            (void)presence_note(p, LK_REMOVED, (lk_str){(const char *)e->bytes, e->key_len});
        presence_free_entry(p, e);
    }
    p->entries.len = kept;
    return changed;
}

uint64_t presence_wake_at(const presence *p) {
    uint64_t at = UINT64_MAX;
    for (size_t i = 0; i < p->entries.len; i++)
        if (p->entries.at[i].expires_ms < at) at = p->entries.at[i].expires_ms;
    return at;
}

/* ---- showing ---- */

static bool presence_build(reader *r, arena *scratch, lk_value *out);

static bool presence_build_items(reader *r, arena *scratch, bool map, lk_value *out) {
    uint32_t len = (uint32_t)reader_uleb(r, reader_left(r));
    lk_value *values = NULL;
    lk_entry *entries = NULL;
    if (map)
        out->as.entries = entries = arena_new(scratch, lk_entry, len);
    else
        out->as.values = values = arena_new(scratch, lk_value, len);
    out->type = map ? LK_ENTRIES : LK_VALUES;
    out->len = len;
    for (uint32_t i = 0; i < len && !scratch->failed; i++) {
        if (map) entries[i].key = reader_str(r);
        if (!presence_build(r, scratch, map ? &entries[i].value : &values[i])) return false;
    }
    return !scratch->failed;
}

static bool presence_build(reader *r, arena *scratch, lk_value *out) {
    *out = (lk_value){.type = LK_NULL};
    uint8_t tag = reader_u8(r);
    switch (tag) {
    case VALUE_BOOL: *out = (lk_value){.type = LK_BOOL, .as.boolean = reader_u8(r) == 1}; break;
    case VALUE_DOUBLE: *out = (lk_value){.type = LK_F64, .as.f64 = reader_f64le(r)}; break;
    case VALUE_I64: *out = (lk_value){.type = LK_I64, .as.i64 = reader_zigzag(r)}; break;
    case VALUE_STRING:
    case VALUE_BINARY: {
        lk_bytes bytes = reader_bytes(r);
        out->type = tag == VALUE_STRING ? LK_STRING : LK_BINARY;
        out->len = (uint32_t)bytes.len;
        out->as.bytes = bytes.at;
        break;
    }
    case VALUE_LIST:
    case VALUE_MAP: return presence_build_items(r, scratch, tag == VALUE_MAP, out);
    default: break;
    }
    return true;
}

const lk_value *presence_value(const presence_entry *e, arena *scratch) {
    lk_value *value = arena_new(scratch, lk_value, 1);
    reader r = reader_new((lk_bytes){e->bytes + e->key_len, e->value_len});
    return value != NULL && presence_build(&r, scratch, value) ? value : NULL;
}

static void presence_print(writer *w, reader *r);

static void presence_print_items(writer *w, reader *r, bool map) {
    uint64_t count = reader_uleb(r, reader_left(r));
    writer_u8(w, map ? '{' : '[');
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0) writer_u8(w, ',');
        if (map) {
            json_quote(w, reader_str(r));
            writer_u8(w, ':');
        }
        presence_print(w, r);
    }
    writer_u8(w, map ? '}' : ']');
}

/* Binary becomes an array of numbers, as lk_json() has it. */
static void presence_print_binary(writer *w, lk_bytes bytes) {
    writer_u8(w, '[');
    for (size_t i = 0; i < bytes.len; i++) {
        if (i > 0) writer_u8(w, ',');
        json_i64(w, bytes.at[i]);
    }
    writer_u8(w, ']');
}

/* Print the value at `r`, which presence_skip_value() has accepted or presence_set() has made. */
static void presence_print(writer *w, reader *r) {
    switch (reader_u8(r)) {
    case VALUE_NULL: writer_raw(w, "null", 4); return;
    case VALUE_BOOL:
        if (reader_u8(r) == 1)
            writer_raw(w, "true", 4);
        else
            writer_raw(w, "false", 5);
        return;
    case VALUE_DOUBLE: json_f64(w, reader_f64le(r)); return;
    case VALUE_I64: json_i64(w, reader_zigzag(r)); return;
    case VALUE_STRING: json_quote(w, reader_str(r)); return;
    case VALUE_BINARY: presence_print_binary(w, reader_bytes(r)); return;
    case VALUE_LIST: presence_print_items(w, r, false); return;
    case VALUE_MAP: presence_print_items(w, r, true); return;
    }
    LK_ASSERT(false);
}

bool presence_json(const presence *p, lk_buf *out) {
    writer w = writer_new(out);
    writer_u8(&w, '{');
    bool first = true;
    for (size_t i = 0; i < p->entries.len; i++) {
        const presence_entry *e = &p->entries.at[i];
        if (e->value_len == 0) continue;
        if (!first) writer_u8(&w, ',');
        first = false;
        json_quote(&w, (lk_str){(const char *)e->bytes, e->key_len});
        writer_u8(&w, ':');
        reader r = reader_new((lk_bytes){e->bytes + e->key_len, e->value_len});
        presence_print(&w, &r);
    }
    writer_u8(&w, '}');
    return !w.failed;
}
