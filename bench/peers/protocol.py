# What every peer shares: NAME_peer.py JOB, started by bench/peers.py under the peer's own Python, calls serve(load) at its end.
# JOB is JSON: onnx, x (the picture as .npy, 1 x C x H x W), folder (for converted files), mode, threads, batch, packages, convert.
#   convert  convert(job), if the peer has one, makes its files under job.folder and returns the paths that are deployed
#   else     load(job, x) returns a function that computes the logits of the batch x; the process says what its first result cost,
#            then for each line "SECONDS" on standard input runs that long (two runs before, five at least unless they are slow, as
#            `./net bench` does) and says each run's seconds and the processor's. It lives until its standard input ends.
# Answers are JSON, a line each, on standard output; what libraries print there goes to standard error instead.
import hashlib, json, os, sys, time
from importlib.metadata import distribution
from types import SimpleNamespace

RUNS_BEFORE, RUNS_MIN, SLOW = 2, 5, 4 # SLOW: the runs that complete RUNS_MIN begin within so many times the seconds


def peak_memory_bytes():
    for line in open('/proc/self/status'):
        if line.startswith('VmHWM'):
            return int(line.split()[1]) * 1024


def versions(packages):
    return {p: distribution(p).version for p in packages}


def library_bytes(packages):
    """The files that the packages put on the disk, byte code aside."""
    files = {os.path.realpath(f.locate()) for p in packages for f in distribution(p).files if not str(f).endswith('.pyc')}
    return sum(os.path.getsize(f) for f in files if os.path.exists(f))


def timed(run, seconds):
    """The seconds of each run, for `seconds` together, and how many runs were made, those before included."""
    begin, calls = time.perf_counter(), 0
    while calls < RUNS_BEFORE and time.perf_counter() - begin < seconds:
        run()
        calls += 1
    runs, begin = [], time.perf_counter()
    last = begin
    while not runs or last - begin < seconds or len(runs) < RUNS_MIN and last - begin < SLOW * seconds:
        run()
        now = time.perf_counter()
        runs.append(now - last)
        last = now
    return runs, calls + len(runs)


def source_key(job):
    """Of all that a conversion depends on: the network's file, the packages, the peer's own text."""
    key = hashlib.sha256(repr((versions(job.packages), job.mode, job.threads, job.batch)).encode())
    for path in (job.onnx, sys.argv[0]):
        with open(path, 'rb') as f:
            key.update(f.read())
    return key.hexdigest()


def converted_files(convert, job):
    """What convert(job) returned, now or at an earlier call for the same: some need minutes."""
    mark, key = job.folder + '/converted.json', source_key(job)
    if os.path.exists(mark):
        with open(mark) as f:
            done = json.load(f)
        if done['key'] == key:
            return done['files']
        os.remove(mark)
    files = convert(job)
    with open(mark, 'w') as f:
        json.dump({'key': key, 'files': files}, f)
    return files


def converted(convert, job):
    files = converted_files(convert, job) if convert else [job.onnx]
    return {'versions': versions(job.packages), 'library_bytes': library_bytes(job.deploys),
            'model_bytes': sum(os.path.getsize(f) for f in files)}


def opened(load, job):
    """The loaded network's run, and what the first result cost: imports, loading, compiling, one run."""
    import numpy as np
    x = np.ascontiguousarray(np.repeat(np.load(job.x), job.batch, 0))
    begin = time.perf_counter()
    run = load(job, x)
    y = np.asarray(run())
    first = time.perf_counter() - begin
    logits = y.reshape(job.batch, -1)[-1].tolist()
    return run, {'first_seconds': first, 'logits': logits}


def channel():
    """answer(**what), which writes an answer; what libraries print goes to standard error from now on."""
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)

    def answer(**what):
        answers.write(json.dumps(dict(what, memory_bytes=peak_memory_bytes())) + '\n')
        answers.flush()

    return answer


def serve_turns(answer, run):
    for line in sys.stdin:
        before = time.process_time()
        runs, calls = timed(run, float(line))
        answer(seconds=runs, calls=calls, cpu_seconds=time.process_time() - before)


def serve_run(make):
    """Serves a process without a JOB: make() returns its run and what the first answer says."""
    answer = channel()
    try:
        run, first = make()
        answer(**first)
        serve_turns(answer, run)
    except Exception as e:
        refuse(answer, e)


def refuse(answer, e):
    answer(error='%s: %s' % (type(e).__name__, ' '.join(str(e).split())[:300]))
    sys.exit(1)


def serve(load, convert=None):
    answer = channel()
    try:
        job = SimpleNamespace(**json.loads(sys.argv[1]))
        if job.convert:
            answer(**converted(convert, job))
            return
        run, first = opened(load, job)
        answer(**first)
        serve_turns(answer, run)
    except Exception as e:
        refuse(answer, e)
