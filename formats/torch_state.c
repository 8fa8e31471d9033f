/* torch_state.c - from the values of a pickle to the tensors of a state_dict. */
#include "torch_names.h"
#include "torch_read.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SHOWN = SAFETENSORS_NAME_SHOWN, SHARED_MAX = 16 };

/* Bytes of memory for the values of a pickle.  The smallest tensors in the densest layout need about
 * 5 times their bytes of the file; large files are mostly weights. */
static size_t budget(size_t file)
{
    size_t small = 8 * file + (1 << 20), large = file + (64 << 20);
    return small < large ? small : large;
}

bool torch_unpickle(Torch *t, const char *part, uint64_t at, uint64_t size)
{
    Pickle *p = &t->pickle;
    pickle_release(p);
    t->part = part;
    t->part_at = at;
    *p = (Pickle){ .bytes = t->f->bytes + at, .size = size, .globals = torch_globals,
                   .n_globals = torch_n_globals, .budget = budget(t->f->size) };
    if (pickle_run(p))
        return true;
    return p->no_memory ? file_no_memory(t->err, t->f->path)
                        : TORCH_BROKEN(t, p->error_at, "%s", p->error);
}

/* ---- Storages ---- */

static bool is_count(const PickleValue *v) { return v->kind == PICKLE_INT && v->i >= 0; }

/* (key, first, numel) of the part that old files could name. */
static bool read_view(Torch *t, const PickleValue *view, TorchStorage *s)
{
    const Pickle *p = &t->pickle;
    if (view->kind == PICKLE_NONE)
        return true;
    if (view->kind != PICKLE_TUPLE || view->n != 3 || !is_count(pickle_item(p, view, 1)) ||
        !is_count(pickle_item(p, view, 2)))
        return TORCH_BROKEN(t, s->at, "a view of a storage that is not (key, first, count)");
    s->first = (uint64_t)pickle_item(p, view, 1)->i;
    s->view_numel = (uint64_t)pickle_item(p, view, 2)->i;
    return (s->first <= s->numel && s->view_numel <= s->numel - s->first) ||
           TORCH_BROKEN(t, s->at, "a view of %" PRIu64 " elements from %" PRIu64
                        " on, of a storage of %" PRIu64, s->view_numel, s->first, s->numel);
}

/* ('storage', type, key, location, numel[, view]) */
bool torch_read_storage(Torch *t, uint32_t stored, TorchStorage *s)
{
    const Pickle *p = &t->pickle;
    const PickleValue *v = &p->values[stored], *id = &p->values[v->a];
    *s = (TorchStorage){ .at = v->n };
    if (id->kind != PICKLE_TUPLE || id->n < 5 || id->n > 6 ||
        !pickle_text_is(p, pickle_item(p, id, 0), "storage"))
        return TORCH_BROKEN(t, s->at, "a persistent id that is not ('storage', type, key, location, "
                                      "count)");
    const PickleValue *type = pickle_item(p, id, 1), *key = pickle_item(p, id, 2),
                      *place = pickle_item(p, id, 3), *numel = pickle_item(p, id, 4);
    if (type->kind != PICKLE_GLOBAL || torch_globals[type->i].role != PICKLE_NAME ||
        torch_globals[type->i].detail < 0)
        return TORCH_BROKEN(t, s->at, "a storage whose type is %s; expected a torch storage",
                            type->kind == PICKLE_GLOBAL ? torch_globals[type->i].name
                                                        : pickle_kind_name(type->kind));
    if (key->kind != PICKLE_TEXT || place->kind != PICKLE_TEXT || !is_count(numel))
        return TORCH_BROKEN(t, s->at, "a storage with key %s, location %s, count %s; expected two "
                                      "texts and a count",
                            pickle_kind_name(key->kind), pickle_kind_name(place->kind),
                            pickle_kind_name(numel->kind));
    s->key = p->bytes + key->at;
    s->key_size = key->n;
    s->dtype = (SafetensorsDtype)torch_globals[type->i].detail;
    s->numel = s->view_numel = (uint64_t)numel->i;
    return id->n < 6 || read_view(t, pickle_item(p, id, 5), s);
}

/* ---- Tensors ---- */

#define ENTRY_BROKEN(t, e, fmt, ...)                                                               \
    TORCH_BROKEN(t, (e)->at - (t)->part_at, "tensor '%.*s': " fmt, NAME_SHOWN, (e)->name,          \
                 ##__VA_ARGS__)

/* Shape and strides; the strides only when they are not those of C order. */
static bool read_shape(Torch *t, TensorEntry *e, const PickleValue *size, const PickleValue *step)
{
    const Pickle *p = &t->pickle;
    if (size->kind != PICKLE_TUPLE || step->kind != PICKLE_TUPLE || size->n != step->n ||
        size->n > TENSOR_STRIDED_RANK_MAX)
        return ENTRY_BROKEN(t, e, "its size and stride must be tuples of one length, at most %d",
                            TENSOR_STRIDED_RANK_MAX);
    uint64_t *shape = room_take(&t->f->room, size->n + 1, sizeof *shape);
    int64_t *stride = room_take(&t->f->room, size->n + 1, sizeof *stride);
    if (!shape || !stride)
        return file_no_memory(t->err, t->f->path);
    bool overflow = false;
    e->count = 1;
    for (uint32_t i = size->n; i-- > 0;) {
        const PickleValue *n = pickle_item(p, size, i), *s = pickle_item(p, step, i);
        if (!is_count(n) || !is_count(s))
            return ENTRY_BROKEN(t, e, "dimension %" PRIu32 ": size %s, stride %s; expected counts", i,
                                n->kind == PICKLE_INT ? "below 0" : pickle_kind_name(n->kind),
                                s->kind == PICKLE_INT ? "below 0" : pickle_kind_name(s->kind));
        shape[i] = (uint64_t)n->i;
        stride[i] = s->i;
        if (shape[i] != 1 && (uint64_t)s->i != e->count)
            e->stride = stride;
        overflow |= __builtin_mul_overflow(e->count, shape[i], &e->count);
    }
    e->rank = (int)size->n;
    e->shape = shape;
    return !overflow || ENTRY_BROKEN(t, e, "its number of elements does not fit in 64 bits");
}

/* Every element lies in the storage; and no more elements than the storage has. */
static bool check_extent(Torch *t, TensorEntry *e, uint64_t first, const PickleValue *step,
                         const TorchStorage *s)
{
    uint64_t last = first;
    bool overflow = false;
    for (int i = 0; i < e->rank && e->count; i++) {
        uint64_t way;
        uint64_t stride = (uint64_t)pickle_item(&t->pickle, step, (uint32_t)i)->i;
        overflow |= __builtin_mul_overflow(e->shape[i] - 1, stride, &way);
        overflow |= __builtin_add_overflow(last, way, &last);
    }
    if (overflow || first > s->view_numel || (e->count && last >= s->view_numel))
        return ENTRY_BROKEN(t, e, "elements %" PRIu64 " to %s%" PRIu64
                            " of a storage that has %" PRIu64, first, overflow ? "beyond " : "",
                            overflow ? UINT64_MAX : last, s->view_numel);
    if (e->count > s->view_numel)
        return ENTRY_BROKEN(t, e, "%" PRIu64 " elements in a storage of %" PRIu64
                            ": an expanded view; save tensor.contiguous()", e->count,
                            s->view_numel);
    return true;
}

/* Shared storages may not make the tensors much larger than the file. */
static bool check_total(Torch *t, const TensorEntry *e)
{
    t->total += e->count * (uint64_t)safetensors_dtype_bits(e->dtype) / 8; /* <= the file's size */
    return t->total / SHARED_MAX <= t->f->size + 65536 ||
           ENTRY_BROKEN(t, e, "the tensors so far take %" PRIu64 " bytes, more than %d times the "
                              "file: they share storages; save tensor.clone()", t->total, SHARED_MAX);
}

/* What is inside a Parameter, and the call that made it. */
static const PickleValue *unwrap(const Pickle *p, const PickleValue *v, int *maker)
{
    *maker = v->kind == PICKLE_OBJECT ? torch_globals[v->a].detail : TORCH_PLAIN;
    if (*maker != TORCH_PARAMETER)
        return v;
    const PickleValue *args = &p->values[v->b];
    const PickleValue *inner = args->n ? pickle_item(p, args, 0) : v;
    *maker = inner->kind == PICKLE_OBJECT ? torch_globals[inner->a].detail : TORCH_PLAIN;
    return inner;
}

static bool is_tensor(const PickleValue *v)
{
    return v->kind == PICKLE_OBJECT && torch_globals[v->a].detail <= TORCH_TENSOR;
}

/* The arguments (storage, first, size, stride, requires_grad, hooks[, metadata]). */
static bool check_arguments(Torch *t, const TensorEntry *e, const PickleValue *args, int maker)
{
    const Pickle *p = &t->pickle;
    bool v2 = maker == TORCH_TENSOR_V2;
    if ((maker != TORCH_TENSOR && !v2) || args->n < (v2 ? 6u : 4u) || args->n > (v2 ? 7u : 4u))
        return ENTRY_BROKEN(t, e, "made by no known call of %" PRIu32 " arguments", args->n);
    if (pickle_item(p, args, 0)->kind != PICKLE_STORED || !is_count(pickle_item(p, args, 1)))
        return ENTRY_BROKEN(t, e, "made of %s from %s on; expected a storage and a count",
                            pickle_kind_name(pickle_item(p, args, 0)->kind),
                            pickle_kind_name(pickle_item(p, args, 1)->kind));
    if (args->n < 7 || pickle_item(p, args, 6)->kind == PICKLE_NONE)
        return true;
    const PickleValue *flags = pickle_item(p, args, 6);
    return (flags->kind == PICKLE_DICT && flags->n == 0) ||
           ENTRY_BROKEN(t, e, "a conjugated or negated view; save tensor.resolve_conj()");
}

static bool read_tensor(Torch *t, const PickleValue *v, TensorEntry *e)
{
    const Pickle *p = &t->pickle;
    int maker;
    TorchStorage s;
    v = unwrap(p, v, &maker);
    if (v->kind != PICKLE_OBJECT)
        return ENTRY_BROKEN(t, e, "a parameter made of %s; expected a tensor",
                            pickle_kind_name(v->kind));
    const PickleValue *args = &p->values[v->b];
    if (!check_arguments(t, e, args, maker))
        return false;
    const PickleValue *size = pickle_item(p, args, 2), *step = pickle_item(p, args, 3);
    uint64_t first = (uint64_t)pickle_item(p, args, 1)->i;
    if (!torch_read_storage(t, (uint32_t)(pickle_item(p, args, 0) - p->values), &s) ||
        !t->find(t, &s) || !read_shape(t, e, size, step) || !check_extent(t, e, first, step, &s))
        return false;
    e->dtype = s.dtype;
    e->data = s.data + (s.first + first) * (uint64_t)safetensors_dtype_bits(s.dtype) / 8;
    if (e->count == 0)
        e->stride = NULL;
    return check_total(t, e);
}

/* ---- The state_dict ---- */

static const char *const holders[] = { "state_dict", "model", "net", "model_state_dict",
                                       "state_dict_ema" };
enum { N_HOLDERS = sizeof holders / sizeof holders[0] };

/* A pair of a dict: *c is its key's cell, and moves to the next pair's. */
static void next_pair(const Pickle *p, uint32_t *c, const PickleValue **key,
                      const PickleValue **value)
{
    uint32_t second = p->cells[*c].next;
    *key = &p->values[p->cells[*c].value];
    *value = &p->values[p->cells[second].value];
    *c = p->cells[second].next;
}

static uint32_t count_tensors(const Pickle *p, const PickleValue *dict)
{
    uint32_t n = 0;
    const PickleValue *key, *value;
    for (uint32_t c = dict->a; c;) {
        next_pair(p, &c, &key, &value);
        n += is_tensor(value);
    }
    return n;
}

/* The only place under a dict that holds tensors: the dict itself or the value of a known key. */
static bool choose(Torch *t, const PickleValue *root, const PickleValue **chosen, const char **name)
{
    const Pickle *p = &t->pickle;
    const PickleValue *key, *value;
    char list[256] = "";
    int n = count_tensors(p, root) > 0;
    *chosen = root;
    if (n)
        strcpy(list, " the dict itself");
    for (uint32_t c = root->a; c;) {
        next_pair(p, &c, &key, &value);
        for (int i = 0; i < N_HOLDERS; i++) {
            if (!pickle_text_is(p, key, holders[i]) || value->kind != PICKLE_DICT ||
                !count_tensors(p, value))
                continue;
            *chosen = value;
            *name = holders[i];
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, "%s '%s'", n++ ? "," : "", holders[i]);
        }
    }
    if (n > 1)
        return TORCH_BROKEN(t, 0, "tensors in more than one place:%s; save the one you mean alone",
                            list);
    return n == 1 || TORCH_BROKEN(t, 0, "a dict of %" PRIu32 " entries, without a tensor in it or in "
                                        "'state_dict', 'model', 'net', 'model_state_dict' or "
                                        "'state_dict_ema'", root->n);
}

static bool read_entry(Torch *t, const PickleValue *key, const PickleValue *value, TensorEntry *e)
{
    const Pickle *p = &t->pickle;
    e->at = t->part_at + value->n;
    if (key->kind != PICKLE_TEXT || memchr(p->bytes + key->at, 0, key->n))
        return TORCH_BROKEN(t, value->n, "a tensor whose name is %s",
                            key->kind == PICKLE_TEXT ? "a text with a zero byte"
                                                     : pickle_kind_name(key->kind));
    e->name = tensor_text(t->f, p->bytes + key->at, key->n);
    return e->name ? read_tensor(t, value, e) : file_no_memory(t->err, t->f->path);
}

static bool note_choice(Torch *t, const char *name)
{
    t->f->meta = room_take(&t->f->room, 1, sizeof *t->f->meta);
    if (!t->f->meta)
        return file_no_memory(t->err, t->f->path);
    t->f->meta[0] = (SafetensorsMeta){ "taken_from", name };
    t->f->n_meta = 1;
    return true;
}

bool torch_read_state(Torch *t)
{
    const Pickle *p = &t->pickle;
    const PickleValue *root = &p->values[p->root], *key, *value;
    const char *name = NULL;
    if (root->kind != PICKLE_DICT)
        return TORCH_BROKEN(t, 0, "it holds %s; expected a state_dict: save model.state_dict()",
                            is_tensor(root) ? "a single tensor" : pickle_kind_name(root->kind));
    if (!choose(t, root, &root, &name) || (name && !note_choice(t, name)))
        return false;
    t->f->entries = room_take(&t->f->room, count_tensors(p, root), sizeof *t->f->entries);
    if (!t->f->entries)
        return file_no_memory(t->err, t->f->path);
    for (uint32_t c = root->a; c;) {
        next_pair(p, &c, &key, &value);
        if (is_tensor(value) && !read_entry(t, key, value, &t->f->entries[t->f->n_entries++]))
            return false;
    }
    return true;
}
