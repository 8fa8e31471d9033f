# views_pil.py TOOL PICTURE: random views of training against PIL at the drawn places, and the draws themselves.
import math, subprocess, sys
import numpy as np
from PIL import Image, ImageEnhance, ImageOps
tool, picture = sys.argv[1:]
count = bad = 0

def run(path, c, mode, key, *steps):
    r = subprocess.run([tool, 'view', path, str(c), mode] + [str(v) for v in key] + [str(v) for v in steps], capture_output=True)
    assert r.returncode == 0, r.stderr
    d = r.stderr.split()
    return r.stdout, [int(v) for v in d[:8]], [float(v) for v in d[8:]]

def same(what, got, want):
    global count, bad
    count += 1
    if got != want.tobytes():
        bad += 1
        print('differs:', what, want.size, len(got))

def holds(what, truth):
    global count, bad
    count += 1
    if not truth:
        bad += 1
        print('does not hold:', what)

# Philox 4x32-10 and the draws once more, from the description in augment.h and augment.c.
def philox(c, k):
    c, k = list(c), list(k)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xffffffff, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xffffffff]
        k = [(k[0] + 0x9E3779B9) & 0xffffffff, (k[1] + 0xBB67AE85) & 0xffffffff]
    return c

def draws(key, step):
    seed, epoch, sample = key
    block = 0
    while True:
        yield from philox([sample & 0xffffffff, sample >> 32, epoch, (step << 16) + block], [seed & 0xffffffff, (seed >> 32) ^ 0x76696577])
        block += 1

def below(d, n):
    return next(d) * n >> 32

def uniform(d, a, b):
    return a + (b - a) * (next(d) / 2**32)

def resized_crop(d, width, height):  # torchvision 0.14's RandomResizedCrop.get_params, with these draws
    area = height * width
    for _ in range(10):
        target = area * uniform(d, 0.08, 1)
        ratio = math.exp(uniform(d, math.log(3 / 4), math.log(4 / 3)))
        w, h = int(round(math.sqrt(target * ratio))), int(round(math.sqrt(target / ratio)))
        if 0 < w <= width and 0 < h <= height:
            i = below(d, height - h + 1)
            return below(d, width - w + 1), i, w, h
    if width / height < 3 / 4:
        w, h = width, int(round(width / (3 / 4)))
    elif width / height > 4 / 3:
        w, h = int(round(height * (4 / 3))), height
    else:
        w, h = width, height
    return (width - w) // 2, (height - h) // 2, w, h

cat = Image.open(picture).convert('RGB').resize((61, 47))
cat.save('a.png')
cat.resize((200, 9)).save('wide.png')
cat.resize((5, 90)).save('tall.png')
cat.convert('L').save('grey.png')
pictures = {n: Image.open(n).convert('RGB') for n in ('a.png', 'wide.png', 'tall.png')}
grey = {n: Image.merge('RGB', [im.convert('L')] * 3) for n, im in pictures.items()}

flips, xs, ys, orders, fallbacks = 0, set(), set(), set(), 0
for n in range(200):
    key = (n * 7919 if n % 2 else 2**40 + n, n % 5, n if n % 3 else 2**33 + n)
    name = ('a.png', 'wide.png', 'tall.png')[n % 3]
    im = pictures[name]
    got, (x, y, w, h, *_), _ = run('a.png', 3, 'train', key, 'crop', 32, 28)
    d = draws(key, 0)
    holds('crop draws', (y, x) == (below(d, 47 - 28 + 1), below(d, 61 - 32 + 1)))
    xs.add(x), ys.add(y)
    same('crop', got, pictures['a.png'].crop((x, y, x + 32, y + 28)))
    got, (x, y, w, h, *_), _ = run('a.png', 3, 'train', key, 'pad', 4, 'crop', 61, 47)
    d = draws(key, 1)
    holds('padded crop draws', (y, x) == (below(d, 9), below(d, 9)))
    same('padded crop', got, ImageOps.expand(pictures['a.png'], 4, 0).crop((x, y, x + 61, y + 47)))
    got, d, _ = run(name, 3, 'train', key, 'flip')
    holds('flip draw', d[4] == next(draws(key, 0)) >> 31)
    flips += d[4]
    same('flip', got, im.transpose(Image.FLIP_LEFT_RIGHT) if d[4] else im)
    got, (x, y, w, h, *_), _ = run(name, 3, 'train', key, 'resized', 20, 24)
    holds('resized crop draws %s %s' % (name, key), (x, y, w, h) == resized_crop(draws(key, 0), *im.size))
    same('resized crop', got, im.crop((x, y, x + w, y + h)).resize((20, 24), Image.BILINEAR))
    strengths = ((0.4, 0.4, 0.4), (0.9, 0, 0), (0, 2.5, 0.3), (0, 0, 0.7))[n % 4]
    got, d, factor = run('a.png', 3, 'train', key, 'jitter', *strengths)
    want = pictures['a.png']
    orders.add(tuple(d[5:8]))
    for i in d[5:8]:
        if strengths[i]:
            holds('jitter factor', max(0, 1 - strengths[i]) <= factor[i] <= 1 + strengths[i])
            want = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)[i](want).enhance(factor[i])
    same('jitter', got, want)
    # grey: PIL's L first, then the same steps
    got, (x, y, w, h, *_), _ = run(name, 1, 'train', key, 'resized', 20, 24)
    same('grey resized crop', got, im.convert('L').crop((x, y, x + w, y + h)).resize((20, 24), Image.BILINEAR))
    got, _, _ = run('a.png', 1, 'train', key, 'jitter', 0.5, 0, 0)
holds('all positions across are drawn', xs <= set(range(30)) and len(xs) > 26)
holds('all positions down are drawn', ys == set(range(0, 20)))
holds('flips are about half', 70 < flips < 130)
holds('all six orders', len(orders) == 6)
a = pictures['a.png']
key = (1, 2, 3)
got = run('a.png', 1, 'predict', key, 'flip')[0]
same('grey', got, a.convert('L'))
same('grey of grey', run('grey.png', 1, 'predict', key, 'flip')[0], Image.open('grey.png'))
same('three of grey', run('grey.png', 3, 'predict', key, 'flip')[0], Image.open('grey.png').convert('RGB'))
# prediction: no draws
same('pad and crop predict', run('a.png', 3, 'predict', key, 'pad', 4, 'crop', 31, 27)[0], a.crop((15, 10, 46, 37)))
same('odd pad and crop predict', run('a.png', 3, 'predict', key, 'pad', 3, 'crop', 32, 27)[0], a.crop((14, 10, 46, 37)))
same('jitter predict', run('a.png', 3, 'predict', key, 'jitter', 1, 1, 1)[0], a)
for w, h in ((20, 24), (26, 26), (30, 20)):
    short = int(max(w, h) * 256 / 224 + 0.5)
    r = a.resize((short * 61 // 47, short), Image.BILINEAR)
    x, y = round((r.size[0] - w) / 2), round((r.size[1] - h) / 2)
    same('resized crop predict', run('a.png', 3, 'predict', key, 'resized', w, h)[0], r.crop((x, y, x + w, y + h)))
# a draw depends on seed, epoch, sample and step, and on nothing else
places = [run('a.png', 3, 'train', k, 'crop', 8, 8)[1][:2] for k in ((1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4), (1, 2, 3 + 2**32), (1 + 2**32, 2, 3))]
holds('every part of the key counts', len({tuple(p) for p in places}) == len(places))
holds('the same key, the same draw', run('a.png', 3, 'train', (1, 2, 3), 'crop', 8, 8)[1][:2] == places[0])
print(count, 'checked,', bad, 'bad')
sys.exit(bad != 0)
