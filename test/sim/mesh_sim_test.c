/* SPDX-License-Identifier: MIT
 * mesh_sim_test.c - two meshes on a virtual network, one of which does not like what the other
 * says: it is linked with it ever more seldom, and soon again once that one was good for a while.
 */
#define _POSIX_C_SOURCE 200809L
#include "machines.h"

#include "base/str.h"
#include "host/mesh.h"
#include "host/seal.h"

typedef struct member {
    loop machine;
    mesh *mesh;
    uint32_t link; /* 0: none */
    uint32_t opened;
    bool dislikes; /* hangs up on everyone */
} member;

static void member_opened(void *context, uint32_t link, bool sealed) {
    member *m = context;
    CHECK(!sealed);
    m->link = link, m->opened++;
}
static void member_message(void *context, uint32_t link, lk_bytes message) {
    (void)context, (void)link, (void)message;
}
static void member_closed(void *context, uint32_t link) {
    member *m = context;
    if (m->link == link) m->link = 0;
}
static void member_sparse(void *context, bool sparse) { (void)context, (void)sparse; }
static void member_welcome(void *context, size_t others) { (void)context, (void)others; }
static void member_note(void *context, const char *text) { (void)context, (void)text; }

static void member_begin(member *m, uint8_t number) {
    static const uint8_t key[SEAL_KEY] = "the key of a room of two";
    *m = (member){0};
    machine_begin(&m->machine, number);
    mesh_options options = {
        .loop = &m->machine, .web = &lan.web, .room = STR("room"), .key = {key, SEAL_KEY}};
    CHECK(address_url_read(STR("http://10.0.0.1:8787"), &options.server));
    mesh_events events = {
        m,           member_opened, member_message, member_closed, member_sparse, member_welcome,
        member_note, NULL};
    m->mesh = mesh_new(&options, &events);
}

static void members_run(member members[2], uint64_t ms) {
    uint64_t until = clock_ms + ms;
    for (uint64_t at; (at = lan_next()) <= until;) {
        if (at > clock_ms) clock_ms = at;
        lan_happen();
        for (int i = 0; i < 2; i++) {
            member *m = &members[i];
            if (m->link == 0 || !m->dislikes) continue;
            lan.here = &m->machine;
            mesh_hang_up(m->mesh, m->link);
            lan.here = NULL;
        }
    }
    clock_ms = until;
}

/* `who` of the two does not like the other: the one that makes offers, and the one that does not.
 */
static void test_dislike(int who) {
    member members[2];
    lan_begin(5);
    lan.net.now = (conditions){.delay_ms = 5};
    for (uint8_t i = 0; i < 2; i++) member_begin(&members[i], i);
    members_run(members, 2000);
    CHECK(members[0].link != 0 && members[1].link != 0);

    member *m = &members[who];
    m->dislikes = true, m->opened = 0;
    members_run(members, 60000);
    CHECK(m->opened >= 4 && m->opened <= 10);
    m->opened = 0;
    members_run(members, 60000);
    CHECK(m->opened >= 2 && m->opened <= 8); /* pauses are 15 s now, some of it by chance */

    m->dislikes = false;
    members_run(members, 30000);
    CHECK(m->link != 0);
    m->dislikes = true, m->opened = 0;
    members_run(members, 30000);
    CHECK(m->opened >= 4); /* the first ones soon again */
    for (int i = 0; i < 2; i++) mesh_free(members[i].mesh);
    lan_end();
}

int main(void) {
    test_dislike(0);
    test_dislike(1);
    printf("mesh_sim_test: ok\n");
    return 0;
}
