#include "names.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RULES_MOST = 10000, LINE_MOST = 1000, FILE_MOST = 4 << 20 };

typedef struct Reader {
    Arena *a;
    const char *path;
    int line;
    NameMap *map;
    RtError *err;
} Reader;

static RtStatus fail(Reader *r, int column, const char *what)
{
    return rt_error(r->err, RT_ERROR_INPUT, "%s:%d:%d: %s", r->path, r->line, column, what);
}

/* ---- Layouts ---- */

/* Reads "HxWxC" at *s; false when it is none. */
static bool read_sizes(const char **s, Layout *l)
{
    int *to[] = { &l->h, &l->w, &l->c };
    for (int i = 0; i < 3; i++) {
        char *end;
        errno = 0;
        long v = isdigit((unsigned char)**s) ? strtol(*s, &end, 10) : 0;
        if (v < 1 || v > 1 << 20 || errno || (i < 2 && *end != 'x'))
            return false;
        *to[i] = (int)v;
        *s = end + (i < 2);
    }
    return true;
}

static bool read_layout(const char *s, Layout *l)
{
    static const struct { const char *name; LayoutKind kind; } rows[] = {
        { "hwio", LAYOUT_HWIO }, { "hwim", LAYOUT_HWIM }, { "io", LAYOUT_IO }, { "oi", LAYOUT_OI },
    };
    *l = (Layout){ 0 };
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i].name) == n && strncmp(rows[i].name, s, n) == 0)
            l->kind = rows[i].kind;
    s += n;
    if (l->kind == LAYOUT_OWN && n)
        return false;
    if (*s == ':') {
        s++;
        if ((l->kind != LAYOUT_IO && l->kind != LAYOUT_OI) || !read_sizes(&s, l))
            return false;
    }
    if (strncmp(s, "[1:]", 4) == 0) {
        l->skip = 1;
        s += 4;
    }
    return *s == '\0' && (n || l->skip);
}

/* ---- Reading a map ---- */

/* Captures that `own` names must exist. */
static const char *check_own(const char *own, int n_captures)
{
    for (; *own; own++)
        if (*own == '\\' && (own[1] < '1' || own[1] > '0' + n_captures))
            return "the own name asks for a capture that the pattern does not have";
    return NULL;
}

static RtStatus read_eps(Reader *r, const char *value)
{
    char *end;
    r->map->eps = strtod(value ? value : "", &end);
    if (!value || *end || !(r->map->eps > 0 && r->map->eps < 1))
        return fail(r, 1, "@eps wants a number between 0 and 1");
    return RT_OK;
}

/* The units of the own name: its letters, and for each capture those of the pattern. */
static Pattern reversed(Arena *a, const Pattern *p, const char *own)
{
    Pattern out = { .n_captures = p->n_captures };
    for (; *own; own++) {
        if (*own != '\\') {
            pattern_add_literal(a, &out, *own);
            continue;
        }
        int k = *++own - '1';
        bool inside = false;
        for (int i = 0; i < p->units.n; i++) {
            const PatternUnit *u = &p->units.at[i];
            inside |= u->kind == UNIT_OPEN && u->capture == k;
            if (inside)
                LIST_PUSH(a, &out.units, *u);
            inside &= !(u->kind == UNIT_CLOSE && u->capture == k);
        }
    }
    return out;
}

/* Words of a line and their columns, from 1; a comment ends it. */
typedef struct Words {
    const char *at[4];
    int column[4], n;
} Words;

static Words split(char *line)
{
    Words w = { .n = 0 };
    char *rest = NULL;
    for (char *s = strtok_r(line, " \t\r", &rest); s && *s != '#' && w.n < 4; s = strtok_r(NULL, " \t\r", &rest)) {
        w.at[w.n] = s;
        w.column[w.n++] = (int)(s - line) + 1;
    }
    return w;
}

static RtStatus word_layout(Reader *r, const Words *w, int k, Layout *l)
{
    if (w->at[k] && !read_layout(w->at[k], l))
        return fail(r, w->column[k], "no such layout; there are hwio, hwim, io, oi, io:HxWxC, oi:HxWxC, each perhaps with [1:]");
    return RT_OK;
}

/* foreign and own at the columns of w. */
static RtStatus add_rule(Reader *r, const Words *w, const char *foreign, const char *own, Layout layout)
{
    NameRule rule = { .own = strcmp(own, "-") == 0 ? NULL : own, .line = r->line, .layout = layout };
    int column = 1, width = (int)strlen(w->at[0]);
    const char *why = pattern_parse(r->a, foreign, strlen(foreign), &rule.pattern, &column);
    if (why)
        return fail(r, w->column[0] - 1 + (column < width ? column : width), why);
    if (rule.own && (why = check_own(rule.own, rule.pattern.n_captures)))
        return fail(r, w->column[1], why);
    if (r->map->rules.n == RULES_MOST)
        return fail(r, 1, "a map has at most 10,000 rules");
    if (rule.own)
        rule.back = reversed(r->a, &rule.pattern, rule.own);
    LIST_PUSH(r->a, &r->map->rules, rule);
    return RT_OK;
}

static RtStatus read_role(Reader *r, const Words *w)
{
    NameRole role = { w->at[1], w->at[2], { 0 } };
    Pattern p = { 0 };
    int column = 1;
    if (w->n < 3)
        return fail(r, 1, "@role wants two columns, how a weight's name ends and how ours does, and perhaps a layout");
    const char *why = pattern_parse(r->a, role.foreign, strlen(role.foreign), &p, &column);
    if (why || p.n_captures)
        return fail(r, w->column[1] - 1 + (why ? column : 1), why ? why : "a role has no captures");
    if (strchr(role.own, '\\'))
        return fail(r, w->column[2], "a role has no captures");
    RtStatus s = word_layout(r, w, 3, &role.layout);
    LIST_PUSH(r->a, &r->map->roles, role);
    return s;
}

/* Whether the last character is an @ that stands for the roles. */
static bool ends_in_roles(const char *s)
{
    size_t n = strlen(s);
    return n && s[n - 1] == '@' && (n < 2 || s[n - 2] != '\\');
}

static const char *with_ending(Arena *a, const char *word, const char *ending)
{
    return arena_printf(a, "%.*s%s", (int)strlen(word) - 1, word, ending);
}

static RtStatus add_roles(Reader *r, const Words *w)
{
    if (!ends_in_roles(w->at[0]) || !ends_in_roles(w->at[1]))
        return fail(r, w->column[ends_in_roles(w->at[0])], "both columns end in @ or neither does");
    if (w->at[2])
        return fail(r, w->column[2], "the roles say the layouts");
    if (!r->map->roles.n)
        return fail(r, w->column[0], "there is no @role above for this @");
    RtStatus s = RT_OK;
    for (int i = 0; i < r->map->roles.n && !s; i++) {
        const NameRole *role = &r->map->roles.at[i];
        s = add_rule(r, w, with_ending(r->a, w->at[0], role->foreign), with_ending(r->a, w->at[1], role->own), role->layout);
    }
    return s;
}

static RtStatus read_line(Reader *r, char *line)
{
    Words w = split(line);
    if (!w.n)
        return RT_OK;
    if (strcmp(w.at[0], "@eps") == 0)
        return read_eps(r, w.at[1]);
    if (strcmp(w.at[0], "@role") == 0)
        return read_role(r, &w);
    if (w.n == 1 || w.n == 4)
        return fail(r, w.column[w.n - 1], "a rule has two columns, a pattern and an own name, and perhaps a layout");
    if (ends_in_roles(w.at[0]) || ends_in_roles(w.at[1]))
        return add_roles(r, &w);
    Layout layout = { 0 };
    RtStatus s = word_layout(r, &w, 2, &layout);
    return s ? s : add_rule(r, &w, w.at[0], w.at[1], layout);
}

RtStatus names_parse(Arena *a, const char *path, const char *text, size_t size, NameMap *map, RtError *err)
{
    *map = (NameMap){ .path = path };
    Reader r = { a, path, 0, map, err };
    RtStatus status = RT_OK;
    for (size_t at = 0; at < size && !status;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t n = end ? (size_t)(end - (text + at)) : size - at;
        r.line++;
        if (n > LINE_MOST || memchr(text + at, '\0', n))
            status = fail(&r, 1, n > LINE_MOST ? "a line has at most 1,000 bytes" : "a byte 0 is no text");
        else
            status = read_line(&r, arena_strndup(a, text + at, n));
        at += n + 1;
    }
    return status;
}

RtStatus names_read(Arena *a, const char *path, NameMap *map, RtError *err)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path, strerror(errno));
    char *text = arena_alloc(a, FILE_MOST + 1);
    size_t n = fread(text, 1, FILE_MOST + 1, f);
    int bad = ferror(f) ? errno : 0;
    fclose(f);
    if (bad)
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path, strerror(bad));
    if (n > FILE_MOST)
        return rt_error(err, RT_ERROR_INPUT, "%s: a name map has at most 4 MiB", path);
    return names_parse(a, path, text, n, map, err);
}

/* ---- Applying it ---- */

static const char *substitute(Arena *a, const char *own, const Captured *c)
{
    const char *out = "";
    while (*own) {
        size_t n = strcspn(own, "\\");
        out = arena_printf(a, "%s%.*s", out, (int)n, own);
        own += n;
        if (*own) {
            int k = own[1] - '1';
            out = arena_printf(a, "%s%.*s", out, c->size[k], c->at[k]);
            own += 2;
        }
    }
    return out;
}

const NameRule *names_apply(Arena *a, const NameMap *map, const char *foreign, const char **own)
{
    for (int i = 0; i < map->rules.n; i++) {
        const NameRule *r = &map->rules.at[i];
        Captured c;
        if (!pattern_match(&r->pattern, foreign, &c))
            continue;
        *own = r->own ? substitute(a, r->own, &c) : NULL;
        return r;
    }
    return NULL;
}

/* ---- The other way ---- */

/* The foreign name: its letters, and what was captured.  Null when a unit outside of captures stands for several letters. */
static const char *rebuild(Arena *a, const Pattern *p, const Captured *c)
{
    const char *out = "";
    bool inside = false;
    for (int i = 0; i < p->units.n; i++) {
        const PatternUnit *u = &p->units.at[i];
        if (u->kind == UNIT_OPEN)
            out = arena_printf(a, "%s%.*s", out, c->size[u->capture], c->at[u->capture] ? c->at[u->capture] : "");
        inside = u->kind == UNIT_OPEN || (inside && u->kind != UNIT_CLOSE);
        if (inside || u->kind != UNIT_CHARS)
            continue;
        if (u->literal < 0 || u->repeats)
            return NULL;
        out = arena_printf(a, "%s%c", out, u->literal);
    }
    return out;
}

const NameRule *names_reverse(Arena *a, const NameMap *map, const char *own, const char **foreign)
{
    for (int i = 0; i < map->rules.n; i++) {
        const NameRule *r = &map->rules.at[i];
        if (!r->own)
            continue;
        Captured c;
        const char *again, *name = pattern_match(&r->back, own, &c) ? rebuild(a, &r->pattern, &c) : NULL;
        if (!name || names_apply(a, map, name, &again) != r || !again || strcmp(again, own) != 0)
            continue;
        *foreign = name;
        return r;
    }
    return NULL;
}
