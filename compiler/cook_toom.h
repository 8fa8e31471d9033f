/* Cook-Toom convolution along one axis: m outputs of an r-tap filter by alpha = m + r - 1 products.
 *
 *   y = A^T [ (G g) * (B^T d) ]          d: alpha inputs, g: r taps, y_i = sum over k of g_k d_(i+k)
 *
 * Polynomials are evaluated at alpha - 1 points and at infinity (Toom 1963, Cook 1966; Winograd 1980; for
 * networks Lavin and Gray, arXiv 1509.09308).  With the Vandermonde matrix V of the points, A^T is the
 * transpose of V's first m columns, G its first r columns and B^T the transpose of its inverse; row i of B^T
 * is multiplied by N_i = product over j of (p_i - p_j), which makes it the monic polynomial through the other
 * points, and row i of G is divided by N_i.  All of it in exact fractions.
 *
 * Stride 2, y_i = sum over k of g_k d_(2i+k), is two such convolutions added up: the taps of even k on the even
 * inputs, those of odd k on the odd ones.  alpha = 2m + r - 2, and the matrices lie side by side.  A single odd
 * tap takes m products with the same weight, which is kept once.
 *
 * The points decide the error, more than alpha does: docs/numerics.md has the table. */
#ifndef INCEPTC_COOK_TOOM_H
#define INCEPTC_COOK_TOOM_H
#include "arena.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct Fraction {
    int64_t num, den; /* reduced, den > 0 */
} Fraction;

enum { COOK_TOOM_MOST = 13 }; /* largest alpha */

typedef struct CookToom {
    int m, r, stride, alpha;
    Fraction a[COOK_TOOM_MOST][COOK_TOOM_MOST]; /* A^T: m x alpha */
    Fraction g[COOK_TOOM_MOST][COOK_TOOM_MOST]; /* G: alpha x r */
    Fraction b[COOK_TOOM_MOST][COOK_TOOM_MOST]; /* B^T: alpha x alpha */
    int mate[COOK_TOOM_MOST];   /* the row whose point is the negative one: its terms are equal or opposite; -1: none */
    bool mirror[COOK_TOOM_MOST]; /* that holds for B^T too, not only for A */
    int weight[COOK_TOOM_MOST], weights; /* which of the `weights` different rows of G: counted in order */
} CookToom;

/* Are there points for it?  m = r = 1 is the identity: one product. */
bool cook_toom_known(int m, int r, int stride);
/* Fills out; known must hold. */
void cook_toom(CookToom *out, int m, int r, int stride);
/* The number of points of the largest of its convolutions of stride 1, which the error grows with. */
int cook_toom_points(int m, int r, int stride);
int cook_toom_alpha(int m, int r, int stride);
int cook_toom_weights(int m, int r, int stride); /* different rows of G */
/* "0, 1, -1 and infinity": the points of a convolution of stride 1 by alpha products. */
const char *cook_toom_points_text(Arena *a, int alpha);
bool cook_toom_two_axes(const CookToom *h, const CookToom *w); /* neither is the identity */
double fraction_value(Fraction f);
Fraction fraction_over(Fraction a, Fraction b); /* a / b */
#endif
