/* fuzz_npy.c - any bytes as NumPy's array or archive, the archive's checksums not looked at. */
#include "check_tensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    check_file(bytes, size);
    if (size > 2 && bytes[0] == 'P')
        check_archive(bytes, size, tensor_read_npz);
    return 0;
}
