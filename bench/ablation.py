# ablation.py build|measure FOLDER NET...: each technique off, one at a time, alternating with the whole; writes the tables of docs/ablation.md.
import json, os, re, statistics, subprocess, sys

root = os.path.dirname(os.path.abspath(__file__)) + '/..'
ROUNDS = int(os.environ.get('ROUNDS', 5))
WIDE = 'avx512f' in open('/proc/cpuinfo').read()
FULL = ['--numerics', 'fast', '--target', 'x86-64-v4' if WIDE else 'x86-64-v3']
# the row, options of inceptc
ROWS = [(f'`--no-pass {p}`', FULL + ['--no-pass', p])
        for p in ['merge-siblings', 'concat-in-place', 'fold-batchnorm', 'fuse-activation', 'reorder-avgpool', 'space-to-depth', 'all']] + [
    ('`--numerics safe`', ['--numerics', 'safe'] + FULL[2:]), ('`--numerics exact`', ['--numerics', 'exact'] + FULL[2:]),
    ('`--target x86-64-v3`', FULL[:2] + ['--target', 'x86-64-v3'])][:None if WIDE else -1]

def shell(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout

def build(folder, net, i, options):
    out = f'{folder}/{net}_{i}'
    shell(f'{root}/build/inceptc', f'{root}/netdefs/{net}.net', *options, '-o', out)
    shell(f'{root}/build/inceptc', f'{root}/netdefs/{net}.net', *options, '-o', out + '.c')

def text(folder, net, i):
    with open(f'{folder}/{net}_{i}.c') as f:
        return re.sub(r'#include "[^"]*_\d+\.h"', '', f.read())

def memory(folder, net, i):
    t = json.loads(shell(f'{folder}/{net}_{i}', 'info', '--json'))['targets'][0]
    return t['arena_bytes'] / 1e6, t['weights_bytes'] / 1e6

# Median and smallest, ms.
def run(folder, net, i, threads):
    b = json.loads(shell(f'{folder}/{net}_{i}', 'bench', '--json', '-j', str(threads), '--seconds', '0.4'))
    return 1e3 * b['median_seconds'], 1e3 * b['min_seconds']

# Columns of a row for a number of threads, from pairs of runs of the whole and of the row.
def columns(pairs, least, same):
    ratios = sorted(row[0] / whole[0] for whole, row in pairs)
    by_median, by_least = statistics.median(ratios), min(row[1] for _, row in pairs) / least
    shown = 'the same C' if same else f'{by_median:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) | {by_least:.2f}'
    return f'{statistics.median(row[0] for _, row in pairs):.2f} | {shown}' + (' | 1' if same else '')

def table(folder, net):
    pairs = {(i, t): [] for i in range(1, len(ROWS) + 1) for t in (1, 2)}
    for _ in range(ROUNDS):
        for i, t in pairs:
            pairs[i, t].append((run(folder, net, 0, t), run(folder, net, i, t)))
    wholes = {t: [whole for i, u in pairs if u == t for whole, _ in pairs[i, u]] for t in (1, 2)}
    least = {t: min(w[1] for w in wholes[t]) for t in (1, 2)}
    lines = [f'### {net}', '', '| off | 1 thread, ms | times the whole | by the smallest | 2 threads, ms | times the whole | by the smallest | arena MB | weights MB |',
             '|---' * 9 + '|', f'| nothing | ' + ' | '.join(f'{statistics.median(w[0] for w in wholes[t]):.2f} | 1 | 1' for t in (1, 2)) +
             ' | %.2f | %.1f |' % memory(folder, net, 0)]
    for i, (name, _) in enumerate(ROWS, 1):
        same = text(folder, net, i) == text(folder, net, 0)
        lines.append(f'| {name} | ' + ' | '.join(columns(pairs[i, t], least[t], same) for t in (1, 2)) + ' | %.2f | %.1f |' % memory(folder, net, i))
    return lines

verb, folder, *nets = sys.argv[1:]
if verb == 'build':
    for net in nets:
        for i, options in enumerate([FULL] + [o for _, o in ROWS]):
            build(folder, net, i, options)
    open(folder + '/built', 'w').close()
else:
    model = re.search(r'model name\s*: (.*)', open('/proc/cpuinfo').read())[1]
    load = ' '.join(open('/proc/loadavg').read().split()[:3])
    out = [f'`sh bench/ablation.sh {" ".join(nets)}`: {model}, {os.cpu_count()} processors, {FULL[-1]}, load {load}, {shell("gcc", "--version").splitlines()[0]}.', '']
    for net in nets:
        out += table(folder, net) + ['']
    page = f'{root}/docs/ablation.md'
    whole = open(page).read()
    whole = re.sub(r'(<!-- bench/ablation.sh -->\n).*(<!-- end -->)', lambda m: m[1] + '\n'.join(out) + m[2], whole, flags=re.S)
    open(page, 'w').write(whole)
    print('\n'.join(out))
