# layers.py INCEPTC NET.net: what explain says of every layer of a net is what the explicit form says, and stands where it says.
import re, subprocess, sys
inceptc, net = sys.argv[1:]
run = lambda *a: subprocess.run([inceptc, *a], text=True, capture_output=True, check=True).stdout
sources = {}

def source(place):
    name, line, col = place.rsplit(':', 2)
    lines = sources.setdefault(name, open(name).read().split('\n'))
    return lines[int(line) - 1][int(col) - 1:]

def explicit(words):
    """The properties of a layer by its statement of the explicit form."""
    kind, p = words[0], {}
    kernel = next((w for w in words[1:] if re.fullmatch(r'\d+x\d+(/\d+(x\d+)?)?', w)), None)
    if kernel:
        size, _, stride = kernel.partition('/')
        p['kernel'] = size + (', stride ' + stride if stride else '')
    text = ' '.join(words[1:])
    number = re.search(r'(?:^| )(\d+)(?: |$)', re.sub(r'pad \d+', '', text))
    if kind in ('conv', 'fc'):
        p['outputs'] = number[1]
        p['activation'] = 'ReLU' if ' relu' in text else 'none'
        p['batch norm'] = 'none' if ' nobn' in text else 'yes'
        bias = re.search(r' bias=(\S+)', text)
        p['bias'] = 'from ' + bias[1] if bias else 'none'
    pad = re.search(r'pad (\d+)', text)
    sides = re.search(r'pad\((\d+), (\d+), (\d+), (\d+)\)', text)
    if kind in ('conv', 'maxpool', 'avgpool'):
        p['padding'] = pad[1] + ' on each side' if pad else ', '.join(f'{n} {v}' for n, v in zip(('top', 'bottom', 'left', 'right'), sides.groups()) if v != '0') if sides else 'none'
    if kind in ('maxpool', 'avgpool'):
        p['rounding'] = 'ceil' if ' ceil' in text else 'floor'
    if kind == 'avgpool':
        p['divisor'] = 'the pixels in it' if 'nocount_pad' in text else 'the whole window'
    for key in ('eps', 'momentum', 'alpha', 'beta', 'k', 'size'):
        m = re.search(r'(?:^| )%s=(\S+)' % key, text)
        if m:
            p[key] = m[1]
    if kind == 'dropout':
        p['drops'] = 'share ' + words[1]
    return p

layers = 0
for line in run(net, '--dump=net').split('\n'):
    m = re.fullmatch(r'(\S+) = \S+ -> (conv|fc|maxpool|avgpool|lrn|dropout|batchnorm)\b(.*?)(?: as "(\S+)")?(?: : \S+)?', line)
    if not m:
        continue
    path, want = m[4] or m[1], explicit([m[2], *m[3].split()])
    said = {}
    for row in run('explain', net, path).split('\n')[1:]:
        r = re.match(r'  (\S+(?: \S+)?) {2,}(\S.*?) {2,}(\S.*)', row)
        if not r:
            break
        said[r[1]] = r[2]
        at = re.search(r'(\S+) at (\S+:\d+:\d+)', r[3])
        if at:
            text, flag = source(at[2]), re.split('[=(,]', r[3])[0]
            fits = text.startswith(flag) if ', ' in r[3] and 'conventions' not in r[3] else \
                text.startswith(r[3].split()[1]) if 'conventions' in r[3] else \
                re.match(r'\d+x\d+' if r[1] == 'kernel' else r'[\w(.]', text)
            assert fits, f'{path}: {row}\nbut there stands: {text}'
    for key, value in want.items():
        assert said.get(key) == value, f'{path}: {key} is {value}, explain says {said.get(key)}\n{line}'
    layers += 1
assert layers
print(layers, 'layers')
