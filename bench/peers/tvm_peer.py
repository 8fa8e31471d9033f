# TVM's default pipeline on the file that we export: schedules that no tuning has searched, since that takes hours a network. They are so
# slow that batches are not timed.
# packages: apache-tvm apache-tvm-ffi numpy onnx
# deploys: apache-tvm apache-tvm-ffi
# modes: untuned
from protocol import serve


def library(job):
    return job.folder + '/net.so'


def convert(job):
    import numpy as np
    import onnx
    import tvm
    from tvm.relax.frontend.onnx import from_onnx
    if job.batch > 1:
        raise ValueError('a batch takes minutes without tuning: only batch 1 is timed')
    model = onnx.load(job.onnx)
    shape = [job.batch, *np.load(job.x).shape[1:]]
    net = from_onnx(model, shape_dict={model.graph.input[0].name: shape})
    with open('/proc/cpuinfo') as f:
        avx512 = 'avx512vl' in f.read()
    target = tvm.target.Target({'kind': 'llvm', 'mcpu': 'x86-64-v4' if avx512 else 'x86-64-v3', 'num-cores': job.threads})
    with target:
        tvm.compile(net, target=target).export_library(library(job))
    return [library(job)]


def load(job, x):
    import tvm
    from tvm import relax
    net = relax.VirtualMachine(tvm.runtime.load_module(library(job)), tvm.cpu())
    image = tvm.runtime.tensor(x)

    def run():
        y = net['main'](image)
        return (y if hasattr(y, 'numpy') else y[-1]).numpy()

    return run


serve(load, convert)
