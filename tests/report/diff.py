# diff.py CASE ROOT: what inceptc diff finds. CASE: pairs, mutations, modules, order, variant, text, mistakes.
import itertools, json, os, random, re, resource, subprocess, sys
case, root = sys.argv[1:]
inceptc = root + '/build/inceptc'
NETS = sorted(root + '/netdefs/' + f for f in os.listdir(root + '/netdefs') if f.endswith('.net'))

def run(*args, code=(0,), locale='C.UTF-8'):
    p = subprocess.run([inceptc, *args], capture_output=True, text=True, env=dict(os.environ, LC_ALL=locale))
    assert p.returncode in code, f'{args}: exit {p.returncode}, expected {code}\n{p.stdout}{p.stderr}'
    return p.stdout if p.returncode in (0, 1) and not p.stderr else p.stderr

def diff(a, b):
    return json.loads(run('diff', a, b, '--json', code=(0, 1)))

def save(name, text):
    open(name, 'w').write(text)
    return name

def changed(d):
    return {l['from']: {c['name']: (c['from'], c['to']) for c in l['attributes']} for l in d['layers'] if l['change'] == 'changed'}

def explicit(net):
    return re.sub(r'^expect .*\n', '', run(root + f'/netdefs/{net}.net', '--dump=net'), flags=re.M)

def check_pairs():
    import jsonschema
    judge = jsonschema.Draft7Validator(json.load(open(root + '/docs/diff.schema.json')))
    used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    slowest = 0
    for a, b in itertools.combinations_with_replacement(NETS, 2):
        before = used()
        text = run('diff', a, b, code=(0, 1))
        slowest = max(slowest, used() - before)
        d = diff(a, b)
        judge.validate(d)
        assert d['equal'] == (a == b) == (len(text.splitlines()) == 1 and 'equal' in text), (a, b)
        # every layer of both stands once: in a pair, removed or added
        for side, net in (('from', a), ('to', b)):
            own = [l[side] for l in d['layers'] if l[side]]
            assert len(own) == len(set(own)), (a, b, side)
        totals = [json.loads(run('summary', n, '--json'))['totals'] for n in (a, b)] if random.random() < 0.1 else None
        if totals:
            for side, t in zip(('from', 'to'), totals):
                assert all(d['totals'][k][side] == t['inference'][k] for k in ('parameters', 'macs', 'arena_bytes', 'weights_bytes')), (a, b)
    print(f'slowest pair: {slowest:.3f} s of processor time')
    assert slowest < 0.2
    broken = diff(NETS[0], NETS[1])
    broken['layers'][0]['change'] = 'other'
    assert list(judge.iter_errors(broken))

# What to write into one statement of the explicit form, and which attributes that changes.
def widen(m):
    return f"{m['head']} {int(m['n']) + 16} {m['tail']}", {'channels'}
CONV = r'(?P<head>.*conv \d+x\d+\S*) (?P<n>\d+) (?P<tail>.*)'
MUTATIONS = [
    (CONV, widen),
    (r'(.*conv )3x3( \d+) pad 1 (.*)', lambda m: (f'{m[1]}5x5{m[2]} pad 2 {m[3]}', {'kernel', 'padding'})),
    (r'(.*conv )1x1( \d+) valid (.*)', lambda m: (f'{m[1]}3x3{m[2]} pad 1 {m[3]}', {'kernel', 'padding'})),
    (r'(.*conv )1x7( \d+) pad\(0, 0, 3, 3\) (.*)', lambda m: (f'{m[1]}7x1{m[2]} pad(3, 3, 0, 0) {m[3]}', {'kernel', 'padding'})),
    (r'(.*conv )5x5( \d+) pad 2 (.*)', lambda m: (f'{m[1]}3x3{m[2]} pad 1 {m[3]}', {'kernel', 'padding'})),
    (r'(.*conv \dx\d)/2( .*)', lambda m: (f'{m[1]}{m[2]}', {'stride'})),
    (r'(.*pool \dx\d)/2( .*)', lambda m: (f'{m[1]}{m[2]}', {'stride'})),
    (r'(.*pool )3x3 pad 1 (.*)', lambda m: (f'{m[1]}5x5 pad 2 {m[2]}', {'kernel', 'padding'})),
    (r'(.*pool 3x3/2 valid) ceil(.*)', lambda m: (f'{m[1]} floor{m[2]}', {'rounding'})),
    (r'(.*pool \S+ pad .*) count_pad(.*)', lambda m: (f'{m[1]} nocount_pad{m[2]}', {'divisor'})),
    (r'(.*) eps=0.001(.*)', lambda m: (f'{m[1]} eps=0.002{m[2]}', {'eps'})),
    (r'(.*) nogamma(.*)', lambda m: (f'{m[1]} gamma{m[2]}', {'gamma'})),
    (r'(.*) gamma(.*)', lambda m: (f'{m[1]} nogamma{m[2]}', {'gamma'})),
    (r'(.* nobn .*) relu(.*)', lambda m: (f'{m[1]} linear{m[2]}', {'activation'})),
    (r'(.* bn .*) relu(.*)', lambda m: (f'{m[1]} linear{m[2]}', {'activation'})),
    (r'(.*conv.*) nobias( .*)', lambda m: (f'{m[1]} bias{m[2]}', {'bias'})),
    (r'(.*conv.* bias)=0.2( .*)', lambda m: (f'{m[1]}=0.1{m[2]}', {'bias init'})),
    (r'(.*lrn.* size)=5(.*)', lambda m: (f'{m[1]}=3{m[2]}', {'size'})),
    (r'(.*lrn.* beta)=0.75(.*)', lambda m: (f'{m[1]}=0.5{m[2]}', {'beta'})),
    (r'(.*dropout )0\.\d+(.*)', lambda m: (f'{m[1]}0.15{m[2]}', {'rate'})),
    (r'(.*residual )[\d.]+ (.*)', lambda m: (f'{m[1]}0.5 {m[2]}', {'scale'})),
    (r'(.* momentum)=0.1 (.*)', lambda m: (f'{m[1]}=0.2 {m[2]}', {'momentum'})),
    (r'(.* init)=\S+( .*)', lambda m: (f'{m[1]}=torch{m[2]}', {'init'})),
]

def path_of(line):
    return (re.search(r' as "(.*)"$', line) or re.match(r'(\S+) = ', line))[1]

def check_mutations():
    random.seed(6)
    counts = {}
    for net in ('googlenet', 'googlenet_tv', 'inception_v3', 'inception_v4', 'inception_resnet_v2', 'fashion', 'inception_v2'):
        base = save('base.net', explicit(net))
        lines = open(base).read().splitlines()
        for k, (pattern, edit) in enumerate(MUTATIONS):
            places = [i for i, l in enumerate(lines) if re.fullmatch(pattern, l) and not l.startswith(('output', 'view'))]
            random.shuffle(places)
            for i in places[:6]: # the first that compiles: a width may not fit what adds it
                new, names = edit(re.fullmatch(pattern, lines[i]))
                mutant = save('mutant.net', '\n'.join(lines[:i] + [new] + lines[i + 1:]) + '\n')
                if subprocess.run([inceptc, mutant, '--dump=graph'], capture_output=True).returncode == 0:
                    got = diff(base, mutant)
                    assert {p: set(c) for p, c in changed(got).items()} == {path_of(lines[i]): names}, f'{net}: {lines[i]}\n{new}\n{changed(got)}'
                    rest = {l['change'] for l in got['layers']} - {'changed'}
                    assert rest <= {'sizes'} and not got['settings'], f'{net}: {new}\n{rest} {got["settings"]}'
                    counts[k] = counts.get(k, 0) + 1
                    break
    n = sum(counts.values())
    print(n, 'mutations of', len(counts), 'kinds')
    assert n >= 60 and len(counts) >= 20, sorted(set(range(len(MUTATIONS))) - set(counts))

def check_modules():
    """One edit of a module's text changes all its uses, whose automatic names then shift."""
    text = re.sub(r'^expect .*\n', '', open(root + '/netdefs/googlenet.net').read(), flags=re.M)
    base = save('base.net', text)
    uses = ['i3a', 'i3b', 'i4a', 'i4b', 'i4c', 'i4d', 'i4e', 'i5a', 'i5b']
    for old, new, layer, names in (
            ('conv 1x1 r3 -> conv 3x3 n3', 'conv 1x1 r3 -> conv 1x1 n3', 'conv3x3', {'kernel', 'padding'}),
            ('conv 1x1 r5 -> conv 5x5 n5', 'conv 1x1 r5 -> conv 7x7 n5', 'conv5x5', {'kernel', 'padding'}),
            ('conv 1x1 r3 ->', 'conv 1x1 (r3 + 8) ->', 'conv1x1_2', {'channels'}),
            ('maxpool 3x3 -> conv 1x1 pp', 'maxpool 5x5 -> conv 1x1 pp', 'maxpool3x3', {'kernel', 'padding'})):
        assert old in text
        d = diff(base, save('mutant.net', text.replace(old, new)))
        assert {p: set(c) for p, c in changed(d).items()} == {f'{u}.{layer}': names for u in uses}, (new, changed(d))
        assert {l['change'] for l in d['layers']} <= {'changed', 'renamed', 'sizes'}, new
    d = diff(base, save('mutant.net', text.replace('i4b = inception(160, 112,224', 'i4b = inception(160, 112,240')))
    assert changed(d) == {'i4b.conv3x3': {'channels': ('224', '240')}}, changed(d)
    d = diff(base, save('mutant.net', text.replace('i4c = inception(128', 'i4c = conv 3x3 512\ni4c2 = inception(128')))
    assert [(l['change'], l['to']) for l in d['layers'] if l['change'] not in ('renamed', 'sizes')] == [('added', 'i4c')], d['layers']
    d = diff(base, save('mutant.net', text.replace('aux1 = i4a', 'aux1 = i4b')))
    assert changed(d) == {'aux1.avgpool5x5': {'input': ('i4a.concat', 'i4b.concat')}}, changed(d)
    d = diff(base, save('mutant.net', text.replace('0.3*xent(aux1)', '0.4*xent(aux1)')))
    assert [c['name'] for c in d['settings']] == ['train loss'] and not d['layers'] and not d['equal']
    d = diff(base, save('mutant.net', text.replace('input image 3x224x224', 'input image 1x224x224')))
    assert [c['name'] for c in d['settings']] == ['input'] and {(l['change'], l['from']) for l in d['layers']} == {('sizes', 'stem.conv7x7')}

def check_order():
    """Branches of a concat change places: that changes every channel that follows."""
    head = 'net t\nconventions torch\ninput x 3x9x9\n'
    a = save('a.net', head + 'y = concat { conv 3x3 4 same as p | conv 1x1 4 as q }\noutput y\n')
    b = save('b.net', head + 'y = concat { conv 1x1 4 as q | conv 3x3 4 same as p }\noutput y\n')
    d = diff(a, b)
    assert not d['equal'] and any(l['change'] == 'moved' for l in d['layers']) and changed(d)['y']['input 1'] == ('y.p', 'y.q'), d
    c = save('c.net', head + 'y = concat { conv 3x3 4 same as p | conv 1x1 4 as r }\noutput y\n')
    assert [(l['change'], l['from'], l['to']) for l in diff(a, c)['layers']] == [('renamed', 'y.q', 'y.r')]

def check_names():
    """Of layers that do the same, names say which is which; without names the first of them stay."""
    head = 'net t\nconventions torch\ninput x 4x9x9\n'
    a = save('a.net', head + 'p = conv 1x1 4\nq = conv 3x3 5\noutput q\n')
    b = save('b.net', head + 'n = conv 1x1 4\np = conv 1x1 4\nq = conv 3x3 6\noutput q\n')
    assert [(l['change'], l['from'], l['to']) for l in diff(a, b)['layers']] == [('added', None, 'n'), ('changed', 'q', 'q')]
    a = save('a.net', head + 'p = conv 1x1 4\noutput p\n')
    c = save('c.net', head + 'm = conv 1x1 4\nn = conv 1x1 4\noutput n\n')
    assert [(l['change'], l['from'], l['to']) for l in diff(a, c)['layers']] == [('renamed', 'p', 'm'), ('added', None, 'n')]
    # ten residual blocks and five of them: the first five, whatever they are called
    d = diff(root + '/netdefs/inception_resnet_v1.net', root + '/netdefs/inception_resnet_v2.net')
    pairs = {(l['from'].split('.')[1], l['to'].split('.')[1]) for l in d['layers'] if l['from'] and l['to'] and l['from'].startswith('repeat_1.')}
    assert pairs == {(str(i), str(i)) for i in range(5)}, pairs

def check_variant():
    v = root + '/netdefs/variants/inception_v3_tf.net'
    one, two = run('diff', v, code=(1,)), run('diff', root + '/netdefs/inception_v3.net', v, code=(1,))
    assert one == two and 'divisor counts the border → without the border' in one, one
    assert '->' in run('diff', v, code=(1,), locale='C') and '→' not in run('diff', v, code=(1,), locale='C')
    assert 'no variant' in run('diff', root + '/netdefs/inception_v3.net', code=(2,))
    d = json.loads(run('diff', root + '/netdefs/inception_v2_method1.net', '--json', code=(1,)))
    assert d['from']['network'] == 'inception_v2_paper' and any(l['change'] == 'removed' for l in d['layers'])
    for net in NETS: # a network and its explicit form are the same to the last attribute
        assert run('diff', net, save('explicit.net', run(net, '--dump=net'))).count('\n') == 1, net

def check_mistakes():
    v3 = root + '/netdefs/inception_v3.net'
    bad = save('bad.net', 'net b\nconventions torch\ninput x 3x9x9\ny = conv 3x3 0\noutput y\n')
    assert 'bad.net:4' in run('diff', v3, bad, code=(2,))
    assert 'cannot read' in run('diff', v3, 'nothing.net', code=(3,))
    assert 'two networks' in run('diff', v3, v3, v3, code=(2,))
    assert 'no input file' in run('diff', code=(2,))
    big = 'net g\nconventions torch\ninput x 1x4x4\n%s\noutput y\n'
    chain = lambda n, w: save(f'big{w}.net', big % '\n'.join(['y0 = conv 1x1 2'] + [f'y{i} = conv 1x1 {w + i % 7}' for i in range(1, n)] + ['y = conv 1x1 2']))
    text = run('diff', chain(6000, 2), chain(6000, 3), code=(1,)) # 36 million pairs
    assert 'matched by their names alone' in text and '5999 layers changed' in text, text[-300:]

globals()['check_' + case]()
