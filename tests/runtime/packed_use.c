/* packed_use.c FILE: a good file of packed weights, cut at every 4 KiB and with turned bits: each bit of the head, 300 words
 * of the rest, and one in each half MiB.  All must be refused with a byte offset.  The file is changed and ends empty.  Linked
 * with a compiled network. */
#define _GNU_SOURCE
#include "rt.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const RtNetwork NETWORK;
enum { HEAD = 64, PAGE = 4096, WORDS = 300 };

static int bad;
static RtPool *pools[2]; /* taken in turns: the caller alone, and three threads that read together */

static void expect(const char *path, int accepted, const char *what, long long at)
{
    static unsigned turn;
    RtError err = { 0, "" };
    const void *weights = NULL;
    RtStatus status = rt_map_packed(&NETWORK, rt_best_target(&NETWORK), path, pools[turn++ % 2], &weights, &err);
    int good = accepted ? status == RT_OK : status == RT_ERROR_INPUT && !weights && strstr(err.message, ": byte ");
    if (!good && bad++ < 10)
        printf("%s %lld: status %d, '%s'\n", what, at, (int)status, err.message);
    rt_unmap_packed(&NETWORK, weights);
}

static void turn(int fd, const char *path, long long bit)
{
    unsigned char byte, turned;
    if (pread(fd, &byte, 1, bit / 8) != 1)
        abort();
    turned = (unsigned char)(byte ^ 1 << bit % 8);
    if (pwrite(fd, &turned, 1, bit / 8) != 1)
        abort();
    expect(path, 0, "bit", bit);
    if (pwrite(fd, &byte, 1, bit / 8) != 1)
        abort();
}

int main(int argc, char **argv)
{
    const char *path = argc == 2 ? argv[1] : "";
    int fd = open(path, O_RDWR | O_CLOEXEC);
    long long size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    pools[1] = rt_pool_new(3);
    if (size <= HEAD || !pools[1])
        return 2;
    for (int i = 0; i < 2; i++)
        expect(path, 1, "as it is", 0);
    for (int bit = 0; bit < 8 * HEAD; bit++)
        turn(fd, path, bit);
    RtPhilox random = { { 0 }, { 1 } };
    for (int i = 0; i < WORDS; i++) {
        uint32_t out[4];
        random.counter[0] = (uint32_t)i;
        rt_philox(&random, out);
        turn(fd, path, 8 * HEAD + (long long)(((uint64_t)out[0] << 32 | out[1]) % (uint64_t)(8 * (size - HEAD))));
    }
    int blocks = 0; /* of what threads share: the first bit of each half, and the last of all */
    for (long long at = HEAD; at < size; at += 1 << 19, blocks++)
        turn(fd, path, 8 * at);
    turn(fd, path, 8 * size - 1);
    expect(path, 1, "turned back", 0);
    if (pwrite(fd, "", 1, size) != 1)
        abort();
    expect(path, 0, "one byte longer", size);
    int cuts = 0;
    for (long long at = (size - 1) / PAGE * PAGE; at >= 0; at -= PAGE, cuts++) {
        if (ftruncate(fd, at))
            abort();
        expect(path, 0, "cut at", at);
    }
    rt_pool_free(pools[1]);
    printf("%d bits turned, %d cuts, %d not refused\n", 8 * HEAD + WORDS + blocks + 1, cuts, bad);
    return bad != 0;
}
