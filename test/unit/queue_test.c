/* SPDX-License-Identifier: MIT
 * queue_test.c - the queue beside a dumb twin, and what was popped last stays readable. */
#include "check.h"

#include "rtc/queue.h"

#define TWIN_MAX 4096

/* The twin: numbers say what each item must hold. */
typedef struct twin {
    uint32_t at[TWIN_MAX];
    size_t first, end;
} twin;

static size_t item_len(uint32_t number) { return number % 7 == 0 ? 0 : number % 1500; }

static void check_item(const queue *q, const queue_item *item, uint32_t number) {
    lk_bytes bytes = queue_bytes(q, item);
    CHECK_EQ(item->ppid, number);
    CHECK_EQ(bytes.len, item_len(number));
    for (size_t i = 0; i < bytes.len; i++) CHECK_EQ(bytes.at[i], (uint8_t)(number + i));
}

static void push(queue *q, twin *t, uint32_t number) {
    uint8_t bytes[1500];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(number + i);
    CHECK(queue_push(q, (queue_item){.ppid = number}, (lk_bytes){bytes, item_len(number)}));
    t->at[t->end++] = number;
}

static void check_random(uint64_t seed) {
    rng random = {seed};
    queue q;
    twin t = {.first = 0};
    queue_init(&q, &mem_default);
    while (t.end < TWIN_MAX) {
        /* long runs of either, so that it grows and runs empty */
        bool grow = rng_below(&random, 100) < (seed % 2 == 0 ? 70 : 45);
        if (grow)
            push(&q, &t, (uint32_t)rng_u64(&random));
        else if (t.first < t.end) {
            const queue_item *item = queue_first(&q);
            CHECK(item != NULL);
            check_item(&q, item, t.at[t.first]);
            queue_pop(&q);
            check_item(&q, item, t.at[t.first++]);
        }
        size_t len = 0;
        for (size_t i = t.first; i < t.end && t.end % 64 == 0; i++) len += item_len(t.at[i]);
        if (t.end % 64 == 0) CHECK_EQ(queue_len(&q), len);
        CHECK_EQ(queue_first(&q) == NULL, t.first == t.end);
    }
    queue_drop(&q);
}

int main(void) {
    for (uint64_t seed = 1; seed <= 10; seed++) check_random(seed);
    printf("queue_test: ok\n");
    return 0;
}
