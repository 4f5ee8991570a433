/* SPDX-License-Identifier: MIT
 * slips.h - connecting by hand at a terminal: slips are printed, and what people paste is read. */
#ifndef APP_SLIPS_H
#define APP_SLIPS_H

#include "host/by_hand.h"

typedef struct slips slips;

typedef struct slips_options {
    by_hand_options by_hand;
    lk_str link;  /* of the room: an offer is printed at its end */
    lk_str offer; /* somebody's, to be answered at once; or empty: we begin with an offer */
} slips_options;

/* `ready` and `slip` of the events are filled in. */
slips *slips_new(const slips_options *options, const by_hand_events *events);
void slips_free(slips *s);
void slips_send(slips *s, uint32_t link, lk_bytes message);
bool slips_holds(const slips *s, uint32_t link);
void slips_hang_up(slips *s, uint32_t link);

#endif
