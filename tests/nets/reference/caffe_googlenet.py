# caffe_googlenet.py FOLDER [--whole]: BVLC's GoogLeNet in numpy and float64, written from train_val.prototxt's layers and Caffe's
# rules (LRN divides alpha by n; pools round up; no batch norm; biases), on the photograph and on noise, with the weights of
# tests/peers/formula.py: googlenet.safetensors. Names are those of netdefs/googlenet.net; nothing else of it is read.
import os, sys
import numpy as np
sys.path.insert(0, os.path.dirname(__file__))
from common import Samples, View, formula

VIEW = View(224, 256, exact=True, mean=(104, 117, 123), std=(1, 1, 1), bgr=True)

class GoogLeNet:
    def __init__(self, samples):
        self.keep = samples.keep

    def conv(self, x, name, co, k, stride=1, pad=0):
        n, ci, h, w = x.shape
        weight = formula.weight(name + '.weight', (co, ci, k, k)).astype(np.float64)
        x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        oh, ow = (h + 2 * pad - k) // stride + 1, (w + 2 * pad - k) // stride + 1
        y = np.zeros((n, co, oh, ow))
        for ky in range(k):
            for kx in range(k):
                part = x[:, :, ky:ky + stride * oh:stride, kx:kx + stride * ow:stride]
                y += np.matmul(weight[:, :, ky, kx], part.reshape(n, ci, oh * ow)).reshape(n, co, oh, ow)
        y += formula.weight(name + '.bias', (co,)).astype(np.float64).reshape(1, co, 1, 1)
        self.keep(name + '.conv', y)
        return self.kept(name, np.maximum(y, 0))

    def kept(self, name, x):
        self.keep(name, x)
        return x

    def maxpool(self, x, name, k=3, stride=2, pad=0):
        size = [-((n + 2 * pad - k) // -stride) + 1 for n in x.shape[2:]]  # up, but a window begins inside
        size = [s - ((s - 1) * stride >= n + pad) for s, n in zip(size, x.shape[2:])]
        room = [(0, 0), (0, 0)] + [(pad, (s - 1) * stride + k - n - pad) for s, n in zip(size, x.shape[2:])]
        x = np.pad(x, [(a, max(b, 0)) for a, b in room], constant_values=-np.inf)
        parts = [x[:, :, i:i + stride * size[0]:stride, j:j + stride * size[1]:stride][:, :, :size[0], :size[1]] for i in range(k) for j in range(k)]
        return self.kept(name, np.max(parts, 0))

    def avgpool(self, x, name, k, stride):  # all windows are inside
        size = [(n - k) // stride + 1 for n in x.shape[2:]]
        parts = [x[:, :, i:i + stride * size[0]:stride, j:j + stride * size[1]:stride][:, :, :size[0], :size[1]] for i in range(k) for j in range(k)]
        return self.kept(name, np.mean(parts, 0))

    def lrn(self, x, name, size=5, alpha=1e-4, beta=0.75):
        squares = np.pad(x ** 2, ((0, 0), (size // 2, size // 2), (0, 0), (0, 0)))
        total = sum(squares[:, i:i + x.shape[1]] for i in range(size))
        return self.kept(name, x / (1 + alpha / size * total) ** beta)

    def fc(self, x, name, co):
        x = x.reshape(len(x), -1)
        return x @ formula.weight(name + '.weight', (co, x.shape[1])).astype(np.float64).T + formula.weight(name + '.bias', (co,))

    def inception(self, x, name, n1, r3, n3, r5, n5, pp, last=None):
        a = self.conv(x, name + '.conv1x1', n1, 1)
        b = self.conv(self.conv(x, name + '.conv1x1_2', r3, 1), name + '.conv3x3', n3, 3, pad=1)
        c = self.conv(self.conv(x, name + '.conv1x1_3', r5, 1), name + '.conv5x5', n5, 5, pad=2)
        d = self.conv(self.maxpool(x, name + '.maxpool3x3', 3, 1, 1), name + '.conv1x1_4', pp, 1)
        return self.kept(last or name, np.concatenate([a, b, c, d], 1))

    def pooled(self, x, name, *widths):
        """A module and the pool behind it, which has its name."""
        return self.maxpool(self.inception(x, name, *widths, last=name + '.concat'), name)

    def head(self, x, name):
        x = self.conv(self.avgpool(x, name + '.avgpool5x5', 5, 3), name + '.conv1x1', 128, 1)
        x = self.kept(name + '.fc', np.maximum(self.kept(name + '.fc.fc', self.fc(x, name + '.fc', 1024)), 0))
        self.keep(name, self.fc(x, name + '.fc_2', 1000))

    def run(self, x):
        self.keep('image', x)
        x = self.lrn(self.maxpool(self.conv(x, 'stem.conv7x7', 64, 7, 2, 3), 'stem.maxpool3x3'), 'stem.lrn')
        x = self.conv(self.conv(x, 'stem.conv1x1', 64, 1), 'stem.conv3x3', 192, 3, pad=1)
        x = self.maxpool(self.lrn(x, 'stem.lrn_2'), 'stem')
        x = self.inception(x, 'i3a', 64, 96, 128, 16, 32, 32)
        x = self.pooled(x, 'i3b', 128, 128, 192, 32, 96, 64)
        x = self.inception(x, 'i4a', 192, 96, 208, 16, 48, 64)
        self.head(x, 'aux1')
        x = self.inception(x, 'i4b', 160, 112, 224, 24, 64, 64)
        x = self.inception(x, 'i4c', 128, 128, 256, 24, 64, 64)
        x = self.inception(x, 'i4d', 112, 144, 288, 32, 64, 64)
        self.head(x, 'aux2')
        x = self.pooled(x, 'i4e', 256, 160, 320, 32, 128, 128)
        x = self.inception(x, 'i5a', 256, 160, 320, 32, 128, 128)
        x = self.inception(x, 'i5b', 384, 192, 384, 48, 128, 128)
        x = self.fc(self.avgpool(x, 'logits.avgpool7x7', 7, 1), 'logits', 1000)
        self.keep('logits', x)
        e = np.exp(x - x.max(1, keepdims=True))
        self.keep('softmax', e / e.sum(1, keepdims=True))

if __name__ == '__main__':
    folder, whole = sys.argv[1], '--whole' in sys.argv
    samples = Samples(whole)
    GoogLeNet(samples).run(VIEW.batch())
    print(f'googlenet: numpy {np.__version__}, {len(samples.kept)} tensors')
    if whole:
        os.makedirs(f'{folder}/googlenet', exist_ok=True)
        np.save(f'{folder}/googlenet/input.npy', VIEW.batch())
        for name, v in samples.kept.items():
            np.save(f'{folder}/googlenet/{name}.npy', v)
    else:
        formula.write(f'{folder}/googlenet.safetensors', samples.kept)
