"""tf-slim's networks as a TensorFlow 1 graph, with the package that has them."""
import importlib
import importlib.metadata
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras.src.legacy_tf_layers.normalization as normalization  # tf_slim asks for it under the name of a later package
import tensorflow as tf

sys.modules["tf_keras"] = sys.modules["keras"]
sys.modules["tf_keras.legacy_tf_layers"] = sys.modules["keras.src.legacy_tf_layers"]
sys.modules["tf_keras.legacy_tf_layers.normalization"] = normalization
import tf_slim

SIZE = {"inception_v1": 224, "inception_v2": 224, "inception_v3": 299}


def version():
    return importlib.metadata.version("tf_slim")


def build(name, training=False):
    """Into the default graph: the placeholder of one picture, the logits of 1001 classes and the named end points."""
    module = importlib.import_module("tf_slim.nets." + name)
    x = tf.compat.v1.placeholder(tf.float32, (1, SIZE[name], SIZE[name], 3))
    with tf_slim.arg_scope(getattr(module, name + "_arg_scope")()):
        logits, points = getattr(module, name)(x, num_classes=1001, is_training=training)
    return x, logits, points
