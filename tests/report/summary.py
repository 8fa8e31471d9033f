# summary.py CASE ROOT: what inceptc summary prints. CASE: json, fields, csv, tree, memory, narrow, mistakes.
import csv, io, json, os, re, subprocess, sys
case, root = sys.argv[1:]
inceptc = root + '/build/inceptc'
NETS = sorted(root + '/netdefs/' + f for f in os.listdir(root + '/netdefs') if f.endswith('.net'))

def run(*args, columns=None, locale='C.UTF-8', code=0, text=None):
    env = {k: v for k, v in os.environ.items() if k not in ('COLUMNS', 'LC_ALL', 'LANG', 'LC_CTYPE')}
    env['LC_ALL'] = locale
    if columns:
        env['COLUMNS'] = str(columns)
    p = subprocess.run([inceptc, *args], env=env, capture_output=True, input=text)
    assert p.returncode == code, f'{args}: exit {p.returncode}, expected {code}\n{p.stderr.decode()}'
    return p.stdout.decode() if code == 0 else p.stderr.decode()

def walk(items):
    for i in items:
        if 'layers' in i:
            yield from walk(i['layers'])
        else:
            yield i

def modules(items):
    for i in items:
        if 'layers' in i:
            yield i
            yield from modules(i['layers'])

def summary(net):
    return json.loads(run('summary', net, '--json'))

def check_json():
    import jsonschema
    schema = json.load(open(root + '/docs/summary.schema.json'))
    jsonschema.Draft7Validator.check_schema(schema)
    judge = jsonschema.Draft7Validator(schema)
    for net in NETS:
        s = summary(net)
        judge.validate(s)
        layers, totals = list(walk(s['layers'])), s['totals']
        for key in 'parameters', 'frozen', 'statistics', 'macs', 'activation_bytes':
            assert sum(l[key] for l in layers if not l['auxiliary']) == totals['inference'][key], (net, key)
            if 'training' in totals:
                assert sum(l[key] for l in layers) == totals['training'][key], (net, key)
            for m in modules(s['layers']):
                assert m[key] == sum(l[key] for l in walk(m['layers'])), (net, m['path'], key)
        # the graph as the compiler dumps it: every operator's result of a layer has the layer's shape, and every weight is counted
        graph = run(net, '--dump=graph')
        outs = {m[1]: [int(d) for d in m[2].split('x')] for m in re.finditer(r'^node (?:conv|linear|maxpool|avgpool|concat|add) path=(\S+) .* out=\S+?:(\S+)', graph, re.M)}
        assert outs and all(l['shape'] == outs[l['path']] for l in layers if l['path'] in outs), net
        sizes = [(w[2], eval(w[1].replace('x', '*'))) for w in re.finditer(r'^weight \S+ (\S+) role=(\S+)', graph, re.M)]
        assert sum(l['parameters'] for l in layers) == sum(n for role, n in sizes if role not in ('mean', 'var')), net
        assert sum(l['statistics'] for l in layers) == sum(n for role, n in sizes if role in ('mean', 'var')), net
        assert s['expected_ms'] >= sum(l['expected_ms'] for l in layers) - 1e-4 * len(layers) > 0, net
        explained = float(re.search(r'expected ([\d.]+) ms', run('explain', net))[1])
        assert abs(explained - s['expected_ms']) < 0.0051, (net, explained, s['expected_ms'])
    judge.validate(json.loads(run('summary', *NETS, '--json')))
    broken = summary(NETS[0])
    del broken['layers'][0]['shape']
    assert list(judge.iter_errors(broken)), 'the schema takes anything'

# Araujo, Norris and Sim, Computing receptive fields of convolutional neural networks, Distill 2019, table 1: the last grid of each.
FIELDS = {'inception_v3': ('Mixed_7c', 1311), 'inception_v4': ('features.21', 2071), 'inception_resnet_v2': ('conv2d_7b', 3039), 'inception_v2': ('Mixed_5c', 699)}

def check_fields():
    for net, (path, size) in FIELDS.items():
        s = summary(f'{root}/netdefs/{net}.net')
        got = [i for i in list(walk(s['layers'])) + list(modules(s['layers'])) if i['path'] == path]
        assert len(got) >= 1 and got[0]['receptive_field'] == [size, size], (net, path, got and got[0]['receptive_field'])
        assert got[0]['receptive_step'] == [32, 32], (net, got[0]['receptive_step'])
    # by hand: 1x3 after 3x3/2 sees 3 rows and 3 + 2*2 columns; an adaptive pool of 5 to 2 has windows of 3 every 3; fc sees all
    text = b'net t\nconventions torch\ninput x 1x11x11\na = conv 3x3/2 2\nb = conv 1x3 2 pad(0, 1)\nc = adaptivepool 2x2\nd = fc 3\noutput d\n'
    s = json.loads(run('summary', '-', '--json', text=text))
    got = {l['path']: l['receptive_field'] for l in walk(s['layers'])}
    assert got == {'a': [3, 3], 'b': [3, 7], 'c': [7, 11], 'd': [13, 17]}, got

def check_csv():
    for net in NETS:
        text = run('summary', net, '--csv')
        assert text.endswith('\r\n') and '\n' not in text.replace('\r\n', ''), net
        rows = list(csv.DictReader(io.StringIO(text, newline=''), strict=True))
        s = summary(net)
        layers = list(walk(s['layers']))
        assert [r['layer'] for r in rows] == [l['path'] for l in layers], net
        for r, l in zip(rows, layers):
            assert (int(r['parameters']), int(r['macs']), int(r['auxiliary'])) == (l['parameters'], l['macs'], l['auxiliary']), (net, r)
            assert [int(r[k]) for k in ('channels', 'rows', 'columns')] == l['shape'], (net, r)
    several = run('summary', NETS[0], NETS[1], '--csv')
    assert several.count('network,layer') == 1 and len(several.splitlines()) == 1 + sum(len(list(walk(summary(n)['layers']))) for n in NETS[:2])

def columns_of(line):
    return [m.end() for m in re.finditer(r'\S+(?: \S+)*', line)]

def check_tree():
    for net in NETS:
        for width in (80, 200):
            for locale in ('C.UTF-8', 'C'):
                tree = run('summary', net, columns=width, locale=locale).split('\n\n')[0].splitlines()
                assert all(len(l) <= width for l in tree), (net, width)
                assert (locale == 'C') == all(ord(c) < 128 for l in tree for c in l), (net, locale)
                head = tree[0]
                for title in ('par', 'MACs', 'field', 'bytes'): # right-aligned: in every row something ends under the last letter, and nothing follows
                    at = head.index(title) + len(re.match(r'\S+', head[head.index(title):])[0])
                    assert all(l[at - 1:at + 1].strip() and (len(l) == at or l[at] == ' ') and l[at - 1] != ' ' for l in tree), (net, width, title)
                for title in ('operation', 'output'):
                    at = head.index(title)
                    assert all(l[at - 1] == ' ' for l in tree[1:]), (net, width, title)
        full = run('summary', net)
        s = summary(net)
        for l in walk(s['layers']): # every figure in full, in the row of its layer
            row = [r for r in full.splitlines() if re.search(r'[─\s]' + re.escape(l['name']) + r'(?: \(aux\))?\s', r) and 'x'.join(map(str, l['shape'])) in r
                   and (not l['parameters'] or f"{l['parameters']:,}" in r) and (not l['macs'] or f"{l['macs']:,}" in r)]
            assert row, (net, l['path'])
        assert re.search(rf"^parameters +{s['totals']['inference']['parameters']:,}\b", full, re.M), net
    v3 = root + '/netdefs/inception_v3.net'
    folded = run('summary', v3, '--depth', '1', columns=100)
    assert 'Mixed_7c' in folded and 'branch1x1' not in folded and '├─AuxLogits (aux)' in folded
    assert len(run('summary', v3, '--depth', '0').split('\n\n')[0].splitlines()) == 2
    shares = [float(m[1]) for m in re.finditer(r'^[├└]\S+.* (\d+\.\d) ', folded, re.M)]
    assert abs(sum(shares) - 100) < 1, shares

def check_narrow():
    for width in (1, 5, 12, 20, 30, 40, 50, 60):
        for net in NETS:
            lines = run('summary', net, columns=width).splitlines()
            tree = lines[:lines.index('')]
            assert all(len(l) <= max(width, 1) for l in tree), (net, width)
            if width >= 20:
                assert all(len(l) <= max(width, 20) for l in lines if ' ' in l), (net, width, max(lines, key=len))

def check_memory():
    for net in ('fashion', 'googlenet'):
        path = f'{root}/netdefs/{net}.net'
        s = summary(path)
        table = run('summary', path, path).splitlines()[1].split()
        assert int(table[-1]) == s['totals']['inference']['arena_bytes']
        run('weights', 'init', path, '--seed', '1', '-o', 'w.safetensors')
        data = open('w.safetensors', 'rb').read()
        assert len(data) - 8 - int.from_bytes(data[:8], 'little') == s['totals']['training']['weights_bytes'], net
    # a step fits into what the summary says, and into no byte less without computing anything again
    path = root + '/netdefs/fashion.net'
    size = summary(path)['totals']['training']['step_bytes']
    for less, again in ((0, False), (1024, True)):
        run(path, '--train', '--target', 'x86-64-v4', '--memory', str((size - less + 1023) // 1024) + 'K', '-o', 'm.c')
        assert ('modules computed again' in open('m.c').read()) == again, less

def check_mistakes():
    small = root + '/netdefs/fashion.net'
    assert 'wants a number' in run('summary', small, '--depth', '-1', code=2)
    assert 'exclude each other' in run('summary', small, '--json', '--csv', code=2)
    assert 'one network' in run('summary', small, small, '--depth', '1', code=2)
    assert 'cannot read' in run('summary', small, 'nothing.net', code=3)
    bad = b'net t\nconventions torch\ninput x 1x9x9\na = conv 3x3 0\noutput a\n'
    assert '<stdin>:4' in run('summary', '-', '--json', code=1, text=bad)
    with open('bad.net', 'wb') as f:
        f.write(bad)
    p = subprocess.run([inceptc, 'summary', small, 'bad.net', '--json'], capture_output=True)
    assert p.returncode == 1 and not p.stdout, 'half of a list was printed'
    with open('/dev/full', 'w') as full:
        p = subprocess.run([inceptc, 'summary', small], stdout=full, stderr=subprocess.PIPE)
    assert p.returncode == 3 and b'No space left' in p.stderr
    text = b'net t\nconventions torch\ninput x 1x9x9\na = conv 3x3 4 -> globalavgpool -> fc 2\noutput a\nfreeze all\ntrain { loss = xent(a) }\n'
    cannot = json.loads(run('summary', '-', '--json', text=text))['totals']
    assert 'nothing to train' in cannot['untrainable'] and 'training' not in cannot

globals()['check_' + case]()
