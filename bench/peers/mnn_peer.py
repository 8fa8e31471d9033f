# MNN on what its converter makes of the file that we export, in f32. The converter is called inside its library: the script
# `mnnconvert` around it installs a package of its own and sends what it did to its maker.
# packages: MNN numpy
# deploys: MNN
from protocol import serve


def convert(job):
    import MNN, _tools
    _tools.mnnconvert(['mnnconvert', '-f', 'ONNX', '--modelFile', job.onnx, '--MNNModel', job.folder + '/net.mnn', '--bizCode', 'bench'])
    return [job.folder + '/net.mnn']


def load(job, x):
    import MNN
    import numpy as np
    net = MNN.Interpreter(job.folder + '/net.mnn')
    session = net.createSession({'backend': 'CPU', 'numThread': job.threads, 'precision': 'high'})
    image = net.getSessionInput(session)
    net.resizeTensor(image, x.shape)
    net.resizeSession(session)
    outputs = net.getSessionOutputAll(session)
    logits = next(outputs[n] for n in outputs if n != 'softmax' or len(outputs) == 1)
    host = np.empty(logits.getShape(), np.float32) # a Tensor borrows the array
    host_logits = MNN.Tensor(logits.getShape(), MNN.Halide_Type_Float, host, MNN.Tensor_DimensionType_Caffe)
    host_image = MNN.Tensor(x.shape, MNN.Halide_Type_Float, x, MNN.Tensor_DimensionType_Caffe)

    def run():
        image.copyFrom(host_image)
        net.runSession(session)
        logits.copyToHostTensor(host_logits)
        return host_logits.getNumpyData().copy()

    return run


serve(load, convert)
