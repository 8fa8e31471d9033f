/* network.h - what the files of core/ share: the head of packed weights and counts. */
#ifndef RUNTIME_CORE_NETWORK_H
#define RUNTIME_CORE_NETWORK_H
#include "../rt.h"

#define HEAD_MAGIC UINT64_C(0x3130575452504e49) /* "INPRTW01" */
typedef struct RtHead {                         /* 64 bytes, before the packed floats */
    uint64_t magic;
    uint32_t target, reserved;
    uint64_t structure;
    uint8_t zero[40];
} RtHead;

/* Zeroed, 64-byte aligned; from 2 MiB on aligned to 2 MiB and on big pages where the system gives them.  Null when out of memory.
 * Ended by rt_free. */
void *memory_new(size_t bytes);
/* Elements of a row of the weights table. */
size_t network_weight_count(const RtWeight *w);
/* The structure's hash as a file's metadata has it: 16 hexadecimal digits. */
void network_structure_text(const RtNetwork *net, char out[20]);
#endif
