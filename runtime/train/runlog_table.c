/* runlog_table.c - log.csv and metrics.jsonl: rows, and what a resumed run keeps of them. */
#include "runlog.h"
#include "../../formats/json.h"
#include "../../formats/replace.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 9 };

char *path_in(const char *folder, const char *name, RtError *err)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) >= 0)
        return path;
    rt_error(err, RT_ERROR_FILE, "%s/%s: out of memory", folder, name);
    return NULL;
}

/* ---- Rows ---- */

typedef struct Row { /* a text in memory, appended whole */
    char *text;
    size_t size;
    FILE *file;
} Row;

static RtStatus no_memory(RtError *err) { return rt_error(err, RT_ERROR_FILE, "out of memory for a row of the log"); }

static RtStatus row_begin(Row *row, RtError *err)
{
    *row = (Row){ 0 };
    row->file = open_memstream(&row->text, &row->size);
    return row->file ? RT_OK : no_memory(err);
}

static RtStatus row_end(Row *row, Append *to, RtError *err)
{
    bool failed = fclose(row->file) != 0;
    RtStatus status = failed ? no_memory(err) : append_bytes(to, row->text, row->size, err);
    free(row->text);
    return status;
}

static char *column_of(const RunlogValue *v)
{
    static const char *const prefix[] = { [RUNLOG_TRAIN] = "train_", [RUNLOG_VALIDATION] = "validation_", [RUNLOG_SETTING] = "" };
    char *name;
    if (asprintf(&name, "%s%s", prefix[v->part], v->tag) < 0)
        return NULL;
    for (char *c = name; *c; c++)
        if (strchr("/,\"\n", *c))
            *c = '_';
    return name;
}

RtStatus table_step(RunlogTable *t, int epoch, int64_t step, const RunlogValue *values, int n, RtError *err)
{
    Row row;
    RtStatus status = row_begin(&row, err);
    if (status)
        return status;
    fprintf(row.file, "{\"step\": %" PRId64 ", \"epoch\": %d, \"time\": %.3f", step, epoch, events_now());
    for (int i = 0; i < n; i++) {
        char *column = column_of(&values[i]);
        fputs(", ", row.file);
        json_write_string(row.file, column ? column : values[i].tag);
        fputs(": ", row.file);
        json_write_number(row.file, values[i].value, DIGITS);
        free(column);
    }
    fputs("}\n", row.file);
    return row_end(&row, &t->jsonl, err);
}

/* ---- Columns ---- */

static void forget_columns(RunlogTable *t)
{
    for (int i = 0; i < t->n_columns; i++)
        free(t->columns[i]);
    free(t->columns);
    t->columns = NULL;
    t->n_columns = 0;
}

static bool add_column(RunlogTable *t, char *name)
{
    char **more = name ? reallocarray(t->columns, (size_t)t->n_columns + 1, sizeof *more) : NULL;
    if (!more) {
        free(name);
        return false;
    }
    t->columns = more;
    t->columns[t->n_columns++] = name;
    return true;
}

static RtStatus begin_columns(RunlogTable *t, const RunlogValue *values, int n, RtError *err)
{
    Row row;
    bool fits = true;
    for (int i = 0; i < n; i++)
        fits = fits && add_column(t, column_of(&values[i]));
    if (!fits) {
        forget_columns(t);
        return no_memory(err);
    }
    RtStatus status = row_begin(&row, err);
    if (status)
        return status;
    fputs("epoch,step", row.file);
    for (int i = 0; i < t->n_columns; i++)
        fprintf(row.file, ",%s", t->columns[i]);
    fputc('\n', row.file);
    return row_end(&row, &t->csv, err);
}

/* From "epoch,step,NAME,NAME"; the line ends at a line feed. */
static bool read_columns(RunlogTable *t, const char *line)
{
    int place = 0;
    for (size_t n; *line && *line != '\n'; line += n + (line[n] == ',')) {
        n = strcspn(line, ",\n");
        if (place++ >= 2 && !add_column(t, strndup(line, n)))
            return false;
    }
    return true;
}

static int find_column(const RunlogTable *t, const RunlogValue *v)
{
    char *name = column_of(v);
    int at = t->n_columns - 1;
    while (at >= 0 && name && strcmp(t->columns[at], name) != 0)
        at--;
    free(name);
    return name ? at : -1;
}

static RtStatus check_columns(const RunlogTable *t, const RunlogValue *values, int n, RtError *err)
{
    for (int i = 0; i < n; i++)
        if (find_column(t, &values[i]) < 0)
            return rt_error(err, RT_ERROR_INTERNAL, "%s: no column for '%s': the first row of this run had other values",
                            t->csv.path ? t->csv.path : "log.csv", values[i].tag);
    return RT_OK;
}

static void put_cell(FILE *f, const RunlogTable *t, int column, const RunlogValue *values, int n)
{
    fputc(',', f);
    for (int i = 0; i < n; i++)
        if (find_column(t, &values[i]) == column && isfinite(values[i].value))
            fprintf(f, "%.*g", DIGITS, values[i].value);
}

RtStatus table_epoch(RunlogTable *t, int epoch, int64_t step, const RunlogValue *values, int n, RtError *err)
{
    Row row;
    RtStatus status = t->columns ? check_columns(t, values, n, err) : begin_columns(t, values, n, err);
    if (!status)
        status = row_begin(&row, err);
    if (status)
        return status;
    fprintf(row.file, "%d,%" PRId64, epoch, step);
    for (int c = 0; c < t->n_columns; c++)
        put_cell(row.file, t, c, values, n);
    fputc('\n', row.file);
    return row_end(&row, &t->csv, err);
}

/* ---- Opening, and what is kept ---- */

/* The first number behind `prefix`, with which the line must begin, is at most `most`; heads are kept. */
static bool is_kept(const char *line, const char *prefix, int64_t most)
{
    if (strncmp(line, prefix, strlen(prefix)) != 0)
        return false;
    char *end;
    long long v = strtoll(line + strlen(prefix), &end, 10);
    return end == line + strlen(prefix) ? strncmp(line, "epoch,", 6) == 0 : v <= most;
}

static RtStatus no_file(const char *path, RtError *err)
{
    return errno == ENOENT ? RT_OK : rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path, strerror(errno));
}

/* Copies the kept lines; the first one is handed to `head` unless that is null. */
static RtStatus copy_kept(FILE *in, const char *path, FILE *out, const char *prefix, int64_t most, RunlogTable *head, RtError *err)
{
    char *line = NULL;
    size_t room = 0;
    bool fits = true;
    for (ssize_t n; fits && (n = getline(&line, &room, in)) > 0;)
        if (line[n - 1] == '\n' && is_kept(line, prefix, most)) {
            fwrite(line, 1, (size_t)n, out);
            fits = !head || read_columns(head, line);
            head = NULL;
        }
    int why = errno;
    free(line);
    if (ferror(in))
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path, strerror(why));
    return fits ? RT_OK : no_memory(err);
}

/* Replaces the file by its kept lines. */
static RtStatus cut(const char *path, const char *prefix, int64_t most, RunlogTable *head, RtError *err)
{
    FILE *in = fopen(path, "rb");
    Replace out;
    if (!in)
        return no_file(path, err);
    RtStatus status = replace_begin(&out, path, err);
    if (!status) {
        status = copy_kept(in, path, out.file, prefix, most, head, err);
        if (status)
            replace_abort(&out);
        else
            status = replace_commit(&out, err);
    }
    fclose(in);
    return status;
}

static RtStatus open_both(RunlogTable *t, const char *csv, const char *jsonl, bool fresh, RtError *err)
{
    RtStatus status = append_open(&t->csv, csv, fresh, err);
    return status ? status : append_open(&t->jsonl, jsonl, fresh, err);
}

/* cut_at null: new files. */
static RtStatus open_in(RunlogTable *t, const char *folder, const int64_t *cut_at, RtError *err)
{
    *t = (RunlogTable){ .csv = APPEND_CLOSED, .jsonl = APPEND_CLOSED };
    char *csv = path_in(folder, "log.csv", err), *jsonl = path_in(folder, "metrics.jsonl", err);
    RtStatus status = csv && jsonl ? RT_OK : RT_ERROR_FILE;
    if (!status && cut_at)
        status = cut(csv, "", cut_at[0], t, err);
    if (!status && cut_at)
        status = cut(jsonl, "{\"step\": ", cut_at[1], NULL, err);
    if (!status)
        status = open_both(t, csv, jsonl, !cut_at, err);
    free(csv);
    free(jsonl);
    if (status)
        table_close(t);
    return status;
}

RtStatus table_open(RunlogTable *t, const char *folder, RtError *err) { return open_in(t, folder, NULL, err); }

RtStatus table_resume(RunlogTable *t, const char *folder, int epochs, int64_t steps, RtError *err)
{
    return open_in(t, folder, (const int64_t[]){ epochs, steps }, err);
}

RtStatus table_sync(RunlogTable *t, RtError *err)
{
    RtStatus csv = append_sync(&t->csv, err), jsonl = append_sync(&t->jsonl, csv ? NULL : err);
    return csv ? csv : jsonl;
}

void table_close(RunlogTable *t)
{
    append_close(&t->csv);
    append_close(&t->jsonl);
    forget_columns(t);
}
