"""random_source.py SOURCE.tsv OUT.safetensors [EXTRA...]: random values under a source's names; EXTRA: tensors of four numbers more.
random_source.py --check SOURCE FOREIGN.safetensors OWN.safetensors: the tensors below hold the same values, axes exchanged."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../peers"))
from formula import header_of, write

CONV, DENSE, VECTOR = (3, 2, 0, 1), (1, 0), (0,)
HEAD = slice(1, None)  # without the background class
# Written by hand from the two sources: the foreign name, ours, its axes in the order of ours, outputs taken.
PAIRS = {
    "keras_inception_v3": [
        ("conv2d_1/kernel", "Conv2d_1a_3x3.conv.weight", CONV, ...), ("conv2d_13/kernel", "Mixed_5c.branch1x1.conv.weight", CONV, ...),
        ("conv2d_33/kernel", "Mixed_6b.branch7x7_2.conv.weight", CONV, ...), ("batch_normalization_94/moving_variance", "Mixed_7c.branch_pool.bn.running_var", VECTOR, ...),
        ("predictions/kernel", "fc.weight", DENSE, ...)],
    "keras_inception_resnet_v2": [
        ("conv2d_5/kernel", "conv2d_4a.conv.weight", CONV, ...), ("block35_1_conv/bias", "repeat.0.conv2d.bias", VECTOR, ...),
        ("block17_20_conv/kernel", "repeat_1.19.conv2d.weight", CONV, ...), ("block8_10_conv/kernel", "block8.conv2d.weight", CONV, ...),
        ("conv_7b_bn/beta", "conv2d_7b.bn.bias", VECTOR, ...), ("predictions/kernel", "classif.weight", DENSE, ...)],
    "slim_inception_v1": [
        ("InceptionV1/Conv2d_1a_7x7/weights", "conv1.conv.weight", CONV, ...), ("InceptionV1/Mixed_4f/Branch_2/Conv2d_0b_3x3/weights", "inception4e.branch3.1.conv.weight", CONV, ...),
        ("InceptionV1/Mixed_5b/Branch_2/Conv2d_0a_3x3/weights", "inception5a.branch3.1.conv.weight", CONV, ...),
        ("InceptionV1/Logits/Conv2d_0c_1x1/weights", "fc.weight", CONV, HEAD)],
    "slim_inception_v2": [
        ("InceptionV2/Conv2d_1a_7x7/pointwise_weights", "Conv2d_1a_7x7.pointwise.weight", CONV, ...),
        ("InceptionV2/Mixed_4a/Branch_1/Conv2d_1a_3x3/BatchNorm/moving_mean", "Mixed_4a.Branch_1.2.bn.running_mean", VECTOR, ...),
        ("InceptionV2/Logits/Conv2d_1c_1x1/biases", "Logits.bias", VECTOR, HEAD)],
    "slim_inception_v3": [
        ("InceptionV3/Mixed_5c/Branch_1/Conv_1_0c_5x5/weights", "Mixed_5c.branch5x5_2.conv.weight", CONV, ...),
        ("InceptionV3/Mixed_7c/Branch_1/Conv2d_0c_3x1/weights", "Mixed_7c.branch3x3_2b.conv.weight", CONV, ...),
        ("InceptionV3/AuxLogits/Conv2d_2a_5x5/weights", "AuxLogits.conv1.conv.weight", CONV, ...),
        ("InceptionV3/AuxLogits/Conv2d_2b_1x1/weights", "AuxLogits.fc.weight", CONV, HEAD), ("InceptionV3/Logits/Conv2d_1c_1x1/biases", "fc.bias", VECTOR, HEAD)],
    "slim_inception_v4": [
        ("InceptionV4/Mixed_3a/Branch_1/Conv2d_0a_3x3/weights", "features.3.conv.conv.weight", CONV, ...),
        ("InceptionV4/Mixed_6h/Branch_2/Conv2d_0d_7x1/weights", "features.17.branch2.3.conv.weight", CONV, ...),
        ("InceptionV4/Mixed_7d/Branch_2/Conv2d_0e_3x1/BatchNorm/beta", "features.21.branch2_3b.bn.bias", VECTOR, ...),
        ("InceptionV4/Logits/Logits/weights", "last_linear.weight", DENSE, HEAD)],
    "slim_inception_resnet_v2": [
        ("InceptionResnetV2/Repeat/block35_10/Branch_2/Conv2d_0c_3x3/weights", "repeat.9.branch2.2.conv.weight", CONV, ...),
        ("InceptionResnetV2/Repeat_2/block8_9/Conv2d_1x1/weights", "repeat_2.8.conv2d.weight", CONV, ...),
        ("InceptionResnetV2/Block8/Branch_1/Conv2d_0c_3x1/weights", "block8.branch1.2.conv.weight", CONV, ...),
        ("InceptionResnetV2/Logits/Logits/biases", "classif.bias", VECTOR, HEAD)],
}


def make(source, out, *extra):
    rng, tensors = np.random.default_rng(1), {}
    rows = [line.rstrip("\n").split("\t") for line in open(source) if line[0] != "#"]
    for name, shape in rows + [(name, "4") for name in extra]:
        tensors[name] = rng.random([int(k) for k in shape.split(",")], np.float32)
    write(out, tensors)


class File:
    def __init__(self, path):
        self.head, self.data, self.at = header_of(path)

    def __getitem__(self, name):
        begin, end = self.head[name]["data_offsets"]
        return np.frombuffer(self.data[self.at + begin:self.at + end], "<f4").reshape(self.head[name]["shape"])


def check(source, foreign_path, own_path):
    foreign, own = File(foreign_path), File(own_path)
    for name, ours, axes, taken in PAIRS[source]:
        want = foreign[name].transpose(axes)[taken]
        assert np.array_equal(own[ours].ravel(), want.ravel()), (name, ours)
        assert own[ours].shape[0] == want.shape[0], (name, ours)
    print(len(PAIRS[source]), "tensors have the values of the source")


if __name__ == "__main__":
    check(*sys.argv[2:]) if sys.argv[1] == "--check" else make(*sys.argv[1:])
