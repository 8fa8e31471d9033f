# train.py FOLDER PYTHON: steps of training beside PyTorch's (under PYTHON), and the program of the classic recipe with its cache. FOLDER has
# what train.sh made. Settings come from the environment: DEFAULTS names them. Prints chapters and writes them all to OUT.
import os, re, subprocess, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/peers')
import report
from machine import ROOT, command_text, load, machine_text, source_text
from rounds import measured, others_text

DEFAULTS = {
    'CHAPTERS': 'googlenet inception_v3 classic',
    'THREADS': '2',
    'ROUNDS': '3',
    'TURN': '4', # seconds; a slow row's turn is a step to warm up and two that count, at least
    'PATIENCE': '5', # seconds that a turn waits for a quiet machine
    'CLASSIC_BATCH': '64', # the recipe's
    'EPOCHS': '6', # of the program with the cache
    'OUT': 'bench/train.md',
}
SETTINGS = {k: os.environ.get(k) or v for k, v in DEFAULTS.items()}
folder, python = sys.argv[1:]
LAYOUTS = ('plain', 'channels_last')
HEAD = '''# Training beside PyTorch

Made on %(date)s by

    %(command)s

%(machine)s. %(source)s. Load at the start %(load)s.

%(versions)s, the newest that pip installs; %(THREADS)s threads on both sides, float32; ours compiled with `--numerics fast`.

A step is forward, the losses of all heads, backward and optimiser (ours: packing the weights too) on random pictures; no loader is in it.
`plain` is PyTorch as one writes it, `channels_last` with model and pictures in that layout. Each row is a process that lives through all
rounds (%(ROUNDS)s, of %(TURN)s s) and is stopped while another has its turn; runs of all rounds count. Times by ours: above 1, ours is faster.

- others: the largest share of the processors that other processes took during a turn; above 10 %% it is marked DISTURBED.
- peak: the process's largest resident memory (VmHWM); planned: what our program says before training that it will take.
'''


# ---- Rows ----

def ours(name, net, batch, optimizer):
    return dict(name=name, command=['%s/train_step' % folder, '%s/%s.so' % (folder, net), net + '_network', str(batch), SETTINGS['THREADS'], optimizer],
                log=folder + '/log.txt', batch=batch)


def theirs(net, batch):
    return [dict(name='PyTorch, ' + layout, command=[python, ROOT + '/bench/train_peer.py', net, str(batch), layout], log=folder + '/log.txt', batch=batch)
            for layout in LAYOUTS]


# Chapter: title, our rows (the first is judged), PyTorch's network, and what is asked: of which of its rows (plain: as written; best: the
# better layout), how many times as fast.
def chapters():
    n = int(SETTINGS['CLASSIC_BATCH'])
    return {
        'googlenet': ('GoogLeNet (torchvision), batch 16', [ours('ours', 'googlenet_tv', 16, 'sgd')], theirs('googlenet', 16), [('best', 1.3)]),
        'inception_v3': ('Inception v3, batch 8', [ours('ours', 'inception_v3', 8, 'sgd')], theirs('inception_v3', 8), [('best', 1.3)]),
        'classic': ('the classic recipe: Inception v3, all frozen but two heads, batch %d' % n,
                    [ours('ours, bn=running', 'classic_running', n, 'adam'), ours('ours, bn=batch', 'classic_batch', n, 'adam')],
                    theirs('classic', n), [('plain', 3.5), ('best', 2.2)]),
    }


# ---- Text ----

def line(row, judged):
    if 'reason' in row:
        return [row['name'], row['reason']] + [''] * 8
    planned = row['first'].get('planned_bytes')
    return [row['name'], '%.0f' % (1e3 * row['best']), '%.0f' % (1e3 * row['median']), '%.1f' % (row['batch'] / row['median']),
            *('%.2f' % (row[k] / judged[k]) if k in judged else '-' for k in ('best', 'median')), row['runs'], report.megabytes(row['memory_bytes']),
            report.megabytes(planned) if planned else '-', others_text(row)]


def verdict(kind, asked, judged, peers):
    rows = [p for p in (peers[:1] if kind == 'plain' else peers) if 'reason' not in p]
    if 'reason' in judged or not rows:
        return 'asked: %g times as fast: not measured\n' % asked
    best, median = (min(p[k] for p in rows) / judged[k] for k in ('best', 'median'))
    return 'asked: %g times as fast as PyTorch %s; by the best steps %.2f, by the medians %.2f: %s\n' % (
        asked, 'as written' if kind == 'plain' else 'in its better layout', best, median, 'reached' if median >= asked else 'MISSED')


def chapter(title, mine, peers, asked):
    before = load()
    print(title, file=sys.stderr, flush=True)
    rows = measured(mine + peers, int(SETTINGS['THREADS']), int(SETTINGS['ROUNDS']), float(SETTINGS['TURN']), float(SETTINGS['PATIENCE']))
    head = ['', 'best ms', 'median ms', 'images/s', 'best / ours', 'median / ours', 'steps', 'peak MB', 'planned MB', 'others']
    return '\n'.join(['## %s\n' % title, 'Load %s before, %s after (these runs are part of it).\n' % (before, load()),
                      report.table(head, [line(r, mine[0]) for r in rows]), *[verdict(*a, mine[0], peers) for a in asked]])


# ---- The program ----

def run_program():
    """What it said, when each line came, the rows of log.csv and its peak memory."""
    memory = folder + '/memory.txt'
    command = ['/usr/bin/time', '-o', memory, '-f', '%M', folder + '/program', 'train', '--cache', '--epochs', SETTINGS['EPOCHS'], '--threads', SETTINGS['THREADS'],
               '-b', SETTINGS['CLASSIC_BATCH'], '--output', folder, '--experiment', 'run']
    said = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as p:
        for text in p.stderr:
            said.append((time.perf_counter(), text.strip()))
    with open(folder + '/run/log.csv') as f:
        head, *rows = [r.strip().split(',') for r in f]
    with open(memory) as f:
        return said, [dict(zip(head, r)) for r in rows], 1024 * int(f.read().split()[-1])


def beyond(measured, planned):
    return '%.1f %s' % (abs(measured - planned), 'less' if measured < planned else 'more')


def cache_chapter(peers):
    """The classic recipe by the program itself, with --cache, beside PyTorch's steps, which no loader holds up."""
    before = load()
    said, rows, peak = run_program()
    ends = [at for at, text in said if re.match(r'Epoch \d+/\d+: 100%', text)]
    printed = next(text for _, text in said if text.startswith('memory:'))
    lines = [[r['epoch'], '%.1f' % float(r['images_per_second']), '%.1f%%' % (100 * float(r['wait_share']))] for r in rows]
    later = [float(r['images_per_second']) for r in rows[1:]]
    whole = (ends[-1] - ends[0]) / (len(ends) - 1)
    text = ['## the classic recipe with --cache: the program, 128 JPEGs of 500 x 375, 2 classes, batch %s\n' % SETTINGS['CLASSIC_BATCH'],
            'Load %s before, %s after (these runs are part of it).\n' % (before, load()),
            report.table(['epoch', 'images/s', 'waited for pictures'], lines),
            'A whole later epoch, checkpoint included, takes %.2f s.\n' % whole,
            'It printed "%s"; its peak is %.1f MiB (VmHWM), %s.\n' % (printed, peak / 2**20, beyond(peak / 2**20, float(printed.split()[1])))]
    written = peers[0]
    if 'reason' not in written and 'median' in written:
        theirs = written['batch'] / written['median']
        slowest, median = min(later) / theirs, report.quartiles(later)[1] / theirs
        text.append('asked: epochs after the first 200 times as fast as PyTorch as written (%.2f images/s): the slowest %.0f times, '
                    'the median %.0f times: %s\n' % (theirs, slowest, median, 'reached' if median >= 200 else 'MISSED'))
    return '\n'.join(text)


# ---- All ----

def versions(rows):
    return next((r['first']['versions'] for r in rows if 'versions' in r.get('first', {})), 'PyTorch did not run')


def main():
    facts = dict(SETTINGS, date=time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime()), command=command_text('bench-train', DEFAULTS, SETTINGS),
                 machine=machine_text(), source=source_text(), load=load())
    texts, all_peers = [], []
    for name, (title, mine, peers, asked) in chapters().items():
        if name not in SETTINGS['CHAPTERS'].split():
            continue
        texts.append(chapter(title, mine, peers, asked))
        if name == 'classic':
            texts[-1] += '\n' + cache_chapter(peers)
        all_peers += peers
        print(texts[-1], flush=True)
        report.write_beside(os.path.join(ROOT, SETTINGS['OUT']), '\n'.join([HEAD % dict(facts, versions=versions(all_peers))] + texts))


main()
