/* SPDX-License-Identifier: MIT
 * neighbours_test.c - three rings: both ends of each channel want it, nobody has more than six, all
 * are joined up, also when many are gone at once, and who cannot be reached is passed. The places
 * are those that web/workspace/test/neighbours.test.mjs has. */
#include "host/neighbours.h"

#include "check.h"
#include "host/heap.h"

enum { MANY = 500 };

static const uint8_t test_key[SEAL_KEY] = {1, 2, 3};
static const lk_str test_room = {"room", 4};

static lk_str name_of(uint32_t i, char out[24]) {
    return (lk_str){out, (size_t)snprintf(out, 24, "member-%015u", i)};
}

static void vectors(void) {
    static const uint32_t want[2][NEIGHBOUR_RINGS] = {{3134774126, 1308863369, 1514868109},
                                                      {3126918302, 3818096367, 3489128876}};
    char name[24];
    for (uint32_t i = 0; i < 2; i++) {
        neighbour n = neighbour_place(test_key, test_room, name_of(i, name));
        for (int ring = 0; ring < NEIGHBOUR_RINGS; ring++) CHECK_EQ(n.at[ring], want[i][ring]);
        CHECK(!n.wanted && !n.unreached);
    }
}

/* What each of the first `len` members wants, as everyone sees it who knows all of them. */
static void choose_all(uint32_t len, bool wants[MANY][MANY]) {
    static neighbour members[MANY];
    char name[24];
    for (uint32_t i = 0; i < len; i++)
        members[i] = neighbour_place(test_key, test_room, name_of(i, name));
    for (uint32_t i = 0; i < len; i++) {
        neighbour *others[MANY];
        size_t other_len = 0;
        for (uint32_t k = 0; k < len; k++)
            if (k != i) others[other_len++] = &members[k];
        neighbours_choose(&members[i], others, other_len);
        for (uint32_t k = 0; k < len; k++) wants[i][k] = k != i && members[k].wanted;
    }
}

/* How many are reached from the first that is there. */
static uint32_t reach(uint32_t len, bool wants[MANY][MANY], const bool *gone) {
    uint32_t queue[MANY], head = 0, tail = 0;
    bool seen[MANY] = {false};
    for (uint32_t i = 0; tail == 0; i++)
        if (!gone[i]) queue[tail++] = i, seen[i] = true;
    for (; head < tail; head++)
        for (uint32_t k = 0; k < len; k++)
            if (wants[queue[head]][k] && !seen[k] && !gone[k]) queue[tail++] = k, seen[k] = true;
    return tail;
}

static void rings(void) {
    static bool wants[MANY][MANY];
    rng random = {1};
    for (uint32_t len = 1; len <= MANY; len = len < 20 ? len + 1 : len * 5 / 2) {
        bool gone[MANY] = {false};
        choose_all(len, wants);
        for (uint32_t i = 0; i < len; i++) {
            uint32_t count = 0;
            for (uint32_t k = 0; k < len; k++) {
                CHECK_EQ(wants[i][k], wants[k][i]);
                count += wants[i][k];
            }
            if (len <= NEIGHBOUR_ALL + 1) CHECK_EQ(count, len - 1);
            if (len > NEIGHBOUR_ALL + 1) CHECK(count >= 2 && count <= 2 * NEIGHBOUR_RINGS);
        }
        CHECK_EQ(reach(len, wants, gone), len);
    }
    choose_all(MANY, wants); /* every fifth vanishes, and nobody has noticed yet */
    bool gone[MANY];
    uint32_t left = 0;
    for (uint32_t i = 0; i < MANY; i++) left += !(gone[i] = rng_below(&random, 5) == 0);
    CHECK(left < MANY - 50);
    CHECK_EQ(reach(MANY, wants, gone), left);
}

/* Past those that cannot be reached, who stay wanted, and not past too many. */
static void unreached(void) {
    neighbour members[100], *others[99];
    char name[24];
    for (uint32_t i = 0; i < 100; i++) {
        members[i] = neighbour_place(test_key, test_room, name_of(i, name));
        if (i > 0) others[i - 1] = &members[i];
    }
    neighbours_choose(&members[0], others, 99);
    uint32_t first[6], len = 0, count = 0;
    for (uint32_t i = 1; i < 100; i++)
        if (members[i].wanted) first[len++] = i;
    members[first[0]].unreached = true;
    neighbours_choose(&members[0], others, 99);
    for (uint32_t i = 1; i < 100; i++) count += members[i].wanted;
    CHECK(count > len && count <= len + 2);
    for (uint32_t i = 0; i < len; i++) CHECK(members[first[i]].wanted);
    for (uint32_t i = 1; i < 100; i++) members[i].unreached = true;
    neighbours_choose(&members[0], others, 99);
    count = 0;
    for (uint32_t i = 1; i < 100; i++) count += members[i].wanted;
    CHECK(count <= 2 * NEIGHBOUR_RINGS * NEIGHBOUR_TRIES);
}

int main(void) {
    vectors();
    rings();
    unreached();
    printf("neighbours: rooms of up to %d\n", MANY);
    return 0;
}
