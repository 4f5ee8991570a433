/* SPDX-License-Identifier: MIT
 * elo_links.h - of a room's links those that lead to somebody who keeps it without reading it: a
 * relay, or a server. Its other links are not known here. */
#ifndef HOST_ELO_LINKS_H
#define HOST_ELO_LINKS_H

#include "base/mem.h"
#include "lorikeet_room.h"

typedef struct elo_links elo_links;

typedef struct elo_links_options {
    lk_doc *doc;           /* the room's */
    lk_str room;           /* a view that must stay */
    const uint8_t *key;    /* the room's, which must stay; SEAL_KEY bytes */
    const lk_guard *guard; /* the room's; copied */
    void *context;
    /* In both the link may close, and elo_links_close() be called. */
    void (*send)(void *context, uint32_t link, lk_bytes message);
    void (*feed)(void *context, uint32_t link, lk_bytes message); /* to the room */
    /* What was kept was not sealed with this key, or not signed, or changed. It is left out; told
     * once. */
    void (*refused)(void *context);
} elo_links_options;

elo_links *elo_links_new(const elo_links_options *options);
void elo_links_free(elo_links *v);

/* The link leads to such a one. Before the room is told of it. */
void elo_links_add(elo_links *v, uint32_t link);
bool elo_links_has(const elo_links *v, uint32_t link);
/* The link is closed; nothing, if it is none of these. */
void elo_links_close(elo_links *v, uint32_t link);

/* A message that the room wants sent over one of these. */
void elo_links_seal(elo_links *v, uint32_t link, lk_bytes message);
/* A message that came over one of these. false: no honest end would send it; hang up. */
bool elo_links_open(elo_links *v, uint32_t link, lk_bytes message);
/* When a tick is wanted, or UINT64_MAX. */
uint64_t elo_links_wake_at(const elo_links *v);
void elo_links_tick(elo_links *v);

/* Walk the links that it is time to close and to open anew, as something that came over them was
 * refused, which may be had later: from an honest one, or one that was mended. The more was
 * refused, the longer it takes. Begin with *cursor = 0; false: these were all. */
bool elo_links_stale(const elo_links *v, size_t *cursor, uint32_t *link);

#endif
