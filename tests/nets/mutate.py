# mutate.py INCEPTC NET: widens every convolution and fully connected layer by one channel, and every kernel by one pixel on each
# side of the longer axis with padding that keeps the shapes, one at a time, in the explicit form; inceptc must refuse every mutant.
import re, subprocess, sys
inceptc, net = sys.argv[1:]

def run(text):
    p = subprocess.run([inceptc, '-', '--dump=graph'], input=text, capture_output=True, text=True)
    return p.returncode, p.stderr

lines = subprocess.run([inceptc, net, '--dump=net'], check=True, capture_output=True, text=True).stdout.splitlines()
assert run('\n'.join(lines) + '\n')[0] == 0
assert any(l.startswith('expect params') for l in lines)
layer = re.compile(r'^(?P<head>\S+ = .*-> )(?:conv (?P<kh>\d+)x(?P<kw>\d+)(?P<stride>\S*) (?P<co>\d+) '
                   r'(?P<pad>valid|pad \d+|pad\([^)]*\))|fc (?P<out>\d+))(?P<rest>.*)$')

def padding(text):
    if text == 'valid':
        return [0] * 4
    n = [int(v) for v in re.findall(r'\d+', text)]
    return n * 4 if len(n) == 1 else n

def mutants(m):
    if m['out']:
        yield f"{m['head']}fc {int(m['out']) + 1}{m['rest']}"
        return
    kernel, tail = f"{m['kh']}x{m['kw']}{m['stride']}", f"{m['pad']}{m['rest']}"
    yield f"{m['head']}conv {kernel} {int(m['co']) + 1} {tail}"
    t, b, l, r = padding(m['pad'])
    kh, kw = int(m['kh']), int(m['kw'])
    if kw >= kh:
        yield f"{m['head']}conv {kh}x{kw + 2}{m['stride']} {m['co']} pad({t}, {b}, {l + 1}, {r + 1}){m['rest']}"
    else:
        yield f"{m['head']}conv {kh + 2}x{kw}{m['stride']} {m['co']} pad({t + 1}, {b + 1}, {l}, {r}){m['rest']}"

count = survived = by_expect = 0
for i, line in enumerate(lines):
    m = layer.match(line)
    if not m:
        assert '-> conv ' not in line and '-> fc ' not in line, line
        continue
    for mutant in mutants(m):
        code, message = run('\n'.join(lines[:i] + [mutant] + lines[i + 1:]) + '\n')
        count += 1
        by_expect += 'than expected' in message
        if code != 1:
            survived += 1
            print(f'accepted with exit {code}:\n  {line}\n  {mutant}')
print(f'{count} mutants, {by_expect} refused by expect, {count - by_expect - survived} by their shapes, {survived} accepted')
sys.exit(survived != 0 or count < 50)
