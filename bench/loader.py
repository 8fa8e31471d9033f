# loader.py PROGRAM PYTHON DIR: the loader (PROGRAM, of loader.c) beside PIL and torchvision (under PYTHON) on the JPEGs of DIR, one core
# each, taking turns. Called by loader.sh. ROUNDS, TURN (seconds) and PATIENCE come from the environment.
import glob, os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/peers')
import report
from machine import ROOT, load, machine_text, source_text
from rounds import measured, others_text

program, python, folder = sys.argv[1:]
rounds, turn, patience = (float(os.environ.get(k) or v) for k, v in (('ROUNDS', 4), ('TURN', 2), ('PATIENCE', 5)))
AIM = 300 # pictures a second
BATCH = 32 # of both sides


def rows(view):
    log = folder + '/log.txt'
    return [dict(name='ours, ' + view, command=[program, folder, view], log=log),
            dict(name='PIL and torchvision, ' + view, command=[python, ROOT + '/bench/loader_peer.py', folder, view], log=log)]


def line(row, ours):
    if 'reason' in row or 'reason' in ours:
        return [row['name'], row.get('reason', '')] + [''] * 5
    best, median = BATCH / row['best'], BATCH / row['median']
    return [row['name'], '%.0f' % best, '%.0f' % median, '%.0f' % (BATCH / row['cpu']), '%.2f' % (row['cpu'] / ours['cpu']), row['runs'], others_text(row)]


files = glob.glob(folder + '/*/*.jpg')
size = sum(os.path.getsize(f) for f in files) / len(files)
before, lines, versions, least = load(), [], '', float('inf')
for view in ('centre', 'random'):
    pair = measured(rows(view), 1, int(rounds), turn, patience)
    lines += [line(r, pair[0]) for r in pair]
    versions = pair[1].get('first', {}).get('versions', versions)
    least = min(least, BATCH / pair[0].get('cpu', float('inf')))
print('%s. %s. Load %s before, %s after.' % (machine_text(), source_text(), before, load()))
print('%d JPEGs of 500 x 375, quality 90, 4:2:0, %.0f kB each; pictures a second, batches of %d: best and median of the clock, and by\nthe time that a processor worked for them, which others disturb less. %s.\n' % (len(files), size / 1e3, BATCH, versions))
print(report.table(['', 'best', 'median', 'CPU second', '/ ours', 'batches', 'others'], lines))
print('asked: %d a second and core; ours a CPU second: %.0f at least, %s' % (AIM, least, 'reached' if least >= AIM else 'MISSED'))
