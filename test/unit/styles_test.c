/* SPDX-License-Identifier: MIT
 * styles_test.c - what keys are configured for marking, and what they mean. */
#include "check.h"
#include "doc/doc.h"

static lk_str str_of(const char *s) { return (lk_str){s, strlen(s)}; }

/* -1: not configured. */
static int expand_of(const lk_doc *doc, const char *key) {
    lk_expand expand;
    return styles_find(&doc->styles, str_of(key), &expand) ? (int)expand : -1;
}

static void check_first(const lk_doc *doc) {
    CHECK_EQ(expand_of(doc, "bold"), LK_EXPAND_AFTER);
    CHECK_EQ(expand_of(doc, "link"), LK_EXPAND_NONE);
    CHECK_EQ(expand_of(doc, "comment:alice:2"), LK_EXPAND_NONE);
    CHECK_EQ(expand_of(doc, "boldest"), -1);
    CHECK_EQ(expand_of(doc, "bol"), -1);
    CHECK_EQ(expand_of(doc, ":bold"), -1);
    CHECK_EQ(expand_of(doc, ""), -1);
}

int main(void) {
    lk_doc *doc = lk_new(1, NULL);
    CHECK(doc != NULL);
    check_first(doc);

    lk_style wrong[] = {{str_of("size"), LK_EXPAND_BOTH}, {str_of("a:b"), LK_EXPAND_NONE}};
    CHECK_EQ(lk_style_config(doc, wrong, 2), LK_EVALUE);
    wrong[1].key = str_of("\xff");
    CHECK_EQ(lk_style_config(doc, wrong, 2), LK_EVALUE);
    check_first(doc);

    lk_style styles[] = {{str_of("size"), LK_EXPAND_BEFORE}, {str_of("bold"), LK_EXPAND_BOTH}};
    CHECK_EQ(lk_style_config(doc, styles, 2), LK_OK);
    CHECK_EQ(expand_of(doc, "size:9"), LK_EXPAND_BEFORE);
    CHECK_EQ(expand_of(doc, "bold"), LK_EXPAND_BOTH);
    CHECK_EQ(expand_of(doc, "italic"), -1);

    lk_expand fallback = LK_EXPAND_AFTER;
    lk_style_default(doc, &fallback);
    CHECK_EQ(expand_of(doc, "italic"), LK_EXPAND_AFTER);
    CHECK_EQ(lk_style_config(doc, NULL, 0), LK_OK);
    CHECK_EQ(expand_of(doc, "size"), LK_EXPAND_AFTER);
    lk_style_default(doc, NULL);
    CHECK_EQ(expand_of(doc, "size"), -1);
    lk_free(doc);
    printf("styles: configured, replaced, by default\n");
    return 0;
}
