# images_pil.py TOOL PICTURE N: compares decoding, N resizes and centre crops with PIL, byte for byte.
import random, subprocess, sys
import numpy as np
from PIL import Image
tool, picture, n = sys.argv[1:]
random.seed(5)
count = bad = 0

def check(path, args, want):
    global count, bad
    got = subprocess.run([tool, path] + [str(a) for a in args], capture_output=True).stdout
    count += 1
    if got != want.tobytes():
        bad += 1
        g = np.frombuffer(got, np.uint8)
        print('differs:', path, args, want.size, len(got), np.abs(g.astype(int) - np.asarray(want).ravel()).max() if len(got) == np.asarray(want).size else '')

def centre_crop(im, w, h):  # torchvision.transforms.functional.center_crop on a PIL image
    iw, ih = im.size
    if w > iw or h > ih:
        pad = [(w - iw) // 2 if w > iw else 0, (h - ih) // 2 if h > ih else 0, (w - iw + 1) // 2 if w > iw else 0, (h - ih + 1) // 2 if h > ih else 0]
        big = Image.new('RGB', (iw + pad[0] + pad[2], ih + pad[1] + pad[3]))
        big.paste(im, (pad[0], pad[1]))
        im = big
        iw, ih = im.size
    top, left = int(round((ih - h) / 2.0)), int(round((iw - w) / 2.0))
    return im.crop((left, top, left + w, top + h))

cat = Image.open(picture).convert('RGB')
kinds = {'a.png': cat.resize((61, 47)), 'one.png': Image.new('RGB', (1, 1), (9, 8, 7)), 'grey.png': cat.convert('L').resize((33, 20)),
         'palette.png': cat.resize((40, 31)).convert('P'), 'alpha.png': cat.resize((17, 29)).convert('RGBA'), 'la.png': cat.resize((17, 9)).convert('LA'),
         'bit.png': cat.resize((21, 19)).convert('1'), 'b.bmp': cat.resize((37, 23)), 'p8.bmp': cat.resize((37, 23)).convert('P'),
         'p.ppm': cat.resize((19, 50)), 'g.pgm': cat.convert('L').resize((19, 5)), 'c.jpg': cat, 'tall.jpg': cat.resize((20, 333)),
         'grey.jpg': cat.convert('L'), 'cmyk.jpg': cat.resize((90, 60)).convert('CMYK')}
for name, im in kinds.items():
    im.save(name)
    check(name, ['none'], Image.open(name).convert('RGB'))
cat.save('prog.jpg', progressive=True, quality=70)
cat.save('sub.jpg', subsampling=2, quality=55)
Image.fromarray((np.arange(60 * 40).reshape(40, 60) * 20).astype(np.uint16)).save('grey16.png')
for name in ('prog.jpg', 'sub.jpg', 'grey16.png'):
    check(name, ['none'], Image.open(name).convert('RGB'))
for i in range(int(n)):
    w, h = random.randint(1, 400), random.randint(1, 400)
    filt = random.choice(['bilinear', 'bicubic'])
    src = random.choice(['a.png', 'c.jpg', 'tall.jpg', 'one.png'])
    im = Image.open(src).convert('RGB')
    check(src, ['exact', w, h, filt], im.resize((w, h), Image.BILINEAR if filt == 'bilinear' else Image.BICUBIC))
    check(src, ['crop', w, h], centre_crop(im, w, h))
for size in (16, 100, 224, 256, 299, 342):
    im = Image.open('c.jpg').convert('RGB')
    w, h = im.size
    ow, oh = (size, int(size * h / w)) if w < h else (int(size * w / h), size)
    check('c.jpg', ['resize', size, 'bilinear'], im.resize((ow, oh), Image.BILINEAR))
print(count, 'pictures compared,', bad, 'differ')
sys.exit(bad != 0)
