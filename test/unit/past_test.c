/* SPDX-License-Identifier: MIT
 * past_test.c - who edits what others made must have it in the past, and not only somewhere: else
 * whether a document takes a change would hang on what came before it, and what one peer took the
 * next one, who hears it from that peer, would refuse. */
#include "check.h"
#include "lorikeet.h"

#define MADE                                                                                       \
    "{\"id\":\"0@0\",\"timestamp\":0,\"deps\":[],\"lamport\":0,\"msg\":null,\"ops\":["             \
    "{\"container\":\"cid:root-m:Map\",\"counter\":0,\"content\":"                                 \
    "{\"type\":\"insert\",\"key\":\"t\",\"value\":\"\xf0\x9f\xa6\x9c:cid:0@0:Text\"}},"            \
    "{\"container\":\"cid:root-l:MovableList\",\"counter\":1,\"content\":"                         \
    "{\"type\":\"insert\",\"pos\":0,\"value\":[\"a\"]}}]}"
#define TYPED                                                                                      \
    "{\"container\":\"cid:0@0:Text\",\"content\":{\"type\":\"insert\",\"pos\":0,\"text\":\"x\"},"
#define SET                                                                                        \
    "{\"container\":\"cid:root-l:MovableList\","                                                   \
    "\"content\":{\"type\":\"set\",\"elem_id\":\"L1@0\",\"value\":1},"

/* A change of `peer` from `counter` on, with one operation. */
static lk_status take(lk_doc *doc, bool with_made, uint32_t peer, uint32_t counter,
                      const char *deps, const char *op) {
    char json[2048];
    int len =
        snprintf(json, sizeof json,
                 "{\"schema_version\":1,\"start_version\":{},\"peers\":[\"1\",\"2\",\"3\"],"
                 "\"changes\":[%s{\"id\":\"%u@%u\",\"timestamp\":0,\"deps\":[%s],"
                 "\"lamport\":%u,\"msg\":null,\"ops\":[%s\"counter\":%u}]}]}",
                 with_made ? MADE "," : "", counter, peer, deps, 5 * peer + counter, op, counter);
    CHECK(len > 0 && (size_t)len < sizeof json);
    return lk_json_import(doc, (lk_str){json, (size_t)len}, NULL, NULL);
}

static void check(const char *op) {
    lk_doc *doc = lk_new(9, NULL);
    CHECK(doc != NULL);
    CHECK_EQ(take(doc, true, 1, 0, "", op), LK_ECORRUPT);
    CHECK_EQ(lk_op_count(doc), 0);
    CHECK_EQ(take(doc, true, 1, 0, "\"1@0\"", op), LK_OK);
    CHECK_EQ(take(doc, false, 2, 0, "", op), LK_ECORRUPT); /* it is here, but not in its past */
    CHECK_EQ(take(doc, false, 1, 1, "\"0@1\"", op), LK_OK);
    CHECK_EQ(take(doc, false, 2, 0, "\"0@1\"", op), LK_OK); /* known through another one */
    CHECK_EQ(lk_op_count(doc), 5);
    lk_doc *copy = NULL;
    CHECK_EQ(lk_fork(doc, 10, NULL, &copy), LK_OK);
    lk_free(copy);
    lk_free(doc);
}

int main(void) {
    check(TYPED);
    check(SET);
    puts("past: containers and elements of others");
    return 0;
}
