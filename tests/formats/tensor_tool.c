/* tensor_tool.c - the readers for scripts that compare them with others.
 *     tensor_tool IN OUT.safetensors    all tensors, and as "NAME as F32" what float32 can hold
 *     tensor_tool --plain IN OUT        only the tensors
 *     tensor_tool --verdicts            stdin: u32 size, file, ...; stdout: a line "ok" or a message */
#include "../../formats/tensor_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int verdicts(void)
{
    unsigned char size_bytes[4];
    while (fread(size_bytes, 1, 4, stdin) == 4) {
        size_t size = size_bytes[0] | (size_t)size_bytes[1] << 8 | (size_t)size_bytes[2] << 16;
        unsigned char *bytes = malloc(size + 1);
        TensorFile f;
        RtError err;
        if (fread(bytes, 1, size, stdin) != size)
            return 2;
        RtStatus status = tensor_file_parse(&f, "FILE", bytes, size, &err);
        for (char *p = err.message; status && *p; p++)
            if (*p == '\n')
                *p = ' ';
        printf("%s\n", status ? err.message : "ok");
        if (!status)
            tensor_file_close(&f);
        free(bytes);
    }
    return 0;
}

static void *must(void *p)
{
    if (!p)
        exit(3);
    return p;
}

/* Fills items from f; returns how many. */
static int list(const TensorFile *f, SafetensorsItem *items, int plain)
{
    int n = 0;
    for (int i = 0; i < f->n_entries; i++) {
        const TensorEntry *e = &f->entries[i];
        void *copy = must(malloc(e->count * 8 + 1));
        tensor_entry_copy(e, copy);
        items[n++] = (SafetensorsItem){ e->name, e->dtype, e->rank, e->shape, copy };
        float *out = must(malloc(e->count * 4 + 1));
        if (plain || !safetensors_converts(e->dtype) || tensor_entry_to_f32(f, e, out, NULL)) {
            free(out);
            continue;
        }
        char *name = must(malloc(strlen(e->name) + 8));
        sprintf(name, "%s as F32", e->name);
        items[n++] = (SafetensorsItem){ name, SAFETENSORS_F32, e->rank, e->shape, out };
    }
    return n;
}

int main(int argc, char **argv)
{
    int plain = argc == 4 && strcmp(argv[1], "--plain") == 0;
    TensorFile f;
    RtError err = { RT_OK, "" };
    if (argc == 2 && strcmp(argv[1], "--verdicts") == 0)
        return verdicts();
    if (argc != 3 + plain)
        return 2;
    RtStatus status = tensor_file_open(&f, argv[1 + plain], &err);
    if (status == RT_OK) {
        SafetensorsItem *items = must(calloc((size_t)f.n_entries * 2 + 1, sizeof *items));
        status = safetensors_write(argv[2 + plain], items, list(&f, items, plain), NULL, 0, &err);
        tensor_file_close(&f);
    }
    if (status)
        fprintf(stderr, "%s\n", err.message);
    return (int)status;
}
