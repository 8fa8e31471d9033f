/* onnx_write.c - the messages of onnx.proto that an inference graph needs, by their field numbers [onnx/onnx, onnx/onnx.proto]. */
#include "onnx_write.h"
#include "replace.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { IR_VERSION = 7, OPSET = 13 };
enum { MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_PRODUCER_VERSION = 3, MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_METADATA = 14 };
enum { OPSET_DOMAIN = 1, OPSET_VERSION = 2 };
enum { METADATA_KEY = 1, METADATA_VALUE = 2 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12, GRAPH_VALUE_INFO = 13 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP_TYPE = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_F = 2, ATTRIBUTE_I = 3, ATTRIBUTE_INTS = 8, ATTRIBUTE_TYPE = 20 };
enum { TYPE_IS_FLOAT = 1, TYPE_IS_INT = 2, TYPE_IS_INTS = 7 };
enum { TENSOR_DIMS = 1, TENSOR_DATA_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW_DATA = 9 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1, TENSOR_ELEM_TYPE = 1, TENSOR_SHAPE = 2 };
enum { SHAPE_DIM = 1, DIM_VALUE = 1, DIM_PARAM = 2 };

/* ---- Nodes ---- */

static void end_node(OnnxModel *m)
{
    if (m->node.size || m->node.failed)
        wire_message(&m->nodes, GRAPH_NODE, &m->node);
    wire_clear(&m->node);
}

void onnx_node(OnnxModel *m, const char *op, const char *name, const char *const *in, int n_in, const char *const *out, int n_out)
{
    end_node(m);
    for (int i = 0; i < n_in; i++)
        wire_text(&m->node, NODE_INPUT, in[i]);
    for (int i = 0; i < n_out; i++)
        wire_text(&m->node, NODE_OUTPUT, out[i]);
    wire_text(&m->node, NODE_NAME, name);
    wire_text(&m->node, NODE_OP_TYPE, op);
}

static Wire *begin_attribute(OnnxModel *m, const char *name)
{
    wire_clear(&m->part);
    wire_text(&m->part, ATTRIBUTE_NAME, name);
    return &m->part;
}

static void end_attribute(OnnxModel *m, int type)
{
    wire_int(&m->part, ATTRIBUTE_TYPE, type);
    wire_message(&m->node, NODE_ATTRIBUTE, &m->part);
}

void onnx_attribute_int(OnnxModel *m, const char *name, int64_t v)
{
    wire_int(begin_attribute(m, name), ATTRIBUTE_I, v);
    end_attribute(m, TYPE_IS_INT);
}

void onnx_attribute_ints(OnnxModel *m, const char *name, const int64_t *v, int n)
{
    begin_attribute(m, name);
    for (int i = 0; i < n; i++)
        wire_int(&m->part, ATTRIBUTE_INTS, v[i]);
    end_attribute(m, TYPE_IS_INTS);
}

void onnx_attribute_float(OnnxModel *m, const char *name, float v)
{
    wire_float(begin_attribute(m, name), ATTRIBUTE_F, v);
    end_attribute(m, TYPE_IS_FLOAT);
}

/* ---- Values, initializers, metadata ---- */

/* Wraps the message in `inner` as a field of a new one, which takes its place. */
static void wrap(Wire *inner, int field)
{
    Wire outer = { 0 };
    wire_message(&outer, field, inner);
    wire_free(inner);
    *inner = outer;
}

static Wire shape_of(const char *batch, const int *dim, int rank)
{
    Wire shape = { 0 }, d = { 0 };
    wire_text(&d, DIM_PARAM, batch);
    wire_message(&shape, SHAPE_DIM, &d);
    for (int i = 0; i < rank; i++) {
        wire_clear(&d);
        wire_int(&d, DIM_VALUE, dim[i]);
        wire_message(&shape, SHAPE_DIM, &d);
    }
    wire_free(&d);
    return shape;
}

void onnx_value(OnnxModel *m, OnnxPlace place, const char *name, const char *batch, const int *dim, int rank)
{
    static const int field[] = { [ONNX_INPUT] = GRAPH_INPUT, [ONNX_OUTPUT] = GRAPH_OUTPUT, [ONNX_EDGE] = GRAPH_VALUE_INFO };
    Wire *const to[] = { [ONNX_INPUT] = &m->inputs, [ONNX_OUTPUT] = &m->outputs, [ONNX_EDGE] = &m->edges };
    Wire shape = shape_of(batch, dim, rank), tensor = { 0 }, value = { 0 };
    wire_int(&tensor, TENSOR_ELEM_TYPE, ONNX_FLOAT);
    wire_message(&tensor, TENSOR_SHAPE, &shape);
    wrap(&tensor, TYPE_TENSOR);
    wire_text(&value, VALUE_NAME, name);
    wire_message(&value, VALUE_TYPE, &tensor);
    wire_message(to[place], field[place], &value);
    wire_free(&shape);
    wire_free(&tensor);
    wire_free(&value);
}

/* A zeroed place at the end; null when out of memory. */
static OnnxInitializer *add_initializer(OnnxModel *m)
{
    if (m->n_initializers == m->room) {
        int room = 2 * m->room + 64;
        OnnxInitializer *grown = realloc(m->initializers, (size_t)room * sizeof *grown);
        if (!grown) {
            m->failed = true;
            return NULL;
        }
        m->initializers = grown;
        m->room = room;
    }
    m->initializers[m->n_initializers] = (OnnxInitializer){ 0 };
    return &m->initializers[m->n_initializers++];
}

void onnx_initializer(OnnxModel *m, OnnxType type, const char *name, const int *dim, int rank)
{
    OnnxInitializer *t = add_initializer(m);
    if (!t)
        return;
    t->bytes = type == ONNX_FLOAT ? 4 : 8;
    for (int i = 0; i < rank; i++) {
        wire_int(&t->head, TENSOR_DIMS, dim[i]);
        t->bytes *= (uint64_t)dim[i];
    }
    wire_int(&t->head, TENSOR_DATA_TYPE, type);
    wire_text(&t->head, TENSOR_NAME, name);
}

void onnx_metadata(OnnxModel *m, const char *key, const char *value)
{
    wire_clear(&m->part);
    wire_text(&m->part, METADATA_KEY, key);
    wire_text(&m->part, METADATA_VALUE, value);
    wire_message(&m->metadata, MODEL_METADATA, &m->part);
}

/* ---- The file ---- */

static uint64_t initializer_size(const OnnxInitializer *t)
{
    return t->head.size + wire_field_size(TENSOR_RAW_DATA, t->bytes);
}

static uint64_t graph_size(const OnnxModel *m, const char *name)
{
    uint64_t size = m->nodes.size + m->inputs.size + m->outputs.size + m->edges.size + wire_field_size(GRAPH_NAME, strlen(name));
    for (int i = 0; i < m->n_initializers; i++)
        size += wire_field_size(GRAPH_INITIALIZER, initializer_size(&m->initializers[i]));
    return size;
}

static bool out_of_memory(const OnnxModel *m)
{
    bool failed = m->failed || m->nodes.failed || m->inputs.failed || m->outputs.failed || m->edges.failed || m->metadata.failed;
    for (int i = 0; i < m->n_initializers; i++)
        failed |= m->initializers[i].head.failed;
    return failed;
}

static void put(const Wire *w, FILE *f)
{
    if (w->size)
        fwrite(w->bytes, 1, w->size, f);
}

/* To the beginning of the initializers. */
static bool put_head(const OnnxModel *m, const OnnxNames *names, uint64_t size, FILE *f)
{
    Wire w = { 0 };
    wire_int(&w, MODEL_IR, IR_VERSION);
    wire_text(&w, MODEL_PRODUCER, names->producer);
    wire_text(&w, MODEL_PRODUCER_VERSION, names->version);
    wire_open(&w, MODEL_GRAPH, size);
    put(&w, f);
    put(&m->nodes, f);
    wire_clear(&w);
    wire_text(&w, GRAPH_NAME, names->graph);
    put(&w, f);
    bool good = !w.failed;
    wire_free(&w);
    return good;
}

static RtStatus put_initializers(const OnnxModel *m, FILE *f, OnnxFill *fill, void *context, RtError *err)
{
    Wire w = { 0 };
    RtStatus status = RT_OK;
    for (int i = 0; i < m->n_initializers && !status && !ferror(f); i++) {
        const OnnxInitializer *t = &m->initializers[i];
        const void *data = NULL;
        wire_clear(&w);
        wire_open(&w, GRAPH_INITIALIZER, initializer_size(t));
        put(&w, f);
        put(&t->head, f);
        wire_clear(&w);
        wire_open(&w, TENSOR_RAW_DATA, t->bytes);
        put(&w, f);
        status = fill(context, i, &data, err);
        if (!status)
            fwrite(data, 1, t->bytes, f);
    }
    if (w.failed)
        status = rt_error(err, RT_ERROR_FILE, "out of memory");
    wire_free(&w);
    return status;
}

static bool put_tail(const OnnxModel *m, FILE *f)
{
    Wire opset = { 0 }, w = { 0 };
    put(&m->inputs, f);
    put(&m->outputs, f);
    put(&m->edges, f);
    wire_text(&opset, OPSET_DOMAIN, "");
    wire_int(&opset, OPSET_VERSION, OPSET);
    wire_message(&w, MODEL_OPSET, &opset);
    put(&w, f);
    put(&m->metadata, f);
    bool good = !w.failed;
    wire_free(&opset);
    wire_free(&w);
    return good;
}

RtStatus onnx_write(OnnxModel *m, const OnnxNames *names, const char *path, OnnxFill *fill, void *context, RtError *err)
{
    end_node(m);
    if (out_of_memory(m))
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory for its graph", path);
    uint64_t size = graph_size(m, names->graph);
    if (size > INT32_MAX - 65536)
        return rt_error(err, RT_ERROR_INPUT, "%s: would have %" PRIu64 " bytes; an ONNX file holds at most 2147483647", path, size);
    Replace r;
    RtStatus status = replace_begin(&r, path, err);
    if (status)
        return status;
    bool good = put_head(m, names, size, r.file);
    status = put_initializers(m, r.file, fill, context, err);
    good = good && put_tail(m, r.file);
    if (!status && !good)
        status = rt_error(err, RT_ERROR_FILE, "%s: out of memory", path);
    if (!status)
        return replace_commit(&r, err);
    replace_abort(&r);
    return status;
}

void onnx_free(OnnxModel *m)
{
    Wire *const all[] = { &m->nodes, &m->inputs, &m->outputs, &m->edges, &m->metadata, &m->node, &m->part };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        wire_free(all[i]);
    for (int i = 0; i < m->n_initializers; i++)
        wire_free(&m->initializers[i].head);
    free(m->initializers);
    *m = (OnnxModel){ 0 };
}
