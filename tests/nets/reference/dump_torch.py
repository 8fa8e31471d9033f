# dump_torch.py NET FOLDER [--whole] [--like STORED]: the activations of a network's PyTorch implementation in float64, on the photograph and on
# noise as a batch of two, with the weights of tests/peers/formula.py and batch norms calibrated on this batch.
#   NET.statistics.safetensors   the running statistics
#   NET.safetensors              samples of every tensor that a module reads or writes, in inference
#   NET.training.safetensors     the same with batch statistics and without dropout, of networks with auxiliary heads
# --whole writes NET/NAME.npy instead, all numbers of every tensor.  --like takes the statistics that are stored in a folder,
# and checks that those of the batch are near: the last bit of one, rounded to 8, would change all that follows.
import os, sys
import numpy as np, torch
sys.path.insert(0, os.path.dirname(__file__))
from common import OurNetwork, Samples, formula, moments
from torch_nets import IMAGENET, NETS

torch.set_num_threads(2)
net, folder = sys.argv[1:3]
whole = '--whole' in sys.argv
make, view, name_of, heads = NETS[net]
ours, model = OurNetwork(net), make()
BN = (torch.nn.BatchNorm2d, torch.nn.BatchNorm1d)

def load_weights():
    state = model.state_dict()
    used = set()
    for name, v in state.items():
        own = name_of(name)
        if own in ours.weights and own not in ours.statistics:
            assert tuple(v.shape) == ours.weights[own], name
            state[name] = torch.from_numpy(formula.weight(own, tuple(v.shape)))
            used.add(own)
    missing = set(ours.weights) - set(ours.statistics) - used
    assert not missing, missing
    model.load_state_dict(state)
    model.double()

def calibrate(bn, inputs):
    mean, var = moments(inputs[0].numpy())
    bn.running_mean, bn.running_var = (torch.from_numpy(v).double() for v in (mean, var))

def watch(path, module, samples):
    """What a layer with weights reads and writes is known by its weights; what another module is called after itself."""
    own_weights = [n for n, _ in module.named_parameters(recurse=False)]
    if own_weights:
        node = ours.reader[name_of(f'{path}.{own_weights[0]}')]
        reads, writes = node.inputs[0], node.out
    else:
        writes = name_of(path)
        leaf = not list(module.children())
        if writes not in ours.maker:
            return
        reads = ours.maker[writes].inputs[0] if leaf and len(ours.maker[writes].inputs) == 1 else None
    if reads:
        module.register_forward_pre_hook(lambda m, x: samples.keep(reads, x[0].detach().numpy()))
    module.register_forward_hook(lambda m, x, y: samples.keep(writes, y.detach().numpy()) if torch.is_tensor(y) else None)

def forward(x):
    """The network, and the heads, which run of themselves in training only."""
    trunk, hooks = {}, []
    for head, source in heads.items():
        hooks.append(model.get_submodule(source).register_forward_hook(lambda m, i, y, h=head: trunk.__setitem__(h, y)))
    with torch.no_grad():
        y = model(x)
        if not model.training:
            for head in heads:
                model.get_submodule(head)(trunk[head])
    for h in hooks:
        h.remove()
    return y

def run(x, training):
    samples = Samples(whole)
    for path, module in model.named_modules():
        module._forward_hooks.clear()
        module._forward_pre_hooks.clear()
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if path:
            watch(path, module, samples)
    model.train(training)
    samples.keep(ours.input, x.numpy())
    y = forward(x)
    if not training and ours.nodes[-1].op in ('l2norm', 'softmax'):
        samples.keep(ours.nodes[-1].out, (y if ours.nodes[-1].op == 'l2norm' else y.softmax(1)).numpy())
    return samples

def check_transform_input(x):
    """torchvision's own way in: the picture with ImageNet's mean and deviation, undone by transform_input."""
    mean, std = (torch.tensor(v, dtype=torch.float64).reshape(1, 3, 1, 1) for v in (IMAGENET['mean'], IMAGENET['std']))
    model.transform_input = True
    again = model._transform_input(((x + 1) / 2 - mean) / std)
    model.transform_input = False
    assert (again - x).abs().max() < 1e-12

def use_stored(stored):
    kept = formula.read_statistics(f'{stored}/{net}.statistics.safetensors', {n: ours.weights[n] for n in ours.statistics})
    for name, v in model.named_buffers():
        if name_of(name) in kept:
            mine = kept[name_of(name)]
            assert np.abs(mine - v.numpy()).max() <= 0.01 * np.abs(mine).max(), f'{name}: other statistics'
            v.copy_(torch.from_numpy(mine).double())

load_weights()
x = torch.from_numpy(view.batch())
if hasattr(model, '_transform_input'):
    check_transform_input(x)
model.eval()
hooks = [m.register_forward_pre_hook(calibrate) for m in model.modules() if isinstance(m, BN)]
forward(x)
for h in hooks:
    h.remove()
if '--like' in sys.argv:
    use_stored(sys.argv[sys.argv.index('--like') + 1])
statistics = {name_of(k): v.float().numpy() for k, v in model.state_dict().items() if name_of(k) in ours.statistics}
samples = run(x, False)
without = [n.out for n in ours.nodes if n.out not in samples.names()]
print(f'{net}: torch {torch.__version__}, {len(samples.kept)} tensors, not seen: {" ".join(without) or "none"}')
if whole:
    os.makedirs(f'{folder}/{net}', exist_ok=True)
    for name, v in samples.kept.items():
        np.save(f'{folder}/{net}/{name}.npy', v)
    np.save(f'{folder}/{net}/input.npy', x.numpy())
else:
    formula.write_statistics(f'{folder}/{net}.statistics.safetensors', statistics)
    formula.write(f'{folder}/{net}.safetensors', samples.kept)
    if heads:
        formula.write(f'{folder}/{net}.training.safetensors', run(x, True).kept)
