# faults.py IO_FAULTS PROGRAM SCENARIO [all]: what a training does when one of its calls on files goes wrong (io_faults.c): a call of
# each kind on each kind of file, or all calls.  Where it stands: the files of train_data.py idx, and those of folders and dirty in d.
#
# An error ends the run with status 3 and one message that names file and reason, or it is a note that does, or it is harmless: then the run's
# folder has everything that an undisturbed one leaves.  After any of it, and after a kill, --resume auto loses at most SAVE_EVERY steps and ends
# with the same weights.
import csv, errno, glob, hashlib, json, os, re, shutil, struct, subprocess, sys
tool, program, scenario = sys.argv[1:4]
every_call = sys.argv[4:] == ['all']
SAVE_EVERY = 5
run = 'runs/a'
command = [program, 'train', '--experiment', 'a', '--resume', 'auto', '--epochs', '2', '--save-every', str(SAVE_EVERY), '--log-interval', '1', '-j', '1', '--workers', '0']
if scenario == 'folders':
    command += ['--data-dir', 'd']
WRITES = ('create', 'write', 'fsync', 'ftruncate', 'fchmod', 'rename', 'unlink', 'mkdir')
FAULTS = {'EIO': None, 'ENOSPC': ('create', 'write', 'fsync', 'rename', 'mkdir'), 'ENOSPC+': ('create', 'write', 'mkdir'), 'EACCES': ('open', 'create', 'mkdir', 'access', 'stat'),
          'short': ('read', 'write'), 'torn': ('write',), 'before': None, 'after': WRITES}
FAST = ('EIO', 'ENOSPC+', 'short', 'torn', 'before')
KILLS = ('torn', 'before', 'after')
UNTIMED = ('images_per_second', 'wait_share', 'time')


def execute(fault='none', n=0):
    with open('out', 'wb') as out, open('err', 'wb') as err:
        code = subprocess.run([tool, 'calls', fault, str(n), *command], stdout=out, stderr=err).returncode
    return code, open('err', errors='replace').read()


def calls():
    """Name and file of every call, less the parts that differ from run to run."""
    return [tuple(re.sub(r'\.\d{10}\.\S*', '', line).split(' ', 2)[1:]) for line in open('calls', errors='replace').read().splitlines()]


def target(file):
    """The file as messages name it: what is written beside is known by its final name."""
    return re.sub(r'\.(tmp\.\d+\.\d+|old)$', '', file)


def kind(call):
    return call[0], re.sub(r'^(d/\w+)/.*\.', r'\1/N.', target(call[1]))


def events(path):
    """Step and size of each record."""
    data, at, found = open(path, 'rb').read(), 0, []
    while at < len(data):
        size, = struct.unpack_from('<Q', data, at)
        record = data[at + 12:at + 12 + size]
        found.append((record[9:12] if record[9:10] == b'\x10' else b'', size))
        at += 16 + size
    return found


def read(path):
    return open(path, 'rb').read()


def rows(path):
    """Rows without what depends on the clock."""
    if path.endswith('.csv'):
        table = list(csv.DictReader(open(path)))
    else:
        table = [json.loads(line) for line in open(path).read().splitlines()]
    return [{k: v for k, v in r.items() if k not in UNTIMED} for r in table]


def state():
    """All that a run leaves, less what depends on the clock."""
    found = {'out': read('out')}
    for path in sorted(glob.glob(run + '/**', recursive=True)):
        if 'tfevents' in path:
            found.setdefault(os.path.dirname(path) + '/events', []).extend(events(path))
        elif os.path.isfile(path) and '.tmp.' not in path:
            found[path] = rows(path) if path.endswith(('/log.csv', '.jsonl')) else read(path)
    return found


def hash_of():
    return hashlib.sha256(read(run + '/last.safetensors')).hexdigest()


def last_logged():
    try:
        return max([json.loads(line)['step'] for line in open(run + '/metrics.jsonl').read().split('\n')[:-1]], default=0)
    except OSError:
        return 0


def restore():
    shutil.rmtree('runs', ignore_errors=True)
    if os.path.isdir('base'):
        shutil.copytree('base', 'runs')


def messages(err):
    return [line for line in err.splitlines() if re.match(r'tiny: (error|note): ', line)]


def explains(line, file, fault):
    return target(file) in line and os.strerror(getattr(errno, fault.rstrip('+'))) in line


def is_listed(file, fault, err):
    """A picture that was left out stands in the list, and standard error points to it."""
    bad = run + '/bad_images.txt'
    return file.startswith('d/') and 'left out: ' + bad in err and os.path.exists(bad) and any(explains(l, file, fault) for l in open(bad, errors='replace'))


def judge_error(fault, call, code, err):
    """None, or what is wrong."""
    said = messages(err)
    errors = [m for m in said if 'error' in m[:12]]
    if code not in (0, 3):
        return 'exit status %d' % code
    if code and call[1] == 'err' and '+' not in fault:
        return 'exit status %d for want of standard error' % code
    if (code != 0) != (len(errors) == 1):
        return 'exit status %d and %d errors' % (code, len(errors))
    whole = code == 0 and state() == undisturbed
    wanted = 'standard output' if call[1] == 'out' else call[1]
    if whole or is_listed(call[1], fault, err) or any(explains(m, wanted, fault) for m in (errors if errors and '+' not in fault else said)):
        return None
    return 'it is silent about it' if not said else 'no message names file and reason'


def judge_resume(fault, call, logged, err_before):
    shorter = is_listed(call[1], fault, err_before) if fault not in KILLS and fault != 'short' else False
    code, err = execute()
    if code:
        return 'not to be resumed: exit status %d' % code
    at = re.search(r'^resumed: .* step (\d+)$', err, re.M)
    lost = logged - (int(at.group(1)) if at else 0)
    if 'nothing is left to do' not in err and not 0 <= lost <= SAVE_EVERY:
        return '%d steps are lost' % lost
    if not shorter and hash_of() != want:
        return 'other weights in the end'
    left = [f for f in glob.glob(run + '/**', recursive=True) if re.search(r'\.tmp\.|\.old$', f)]
    if left:
        return 'temporary files are left: %s' % left
    if fault in KILLS and [r['step'] for r in rows(run + '/metrics.jsonl')] != list(range(1, steps + 1)):
        return 'rows of metrics.jsonl are missing or there twice'
    if fault in KILLS and [r['epoch'] for r in rows(run + '/log.csv')] != ['1', '2']:
        return 'rows of log.csv are missing or there twice'
    notes = [m for m in messages(err) if 'left out' not in m and not m.endswith('; going on from last.safetensors.old')]  # killed between two renames
    return 'after a kill it notes something' if fault in KILLS and notes else None


def attempt(fault, n, call):
    restore()
    code, err = execute(fault, n)
    if code == 137 and fault not in KILLS or code > 128 and code != 137:
        print('%s at call %d (%s %s): ended by signal %d' % (fault, n, *call, code - 128))
        return True
    logged = last_logged()
    if fault in KILLS:
        wrong = None if code == 137 else 'exit status %d, not killed' % code
    elif fault == 'short':
        wrong = None if code == 0 and state() == undisturbed else 'a short %s: exit status %d, or another result' % (call[0], code)
    else:
        wrong = judge_error(fault, call, code, err)
    again = judge_resume(fault, call, logged, err)
    outcomes[(fault, 'killed' if code == 137 else 'error' if code else 'note' if [m for m in messages(err) if 'left out' not in m] else 'harmless')] += 1
    wrong = wrong or (again and 'then: ' + again)
    if wrong:
        print('%s at call %d (%s %s): %s\n    %s' % (fault, n, *call, wrong, '\n    '.join(messages(err)) or '(no message)'), flush=True)
    return wrong is not None


def make_base():
    """resumed: a run that was killed one step behind its first checkpoint."""
    execute()
    want_row = [i for i, c in enumerate(calls(), 1) if c == ('write', run + '/metrics.jsonl')][SAVE_EVERY]
    shutil.rmtree('runs')
    code, _ = execute('after', want_row)
    assert code == 137, code
    os.rename('runs', 'base')


def sample():
    """The last call of each kind, where most can be lost, and the first of those that only look; with folders what other scenarios lack."""
    mine = [(n, c) for n, c in enumerate(all_calls, 1) if scenario != 'folders' or c[1].startswith('d/') or 'bad_images' in c[1]]
    first = {kind(c): n for n, c in reversed(mine) if c[0] not in WRITES}
    return sorted({*{kind(c): n for n, c in mine}.values(), *first.values()})


class Counts(dict):
    def __missing__(self, key):
        return 0


for f in ('runs', 'base'):
    shutil.rmtree(f, ignore_errors=True)
if scenario == 'resumed':
    make_base()
restore()
code, err = execute()
assert code == 0, err
undisturbed, want, steps, all_calls, outcomes = state(), hash_of(), last_logged(), calls(), Counts()
chosen = range(1, len(all_calls) + 1) if every_call else sample()
bad = tried = 0
for fault, names in FAULTS.items() if every_call else [(f, FAULTS[f] or (WRITES if f in KILLS else None)) for f in FAST]:
    for n in chosen:
        call = all_calls[n - 1]
        if names is None or call[0] in names:
            tried += 1
            bad += attempt(fault, n, call)
print('%s: %d calls, %d faults tried: %s' % (scenario, len(all_calls), tried, ', '.join('%s %d %s' % (k[0], v, k[1]) for k, v in sorted(outcomes.items()))))
print('%d wrong' % bad)
sys.exit(bad > 0 or tried < 50)
