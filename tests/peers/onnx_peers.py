# onnx_peers.py NET|random-SEED...: the ONNX files of networks before their judges from the package registry: onnx.checker with
# full_check, and ONNX Runtime, whose logits must be ours to 1e-4 of their deviation.
#   NET          one of netdefs/, on three photographs: with and without batch norms folded, against the compiled program, and on the
#                first against the interpreter in double; then equal top-1 on 200 crops, mirrored, dimmed and noisy ones, and noise, with
#                logits of mean 0 over the inputs, so that many classes win
#   random-SEED, corners-NAME  a network of tests/random/make_net.py or tests/onnx/corners/ against the interpreter, alone and in a
#                batch of three
# Netron's own reader must open each file, too.
# Runs under build/peers/bin/python; prints a line per network.
import importlib.util, os, re, subprocess, sys, tempfile
import numpy as np, onnx, onnxruntime
from PIL import Image
from formula import header_of

root = os.path.abspath(os.path.dirname(__file__) + '/../..')
netron = os.path.dirname(importlib.util.find_spec('netron').origin)
skimage = os.path.dirname(importlib.util.find_spec('skimage').origin) # its photographs alone: coffee and rocket are CC0
photographs = [root + '/demo/cat.png', skimage + '/data/coffee.png', skimage + '/data/rocket.jpg']
N_INPUTS, TOLERANCE = 200, 1e-4

def run(*command, **more):
    subprocess.run([root + '/build/inceptc' if c == 'inceptc' else c for c in command], check=True, stdout=subprocess.DEVNULL, **more)

def distance(a, b):
    """Largest difference by b's deviation, that of logits which all but agree by their size."""
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    assert a.size == b.size and np.isfinite(a).all()
    return np.abs(a - b).max() / max(b.std(), 1e-3 * np.abs(b).max(), 1e-30)

def check_netron(model):
    """Netron's reader shows all nodes, and a shape on every value."""
    seen = subprocess.run(['node', root + '/tests/peers/netron_open.mjs', netron, 'net.onnx'], check=True, capture_output=True, text=True).stdout.split()
    assert [int(v) for v in seen[:2]] == [len(model.graph.node), sum(len(n.output) for n in model.graph.node)], 'Netron: ' + str(seen)

def export(net, flags):
    run('inceptc', net, '-o', 'net.onnx', '--weights', 'w.safetensors', *flags)
    model = onnx.load('net.onnx')
    onnx.checker.check_model(model, full_check=True)
    assert model.SerializeToString() == open('net.onnx', 'rb').read(), 'not the bytes of the reference serializer'
    check_netron(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return model, onnxruntime.InferenceSession('net.onnx', options, providers=['CPUExecutionProvider'])

def outputs(session, x):
    """What `output` computes, and the logits: the last output."""
    y = session.run(None, {session.get_inputs()[0].name: x})
    return y[0].reshape(len(x), -1), y[-1].reshape(len(x), -1)

# ---- Networks ----

def calibrated_weights(net):
    run('inceptc', net, '-o', 'net')
    run('./net', 'init', '--seed', '3', '-o', 'fresh.safetensors')
    with open('graph.txt', 'w') as f:
        subprocess.run([root + '/build/inceptc', net, '--dump=graph'], check=True, stdout=f)
    run('/usr/bin/python3', root + '/tests/nets/shift_beta.py', 'fresh.safetensors', 'start.safetensors', 'graph.txt')
    run('inceptc', 'run', net, photographs[0], '--weights', 'start.safetensors', '--calibrate', 'w.safetensors', '-o', 'double.npy')

def prepared(net, name):
    """The photographs as the network's view prepares them."""
    x = []
    for p in photographs:
        run('inceptc', 'run', net, p, '--weights', 'w.safetensors', '--tensor', name, '-o', 'x.npy')
        x.append(np.load('x.npy'))
    return x

def variation(r, i, c, h, w, meta):
    """Input i: a crop of a photograph, mirrored, dimmed or noisy by chance; every tenth is noise. Scaled as the file says."""
    if i % 10 == 9:
        pixels = r.randint(0, 256, (h, w, c)).astype(np.float32)
    else:
        image = Image.open(photographs[i % len(photographs)]).convert('RGB')
        side = r.randint(min(image.size) // 3, min(image.size))
        x, y = r.randint(image.size[0] - side), r.randint(image.size[1] - side)
        pixels = np.asarray(image.crop((x, y, x + side, y + side)).resize((w, h), Image.BILINEAR), np.float32)
        pixels = pixels[:, ::r.choice([-1, 1])] * r.uniform(0.5, 1) + r.normal(0, r.choice([0, 20]), (h, w, c))
    mean, std = ([float(v) for v in meta[k].split(',')] for k in ('mean', 'std'))
    if meta['channels'] == 'bgr':
        pixels = pixels[..., ::-1]
    scale = 255 if meta['pixels'] == '0..1' else 1
    return np.ascontiguousarray(((pixels / scale - mean) / std).transpose(2, 0, 1)[None], np.float32)

def centre(net, x):
    """Takes from the last bias in w.safetensors the mean of what it is added to, over x, by ONNX Runtime: random weights alone
    would give all pictures the same class."""
    model = export(net, ['--onnx-unfused'])[0]
    last = [n for n in model.graph.node if n.op_type in ('Gemm', 'BatchNormalization')][-1]
    if last.output[0] not in [o.name for o in model.graph.output]:
        model.graph.output.append(onnx.helper.make_tensor_value_info(last.output[0], onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    mean = np.mean([session.run([last.output[0]], {session.get_inputs()[0].name: i})[0] for i in x], axis=(0, 1))
    head, data, at = header_of('w.safetensors')
    a, b = (at + o for o in head[last.input[2]]['data_offsets'])
    moved = (np.frombuffer(data[a:b], '<f4') - mean).astype('<f4')
    open('w.safetensors', 'wb').write(data[:a] + moved.tobytes() + data[b:])

def program_logits(names):
    run('./net', 'predict', *names, '--weights', 'w.safetensors', '--threads', '2', '--logits', 'ours.npy')
    return np.load('ours.npy')

def top1(net, model):
    """How many of N_INPUTS have another top-1 class, how many classes there were, and the largest distance; in batches of 8."""
    meta = {p.key: p.value for p in model.metadata_props}
    c, h, w = (int(v) for v in meta['input'].split('x'))
    r = np.random.RandomState(7)
    names = ['in%d.npy' % i for i in range(N_INPUTS)]
    for i, f in enumerate(names):
        np.save(f, variation(r, i, c, h, w, meta))
    centre(net, [np.load(f) for f in names[::5]])
    ours = program_logits(names)
    session = export(net, [])[1]
    theirs = np.concatenate([outputs(session, np.concatenate([np.load(f) for f in names[i:i + 8]]))[1] for i in range(0, N_INPUTS, 8)])
    return int((ours.argmax(1) != theirs.argmax(1)).sum()), len(set(ours.argmax(1))), max(map(distance, theirs, ours))

def network(name):
    net = '%s/netdefs/%s.net' % (root, name)
    calibrated_weights(net)
    run('./net', 'predict', *photographs, '--weights', 'w.safetensors', '--threads', '2', '--logits', 'ours.npy', '-o', 'out.npy')
    ours, out, double = np.load('ours.npy'), np.load('out.npy'), np.load('double.npy')
    worst, to_double = {}, {}
    for form, flags in (('unfused', ['--onnx-unfused']), ('fused', [])):
        model, session = export(net, flags)
        x = prepared(net, session.get_inputs()[0].name)
        y, logits = (np.concatenate(v) for v in zip(*(outputs(session, i[None]) for i in x)))
        worst[form] = max(map(distance, logits, ours))
        to_double[form] = distance(logits[0], double)
        assert np.abs(y - out).max() < 1e-5, 'the output'
    differ, classes, far = top1(net, model)
    print('%-28s ops %3d  to program %.1e (unfused %.1e)  to double %.1e (unfused %.1e)  top-1 differs on %d of %d (%d classes; centred logits %.1e)' %
          (name, len(model.graph.node), worst['fused'], worst['unfused'], to_double['fused'], to_double['unfused'], differ, N_INPUTS, classes, far))
    return differ == 0 and max(worst['fused'], worst['unfused'], to_double['fused'], to_double['unfused']) < TOLERANCE

# ---- Random networks and corners ----

def small_network(name):
    kind, which = name.split('-')
    with open('r.net', 'w') as f:
        command = [sys.executable, root + '/tests/random/make_net.py', which] if kind == 'random' else ['cat', '%s/tests/onnx/corners/%s.net' % (root, which)]
        subprocess.run(command, check=True, stdout=f)
    shape = [int(v) for v in re.search(r'^input \w+ (\S+)', open('r.net').read(), re.M).group(1).split('x')]
    x = np.random.RandomState(len(name)).rand(3, *shape).astype(np.float32)
    np.save('x.npy', x[0])
    run('inceptc', 'run', 'r.net', 'x.npy', '--seed', '1', '--calibrate', 'w.safetensors', '-o', 'ref0.npy')
    for i in (1, 2):
        np.save('x.npy', x[i])
        run('inceptc', 'run', 'r.net', 'x.npy', '--weights', 'w.safetensors', '-o', 'ref%d.npy' % i)
    worst = 0
    for flags in ([], ['--onnx-unfused']):
        model, session = export('r.net', flags)
        alone, batch = outputs(session, x[:1])[1], outputs(session, x)[1]
        worst = max([worst, distance(alone, np.load('ref0.npy'))] + [distance(batch[i], np.load('ref%d.npy' % i)) for i in range(3)])
    print('%-28s ops %3d  %s  to double %.1e' % (name, len(model.graph.node), 'x'.join(map(str, shape)), worst))
    if worst >= TOLERANCE:
        print(open('r.net').read())
    return worst < TOLERANCE

def judge(name):
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        try:
            return small_network(name) if '-' in name else network(name)
        except Exception as e:
            print('%s: %s' % (name, e))
            return False
        finally:
            os.chdir(root)

print('onnx', onnx.__version__, 'onnxruntime', onnxruntime.__version__, flush=True)
failed = 0
for name in sys.argv[1:]:
    failed += not judge(name)
    sys.stdout.flush()
print('%d passed, %d failed' % (len(sys.argv) - 1 - failed, failed))
sys.exit(failed > 0)
