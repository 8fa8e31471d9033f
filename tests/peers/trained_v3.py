"""trained_v3.py [PICTURE]: one file of trained Inception-v3 weights, run with both divisors of a padded average.

The weights are those that the npm package nsfwjs 4.2.1 (MIT licence) carries, a Keras v3 with three dense layers for 5 classes:
npm pack, tests/peers/unpack_tfjs.js, tools/to_safetensors.py, the Keras map, `inceptc run`. Keras itself, in the venv of
`make build/tf-peers`, says which divisor is right. Prints the probability of class 2 (neutral), and fails when TensorFlow's rule does
not give Keras' logits to 1e-5 of their deviation or torchvision's does not change them."""
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../.."))
sys.path[:0] = [HERE, ROOT + "/tests/weights/sources"]
PACKAGE = "nsfwjs@4.2.1"
NET = """variant trained_%s of "%s/netdefs/inception_v3.net" {
  param classes = 5
  default avgpool { %s }
  fc = globalavgpool -> fc 256 relu as dense_1 -> fc 128 relu as dense_2 -> fc classes as dense_3
  delete AuxLogits
}
train { loss = xent(fc)
  opt = sgd(0.1)
  batch = 32 }
"""
HEADS = "(dense_[123])/kernel fc.\\1.weight io\n(dense_[123])/bias fc.\\1.bias\n"


def run(*args, cwd):
    return subprocess.run(args, cwd=cwd, check=True, text=True, stdout=subprocess.PIPE).stdout


def fetch(work):
    """w.safetensors, with Keras' names."""
    name = run("npm", "pack", "--silent", PACKAGE, cwd=work).split()[-1]
    run("tar", "xzf", name, "package/dist/models/inception_v3", cwd=work)
    run("node", HERE + "/unpack_tfjs.js", work + "/package/dist/models/inception_v3", work, cwd=work)
    run(sys.executable, ROOT + "/tools/to_safetensors.py", "model.json", "w.safetensors", cwd=work)


def write_map(path):
    """The Keras map with other heads."""
    rules = [line for line in open(ROOT + "/netdefs/names/keras_inception_v3.map") if not line.startswith("predictions/")]
    with open(path, "w") as f:
        f.write("".join(rules) + HEADS)


def import_own(work, name, divisor):
    """own.safetensors, with the names of our net; the net's file."""
    net = f"trained_{name}.net"
    with open(f"{work}/{net}", "w") as f:
        f.write(NET % (name, ROOT, divisor))
    write_map(work + "/t.map")
    run(ROOT + "/build/inceptc", "weights", "import", "w.safetensors", "--for", net, "--names", "t.map", "-o", "own.safetensors", cwd=work)
    return net


def ours(work, picture, name, divisor):
    """The five logits."""
    net = import_own(work, name, divisor)
    np.save(work + "/x.npy", picture.transpose(2, 0, 1).copy())
    run(ROOT + "/build/inceptc", "run", net, "x.npy", "--weights", "own.safetensors", "-o", "y.npy", cwd=work)
    return np.load(work + "/y.npy").ravel().astype(np.float64)


def keras_model(work):
    import keras
    from formula import read
    from keras_names import from_one
    keras.backend.set_floatx("float64")
    base = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg", input_shape=(299, 299, 3))
    y = base.output
    for name, n, activation in (("dense_1", 256, "relu"), ("dense_2", 128, "relu"), ("dense_3", 5, None)):
        y = keras.layers.Dense(n, activation=activation, name=name)(y)
    model, tensors = keras.Model(base.input, y), read(work + "/w.safetensors")
    for w in model.weights:
        w.assign(tensors[from_one(w.name)])
    return lambda picture: model(picture[None].astype(np.float64), training=False).numpy()[0]


def probability(logits):
    e = np.exp(logits - logits.max())
    return (e / e.sum())[2]


def pictures(path):
    """Pixels in 0..1, as the package scales them, and the same at a quarter of the contrast."""
    x = np.asarray(Image.open(path).convert("RGB").resize((299, 299), Image.BILINEAR), np.float32) / 255
    return (os.path.basename(path), x), ("the same, pale", x * np.float32(0.25) + np.float32(0.7))


def main(path=ROOT + "/demo/cat.png"):
    good = True
    with tempfile.TemporaryDirectory() as work:
        fetch(work)
        keras = keras_model(work)
        print(f"{'picture':16} {'Keras':>9} {'nocount_pad':>12} {'count_pad':>10} {'logit moves by':>15} {'error of nocount_pad':>21}")
        for name, x in pictures(path):
            judge, tf, torch = keras(x), ours(work, x, "tf", "nocount_pad"), ours(work, x, "torch", "count_pad")
            error, moved = np.abs(tf - judge).max() / judge.std(), np.abs(tf - torch).max()
            good &= error < 1e-5 and moved > 0.1
            print(f"{name:16} {probability(judge):9.5f} {probability(tf):12.5f} {probability(torch):10.5f} {moved:15.3f} {error:21.1g}")
    return 0 if good else 1


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.exit(main(*sys.argv[1:]))
