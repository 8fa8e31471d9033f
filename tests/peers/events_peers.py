#!/usr/bin/env python3
"""events_peers.py: what build/events_tool wrote, read by both of TensorBoard's readers: in Python, and its server in Rust."""
import csv, io, json, pathlib, shutil, socket, subprocess, sys, time, urllib.parse, urllib.request
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator, plugin_event_multiplexer
from tensorboard.plugins.hparams import plugin_data_pb2

ROOT = pathlib.Path("build/events")
ALL = {kind: 0 for kind in (event_accumulator.SCALARS, event_accumulator.IMAGES, event_accumulator.HISTOGRAMS,
                            event_accumulator.TENSORS, event_accumulator.COMPRESSED_HISTOGRAMS)}
wrong = []


def expect(what, got, want):
    if got != want:
        wrong.append(f"{what}: {got!r}, expected {want!r}")


def read(folder):
    events = event_accumulator.EventAccumulator(str(folder), size_guidance=ALL)
    return events.Reload()


class Served:
    """TensorBoard on ROOT: what its pages get."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/data/"
        self.server = subprocess.Popen([sys.executable, "-m", "tensorboard.main", "--logdir", str(ROOT), "--load_fast=true",
                                        "--host", "127.0.0.1", "--port", str(port)], stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                if len(self.get("runs")) == 3 and self.get("plugin/hparams/experiment", {"experimentName": ""})["metricInfos"]:
                    return
            except (OSError, KeyError, json.JSONDecodeError):
                pass
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()

    def get(self, path, post=None, **arguments):
        data = json.dumps(post).encode() if post else None
        request = urllib.request.Request(self.url + path + "?" + urllib.parse.urlencode(arguments), data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())


def check_served(tb):
    curve = tb.get("plugin/scalars/scalars", run="demo/train", tag="loss")
    expect("served loss", [(step, v // 100) for _, step, v in curve], [(i, 1 if i <= 20 else 2) for i in range(1, 41)])
    (_, step, buckets), = tb.get("plugin/histograms/histograms", run="demo/train", tag="weights/conv")
    expect("served histogram", (step, round(buckets[0][0], 3), round(buckets[-1][1], 3), sum(b[2] for b in buckets)), (10, -3, 6.999, 10010))
    expect("served picture", tb.get("plugin/images/tags")["demo/validation"]["confusion"]["samples"], 1)
    expect("served text", "<strong>bold</strong>" in tb.get("plugin/text/text", run="demo/train", tag="summary")[0]["text"], True)
    expect("served graph", tb.get("plugin/graphs/info")["demo/train"]["run_graph"], True)
    query = {"experimentName": "", "allowedStatuses": ["STATUS_SUCCESS"], "startIndex": 0, "sliceSize": 10}
    group, = tb.get("plugin/hparams/session_groups", query)["sessionGroups"]
    expect("served hparams", group["hparams"], {"opt": "sgd", "lr": 0.01, "batch": 64.0, "nesterov": True})
    metrics = {(m["name"]["group"], m["name"]["tag"]): (m["trainingStep"], round(m["value"], 4)) for m in group["metricValues"]}
    expect("served metric", metrics.get(("validation", "epoch_loss")), (40, 0.05))


def check_curves(train, validation):
    base = lambda step: 100 if step <= 20 else 200  # the abandoned steps 21 to 30 are forgotten
    got = [(s.step, round(s.value - base(s.step), 3)) for s in train.Scalars("loss")]
    expect("train loss", got, [(step, round(1 / step, 3)) for step in range(1, 41)])
    expect("lr", [round(s.value, 6) for s in train.Scalars("lr")], [0.01] * 40)
    expect("epoch loss", [s.step for s in train.Scalars("epoch_loss")], [10, 20, 30, 40])
    got = [(s.step, round(s.value, 5)) for s in validation.Scalars("epoch_loss")]
    expect("validation loss", got, [(step, round(2 / step, 5)) for step in (10, 20, 30, 40)])


def check_histogram(train):
    h = train.Histograms("weights/conv")[0].histogram_value
    values = [i / 1000 - 3 for i in range(10000)] + [0] * 10
    expect("num", h.num, len(values))
    expect("min, max", (round(h.min, 6), round(h.max, 6)), (-3, 6.999))
    expect("sum", round(h.sum, 2), round(sum(values), 2))
    expect("squares", round(h.sum_squares, 1), round(sum(v * v for v in values), 1))
    expect("limits", len(h.bucket_limit), len(h.bucket))
    expect("few buckets", len(h.bucket) <= 128 and list(h.bucket_limit) == sorted(h.bucket_limit), True)
    expect("outer buckets", h.bucket[0] > 0 and h.bucket[-1] > 0, True)
    low = float("-inf")
    for limit, count in zip(h.bucket_limit, h.bucket):
        if abs(count - sum(low <= v < limit for v in values)) > 1:  # values are floats there
            wrong.append(f"bucket below {limit}: {count}")
        low = limit
    expect("empty histogram", train.Histograms("weights/empty")[0].histogram_value.num, 0)


def check_picture(validation):
    event = validation.Images("confusion")[0]
    picture = Image.open(io.BytesIO(event.encoded_image_string))
    expect("picture", (picture.size, picture.mode, event.width, event.height), ((120, 120), "RGB", 120, 120))
    expect("pixels", [picture.getpixel(p) for p in ((20, 20), (60, 20), (100, 60))], [(8, 60, 150), (255, 255, 255), (40, 40, 40)])


def check_text_and_graph(train):
    tensor = train.Tensors("summary")[0].tensor_proto
    expect("text", list(tensor.string_val), [b"**bold** and `code`"])
    expect("text's plugin", train.SummaryMetadata("summary").plugin_data.plugin_name, "text")
    nodes = train.Graph().node
    expect("graph", [(n.name, n.op, list(n.input)) for n in nodes],
           [("x", "input", []), ("block/a", "conv", ["x"]), ("y", "add", ["block/a", "x"])])
    expect("shape", [d.size for d in nodes[0].attr["_output_shapes"].list.shape[0].dim], [1, 3, 8, 8])


def hparams(run, tag):
    metadata = run.SummaryMetadata(tag)
    expect("plugin of " + tag, metadata.plugin_data.plugin_name, "hparams")
    return plugin_data_pb2.HParamsPluginData.FromString(metadata.plugin_data.content)


def check_hparams(run):
    start = hparams(run, "_hparams_/session_start_info").session_start_info
    got = {key: getattr(value, value.WhichOneof("kind")) for key, value in start.hparams.items()}
    expect("hparams", got, {"opt": "sgd", "lr": 0.01, "batch": 64.0, "nesterov": True})
    expect("session's end", hparams(run, "_hparams_/session_end_info").session_end_info.status, 1)


def check_files(folder):
    expect("args.json", json.loads((folder / "args.json").read_text()), {"opt": "sgd", "lr": 0.01, "batch": 64, "nesterov": True})
    expect("class_names.txt", (folder / "class_names.txt").read_text(), "cat\ndög\nf,ox\n")
    expect("confusion.csv", (folder / "confusion.csv").read_text(), "true,0,1,2\n0,1,0,0\n1,0,0,1\n2,0,0,0\n")
    expect("confusion.png", Image.open(folder / "confusion.png").size, (120, 120))
    rows = list(csv.DictReader(open(folder / "log.csv")))
    expect("log.csv", [(r["epoch"], r["step"], float(r["train_loss"]) // 100) for r in rows],
           [("1", "10", 1), ("2", "20", 1), ("3", "30", 2), ("4", "40", 2)])
    steps = [json.loads(line) for line in open(folder / "metrics.jsonl")]
    expect("metrics.jsonl", [(s["step"], s["train_loss"] // 100) for s in steps], [(i, 1 if i <= 20 else 2) for i in range(1, 41)])


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    subprocess.run(["build/events_tool", str(ROOT)], check=True)
    demo = ROOT / "demo"
    train, validation, run = read(demo / "train"), read(demo / "validation"), read(demo)
    check_curves(train, validation)
    check_histogram(train)
    check_picture(validation)
    check_text_and_graph(train)
    check_hparams(run)
    check_files(demo)
    runs = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(ROOT)).Runs()
    expect("runs", sorted(runs), ["demo", "demo/train", "demo/validation"])
    with Served() as tb:
        check_served(tb)
    print("\n".join(wrong) or "ok      events: TensorBoard reads them")
    return bool(wrong)


sys.exit(main())
