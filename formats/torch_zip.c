/* torch_zip.c - PyTorch 1.6 and later: NAME/data.pkl, NAME/data/KEY, and a few words about them. */
#include "torch_read.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 64, NAME_SHOWN = SAFETENSORS_NAME_SHOWN };

static bool find(Torch *t, TorchStorage *s)
{
    if (s->key_size > KEY_MAX || memchr(s->key, 0, s->key_size))
        return TORCH_BROKEN(t, s->at, "a storage's key of %" PRIu32 " bytes", s->key_size);
    sprintf(t->path, "%s/data/%.*s", t->folder, (int)s->key_size, (const char *)s->key);
    const ZipEntry *e = zip_find(t->zip, t->path);
    uint64_t bytes = (uint64_t)safetensors_dtype_bits(s->dtype) / 8;
    if (!e)
        return TORCH_BROKEN(t, s->at, "storage '%.*s' has no entry in the archive",
                            (int)s->key_size, (const char *)s->key);
    if (s->numel != e->size / bytes || e->size % bytes)
        return TORCH_BROKEN(t, s->at, "storage '%.*s' of %" PRIu64 " %s elements, but its entry at "
                                      "byte %" PRIu64 " has %" PRIu64 " bytes",
                            (int)s->key_size, (const char *)s->key, s->numel,
                            safetensors_dtype_name(s->dtype), e->data_at, e->size);
    s->data = e->data;
    return true;
}

static bool content_is(const ZipEntry *e, const char *text)
{
    return e->size == strlen(text) && memcmp(e->data, text, e->size) == 0;
}

static bool is_version(const ZipEntry *e)
{
    return e->size >= 1 && e->size <= 3 && e->data[0] >= '1' && e->data[0] <= '9';
}

/* Every entry is one that PyTorch writes. */
static bool check_entry(const Torch *t, const ZipEntry *e)
{
    size_t n = strlen(t->folder);
    const char *rest = e->name + n + 1;
    if (strncmp(e->name, t->folder, n) != 0 || e->name[n] != '/')
        return file_broken(t->err, t->f->path, e->listed_at, "entry '%.*s' is outside of '%.*s/'",
                           NAME_SHOWN, e->name, NAME_SHOWN, t->folder);
    if (strcmp(rest, "constants.pkl") == 0 || strncmp(rest, "code/", 5) == 0)
        return file_broken(t->err, t->f->path, e->listed_at,
                           "entry '%.*s': a TorchScript program; save model.state_dict() instead",
                           NAME_SHOWN, e->name);
    if (strcmp(rest, "byteorder") == 0 && !content_is(e, "little"))
        return file_broken(t->err, t->f->path, e->data_at,
                           "entry '%.*s' says '%.*s'; expected 'little'", NAME_SHOWN, e->name,
                           (int)(e->size < 20 ? e->size : 20), (const char *)e->data);
    if (strcmp(rest, "version") == 0 && !is_version(e))
        return file_broken(t->err, t->f->path, e->data_at,
                           "entry '%.*s' is not a small number", NAME_SHOWN, e->name);
    return strcmp(rest, "byteorder") == 0 || strcmp(rest, "version") == 0 || rest[0] == '.' ||
           strcmp(rest, "data.pkl") == 0 || strncmp(rest, "data/", 5) == 0 ||
           file_broken(t->err, t->f->path, e->listed_at, "entry '%.*s' is none of PyTorch's",
                       NAME_SHOWN, e->name);
}

/* The folder of the only data.pkl, which the entries' names begin with. */
static const ZipEntry *find_pickle(Torch *t)
{
    static const char suffix[] = "/data.pkl";
    for (size_t i = 0; i < t->zip->n; i++) {
        const ZipEntry *e = &t->zip->entries[i];
        size_t n = strlen(e->name), m = sizeof suffix - 1;
        if (n <= m || strcmp(e->name + n - m, suffix) != 0 || memchr(e->name, '/', n - m))
            continue;
        t->folder = tensor_text(t->f, e->name, n - m);
        t->path = room_take(&t->f->room, n + KEY_MAX, 1);
        if (!t->folder || !t->path)
            file_no_memory(t->err, t->f->path);
        return t->folder && t->path ? e : NULL;
    }
    file_say_broken(t->err, t->f->path, 0, "no entry 'NAME/data.pkl'");
    return NULL;
}

static bool read_archive(Torch *t)
{
    const ZipEntry *e = find_pickle(t);
    if (!e)
        return false;
    for (size_t i = 0; i < t->zip->n; i++)
        if (!check_entry(t, &t->zip->entries[i]))
            return false;
    if (!torch_unpickle(t, "data.pkl", e->data_at, e->size))
        return false;
    if (t->pickle.at != e->size)
        return TORCH_BROKEN(t, t->pickle.at, "bytes after STOP, where the entry must end");
    return torch_read_state(t);
}

bool tensor_read_torch_zip(TensorFile *f, const Zip *z, RtError *err)
{
    Torch t = { .f = f, .err = err, .zip = z, .find = find };
    bool ok = read_archive(&t);
    pickle_release(&t.pickle);
    return ok;
}
