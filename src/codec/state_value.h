/* SPDX-License-Identifier: MIT
 * state_value.h - values and container ids inside states, as postcard writes them (docs/FORMAT.md,
 * "Values in states"). Tags of values and kinds of containers are numbered otherwise than in
 * operations. */
#ifndef CODEC_STATE_VALUE_H
#define CODEC_STATE_VALUE_H

#include "codec/state_blob.h"

void state_value_read(reader *r, state_names *names, lk_value *out);
/* The index in names->cids. */
uint32_t state_cid_read(reader *r, state_names *names);
/* The index in names->peers of a peer added there. */
peer_ix state_peer_add(reader *r, state_names *names, uint64_t peer);
uint32_t state_cid_add(reader *r, state_names *names, const container_id *id);

void state_value_write(writer *w, const state_tables *tables, const lk_value *value);
void state_cid_write(writer *w, const state_tables *tables, uint32_t cid);

#endif
