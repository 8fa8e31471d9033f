# make_pictures.py: one test picture of each class of Fashion-MNIST (package dataset-fashion-mnist, MIT licence) as PNG, the first of
# each class from picture 100 on, beside this file.
import gzip, os
from PIL import Image
names = ['T-shirt', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'ankle boot']
root = '/usr/share/datasets/fashion-mnist/'
pixels = gzip.open(root + 't10k-images-idx3-ubyte.gz').read()[16:]
labels = gzip.open(root + 't10k-labels-idx1-ubyte.gz').read()[8:]
here = os.path.dirname(os.path.abspath(__file__))
for k, name in enumerate(names):
    i = labels.index(bytes([k]), 100)
    Image.frombytes('L', (28, 28), pixels[784 * i:784 * (i + 1)]).save(os.path.join(here, name.replace(' ', '-').lower() + '.png'))
open(os.path.join(here, 'class_names.txt'), 'w').write('\n'.join(names) + '\n')
