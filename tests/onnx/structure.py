# structure.py INCEPTC NET.net: the ONNX files of a network, with and without batch norms folded, read by Debian's onnx: its checker
# accepts them, every value has its name and shape, nodes stand in order, weights are those of the safetensors file, folded ones
# what numpy computes in double and rounds once, and operators are as many as the graph has.
import collections, json, struct, subprocess, sys
import numpy as np, onnx
from onnx import numpy_helper, shape_inference
inceptc, net = sys.argv[1:]
NAMES = {'conv': 'Conv', 'batchnorm': 'BatchNormalization', 'relu': 'Relu', 'maxpool': 'MaxPool', 'avgpool': 'AveragePool', 'lrn': 'LRN',
         'globalavgpool': 'GlobalAveragePool', 'linear': 'Gemm', 'concat': 'Concat', 'max': 'Max', 'softmax': 'Softmax'}
PARTS = {'Flatten', 'Mul', 'Add', 'Sum', 'Sub', 'Div', 'Pad', 'MatMul', 'Reshape', 'ReduceL2', 'Max', 'AveragePool', 'Identity'} # of other operators

def read_weights(path):
    data = open(path, 'rb').read()
    n = struct.unpack('<Q', data[:8])[0]
    return {k: np.frombuffer(data[8 + n + v['data_offsets'][0]:8 + n + v['data_offsets'][1]], '<f4').reshape(v['shape'])
            for k, v in json.loads(data[8:8 + n]).items() if k != '__metadata__'}

def graph_text(unfused):
    """The graph that is exported."""
    return subprocess.run([inceptc, net, '--dump=after:' + ('remove-dead' if unfused else 'fold-batchnorm'), '--no-pass', 'fold-constants'],
                          check=True, capture_output=True, text=True).stdout

def nodes_of_graph(text):
    """Operator to its nodes' lines."""
    ops = collections.defaultdict(list)
    for line in text.split('\n'):
        if line.startswith('node '):
            ops[line.split()[1]].append(line)
    return ops

def load(*flags):
    subprocess.run([inceptc, net, '-o', 'net.onnx', '--weights', 'w.safetensors', *flags], check=True)
    m = onnx.load('net.onnx')
    onnx.checker.check_model(m, full_check=True) # of the model: given a path, onnx 1.12 writes what it inferred into the file
    assert m.SerializeToString() == open('net.onnx', 'rb').read(), 'not the bytes that protobuf writes'
    return m

def shape(v):
    t = v.type.tensor_type
    assert t.elem_type == onnx.TensorProto.FLOAT
    return [d.dim_param or d.dim_value for d in t.shape.dim]

def check_outputs(g, text):
    want = [line.split()[1] for line in text.split('\n') if line.startswith(('output ', 'logits '))]
    assert [v.name for v in g.output] == sorted(set(want), key=want.index) or g.output[0].name == g.input[0].name + '/output', want

def check_head(m, g):
    assert (m.ir_version, [(o.domain, o.version) for o in m.opset_import], m.producer_name) == (7, [('', 13)], 'inceptc')
    meta = {p.key: p.value for p in m.metadata_props}
    assert set(meta) == {'network', 'structure', 'view', 'input', 'channels', 'pixels', 'mean', 'std'}, meta
    assert meta['network'] == g.name and int(meta['structure'], 16)
    assert [len(g.input), shape(g.input[0])] == [1, ['n'] + [int(v) for v in meta['input'].split('x')]]

def check_values(m, g):
    known = {v.name: shape(v) for v in list(g.input) + list(g.output) + list(g.value_info)}
    assert len(known) == len(g.input) + len(g.output) + len(g.value_info), 'a value is described twice'
    constants = {t.name for t in g.initializer}
    ready, read = {v.name for v in g.input} | constants, set()
    for n in g.node:
        assert all(i in ready for i in n.input), n.name + ' reads what is not there yet'
        assert not any(o in ready for o in n.output), n.name + ' writes what is there'
        ready |= set(n.output)
        read |= set(n.input)
    assert set(known) == ready - constants, 'values without a shape'
    assert all(s[0] == 'n' for s in known.values())
    assert ready - read == {v.name for v in g.output} - read, 'a value that nothing reads'
    names = [n.name for n in g.node]
    assert len(set(names)) == len(names) and all('/' in n and '.' not in n for n in names)
    size = {t.name: list(t.dims) for t in g.initializer}
    for n in (n for n in g.node if n.op_type == 'Conv'):
        groups = [a.i for a in n.attribute if a.name == 'group'][0]
        assert size[n.input[1]][1] * groups == known[n.input[0]][1], n.name
    bare = onnx.ModelProto()
    bare.CopyFrom(m)
    del bare.graph.value_info[:]
    for v in shape_inference.infer_shapes(bare, strict_mode=True).graph.value_info:
        inferred = shape(v)
        assert len(inferred) == len(known[v.name]) and all(isinstance(a, str) or a == b for a, b in zip(inferred, known[v.name])), v.name

def check_initializers(g):
    for t in g.initializer:
        size = {onnx.TensorProto.FLOAT: 4, onnx.TensorProto.INT64: 8}[t.data_type]
        assert len(t.raw_data) == size * int(np.prod(list(t.dims))) and not t.external_data and t.data_location == 0, t.name

def check_counts(g, ops):
    have = collections.Counter(n.op_type for n in g.node)
    for op, name in NAMES.items():
        plain = [n for n in g.node if n.op_type == name and n.name.split('/')[-1].split('_')[0] == op]
        assert len(plain) == len(ops[op]), '%d %s, the graph has %d' % (len(plain), name, len(ops[op]))
    assert set(have) <= set(NAMES.values()) | PARTS, have
    assert have['Flatten'] <= len(ops['linear']) and have['Pad'] <= sum('count_pad=1' in a for a in ops['avgpool'])
    assert have['Reshape'] == 0 or 'corners' in net
    products = sum(a.split(' in=')[1].split()[0].count(',') for a in ops['mul'])
    assert have['Mul'] == products + sum(s != '1' for a in ops['add'] if 'scales=' in a for s in a.split('scales=')[1].split()[0].split(','))
    return have

def check_folded(unfused, fused, weights):
    """Returns how many batch norms are gone."""
    eps = lambda n: np.float64(float('%.7g' % [a.f for a in n.attribute if a.name == 'epsilon'][0]))
    value = {t.name: numpy_helper.to_array(t) for t in unfused.initializer}
    for name, v in value.items():
        if name in weights:
            assert v.tobytes() == weights[name].tobytes() and v.shape == weights[name].shape, name
        else:
            assert '/' in name, name + ' is in no file'
    folded = {t.name: numpy_helper.to_array(t) for t in fused.initializer}
    makes = {n.output[0]: n for n in fused.node}
    before = {n.output[0]: n for n in unfused.node}
    n_folded = 0
    for bn in (n for n in unfused.node if n.op_type == 'BatchNormalization'):
        layer, now = before.get(bn.input[0]), makes[bn.output[0]]
        if now.op_type == 'BatchNormalization':
            continue
        gamma, beta, mean, var = (value[i].astype(np.float64) for i in bn.input[1:])
        w = value[layer.input[1]].astype(np.float64)
        bias = value[layer.input[2]].astype(np.float64) if len(layer.input) > 2 else 0
        s = gamma / np.sqrt(var + eps(bn))
        want_w, want_b = (w * s.reshape([-1] + [1] * (w.ndim - 1))).astype(np.float32), (beta + (bias - mean) * s).astype(np.float32)
        assert want_w.tobytes() == folded[now.input[1]].tobytes(), 'folded weights of ' + layer.name
        assert want_b.tobytes() == folded[now.input[2]].tobytes(), 'folded bias of ' + layer.name
        n_folded += 1
    return n_folded

weights = read_weights('w.safetensors')
models = {}
for form, flags in (('unfused', ['--onnx-unfused']), ('fused', [])):
    m = models[form] = load(*flags)
    check_head(m, m.graph)
    check_values(m, m.graph)
    check_initializers(m.graph)
    text = graph_text(form == 'unfused')
    check_outputs(m.graph, text)
    print(form, dict(check_counts(m.graph, nodes_of_graph(text))))
print(check_folded(models['unfused'].graph, models['fused'].graph, weights), 'batch norms folded')
