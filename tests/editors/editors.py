# editors.py vim ROOT WORK | errors ROOT WORK | textmate ROOT | tokens ROOT FILE...: what the editors make of .net files.
#   vim       vim in batch mode: the groups at places.txt; every netdef without an error, comments, strings and statements in their groups
#   errors    vim's quickfix list of :make under :compiler inceptc against what inceptc prints; VS Code's problem matcher, too
#   textmate  the grammar's JSON and regular expressions, and its scopes at places.txt
#   tokens    line, column, length and scope of each coloured token: what tests/peers holds against VS Code's own engine
import glob, json, os, re, subprocess, sys
what, root, *rest = sys.argv[1:]
here, editors = root + '/tests/editors', root + '/tools/editors'

def places():
    lines = open(here + '/sample.net').read().split('\n')
    for p in open(here + '/places.txt').read().split('\n')[1:-1]:
        number, word, group, scope = p.split(' ')
        line = lines[int(number) - 1]
        found = re.search(r'(?<!\w)' + re.escape(word) + r'(?!\w)', line)
        yield int(number), found.start() + 1, word, group, scope

def vim(script, work):
    open(work + '/script.vim', 'w').write(script + '\nqall!\n')
    p = subprocess.run(['vim', '-es', '-u', 'NONE', '-i', 'NONE', '-N', '--cmd', 'set rtp^=' + editors + '/vim', '-S', work + '/script.vim'],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert p.returncode == 0, (p.returncode, p.stdout)
    return p.stdout.strip()

GROUPS = '''filetype plugin on
syntax on
let out = []
for job in json_decode(join(readfile('%s'), ''))
  let v:errmsg = ''
  execute 'silent edit ' . fnameescape(job.file)
  call add(out, [&filetype, v:errmsg, map(job.places, 'synIDattr(synID(v:val[0], v:val[1], 1), "name")')])
endfor
call writefile([json_encode(out)], '%s')'''

def groups(jobs, work):
    json.dump(jobs, open(work + '/jobs', 'w'))
    said = vim(GROUPS % (work + '/jobs', work + '/out'), work)
    assert not said, said
    out = json.load(open(work + '/out'))
    for job, (filetype, error, names) in zip(jobs, out):
        assert filetype == 'inceptc' and not error, (job['file'], filetype, error)
    return [names for _, _, names in out]

def netdefs():
    return sorted(glob.glob(root + '/netdefs/**/*.net', recursive=True))

def plain_places(path):  # of a netdef: (line, column, group) that any reader would say
    for number, line in enumerate(open(path).read().split('\n'), 1):
        string = re.search('"', line)
        comment = re.search(r'^[^"]*?(#)', line)
        statement = re.match('(net|conventions|param|default|module|input|output|expect|include|variant|data|train) ', line)
        if comment:
            yield number, comment.start(1) + 1, 'inceptcComment'
        elif string:
            yield number, string.start() + 1, 'inceptcString'
        if statement:
            yield number, 1, 'inceptcStatement'

def check_vim(work):
    own = list(places())
    plain = [list(plain_places(f)) for f in netdefs()]
    assert len(plain) >= 19 and all(len(p) > 3 for p in plain)
    jobs = [{'file': here + '/sample.net', 'places': [p[:2] for p in own]}]
    jobs += [{'file': f, 'places': [q[:2] for q in p]} for f, p in zip(netdefs(), plain)]
    names, *others = groups(jobs, work)
    for (line, col, word, want, _), got in zip(own, names):
        assert got == ('' if want == '-' else want), f'sample.net:{line}:{col}: {word} is {got!r}, not {want}'
    for f, p, got in zip(netdefs(), plain, others):
        assert [q[2] for q in p] == got, (f, [(a, b) for a, b in zip(p, got) if a[2] != b])

QUICKFIX = '''filetype plugin on
execute 'silent edit ' . fnameescape('%s')
silent make!
let out = map(filter(getqflist(), 'v:val.valid'), '[fnamemodify(bufname(v:val.bufnr), ":t"), v:val.lnum, v:val.col, v:val.type, v:val.text]')
call writefile([json_encode(out)], '%s')'''

def printed(path, work):  # what inceptc says itself
    p = subprocess.run(['inceptc', '--dump=graph', path], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=work)
    return p.stderr.split('\n')

def check_errors(work):
    matcher = json.load(open(editors + '/vscode/package.json'))['contributes']['problemMatchers'][0]['pattern']
    os.environ['PATH'] = root + '/build:' + os.environ['PATH']
    os.chdir(work)
    seen, count = set(), 0
    for path in sorted(glob.glob(root + '/tests/diag/[a-d]*.net')):
        local = os.path.join(work, "it's " + os.path.basename(path))
        os.symlink(path, local)
        want, problems = [], []
        for line in printed(local, work):
            m = re.match(r'(.*?):(\d+):(\d+): (error|warning|note): (.*)', line)
            if m:
                want.append([os.path.basename(m[1]), int(m[2]), int(m[3]), m[4][0], m[5]])
            m = re.match(matcher['regexp'], line)
            if m:
                problems.append([os.path.basename(m[matcher['file']]), int(m[matcher['line']]), int(m[matcher['column']]),
                                 m[matcher['severity']][0], m[matcher['message']]])
        assert want == problems, (path, want, problems)
        if not want:  # an error behind the graph
            continue
        count += 1
        vim(QUICKFIX % (local.replace("'", "''"), work + '/out'), work)
        got = json.load(open(work + '/out'))
        assert [g[:3] + [g[3].lower()] + g[4:] for g in got] == want, (path, got, want)
        seen |= {w[3] for w in want}
    assert seen == {'e', 'n'} and count >= 15, (seen, count)

def grammar():
    g = json.load(open(editors + '/vscode/syntaxes/inceptc.tmLanguage.json'))
    assert g['scopeName'] == 'source.inceptc' and g['patterns']
    return [(re.compile(p['match']), p) for p in g['patterns']]

def tokens(rules, line):  # as TextMate: the leftmost match, of several the first; (column, length, scope)
    at = 0
    while at < len(line):
        found = [(m.start(), i, m, p) for i, (r, p) in enumerate(rules) for m in [r.search(line, at)] if m and m.end() > m.start()]
        if not found:
            return
        _, _, m, p = min(found, key=lambda f: f[:2])
        for k, c in sorted(p.get('captures', {'0': p}).items()):
            yield m.start(int(k)), m.end(int(k)) - m.start(int(k)), c['name']
        at = m.end()

def check_textmate():
    rules = grammar()
    package = json.load(open(editors + '/vscode/package.json'))['contributes']
    for path in (package['grammars'][0]['path'], package['languages'][0]['configuration']):
        json.load(open(os.path.join(editors, 'vscode', path)))
    lines = open(here + '/sample.net').read().split('\n')
    for line, col, word, _, want in places():
        got = [s for c, n, s in tokens(rules, lines[line - 1]) if c <= col - 1 < c + n]
        assert got == ([] if want == '-' else [want + '.inceptc']), f'sample.net:{line}:{col}: {word} is {got}, not {want}'

if what == 'vim':
    check_vim(rest[0])
elif what == 'errors':
    check_errors(rest[0])
elif what == 'textmate':
    check_textmate()
else:
    rules = grammar()
    for path in rest:
        for number, line in enumerate(open(path).read().split('\n'), 1):
            for column, length, scope in tokens(rules, line):
                print(os.path.basename(path), number, column, length, scope)
