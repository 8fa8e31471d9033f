# steps.py [-b BATCH] [-j THREADS] [-n ROUNDS] [-s SECONDS] NET.net TREE...: steps of training of one network by the inceptc of each TREE, a
# checkout that is built, in turns (peers/rounds.py): milliseconds of a step, and how many times as long it takes as in the last tree.
import argparse, os, subprocess, sys, tempfile
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/peers')
from machine import load
from rounds import measured, others_text

parser = argparse.ArgumentParser(description='Steps of training by several builds of inceptc beside each other.')
parser.add_argument('-b', type=int, default=8, help='batch (8)')
parser.add_argument('-j', type=int, default=os.cpu_count(), help='threads (all)')
parser.add_argument('-n', type=int, default=6, help='rounds (6)')
parser.add_argument('-s', type=float, default=1, help='seconds of a turn (1)')
parser.add_argument('net')
parser.add_argument('trees', nargs='+')
o = parser.parse_args()
for path in [o.net] + [tree + '/build/inceptc' for tree in o.trees]:
    if not os.path.exists(path):
        parser.error("there is no '%s'" % path)
net = os.path.abspath(o.net)
name = os.path.basename(net).removesuffix('.net')


def built(tree, folder):
    """The row of a tree: its bench/train_step.c with the network as its compiler writes it."""
    tree, c, so, program = os.path.abspath(tree), folder + '/%s.c' % name, folder + '/%s.so' % name, folder + '/train_step'
    runtime = tree + '/build/libinceptrt.a'
    for command in ([tree + '/build/inceptc', net, '--train', '--target=native', '-o', c],
                    ['cc', '-std=gnu11', '-O2', '-ffp-contract=off', '-shared', '-fPIC', '-I' + tree + '/runtime', c, runtime, '-lm', '-o', so],
                    ['cc', '-std=gnu11', '-O2', '-D_GNU_SOURCE', '-o', program, tree + '/bench/train_step.c', runtime,
                     '-ljpeg', '-lpng', '-lz', '-lm', '-lpthread', '-ldl']):
        subprocess.run(command, check=True)
    return dict(name=tree, command=[program, so, name + '_network', str(o.b), str(o.j), 'sgd'], log=folder + '/log.txt')


with tempfile.TemporaryDirectory() as work:
    folders = [os.path.join(work, str(k)) for k in range(len(o.trees))]
    for folder in folders:
        os.mkdir(folder)
    before = load()
    rows = measured([built(*p) for p in zip(o.trees, folders)], o.j, o.n, o.s, 5)
print('%s, batch %d, %d threads, %d turns of %g s, load %s before' % (name, o.b, o.j, o.n, o.s, before))
for row in rows:
    if 'reason' in row or 'reason' in rows[-1]:
        print(row['name'], row.get('reason', ''))
        continue
    print('%-24s best %8.1f ms, median %8.1f; by the last: %.2f, %.2f; others %s' %
          (row['name'], 1e3 * row['best'], 1e3 * row['median'], row['best'] / rows[-1]['best'], row['median'] / rows[-1]['median'], others_text(row)))
