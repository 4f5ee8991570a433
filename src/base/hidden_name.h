/* SPDX-License-Identifier: MIT
 * hidden_name.h - the names that browsers hide their addresses behind
 * (draft-ietf-mmusic-mdns-ice-candidates): a UUID and ".local". */
#ifndef BASE_HIDDEN_NAME_H
#define BASE_HIDDEN_NAME_H

#include "base/mem.h"

#define HIDDEN_NAME 42 /* characters */
#define HIDDEN_UUID 16

/* Is it one? In letters of either case. */
bool hidden_name_read(lk_str name, uint8_t uuid[HIDDEN_UUID]);
/* In small letters; no zero follows. */
void hidden_name_write(const uint8_t uuid[HIDDEN_UUID], char name[HIDDEN_NAME]);

#endif
