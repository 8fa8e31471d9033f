"""torch_files.py FOLDER: state dicts saved by PyTorch itself, in both layouts, must come out of our reader as torch holds them.

build/tensor_tool writes what it read as safetensors; every tensor's bytes are compared with torch's own, and as float32 with
t.float(). Then tools/to_safetensors.py must write the same file byte by byte."""
import collections, json, os, struct, subprocess, sys
import numpy as np, torch, torchvision

folder = sys.argv[1]
torch.manual_seed(1)
passed = failed = 0
NAMES = {torch.float32: 'F32', torch.float64: 'F64', torch.float16: 'F16', torch.bfloat16: 'BF16', torch.int64: 'I64', torch.int32: 'I32',
         torch.int16: 'I16', torch.int8: 'I8', torch.uint8: 'U8', torch.bool: 'BOOL', torch.complex64: 'C64'}

def judge(name, ok, why=''):
    global passed, failed
    passed, failed = passed + ok, failed + (not ok)
    if not ok:
        print('FAILED %s %s' % (name, why))

def read(path):
    data = open(path, 'rb').read()
    n = struct.unpack('<Q', data[:8])[0]
    header = json.loads(data[8:8 + n])
    return {k: (v['dtype'], v['shape'], data[8 + n + v['data_offsets'][0]:8 + n + v['data_offsets'][1]]) for k, v in header.items()}

def raw(t):
    t = t.detach().contiguous()
    return (t.view(torch.int16) if t.dtype == torch.bfloat16 else t).numpy().tobytes()

def same(got, state):
    tensors = {k: v for k, v in state.items() if torch.is_tensor(v)}
    if {k for k in got if not k.endswith(' as F32')} != set(tensors):
        return 'other names'
    for k, t in tensors.items():
        if got[k] != (NAMES[t.dtype], list(t.shape), raw(t)):
            return k
        if t.dtype not in (torch.bool, torch.complex64) and got[k + ' as F32'][2] != raw(t.float()):
            return k + ' as float32'

def check(name, state, saved=None):
    for new in (True, False):
        path, out, plain, second = (os.path.join(folder, f) for f in ('t.pth', 't.safetensors', 'plain.safetensors', 'second.safetensors'))
        torch.save(saved or state, path, _use_new_zipfile_serialization=new)
        run = subprocess.run(['build/tensor_tool', path, out], capture_output=True, text=True)
        why = run.stderr if run.returncode else same(read(out), state)
        judge('%s, %s layout' % (name, 'new' if new else 'old'), not why, why)
        if run.returncode or any(torch.is_tensor(t) and t.dtype == torch.complex64 for t in state.values()):
            continue
        subprocess.run(['build/tensor_tool', '--plain', path, plain], check=True)
        subprocess.run([sys.executable, 'tools/to_safetensors.py', '--trust', path, second], check=True)
        judge('%s, %s layout, tools/to_safetensors.py' % (name, 'new' if new else 'old'), open(plain, 'rb').read() == open(second, 'rb').read(), 'other bytes')

def refuse(name, value, part):
    for new in (True, False):
        path = os.path.join(folder, 't.pth')
        torch.save(value, path, _use_new_zipfile_serialization=new)
        run = subprocess.run(['build/tensor_tool', path, '/dev/null'], capture_output=True, text=True)
        judge('%s, %s layout' % (name, 'new' if new else 'old'), run.returncode == 1 and part in run.stderr, run.stderr or 'accepted')

for make in (torchvision.models.googlenet, torchvision.models.inception_v3):
    model = make(weights=None, init_weights=False)
    state = model.state_dict()
    check(make.__name__, state)
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        check('%s %s' % (make.__name__, dtype), {k: v.to(dtype) if v.is_floating_point() else v for k, v in state.items()})
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 5])
    check(make.__name__ + ' checkpoint', state, {'epoch': 3, 'state_dict': state, 'best_acc1': torch.tensor(76.1).item(), 'arch': 'x',
          'optimizer': optimizer.state_dict(), 'lr_scheduler': schedule.state_dict(), 'args': __import__('argparse').Namespace(lr=0.1, path=None)})
    refuse(make.__name__ + ' as a whole module', model, 'save model.state_dict()')
base = torch.arange(120.).reshape(2, 3, 4, 5)
views = collections.OrderedDict(transposed=base.transpose(1, 2), permuted=base.permute(3, 0, 2, 1), sliced=base[:, 1:, ::2, 1:4], row=base[1, 2, 3],
    shared=base, one=base[0, 0, 0, 0], empty=base[:, :0], t=torch.ones(3, 4).t(), parameter=torch.nn.Parameter(base[0, 0].t()),
    channels_last=torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last), diagonal=torch.randn(4, 4).diagonal(), strided=torch.arange(10.)[::3])
check('views', views)
check('views of halves', collections.OrderedDict((k, v.detach().half()) for k, v in views.items()))
every = collections.OrderedDict((str(d), torch.arange(5).to(d)) for d in NAMES)
check('every type', every)
check('numbers', collections.OrderedDict(a=torch.tensor([float('nan'), float('inf'), -0.0, 1e-45]), b=torch.tensor([6e-8, 65504, float('-inf')]).half(), c=torch.tensor([2 ** 24, -2 ** 62])))
check('names', collections.OrderedDict([('', torch.ones(1)), ('ä.\n"', torch.ones(1)), ('module.x', torch.ones(2))]))
for holder in ('state_dict', 'model', 'net', 'model_state_dict', 'state_dict_ema'):
    check('under ' + holder, {'a': torch.ones(1)}, {holder: {'a': torch.ones(1)}, 'epoch': 1})
for protocol in (2, 3, 4, 5):
    path, out = os.path.join(folder, 't.pth'), os.path.join(folder, 't.safetensors')
    for new in (True, False):
        torch.save(views, path, pickle_protocol=protocol, _use_new_zipfile_serialization=new)
        run = subprocess.run(['build/tensor_tool', path, out], capture_output=True, text=True)
        judge('protocol %d' % protocol, run.returncode == 0 and not same(read(out), views), run.stderr)
refuse('expanded', {'a': torch.ones(1).expand(1000)}, 'expanded view')
refuse('quantized', {'a': torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)}, 'quantized')
refuse('sparse', {'a': torch.eye(3).to_sparse()}, 'sparse')
refuse('two holders', {'model': {'a': torch.ones(1)}, 'net': {'b': torch.ones(1)}}, "more than one place")
refuse('a tensor alone', torch.ones(3), 'a single tensor')
refuse('code', {'a': os.system}, 'system is not a tensor constructor; refusing')
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), os.path.join(folder, 't.pt'))
run = subprocess.run(['build/tensor_tool', os.path.join(folder, 't.pt'), '/dev/null'], capture_output=True, text=True)
judge('TorchScript', run.returncode == 1, run.stderr)
print('torch_files: %d passed, %d failed (PyTorch %s)' % (passed, failed, torch.__version__))
sys.exit(failed != 0)
