/* SPDX-License-Identifier: MIT
 * blobs.c - importing files, and versions as people write them. */
#include "blobs.h"

#include <string.h>

#include "host/heap.h"
#include "host/random.h"

static int blobs_import(const char *command, lk_doc *doc, const char *name) {
    lk_buf bytes = HEAP_BUF;
    lk_fault fault = {0};
    int code = CLI_OK;
    int error = cli_read_file(name, &bytes);
    if (error != 0) {
        cli_complain(command, "%s: %s", name, strerror(error));
        code = CLI_FAILED;
    } else if (lk_import(doc, (lk_bytes){bytes.at, bytes.len}, NULL, &fault) != LK_OK) {
        cli_complain(command, "%s: byte %zu: %s", name, fault.offset,
                     fault.what != NULL ? fault.what : lk_status_text(fault.code));
        code = CLI_DAMAGED;
    }
    lk_buf_free(&bytes);
    return code;
}

lk_doc *blobs_load(const char *command, const cli_list *files, int *code) {
    lk_doc *doc = lk_new(random_u64() >> 1, &heap_memory);
    *code = CLI_OK;
    for (size_t i = 0; *code == CLI_OK && i < files->len; i++)
        *code = blobs_import(command, doc, files->at[i]);
    if (*code == CLI_OK) return doc;
    lk_free(doc);
    return NULL;
}

/* ---- versions ---- */

/* Digits up to `end`, no larger than `max`. */
static bool blobs_number(const char **at, char end, uint64_t max, uint64_t *out) {
    const char *from = *at;
    uint64_t value = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');
        if (value > (max - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *out = value;
    return *at > from && (**at == end || (end == ',' && **at == 0));
}

static bool blobs_version_insert(lk_buf *out, lk_id id) {
    lk_id *ids = (lk_id *)(void *)out->at;
    size_t count = out->len / sizeof id, at = count;
    while (at > 0 && ids[at - 1].peer > id.peer) at--;
    if (at > 0 && ids[at - 1].peer == id.peer) return false;
    buf_reserve(out, sizeof id);
    ids = (lk_id *)(void *)out->at;
    memmove(&ids[at + 1], &ids[at], (count - at) * sizeof id);
    ids[at] = id;
    out->len += sizeof id;
    return true;
}

bool blobs_version_read(const char *text, lk_buf *out) {
    if (*text == 0) return true;
    for (;; text++) {
        uint64_t counter, peer;
        if (!blobs_number(&text, '@', INT32_MAX, &counter)) return false;
        text++;
        if (!blobs_number(&text, ',', UINT64_MAX - 1, &peer)) return false;
        if (!blobs_version_insert(out, (lk_id){peer, (int32_t)counter})) return false;
        if (*text == 0) return true;
    }
}
