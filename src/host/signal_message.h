/* SPDX-License-Identifier: MIT
 * signal_message.h - one signalling message as a struct, and the only door to jansson. The fields
 * are those of docs/PROTOCOL.md section 1; both the server and the native peer read and write
 * them. */
#ifndef HOST_SIGNAL_MESSAGE_H
#define HOST_SIGNAL_MESSAGE_H

#include "base/mem.h"

/* A peer's name towards the server: 16 random bytes in base64url. */
#define SIGNAL_PEER_LEN 22
/* What the name of a relay begins with; 12 random bytes are behind it. */
#define SIGNAL_RELAY "relay-"

typedef struct signal_message {
    void *json; /* what the views below point into; free with signal_message_drop() */
    bool plain; /* the dialect without a type; only `room_id` and `bare` are read from it */
    bool bare;  /* it has one member only */
    int64_t v;
    lk_str type, room, peer, to, from, code, message, room_id;
    void *data;     /* any JSON value, or NULL */
    int64_t number; /* `data`, when it is an object: a sealed word (1.3), 0: none */
    lk_str box;
} signal_message;

typedef struct signal_word { /* what peers say to one another (1.2), opened */
    void *json;              /* as above; free with signal_word_drop() */
    lk_str kind, session, sdp, candidate;
    int64_t restart; /* 0: none */
} signal_word;

/* Read an object. On failure *why is a literal. */
bool signal_message_read(lk_bytes text, signal_message *out, const char **why);
void signal_message_drop(signal_message *message);
bool signal_word_read(lk_bytes text, signal_word *out);
void signal_word_drop(signal_word *word);
typedef struct signal_ice { /* a STUN or TURN server; the latter wants to know who asks */
    lk_str url, username, credential;
} signal_ice;

/* The strings of the array `peers`, and the servers in `ice`: false when there is no such item. */
bool signal_message_peer(const signal_message *message, size_t index, lk_str *out);
bool signal_message_ice(const signal_message *message, size_t index, signal_ice *out);

/* Append one member of an object being written by hand: "name":"value" with the value escaped,
 * preceded by a comma if the object has members already. */
void signal_write_str(lk_buf *out, const char *name, lk_str value);
/* The same with any JSON value as it came in. */
void signal_write_data(lk_buf *out, const char *name, const void *data);

#endif
