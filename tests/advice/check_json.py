# check_json.py ROOT NET.net...: `advise --json` of each is valid by docs/advise.schema.json, says what the warnings say, names layers of
# `summary --json`, sums their costs, and has each variant of the long form, with its totals; the schema refuses what is broken.
import copy, json, re, subprocess, sys
import jsonschema
root, nets = sys.argv[1], sys.argv[2:]
inceptc = root + '/build/inceptc'
schema = json.load(open(root + '/docs/advise.schema.json'))
jsonschema.Draft7Validator.check_schema(schema)
judge = jsonschema.Draft7Validator(schema)
fixes = unmended = 0

def run(*args):
    p = subprocess.run([inceptc, *args], text=True, capture_output=True)
    assert p.returncode == 0, f'{args}: exit {p.returncode}\n{p.stderr}'
    return p.stdout, p.stderr

def layers(items):
    for i in items:
        if 'layers' in i:
            yield from layers(i['layers'])
        else:
            yield i

def number(text):
    return int(text.replace(',', ''))

for net in nets:
    got = json.loads(run('advise', net, '--json')[0])
    judge.validate(got)
    long = run('advise', net)[0]
    # each warning, and no other
    warned = re.findall(r'^(.*?:\d+:\d+|inceptc): warning: (.*) \[-W(design-.*)\]$', run(net, '-Wdesign', '--dump=net')[1], flags=re.M)
    said = [('{file}:{line}:{column}'.format(**f['location']) if f['location'] else 'inceptc', f['message'], k['kind']) for k in got['advice'] for f in k['findings']]
    assert said == warned or len(said) > 20, (net, said, warned)
    summary = json.loads(run('summary', net, '--json')[0])
    costs = {l['path']: l for l in layers(summary['layers'])}
    inference = summary['totals']['inference']
    assert (got['totals']['parameters'], got['totals']['macs']) == (inference['parameters'], inference['macs']), net
    for k in got['advice']:
        for f in k['findings']:
            assert len(set(f['layers'])) == len(f['layers']) and set(f['layers']) <= set(costs), (net, f)
            assert f['macs'] == sum(costs[l]['macs'] for l in f['layers']) or (k['kind'] == 'design-auxiliary' and f['macs'] == 0), (net, f)
        fixes += sum(f['variant'] is not None for f in k['fixes'])
        unmended += sum(len(f['unmended']) for f in k['fixes'])
    assert [f['variant'] for k in got['advice'] for f in k['fixes'] if f['variant']] == re.findall(r'(?ms)^variant .*?\n(?=\n|\Z)', long), net
    shown = [tuple(map(number, m)) for m in re.findall(r'^    multiply-accumulates +([\d,]+) -> ([\d,]+)', long, flags=re.M)]
    assert shown == [(got['totals']['macs'], f['totals']['macs']) for k in got['advice'] for f in k['fixes'] if f['variant']], net

full = next(g for g in (json.loads(run('advise', n, '--json')[0]) for n in nets) if g['advice'] and g['advice'][0]['fixes'])
breakages = (lambda g: g['advice'][0].pop('source'), lambda g: g['advice'][0].update(kind='large-kernel'), lambda g: g['advice'][0].update(findings=[]),
             lambda g: g['advice'][0]['fixes'][0].pop('totals'), lambda g: g['advice'][0].update(no_fix='because'), lambda g: g.update(more=1),
             lambda g: g['totals'].update(macs=-1), lambda g: g['advice'][0]['findings'][0].update(layers=[]))
for i, breakage in enumerate(breakages):
    broken = copy.deepcopy(full)
    breakage(broken)
    assert list(judge.iter_errors(broken)), f'the schema takes breakage {i}'
print(len(nets), 'networks,', fixes, 'fixes,', unmended, 'places without')
assert fixes > 40 and unmended > 0
