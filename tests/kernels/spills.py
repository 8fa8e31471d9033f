# spills.py FILE... < objdump -d: the leaves of register tiles (*_tile_PxB*, *_product_PxB*) must keep their accumulators in registers: no
# instruction of the innermost loop of multiply-adds touches the stack with a vector.  Arguments: leaves that are known to (NAME=COUNT)
# at most that often.  Prints what is wrong; the last line counts leaves and loops.
import re, sys

known = dict(a.split('=') for a in sys.argv[1:])
LEAF = re.compile(r'_(?:tile|product)_(\d+)x(\d+)')

def functions(lines):
    name, body = None, []
    for l in lines:
        head = re.match(r'[0-9a-f]+ <([^>]+)>:$', l)
        code = re.match(r'\s*([0-9a-f]+):\s+(\S+)\s*(.*)$', l)
        if head:
            if name:
                yield name, body
            name, body = head[1], []
        elif code:
            body.append((int(code[1], 16), code[2], code[3]))
    if name:
        yield name, body

# The bodies of the innermost loops that multiply and add: from the target of a jump back to the jump.
def innermost(body):
    loops = []
    for at, op, args in body:
        to = re.match(r'([0-9a-f]+) <', args)
        if op[0] == 'j' and to and body[0][0] <= int(to[1], 16) <= at:
            loop = [i for i in body if int(to[1], 16) <= i[0] <= at]
            if any(o.startswith('vfmadd') for _, o, _ in loop):
                loops.append(loop)
    inside = lambda a, b: a is not b and b[0][0] <= a[0][0] and a[-1][0] <= b[-1][0]
    return [l for l in loops if not any(inside(k, l) for k in loops)]

wrong, leaves, n_loops = [], 0, 0
for name, body in functions(sys.stdin):
    leaf = LEAF.search(name)
    if not leaf:
        continue
    leaves += 1
    lanes = {'v3': 8, 'v4': 16}[name[:2]]
    accumulators = int(leaf[1]) * int(leaf[2]) * 16 // lanes
    loops = innermost(body)
    n_loops += len(loops)
    frame = any(o == 'mov' and a == '%rsp,%rbp' for _, o, a in body)
    stack = r'\(%rsp' + (r'|\(%rbp' if frame else '')
    if not any(sum(o.startswith('vfmadd') for _, o, _ in l) % accumulators == 0 for l in loops):
        wrong.append(f'{name}: no loop of {accumulators} multiply-adds')
    touches = max([sum(bool(re.search('%[xyz]mm', a) and re.search(stack, a)) for _, _, a in l) for l in loops], default=0)
    if touches > int(known.get(name, 0)):
        wrong.append(f'{name}: {touches} vectors of the stack in the innermost loop, {known.get(name, 0)} known')
print('\n'.join(wrong + [f'{leaves} leaves, {n_loops} loops']))
sys.exit(bool(wrong) or leaves < 8)
