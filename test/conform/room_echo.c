/* SPDX-License-Identifier: MIT
 * room_echo.c - reads and writes again what room.mjs made with the published packages.
 *
 *   frame HEX      ─► HEX of the same message, or "refused"
 *   presence HEX   ─► HEX of a store that took the update in, a space, its JSON; or "refused" */
#include "check.h"

#include "room/frame.h"
#include "room/presence.h"

#define ECHO_LINE (1u << 21)

static size_t echo_unhex(const char *hex, uint8_t *out) {
    size_t len = 0;
    for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2) out[len++] = (uint8_t)byte;
    return len;
}

static void echo_hex(const lk_buf *bytes) {
    for (size_t i = 0; i < bytes->len; i++) printf("%02x", bytes->at[i]);
}

static bool echo_frame(lk_bytes message, lk_buf *out) {
    frame f;
    if (frame_decode(message, &f, NULL) != LK_OK) return false;
    uint32_t count = f.kind == FRAME_UPDATE ? f.count : 0;
    lk_bytes *updates = calloc(count + 1u, sizeof *updates), rest = f.list;
    for (uint32_t i = 0; i < count; i++) CHECK(frame_next_update(&rest, &updates[i]));
    f.updates = updates;
    CHECK(frame_encode(&f, out));
    free(updates);
    return true;
}

static bool echo_presence(lk_bytes update, lk_buf *out, lk_buf *json) {
    presence p = {.heap = &mem_default};
    bool changed, ok = presence_apply(&p, update, 1, 0, &changed, NULL) == LK_OK;
    CHECK(presence_encode(&p, false, out) && presence_json(&p, json));
    presence_drop(&p);
    return ok;
}

int main(void) {
    char *line = malloc(ECHO_LINE);
    uint8_t *bytes = malloc(ECHO_LINE / 2);
    while (fgets(line, ECHO_LINE, stdin) != NULL) {
        char *hex = strchr(line, ' ');
        CHECK(hex != NULL);
        lk_bytes input = {bytes, echo_unhex(hex + 1, bytes)};
        lk_buf out = {0}, json = {0};
        bool ok = line[0] == 'f' ? echo_frame(input, &out) : echo_presence(input, &out, &json);
        if (ok) {
            echo_hex(&out);
            if (json.len > 0) printf(" %.*s", (int)json.len, (const char *)json.at);
            printf("\n");
        } else {
            printf("refused\n");
        }
        lk_buf_free(&out);
        lk_buf_free(&json);
    }
    free(line);
    free(bytes);
    return 0;
}
