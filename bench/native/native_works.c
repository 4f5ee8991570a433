/* SPDX-License-Identifier: MIT
 * native_works.c - the list of native works. */
#include "native_works.h"

enum { TEXT = CAN_SYNC, SAVED = CAN_SYNC | CAN_SAVE };

const work works[] = {
    {"both type", ALONE, TEXT, play_both, 10000, false},
    {"a peer comes back with 100 offline edits", ALONE, TEXT, play_stale, 100, false},
    {"a peer comes back with 1000 offline edits", ALONE, TEXT, play_stale, 1000, false},
    {"a peer comes back with 10000 offline edits", ALONE, TEXT, play_stale, 10000, false},
    {"keys in 100 kB", ALONE, TEXT, play_keys, 100000, false},
    {"keys in 1 MB", ALONE, TEXT, play_keys, 1000000, false},
    {"keys in 10 MB", ALONE, TEXT, play_keys, 10000000, false},
    {"B1.1 append characters", ALONE, SAVED, play_follow, 1, false},
    {"B1.2 insert a string of 6,000", ALONE, SAVED, play_follow, 2, false},
    {"B1.3 prepend characters", ALONE, SAVED, play_follow, 3, false},
    {"B1.4 insert characters anywhere", ALONE, SAVED, play_follow, 4, false},
    {"B1.5 insert words anywhere", ALONE, SAVED, play_follow, 5, false},
    {"B1.7 insert and delete anywhere", ALONE, SAVED, play_follow, 7, false},
    {"B1.8 append numbers", ALONE, SAVED | CAN_LIST, play_follow, 8, false},
    {"B1.11 insert numbers anywhere", ALONE, SAVED | CAN_LIST, play_follow, 11, false},
    {"B2.1 two insert a string of 6,000", ALONE, SAVED, play_at_once, 2, false},
    {"B2.2 two insert characters", ALONE, SAVED, play_at_once, 4, false},
    {"B2.3 two insert words", ALONE, SAVED, play_at_once, 5, false},
    {"B2.4 two insert and delete", ALONE, SAVED, play_at_once, 7, false},
    {"B3.1 clients set a number", ALONE, SAVED | CAN_MAP, play_clients, 1, false},
    {"B3.5 clients insert text", ALONE, SAVED, play_clients, 5, false},
    {"two write 20,000 words", ALONE, TEXT, play_words, 20000, false},
    {"map of 100,000 keys", ALONE, SAVED | CAN_MAP, play_map, 100000, false},
    {"map of 1,000 keys", ALONE, SAVED | CAN_MAP, play_map, 1000, false},
    {"map in sync", ALONE, TEXT | CAN_MAP, play_map_sync, 10000, false},
    {"movable list", ALONE, SAVED | CAN_MOVE, play_movable, 10000, false},
    {"tree", ALONE, SAVED | CAN_MOVE, play_tree, 10000, false},
    {"undo of 100 edits", ALONE, CAN_UNDO, play_undo, 100, false},
    {"undo of 300 edits", ALONE, CAN_UNDO, play_undo, 300, false},
    {"undo of 1000 edits", ALONE, CAN_UNDO, play_undo, 1000, false},
    {"%s", ON_TRACE, 0, play_trace, 0, false},
    {"%s in one commit", ON_TRACE, 0, play_one_commit, 0, false},
    {"%s, merged", ON_CONCURRENT, SAVED, play_concurrent, 0, false},
    {"100 open documents of %s", ON_TRACE, CAN_SAVE, play_memory, 100, true},
    {"the past of %s", ON_TRACE, CAN_PAST, play_past, 0, false},
    {"B4 x 10", ON_PAPER, 0, play_times, 10, true},
    {"B4 x 100", ON_PAPER, 0, play_times, 100, true},
};
const size_t work_len = sizeof works / sizeof *works;
