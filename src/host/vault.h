/* SPDX-License-Identifier: MIT
 * vault.h - what somebody without the key keeps of a sealed document: records of %ELO (room/elo.h),
 * found again by what their headers say. Memory only. */
#ifndef HOST_VAULT_H
#define HOST_VAULT_H

#include "host/parcel.h"

typedef struct vault vault;

typedef struct vault_events { /* called from within vault_add(); hold what is to live longer */
    void *context;
    void (*kept)(void *context, parcel *record);
    void (*gone)(void *context, parcel *record); /* not needed any more */
} vault_events;

vault *vault_new(const vault_events *events);
void vault_free(vault *v);

/* Take the records of a container in. What a new record covers goes, as the extension says: spans
 * of the same peer within a new one, and all that a new snapshot holds. A snapshot that brings
 * nothing and takes the place of less than two records is left out. *news says whether anything was
 * kept. LK_ECORRUPT, or LK_ELIMIT (also past LIMIT_ROOM_BYTES or LIMIT_ROOM_RECORDS in all):
 * nothing changed. */
lk_status vault_add(vault *v, lk_bytes container, bool *news, lk_fault *fault_or_null);
/* The same with one record that was kept before and lies in that row of the store. */
lk_status vault_load(vault *v, lk_bytes record, int64_t row);

/* Append the version that all of it leads to, as Loro's bytes: of each peer the operations from the
 * first on, without a hole. */
void vault_version(const vault *v, lk_buf *out);
/* Append the records with something that is not in `version`, each held for the caller. */
void vault_missing(const vault *v, lk_ids version, parcels *out);
/* How many records, and what they take. */
size_t vault_records(const vault *v);
size_t vault_bytes(const vault *v);

#endif
