"""keras_names.py inception_v3|inception_resnet_v2: names and shapes of Keras' weights in the order in which its layers are made.

Numbered from 1, as Keras 2 to 2.2 and so the published files do; since 2.3 a session begins at "conv2d" without a number. The
venv of `make check-peers PARTS=tf`:   build/tf-peers/bin/python tests/weights/sources/keras_names.py inception_v3 >inception_v3.tsv"""
import os
import re
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras


def from_one(path):
    """conv2d/kernel:0 is conv2d_1/kernel, conv2d_7/kernel:0 is conv2d_8/kernel."""
    layer, weight = path.split(":")[0].split("/")
    m = re.fullmatch(r"(conv2d|batch_normalization)(?:_(\d+))?", layer)
    return f"{m[1]}_{int(m[2] or 0) + 1}/{weight}" if m else f"{layer}/{weight}"


def made_order(layer):
    """Keras lists layers by depth; their numbers say when they were made."""
    m = re.fullmatch(r"(?:conv2d|batch_normalization)(?:_(\d+))?", layer.name)
    return int(m[1] or 0) if m else None


if __name__ == "__main__":
    model = {"inception_v3": keras.applications.InceptionV3, "inception_resnet_v2": keras.applications.InceptionResNetV2}[sys.argv[1]](weights=None)
    numbered = sorted((x for x in model.layers if made_order(x) is not None), key=lambda x: (made_order(x), x.name[:1] == "b"))
    print(f"# keras {keras.__version__}: build/tf-peers/bin/python tests/weights/sources/keras_names.py {sys.argv[1]}")
    for x in numbered + [x for x in model.layers if made_order(x) is None]:
        for w in x.weights:
            print(from_one(w.name), ",".join(map(str, w.shape)), sep="\t")
