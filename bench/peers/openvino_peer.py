# OpenVINO on the file that we export, compiled for latency and a fixed batch. It would compute in bf16 where the processor can: we ask f32.
# packages: openvino numpy
# deploys: openvino
from protocol import serve


def load(job, x):
    import openvino
    core = openvino.Core()
    model = core.read_model(job.onnx)
    model.reshape(list(x.shape))
    request = core.compile_model(model, 'CPU', {
        'INFERENCE_PRECISION_HINT': 'f32', 'INFERENCE_NUM_THREADS': job.threads, 'NUM_STREAMS': 1,
        'PERFORMANCE_HINT': 'LATENCY'}).create_infer_request()
    last = len(model.outputs) - 1

    def run():
        request.infer([x], share_inputs=True)
        return request.get_output_tensor(last).data

    return run


serve(load)
