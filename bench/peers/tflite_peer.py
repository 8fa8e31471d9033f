# TensorFlow Lite (LiteRT, with XNNPACK) on what onnx2tf makes of the file that we export. The input's layout is its own: N x H x W x C.
# The conversion takes 5 minutes for inception_v3.
# packages: ai-edge-litert onnx2tf numpy onnx
# deploys: ai-edge-litert
from protocol import serve


def convert(job):
    import os
    import numpy as np
    os.chdir(job.folder)
    # onnx2tf would fetch photographs to try its transpositions on, unless this file is there.
    np.save('calibration_image_sample_data_20x128x128x3_float32.npy', np.random.RandomState(1).rand(20, 128, 128, 3).astype(np.float32))
    import onnx2tf
    onnx2tf.convert(input_onnx_file_path=job.onnx, output_folder_path=job.folder, batch_size=job.batch, non_verbose=True)
    return [job.folder + '/net_float32.tflite']


def load(job, x):
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter
    net = Interpreter(job.folder + '/net_float32.tflite', num_threads=job.threads)
    image = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    at = net.get_input_details()[0]['index']
    net.resize_tensor_input(at, image.shape)
    net.allocate_tensors()
    logits = net.get_output_details()[-1]['index']

    def run():
        net.set_tensor(at, image)
        net.invoke()
        return net.get_tensor(logits)

    return run


serve(load, convert)
