/* Tables of ints as C, and the comments above tables and functions. */
#include "print_c.h"
#include "diag.h"

void print_c_comment(const char *text, FILE *f)
{
    fprintf(f, "/* ");
    for (const char *p = text; *p; p++) {
        fputc(*p, f);
        if (*p == '\n')
            fprintf(f, " * ");
    }
    fprintf(f, " */\n");
}

static int digits(int v)
{
    char text[16];
    return snprintf(text, sizeof text, "%d", v);
}

/* A row a line, columns below each other. */
static void print_rows(const Var *v, FILE *f)
{
    enum { MOST_COLUMNS = 32 };
    int width[MOST_COLUMNS] = { 0 };
    CHECK(v->columns <= MOST_COLUMNS);
    for (int i = 0; i < v->extent; i++) {
        int *w = &width[i % v->columns], n = digits(v->table[i]);
        *w = n > *w ? n : *w;
    }
    for (int i = 0; i < v->extent; i++)
        fprintf(f, "%s%*d,", i % v->columns ? " " : "\n    ", width[i % v->columns], v->table[i]);
}

void print_c_table(const Var *v, FILE *f)
{
    fprintf(f, "\n");
    if (v->comment)
        print_c_comment(v->comment, f);
    fprintf(f, "static const int %s[%lld] = {", v->name, (long long)v->extent);
    if (v->columns)
        print_rows(v, f);
    for (int i = 0; i < v->extent && !v->columns; i++)
        fprintf(f, "%s%d,", i % 12 ? " " : "\n    ", v->table[i]);
    fprintf(f, "\n};\n");
}
