/* The rows as an SVG: one panel a column, over the first parameter that changes.
 *
 * All texts are names and numbers of the language, which need no escaping. */
#include "sweep.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ACROSS = 2, CELL_W = 380, CELL_H = 250, LEFT = 64, RIGHT = 24, TOP = 34, BOTTOM = 44, LEGEND_LINE = 18, TICKS = 5 };

/* Okabe and Ito's colours, told apart by all kinds of sight; dashes tell apart what comes after them. */
static const char *const colors[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9" };
static const char *const dashes[] = { "none", "6 3", "2 3", "8 3 2 3" };
enum { N_COLORS = sizeof colors / sizeof *colors, N_DASHES = sizeof dashes / sizeof *dashes };

typedef struct Scale {
    double from, to, step;
} Scale;

/* Round steps of 1, 2 or 5 times a power of ten that hold low .. high. */
static Scale scale_of(double low, double high)
{
    double span = high > low ? high - low : fabs(high) > 0 ? fabs(high) : 1, raw = span / (TICKS - 1), power = pow(10, floor(log10(raw)));
    double step = raw <= power ? power : raw <= 2 * power ? 2 * power : raw <= 5 * power ? 5 * power : 10 * power;
    Scale s = { step * floor(low / step), step * ceil(high / step), step };
    if (s.to <= s.from)
        s.to = s.from + step;
    return s;
}

static double place(const Scale *s, double v, double begin, double end) { return begin + (end - begin) * (v - s->from) / (s->to - s->from); }

/* 1500000 as "1.5M". */
static const char *tick_text(Arena *a, double v)
{
    static const struct { double of; const char *suffix; } units[] = { { 1e9, "G" }, { 1e6, "M" }, { 1e3, "k" } };
    for (int i = 0; i < 3; i++)
        if (fabs(v) >= units[i].of)
            return arena_printf(a, "%.4g%s", v / units[i].of, units[i].suffix);
    return arena_printf(a, "%.4g", fabs(v) < 1e-12 ? 0 : v);
}

typedef struct Plot {
    const Sweep *s;
    FILE *f;
    int axis;     /* along x */
    int n_series; /* combinations of the others */
    Scale x;
} Plot;

static double x_of(const Plot *p, const SweepRow *r) { return strtod(r->values[p->axis], NULL); }

/* Rows differ in other parameters than that of x: which line a row is on. */
static int series_of(const Plot *p, int row)
{
    int after = 1, n = p->s->axes[p->axis].values.n;
    for (int k = p->axis + 1; k < p->s->n_axes; k++)
        after *= p->s->axes[k].values.n;
    return row / (after * n) * after + row % after;
}

static Scale value_scale(const Plot *p, const Column *c)
{
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < p->s->n_rows; i++) {
        double v = c->of(&p->s->rows[i]);
        low = v < low ? v : low; /* a NaN is passed over */
        high = v > high ? v : high;
    }
    if (!isfinite(low))
        return (Scale){ 0, 1, 1 };
    return scale_of(strstr(c->name, "loss") || strstr(c->name, "accuracy") ? low : 0, high);
}

static void frame(const Plot *p, const Column *c, const Scale *y, double left, double top)
{
    double right = left + CELL_W - LEFT - RIGHT, bottom = top + CELL_H - TOP - BOTTOM;
    fprintf(p->f, "<text class=\"title\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", left, top - 12, c->title);
    for (double v = y->from; v <= y->to + y->step / 2; v += y->step) {
        double at = place(y, v, bottom, top);
        fprintf(p->f, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/><text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left, at,
                right, left - 6, at + 4, tick_text(p->s->a, v));
    }
    for (double v = p->x.from; v <= p->x.to + p->x.step / 2; v += p->x.step)
        fprintf(p->f, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", place(&p->x, v, left, right), bottom + 16,
                tick_text(p->s->a, v));
    fprintf(p->f, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", (left + right) / 2, bottom + 32,
            p->s->axes[p->axis].name);
}

static void line(const Plot *p, const Column *c, const Scale *y, int series, double left, double top)
{
    double right = left + CELL_W - LEFT - RIGHT, bottom = top + CELL_H - TOP - BOTTOM;
    const char *color = colors[series % N_COLORS];
    fprintf(p->f, "<path class=\"line\" stroke=\"%s\" stroke-dasharray=\"%s\" d=\"", color, dashes[series / N_COLORS % N_DASHES]);
    bool begun = false;
    for (int i = 0; i < p->s->n_rows; i++) {
        double v = c->of(&p->s->rows[i]);
        if (series_of(p, i) != series || isnan(v))
            continue;
        fprintf(p->f, "%c%.1f %.1f", begun ? 'L' : 'M', place(&p->x, x_of(p, &p->s->rows[i]), left, right), place(y, v, bottom, top));
        begun = true;
    }
    fprintf(p->f, "\"/>\n");
    for (int i = 0; i < p->s->n_rows; i++) {
        double v = c->of(&p->s->rows[i]);
        if (series_of(p, i) == series && !isnan(v))
            fprintf(p->f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"><title>%s: %s %.10g</title></circle>\n",
                    place(&p->x, x_of(p, &p->s->rows[i]), left, right), place(y, v, bottom, top), color, sweep_name(p->s, &p->s->rows[i], ' '), c->title, v);
    }
}

/* What the rows of a line have in common. */
static const char *series_name(const Plot *p, int series)
{
    const char *text = "";
    for (int i = 0; i < p->s->n_rows; i++)
        if (series_of(p, i) == series) {
            for (int k = 0; k < p->s->n_axes; k++)
                if (k != p->axis)
                    text = arena_printf(p->s->a, "%s%s%s=%s", text, *text ? " " : "", p->s->axes[k].name, p->s->rows[i].values[k]);
            break;
        }
    return text;
}

static void legend(const Plot *p, double top)
{
    for (int i = 0; i < p->n_series; i++) {
        double x = 20 + i % ACROSS * CELL_W, y = top + i / ACROSS * LEGEND_LINE;
        fprintf(p->f, "<path class=\"line\" stroke=\"%s\" stroke-dasharray=\"%s\" d=\"M%.1f %.1fh28\"/><text class=\"tick\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                colors[i % N_COLORS], dashes[i / N_COLORS % N_DASHES], x, y, x + 36, y + 4, series_name(p, i));
    }
}

static void panels(const Plot *p)
{
    Column columns[MOST_COLUMNS];
    int n = sweep_columns(p->s, columns), down = (n + ACROSS - 1) / ACROSS, lines = p->n_series > 1 ? (p->n_series + ACROSS - 1) / ACROSS : 0;
    int width = ACROSS * CELL_W, height = 30 + down * CELL_H + lines * LEGEND_LINE;
    fprintf(p->f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n",
            width, height, width, height);
    fprintf(p->f, "<style>svg{background:#fff;color:#222}.title{font-weight:bold;fill:currentColor}.tick{fill:currentColor}.grid{stroke:#8884}"
                  ".line{fill:none;stroke-width:2}@media(prefers-color-scheme:dark){svg{background:#181818;color:#ddd}}</style>\n");
    fprintf(p->f, "<title>%s by %s</title>\n<text class=\"title\" x=\"20\" y=\"20\">%s</text>\n", p->s->net, p->s->axes[p->axis].name, p->s->net);
    for (int i = 0; i < n; i++) {
        double left = i % ACROSS * CELL_W + LEFT, top = 20 + i / ACROSS * CELL_H + TOP;
        Scale y = value_scale(p, &columns[i]);
        frame(p, &columns[i], &y, left, top);
        for (int k = 0; k < p->n_series; k++)
            line(p, &columns[i], &y, k, left, top);
    }
    if (lines)
        legend(p, 30 + down * CELL_H);
    fprintf(p->f, "</svg>\n");
}

void sweep_plot(const Sweep *s, FILE *f)
{
    Plot p = { .s = s, .f = f, .n_series = 1 };
    while (p.axis < s->n_axes - 1 && s->axes[p.axis].values.n < 2)
        p.axis++;
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < s->n_rows; i++) {
        low = fmin(low, x_of(&p, &s->rows[i]));
        high = fmax(high, x_of(&p, &s->rows[i]));
    }
    p.x = scale_of(low, high);
    for (int i = 0; i < s->n_rows; i++)
        if (series_of(&p, i) >= p.n_series)
            p.n_series = series_of(&p, i) + 1;
    panels(&p);
}
