# train_peer.py NET BATCH plain|channels_last: steps of PyTorch in training, served in turns: forward in training mode, losses of all heads,
# backward, optimiser. NET: googlenet, inception_v3 (SGD with momentum), or classic: inception_v3 with two new heads, all else frozen
# as the recipe is written, Adam.
# packages: torch torchvision numpy pillow
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/peers')
from protocol import serve_run

name, batch, layout = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def network():
    import torch, torchvision
    make = torchvision.models.googlenet if name == 'googlenet' else torchvision.models.inception_v3
    net = make(weights=None, init_weights=False, aux_logits=True)
    if name == 'classic':
        for p in net.parameters():
            p.requires_grad = False
        net.fc, net.AuxLogits.fc = torch.nn.Linear(2048, 2), torch.nn.Linear(768, 2)
    return net.train()


def make():
    import torch, torchvision
    torch.set_num_threads(int(os.environ['OMP_NUM_THREADS']))
    side = 224 if name == 'googlenet' else 299
    net, x, y = network(), torch.rand(batch, 3, side, side), torch.zeros(batch, dtype=torch.long)
    if layout == 'channels_last':
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    moving = [p for p in net.parameters() if p.requires_grad]
    opt = torch.optim.Adam(moving, 0.01) if name == 'classic' else torch.optim.SGD(moving, 1e-4, momentum=0.9)
    loss = torch.nn.functional.cross_entropy

    def step():
        opt.zero_grad()
        r = net(x)
        heads = [r.aux_logits1, r.aux_logits2] if name == 'googlenet' else [r.aux_logits]
        (loss(r.logits, y) + sum(0.3 * loss(h, y) for h in heads)).backward()
        opt.step()

    step()
    return step, {'versions': 'torch %s, torchvision %s' % (torch.__version__, torchvision.__version__)}


serve_run(make)
