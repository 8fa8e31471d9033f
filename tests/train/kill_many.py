# kill_many.py N PROGRAM [SEED]: kill -9 at N random moments of a run that saves every five steps, each time gone on with.  Always there
# is a checkpoint, at most five steps are lost, nothing temporary stays, and the end is that of a run that was left alone.
# Where it stands: the files of train_data.py idx.
import glob, hashlib, json, os, random, re, shutil, subprocess, sys, time
n, program = int(sys.argv[1]), sys.argv[2]
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(10 ** 6)
draw, save_every, run = random.Random(seed), 5, 'killed/a'
options = ['train', '--save-every', str(save_every), '--log-interval', '1', '--val-interval', '10', '--experiment', 'a', '--epochs', '40']

def hash_of(folder):
    return hashlib.sha256(open(folder + '/last.safetensors', 'rb').read()).hexdigest()

def rows():
    try:
        lines = open(run + '/metrics.jsonl').read().split('\n')[:-1]
    except FileNotFoundError:
        return []
    return [json.loads(line)['step'] for line in lines]

def fail(text):
    sys.exit('seed %d: %s' % (seed, text))

began = time.time()
subprocess.run([program, *options, '-o', 'whole'], check=True, capture_output=True)
whole_s = time.time() - began
want, kills, resumed, most, finished = hash_of('whole/a'), 0, 0, 0, 0
shutil.rmtree('killed', ignore_errors=True)
before = None  # the last step that was logged before the kill
while kills < n or before is not None:
    p = subprocess.Popen([program, *options, '-o', 'killed', '--resume', 'auto'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        err = p.communicate(timeout=draw.uniform(0, 0.35 * whole_s) if kills < n else None)[1]
    except subprocess.TimeoutExpired:
        p.kill()
        err = p.communicate()[1]
    err = err.decode()
    if p.returncode not in (0, -9):
        fail('exit %d: %s' % (p.returncode, err))
    at = re.search(r'^resumed: .* step (\d+)$', err, re.M)
    if at or p.returncode == 0:
        lost = (before or 0) - (int(at.group(1)) if at else 0)
        resumed += at is not None
        most = max(most, lost)
        if before is not None and not 0 <= lost <= save_every:
            fail('%d steps are lost: %s' % (lost, err))
        before = None
    if p.returncode == -9:
        kills += 1
        steps = rows()
        before = steps[-1] if steps else before
        if steps != list(range(1, len(steps) + 1)):
            fail('metrics.jsonl has steps %s' % steps)
        if re.search(r'note: (?!.*; going on from last.safetensors.old$)', err, re.M):  # killed between two renames
            fail(err)
    else:
        finished += 1
        if hash_of(run) != want:
            fail('other weights than without kills')
        if rows() != list(range(1, 241)) or glob.glob(run + '/*tmp*') or glob.glob(run + '/*.old'):
            fail('rows %s, files %s' % (rows(), os.listdir(run)))
        if kills < n:
            shutil.rmtree('killed')
print('%d kills, %d resumed, %d came to the end with the same weights, 0 lost, at most %d steps done again (seed %d)' % (kills, resumed, finished, most, seed))
