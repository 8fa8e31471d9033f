# spills.py < objdump -d: register tiles must keep their accumulators and weights in registers: no instruction of an innermost
# loop of multiply-adds touches the stack with a vector.  Transforms (*_input_*, *_output_*) have an array there, and loops that store vectors
# elsewhere are no sums.  A leaf (*_tile_PxB*, *_product_PxB*, *_depthwise_P*) that has not gone into its caller must have such a loop.
# Prints what is wrong; the last line counts leaves and loops.
import re, sys

LEAF = re.compile(r'_(?:tile|product)_(\d+)x(\d+)|_depthwise_(\d+)')
TRANSFORM = re.compile(r'v[34]_(?:input|output)_')

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

def touches_stack(args, frame):
    return re.search('%[xyz]mm', args) and re.search(r'\(%rsp' + (r'|\(%rbp' if frame else ''), args)

def stores(loop, frame): # vectors, elsewhere than to the stack
    return any(re.match(r'%[xyz]mm\d+,.*\(', a) and o.startswith('vmov') and not touches_stack(a, frame) for _, o, a in loop)

wrong, leaves, n_loops = [], 0, 0
for name, body in functions(sys.stdin):
    if TRANSFORM.match(name):
        continue
    frame = any(o == 'mov' and a == '%rsp,%rbp' for _, o, a in body)
    count = lambda l: sum(o.startswith('vfmadd') for _, o, _ in l)
    leaf = LEAF.search(name)
    loops = [l for l in innermost(body) if count(l) >= (1 if leaf else 4) and not stores(l, frame)]
    leaves += bool(leaf)
    n_loops += len(loops)
    if leaf:
        accumulators = (int(leaf[3]) if leaf[3] else int(leaf[1]) * int(leaf[2])) * 16 // {'v3': 8, 'v4': 16}[name[:2]]
        if not any(count(l) % accumulators == 0 for l in loops):
            wrong.append(f'{name}: no loop of {accumulators} multiply-adds')
    touches = max([sum(bool(touches_stack(a, frame)) for _, _, a in l) for l in loops], default=0)
    if touches:
        wrong.append(f'{name}: {touches} vectors of the stack in an innermost loop')
print('\n'.join(wrong + [f'{leaves} leaves, {n_loops} loops']))
sys.exit(bool(wrong) or n_loops == 0)
