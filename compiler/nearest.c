/* Did you mean: the nearest of some words. */
#include "diag.h"
#include <stdlib.h>
#include <string.h>

/* Levenshtein distance with transpositions, of words up to 63 letters; more than `most`: most + 1. */
static int edit_distance(const char *a, const char *b, int most)
{
    enum { MAX = 64 };
    int n = (int)strlen(a), m = (int)strlen(b);
    if (n >= MAX || m >= MAX || abs(n - m) > most)
        return most + 1;
    int rows[3][MAX];
    for (int k = 0; k <= m; k++)
        rows[0][k] = k;
    for (int i = 1; i <= n; i++) {
        int *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        row[0] = i;
        for (int k = 1; k <= m; k++) {
            int best = up[k - 1] + (a[i - 1] != b[k - 1]);
            if (up[k] + 1 < best)
                best = up[k] + 1;
            if (row[k - 1] + 1 < best)
                best = row[k - 1] + 1;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] && up2[k - 2] + 1 < best)
                best = up2[k - 2] + 1;
            row[k] = best;
        }
    }
    return rows[n % 3][m];
}

void nearest_start(Nearest *s, const char *word) { *s = (Nearest){ word, NULL, 2 + ((int)strlen(word) - 1) / 3 }; }

void nearest_try(Nearest *s, const char *candidate)
{
    if (s->distance <= 0)
        return;
    int d = edit_distance(s->word, candidate, s->distance - 1);
    if (d < s->distance) {
        s->distance = d;
        s->best = candidate;
    }
}

const char *nearest_result(const Nearest *s) { return s->best; }
