/* What certify found, for people and for programs. */
#include "../formats/json.h"
#include "certify.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *side(const Certify *c)
{
    return c->o->compiled ? "the compiled program" : c->o->training ? "in double precision, training" : "in double precision";
}

static const char *reference_shape(const CertifyRow *row, char *out, size_t size)
{
    return safetensors_shape_text(row->array->entry->rank, row->array->entry->shape, out, size);
}

static void print_row(const Certify *c, const CertifyRow *row)
{
    const Tensor *t = row->array->tensor;
    char theirs[128], ulp[24];
    printf("%-36s %-12s ", t->name, shape_text(c->a, &t->shape));
    if (!row->fits) {
        printf("%9s %10s %10s %8s  DISAGREES: the reference's is %s%s\n", "-", "-", "-", "-", reference_shape(row, theirs, sizeof theirs),
               row->array->sampled ? ", sampled" : "");
        return;
    }
    snprintf(ulp, sizeof ulp, "%" PRId64, row->c.ulp);
    printf("%9" PRIu64 " %10.2g %10.2g %8s  %s\n", row->array->entry->count, row->c.max_abs, row->c.relative,
           row->c.ulp == INT64_MAX ? "-" : ulp, row->agrees ? "agrees" : "DISAGREES");
}

typedef struct Summary {
    int compared, agree;
    const CertifyRow *worst; /* of those that agree; null: none does */
} Summary;

static Summary summarise(const Certify *c)
{
    Summary s = { 0 };
    for (int i = 0; i < c->n_rows; i++) {
        const CertifyRow *row = &c->rows[i];
        s.compared += row->compared;
        s.agree += row->compared && row->agrees;
        if (row->compared && row->agrees && (!s.worst || row->c.relative > s.worst->c.relative))
            s.worst = row;
    }
    return s;
}

static void print_finding(const Certify *c, const CertifyRow *first)
{
    const Finding *f = &c->finding;
    printf("the first disagreement is '%s'\n", first->array->tensor->name);
    if (!f->kind)
        return;
    printf("  %s: %s\n", f->kind, f->text);
    if (f->layer)
        printf("  layer '%s'", f->layer);
    if (f->layer && f->loc.line)
        printf(", %s:%d:%d", diag_file_name(f->loc.file), f->loc.line, f->loc.col);
    if (f->layer)
        printf("\n");
}

void certify_print(const Certify *c)
{
    printf("%s against %s: %s, %d input%s\n\n", c->g->name, c->ref.path, side(c), c->in.n, c->in.n == 1 ? "" : "s");
    printf("%-36s %-12s %9s %10s %10s %8s\n", "tensor", "shape", "compared", "max |d|", "relative", "ULP");
    for (int i = 0; i < c->n_rows; i++)
        if (c->rows[i].compared)
            print_row(c, &c->rows[i]);
    Summary s = summarise(c);
    printf("\n%d of %d tensors agree", s.agree, s.compared);
    if (s.worst)
        printf("; the worst of them '%s': %.2g relative, at most %g is allowed", s.worst->array->tensor->name, s.worst->c.relative,
               s.worst->bound);
    printf("\n");
    if (s.compared < c->n_rows)
        printf("%d more of the reference's are not kept by the program\n", c->n_rows - s.compared);
    if (certify_first_disagreement(c))
        print_finding(c, certify_first_disagreement(c));
}

/* ---- JSON ---- */

static void json_text(const char *key, const char *value)
{
    printf("\"%s\": ", key);
    if (value)
        json_write_string(stdout, value);
    else
        printf("null");
}

static void json_double(const char *key, double v)
{
    if (isfinite(v))
        printf(", \"%s\": %.6g", key, v);
    else
        printf(", \"%s\": null", key);
}

static void print_row_json(const Certify *c, const CertifyRow *row)
{
    const Tensor *t = row->array->tensor;
    printf("{");
    json_text("name", t->name);
    printf(", \"shape\": \"%s\", \"sampled\": %s", shape_text(c->a, &t->shape), row->array->sampled ? "true" : "false");
    printf(", \"compared\": %" PRIu64, row->fits ? row->array->entry->count : 0);
    if (row->fits) {
        json_double("max_abs", row->c.max_abs);
        json_double("relative", row->c.relative);
        json_double("ulp", row->c.ulp == INT64_MAX ? INFINITY : (double)row->c.ulp);
        json_double("bound", row->bound);
    }
    printf(", \"agrees\": %s}", row->agrees ? "true" : "false");
}

void certify_print_json(const Certify *c)
{
    const CertifyRow *first = certify_first_disagreement(c);
    const Finding *f = &c->finding;
    printf("{");
    json_text("network", c->g->name);
    printf(", ");
    json_text("against", c->ref.path);
    printf(", \"compiled\": %s, \"training\": %s, \"inputs\": %d, \"tensors\": [", c->o->compiled ? "true" : "false",
           c->o->training ? "true" : "false", c->in.n);
    const char *comma = "";
    for (int i = 0; i < c->n_rows; i++) {
        if (!c->rows[i].compared)
            continue;
        printf("%s\n  ", comma);
        print_row_json(c, &c->rows[i]);
        comma = ",";
    }
    printf("\n], \"agrees\": %s, ", first ? "false" : "true");
    json_text("first_disagreement", first ? first->array->tensor->name : NULL);
    printf(", \"suspect\": {");
    json_text("kind", f->kind);
    printf(", ");
    json_text("layer", f->layer);
    printf(", ");
    json_text("text", f->text);
    printf("}}\n");
}
