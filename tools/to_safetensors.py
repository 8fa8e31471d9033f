#!/usr/bin/python3
"""to_safetensors.py [--trust] IN OUT.safetensors: what inceptc does not read itself, and a second way for what it does.

IN: PyTorch's .pth/.pt (needs torch), NumPy's .npy/.npz, Keras' .h5 or .keras (needs h5py; names are LAYER/kernel
as Keras has them; other HDF5 files' are the paths), or model.json of a TensorFlow.js layers-model (quantized
weights become float32).  The bytes are those that the safetensors library writes.  --trust: a .pth may run code;
only for files of your own."""
import json
import os
import struct
import sys

import numpy as np

DTYPES = "BOOL U8 I8 I16 U16 F16 BF16 I32 U32 F32 F64 I64 U64".split()  # the order in which files are sorted
NUMPY = {"BOOL": "|b1", "U8": "|u1", "I8": "|i1", "I16": "<i2", "U16": "<u2", "F16": "<f2", "I32": "<i4", "U32": "<u4", "F32": "<f4",
         "F64": "<f8", "I64": "<i8", "U64": "<u8"}
HOLDERS = ("state_dict", "model", "net", "model_state_dict", "state_dict_ema")


def from_torch(path):
    import torch
    state = torch.load(path, map_location="cpu", weights_only=not TRUST)
    if not any(torch.is_tensor(v) for v in state.values()):
        state = next(state[k] for k in HOLDERS if k in state)
    for name, t in state.items():
        if torch.is_tensor(t):
            t = t.detach().contiguous()
            bf16 = t.dtype == torch.bfloat16
            yield name, "BF16" if bf16 else None, (t.view(torch.int16) if bf16 else t).numpy()


def from_numpy(path):
    loaded = np.load(path, allow_pickle=False)
    pairs = loaded.items() if path.endswith(".npz") else [(os.path.basename(path)[:-4], loaded)]
    return ((name, None, a) for name, a in pairs)


def keras_layers(root):
    """Keras' own names, LAYER/kernel: the paths in the file repeat the layer, and old ones end in ":0"."""
    for layer in root.attrs["layer_names"]:
        for name in root[layer].attrs["weight_names"]:
            yield (name if isinstance(name, str) else name.decode()).split(":")[0], root[layer][name]


def keras_3(f):
    """.weights.h5 of Keras 3: LAYER stands in an attribute, and weights are numbered: kernel, bias, or a batch norm's."""
    import h5py
    groups = []
    f.visititems(lambda path, g: groups.append(g) if isinstance(g, h5py.Group) and path.endswith("/vars") and len(g) else None)
    for g in groups:
        found = [g[str(i)] for i in range(len(g))]
        norm = ["gamma", "beta", "moving_mean", "moving_variance"][-len(found):]
        for role, d in zip(norm if found[0].ndim == 1 else ["kernel", "bias"], found):
            yield f"{g.attrs['name']}/{role}", d


def from_h5(path):
    import h5py
    found = []
    with h5py.File(path, "r") as f:
        root = f["model_weights"] if "model_weights" in f else f
        if "layer_names" in root.attrs:
            found = list(keras_layers(root))
        elif "layers" in f:
            found = list(keras_3(f))
        else:
            f.visititems(lambda name, d: found.append((name, d)) if isinstance(d, h5py.Dataset) and d.dtype.kind in "fiub" else None)
        return [(name, None, d[()]) for name, d in found]


def from_keras(path):
    """A zip whose member holds the weights."""
    import io
    import zipfile
    return from_h5(io.BytesIO(zipfile.ZipFile(path).read("model.weights.h5")))


def from_tfjs(path):
    for group in json.load(open(path))["weightsManifest"]:
        data, at = b"".join(open(os.path.join(os.path.dirname(path), p), "rb").read() for p in group["paths"]), 0
        for w in group["weights"]:
            q = w.get("quantization")
            dtype, n = np.dtype((q or w)["dtype"]).newbyteorder("<"), int(np.prod(w["shape"], dtype=int))
            a = np.frombuffer(data, dtype, n, at).reshape(w["shape"])
            at += a.nbytes
            if q and "scale" in q:
                a = a * np.float32(q["scale"]) + np.float32(q["min"])
            yield w["name"], None, a.astype("<f4") if q else a


def write(path, tensors):
    items = []
    for name, dtype, a in tensors:
        dtype = dtype or next(k for k, v in NUMPY.items() if np.dtype(v) == a.dtype)
        items.append((-DTYPES.index(dtype), name.encode(), name, dtype, list(a.shape), np.asarray(a, order="C").tobytes()))
    header, at = {}, 0
    for _, _, name, dtype, shape, data in sorted(items):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(i[5] for i in sorted(items)))


if __name__ == "__main__":
    TRUST, args = "--trust" in sys.argv, [a for a in sys.argv[1:] if a != "--trust"]
    if len(args) != 2:
        sys.exit(__doc__)
    end = os.path.splitext(args[0])[1]
    read = {".npy": from_numpy, ".npz": from_numpy, ".h5": from_h5, ".hdf5": from_h5, ".keras": from_keras, ".json": from_tfjs}
    read = read.get(end, from_torch)
    write(args[1], read(args[0]))
