#include "cook_toom.h"
#include "diag.h"

/* ---- Fractions: 128-bit products, checked ---- */

static __int128 gcd(__int128 a, __int128 b)
{
    while (b) {
        __int128 t = a % b;
        a = b;
        b = t;
    }
    return a < 0 ? -a : a;
}

static Fraction reduced(__int128 num, __int128 den)
{
    __int128 g = gcd(num, den);
    num /= g;
    den /= g;
    if (den < 0) {
        num = -num;
        den = -den;
    }
    CHECK(num <= INT64_MAX && num >= -INT64_MAX && den <= INT64_MAX);
    return (Fraction){ (int64_t)num, (int64_t)den };
}

static Fraction times(Fraction a, Fraction b) { return reduced((__int128)a.num * b.num, (__int128)a.den * b.den); }
static Fraction minus(Fraction a, Fraction b)
{
    return reduced((__int128)a.num * b.den - (__int128)b.num * a.den, (__int128)a.den * b.den);
}
Fraction fraction_over(Fraction a, Fraction b) { return reduced((__int128)a.num * b.den, (__int128)a.den * b.num); }
double fraction_value(Fraction f) { return (double)f.num / (double)f.den; }

/* ---- Points ---- */

/* By alpha: the finite points; infinity is the last.  Pairs +-p keep transforms short; sets closed under 1/p
 * keep errors small; where halves and quarters do, coefficients are floats exactly. */
static const struct { int n; Fraction at[COOK_TOOM_MOST - 1]; } points[COOK_TOOM_MOST + 1] = {
    [4] = { 3, { { 0, 1 }, { 1, 1 }, { -1, 1 } } },
    [5] = { 4, { { 0, 1 }, { 1, 1 }, { -1, 1 }, { 1, 2 } } },
    [6] = { 5, { { 0, 1 }, { 3, 4 }, { -3, 4 }, { 3, 2 }, { -3, 2 } } },
    [7] = { 6, { { 0, 1 }, { 1, 2 }, { -1, 2 }, { 6, 5 }, { -6, 5 }, { 5, 2 } } },
    [8] = { 7, { { 0, 1 }, { 1, 1 }, { -1, 1 }, { 2, 1 }, { -2, 1 }, { 1, 2 }, { -1, 2 } } },
    [10] = { 9, { { 0, 1 }, { 1, 2 }, { -1, 2 }, { 5, 6 }, { -5, 6 }, { 5, 4 }, { -5, 4 }, { 5, 2 }, { -5, 2 } } },
    [12] = { 11, { { 0, 1 }, { 1, 3 }, { -1, 3 }, { 2, 3 }, { -2, 3 }, { 1, 1 }, { -1, 1 }, { 3, 2 }, { -3, 2 }, { 3, 1 }, { -3, 1 } } },
};

/* Taps of the even and of the odd inputs. */
static int even_taps(int r) { return (r + 1) / 2; }
static int odd_taps(int r) { return r / 2; }

/* One tap, or one output, needs no points. */
static bool known(int m, int r)
{
    int alpha = m + r - 1;
    return m >= 1 && r >= 1 && (alpha == 1 || (m > 1 && r > 1 && alpha <= COOK_TOOM_MOST && points[alpha].n > 0));
}

bool cook_toom_known(int m, int r, int stride)
{
    if (stride == 1)
        return known(m, r);
    if (stride != 2 || r < 3 || cook_toom_alpha(m, r, 2) > COOK_TOOM_MOST)
        return false;
    return known(m, even_taps(r)) && (odd_taps(r) == 1 || known(m, odd_taps(r)));
}

int cook_toom_alpha(int m, int r, int stride) { return stride == 1 ? m + r - 1 : 2 * m + r - 2; }
int cook_toom_points(int m, int r, int stride) { return m + (stride == 1 ? r : even_taps(r)) - 1; }

int cook_toom_weights(int m, int r, int stride)
{
    return stride == 1 ? m + r - 1 : m + even_taps(r) - 1 + (odd_taps(r) == 1 ? 1 : m + odd_taps(r) - 1);
}

const char *cook_toom_points_text(Arena *a, int alpha)
{
    const char *text = "";
    for (int i = 0; i < points[alpha].n; i++) {
        Fraction p = points[alpha].at[i];
        const char *over = p.den == 1 ? "" : arena_printf(a, "/%lld", (long long)p.den);
        text = arena_printf(a, "%s%s%lld%s", text, i ? ", " : "", (long long)p.num, over);
    }
    return arena_printf(a, "%s and infinity", text);
}

/* p to the power k; at infinity only the highest power of `columns` is one. */
static Fraction power(const CookToom *t, int i, int k, int columns)
{
    if (i == t->alpha - 1)
        return (Fraction){ k == columns - 1, 1 };
    Fraction v = { 1, 1 };
    for (int n = 0; n < k; n++)
        v = times(v, points[t->alpha].at[i]);
    return v;
}

/* Row i of B^T: the coefficients of the product of (x - p_j) over the finite j != i. */
static void other_points(CookToom *t, int i)
{
    Fraction *c = t->b[i];
    for (int k = 0; k < t->alpha; k++)
        c[k] = (Fraction){ k == 0, 1 };
    for (int j = 0, degree = 0; j < t->alpha - 1; j++) {
        if (j == i)
            continue;
        Fraction p = points[t->alpha].at[j];
        degree++;
        for (int k = degree; k > 0; k--)
            c[k] = minus(c[k - 1], times(p, c[k]));
        c[0] = minus((Fraction){ 0, 1 }, times(p, c[0]));
    }
}

/* N_i: what the monic row was multiplied by. */
static Fraction norm(const CookToom *t, int i)
{
    Fraction n = { 1, 1 };
    for (int j = 0; j < t->alpha - 1 && i < t->alpha - 1; j++)
        if (j != i)
            n = times(n, minus(points[t->alpha].at[i], points[t->alpha].at[j]));
    return n;
}

/* Rows of p and -p are alike where all other points come in pairs: equal in even terms, opposite in odd ones. */
static bool mirrored(const CookToom *t, int i, int j)
{
    for (int k = 0; k < t->alpha; k++) {
        Fraction x = t->b[i][k], y = t->b[j][k];
        if (x.den != y.den || (k % 2 ? x.num != -y.num : x.num != y.num))
            return false;
    }
    return true;
}

static void find_mates(CookToom *t)
{
    for (int i = 0; i + 1 < t->alpha - 1; i++) {
        Fraction p = points[t->alpha].at[i], q = points[t->alpha].at[i + 1];
        if (p.num == 0 || p.num != -q.num || p.den != q.den || t->mate[i] >= 0)
            continue;
        t->mate[i] = i + 1;
        t->mate[i + 1] = i;
        t->mirror[i] = t->mirror[i + 1] = mirrored(t, i, i + 1);
    }
}

/* m outputs of one tap: m products with one weight; m = 1 is the identity. */
static void one_tap(CookToom *t)
{
    for (int i = 0; i < t->m; i++)
        t->a[i][i] = t->g[i][0] = t->b[i][i] = (Fraction){ 1, 1 };
    t->weights = 1;
}

static void stride_1(CookToom *t)
{
    for (int i = 0; i < t->alpha; i++) {
        t->mate[i] = -1;
        t->weight[i] = t->r == 1 ? 0 : i;
    }
    t->weights = t->alpha;
    if (t->r == 1) {
        one_tap(t);
        return;
    }
    for (int i = 0; i < t->alpha; i++) {
        other_points(t, i);
        Fraction n = norm(t, i);
        for (int k = 0; k < t->r; k++)
            t->g[i][k] = fraction_over(power(t, i, k, t->r), n);
        for (int k = 0; k < t->m; k++)
            t->a[k][i] = power(t, i, k, t->m);
    }
    find_mates(t);
}

/* Adds a convolution of the inputs and taps phase, phase + 2, ... to the rows from `row` on. */
static void add_phase(CookToom *out, const CookToom *part, int phase, int row)
{
    for (int i = 0; i < part->alpha; i++) {
        for (int k = 0; k < part->alpha; k++)
            out->b[row + i][2 * k + phase] = part->b[i][k];
        for (int k = 0; k < part->r; k++)
            out->g[row + i][2 * k + phase] = part->g[i][k];
        for (int k = 0; k < part->m; k++)
            out->a[k][row + i] = part->a[k][i];
        out->mate[row + i] = part->mate[i] < 0 ? -1 : row + part->mate[i];
        out->mirror[row + i] = part->mirror[i];
        out->weight[row + i] = out->weights + part->weight[i];
    }
    out->weights += part->weights;
}

void cook_toom(CookToom *out, int m, int r, int stride)
{
    CHECK(cook_toom_known(m, r, stride));
    *out = (CookToom){ .m = m, .r = r, .stride = stride, .alpha = cook_toom_alpha(m, r, stride) };
    if (stride == 1) {
        stride_1(out);
        return;
    }
    CookToom even = { .m = m, .r = even_taps(r), .stride = 1, .alpha = m + even_taps(r) - 1 };
    CookToom odd = { .m = m, .r = odd_taps(r), .stride = 1, .alpha = m + odd_taps(r) - 1 };
    stride_1(&even);
    stride_1(&odd);
    for (int i = 0; i < out->alpha; i++)
        for (int k = 0; k < out->alpha; k++)
            out->a[i][k] = out->b[i][k] = out->g[i][k] = (Fraction){ 0, 1 };
    add_phase(out, &even, 0, 0);
    add_phase(out, &odd, 1, even.alpha);
}

bool cook_toom_two_axes(const CookToom *h, const CookToom *w) { return h->alpha > 1 && w->alpha > 1; }
