# pictures.py FOLDER N [WIDTH HEIGHT]: N pictures, as PNG: the photographs of scikit-image and demo/cat.png whole, then square crops of them.
# With a size: crops of that shape as JPEGs of quality 90, 4:2:0, in two folders, for a loader that wants classes.
# packages: numpy pillow
# packages-alone: scikit-image
import importlib.util, os, sys
import numpy as np
from PIL import Image
names = ['astronaut.png', 'chelsea.png', 'coffee.png', 'rocket.jpg', 'hubble_deep_field.jpg', 'ihc.png', 'retina.jpg', 'motorcycle_left.png',
         'motorcycle_right.png', 'brick.png', 'grass.png', 'gravel.png', 'camera.png', 'coins.png', 'cell.png', 'moon.png']
skimage = os.path.dirname(importlib.util.find_spec('skimage').origin)
photographs = [os.path.dirname(os.path.abspath(__file__)) + '/../demo/cat.png'] + [skimage + '/data/' + n for n in names]
draw = np.random.RandomState(7)
folder, count, size = sys.argv[1], int(sys.argv[2]), tuple(int(v) for v in sys.argv[3:5])


def crop(picture, share, w, h):
    """A part of the shape w x h whose sides are `share` of the largest there is, drawn."""
    share *= min(picture.width / w, picture.height / h)
    w, h = int(share * w), int(share * h)
    x, y = (int(draw.randint(0, n - m + 1)) for n, m in zip(picture.size, (w, h)))
    return picture.crop((x, y, x + w, y + h))


def square(i, picture):
    if i >= len(photographs):
        picture = crop(picture, draw.uniform(0.4, 1), 1, 1)
    picture.thumbnail((512, 512))
    picture.save(f'{folder}/{i:03d}.png')


def photograph(i, picture):
    part = crop(picture, draw.uniform(0.7, 1), *size).resize(size, Image.LANCZOS)
    os.makedirs(f'{folder}/{i % 2}', exist_ok=True)
    part.save(f'{folder}/{i % 2}/{i:03d}.jpg', quality=90, subsampling='4:2:0')


os.makedirs(folder, exist_ok=True)
for i in range(count):
    (photograph if size else square)(i, Image.open(photographs[i % len(photographs)]).convert('RGB'))
