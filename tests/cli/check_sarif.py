# check_sarif.py [SCHEMA] <LOG: a log of SARIF 2.1.0 on standard input is one JSON object, its objects have the properties that the
# specification requires and none that it does not know, its indices, bases and regions fit. Prints each result in a line, its related
# locations and fixes in lines of their own, with the text that a region covers. With a SCHEMA (OASIS's), that judges too.
import json, os, sys, urllib.parse
log = json.load(sys.stdin)
if len(sys.argv) > 1:
    import jsonschema
    schema = json.load(open(sys.argv[1]))
    jsonschema.validators.validator_for(schema)(schema).validate(log)

TEXT, WHOLE, FLAG = 'text', 'whole', 'flag'
# Object: property -> (type, required); [X]: an array of X; {X}: an object whose values are X. Sections of the specification behind.
OBJECTS = {
    'log': {'$schema': (TEXT, 0), 'version': (TEXT, 1), 'runs': (['run'], 1)},  # 3.13
    'run': {'tool': ('tool', 1), 'results': (['result'], 0), 'artifacts': (['artifact'], 0), 'invocations': (['invocation'], 0),
            'originalUriBaseIds': ({'artifactLocation'}, 0), 'columnKind': (TEXT, 0)},  # 3.14
    'tool': {'driver': ('toolComponent', 1)},  # 3.18
    'toolComponent': {'name': (TEXT, 1), 'version': (TEXT, 0), 'rules': (['reportingDescriptor'], 0)},  # 3.19
    'reportingDescriptor': {'id': (TEXT, 1)},  # 3.49
    'invocation': {'executionSuccessful': (FLAG, 1), 'exitCode': (WHOLE, 0)},  # 3.20
    'artifact': {'location': ('artifactLocation', 0)},  # 3.24
    'artifactLocation': {'uri': (TEXT, 0), 'uriBaseId': (TEXT, 0), 'index': (WHOLE, 0)},  # 3.4
    'result': {'ruleId': (TEXT, 0), 'ruleIndex': (WHOLE, 0), 'level': (TEXT, 0), 'message': ('message', 1), 'locations': (['location'], 0),
               'relatedLocations': (['location'], 0), 'fixes': (['fix'], 0)},  # 3.27
    'message': {'text': (TEXT, 1)},  # 3.11: text or id
    'location': {'id': (WHOLE, 0), 'physicalLocation': ('physicalLocation', 0), 'message': ('message', 0), 'annotations': (['region'], 0)},  # 3.28
    'physicalLocation': {'artifactLocation': ('artifactLocation', 1), 'region': ('region', 0)},  # 3.29: address or artifactLocation
    'region': {'startLine': (WHOLE, 1), 'startColumn': (WHOLE, 1), 'endLine': (WHOLE, 1), 'endColumn': (WHOLE, 1), 'message': ('message', 0)},  # 3.30
    'fix': {'artifactChanges': (['artifactChange'], 1)},  # 3.55
    'artifactChange': {'artifactLocation': ('artifactLocation', 1), 'replacements': (['replacement'], 1)},  # 3.56
    'replacement': {'deletedRegion': ('region', 1), 'insertedContent': ('artifactContent', 0)},  # 3.57
    'artifactContent': {'text': (TEXT, 0)},  # 3.3
}
UNIQUE = {'artifacts', 'rules', 'relatedLocations', 'fixes', 'annotations'}  # minItems 0, uniqueItems

def check(value, kind, where):
    if kind == TEXT:
        assert isinstance(value, str), where
    elif kind == WHOLE:
        assert isinstance(value, int) and not isinstance(value, bool) and value >= 0, where
    elif kind == FLAG:
        assert isinstance(value, bool), where
    elif isinstance(kind, list):
        assert isinstance(value, list), where
        for i, v in enumerate(value):
            check(v, kind[0], f'{where}[{i}]')
        texts = [json.dumps(v, sort_keys=True) for v in value]
        assert where.rsplit('.', 1)[-1] not in UNIQUE or len(set(texts)) == len(texts), where + ' holds something twice'
    elif isinstance(kind, set):
        for key, v in value.items():
            check(v, next(iter(kind)), f'{where}.{key}')
    else:
        assert isinstance(value, dict), where
        for key, v in value.items():
            assert key in OBJECTS[kind], f'{where} has the property {key}, which is none of {kind}'
            check(v, OBJECTS[kind][key][0], f'{where}.{key}')
        for key, (_, required) in OBJECTS[kind].items():
            assert key in value or not required, f'{where} lacks {key}'

check(log, 'log', 'log')
assert log['version'] == '2.1.0' and len(log['runs']) == 1
run = log['runs'][0]
assert run['columnKind'] == 'unicodeCodePoints'
bases, artifacts, rules = run['originalUriBaseIds'], run['artifacts'], run['tool']['driver']['rules']
assert all(b['uri'].endswith('/') for b in bases.values())

def path(place):
    uri = place['uri']
    assert all(0x21 <= ord(c) <= 0x7E and c not in '"<>\\^`{|}' for c in uri), uri
    if uri.startswith('file://'):
        assert 'uriBaseId' not in place
    else:
        assert ':' not in uri, 'a scheme?'
        uri = bases[place['uriBaseId']]['uri'] + uri
    assert uri.startswith('file:///'), uri
    if 'index' in place:
        known = artifacts[place['index']]['location']
        assert (known['uri'], known.get('uriBaseId')) == (place['uri'], place.get('uriBaseId'))
    return urllib.parse.unquote(uri[len('file://'):])

def covered(place, region):  # the text, in code points
    lines = open(path(place), encoding='utf-8-sig', errors='replace', newline='').read().split('\n')
    l1, c1, l2, c2 = (region[k] for k in ('startLine', 'startColumn', 'endLine', 'endColumn'))
    assert 1 <= l1 <= l2 <= len(lines) and c1 >= 1 and c2 >= 1 and (l1, c1) <= (l2, c2), region
    assert c1 <= len(lines[l1 - 1]) + 1 and c2 <= len(lines[l2 - 1]) + 1, region
    part = lines[l1 - 1:l2]
    part[-1] = part[-1][:c2 - 1]
    part[0] = part[0][c1 - 1:]
    return '\n'.join(part)

def place_text(l):
    p = l.get('physicalLocation')
    if not p:
        return '-'
    r = p['region']
    s = f"{os.path.basename(path(p['artifactLocation']))}:{r['startLine']}:{r['startColumn']} {covered(p['artifactLocation'], r)!r}"
    s += ' = ' + r['message']['text'] if 'message' in r else ''
    return s + ''.join(' ~ ' + repr(covered(p['artifactLocation'], a)) for a in l.get('annotations', []))

for r in run['results']:
    assert r['level'] in ('error', 'warning') and rules[r['ruleIndex']]['id'] == r['ruleId']
    assert len(r['locations']) <= 1
    print(r['level'], r['ruleId'], *map(place_text, r['locations']), '|', r['message']['text'])
    for l in r.get('relatedLocations', []):
        print('  note', place_text(l), '|', l['message']['text'])
    for f in r.get('fixes', []):
        for c in f['artifactChanges']:
            for x in c['replacements']:
                print('  fix', repr(covered(c['artifactLocation'], x['deletedRegion'])), '->', x['insertedContent']['text'])
print(*[os.path.basename(path(a['location'])) for a in artifacts], '| exit', run['invocations'][0]['exitCode'],
      'done' if run['invocations'][0]['executionSuccessful'] else 'not done')
