# What the scripts of references share: the inputs, our names, samples, the files.
import os, re, subprocess, sys
import numpy as np
from PIL import Image
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), '../../..'))
sys.path[:0] = [os.path.join(ROOT, 'tests/peers'), os.path.join(ROOT, 'build/peers-py')]
import formula

class View:
    """How a network wants its picture, from its implementation's documentation; not from our netdef."""
    def __init__(self, size, resize, exact=False, bicubic=False, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), bgr=False):
        self.size, self.resize, self.exact, self.bicubic, self.mean, self.std, self.bgr = size, resize, exact, bicubic, mean, std, bgr

    def photograph(self):
        image = Image.open(os.path.join(ROOT, 'demo/cat.png')).convert('RGB')
        w, h = image.size
        r = self.resize
        size = (r, r) if self.exact else (r, r * h // w) if w < h else (r * w // h, r)
        image = image.resize(size, Image.BICUBIC if self.bicubic else Image.BILINEAR)
        x0, y0 = round((image.width - self.size) / 2), round((image.height - self.size) / 2)
        x = np.asarray(image.crop((x0, y0, x0 + self.size, y0 + self.size)), np.float32).transpose(2, 0, 1)
        x = x[::-1] if self.bgr else x / np.float32(255)
        mean, std = (np.asarray(v, np.float32).reshape(3, 1, 1) for v in (self.mean, self.std))
        return (x - mean) / std

    def noise(self):
        return (formula.uniform('noise', 3 * self.size ** 2) * (100 if self.bgr else 2)).astype(np.float32).reshape(3, self.size, self.size)

    def batch(self):
        """The photograph and noise: n x c x h x w in float64."""
        return np.stack([self.photograph(), self.noise()]).astype(np.float64)

class Node:
    def __init__(self, line):
        words = dict(w.split('=', 1) for w in line.split()[2:])
        self.op = line.split()[1]
        self.inputs = words['in'].split(',')
        self.out = words['out'].split(':')[0]

class OurNetwork:
    """Names alone: of weights with their shapes, of nodes with the tensors that they read and write."""
    def __init__(self, net):
        self.netdef = f'{ROOT}/netdefs/{net}.net'
        text = subprocess.run([f'{ROOT}/build/inceptc', self.netdef, '--dump=graph'], check=True, capture_output=True, text=True).stdout
        rows = [l.split() for l in text.splitlines() if l.startswith('weight ')]
        self.weights = {r[1]: tuple(int(d) for d in r[2].split('x')) for r in rows}
        self.statistics = sorted(n for n in self.weights if n.endswith(('running_mean', 'running_var')))
        self.nodes = [Node(l) for l in text.splitlines() if l.startswith('node ')]
        self.reader = {i: n for n in self.nodes for i in n.inputs if i in self.weights}
        self.maker = {n.out: n for n in self.nodes}
        self.input = re.search(r'^input (\S+)', text, flags=re.M)[1]

class Samples:
    """Activations as they come, whole or as 37 numbers of each, 11 of those before a batch norm or a ReLU (41 and 13 where those
    divide); the first of a name counts. Primes: a number that divides that of the elements would take the same pixel of every channel, the corner."""
    def __init__(self, whole=False):
        self.whole, self.kept = whole, {}

    def keep(self, name, value):
        if self.whole:
            self.kept.setdefault(name, np.array(value))
            return
        flat, inner = value.reshape(-1), name.endswith(('.conv', '.bn'))
        k = next(p for p in ((11, 13) if inner else (37, 41)) if flat.size % p)
        k = min(k, flat.size)
        self.kept.setdefault(name + '.sampled', flat[np.arange(k) * flat.size // k].copy())

    def names(self):
        return {n[:-len('.sampled')] if n.endswith('.sampled') else n for n in self.kept}

def moments(x):
    """Mean and variance of a channel, rounded to bfloat16: a file of half the size, and any statistics will do that are near.
    Fewer than 8 values say nothing of a channel: then mean 0 and the mean square of all channels stand in."""
    axes = (0, 2, 3) if x.ndim == 4 else (0,)
    if x.size // x.shape[1] < 8:
        return formula.bfloat16(np.zeros(x.shape[1])), formula.bfloat16(np.full(x.shape[1], np.mean(x ** 2)))
    return formula.bfloat16(x.mean(axes)), formula.bfloat16(x.var(axes))
