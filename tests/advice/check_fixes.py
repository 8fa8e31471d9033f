# check_fixes.py INCEPTC NET.net...: every variant that `advise` prints is compiled; parameters and multiply-accumulates are those of
# `summary`, activation elements those counted here from the graph's text, before and after; and its own advice is gone, but
# for the places that it said it has no fix for.
import os, re, subprocess, sys, tempfile
inceptc, nets = os.path.abspath(sys.argv[1]), sys.argv[2:]
fixes = 0

def run(*args):
    p = subprocess.run([inceptc, *args], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.returncode == 0, f'inceptc {" ".join(args)}: exit {p.returncode}\n{p.stderr}'
    return p.stdout, p.stderr

def counts(path, folder): # a row of the table that summary prints of several networks
    row = run('summary', path, path, '-I', folder)[0].splitlines()[1].split()
    return int(row[2]), int(row[4]), int(row[3])

def activations(path, folder):
    text = run(path, '--dump=graph', '-I', folder)[0]
    nodes = re.findall(r'^node (\w+) .*?\bin=(\S+) out=(\S+)', text, flags=re.M)
    makes = {out.split(':')[0]: (op, ins.split(','), out) for op, ins, out in nodes}
    todo, seen, total = [re.search(r'^output (\S+)', text, flags=re.M).group(1)], set(), 0
    while todo:
        name = todo.pop()
        if name in seen or name not in makes:
            continue
        seen.add(name)
        op, ins, out = makes[name]
        if op in ('conv', 'linear', 'maxpool', 'avgpool', 'globalavgpool', 'adaptiveavgpool'):
            elements = 1
            for d in out.split(':')[1].split('x'):
                elements *= int(d)
            total += elements
        todo += ins
    return total

def check(net, kind, lines, variant, unmended, work):
    global fixes
    folder, path = os.path.dirname(os.path.abspath(net)), os.path.join(work, 'fixed.net')
    open(path, 'w').write(variant)
    said = {}
    what = 'parameters|multiply-accumulates|activation elements|auxiliary parameters'
    for name, a, b in re.findall(rf'^    ({what}) +([\d,]+) -> ([\d,]+)', lines, flags=re.M):
        said[name] = (int(a.replace(',', '')), int(b.replace(',', '')))
    before, after = counts(net, folder), counts(path, folder)
    assert said['parameters'] == (before[0], after[0]), (net, kind, said, before, after)
    assert said['multiply-accumulates'] == (before[1], after[1]), (net, kind, said, before, after)
    assert said.get('auxiliary parameters', (before[2], before[2])) == (before[2], after[2]), (net, kind, said, before, after)
    assert said['activation elements'] == (activations(net, folder), activations(path, folder)), (net, kind, said)
    assert re.search(r'^expect params \d+', variant, flags=re.M), variant
    left = run(path, '-I', folder, '-Wdesign-' + kind, '--dump=net')[1]
    assert left.count('[-Wdesign-') <= unmended, f'{net}: the fix of {kind} leaves\n{left}'
    fixes += 1

with tempfile.TemporaryDirectory() as work:
    for net in nets:
        text = run('advise', net)[0]
        for part in re.split(r'^design-', text, flags=re.M)[1:]:
            kind = part.split(':')[0]
            unmended = part.count('\n  no mechanical fix for ')
            for lines, variant in re.findall(r'(?s)^  fix: (.*?)\n\n(variant .*?\n(?=\n|\Z))', part, flags=re.M):
                check(net, kind, lines, variant, unmended, work)
        assert text.count('\nvariant ') == len(re.findall(r'^  fix: ', text, flags=re.M)), text
print(fixes, 'fixes')
sys.exit(fixes == 0)
