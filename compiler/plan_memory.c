/* Places, borders, live ranges and offsets. */
#include "plan_build.h"
#include "cook_toom.h"
#include <stdlib.h>
#include <string.h>

static int align_up(int v, int to) { return (v + to - 1) / to * to; }

/* ---- Places ---- */

typedef LIST(Segment) Segments;

/* Operators that keep their first input's channels where they are, gaps and all: they run over whole blocks. */
static const Tensor *map_source(const Tensor *t)
{
    const Node *n = t->def;
    if (t->primal && t->primal->kind != TENSOR_WEIGHT)
        return t->primal;
    if (!n)
        return NULL;
    if (node_residual(n) && n->n_out == 1)
        return node_residual(n);
    if (node_is_depthwise(n))
        return n->in[0];
    switch ((int)n->op) {
    case OP_BATCHNORM: case OP_RELU: case OP_MAXPOOL: case OP_AVGPOOL: case OP_GLOBALAVGPOOL: case OP_ADAPTIVEAVGPOOL:
    case OP_ADD: case OP_MUL: case OP_MAX: case OP_LRN: case OP_DROPOUT: case OP_COPY: return n->in[0];
    default: return train_map_source(n);
    }
}

/* Appends the segments of t, which begins at logical channel c0 of its root, and returns the first
 * physical channel behind it.  Each slice of a concat begins on a block. */
static int map_channels(Plan *p, const Tensor *t, int c0, int at, Segments *out)
{
    const Tensor *source;
    while ((source = map_source(t)))
        t = source;
    if (!t->def || t->def->op != OP_CONCAT) {
        Segment s = { c0, at, t->shape.dim[0] };
        LIST_PUSH(p->arena, out, s);
        return at + s.n;
    }
    for (int i = 0; i < t->def->n_in; c0 += t->def->in[i++]->shape.dim[0]) {
        at = align_up(at, p->target->block);
        at = map_channels(p, t->def->in[i], c0, at, out);
    }
    return at;
}

/* Joins neighbours without a gap between them. */
static void join_segments(Segments *s)
{
    int k = 0;
    for (int i = 1; i < s->n; i++) {
        Segment *last = &s->at[k];
        if (last->physical + last->n == s->at[i].physical)
            last->n += s->at[i].n;
        else
            s->at[++k] = s->at[i];
    }
    s->n = k + 1;
}

/* Only convolutions, or a normalize before them, read t. */
static bool is_read_by_convs(const Plan *p, const Tensor *t)
{
    if (t->home || t->shape.dim[0] > 4 || t->users.n == 0 || t == p->graph->output || t == p->graph->logits)
        return false;
    for (int i = 0; i < t->users.n; i++) {
        const Node *n = t->users.at[i];
        bool conv = (n->op == OP_CONV && n->in[0] == t && node_residual(n) != t) || n->op == OP_CONV_WEIGHT_GRAD;
        if (!conv && !(n->op == OP_NORMALIZE && is_read_by_convs(p, n->out[0])))
            return false;
    }
    return true;
}

/* Image planes stay separate where only convolutions read them: padding 3 channels to 16 would make five
 * times the work. */
static bool is_planar(const Plan *p, const Tensor *t)
{
    if (p->target->block == 1)
        return true;
    while (t->def && t->def->op == OP_NORMALIZE)
        t = t->def->in[0];
    return t->kind == TENSOR_INPUT && is_read_by_convs(p, t);
}

static Place *place_root(Plan *p, const Tensor *t)
{
    Segments s = { 0 };
    int channels = map_channels(p, t, 0, 0, &s);
    join_segments(&s);
    Buffer *b = ARENA_NEW(p->arena, Buffer);
    b->id = p->buffers.n;
    b->name = t->name;
    b->block = is_planar(p, t) ? 1 : p->target->block;
    b->channels = align_up(channels, b->block);
    b->kind = t->shape.batched ? BUFFER_ARENA : BUFFER_SHARED;
    b->h = t->shape.rank > 1 ? t->shape.dim[1] : 1;
    b->w = t->shape.rank > 1 ? t->shape.dim[2] : 1;
    LIST_PUSH(p->arena, &p->buffers, b);
    Place *place = ARENA_NEW(p->arena, Place);
    *place = (Place){ b, s.at, s.n };
    return place;
}

Place *plan_sub_place(Plan *p, const Place *whole, int c, int n)
{
    Segments out = { 0 };
    for (int i = 0; i < whole->n_segments; i++) {
        Segment s = whole->segments[i];
        int from = s.logical > c ? s.logical : c;
        int to = s.logical + s.n < c + n ? s.logical + s.n : c + n;
        if (from >= to)
            continue;
        Segment part = { from - c, s.physical + from - s.logical, to - from };
        LIST_PUSH(p->arena, &out, part);
    }
    CHECK(out.n > 0);
    Place *place = ARENA_NEW(p->arena, Place);
    *place = (Place){ whole->buffer, out.at, out.n };
    return place;
}

Place *plan_place_like(Plan *p, const Place *from, const Place *like, const char *name)
{
    Buffer *b = ARENA_NEW(p->arena, Buffer);
    int base = like->segments[0].physical, last = like->n_segments - 1;
    Place *place = ARENA_NEW(p->arena, Place);
    *place = (Place){ b, arena_grow(p->arena, like->segments, (size_t)like->n_segments, (size_t)like->n_segments, sizeof(Segment)), like->n_segments };
    for (int i = 0; i < place->n_segments; i++)
        place->segments[i].physical -= base;
    *b = (Buffer){ .id = p->buffers.n, .name = name, .kind = from->buffer->kind, .block = like->buffer->block, .h = from->buffer->h, .w = from->buffer->w };
    b->channels = align_up(place->segments[last].physical + place->segments[last].n, b->block);
    LIST_PUSH(p->arena, &p->buffers, b);
    return place;
}

/* Channels of `whole` that lie in the blocks that `part` reaches into. */
static int channels_in_blocks(const Place *whole, const Place *part)
{
    int block = part->buffer->block, last = part->n_segments - 1, count = 0;
    int begin = part->segments[0].physical / block * block, end = align_up(part->segments[last].physical + part->segments[last].n, block);
    for (int i = 0; i < whole->n_segments; i++) {
        const Segment *s = &whole->segments[i];
        int from = s->physical > begin ? s->physical : begin, to = s->physical + s->n < end ? s->physical + s->n : end;
        count += from < to ? to - from : 0;
    }
    return count;
}

bool plan_slice_is_view(const Plan *p, const Node *n) { return p->places[n->out[0]->id]->buffer == p->places[n->in[0]->id]->buffer; }

/* A slice of what does not lie as a concat shares blocks with its neighbours: it gets a place of its own. */
static Place *place_slice(Plan *p, Tensor *t, const Place *whole)
{
    Place *part = plan_sub_place(p, whole, t->home_channel, t->shape.dim[0]);
    return channels_in_blocks(whole, part) == t->shape.dim[0] ? part : place_root(p, t);
}

static Place *place_of(Plan *p, Tensor *t)
{
    if (p->places[t->id])
        return p->places[t->id];
    if (t->home && t->def && t->def->op == OP_SLICE)
        return p->places[t->id] = place_slice(p, t, place_of(p, t->home));
    Place *place = t->home ? plan_sub_place(p, place_of(p, t->home), t->home_channel, t->shape.dim[0])
                           : place_root(p, t);
    return p->places[t->id] = place;
}

static void place_outputs(Plan *p, Node *n)
{
    if (n->dead || node_in_load_phase(n))
        return;
    for (int k = 0; k < train_outputs(n); k++)
        place_of(p, n->out[k]);
}

Node *plan_squares(const Graph *g)
{
    Node *n = g->input->users.n == 1 ? g->input->users.at[0] : NULL;
    return n && n->op == OP_SPACE_TO_DEPTH ? n : NULL;
}

void plan_places(Plan *p)
{
    Graph *g = p->graph;
    p->places = ARENA_ARRAY(p->arena, g->next_id + 1, Place *);
    if (!plan_squares(g))
        place_of(p, g->input);
    for (int i = 0; i < g->nodes.n; i++)
        place_outputs(p, g->nodes.at[i]);
}

/* ---- Borders ---- */

static void widen(int *border, int need)
{
    if (need > *border)
        *border = need;
}

/* Input pixels that `tiles` of m outputs see along an axis. */
static int reach(int tiles, int m, int r, int stride) { return (tiles - 1) * m * stride + cook_toom_alpha(m, r, stride); }

void plan_borders(Plan *p)
{
    for (int i = 0; i < p->steps.n; i++) {
        const Step *s = p->steps.at[i];
        if (s->kernel != KERNEL_CONV && s->kernel != KERNEL_COOK_TOOM && s->kernel != KERNEL_WEIGHT_GRAD)
            continue;
        if (s->node->op == OP_LINEAR)
            continue;
        const Window *w = &s->node->window;
        Buffer *b = s->in[0]->buffer;
        widen(&b->top, w->top);
        widen(&b->bottom, w->bottom);
        widen(&b->left, w->left);
        widen(&b->right, w->right);
        if (!s->fast.mh)
            continue; /* the last tiles reach beyond the image: zero like all of the border */
        widen(&b->bottom, reach(s->fast.rows, s->fast.mh, w->kh, w->sh) - w->top - b->h);
        widen(&b->right, reach(s->fast.columns, s->fast.mw, w->kw, w->sw) - w->left - b->w);
        if (s->kernel == KERNEL_WEIGHT_GRAD) {
            Buffer *dy = s->in[1]->buffer;
            widen(&dy->bottom, s->fast.rows * s->fast.mh - dy->h);
            widen(&dy->right, s->fast.columns * s->fast.mw - dy->w);
        }
    }
    for (int i = 0; i < p->buffers.n; i++) {
        Buffer *b = p->buffers.at[i];
        b->bordered = b->top + b->bottom + b->left + b->right > 0;
        b->row = (int64_t)(b->left + b->w + b->right) * b->block;
        b->plane = b->row * (b->top + b->h + b->bottom);
        b->floats = (b->plane * (b->channels / b->block) + 15) / 16 * 16;
        b->first = p->steps.n;
        b->last = -1;
    }
}

/* ---- Live ranges and offsets ---- */

static void touch(Place *place, int step)
{
    Buffer *b = place->buffer;
    if (step < b->first)
        b->first = step;
    if (step > b->last)
        b->last = step;
}

static void live_ranges(Plan *p)
{
    for (int i = 0; i < p->steps.n; i++) {
        Step *s = p->steps.at[i];
        for (int k = 0; k < s->n_in; k++)
            touch(s->in[k], i);
        for (int k = 0; k < s->n_out; k++)
            touch(s->out[k], i);
        if (s->residual)
            touch(s->residual, i);
        if (s->sums)
            s->sums->first = s->sums->last = i;
        if (s->kernel == KERNEL_CROSSENTROPY) /* read after the run: accuracy */
            touch(s->in[0], p->steps.n - 1);
    }
    if (p->graph->logits) /* read after the run: predict --logits, eval, the tests */
        touch(p->places[p->graph->logits->id], p->steps.n - 1);
}

static bool overlap_in_time(const Buffer *a, const Buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static bool same_geometry(const Buffer *a, const Buffer *b)
{
    return a->block == b->block && a->channels == b->channels && a->h == b->h && a->w == b->w &&
           a->top == b->top && a->bottom == b->bottom && a->left == b->left && a->right == b->right;
}

static int by_size(const void *x, const void *y)
{
    const Buffer *a = *(Buffer *const *)x, *b = *(Buffer *const *)y;
    if (a->floats != b->floats)
        return a->floats > b->floats ? -1 : 1;
    return a->id - b->id;
}

/* A slot among those of equal geometry that is free while b lives; -1 when none is. */
static int64_t free_slot(Buffer **placed, int n, const Buffer *b)
{
    for (int i = 0; i < n; i++) {
        if (!same_geometry(placed[i], b))
            continue;
        bool busy = false;
        for (int k = 0; k < n && !busy; k++)
            busy = placed[k]->offset == placed[i]->offset && overlap_in_time(placed[k], b);
        if (!busy)
            return placed[i]->offset;
    }
    return -1;
}

/* Bordered buffers share a slot with equals only, so that zeroing once is enough. */
static int64_t place_bordered(Buffer **all, int n)
{
    int64_t end = 0;
    for (int i = 0; i < n; i++) {
        all[i]->offset = free_slot(all, i, all[i]);
        if (all[i]->offset < 0) {
            all[i]->offset = end;
            end += all[i]->floats;
        }
    }
    return end;
}

/* The lowest gap that holds b among the buffers alive with it; `placed` is sorted by offset. */
static int64_t first_gap(Buffer **placed, int n, const Buffer *b, int64_t base)
{
    int64_t at = base;
    for (int i = 0; i < n; i++) {
        const Buffer *o = placed[i];
        if (!overlap_in_time(o, b))
            continue;
        if (at + b->floats <= o->offset)
            break;
        if (o->offset + o->floats > at)
            at = o->offset + o->floats;
    }
    return at;
}

/* all[0..i) is sorted by offset: all[i] goes where it belongs. */
static void insert_by_offset(Buffer **all, int i)
{
    Buffer *b = all[i];
    for (; i > 0 && (all[i - 1]->offset > b->offset || (all[i - 1]->offset == b->offset && all[i - 1]->id > b->id)); i--)
        all[i] = all[i - 1];
    all[i] = b;
}

/* Greedy by size, first fit. */
static int64_t place_plain(Buffer **all, int n, int64_t base)
{
    int64_t end = base;
    for (int i = 0; i < n; i++) {
        Buffer *b = all[i];
        b->offset = first_gap(all, i, b, base);
        if (b->offset + b->floats > end)
            end = b->offset + b->floats;
        insert_by_offset(all, i);
    }
    return end;
}

/* The buffers of one kind; returns the bytes they take. */
static int64_t place_kind(Plan *p, BufferKind kind)
{
    Buffer **bordered = ARENA_ARRAY(p->arena, p->buffers.n + 1, Buffer *);
    Buffer **plain = ARENA_ARRAY(p->arena, p->buffers.n + 1, Buffer *);
    int nb = 0, np = 0;
    for (int i = 0; i < p->buffers.n; i++) {
        Buffer *b = p->buffers.at[i];
        if (b->kind != kind)
            continue;
        if (b->last < 0)
            b->first = b->last = p->steps.n; /* nothing touches it: alive nowhere */
        if (b->bordered)
            bordered[nb++] = b;
        else
            plain[np++] = b;
    }
    qsort(bordered, (size_t)nb, sizeof *bordered, by_size);
    qsort(plain, (size_t)np, sizeof *plain, by_size);
    return 4 * place_plain(plain, np, place_bordered(bordered, nb));
}

void plan_offsets(Plan *p)
{
    live_ranges(p);
    p->arena_bytes = place_kind(p, BUFFER_ARENA);
    p->shared_bytes = place_kind(p, BUFFER_SHARED);
}

/* ---- Checks and text ---- */

static void verify_pair(const Buffer *a, const Buffer *b)
{
    if (a->kind != b->kind || !overlap_in_time(a, b))
        return;
    if (a->offset < b->offset + b->floats && b->offset < a->offset + a->floats)
        ICE("plan: buffers '%s' and '%s' are alive together and overlap", a->name, b->name);
}

static void verify_place(const Place *at, const char *who, bool copied)
{
    if (at->segments[0].physical % at->buffer->block != 0 && !copied)
        ICE("plan: '%s' begins within a block of '%s'", who, at->buffer->name);
    for (int i = 0; i < at->n_segments; i++)
        if (at->segments[i].physical + at->segments[i].n > at->buffer->channels)
            ICE("plan: '%s' leaves its buffer '%s'", who, at->buffer->name);
}

void plan_verify(const Plan *p)
{
    enum { MOST = 2000 }; /* all pairs of larger plans would take longer than compiling them */
    for (int i = 0; i < p->buffers.n; i++) {
        const Buffer *b = p->buffers.at[i];
        if (4 * (b->offset + b->floats) > (b->kind == BUFFER_SHARED ? p->shared_bytes : p->arena_bytes))
            ICE("plan: buffer '%s' leaves the arena", b->name);
        for (int k = 0; k < i && p->buffers.n <= MOST; k++)
            verify_pair(b, p->buffers.at[k]);
    }
    for (int i = 0; i < p->steps.n; i++) {
        const Step *s = p->steps.at[i];
        for (int k = 0; k < s->n_in; k++)
            verify_place(s->in[k], s->name, s->kernel == KERNEL_COPY);
        for (int k = 0; k < s->n_out; k++)
            verify_place(s->out[k], s->name, false);
        if (s->units < 1)
            ICE("plan: step %d '%s' has no work", i, s->name);
    }
}

static void print_place(const Place *at, FILE *f)
{
    const Segment *s = &at->segments[0];
    fprintf(f, " %s", at->buffer->name);
    if (at->n_segments > 1 || s->physical || s->n != at->buffer->channels) {
        const char *sep = "[";
        for (int i = 0; i < at->n_segments; i++, sep = ", ")
            fprintf(f, "%s%d+%d", sep, at->segments[i].physical, at->segments[i].n);
        fprintf(f, "]");
    }
}

static void print_step(const Step *s, FILE *f)
{
    fprintf(f, "step %d %s '%s' units %d", s->index, kernel_name(s->kernel), s->name, s->units);
    if (s->kernel == KERNEL_CONV)
        fprintf(f, " tile %dx%d", s->tile_pixels, s->tile_blocks);
    if (s->fast.mh)
        fprintf(f, " F(%dx%d) %dx%d tiles in %d", s->fast.mh, s->fast.mw, s->fast.rows, s->fast.columns, s->fast.blocks);
    for (int k = 0; k < s->n_in; k++)
        print_place(s->in[k], f);
    if (s->residual) {
        fprintf(f, " residual");
        print_place(s->residual, f);
    }
    fprintf(f, " ->");
    for (int k = 0; k < s->n_out; k++)
        print_place(s->out[k], f);
    if (s->weights)
        fprintf(f, " weights %lld+%lld", (long long)s->weights->offset, (long long)s->weights->floats);
    if (s->bias)
        fprintf(f, " bias %lld", (long long)s->bias->offset);
    fprintf(f, "\n");
}

void plan_print(const Plan *p, FILE *f)
{
    fprintf(f, "plan %s target %s arena %lld bytes, scratch %lld bytes a thread, weights %lld bytes\n", p->graph->name, p->target->name,
            (long long)p->arena_bytes, (long long)(4 * p->scratch_floats), (long long)p->weights_bytes);
    for (int i = 0; i < p->buffers.n; i++) {
        const Buffer *b = p->buffers.at[i];
        fprintf(f, "buffer %s %dx%dx%d block %d border %d,%d,%d,%d at %lld+%lld steps %d..%d\n", b->name,
                b->channels, b->h, b->w, b->block, b->top, b->bottom, b->left, b->right,
                (long long)b->offset, (long long)b->floats, b->first, b->last);
    }
    for (int i = 0; i < p->steps.n; i++)
        print_step(p->steps.at[i], f);
}
