/* fuzz_torch.c - any bytes as a PyTorch file: an archive without checksums, the old layout, or the
 * pickle of a sound archive that has two storages. */
#include "check_tensors.h"

enum { STORAGE_BYTES = 16 };

static uint8_t *put(uint8_t *p, uint64_t value, int n)
{
    for (int i = 0; i < n; i++)
        *p++ = i < 8 ? (uint8_t)(value >> 8 * i) : 0;
    return p;
}

/* A local header (listed: null) or a line of the directory. */
static uint8_t *put_header(uint8_t *p, const char *name, size_t size, const uint64_t *at)
{
    p = put(p, at ? 0x02014b50 : 0x04034b50, 4);
    p = put(p, 0, at ? 16 - 4 : 14 - 4);
    p = put(p, 0, 4); /* the checksum, which is not looked at */
    p = put(put(p, size, 4), size, 4);
    p = put(put(p, strlen(name), 2), 0, 2);
    if (at)
        p = put(put(p, 0, 10), *at, 4);
    memcpy(p, name, strlen(name));
    return p + strlen(name);
}

static void check_pickle(const uint8_t *bytes, size_t size)
{
    static const char *const names[] = { "x/data.pkl", "x/data/0", "x/data/1" };
    static const uint8_t zeros[STORAGE_BYTES];
    const uint8_t *data[] = { bytes, zeros, zeros };
    size_t sizes[] = { size, STORAGE_BYTES, STORAGE_BYTES / 2 };
    uint64_t at[3];
    uint8_t *file = malloc(size + 1000), *p = file;
    for (int i = 0; i < 3; i++) {
        at[i] = (uint64_t)(p - file);
        p = put_header(p, names[i], sizes[i], NULL);
        if (sizes[i])
            memcpy(p, data[i], sizes[i]);
        p += sizes[i];
    }
    uint64_t directory = (uint64_t)(p - file);
    for (int i = 0; i < 3; i++)
        p = put_header(p, names[i], sizes[i], &at[i]);
    uint64_t end = (uint64_t)(p - file);
    p = put(put(put(put(p, 0x06054b50, 4), 0, 4), 3, 2), 3, 2);
    p = put(put(put(p, end - directory, 4), directory, 4), 0, 2);
    uint8_t *exact = malloc((size_t)(p - file));
    memcpy(exact, file, (size_t)(p - file));
    free(file);
    check_archive(exact, (size_t)(p - file), tensor_read_torch_zip);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    check_file(bytes, size);
    if (size > 2 && bytes[0] == 'P')
        check_archive(bytes, size, tensor_read_torch_zip);
    else
        check_pickle(bytes, size);
    return 0;
}
