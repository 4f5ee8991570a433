/* SPDX-License-Identifier: MIT
 * version_codec.h - version vectors and frontiers <-> postcard bytes. The public lk_vv_* and
 * lk_frontiers_* live in version_codec.c. */
#ifndef CODEC_VERSION_CODEC_H
#define CODEC_VERSION_CODEC_H

#include "base/bytes.h"

/* Read from `r`; sorted by peer, in `scratch`. Entries of a version vector that end at 0 say
 * nothing and are dropped. A peer that comes twice in a vector is damage. */
lk_ids version_read_vv(reader *r, arena *scratch);
lk_ids version_read_frontiers(reader *r, arena *scratch);
/* Both kinds, in the order given. */
void version_write(writer *w, lk_ids ids);

#endif
