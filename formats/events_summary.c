/* events_summary.c - what events hold: messages of summary.proto, graph.proto, tensor.proto and the HParams plugin's
 * plugin_data.proto, field numbers in the names of the enums.  Metadata counts in the first record of a tag only. */
#include "events.h"
#include "histogram.h"
#include <string.h>

enum { EVENT_GRAPH_DEF = 4, EVENT_SUMMARY = 5, EVENT_SESSION_LOG = 7 };
enum { SUMMARY_VALUE = 1 };
enum { VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_IMAGE = 4, VALUE_HISTO = 5, VALUE_TENSOR = 8, VALUE_METADATA = 9 };
enum { METADATA_PLUGIN = 1, PLUGIN_NAME = 1, PLUGIN_CONTENT = 2, METADATA_DATA_CLASS = 4, DATA_CLASS_TENSOR = 2 };
enum { TENSOR_TYPE = 1, TENSOR_SHAPE = 2, TENSOR_STRING = 8, TYPE_FLOAT = 1, TYPE_STRING = 7, SHAPE_DIM = 2, DIM_SIZE = 1 };

/* m, whole, as a field of `out`; then m is released. */
static void nest(Wire *out, int field, Wire *m)
{
    wire_message(out, field, m);
    wire_free(m);
}

static Wire value_of(const char *tag)
{
    Wire value = { 0 };
    wire_text(&value, VALUE_TAG, tag);
    return value;
}

/* An event with this one value, which is then released. */
static RtStatus append_value(Events *e, int64_t step, Wire *value, RtError *err)
{
    Wire summary = { 0 };
    nest(&summary, SUMMARY_VALUE, value);
    RtStatus status = events_append(e, step, EVENT_SUMMARY, &summary, err);
    wire_free(&summary);
    return status;
}

RtStatus events_scalar(Events *e, int64_t step, const char *tag, double v, RtError *err)
{
    Wire value = value_of(tag);
    wire_float(&value, VALUE_SIMPLE, (float)v);
    return append_value(e, step, &value, err);
}

RtStatus events_histogram(Events *e, int64_t step, const char *tag, const float *x, size_t n, RtError *err)
{
    if (e->file.fd < 0)
        return RT_OK;
    Histogram h;
    histogram_of(x, n, &h);
    Wire value = value_of(tag), m = { 0 };
    const double numbers[] = { h.min, h.max, h.n, h.sum, h.sum_squares };
    for (int i = 0; i < 5; i++)
        wire_double(&m, i + 1, numbers[i]);
    wire_doubles(&m, 6, h.limit, (size_t)h.n_buckets);
    wire_doubles(&m, 7, h.count, (size_t)h.n_buckets);
    nest(&value, VALUE_HISTO, &m);
    return append_value(e, step, &value, err);
}

RtStatus events_image(Events *e, int64_t step, const char *tag, int w, int h, const uint8_t *png, size_t size_bytes, RtError *err)
{
    enum { HEIGHT = 1, WIDTH = 2, COLORSPACE = 3, ENCODED = 4, RGB = 3 };
    Wire value = value_of(tag), m = { 0 };
    wire_int(&m, HEIGHT, h);
    wire_int(&m, WIDTH, w);
    wire_int(&m, COLORSPACE, RGB);
    wire_bytes(&m, ENCODED, png, size_bytes);
    nest(&value, VALUE_IMAGE, &m);
    return append_value(e, step, &value, err);
}

/* ---- Tensors for plugins ---- */

static void put_metadata(Wire *value, const char *plugin, Wire *content)
{
    Wire metadata = { 0 }, data = { 0 };
    wire_text(&data, PLUGIN_NAME, plugin);
    nest(&data, PLUGIN_CONTENT, content);
    nest(&metadata, METADATA_PLUGIN, &data);
    wire_int(&metadata, METADATA_DATA_CLASS, DATA_CLASS_TENSOR);
    nest(value, VALUE_METADATA, &metadata);
}

/* A vector of one text, or of no float when text is null. */
static void put_tensor(Wire *value, const char *text)
{
    Wire tensor = { 0 }, shape = { 0 }, dim = { 0 };
    wire_int(&dim, DIM_SIZE, text != NULL);
    nest(&shape, SHAPE_DIM, &dim);
    wire_int(&tensor, TENSOR_TYPE, text ? TYPE_STRING : TYPE_FLOAT);
    nest(&tensor, TENSOR_SHAPE, &shape);
    if (text)
        wire_text(&tensor, TENSOR_STRING, text);
    nest(value, VALUE_TENSOR, &tensor);
}

RtStatus events_text(Events *e, int64_t step, const char *tag, const char *markdown, RtError *err)
{
    Wire value = value_of(tag), content = { 0 };
    put_metadata(&value, "text", &content);
    put_tensor(&value, markdown);
    return append_value(e, step, &value, err);
}

/* ---- Sessions and graphs ---- */

RtStatus events_session_start(Events *e, int64_t step, RtError *err)
{
    enum { STATUS = 1, START = 1 };
    Wire log = { 0 };
    wire_int(&log, STATUS, START);
    RtStatus status = events_append(e, step, EVENT_SESSION_LOG, &log, err);
    wire_free(&log);
    return status;
}

/* attr["_output_shapes"] = list { shape }: the page writes it at the edges. */
static void put_shape(Wire *node, const EventsNode *n)
{
    enum { NODE_ATTR = 5, KEY = 1, VALUE = 2, VALUE_LIST = 1, LIST_SHAPE = 7 };
    Wire attr = { 0 }, value = { 0 }, list = { 0 }, shape = { 0 };
    for (int i = 0; i < n->rank; i++) {
        Wire dim = { 0 };
        wire_int(&dim, DIM_SIZE, n->shape[i]);
        nest(&shape, SHAPE_DIM, &dim);
    }
    nest(&list, LIST_SHAPE, &shape);
    nest(&value, VALUE_LIST, &list);
    wire_text(&attr, KEY, "_output_shapes");
    nest(&attr, VALUE, &value);
    nest(node, NODE_ATTR, &attr);
}

RtStatus events_graph(Events *e, const EventsNode *nodes, int n, RtError *err)
{
    enum { GRAPH_NODE = 1, GRAPH_VERSIONS = 4, PRODUCER = 1, NAME = 1, OP = 2, INPUT = 3 };
    Wire graph = { 0 }, versions = { 0 };
    for (int i = 0; i < n; i++) {
        Wire node = { 0 };
        wire_text(&node, NAME, nodes[i].name);
        wire_text(&node, OP, nodes[i].op);
        for (int k = 0; k < nodes[i].n_inputs; k++)
            wire_text(&node, INPUT, nodes[i].inputs[k]);
        if (nodes[i].rank)
            put_shape(&node, &nodes[i]);
        nest(&graph, GRAPH_NODE, &node);
    }
    wire_int(&versions, PRODUCER, 22); /* the version that TensorBoard's own exporter for PyTorch says */
    nest(&graph, GRAPH_VERSIONS, &versions);
    RtStatus status = events_append(e, 0, EVENT_GRAPH_DEF, &graph, err);
    wire_free(&graph);
    return status;
}

/* ---- HParams ---- */

enum { HPARAMS_VERSION = 1, HPARAMS_START = 3, HPARAMS_END = 4 };

static RtStatus append_hparams(Events *e, const char *tag, int field, Wire *info, RtError *err)
{
    Wire value = value_of(tag), content = { 0 };
    wire_int(&content, HPARAMS_VERSION, 0);
    nest(&content, field, info);
    put_metadata(&value, "hparams", &content);
    put_tensor(&value, NULL);
    return append_value(e, 0, &value, err);
}

/* google.protobuf.Value */
static void put_param(Wire *start, const EventsParam *p)
{
    enum { START_HPARAMS = 1, KEY = 1, VALUE = 2, NUMBER = 2, STRING = 3, BOOL = 4 };
    Wire entry = { 0 }, value = { 0 };
    switch (p->kind) {
    case EVENTS_TEXT: wire_text(&value, STRING, p->text); break;
    case EVENTS_NUMBER: wire_double(&value, NUMBER, p->number); break;
    case EVENTS_INTEGER: wire_double(&value, NUMBER, (double)p->integer); break;
    case EVENTS_BOOL: wire_int(&value, BOOL, p->integer != 0); break;
    }
    wire_text(&entry, KEY, p->name);
    nest(&entry, VALUE, &value);
    nest(start, START_HPARAMS, &entry);
}

RtStatus events_hparams_start(Events *e, const EventsParam *params, int n, RtError *err)
{
    enum { START_TIME = 5 };
    Wire start = { 0 };
    for (int i = 0; i < n; i++)
        put_param(&start, &params[i]);
    wire_double(&start, START_TIME, events_now());
    return append_hparams(e, "_hparams_/session_start_info", HPARAMS_START, &start, err);
}

RtStatus events_hparams_end(Events *e, bool success, RtError *err)
{
    enum { STATUS = 1, END_TIME = 2, SUCCESS = 1, FAILURE = 2 };
    Wire end = { 0 };
    wire_int(&end, STATUS, success ? SUCCESS : FAILURE);
    wire_double(&end, END_TIME, events_now());
    return append_hparams(e, "_hparams_/session_end_info", HPARAMS_END, &end, err);
}
