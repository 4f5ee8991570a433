/* SPDX-License-Identifier: MIT
 * replay.c - drives a fuzz target without libFuzzer, under any compiler and sanitizer.
 *
 *   seeds ─┬─► as they are ─► every truncation ─┬─► an exactly sized block ─► target
 *          └─► seeded mutations ─► repaired ────┘   (so that ASan sees one byte too far)
 *
 * usage: fuzz_x [--count N] [--seed S] [FILE.hex ...]     replay, truncate, mutate
 *        fuzz_x --write DIR                               write the seeds, for libFuzzer's corpus
 */
#include "fuzz/fuzz.h"

#include "check.h"

enum { REPLAY_MAX = 1 << 20, REPLAY_SEEDS = 64, REPLAY_COUNT = 100000 };

/* Targets without an own definition get these. */
__attribute__((weak)) size_t fuzz_seed(uint32_t n, uint8_t *out, size_t cap) {
    (void)n, (void)out, (void)cap;
    return 0;
}
__attribute__((weak)) uint32_t fuzz_count(void) { return REPLAY_COUNT; }
__attribute__((weak)) void fuzz_repair(uint8_t *data, size_t size) { (void)data, (void)size; }

typedef struct replay_input {
    uint8_t *at;
    size_t len;
} replay_input;

static replay_input replay_seeds[REPLAY_SEEDS];
static uint32_t replay_seed_len;
static uint64_t replay_runs;

static void replay_run(const uint8_t *data, size_t size) {
    uint8_t *exact = malloc(size > 0 ? size : 1);
    CHECK(exact != NULL);
    if (size > 0) memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    replay_runs++;
}

static void replay_add(const uint8_t *data, size_t size) {
    CHECK(replay_seed_len < REPLAY_SEEDS);
    uint8_t *copy = malloc(size > 0 ? size : 1);
    CHECK(copy != NULL);
    if (size > 0) memcpy(copy, data, size);
    replay_seeds[replay_seed_len++] = (replay_input){copy, size};
}

/* A corpus file: pairs of hex digits, white space, and # to the end of the line. */
static void replay_add_hex(const char *path, uint8_t *scratch) {
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    size_t len = 0;
    unsigned byte = 0;
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
        if (c == '#')
            while (c != '\n' && c != EOF) c = fgetc(file);
        else if (fseek(file, -1, SEEK_CUR) == 0 && fscanf(file, " %2x", &byte) == 1) {
            CHECK(len < REPLAY_MAX);
            scratch[len++] = (uint8_t)byte;
        }
    }
    fclose(file);
    replay_add(scratch, len);
}

static size_t replay_insert(rng *random, uint8_t *data, size_t len) {
    size_t at = rng_below(random, (uint32_t)len + 1), count = 1 + rng_below(random, 8);
    if (len + count > REPLAY_MAX) return len;
    memmove(data + at + count, data + at, len - at);
    for (size_t i = 0; i < count; i++) data[at + i] = (uint8_t)rng_u64(random);
    return len + count;
}
static size_t replay_remove(rng *random, uint8_t *data, size_t len) {
    size_t at = rng_below(random, (uint32_t)len), count = 1 + rng_below(random, 8);
    if (count > len - at) count = len - at;
    memmove(data + at, data + at + count, len - at - count);
    return len - count;
}
/* The start of this input and the end of another. */
static size_t replay_splice(rng *random, uint8_t *data, size_t len) {
    const replay_input *other = &replay_seeds[rng_below(random, replay_seed_len)];
    size_t at = rng_below(random, (uint32_t)len),
           from = rng_below(random, (uint32_t)other->len + 1);
    if (at + other->len - from > REPLAY_MAX) return len;
    memcpy(data + at, other->at + from, other->len - from);
    return at + other->len - from;
}

static size_t replay_mutate(rng *random, uint8_t *data, size_t len) {
    static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0x81, 0xfe, 0xff};
    for (uint32_t rounds = 1 + rng_below(random, 4); rounds > 0; rounds--) {
        if (len == 0) return replay_insert(random, data, len);
        size_t at = rng_below(random, (uint32_t)len);
        switch (rng_below(random, 7)) {
        case 0: data[at] ^= (uint8_t)(1u << rng_below(random, 8)); break;
        case 1: data[at] = (uint8_t)rng_u64(random); break;
        case 2: data[at] = edges[rng_below(random, sizeof edges)]; break;
        case 3: data[at] = (uint8_t)(data[at] + (rng_below(random, 2) ? 1 : 255)); break;
        case 4: len = replay_insert(random, data, len); break;
        case 5: len = replay_remove(random, data, len); break;
        case 6: len = replay_splice(random, data, len); break;
        }
    }
    return len;
}

static void replay_write(const char *folder) {
    for (uint32_t i = 0; i < replay_seed_len; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/seed-%" PRIu32, folder, i);
        FILE *file = fopen(path, "wb");
        CHECK(file != NULL);
        CHECK_EQ(fwrite(replay_seeds[i].at, 1, replay_seeds[i].len, file), replay_seeds[i].len);
        CHECK_EQ(fclose(file), 0);
    }
}

static void replay_all(uint64_t count, uint64_t seed, uint8_t *scratch) {
    replay_run(NULL, 0);
    for (uint32_t i = 0; i < replay_seed_len; i++)
        for (size_t len = replay_seeds[i].len + 1; len-- > 0;) {
            memcpy(scratch, replay_seeds[i].at, len);
            replay_run(scratch, len);
            fuzz_repair(scratch, len);
            replay_run(scratch, len);
        }
    rng random = {seed};
    if (replay_seed_len == 0) replay_add((const uint8_t *)"", 0);
    for (uint64_t i = 0; i < count; i++) {
        const replay_input *input = &replay_seeds[rng_below(&random, replay_seed_len)];
        memcpy(scratch, input->at, input->len);
        size_t len = replay_mutate(&random, scratch, input->len);
        if (rng_below(&random, 4) != 0) fuzz_repair(scratch, len);
        replay_run(scratch, len);
    }
}

int main(int argc, char **argv) {
    uint8_t *scratch = malloc(REPLAY_MAX);
    CHECK(scratch != NULL);
    uint64_t count = fuzz_count(), seed = 1;
    const char *folder = NULL;
    for (size_t len; (len = fuzz_seed(replay_seed_len, scratch, REPLAY_MAX)) > 0;)
        replay_add(scratch, len);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
            count = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--write") == 0 && i + 1 < argc)
            folder = argv[++i];
        else
            replay_add_hex(argv[i], scratch);
    }
    if (folder != NULL)
        replay_write(folder);
    else
        replay_all(count, seed, scratch);
    printf("%" PRIu32 " seeds, %" PRIu64 " runs, seed %" PRIu64 "\n", replay_seed_len, replay_runs,
           seed);
    for (uint32_t i = 0; i < replay_seed_len; i++) free(replay_seeds[i].at);
    free(scratch);
    return 0;
}
