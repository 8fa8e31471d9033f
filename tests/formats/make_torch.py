#!/usr/bin/python3
"""Writes PyTorch's files, in both layouts, without PyTorch: pickle and struct only.

Stand-ins carry the names that torch's own classes have in a pickle.  make_torch.py FOLDER writes the
good files that the tests read; other scripts import it to spoil them."""
import collections
import io
import os
import pickle
import struct
import sys
import types
import zlib

import numpy as np

STORAGES = {"f4": "FloatStorage", "f8": "DoubleStorage", "f2": "HalfStorage", "i8": "LongStorage", "i4": "IntStorage",
            "i2": "ShortStorage", "i1": "CharStorage", "u1": "ByteStorage", "b1": "BoolStorage"}


def stand_in(module, name):
    made = types.FunctionType((lambda *a: None).__code__, globals(), name)
    made.__module__, made.__qualname__ = module, name
    parts = module.split(".")
    for i in range(len(parts)):
        sys.modules.setdefault(".".join(parts[:i + 1]), types.ModuleType(".".join(parts[:i + 1])))
    setattr(sys.modules[module], name, made)
    return made


REBUILD_V2 = stand_in("torch._utils", "_rebuild_tensor_v2")
REBUILD = stand_in("torch._utils", "_rebuild_tensor")
PARAMETER = stand_in("torch._utils", "_rebuild_parameter")
TYPES = {k: stand_in("torch", v) for k, v in STORAGES.items()}
TYPES["bf16"] = stand_in("torch", "BFloat16Storage")


class Storage:
    def __init__(self, array, kind=None):
        self.array = np.ascontiguousarray(array).reshape(-1)
        self.kind = kind or self.array.dtype.str[1:]


class Tensor:
    """size and stride over a storage; by default all of an array."""
    def __init__(self, array, storage=None, first=0, size=None, stride=None, maker=REBUILD_V2):
        self.storage = storage or Storage(array)
        self.size = tuple(array.shape) if size is None else size
        self.stride = stride if stride is not None else tuple(int(np.prod(self.size[i + 1:])) for i in range(len(self.size)))
        self.first, self.maker = first, maker

    def __reduce__(self):
        rest = () if self.maker is REBUILD else (False, collections.OrderedDict())
        return self.maker, (self.storage, self.first, self.size, self.stride) + rest


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return PARAMETER, (self.tensor, True, collections.OrderedDict())


class Pickler(pickle._Pickler):
    """Storages become persistent ids; their keys are given in the order of their first use."""
    def __init__(self, out, protocol, legacy):
        super().__init__(out, protocol)
        self.storages, self.keys, self.legacy = [], {}, legacy

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        if id(value) not in self.keys:
            self.keys[id(value)] = len(self.storages)
            self.storages.append(value)
        key = str(self.keys[id(value)])
        return ("storage", TYPES[value.kind], key, "cpu", len(value.array)) + ((None,) if self.legacy else ())


def pickled(value, protocol=2, legacy=False):
    out = io.BytesIO()
    p = Pickler(out, protocol, legacy)
    p.dump(value)
    return out.getvalue(), p.storages


class Zip:
    """An archive byte by byte; every field can be set to something else: Zip([(name, data, {field: value})])."""
    def __init__(self, entries, torch=True, comment=b"", end={}, end64={}, locator={}, gap=b""):
        out, listed = bytearray(), bytearray()
        for name, data, change in entries:
            name = name if isinstance(name, bytes) else name.encode()
            v = dict(sig=b"PK\3\4", flags=0x808 if torch else 0, method=0, crc=zlib.crc32(data), size=len(data), packed=len(data),
                     at=len(out), name=name, extra=b"", cextra=b"", ccomment=b"", disk=0, csig=b"PK\1\2", data=data)
            v.update(change)
            for k in ("flags", "method", "crc", "size", "packed", "name"):
                v.setdefault("l" + k, (0 if torch and k in ("crc", "size", "packed") else v[k]))
            if torch and "extra" not in change:
                pad = -(len(out) + 30 + len(name) + 4) % 64
                v["extra"] = b"FB" + struct.pack("<H", pad) + b"Z" * pad
            out += v["sig"] + struct.pack("<HHHHHIIIHH", 0, v["lflags"], v["lmethod"], 0, 0, v["lcrc"], v["lpacked"], v["lsize"],
                                          len(v["lname"]), len(v["extra"])) + v["lname"] + v["extra"]
            out += v["data"]
            out += v.get("descriptor", b"PK\7\x08" + struct.pack("<III", v["crc"], v["packed"], v["size"]) if torch else b"")
            out += v.get("behind", b"")
            listed += v["csig"] + struct.pack("<HHHHHHIIIHHHHHII", 0, 0, v["flags"], v["method"], 0, 0, v["crc"], v["packed"], v["size"],
                                              v.get("nname", len(v["name"])), len(v["cextra"]), len(v["ccomment"]), v["disk"], 0, 0, v["at"])
            listed += v["name"] + v["cextra"] + v["ccomment"]
        out += gap
        directory = len(out)
        out += listed
        d = dict(disk=0, first=0, here=len(entries), total=len(entries), size=len(listed), offset=directory, length=44, sig=b"PK\6\6")
        if torch or end64:
            w = {**d, **end64}
            at = len(out)
            out += w["sig"] + struct.pack("<QHHIIQQQQ", w["length"], 45, 45, w["disk"], w["first"], w["here"], w["total"], w["size"], w["offset"])
            out += b"PK\6\7" + struct.pack("<IQI", locator.get("disk", 0), locator.get("at", at), locator.get("disks", 1))
        e = {**d, **end}
        out += b"PK\5\6" + struct.pack("<HHHHIIH", e["disk"], e["first"], e["here"], e["total"], e["size"] & 0xffffffff,
                                       e["offset"] & 0xffffffff, e.get("comment", len(comment))) + comment
        self.bytes = bytes(out)


def raw(storage):
    return storage.array.tobytes()


def zip_entries(value, protocol=2, name="net", change={}, more=()):
    """The entries of an archive; change: {entry: {field: value}}; a pickle given as bytes stays as it is."""
    data, storages = pickled(value, protocol) if not isinstance(value, tuple) else value
    entries = [("data.pkl", data)] + [("data/%d" % i, raw(s)) for i, s in enumerate(storages)] + list(more) + [("version", b"3\n")]
    return [("%s/%s" % (name, n), d, change.get(n, {})) for n, d in entries]


def zip_file(value, protocol=2, name="net", change={}, more=(), **zip_args):
    return Zip(zip_entries(value, protocol, name, change, more), **zip_args).bytes


MAGIC = 0x1950a86a20f9469cfc6c
MACHINE = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def legacy_file(value, magic=MAGIC, version=1001, machine=MACHINE, keys=None, counts=None, behind=b"", protocol=2):
    data, storages = pickled(value, protocol, True) if not isinstance(value, tuple) else value
    dump = lambda v: pickle.dumps(v, protocol)
    out = dump(magic) + dump(version) + dump(machine) + data
    order = sorted(range(len(storages)), key=str)
    out += dump([str(i) for i in order] if keys is None else keys)
    for i in order:
        out += struct.pack("<q", len(storages[i].array) if counts is None else counts[i]) + raw(storages[i])
    return out + behind


def example():
    """Every element type, a parameter, strides, a slice and a shared storage."""
    od = collections.OrderedDict()
    base = np.arange(24, dtype="<f4").reshape(4, 6)
    od["f32"] = Tensor(base)
    od["param"] = Parameter(Tensor(np.array([1.5, -2], "<f4")))
    od["f64"] = Tensor(np.array([0.5, 1e300, -3])[:2][:1])
    od["f16"] = Tensor(np.array([1, -0.25, 65504], "<f2"))
    od["bf16"] = Tensor(np.zeros(2), Storage(np.array([0x3f80, 0xc040], "<u2"), "bf16"))
    for k in ("i8", "i4", "i2", "i1", "u1"):
        od[k] = Tensor(np.array([1, 100], "<" + k))
    od["flag"] = Tensor(np.array([True, False]))
    od["scalar"] = Tensor(np.array(7, "<i8"))
    od["empty"] = Tensor(np.zeros((0, 3), "<f4"))
    shared = Storage(base + 100)
    od["transposed"] = Tensor(base, shared, 0, (6, 4), (1, 6))
    od["sliced"] = Tensor(base, shared, 7, (2, 3), (6, 2))
    od["shared"] = Tensor(base, shared, 6, (6,), (1,))
    od["old"] = Tensor(np.array([9, 8], "<f4"), maker=REBUILD)
    return od


# Python 2 made an OrderedDict from a list of lists, and texts of bytes; sets and numbers beside a state_dict are dropped.
PYTHON2 = (b"\x80\2ccollections\nOrderedDict\nq\0]q\1]q\2(U\1wq\3ctorch._utils\n_rebuild_tensor_v2\nq\4((U\7storagectorch\nFloatStorage\n"
           b"U\0010T\3\0\0\0cpuK\2tQK\0K\2\x85K\1\x85\x89h\0]\x85RtRq\5ea\x85Rq\6.")
BESIDE = (b"}(X\4\0\0\0moreccollections\ndefaultdict\nc__builtin__\ndict\n\x85R(NNu" b"X\1\0\0\0a\x8f(K\1K\2\x90" b"X\1\0\0\0b(K\1\x91"
          b"X\1\0\0\0c\x8b\x0c\0\0\0abcdefghijkl" b"X\1\0\0\0dG12345678" b"X\1\0\0\0eC\2xy" b"X\1\0\0\0f\x8e\1\0\0\0\0\0\0\0x"
          b"X\1\0\0\0gcargparse\nNamespace\n)\x81}X\2\0\0\0lrG12345678sb" b"X\1\0\0\0hN20" b"X\1\0\0\0i(NN1NX\1\0\0\0jM\1\2X\1\0\0\0kJ\xff\xff\xff\xff"
          b"X\1\0\0\0l\x8a\0" b"X\1\0\0\0m\x8a\1\xff" b"N\x88" b"\x8d\1\0\0\0\0\0\0\0n\x88")


def beside(small):
    data, storages = pickled(small)
    return data[:2] + BESIDE + b"X\5\0\0\0model" + data[2:-1] + b"u.", storages


def main(folder):
    od, small = example(), {"w": Tensor(np.array([1, 2], "<f4"))}
    files = {"v%d.pth" % p: zip_file(od, p) for p in (2, 3, 4, 5)}
    files["legacy.pth"] = legacy_file(od)
    files["legacy4.pth"] = legacy_file(od, protocol=4)
    files["checkpoint.pth"] = zip_file({"state_dict": od, "epoch": 3, "lr": 0.1, "note": "x", "optimizer": {"state": {0: Tensor(np.ones(3))}}})
    files["small.pth"] = zip_file(small)
    files["small_legacy.pth"] = legacy_file(small)
    files["new.pth"] = zip_file(small, more=[("byteorder", b"little"), (".format_version", b"1"), (".data/serialization_id", b"123")])
    files["comment.pth"] = zip_file(small, comment=b"a comment")
    files["python2.pth"] = zip_file((PYTHON2, pickled(small)[1]))
    files["python2_legacy.pth"] = legacy_file((PYTHON2, pickled(small)[1]))
    files["beside.pth"] = zip_file(beside(small))
    many = {"w%05d" % i: Tensor(np.array(i % 256, "u1")) for i in range(3000)}
    files["many.pth"], files["many_legacy.pth"] = zip_file(many), legacy_file(many)
    header = b'{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    files["small.safetensors"] = struct.pack("<Q", len(header)) + header + raw(Storage(np.array([1, 2], "<f4")))
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    np.savez(os.path.join(folder, "a.npz"), **{"conv.weight": np.arange(6, dtype="<f4").reshape(2, 3), "t": np.arange(6.).reshape(2, 3).T,
                                               "b": np.array([True]), "h": np.array([1, 2], "<f2")})
    np.savez(os.path.join(folder, "small.npz"), w=np.array([1, 2], "<f4"))
    np.savez_compressed(os.path.join(folder, "compressed.npz"), w=np.zeros(99))
    np.save(os.path.join(folder, "small.npy"), np.array([[1, 2]], "<f4"))


if __name__ == "__main__":
    main(sys.argv[1])
