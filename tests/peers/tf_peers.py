"""tf_peers.py SOURCE: Keras or tf-slim with random weights computes what inceptc does with the same file and the map SOURCE.

Keras in double precision through .h5, tools/to_safetensors.py, `weights import` and `run`; tf-slim through its variables. In the
venv of `make check-peers PARTS=tf`.   Prints the largest difference of the logits over their deviation, and fails above 1e-5."""
import os
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
sys.path[:0] = [HERE, os.path.join(ROOT, "netdefs/names")]
import numpy as np

import make_map
from formula import uniform, write

MOST = 1e-5


def values(name, shape):
    """Convolutions of variance 2 / fan_in; means near 0, variances 0.5..1.5, beta 0.5..1.5."""
    u = uniform(name, int(np.prod(shape)))
    if len(shape) > 1:
        u = u * np.sqrt(6 / np.prod(shape[:-1] if "depthwise" not in name else shape[:2]))
    elif "variance" in name or "beta" in name:
        u = 1 + 0.5 * u
    else:
        u = 0.1 * u
    return u.astype(np.float32).reshape(shape)


def picture(size):
    return uniform("picture", size * size * 3).reshape(1, size, size, 3).astype(np.float32)


def from_keras(name, work):
    """Logits in double precision, and the file of the weights."""
    import keras
    keras.backend.set_floatx("float64")
    make = {"keras_inception_v3": keras.applications.InceptionV3, "keras_inception_resnet_v2": keras.applications.InceptionResNetV2}[name]
    model = make(weights=None, classifier_activation=None)
    for w in model.weights:
        w.assign(values(w.name, w.shape))
    model.save_weights(work + "/w.h5")
    subprocess.run([sys.executable, ROOT + "/tools/to_safetensors.py", work + "/w.h5", work + "/w.safetensors"], check=True)
    return model(picture(299).astype(np.float64), training=False).numpy()[0]


def from_slim(name, work):
    import tensorflow as tf

    import slim_graph
    net = name.removeprefix("slim_")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x, logits, _ = slim_graph.build(net)
        found = tf.compat.v1.global_variables()
        tensors = {v.op.name: values(v.op.name, [int(k) for k in v.shape]) for v in found}
        for v in found:
            v.load(tensors[v.op.name], session)
        write(work + "/w.safetensors", tensors)
        return session.run(logits, {x: picture(slim_graph.SIZE[net])}).ravel()[1:]


def inceptc(*args):
    subprocess.run([ROOT + "/build/inceptc", *args], check=True, stdout=subprocess.DEVNULL)


def ours(name, work, size):
    net = f"{ROOT}/netdefs/{make_map.MAPS[name][2]}.net"
    with open(work + "/session.map", "w") as f:  # Keras 2.15 begins at "conv2d"
        f.write(make_map.make(name, 0 if name.startswith("keras") else 1))
    inceptc("weights", "import", work + "/w.safetensors", "--for", net, "--names", work + "/session.map", "--inference", "-o", work + "/own.safetensors")
    np.save(work + "/x.npy", picture(size)[0].transpose(2, 0, 1).copy())
    inceptc("run", net, work + "/x.npy", "--weights", work + "/own.safetensors", "-o", work + "/y.npy")
    return np.load(work + "/y.npy").ravel()


def main(name):
    with tempfile.TemporaryDirectory() as work:
        theirs = (from_keras if name.startswith("keras") else from_slim)(name, work)
        got = ours(name, work, 224 if name in ("slim_inception_v1", "slim_inception_v2") else 299)
        error = np.abs(theirs - got).max() / theirs.std()
        print(f"{name}: {got.size} logits, deviation {theirs.std():.3g}, largest difference {error:.2g} deviations")
        return 0 if got.size == 1000 and error < MOST else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
