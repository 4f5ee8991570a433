/* SPDX-License-Identifier: MIT
 * signal_message.c - JSON in, views out; strings in, JSON out. */
#include "host/signal_message.h"

#include <string.h>

#include <jansson.h>

#include "host/heap.h"

static lk_str signal_message_str(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value)) return (lk_str){NULL, 0};
    return (lk_str){json_string_value(value), json_string_length(value)};
}

static void signal_message_views(const json_t *root, signal_message *out) {
    out->plain = json_object_get(root, "type") == NULL;
    out->bare = json_object_size(root) == 1;
    out->v = json_integer_value(json_object_get(root, "v"));
    out->type = signal_message_str(root, "type");
    out->room = signal_message_str(root, "room");
    out->peer = signal_message_str(root, "peer");
    out->to = signal_message_str(root, "to");
    out->from = signal_message_str(root, "from");
    out->code = signal_message_str(root, "code");
    out->message = signal_message_str(root, "message");
    out->room_id = signal_message_str(root, "roomId");
    json_t *data = json_object_get(root, "data");
    out->data = data;
    out->number = json_integer_value(json_object_get(data, "n"));
    out->box = signal_message_str(data, "box");
}

/* jansson refuses what is not UTF-8, nests deeper than 2048, or holds an integer beyond 64 bits. */
static json_t *signal_message_object(lk_bytes text, const char **why) {
    json_t *root = json_loadb((const char *)text.at, text.len, JSON_ALLOW_NUL, NULL);
    if (json_is_object(root)) return root;
    *why = root == NULL ? "not JSON" : "not a JSON object";
    json_decref(root);
    return NULL;
}

bool signal_message_read(lk_bytes text, signal_message *out, const char **why) {
    *out = (signal_message){0};
    json_t *root = signal_message_object(text, why);
    if (root == NULL) return false;
    out->json = root;
    signal_message_views(root, out);
    return true;
}

void signal_message_drop(signal_message *message) {
    json_decref(message->json);
    message->json = NULL;
}

bool signal_word_read(lk_bytes text, signal_word *out) {
    const char *why;
    json_t *root = signal_message_object(text, &why);
    *out = (signal_word){.json = root,
                         .kind = signal_message_str(root, "kind"),
                         .session = signal_message_str(root, "session"),
                         .sdp = signal_message_str(root, "sdp"),
                         .candidate = signal_message_str(root, "candidate"),
                         .restart = json_integer_value(json_object_get(root, "restart"))};
    return root != NULL;
}

void signal_word_drop(signal_word *word) {
    json_decref(word->json);
    word->json = NULL;
}

bool signal_message_peer(const signal_message *message, size_t index, lk_str *out) {
    const json_t *item = json_array_get(json_object_get(message->json, "peers"), index);
    if (!json_is_string(item)) return false;
    *out = (lk_str){json_string_value(item), json_string_length(item)};
    return true;
}

bool signal_message_ice(const signal_message *message, size_t index, signal_ice *out) {
    const json_t *item = json_array_get(json_object_get(message->json, "ice"), index);
    if (item == NULL) return false;
    *out = (signal_ice){signal_message_str(item, "urls"), signal_message_str(item, "username"),
                        signal_message_str(item, "credential")};
    return true;
}

static int signal_write_sink(const char *at, size_t len, void *out) {
    buf_append(out, at, len);
    return 0;
}

static void signal_write_name(lk_buf *out, const char *name) {
    bool first = out->len > 0 && out->at[out->len - 1] == '{';
    heap_print(out, "%s\"%s\":", first ? "" : ",", name);
}

void signal_write_str(lk_buf *out, const char *name, lk_str value) {
    json_t *string = json_stringn(value.at == NULL ? "" : value.at, value.len);
    LK_ASSERT(string != NULL); /* what we write is UTF-8 */
    signal_write_data(out, name, string);
    json_decref(string);
}

void signal_write_data(lk_buf *out, const char *name, const void *data) {
    signal_write_name(out, name);
    json_dump_callback(data, signal_write_sink, out, JSON_COMPACT | JSON_ENCODE_ANY);
}
