# The programs that inceptc makes beside other frameworks on the same networks and weights: what `make bench-peers` runs, by
# bench/peers.sh. Settings come from the environment: DEFAULTS names them. In every round each row has a turn, forwards and backwards
# by turns; the runs of all rounds are pooled. A turn in which other processes took much of the machine is repeated.
# Prints a chapter a network and writes them all to OUT.
import contextlib, fcntl, glob, os, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/peers')
import report
from machine import ROOT, command_text, load, machine_text, quietest_turn, source_text, wait_for_quiet
from rows import Net, Ours, Peer, head_words, levels
from served import OFFLINE, Refused

DEFAULTS = {
    'NETS': 'googlenet_tv inception_v3 inception_v4 inception_resnet_v2',
    'PEERS': ' '.join(sorted(os.path.basename(p)[:-len('_peer.py')] for p in glob.glob(ROOT + '/bench/peers/*_peer.py'))),
    'THREADS': '1 2',
    'BATCHES': '1 8',
    'ROUNDS': '5',
    'TURN': '1', # seconds
    'PATIENCE': '5', # seconds that a turn waits for a quiet machine
    'OUT': 'bench/results.md',
    'LOCK': '', # a file that is locked while something is timed, where several benchmarks share a machine
}
SETTINGS = {k: os.environ.get(k) or v for k, v in DEFAULTS.items()}
SLOW = 5 # a row whose run takes so many turns has one turn
HEAD = '''# inceptc and other frameworks on the same networks

Made on %(date)s by

    %(command)s

%(machine)s. %(source)s. Load at the start %(load)s.

Versions: %(versions)s.

Weights are drawn, batch norms calibrated on demo/cat.png as the tests do; all compute in float32. `fast`, `safe` and `exact` are programs of
inceptc's levels of numerics, each turn a process of its own; a peer is one process for all turns. Batch norms are folded into the
weights before the peers see them (`inceptc -o net.onnx`). A ratio is a row's median by ours: above 1, ours is faster.

- median, quartiles: of the latency of a run (a whole batch) over %(ROUNDS)s rounds of %(TURN)s s, rows alternating.
- first: from a process that has started (a peer: whose Python runs) to the first result: libraries, the file, compiling, one run; files in memory.
- others: the largest share of the processors that other processes took during the turns that count: undisturbed ones, or all of a row
  that has none, which is marked DISTURBED.
- peak: the process's largest resident memory (VmHWM), Python's and numpy's 30 MB included for the peers.
- model, library: bytes on disk of the network's files and of what runs them (ours: the weights and the program), without Python and numpy.
- error: the largest difference of the logits from those of the interpreter in double (`inceptc run`), by their deviation; the worst of
  all rows of threads and batches. Above %(wrong)g a row is marked WRONG.
- Peers run %(offline)s.
'''


def words(key):
    return SETTINGS[key].split()


def patience():
    return float(SETTINGS['PATIENCE'])


# ---- The machine ----

@contextlib.contextmanager
def machine():
    """The machine to ourselves, as far as others keep to the lock."""
    with open(SETTINGS['LOCK'] or os.devnull, 'a') as f:
        if SETTINGS['LOCK']:
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


# ---- One number of threads and images ----

def opened(row, net, threads, batch):
    with machine():
        wait_for_quiet(patience())
        point = row.open(threads, batch)
    point['error'] = report.distance(point.pop('logits'), net.double)
    return dict(point, turns=[])


def take_turn(row, point):
    turn, others = quietest_turn(row, float(SETTINGS['TURN']), patience())
    point['turns'].append((turn['seconds'], others))
    point['memory_bytes'] = max(point['memory_bytes'], turn['memory_bytes'])


def point_of_all(rows, net, key):
    """Fills point `key` of each row that was prepared."""
    alive = []
    for row, data in rows:
        if 'reason' in data:
            continue
        try:
            data['points'][key] = opened(row, net, *key)
            alive.append((row, data['points'][key]))
        except Refused as e:
            data['points'][key] = {'reason': str(e)}
            row.close()
    for r in range(int(SETTINGS['ROUNDS'])):
        with machine():
            for row, point in alive[::-1] if r % 2 else alive:
                if 'reason' in point or point['turns'] and point['turns'][0][0][0] > SLOW * float(SETTINGS['TURN']):
                    continue
                try:
                    take_turn(row, point)
                except Refused as e:
                    point['reason'] = str(e)
    for row, point in alive:
        row.close()
        if 'reason' not in point:
            point.update(report.pooled(point['turns']))


# ---- Networks ----

def all_rows():
    peers = ['%s/bench/peers/%s_peer.py' % (ROOT, p) for p in words('PEERS')]
    return [Ours(*level) for level in levels()] + [Peer(p, mode) for p in peers for mode in head_words(p, 'modes') or ['']]


def read_files(row):
    """So that they are in memory when it counts, those of the first row as those of all."""
    with machine(), contextlib.suppress(Refused): # the points say what it refuses
        row.open(1, 1)
    row.close()


def prepared(row, net):
    data = {'name': row.name, 'ours': row.ours, 'points': {}}
    print('%s: %s' % (net.name, row.name), file=sys.stderr, flush=True)
    try:
        data.update(row.prepare(net))
        read_files(row)
    except Refused as e:
        data['reason'] = str(e)
    return row, data


def network(name):
    """Its chapter, and the versions of the peers that ran."""
    before, net = load(), Net(name)
    rows = [prepared(row, net) for row in all_rows()]
    keys = [(int(t), int(b)) for b in words('BATCHES') for t in words('THREADS')]
    for key in keys:
        print('%s: %d threads, batch %d' % (name, *key), file=sys.stderr, flush=True)
        point_of_all(rows, net, key)
    data = [d for _, d in rows]
    versions = {'%s %s' % v for d in data for v in d.get('versions', {}).items()}
    return report.network_text(name, data, keys, (before, load())), versions


def main():
    facts = dict(SETTINGS, date=time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime()), command=command_text('bench-peers', DEFAULTS, SETTINGS), machine=machine_text(),
                 source=source_text(), load=load(),
                 wrong=report.WRONG, offline='without a network' if OFFLINE else 'with a network, since `unshare -n` is not allowed here')
    chapters, versions = [], set()
    for name in words('NETS'):
        chapter, seen = network(name)
        chapters.append(chapter)
        versions |= seen
        print(chapter, flush=True)
        head = HEAD % dict(facts, versions=', '.join(sorted(versions, key=str.lower)) or 'no peer ran')
        report.write_beside(os.path.join(ROOT, SETTINGS['OUT']), '\n'.join([head] + chapters))


main()
