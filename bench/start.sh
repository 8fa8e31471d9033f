#!/bin/sh
# start.sh [NET...]: to the first result, level LEVEL (default safe), all processors.  Ours is a whole process: start, mapping packed weights, one image, the
# classes printed.  ONNX Runtime's is InferenceSession(file) and one run, each in a process of its own whose Python and imports do not count.
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
python=$here/build/bench-peers/onnxruntime/bin/python
[ -x "$python" ] || { echo "start.sh: run 'make bench-peers PEERS=onnxruntime' first: it installs ONNX Runtime" >&2; exit 1; }
cat >ort.py <<'P'
import sys, time
import numpy, onnxruntime
onnxruntime.set_default_logger_severity(3)
begin = time.perf_counter()
s = onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])
x = s.get_inputs()[0]
s.run(None, {x.name: numpy.zeros([1] + x.shape[1:], 'f')})
print(time.perf_counter() - begin)
P
cat >pair.py <<'P'
import statistics, subprocess, sys, time
python, net, rounds = sys.argv[1], sys.argv[2], 15
ours, theirs = [], []
for r in range(rounds):
    begin = time.perf_counter()
    subprocess.run([f'./{net}', 'predict', 'x.npy', '--weights', 'packed'], check=True, stdout=subprocess.DEVNULL)
    ours.append(time.perf_counter() - begin)
    theirs.append(float(subprocess.run([python, 'ort.py', 'net.onnx'], check=True, capture_output=True, text=True).stdout))
m = statistics.median
print(f'{net:20} ours {1e3 * m(ours):7.1f} ms, {1e3 * min(ours):7.1f} at best   ONNX Runtime {1e3 * m(theirs):7.1f}, {1e3 * min(theirs):7.1f}   '
      f'ours / theirs {m(a / b for a, b in zip(ours, theirs)):.2f}')
P
echo "level ${LEVEL:-safe}, load $(cut -d' ' -f1-3 /proc/loadavg), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) processors, ONNX Runtime $("$python" -c 'import onnxruntime; print(onnxruntime.__version__)')"
for n in ${*:-googlenet_tv inception_v3 inception_v4 inception_resnet_v2}; do
    "$here/build/inceptc" "$here/netdefs/$n.net" --numerics "${LEVEL:-safe}" -o "$n" && "./$n" init --seed 1 -o w >/dev/null && "./$n" pack --weights w -o packed >/dev/null &&
        "$here/build/inceptc" "$here/netdefs/$n.net" --weights w -o net.onnx >/dev/null || exit 1
    size=$("./$n" info | sed -n 's/^input *//p')
    "$python" -c "import numpy, sys; numpy.save('x.npy', numpy.zeros([int(v) for v in '$size'.split(' x ')], 'f'))" && /usr/bin/python3 pair.py "$python" "$n" || exit 1
    rm -f w packed net.onnx "$n"
done
