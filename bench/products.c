/* products.c: the network of a program whose products are timed (products.h), image after image on one thread for 0.3 s: prints the median of
 * the images' seconds in products, and an image's multiply-adds of them. */
#include "products.h"
#include "rt.h"
#include <stdio.h>
#include <stdlib.h>

double products_seconds, products_macs;

extern const RtNetwork t_network;
enum { MOST = 100000 };
static const double SECONDS = 0.3;
static double times[MOST];

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    RtTarget target = rt_best_target(&t_network);
    size_t floats = (size_t)t_network.c * (size_t)t_network.h * (size_t)t_network.w;
    float *x = malloc(floats * sizeof *x), *y = malloc((size_t)t_network.outputs * sizeof *y);
    void *weights = rt_weights_new(&t_network, target), *arena = rt_arena_new(&t_network, target, 1);
    if (!x || !y || !weights || !arena || rt_load_initial(&t_network, target, 1, NULL, weights, NULL))
        return 1;
    for (size_t i = 0; i < floats; i++)
        x[i] = (float)(i * 7 % 13) / 13;
    int n = 0;
    for (double begin = turns_now(); n < MOST && (n < 5 || turns_now() - begin < SECONDS); n++) {
        products_seconds = products_macs = 0;
        rt_forward(&t_network, weights, x, 1, arena, NULL, y);
        times[n] = products_seconds;
    }
    qsort(times, (size_t)n, sizeof *times, ascending);
    printf("%.9g %.0f\n", times[n / 2], products_macs);
    return 0;
}
