# The two kinds of row that bench/peers.py times, with the same methods:
#   prepare(net)          what is done once a network; raises Refused with a reason
#   open(threads, batch)  a fresh process to its first result: {first_seconds, memory_bytes, logits}
#   turn(seconds)         {seconds: each run's, memory_bytes, cpu_seconds}
#   close()
import json, os, re, resource, subprocess, time
from machine import ROOT
from served import Refused, Served

VENVS = ROOT + '/build/bench-peers'


def output(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode:
        raise Refused('%s: exit %d: %s' % (os.path.basename(command[0]), done.returncode, ' '.join(done.stderr.split())[-200:]))
    return done.stdout


class Net:
    """A network's files: its weights (batch norms calibrated on a picture), ONNX, the picture, the interpreter's logits."""

    def __init__(self, name):
        import numpy as np
        self.name, self.netdef, self.folder = name, '%s/netdefs/%s.net' % (ROOT, name), '%s/work/%s' % (VENVS, name)
        self.weights, self.onnx, self.x = (self.folder + f for f in ('/w.safetensors', '/net.onnx', '/x.npy'))
        os.makedirs(self.folder, exist_ok=True)
        inceptc, picture = ROOT + '/build/inceptc', ROOT + '/demo/cat.png'
        output(inceptc, 'weights', 'init', self.netdef, '--seed', '3', '-o', 'fresh.safetensors', cwd=self.folder)
        with open(self.folder + '/graph.txt', 'w') as f:
            f.write(output(inceptc, self.netdef, '--dump=graph'))
        output('/usr/bin/python3', ROOT + '/tests/nets/shift_beta.py', 'fresh.safetensors', 'start.safetensors', 'graph.txt', cwd=self.folder)
        output(inceptc, 'run', self.netdef, picture, '--weights', 'start.safetensors', '--calibrate', self.weights, '-o', 'double.npy', cwd=self.folder)
        output(inceptc, self.netdef, '-o', self.onnx, '--weights', self.weights)
        with open(self.folder + '/graph.txt') as f:
            image = re.search(r'^input (\w+)', f.read(), re.M).group(1)
        output(inceptc, 'run', self.netdef, picture, '--weights', self.weights, '--tensor', image, '-o', self.x)
        np.save(self.x, np.load(self.x)[None])
        self.double = np.load(self.folder + '/double.npy').ravel().tolist()


def levels():
    """(name, options of inceptc): each level of numerics, or what there is without levels."""
    if '--numerics' in output(ROOT + '/build/inceptc', '--help', 'all'):
        return [(level, ['--numerics', level]) for level in ('fast', 'safe', 'exact')]
    return [('exact', [])]


class Ours:
    """The program of one level. Each turn is a process of its own, so that its pages are laid anew."""
    ours = True

    def __init__(self, level, options):
        self.name, self.options = level, options

    def prepare(self, net):
        self.net, self.program = net, '%s/net-%s' % (net.folder, self.name)
        output(ROOT + '/build/inceptc', net.netdef, *self.options, '-o', self.program)
        return {'versions': {}, 'model_bytes': os.path.getsize(net.weights), 'library_bytes': os.path.getsize(self.program)}

    def measured(self, *arguments):
        """What the command printed, and its peak memory: by time(1), since a child's peak begins with its parent's."""
        memory = self.net.folder + '/memory.txt'
        text = output('/usr/bin/time', '-o', memory, '-f', '%M', self.program, *arguments, '--weights', self.net.weights, *self.threads)
        with open(memory) as f:
            return text, 1024 * int(f.read().split()[-1])

    def open(self, threads, batch):
        import numpy as np
        self.threads, self.batch = ['--threads', str(threads)], batch
        image, logits = self.net.folder + '/image.npy', self.net.folder + '/logits.npy'
        np.save(image, np.load(self.net.x)[0])
        begin = time.perf_counter()
        memory = self.measured('predict', *[image] * batch, '--logits', logits)[1]
        first = time.perf_counter() - begin
        return {'first_seconds': first, 'memory_bytes': memory, 'logits': np.load(logits).reshape(batch, -1)[-1].tolist()}

    def turn(self, seconds):
        before = children_seconds()
        text, memory = self.measured('bench', '--json', '--seconds', str(seconds), '--batch', str(self.batch))
        return {'seconds': json.loads(text)['run_seconds'], 'memory_bytes': memory, 'cpu_seconds': children_seconds() - before}

    def close(self):
        pass


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Peer(Served):
    """One mode of bench/peers/NAME_peer.py."""
    ours = False

    def __init__(self, script, mode):
        self.script, self.peer, self.mode = script, os.path.basename(script)[:-len('_peer.py')], mode
        self.name = ' '.join([self.peer, mode]).strip()
        self.packages = head_words(script, 'packages') + head_words(script, 'packages-alone')

    def prepare(self, net):
        self.net, self.refused = net, {} # for each batch: why its conversion failed, or None
        if not os.path.exists('%s/%s/installed' % (VENVS, self.peer)):
            raise Refused('not installed: ' + installer_words(self.peer))
        return self.convert(1)

    def convert(self, batch):
        self.refused[batch] = None
        try:
            return self.begin(1, batch, convert=True)
        except Refused as e:
            self.refused[batch] = e
            raise
        finally:
            self.close()

    def begin(self, threads, batch, convert=False):
        """A new process, and its first answer. Each batch has a folder, since some conversions are for one batch."""
        folder = '%s/%s-batch-%d' % (self.net.folder, self.name.replace(' ', '-'), batch)
        os.makedirs(folder, exist_ok=True)
        job = {'onnx': self.net.onnx, 'x': self.net.x, 'folder': folder, 'mode': self.mode, 'threads': threads, 'batch': batch,
               'packages': [p.split('==')[0] for p in self.packages], 'deploys': head_words(self.script, 'deploys'), 'convert': convert}
        return self.start(['%s/%s/bin/python' % (VENVS, self.peer), self.script, json.dumps(job)], folder + '/log.txt', threads, folder)

    def open(self, threads, batch):
        if batch not in self.refused:
            self.convert(batch)
        if self.refused[batch]:
            raise self.refused[batch]
        answer = self.begin(threads, batch)
        self.pause()
        return answer


def head_words(script, key):
    """The words of the line "# key: words" in the peer's head."""
    with open(script) as f:
        return [w for line in f if line.startswith('# %s:' % key) for w in line.split(':', 1)[1].split()]


def installer_words(peer):
    """The last error in what pip said."""
    path = '%s/%s.log' % (VENVS, peer)
    lines = [line.strip() for line in open(path)] if os.path.exists(path) else []
    return ([line for line in lines if 'ERROR' in line or 'error' in line] or lines or ['nobody has tried'])[-1][:200]
