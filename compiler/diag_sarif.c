/* Diagnostics as one log of SARIF 2.1.0 (OASIS): the results first, then what is known at the end: tool, rules, files.
 * Columns count code points, as GCC's do; an end column is the one behind the last character. */
#include "diag_print.h"
#include "utf8.h"
#include "version.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_RULES = 256 };

static bool begun;
static int results, notes;           /* notes: of the result that is open */
static const char *rules[MAX_RULES]; /* in the order of their first result */
static int n_rules;

static void put_pair(const char *key, const char *text, FILE *f)
{
    fprintf(f, "\"%s\":", key);
    diag_put_json(text, f);
}

/* ---- Places ---- */

/* Path as a URI reference: all but the unreserved bytes of RFC 3986 and '/' in percent form. */
static void put_uri(const char *path, FILE *f)
{
    static const char plain[] = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (const unsigned char *p = (const unsigned char *)path; *p; p++)
        fprintf(f, strchr(plain, *p) ? "%c" : "%%%02X", *p);
}

/* Files may be registered more than once; SARIF wants each artifact once. */
static int artifact_index(int file)
{
    int index = 0;
    for (int i = 1; i < file; i++) {
        bool again = false;
        for (int k = 1; k < i && !again; k++)
            again = strcmp(diag_file_name(k), diag_file_name(i)) == 0;
        if (!again && strcmp(diag_file_name(i), diag_file_name(file)) == 0)
            return index;
        index += !again;
    }
    return index;
}

/* Relative paths count from the folder PWD of originalUriBaseIds. */
static void put_file(int file, FILE *f)
{
    const char *name = diag_file_name(file);
    fprintf(f, "\"uri\":\"%s", *name == '/' ? "file://" : "");
    put_uri(name, f);
    fprintf(f, *name == '/' ? "\"" : "\",\"uriBaseId\":\"PWD\"");
}

/* The column of byte column `col`, in code points. */
static int column(Loc line, int col)
{
    SourceLine s = diag_source_line(line);
    int n = 1, bytes;
    for (size_t i = 0; i < s.size && (int)i < col - 1; i += (size_t)bytes, n++)
        utf8_decode(s.text + i, s.size - i, &bytes);
    return n;
}

/* label: what is said of the region, may be null. */
static void put_region(Loc loc, const char *label, FILE *f)
{
    Loc end = { .file = loc.file, .line = loc.end_line };
    fprintf(f, "{\"startLine\":%d,\"startColumn\":%d,\"endLine\":%d,\"endColumn\":%d", loc.line, column(loc, loc.col), loc.end_line,
            column(end, loc.end_col));
    if (label) {
        fprintf(f, ",\"message\":{");
        put_pair("text", label, f);
        fputc('}', f);
    }
    fputc('}', f);
}

static void put_place(Loc loc, const char *label, FILE *f)
{
    fprintf(f, "\"physicalLocation\":{\"artifactLocation\":{");
    put_file(loc.file, f);
    fprintf(f, ",\"index\":%d},\"region\":", artifact_index(loc.file));
    put_region(loc, label, f);
    fputc('}', f);
}

static void put_message(const char *text, FILE *f)
{
    fprintf(f, "\"message\":{");
    put_pair("text", text, f);
    fputc('}', f);
}

/* ---- Results ---- */

static void close_result(FILE *f)
{
    if (results)
        fprintf(f, notes ? "]}" : "}");
    notes = 0;
}

static int rule_index(const char *rule)
{
    int i = 0;
    while (i < n_rules && strcmp(rules[i], rule) != 0)
        i++;
    if (i == n_rules && n_rules < MAX_RULES)
        rules[n_rules++] = rule;
    return i;
}

static void put_fix(const Message *m, FILE *f)
{
    fprintf(f, ",\"fixes\":[{\"artifactChanges\":[{\"artifactLocation\":{");
    put_file(m->fix_loc.file, f);
    fprintf(f, "},\"replacements\":[{\"deletedRegion\":");
    put_region(m->fix_loc, NULL, f);
    fprintf(f, ",\"insertedContent\":{");
    put_pair("text", m->fix, f);
    fprintf(f, "}}]}]}]");
}

/* A note without a result before it cannot be. */
static void put_note(const Message *m, FILE *f)
{
    fprintf(f, "%s{\"id\":%d,", notes ? "," : ",\"relatedLocations\":[", notes);
    notes++;
    if (m->loc.file) {
        put_place(m->loc, NULL, f);
        fputc(',', f);
    }
    put_message(m->text, f);
    fputc('}', f);
}

static void put_locations(const Message *m, FILE *f)
{
    fprintf(f, ",\"locations\":[");
    if (m->loc.file) {
        fputc('{', f);
        put_place(m->loc, m->label, f);
        if (m->second.line) {
            fprintf(f, ",\"annotations\":[");
            put_region(m->second, NULL, f);
            fputc(']', f);
        }
        fputc('}', f);
    }
    fputc(']', f);
}

static void begin(FILE *f)
{
    if (!begun)
        fprintf(f, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"results\":[\n");
    begun = true;
}

static void put_result(const Message *m, FILE *f)
{
    const char *rule = m->option ? m->option : m->kind;
    fprintf(f, "%s{", results++ ? ",\n" : "");
    put_pair("ruleId", rule, f);
    fprintf(f, ",\"ruleIndex\":%d,\"level\":\"%s\",", rule_index(rule), m->kind);
    put_message(m->text, f);
    put_locations(m, f);
    if (m->fix)
        put_fix(m, f);
}

static void print(const Message *m, FILE *f)
{
    begin(f);
    if (results && strcmp(m->kind, "note") == 0) {
        put_note(m, f);
        return;
    }
    close_result(f);
    put_result(m, f);
}

/* ---- The end ---- */

static void put_tool(FILE *f)
{
    fprintf(f, "\"tool\":{\"driver\":{\"name\":\"inceptc\",\"version\":\"" INCEPTC_VERSION "\",\"rules\":[");
    for (int i = 0; i < n_rules; i++) {
        fprintf(f, "%s{", i ? "," : "");
        put_pair("id", rules[i], f);
        fputc('}', f);
    }
    fprintf(f, "]}},\n");
}

static void put_artifacts(FILE *f)
{
    fprintf(f, "\"artifacts\":[");
    for (int i = 1, n = 0; i < diag_file_count(); i++)
        if (artifact_index(i) == n) {
            fprintf(f, "%s{\"location\":{", n++ ? "," : "");
            put_file(i, f);
            fprintf(f, "}}");
        }
    fprintf(f, "],\n");
}

static void put_folder(FILE *f)
{
    char *folder = getcwd(NULL, 0);
    if (folder) {
        fprintf(f, "\"originalUriBaseIds\":{\"PWD\":{\"uri\":\"file://");
        put_uri(folder, f);
        fprintf(f, "%s\"}},\n", folder[1] ? "/" : "");
    }
    free(folder);
}

static void finish(int code, FILE *f)
{
    begin(f);
    close_result(f);
    fprintf(f, "],\n");
    put_tool(f);
    put_artifacts(f);
    put_folder(f);
    fprintf(f, "\"invocations\":[{\"executionSuccessful\":%s,\"exitCode\":%d}],\n", code == EXIT_OK || code == EXIT_INPUT ? "true" : "false", code);
    fprintf(f, "\"columnKind\":\"unicodeCodePoints\"}]}\n");
    results = n_rules = 0;
    begun = false;
}

const DiagPrinter diag_sarif_printer = { print, finish };
