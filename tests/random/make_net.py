# make_net.py SEED [train]: a random valid network over all operators: odd sizes, asymmetric kernels and pads, stride over
# kernel, nested concat, residuals, groups, multipliers. Shapes are tracked so that every layer fits. With `train`: two heads with
# a loss, and l2norm left out, whose place is behind the last layer.
import random, re, sys
seed = int(sys.argv[1])
train = len(sys.argv) > 2
r = random.Random(seed)
groups = random.Random(seed) if train else r  # of their own: a training network without groups is what it was before they had gradients
out = []
conv = r.choice(['caffe', 'torch', 'tf'])
out.append('net random_%d' % seed)
out.append('conventions ' + conv)
h, w = r.randint(9, 30), r.randint(9, 30)
if train:  # few values, so that a batch without any next to a decision is found
    h, w = 5 + h // 4, 5 + w // 4
out.append('input image 3x%dx%d' % (h, w))

def channels():
    return r.choice([1, 3, 5, 8, 15, 16, 17, 24, 32, 33, 40, 48])

def flags():
    f = r.choice(['', ' relu', ' bn relu', ' bn', ' nobias', ' bn nogamma relu', ' bn bias relu', ' bias=0.3 relu'])
    return f

def keep(h, w):  # a chain that keeps rows and columns; returns text and channels
    c = channels()
    k = r.randint(0, 6)
    if k == 0:
        return 'conv 1x1 %d%s' % (c, flags()), c
    if k == 1:
        return 'conv 3x3 %d same%s' % (c, flags()), c
    if k == 2:
        return 'conv 1x5 %d pad(0,2)%s' % (c, flags()), c
    if k == 3:
        return 'conv 5x1 %d pad(3,1,0,0)%s' % (c, flags()), c
    if k == 4:
        return 'maxpool 3x3 same -> conv 1x1 %d%s' % (c, flags()), c
    if k == 5:
        return 'avgpool 3x3 same%s -> conv 1x1 %d%s' % (r.choice(['', ' nocount_pad', ' count_pad']), c, flags()), c
    return 'conv 1x1 %d relu -> conv 3x3 %d same%s' % (channels(), c, flags()), c

def branches(c, h, w, depth):
    parts, total = [], 0
    for i in range(r.randint(2, 4)):
        k = r.randint(0, 7)
        if k == 0 and depth < 2:
            t, n = branches(c, h, w, depth + 1)
        elif k == 1:
            t, n = 'in', c
            if not parts:
                t, n = keep(h, w)
        elif k == 2:
            t, n = 'maxpool 3x3 same', c
        else:
            t, n = keep(h, w)
        parts.append(t)
        total += n
    return 'concat { ' + ' | '.join(parts) + ' }', total

c = 3
module = 0
if r.random() < 0.4:
    out.append('norm = normalize mean(0.4, 0.5, 0.45) std(0.2, 0.25, 0.3)')
stmts = []
for i in range(r.randint(3, 7)):
    k = r.randint(0, 9)
    if k <= 1:
        s, n = keep(h, w)
    elif k <= 3:
        body, n = branches(c, h, w, 0)
        out.append('module m%d = %s' % (i, body))
        s = 'm%d' % i
    elif k == 4 and h > 6 and w > 6:
        kh, kw = r.choice([(3, 3), (2, 2), (1, 1), (2, 3)])
        st = r.choice([2, 3])
        n = channels()
        s = 'conv %dx%d/%d %d valid%s' % (kh, kw, st, n, flags())
        h, w = (h - kh) // st + 1, (w - kw) // st + 1
    elif k == 5 and h > 6 and w > 6:
        kind = r.choice(['maxpool', 'avgpool'])
        s, n = '%s 3x3/2 valid ceil' % kind, c
        h, w = -(-(h - 3) // 2) + 1, -(-(w - 3) // 2) + 1
    elif k == 6:
        body, n = branches(c, h, w, 1)
        out.append('module m%d = residual %s { %s -> conv 1x1 in.c%s } -> relu' % (i, r.choice(['0.3', '1', '0.17']), body, r.choice([' bias', ' bn', ''])))
        s, n = 'm%d' % i, c
    elif k == 7:
        s, n = r.choice(['lrn', 'relu', 'batchnorm', 'dropout 0.4', 'lrn 3 beta=0.6']), c
    elif k == 8:
        n = channels()
        op = r.choice(['add', 'mul', 'max'])
        s = '%s { conv 1x1 %d | conv 3x3 %d same relu }' % (op, n, n)
    else:
        g = groups.choice([d for d in (1, 2, 3, 4) if c % d == 0])
        n = g * r.randint(1, 9)
        s = 'conv 3x3 %d same groups=%d%s' % (n, g, flags())
    c = n
    out.append('s%d = %s' % (i, s))
tail = 'relu -> ' + r.choice(['globalavgpool -> fc 10', 'fc 7 relu -> fc 5', 'adaptivepool 2x3 -> fc 6' + ('' if train else ' bn'), 'globalavgpool -> fc 16 nobias' if train else 'globalavgpool -> fc 16 nobias -> l2norm'])
out.append('logits = ' + tail)
out.append('output logits' + r.choice(['', ' -> softmax']))
if train:
    classes = int(re.findall(r'fc (\d+)', tail)[-1])
    out.append('aux = s%d -> avgpool 3x3/2 ceil same -> fc 9 relu -> dropout 0.3 -> fc %d' % (r.randint(0, i), classes) if h > 2 and w > 2 else 'aux = s0 -> fc %d' % classes)
    out.append('train { loss = xent(logits, smooth=%s) + 0.3*xent(aux) }' % r.choice(['0', '0.1']))
print('\n'.join(out))
