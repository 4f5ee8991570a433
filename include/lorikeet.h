/* SPDX-License-Identifier: MIT
 * lorikeet.h - documents that merge. The bytes are Loro 1.x bytes.
 *
 *        edit -> op -> oplog -> merge -> state -> event -> lk_poll()
 *                      ^   |
 *     lk_import(bytes)-+   +-> lk_export(bytes)
 *
 * Five rules hold for every function here, so no function repeats them.
 *   Owning    You free two kinds of thing: documents and buffers. Any other pointer is a view into
 *             the document, good until the next call that takes that document without const.
 *   Failing   A call that fails changed nothing. Only LK_ESPENT breaks the rule: memory ran out
 *             halfway, and the document accepts nothing more but lk_free().
 *   Trusting  Bytes may be hostile. They can cost you an LK_ECORRUPT, never a crash or a hang.
 *             A NULL or a stale handle is your bug, not an error: it traps, in release too.
 *   Counting  A position names its unit. "3" means nothing; "3 in UTF-16" does.
 *   Calling   This library never calls you: no callbacks, no threads, no clock, no I/O.
 *             Documents share nothing; keep one thread at a time inside one document. */
#ifndef LORIKEET_H
#define LORIKEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__ /* what is declared here is all that the shared library exports */
#pragma GCC visibility push(default)
#endif

/* clang-format off */
#define LK_STATUS_MAP(X) /* the one list: C codes, messages, CLI texts, JS classes come from it */ \
    X(OK,         0, "success")                                                                    \
    X(ERANGE,    -1, "Index out of bound: not inside the container")                               \
    X(EKIND,     -2, "container is of another kind")                                               \
    X(EDETACHED, -3, "document shows its past; attach it before editing")                          \
    X(EVERSION,  -4, "bytes use an encoding this build does not know")                             \
    X(ECORRUPT,  -5, "bytes are damaged")                                                          \
    X(ELIMIT,    -6, "input exceeds a limit named in base/limits.h")                               \
    X(ENOMEM,    -7, "out of memory; nothing was changed")                                         \
    X(EVALUE,    -8, "value is not one a document can hold")                                       \
    X(ESTATE,    -9, "call does not fit the state of the object")                                  \
    X(EMISSING, -10, "cannot find that version, container or peer here")                           \
    X(EAUTH,    -11, "peer did not prove who it is")                                               \
    X(ESPENT,   -90, "out of memory halfway; the object can only be freed")
#define X(name, code, text) LK_##name = (code),
typedef enum lk_status { LK_STATUS_MAP(X) } lk_status;
#undef X
/* clang-format on */

/* The message of `status` in LK_STATUS_MAP: static, never NULL. */
const char *lk_status_text(lk_status status);

/* ---- memory and bytes ---- */

/* One function for all of an allocator. `at` NULL: allocate; new_len 0: free and return NULL.
 * NULL for a non-zero new_len means that memory is out and `at` is untouched. */
typedef struct lk_memory {
    void *context;
    void *(*resize)(void *context, void *at, size_t old_len, size_t new_len);
    /* What hash tables in it are keyed with: two random numbers that nobody else knows, so that
     * nobody can make a document whose names all collide. Zeros: lk_new() makes them of `peer`. */
    uint64_t hash_key[2];
} lk_memory;

/* Owned by you. Zero-initialise it (or set only `memory`); functions append to it and grow it. */
typedef struct lk_buf {
    uint8_t *at;
    size_t len, cap;
    const lk_memory *memory; /* NULL: the C library's */
} lk_buf;
void lk_buf_free(lk_buf *buf);

typedef struct lk_str { /* a view of UTF-8 */
    const char *at;
    size_t len;
} lk_str;

typedef struct lk_bytes { /* a view of bytes */
    const uint8_t *at;
    size_t len;
} lk_bytes;

/* Why bytes were refused: which byte, and a literal saying what is wrong there. */
typedef struct lk_fault {
    lk_status code;
    size_t offset;
    const char *what;
} lk_fault;

/* ---- documents, versions ---- */

typedef struct lk_doc lk_doc;

typedef struct lk_id { /* one operation, or in a version vector: a peer and its exclusive end */
    uint64_t peer;
    int32_t counter;
} lk_id;

typedef struct lk_ids { /* a view: a version vector (sorted by peer) or frontiers */
    const lk_id *at;
    size_t len;
} lk_ids;

/* A new, empty document that writes as `peer`, or NULL when memory is out. `memory` NULL means
 * the C library's allocator; it is copied. Draw a fresh random `peer` for every editing session:
 * two writers under one peer id make histories that can never agree. UINT64_MAX is reserved. */
lk_doc *lk_new(uint64_t peer, const lk_memory *memory_or_null);
void lk_free(lk_doc *doc);

uint64_t lk_peer(const lk_doc *doc);
/* Write as `peer` from now on. Commits first. LK_EVALUE for UINT64_MAX. */
lk_status lk_set_peer(lk_doc *doc, uint64_t peer);

/* What the document shows, edits not yet committed included. O(peers). */
lk_ids lk_version(lk_doc *doc);
/* Of that, the operations nothing else builds on, sorted by peer. O(1). */
lk_ids lk_frontiers(lk_doc *doc);
/* The same of all there is: a document that shows its past holds more than it shows. */
lk_ids lk_log_version(lk_doc *doc);
lk_ids lk_log_frontiers(lk_doc *doc);

/* The version vector of `frontiers`, and back; views as lk_version() and lk_frontiers() give. Of a
 * version vector counts what the document holds. LK_EMISSING if it does not hold an operation of
 * `frontiers`. O(changes). */
lk_status lk_vv_of(lk_doc *doc, lk_ids frontiers, lk_ids *out);
lk_status lk_frontiers_of(lk_doc *doc, lk_ids vv, lk_ids *out);

typedef enum lk_order { LK_BEFORE = -1, LK_EQUAL = 0, LK_AFTER = 1, LK_CONCURRENT = 2 } lk_order;
/* How version `a` stands to `b`, both frontiers. LK_EMISSING as above. */
lk_status lk_compare(lk_doc *doc, lk_ids a, lk_ids b, lk_order *out);

/* The counter that the next edit gets: all operations of lk_peer() have lower ones. O(1). */
int32_t lk_own_end(const lk_doc *doc);

/* Operations in the history, and changes without the one being written. */
size_t lk_op_count(const lk_doc *doc);
lk_status lk_change_count(lk_doc *doc, size_t *out);

/* Does the history begin late, because the document began with a shallow snapshot? Older
 * operations are known to have been, but not what they did: whoever builds on them cannot be merged
 * any more (LK_EMISSING). */
bool lk_is_shallow(const lk_doc *doc);
/* Where it begins: per peer the first counter held, and the operation that everything held builds
 * on. Empty if it begins at the start. Views as lk_version() and lk_frontiers() give. */
lk_ids lk_shallow_vv(lk_doc *doc);
lk_ids lk_shallow_frontiers(lk_doc *doc);

/* Version vectors and frontiers as Loro encodes them (postcard map and vector). Encoding appends to
 * `out`; decoding appends lk_id records to `out`, aligned for a cast of out->at. */
lk_status lk_vv_encode(lk_ids vv, lk_buf *out);
lk_status lk_vv_decode(lk_bytes bytes, lk_buf *out, lk_fault *fault_or_null);
lk_status lk_frontiers_encode(lk_ids frontiers, lk_buf *out);
lk_status lk_frontiers_decode(lk_bytes bytes, lk_buf *out, lk_fault *fault_or_null);

/* ---- containers and values ---- */

typedef enum lk_kind { /* Loro's raw container kinds */
                       LK_MAP = 0,
                       LK_LIST = 1,
                       LK_TEXT = 2,
                       LK_TREE = 3,
                       LK_MOVABLE_LIST = 4,
                       LK_COUNTER = 5,
} lk_kind;

typedef struct lk_ref { /* names a container of one document; owns nothing, never dangles */
    uint32_t index;
} lk_ref;

typedef enum lk_unit { LK_UTF8 = 0, LK_CODEPOINT = 1, LK_UTF16 = 2 } lk_unit;

typedef enum lk_type {
    LK_NULL,
    LK_BOOL,
    LK_I64,
    LK_F64,
    LK_STRING,
    LK_BINARY,
    LK_VALUES,    /* an array of values */
    LK_ENTRIES,   /* an array of key-value pairs */
    LK_CONTAINER, /* a child container, only ever read */
} lk_type;

typedef struct lk_value lk_value;
struct lk_value {
    lk_type type;
    uint32_t len; /* of bytes, values or entries */
    union {
        bool boolean;
        int64_t i64;
        double f64;
        const uint8_t *bytes; /* string (UTF-8) or binary */
        const lk_value *values;
        const struct lk_entry *entries;
        lk_ref container;
    } as;
};
typedef struct lk_entry {
    lk_str key;
    lk_value value;
} lk_entry;

/* The root container of that kind and name; it comes to exist when first asked for.
 * LK_EVALUE if the name is empty, not UTF-8, or holds '/' or NUL. */
lk_status lk_root(lk_doc *doc, lk_kind kind, lk_str name, lk_ref *out);
/* Walk the root containers there are, in unspecified order: start with *cursor = 0; false at the
 * end. */
bool lk_root_next(const lk_doc *doc, size_t *cursor, lk_ref *out);
/* Let lk_json() leave out root containers that are empty (a counter never is): all such, or one. */
void lk_hide_empty_roots(lk_doc *doc, bool hide);
lk_status lk_hide_empty_root(lk_doc *doc, lk_ref root);
/* Is a root container not left out? */
bool lk_root_shows(const lk_doc *doc, lk_ref root);
lk_kind lk_ref_kind(const lk_doc *doc, lk_ref ref);
/* The container whose id is spelled so ("cid:root-name:Text", "cid:3@77:Map"). LK_EMISSING. */
lk_status lk_container_by_id(lk_doc *doc, lk_str id, lk_ref *out);
/* Append the spelling of its id. */
lk_status lk_container_id(const lk_doc *doc, lk_ref ref, lk_buf *out);
/* Its parent container; false for a root. */
bool lk_container_parent(const lk_doc *doc, lk_ref ref, lk_ref *out);
/* Does it show: does it and everything above it hang in the document? Deleted ones do not, and
 * edits to them are LK_ESTATE. */
bool lk_container_shows(const lk_doc *doc, lk_ref ref);

typedef struct lk_path_item { /* a step from a container to one inside it */
    bool is_key, is_node;
    lk_str key;   /* of a map, or the name of the root */
    lk_id node;   /* of a tree */
    size_t index; /* of a list: neither of the two */
} lk_path_item;
/* The way from the root to a container, a view. LK_EMISSING if it does not show. Cost: the lists
 * and maps on the way. */
lk_status lk_container_path(lk_doc *doc, lk_ref ref, const lk_path_item **out, size_t *len);

/* ---- text ---- */

typedef enum lk_delta_kind { LK_RETAIN, LK_INSERT, LK_DELETE } lk_delta_kind;

typedef struct lk_delta { /* one step along a text or list, lengths in every unit (lists: all equal)
                           */
    lk_delta_kind kind;
    uint32_t len[3];            /* by lk_unit */
    lk_str text;                /* text insert */
    const lk_value *values;     /* list insert: len[0] of them */
    const lk_entry *attributes; /* text: the style of an insert; how that of a retain changes, where
                                   LK_NULL takes a key away */
    size_t attribute_len;
} lk_delta;

/* Insert a copy of `s` before `pos`. LK_ERANGE if pos is past the end or inside a code point (or
 * between surrogates); LK_EVALUE if `s` is not UTF-8. O(log n + s.len), no allocation when typing
 * on. */
lk_status lk_text_insert(lk_doc *doc, lk_ref text, size_t pos, lk_unit unit, lk_str s);
lk_status lk_text_delete(lk_doc *doc, lk_ref text, size_t pos, size_t len, lk_unit unit);
/* Make the text equal `s` by a small diff over code points, so that concurrent edits elsewhere
 * survive: one of few runs, which reads well, or if `shortest` one that inserts and deletes least.
 * It is coarser where that would take long: under 0.1 s at 1 MB. LK_EVALUE if `s` is not UTF-8. */
lk_status lk_text_update(lk_doc *doc, lk_ref text, lk_str s, bool shortest);
/* The same by whole lines. */
lk_status lk_text_update_lines(lk_doc *doc, lk_ref text, lk_str s, bool shortest);
/* Mark [start, end) with a style, which is two operations, or none if all of it has that value
 * already. LK_ERANGE if the range is empty or ends past the end (inside a code point means behind
 * it); LK_EMISSING if how the key expands is not configured: see lk_style_config(). */
lk_status lk_text_mark(lk_doc *doc, lk_ref text, size_t start, size_t end, lk_unit unit, lk_str key,
                       const lk_value *value);
/* The same with LK_NULL, which takes the style away. */
lk_status lk_text_unmark(lk_doc *doc, lk_ref text, size_t start, size_t end, lk_unit unit,
                         lk_str key);
/* Carry out such steps, of which retains and deletes have their len[unit], inserts their text. An
 * insert gets exactly its attributes, whatever the text around it has. As in Loro, styles of what
 * lies past the end make it longer, by newlines. LK_ERANGE, LK_EVALUE, LK_EMISSING as above. */
lk_status lk_text_apply_delta(lk_doc *doc, lk_ref text, const lk_delta *deltas, size_t len,
                              lk_unit unit);
size_t lk_text_len(const lk_doc *doc, lk_ref text, lk_unit unit);
/* Append the text, or the part [pos, pos+len). LK_ERANGE past the end; inside a code point rounds
 * down. */
lk_status lk_text_string(const lk_doc *doc, lk_ref text, lk_buf *out);
lk_status lk_text_slice(const lk_doc *doc, lk_ref text, size_t pos, size_t len, lk_unit unit,
                        lk_buf *out);
/* Walk the text in pieces, as it came to be: start with *cursor = 0; false at the end. The view
 * dies at the next edit. O(log n) each. */
bool lk_text_next(const lk_doc *doc, lk_ref text, size_t *cursor, lk_str *out);
/* The text, or a part of it, as inserts with their attributes: a view. Each is a run of one style;
 * in the whole text, what never had a style and what lost it are, as in Loro, two. */
lk_status lk_text_delta(lk_doc *doc, lk_ref text, const lk_delta **out, size_t *out_len);
lk_status lk_text_slice_delta(lk_doc *doc, lk_ref text, size_t pos, size_t len, lk_unit unit,
                              const lk_delta **out, size_t *out_len);
/* `pos` in unit `from`, told in unit `to`. LK_ERANGE past the end; inside a code point rounds down.
 */
lk_status lk_text_convert(const lk_doc *doc, lk_ref text, size_t pos, lk_unit from, lk_unit to,
                          size_t *out);

/* Does text typed at the edge of a marked range get the style? The bits are those of Loro's mark.
 */
typedef enum lk_expand {
    LK_EXPAND_NONE = 0,
    LK_EXPAND_BEFORE = 2,
    LK_EXPAND_AFTER = 4,
    LK_EXPAND_BOTH = 6,
} lk_expand;
typedef struct lk_style {
    lk_str key;
    lk_expand expand;
} lk_style;
/* How the ranges of local marks with these keys expand, instead of all that was said of keys
 * before. A key means its part before ':', so that "comment" also stands for "comment:7". Not
 * stored in the document, which begins with bold, italic, underline: after; code, comment,
 * highlight, link: none. LK_EVALUE if a key holds ':' or is not UTF-8. */
lk_status lk_style_config(lk_doc *doc, const lk_style *styles, size_t len);
/* The same for all keys not named there; NULL, as at first: they cannot be marked with. */
void lk_style_default(lk_doc *doc, const lk_expand *expand_or_null);

/* ---- list ---- */

lk_status lk_list_insert(lk_doc *doc, lk_ref list, size_t pos, const lk_value *values, size_t len);
lk_status lk_list_insert_container(lk_doc *doc, lk_ref list, size_t pos, lk_kind kind, lk_ref *out);
lk_status lk_list_delete(lk_doc *doc, lk_ref list, size_t pos, size_t len);
size_t lk_list_len(const lk_doc *doc, lk_ref list);
lk_status lk_list_get(const lk_doc *doc, lk_ref list, size_t pos, lk_value *out);
/* `len` values from `pos` on, to out[0..len). LK_ERANGE. O(log n + len). */
lk_status lk_list_read(const lk_doc *doc, lk_ref list, size_t pos, size_t len, lk_value *out);
/* The operation that inserted what is there. */
lk_status lk_list_id(const lk_doc *doc, lk_ref list, size_t pos, lk_id *out);

/* ---- movable list: elements keep who they are when they move and when their value changes ---- */

lk_status lk_movable_insert(lk_doc *doc, lk_ref list, size_t pos, const lk_value *values,
                            size_t len);
lk_status lk_movable_insert_container(lk_doc *doc, lk_ref list, size_t pos, lk_kind kind,
                                      lk_ref *out);
lk_status lk_movable_delete(lk_doc *doc, lk_ref list, size_t pos, size_t len);
lk_status lk_movable_set(lk_doc *doc, lk_ref list, size_t pos, const lk_value *value);
lk_status lk_movable_set_container(lk_doc *doc, lk_ref list, size_t pos, lk_kind kind, lk_ref *out);
/* What is at `from` will be at `to`. Of concurrent moves of one element the last one, by Lamport
 * time and peer, decides where it is; it is never there twice. */
lk_status lk_movable_move(lk_doc *doc, lk_ref list, size_t from, size_t to);
size_t lk_movable_len(const lk_doc *doc, lk_ref list);
lk_status lk_movable_get(const lk_doc *doc, lk_ref list, size_t pos, lk_value *out);
/* As lk_list_read(); places between them that elements were moved away from cost as much each. */
lk_status lk_movable_read(const lk_doc *doc, lk_ref list, size_t pos, size_t len, lk_value *out);
typedef struct lk_movable_writers { /* the peers whose operations made an element what it is */
    uint64_t creator, mover, editor;
} lk_movable_writers;
lk_status lk_movable_who(const lk_doc *doc, lk_ref list, size_t pos, lk_movable_writers *out);

/* ---- tree: nodes that hang below each other, each with a map for its data ---- */

/* A node is named by the operation that made it. A parent of NULL means the roots. */
#define LK_TREE_END SIZE_MAX /* an index: behind all siblings */
#define LK_TREE_JITTER_MAX 64

/* Make a node, as child `index` of a parent. LK_EMISSING if there is no such parent (one that was
 * deleted is one, whose children are deleted, too); LK_ERANGE; LK_ESTATE if there is an index and
 * lk_tree_positions() is off. Cost: O(log n), and siblings behind it that peers put in the same
 * place at the same time: they are moved, too. */
lk_status lk_tree_create(lk_doc *doc, lk_ref tree, const lk_id *parent_or_null, size_t index,
                         lk_id *out);
/* Hang a node somewhere else; the index counts siblings without itself. LK_EMISSING also if it was
 * deleted (but what was deleted with something above it can be moved from there); LK_ESTATE also if
 * the new parent is below it. Of concurrent moves that would make a circle the later ones have no
 * effect. */
lk_status lk_tree_move(lk_doc *doc, lk_ref tree, lk_id node, const lk_id *parent_or_null,
                       size_t index);
/* Before or after a sibling. */
lk_status lk_tree_move_beside(lk_doc *doc, lk_ref tree, lk_id node, lk_id sibling, bool after);
/* Delete a node and what is below it. A concurrent move of something below it brings that back. */
lk_status lk_tree_delete(lk_doc *doc, lk_ref tree, lk_id node);
/* Shall local edits keep siblings in order (at first they do)? If not, they say no index and
 * siblings are in order of their moves. `jitter`: random bytes added to a position, against peers
 * that take the same. LK_ELIMIT beyond LK_TREE_JITTER_MAX. Not stored in the document. */
lk_status lk_tree_positions(lk_doc *doc, lk_ref tree, bool on, unsigned jitter);
bool lk_tree_positioned(const lk_doc *doc, lk_ref tree);

typedef struct lk_node {
    lk_id id;
    bool deleted;    /* it, or something above it */
    bool has_parent; /* else it is among the roots, or was deleted itself */
    lk_id parent;
    size_t index; /* among its siblings */
    size_t children;
    lk_bytes fractional_index; /* orders siblings; then time and peer of the last move do */
    lk_id last_move;           /* the operation that brought it where it is */
    lk_ref data;               /* a map */
} lk_node;
lk_status lk_tree_get(const lk_doc *doc, lk_ref tree, lk_id node, lk_node *out);
size_t lk_tree_roots(const lk_doc *doc, lk_ref tree);
/* Child `index` of a parent. O(log n). */
lk_status lk_tree_child(const lk_doc *doc, lk_ref tree, const lk_id *parent_or_null, size_t index,
                        lk_node *out);
/* Walk all nodes, deleted ones too, in the order in which they were first heard of: start with
 * *cursor = 0; false at the end. */
bool lk_tree_next(const lk_doc *doc, lk_ref tree, size_t *cursor, lk_node *out);

/* ---- counter ---- */

lk_status lk_counter_add(lk_doc *doc, lk_ref counter, double by);
double lk_counter_value(const lk_doc *doc, lk_ref counter);

/* ---- map ---- */

lk_status lk_map_set(lk_doc *doc, lk_ref map, lk_str key, const lk_value *value);
lk_status lk_map_set_container(lk_doc *doc, lk_ref map, lk_str key, lk_kind kind, lk_ref *out);
lk_status lk_map_delete(lk_doc *doc, lk_ref map, lk_str key);
/* Delete every key that was ever written, in byte order, as Loro does. */
lk_status lk_map_clear(lk_doc *doc, lk_ref map);
/* The mergeable child of that kind at `key`: peers that make it at once make one container, whose
 * content merges. Deleting the key hides it, and this shows it again with what it holds. LK_EVALUE
 * if something else than null or a mergeable child is there. */
lk_status lk_map_ensure(lk_doc *doc, lk_ref map, lk_str key, lk_kind kind, lk_ref *out);
/* Append the bytes by which the history says that: what a reader sees who knows nothing of such
 * children. LK_EMISSING if there is none at `key`. */
lk_status lk_map_marker(const lk_doc *doc, lk_ref map, lk_str key, lk_buf *out);
size_t lk_map_len(const lk_doc *doc, lk_ref map);
/* LK_EMISSING if the key is not there. */
lk_status lk_map_get(const lk_doc *doc, lk_ref map, lk_str key, lk_value *out);
/* The peer that wrote there last, be it a deletion. LK_EMISSING if nobody did. */
lk_status lk_map_editor(const lk_doc *doc, lk_ref map, lk_str key, uint64_t *out);
/* Walk the live entries in unspecified order: start with *cursor = 0; false at the end. */
bool lk_map_next(const lk_doc *doc, lk_ref map, size_t *cursor, lk_entry *out);

/* ---- cursors ---- */

typedef enum lk_side { LK_LEFT = -1, LK_MIDDLE = 0, LK_RIGHT = 1 } lk_side;

/* Append Loro's bytes of a cursor at `pos` of a text, list or movable list: it stays at the atom
 * there while others edit. `side` is kept for you: how a selection clings to that atom. Past the
 * end the cursor stays at the end. LK_ERANGE inside a code point, LK_EKIND, LK_ENOMEM. */
lk_status lk_cursor_new(lk_doc *doc, lk_ref ref, size_t pos, lk_unit unit, lk_side side,
                        lk_buf *out);

typedef struct lk_cursor_place {
    size_t pos;
    lk_side side;
} lk_cursor_place;
/* Where a cursor stands now. If its atom was deleted: where that was; then a cursor for that place,
 * which is found faster, is appended to `update`. LK_EMISSING if atom or container is not known;
 * LK_ECORRUPT, LK_ENOMEM. Cost: the runs of the text; of a deleted atom, besides, the history since
 * the deletion. */
lk_status lk_cursor_resolve(lk_doc *doc, lk_bytes cursor, lk_unit unit, lk_cursor_place *out,
                            lk_buf *update);

typedef struct lk_cursor {
    bool at_end; /* no atom: before the first if the side is LK_LEFT, else behind the last */
    lk_id atom;
    lk_side side;
    uint32_t origin; /* where it was made: code points or elements before it */
} lk_cursor;
/* Take the bytes of a cursor apart; the spelling of its container's id is appended. */
lk_status lk_cursor_read(lk_bytes cursor, lk_cursor *out, lk_buf *spelling,
                         lk_fault *fault_or_null);

/* ---- commit, import, export ---- */

typedef struct lk_commit_options {
    lk_str origin;       /* handed to the event, not stored */
    lk_str message;      /* stored with the change */
    int64_t timestamp_s; /* Unix seconds; 0: none */
} lk_commit_options;
/* Close the change being written, if there is one. Import, export and lk_set_peer do so too. A
 * change's time is at least that of what it builds on. LK_EVALUE if the message is not UTF-8. */
lk_status lk_commit(lk_doc *doc, const lk_commit_options *options_or_null);
/* Write message and time of the change being written before its commit, for lk_change_open() and in
 * case something else commits. lk_commit() with options writes its own over them. LK_ESTATE if
 * nothing is being written. */
lk_status lk_describe(lk_doc *doc, const lk_commit_options *options);
/* Changes of one peer that follow one another are told apart if they are further apart than this,
 * or differ in message. 1000 at first, as in Loro. */
void lk_set_merge_interval(lk_doc *doc, int64_t seconds);

typedef struct lk_span { /* counters [start, end) of one peer */
    uint64_t peer;
    int32_t start, end;
} lk_span;
typedef struct lk_import_status { /* views, good until the next import */
    const lk_span *success;
    size_t success_len;
    const lk_span *pending; /* waiting for their past */
    size_t pending_len;
    const lk_span *left_out; /* can never be merged here */
    size_t left_out_len;
} lk_import_status;
/* Merge bytes exported by any Loro 1.x peer: all of them or none. Changes whose past has not
 * arrived wait inside the document and count as success. Those that do not know all of what a
 * shallow snapshot left out, and what builds on them, are left out, and said to be: only a document
 * with the whole history can merge them. Importing twice is a no-op. LK_ECORRUPT,
 * LK_EVERSION, LK_ELIMIT, LK_ENOMEM. Cost: the change, not the document. */
lk_status lk_import(lk_doc *doc, lk_bytes bytes, lk_import_status *status_or_null,
                    lk_fault *fault_or_null);

/* The same for several blobs, in any order: all of them or none, as one event (of LK_BY_CHECKOUT,
 * as in Loro). A fault's offset is one in the blob that was refused. */
lk_status lk_import_batch(lk_doc *doc, const lk_bytes *blobs, size_t len,
                          lk_import_status *status_or_null, lk_fault *fault_or_null);

/* The same for JSON text of Loro's schema, version 1 (docs/FORMAT.md), as lk_json_updates() writes
 * it. LK_EVERSION for others. Offsets are those in the text, 0 where operations contradict the
 * document.
 */
lk_status lk_json_import(lk_doc *doc, lk_str json, lk_import_status *status_or_null,
                         lk_fault *fault_or_null);

/* Shall a document that is empty and imports a snapshot of all there is take its state as it
 * stands, and leave the history unread beside it? Edits, and imports that build on all of it, go on
 * from there, and what such a document sends are the snapshot itself and what came since. The first
 * call that needs more reads the history, which costs what the import would have: that call returns
 * what lk_import() would, and LK_ECORRUPT if the history leads to another document than the state
 * showed. Likewise the first edit of a text, or what else asks who wrote it, reads where its
 * characters come from: of a shallow snapshot, too. A room never does this. Off at first. */
void lk_open_lazily(lk_doc *doc, bool on);

typedef enum lk_export_mode {
    LK_UPDATES,     /* what is missing from a version vector (empty: everything) */
    LK_SNAPSHOT,    /* all there is; `from` is not used */
    LK_SHALLOW,     /* all from these frontiers on */
    LK_STATE_ONLY,  /* the state at these frontiers, with as little history as can be */
    LK_SNAPSHOT_AT, /* all up to these frontiers */
} lk_export_mode;
/* Append that. The third and the fourth leave out the beginning of the history: they begin at the
 * newest operation that all of `from`, and all else in them, build on, or leave out nothing if
 * there is none; who imports them into an empty document gets a shallow one. LK_EMISSING if the
 * document does not hold an operation of `from`, or began after it; LK_ESPENT when memory runs out
 * while the state is at another version. Commits first. */
lk_status lk_export(lk_doc *doc, lk_export_mode mode, lk_ids from, lk_buf *out);
/* Append, as one update blob, what this document committed itself since the last such call; nothing
 * is appended if there is nothing. Cost: those changes. */
lk_status lk_export_local(lk_doc *doc, lk_buf *out);

/* Append an update blob of these parts of the history, as far as they are there. Commits first. */
lk_status lk_export_spans(lk_doc *doc, const lk_span *spans, size_t len, lk_buf *out);
/* Append, as one update blob, what waits for its past; nothing if nothing does. */
lk_status lk_export_pending(lk_doc *doc, lk_buf *out);

typedef struct lk_blob_meta { /* what a blob says of itself */
    bool snapshot;
    bool shallow; /* it comes with a state to begin with */
    uint32_t change_count;
    lk_ids start_vv, end_vv; /* per peer: first counter held, and end; in `ids` */
    lk_ids start_frontiers;  /* what it builds on and does not hold; in `ids` */
    int64_t start_timestamp_s, end_timestamp_s; /* of the first and the last change */
    lk_buf ids;                                 /* owned by you */
} lk_blob_meta;
/* Read the metadata without a document. Zero-initialise *out; free out->ids. */
lk_status lk_blob_meta_read(lk_bytes bytes, lk_blob_meta *out, lk_fault *fault_or_null);

/* Take a blob apart into blobs of about `piece_len` bytes, so that whoever imports them one after
 * the other can do something else in between. Appends them, each behind its length (u32le); nothing
 * if the blob says nothing. A piece builds on those before it, but where peers wrote at once it may
 * have to wait for the next ones; lk_import() sees to that. Blocks of changes are not cut, and a
 * shallow snapshot stays whole: such pieces are longer. Operations are not looked at. LK_ECORRUPT,
 * LK_EVERSION, LK_ELIMIT, LK_ENOMEM. O(bytes). */
lk_status lk_blob_split(lk_bytes blob, size_t piece_len, lk_buf *out, lk_fault *fault_or_null);
/* Read all that a blob holds, as lk_import() does before it changes anything: the same statuses. */
lk_status lk_blob_check(lk_bytes blob, const lk_memory *memory_or_null, lk_fault *fault_or_null);

/* Append, as JSON, what is missing from the version vector `from` (empty: from the start) up to
 * `to` (NULL: to the end). `numbered`: name peers by their place in a table. JSON has no binary
 * data, no NaN and no infinities: they become arrays of numbers, and null. Commits first. O(what is
 * written). */
lk_status lk_json_updates(lk_doc *doc, lk_ids from, const lk_ids *to_or_null, bool numbered,
                          lk_buf *out);
/* Append an array of the changes in a span, cut where it ends; what is not committed is included.
 */
lk_status lk_json_span(lk_doc *doc, lk_span span, lk_buf *out);
/* Append, as lk_json_updates(), what is not committed; nothing if there is nothing. */
lk_status lk_json_open(lk_doc *doc, lk_buf *out);
/* Append the JSON updates `json` with what was written in those spans blotted out: text becomes
 * U+FFFD, values null, counts 0, while positions, keys, deletions and containers stay.  As
 * lk_json_import() it fails; LK_EVERSION also for operations of unknown containers. */
lk_status lk_json_redact(lk_str json, const lk_span *spans, size_t len, lk_buf *out,
                         lk_fault *fault_or_null);

/* Append the whole document as Loro's toJSON() prints it (deep, containers resolved), UTF-8. Keys
 * of maps come in byte order. Binary becomes an array of numbers; NaN and infinities become null.
 */
lk_status lk_json(const lk_doc *doc, lk_buf *out);
lk_status lk_container_json(const lk_doc *doc, lk_ref ref, lk_buf *out);

/* ---- the past ---- */

/* Show the version of `frontiers`, and detach: from now on imports reach the history only, and
 * edits are LK_EDETACHED. No edit is lost: lk_attach() shows everything again. Commits first; makes
 * an event of LK_BY_CHECKOUT with origin "checkout". If that version is shown already nothing
 * happens, but that the newest one attaches. LK_EMISSING if the document does not hold an operation
 * of `frontiers`. Cost: what the two versions differ in, and what was done to those texts and lists
 * since both were one. */
lk_status lk_checkout(lk_doc *doc, lk_ids frontiers);
/* Show all there is, and go on doing so. */
lk_status lk_attach(lk_doc *doc);
/* Go on showing what is shown now. */
lk_status lk_detach(lk_doc *doc);
bool lk_is_detached(const lk_doc *doc);
/* Allow edits (or no longer) while the past is shown. They build on the version shown, so they must
 * be made under a peer id that has written nothing outside of it: lk_set_peer() first, after each
 * checkout. */
lk_status lk_edit_detached(lk_doc *doc, bool allowed);

/* A new document that writes as `peer` and holds what `frontiers` (NULL: what is shown now) holds,
 * with its history. You free it. LK_EMISSING, LK_EVALUE as in lk_new(). O(history). */
lk_status lk_fork(lk_doc *doc, uint64_t peer, const lk_ids *frontiers_or_null, lk_doc **out);

/* What leads from version `from` to `to`, both frontiers, in the shape of an event; the document
 * shows afterwards what it showed before. The view lives until the next lk_poll() or
 * lk_diff_between(). LK_EMISSING; LK_ESPENT when memory runs out on the way back. */
typedef struct lk_event lk_event;
lk_status lk_diff_between(lk_doc *doc, lk_ids from, lk_ids to, const lk_event **out);

/* ---- history ---- */

typedef struct lk_change { /* what one peer did in one go; a view */
    lk_id id;              /* its first operation */
    uint32_t len;          /* operations */
    uint32_t lamport;      /* of the first */
    int64_t timestamp_s;
    lk_str message;
    lk_ids deps; /* what it builds on */
} lk_change;
/* The change that holds the operation, committed ones only. LK_EMISSING if there is none. */
lk_status lk_change_at(lk_doc *doc, lk_id id, lk_change *out);
/* The first change of the peer that reaches beyond the counter. LK_EMISSING at the end. So all of
 * them: begin with counter 0, go on with id.counter + len. */
lk_status lk_change_after(lk_doc *doc, lk_id id, lk_change *out);
/* The last change of the peer that begins at that Lamport time or before. LK_EMISSING. */
lk_status lk_change_at_lamport(lk_doc *doc, uint64_t peer, uint32_t lamport, lk_change *out);
/* The change being written. LK_EMISSING if there is none. */
lk_status lk_change_open(lk_doc *doc, lk_change *out);

/* Begin a walk to everything in the past of these operations (and them), latest first; then take
 * one change after the other. LK_EMISSING for an operation not known, and at the end. */
lk_status lk_travel(lk_doc *doc, lk_ids from);
lk_status lk_travel_next(lk_doc *doc, lk_change *out);

typedef struct lk_span_diff { /* views */
    const lk_span *retreat;   /* in the past of `from` alone */
    size_t retreat_len;
    const lk_span *forward; /* in the past of `to` alone */
    size_t forward_len;
} lk_span_diff;
/* What lies between two frontiers. LK_EMISSING if one is not known. O(difference). */
lk_status lk_spans_between(lk_doc *doc, lk_ids from, lk_ids to, lk_span_diff *out);
/* The containers that operations of the span edited, each once, the first edited first: a view. */
lk_status lk_changed_containers(lk_doc *doc, lk_span span, const lk_ref **out, size_t *len);

/* What a JSONPath query (RFC 9535, and `contains` and `in`) finds: a view, containers as such. `$`
 * alone is a map of the roots. LK_EVALUE if it is no query (the fault says where and why), or asks
 * for match() or search(), which nothing evaluates; LK_ELIMIT when it would take too long. Cost:
 * the nodes looked at. */
lk_status lk_jsonpath(lk_doc *doc, lk_str query, const lk_value **out, size_t *len,
                      lk_fault *fault_or_null);

typedef enum lk_path_match {
    LK_PATH_FOUND = 1, /* the query finds what is there, or something above it */
    LK_PATH_LEADS = 2, /* it may find something there or below */
    LK_PATH_LOOSE = 4, /* its way there goes through a wildcard, a slice or a filter */
} lk_path_match;
/* What a query has to do with a place, whatever is there, as a sum of these: so that a change at
 * that place is worth asking again. An index of SIZE_MAX is any. LK_EVALUE, LK_ELIMIT, LK_ENOMEM.
 */
lk_status lk_jsonpath_match(lk_doc *doc, lk_str query, const lk_path_item *path, size_t len,
                            unsigned *out);

/* ---- events ---- */

typedef enum lk_by { LK_BY_LOCAL, LK_BY_IMPORT, LK_BY_CHECKOUT } lk_by;
typedef struct lk_map_change {
    lk_str key;
    bool deleted;
    lk_value value;
} lk_map_change;
typedef enum lk_tree_action { LK_TREE_CREATE, LK_TREE_MOVE, LK_TREE_DELETE } lk_tree_action;
/* Each is true when its turn comes. Own operations are told of as what they were; where they lead
 * below a deleted node or out from there, indexes count what nobody sees. */
typedef struct lk_tree_change { /* of one node */
    lk_tree_action action;
    lk_id target;
    bool has_parent, had_parent; /* else: among the roots */
    lk_id parent, old_parent;    /* old: of moves and deletes */
    size_t index, old_index;
    lk_bytes fractional_index; /* of creates and moves */
} lk_tree_change;
typedef struct lk_diff { /* what happened to one container */
    lk_ref target;
    lk_kind kind;
    const lk_delta *deltas; /* text, list, movable list */
    size_t delta_len;
    const lk_map_change *changes; /* map */
    size_t change_len;
    const lk_tree_change *nodes; /* tree */
    size_t node_len;
    double increment; /* counter */
} lk_diff;
struct lk_event {
    lk_by by;
    lk_str origin;
    lk_ids from, to;      /* frontiers */
    const lk_diff *diffs; /* parents before children; a container that (re)appears comes whole */
    size_t diff_len;
};

/* Record events from now on (or stop, and drop those waiting). Off at first: a document nobody
 * watches spends nothing on events. A change being written is told of from its first edit on, which
 * costs as much as those edits did. LK_ENOMEM, LK_ESPENT: nobody watches. */
lk_status lk_watch(lk_doc *doc, bool on);
/* The next thing that happened, oldest first, or NULL. One event per commit or import, made after
 * the state is final; the view dies at the next call that takes this document without const. */
const lk_event *lk_poll(lk_doc *doc);

/* ---- diffs as edits ---- */

#define LK_STRANGER 0x80000000u
typedef struct lk_apply_options {
    lk_unit unit; /* of lengths in texts */
    /* A container that this document does not have is named by the ref LK_STRANGER + i, and spelled
     * by strangers[i], which may as well be one it has. */
    const lk_str *strangers;
    size_t stranger_len;
    /* A child of a map that peers share, and that shows again, is told with all it holds, as
     * lk_diff_between() does, so it comes to hold that; else diffs are what changed. */
    bool full_state;
} lk_apply_options;
/* Make the edits that diffs tell of, from lk_diff_between() or an event, of this document or
 * another. Containers and tree nodes that are inserted are made anew, and what is said of them goes
 * to the new ones; diffs of containers that were deleted are left out. LK_ERANGE, LK_EVALUE,
 * LK_EKIND; LK_EMISSING: nothing inserts that container, or there is no such tree node;
 * LK_EDETACHED; LK_ESPENT when memory runs out between two edits. */
lk_status lk_apply_diff(lk_doc *doc, const lk_diff *diffs, size_t len,
                        const lk_apply_options *options);
/* Make the edits that lead from what is shown to what `frontiers` showed. Commits what was written
 * before; the edits are not committed. LK_EMISSING; LK_EDETACHED, LK_ESPENT as above. */
lk_status lk_revert_to(lk_doc *doc, lk_ids frontiers);

/* ---- undo ---- */

/* An undo manager remembers what a document's own peer commits, step by step, and takes it back
 * without what others did meanwhile: what they typed, moved and wrote elsewhere stays. All steps
 * are forgotten when the document shows its past, or writes as another peer. A manager belongs to
 * its document; lk_free() frees it, too. */
typedef struct lk_undo lk_undo;
typedef enum lk_undo_stack { LK_UNDO, LK_REDO } lk_undo_stack;

/* NULL when memory is out. */
lk_undo *lk_undo_new(lk_doc *doc);
void lk_undo_free(lk_undo *undo);
/* At first: every commit is a step, without a limit. A commit within so many milliseconds of a
 * step's first one joins it. Of more steps the oldest are forgotten. */
void lk_undo_set_interval(lk_undo *undo, int64_t interval_ms);
void lk_undo_set_max(lk_undo *undo, size_t steps);
/* What the time is, for the commits that follow. */
void lk_undo_time(lk_undo *undo, int64_t now_ms);
/* Commits with an origin that begins so count as others' from now on. LK_ENOMEM. */
lk_status lk_undo_exclude(lk_undo *undo, lk_str prefix);
/* Let the commits that follow be one step, until lk_undo_group_end(), or until others change a
 * container that they changed. LK_ESTATE if there is a group, or the past is shown. */
lk_status lk_undo_group_start(lk_undo *undo);
void lk_undo_group_end(lk_undo *undo);
/* While paused, own commits count as others', and showing the past forgets nothing. */
void lk_undo_pause(lk_undo *undo, bool paused);
bool lk_undo_is_paused(const lk_undo *undo);

size_t lk_undo_count(const lk_undo *undo, lk_undo_stack which);
void lk_undo_clear(lk_undo *undo, lk_undo_stack which);

typedef struct lk_undo_done {
    bool popped;                  /* else there was no step */
    bool changed;                 /* it made edits, and is a step of the other stack now */
    int32_t start, end;           /* counters of the step */
    int32_t made_start, made_end; /* and of those edits */
    lk_bytes note;                /* a view, good until the next call of this manager */
} lk_undo_done;
/* Take the newest step back (or take that back). Commits before, and what it did, with origin
 * "undo". A step may come to nothing, because others undid it; it is used up then, too. Cost: the
 * step, and what happened since. LK_EDETACHED, LK_ENOMEM; LK_ESPENT. */
lk_status lk_undo_step(lk_undo *undo, lk_undo_stack which, lk_undo_done *out);

typedef struct lk_undo_push {
    bool merged; /* no step of its own */
    int32_t start, end;
} lk_undo_push;
/* Did a commit become a step since the last such call? Of several the last is told. */
bool lk_undo_pushed(lk_undo *undo, lk_undo_push *out);
/* Keep a copy of some bytes of yours with the newest step; nothing happens if there is none. */
lk_status lk_undo_note(lk_undo *undo, lk_undo_stack which, lk_bytes note);
/* Those bytes, a view; false: there is no step. */
bool lk_undo_top(const lk_undo *undo, lk_undo_stack which, lk_bytes *out);
/* Where a cursor that was made before the step taken back last stands now: append such a cursor.
 * LK_ECORRUPT, LK_EMISSING, LK_ENOMEM. */
lk_status lk_undo_cursor(lk_undo *undo, lk_bytes cursor, lk_buf *out);

/* Walk every structure and compare the state with a replay of the history; traps when they differ.
 * For tests: O(history). */
void lk_check(lk_doc *doc);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
