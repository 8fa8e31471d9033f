#!/usr/bin/env python3
"""board_peers.py: two steps of fashion.net, the second one resumed; TensorBoard's reader gives back every tag, and pictures, texts and
histograms say what data set, weights and predictions say."""
import gzip, io, json, pathlib, re, shutil, struct, subprocess, sys
import numpy
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator as ea
from tensorboard.plugin_util import markdown_to_safe_html

HERE = pathlib.Path.cwd()
WORK = HERE / "build/board"
DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
N = 320  # of each data set's pictures; the batch is larger than its half: an epoch cut to a step
ALL = {kind: 0 for kind in (ea.SCALARS, ea.IMAGES, ea.HISTOGRAMS, ea.TENSORS, ea.COMPRESSED_HISTOGRAMS)}
wrong = []


def expect(what, got, want):
    if got != want:
        wrong.append(f"{what}: {got!r}, expected {want!r}")


def near(what, got, want, bound):
    if not abs(got - want) <= bound:
        wrong.append(f"{what}: {got!r}, expected {want!r}")


def cut(name, head):
    """The first N entries of an IDX file, as WORK/NAME; its entries as an array."""
    raw = gzip.open(DATA / (name + ".gz")).read()
    shape = (N, 28, 28) if head == 16 else (N,)
    size = int(numpy.prod(shape))
    (WORK / name).write_bytes(raw[:4] + struct.pack(">I", N) + raw[8:head] + raw[head:head + size])
    return numpy.frombuffer(raw, numpy.uint8, size, head).reshape(shape)


def tensors(path):
    raw = path.read_bytes()
    size, = struct.unpack("<Q", raw[:8])
    head = json.loads(raw[8:8 + size])
    return {name: numpy.frombuffer(raw[8 + size + e["data_offsets"][0]:8 + size + e["data_offsets"][1]], numpy.float32)
            for name, e in head.items() if name != "__metadata__" and e["dtype"] == "F32"}


def train(*options):
    subprocess.run(["./fashion", "train", "--steps", "1", "--batch", "192", "--opt", "sgd", "--lr", "0.05", "--log-interval", "1", *options],
                   cwd=WORK, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def read(folder):
    return ea.EventAccumulator(str(folder), size_guidance=ALL).Reload()


def picture(event):
    image = Image.open(io.BytesIO(event.encoded_image_string))
    expect("picture", (image.size, image.mode, event.width, event.height), ((28, 28), "RGB", 28, 28))
    rgb = numpy.asarray(image)
    expect("grey", bool((rgb[..., :1] == rgb).all()), True)
    return rgb[..., 0]


def check_tags(run, train, validation, names):
    scalars = {"loss", "loss/logits", "loss/aux", "accuracy"}
    expect("scalars", set(train.Tags()["scalars"]), scalars | {"epoch_" + s for s in scalars} |
           {"lr", "images_per_second", "epoch_images_per_second", "epoch_wait_share"})
    expect("histograms", set(train.Tags()["histograms"]), {f"{g}/{n}" for g in ("weights", "gradients") for n in names})
    expect("inputs", set(train.Tags()["images"]), {f"inputs/{i}" for i in range(1, 9)})
    expect("validation's pictures", set(validation.Tags()["images"]), {"confusion"} | {f"most_wrong/{i}" for i in range(1, 9)})
    expect("validation's texts", validation.Tags()["tensors"], ["most_wrong"])
    expect("the run's texts", {"recipe", "netdef"} <= set(run.Tags()["tensors"]), True)
    expect("steps of inputs", [e.step for e in train.Images("inputs/1")], [1])
    expect("steps of most_wrong", [e.step for e in validation.Images("most_wrong/1")], [1, 2])


def check_histograms(train, names, after, before):
    rate = train.Scalars("lr")[1].value
    for name in names:
        first, second = (e.histogram_value for e in train.Histograms("weights/" + name))
        for h, w in ((first, before[name]), (second, after[name])):
            expect("values of " + name, h.num, w.size)
            expect("least and most of " + name, (numpy.float32(h.min), numpy.float32(h.max)), (w.min(), w.max()))
            near("sum of " + name, h.sum, float(w.astype(float).sum()), 1e-6 * w.size)
        gradient = (before[name].astype(float) - after[name]) / rate  # a step of plain SGD
        h = train.Histograms("gradients/" + name)[1].histogram_value
        bound = 2e-7 * float(abs(before[name]).max()) / rate + 1e-6
        near("least gradient of " + name, h.min, gradient.min(), bound)
        near("largest gradient of " + name, h.max, gradient.max(), bound)
        expect("gradients move " + name, h.max > h.min, True)


def is_view(seen, image):
    """Is it the picture with two black pixels around it, cut somewhere, perhaps flipped?"""
    wide = numpy.pad(image, 2)
    return any((p == seen).all() for y in range(5) for x in range(5) for p in (wide[y:y + 28, x:x + 28], wide[y:y + 28, x:x + 28][:, ::-1]))


def check_inputs(train, images):
    for i in range(1, 9):
        seen = picture(train.Images(f"inputs/{i}")[0])
        expect(f"data set's pictures like inputs/{i}", any(is_view(seen, image) for image in images), True)


def rows(validation, step):
    text = validation.Tensors("most_wrong")[step].tensor_proto.string_val[0].decode()
    return [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def check_most_wrong(validation, images, labels):
    for i, image in enumerate(images):
        Image.fromarray(image).save(WORK / f"{i:03}.png")
    subprocess.run(["./fashion", "predict", "--weights", "runs/x/last.safetensors", "-o", "y.npy", *sorted(p.name for p in WORK.glob("*.png"))],
                   cwd=WORK, check=True, stdout=subprocess.DEVNULL)
    y = numpy.load(WORK / "y.npy")
    losses = -numpy.log(y[numpy.arange(N), labels])
    losses[y.argmax(1) == labels] = -1
    expected = numpy.sort(losses)[::-1][:8]
    got = rows(validation, 1)
    expect("rows", len(got), 8)
    for k, (number, true, predicted, probability, loss, name) in enumerate(got):
        index = int(re.search(r"picture (\d+)", name)[1])
        expect("row", int(number), k + 1)
        expect("classes", (int(true), int(predicted)), (labels[index], y[index].argmax()))
        near("probability", float(probability), y[index].max(), 1e-3)
        near("loss", float(loss), losses[index], 1e-3)
        near("loss of rank", float(loss), expected[k], 1e-3)
        expect(f"pixels of most_wrong/{number}", bool((picture(validation.Images(f"most_wrong/{number}")[1]) == images[index]).all()), True)


def check_recipe(run):
    text = run.Tensors("recipe")[0].tensor_proto.string_val[0].decode()
    for row in ("| loss | xent(logits) + 0.3\\*xent(aux) |", "| opt | sgd |", "| lr | 0.05 |", "| batch_size | 192 |"):
        expect(row, row in text.splitlines(), True)


def check_netdef(run):
    """As code in markdown; the run's folder has it too."""
    text = (WORK / "fashion.net").read_text()
    expect("netdef", run.Tensors("netdef")[0].tensor_proto.string_val[0].decode(), f"```\n{text}\n```\n")
    expect("netdef.net", (WORK / "runs/x/netdef.net").read_text(), text)
    expect("netdef as code", markdown_to_safe_html(f"```\n{text}\n```\n").count("<pre>"), 1)


def check_graph(train):
    """The same edges as in the compiler's text of the graph."""
    dump = subprocess.run([HERE / "build/inceptc", "fashion.net", "--dump=graph"], cwd=WORK, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = [re.match(r"node (\w+) path=(\S+) in=(\S+) out=([^:]+):(\S+)", line).groups() for line in dump.splitlines() if line.startswith("node ")]
    paths = [path for _, path, *_ in rows]
    names = {out: (path if paths.count(path) == 1 else path + "." + op).replace(".", "/") for op, path, _, out, _ in rows} | {"image": "image"}
    expected = {names[out]: ([names[i] for i in inputs.split(",") if i in names], [int(d) for d in shape.split("x")])
                for op, _, inputs, out, shape in rows}
    got = {n.name: (list(n.input), [d.size for d in n.attr["_output_shapes"].list.shape[0].dim][1:]) for n in train.Graph().node}
    expect("the graph's input", got.pop("image"), ([], [1, 28, 28]))
    expect("the graph's nodes", sorted(got), sorted(expected))
    for name in expected:
        expect("node " + name, got.get(name), expected[name])
    expect("a kernel", [n.op for n in train.Graph().node if n.name == "a1/conv3x3/conv"], ["conv 3x3"])


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    images, _, valid, labels = (cut(name, head) for name, head in (("train-images-idx3-ubyte", 16), ("train-labels-idx1-ubyte", 8),
                                                                   ("t10k-images-idx3-ubyte", 16), ("t10k-labels-idx1-ubyte", 8)))
    text = (HERE / "netdefs/fashion.net").read_text()
    (WORK / "fashion.net").write_text(text.replace(str(DATA) + "/", "").replace(".gz", ""))
    subprocess.run([HERE / "build/inceptc", "fashion.net", "--train", "--target=native", "-o", "fashion"], cwd=WORK, check=True)
    train("--epochs", "1", "--experiment", "x")
    first = tensors(WORK / "runs/x/last.safetensors")
    train("--epochs", "2", "--resume", "runs/x")
    after = tensors(WORK / "runs/x/last.safetensors")
    names = [n for n in after if not n.startswith(("optimizer.", "ema.")) and "running_" not in n]
    folder = WORK / "runs/x"
    run, of_train, validation = read(folder), read(folder / "train"), read(folder / "validation")
    check_tags(run, of_train, validation, names)
    check_histograms(of_train, names, after, first)
    check_inputs(of_train, images)
    check_most_wrong(validation, valid, labels)
    check_recipe(run)
    check_netdef(run)
    check_graph(of_train)
    print("\n".join(wrong[:40]) or "ok      board: TensorBoard reads histograms, pictures, texts and the graph")
    return bool(wrong)


sys.exit(main())
