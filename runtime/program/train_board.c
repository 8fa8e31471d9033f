/* train_board.c - what TensorBoard shows beside curves: recipe and netdef as texts, the graph of layers, pictures, histograms. */
#include "../core/network.h"
#include "train.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of several records all are written; the first error is kept. */
static void keep_first(RtStatus *first, RtStatus s)
{
    if (!*first)
        *first = s;
}
static RtError *unless(RtStatus failed, RtError *err) { return failed ? NULL : err; }

/* ---- Text: tables in markdown ---- */

static void put_cell(FILE *f, const char *s)
{
    for (; *s; s++)
        fputs(*s == '|' ? "\\|" : *s == '\n' ? " " : (char[2]){ *s }, f);
}

static void put_param(FILE *f, const EventsParam *p)
{
    fprintf(f, "| %s | ", p->name);
    switch (p->kind) {
    case EVENTS_TEXT: put_cell(f, p->text); break;
    case EVENTS_NUMBER: fprintf(f, "%g", p->number); break;
    case EVENTS_INTEGER: fprintf(f, "%lld", (long long)p->integer); break;
    case EVENTS_BOOL: fputs(p->integer ? "yes" : "no", f); break;
    }
    fputs(" |\n", f);
}

static void put_loss(FILE *f, const RtTrain *train)
{
    fputs("| loss | ", f);
    for (int k = 0; k < train->n_terms; k++) {
        const RtLossTerm *term = &train->terms[k];
        fputs(k ? " + " : "", f);
        if (term->weight != 1)
            fprintf(f, "%g\\*", term->weight);
        fprintf(f, "xent(%s", term->name);
        if (term->smooth > 0)
            fprintf(f, ", smooth=%g", term->smooth);
        fputc(')', f);
    }
    fputs(" |\n", f);
}

/* Ends the text and writes it. f and *text are of open_memstream. */
static RtStatus put_text(Events *e, int64_t step, const char *tag, FILE *f, char **text, RtError *err)
{
    bool failed = fclose(f) != 0;
    RtStatus status = failed ? rt_error(err, RT_ERROR_FILE, "out of memory for the text '%s'", tag) : events_text(e, step, tag, *text, err);
    free(*text);
    return status;
}

static FILE *begin_text(char **text, size_t *size, RtError *err)
{
    FILE *f = open_memstream(text, size);
    if (!f)
        rt_error(err, RT_ERROR_FILE, "out of memory for a text");
    return f;
}

static RtStatus put_recipe(Trainer *t, const EventsParam *params, int n, RtError *err)
{
    char *text;
    size_t size;
    FILE *f = begin_text(&text, &size, err);
    if (!f)
        return RT_ERROR_FILE;
    fputs("| setting | value |\n|---|---|\n", f);
    put_loss(f, t->t.train);
    for (int i = 0; i < n; i++)
        put_param(f, &params[i]);
    return put_text(&t->log.run, 0, "recipe", f, &text, err);
}

/* A fence of backticks that no piece has: the text may have some in comments. */
static void choose_fence(char fence[32], const RtTrain *train)
{
    strcpy(fence, "```");
    for (int i = 0; i < train->n_netdef && strlen(fence) < 31;)
        if (strstr(train->netdef[i], fence)) {
            strcat(fence, "`");
            i = 0;
        } else {
            i++;
        }
}

static RtStatus put_netdef(Trainer *t, RtError *err)
{
    const RtTrain *train = t->t.train;
    char *text, fence[32];
    size_t size;
    FILE *f = begin_text(&text, &size, err);
    if (!f)
        return RT_ERROR_FILE;
    choose_fence(fence, train);
    fprintf(f, "%s\n", fence);
    for (int i = 0; i < train->n_netdef; i++)
        fputs(train->netdef[i], f);
    fprintf(f, "\n%s\n", fence);
    return put_text(&t->log.run, 0, "netdef", f, &text, err);
}

/* ---- The graph ---- */

/* A module is a fold: "a1.conv3x3.conv" is a1/conv3x3/conv.  At *at, which moves on. */
static const char *fold_name(const char *name, char **at)
{
    char *begin = *at;
    do
        *(*at)++ = *name == '.' ? '/' : *name;
    while (*name++);
    return begin;
}

static void fill_node(EventsNode *nodes, const RtLayer *layers, int i, const char **inputs, int *shape)
{
    const RtLayer *l = &layers[i];
    for (int k = 0; k < l->n_in; k++)
        inputs[k] = nodes[l->in[k]].name;
    shape[0] = -1; /* any number of images */
    shape[1] = l->c;
    shape[2] = l->h;
    shape[3] = l->w;
    nodes[i] = (EventsNode){ nodes[i].name, l->op, l->n_in, inputs, 4, shape };
}

static RtStatus put_graph(Trainer *t, RtError *err)
{
    const RtLayer *layers = t->t.train->layers;
    size_t n = (size_t)t->t.train->n_layers, n_inputs = 0, n_text = 0, first = 0;
    for (size_t i = 0; i < n; i++) {
        n_inputs += (size_t)layers[i].n_in;
        n_text += strlen(layers[i].name) + 1;
    }
    if (n == 0)
        return RT_OK;
    EventsNode *nodes = calloc(n, sizeof *nodes);
    const char **inputs = calloc(n_inputs + 1, sizeof *inputs);
    int *shapes = calloc(n, 4 * sizeof *shapes);
    char *text = malloc(n_text), *at = text;
    RtStatus status = nodes && inputs && shapes && text ? RT_OK : rt_error(err, RT_ERROR_FILE, "out of memory for the graph");
    for (size_t i = 0; !status && i < n; first += (size_t)layers[i++].n_in) {
        nodes[i].name = fold_name(layers[i].name, &at);
        fill_node(nodes, layers, (int)i, inputs + first, shapes + 4 * i);
    }
    if (!status)
        status = events_graph(&t->log.train, nodes, (int)n, err);
    free(nodes);
    free(inputs);
    free(shapes);
    free(text);
    return status;
}

RtStatus board_start(Trainer *t, const EventsParam *params, int n, RtError *err)
{
    RtStatus first = put_recipe(t, params, n, err);
    keep_first(&first, put_netdef(t, unless(first, err)));
    keep_first(&first, put_graph(t, unless(first, err)));
    return first;
}

/* ---- Pictures ---- */

static const RtView *normalisation(const RtNetwork *net)
{
    for (int i = net->n_view - 1; i >= 0; i--)
        if (net->view[i].kind == RT_VIEW_NORMALIZE)
            return &net->view[i];
    return NULL;
}

static bool is_bgr(const RtNetwork *net)
{
    for (int i = 0; i < net->n_view; i++)
        if (net->view[i].kind == RT_VIEW_BGR)
            return true;
    return false;
}

static uint8_t byte_of(float v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : lrintf(v)); }

/* What view.c's last step made of bytes, undone: rgb has h x w pixels; one channel is grey. */
static void denormalise(const RtNetwork *net, const float *x, uint8_t *rgb)
{
    const RtView *norm = normalisation(net);
    bool bgr = is_bgr(net);
    int pixels = net->h * net->w;
    float scale = norm && norm->raw_255 ? 1 : 255;
    for (int k = 0; k < 3; k++) {
        int c = net->c == 1 ? 0 : bgr ? 2 - k : k;
        float mean = norm ? (float)norm->mean[c] : 0, std = norm ? (float)norm->std[c] : 1;
        for (int i = 0; i < pixels; i++)
            rgb[(size_t)i * 3 + (size_t)k] = byte_of((x[(size_t)c * (size_t)pixels + (size_t)i] * std + mean) * scale);
    }
}

/* The network's input x as picture TAG/NUMBER.  A program without a PNG encoder shows none. */
static RtStatus put_picture(Trainer *t, Events *e, const char *tag, int number, const float *x, RtError *err)
{
    const RtNetwork *net = t->p->net;
    char name[64];
    uint8_t *png;
    size_t n;
    RtImage image = { net->w, net->h, malloc((size_t)net->h * (size_t)net->w * 3) };
    if (!image.rgb)
        return rt_error(err, RT_ERROR_FILE, "out of memory for a picture");
    denormalise(net, x, image.rgb);
    RtStatus status = rt_image_encode_png(&image, &png, &n, err);
    rt_image_free(&image);
    if (status)
        return status == RT_ERROR_INPUT ? RT_OK : status;
    snprintf(name, sizeof name, "%s/%d", tag, number);
    status = events_image(e, t->state.step, name, net->w, net->h, png, n, err);
    free(png);
    return status;
}

RtStatus board_inputs(Trainer *t, const RtBatch *b, RtError *err)
{
    size_t image = (size_t)t->p->net->c * (size_t)t->p->net->h * (size_t)t->p->net->w;
    RtStatus first = RT_OK;
    for (int i = 0; i < b->n && i < BOARD_PICTURES; i++)
        keep_first(&first, put_picture(t, &t->log.train, "inputs", i + 1, b->x + (size_t)i * image, unless(first, err)));
    return first;
}

/* ---- The most wrong ones of a validation: wrong[0 .. n_wrong), the largest loss first ---- */

static BoardPicture *make_room(Board *b, size_t floats, float loss)
{
    if (b->n_wrong == BOARD_PICTURES && !(loss > b->wrong[b->n_wrong - 1].loss))
        return NULL;
    if (b->n_wrong < BOARD_PICTURES && !b->wrong[b->n_wrong].x && !(b->wrong[b->n_wrong].x = malloc(floats * sizeof(float))))
        return NULL; /* out of memory: fewer are shown */
    b->n_wrong += b->n_wrong < BOARD_PICTURES;
    int at = b->n_wrong - 1;
    BoardPicture free_one = b->wrong[at];
    for (; at > 0 && loss > b->wrong[at - 1].loss; at--)
        b->wrong[at] = b->wrong[at - 1];
    b->wrong[at] = free_one;
    return &b->wrong[at];
}

void board_offer(Trainer *t, const RtBatch *b, int i, float loss)
{
    const RtNetwork *net = t->p->net;
    const float *y = t->scores + (size_t)i * (size_t)net->outputs;
    int predicted, label = b->labels[i];
    top_indices(y, net->outputs, 1, &predicted);
    if (predicted == label || !(loss >= 0))
        return;
    size_t floats = (size_t)net->c * (size_t)net->h * (size_t)net->w;
    BoardPicture *p = make_room(&t->board, floats, loss);
    if (!p)
        return;
    memcpy(p->x, b->x + (size_t)i * floats, floats * sizeof *p->x);
    p->sample = b->samples[i];
    p->label = label;
    p->predicted = predicted;
    p->loss = loss;
    p->probability = net->softmax ? y[predicted] : expf(y[predicted] - y[label] - loss); /* loss = -log of the label's */
}

static void put_wrong_row(FILE *f, const Trainer *t, int number, const BoardPicture *p)
{
    char name[512];
    rt_dataset_name(&t->valid_data, (size_t)p->sample, name, sizeof name);
    fprintf(f, "| %d | ", number);
    put_cell(f, t->data.classes[p->label]);
    fputs(" | ", f);
    put_cell(f, t->data.classes[p->predicted]);
    fprintf(f, " | %.4f | %.4f | ", (double)p->probability, (double)p->loss);
    put_cell(f, name);
    fputs(" |\n", f);
}

static RtStatus put_wrong(Trainer *t, RtError *err)
{
    char *text;
    size_t size;
    FILE *f = begin_text(&text, &size, err);
    if (!f)
        return RT_ERROR_FILE;
    fputs("| most_wrong/N | true class | predicted | its probability | loss | picture |\n|---|---|---|---|---|---|\n", f);
    for (int i = 0; i < t->board.n_wrong; i++)
        put_wrong_row(f, t, i + 1, &t->board.wrong[i]);
    RtStatus first = put_text(&t->log.validation, t->state.step, "most_wrong", f, &text, err);
    for (int i = 0; i < t->board.n_wrong; i++)
        keep_first(&first, put_picture(t, &t->log.validation, "most_wrong", i + 1, t->board.wrong[i].x, unless(first, err)));
    return first;
}

void board_forget(Board *b) { b->n_wrong = 0; }

void board_close(Board *b)
{
    for (int i = 0; i < BOARD_PICTURES; i++)
        free(b->wrong[i].x);
    *b = (Board){ 0 };
}

/* ---- Histograms ---- */

static RtStatus put_histogram(Trainer *t, const char *group, const RtWeight *w, const float *x, RtError *err)
{
    char tag[512];
    snprintf(tag, sizeof tag, "%s/%.480s", group, w->name);
    return events_histogram(&t->log.train, t->state.step, tag, x, network_weight_count(w), err);
}

static RtStatus put_histograms(Trainer *t, RtError *err)
{
    RtStatus first = RT_OK;
    for (int i = 0; i < t->t.train->n_weights; i++) {
        const RtWeight *w = &t->t.train->weights[i];
        if (!t->t.grads[i])
            continue;
        keep_first(&first, put_histogram(t, "weights", w, t->t.raw[i], unless(first, err)));
        keep_first(&first, put_histogram(t, "gradients", w, t->t.grads[i], unless(first, err)));
    }
    return first;
}

RtStatus board_epoch(Trainer *t, RtError *err)
{
    RtStatus first = t->epoch_images ? put_histograms(t, err) : RT_OK; /* no step in this process: no gradients */
    if (t->has_valid)
        keep_first(&first, put_wrong(t, unless(first, err)));
    return first;
}
