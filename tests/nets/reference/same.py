# same.py NET STORED NEW: two dumps of a network hold the same tensors, to 1e-11 of each one's deviation.
import glob, os, sys
import numpy as np
sys.path.insert(0, os.path.dirname(__file__))
from common import formula
net, stored, new = sys.argv[1:]
worst, count = 0, 0
for path in sorted(glob.glob(f'{stored}/{net}.safetensors') + glob.glob(f'{stored}/{net}.*.safetensors')):
    a, b = formula.read(path), formula.read(os.path.join(new, os.path.basename(path)))
    assert a.keys() == b.keys(), path
    for name in a:
        x, y = a[name].astype(np.float64), b[name].astype(np.float64)
        worst = max(worst, np.abs(x - y).max() / max(x.std(), 1e-3 * np.abs(x).max()))
        count += 1
print(f'{net}: {count} arrays, stored and computed again: {worst:.2g} relative')
sys.exit(not worst < 1e-11)
