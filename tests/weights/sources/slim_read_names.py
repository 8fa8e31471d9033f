"""slim_read_names.py inception_v4|inception_resnet_v2: names and shapes of the variables of two networks that no package carries.

Read from research/slim/nets of tensorflow/models (inception_v4.py at 03cdc5fe, inception_resnet_v2.py at 0223fe37) and written as
tables here; 1001 classes. The sums are checked against the known numbers of parameters, which come from elsewhere.
     python3 tests/weights/sources/slim_read_names.py inception_v4 >slim_inception_v4.tsv"""
import re
import sys

# A layer is SCOPE:CHANNELS; its kernel stands at the end of the scope. A module is a list of branches; "pool" keeps its input.
# A layer after "&" reads what the one before it read, and both go into the result.
V4 = {
    "A": "0a_1x1:96|0a_1x1:64 0b_3x3:96|0a_1x1:64 0b_3x3:96 0c_3x3:96|pool 0b_1x1:96",
    "RA": "1a_3x3:384|0a_1x1:192 0b_3x3:224 1a_3x3:256|pool",
    "B": "0a_1x1:384|0a_1x1:192 0b_1x7:224 0c_7x1:256|0a_1x1:192 0b_7x1:192 0c_1x7:224 0d_7x1:224 0e_1x7:256|pool 0b_1x1:128",
    "RB": "0a_1x1:192 1a_3x3:192|0a_1x1:256 0b_1x7:256 0c_7x1:320 1a_3x3:320|pool",
    "C": "0a_1x1:256|0a_1x1:384 0b_1x3:256 & 0c_3x1:256|0a_1x1:384 0b_3x1:448 0c_1x3:512 0d_1x3:256 & 0e_3x1:256|pool 0b_1x1:256",
    "3a": "pool|0a_3x3:96", "4a": "0a_1x1:64 1a_3x3:96|0a_1x1:64 0b_1x7:64 0c_7x1:64 1a_3x3:96", "5a": "1a_3x3:192|pool",
}
RESNET = {
    "5b": "1x1:96|0a_1x1:48 0b_5x5:64|0a_1x1:64 0b_3x3:96 0c_3x3:96|pool 0b_1x1:64",
    "35": "1x1:32|0a_1x1:32 0b_3x3:32|0a_1x1:32 0b_3x3:48 0c_3x3:64",
    "6a": "1a_3x3:384|0a_1x1:256 0b_3x3:256 1a_3x3:384|pool",
    "17": "1x1:192|0a_1x1:128 0b_1x7:160 0c_7x1:192",
    "7a": "0a_1x1:256 1a_3x3:384|0a_1x1:256 1a_3x3:288|0a_1x1:256 0b_3x3:288 1a_3x3:320|pool",
    "8": "1x1:192|0a_1x1:192 0b_1x3:224 0c_3x1:256",
}
found = []


def weight(name, *shape):
    found.append((name, shape))


def conv(scope, kernel, n_in, n_out, norm=True):
    weight(scope + "/weights", *map(int, kernel.split("x")), n_in, n_out)
    for w in ("BatchNorm/beta", "BatchNorm/moving_mean", "BatchNorm/moving_variance") if norm else ("biases",):
        weight(f"{scope}/{w}", n_out)
    return n_out


def dense(scope, n_in, n_out=1001):
    weight(scope + "/weights", n_in, n_out)
    weight(scope + "/biases", n_out)


def branch(scope, text, n):
    """Channels of the result."""
    total = before = 0
    for layer in text.split():
        if layer == "&":
            total, n = total + n, before
        elif layer != "pool":
            name, n_out = layer.split(":")
            before, n = n, conv(f"{scope}/Conv2d_{name}", name[-3:], n, int(n_out))
    return total + n


def module(scope, text, n):
    return sum(branch(f"{scope}/Branch_{i}", b, n) for i, b in enumerate(text.split("|")))


def stem(net, text, n):
    for layer in text.split():
        name, n_out = layer.split(":")
        n = conv(f"{net}/Conv2d_{name}", name[-3:], n, int(n_out))
    return n


def inception_v4(net="InceptionV4"):
    n = stem(net, "1a_3x3:32 2a_3x3:32 2b_3x3:64", 3)
    for name, kind in re.findall(r"(\w\w)=(\w+)", "3a=3a 4a=4a 5a=5a 5b=A 5c=A 5d=A 5e=A 6a=RA 6b=B 6c=B 6d=B 6e=B 6f=B 6g=B 6h=B 7a=RB 7b=C 7c=C 7d=C"):
        n = module(f"{net}/Mixed_{name}", V4[kind], n)
        if name == "6h":
            head = n
    dense(net + "/AuxLogits/Aux_logits", conv(net + "/AuxLogits/Conv2d_2a", "5x5", conv(net + "/AuxLogits/Conv2d_1b_1x1", "1x1", head, 128), 768))
    dense(net + "/Logits/Logits", n)
    return 42648232 + 3358568


def blocks(net, name, scopes, n):
    for scope in scopes:
        up = module(f"{net}/{scope}", RESNET[name], n)
        conv(f"{net}/{scope}/Conv2d_1x1", "1x1", up, n, norm=False)


def inception_resnet_v2(net="InceptionResnetV2"):
    n = stem(net, "1a_3x3:32 2a_3x3:32 2b_3x3:64 3b_1x1:80 4a_3x3:192", 3)
    n = module(net + "/Mixed_5b", RESNET["5b"], n)
    blocks(net, "35", [f"Repeat/block35_{i}" for i in range(1, 11)], n)
    n = module(net + "/Mixed_6a", RESNET["6a"], n)
    blocks(net, "17", [f"Repeat_1/block17_{i}" for i in range(1, 21)], n)
    head = n
    n = module(net + "/Mixed_7a", RESNET["7a"], n)
    blocks(net, "8", [f"Repeat_2/block8_{i}" for i in range(1, 10)] + ["Block8"], n)
    n = conv(net + "/Conv2d_7b_1x1", "1x1", n, 1536)
    dense(net + "/AuxLogits/Logits", conv(net + "/AuxLogits/Conv2d_2a_5x5", "5x5", conv(net + "/AuxLogits/Conv2d_1b_1x1", "1x1", head, 128), 768))
    dense(net + "/Logits/Logits", n)
    return 55813192 + 3366760


def trainable(name, shape):
    """Values at 1000 classes."""
    n = 0 if "moving" in name else 1
    for k in shape:
        n *= 1000 if k == 1001 else k
    return n


if __name__ == "__main__":
    want = {"inception_v4": inception_v4, "inception_resnet_v2": inception_resnet_v2}[sys.argv[1]]()
    got = sum(trainable(*w) for w in found)
    assert got == want, f"{got} parameters instead of {want}"
    print(f"# tensorflow/models research/slim: python3 tests/weights/sources/slim_read_names.py {sys.argv[1]}")
    for name, shape in found:
        print(name, ",".join(map(str, shape)), sep="\t")
