/* memory.c - the blocks that weights and arenas lie in.
 *
 * Large ones start at 2 MiB and ask for pages of 2 MiB: packed weights are read once an image, faster than small pages can be
 * looked up.  Where the system gives none the same memory has small pages. */
#include "network.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, BIG_PAGE = 2 << 20 };

typedef struct Block { /* in the line before the memory */
    void *base;
    size_t mapped; /* bytes at base; 0: base is malloc's */
} Block;

static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

static void *with_head(void *p, void *base, size_t mapped)
{
    ((Block *)((char *)p - LINE))->base = base;
    ((Block *)((char *)p - LINE))->mapped = mapped;
    return p;
}

static void *small_pages(size_t bytes)
{
    size_t room = LINE + round_up(bytes, LINE);
    char *base = aligned_alloc(LINE, room);
    return base ? with_head((char *)memset(base, 0, room) + LINE, base, 0) : NULL;
}

/* Whole big pages, so that the end lies in one too. */
static void *big_pages(size_t bytes)
{
    size_t room = round_up(bytes, BIG_PAGE), mapped = room + BIG_PAGE;
    char *base = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    char *p = base + BIG_PAGE - (uintptr_t)base % BIG_PAGE;
    (void)madvise(p, room, MADV_HUGEPAGE); /* a wish */
    return with_head(p, base, mapped);
}

void *memory_new(size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    void *p = bytes >= BIG_PAGE ? big_pages(bytes) : NULL;
    return p ? p : small_pages(bytes);
}

void rt_free(void *p)
{
    if (!p)
        return;
    Block block = *(const Block *)((const char *)p - LINE);
    if (block.mapped)
        munmap(block.base, block.mapped);
    else
        free(block.base);
}
