# turns.py [-j THREADS] [-b BATCH] [-n ROUNDS] [-s SECONDS] PROGRAM...: programs of inceptc beside each other, in turns of `PROGRAM bench`,
# each round in the other order: milliseconds of a run, and how many times as long the first one takes, by the smallest, the medians and the
# median of rounds.
import argparse, json, os, statistics, subprocess

parser = argparse.ArgumentParser(description='Programs of inceptc beside each other, in turns.')
parser.add_argument('-j', type=int, default=os.cpu_count(), help='threads (all)')
parser.add_argument('-b', type=int, default=1, help='images of a run (1)')
parser.add_argument('-n', type=int, default=16, help='rounds (16)')
parser.add_argument('-s', type=float, default=0.4, help='seconds of a turn (0.4)')
parser.add_argument('programs', nargs='+')
o = parser.parse_args()
for p in o.programs:
    if not os.access(p, os.X_OK):
        parser.error(f"cannot run '{p}'")
turns = {p: [] for p in o.programs} # each turn's runs, sorted
for k in range(o.n):
    for p in o.programs[::-1 if k % 2 else 1]:
        out = subprocess.run([os.path.abspath(p), 'bench', '--seed', '1', '-j', str(o.j), '-b', str(o.b), '--seconds', str(o.s), '--json'],
                             check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        turns[p].append(sorted(json.loads(out)['run_seconds']))
runs = {p: sorted(x for t in turns[p] for x in t) for p in o.programs}
first = o.programs[0]
width = max(map(len, o.programs))
print(f'{o.j} threads, {o.b} images, {o.n} turns of {o.s:g} s, load {" ".join(open("/proc/loadavg").read().split()[:3])}')
print(f'{"":{width}}  smallest  quarter  median  3 quarters | {first} by it: smallest  median  median of rounds')
for p in o.programs:
    least, quarter, median, most = (1e3 * runs[p][int(q * (len(runs[p]) - 1))] for q in (0, 0.25, 0.5, 0.75))
    rounds = statistics.median(statistics.median(a) / statistics.median(b) for a, b in zip(turns[first], turns[p]))
    print(f'{p:{width}}  {least:8.2f} {quarter:8.2f} {median:7.2f} {most:11.2f} | {"":{len(first)}}        {runs[first][0] / runs[p][0]:8.3f} '
          f'{statistics.median(runs[first]) / statistics.median(runs[p]):7.3f} {rounds:17.3f}')
