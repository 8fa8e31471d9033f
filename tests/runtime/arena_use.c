/* arena_use.c - what a network touches of its arena: nothing behind the bytes that it asks for (a page that cannot be touched
 * lies there), and the last of them.  Linked with a compiled network; prints the bytes of each target that runs here. */
#define _GNU_SOURCE
#include "rt.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

extern const RtNetwork NETWORK;

/* n bytes of zeros whose last stands before a page that cannot be touched. */
static unsigned char *guarded(size_t n)
{
    enum { PAGE = 4096 };
    size_t room = (n + PAGE - 1) / PAGE * PAGE;
    unsigned char *p = mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + room, PAGE, PROT_NONE))
        abort();
    return p + room - n;
}

static int fail(RtTarget t, const char *what)
{
    printf("%s: %s\n", rt_target_name(t), what);
    return 1;
}

static int check(RtTarget t)
{
    enum { LINE = 64 };
    const RtNetwork *net = &NETWORK;
    size_t n = rt_arena_bytes(net, t, 1), outputs = (size_t)net->outputs, image = (size_t)net->c * (size_t)net->h * (size_t)net->w;
    void *weights = rt_weights_new(net, t), *plain_arena = rt_arena_new(net, t, 1);
    unsigned char *arena = guarded(n), poison[LINE];
    float *x = malloc(image * sizeof *x), *y = malloc(outputs * sizeof *y), *z = malloc(outputs * sizeof *z);
    if (!weights || !plain_arena || !x || !y || !z || rt_load_initial(net, t, 1, NULL, weights, NULL))
        abort();
    for (size_t i = 0; i < image; i++)
        x[i] = (float)(i * 7919 % 251) / 251;
    rt_forward(net, weights, x, 1, plain_arena, NULL, y);
    memset(poison, 0xFF, LINE); /* NaN: what reads it before it is written shows it */
    memcpy(arena + n - LINE, poison, LINE);
    rt_forward(net, weights, x, 1, arena, NULL, z);
    if (memcmp(y, z, outputs * sizeof *y) != 0)
        return fail(t, "other outputs when the end of the arena is not zero");
    if (memcmp(arena + n - LINE, poison, LINE) == 0)
        return fail(t, "the end of the arena is not used");
    printf("%s %zu\n", rt_target_name(t), n);
    rt_free(weights);
    rt_free(plain_arena);
    free(x);
    free(y);
    free(z);
    return 0;
}

int main(void)
{
    int bad = 0;
    for (int i = 0; i < NETWORK.n_plans; i++)
        if (rt_target_runs_here(NETWORK.plans[i].target))
            bad |= check(NETWORK.plans[i].target);
    return bad;
}
