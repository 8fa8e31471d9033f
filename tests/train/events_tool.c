/* events_tool.c ROOT: a run of all kinds of records in ROOT/demo, stopped after step 30 and resumed from step 20, and what
 * tests/peers/events_peers.py must find in it. */
#include "../../runtime/train/runlog.h"
#include <stdlib.h>

static void expect_ok(RtStatus status, const RtError *err)
{
    if (status) {
        fprintf(stderr, "events_tool: %s\n", err->message);
        exit(status);
    }
}

/* Steps from `first` to `last`: loss = base + 1/step in train, 2/step in validation at every tenth, which ends an epoch. */
static void train(Runlog *r, int first, int last, double base)
{
    RtError err;
    for (int step = first; step <= last; step++) {
        const RunlogValue now[] = { { RUNLOG_TRAIN, "loss", base + 1.0 / step }, { RUNLOG_SETTING, "lr", 0.01 } };
        expect_ok(runlog_step(r, (step + 9) / 10, step, now, 2, &err), &err);
        const RunlogValue epoch[] = { { RUNLOG_TRAIN, "loss", base + 1.0 / step }, { RUNLOG_VALIDATION, "loss", 2.0 / step } };
        if (step % 10 == 0)
            expect_ok(runlog_epoch(r, step / 10, step, epoch, 2, &err), &err);
    }
}

static void add_picture(Runlog *r)
{
    RtError err;
    Metrics m;
    expect_ok(metrics_open(&m, 3, 2, 1, &err), &err);
    metrics_add(&m, (const float[]){ 1, 0, 0, 0, 0, 1 }, (const int[]){ 0, 1 }, 2);
    expect_ok(runlog_confusion(r, 10, &m, NULL, &err), &err);
    metrics_close(&m);
}

static void add_graph(Runlog *r)
{
    RtError err;
    static const char *const x[] = { "x" }, *const both[] = { "block/a", "x" };
    static const int shape[] = { 1, 3, 8, 8 };
    const EventsNode nodes[] = { { "x", "input", 0, NULL, 4, shape },
                                 { "block/a", "conv", 1, x, 4, shape },
                                 { "y", "add", 2, both, 0, NULL } };
    expect_ok(events_graph(&r->train, nodes, 3, &err), &err);
}

static void add_args(Runlog *r)
{
    RtError err;
    const EventsParam args[] = { { "opt", EVENTS_TEXT, "sgd", 0, 0 }, { "lr", EVENTS_NUMBER, NULL, 0.01, 0 },
                                 { "batch", EVENTS_INTEGER, NULL, 0, 64 }, { "nesterov", EVENTS_BOOL, NULL, 0, 1 } };
    static const char *const names[] = { "cat", "d\xc3\xb6g", "f,ox" };
    expect_ok(runlog_args(r, args, 4, &err), &err);
    expect_ok(runlog_class_names(r, names, 3, &err), &err);
}

/* 10,000 values i/1000 - 3, two that are no numbers, and 0 ten times. */
static void add_histogram(Runlog *r)
{
    enum { N = 10012 };
    static float x[N];
    RtError err;
    for (int i = 0; i < 10000; i++)
        x[i] = (float)i / 1000 - 3;
    x[10000] = 0.0f / 0.0f;
    x[10001] = 1.0f / 0.0f;
    expect_ok(events_histogram(&r->train, 10, "weights/conv", x, N, &err), &err);
    expect_ok(events_histogram(&r->train, 10, "weights/empty", x, 0, &err), &err);
}

int main(int argc, char **argv)
{
    RtError err;
    Runlog r;
    char folder[4096];
    if (argc != 2)
        return RT_ERROR_USAGE;
    expect_ok(runlog_create(&r, argv[1], "demo", false, &err), &err);
    add_args(&r);
    add_graph(&r);
    add_picture(&r);
    add_histogram(&r);
    expect_ok(events_text(&r.train, 0, "summary", "**bold** and `code`", &err), &err);
    train(&r, 1, 30, 100);
    snprintf(folder, sizeof folder, "%s", r.folder);
    expect_ok(runlog_close(&r, false, &err), &err);
    expect_ok(runlog_resume(&r, folder, 2, 20, &err), &err);
    train(&r, 21, 40, 200);
    expect_ok(runlog_close(&r, true, &err), &err);
    return 0;
}
