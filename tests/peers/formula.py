# The seed formula of the judges' weights, in numpy alone: a value depends on the tensor's name and its index only.
import json, struct
import numpy as np

def header_of(path):
    """Names, shapes and places of a safetensors file."""
    data = open(path, 'rb').read()
    n = struct.unpack('<Q', data[:8])[0]
    return json.loads(data[8:8 + n]), data, 8 + n

def uniform(name, count):
    """count numbers in [-1, 1): splitmix64 of the index, seeded by the FNV-1a hash of the name."""
    seed = 14695981039346656037
    for c in name.encode():
        seed = (seed ^ c) * 1099511628211 & (2**64 - 1)
    with np.errstate(over='ignore'):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z = z ^ z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1

def weight(name, shape):
    """Convolutions: variance 2 / fan_in; fully connected layers: 0.01 / fan_in, so that no softmax saturates. Batch norm: gamma 0.8..1.2, beta 0.5..1.5, so that a
    network of random weights does not amplify rounding (see tests/nets/shift_beta.py)."""
    u = uniform(name, int(np.prod(shape)))
    if len(shape) > 1:
        u = u * np.sqrt((6 if len(shape) > 2 else 0.03) / np.prod(shape[1:]))
    elif name.endswith('bn.weight'):
        u = 1 + 0.2 * u
    elif name.endswith('bn.bias'):
        u = 1 + 0.5 * u
    else:
        u = 0.1 * u
    return u.astype(np.float32).reshape(shape)

def bfloat16(x):
    """The nearest numbers (ties away from zero) of 8 significant bits, as float32."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    return (bits + np.uint32(0x8000) & np.uint32(0xFFFF0000)).view(np.float32)

TYPES = {'F32': '<f4', 'F64': '<f8', 'BF16': '<u2'}

def write(path, tensors):
    """tensors: name to array, as a safetensors file; uint16 arrays are the upper halves of float32 numbers."""
    head, at = {}, 0
    for name, v in tensors.items():
        dtype = {'f4': 'F32', 'f8': 'F64', 'u2': 'BF16'}[v.dtype.str[1:]]
        head[name] = {'dtype': dtype, 'shape': list(v.shape), 'data_offsets': [at, at + v.nbytes]}
        at += v.nbytes
    text = json.dumps(head, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text)
        for v in tensors.values():
            f.write(v.tobytes())

def read(path):
    head, data, begin = header_of(path)
    return {k: np.frombuffer(data[begin:][slice(*v['data_offsets'])], TYPES[v['dtype']]).reshape(v['shape'])
            for k, v in head.items() if k != '__metadata__'}

def write_statistics(path, values):
    """values: all statistics, rounded to bfloat16, in the order of their names."""
    flat = np.concatenate([values[k].ravel() for k in sorted(values)] or [np.zeros(0, np.float32)])
    write(path, {'statistics': (flat.view(np.uint32) >> np.uint32(16)).astype('<u2')})

def read_statistics(path, shapes):
    """shapes: of all statistics, by name."""
    flat, out, at = (read(path)['statistics'].astype(np.uint32) << np.uint32(16)).view(np.float32), {}, 0
    for name in sorted(shapes):
        n = int(np.prod(shapes[name]))
        out[name] = flat[at:at + n].reshape(shapes[name])
        at += n
    assert at == flat.size, f'{path}: {flat.size} numbers, not {at}'
    return out
