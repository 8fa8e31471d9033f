#include "match.h"
#include "../layer_nodes.h"
#include <ctype.h>
#include <string.h>

static const int64_t MOST_CELLS = 16 << 20;

/* ---- How alike two layers are ---- */

static bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* Called by its place: "conv3x3_2", or "0" in a labelled group. */
static bool is_automatic(const Layer *l)
{
    const char *p = l->name;
    size_t n = strlen(l->kind);
    if (strncmp(p, l->kind, n) == 0)
        p += n;
    while (isdigit((unsigned char)*p) || (*p == 'x' && p > l->name) || *p == '_')
        p++;
    return *p == '\0';
}

static int name_likeness(const Layer *x, const Layer *y)
{
    bool automatic = is_automatic(x);
    if (same(x->path, y->path))
        return automatic ? 5 : 12;
    return same(x->name, y->name) && !automatic ? 3 : 0;
}

static bool near(int a, int b) { return 3 * (int64_t)(a < b ? a : b) >= 2 * (int64_t)(a < b ? b : a); }

/* What a layer does: its window, or how many flows it joins. */
static int work_likeness(const Layer *x, const Layer *y)
{
    const Window *v = &x->first->window, *w = &y->first->window;
    if (node_joins(x->first))
        return 5 * (x->in.n == y->in.n);
    return 4 * (v->kh == w->kh && v->kw == w->kw) + (v->sh == w->sh && v->sw == w->sw);
}

static int shape_likeness(const Shape *x, const Shape *y)
{
    int channels = x->dim[0] == y->dim[0] ? 4 : near(x->dim[0], y->dim[0]) ? 2 : 0;
    return channels + 3 * (x->dim[1] == y->dim[1] && x->dim[2] == y->dim[2]);
}

/* 0: no pair. */
static int likeness(const Layer *x, const Layer *y)
{
    enum { SAME_KIND = 2, LEAST = 10, WEAK = 7 }; /* two weak pairs are worth less than a good one that they shut out */
    int name = name_likeness(x, y);
    bool kind = same(x->kind, y->kind);
    if (!kind && name < 12)
        return 0;
    int alike = SAME_KIND * kind + name + work_likeness(x, y) + shape_likeness(&x->shape, &y->shape);
    return alike < LEAST ? 0 : alike - WEAK;
}

/* ---- Pairs ---- */

typedef struct Span { /* layers [x, x + n) and [y, y + m) are still to be paired */
    int x, y, n, m;
} Span;

static void pair(Match *m, Layer *x, Layer *y)
{
    m->of_x[x->place] = y;
    m->of_y[y->place] = x;
}

static bool equal_place(const Layer *x, const Layer *y)
{
    return same(x->path, y->path) && same(x->kind, y->kind) && same(x->kernel, y->kernel) && shape_equal(&x->shape, &y->shape);
}

/* Pairs what is equal at both ends: nearly all of a network and its variant. */
static Span trim(Match *m, const Layers *x, const Layers *y)
{
    Span s = { 0, 0, x->list.n, y->list.n };
    while (s.n && s.m && equal_place(x->list.at[s.x], y->list.at[s.y])) {
        pair(m, x->list.at[s.x], y->list.at[s.y]);
        s = (Span){ s.x + 1, s.y + 1, s.n - 1, s.m - 1 };
    }
    while (s.n && s.m && equal_place(x->list.at[s.x + s.n - 1], y->list.at[s.y + s.m - 1])) {
        s.n--;
        s.m--;
        pair(m, x->list.at[s.x + s.n], y->list.at[s.y + s.m]);
    }
    return s;
}

typedef struct Align {
    Arena *arena;
    Match *m;
    const Layers *x, *y;
    int *best, *like; /* scratch of `layers_alike` */
} Align;

/* best[i][j] is the most that what begins at i and at j can be alike, like[i][j] how much i and j are: n x m, 0 is no pair.  The walk takes a
 * pair wherever one is as good as none, so of equal copies the first are paired.  Calls take(arg, i, j) for each; returns best[0][0]. */
static int align(int n, int m, const int *like, int *best, void (*take)(void *arg, int i, int j), void *arg)
{
    size_t row = (size_t)m + 1;
    for (int j = 0; j <= m; j++)
        best[(size_t)n * row + (size_t)j] = 0;
    for (int i = n - 1; i >= 0; i--) {
        best[(size_t)i * row + (size_t)m] = 0;
        for (int j = m - 1; j >= 0; j--) {
            int *at = &best[(size_t)i * row + (size_t)j], l = like[(size_t)i * (size_t)m + (size_t)j];
            *at = at[1] > at[row] ? at[1] : at[row];
            if (l && at[row + 1] + l > *at)
                *at = at[row + 1] + l;
        }
    }
    for (int i = 0, j = 0; i < n && j < m;) {
        const int *at = &best[(size_t)i * row + (size_t)j];
        int l = like[(size_t)i * (size_t)m + (size_t)j];
        if (l && *at == at[row + 1] + l)
            take(arg, i++, j++);
        else if (*at == at[row])
            i++;
        else
            j++;
    }
    return best[0];
}

/* ---- Blocks: what lies between two layers through which all flow goes ---- */

typedef struct Block {
    int first, n; /* layers */
} Block;
typedef LIST(Block) Blocks;

/* By place: whether a block ends with the layer.  Only the flow to the output counts: an auxiliary head is a block of its own. */
static bool *find_ends(Arena *a, const Layers *l)
{
    bool *ends = ARENA_ARRAY(a, l->list.n + 1, bool);
    int *last_use = ARENA_ARRAY(a, l->list.n + 1, int), live = 0; /* by place: the last layer that reads it */
    int *dying = ARENA_ARRAY(a, l->list.n + 1, int);
    for (int i = 0; i < l->list.n; i++)
        for (int k = 0; k < l->list.at[i]->in.n && l->list.at[i]->main; k++)
            if (l->list.at[i]->in.at[k])
                last_use[l->list.at[i]->in.at[k]->place] = i;
    for (int i = 0; i < l->list.n; i++)
        dying[last_use[i]] += last_use[i] > 0;
    for (int i = 0; i < l->list.n; i++) {
        const Layer *next = i + 1 < l->list.n ? l->list.at[i + 1] : NULL;
        live += (last_use[i] > i) - dying[i];
        bool main = l->list.at[i]->main;
        bool head = next && !next->main && next->in.at[0] && next->in.at[0]->main;
        ends[i] = !next || next->main != main || (main ? live <= 1 : head);
    }
    return ends;
}

static Blocks blocks_of(Arena *a, const Layers *l, int first, int n)
{
    const bool *ends = find_ends(a, l);
    Blocks list = { 0 };
    for (int i = first, begin = first; i < first + n; i++)
        if (ends[i] || i == first + n - 1) {
            Block b = { begin, i + 1 - begin };
            LIST_PUSH(a, &list, b);
            begin = i + 1;
        }
    return list;
}

typedef struct BlockPair {
    Align *al;
    Block x, y;
    int n;
    bool keep;
} BlockPair;

static void take_layers(void *arg, int i, int j)
{
    BlockPair *p = arg;
    p->n++;
    if (p->keep)
        pair(p->al->m, p->al->x->list.at[p->x.first + i], p->al->y->list.at[p->y.first + j]);
}

/* How alike two blocks are: 0 where not half of the larger one's layers find a partner.  keep: these become pairs. */
static int layers_alike(BlockPair *p)
{
    Align *al = p->al;
    for (int i = 0; i < p->x.n; i++)
        for (int j = 0; j < p->y.n; j++)
            al->like[i * p->y.n + j] = likeness(al->x->list.at[p->x.first + i], al->y->list.at[p->y.first + j]);
    p->n = 0;
    int alike = align(p->x.n, p->y.n, al->like, al->best, take_layers, p);
    return 2 * p->n >= (p->x.n > p->y.n ? p->x.n : p->y.n) ? alike : 0;
}

typedef struct AllBlocks {
    Align *al;
    Blocks x, y;
} AllBlocks;

static void take_blocks(void *arg, int i, int j)
{
    AllBlocks *b = arg;
    layers_alike(&(BlockPair){ b->al, b->x.at[i], b->y.at[j], 0, true });
}

static int largest(const Blocks *b)
{
    int most = 0;
    for (int i = 0; i < b->n; i++)
        most = b->at[i].n > most ? b->at[i].n : most;
    return most;
}

/* Pairs the blocks of the span, and within them their layers. */
static void align_blocks(Arena *a, Match *m, const Layers *x, const Layers *y, Span s)
{
    Align al = { .arena = a, .m = m, .x = x, .y = y };
    AllBlocks b = { &al, blocks_of(a, x, s.x, s.n), blocks_of(a, y, s.y, s.m) };
    size_t most = (size_t)(largest(&b.x) + 1) * (size_t)(largest(&b.y) + 1);
    al.like = ARENA_ARRAY(a, most, int);
    al.best = ARENA_ARRAY(a, most, int);
    int *like = ARENA_ARRAY(a, (size_t)b.x.n * (size_t)b.y.n + 1, int), *best = ARENA_ARRAY(a, (size_t)(b.x.n + 1) * (size_t)(b.y.n + 1), int);
    for (int i = 0; i < b.x.n; i++)
        for (int j = 0; j < b.y.n; j++)
            like[i * b.y.n + j] = layers_alike(&(BlockPair){ &al, b.x.at[i], b.y.at[j], 0, false });
    align(b.x.n, b.y.n, like, best, take_blocks, &b);
}

/* ---- By name alone ---- */


static uint32_t hash_path(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

/* Layers of y that have no pair, by the hash of their paths: open addressing, `size` a power of two. */
static Layer **enter(Arena *a, const Match *m, const Layers *y, uint32_t *size)
{
    for (*size = 16; *size < 2 * (uint32_t)y->list.n + 2;)
        *size *= 2;
    Layer **slot = ARENA_ARRAY(a, *size, Layer *);
    for (int j = 0; j < y->list.n; j++) {
        uint32_t h = hash_path(y->list.at[j]->path);
        while (slot[h & (*size - 1)])
            h++;
        if (!m->of_y[j])
            slot[h & (*size - 1)] = y->list.at[j];
    }
    return slot;
}

typedef struct Bounds { /* partners of the pairs in front of a layer end before `low`, of those behind it begin at `high` */
    int low, high;
} Bounds;

static Bounds *bounds_of(Arena *a, const Match *m, int n, int n_y)
{
    Bounds *b = ARENA_ARRAY(a, n + 1, Bounds);
    for (int i = 0, low = 0; i < n; i++) {
        b[i].low = low;
        low = m->of_x[i] ? m->of_x[i]->place + 1 : low;
    }
    for (int i = n - 1, high = n_y; i >= 0; i--) {
        b[i].high = high;
        high = m->of_x[i] ? m->of_x[i]->place : high;
    }
    return b;
}

/* Pairs layers of one path that are left: in order those that cross no pair, then those that have moved. */
static void pair_by_path(Arena *a, Match *m, const Layers *x, const Layers *y, bool in_order)
{
    uint32_t size;
    Layer **slot = enter(a, m, y, &size);
    const Bounds *bounds = bounds_of(a, m, x->list.n, y->list.n);
    int low = 0;
    for (int i = 0; i < x->list.n; i++) {
        Layer *l = x->list.at[i];
        if (m->of_x[i] || (!in_order && is_automatic(l)))
            continue;
        low = bounds[i].low > low ? bounds[i].low : low;
        for (uint32_t h = hash_path(l->path); slot[h & (size - 1)]; h++) {
            Layer *other = slot[h & (size - 1)];
            bool fits = !in_order || (other->place >= low && other->place < bounds[i].high);
            if (!fits || m->of_y[other->place] || !same(other->path, l->path) || !same(other->kind, l->kind))
                continue;
            pair(m, l, other);
            m->moved[i] = !in_order;
            low = in_order ? other->place + 1 : low;
            break;
        }
    }
}

Match match_layers(Arena *a, const Layers *x, const Layers *y)
{
    Match m = { ARENA_ARRAY(a, x->list.n + 1, Layer *), ARENA_ARRAY(a, y->list.n + 1, Layer *), ARENA_ARRAY(a, x->list.n + 1, bool), false };
    Span s = trim(&m, x, y);
    m.by_names_only = (int64_t)s.n * s.m > MOST_CELLS;
    if (!m.by_names_only && s.n && s.m)
        align_blocks(a, &m, x, y, s);
    pair_by_path(a, &m, x, y, true);
    pair_by_path(a, &m, x, y, false);
    return m;
}
