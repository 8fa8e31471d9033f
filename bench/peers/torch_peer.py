# PyTorch on the modules that onnx2torch makes of the file that we export: channels last, no gradients, frozen, eager or compiled.
# PyPI's package for x86 brings CUDA, which is not used, and of which only what lies in `torch` itself is counted.
# packages: torch onnx2torch numpy onnx
# deploys: torch
# modes: eager compiled
import os, shutil
from protocol import serve


def load(job, x):
    cache = job.folder + '/inductor' # anew for each process: compiling is part of the first result
    shutil.rmtree(cache, ignore_errors=True)
    os.environ.update(TORCHINDUCTOR_CACHE_DIR=cache, TORCHINDUCTOR_FREEZING='1')
    import torch
    from onnx2torch import convert
    torch.set_num_threads(job.threads)
    net = convert(job.onnx).eval().to(memory_format=torch.channels_last)
    image = torch.from_numpy(x).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        if job.mode == 'compiled':
            net = torch.compile(net, dynamic=False)
        else:
            net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, image)))

    @torch.inference_mode()
    def run():
        y = net(image)
        return (y[-1] if isinstance(y, (tuple, list)) else y).numpy()

    return run


serve(load)
