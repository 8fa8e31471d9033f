/* init.c - how weights start.  Element k of a weight is a function of seed, the weight's name and
 * k, so it depends on no other weight and on no order, and has the same bits on every machine.
 * Compile with -ffp-contract=off. */
#include "network.h"
#include <math.h>

/* FNV-1a, 64 bits. */
static uint64_t hash_name(const char *s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h;
}

/* Where the numbers of a weight come from: key is the seed; the counter is element, attempt, name.
 */
typedef RtPhilox Stream;

static Stream stream_of(const RtWeight *w, uint64_t seed)
{
    uint64_t name = hash_name(w->name);
    return (Stream){ .counter = { 0, 0, (uint32_t)name, (uint32_t)(name >> 32) },
                     .key = { (uint32_t)seed, (uint32_t)(seed >> 32) } };
}

/* The middle of one of 2^52 equal parts of (0, 1): never 0, never 1, and exact. */
static double draw(Stream *s, size_t element, uint32_t attempt)
{
    uint32_t word[4];
    s->counter[0] = (uint32_t)element;
    s->counter[1] = (uint32_t)((uint64_t)element >> 32) | attempt << 8;
    rt_philox(s, word);
    uint64_t part = ((uint64_t)word[0] << 32 | word[1]) >> 12;
    return ((double)part + 0.5) * 0x1p-52;
}

/* A polynomial of degree 7, highest coefficient last. */
static double polynomial(const double c[8], double x)
{
    double y = c[7];
    for (int i = 6; i >= 0; i--)
        y = y * x + c[i];
    return y;
}

/* The inverse of the normal distribution function, to about 1e-16: algorithm AS 241 (PPND16) of
 * M. J. Wichura, Applied Statistics 37 (1988), pages 477-484. */
static double normal_quantile(double p)
{
    static const double a[8] = { 3.3871328727963666080e0, 1.3314166789178437745e2,
                                 1.9715909503065514427e3, 1.3731693765509461125e4,
                                 4.5921953931549871457e4, 6.7265770927008700853e4,
                                 3.3430575583588128105e4, 2.5090809287301226727e3 };
    static const double b[8] = { 1,
                                 4.2313330701600911252e1,
                                 6.8718700749205790830e2,
                                 5.3941960214247511077e3,
                                 2.1213794301586595867e4,
                                 3.9307895800092710610e4,
                                 2.8729085735721942674e4,
                                 5.2264952788528545610e3 };
    static const double c[8] = { 1.42343711074968357734e0,  4.63033784615654529590e0,
                                 5.76949722146069140550e0,  3.64784832476320460504e0,
                                 1.27045825245236838258e0,  2.41780725177450611770e-1,
                                 2.27238449892691845833e-2, 7.74545014278341407640e-4 };
    static const double d[8] = { 1,
                                 2.05319162663775882187e0,
                                 1.67638483018380384940e0,
                                 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1,
                                 1.51986665636164571966e-2,
                                 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9 };
    static const double e[8] = { 6.65790464350110377720e0,  5.46378491116411436990e0,
                                 1.78482653991729133580e0,  2.96560571828504891230e-1,
                                 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                 2.71155556874348757815e-5, 2.01033439929228813265e-7 };
    static const double f[8] = { 1,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15 };
    double q = p - 0.5;
    if (q >= -0.425 && q <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(a, r) / polynomial(b, r);
    }
    double r = sqrt(-rt_log(q < 0 ? p : 1 - p));
    double x = r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6)
                      : polynomial(e, r - 5) / polynomial(f, r - 5);
    return q < 0 ? -x : x;
}

static void fill_uniform(Stream *s, size_t n, double bound, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(bound * (2 * draw(s, i, 0) - 1));
}

static void fill_normal(Stream *s, size_t n, double std, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(std * normal_quantile(draw(s, i, 0)));
}

/* Values outside +-bound are drawn again; a bound so narrow that 10000 draws miss it gives 0. */
static void fill_truncated(Stream *s, size_t n, double std, double bound, float *out)
{
    enum { ATTEMPTS = 10000 };
    for (size_t i = 0; i < n; i++) {
        double x = 0;
        for (uint32_t attempt = 0; attempt < ATTEMPTS; attempt++) {
            x = std * normal_quantile(draw(s, i, attempt));
            if (x >= -bound && x <= bound)
                break;
            x = 0;
        }
        out[i] = (float)x;
    }
}

void rt_init_weight(const RtWeight *w, uint64_t seed, float *out)
{
    size_t n = network_weight_count(w);
    Stream s = stream_of(w, seed);
    switch (w->init) {
    case RT_INIT_CONSTANT:
        for (size_t i = 0; i < n; i++)
            out[i] = (float)w->a;
        return;
    case RT_INIT_XAVIER: fill_uniform(&s, n, sqrt(3.0 / w->fan_in), out); return;
    case RT_INIT_GLOROT:
        fill_uniform(&s, n, sqrt(6.0 / ((double)w->fan_in + w->fan_out)), out);
        return;
    case RT_INIT_HE: fill_normal(&s, n, sqrt(2.0 / w->fan_in), out); return;
    case RT_INIT_NORMAL: fill_normal(&s, n, w->a, out); return;
    case RT_INIT_TRUNC_NORMAL: fill_truncated(&s, n, w->a, w->b, out); return;
    case RT_INIT_TORCH: fill_uniform(&s, n, 1 / sqrt((double)w->fan_in), out); return;
    }
}
