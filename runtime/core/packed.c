/* packed.c - packed weights as a file: the head and the floats as they lie in memory, so that a program maps them and runs.
 *
 * Packed floats mean nothing without the plan that they were packed for, so the head says network, target and layout, and
 * nothing but an exact match is accepted; a checksum over all of it finds every changed word. */
#include "../../formats/map_file.h"
#include "../../formats/replace.h"
#include "network.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

enum { LANES = 8, MAGIC_SEEN = 4 }; /* a file that breaks off inside the magic is still one of ours */

_Static_assert(sizeof(RtHead) == LANES * sizeof(uint64_t), "the head is one line of the checksum");

int packed_is(const void *bytes, size_t size)
{
    const uint64_t magic = HEAD_MAGIC;
    return size >= MAGIC_SEEN && memcmp(bytes, &magic, size < sizeof magic ? size : sizeof magic) == 0;
}

/* ---- The checksum ----
 *
 * The sum of the hashes of blocks of 1 MiB, so that threads share the work: of a page cache one thread reads 8 GB/s at most.  A
 * block's hash is FNV-1a by words in eight lanes that begin with what stands before the block: the head (its checksum as 0)
 * before the first, its number before any other.  Each step is a bijection of the lane, so one changed word always shows. */

enum { BLOCK_WORDS = (1 << 20) / sizeof(uint64_t) };

typedef struct Checksum {
    const uint64_t *words; /* behind the head */
    size_t n_words;        /* a multiple of LANES */
    RtHead head;
    _Atomic uint64_t sum;
} Checksum;

static uint64_t block_hash(const Checksum *c, size_t block)
{
    const uint64_t prime = UINT64_C(0x100000001b3);
    uint64_t lane[LANES] = { block }, sum = UINT64_C(0xcbf29ce484222325);
    if (block == 0)
        memcpy(lane, &c->head, sizeof lane);
    size_t first = block * BLOCK_WORDS, end = first + BLOCK_WORDS < c->n_words ? first + BLOCK_WORDS : c->n_words;
    for (size_t i = first; i < end; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] = (lane[k] ^ c->words[i + (size_t)k]) * prime;
    for (int k = 0; k < LANES; k++)
        sum = (sum ^ lane[k]) * prime;
    return sum;
}

/* The part's hashes, added to the sum. */
static void sum_blocks(void *arg, int step, int part, int parts)
{
    Checksum *c = arg;
    uint64_t sum = 0;
    (void)step;
    for (size_t b = (size_t)part; b == 0 || b * BLOCK_WORDS < c->n_words; b += (size_t)parts)
        sum += block_hash(c, b);
    c->sum += sum;
}

/* Of the head, without its checksum, and the rest: size bytes in all, a multiple of 64. */
static uint64_t checksum(const RtHead *head, size_t size, RtPool *pool)
{
    Checksum c = { .words = (const uint64_t *)(head + 1), .n_words = (size - sizeof *head) / sizeof(uint64_t), .head = *head };
    c.head.checksum = 0;
    rt_pool_run(pool, 1, sum_blocks, &c);
    return c.sum;
}

/* What every message of a file that does not fit ends with. */
#define PACK_AGAIN "\n'pack --weights W.safetensors -o NEW --target %s' of this program writes one that fits"

/* Is it for this network, target and plan? */
static RtStatus check_purpose(const RtNetwork *net, const RtPlan *plan, const char *name, const RtHead *h, RtError *err)
{
    const char *target = rt_target_name(plan->target);
    if (h->version != HEAD_VERSION)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: packed weights of version %" PRIu32 ", but this program reads version %d" PACK_AGAIN,
                        name, offsetof(RtHead, version), h->version, HEAD_VERSION, target);
    if (h->structure != net->structure)
        return rt_error(err, RT_ERROR_INPUT,
                        "%s: byte %zu: packed for another network (structure %016" PRIx64 ", but '%s' is %016" PRIx64 ")" PACK_AGAIN, name,
                        offsetof(RtHead, structure), h->structure, net->name, net->structure, target);
    if (h->target != (uint32_t)plan->target)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: packed for target %s, but the program runs target %s" PACK_AGAIN, name,
                        offsetof(RtHead, target), rt_target_name((RtTarget)h->target), target, target);
    if (h->layout != plan->layout)
        return rt_error(err, RT_ERROR_INPUT,
                        "%s: byte %zu: packed in layout %016" PRIx64 ", but '%s' was compiled for layout %016" PRIx64
                        " (by another inceptc, --numerics or tuning)" PACK_AGAIN,
                        name, offsetof(RtHead, layout), h->layout, net->name, plan->layout, target);
    return RT_OK;
}

/* Is all of it there, as it was written? */
static RtStatus check_contents(const RtHead *h, size_t size, size_t expected, const char *name, RtPool *pool, RtError *err)
{
    if (h->bytes != expected)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: damaged: says that it has %" PRIu64 " bytes, but %zu are needed", name,
                        offsetof(RtHead, bytes), h->bytes, expected);
    if (size != expected)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: damaged: %s %zu bytes: copy or pack it again", name,
                        size < expected ? size : expected, size < expected ? "ends here instead of after" : "goes on after", expected);
    uint64_t sum = checksum(h, size, pool);
    if (sum != h->checksum)
        return rt_error(err, RT_ERROR_INPUT,
                        "%s: byte %zu: damaged: checksum %016" PRIx64 ", but its contents give %016" PRIx64 ": copy or pack it again", name,
                        offsetof(RtHead, checksum), h->checksum, sum);
    return RT_OK;
}

RtStatus packed_check(const RtNetwork *net, RtTarget target, const char *name, const void *bytes, size_t size, RtPool *pool,
                      RtError *err)
{
    RtHead head;
    if (size < sizeof head)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: damaged: ends inside the head of packed weights, %zu bytes: copy or pack it again",
                        name, size, sizeof head);
    memcpy(&head, bytes, sizeof head);
    RtStatus status = check_purpose(net, rt_plan(net, target), name, &head, err);
    return status ? status : check_contents(bytes, size, rt_weights_bytes(net, target), name, pool, err);
}

RtStatus rt_save_packed(const RtNetwork *net, const void *weights, const char *path, RtError *err)
{
    Replace r;
    RtHead head = *(const RtHead *)weights;
    size_t size = rt_weights_bytes(net, (RtTarget)head.target);
    head.checksum = checksum(weights, size, NULL);
    RtStatus status = replace_begin(&r, path, err);
    if (status)
        return status;
    fwrite(&head, sizeof head, 1, r.file); /* the commit looks whether all of it was written */
    fwrite((const char *)weights + sizeof head, 1, size - sizeof head, r.file);
    return replace_commit(&r, err);
}

RtStatus rt_map_packed(const RtNetwork *net, RtTarget target, const char *path, RtPool *pool, const void **weights, RtError *err)
{
    const void *bytes;
    size_t size;
    if (!rt_plan(net, target))
        return rt_error(err, RT_ERROR_USAGE, "network '%s' was compiled without target %s", net->name, rt_target_name(target));
    RtStatus status = map_file(path, &bytes, &size, err);
    if (status)
        return status;
    status = packed_is(bytes, size) ? packed_check(net, target, path, bytes, size, pool, err)
                                    : rt_error(err, RT_ERROR_INPUT, "%s: byte 0: not a file of packed weights", path);
    if (status)
        unmap_file(bytes, size);
    else
        *weights = bytes;
    return status;
}

void rt_unmap_packed(const RtNetwork *net, const void *weights)
{
    if (weights)
        unmap_file(weights, rt_weights_bytes(net, (RtTarget)((const RtHead *)weights)->target));
}

int rt_is_packed(const char *path)
{
    char start[sizeof(uint64_t)];
    struct stat st;
    FILE *f = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rbe") : NULL; /* a pipe can be read only once */
    size_t n = f ? fread(start, 1, sizeof start, f) : 0;
    if (f)
        fclose(f);
    return packed_is(start, n);
}
