# pictures.py CASE ROOT: -o FILE.dot, .svg and .html. CASE: dot, page, advice, mistakes, measured.
import html.parser, json, os, re, subprocess, sys
import xml.etree.ElementTree as ET
case, root = sys.argv[1:]
inceptc = root + '/build/inceptc'
NETS = sorted(root + '/netdefs/' + f for f in os.listdir(root + '/netdefs') if f.endswith('.net'))

def run(*args, code=0, **env):
    p = subprocess.run([inceptc, *args], capture_output=True, text=True, env=dict(os.environ, **env))
    assert p.returncode == code, f'{args}: exit {p.returncode}\n{p.stderr}'
    return p.stderr

def summary(net):
    s = json.loads(subprocess.run([inceptc, 'summary', net, '--json'], capture_output=True, text=True, check=True).stdout)
    layers, modules = [], []
    def walk(items):
        for i in items:
            (modules if 'layers' in i else layers).append(i)
            walk(i.get('layers', []))
    walk(s['layers'])
    return s, layers, modules

def check_dot():
    for net in NETS:
        s, layers, modules = summary(net)
        run(net, '-o', 'n.dot')
        p = subprocess.run(['dot', '-Tsvg', 'n.dot', '-o', 'own.svg'], capture_output=True, text=True)
        assert p.returncode == 0 and not p.stderr, (net, p.stderr)
        svg = ET.parse('own.svg').getroot()
        groups = [g.get('class') for g in svg.iter('{http://www.w3.org/2000/svg}g')]
        assert groups.count('node') == len(layers) + 1 and groups.count('cluster') == len(modules), net
        assert groups.count('edge') == sum(len(l['inputs']) for l in layers), net
        texts = ' '.join(t.text or '' for t in svg.iter('{http://www.w3.org/2000/svg}text'))
        assert all('x'.join(map(str, l['shape'])) in texts and l['name'] in texts for l in layers), net
        identifiers = re.sub(r'label=<.*?>(?=[;\]])|"(?:[^"\\]|\\.)*"', '', open('n.dot').read()) # what is left: Graphviz's words, no name of ours
        assert not set(re.findall(r'\w+', identifiers)) - set('digraph rankdir TB node shape box style filled fontname fontsize 11 12 margin graph color rounded edge '
                                                             'ellipse fillcolor label subgraph'.split()), net
    run(NETS[0], '-o', 'n.svg')
    ET.parse('n.svg')

class Page(html.parser.HTMLParser):
    """Tags must close in order; nothing may be fetched; ids are unique and links lead to them."""
    VOID = {'meta'}
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.boxes, self.rows, self.rects, self.text = [], set(), set(), 0, 0, 0, []
    def handle_startendtag(self, tag, attrs):
        self.look(tag, dict(attrs))
    def handle_starttag(self, tag, attrs):
        assert tag not in self.VOID, tag
        self.open.append(tag)
        self.look(tag, dict(attrs))
    def look(self, tag, attrs):
        assert not {'src', 'srcset', 'data', 'action', 'poster', 'background', 'xlink:href'} & set(attrs) and tag not in ('link', 'iframe', 'img', 'base'), (tag, attrs)
        if 'id' in attrs:
            assert attrs['id'] not in self.ids, attrs
            self.ids.add(attrs['id'])
        if 'href' in attrs:
            assert attrs['href'].startswith('#'), attrs
            self.links.add(attrs['href'][1:])
        self.boxes += attrs.get('class', '').startswith('box ')
        self.rows += tag == 'tr' and 'id' in attrs
        self.rects += tag == 'rect'
    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()
    def handle_data(self, data):
        self.text.append(data)

def check_page():
    for net in NETS:
        s, layers, modules = summary(net)
        run(net, '-o', 'n.html')
        text = open('n.html').read()
        assert len(text) < 1_000_000, net
        assert not re.search(r'(?:https?:)?//\w|@import|url\(|fetch\(|XMLHttpRequest|\beval\(', text), net
        page = Page()
        page.feed(text)
        page.close()
        assert not page.open and page.links <= page.ids, (net, page.open, page.links - page.ids)
        assert page.boxes == page.rows == len(layers) and page.rects > 3, net # every layer once in the figure and once in the table
        assert text.count('<details') == len(modules), net
        words = set(page.text)
        for l in layers:
            assert l['path'] in words and (not l['macs'] or f"{l['macs']:,}" in words), (net, l['path'])
    assert 'default-src \'none\'' in text

class Advice(html.parser.HTMLParser):
    """What stands in the page's section of advice: its text, links with theirs, and fixes as they are to be pasted."""
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.inside, self.tag, self.kinds, self.links, self.fixes, self.text, self.href = False, '', [], [], [], '', None
        self.feed(text)
        self.close()
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.inside |= attrs.get('id') == 'advice'
        if not self.inside:
            return
        if tag == 'article':
            self.kinds.append(attrs['id'])
        if tag == 'pre':
            self.fixes.append('')
        self.tag, self.href = tag, attrs.get('href')
    def handle_endtag(self, tag):
        self.inside &= tag != 'section'
        self.tag = ''
    def handle_data(self, data):
        if not self.inside:
            return
        if self.tag == 'a':
            self.links.append((data, self.href))
        if self.tag == 'pre':
            self.fixes[-1] += data
        self.text += ' ' + data

def check_advice():
    """Everything that `advise --json` says stands in the page, numbers and all, and its layers lead to their rows."""
    kinds_of_tests = root + '/tests/advice/kinds/'
    silent = findings = 0
    for net in NETS + sorted(kinds_of_tests + f for f in os.listdir(kinds_of_tests) if f.endswith('.net')):
        want = json.loads(subprocess.run([inceptc, 'advise', net, '--json'], capture_output=True, text=True, check=True).stdout)
        run(net, '-o', 'n.html')
        text = open('n.html').read()
        page = Page()
        page.feed(text)
        assert not page.open and page.links <= page.ids and 'advice' in page.links, net
        rows = {m[1]: html.unescape(m[2]) for m in re.finditer(r'<tr id="(r\d+)"[^>]*><td>(.*?)</td>', text)}
        got = Advice(text)
        body = ' '.join(got.text.split())
        assert got.kinds == [k['kind'] for k in want['advice']], (net, got.kinds)
        assert got.fixes == [f['variant'] for k in want['advice'] for f in k['fixes'] if f['variant']], net
        assert [l for l, _ in got.links] == [l for k in want['advice'] for f in k['findings'] for l in f['layers']], net
        assert all(rows[href[1:]] == layer for layer, href in got.links), net
        for k in want['advice']:
            expected = [k['help'], k['why'], 'Source: ' + k['source'], '-W' + k['kind']] + [k['no_fix']] * bool(k['no_fix'])
            for f in k['findings']:
                findings += 1
                place = f['location']
                expected += [(f"{place['file']}:{place['line']}:{place['column']} " if place else '') + f['message']] + [f['facts']] * bool(f['facts'])
                expected += [f"{f['macs']:,} multiply-accumulates ({100 * f['macs'] / want['totals']['macs']:.1f} % of the network), {f['parameters']:,} parameters"] * bool(f['macs'])
            for f in k['fixes']:
                expected += [f['what']] + [f['failed']] * bool(f['failed']) + [u['why'] for u in f['unmended']]
                if f['variant']:
                    expected += [f"{name} {want['totals'][key]:,} -> {f['totals'][key]:,} (" for name, key in
                                 (('parameters', 'parameters'), ('multiply-accumulates', 'macs'), ('activation elements', 'activation_elements'))]
            for e in expected:
                assert ' '.join(e.split()) in body, (net, k['kind'], e)
        silent += not want['advice']
        assert ('No advice: no rule has anything to say.' in body) == (not want['advice']), net
    print(findings, 'findings,', silent, 'pages without')
    assert findings > 80 and silent > 2
    hostile = '<b>&"x\'.net' # a name that would be markup
    open(hostile, 'w').write(open(kinds_of_tests + 'large-kernel.bad.net').read())
    run(hostile, '-o', 'n.html')
    page = Page()
    page.feed(open('n.html').read())
    assert not page.open and hostile + ':' in Advice(open('n.html').read()).text and '<b>&"' not in open('n.html').read()

def check_measured():
    net = root + '/netdefs/fashion.net'
    run(net, '--target', 'native', '-o', 'net')
    bench = subprocess.run(['./net', 'bench', '--seed', '1', '--layers', '--json', '--seconds', '0.1'], capture_output=True, text=True, check=True).stdout
    open('m.json', 'w').write(bench)
    run(net, '--target', 'native', '-o', 'n.html', '--measured', 'm.json')
    rows = re.findall(r'<tr id="r\d+".*?</tr>', open('n.html').read(), re.S)
    got = sum(float(re.findall(r'data-v="([^"]*)"', r)[-1]) for r in rows)
    steps = [l for l in json.loads(bench)['layers'] if l['layer'] not in ('input', 'output')]
    assert abs(got - 1e3 * sum(l['seconds'] for l in steps)) < 1e-6 * len(rows), got
    assert 'measured ms' in open('n.html').read()
    other = run(root + '/netdefs/googlenet.net', '--target', 'native', '-o', 'o.html', '--measured', 'm.json', code=1)
    assert "m.json: step 1 is 'stem' there and 'stem.conv7x7' here" in other and not os.path.exists('o.html'), other
    open('bad.json', 'w').write(bench[:200])
    assert 'bad.json, byte ' in run(net, '--target', 'native', '-o', 'o.html', '--measured', 'bad.json', code=1)
    plain = json.loads(bench)
    del plain['layers']
    json.dump(plain, open('none.json', 'w'))
    assert 'bench --layers --json' in run(net, '-o', 'o.html', '--measured', 'none.json', code=1)
    assert 'cannot read' in run(net, '-o', 'o.html', '--measured', 'nothing.json', code=3)
    assert '-o FILE.html' in run(net, '-o', 'o.svg', '--measured', 'm.json', code=2)

def check_mistakes():
    net = root + '/netdefs/fashion.net'
    said = run(net, '-o', 'n.svg', code=3, PATH='/nonexistent')
    assert 'package graphviz' in said and not os.listdir('.'), (said, os.listdir('.'))
    os.mkdir('bin')
    open('bin/dot', 'w').write('#!/bin/sh\nexit 1\n')
    os.chmod('bin/dot', 0o755)
    open('n.svg', 'w').write('old')
    assert "'dot' failed" in run(net, '-o', 'n.svg', code=3, PATH=os.getcwd() + '/bin') and open('n.svg').read() == 'old' and sorted(os.listdir('.')) == ['bin', 'n.svg']
    for name in ('n.dot', 'n.html', 'n.svg'):
        assert 'cannot write' in run(net, '-o', 'no/' + name, code=3)
    open('bad.net', 'w').write('net b\nconventions torch\ninput x 3x9x9\ny = conv 3x3 0\noutput y\n')
    assert 'bad.net:4' in run('bad.net', '-o', 'b.html', code=1) and not os.path.exists('b.html')
    os.symlink('/dev/full', 'full.html')
    assert 'full.html' in run(net, '-o', 'full.html', code=3)

globals()['check_' + case]()
