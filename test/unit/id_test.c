/* SPDX-License-Identifier: MIT
 * id_test.c - spellings of container ids, and what is none. */
#include "model/id.h"

#include "check.h"

static void check_spelling(const char *text, container_kind kind, const char *root, int32_t counter,
                           uint64_t peer) {
    container_id id;
    uint64_t wide;
    CHECK(container_id_parse((lk_str){text, strlen(text)}, &id, &wide));
    CHECK_EQ(id.kind, kind);
    CHECK_EQ(id.root, root != NULL);
    if (root != NULL) CHECK_BYTES(id.name.at, id.name.len, root, strlen(root));
    CHECK_EQ(id.counter, counter);
    CHECK(wide == peer);
    lk_buf out = {0};
    CHECK(container_id_print(&id, peer, &out));
    CHECK_BYTES(out.at, out.len, text, strlen(text));
    lk_buf_free(&out);
}

static void test_spellings(void) {
    check_spelling("cid:root-name:Text", LK_TEXT, "name", 0, 0);
    check_spelling("cid:root-a:b-c@1:Map", LK_MAP, "a:b-c@1", 0, 0);
    check_spelling("cid:root-\xf0\x9f\xa4\x9d:$x>y:List", LK_LIST, "\xf0\x9f\xa4\x9d:$x>y", 0, 0);
    check_spelling("cid:0@0:Tree", LK_TREE, NULL, 0, 0);
    check_spelling("cid:12@77:MovableList", LK_MOVABLE_LIST, NULL, 12, 77);
    check_spelling("cid:2147483647@18446744073709551615:Counter", LK_COUNTER, NULL, INT32_MAX,
                   UINT64_MAX);
    check_spelling("cid:1@2:Unknown(6)", 6, NULL, 1, 2);
    check_spelling("cid:root-x:Unknown(127)", 127, "x", 0, 0);
}

static void test_others(void) {
    static const char *const others[] = {
        "",
        "cid",
        "cid:",
        "cid:root-:Text",
        "cid:root-x",
        "cid:root-x:",
        "cid:root-x:text",
        "cid:root-x:Texts",
        "cid:root-x:Unknown(5)",
        "cid:root-x:Unknown(128)",
        "cid:root-x:Unknown(6",
        "cid:1@2",
        "cid:1@:Map",
        "cid:@2:Map",
        "cid:-1@2:Map",
        "cid:01@2:Map",
        "cid:1@2x:Map",
        "cid:1 @2:Map",
        "cid:2147483648@2:Map",
        "cid:1@18446744073709551616:Map",
        "CID:1@2:Map",
    };
    for (size_t i = 0; i < countof(others); i++) {
        container_id id;
        uint64_t peer;
        if (container_id_parse((lk_str){others[i], strlen(others[i])}, &id, &peer))
            fprintf(stderr, "accepted: %s\n", others[i]), abort();
    }
}

int main(void) {
    test_spellings();
    test_others();
    printf("id: spellings\n");
    return 0;
}
