/* SPDX-License-Identifier: MIT
 * btree.c - B+ tree with summed metrics.
 *
 *     node   link{parent, len, index} | sums[len] | child[len]
 *     leaf   link{parent, len, index} | before, after | sums[len] | items
 *
 * sums[i] is what child or item i measures, so a search reads sums only and calls nothing. An even
 * split leaves two halves; one caused by appending leaves the left side full, so that a tree built
 * in order is dense. A leaf or node down to a quarter is merged with a neighbour under the same
 * parent when both fill at most three quarters of one, else it stays small beside a well-filled
 * one; empty ones go.
 *
 * What merging takes out becomes spare, until a btree_settle(). That is what makes the bound of
 * btree_reserve() hold whatever is removed: see btree_net_splits(). */
#include "base/btree.h"

#ifdef LK_STRESS
#define LEAF_CAP 4u
#define NODE_CAP 4u
#else
#define LEAF_CAP 32u
#define NODE_CAP 16u
#endif

/* Spare parts kept beyond need, so that deleting and inserting in turn does not allocate. */
#define SPARE_KEEP 4u

typedef struct btree_link { /* common head of leaves and nodes */
    btree_node *parent;
    uint32_t len;
    uint32_t index; /* among the parent's children */
} btree_link;

struct btree_leaf {
    btree_link link;
    btree_leaf *before, *after;
    btree_sums sums[LEAF_CAP];
    _Alignas(max_align_t) uint8_t items[]; /* LEAF_CAP of them */
};

struct btree_node {
    btree_link link;
    btree_sums sums[NODE_CAP];
    void *child[NODE_CAP];
};

/* ---- sums ---- */

/* All metrics at once: a vector stays in a register, where an array would go through memory. */
typedef uint32_t btree_lanes
    __attribute__((vector_size(sizeof(btree_sums)), aligned(sizeof(uint32_t)), may_alias));

static inline const btree_lanes *btree_all(const btree_sums *sums) {
    return (const btree_lanes *)(const void *)sums;
}

static inline btree_lanes *btree_all_of(btree_sums *sums) { return (btree_lanes *)(void *)sums; }

static inline void btree_add(btree_sums *sums, const btree_sums *more) {
    *btree_all_of(sums) += *btree_all(more);
}

/* Differences may be negative: they wrap, and wrap back when added. */
static inline btree_sums btree_minus(const btree_sums *a, const btree_sums *b) {
    btree_sums d;
    *btree_all_of(&d) = *btree_all(a) - *btree_all(b);
    return d;
}

/* (One copy of what is not hot, here and elsewhere: what a page downloads counts.) */
static __attribute__((noinline)) btree_sums btree_sum(const btree_sums *sums, uint32_t len) {
    btree_sums sum;
    btree_lanes all = {0};
    for (uint32_t i = 0; i < len; i++) all += *btree_all(&sums[i]);
    *btree_all_of(&sum) = all;
    return sum;
}

/* ---- memory ---- */

static size_t btree_leaf_bytes(const btree *t) {
    return sizeof(btree_leaf) + (size_t)LEAF_CAP * t->class->item_len;
}

static void btree_spare_leaf(btree *t, btree_leaf *leaf) {
    leaf->after = t->spare_leaf;
    t->spare_leaf = leaf;
    t->spare_leaves++;
}

static void btree_spare_node(btree *t, btree_node *node) {
    node->link.parent = t->spare_node;
    t->spare_node = node;
    t->spare_nodes++;
}

static btree_leaf *btree_take_leaf(btree *t) {
    btree_leaf *leaf = t->spare_leaf;
    LK_ASSERT(leaf != NULL);
    t->spare_leaf = leaf->after;
    t->spare_leaves--;
    t->leaves++;
    leaf->link = (btree_link){0};
    leaf->before = leaf->after = NULL;
    return leaf;
}

static btree_node *btree_take_node(btree *t) {
    btree_node *node = t->spare_node;
    LK_ASSERT(node != NULL);
    t->spare_node = node->link.parent;
    t->spare_nodes--;
    t->nodes++;
    node->link = (btree_link){0};
    return node;
}

static void btree_trim(btree *t, uint64_t leaves, uint64_t nodes) {
    while (t->spare_leaves > leaves) {
        btree_leaf *leaf = t->spare_leaf;
        t->spare_leaf = leaf->after;
        t->spare_leaves--;
        mem_free(t->heap, leaf, btree_leaf_bytes(t));
    }
    while (t->spare_nodes > nodes) {
        btree_node *node = t->spare_node;
        t->spare_node = node->link.parent;
        t->spare_nodes--;
        mem_free(t->heap, node, sizeof *node);
    }
}

/* Splits among `count` leaves (or nodes of one level) of capacity `cap`, by that many inserts and
 * any number of removals.
 *
 * Net of what merging brings back: give each leaf the weight max(0, 2 * fill / cap - 1), and the
 * last one 2 * fill / cap. An insert adds at most 2 / cap. A split, even or by appending, takes 1
 * away. Merging, or the end of the last leaf, adds at most 1, but brings one spare back. So the
 * net splits are at most the weight at the start, count + 1, and what inserts add. */
static uint64_t btree_net_splits(uint64_t inserts, uint64_t count, uint64_t cap) {
    uint64_t most = count + 2 + 2 * inserts / cap;
    return inserts < most ? inserts : most;
}

/* In all, which is what the level above has to take in: a leaf made by merging or as a half starts
 * with room for cap / 4 inserts, and only the left side of a split by appending is full, once. */
static uint64_t btree_all_splits(uint64_t inserts, uint64_t count, uint64_t cap) {
    uint64_t most = 2 * (count + 1 + 4 * inserts / cap);
    return inserts < most ? inserts : most;
}

/* The spare parts that `inserts` inserts can need. */
static void btree_need(const btree *t, uint64_t inserts, uint64_t *leaves, uint64_t *nodes) {
    uint64_t used = t->root != NULL && t->height == 0 ? ((btree_link *)t->root)->len : 0;
    *leaves = *nodes = 0;
    if (inserts == 0) return;
    if (inserts < NODE_CAP && t->height > 0) { /* what follows comes to, without dividing */
        *leaves = inserts;
        *nodes = inserts * t->height + 1;
        return;
    }
    if (t->root == NULL) *leaves = 1;
    if (t->height == 0 && used + inserts <= LEAF_CAP) return;
    *leaves += btree_net_splits(inserts, t->leaves, LEAF_CAP);
    uint64_t above = btree_all_splits(inserts, t->leaves, LEAF_CAP);
    for (uint32_t level = 0; level < t->height; level++) {
        *nodes += btree_net_splits(above, t->nodes, NODE_CAP);
        above = btree_all_splits(above, t->nodes, NODE_CAP);
    }
    /* Levels to come: each starts with one node of one child. */
    while (above > 0) {
        bool last = above < NODE_CAP;
        *nodes += last ? 1 : 1 + btree_net_splits(above, 1, NODE_CAP);
        above = last ? 0 : above / 2;
    }
}

static bool btree_set_aside(btree *t, uint64_t leaves, uint64_t nodes) {
    while (t->spare_leaves < leaves) {
        btree_leaf *leaf = mem_alloc(t->heap, btree_leaf_bytes(t));
        if (leaf == NULL) return false;
        btree_spare_leaf(t, leaf);
    }
    while (t->spare_nodes < nodes) {
        btree_node *node = mem_alloc(t->heap, sizeof *node);
        if (node == NULL) return false;
        btree_spare_node(t, node);
    }
    return true;
}

bool btree_reserve(btree *t, size_t inserts) {
    uint64_t leaves, nodes;
    if (inserts > UINT32_MAX) return false;
    btree_need(t, inserts, &leaves, &nodes);
    return btree_set_aside(t, leaves, nodes);
}

bool btree_reserve_appends(btree *t, size_t items) {
    uint64_t leaves = ((uint64_t)items + LEAF_CAP - 1) / LEAF_CAP, nodes = 0;
    if (items > UINT32_MAX) return false;
    for (uint64_t level = leaves; level > 1; nodes += level)
        level = (level + NODE_CAP - 1) / NODE_CAP;
    return btree_set_aside(t, leaves, nodes);
}

void btree_settle(btree *t, size_t inserts) {
    uint64_t leaves, nodes;
    if (t->spare_leaves <= SPARE_KEEP && t->spare_nodes <= SPARE_KEEP) return;
    btree_need(t, inserts, &leaves, &nodes);
    btree_trim(t, 2 * leaves + SPARE_KEEP, 2 * nodes + SPARE_KEEP);
}

void btree_init(btree *t, const btree_class *class, const lk_memory *heap, void *context) {
    LK_ASSERT(class->item_len > 0 && class->item_len <= 64 && class->item_len % 4 == 0);
    *t = (btree){.class = class, .heap = heap, .context = context};
}

/* Make everything below spare. Recursion is as deep as the tree is high. */
static void btree_release(btree *t, void *at, uint32_t height) {
    if (height == 0) {
        btree_spare_leaf(t, at);
        return;
    }
    btree_node *node = at;
    for (uint32_t i = 0; i < node->link.len; i++) btree_release(t, node->child[i], height - 1);
    btree_spare_node(t, node);
}

void btree_clear(btree *t) {
    if (t->root != NULL) btree_release(t, t->root, t->height);
    btree_trim(t, SPARE_KEEP, SPARE_KEEP);
    t->root = NULL;
    t->near = NULL;
    t->height = t->leaves = t->nodes = 0;
    t->total = (btree_sums){0};
}

void btree_drop(btree *t) {
    btree_clear(t);
    btree_trim(t, 0, 0);
}

/* ---- finding ---- */

uint32_t btree_leaf_len(const btree_leaf *leaf) { return leaf->link.len; }

/* Copying words beats a call for items of a few, whose number is not known to the compiler. */
static inline void btree_copy(const btree *t, void *to, const void *item) {
    for (uint32_t i = 0; i < t->class->item_len; i += 4)
        __builtin_memcpy((uint8_t *)to + i, (const uint8_t *)item + i, 4);
}

static inline void *btree_slot(const btree *t, btree_leaf *leaf, uint32_t slot) {
    return leaf->items + (size_t)slot * t->class->item_len;
}

void *btree_item(const btree *t, btree_pos pos) {
    LK_ASSERT(pos.leaf != NULL && pos.slot < pos.leaf->link.len);
    return btree_slot(t, pos.leaf, pos.slot);
}

const btree_sums *btree_sums_of(btree_pos pos) {
    LK_ASSERT(pos.leaf != NULL && pos.slot < pos.leaf->link.len);
    return &pos.leaf->sums[pos.slot];
}

btree_pos btree_first(const btree *t) {
    void *at = t->root;
    for (uint32_t level = t->height; level > 0; level--) at = ((btree_node *)at)->child[0];
    return (btree_pos){at, 0};
}

btree_pos btree_end(const btree *t) {
    void *at = t->root;
    if (at == NULL) return (btree_pos){NULL, 0};
    for (uint32_t level = t->height; level > 0; level--) {
        btree_node *node = at;
        at = node->child[node->link.len - 1];
    }
    return (btree_pos){at, ((btree_leaf *)at)->link.len};
}

bool btree_at_end(const btree *t, btree_pos pos) {
    (void)t;
    return pos.leaf == NULL || (pos.slot == pos.leaf->link.len && pos.leaf->after == NULL);
}

bool btree_next(const btree *t, btree_pos *pos) {
    if (btree_at_end(t, *pos)) return false;
    if (++pos->slot < pos->leaf->link.len) return true;
    if (pos->leaf->after == NULL) return false;
    *pos = (btree_pos){pos->leaf->after, 0};
    return true;
}

bool btree_prev(const btree *t, btree_pos *pos) {
    (void)t;
    if (pos->leaf == NULL) return false;
    if (pos->slot > 0) {
        pos->slot--;
        return true;
    }
    if (pos->leaf->before == NULL) return false;
    *pos = (btree_pos){pos->leaf->before, pos->leaf->before->link.len - 1};
    return true;
}

/* First of `sums` that reaches beyond `pos`, or `len`; *rank grows by those before it. */
static inline uint32_t btree_scan(const btree_sums *sums, uint32_t len, unsigned metric,
                                  uint32_t pos, btree_sums *rank) {
    btree_lanes before = *btree_all(rank);
    uint32_t left = pos - rank->by[metric], i = 0;
    for (; i < len && left >= sums[i].by[metric]; i++) {
        left -= sums[i].by[metric];
        before += *btree_all(&sums[i]);
    }
    *btree_all_of(rank) = before;
    return i;
}

static inline const btree_sums *btree_leaf_sums(const btree *t, const btree_leaf *leaf) {
    const btree_node *up = leaf->link.parent;
    return up == NULL ? &t->total : &up->sums[leaf->link.index];
}

/* Does the remembered leaf hold it? (A place before it wraps.) */
static inline bool btree_is_near(const btree *t, unsigned metric, uint32_t pos) {
    return t->near != NULL &&
           pos - t->near_start.by[metric] < btree_leaf_sums(t, t->near)->by[metric];
}

/* Look in the remembered leaf, from the remembered item on in either direction. */
static btree_pos btree_find_here(const btree *t, unsigned metric, uint32_t pos, btree_sums *rank) {
    const btree_leaf *leaf = t->near;
    uint32_t slot = t->near_slot, at = t->near_rank.by[metric];
    btree_lanes before = *btree_all(&t->near_rank);
    while (pos < at) {
        at -= leaf->sums[--slot].by[metric];
        before -= *btree_all(&leaf->sums[slot]);
    }
    *btree_all_of(rank) = before;
    slot += btree_scan(leaf->sums + slot, leaf->link.len - slot, metric, pos, rank);
    return (btree_pos){t->near, slot};
}

/* btree_find_rank(), and the sums of everything before its leaf. */
static btree_pos btree_seek(const btree *t, unsigned metric, uint32_t pos, btree_sums *rank,
                            btree_sums *start) {
    if (pos >= t->total.by[metric]) {
        btree_pos end = btree_end(t);
        *rank = *start = t->total;
        if (end.leaf != NULL) *start = btree_minus(rank, btree_leaf_sums(t, end.leaf));
        return end;
    }
    if (btree_is_near(t, metric, pos)) {
        *start = t->near_start;
        return btree_find_here(t, metric, pos, rank);
    }
    *start = (btree_sums){0};
    void *at = t->root;
    for (uint32_t level = t->height; level > 0; level--) {
        btree_node *node = at;
        at = node->child[btree_scan(node->sums, node->link.len, metric, pos, start)];
    }
    btree_leaf *leaf = at;
    *rank = *start;
    return (btree_pos){leaf, btree_scan(leaf->sums, leaf->link.len, metric, pos, rank)};
}

btree_pos btree_find_rank(const btree *t, unsigned metric, uint32_t pos, btree_sums *rank) {
    btree_sums start;
    return btree_seek(t, metric, pos, rank, &start);
}

btree_pos btree_find(const btree *t, unsigned metric, uint32_t pos, uint32_t *offset) {
    btree_sums rank;
    btree_pos found = btree_find_rank(t, metric, pos, &rank);
    *offset = pos - rank.by[metric];
    return found;
}

/* Does the remembered item hold it? (A place before it wraps.) */
static inline bool btree_holds_near(const btree *t, unsigned metric, uint32_t pos) {
    return t->near != NULL && t->near_slot < t->near->link.len &&
           pos - t->near_rank.by[metric] < t->near->sums[t->near_slot].by[metric];
}

btree_pos btree_find_near(btree *t, unsigned metric, uint32_t pos, btree_sums *rank) {
    if (btree_holds_near(t, metric, pos)) {
        *rank = t->near_rank;
        return (btree_pos){t->near, t->near_slot};
    }
    btree_pos found = btree_seek(t, metric, pos, rank, &t->near_start);
    t->near = found.leaf;
    t->near_slot = found.slot;
    t->near_rank = *rank;
    return found;
}

btree_sums btree_rank(const btree *t, btree_pos pos) {
    btree_sums rank = {0};
    if (pos.leaf == NULL) return rank;
    (void)t;
    rank = btree_sum(pos.leaf->sums, pos.slot);
    const btree_link *at = &pos.leaf->link;
    for (const btree_node *up = at->parent; up != NULL; up = at->parent) {
        btree_sums before = btree_sum(up->sums, at->index);
        btree_add(&rank, &before);
        at = &up->link;
    }
    return rank;
}

/* ---- inserting ---- */

/* The item at `pos` came, changed or goes, which makes a difference of `by`: tell everything above.
 */
static void btree_climb(btree *t, btree_pos pos, const btree_sums *by) {
    const btree_link *at = &pos.leaf->link;
    for (btree_node *up = at->parent; up != NULL; up = at->parent) {
        btree_add(&up->sums[at->index], by);
        at = &up->link;
    }
    btree_add(&t->total, by);
    if (pos.leaf != t->near)
        t->near = NULL;
    else if (pos.slot < t->near_slot)
        btree_add(&t->near_rank, by);
}

static void btree_tell_moved(btree *t, btree_leaf *leaf, uint32_t from) {
    if (t->class->moved == NULL) return;
    for (uint32_t i = from; i < leaf->link.len; i++)
        t->class->moved(t->context, btree_slot(t, leaf, i), leaf);
}

/* Append items [from, len) of `source` to `target`; their sum. */
static btree_sums btree_move_items(btree *t, btree_leaf *source, uint32_t from,
                                   btree_leaf *target) {
    uint32_t len = source->link.len - from, had = target->link.len;
    btree_sums sum = btree_sum(&source->sums[from], len);
    __builtin_memcpy(&target->sums[had], &source->sums[from], len * sizeof *source->sums);
    __builtin_memcpy(btree_slot(t, target, had), btree_slot(t, source, from),
                     (size_t)len * t->class->item_len);
    source->link.len = from;
    target->link.len = had + len;
    btree_tell_moved(t, target, had);
    return sum;
}

/* Children from there on learn where they hang. */
static __attribute__((noinline)) void btree_number(btree_node *node, uint32_t from) {
    for (uint32_t i = from; i < node->link.len; i++) {
        btree_link *child = node->child[i];
        child->parent = node;
        child->index = i;
    }
}

/* The same for children of nodes. */
static btree_sums btree_move_children(btree_node *source, uint32_t from, btree_node *target) {
    uint32_t len = source->link.len - from, had = target->link.len;
    btree_sums sum = btree_sum(&source->sums[from], len);
    for (uint32_t i = 0; i < len; i++) {
        target->sums[had + i] = source->sums[from + i];
        target->child[had + i] = source->child[from + i];
    }
    source->link.len = from;
    target->link.len = had + len;
    btree_number(target, had);
    return sum;
}

static void btree_put_child(btree_node *node, uint32_t at, void *child, btree_sums sums) {
    uint32_t tail = node->link.len - at;
    __builtin_memmove(&node->child[at + 1], &node->child[at], tail * sizeof *node->child);
    __builtin_memmove(&node->sums[at + 1], &node->sums[at], tail * sizeof *node->sums);
    node->child[at] = child;
    node->sums[at] = sums;
    node->link.len++;
    btree_number(node, at);
}

/* `right` was split off `left` and took `moved` with it: hang it into the tree behind `left`. When
 * appending, full nodes on the way keep their children and the new one starts with `right`.
 * Recursion is as deep as the tree is high. */
static void btree_attach(btree *t, btree_link *left, btree_link *right, btree_sums moved,
                         bool append) {
    if (left->parent == NULL) {
        btree_node *root = btree_take_node(t);
        btree_put_child(root, 0, left, t->total);
        t->root = root;
        t->height++;
    }
    btree_node *node = left->parent;
    uint32_t at = left->index, put = at + 1;
    node->sums[at] = btree_minus(&node->sums[at], &moved);
    if (node->link.len == NODE_CAP) {
        btree_node *beside = btree_take_node(t);
        uint32_t keep = append ? NODE_CAP : NODE_CAP / 2;
        btree_sums away = btree_move_children(node, keep, beside);
        bool goes = append || put > keep;
        if (goes) btree_add(&away, &moved);
        btree_attach(t, &node->link, &beside->link, away, append);
        if (goes) node = beside, put -= keep;
    }
    btree_put_child(node, put, right, moved);
}

/* Make room in a full leaf for an item at *pos, and move *pos along. */
static void btree_split(btree *t, btree_pos *pos) {
    btree_leaf *left = pos->leaf, *right = btree_take_leaf(t);
    bool append = left->after == NULL && pos->slot == LEAF_CAP;
    uint32_t keep = append ? LEAF_CAP : LEAF_CAP / 2;
    right->before = left;
    right->after = left->after;
    if (right->after != NULL) right->after->before = right;
    left->after = right;
    btree_sums moved = btree_move_items(t, left, keep, right);
    t->near = NULL;
    btree_attach(t, &left->link, &right->link, moved, append);
    if (append || pos->slot > keep) *pos = (btree_pos){right, pos->slot - keep};
}

btree_pos btree_insert(btree *t, btree_pos pos, const void *item, btree_sums sums) {
    if (t->root == NULL) pos = (btree_pos){t->root = btree_take_leaf(t), 0};
    LK_ASSERT(pos.leaf != NULL && pos.slot <= pos.leaf->link.len);
    if (pos.leaf->link.len == LEAF_CAP) btree_split(t, &pos);
    btree_leaf *leaf = pos.leaf;
    uint32_t tail = leaf->link.len - pos.slot;
    void *slot = btree_slot(t, leaf, pos.slot);
    if (tail > 0) {
        __builtin_memmove(btree_slot(t, leaf, pos.slot + 1), slot, tail * t->class->item_len);
        __builtin_memmove(&leaf->sums[pos.slot + 1], &leaf->sums[pos.slot],
                          tail * sizeof *leaf->sums);
    }
    btree_copy(t, slot, item);
    leaf->sums[pos.slot] = sums;
    leaf->link.len++;
    btree_climb(t, pos, &sums);
    if (leaf == t->near && pos.slot < t->near_slot) t->near_slot++;
    if (t->class->moved != NULL) t->class->moved(t->context, slot, leaf);
    return pos;
}

/* ---- building in order ---- */

/* Until the tree is raised its leaves are a list from t->root to t->near. */
void btree_append(btree *t, const void *item, btree_sums sums) {
    btree_leaf *leaf = t->near;
    if (leaf == NULL || leaf->link.len == LEAF_CAP) {
        leaf = btree_take_leaf(t);
        leaf->before = t->near;
        if (t->near == NULL)
            t->root = leaf;
        else
            t->near->after = leaf;
        t->near = leaf;
    }
    uint32_t slot = leaf->link.len++;
    btree_copy(t, btree_slot(t, leaf, slot), item);
    leaf->sums[slot] = sums;
    btree_add(&t->total, &sums);
    if (t->class->moved != NULL) t->class->moved(t->context, btree_slot(t, leaf, slot), leaf);
}

/* The next of the same level: nodes are chained by their parents meanwhile. */
static void *btree_beside(void *at, uint32_t height) {
    return height == 0 ? (void *)((btree_leaf *)at)->after : ((btree_link *)at)->parent;
}

/* Hang a level, which begins with t->root, below one of new nodes; how many they are. */
static uint32_t btree_raise_level(btree *t) {
    btree_node *first = NULL, *last = NULL;
    uint32_t count = 0;
    for (void *at = t->root, *next; at != NULL; at = next) {
        next = btree_beside(at, t->height);
        btree_sums sums = t->height == 0
                              ? btree_sum(((btree_leaf *)at)->sums, ((btree_link *)at)->len)
                              : btree_sum(((btree_node *)at)->sums, ((btree_link *)at)->len);
        if (last == NULL || last->link.len == NODE_CAP) {
            btree_node *fresh = btree_take_node(t);
            if (last == NULL)
                first = fresh;
            else
                last->link.parent = fresh;
            last = fresh;
            count++;
        }
        btree_put_child(last, last->link.len, at, sums);
    }
    t->root = first;
    t->height++;
    return count;
}

void btree_raise(btree *t) {
    t->near = NULL;
    for (uint32_t level = t->leaves; level > 1;) level = btree_raise_level(t);
}

void btree_changed(btree *t, btree_pos pos, btree_sums sums) {
    btree_sums *now = &pos.leaf->sums[pos.slot], by = btree_minus(&sums, now);
    *now = sums;
    btree_climb(t, pos, &by);
}

void btree_grew(btree *t, btree_pos pos, const btree_sums *by) {
    btree_add(&pos.leaf->sums[pos.slot], by);
    btree_climb(t, pos, by);
}

/* ---- removing ---- */

static void btree_shrink(btree *t, btree_node *node);

/* Take child `at` out of `node`; what it measures is zero or has moved to a sibling. */
static void btree_detach(btree *t, btree_node *node, uint32_t at) {
    uint32_t tail = --node->link.len - at;
    __builtin_memmove(&node->child[at], &node->child[at + 1], tail * sizeof *node->child);
    __builtin_memmove(&node->sums[at], &node->sums[at + 1], tail * sizeof *node->sums);
    btree_number(node, at);
    btree_shrink(t, node);
}

/* `node` lost a child: remove it if it is empty, merge it if it is small, lower the root. */
static void btree_shrink(btree *t, btree_node *node) {
    btree_node *up = node->link.parent;
    uint32_t len = node->link.len;
    if (up == NULL) {
        if (len > 1) return;
        t->root = len == 0 ? NULL : node->child[0];
        t->height = len == 0 ? 0 : t->height - 1;
        if (len == 1) ((btree_link *)t->root)->parent = NULL;
        t->nodes--;
        btree_spare_node(t, node);
        if (t->height > 0) btree_shrink(t, t->root);
        return;
    }
    if (len > NODE_CAP / 4) return;
    uint32_t at = node->link.index;
    bool first = at == 0;
    if (len > 0) {
        if (up->link.len == 1) return;
        btree_node *left = up->child[first ? 0 : at - 1], *right = up->child[first ? 1 : at];
        if (left->link.len + right->link.len > NODE_CAP * 3 / 4) return;
        btree_sums moved = btree_move_children(right, 0, left);
        btree_add(&up->sums[first ? 0 : at - 1], &moved);
        node = right;
        at = first ? 1 : at;
    }
    t->nodes--;
    btree_spare_node(t, node);
    btree_detach(t, up, at);
}

/* Take an empty leaf out of the tree. */
static void btree_remove_leaf(btree *t, btree_leaf *leaf) {
    if (leaf->before != NULL) leaf->before->after = leaf->after;
    if (leaf->after != NULL) leaf->after->before = leaf->before;
    btree_node *up = leaf->link.parent;
    t->leaves--;
    t->near = NULL;
    btree_spare_leaf(t, leaf);
    if (up == NULL)
        t->root = NULL;
    else
        btree_detach(t, up, leaf->link.index);
}

static bool btree_mergeable(const btree_leaf *leaf, const btree_leaf *beside) {
    return beside != NULL && beside->link.parent == leaf->link.parent &&
           beside->link.len + leaf->link.len <= LEAF_CAP * 3 / 4;
}

/* Merge a small leaf with a neighbour if it may be; where `pos` is now. */
static btree_pos btree_merge(btree *t, btree_pos pos) {
    btree_leaf *left = pos.leaf, *right = pos.leaf->after;
    if (btree_mergeable(left, left->before)) {
        right = left;
        left = left->before;
        pos = (btree_pos){left, left->link.len + pos.slot};
    } else if (!btree_mergeable(left, right)) {
        return pos;
    }
    btree_node *up = left->link.parent;
    btree_sums moved = btree_move_items(t, right, 0, left);
    uint32_t at = left->link.index;
    btree_add(&up->sums[at], &moved);
    up->sums[at + 1] = btree_minus(&up->sums[at + 1], &moved);
    btree_remove_leaf(t, right);
    return pos;
}

btree_pos btree_remove(btree *t, btree_pos pos) {
    btree_leaf *leaf = pos.leaf;
    LK_ASSERT(leaf != NULL && pos.slot < leaf->link.len);
    btree_sums zero = {0}, by = btree_minus(&zero, &leaf->sums[pos.slot]);
    uint32_t tail = --leaf->link.len - pos.slot;
    void *slot = btree_slot(t, leaf, pos.slot);
    __builtin_memmove(slot, btree_slot(t, leaf, pos.slot + 1), (size_t)tail * t->class->item_len);
    __builtin_memmove(&leaf->sums[pos.slot], &leaf->sums[pos.slot + 1], tail * sizeof *leaf->sums);
    btree_climb(t, pos, &by);
    if (leaf == t->near && pos.slot < t->near_slot) t->near_slot--;
    if (leaf->link.len == 0) {
        btree_leaf *after = leaf->after;
        btree_remove_leaf(t, leaf);
        return after != NULL ? (btree_pos){after, 0} : btree_end(t);
    }
    if (leaf->link.len <= LEAF_CAP / 4) pos = btree_merge(t, pos);
    if (pos.slot == pos.leaf->link.len && pos.leaf->after != NULL)
        pos = (btree_pos){pos.leaf->after, 0};
    return pos;
}

/* ---- checking ---- */

typedef struct btree_census {
    btree_sums (*measure)(const void *item);
    btree_leaf *last;
    uint32_t leaves, nodes;
} btree_census;

static btree_sums btree_check_below(const btree *t, void *at, uint32_t height, btree_node *up,
                                    btree_census *seen) {
    btree_link *link = at;
    LK_ASSERT(link->parent == up && link->len > 0);
    LK_ASSERT(link->len <= (height == 0 ? LEAF_CAP : NODE_CAP));
    btree_sums sum = {0};
    for (uint32_t i = 0; i < link->len; i++) {
        btree_sums want, have;
        if (height == 0) {
            want = ((btree_leaf *)at)->sums[i];
            have = seen->measure == NULL ? want : seen->measure(btree_slot(t, at, i));
        } else {
            want = ((btree_node *)at)->sums[i];
            have = btree_check_below(t, ((btree_node *)at)->child[i], height - 1, at, seen);
            LK_ASSERT(((btree_link *)((btree_node *)at)->child[i])->index == i);
        }
        for (unsigned m = 0; m < BTREE_METRICS; m++) LK_ASSERT(want.by[m] == have.by[m]);
        btree_add(&sum, &have);
    }
    if (height == 0) {
        btree_leaf *leaf = at;
        LK_ASSERT(leaf->before == seen->last && (seen->last == NULL || seen->last->after == leaf));
        seen->last = leaf;
        seen->leaves++;
    } else {
        seen->nodes++;
    }
    return sum;
}

void btree_check(const btree *t, btree_sums (*measure_or_null)(const void *item)) {
    btree_census seen = {.measure = measure_or_null};
    btree_sums sum = {0};
    if (t->root != NULL) sum = btree_check_below(t, t->root, t->height, NULL, &seen);
    LK_ASSERT(seen.last == NULL || seen.last->after == NULL);
    LK_ASSERT(seen.leaves == t->leaves && seen.nodes == t->nodes);
    LK_ASSERT(t->height == 0 || ((btree_link *)t->root)->len > 1);
    for (unsigned m = 0; m < BTREE_METRICS; m++) LK_ASSERT(sum.by[m] == t->total.by[m]);
    if (t->near == NULL) return;
    LK_ASSERT(t->near_slot <= t->near->link.len);
    btree_sums near_rank = btree_rank(t, (btree_pos){t->near, t->near_slot});
    btree_sums near_start = btree_rank(t, (btree_pos){t->near, 0});
    for (unsigned m = 0; m < BTREE_METRICS; m++) {
        LK_ASSERT(near_rank.by[m] == t->near_rank.by[m]);
        LK_ASSERT(near_start.by[m] == t->near_start.by[m]);
    }
}
