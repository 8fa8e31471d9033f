# roundtrip.py NET: the weights of a network's implementation in PyTorch, saved in both layouts, imported without a fresh weight,
# exported under the implementation's names, and loaded by it with strict=True: every value as it was.
import json, os, subprocess, sys, tempfile
import numpy as np, torch
root = os.path.abspath(os.path.dirname(__file__) + '/../..')
sys.path[:0] = [root + '/tests/nets/reference', root + '/build/peers-py']
from torch_nets import NETS
import safetensors.torch

net = sys.argv[1]
names = ['--names', 'cadene_bninception'] if net == 'bn_inception' else []
netdef = f'{root}/netdefs/{net}.net'

def inceptc(*args):
    return subprocess.run([root + '/build/inceptc', *args], check=True, stdout=subprocess.PIPE, text=True).stdout

torch.manual_seed(3)
make = NETS[net][0]
model = make()
for name, b in model.named_buffers():
    if name.endswith(('running_mean', 'running_var')):
        b.copy_(torch.rand_like(b) + 0.5)
state = model.state_dict()
ours = [k for k in state if not k.endswith('num_batches_tracked')]
with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    for layout in (True, False):
        torch.save(state, 'net.pth', _use_new_zipfile_serialization=layout)
        partial = ['--partial'] if net == 'inception_resnet_v1_facenet' and 'logits.weight' in state else []
        report = json.loads(inceptc('weights', 'import', 'net.pth', '--for', netdef, *names, *partial, '--json', '-o', 'net.safetensors'))
        assert report['fresh'] == 0 and report['problems'] == [], report
        assert report['loaded'] == len([k for k in ours if not k.startswith('logits.')] if partial else ours), report
    inceptc('weights', 'export', netdef, '--weights', 'net.safetensors', *names, '-o', 'back.safetensors')
    back = safetensors.torch.load_file('back.safetensors') # the reference reader takes the file
    if partial:
        back.update({k: v for k, v in state.items() if k.startswith('logits.')})
    again = make()
    torch.manual_seed(4)
    again.load_state_dict(back, strict=True)
    for k in ours:
        assert torch.equal(again.state_dict()[k], state[k]), k
    with open('theirs.safetensors', 'wb') as f: # the bytes of the reference writer
        f.write(safetensors.torch.save({k: v for k, v in safetensors.torch.load_file('back.safetensors').items()}, metadata={'format': 'pt'}))
    assert open('theirs.safetensors', 'rb').read() == open('back.safetensors', 'rb').read(), 'not the bytes of the reference writer'
print(f'{net}: {len(ours)} tensors there and back, torch {torch.__version__}, safetensors {safetensors.__version__}')
