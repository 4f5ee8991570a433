/* SPDX-License-Identifier: MIT
 * mdns.c - questions go out on every interface, and answers come to everybody: browsers answer to
 * the group and its port alone, so that port is shared with them and with the system's own
 * resolver. The sockets hear the group and nothing else; what is sent to this host is for others.
 */
#include "host/mdns.h"

#include <string.h>
#include <unistd.h>

#include "host/socket.h"

/* RFC 6762 section 3. */
#define MDNS_PORT 5353
static const lk_addr mdns_groups[] = {
    {.family = 4, .port = MDNS_PORT, .ip = {224, 0, 0, 251}},
    {.family = 6, .port = MDNS_PORT, .ip = {[0] = 0xff, [1] = 0x02, [15] = 0xfb}},
};
/* Section 5.2: a second at least lies between two questions, then twice that. */
static const uint64_t mdns_waits_ms[] = {1000, 2000, 2000};
/* Datagrams read before others get their turn. */
#define MDNS_DRAIN 64

static void mdns_open(mdns *m) {
    for (size_t i = 0; i < countof(mdns_groups); i++)
        m->socket_len += socket_multicast(&mdns_groups[i], m->sockets + m->socket_len,
                                          MDNS_SOCKETS - m->socket_len);
}

size_t mdns_reach(void) {
    mdns m = {.query_len = 0};
    mdns_open(&m);
    size_t reach = m.socket_len;
    mdns_drop(&m);
    return reach;
}

static mdns_query *mdns_find(mdns *m, const char *name) {
    for (size_t i = 0; i < m->query_len; i++)
        if (memcmp(m->queries[i].name, name, HIDDEN_NAME) == 0) return &m->queries[i];
    return NULL;
}

void mdns_ask(mdns *m, lk_str name, uint64_t now_ms) {
    LK_ASSERT(name.len == HIDDEN_NAME);
    if (m->query_len == MDNS_NAMES || mdns_find(m, name.at) != NULL) return;
    if (m->socket_len == 0) mdns_open(m);
    if (m->socket_len == 0) return;
    mdns_query *q = &m->queries[m->query_len++];
    *q = (mdns_query){.next_ms = now_ms};
    memcpy(q->name, name.at, HIDDEN_NAME);
    mdns_tick(m, now_ms);
}

static void mdns_send(const mdns *m, const mdns_query *q) {
    uint8_t question[MDNS_QUERY];
    for (uint8_t family = 4; family <= 6; family += 2) {
        mdns_query_write((lk_str){q->name, HIDDEN_NAME}, family, question);
        for (size_t i = 0; i < m->socket_len; i++)
            socket_multicast_send(m->sockets[i], (lk_bytes){question, sizeof question});
    }
}

void mdns_tick(mdns *m, uint64_t now_ms) {
    for (size_t i = 0; i < m->query_len;) {
        mdns_query *q = &m->queries[i];
        if (now_ms >= q->next_ms && q->tries == countof(mdns_waits_ms)) {
            *q = m->queries[--m->query_len];
            continue;
        }
        if (now_ms >= q->next_ms) {
            if (!q->answered) mdns_send(m, q);
            q->next_ms = now_ms + mdns_waits_ms[q->tries++];
        }
        i++;
    }
}

uint64_t mdns_wake_at(const mdns *m) {
    uint64_t wake_ms = UINT64_MAX;
    for (size_t i = 0; i < m->query_len; i++)
        if (m->queries[i].next_ms < wake_ms) wake_ms = m->queries[i].next_ms;
    return wake_ms;
}

bool mdns_read(mdns *m, int fd, uint8_t *room, mdns_inbox *inbox, mdns_answer *out) {
    lk_addr from;
    size_t each;
    for (;;) {
        while (mdns_answers_next(&inbox->answers, out)) {
            mdns_query *q = mdns_find(m, out->name);
            if (q == NULL) continue;
            q->answered = true;
            return true;
        }
        int64_t len = inbox->datagrams++ < MDNS_DRAIN
                          ? socket_receive(fd, room, SOCKET_BATCH_BYTES, &from, &each)
                          : -1;
        if (len < 0) return false;
        /* section 11: what does not come from the port did not come from here */
        lk_bytes message = {room, from.port == MDNS_PORT ? (size_t)len : 0};
        if (!mdns_answers_open(message, &inbox->answers)) inbox->answers = (mdns_answers){0};
    }
}

void mdns_drop(mdns *m) {
    for (size_t i = 0; i < m->socket_len; i++) close(m->sockets[i]);
    m->socket_len = m->query_len = 0;
}
