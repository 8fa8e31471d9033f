#!/usr/bin/python3
"""Writes malformed weights files, each with a part of the message that must refuse it.

make_malformed.py FOLDER: the files, and table.txt of lines "FILE<tab>PART".  The good files that are
cut at every length and whose bits are flipped one by one are those of make_torch.py."""
import json
import os
import pickle
import struct
import sys
import zlib

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_torch as mt  # noqa: E402

table = []


def bad(kind, part, data):
    table.append((kind, part, data))


# ---- safetensors: the rules' numbers are those of formats/safetensors.c ----
def st(header, data=b"", length=None):
    h = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(h) if length is None else length) + h + data


def entry(name="a", dtype="F32", shape="[1]", offsets="[0,4]", more=""):
    return '"%s":{"dtype":"%s","shape":%s,"data_offsets":%s%s}' % (name, dtype, shape, offsets, more)


ST = [
    ("(rule 1)", b""), ("(rule 1)", b"\1"), ("(rule 1)", b"\2\0\0\0\0\0\0"),
    ("(rule 2)", st("{}", length=100000001)), ("(rule 2)", st("{}", length=1 << 63)), ("(rule 2)", st("{}", length=(1 << 64) - 1)),
    ("(rule 3)", st("{}", length=3)), ("(rule 3)", st("{", length=100)), ("(rule 3)", st("{}", length=99999999)),
    ("(rule 4)", st(b'{"\xff":1}')), ("(rule 4)", st(b'{"\xc0\x80":1}')), ("(rule 4)", st(b'{"\xed\xa0\x80":1}')),
    ("(rule 5)", st(" {}")), ("(rule 5)", st("[]")), ("(rule 5)", st("{")), ("(rule 5)", st("{}x")), ("(rule 5)", st("")),
    ("(rule 5)", st("{\"a\"}")), ("(rule 5)", st("{}\n")),
    ("(rule 6)", st('{"__metadata__":{"a":1}}')), ("(rule 6)", st('{"__metadata__":[]}')), ("(rule 6)", st('{"__metadata__":{"a":{}}}')),
    ("twice", st('{"__metadata__":{"a":"x","a":"y"}}')), ("twice", st('{"__metadata__":{},"__metadata__":{}}')),
    ("(rule 7)", st('{"a":{"shape":[1],"data_offsets":[0,4]}}', b"1234")), ("(rule 7)", st('{"a":{"dtype":"F32","data_offsets":[0,4]}}', b"1234")),
    ("(rule 7)", st('{"a":{"dtype":"F32","shape":[1]}}', b"1234")), ("(rule 7)", st("{%s}" % entry(dtype="F33"), b"1234")),
    ("(rule 7)", st("{%s}" % entry(shape="[-1]"), b"1234")), ("(rule 7)", st("{%s}" % entry(shape="[1.0]"), b"1234")),
    ("(rule 7)", st("{%s}" % entry(shape="1"), b"1234")), ("(rule 7)", st("{%s}" % entry(offsets="[0]"), b"1234")),
    ("(rule 7)", st("{%s}" % entry(offsets="[0,4,5]"), b"1234")), ("(rule 7)", st("{%s}" % entry(more=',"x":1'), b"1234")),
    ("(rule 7)", st("{%s}" % entry(shape="[18446744073709551616]"), b"1234")),
    ("twice", st("{%s,%s}" % (entry(), entry()), b"1234")), ("twice", st("{%s}" % entry(more=',"dtype":"F32"'), b"1234")),
    ("twice", st("{%s,%s}" % (entry(), entry("\\u0061", offsets="[4,8]")), b"12345678")),
    ("(rule 8)", st("{%s}" % entry(offsets="[4,8]"), b"12345678")), ("(rule 8)", st("{%s}" % entry(offsets="[4,0]"), b"1234")),
    ("(rule 8)", st("{%s,%s}" % (entry(), entry("b", offsets="[2,6]")), b"123456")),
    ("(rule 8)", st("{%s,%s}" % (entry(), entry("b", offsets="[5,9]")), b"123456789")),
    ("(rule 9)", st("{%s}" % entry(shape="[4294967296,4294967296]"), b"1234")), ("(rule 9)", st("{%s}" % entry(shape="[4611686018427387904]"), b"1234")),
    ("(rule 9)", st("{%s}" % entry(shape="[9223372036854775808,2]"), b"1234")),
    ("(rule 10)", st("{%s}" % entry(dtype="F4", offsets="[0,1]"), b"1")), ("(rule 10)", st("{%s}" % entry(dtype="F4", shape="[3]", offsets="[0,2]"), b"12")),
    ("(rule 10)", st("{%s}" % entry(dtype="F6_E2M3", offsets="[0,1]"), b"1")),
    ("(rule 11)", st("{%s}" % entry(shape="[2]"), b"1234")), ("(rule 11)", st("{%s}" % entry(dtype="F64"), b"1234")),
    ("(rule 11)", st("{%s}" % entry(shape="[0]"), b"1234")),
    ("(rule 12)", st("{%s}" % entry(), b"12345")), ("(rule 12)", st("{%s}" % entry(), b"123")), ("(rule 12)", st("{}", b"PK\5\6")),
]
for part, data in ST:
    bad("safetensors", part, data)

# ---- no format at all ----
for part, data in [("HDF5", b"\x89HDF\r\n\x1a\n" + b"\0" * 100), ("gzip", b"\x1f\x8b\x08" + b"\0" * 30), ("git lfs", b"version https://example/spec/v1\noid sha256:00\nsize 1\n"),
                   ("GGUF", b"GGUF\3\0\0\0" + b"\0" * 40), ("tar archive", b"\0" * 257 + b"ustar" + b"\0" * 250), ("rule 2", b"<html><body>not found"),
                   ("rule 2", b"\x89PNG\r\n\x1a\n" + b"\0" * 20)]:
    bad("foreign", part, data)

# ---- npy ----
GOOD_NPY = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"


def npy(header=GOOD_NPY, data=b"12345678", magic=b"\x93NUMPY", version=b"\1\0", length=None):
    return magic + version + struct.pack("<H" if version[0] == 1 else "<I", len(header) if length is None else length) + header + data


NPY = [
    ("must begin", npy()[:9]), ("version 0.0", npy(version=b"\0\0")), ("version 4.0", npy(version=b"\4\0")), ("version 1.1", npy(version=b"\1\1")),
    ("preamble", npy(version=b"\2\0")[:11]), ("a header of", npy(length=60000)), ("a header of", npy(version=b"\2\0", length=1 << 31)),
    ("a header of", npy(version=b"\3\0", length=0xffffffff)),
    ("'>f4'", npy(GOOD_NPY.replace(b"<f4", b">f4"))), ("'|O'", npy(GOOD_NPY.replace(b"<f4", b"|O"))), ("'<c8'", npy(GOOD_NPY.replace(b"<f4", b"<c8"))),
    ("'<U8'", npy(GOOD_NPY.replace(b"<f4", b"<U8"))), ("expected a string", npy(b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }\n")),
    ("fortran_order must", npy(GOOD_NPY.replace(b"False", b"false"))), ("fortran_order must", npy(GOOD_NPY.replace(b"False", b"0"))),
    ("expected a dimension", npy(GOOD_NPY.replace(b"(2,)", b"(-2,)"))), ("expected a dimension", npy(GOOD_NPY.replace(b"(2,)", b"(,)"))),
    ("must be a tuple", npy(GOOD_NPY.replace(b"(2,)", b"(2)"))), ("64 bits", npy(GOOD_NPY.replace(b"(2,)", b"(99999999999999999999,)"))),
    ("over", npy(GOOD_NPY.replace(b"(2,)", b"(4294967296,4294967296,)"))), ("over", npy(GOOD_NPY.replace(b"(2,)", b"(4611686018427387904,)"))),
    ("more than 8", npy(GOOD_NPY.replace(b"(2,)", b"(1,1,1,1,1,1,1,1,2)"))), ("takes 8 bytes", npy(data=b"1234567")), ("takes 8 bytes", npy(data=b"123456789")),
    ("takes 4294967296000 bytes", npy(GOOD_NPY.replace(b"(2,)", b"(1073741824000,)"))), ("key 'shape' twice", npy(b"{'shape': (2,), 'shape': (2,), }\n")),
    ("unknown key", npy(b"{'x': 1}\n")), ("needs descr", npy(b"{'descr': '<f4', 'shape': (2,), }\n")), ("one line feed", npy(GOOD_NPY[:-1])),
    ("one line feed", npy(GOOD_NPY[:-1] + b"x\n")), ("expected '{'", npy(b"")), ("no known key or type", npy(b"{'de\\x73cr': '<f4'}\n")),
]
for part, data in NPY:
    bad("npy", part, data)

# ---- zip and npz ----
N = [("w.npy", npy(), {})]


def npz(change={}, entries=None, **zip_args):
    return mt.Zip(entries or [("w.npy", npy(), change)], torch=False, **zip_args).bytes


def two(change={}, name="v.npy", first={}):
    return npz(entries=[("w.npy", npy(), first), (name, npy(), change)])


wide = struct.pack("<HH", 1, 24)
NPZ = [
    ("no end record", npz()[:-1]), ("before its end record", b"PK\3\4" + b"\0" * 10), ("no end record", b"PK\3\4" + b"\0" * 70000),
    ("a comment of", npz(comment=b"abc")[:-1]), ("a comment of", npz(comment=b"abc") + b"x"), ("a comment of", npz(end={"comment": 5})),
    ("several disks", npz(end={"disk": 1})), ("several disks", npz(end={"first": 1})), ("several disks", npz(end={"here": 0})),
    ("a directory of", npz(end={"size": 10})), ("a directory of", npz(end={"offset": 5})), ("a directory of", npz(end={"offset": 0xfffffff0})),
    ("a directory of", npz(gap=b"1234", end={"offset": 1})), ("entries in a directory", npz(end={"here": 9, "total": 9})), ("entries in a directory", npz(end={"here": 65535, "total": 65535})),
    ("holds more than", npz(end={"here": 0, "total": 0})), ("holds more than", npz(entries=[("w.npy", npy(), {}), ("v.npy", npy(), {})], end={"here": 1, "total": 1})),
    ("expected an entry", npz({"csig": b"PK\1\3"})), ("beyond the directory", npz({"nname": 60000})), ("beyond the directory", npz({"nname": 6})),
    ("64-bit end record is said", npz(end64={"length": 45})), ("64-bit end record is said", npz(end64={"sig": b"PK\6\5"})), ("64-bit end record is said", npz(end64={"length": 44}, locator={"at": 3})),
    ("64-bit end record is said", npz(end64={"length": 44}, locator={"at": 1 << 63})), ("several disks", npz(end64={"length": 44}, locator={"disk": 1})),
    ("several disks", npz(end64={"length": 44}, locator={"disks": 2})), ("the 64-bit record's", npz(end64={"total": 2})), ("the 64-bit record's", npz(end64={"offset": 1})),
    ("the 64-bit record's", npz(end64={"size": 1 << 40})), ("several disks", npz(end64={"disk": 3}, end={"disk": 65535})),
    ("entries in a directory", npz(end64={"total": 1 << 60, "here": 1 << 60}, end={"total": 65535, "here": 65535})),
    ("is encrypted", npz({"flags": 1})), ("is encrypted", npz({"flags": 0x40})), ("unknown flags", npz({"flags": 0x2000})), ("unknown flags", npz({"flags": 0x20})),
    ("compressed (method 8)", npz({"method": 8})), ("compressed (method 12)", npz({"method": 12})), ("compressed (method 99)", npz({"method": 99})),
    ("with no name", npz({"name": b""})), ("zero byte in its name", npz({"name": b"a\0.npy"})), ("not UTF-8", npz({"name": b"\xff.npy"})),
    ("on disk 2", npz({"disk": 2})), ("is stored, but takes", npz({"packed": 1})), ("is stored, but takes", npz({"size": 1 << 30})),
    ("without its extra field", npz({"size": 0xffffffff, "packed": 0xffffffff})), ("without its extra field", npz({"size": 0xffffffff, "cextra": struct.pack("<HHI", 1, 4, 5)})),
    ("beyond its area", npz({"cextra": b"abc"})), ("beyond its area", npz({"cextra": struct.pack("<HH", 7, 9)})), ("beyond its area", npz({"extra": b"ab"})),
    ("two extra fields", npz({"cextra": (wide + b"\0" * 24) * 2})), ("'w.npy' twice", two(name="w.npy")), ("they overlap", two({"size": 60000, "packed": 60000}, first={})),
    ("they overlap", two(first={"size": 300, "packed": 300})), ("is said to begin", two({"at": 60000})), ("is said to begin", two({"at": 0xffffffff, "cextra": struct.pack("<HHQ", 1, 8, 1 << 63)})),
    ("expected the local header", two({"at": 0})), ("bytes before the first entry", npz({"at": 1})), ("they overlap", npz(entries=[("w.npy", npy() * 2, {}), ("v.npy", npy(), {"at": 150})])), ("expected the local header", two({"sig": b"PK\3\5"})),
    ("in its local header", npz({"lflags": 1})), ("in its local header", npz({"lmethod": 8})), ("in its local header", npz({"lflags": 8})),
    ("has another name", npz({"lname": b"x.npy"})), ("has another name", npz({"lname": b"w.npy2"})), ("has another name", npz({"lname": b"w" * 5000})),
    ("in its local header", npz({"lsize": 5})), ("in its local header", npz({"lpacked": 5})), ("in its local header", npz({"lcrc": 5})),
    ("belong to no entry", npz({"behind": b"hidden"})), ("belong to no entry", npz(gap=b"x")), ("the descriptor of", npz({"flags": 8})),
    ("the descriptor of", npz({"flags": 8, "descriptor": b"PK\7\x08" + b"\0" * 11})), ("disagrees", npz({"flags": 8, "descriptor": b"PK\7\x08" + b"\0" * 12})),
    ("expected the descriptor", npz({"flags": 8, "descriptor": b"PK\7\x09" + b"\0" * 12})), ("disagrees", npz({"flags": 8, "descriptor": b"\0" * 20})),
    ("has CRC-32", npz({"crc": 1})), ("has CRC-32", npz({"data": npy(data=b"00000000"), "crc": zlib.crc32(npy())})), ("is no array", npz(entries=[("w.txt", npy(), {})])),
    ("is no array", npz(entries=[("config.json", b"{}", {}), ("model.weights.h5", b"\x89HDF", {})])), ("is no array", npz(entries=[(".npy", npy(), {})])),
    ("entry 'w.npy': not a NumPy", npz(entries=[("w.npy", b"", {})])), ("entry 'w.npy': elements of type '|O'", npz(entries=[("w.npy", npy(GOOD_NPY.replace(b"<f4", b"|O")), {})])),
    ("entry 'w.npy': the shape takes", npz(entries=[("w.npy", npy(data=b""), {})])),
]
for part, data in NPZ:
    bad("npz", part, data)

# ---- pickle: raw opcodes as data.pkl ----
good_pickle, good_storages = mt.pickled({"w": mt.Tensor(np.array([1, 2], "<f4"))})


def raw_pickle(ops, proto=b"\x80\2"):
    return mt.zip_file((proto + ops, good_storages))


def text(s):
    s = s.encode()
    return b"X" + struct.pack("<I", len(s)) + s


PICKLE = [
    ("must begin with PROTO", raw_pickle(b"}.", b"")), ("must begin with PROTO", raw_pickle(b"", b"\x80")), ("protocol 1", raw_pickle(b"}.", b"\x80\1")), ("protocol 6", raw_pickle(b"}.", b"\x80\6")),
    ("opcode 0x80", raw_pickle(b"\x80\2}.")), ("without STOP", raw_pickle(b"}")), ("without STOP", raw_pickle(b"")), ("STOP with 0 values", raw_pickle(b".")), ("STOP with 2 values", raw_pickle(b"}}.")),
    ("STOP with 1 values and 1 marks", raw_pickle(b"(}.")), ("bytes after STOP", raw_pickle(good_pickle[2:] + b"x")),
    ("global posix.system is not a tensor constructor; refusing", raw_pickle(b"cposix\nsystem\n" + text("id") + b"\x85R.")),
    ("global os.system", raw_pickle(text("os") + text("system") + b"\x93.")), ("global builtins.eval", raw_pickle(b"cbuiltins\neval\n" + text("1") + b"\x85R.")),
    ("global builtins.getattr", raw_pickle(b"cbuiltins\ngetattr\n.")), ("global torch.load", raw_pickle(b"ctorch\nload\n.")), ("global torch._utils._rebuild_tensor_v2.x", raw_pickle(b"ctorch._utils\n_rebuild_tensor_v2.x\n.")),
    ("global torchvision.models.inception.Inception3 is not a tensor constructor; refusing (a whole module? save model.state_dict()", raw_pickle(b"ctorchvision.models.inception\nInception3\n)\x81.")),
    ("global torch.nn.modules.conv.Conv2d", raw_pickle(b"ctorch.nn.modules.conv\nConv2d\n)\x81}b.")), ("_rebuild_qtensor is a quantized", raw_pickle(b"ctorch._utils\n_rebuild_qtensor\n.")),
    ("QInt8Storage is a quantized", raw_pickle(b"ctorch\nQInt8Storage\n.")), ("sparse tensor", raw_pickle(b"ctorch._utils\n_rebuild_sparse_tensor\n.")), ("_rebuild_tensor_v3 is of a type", raw_pickle(b"ctorch._utils\n_rebuild_tensor_v3\n.")),
    ("_rebuild_from_type_v2 is a subclass", raw_pickle(b"ctorch._tensor\n_rebuild_from_type_v2\n.")), ("name that never ends", raw_pickle(b"ctorch")), ("name that never ends", raw_pickle(b"ctorch\nload")),
    ("expected texts", raw_pickle(b"NN\x93.")), ("a call of None", raw_pickle(b"N)R.")), ("a call of a global with a dict", raw_pickle(b"ccollections\nOrderedDict\n}R.")),
    ("which is a name only", raw_pickle(b"ctorch\nFloatStorage\n)R.")), ("which is a name only", raw_pickle(b"ctorch\nfloat32\n)\x81.")),
    ("a mapping made of", raw_pickle(b"ccollections\nOrderedDict\nN\x85R.")), ("expected a pair", raw_pickle(b"ccollections\nOrderedDict\n]Na\x85R.")), ("expected a pair", raw_pickle(b"ccollections\nOrderedDict\n]N\x85a\x85R.")),
    ("a state for None", raw_pickle(b"N}b.")), ("a state for a list", raw_pickle(b"]}b.")), ("items for None", raw_pickle(b"NNa.")), ("items for a tuple", raw_pickle(b")(Ne.")),
    ("items for a list", raw_pickle(b"](NNu.")), ("a key without a value", raw_pickle(b"}(Nu.")), ("needs a mark", raw_pickle(b"Nt.")), ("needs a mark", raw_pickle(b"}Nu.")), ("needs a mark", raw_pickle(b"1.")),
    ("needs 1 values", raw_pickle(b"0.")), ("needs 2 values", raw_pickle(b"NR.")), ("needs 3 values", raw_pickle(b"NN\x87.")), ("needs 2 values", raw_pickle(b"N(Na.")), ("needs 1 values", raw_pickle(b"Q.")),
    ("needs 1 values", raw_pickle(b"q\0.")), ("needs 1 values", raw_pickle(b"2.")), ("needs 1 values", raw_pickle(b"\x94.")), ("needs 2 values", raw_pickle(b"\x93.")), ("needs 1 values", raw_pickle(b"(e.")),
    ("never filled", raw_pickle(b"h\0.")), ("never filled", raw_pickle(b"j\xff\xff\xff\xff.")), ("never filled", raw_pickle(b"Nq\2h\1.")), ("memo slot 4294967295", raw_pickle(b"Nr\xff\xff\xff\xff.")),
    ("memo slot 200, beyond", raw_pickle(b"Nq\xc8.")), ("an operand of 4294967295", raw_pickle(b"X\xff\xff\xff\xffab.")), ("an operand of 2147483647", raw_pickle(b"\x8b\xff\xff\xff\x7f1.")),
    ("an operand of 255", raw_pickle(b"\x8a\xff1.")), ("an operand of 18446744073709551615", raw_pickle(b"\x8d" + b"\xff" * 8 + b".")), ("an operand of 8", raw_pickle(b"G123")), ("an operand of 4", raw_pickle(b"J1")),
    ("an operand of 9223372036854775808", raw_pickle(b"\x96" + struct.pack("<Q", 1 << 63) + b".")), ("not UTF-8", raw_pickle(b"X\1\0\0\0\xff.")), ("not UTF-8", raw_pickle(b"\x8c\2a\xe2.")), ("a frame of", raw_pickle(b"\x95" + struct.pack("<Q", 1 << 40) + b"}.")),
] + [("opcode 0x%02x %s is in no pickle" % (op, name), raw_pickle(bytes([op]) + b"1\n.")) for op, name in
     [(ord("i"), "INST"), (ord("o"), "OBJ"), (ord("P"), "PERSID"), (ord("I"), "INT"), (ord("S"), "STRING"), (ord("V"), "UNICODE"), (ord("p"), "PUT"), (ord("g"), "GET"),
      (ord("d"), "DICT"), (ord("l"), "LIST"), (0x82, "EXT1"), (0x83, "EXT2"), (0x84, "EXT4"), (0x92, "NEWOBJ_EX"), (0x97, "NEXT_BUFFER"), (0x98, "READONLY_BUFFER")]] + [
    ("opcode 0xff is in no pickle", raw_pickle(b"\xff.")), ("opcode 0x00 is in no pickle", raw_pickle(b"\0.")),
    ("take more than", raw_pickle(b"]" * 400000 + b".")),
]
for part, data in PICKLE:
    bad("pickle", part, data)

# ---- torch: the values of a pickle that do not make a state_dict ----
one = np.array([1, 2], "<f4")


def tensor(**changes):
    return {"w": mt.Tensor(one, **changes)}


def replaced(old, new, value=None):
    data, storages = mt.pickled(value or tensor())
    assert old in data, old
    return mt.zip_file((data.replace(old, new, 1), storages))


TORCH = [
    ("it holds a single tensor", mt.zip_file(mt.Tensor(one))), ("it holds a list", mt.zip_file([mt.Tensor(one)])), ("it holds an integer", mt.zip_file(3)), ("it holds None", mt.zip_file(None)),
    ("a dict of 0 entries", mt.zip_file({})), ("a dict of 2 entries", mt.zip_file({"a": 1, "b": {"c": mt.Tensor(one)}})), ("a dict of 1 entries", mt.zip_file({"state_dict": {"a": 3}})),
    ("more than one place: 'state_dict', 'model'", mt.zip_file({"state_dict": tensor(), "model": tensor()})), ("more than one place: the dict itself, 'net'", mt.zip_file({"net": tensor(), "w": mt.Tensor(one)})),
    ("more than one place: 'state_dict', 'state_dict_ema'", mt.zip_file({"state_dict": tensor(), "state_dict_ema": tensor()})),
    ("whose name is an integer", mt.zip_file({1: mt.Tensor(one)})), ("whose name is None", mt.zip_file({None: mt.Tensor(one)})), ("zero byte", mt.zip_file({"a\0b": mt.Tensor(one)})),
    ("tensor 'w' twice", replaced(b"X\1\0\0\0v", b"X\1\0\0\0w", {"v": mt.Tensor(one), "w": mt.Tensor(one)})),
    ("elements 0 to 2 of a storage that has 2", mt.zip_file(tensor(size=(3,), stride=(1,)))), ("elements 1 to 2 of", mt.zip_file(tensor(first=1))), ("elements 3 to 3 of", mt.zip_file(tensor(first=3, size=(0,), stride=(1,)))),
    ("elements 0 to 5 of", mt.zip_file(tensor(size=(2,), stride=(5,)))), ("to beyond", mt.zip_file(tensor(size=(2, 2, 2, 2), stride=((1 << 63) - 1,) * 4))), ("to beyond", mt.zip_file(tensor(size=(1 << 40,), stride=(1 << 40,)))),
    ("to 9223372036854775806 of", mt.zip_file(tensor(first=(1 << 63) - 2, size=(1,), stride=(1,)))), ("does not fit in 64 bits", mt.zip_file(tensor(size=(1 << 32, 1 << 32), stride=(0, 0)))),
    ("an expanded view", mt.zip_file(tensor(size=(1000,), stride=(0,)))), ("an expanded view", mt.zip_file(tensor(size=(1 << 40,), stride=(0,)))), ("size below 0", mt.zip_file(tensor(size=(-1,), stride=(1,)))),
    ("stride below 0", mt.zip_file(tensor(first=1, size=(2,), stride=(-1,)))), ("size a text", mt.zip_file(tensor(size=("2",), stride=(1,)))), ("size a huge integer", mt.zip_file(tensor(size=(1 << 70,), stride=(1,)))),
    ("tuples of one length", mt.zip_file(tensor(size=(2,), stride=(1, 1)))), ("tuples of one length", mt.zip_file(tensor(size=[2], stride=(1,)))), ("tuples of one length", mt.zip_file(tensor(size=(1,) * 65, stride=(1,) * 65))),
    ("expected a storage and a count", mt.zip_file(tensor(first=-1))), ("expected a storage and a count", mt.zip_file(tensor(first="0"))), ("expected a storage and a count", mt.zip_file(tensor(storage="x"))),
    ("no known call of", replaced(b"\x89", b"")), ("a parameter made of a list", mt.zip_file({"w": mt.Parameter([1])})), ("no known call", mt.zip_file({"w": mt.Parameter(mt.Parameter(mt.Tensor(one)))})),
    ("conjugated", replaced(b")Rq\x0btq\x0c", b")Rq\x0b}X\4\0\0\0conj\x88stq\x0c")),
    ("not ('storage'", replaced(b"X\7\0\0\0storage", b"X\6\0\0\0module")), ("not ('storage'", replaced(b"tq\7Q", b"t0NQ")), ("not ('storage'", replaced(b"K\2tq\7Q", b"tq\7Q")),
    ("whose type is a text", replaced(b"ctorch\nFloatStorage\n", b"X\1\0\0\0x")), ("whose type is OrderedDict", replaced(b"ctorch\nFloatStorage\n", b"ccollections\nOrderedDict\n")), ("whose type is float32", replaced(b"ctorch\nFloatStorage\n", b"ctorch\nfloat32\n")),
    ("a storage with key an integer", replaced(b"X\1\0\0\x000q", b"K\0q")), ("a storage with key a text, location None", replaced(b"X\3\0\0\0cpuq", b"Nq")), ("count a text", replaced(b"K\2tq", b"X\1\0\0\0002tq")),
    ("count an integer; expected", replaced(b"K\2tq", b"J\xff\xff\xff\xfftq")), ("has no entry", replaced(b"X\1\0\0\x000q", b"X\1\0\0\x001q")), ("has no entry", replaced(b"X\1\0\0\x000q", b"X\7\0\0\x00../0/..q")),
    ("key of 65 bytes", replaced(b"X\1\0\0\x000q", b"X\x41\0\0\0" + b"0" * 65 + b"q")), ("but its entry", replaced(b"K\2tq", b"K\3tq")), ("but its entry", replaced(b"K\2tq", b"\x8a\x08" + b"\xff" * 7 + b"\x7ftq")),
    ("but its entry", replaced(b"FloatStorage", b"DoubleStorage")), ("but its entry", mt.zip_file(tensor(), change={"data/0": {"data": b"1234567", "crc": zlib.crc32(b"1234567"), "size": 7, "packed": 7}})),
    ("expected 'little'", mt.zip_file(tensor(), more=[("byteorder", b"big")])), ("expected 'little'", mt.zip_file(tensor(), more=[("byteorder", b"")])),
    ("not a small number", mt.Zip([(n, b"x" if n.endswith("version") else d, c) for n, d, c in mt.zip_entries(tensor())]).bytes), ("TorchScript", mt.zip_file(tensor(), more=[("constants.pkl", b"x")])),
    ("TorchScript", mt.zip_file(tensor(), more=[("code/x.py", b"x")])), ("none of PyTorch's", mt.zip_file(tensor(), more=[("extra", b"x")])), ("is outside of 'net/'", mt.Zip(mt.zip_entries(tensor()) + [("other/data/7", b"", {})]).bytes),
    ("is outside of", mt.Zip(mt.zip_entries(tensor()) + [("stray", b"", {})]).bytes), ("no entry 'NAME/data.pkl'", mt.zip_file(tensor(), name="a/b")), ("has CRC-32", mt.zip_file(tensor(), change={"data/0": {"crc": 7}})),
    ("is compressed", mt.zip_file(tensor(), change={"data/0": {"method": 8, "lmethod": 8}})), ("has CRC-32", mt.zip_file(tensor(), change={"data.pkl": {"crc": 7}})),
    ("they share storages", mt.zip_file((lambda s: {"t%d" % i: mt.Tensor(s.array, s) for i in range(400)})(mt.Storage(np.zeros(60000, "<f4"))))),
]
for part, data in TORCH:
    bad("torch", part, data)

# ---- the legacy layout ----
L = mt.legacy_file
view = mt.pickled(tensor(), 2, True)


def legacy_view(ops):
    return L((view[0].replace(b"K\2Nt", b"K\2" + ops + b"t", 1), view[1]))


twice = mt.pickled({"a": mt.Tensor(one), "b": mt.Tensor(one)}, 2, True)
LEGACY = [
    ("magic number", L(tensor(), magic=mt.MAGIC + 1)), ("magic number", L(tensor(), magic=7)), ("magic number", pickle.dumps({"a": 1}, 2)), ("magic number", pickle.dumps([1.5] * 20, 4)), ("magic number byte", pickle.dumps(os.system, 2)),
    ("the version is not 1001", L(tensor(), version=1002)), ("the version is not 1001", L(tensor(), version=None)), ("little_endian", L(tensor(), machine={"little_endian": False})), ("little_endian", L(tensor(), machine={})), ("little_endian", L(tensor(), machine=[1])),
    ("object byte", L((b"\x80\2cposix\nsystem\n.", []))), ("keys of the storages are", L(tensor(), keys={})), ("keys of the storages are", L(tensor(), keys=[])), ("keys of the storages are", L(tensor(), keys=["0", "1"])), ("key is an integer", L(tensor(), keys=[0])),
    ("listed but not used", L(tensor(), keys=["1"])), ("listed twice", L((twice[0], twice[1]), keys=["0", "0"])), ("before its count", L(tensor())[:-12]), ("has 2 elements of 4 bytes; expected 2, and 7", L(tensor())[:-1]), ("has 3 elements", L(tensor(), counts=[3])),
    ("has 18446744073709551615 elements", L(tensor(), counts=[-1])), ("has 4611686018427387905 elements", L(tensor(), counts=[(1 << 62) + 1])), ("behind the last storage", L(tensor(), behind=b"x")), ("it holds a list", L([mt.Tensor(one)])),
    ("not (key, first, count)", legacy_view(b"K\1")), ("not (key, first, count)", legacy_view(b"X\1\0\0\0vK\1\x86")), ("a view of 2 elements from 1", legacy_view(b"X\1\0\0\0vK\1K\2\x87")), ("a view of", legacy_view(b"X\1\0\0\0v\x8a\x08" + b"\xff" * 7 + b"\x7fK\2\x87")),
    ("elements 0 to 1 of a storage that has 1", legacy_view(b"X\1\0\0\0vK\1K\1\x87")), ("two types or sizes", L((twice[0].replace(b"X\1\0\0\x001", b"X\1\0\0\x000", 1).replace(b"K\2N", b"K\3N", 1), twice[1][:1]))),
    ("an operand of 13", L(tensor())[:60]), ("without STOP", L(tensor())[:20]), ("whose type is", L((view[0].replace(b"ctorch\nFloatStorage\n", b"ctorch\nfloat32\n"), view[1]))),
]
for part, data in LEGACY:
    bad("legacy", part, data)


def main(folder):
    with open(os.path.join(folder, "table.txt"), "w") as out:
        for i, (kind, part, data) in enumerate(table):
            name = "%s_%03d" % (kind, i)
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
            out.write("%s\t%s\n" % (name, part))


if __name__ == "__main__":
    main(sys.argv[1])
