"""What train_peers.py feeds to both sides: pictures, weights to begin with, and to PyTorch the masks of our dropout."""
import glob, os, shutil
import numpy as np, torch
from PIL import Image
import trained_v3
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(HERE + '/../..')
PHOTOGRAPHS = 17 # bench/pictures.py: whole ones first, then crops of the same, in their order
BATCHES = 4      # before the first comes again

def pictures(run):
    """The pictures of four batches, and as class which photograph each is of."""
    paths = sorted(glob.glob(ROOT + '/build/train_pictures/*.png'))[:BATCHES * run.batch]
    if len(paths) < BATCHES * run.batch:
        raise SystemExit('build/train_pictures has %d pictures, this run needs %d: run bench/pictures.py' % (len(paths), BATCHES * run.batch))
    x = np.stack([view(Image.open(p).convert('RGB'), run.size) for p in paths])
    return torch.from_numpy(x), torch.tensor([i % PHOTOGRAPHS * 37 % run.classes for i in range(len(paths))])

def view(picture, size):
    """The middle square, scaled, from -1 to 1, channels first."""
    side = min(picture.size)
    x, y = ((n - side) // 2 for n in picture.size)
    return np.asarray(picture.resize((size, size), Image.BILINEAR, (x, y, x + side, y + side)), 'f4').transpose(2, 0, 1) / 127.5 - 1

def start(run, work):
    """Convolutions by He's rule: from torchvision's own (deviation 0.01 or 0.1 whatever the fan) the first gradients of the deeper layers
    differ by percents between float32 and double in PyTorch itself. Inception v3 begins with trained weights; its heads are new. There are
    none for googlenet_tv: train_peers.py lets our program take some steps first."""
    model = run.make(weights=None, init_weights=False, aux_logits=True, transform_input=False, num_classes=run.classes)
    for m in model.modules():
        if isinstance(m, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(m.weight)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    if 'v3' in run.make.__name__:
        state.update(trained(work))
    return state

def trained(work):
    """Trained weights of v3, less its heads: kept in build/, because the package is large."""
    from safetensors.torch import load_file
    path = ROOT + '/build/trained_v3.safetensors'
    if not os.path.exists(path):
        trained_v3.fetch(work)
        trained_v3.import_own(work, 'torch', 'count_pad')
        shutil.copyfile(work + '/own.safetensors', path + '.tmp')
        os.rename(path + '.tmp', path)
    return {k: v for k, v in load_file(path).items() if not k.startswith('fc.')}

def philox(counter, key):
    """Philox 4x32-10 (Salmon et al., SC 2011) for arrays of counters: four words each."""
    c, k = [np.asarray(v, np.uint64) for v in counter], [int(v) for v in key]
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p, q = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(q >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), q & low, (p >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), p & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(np.broadcast_arrays(*c), -1)

def draws(seed, epoch, sample, layer, elements):
    """runtime/rt.h, rt_dropout_draw: a number from 0 to 1 for every element of a layer."""
    words = philox((np.arange((elements + 3) // 4), layer, sample, epoch), (seed, 0x64726f70))
    return words.reshape(-1)[:elements] * 2.0 ** -32

def layer_key(name):
    """compiler/train_graph.c: FNV-1a."""
    key = 2166136261
    for byte in name.encode():
        key = ((key ^ byte) * 16777619) & 0xFFFFFFFF
    return key & 0x7FFFFFFF

class Dropped:
    """The dropouts of a model, with our masks in place of PyTorch's."""
    SEED = 1 # steps_tool's

    def __init__(self, model):
        self.epoch, self.samples = 0, []
        for name, m in model.named_modules():
            if isinstance(m, torch.nn.Dropout):
                rate, m.p = m.p, 0.0
                m.register_forward_hook(lambda m, x, y, key=layer_key(self.our_name(name)), rate=rate: y * self.mask(y, key, rate))

    @staticmethod
    def our_name(name):
        head = name.rpartition('.')[0]
        return (head or 'fc') + '.dropout'

    def draw(self, epoch, samples):
        self.epoch, self.samples = epoch, samples

    def mask(self, y, key, rate):
        kept = np.stack([draws(self.SEED, self.epoch, s, key, y[0].numel()) >= rate for s in self.samples])
        return torch.from_numpy(kept / (1 - rate)).to(y.dtype).view_as(y)
