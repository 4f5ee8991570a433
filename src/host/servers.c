/* SPDX-License-Identifier: MIT
 * servers.c - names become addresses, one by one. A relay that is named again gets the new
 * credentials: they last for some hours. */
#include "host/servers.h"

#include <string.h>

#include "host/heap.h"

servers *servers_new(loop *l, void (*changed)(void *context), void *context) {
    servers *s = heap_new(servers);
    s->loop = l, s->changed = changed, s->context = context;
    return s;
}

void servers_free(servers *s) {
    s->over = true;
    if (s->asked > 0) return;
    for (size_t i = 0; i < s->relay_len; i++) {
        lk_buf_free(&s->relays[i].url);
        lk_buf_free(&s->relays[i].username);
        lk_buf_free(&s->relays[i].password);
        lk_buf_free(&s->relays[i].tls_name);
    }
    heap_free(servers, s);
}

static void servers_looked_up(servers *s, const lk_addr *found) {
    s->asked--;
    s->unknown |= found->family == 0;
    if (s->over)
        servers_free(s);
    else if (s->changed != NULL)
        s->changed(s->context);
}

/* ---- STUN ---- */

static bool servers_has_stun(const servers *s, const lk_addr *addr) {
    for (size_t i = 0; i < s->stun_len; i++)
        if (address_equal(&s->stun[i], addr)) return true;
    return false;
}

static void servers_stun_found(void *context, lk_addr found) {
    servers *s = context;
    if (found.family != 0 && s->stun_len < LIMIT_ICE_SERVERS && !servers_has_stun(s, &found))
        s->stun[s->stun_len++] = found;
    servers_looked_up(s, &found);
}

void servers_add_stun(servers *s, const address *at) {
    s->asked++;
    loop_find(s->loop, at, servers_stun_found, s);
}

/* ---- TURN ---- */

static void servers_relay_found(void *context, lk_addr found) {
    servers_relay *relay = context;
    relay->found = found;
    servers_looked_up(relay->servers, &found);
}

static servers_relay *servers_relay_of(servers *s, lk_str url) {
    for (size_t i = 0; i < s->relay_len; i++) {
        const lk_buf *known = &s->relays[i].url;
        if (known->len == url.len && memcmp(known->at, url.at, url.len) == 0) return &s->relays[i];
    }
    return NULL;
}

static void servers_set(lk_buf *to, lk_str text) {
    to->len = 0;
    buf_append(to, text.at, text.len);
}

static void servers_take_relay(servers *s, const signal_ice *ice, const servers_url *url) {
    servers_relay *relay = servers_relay_of(s, ice->url);
    bool fresh = relay == NULL;
    if (fresh && s->relay_len == LIMIT_ICE_SERVERS) return;
    if (fresh) {
        relay = &s->relays[s->relay_len++];
        *relay = (servers_relay){s, HEAP_BUF, HEAP_BUF, HEAP_BUF, HEAP_BUF, url->stream, {0}};
        servers_set(&relay->url, ice->url);
        if (url->tls) servers_set(&relay->tls_name, url->at.host);
    }
    servers_set(&relay->username, ice->username);
    servers_set(&relay->password, ice->credential);
    s->asked += fresh;
    if (fresh) loop_find(s->loop, &url->at, servers_relay_found, relay);
}

size_t servers_turn(const servers *s, lk_rtc_turn out[LIMIT_ICE_SERVERS],
                    const char *tls_names[LIMIT_ICE_SERVERS]) {
    size_t len = 0;
    for (size_t i = 0; i < s->relay_len; i++) {
        servers_relay *relay = (servers_relay *)&s->relays[i];
        if (relay->found.family == 0) continue;
        tls_names[len] = relay->tls_name.len > 0 ? heap_str(&relay->tls_name) : NULL;
        out[len++] = (lk_rtc_turn){relay->found,
                                   {(const char *)relay->username.at, relay->username.len},
                                   {(const char *)relay->password.at, relay->password.len},
                                   relay->stream};
    }
    return len;
}

/* ---- URLs (RFC 7064, RFC 7065) ---- */

/* SCHEME:HOST:PORT?transport=udp|tcp, of which the port and the last part may be missing. */
bool servers_url_read(lk_str text, servers_url *out) {
    static const struct {
        const char *scheme;
        bool turn, tls;
        uint16_t port;
    } schemes[] = {
        {"stun:", false, false, 3478}, {"turn:", true, false, 3478}, {"turns:", true, true, 5349}};
    static const char *const queries[] = {"?transport=udp", "?transport=tcp"};
    for (size_t i = 0; i < countof(schemes); i++) {
        size_t start = strlen(schemes[i].scheme);
        if (text.len <= start || memcmp(text.at, schemes[i].scheme, start) != 0) continue;
        lk_str rest = {text.at + start, text.len - start};
        const char *mark = memchr(rest.at, '?', rest.len);
        lk_str query = {mark, mark == NULL ? 0 : rest.len - (size_t)(mark - rest.at)};
        rest.len -= query.len;
        bool tcp = query.len == 14 && memcmp(query.at, queries[1], 14) == 0;
        bool udp = query.len == 14 && memcmp(query.at, queries[0], 14) == 0;
        *out = (servers_url){.turn = schemes[i].turn, .tls = schemes[i].tls};
        out->stream = tcp || out->tls;
        /* TURN over DTLS (RFC 7350) is spoken by few servers, and not by us */
        bool good = (query.len == 0 || tcp || udp) && !(udp && out->tls) && (out->turn || !tcp);
        return good && address_read(rest, schemes[i].port, &out->at);
    }
    return false;
}

void servers_take(servers *s, const signal_message *welcome) {
    signal_ice ice;
    servers_url url;
    for (size_t i = 0; i < 4 * LIMIT_ICE_SERVERS && signal_message_ice(welcome, i, &ice); i++) {
        if (!servers_url_read(ice.url, &url)) continue;
        if (url.turn)
            servers_take_relay(s, &ice, &url);
        else
            servers_add_stun(s, &url.at);
    }
}
