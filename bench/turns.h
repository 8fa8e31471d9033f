/* turns.h - a program of bench/ that is timed in turns, beside others: as bench/peers/protocol.py has it.  For each line "SECONDS" on
 * standard input it runs that long and answers with the seconds of each run, how many runs were
 * made, the processor's seconds of them and VmHWM, in JSON. */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TURNS_MOST = 100000, TURNS_BEFORE = 2, TURNS_LEAST = 5, TURNS_SLOW = 4 }; /* protocol.py's RUNS_BEFORE, RUNS_MIN, SLOW */

static double turns_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double turns_now(void) { return turns_clock(CLOCK_MONOTONIC); }

/* The largest resident memory so far. */
static long long turns_memory_bytes(void)
{
    char line[256];
    long long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = atoll(line + 6);
    if (f)
        fclose(f);
    return 1024 * kib;
}

/* Fills runs with the seconds of each run of `run`, as protocol.py's timed() does; returns how many.  *calls: those before included. */
static int turns_timed(void (*run)(void *), void *arg, double seconds, double *runs, int *calls)
{
    int n = 0;
    *calls = 0;
    double begin = turns_now();
    for (; *calls < TURNS_BEFORE && turns_now() - begin < seconds; ++*calls)
        run(arg);
    begin = turns_now();
    double last = begin;
    while (n < TURNS_MOST && (!n || last - begin < seconds || (n < TURNS_LEAST && last - begin < TURNS_SLOW * seconds))) {
        run(arg);
        double now = turns_now();
        runs[n++] = now - last;
        last = now;
    }
    *calls += n;
    return n;
}

/* Answers until standard input ends.  more: members of every answer, as "\"key\": 1, ". */
static void turns_serve(void (*run)(void *), void *arg, const char *more)
{
    static double runs[TURNS_MOST];
    double seconds;
    printf("{%s\"memory_bytes\": %lld}\n", more, turns_memory_bytes());
    fflush(stdout);
    while (scanf("%lf", &seconds) == 1) {
        double before = turns_clock(CLOCK_PROCESS_CPUTIME_ID);
        int calls, n = turns_timed(run, arg, seconds, runs, &calls);
        double used = turns_clock(CLOCK_PROCESS_CPUTIME_ID) - before;
        printf("{%s\"memory_bytes\": %lld, \"cpu_seconds\": %.6f, \"calls\": %d, \"seconds\": [", more, turns_memory_bytes(),
               used, calls);
        for (int i = 0; i < n; i++)
            printf("%s%.6f", i ? ", " : "", runs[i]);
        puts("]}");
        fflush(stdout);
    }
}
#endif
