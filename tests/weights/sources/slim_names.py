"""slim_names.py inception_v1|inception_v2|inception_v3: names and shapes of tf-slim's variables in the order in which they are
made, 1001 classes as in the published checkpoints.

The venv of `make check-peers PARTS=tf`:   build/tf-peers/bin/python tests/weights/sources/slim_names.py inception_v1 >slim_inception_v1.tsv"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../peers"))
import slim_graph

if __name__ == "__main__":
    import tensorflow as tf
    with tf.Graph().as_default():
        slim_graph.build(sys.argv[1])
        print(f"# tf_slim {slim_graph.version()}: build/tf-peers/bin/python tests/weights/sources/slim_names.py {sys.argv[1]}")
        for v in tf.compat.v1.global_variables():
            print(v.op.name, ",".join(map(str, v.shape)), sep="\t")
