# run_docs.py ROOT FILE.md [--write]: runs the examples of a page in a scratch folder with inceptc in PATH and NETDEFS set to netdefs/.
#   ```net [NAME]  is kept as NAME (t.net without one) and must compile;  ```net NAME bad  is kept, and must not
#   ```c NAME      is kept
#   ```sh          is run by sh -e; it must end well
#   ```text        is what the block before it printed (standard output and error), exactly; a line "..." stands for any lines
# --write puts what was printed into the page, where no such line stands.
import os, re, subprocess, sys, tempfile
root, page = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
env = dict(os.environ, PATH=root + '/build:' + os.environ['PATH'], NETDEFS=root + '/netdefs', ROOT=root)
for name in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL'): # of the make that runs this: a make of the page begins anew
    env.pop(name, None)
blocks = re.findall(r'^```(\w+)([^\n]*)\n(.*?)^```$', open(page).read(), flags=re.M | re.S)
ran, write, new = 0, '--write' in sys.argv, []

def same(want, got):
    parts = [re.escape(p) for p in re.split(r'^\.\.\.\n', want, flags=re.M)]
    return re.fullmatch('(?:.*\n)*?'.join(parts), got) is not None

with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    printed = ''
    for kind, args, body in blocks:
        words = args.split()
        if kind in ('net', 'c'):
            name = words[0] if words else 't.net'
            open(name, 'w').write(body)
            if kind == 'c':
                continue
            p = subprocess.run(['inceptc', name, '--target=plain', '-o', 'doc.c'], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            bad = 'bad' in words
            printed = p.stdout
            assert (p.returncode == 1) == bad and p.returncode in (0, 1), f'{name}: exit {p.returncode}\n{body}{p.stdout}'
        elif kind == 'sh':
            p = subprocess.run(['sh', '-e'], input=body, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            printed = p.stdout
            assert p.returncode == 0, f'exit {p.returncode}\n{body}{printed}'
        elif kind == 'text' and write:
            new.append(body if '...' in body.split('\n') else printed)
        elif kind == 'text':
            assert same(body, printed), f'the page says\n{body}but it printed\n{printed}'
        else:
            raise AssertionError('a block of unknown kind: ' + kind)
        ran += 1
if write:
    text = re.sub(r'^(```text\n).*?^```$', lambda m: m[1] + new.pop(0) + '```', open(page).read(), flags=re.M | re.S)
    open(page, 'w').write(text)
print(ran, 'examples')
sys.exit(ran == 0)
