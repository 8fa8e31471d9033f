"""train_peers.py NET [STEPS [RATE]]: PyTorch as judge of training. torchvision's model and our program begin with equal weights and take
the same steps on the same pictures, dropout off, by the optimiser of NET.net: SGD for googlenet_tv, TensorFlow's RMSProp (timm's) with
label smoothing and clipping for inception_v3. Every term of the loss must agree within 1e-3 relative at every step; after 20 steps at
a rate that hardly moves the weights, also the running statistics of batch norms within 1e-4: variances of the largest of their layer,
means of the largest deviation or mean.  With RATE both are asked at that rate.

Batch norms over few pictures make steps chaotic: at a rate of 0.01 PyTorch in float32 leaves PyTorch in double by 1e-2 within five
steps, as far as we do (DOUBLE=1 shows both). So the rates here are small. WORK=FOLDER keeps the compiled network, NUMERICS and THREADS are
those of our side.  The auxiliary head of v3 has a batch norm over as many values as there are pictures: its loss is the first to differ."""
import os, re, subprocess, sys, tempfile
import numpy as np, torch, torchvision
root = os.path.abspath(os.path.dirname(__file__) + '/../..')
sys.path[:0] = [root + '/build/peers-py']
import safetensors.torch
from timm.optim.rmsprop_tf import RMSpropTF

net = sys.argv[1]
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 20
NETS = { # model, pictures of a batch, the layers whose outputs the loss's terms read, with weights; label smoothing, clipping, rate
    'googlenet_tv': (torchvision.models.googlenet, 4, [('fc', 1), ('aux1.fc2', 0.3), ('aux2.fc2', 0.3)], 0.0, 0.0, 5e-5),
    'inception_v3': (torchvision.models.inception_v3, 3, [('fc', 1), ('AuxLogits.fc', 0.4)], 0.1, 2.0, 1e-5),
}
STILL = 1e-6
make, batch, terms, smooth, clip, rate = NETS[net]
if len(sys.argv) > 3:
    rate = float(sys.argv[3])
SIZE = 224 if net == 'googlenet_tv' else 299
CLASSES, DIFFERENT = 1000, 4 # classes; batches before the first comes again
torch.manual_seed(11)
torch.set_num_threads(int(os.environ.get('THREADS', '1')))

def pictures():
    """Smooth random fields with noise: as photographs, most of their power is in low frequencies."""
    r = np.random.RandomState(5)
    out = torch.zeros(batch * DIFFERENT, 3, SIZE, SIZE)
    for cells in (2, 5, 12, 40):
        field = torch.from_numpy(r.randn(batch * DIFFERENT, 3, cells, cells).astype('f4'))
        out += torch.nn.functional.interpolate(field, (SIZE, SIZE), mode='bicubic', align_corners=False)
    out = torch.tanh(0.5 * out + 0.1 * torch.from_numpy(r.randn(*out.shape).astype('f4'))).float()
    return out.contiguous(), torch.from_numpy(r.randint(0, CLASSES, batch * DIFFERENT)).long()

def optimizer_of(model):
    matrices = [p for p in model.parameters() if p.dim() >= 2] # only they decay, as in our rule
    vectors = [p for p in model.parameters() if p.dim() < 2]
    decay = 1e-4 if net == 'googlenet_tv' else 4e-5
    groups = [{'params': matrices, 'weight_decay': decay}, {'params': vectors, 'weight_decay': 0.0}]
    if net == 'googlenet_tv':
        return torch.optim.SGD(groups, lr=rate, momentum=0.9)
    return RMSpropTF(groups, lr=rate, alpha=0.9, eps=1.0, momentum=0.9)

def judge(state, x, labels, dtype, beside=None):
    """Losses and the state after all steps; prints each step beside ours, if given."""
    model = make(weights=None, init_weights=False, aux_logits=True, transform_input=False)
    model.load_state_dict(state)
    model.to(dtype).train()
    for m in model.modules():
        if isinstance(m, torch.nn.Dropout):
            m.p = 0.0
    out = {} # by layer: torchvision's tuple has had the heads in either order
    for name, _ in terms:
        model.get_submodule(name).register_forward_hook(lambda layer, x, y, name=name: out.update({name: y}))
    optimizer = optimizer_of(model)
    losses = []
    for step in range(steps):
        at = step * batch % len(labels)
        model(x[at:at + batch].to(dtype))
        each = [torch.nn.functional.cross_entropy(out[k], labels[at:at + batch], label_smoothing=smooth) for k, _ in terms]
        optimizer.zero_grad()
        sum(w * l for (_, w), l in zip(terms, each)).backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        losses.append([l.item() for l in each])
        if beside is not None:
            print('%2d: torch %s ours %s worst %.1e' % (step, ' '.join('%.6f' % v for v in losses[-1]), ' '.join('%.6f' % v for v in beside[step]),
                                                        relative(beside[step], np.array(losses[-1])).max()), flush=True)
    return np.array(losses), {k: v.detach().double() for k, v in model.state_dict().items()}

def compile_ours(work):
    text = re.sub(r'dropout 0\.\d+', 'dropout 0', open(f'{root}/netdefs/{net}.net').read())
    open(work + '/net.net', 'w').write(text)
    if os.path.exists(work + '/net.so'):
        return
    numerics = os.environ.get('NUMERICS', 'safe')
    subprocess.run([root + '/build/inceptc', work + '/net.net', '--train', '--numerics', numerics, '-o', work + '/net.c'], check=True)
    subprocess.run(['gcc', '-std=gnu11', '-O1', '-ffp-contract=off', '-shared', '-fPIC', '-I' + root + '/runtime', work + '/net.c',
                    root + '/build/libinceptrt.a', '-lm', '-o', work + '/net.so'], check=True)

def ours(work, state, x, labels):
    """Losses of every step, weights after them."""
    safetensors.torch.save_file({k: v.contiguous() for k, v in state.items() if not k.endswith('num_batches_tracked')}, work + '/start.safetensors')
    x.numpy().tofile(work + '/x.bin')
    labels.numpy().astype('i4').tofile(work + '/labels.bin')
    os.makedirs(work + '/end', exist_ok=True)
    text = subprocess.run([root + '/build/steps_tool', work + '/net.so', net + '_network', str(batch), os.environ.get('THREADS', '1'), str(steps), str(rate),
                           work + '/start.safetensors', work + '/x.bin', work + '/labels.bin', work + '/end'], check=True, stdout=subprocess.PIPE, text=True).stdout
    losses = np.array([[float(v) for v in line.split()[1:]] for line in text.splitlines()])
    return losses, safetensors.torch.load_file(work + '/end/last.safetensors')

def relative(a, b):
    return np.abs(a - b) / np.maximum(np.abs(b), 1e-3)

def worst_tensor(a, b, endings):
    """The largest difference of tensors whose names end so, relative to the size of each."""
    worst, where = 0.0, ''
    for k in b:
        if not k.endswith(endings) or k not in a:
            continue
        size = b[k].abs().max()
        if k.endswith('running_mean'):
            size = torch.maximum(size, b[k.replace('_mean', '_var')].max().sqrt())
        e = ((a[k].double() - b[k]).abs().max() / size.clamp(min=1e-12)).item()
        if not e <= worst:
            worst, where = e, k
    return worst, where

def start():
    """Convolutions by He's rule: from torchvision's own (deviation 0.01 or 0.1 whatever the fan) the first gradients of the deeper
    layers differ by percents between float32 and double in PyTorch itself."""
    model = make(weights=None, init_weights=False, aux_logits=True, transform_input=False)
    for m in model.modules():
        if isinstance(m, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(m.weight)
    return {k: v.clone() for k, v in model.state_dict().items()}

STATISTICS = ('running_mean', 'running_var')

def print_double(state, our_losses, our_end, their_losses, their_end):
    """Whose rounding is it?"""
    true_losses, true_end = judge(state, x, labels, torch.float64)
    print('step: torch loss, ours - torch, ours - double, torch - double (the worst term, relative)')
    for s in range(steps):
        print('%2d: %.5f %.1e %.1e %.1e' % (s, their_losses[s][0], relative(our_losses[s], their_losses[s]).max(),
                                            relative(our_losses[s], true_losses[s]).max(), relative(their_losses[s], true_losses[s]).max()))
    for name, endings in (('statistics', STATISTICS), ('weights', ('.weight',)), ('biases', ('.bias',))): # biases begin at 0: after one step they are the gradient
        print('%s: ours - double %.1e (%s), torch - double %.1e (%s)' % ((name,) + worst_tensor(our_end, true_end, endings) + worst_tensor(their_end, true_end, endings)))

def compare(work, state, bound):
    our_losses, our_end = ours(work, state, x, labels)
    their_losses, their_end = judge(state, x, labels, torch.float32, our_losses)
    loss_error = relative(our_losses, their_losses)
    statistics, where = worst_tensor(our_end, their_end, STATISTICS)
    if os.environ.get('DOUBLE'):
        print_double(state, our_losses, our_end, their_losses, their_end)
    weights, weight = worst_tensor(our_end, their_end, ('.weight', '.bias'))
    good = bool((loss_error <= 1e-3).all() and statistics <= bound)
    print('%s %s: %d steps of batch %d at rate %g: losses %.1e, statistics %.1e (%s), weights %.1e (%s); torch %s' %
          ('ok' if good else 'FAILED', net, steps, batch, rate, loss_error.max(), statistics, where, weights, weight, torch.__version__), flush=True)
    return good

x, labels = pictures()
state = start()
good = True
with tempfile.TemporaryDirectory() as temporary:
    work = os.environ.get('WORK', temporary) # a folder that stays: its net.so is not compiled again
    compile_ours(work)
    for rate, bound in [(rate, 1e-4)] if len(sys.argv) > 3 else [(rate, float('inf')), (STILL, 1e-4)]:
        good &= compare(work, state, bound)
sys.exit(not good)
