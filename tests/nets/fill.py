# fill.py ALL SOME OUT: the weights of ALL, those that SOME has too from there.
import os, sys, numpy as np
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/../peers')
from formula import header_of, write
tensors = {}
for path in sys.argv[1:3]:
    head, data, start = header_of(path)
    for name, t in head.items():
        if name != '__metadata__':
            a, b = t['data_offsets']
            tensors[name] = np.frombuffer(data, '<f4', (b - a) // 4, start + a).reshape(t['shape'])
write(sys.argv[3], tensors)
