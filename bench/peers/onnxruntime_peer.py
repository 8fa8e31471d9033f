# ONNX Runtime on the file that we export, the batch made a constant.
# packages: onnxruntime numpy
# deploys: onnxruntime
from protocol import serve


def load(job, x):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = job.threads
    options.add_free_dimension_override_by_name('n', job.batch)
    session = onnxruntime.InferenceSession(job.onnx, options, providers=['CPUExecutionProvider'])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: x})[-1]


serve(load)
