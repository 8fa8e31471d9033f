# forms.py [C]: the error of each fast form alone, C -> C channels, against the interpreter: ReLU'd normal inputs, He weights. rms and the largest
# as a share of the output's deviation, the largest as a share of the largest output, and rms over that of the direct convolution.
import os, subprocess, sys, tempfile
import numpy as np

root = os.path.dirname(os.path.abspath(__file__)) + '/..'
channels = int(sys.argv[1]) if len(sys.argv) > 1 else 64
# taps along y and x, side of the image, sizes of the square or one-sided tiles (all that --fast-form knows, in its order, along one axis)
CASES = [(3, 3, 26, [2, 3, 4, 5, 6]), (5, 5, 26, [2, 3, 4]), (1, 3, 26, [2, 3, 4, 5, 6, 8, 10]), (1, 7, 26, [2, 4, 6])]

def shell(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)

def error(net, options, ref):
    shell(root + '/build/inceptc', net, '--target', 'x86-64-v4', '--numerics', *options, '-o', 'net')
    shell('./net', 'predict', 'x.npy', '--weights', 'w.safetensors', '--logits', 'y.npy')
    d = (np.load('y.npy').ravel().astype(np.float64) - ref) / ref.std()
    return np.sqrt((d ** 2).mean()), np.abs(d).max(), np.abs(d).max() * ref.std() / np.abs(ref).max()

with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    print(f'/usr/bin/python3 bench/forms.py {channels}: {channels} -> {channels} channels, 26 x 26 pixels, AVX-512\nform                alpha    rms      max   of largest  of direct')
    for kh, kw, side, sizes in CASES:
        with open('t.net', 'w') as f:
            f.write(f'net t\nconventions torch\ninput image {channels}x{side}x{side}\nlogits = conv {kh}x{kw} {channels} same\noutput logits\n')
        np.save('x.npy', np.maximum(np.random.RandomState(3).randn(channels, side, side), 0).astype(np.float32))
        shell(root + '/build/inceptc', 'weights', 'init', 't.net', '--seed', '3', '-o', 'w.safetensors')
        # doubles: the interpreter prints them
        text = subprocess.run([root + '/build/inceptc', 'run', 't.net', 'x.npy', '--weights', 'w.safetensors'], check=True, stdout=subprocess.PIPE).stdout
        ref = np.array(text.split(), dtype=np.float64)
        direct, most, largest = error('t.net', ['exact'], ref)
        print(f'{kh}x{kw} direct'.ljust(20) + f'       {direct:8.1e} {most:8.1e}  {largest:8.1e}     1')
        for i, m in enumerate(sizes):
            n = i * (len(sizes) + 1) + 1 if kh > 1 else i + 1 # the square ones of all pairs
            rms, most, largest = error('t.net', ['fast', '--fast-form', str(n)], ref)
            name = f'F({m} x {m}, {kh} x {kw})' if kh > 1 else f'F({m}, {kw})'
            print(f'{name:20s} {m + kw - 1:4d}  {rms:8.1e} {most:8.1e}  {largest:8.1e}  {rms / direct:6.1f}', flush=True)
