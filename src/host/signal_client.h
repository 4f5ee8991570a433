/* SPDX-License-Identifier: MIT
 * signal_client.h - a member's end of signalling (docs/PROTOCOL.md section 1.1): stay connected to
 * the server, be in the room, hear who is there. */
#ifndef HOST_SIGNAL_CLIENT_H
#define HOST_SIGNAL_CLIENT_H

#include "host/address.h"
#include "host/signal_message.h"
#include "host/web.h"

typedef struct signal_client signal_client;

typedef struct signal_client_events {
    void *context;
    /* We are in; `self` is our name until the next welcome. Everyone known before is forgotten:
     * those who are there follow as `joined`. */
    void (*welcome)(void *context, lk_str self, const signal_message *message);
    void (*joined)(void *context, lk_str peer);
    void (*left)(void *context, lk_str peer);
    void (*signal)(void *context, lk_str from, const signal_message *message);
    /* The server cannot be reached, or was lost; told once until the next welcome. */
    void (*lost)(void *context, const char *why);
} signal_client_events;

typedef struct signal_client_options {
    loop *loop;
    web *web;
    address_url server; /* views that must stay */
    lk_str room;
    bool relay; /* have a name that says so */
} signal_client_options;

/* Connects, and connects again whenever it must. */
signal_client *signal_client_new(const signal_client_options *options,
                                 const signal_client_events *events);
void signal_client_free(signal_client *c);

/* Say something to a peer; `data` is JSON. Lost if the server is not there. */
void signal_client_say(signal_client *c, lk_str to, const lk_buf *data);

/* The next waiting time of a series: 0.5 s, doubling to 15 s, each shortened at random by up to
 * half, so that a room whose server came back does not return all at once. */
uint64_t signal_client_backoff_ms(uint32_t failures);

#endif
