# layers.py: the convolutions of a --dump=graph on standard input, as conv_blas wants them (auxiliary heads are no part of a forward).
import re, sys
shape, aux = {}, 0
for line in sys.stdin:
    word = line.split()
    if word[0] in ('input', 'weight'):
        shape[word[1]] = list(map(int, word[2].split('x')))
    if word[0] != 'node':
        continue
    at = dict(w.split('=', 1) for w in word[2:])
    name, dims = at['out'].split(':')
    shape[name] = list(map(int, dims.split('x')))
    if word[1] != 'conv' or at['path'].lower().startswith('aux') or int(at.get('groups', 1)) > 1:
        continue
    x, w = at['in'].split(',')[:2]
    g = lambda k, d: at.get(k, d)
    print(*shape[x], shape[w][0], g('kh', 1), g('kw', 1), g('sh', 1), g('sw', 1), g('top', 0), g('bottom', 0), g('left', 0), g('right', 0), sep=',')
