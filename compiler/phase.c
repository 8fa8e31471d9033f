#include "phase.h"
#include "arena.h"
#include "diag.h"
#include <string.h>
#include <time.h>

enum { MAX_PHASES = 64 };

typedef struct Phase {
    char name[40];
    double ms;
    size_t bytes;
} Phase;

static Phase phases[MAX_PHASES];
static int n_phases, current = -1;
static double since;         /* of the current phase's beginning, ms */
static size_t bytes_before;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int find(const char *name)
{
    int i = 0;
    while (i < n_phases && strcmp(phases[i].name, name) != 0)
        i++;
    CHECK(i < MAX_PHASES);
    if (i == n_phases)
        snprintf(phases[n_phases++].name, sizeof phases->name, "%s", name);
    return i;
}

const char *phase_enter(const char *name)
{
    double now = now_ms();
    size_t bytes = arena_bytes_of_all();
    const char *left = current >= 0 ? phases[current].name : name;
    if (current >= 0) {
        phases[current].ms += now - since;
        phases[current].bytes += bytes - bytes_before;
    }
    current = find(name);
    since = now;
    bytes_before = bytes;
    return left;
}

static void print_row(const char *name, double ms, double all_ms, size_t bytes, FILE *f)
{
    fprintf(f, "%-24s %10.2f %5.1f %% %12.1f\n", name, ms, all_ms > 0 ? 100 * ms / all_ms : 0, (double)bytes / 1024);
}

void phase_print(FILE *f)
{
    double ms = 0;
    size_t bytes = 0;
    if (current >= 0)
        phase_enter(phases[current].name);
    for (int i = 0; i < n_phases; i++) {
        ms += phases[i].ms;
        bytes += phases[i].bytes;
    }
    fprintf(f, "%-24s %10s %7s %12s\n", "phase", "wall ms", "share", "arenas KiB");
    for (int i = 1; i <= n_phases; i++) { /* the first, which goes on between the others, at the end */
        const Phase *p = &phases[i % n_phases];
        print_row(p->name, p->ms, ms, p->bytes, f);
    }
    print_row("total", ms, ms, bytes, f);
}
