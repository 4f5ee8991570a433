/* SPDX-License-Identifier: MIT
 * checkout.h - letting the state show another version, for as long as a call lasts. */
#ifndef DOC_CHECKOUT_H
#define DOC_CHECKOUT_H

#include "doc/doc.h"

/* All heads there are, in scratch. LK_ENOMEM. */
lk_status checkout_newest(lk_doc *doc, doc_heads *out);
/* Is that the version shown now? */
bool checkout_shows(const lk_doc *doc, doc_heads heads);
/* Let the state show `heads` (in scratch), and detach the document. Nothing is told yet: that is
 * events_finish(). LK_ECORRUPT, LK_ENOMEM; then all is as it was. O(distance). */
lk_status checkout_go(lk_doc *doc, doc_heads heads);

typedef struct checkout_home { /* where to return to */
    VEC(lv) heads;
    bool detached, watching;
} checkout_home;
/* Remember where the state stands; nothing of what follows is told. LK_ENOMEM. */
lk_status checkout_leave(lk_doc *doc, checkout_home *home);
/* Called when `from` is shown and when `to` is (`arrived`); false: memory is out. */
typedef bool checkout_look(void *context, bool arrived);

typedef struct checkout_ask {
    lk_ids from, to;
    bool kept;           /* children that peers share and that show again: only what changed */
    checkout_look *look; /* or NULL */
    void *context;
} checkout_ask;
/* lk_diff_between(). */
lk_status checkout_diff(lk_doc *doc, const checkout_ask *ask, const lk_event **out);
/* Gather the events of the change being written, which nobody watched so far: the state goes back
 * to before it and comes again. LK_ENOMEM, LK_ESPENT. */
lk_status checkout_gather(lk_doc *doc);
/* Go back. `status`, or LK_ESPENT if there is no memory for the way. */
lk_status checkout_return(lk_doc *doc, checkout_home *home, lk_status status);

#endif
