/* SPDX-License-Identifier: MIT
 * people_test.c - names that others say to have, and who is told to come and go. */
#include "host/people.h"

#include "check.h"
#include "host/heap.h"

#define STR(s) ((lk_str){(s), sizeof(s) - 1})

static void is_name(lk_str said, const char *expected) {
    lk_buf out = HEAP_BUF;
    heap_print(&out, ">");
    bool good = people_name(said, &out);
    CHECK(good == (expected != NULL));
    CHECK(strcmp(heap_str(&out) + 1, good ? expected : "") == 0);
    lk_buf_free(&out);
}

static void check_names(void) {
    is_name(STR("Ada Lovelace"), "Ada Lovelace");
    is_name(STR("  Ada \t\n Lovelace "), "Ada Lovelace");
    is_name(STR("\x1b[2J\x07"
                "Bo\x7f\xc2\x9b"
                "b\xc2\xad"),
            "[2JBob");
    is_name(STR("\xe2\x80\xae"
                "Eve\xe2\x81\xa6\xef\xbb\xbf"),
            "Eve");
    is_name(STR("\xf0\x9f\xa6\x9c"), "\xf0\x9f\xa6\x9c");
    is_name(STR("a\xe2\x80\x8d"
                "b"),
            "a\xe2\x80\x8d"
            "b");
    is_name(STR("\xe2\x80\x8d\xe2\x80\x8c "), NULL);
    is_name(STR(""), NULL);
    is_name(STR(" \x00\n"), NULL);
    is_name(STR("\xff"
                "Ada"),
            NULL);
    is_name(STR("0123456789012345678901234567890123456789more"),
            "0123456789012345678901234567890123456789");
}

static lk_buf said;
static void say(void *context, const char *text) {
    (void)context;
    heap_print(&said, "%s;", text);
}

static void looks(people *p, lk_str json, const char *expected) {
    said.len = 0;
    size_t lines =
        people_look(p, (lk_bytes){(const uint8_t *)json.at, json.len}, STR("me"), say, NULL);
    for (const char *at = expected; *at != 0; at++) lines -= *at == ';';
    CHECK(lines == 0);
    CHECK(strcmp(heap_str(&said), expected) == 0);
}

static void check_coming_and_going(void) {
    people p;
    people_init(&p);
    said = (lk_buf)HEAP_BUF;
    looks(&p, STR("{}"), "");
    looks(&p, STR("{\"1\":{\"name\":\"Ada\",\"cursor\":[1,2]},\"me\":{\"name\":\"I\"}}"),
          "Ada is here;");
    looks(&p, STR("{\"1\":{\"name\":\"Ada\"},\"2\":{\"name\":\"Ada\"}}"), "");
    looks(&p, STR("{\"2\":{\"name\":\"Ada\"},\"3\":{\"name\":\"Ad\"}}"), "Ad is here;");
    looks(&p, STR("{\"3\":{\"colour\":1,\"name\":\"E\\u001b\\nve\"}}"),
          "Ada left;Ad left;E ve is here;");
    looks(&p, STR("{\"3\":{\"name\":"), ""); /* not what a room gives */
    looks(&p,
          STR("{\"3\":{\"name\":\"E ve\"},\"4\":7,\"5\":[{\"name\":\"x\"}],\"6\":{\"name\":[]},"
              "\"7\":\"name\",\"8\":null,\"9\":{\"name\":\" \",\"name\":\"Bob\"}}"),
          "Bob is here;");
    looks(&p, STR("{}"), "E ve left;Bob left;");
    lk_buf_free(&said);
    people_drop(&p);
}

static void check_crowd(void) {
    people p;
    people_init(&p);
    said = (lk_buf)HEAP_BUF;
    lk_buf json = HEAP_BUF;
    for (int i = 0; i < 1000; i++)
        heap_print(&json, "%c\"%d\":{\"name\":\"N%d\"}", i == 0 ? '{' : ',', i, i);
    heap_print(&json, "}");
    lk_bytes crowd = {json.at, json.len};
    CHECK(people_look(&p, crowd, STR("me"), say, NULL) == PEOPLE_MAX);
    CHECK(people_look(&p, crowd, STR("me"), say, NULL) == 0);
    lk_buf_free(&json);
    lk_buf_free(&said);
    people_drop(&p);
}

int main(void) {
    check_names();
    check_coming_and_going();
    check_crowd();
    return 0;
}
