/* math.c - exp, log and pow of this library: the same bits on every machine that adds and
 * multiplies doubles as IEEE 754 says.  Compile with -ffp-contract=off: a fused multiply-add would
 * change bits. */
#include "../rt.h"
#include <string.h>

/* ln 2 as a sum: the high part ends in 21 zero bits, so that k * LN2_HI is exact for |k| < 2^21. */
static const double LN2_HI = 0x1.62e42feep-1, LN2_LO = 0x1.a39ef35793c76p-33;

static uint64_t bits_of(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static double double_of(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* 2^k for -1022 <= k <= 1023. */
static double power_of_two(int k) { return double_of((uint64_t)(k + 1023) << 52); }

/* e^x = 2^k e^r with k = round(x / ln 2), r = hi - lo, |r| <= 0.347.  e^r by its Taylor polynomial
 * of degree 13, whose next term is below 2^-57; 1 + r is added last, so rounding stays below one
 * ulp. */
double rt_exp(double x)
{
    static const double term[] = {
        /* 1 / n!, n = 13 .. 2 */
        1 / 6227020800.0, 1 / 479001600.0, 1 / 39916800.0, 1 / 3628800.0, 1 / 362880.0, 1 / 40320.0,
        1 / 5040.0,       1 / 720.0,       1 / 120.0,      1 / 24.0,      1 / 6.0,      0.5,
    };
    if (x != x)
        return x;
    if (x > 709.782712893384)
        return double_of(0x7ff0000000000000);
    if (x < -745.1332191019412)
        return 0;
    double scaled = x * 0x1.71547652b82fep+0; /* 1 / ln 2 */
    int k = (int)(scaled + (scaled < 0 ? -0.5 : 0.5));
    double hi = x - k * LN2_HI, lo = k * LN2_LO, r = hi - lo, q = 0;
    for (size_t i = 0; i < sizeof term / sizeof term[0]; i++)
        q = q * r + term[i];
    double y = 1 + (hi - (lo - r * r * q));
    if (k > 1023)
        return y * 2 * power_of_two(k - 1);
    if (k < -1021)
        return y * power_of_two(k + 54) * 0x1p-54; /* one rounding, in the last product */
    return y * power_of_two(k);
}

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)), f = m - 1, s = f / (2 + f): log(1 + f) = 2 atanh(s),
 * and with 2 s = f - s f it is f - (f^2/2 - s (f^2/2 + R)), R = s^2 (2/3 + 2/5 s^2 + 2/7 s^4 +
 * ...), s^2 < 0.0295. */
double rt_log(double x)
{
    if (x != x || x == double_of(0x7ff0000000000000))
        return x;
    if (x == 0)
        return double_of(0xfff0000000000000);
    if (x < 0)
        return double_of(0x7ff8000000000000);
    int k = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        k = -54;
    }
    uint64_t u = bits_of(x);
    k += (int)(u >> 52) - 1023;
    double m = double_of((u & 0xfffffffffffff) | 0x3ff0000000000000);
    if (m > 0x1.6a09e667f3bcdp+0) {
        m *= 0.5;
        k++;
    }
    double f = m - 1, s = f / (2 + f), z = s * s, r = 0, half = 0.5 * f * f;
    for (int n = 25; n >= 3; n -= 2)
        r = (r + 2.0 / n) * z;
    return k * LN2_HI - ((half - (s * (half + r) + k * LN2_LO)) - f);
}

/* The relative error is about (1 + |y log x|) 2^-53. */
double rt_pow(double x, double y) { return rt_exp(y * rt_log(x)); }
