#!/usr/bin/python3
"""make_map.py NAME [--first N]: prints the name map NAME of a TensorFlow source, layer by layer.   make_map.py --all DIR: every map.

tests/weights/sources/NAME.tsv lists names and shapes in the order in which the source makes its layers, which is the order of the
netdef's text: the k-th convolution there is the k-th here. Shapes must agree. Needs build/inceptc.
--first N: Keras' numbers begin at N: 0 in a session since Keras 2.3, whose first layer has no number, more when the session had
made other layers before. The maps beside this file have 1, as the published files do."""
import os
import re
import subprocess
import sys

HOME = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
KERAS = "# Keras applications' %s, layers numbered from 1 as in the published files; names as tools/to_safetensors.py writes them."
SLIM = "# tf-slim's checkpoint of %s; class 0, the background, is left out."
RUN = "# Checked: names and shapes against the library (tests/weights/sources), the output of random weights (tests/peers/tf_peers.py)"
READ = "# Checked: names and shapes against the source text and the number of parameters (tests/weights/sources/slim_read_names.py)"
# The map: its source, how it was checked, the netdef, and the rules of what is special: heads, and slim's separable convolution.
MAPS = {
    "keras_inception_v3": (KERAS % "InceptionV3", RUN, "variants/inception_v3_tf", ["predictions/kernel fc.weight io", "predictions/bias fc.bias"]),
    "keras_inception_resnet_v2": (KERAS % "InceptionResNetV2", RUN, "inception_resnet_v2", [
        "predictions/kernel classif.weight io", "predictions/bias classif.bias"]),
    "slim_inception_v1": (SLIM % "inception_v1", RUN, "variants/googlenet_slim", [
        "InceptionV1/Logits/Conv2d_0c_1x1/weights fc.weight hwio[1:]", "InceptionV1/Logits/Conv2d_0c_1x1/biases fc.bias [1:]"]),
    "slim_inception_v2": (SLIM % "inception_v2", RUN, "inception_v2", [
        "InceptionV2/Conv2d_1a_7x7/depthwise_weights Conv2d_1a_7x7.depthwise.weight hwim",
        "InceptionV2/Conv2d_1a_7x7/pointwise_weights Conv2d_1a_7x7.pointwise.weight hwio",
        "InceptionV2/Conv2d_1a_7x7/biases Conv2d_1a_7x7.pointwise.bias",
        "InceptionV2/Logits/Conv2d_1c_1x1/weights Logits.weight hwio[1:]", "InceptionV2/Logits/Conv2d_1c_1x1/biases Logits.bias [1:]"]),
    "slim_inception_v3": (SLIM % "inception_v3", RUN, "variants/inception_v3_tf", [
        "InceptionV3/Logits/Conv2d_1c_1x1/weights fc.weight hwio[1:]", "InceptionV3/Logits/Conv2d_1c_1x1/biases fc.bias [1:]",
        "InceptionV3/AuxLogits/Conv2d_2b_1x1/weights AuxLogits.fc.weight hwio[1:]",
        "InceptionV3/AuxLogits/Conv2d_2b_1x1/biases AuxLogits.fc.bias [1:]"]),
    "slim_inception_v4": (SLIM % "inception_v4", READ, "inception_v4", [
        "InceptionV4/Logits/Logits/weights last_linear.weight io[1:]", "InceptionV4/Logits/Logits/biases last_linear.bias [1:]"]),
    "slim_inception_resnet_v2": (SLIM % "inception_resnet_v2", READ, "inception_resnet_v2", [
        "InceptionResnetV2/Logits/Logits/weights classif.weight io[1:]", "InceptionResnetV2/Logits/Logits/biases classif.bias [1:]"]),
}
SLIM_ROLES = [("/weights", ".conv.weight hwio"), ("/BatchNorm/beta", ".bn.bias"), ("/BatchNorm/moving_mean", ".bn.running_mean"),
              ("/BatchNorm/moving_variance", ".bn.running_var")]
KERAS_ROLES = [("/beta", ".bias"), ("/moving_mean", ".running_mean"), ("/moving_variance", ".running_var")]
SLIM_SLOTS = [".*/RMSProp[_0-9]*", ".*/Momentum", ".*/Adam[_0-9]*", ".*/ExponentialMovingAverage", "global_step"]


def rows(path):
    return [line.rstrip("\n").split("\t") for line in open(path) if line[0] != "#"]


def own_weights(net):
    """Names and shapes in the order of the text."""
    dump = subprocess.run([HOME + "/build/inceptc", net, "--dump=graph"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return [line.split()[1:3] for line in dump.splitlines() if line.startswith("weight ")]


def layers(weights, ending):
    """Paths of the layers whose weights end so, and the shapes of those."""
    return [(name[:-len(ending)], shape) for name, shape in weights if name.endswith(ending)]


def hwio(shape):
    o, i, h, w = shape.split("x")
    return ",".join((h, w, i, o))


def pairs(theirs, ours):
    for (foreign, shape), (own, own_shape) in zip(theirs, ours):
        if shape != hwio(own_shape):
            sys.exit(f"{foreign} is {shape}, but {own} is {own_shape}: the order differs")
        yield foreign, own


def slim_map(theirs, ours):
    yield from (f"@role {foreign} {own}" for foreign, own in SLIM_ROLES)
    normed = {n[:-len("/BatchNorm/beta")] for n, _ in theirs if n.endswith("/BatchNorm/beta")}
    mine = layers(ours, ".conv.weight")
    convs = [x for x in layers(theirs, "/weights") if x[0] in normed]
    yield from (f"{foreign}@ {own}@" for foreign, own in pairs(convs, mine))
    if len(convs) > len(mine):  # their auxiliary head, which ours has not
        yield f"{convs[0][0].split('/')[0]}/AuxLogits/.* -"
    ups = [x for x in layers(theirs, "/weights") if x[0] not in normed and "lock" in x[0]]
    for foreign, own in pairs(ups, [x for x in layers(ours, ".weight") if x[0].endswith("conv2d")]):
        yield f"{foreign}/weights {own}.weight hwio"
        yield f"{foreign}/biases {own}.bias"
    yield from (f"{slot} -" for slot in SLIM_SLOTS)


def numbered(kind, k, first):
    n = int(k) - 1 + first
    return f"{kind}_{n}" if n else kind


def keras_map(theirs, ours, first):
    yield from (f"@role {foreign} {own}" for foreign, own in KERAS_ROLES)
    convs = layers(theirs, "/kernel")
    for foreign, own in pairs([x for x in convs if re.fullmatch(r"conv2d_\d+|conv_7b", x[0])], layers(ours, ".conv.weight")):
        m = re.fullmatch(r"conv2d_(\d+)", foreign)
        yield f"{numbered('conv2d', m[1], first) if m else foreign}/kernel {own}.conv.weight hwio"
        yield f"{numbered('batch_normalization', m[1], first) if m else foreign + '_bn'}@ {own}.bn@"
    ups = [x for x in convs if x[0].startswith("block")]
    for foreign, own in pairs(ups, [x for x in layers(ours, ".weight") if x[0].endswith("conv2d")]):
        yield f"{foreign}/kernel {own}.weight hwio"
        yield f"{foreign}/bias {own}.bias"


def make(name, first=1):
    """The text of a map."""
    source, checked, net, special = MAPS[name]
    theirs = rows(f"{HOME}/tests/weights/sources/{name}.tsv")
    ours = own_weights(f"{HOME}/netdefs/{net}.net")
    lines = [source, checked, f"# for netdefs/{net}.net; written by netdefs/names/make_map.py", "@eps 0.001", *special]
    lines += keras_map(theirs, ours, first) if name.startswith("keras") else slim_map(theirs, ours)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--all"] and len(sys.argv) == 3:
        for each in MAPS:
            with open(f"{sys.argv[2]}/{each}.map", "w") as f:
                f.write(make(each))
    elif len(sys.argv) in (2, 4) and sys.argv[1] in MAPS:
        sys.stdout.write(make(sys.argv[1], *map(int, sys.argv[3:])))
    else:
        sys.exit(__doc__ + "\nNAME is one of " + ", ".join(MAPS))
