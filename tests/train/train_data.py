# train_data.py idx: files of MNIST's kind, 90 pictures to learn, 30 to validate: three classes by brightness, which is easy.
# train_data.py folders DIR: the same as PNG and JPEG in DIR/train/CLASS and DIR/validation/CLASS, sizes that differ.
# train_data.py dirty DIR: puts files that are no pictures, and odd ones that are, into DIR/train/dark; prints the names of the bad ones.
# train_data.py tensors FILE [FILE]: names and SHA-256 of the tensors (of a second file: of those that differ).
# train_data.py cut FILE OUT NAME / reshape FILE OUT NAME: without that tensor; with it flattened.
import hashlib, io, json, os, struct, sys
import numpy as np

def pictures(n, seed):
    labels = np.arange(n) % 3
    return (np.random.RandomState(seed).randint(0, 60, (n, 8, 8)) + labels[:, None, None] * 80).astype(np.uint8), labels.astype(np.uint8)

def write_idx(name, x):
    with open(name, 'wb') as f:
        f.write(struct.pack('>BBBB', 0, 0, 8, x.ndim) + struct.pack('>%dI' % x.ndim, *x.shape) + x.tobytes())

def read_tensors(path):
    b = open(path, 'rb').read()
    n = struct.unpack('<Q', b[:8])[0]
    head = json.loads(b[8:8 + n])
    meta = head.pop('__metadata__', {})
    return meta, {k: (v['dtype'], v['shape'], b[8 + n + v['data_offsets'][0]:8 + n + v['data_offsets'][1]]) for k, v in head.items()}

def write_tensors(path, tensors):
    head, at = {}, 0
    for k, (dtype, shape, data) in tensors.items():
        head[k] = {'dtype': dtype, 'shape': shape, 'data_offsets': [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(t[2] for t in tensors.values()))

what = sys.argv[1]
if what == 'idx':
    for part, n, seed in (('train', 90, 1), ('valid', 30, 2)):
        x, y = pictures(n, seed)
        write_idx(part + '-images', x)
        write_idx(part + '-labels', y)
elif what == 'folders':
    from PIL import Image
    for part, n, seed in (('train', 45, 1), ('validation', 15, 2)):
        x, y = pictures(n, seed)
        for i in range(n):
            folder = '%s/%s/%s' % (sys.argv[2], part, ('bright', 'dark', 'grey')[y[i]])
            os.makedirs(folder, exist_ok=True)
            im = Image.fromarray(x[i]).resize((8 + i % 5, 9 + i % 3)).convert('RGB')
            im.save('%s/%d.%s' % (folder, i, 'png' if i % 2 else 'jpg'))
elif what == 'dirty':
    from PIL import Image
    folder = sys.argv[2] + '/train/dark/'
    b = io.BytesIO()
    Image.new('RGB', (30, 30), (70, 80, 90)).save(b, 'JPEG')
    bad = {'empty.jpg': b'', 'text.jpg': b'<html>404 not found</html>', 'cut.jpg': b.getvalue()[:len(b.getvalue()) // 2], 'line\nfeed.jpg': b'x'}
    for name, data in bad.items():
        open(folder + name, 'wb').write(data)
    open(sys.argv[2] + '/validation/dark/bad.png', 'wb').write(b'none')
    os.symlink('nowhere', folder + 'link.jpg')
    os.mkdir(folder + 'folder.jpg')
    im = Image.new('RGB', (12, 12), (80, 90, 100))
    im.convert('P').save(folder + 'palette.png')
    im.convert('CMYK').save(folder + 'cmyk.jpg')
    im.convert('L').save(folder + 'grey.jpg')
    im.save(folder + 'with space.png')
    im.save(folder + 'dunkles K\u00e4tzchen.png')
    print('\n'.join(sorted([folder + n.replace('\n', '?') for n in [*bad, 'link.jpg']] + [sys.argv[2] + '/validation/dark/bad.png'])))
elif what == 'tensors':
    meta, tensors = read_tensors(sys.argv[2])
    other = read_tensors(sys.argv[3])[1] if len(sys.argv) > 3 else {}
    for k in sorted(tensors):
        if other.get(k) != tensors[k] and not k.startswith('optimizer.'):
            print(k, hashlib.sha256(tensors[k][2]).hexdigest()[:16])
elif what in ('cut', 'reshape'):
    meta, tensors = read_tensors(sys.argv[2])
    dtype, shape, data = tensors.pop(sys.argv[4])
    if what == 'reshape':
        tensors[sys.argv[4]] = (dtype, [len(data) // 4], data)
    write_tensors(sys.argv[3], tensors)
