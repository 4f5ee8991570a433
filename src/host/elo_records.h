/* SPDX-License-Identifier: MIT
 * elo_records.h - what somebody without the key keeps of a sealed document: records of %ELO
 * (room/elo.h), found again by what their headers say. Memory only. */
#ifndef HOST_ELO_RECORDS_H
#define HOST_ELO_RECORDS_H

#include "host/shared_bytes.h"

typedef struct elo_records elo_records;

typedef struct elo_records_events { /* called from within elo_records_add(); hold what is to live
                                       longer */
    void *context;
    void (*kept)(void *context, shared_bytes *record);
    void (*gone)(void *context, shared_bytes *record); /* not needed any more */
} elo_records_events;

elo_records *elo_records_new(const elo_records_events *events);
void elo_records_free(elo_records *v);

/* Take the records of a container in. What a new record covers goes, as the extension says: spans
 * of the same peer within a new one, and all that a new snapshot holds. A snapshot that brings
 * nothing and takes the place of less than two records is left out. *news says whether anything was
 * kept. LK_ECORRUPT, or LK_ELIMIT (also past LIMIT_ROOM_BYTES or LIMIT_ROOM_RECORDS in all):
 * nothing changed. */
lk_status elo_records_add(elo_records *v, lk_bytes container, bool *news, lk_fault *fault_or_null);
/* The same with one record that was kept before and lies in that row of the store. */
lk_status elo_records_load(elo_records *v, lk_bytes record, int64_t row, lk_fault *fault_or_null);

/* Append the version that all of it leads to, as Loro's bytes: of each peer the operations from the
 * first on, without a hole. */
void elo_records_version(const elo_records *v, lk_buf *out);
/* Append the records with something that is not in `version`, each held for the caller. */
void elo_records_missing(const elo_records *v, lk_ids version, shared_bytes_list *out);
/* How many records, and what they take. */
size_t elo_records_records(const elo_records *v);
size_t elo_records_bytes(const elo_records *v);

#endif
