/* target.c - names of targets and of levels of numerics, and what this processor and its system can run. */
#include "../rt.h"

const char *rt_target_name(RtTarget target)
{
    switch (target) {
    case RT_TARGET_PLAIN: return "plain";
    case RT_TARGET_V3: return "x86-64-v3";
    case RT_TARGET_V4: return "x86-64-v4";
    }
    return "unknown";
}

/* The compiler's own cpu model asks CPUID for the instructions and XGETBV whether the system saves
 * the wide registers, so a kernel without AVX-512 state counts as a processor without AVX-512. Each
 * target asks for every extension that its code is compiled for. */
int rt_target_runs_here(RtTarget target)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi2");
    int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512cd");
#else
    int v3 = 0, v4 = 0;
#endif
    switch (target) {
    case RT_TARGET_PLAIN: return 1;
    case RT_TARGET_V3: return v3;
    case RT_TARGET_V4: return v4;
    }
    return 0;
}

const char *rt_numerics_name(RtNumerics numerics)
{
    switch (numerics) {
    case RT_NUMERICS_EXACT: return "exact";
    case RT_NUMERICS_SAFE: return "safe";
    case RT_NUMERICS_FAST: return "fast";
    }
    return "unknown";
}

double rt_numerics_error(RtNumerics numerics)
{
    switch (numerics) {
    case RT_NUMERICS_EXACT: return 1e-4;
    case RT_NUMERICS_SAFE: return 1e-3;
    case RT_NUMERICS_FAST: return 5e-3;
    }
    return 0;
}
