/* SPDX-License-Identifier: MIT
 * sstable_test.c - random tables there and back; every flipped bit and every truncation is noticed;
 * bombs are refused. */
#include "codec/sstable.h"

#include "base/hash.h"
#include "base/sort.h"
#include "check.h"

#define MAX_BYTES (16u << 20) /* what tables here may unpack to */

typedef struct pairs { /* a sorted table and the memory behind it */
    sstable_pair *at;
    size_t len;
} pairs;

static int pair_order(const void *a, const void *b) {
    return sort_bytes(((const sstable_pair *)a)->key, ((const sstable_pair *)b)->key);
}

static lk_bytes random_bytes(rng *random, size_t len, uint32_t spread) {
    uint8_t *at = malloc(len + 1);
    CHECK(at != NULL);
    for (size_t i = 0; i < len; i++) at[i] = (uint8_t)rng_below(random, spread);
    return (lk_bytes){at, len};
}

/* Keys share prefixes, some longer than 255; values are empty, small, a block or more. */
static pairs random_pairs(rng *random, size_t len) {
    static const size_t value_lens[] = {0, 5, 100, 1000, 4090, 4096, 4097, 70000};
    pairs p = {calloc(len + 1, sizeof(sstable_pair)), 0};
    CHECK(p.at != NULL);
    for (size_t i = 0; i < len; i++) {
        size_t key_len =
            rng_below(random, 8) == 0 ? 200 + rng_below(random, 200) : 1 + rng_below(random, 12);
        size_t most = value_lens[rng_below(random, countof(value_lens))];
        p.at[i].key = random_bytes(random, key_len, key_len < 100 ? 4 : 1);
        p.at[i].value = random_bytes(random, most, rng_below(random, 2) ? 2 : 256);
    }
    qsort(p.at, len, sizeof *p.at, pair_order);
    for (size_t i = 0; i < len; i++) {
        if (p.len > 0 && pair_order(&p.at[p.len - 1], &p.at[i]) == 0) {
            free((void *)(uintptr_t)p.at[i].key.at);
            free((void *)(uintptr_t)p.at[i].value.at);
        } else {
            p.at[p.len++] = p.at[i];
        }
    }
    return p;
}

static void drop_pairs(pairs *p) {
    for (size_t i = 0; i < p->len; i++) {
        free((void *)(uintptr_t)p->at[i].key.at);
        free((void *)(uintptr_t)p->at[i].value.at);
    }
    free(p->at);
}

static bool same_pairs(const sstable *table, const pairs *want) {
    if (table->len != want->len) return false;
    for (size_t i = 0; i < table->len; i++)
        if (sort_bytes(table->pairs[i].key, want->at[i].key) != 0 ||
            sort_bytes(table->pairs[i].value, want->at[i].value) != 0)
            return false;
    return true;
}

static lk_status read_table(const uint8_t *at, size_t len, arena *scratch, sstable *out) {
    lk_fault fault;
    lk_status status = sstable_read((lk_bytes){at, len}, 1000, MAX_BYTES, scratch, out, &fault);
    CHECK_EQ(status, fault.code);
    if (status != LK_OK) CHECK(fault.offset >= 1000 && fault.offset <= 1000 + len && fault.what);
    return status;
}

static void test_random(void) {
    rng random = {21};
    arena scratch;
    arena_init(&scratch, &mem_default);
    for (int round = 0; round < 80; round++) {
        pairs p = random_pairs(&random, rng_below(&random, 60));
        lk_buf out = {0};
        CHECK_EQ(sstable_write(p.at, p.len, &mem_default, &out), LK_OK);
        CHECK((out.len == 0) == (p.len == 0));
        sstable table;
        CHECK_EQ(read_table(out.at, out.len, &scratch, &table), LK_OK);
        CHECK(same_pairs(&table, &p));
        for (size_t i = 0; i < p.len; i++) {
            lk_bytes value;
            CHECK(sstable_find(&table, p.at[i].key, &value));
            CHECK_EQ(sort_bytes(value, p.at[i].value), 0);
        }
        lk_bytes value;
        CHECK(!sstable_find(&table, (lk_bytes){(const uint8_t *)"zzz", 3}, &value));
        lk_buf_free(&out);
        drop_pairs(&p);
        arena_reset(&scratch);
    }
    arena_drop(&scratch);
}

/* Some pairs are of a table, the others are added or take the place of some; all come back. */
static void test_write_on(void) {
    rng random = {22};
    arena scratch;
    arena_init(&scratch, &mem_default);
    for (int round = 0; round < 200; round++) {
        pairs p = random_pairs(&random, 1 + rng_below(&random, 60));
        sstable_pair old[60], fresh[60];
        size_t old_len = 0, fresh_len = 0;
        uint32_t part = 2 + rng_below(&random, 20);
        for (size_t i = 0; i < p.len; i++) {
            uint32_t turn = rng_below(&random, part);
            if (turn != 1) old[old_len++] = p.at[i];
            if (turn == 0) old[old_len - 1].value.len /= 2;
            if (turn < 2) fresh[fresh_len++] = p.at[i];
        }
        lk_buf table = {0}, out = {0};
        CHECK_EQ(sstable_write(old, old_len, &mem_default, &table), LK_OK);
        lk_bytes bytes = {table.at, table.len};
        sstable got;
        if (old_len > 0) {
            CHECK_EQ(sstable_write_on(bytes, MAX_BYTES, fresh, fresh_len, &scratch, &out), LK_OK);
            CHECK_EQ(read_table(out.at, out.len, &scratch, &got), LK_OK);
            CHECK(same_pairs(&got, &p));
            if (fresh_len == 0) CHECK_BYTES(out.at, out.len, table.at, table.len);
            table.at[0] ^= 1;
            CHECK_EQ(sstable_write_on(bytes, MAX_BYTES, fresh, fresh_len, &scratch, &out),
                     LK_ECORRUPT);
        }
        lk_buf_free(&table);
        lk_buf_free(&out);
        drop_pairs(&p);
        arena_reset(&scratch);
    }
    arena_drop(&scratch);
}

static void test_damage(void) {
    rng random = {22};
    arena scratch;
    arena_init(&scratch, &mem_default);
    pairs p = random_pairs(&random, 12);
    lk_buf out = {0};
    CHECK_EQ(sstable_write(p.at, p.len, &mem_default, &out), LK_OK);
    sstable table;
    uint8_t *cut = malloc(out.len);
    CHECK(cut != NULL);
    for (size_t i = 0; i < out.len; i += 1 + rng_below(&random, out.len > 4000 ? 40 : 1)) {
        memcpy(cut, out.at, out.len);
        cut[i] ^= (uint8_t)(1 << rng_below(&random, 8));
        CHECK(read_table(cut, out.len, &scratch, &table) != LK_OK);
        if (i > 0) CHECK(read_table(out.at, i, &scratch, &table) != LK_OK);
        arena_reset(&scratch);
    }
    free(cut);
    lk_buf_free(&out);
    drop_pairs(&p);
    arena_drop(&scratch);
}

/* A table of one block whose body is `body`, as flags say. */
static void forge_table(lk_bytes body, uint8_t flags, lk_buf *out) {
    writer w = writer_new(out);
    writer_raw(&w, "LORO", 5);
    writer_raw(&w, body.at, body.len);
    writer_u32le(&w, hash_xx32(body.at, body.len, HASH_SEED_LORO));
    size_t index = out->len;
    writer_u32le(&w, 1);
    size_t start = out->len;
    writer_u32le(&w, 5);
    writer_u16le(&w, 1);
    writer_u8(&w, 'a');
    writer_u8(&w, flags);
    if (!(flags & 0x80)) {
        writer_u16le(&w, 1);
        writer_u8(&w, 'b');
    }
    writer_u32le(&w, hash_xx32(out->at + start, out->len - start, HASH_SEED_LORO));
    writer_u32le(&w, (uint32_t)index);
    CHECK(!w.failed);
}

static lk_status try_table(const char *body, size_t len, uint8_t flags) {
    lk_buf out = {0};
    arena scratch;
    arena_init(&scratch, &mem_default);
    forge_table((lk_bytes){(const uint8_t *)body, len}, flags, &out);
    sstable table;
    lk_status status = read_table(out.at, out.len, &scratch, &table);
    arena_drop(&scratch);
    lk_buf_free(&out);
    return status;
}
#define TRY(body, flags) try_table(body, sizeof(body) - 1, flags)

/* Two entries: "x" under "a", then "y" under "b". */
static void test_forged(void) {
    CHECK_EQ(TRY("x\0\1\0by\0\0\1\0\2\0", 0), LK_OK);
    CHECK_EQ(TRY("x\0\1\0by\0\0\1\0\2\0", 0x02), LK_EVERSION); /* compression 2 */
    CHECK_EQ(TRY("x\0\1\0by\1\0\1\0\2\0", 0), LK_ECORRUPT);    /* first offset is not 0 */
    CHECK_EQ(TRY("x\0\1\0by\0\0\7\0\2\0", 0), LK_ECORRUPT);    /* offset behind the data */
    CHECK_EQ(TRY("x\0\1\0by\0\0\1\0\0\0", 0), LK_ECORRUPT);    /* no entries */
    CHECK_EQ(TRY("x\0\1\0by\0\0\1\0\7\0", 0), LK_ECORRUPT);    /* more than there are */
    CHECK_EQ(TRY("x\2\1\0by\0\0\1\0\2\0", 0), LK_ECORRUPT);    /* shares two bytes of "a" */
    CHECK_EQ(TRY("x\0\2\0by\0\0\1\0\2\0", 0), LK_ECORRUPT);    /* last key is not "b" */
    CHECK_EQ(TRY("x\0\1\0ay\0\0\1\0\2\0", 0), LK_ECORRUPT);    /* the same key again */
    CHECK_EQ(TRY("x\0\1\0by\0\0\1\0\2\0", 0x80), LK_OK);       /* one large value */
    CHECK_EQ(TRY("", 0), LK_ECORRUPT);
    CHECK_EQ(TRY("", 0x80), LK_OK);
}

/* Zeroes compress 255 to 1: what unpacks to more than MAX_BYTES in all is refused. */
static lk_status try_zeroes(size_t values, size_t len) {
    uint8_t *zeroes = calloc(1, len), keys[64];
    sstable_pair p[64];
    CHECK(zeroes != NULL && values <= countof(p));
    for (size_t i = 0; i < values; i++) {
        keys[i] = (uint8_t)i;
        p[i] = (sstable_pair){.key = {&keys[i], 1}, .value = {zeroes, len}};
    }
    lk_buf out = {0};
    CHECK_EQ(sstable_write(p, values, &mem_default, &out), LK_OK);
    free(zeroes);
    arena scratch;
    arena_init(&scratch, &mem_default);
    sstable table;
    lk_status status = read_table(out.at, out.len, &scratch, &table);
    arena_drop(&scratch);
    lk_buf_free(&out);
    return status;
}

static void test_bomb(void) {
    CHECK_EQ(try_zeroes(4, MAX_BYTES / 4), LK_OK);
    CHECK_EQ(try_zeroes(5, MAX_BYTES / 4), LK_ELIMIT);
}

static void test_long_keys(void) {
    uint8_t *key = calloc(1, 65536);
    sstable_pair p = {.key = {key, 65535}, .value = {key, 1}};
    lk_buf out = {0};
    CHECK_EQ(sstable_write(&p, 1, &mem_default, &out), LK_OK);
    p.key.len = 65536;
    CHECK_EQ(sstable_write(&p, 1, &mem_default, &out), LK_ELIMIT);
    lk_buf_free(&out);
    free(key);
}

int main(void) {
    test_random();
    test_write_on();
    test_damage();
    test_forged();
    test_bomb();
    test_long_keys();
    printf("sstable: 80 random tables, damage, forgeries\n");
    return 0;
}
