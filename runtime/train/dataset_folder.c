#include "dataset_sources.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 16 };

typedef struct Names { /* owned strings */
    char **at;
    size_t n, room;
} Names;
typedef bool Wanted(const char *path, const struct dirent *d);

bool dataset_is_picture(const char *name)
{
    static const char *const ends[] = { ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp" };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof ends / sizeof *ends; i++)
        if (strcasecmp(dot, ends[i]) == 0)
            return true;
    return false;
}

/* Takes text, which is null when memory ran out. */
static RtStatus add(Names *list, char *text, RtError *err)
{
    if (text && list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        char **more = reallocarray(list->at, room, sizeof *more);
        if (more) {
            list->at = more;
            list->room = room;
        }
    }
    if (!text || list->n == list->room) {
        free(text);
        return rt_error(err, RT_ERROR_FILE, "out of memory for a list of %zu files", list->n + 1);
    }
    list->at[list->n++] = text;
    return RT_OK;
}

static void free_names(Names *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->at[i]);
    free(list->at);
}

static char *join(const char *dir, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static bool is_folder(const char *path, const struct dirent *d)
{
    struct stat st;
    if (d->d_type != DT_LNK && d->d_type != DT_UNKNOWN)
        return d->d_type == DT_DIR;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}
static bool is_file(const char *path, const struct dirent *d) { return !is_folder(path, d); }

static int by_bytes(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static int no_dot(const struct dirent *d) { return d->d_name[0] != '.'; }
static int by_path(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Appends the wanted entries of dir, sorted by name: their paths, or only their names. */
static RtStatus list_entries(const char *dir, Wanted *wanted, bool paths, Names *out, RtError *err)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, no_dot, by_bytes);
    if (n < 0)
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s; a folder that holds one folder a class was expected", dir, strerror(errno));
    RtStatus s = RT_OK;
    for (int i = 0; i < n; i++) {
        char *path = s == RT_OK ? join(dir, entries[i]->d_name) : NULL;
        if (s == RT_OK && (!path || wanted(path, entries[i]))) {
            s = add(out, paths || !path ? path : strdup(entries[i]->d_name), err);
            path = paths ? NULL : path;
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
    return s;
}

/* Appends dir and all folders below it. */
static RtStatus list_tree(const char *dir, int depth, Names *out, RtError *err)
{
    if (depth > DEPTH_MAX)
        return rt_error(err, RT_ERROR_FILE, "%s: folders lie deeper than %d levels; does a link lead back to a folder above it?", dir, DEPTH_MAX);
    Names below = { 0 };
    RtStatus s = add(out, strdup(dir), err);
    if (s == RT_OK)
        s = list_entries(dir, is_folder, true, &below, err);
    for (size_t i = 0; i < below.n && s == RT_OK; i++)
        s = list_tree(below.at[i], depth + 1, out, err);
    free_names(&below);
    return s;
}

/* Moves the paths whose file names pass from `files` to `out`. */
static RtStatus keep_pictures(Names *files, bool (*is_picture)(const char *name), Names *out, RtError *err)
{
    RtStatus s = RT_OK;
    for (size_t i = 0; i < files->n && s == RT_OK; i++)
        if (is_picture(strrchr(files->at[i], '/') + 1)) {
            s = add(out, files->at[i], err);
            files->at[i] = NULL;
        }
    return s;
}

/* As ImageFolder walks: all folders sorted by path, the files of each by name. */
static RtStatus list_class(const char *dir, const char *class, bool (*is_picture)(const char *name), Names *out, RtError *err)
{
    Names tree = { 0 };
    char *path = join(dir, class);
    RtStatus s = path ? list_tree(path, 1, &tree, err) : rt_error(err, RT_ERROR_FILE, "%s: out of memory", dir);
    if (tree.n)
        qsort(tree.at, tree.n, sizeof *tree.at, by_path);
    for (size_t i = 0; i < tree.n && s == RT_OK; i++) {
        Names files = { 0 };
        s = list_entries(tree.at[i], is_file, true, &files, err);
        if (s == RT_OK)
            s = keep_pictures(&files, is_picture, out, err);
        free_names(&files);
    }
    free(path);
    free_names(&tree);
    return s;
}

/* Appends one class: its number to labels for each of its pictures. */
static RtStatus label_class(int class, size_t n, size_t *labelled, int **labels, RtError *err)
{
    int *more = reallocarray(*labels, n + 1, sizeof *more);
    if (!more)
        return rt_error(err, RT_ERROR_FILE, "out of memory for %zu labels", n);
    for (*labels = more; *labelled < n; ++*labelled)
        more[*labelled] = class;
    return RT_OK;
}

RtStatus dataset_list_folder(const char *dir, bool (*is_picture)(const char *name), RtDataset *out, RtError *err)
{
    Names classes = { 0 }, paths = { 0 };
    int *labels = NULL;
    size_t labelled = 0;
    RtStatus s = list_entries(dir, is_folder, false, &classes, err);
    for (size_t i = 0; i < classes.n && s == RT_OK; i++) {
        s = list_class(dir, classes.at[i], is_picture, &paths, err);
        if (s == RT_OK)
            s = label_class((int)i, paths.n, &labelled, &labels, err);
    }
    *out = (RtDataset){ .kind = RT_SOURCE_FOLDER, .n_samples = paths.n, .n_classes = (int)classes.n, .classes = classes.at,
                        .labels = labels, .paths = paths.at };
    if (s != RT_OK)
        rt_dataset_close(out);
    return s;
}

int dataset_empty_class(const RtDataset *d, int from)
{
    int next = from;
    for (size_t i = 0; i < d->n_samples && d->labels[i] <= next; i++)
        next += d->labels[i] == next;
    return next;
}

static RtStatus check_classes(const char *dir, const RtDataset *d, RtError *err)
{
    int empty = dataset_empty_class(d, 0);
    if (d->n_classes == 0)
        return rt_error(err, RT_ERROR_INPUT, "%s: no class folders; one folder a class was expected, %s/CLASS/PICTURE.jpg", dir, dir);
    if (empty < d->n_classes)
        return rt_error(err, RT_ERROR_INPUT, "%s/%s: no pictures; each class needs one: add some, or remove the folder", dir, d->classes[empty]);
    if (d->n_classes == 1)
        return rt_error(err, RT_ERROR_INPUT, "%s: the only class folder is '%s'; two or more are needed to tell classes apart", dir, d->classes[0]);
    return RT_OK;
}

RtStatus dataset_open_folder(const char *dir, RtDataset *out, RtError *err)
{
    RtStatus s = dataset_list_folder(dir, dataset_is_picture, out, err);
    if (s == RT_OK && (s = check_classes(dir, out, err)) != RT_OK)
        rt_dataset_close(out);
    return s;
}
