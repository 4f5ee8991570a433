/* SPDX-License-Identifier: MIT
 * styles.c - which keys a text can be marked with, and how far the marks reach. */
#include "base/utf8.h"
#include "doc/doc.h"

void styles_init(doc_styles *styles, const lk_memory *heap) {
    /* What a document of loro-crdt begins with. */
    static const lk_style first[] = {
        {{"bold", 4}, LK_EXPAND_AFTER},      {{"italic", 6}, LK_EXPAND_AFTER},
        {{"underline", 9}, LK_EXPAND_AFTER}, {{"code", 4}, LK_EXPAND_NONE},
        {{"comment", 7}, LK_EXPAND_NONE},    {{"highlight", 9}, LK_EXPAND_NONE},
        {{"link", 4}, LK_EXPAND_NONE},
    };
    *styles = (doc_styles){.at = first, .len = countof(first)};
    arena_init(&styles->memory, heap);
}

/* Length of the part before ':'. */
static size_t styles_base(lk_str key) {
    size_t len = 0;
    while (len < key.len && key.at[len] != ':') len++;
    return len;
}

bool styles_find(const doc_styles *styles, lk_str key, lk_expand *out) {
    size_t len = styles_base(key);
    *out = styles->expand;
    for (size_t i = 0; i < styles->len; i++) {
        const lk_style *style = &styles->at[i];
        if (style->key.len != len || __builtin_memcmp(style->key.at, key.at, len) != 0) continue;
        *out = style->expand;
        return true;
    }
    return styles->any;
}

lk_status lk_style_config(lk_doc *doc, const lk_style *styles, size_t len) {
    arena fresh;
    arena_init(&fresh, &doc->memory);
    lk_style *copy = arena_new(&fresh, lk_style, len);
    for (size_t i = 0; copy != NULL && i < len; i++) {
        lk_str key = styles[i].key;
        if (styles_base(key) < key.len || !utf8_valid((const uint8_t *)key.at, key.len)) {
            arena_drop(&fresh);
            return LK_EVALUE;
        }
        char *name = arena_bytes(&fresh, key.len);
        if (name != NULL && key.len > 0) __builtin_memcpy(name, key.at, key.len);
        copy[i] = (lk_style){{name, key.len}, styles[i].expand};
    }
    if (fresh.failed) {
        arena_drop(&fresh);
        return LK_ENOMEM;
    }
    arena_drop(&doc->styles.memory);
    doc->styles.memory = fresh;
    doc->styles.at = copy;
    doc->styles.len = len;
    return LK_OK;
}

void lk_style_default(lk_doc *doc, const lk_expand *expand_or_null) {
    doc->styles.any = expand_or_null != NULL;
    doc->styles.expand = expand_or_null == NULL ? LK_EXPAND_NONE : *expand_or_null;
}
