"""train_peers.py RUN...: PyTorch as judge of training. torchvision's model and our program begin with equal weights and take 20 steps on
the same photographs with the same optimiser and the same dropout: our masks, which numpy draws by their rule (Philox), are fed to PyTorch.

    googlenet_tv    netdefs/googlenet_tv.net, SGD with momentum, both auxiliary heads
    inception_v3    netdefs/inception_v3.net, TensorFlow's RMSProp (timm's), label smoothing, clipping
    classic         examples/cats_vs_dogs with bn=batch: all frozen but two new heads, Adam, statistics of frozen batch norms move
    frozen          the same as shipped (bn=running): frozen batch norms go by their running statistics

The judge computes in double: PyTorch 1.13's own float32 sums a batch norm's variance so coarsely that it is off by 1.1e-4 after the second
layer of v3 (ours by 9.3e-8), and its first gradients are up to 4 % off. FLOAT=1 shows it beside both.
Rates of the first two are the largest, in steps of 2 to 3, that leave a margin: docs/training.md has what larger ones give, and how far
PyTorch in float32 is from PyTorch in double there.  BATCH 4 and 0.045 scaled linearly from v3's 50 x 32 would be 1.1e-4.

Every term of the loss must agree within 1e-3 relative at every step, and running statistics after the steps within 1e-4: variances of the
largest of their layer, means of the largest deviation or mean. What trains must have moved the same way, within 2e-2 of how
far it moved, so that small rates prove as much as large ones; what is frozen keeps its bits.

Pictures are those that bench/pictures.py has put into build/train_pictures; train_inputs.py says where weights come from.
STEPS, RATE and BATCH in the environment replace what the table says, THREADS the 2 of both sides; WORK=FOLDER keeps the compiled network
there; NUMERICS and TARGET are those of our side."""
import os, re, subprocess, sys, tempfile, time
os.environ.setdefault('OMP_WAIT_POLICY', 'passive') # a machine with other work stays usable
import numpy as np, torch, torchvision
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(HERE + '/../..')
sys.dont_write_bytecode = True
sys.path[:0] = [ROOT + '/build/peers-py', HERE]
import safetensors.torch
from timm.optim.rmsprop_tf import RMSpropTF
from train_inputs import Dropped, pictures, start

class Run:
    """What the two sides do. terms: the layers whose outputs the terms of the loss read, with weights; trains: what is not frozen."""
    def __init__(self, make, netdef, classes, rate, terms, optimizer, batch=8, smooth=0.0, clip=0.0, bn=None, trains=None, warm=None):
        self.make, self.netdef, self.classes, self.terms, self.optimizer = make, netdef, classes, terms, optimizer
        self.smooth, self.clip, self.bn, self.trains, self.warm = smooth, clip, bn, trains, warm
        self.rate = float(os.environ.get('RATE', rate))
        self.batch = int(os.environ.get('BATCH', batch))
        self.steps = int(os.environ.get('STEPS', 20))
        self.size = 224 if make is torchvision.models.googlenet else 299

    def text(self):
        """The netdef as shipped, with the path of its base and bn= as this run has it; without `weights`, whose exceptions would not be
        read from the file that both sides begin with."""
        text = open(ROOT + '/' + self.netdef).read().replace('"../../netdefs/', '"' + ROOT + '/netdefs/')
        text = re.sub('^weights .*', '', text, flags=re.M)
        return re.sub(r'^(freeze [^#\n]*)', r'\1bn=%s ' % self.bn, text, flags=re.M) if self.bn else text

    def model(self, state, dtype):
        model = self.make(weights=None, init_weights=False, aux_logits=True, transform_input=False, num_classes=self.classes)
        model.load_state_dict(state)
        model.to(dtype).train()
        for name, p in model.named_parameters():
            p.requires_grad = self.moves(name)
        for m in model.modules():
            if self.bn == 'running' and isinstance(m, torch.nn.BatchNorm2d):
                m.eval()
        return model

    def moves(self, name):
        return self.trains is None or name.startswith(self.trains)

def decaying(model, decay):
    """Weight decay is for tensors of rank 2 and more, as in our rule."""
    return [{'params': [p for p in model.parameters() if p.dim() >= 2], 'weight_decay': decay},
            {'params': [p for p in model.parameters() if p.dim() < 2], 'weight_decay': 0.0}]

v3, tv = torchvision.models.inception_v3, torchvision.models.googlenet
heads = ('fc.', 'AuxLogits.fc.')
adam = lambda model, rate: torch.optim.Adam([p for p in model.parameters() if p.requires_grad], rate)
sgd = lambda model, rate: torch.optim.SGD(decaying(model, 1e-4), rate, momentum=0.9)
rmsprop = lambda model, rate: RMSpropTF(decaying(model, 4e-5), rate, alpha=0.9, eps=1.0, momentum=0.9)
CATS = 'examples/cats_vs_dogs/cats_vs_dogs.net'
RUNS = {
    'googlenet_tv': Run(tv, 'netdefs/googlenet_tv.net', 1000, 5e-5, {'fc': 1, 'aux1.fc2': 0.3, 'aux2.fc2': 0.3}, sgd, warm=(20, 0.01)),
    'inception_v3': Run(v3, 'netdefs/inception_v3.net', 1000, 3e-4, {'fc': 1, 'AuxLogits.fc': 0.4}, rmsprop, batch=4, smooth=0.1, clip=2.0),
    'classic': Run(v3, CATS, 2, 0.01, {'fc': 1, 'AuxLogits.fc': 0.3}, adam, bn='batch', trains=heads),
    'frozen': Run(v3, CATS, 2, 0.01, {'fc': 1, 'AuxLogits.fc': 0.3}, adam, bn='running', trains=heads),
}

def judge(run, state, x, labels, dtype, beside=None):
    """Losses and the state after all steps by PyTorch; prints each step beside ours, if given."""
    model = run.model(state, dtype)
    dropped = Dropped(model)
    out = {} # by layer: torchvision's tuple has had the heads in either order
    for name in run.terms:
        model.get_submodule(name).register_forward_hook(lambda layer, x, y, name=name: out.update({name: y}))
    optimizer = run.optimizer(model, run.rate)
    losses = []
    for step in range(run.steps):
        at = step * run.batch % len(labels)
        dropped.draw(step * run.batch // len(labels), range(at, at + run.batch))
        model(x[at:at + run.batch].to(dtype))
        each = [torch.nn.functional.cross_entropy(out[k], labels[at:at + run.batch], label_smoothing=run.smooth) for k in run.terms]
        optimizer.zero_grad()
        sum(w * l for w, l in zip(run.terms.values(), each)).backward()
        if run.clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), run.clip)
        optimizer.step()
        losses.append([l.item() for l in each])
        if beside is not None:
            print('%2d: torch %s ours %s worst %.1e' % (step, ' '.join('%.6f' % v for v in losses[-1]), ' '.join('%.6f' % v for v in beside[step]),
                                                        relative(beside[step], np.array(losses[-1])).max()), flush=True)
    return np.array(losses), {k: v.detach() for k, v in model.state_dict().items()}

def compile_ours(run, work):
    """net.so and the network's name in it."""
    open(work + '/net.net', 'w').write(run.text())
    if not os.path.exists(work + '/net.so'):
        options = ['--train', '--numerics', os.environ.get('NUMERICS', 'safe'), '--target', os.environ.get('TARGET', 'native')]
        subprocess.run([ROOT + '/build/inceptc', work + '/net.net', *options, '-o', work + '/net.c'], check=True)
        subprocess.run(['gcc', '-std=gnu11', '-O1', '-ffp-contract=off', '-shared', '-fPIC', '-I' + ROOT + '/runtime', work + '/net.c',
                        ROOT + '/build/libinceptrt.a', '-lm', '-o', work + '/net.so'], check=True)
    return re.search(r'(?:net|variant) (\w+)', run.text()).group(1) + '_network'

def ours(run, work, state, x, labels, steps, rate):
    """Losses of every step, and all tensors after them: the state, as PyTorch calls it."""
    name = compile_ours(run, work)
    safetensors.torch.save_file({k: v.contiguous() for k, v in state.items() if not k.endswith('num_batches_tracked')}, work + '/start.safetensors')
    x.numpy().tofile(work + '/x.bin')
    labels.numpy().astype('i4').tofile(work + '/labels.bin')
    os.makedirs(work + '/end', exist_ok=True)
    command = [ROOT + '/build/steps_tool', work + '/net.so', name, run.batch, torch.get_num_threads(), steps, rate]
    files = [work + '/' + f for f in ('start.safetensors', 'x.bin', 'labels.bin', 'end')]
    text = subprocess.run([str(v) for v in command + files], check=True, stdout=subprocess.PIPE, text=True).stdout
    losses = np.array([[float(v) for v in line.split()[1:]] for line in text.splitlines()])
    end = safetensors.torch.load_file(work + '/end/last.safetensors') # the optimiser's tensors are in it too
    return losses, {k: end.get(k, v) for k, v in state.items()}

def relative(a, b):
    return np.abs(a - b) / np.maximum(np.abs(b), 1e-3)

def worst_statistic(a, b):
    """The largest difference of running statistics, and of which layer."""
    worst, where = 0.0, ''
    for k in b:
        if not k.endswith(('running_mean', 'running_var')):
            continue
        size = b[k].abs().max()
        if k.endswith('mean'):
            size = torch.maximum(size, b[k.replace('_mean', '_var')].max().sqrt())
        e = ((a[k].double() - b[k].double()).abs().max() / size.clamp(min=1e-12)).item()
        if not e <= worst:
            worst, where = e, k
    return worst, where

def distance(a, b, names):
    return sum((a[k].double() - b[k].double()).square().sum().item() for k in names) ** 0.5

def print_float(run, state, x, labels, our_losses, true_losses, true_end):
    """How far PyTorch in float32 is from PyTorch in double."""
    losses, end = judge(run, state, x, labels, torch.float32)
    print('step: ours - double, torch in float32 - double (the worst term, relative)')
    for s in range(run.steps):
        print('%2d: %.1e %.1e' % (s, relative(our_losses[s], true_losses[s]).max(), relative(losses[s], true_losses[s]).max()))
    print('torch in float32: losses %.1e, statistics %.1e (%s)' % ((relative(losses, true_losses).max(),) + worst_statistic(end, true_end)), flush=True)

def compare(name, work):
    run = RUNS[name]
    torch.manual_seed(11)
    state, (x, labels) = start(run, work), pictures(run)
    began = time.monotonic()
    if run.warm:
        losses, state = ours(run, work, state, x, labels, *run.warm)
        print('%d steps of ours at %g before: losses %s to %s' % (run.warm + tuple(' '.join('%.2f' % v for v in losses[i]) for i in (0, -1))))
    our_losses, our_end = ours(run, work, state, x, labels, run.steps, run.rate)
    ran = time.monotonic()
    their_losses, their_end = judge(run, state, x, labels, torch.float64, our_losses)
    print('seconds: ours with compilation %.0f, torch %.0f' % (ran - began, time.monotonic() - ran))
    if os.environ.get('FLOAT'):
        print_float(run, state, x, labels, our_losses, their_losses, their_end)
    error = relative(our_losses, their_losses).max()
    statistics, where = worst_statistic(our_end, their_end)
    moving = [k for k in state if run.moves(k) and k.endswith(('weight', 'bias'))]
    still = [k for k in state if not run.moves(k) and (k.endswith(('weight', 'bias')) or run.bn == 'running' and 'running' in k)]
    moved = distance(their_end, state, moving)
    apart = distance(our_end, their_end, moving) / moved
    size = sum(state[k].double().square().sum().item() for k in moving) ** 0.5
    kept = all(torch.equal(our_end[k], state[k]) for k in still)
    good = bool(error <= 1e-3 and statistics <= 1e-4 and apart <= 2e-2 and kept)
    print('%s %s: %d steps of batch %d at rate %g: losses %.1e, statistics %.1e (%s), frozen tensors %s' %
          ('ok' if good else 'FAILED', name, run.steps, run.batch, run.rate, error, statistics, where, 'kept' if kept else 'CHANGED'))
    print('    weights moved by %.1e of their norm, ours elsewhere by %.1e of that; torch %s' %
          (moved / size, apart, torch.__version__), flush=True)
    return good

torch.set_num_threads(int(os.environ.get('THREADS', '2')))
good = True
for name in sys.argv[1:]:
    with tempfile.TemporaryDirectory() as temporary:
        work = os.environ.get('WORK', temporary) # a folder that stays: its net.so is not compiled again
        os.makedirs(work, exist_ok=True)
        good &= compare(name, work)
sys.exit(not good)
