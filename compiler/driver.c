#include "driver.h"
#include "folder.h"
#include "home.h"
#include "onnx.h"
#include "phase.h"
#include "print_c.h"
#include "structure.h"
#include "weights/embed.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Plans ---- */

const Target *driver_best_target(void)
{
    int best = 0;
    for (int i = 0; i < n_targets; i++)
        if (rt_target_runs_here((RtTarget)i))
            best = i;
    return &targets[best];
}

const Target *driver_report_target(const Options *o)
{
    if (!o->target)
        return o->probe ? driver_best_target() : &targets[n_targets - 1];
    const Target *t = target_find(o->target);
    return t ? t : driver_best_target();
}

static bool wants_target(const Options *o, const Target *t)
{
    if (!o->target)
        return true;
    if (strcmp(o->target, "native") != 0)
        return strcmp(o->target, t->name) == 0;
    return t == driver_best_target();
}

int driver_targets(const Options *o, const Target **out)
{
    int n = 0;
    for (int i = 0; i < n_targets; i++)
        if (wants_target(o, &targets[i]))
            out[n++] = &targets[i];
    return n;
}

PassOptions driver_passes(const Options *o)
{
    PassOptions p = { .off = o->pass_off };
    for (int i = 0; i < n_targets; i++)
        p.fast |= wants_target(o, &targets[i]) && targets[i].block > 1 && o->plan.numerics != NUMERICS_EXACT;
    return p;
}

EmitTarget *driver_plans(Arena *a, Graph *g, const Target *const *own, int n, PlanOptions options)
{
    EmitTarget *list = ARENA_ARRAY(a, n, EmitTarget);
    const char *outer = phase_enter("plan");
    for (int i = 0; i < n && diag_error_count() == 0; i++) {
        phase_enter("plan");
        list[i].plan = plan_new(a, g, own[i], options);
        if (diag_error_count() > 0)
            break;
        phase_enter("lower");
        list[i].unit = lower_plan(a, list[i].plan);
        loop_simplify(list[i].unit);
        phase_enter("verify loops");
        loop_verify(list[i].unit);
    }
    phase_enter(outer);
    return diag_error_count() == 0 ? list : NULL;
}

/* A record of another level, target or network changes nothing: worth a word. */
static void check_tuning(const Options *o, const Emit *e)
{
    for (int i = 0; i < e->n_targets; i++)
        for (int k = 0; k < e->targets[i].plan->steps.n; k++)
            if (e->targets[i].plan->steps.at[k]->recorded)
                return;
    diag_warning((Loc){ 0 }, NULL, "the tuning record '%s' says nothing of this network's convolutions at numerics %s", o->tuning,
                 numerics_names[o->plan.numerics]);
}

bool driver_plan(const Options *o, Emit *e)
{
    const Target **own = ARENA_ARRAY(e->arena, n_targets, const Target *);
    e->n_targets = driver_targets(o, own);
    e->targets = driver_plans(e->arena, (Graph *)e->graph, own, e->n_targets, o->plan);
    if (e->targets && o->tuning)
        check_tuning(o, e);
    return e->targets != NULL;
}

int driver_dump(const Options *o, const Emit *e)
{
    for (int i = 0; i < e->n_targets; i++) {
        if (strcmp(o->dump, "plan") == 0)
            plan_print(e->targets[i].plan, stdout);
        if (strcmp(o->dump, "loops") == 0)
            loop_print(e->targets[i].unit, stdout);
    }
    if (strcmp(o->dump, "c") == 0) {
        Emit copy = *e;
        copy.header = arena_printf(e->arena, "%s.h", e->graph->name);
        emit_c(&copy, stdout);
    }
    return EXIT_OK;
}

/* ---- Files ---- */

int driver_fail(const RtError *err)
{
    diag_error((Loc){ 0 }, "%s", err->message);
    return (int)err->status; /* RtStatus has the values of exit codes */
}

int driver_end(const Options *o, Replace *r, int code)
{
    RtError err = { 0 };
    if (!code && !o->dry_run)
        return replace_commit(r, &err) == RT_OK ? EXIT_OK : driver_fail(&err);
    replace_abort(r);
    return code;
}

typedef void Writer(const Emit *e, FILE *f);

/* Begins, writes and finishes; the rename is left. */
static int write_beside(const Emit *e, const char *path, Writer *writer, Replace *r)
{
    RtError err = { 0 };
    if (replace_begin(r, path, &err) != RT_OK)
        return driver_fail(&err);
    const char *outer = phase_enter("print");
    writer(e, r->file);
    phase_enter(outer);
    return replace_finish(r, &err) == RT_OK ? EXIT_OK : driver_fail(&err);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *with_suffix(Arena *a, const char *path, const char *suffix)
{
    return arena_printf(a, "%.*s%s", (int)(strlen(path) - 2), path, suffix);
}

/* Both are complete before either is in place. */
static int write_pair(Emit *e, const char *c_path)
{
    const char *h_path = with_suffix(e->arena, c_path, ".h");
    e->header = base_name(h_path);
    Replace c, h;
    RtError err = { 0 };
    int code = write_beside(e, h_path, emit_header, &h);
    if (code)
        return code;
    code = write_beside(e, c_path, emit_c, &c);
    if (code) {
        replace_abort(&h);
        return code;
    }
    bool good = replace_commit(&h, &err) == RT_OK;
    if (!good)
        replace_abort(&c);
    return good && replace_commit(&c, &err) == RT_OK ? EXIT_OK : driver_fail(&err);
}

/* ---- The C compiler ---- */

/* One word of a shell. */
static void print_word(const char *s, FILE *f)
{
    static const char plain[] = "%+,-./0123456789:=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    if (*s && !s[strspn(s, plain)]) {
        fputs(s, f);
        return;
    }
    fputc('\'', f);
    for (; *s; s++)
        fputs(*s == '\'' ? "'\\''" : (char[]){ *s, '\0' }, f);
    fputc('\'', f);
}

static void print_command(char *const *argv, FILE *f)
{
    for (int i = 0; argv[i]; i++) {
        fputs(i ? " " : "", f);
        print_word(argv[i], f);
    }
    fputc('\n', f);
}

int driver_run(const Options *o, char *const *argv) { return driver_run_into(o, argv, NULL); }

/* A signal does not come before the child is known. */
static int spawn_remembered(pid_t *pid, char *const *argv, const posix_spawn_file_actions_t *actions)
{
    posix_spawnattr_t attributes;
    int why = posix_spawnattr_init(&attributes);
    if (why)
        return why;
    sigset_t before = cleanup_hold();
    posix_spawnattr_setsigmask(&attributes, &before);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    why = posix_spawnp(pid, argv[0], actions, &attributes, argv, environ);
    if (!why)
        cleanup_child(*pid);
    cleanup_release(&before);
    posix_spawnattr_destroy(&attributes);
    return why;
}

/* Standard output and standard error go to `said`. */
static int spawn(pid_t *pid, char *const *argv, const char *said)
{
    posix_spawn_file_actions_t actions;
    int why = posix_spawn_file_actions_init(&actions);
    if (why)
        return why;
    if (said)
        why = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, said, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (said && !why)
        why = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (!why)
        why = spawn_remembered(pid, argv, &actions);
    posix_spawn_file_actions_destroy(&actions);
    return why;
}

int driver_run_into(const Options *o, char *const *argv, const char *said)
{
    if (o->verbose)
        print_command(argv, stderr);
    if (o->dry_run)
        return 0;
    fflush(NULL);
    pid_t pid;
    int why = spawn(&pid, argv, said), status = 0;
    if (why) {
        diag_error((Loc){ 0 }, "cannot run '%s': %s", argv[0], strerror(why));
        return DRIVER_NOT_RUN;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    cleanup_child(0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_command(const Options *o, char *const *argv)
{
    const char *outer = phase_enter("C compiler");
    int code = driver_run(o, argv);
    phase_enter(outer);
    if (code && code != DRIVER_NOT_RUN)
        diag_error((Loc){ 0 }, "the C compiler '%s' failed", argv[0]);
    return code ? EXIT_FILE : EXIT_OK;
}

enum { MAX_ARGS = 64 };

/* Splits "ccache gcc" at spaces. */
static int add_words(Arena *a, char **argv, int n, const char *words)
{
    for (char *w = strtok(arena_strdup(a, words), " "); w && n < MAX_ARGS - 24; w = strtok(NULL, " "))
        argv[n++] = w;
    return n;
}

/* What makes a program of the network's C, whose own file is c_path. */
static int add_program(const Options *o, Emit *e, const char *home, const char *c_path, const char *weights_c, char **argv, int n)
{
    Arena *a = e->arena;
    const char *lib = arena_printf(a, "%s/build/libinceptrt.a", home);
    if (access(lib, R_OK) != 0)
        lib = arena_printf(a, "%s/libinceptrt.a", home);
    argv[n++] = arena_printf(a, "-DRT_PROGRAM_NETWORK=%s_network", e->graph->name);
    if (e->train)
        argv[n++] = "-DRT_PROGRAM_TRAINS";
    argv[n++] = arena_printf(a, "%s/runtime/program/main.c", home);
    argv[n++] = arena_strdup(a, c_path);
    if (o->is_static) {
        argv[n++] = "-static";
        argv[n++] = "-s"; /* a file to ship: a quarter of it is symbols and lines of the runtime otherwise */
    }
    if (e->embed) {
        argv[n++] = "-DRT_PROGRAM_EMBEDDED";
        argv[n++] = "-Wl,--build-id=none"; /* a hash of all weights otherwise: half a second for 224 MB */
        argv[n++] = arena_strdup(a, weights_c);
    }
    if (o->no_images) /* before the archive: its decoders stay out */
        argv[n++] = arena_printf(a, "%s/runtime/train/image_no_libraries.c", home);
    argv[n++] = arena_strdup(a, lib);
    return add_words(a, argv, n, o->no_images ? "-lm -lpthread" : "-ljpeg -lpng -lz -lm -lpthread");
}

static int compile_c(const Options *o, Emit *e, const char *dir, const char *c_path, const char *weights_c, const char *out)
{
    Arena *a = e->arena;
    const char *home = home_dir(a);
    const char *cc = o->cc ? o->cc : getenv("CC") && *getenv("CC") ? getenv("CC") : "cc";
    char *argv[MAX_ARGS];
    int n = add_words(a, argv, 0, cc);
    argv[n++] = "-std=gnu11";
    argv[n++] = "-O2";
    argv[n++] = "-ffp-contract=off";
    if (o->is_static) /* a small file that is to be shipped: 20 kB that debuggers alone would read */
        argv[n++] = "-fno-asynchronous-unwind-tables";
    argv[n++] = arena_printf(a, "-I%s/runtime", home);
    argv[n++] = arena_printf(a, "-I%s", dir);
    argv[n++] = "-o";
    argv[n++] = arena_strdup(a, out);
    if (options_output(o) == OUTPUT_OBJECT) {
        argv[n++] = "-c";
        argv[n++] = arena_strdup(a, c_path);
    } else {
        n = add_program(o, e, home, c_path, weights_c, argv, n);
    }
    argv[n] = NULL;
    return run_command(o, argv);
}

/* The program or object `out`, by way of C in the folder f. */
static int build_in(const Options *o, Emit *e, Folder *f, const char *out)
{
    Arena *a = e->arena;
    const char *c_path = folder_file(f, a, arena_printf(a, "%s.c", e->graph->name));
    folder_file(f, a, arena_printf(a, "%s.h", e->graph->name));
    const char *weights_c = folder_file(f, a, "weights-inside.c"), *weights = folder_file(f, a, "weights-inside");
    int code = write_pair(e, c_path);
    if (!code && e->embed) {
        const char *outer = phase_enter("weights");
        code = embed_write(e->embed, weights, weights_c);
        phase_enter(outer);
    }
    return code ? code : compile_c(o, e, f->path, c_path, weights_c, out);
}

/* What cannot be written is said first, not when the C compiler has done its work. */
static int build(const Options *o, Emit *e)
{
    struct stat st;
    if (stat(o->output, &st) == 0 && !S_ISREG(st.st_mode)) {
        diag_error((Loc){ 0 }, "output '%s' is %s", o->output, S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
        return EXIT_FILE;
    }
    Replace r;
    RtError err = { 0 };
    Folder f = { 0 };
    if (replace_begin(&r, o->output, &err) != RT_OK)
        return driver_fail(&err);
    bool made = folder_open(&f, e->arena, "build", &err) == RT_OK;
    int code = made ? build_in(o, e, &f, r.sibling) : driver_fail(&err);
    if (made)
        folder_remove(&f);
    return driver_end(o, &r, code);
}

int driver_output(const Options *o, Emit *e)
{
    if (options_output(o) == OUTPUT_STDOUT) {
        phase_enter("print");
        e->header = arena_printf(e->arena, "%s.h", e->graph->name);
        emit_c(e, stdout);
        return EXIT_OK;
    }
    return options_output(o) == OUTPUT_C ? write_pair(e, o->output) : build(o, e);
}

int driver_onnx(const Options *o, Graph *g, uint64_t structure)
{
    OnnxOptions x = { .weights = o->weights, .seed = o->seed, .unfused = o->onnx_unfused, .structure = structure, .version = INCEPTC_VERSION };
    RtError err = { 0 };
    phase_enter("print");
    RtStatus status = onnx_export(g, &x, o->output, &err);
    return status && *err.message ? driver_fail(&err) : (int)status; /* without a message it was a diagnostic */
}

int driver_close_stdout(int code)
{
    bool bad = ferror(stdout) != 0;
    if (fclose(stdout) != 0 || bad) {
        diag_error((Loc){ 0 }, "cannot write to standard output: %s", strerror(errno));
        return code ? code : EXIT_FILE;
    }
    return code;
}

int driver_build(const Options *o, Arena *a, const char *target, const char *path)
{
    bool file_error = false;
    Options own = *o;
    own.output = path;
    own.target = target;
    Graph *g = net_load(a, o->inputs.at[0], &o->net, &file_error);
    if (!g)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    Emit e = { .arena = a, .graph = g, .totals = graph_totals(g), .structure = structure_hash(g) };
    PassOptions p = driver_passes(&own);
    passes_run_inference(g, &p);
    return driver_plan(&own, &e) && (!own.train || driver_plan_training(&own, &e)) ? driver_output(&own, &e) : EXIT_INPUT;
}
