"""group_peers.py: PyTorch as judge of grouped convolutions in training. Both sides begin with equal weights, in torch's names and layout, and
take 10 steps of SGD on the same numbers. The judge computes in double. Losses must agree within 1e-5, and every weight must have moved the same
way, within 1e-3 of how far it moved: a gradient of another group, or one laid out otherwise, is off by all of it."""
import os, subprocess, sys, tempfile
import torch
ROOT = os.path.abspath(os.path.dirname(os.path.abspath(__file__)) + '/../..')
sys.path.insert(0, ROOT + '/build/peers-py')
import safetensors.torch
BATCH, STEPS, RATE = 6, 10, 0.05
NET = '''net grouped
conventions torch
input x 6x11x9
some = conv 3x5/2x1 12 pad(1, 2) groups=3 bias relu
deep = conv 3x3 36 same groups=12 bn relu
wide = conv 1x1 20 groups=4 nobias bn relu
last = conv 5x2/1x2 20 pad(2, 0) groups=20 bias relu
fc = fc 5
output fc
train {
  loss = xent(fc)
  opt = sgd(%g, momentum=0.9)
  batch = %d }
''' % (RATE, BATCH)

class Judge(torch.nn.Module):
    def __init__(self):
        super().__init__()
        def normed(*args, **kwargs):
            layer = torch.nn.Module()
            layer.conv = torch.nn.Conv2d(*args, bias=False, **kwargs)
            layer.bn = torch.nn.BatchNorm2d(args[1])
            layer.forward = lambda x: layer.bn(layer.conv(x))
            return layer
        self.some = torch.nn.Conv2d(6, 12, (3, 5), (2, 1), (1, 2), groups=3)
        self.deep = normed(12, 36, 3, padding=1, groups=12)
        self.wide = normed(36, 20, 1, groups=4)
        self.last = torch.nn.Conv2d(20, 20, (5, 2), (1, 2), (2, 0), groups=20)
        self.fc = torch.nn.Linear(20 * 6 * 4, 5)
    def forward(self, x):
        for layer in (self.some, self.deep, self.wide, self.last):
            x = layer(x).relu()
        return self.fc(x.flatten(1))

def ours(work, state, x, labels):
    open('net.net', 'w').write(NET)
    subprocess.run([ROOT + '/build/inceptc', 'net.net', '--train', '--numerics', 'safe', '--target', 'native', '-o', 'net.c'], check=True)
    subprocess.run(['gcc', '-std=gnu11', '-O1', '-ffp-contract=off', '-shared', '-fPIC', '-I' + ROOT + '/runtime', 'net.c',
                    ROOT + '/build/libinceptrt.a', '-lm', '-o', 'net.so'], check=True)
    safetensors.torch.save_file({k: v.contiguous() for k, v in state.items() if not k.endswith('num_batches_tracked')}, 'start.safetensors')
    x.numpy().tofile('x.bin')
    labels.numpy().astype('i4').tofile('labels.bin')
    os.makedirs('end')
    command = [ROOT + '/build/steps_tool', './net.so', 'grouped_network', BATCH, 2, STEPS, RATE, 'start.safetensors', 'x.bin', 'labels.bin', 'end']
    text = subprocess.run([str(v) for v in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [float(line.split()[1]) for line in text.splitlines()], safetensors.torch.load_file('end/last.safetensors')

def theirs(state, x, labels):
    model = Judge().double().train()
    model.load_state_dict(state)
    optimizer = torch.optim.SGD(model.parameters(), RATE, momentum=0.9)
    losses = []
    for step in range(STEPS):
        at = slice(step * BATCH, (step + 1) * BATCH)
        loss = torch.nn.functional.cross_entropy(model(x[at].double()), labels[at])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model.state_dict()

torch.manual_seed(3)
state = {k: v.clone() for k, v in Judge().state_dict().items()}
x, labels = torch.randn(BATCH * STEPS, 6, 11, 9), torch.randint(0, 5, (BATCH * STEPS,))
with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    our_losses, our_end = ours(work, state, x, labels)
    os.chdir(ROOT)
their_losses, their_end = theirs(state, x, labels)
loss = max(abs(a - b) / b for a, b in zip(our_losses, their_losses))
apart = {k: ((our_end[k].double() - v).norm() / (v - state[k].double()).norm()).item() for k, v in their_end.items() if not k.endswith('tracked')}
worst = max(apart, key=apart.get)
good = loss <= 1e-5 and apart[worst] <= 1e-3
print('%s grouped convolutions: %d steps, losses %.1e, weights and statistics elsewhere by %.1e of how far they moved (%s); torch %s' %
      ('ok' if good else 'FAILED', STEPS, loss, apart[worst], worst, torch.__version__))
sys.exit(not good)
