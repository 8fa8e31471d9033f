# predict.py INCEPTC NETDEFS N: what the cost model expects of a network (`explain --probe`) beside what its program takes, for the four large
# networks and N random ones. ROUNDS of TURN seconds, programs in turns, a probe beside each run; a network's best run and the least of
# its expectations count, since what disturbs them adds to both: short turns, far apart, meet an undisturbed moment.
import json, os, random, re, subprocess, sys, tempfile
inceptc, netdefs, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
rounds, turn, threads = int(os.environ.get('ROUNDS', 8)), os.environ.get('TURN', '0.15'), os.environ.get('THREADS', '2')
large = ['googlenet_tv', 'inception_v3', 'inception_v4', 'inception_resnet_v2']

def random_net(seed):
    """Stems, modules and reductions of the Inception papers with random sizes: what somebody who looks for an architecture would write."""
    r = random.Random(seed)
    c = lambda low, high: 8 * r.randint(low // 8, high // 8)
    side, width = r.choice([96, 128, 160, 192, 224, 256]), r.choice([0.5, 1, 1, 1.5])
    w = lambda low, high: max(8, int(c(low, high) * width) // 8 * 8)
    out = [f'net p{seed}', 'conventions torch', 'default conv { same bn relu }', f'input image 3x{side}x{side}']
    out.append(f'stem = conv {r.choice(["3x3", "5x5", "7x7"])}/2 {w(16, 64)} -> conv 3x3 {w(32, 96)} -> maxpool 3x3/2')
    if r.random() < 0.5:
        out.append(f'conv 1x1 {w(48, 96)} -> conv 3x3 {w(96, 192)}')
    for stage in range(r.randint(1, 3)):
        for module in range(r.randint(1, 4)):
            kind = r.randint(0, 3)
            if kind == 0:
                out.append(f'concat {{ conv 1x1 {w(32, 192)} | conv 1x1 {w(48, 128)} -> conv 3x3 {w(64, 256)} | conv 1x1 {w(16, 48)} -> conv 5x5 {w(32, 96)} '
                           f'| maxpool 3x3 -> conv 1x1 {w(32, 96)} }}')
            elif kind == 1:
                a = w(64, 128)
                out.append(f'concat {{ conv 1x1 {w(64, 192)} | conv 1x1 {a} -> conv 3x3 {w(64, 128)} -> conv 3x3 {w(64, 128)} | avgpool 3x3 -> conv 1x1 {w(32, 128)} }}')
            elif kind == 2:
                a = w(64, 160)
                out.append(f'concat {{ conv 1x1 {w(96, 192)} | conv 1x1 {a} -> conv 1x7 {a} -> conv 7x1 {w(96, 192)} | avgpool 3x3 -> conv 1x1 {w(64, 192)} }}')
            else:
                out.append(f'residual 0.2 {{ concat {{ conv 1x1 {w(32, 96)} | conv 1x1 {w(32, 64)} -> conv 3x3 {w(32, 96)} }} '
                           f'-> conv 1x1 (in.c) linear bias nobn }} -> relu')
        out.append(f'concat {{ conv 3x3/2 {w(64, 256)} valid | maxpool 3x3/2 valid }}')
    return '\n'.join(out + [f'logits = globalavgpool -> fc {r.choice([10, 100, 1000])}', 'output logits -> softmax']) + '\n'

def run(*args):
    p = subprocess.run(args, text=True, capture_output=True)
    if p.returncode:
        sys.exit(f'{" ".join(args)}: {p.stderr}')
    return p.stdout

def netdef(name, work):
    if not name.isdigit():
        return os.path.join(netdefs, name + '.net')
    net = os.path.join(work, name + '.net')
    open(net, 'w').write(random_net(int(name)))
    return net

def build(net, program):
    run(inceptc, net, '--target=native', '-o', program)
    return program

with tempfile.TemporaryDirectory() as work:
    names = large + [str(s) for s in range(1, n + 1)]
    nets = {name: netdef(name, work) for name in names}
    programs = {name: build(nets[name], os.path.join(work, name)) for name in names}
    best, layers, expectations = {}, {}, {}
    for round in range(rounds):
        for name in names:
            j = json.loads(run(programs[name], 'bench', '--seed', '1', '--threads', threads, '--seconds', turn, '--json', '--layers'))
            if name not in best or j['min_seconds'] < best[name]:
                best[name] = j['min_seconds']
            layers[name] = j
            head = run(inceptc, 'explain', nets[name], '--probe').split('\n')[0]
            now = 1e-3 * float(re.search(r'expected ([0-9.]+) ms', head)[1])
            expectations[name] = min(now, expectations.get(name, now))
    some = layers[names[0]]
    print(f'{some["processor"]}, {some["processors"]} processors, {some["target"]}, {threads} threads, load {os.getloadavg()[0]:.2f}, {rounds} rounds of {turn} s')
    print(f'{"network":24} {"steps":>5} {"expected ms":>12} {"measured ms":>12} {"ratio":>6}')
    ratios = {}
    for name in names:
        expected = expectations[name]
        ratios[name] = expected / best[name]
        print(f'{name:24} {len(layers[name]["layers"]):5} {1e3 * expected:12.3f} {1e3 * best[name]:12.3f} {ratios[name]:6.2f}')
    near = lambda names, most: sum(abs(ratios[k] - 1) <= most for k in names)
    print(f'within 15 %: {near(large, 0.15)} of {len(large)} large networks; within 25 %: {near(names[len(large):], 0.25)} of {n} random ones')
