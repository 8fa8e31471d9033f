# fashion_jpegs.py FOLDER N: N pictures each of two classes of Fashion-MNIST as JPEGs in FOLDER, named boot.0.jpg and trousers.0.jpg.
# Their sides are from 18 to 44, each drawn by itself: a crop of 24 finds pictures that are too small in one way or in both.
import gzip, pathlib, random, sys
from PIL import Image

DATA = "/usr/share/datasets/fashion-mnist/t10k-"
CLASSES = {1: "trousers", 9: "boot"}
folder, n = pathlib.Path(sys.argv[1]), int(sys.argv[2])
images = gzip.open(DATA + "images-idx3-ubyte.gz").read()[16:]
labels = gzip.open(DATA + "labels-idx1-ubyte.gz").read()[8:]
draw = random.Random(1)
count = {c: 0 for c in CLASSES}
folder.mkdir()
for i, label in enumerate(labels):
    if label not in CLASSES or count[label] == n:
        continue
    picture = Image.frombytes("L", (28, 28), images[784 * i:784 * (i + 1)]).convert("RGB" if i % 3 else "L")
    size = draw.randrange(18, 45), draw.randrange(18, 45)
    picture.resize(size, Image.BILINEAR).save(folder / f"{CLASSES[label]}.{count[label]}.jpg", quality=92)
    count[label] += 1
assert all(c == n for c in count.values())
