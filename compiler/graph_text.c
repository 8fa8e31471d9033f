/* The graph as text: one line a weight, one line a node; printed and parsed back to the same text.
 *
 *   net NAME
 *   input NAME CxHxW
 *   weight NAME SHAPE role=R init=K,a,b fans=i,o trains=0|1
 *   node OP path=P in=A,B out=NAME:SHAPE,... key=value ...        (attributes that are not the default)
 *   home NAME in=NAME at=CHANNEL
 *   head WEIGHT NAME smooth=S | mark NAME | output NAME | logits NAME
 */
#include "graph.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const roles[] = { "weight", "bias", "gamma", "beta", "mean", "var" };

/* ---- Attributes: one table for both directions ---- */

typedef enum AttrType { ATTR_INT, ATTR_BOOL, ATTR_DOUBLE, ATTR_MASK } AttrType;
typedef struct Attr {
    const char *name;
    AttrType type;
    size_t offset;
    double fallback;
    bool training; /* changes no result of inference */
} Attr;
#define A(name, type, field, fallback) { name, type, offsetof(Node, field), fallback, false }
#define T(name, field) { name, ATTR_DOUBLE, offsetof(Node, field), 0, true }
static const Attr attrs[] = {
    A("kh", ATTR_INT, window.kh, 0), A("kw", ATTR_INT, window.kw, 0), A("sh", ATTR_INT, window.sh, 1), A("sw", ATTR_INT, window.sw, 1),
    A("top", ATTR_INT, window.top, 0), A("bottom", ATTR_INT, window.bottom, 0), A("left", ATTR_INT, window.left, 0),
    A("right", ATTR_INT, window.right, 0), A("groups", ATTR_INT, groups, 1), A("ceil", ATTR_BOOL, ceil, 0),
    A("count_pad", ATTR_BOOL, count_pad, 0), A("bias", ATTR_BOOL, epilogue.bias, 0), A("residual", ATTR_BOOL, epilogue.residual, 0),
    A("scale", ATTR_DOUBLE, epilogue.scale, 1), A("relu", ATTR_MASK, epilogue.relu, 0), A("eps", ATTR_DOUBLE, eps, 0),
    T("momentum", momentum), A("lrn_size", ATTR_INT, lrn_size, 0), A("lrn_alpha", ATTR_DOUBLE, lrn_alpha, 0),
    A("lrn_beta", ATTR_DOUBLE, lrn_beta, 0), A("lrn_k", ATTR_DOUBLE, lrn_k, 0), T("rate", rate),
    T("smooth", smooth), T("weight", weight), A("begin", ATTR_INT, slice_begin, 0),
    A("kernel_h", ATTR_INT, kernel_h, 0), A("kernel_w", ATTR_INT, kernel_w, 0),
};
#undef A
#undef T
enum { N_ATTRS = sizeof attrs / sizeof *attrs };

static double get_attr(const Node *n, const Attr *a)
{
    const char *p = (const char *)n + a->offset;
    switch (a->type) {
    case ATTR_INT: return *(const int *)p;
    case ATTR_BOOL: return *(const bool *)p;
    case ATTR_DOUBLE: return *(const double *)p;
    case ATTR_MASK: return *(const uint32_t *)p;
    }
    return 0;
}

static void set_attr(Node *n, const Attr *a, double v)
{
    char *p = (char *)n + a->offset;
    switch (a->type) {
    case ATTR_INT: *(int *)p = (int)v; break;
    case ATTR_BOOL: *(bool *)p = v != 0; break;
    case ATTR_DOUBLE: *(double *)p = v; break;
    case ATTR_MASK: *(uint32_t *)p = (uint32_t)v; break;
    }
}

/* Arrays of doubles: add's scales (one an input), normalize's mean and std (three). */
static double **array_attr(Node *n, const char *name)
{
    return strcmp(name, "scales") == 0 ? &n->scale : strcmp(name, "mean") == 0 ? &n->mean : strcmp(name, "std") == 0 ? &n->std : NULL;
}

/* ---- Printing ---- */

static void print_number(double v, FILE *f)
{
    char text[NUMBER_TEXT];
    fputs(number_text(v, text), f);
}

static void print_list(const char *name, const double *v, int n, FILE *f)
{
    if (!v)
        return;
    fprintf(f, " %s=", name);
    for (int i = 0; i < n; i++) {
        fputs(i ? "," : "", f);
        print_number(v[i], f);
    }
}

static void print_shape(const Shape *s, FILE *f)
{
    for (int i = 0; i < s->rank; i++)
        fprintf(f, i ? "x%d" : "%d", s->dim[i]);
}

static void print_weight(const Tensor *t, FILE *f)
{
    fprintf(f, "weight %s ", t->name);
    print_shape(&t->shape, f);
    fprintf(f, " role=%s init=%s,", roles[t->role], init_names[t->init.kind]);
    print_number(t->init.a, f);
    fputc(',', f);
    print_number(t->init.b, f);
    fprintf(f, " fans=%d,%d trains=%d\n", t->fan_in, t->fan_out, t->trains);
}

void graph_print_attributes(const Node *n, bool training, FILE *f)
{
    for (int i = 0; i < N_ATTRS; i++)
        if (get_attr(n, &attrs[i]) != attrs[i].fallback && (training || !attrs[i].training)) {
            fprintf(f, " %s=", attrs[i].name);
            print_number(get_attr(n, &attrs[i]), f);
        }
    print_list("scales", n->scale, n->n_in, f);
    print_list("mean", n->mean, 3, f);
    print_list("std", n->std, 3, f);
}

static void print_node(const Node *n, FILE *f)
{
    fprintf(f, "node %s path=%s in=", op_name(n->op), n->path);
    for (int i = 0; i < n->n_in; i++)
        fprintf(f, "%s%s", i ? "," : "", n->in[i]->name);
    fprintf(f, " out=");
    for (int i = 0; i < n->n_out; i++) {
        fprintf(f, "%s%s:", i ? "," : "", n->out[i]->name);
        print_shape(&n->out[i]->shape, f);
    }
    graph_print_attributes(n, true, f);
    fputc('\n', f);
}

static void print_home(const Tensor *t, FILE *f)
{
    if (t->home)
        fprintf(f, "home %s in=%s at=%d\n", t->name, t->home->name, t->home_channel);
}

void graph_print(const Graph *g, FILE *f)
{
    fprintf(f, "net %s\n", g->name);
    for (int i = 0; i < g->tensors.n; i++) {
        const Tensor *t = g->tensors.at[i];
        if (t->kind == TENSOR_INPUT || t->kind == TENSOR_LABELS) {
            fprintf(f, "%s %s ", t->kind == TENSOR_INPUT ? "input" : "labels", t->name);
            print_shape(&t->shape, f);
            fputc('\n', f);
        } else if (t->kind == TENSOR_WEIGHT) {
            print_weight(t, f);
        }
    }
    for (int i = 0; i < g->nodes.n; i++)
        if (!g->nodes.at[i]->dead)
            print_node(g->nodes.at[i], f);
    for (int i = 0; i < g->nodes.n; i++) /* in the order of the nodes, which a text keeps */
        for (int k = 0; k < g->nodes.at[i]->n_out && !g->nodes.at[i]->dead; k++)
            print_home(g->nodes.at[i]->out[k], f);
    for (int i = 0; i < g->heads.n; i++) {
        fprintf(f, "head ");
        print_number(g->heads.at[i].weight, f);
        fprintf(f, " %s smooth=", g->heads.at[i].logits->name);
        print_number(g->heads.at[i].smooth, f);
        fputc('\n', f);
    }
    for (int i = 0; i < g->marks.n; i++)
        fprintf(f, "mark %s\n", g->marks.at[i]->name);
    if (g->output)
        fprintf(f, "output %s\n", g->output->name);
    if (g->logits)
        fprintf(f, "logits %s\n", g->logits->name);
}

/* ---- Parsing ---- */

typedef struct Reader {
    Graph *g;
    int file, line;
    char *word[4096];
    int n;
    bool failed;
} Reader;

static void wrong(Reader *r, const char *what, const char *word)
{
    if (!r->failed)
        diag_error((Loc){ r->file, r->line, 1, r->line, 1 }, "%s '%s'", what, word);
    r->failed = true;
}

static const char *value_of(Reader *r, const char *key)
{
    size_t n = strlen(key);
    for (int i = 1; i < r->n; i++)
        if (strncmp(r->word[i], key, n) == 0 && r->word[i][n] == '=')
            return r->word[i] + n + 1;
    wrong(r, "this line needs", key);
    return "";
}

static Shape read_shape(Reader *r, const char *s, bool batched)
{
    Shape shape = { 0, batched, { 0 } };
    char *end = (char *)s;
    do {
        long v = strtol(end, &end, 10);
        if (shape.rank == 4 || v < 1 || v > INT32_MAX || (*end && *end != 'x')) {
            wrong(r, "not a shape:", s);
            break;
        }
        shape.dim[shape.rank++] = (int)v;
    } while (*end++ == 'x');
    return shape;
}

static int index_in(Reader *r, const char *const *names, int n, const char *word)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], word) == 0)
            return i;
    wrong(r, "unknown word", word);
    return 0;
}

static Tensor *need(Reader *r, const char *name)
{
    Tensor *t = graph_find(r->g, name);
    if (!t)
        wrong(r, "there is no tensor", name);
    return t;
}

static int read_doubles(const char *s, double *out, int most)
{
    int n = 0;
    char *end = (char *)s;
    while (n < most && *end) {
        out[n++] = strtod(end, &end);
        if (*end == ',')
            end++;
        else
            break;
    }
    return n;
}

static void read_weight(Reader *r)
{
    if (r->n < 7) {
        wrong(r, "a weight line is short", r->n > 1 ? r->word[1] : "");
        return;
    }
    Shape s = read_shape(r, r->word[2], false);
    const char *init = value_of(r, "init"), *comma = strchr(init, ',');
    char kind[16] = "";
    snprintf(kind, sizeof kind, "%.*s", (int)(comma ? comma - init : (long)strlen(init)), init);
    double ab[2] = { 0 }, fans[2] = { 0 };
    read_doubles(comma ? comma + 1 : "", ab, 2);
    read_doubles(value_of(r, "fans"), fans, 2);
    Init i = { (InitKind)index_in(r, init_names, N_INITS, kind), ab[0], ab[1] };
    Tensor *t = graph_weight(r->g, arena_strdup(r->g->arena, r->word[1]), (WeightRole)index_in(r, roles, 6, value_of(r, "role")), s, i, (Loc){ 0 });
    t->fan_in = (int)fans[0];
    t->fan_out = (int)fans[1];
    t->trains = value_of(r, "trains")[0] == '1';
}

static int find_op(Reader *r, const char *name)
{
    for (int i = 0; i < N_OPS; i++)
        if (strcmp(op_name((OpKind)i), name) == 0)
            return i;
    wrong(r, "unknown operator", name);
    return 0;
}

static void read_attrs(Reader *r, Node *n)
{
    for (int i = 1; i < r->n; i++) {
        char *eq = strchr(r->word[i], '=');
        if (!eq)
            continue;
        *eq = '\0';
        for (int k = 0; k < N_ATTRS; k++)
            if (strcmp(attrs[k].name, r->word[i]) == 0)
                set_attr(n, &attrs[k], strtod(eq + 1, NULL));
        double **array = array_attr(n, r->word[i]);
        if (array) {
            *array = ARENA_ARRAY(r->g->arena, n->n_in > 3 ? n->n_in : 3, double);
            read_doubles(eq + 1, *array, n->n_in > 3 ? n->n_in : 3);
        }
        *eq = '=';
    }
}

static int split(char *s, char **out, int most)
{
    int n = 0;
    for (char *p = strtok(s, ","); p && n < most; p = strtok(NULL, ","))
        out[n++] = p;
    return n;
}

static void read_node(Reader *r)
{
    enum { MOST = 1024 };
    Arena *a = r->g->arena;
    Tensor *in[MOST];
    char *names[MOST], *outs[MOST];
    int op = r->n > 1 ? find_op(r, r->word[1]) : 0;
    const char *path = arena_strdup(a, value_of(r, "path"));
    int n_in = split(arena_strdup(a, value_of(r, "in")), names, MOST), n_out = split(arena_strdup(a, value_of(r, "out")), outs, MOST);
    for (int i = 0; i < n_in && !r->failed; i++)
        in[i] = need(r, names[i]);
    if (r->failed || !n_out) {
        wrong(r, "a node needs an output", path);
        return;
    }
    Node *n = graph_node(r->g, (OpKind)op, path, in, n_in, n_out, (Loc){ r->file, r->line, 1, r->line, 1 });
    read_attrs(r, n);
    for (int i = 0; i < n_out; i++) {
        char *colon = strchr(outs[i], ':');
        if (colon) {
            *colon = '\0';
            n->out[i]->shape = read_shape(r, colon + 1, true);
        }
        graph_name_output(r->g, n, i, outs[i]);
    }
    const char *bad = graph_infer(r->g, n);
    if (bad)
        wrong(r, bad, path);
}

static void read_rest(Reader *r)
{
    Graph *g = r->g;
    const char *kind = r->word[0];
    Tensor *t = r->n > 1 ? need(r, r->word[strcmp(kind, "head") == 0 && r->n > 2 ? 2 : 1]) : NULL;
    if (!t)
        return;
    if (strcmp(kind, "output") == 0) {
        g->output = t;
    } else if (strcmp(kind, "logits") == 0) {
        g->logits = t;
    } else if (strcmp(kind, "mark") == 0) {
        LIST_PUSH(g->arena, &g->marks, t);
    } else if (strcmp(kind, "home") == 0) {
        t->home = need(r, value_of(r, "in"));
        t->home_channel = (int)strtol(value_of(r, "at"), NULL, 10);
    } else if (strcmp(kind, "head") == 0) {
        Head h = { strtod(r->word[1], NULL), t, strtod(value_of(r, "smooth"), NULL), { 0 } };
        LIST_PUSH(g->arena, &g->heads, h);
    } else {
        wrong(r, "unknown line", kind);
    }
}

static void read_line(Reader *r, char *line)
{
    r->n = 0;
    for (char *save = NULL, *p = strtok_r(line, " \t\r", &save); p && r->n < 4096; p = strtok_r(NULL, " \t\r", &save))
        r->word[r->n++] = p;
    if (!r->n || r->word[0][0] == '#')
        return;
    const char *kind = r->word[0];
    if (strcmp(kind, "net") == 0 && r->n > 1) {
        r->g->name = arena_strdup(r->g->arena, r->word[1]);
    } else if (strcmp(kind, "input") == 0 && r->n > 2) {
        Shape s = read_shape(r, r->word[2], true);
        if (!r->failed)
            graph_input(r->g, arena_strdup(r->g->arena, r->word[1]), s.dim[0], s.dim[1], s.dim[2], (Loc){ 0 });
    } else if (strcmp(kind, "weight") == 0) {
        read_weight(r);
    } else if (strcmp(kind, "node") == 0) {
        read_node(r);
    } else {
        read_rest(r);
    }
}

Graph *graph_parse(Arena *a, int file)
{
    size_t size;
    const char *text = diag_file_text(file, &size);
    Reader *r = ARENA_NEW(a, Reader);
    r->g = graph_new(a, "net");
    r->file = file;
    for (size_t at = 0; at < size && !r->failed;) {
        const char *eol = memchr(text + at, '\n', size - at);
        size_t n = eol ? (size_t)(eol - text) - at : size - at;
        r->line++;
        read_line(r, arena_strndup(a, text + at, n));
        at += n + 1;
    }
    return r->failed ? NULL : r->g;
}
