/* network.h - what the files of core/ share: the head of packed weights and counts. */
#ifndef RUNTIME_CORE_NETWORK_H
#define RUNTIME_CORE_NETWORK_H
#include "../rt.h"

#define HEAD_MAGIC UINT64_C(0x3130575452504e49) /* "INPRTW01" */
enum { HEAD_VERSION = 2 };                      /* of the head's fields and the checksum */
typedef struct RtHead {                         /* 64 bytes, before the packed floats */
    uint64_t magic;
    uint32_t version, target;
    uint64_t structure, layout; /* RtNetwork.structure, RtPlan.layout */
    uint64_t bytes;             /* head and floats: rt_weights_bytes */
    uint64_t checksum;          /* in a file: of all other bytes; 0 in memory that was packed here */
    uint64_t zero[2];
} RtHead;

/* packed.c: does a file begin as packed weights do?  Fewer bytes than the magic has count when they fit. */
int packed_is(const void *bytes, size_t size);
/* Are these bytes (of a multiple of 8) packed weights of a plan that net has, undamaged?  name stands in messages; pool (or null)
 * shares the reading. */
RtStatus packed_check(const RtNetwork *net, RtTarget target, const char *name, const void *bytes, size_t size, RtPool *pool,
                      RtError *err);
/* Zeroed, 64-byte aligned; from 2 MiB on aligned to 2 MiB and on big pages where the system gives them.  Null when out of memory.
 * Ended by rt_free. */
void *memory_new(size_t bytes);
/* Elements of a row of the weights table. */
size_t network_weight_count(const RtWeight *w);
typedef struct Mapping { /* a file that map_file gave */
    const void *bytes;
    size_t size;
} Mapping;
/* As rt_pack.  Of `file`, where raw lies (or null), the pages that were read leave the process's memory on the way. */
void network_pack(const RtNetwork *net, RtTarget target, const float *const *raw, const Mapping *file, RtPool *pool, void *weights);
/* The plan that weights (from rt_load and its kin) are packed for.  Aborts when they are none of net's. */
const RtPlan *network_plan(const RtNetwork *net, const void *weights);
/* Bytes of an image's activations and of a thread's scratch, multiples of 64. */
size_t network_activation_bytes(const RtPlan *plan);
size_t network_scratch_bytes(const RtPlan *plan);
/* The scratch of thread `part` in an arena of rt_arena_bytes. */
float *network_scratch(const RtPlan *plan, void *arena, int part);
/* The structure's hash as a file's metadata has it: 16 hexadecimal digits. */
void network_structure_text(const RtNetwork *net, char out[20]);
#endif
