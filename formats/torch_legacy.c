/* torch_legacy.c - before PyTorch 1.6: five pickles (a magic number, a version, the machine, the
 * object, the keys of storages), then for each key a count of 64 bits and the elements. */
#include "bytes.h"
#include "torch_read.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PROTOCOL = 1001 };
static const uint8_t magic[10] = { 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19 };

static int compare_keys(const void *a, const void *b)
{
    const TorchStorage *s = a, *t = b;
    uint32_t n = s->key_size < t->key_size ? s->key_size : t->key_size;
    int order = n ? memcmp(s->key, t->key, n) : 0;
    return order ? order : (s->key_size > t->key_size) - (s->key_size < t->key_size);
}

static TorchStorage *find_key(const Torch *t, const TorchStorage *key)
{
    return t->n_storages
               ? bsearch(key, t->storages, t->n_storages, sizeof *t->storages, compare_keys)
               : NULL;
}

static bool find(Torch *t, TorchStorage *s)
{
    const TorchStorage *known = find_key(t, s); /* never null: all were listed */
    s->data = known->data;
    return true;
}

/* ---- The pickles ---- */

/* The next pickle from *at on, which moves behind it. */
static bool unpickle(Torch *t, const char *part, uint64_t *at)
{
    if (!torch_unpickle(t, part, *at, t->f->size - *at))
        return false;
    *at += t->pickle.at;
    return true;
}

static bool check_magic(Torch *t, uint64_t *at)
{
    if (!unpickle(t, "magic number", at))
        return false;
    const PickleValue *v = &t->pickle.values[t->pickle.root];
    return (v->kind == PICKLE_LONG && v->n == sizeof magic &&
            memcmp(t->pickle.bytes + v->at, magic, sizeof magic) == 0) ||
           TORCH_BROKEN(t, 0, "a pickle, but it does not begin with PyTorch's magic number");
}

static bool check_protocol(Torch *t, uint64_t *at)
{
    if (!unpickle(t, "protocol version", at))
        return false;
    const PickleValue *v = &t->pickle.values[t->pickle.root];
    return (v->kind == PICKLE_INT && v->i == PROTOCOL) ||
           TORCH_BROKEN(t, 0, "the version is not %d", PROTOCOL);
}

static bool check_machine(Torch *t, uint64_t *at)
{
    if (!unpickle(t, "system information", at))
        return false;
    const Pickle *p = &t->pickle;
    const PickleValue *v = &p->values[p->root];
    for (uint32_t c = v->kind == PICKLE_DICT ? v->a : 0; c;) {
        const PickleCell *key = &p->cells[c], *value = &p->cells[key->next];
        const PickleValue *says = &p->values[value->value];
        if (pickle_text_is(p, &p->values[key->value], "little_endian") &&
            says->kind == PICKLE_BOOL && says->i)
            return true;
        c = value->next;
    }
    return TORCH_BROKEN(t, 0, "it does not say 'little_endian': True");
}

/* ---- Storages ---- */

/* All persistent ids of the object, each key once; they must agree. */
static bool list_storages(Torch *t)
{
    const Pickle *p = &t->pickle;
    size_t n = 0, kept = 0;
    for (uint32_t i = 0; i < p->n_values; i++)
        n += p->values[i].kind == PICKLE_STORED;
    t->storages = room_take(&t->f->room, n + 1, sizeof *t->storages);
    if (!t->storages)
        return file_no_memory(t->err, t->f->path);
    for (uint32_t i = 0; i < p->n_values; i++)
        if (p->values[i].kind == PICKLE_STORED &&
            !torch_read_storage(t, i, &t->storages[t->n_storages++]))
            return false;
    qsort(t->storages, n, sizeof *t->storages, compare_keys);
    for (size_t i = 0; i < n; i++) {
        TorchStorage *s = &t->storages[i], *last = kept ? &t->storages[kept - 1] : NULL;
        if (!last || compare_keys(s, last) != 0)
            t->storages[kept++] = *s;
        else if (s->dtype != last->dtype || s->numel != last->numel)
            return TORCH_BROKEN(t, s->at, "a storage with two types or sizes, also at byte %" PRIu32,
                                last->at);
    }
    t->n_storages = kept;
    return true;
}

/* One storage's count and elements. */
static bool take_storage(Torch *t, const Pickle *keys, const PickleValue *key, uint64_t *at)
{
    const TensorFile *f = t->f;
    if (key->kind != PICKLE_TEXT)
        return file_broken(t->err, f->path, *at, "a storage's key is %s",
                           pickle_kind_name(key->kind));
    TorchStorage k = { .key = keys->bytes + key->at, .key_size = key->n }, *s = find_key(t, &k);
    int shown = key->n < 64 ? (int)key->n : 64;
    if (!s || s->data)
        return file_broken(t->err, f->path, *at, "storage '%.*s' is listed %s", shown,
                           (const char *)k.key, s ? "twice" : "but not used");
    if (f->size - *at < 8)
        return file_broken(t->err, f->path, *at, "storage '%.*s': the file ends before its count",
                           shown, (const char *)k.key);
    uint64_t numel = bytes_le(f->bytes + *at, 8), size = (uint64_t)safetensors_dtype_bits(s->dtype) / 8;
    if (numel != s->numel || numel > (f->size - *at - 8) / size)
        return file_broken(t->err, f->path, *at,
                           "storage '%.*s' has %" PRIu64 " elements of %" PRIu64 " bytes; expected %"
                           PRIu64 ", and %" PRIu64 " bytes are left",
                           shown, (const char *)k.key, numel, size, s->numel, f->size - *at - 8);
    s->data = f->bytes + *at + 8;
    *at += 8 + numel * size;
    return true;
}

static bool take_storages(Torch *t, const Pickle *keys, uint64_t at)
{
    const PickleValue *list = &keys->values[keys->root];
    if (list->kind != PICKLE_LIST || list->n != t->n_storages)
        return file_broken(t->err, t->f->path, at,
                           "the keys of the storages are %s of %" PRIu32 "; expected a list of %zu",
                           pickle_kind_name(list->kind), list->kind == PICKLE_LIST ? list->n : 0,
                           t->n_storages);
    for (uint32_t c = list->a; c; c = keys->cells[c].next)
        if (!take_storage(t, keys, &keys->values[keys->cells[c].value], &at))
            return false;
    return at == t->f->size || file_broken(t->err, t->f->path, at,
                                           "%" PRIu64 " bytes behind the last storage",
                                           t->f->size - at);
}

static bool read_file(Torch *t, Torch *keys)
{
    uint64_t at = 0;
    if (!check_magic(t, &at) || !check_protocol(t, &at) || !check_machine(t, &at) ||
        !unpickle(t, "object", &at) || !list_storages(t) || !unpickle(keys, "storage keys", &at))
        return false;
    return take_storages(t, &keys->pickle, at) && torch_read_state(t);
}

bool tensor_read_torch_legacy(TensorFile *f, RtError *err)
{
    Torch t = { .f = f, .err = err, .find = find }, keys = t;
    bool ok = read_file(&t, &keys);
    pickle_release(&t.pickle);
    pickle_release(&keys.pickle);
    return ok;
}
