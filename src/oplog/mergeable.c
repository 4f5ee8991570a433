/* SPDX-License-Identifier: MIT
 * mergeable.c - names and markers of mergeable children. */
#include "oplog/mergeable.h"

#include "base/limits.h"

static const char mergeable_prefix[] = "\xf0\x9f\xa4\x9d:";
static const char mergeable_digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const uint8_t mergeable_magic[] = {0, 'L', 'M', 1};

enum { MERGEABLE_PREFIX_LEN = sizeof mergeable_prefix - 1, MERGEABLE_KIND_AT = 4 };

bool mergeable_named(const container_id *id) {
    return id->root && id->name.len >= MERGEABLE_PREFIX_LEN &&
           __builtin_memcmp(id->name.at, mergeable_prefix, MERGEABLE_PREFIX_LEN) == 0;
}

/* ---- names ---- */

/* A number in base 36 up to `max`, ended by `end`; moves *at behind that. */
static bool mergeable_read_number(lk_str name, size_t *at, uint64_t max, char end, uint64_t *out) {
    *out = 0;
    for (size_t start = *at; *at < name.len; (*at)++) {
        char c = name.at[*at];
        if (c == end && *at > start) {
            (*at)++;
            return true;
        }
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10
                                                : 36;
        if (digit == 36 || *out > (max - digit) / 36) return false;
        *out = *out * 36 + digit;
    }
    return false;
}

bool mergeable_base(const container_id *id, uint64_t *peer, int32_t *counter) {
    size_t at = MERGEABLE_PREFIX_LEN;
    uint64_t wide;
    if (!mergeable_named(id) || id->name.len == at || id->name.at[at++] != '@') return false;
    if (!mergeable_read_number(id->name, &at, UINT64_MAX, ':', peer)) return false;
    if (!mergeable_read_number(id->name, &at, LIMIT_COUNTER, '>', &wide)) return false;
    *counter = (int32_t)wide;
    return true;
}

static void mergeable_write_number(writer *w, uint64_t number) {
    char digits[13];
    size_t len = 0;
    do digits[countof(digits) - ++len] = mergeable_digits[number % 36];
    while ((number /= 36) != 0);
    writer_raw(w, digits + countof(digits) - len, len);
}

static void mergeable_write_segment(writer *w, lk_str segment) {
    for (size_t i = 0; i < segment.len; i++) {
        char c = segment.at[i];
        if (c == '\\' || c == '>' || c == '/' || c == 0) writer_u8(w, '\\');
        writer_u8(w, (uint8_t)(c == '/' ? 's' : c == 0 ? '0' : c));
    }
}

static void mergeable_write_name(writer *w, const intern *in, uint32_t parent, lk_str key) {
    const container_id *map = &in->containers.at[parent].id;
    if (mergeable_named(map)) {
        writer_raw(w, map->name.at, map->name.len);
    } else {
        writer_raw(w, mergeable_prefix, MERGEABLE_PREFIX_LEN);
        writer_u8(w, map->root ? '$' : '@');
        if (map->root) {
            mergeable_write_segment(w, map->name);
        } else {
            mergeable_write_number(w, in->peers.at[map->peer]);
            writer_u8(w, ':');
            mergeable_write_number(w, (uint64_t)map->counter);
        }
    }
    writer_u8(w, '>');
    mergeable_write_segment(w, key);
}

uint32_t mergeable_child(intern *in, uint32_t parent, lk_str key, container_kind kind) {
    lk_buf name = {.memory = in->heap};
    writer w = writer_new(&name);
    mergeable_write_name(&w, in, parent, key);
    container_id id = {.kind = kind, .root = true, .name = {(const char *)name.at, name.len}};
    uint32_t child = w.failed ? TABLE_NONE : intern_container(in, &id);
    if (child != TABLE_NONE) in->containers.at[child].parent = parent;
    lk_buf_free(&name);
    return child;
}

/* ---- markers ---- */

/* CRC-32 (IEEE 802.3, reflected), four bits at a time. */
static uint32_t mergeable_crc(uint32_t crc, const void *at, size_t len) {
    static const uint32_t steps[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                       0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                       0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    const uint8_t *bytes = at;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        crc = steps[crc & 15] ^ crc >> 4;
        crc = steps[crc & 15] ^ crc >> 4;
    }
    return crc;
}

static uint32_t mergeable_crc_number(uint32_t crc, uint64_t number, unsigned bytes) {
    for (; bytes > 0; bytes--, number >>= 8) {
        uint8_t byte = (uint8_t)number;
        crc = mergeable_crc(crc, &byte, 1);
    }
    return crc;
}

static size_t mergeable_uleb_len(size_t number) {
    size_t len = 1;
    while (number >>= 7) len++;
    return len;
}

static uint32_t mergeable_crc_uleb(uint32_t crc, size_t number) {
    for (; number > 0x7f; number >>= 7) crc = mergeable_crc_number(crc, number | 0x80, 1);
    return mergeable_crc_number(crc, number, 1);
}

/* The id as in keys of snapshots, behind its length. */
static uint32_t mergeable_crc_id(uint32_t crc, const intern *in, const container_id *id) {
    size_t name_len = mergeable_uleb_len(id->name.len) + id->name.len;
    crc = mergeable_crc_uleb(crc, 1 + (id->root ? name_len : 12));
    crc = mergeable_crc_number(crc, id->kind | (id->root ? 0x80u : 0), 1);
    if (!id->root) {
        crc = mergeable_crc_number(crc, in->peers.at[id->peer], 8);
        return mergeable_crc_number(crc, (uint32_t)id->counter, 4);
    }
    crc = mergeable_crc_uleb(crc, id->name.len);
    return mergeable_crc(crc, id->name.at, id->name.len);
}

void mergeable_mark(const intern *in, uint32_t parent, lk_str key, container_kind kind,
                    uint8_t out[MERGEABLE_MARKER_LEN]) {
    static const char domain[] = "loro.mergeable.marker.v1";
    uint32_t crc = mergeable_crc(UINT32_MAX, domain, sizeof domain - 1);
    crc = mergeable_crc_id(crc, in, &in->containers.at[parent].id);
    crc = mergeable_crc_uleb(crc, key.len);
    crc = mergeable_crc(crc, key.at, key.len);
    crc = ~mergeable_crc_number(crc, kind, 1);
    __builtin_memcpy(out, mergeable_magic, sizeof mergeable_magic);
    out[MERGEABLE_KIND_AT] = kind;
    for (unsigned i = 1; i <= 3; i++, crc >>= 8) out[MERGEABLE_MARKER_LEN - i] = (uint8_t)crc;
}

bool mergeable_marked(intern *in, uint32_t parent, lk_str key, const lk_value *value,
                      container_kind *kind) {
    uint8_t wanted[MERGEABLE_MARKER_LEN];
    if (value->type != LK_BINARY || value->len != sizeof wanted) return false;
    *kind = value->as.bytes[MERGEABLE_KIND_AT];
    if (*kind > LK_COUNTER) return false;
    if (__builtin_memcmp(value->as.bytes, mergeable_magic, sizeof mergeable_magic) != 0)
        return false;
    mergeable_mark(in, parent, key, *kind, wanted);
    size_t name = in->containers.at[parent].id.name.len + key.len;
    if (name > LIMIT_CHILD_NAME) in->long_names += name - LIMIT_CHILD_NAME;
    return __builtin_memcmp(value->as.bytes, wanted, sizeof wanted) == 0;
}
