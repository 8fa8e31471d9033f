"""safetensors_verdicts.py N: N mutated safetensors files, judged by the safetensors library (PyPI) and by our reader.

Ours must never accept what the library refuses. Where ours refuses alone, its reason must be one of `stricter`, and is counted."""
import collections, json, random, struct, subprocess, sys
import numpy as np, safetensors

stricter = {
    'duplicate keys are forbidden': 'a key twice: the format forbids it, the library takes the last',
    'has unknown key': 'a key in a tensor besides dtype, shape and data_offsets, which the library skips',
    "must be '{'": "white space before the header's object",
    'only spaces may follow': "white space other than spaces behind the header's object",
    'U+0000': 'a zero character in a name, which C cannot hold',
    'tensors': 'more than 65,536 tensors',
}
random.seed(7)
n, batch = int(sys.argv[1]), 20000

def pack(header, data):
    h = header if isinstance(header, bytes) else json.dumps(header, separators=(',', ':')).encode()
    return struct.pack('<Q', len(h)) + h + data

def spoil(pairs):
    """One change that keeps the JSON sound."""
    i, kind = random.randrange(len(pairs)), random.randrange(8)
    name, v = pairs[i][0], dict(pairs[i][1])
    if kind == 0:
        pairs.insert(random.randrange(len(pairs) + 1), pairs[random.randrange(len(pairs))])
    elif kind == 1:
        v[random.choice(['x', 'dtype ', 'strides'])] = random.choice([0, 'x', [1], {}])
    elif kind == 2:
        random.shuffle(pairs)
        return
    elif kind == 3 and 'shape' in v:
        v['shape'] = random.choice([v['shape'] + [1], v['shape'] + [0], [2 ** 63, 2], [-1], v['shape'][::-1], [2 ** 64], 3, None])
    elif kind == 4 and 'dtype' in v:
        v['dtype'] = random.choice(['F32', 'U32', 'I8', 'F4', 'F6_E2M3', 'f32', 'F8_E8M0', 'I16', 'U64', 3])
    elif kind == 5 and 'shape' in v:
        a, b = v['data_offsets']
        v['data_offsets'] = random.choice([[a + 1, b], [a, b + 1], [a, b - 1], [b, a], [a], [a, b, b], [str(a), b], [a + 0.0, b], [-a, b]])
    elif kind == 6:
        v.pop(random.choice(list(v))) if v else None
    else:
        v = {**v, 'dtype': v.get('dtype')}
    pairs[i] = (random.choice([name, name, name, 'a', '__metadata__']) if kind == 7 else name, v)

def good():
    header, at, names = {}, 0, ['a', 'b.weight', 'ä', 'x"y', 'conv.0']
    if random.random() < 0.3:
        header['__metadata__'] = {'format': 'pt', 'k': 'v'}
    for name in random.sample(names, random.randint(0, 4)):
        dtype, size = random.choice([('F32', 4), ('F16', 2), ('I64', 8), ('U8', 1), ('BF16', 2), ('BOOL', 1), ('F64', 8), ('F8_E4M3', 1), ('C64', 8)])
        shape = [random.randint(0, 3) for _ in range(random.randint(0, 3))]
        bytes_ = size * int(np.prod(shape, dtype=int))
        header[name] = {'dtype': dtype, 'shape': shape, 'data_offsets': [at, at + bytes_]}
        at += bytes_
    pairs = list(header.items())
    if pairs and random.random() < 0.6:
        spoil(pairs)
    dump = lambda v: json.dumps(v, separators=random.choice([(',', ':'), (', ', ': ')]), ensure_ascii=random.random() < 0.5)
    h = ('{%s}' % ','.join(dump(k) + ':' + dump(v) for k, v in pairs)).encode()
    return pack(h + b' ' * random.choice([0, -len(h) % 8]), bytes(at))

WORDS = [b'"dtype":"F32"', b'"shape":[1]', b'"data_offsets":[0,4]', b'"__metadata__":{}', b'{}', b'[]', b',', b':', b'"', b'-1', b'1e3', b'1.0', b'null', b'true',
         b'\\u0000', b'\\ud800', b'18446744073709551616', b'9223372036854775808', b'01', b' ', b'\n', b'\t', b'\xff', b'"a":', b'F4', b'I32', b'"x":1,', b'}', b'{']

def mutate(data):
    b = bytearray(data)
    if random.random() < 0.4:
        return data
    for _ in range(random.choice([1, 1, 1, 2, 3, 8])):
        i, kind = random.randrange(len(b)) if b else 0, random.randrange(7)
        if not b or kind == 0:
            b[i:i] = random.choice(WORDS)
        elif kind == 1:
            b[i] ^= 1 << random.randrange(8)
        elif kind == 2:
            b[i] = random.randrange(256)
        elif kind == 3:
            del b[i:i + random.randint(1, 4)]
        elif kind == 4:
            j = random.randrange(len(b))
            b[i:i] = b[j:j + random.randint(1, 40)]
        elif kind == 5:
            w = random.choice(WORDS)
            b[i:i + len(w)] = w
        else:
            b[i:i + 1] = str(random.choice([0, 1, 2, 4, 8, 2 ** 31, 2 ** 63, 2 ** 64 - 1])).encode()
    if len(b) >= 8 and random.random() < 0.9:  # the length follows, or nothing but rule 3 would speak
        end = b.rfind(b'}') + 1
        while end < len(b) and b[end] in b' \n\t':
            end += 1
        b[:8] = struct.pack('<Q', max(end, 8) - 8 + (random.choice([0, 0, 0, 1])))
    return bytes(b)

def theirs(data):
    try:
        safetensors.deserialize(data)
        return True
    except Exception:
        return False

counts, alone, wrong = collections.Counter(), collections.Counter(), 0
for start in range(0, n, batch):
    files = [mutate(good()) for _ in range(min(batch, n - start))]
    out = subprocess.run(['build/tensor_tool', '--verdicts'], input=b''.join(struct.pack('<I', len(f)) + f for f in files), capture_output=True, check=True).stdout
    verdicts = out.decode('utf-8', 'replace').split('\n')[:-1]
    assert len(verdicts) == len(files)
    for f, v in zip(files, verdicts):
        ours, their = v == 'ok', theirs(f)
        counts[ours, their] += 1
        reason = next((k for k in stricter if k in v), None)
        if ours and not their or their and not ours and not reason:
            wrong += 1
            if wrong < 20:
                print('WRONG: ours %r, the library %s: %r' % (v, 'accepts' if their else 'refuses', f))
        if their and not ours:
            alone[reason] += 1
for reason, k in alone.most_common():
    print('%7d refused by ours alone: %s' % (k, stricter.get(reason, '?')))
print('safetensors %s, %d files: both accept %d, both refuse %d, ours alone refuses %d, ours alone accepts %d; %d wrong' % (
    safetensors.__version__, n, counts[True, True], counts[False, False], counts[False, True], counts[True, False], wrong))
sys.exit(wrong != 0)
