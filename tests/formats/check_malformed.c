/* check_malformed.c - the malformed table, every truncation and every flipped bit of small files.
 *     check_malformed BAD_FOLDER GOOD_FILE...
 * BAD_FOLDER/table.txt: lines "FILE<tab>PART OF THE MESSAGE".  What is accepted is read to its last
 * element, so that a sanitizer sees any step outside. */
#include "../../formats/tensor_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int wrong;
static long refused, accepted;

static uint8_t *slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        exit(2);
    fseek(f, 0, SEEK_END);
    *size = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(*size + 1);
    if (fread(bytes, 1, *size, f) != *size)
        exit(2);
    fclose(f);
    return bytes;
}

static void read_elements(const TensorFile *f)
{
    for (int i = 0; i < f->n_entries; i++) {
        const TensorEntry *e = &f->entries[i];
        float *out = malloc(e->count * 8 + 1);
        tensor_entry_copy(e, out);
        if (safetensors_converts(e->dtype))
            tensor_entry_to_f32(f, e, out, NULL);
        free(out);
    }
}

/* The parser sees exactly `size` bytes on the heap.  part: of the message, or null: may be accepted. */
static void try(const char *name, const uint8_t *bytes, size_t size, const char *part)
{
    RtError err = { 0, "" };
    TensorFile f;
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    RtStatus status = tensor_file_parse(&f, "FILE", copy, size, &err);
    if (status == RT_OK) {
        accepted++;
        wrong += part != NULL;
        if (part)
            printf("%s: accepted; expected '%s'\n", name, part);
        read_elements(&f);
        tensor_file_close(&f);
    } else {
        refused++;
        if (status != RT_ERROR_INPUT || strncmp(err.message, "FILE: byte ", 11) != 0 ||
            strlen(err.message) >= sizeof err.message - 1 || (part && !strstr(err.message, part))) {
            printf("%s: status %d, '%s'; expected '%s'\n", name, status, err.message, part ? part : "");
            wrong++;
        }
    }
    free(copy);
}

static void try_table(const char *folder)
{
    char line[1024], path[2048];
    snprintf(path, sizeof path, "%s/table.txt", folder);
    FILE *f = fopen(path, "r");
    if (!f)
        exit(2);
    while (fgets(line, sizeof line, f)) {
        char *tab = strchr(line, '\t');
        *tab = 0;
        tab[strcspn(tab + 1, "\n") + 1] = 0;
        size_t size;
        snprintf(path, sizeof path, "%s/%s", folder, line);
        uint8_t *bytes = slurp(path, &size);
        try(line, bytes, size, tab + 1);
        free(bytes);
    }
    fclose(f);
    printf("%ld malformed files: %ld refused, %ld accepted\n", refused + accepted, refused, accepted);
}

/* No part of any of these formats may be missing. */
static void try_truncations(const char *path, uint8_t *bytes, size_t size)
{
    for (size_t n = 0; n < size; n++)
        try(path, bytes, n, "");
}

static void try_flips(const char *path, uint8_t *bytes, size_t size)
{
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        try(path, bytes, size, NULL);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    try_table(argv[1]);
    for (int pass = 0; pass < 2; pass++) {
        refused = accepted = 0;
        for (int i = 2; i < argc; i++) {
            size_t size;
            uint8_t *bytes = slurp(argv[i], &size);
            (pass ? try_flips : try_truncations)(argv[i], bytes, size);
            free(bytes);
        }
        printf("%ld %s of %d files: %ld refused, %ld accepted\n", refused + accepted,
               pass ? "flipped bits" : "truncations", argc - 2, refused, accepted);
    }
    printf("%d wrong\n", wrong);
    return wrong != 0;
}
