#!/bin/sh
# Time and memory of weights: import of PyTorch's v3, the start of a program to its first result, and what --embed costs the C compiler.
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
inceptc=$here/build/inceptc nets=$here/netdefs
echo "load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors, $(gcc --version | head -1)"
. "$here/bench/best.sh"
$inceptc weights init "$nets/inception_v3.net" -o v3.safetensors >/dev/null || exit 1
/usr/bin/python3 - "$here/tests" <<'P' || exit 1
import sys
import numpy as np
sys.path[:0] = [sys.argv[1] + '/formats', sys.argv[1] + '/peers']
import make_torch
from formula import header_of
h, data, at = header_of('v3.safetensors')
state = {}
for k, v in h.items():
    if k != '__metadata__':
        a, b = v['data_offsets']
        state[k] = make_torch.Tensor(np.frombuffer(data[at + a:at + b], '<f4').reshape(v['shape']))
        if k.endswith('running_var'):
            state[k[:-11] + 'num_batches_tracked'] = make_torch.Tensor(np.array(1, '<i8'))
open('v3.pth', 'wb').write(make_torch.zip_file(state))
P
echo
echo "inceptc weights import v3.pth ($(wc -c <v3.pth) bytes) --for inception_v3.net -o v3.safetensors: $(best 5 $inceptc weights import v3.pth --for "$nets/inception_v3.net" -o out.safetensors)"
$inceptc "$nets/googlenet.net" -o googlenet && ./googlenet init --seed 1 -o g.safetensors >/dev/null && $inceptc "$nets/googlenet.net" -o inside --embed g.safetensors || exit 1
echo "googlenet: start to first result, weights from a file: $(best 20 ./googlenet predict "$here/demo/cat.png" --weights g.safetensors)"
echo "googlenet: start to first result, weights inside:      $(best 20 ./inside predict "$here/demo/cat.png")"
echo
$inceptc "$nets/inception_resnet_v2.net" -o r.c && $inceptc "$nets/inception_resnet_v2.net" -o r && ./r init --seed 1 -o r.safetensors >/dev/null || exit 1
echo "inception_resnet_v2, inceptc -o program (with cc -O2), without and with $(wc -c <r.safetensors) bytes inside, three rounds:"
for i in 1 2 3; do
    echo "  without $(best 1 $inceptc "$nets/inception_resnet_v2.net" -o r)   with $(best 1 $inceptc "$nets/inception_resnet_v2.net" -o r --embed r.safetensors)"
done
