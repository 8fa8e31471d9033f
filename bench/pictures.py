# pictures.py FOLDER N: N pictures as PNG: the photographs of scikit-image and demo/cat.png whole, then square crops of them.
import importlib.util, os, sys
import numpy as np
from PIL import Image
names = ['astronaut.png', 'chelsea.png', 'coffee.png', 'rocket.jpg', 'hubble_deep_field.jpg', 'ihc.png', 'retina.jpg', 'motorcycle_left.png',
         'motorcycle_right.png', 'brick.png', 'grass.png', 'gravel.png', 'camera.png', 'coins.png', 'cell.png', 'moon.png']
skimage = os.path.dirname(importlib.util.find_spec('skimage').origin)
photographs = [os.path.dirname(__file__) + '/../demo/cat.png'] + [skimage + '/data/' + n for n in names]
draw = np.random.RandomState(7)
os.makedirs(sys.argv[1], exist_ok=True)
for i in range(int(sys.argv[2])):
    picture = Image.open(photographs[i % len(photographs)]).convert('RGB')
    if i >= len(photographs):
        side = int(min(picture.size) * draw.uniform(0.4, 1))
        x, y = (int(draw.randint(0, n - side + 1)) for n in picture.size)
        picture = picture.crop((x, y, x + side, y + side))
    picture.thumbnail((512, 512))
    picture.save(f'{sys.argv[1]}/{i:03d}.png')
