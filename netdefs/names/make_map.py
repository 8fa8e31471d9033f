#!/usr/bin/python3
"""make_map.py SOURCE.tsv NET.net [--first N]: a name map of a TensorFlow source, layer by layer.

SOURCE.tsv lists names and shapes in the order in which the source makes its layers, which is the order of NET's text; so the
k-th convolution there is the k-th here. Shapes must agree. Which map came from what stands in make_maps.sh beside this file.
--first N: Keras' numbers begin at N: 0 for a session since Keras 2.3, where the first layer has no number, or what the session
had made before. The maps beside this file have 1, as the published files do."""
import re
import subprocess
import sys
import os

HOME = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
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


def main(source, net, first=1):
    keras = os.path.basename(source).startswith("keras")
    theirs, ours = rows(source), own_weights(net)
    for rule in keras_map(theirs, ours, first) if keras else slim_map(theirs, ours):
        print(rule)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 5):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[4:]))
