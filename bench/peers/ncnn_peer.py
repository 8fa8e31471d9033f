# ncnn on what pnnx makes of the file that we export, in f32. It has no batches: a batch is one image after the other, the threads in
# each. Of pnnx its program alone: its Python side wants PyTorch.
# packages: ncnn numpy
# packages-alone: pnnx
# deploys: ncnn
import os, shutil, subprocess
from importlib.metadata import distribution
from protocol import serve


def convert(job):
    import numpy as np
    shutil.copy(job.onnx, job.folder + '/net.onnx')
    pnnx = next(f.locate() for f in distribution('pnnx').files if str(f) == 'pnnx/pnnx')
    shape = 'inputshape=' + str(list(np.load(job.x).shape)).replace(' ', '')
    subprocess.run([str(pnnx), 'net.onnx', shape, 'fp16=0'], check=True, cwd=job.folder, stdout=2)
    return [job.folder + '/net.ncnn.' + e for e in ('param', 'bin')]


def load(job, x):
    import ncnn
    import numpy as np
    net = ncnn.Net()
    net.opt.num_threads = job.threads
    net.opt.use_vulkan_compute = False
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    if net.load_param(job.folder + '/net.ncnn.param') or net.load_model(job.folder + '/net.ncnn.bin'):
        raise RuntimeError('ncnn does not read what pnnx wrote')
    name_in, logits = net.input_names()[0], max(net.output_names()) # pnnx calls the outputs out0, out1

    def one(image):
        extractor = net.create_extractor()
        extractor.input(name_in, ncnn.Mat(image))
        extractor.extract('out0')
        return np.array(extractor.extract(logits)[1])

    return lambda: np.stack([one(image) for image in x])


serve(load, convert)
