# leaves.py build|measure FOLDER TARGET: each kernel alone. Warm: a net of one layer. Cold: copies of it on the same input, each with weights of its own,
# together larger than the caches where 400 copies are; each is averaged to one pixel at once, so that activations stay warm.
# Of a fast convolution the products alone too: the same generated C, in which each call of products is timed (products.h).
# A peak (peak.c) is measured before and after each kernel; the larger one counts.
import json, math, os, re, subprocess, sys

root = os.path.dirname(os.path.abspath(__file__)) + '/..'
# channels, height, width, layer, kernel height and width, outputs, stride
DIRECT = ['192 28 28 1 1 64', '288 35 35 1 1 64', '512 14 14 1 1 192', '768 17 17 1 1 192', '832 7 7 1 1 384', '64 56 56 3 3 192', '96 28 28 3 3 128',
          '96 35 35 3 3 96', '160 14 14 3 3 320', '192 7 7 3 3 384', '32 28 28 5 5 96', '48 35 35 5 5 64', '192 17 17 1 7 192', '192 17 17 7 1 192',
          '384 8 8 1 3 384', '288 35 35 3 3 384 2', '3 299 299 3 3 32 2', '3 224 224 7 7 64 2']
FAST = ['64 56 56 3 3 192', '96 28 28 3 3 128', '96 35 35 3 3 96', '160 14 14 3 3 320', '192 7 7 3 3 384', '32 28 28 5 5 96', '48 35 35 5 5 64',
        '192 17 17 1 7 192', '192 17 17 7 1 192', '384 8 8 1 3 384', '384 8 8 3 1 384']
COLD_BYTES, MOST_COPIES = 96e6, 400

def shell(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout

# Writes OUT.net and makes the program OUT of it; returns the bytes of its packed weights.
def build(level, row, target, copies, out):
    c, h, w, kh, kw, k, *s = row.split()
    layer = f'conv {kh}x{kw}' + (f'/{s[0]} {k} pad({int(kh) // 2}, {int(kw) // 2})' if s else f' {k} same') + ' relu'
    body = f'y = {layer}' if copies == 1 else 'y = concat { ' + ' | '.join([f'{layer} -> globalavgpool'] * copies) + ' }'
    with open(out + '.net', 'w') as f:
        f.write(f'net t\nconventions torch\ninput image {c}x{h}x{w}\n{body}\noutput y\n')
    compile_net(level, target, out + '.net', out)
    if level == 'fast':
        build_products(target, out)
    return [l for l in json.loads(shell(out, 'info', '--json'))['targets'] if l['name'] == target][0]['weights_bytes']

def compile_net(level, target, net, out):
    shell(root + '/build/inceptc', net, '--numerics', level, '--target', target, '--no-pass', 'merge-siblings', '-o', out)

def build_products(target, out):
    source = out + '_products.c'
    compile_net('fast', target, out + '.net', source)
    with open(source) as f:
        text = f.read()
    leaves = re.findall(r'^static RT_V\d void (v\d_products_(\d+)x(\d+)[a-z_]*)\(', text, re.M)
    end = text.index('\n}\n', text.index(f' {leaves[-1][0]}(')) + 3
    timed = ''.join(f'#define {name}(v, slab, w, blocks, points, ...) '
                    f'PRODUCTS_TIMED({tiles}.0 * {k} * 256 * (blocks) * (points), {name}(v, slab, w, blocks, points, __VA_ARGS__))\n'
                    for name, tiles, k in leaves)
    with open(source, 'w') as f:
        f.write(text[:end] + '#include "products.h"\n' + timed + text[end:])
    shell('gcc', '-std=gnu11', '-O2', '-ffp-contract=off', f'-I{root}/runtime', f'-I{root}/bench', root + '/bench/products.c', source, root + '/build/libinceptrt.a',
          '-ljpeg', '-lpng', '-lz', '-lm', '-lpthread', '-o', out + '_products')

def rows():
    return [('exact', r) for r in DIRECT] + [('fast', r) for r in FAST]

def name(folder, i, kind):
    return f'{folder}/{i}_{kind}'

def build_all(folder, target):
    megabytes = {}
    for i, (level, row) in enumerate(rows()):
        one = build(level, row, target, 1, name(folder, i, 'warm'))
        copies = min(MOST_COPIES, math.ceil(COLD_BYTES / one))
        megabytes[i] = build(level, row, target, copies, name(folder, i, 'cold')) / 1e6
    with open(folder + '/megabytes.json', 'w') as f:
        json.dump(megabytes, f)

# The best of three medians: over the runs of a step, and over the copies.
def gflops(program):
    best, kernel = 1e9, ''
    for _ in range(3):
        layers = [l for l in json.loads(shell(program, 'bench', '--layers', '--json', '-j', '1', '--seconds', '0.3'))['layers']
                  if l['kernel'].startswith('conv') or l['kernel'].startswith('fast') or l['macs'] and 'pool' not in l['kernel']]
        times = sorted(l['seconds'] for l in layers)
        best, kernel, macs = min(best, times[len(times) // 2]), layers[0]['kernel'], layers[0]['macs']
    return 2e-9 * macs / best, best, kernel

# Seconds of a run's products and their GFLOP/s: the best of three medians.
def products(program):
    seconds, macs = min([float(x) for x in shell(program + '_products').split()] for _ in range(3))
    return seconds, 2e-9 * macs / seconds

def peak(folder, lanes16):
    return float(shell(folder + '/peak').split()[0 if lanes16 else 1])

def label(level, row):
    c, h, w, kh, kw, k, *s = row.split()
    return f'{level:6s} {kh}x{kw}{"/" + s[0] if s else ""} {c}->{k} {h}x{w}'.ljust(30)

def tiles_of(row, kernel):
    h, w = row.split()[1:3]
    down, right = re.search(r'F\((\d+)x(\d+)\)', kernel).groups()
    return math.ceil(int(h) / int(down)) * math.ceil(int(w) / int(right))

# Calls what() between two measurements of the peak; returns its answer and the larger peak.
def beside_peak(folder, lanes16, what):
    before = peak(folder, lanes16)
    return what(), max(before, peak(folder, lanes16))

def measure(folder, lanes16):
    with open(folder + '/megabytes.json') as f:
        megabytes = json.load(f)
    print('level  layer                  kernel                      warm ms   of peak   cold ms   of peak   cold MB   peak GFLOP/s')
    kernels = {}
    for i, (level, row) in enumerate(rows()):
        (warm, ms, kernels[i]), top = beside_peak(folder, lanes16, lambda: gflops(name(folder, i, 'warm')))
        (cold, cold_ms, _), cold_top = beside_peak(folder, lanes16, lambda: gflops(name(folder, i, 'cold')))
        of = (lambda x: f'{100 * x:6.1f} %') if level == 'exact' else (lambda x: f'{x:6.2f} x')
        print(f'{label(level, row)}{kernels[i]:26s} {1e3 * ms:8.4f}  {of(warm / top)}  {1e3 * cold_ms:8.4f}  {of(cold / cold_top)}'
              f'  {megabytes[str(i)]:8.1f}   {top:6.1f} {cold_top:6.1f}', flush=True)
    print('\nThe products alone, without transforms (cold: the sum over all copies)')
    print('level  layer                  kernel              tiles     warm ms   of peak   cold ms   of peak   peak GFLOP/s')
    for i, (level, row) in enumerate(rows()):
        if level == 'fast':
            (s, warm), top = beside_peak(folder, lanes16, lambda: products(name(folder, i, 'warm')))
            (cold_s, cold), cold_top = beside_peak(folder, lanes16, lambda: products(name(folder, i, 'cold')))
            print(f'{label(level, row)}{kernels[i]:20s}{tiles_of(row, kernels[i]):5d}    {1e3 * s:8.4f}  {100 * warm / top:6.1f} %  {1e3 * cold_s:8.3f}  {100 * cold / cold_top:6.1f} %'
                  f'   {top:6.1f} {cold_top:6.1f}', flush=True)

verb, folder, target = sys.argv[1:]
build_all(folder, target) if verb == 'build' else measure(folder, target == 'x86-64-v4')
