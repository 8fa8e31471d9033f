# numerics.py NET LEVEL TARGET HASHES: a row of the table: the logits of LEVEL-TARGET.npy against ref-NNN.npy (the interpreter's) and exact-TARGET.npy.
# Untrained networks find one class in every picture, so for the last five columns each logit has its mean over the pictures taken off, which is
# what another bias of the last layer would do: what is left depends on the picture alone.
import glob, sys
import numpy as np
net, level, target, hashes = sys.argv[1:]
ours, exact = np.load(f'{level}-{target}.npy').astype(np.float64), np.load(f'exact-{target}.npy').astype(np.float64)
ref = np.array([np.load(f).ravel().astype(np.float64) for f in sorted(glob.glob('ref-*.npy'))])
n = len(ref)
rms = np.sqrt(((ours[:n] - ref) ** 2).mean(axis=1)) / ref.std(axis=1)
worst = np.abs(ours[:n] - ref).max(axis=1)
mean = exact.mean(axis=0)
same = lambda a, b: f'{((a - mean).argmax(axis=1) == (b - mean).argmax(axis=1)).sum()}/{len(a)}'
print(f'{net:20s} {target:10s} {level:6s} {np.median(rms):8.1e} {np.median(worst / ref.std(axis=1)):8.1e} {(worst / ref.std(axis=1)).max():8.1e}'
      f' {(worst / (ref - mean).std(axis=1)).max():8.1e} {same(ours[:n], ref):>7s} {same(ours, exact):>8s}'
      f' {len(set((exact - mean).argmax(axis=1))):5d} {hashes:>5s}')
