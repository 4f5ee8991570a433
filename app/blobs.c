/* SPDX-License-Identifier: MIT
 * blobs.c - importing files, and versions as people write them. */
#include "blobs.h"

#include <string.h>

#include "host/heap.h"
#include "host/random.h"
#include "lorikeet_room.h"

/* JSON updates are text that begins an object; no blob begins so. */
static bool blobs_is_json(const lk_buf *bytes) {
    size_t i = 0;
    while (i < bytes->len && (bytes->at[i] == ' ' || (bytes->at[i] >= 9 && bytes->at[i] <= 13)))
        i++;
    return i < bytes->len && bytes->at[i] == '{';
}

int blobs_import(const char *command, lk_doc *doc, const char *name, lk_import_status *news) {
    lk_buf bytes = HEAP_BUF;
    int error = cli_read_file(name, &bytes);
    if (error != 0) {
        cli_complain(command, "%s: %s", name, strerror(error));
        lk_buf_free(&bytes);
        return CLI_FAILED;
    }
    lk_fault fault = {0};
    lk_status status =
        blobs_is_json(&bytes)
            ? lk_json_import(doc, (lk_str){(const char *)bytes.at, bytes.len}, news, &fault)
            : lk_import(doc, (lk_bytes){bytes.at, bytes.len}, news, &fault);
    lk_buf_free(&bytes);
    if (status == LK_OK) return CLI_OK;
    cli_complain(command, "%s: byte %zu: %s", name, fault.offset,
                 fault.what != NULL ? fault.what : lk_status_text(status));
    return CLI_DAMAGED;
}

bool blobs_import_stored(lk_doc *doc, lk_bytes stored, lk_fault *fault) {
    lk_bytes blob;
    do {
        fault->code = lk_room_blob_next(&stored, &blob);
        if (fault->code == LK_OK) fault->code = lk_import(doc, blob, NULL, fault);
    } while (fault->code == LK_OK && stored.len > 0);
    return fault->code == LK_OK;
}

lk_doc *blobs_new(void) { return heap_doc(random_u64() >> 1); }

lk_doc *blobs_load(const char *command, const cli_list *files, int *code) {
    lk_doc *doc = blobs_new();
    *code = CLI_OK;
    for (size_t i = 0; *code == CLI_OK && i < files->len; i++)
        *code = blobs_import(command, doc, files->at[i], NULL);
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

lk_ids blobs_ids(const lk_buf *version) {
    return (lk_ids){(const lk_id *)(const void *)version->at, version->len / sizeof(lk_id)};
}

int blobs_frontiers(const char *command, const char *option, const char *text, lk_doc *doc,
                    lk_buf *out) {
    if (!blobs_version_read(text, out)) {
        cli_complain(command, "%s is of the form COUNTER@PEER,COUNTER@PEER, each peer once",
                     option);
        return CLI_USAGE;
    }
    lk_ids ids = blobs_ids(out), ignored;
    for (size_t i = 0; i < ids.len; i++) {
        if (lk_vv_of(doc, (lk_ids){&ids.at[i], 1}, &ignored) != LK_EMISSING) continue;
        cli_complain(command, "%s: %d@%llu is not in these files; \"lorikeet log\" lists what is",
                     option, (int)ids.at[i].counter, (unsigned long long)ids.at[i].peer);
        return CLI_FAILED;
    }
    return CLI_OK;
}
