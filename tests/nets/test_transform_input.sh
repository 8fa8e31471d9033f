#!/bin/sh
# torchvision's transform_input, x*(std/0.5) + (mean-0.5)/0.5 by channel, as a normalize in front of the network: folded into the
# first convolution where that has no padding, with the same numbers; a step of its own where padding forbids it.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo folded kept program small; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
PATH=$here/build:$PATH
# transformed NET FIRST: NET of netdefs with the normalize in front of its layer FIRST, as t.net.
transformed() {
    cat >t.net <<N
variant transformed of "$here/netdefs/$1.net" {
  insert before $2 normalize mean((0.5-0.485)/0.229, (0.5-0.456)/0.224, (0.5-0.406)/0.225) std(0.5/0.229, 0.5/0.224, 0.5/0.225)
}
N
}
# count PATTERN ARGUMENT...: how many lines of a dump match.
count() { pattern=$1; shift; inceptc t.net "$@" | grep -cE "$pattern"; }
# logits OUT NET ARGUMENT...: in double precision, as text
logits() { out=$1; shift; inceptc run "$@" --weights w.safetensors >"$out" || exit 1; }
# input FORMULA: x.npy is a picture normalised by ImageNet's mean and deviation, or FORMULA of that
input() {
    /usr/bin/python3 - "$1" "$2" <<'P' || exit 1
import sys, numpy as np
mean, std = (np.array(v, np.float32).reshape(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
x = ((np.random.RandomState(1).rand(3, int(sys.argv[1]), int(sys.argv[1])) - mean) / std).astype(np.float32)
np.save('x.npy', eval(sys.argv[2]).astype(np.float32))
P
}
# close A B MOST: the largest difference in deviations of A
close() {
    /usr/bin/python3 - "$@" <<'P' || exit 1
import sys, numpy as np
a, b = (np.loadtxt(p) for p in sys.argv[1:3])
e = np.abs(a - b).max() / a.std()
print('largest difference', e, 'deviations of', a.size, 'numbers')
sys.exit(not (a.size == b.size == 1000 and a.std() > 0 and e < float(sys.argv[3])))
P
}
case $1 in
folded)
    transformed inception_v3 Conv2d_1a_3x3
    [ "$(count '^node normalize ' --dump=after:remove-dead)" = 1 ] && [ "$(count '^node normalize ' --dump=after:fold-constants)" = 0 ] || exit 1
    inceptc weights init t.net -o w0.safetensors >/dev/null && input 299 x
    inceptc run t.net x.npy --weights w0.safetensors --calibrate w.safetensors >/dev/null || exit 1
    logits a.txt t.net x.npy
    logits b.txt t.net x.npy --passes
    close a.txt b.txt 1e-12
    input 299 'x * (std / 0.5) + (mean - 0.5) / 0.5' # what torchvision's forward does
    logits c.txt "$here/netdefs/inception_v3.net" x.npy
    close a.txt c.txt 1e-4 ;;
kept)
    transformed googlenet_tv conv1
    [ "$(count '^node normalize ' --dump=after:fold-constants)" = 1 ] || exit 1
    inceptc weights init t.net -o w0.safetensors >/dev/null && input 224 x
    inceptc run t.net x.npy --weights w0.safetensors --calibrate w.safetensors >/dev/null || exit 1
    logits a.txt t.net x.npy
    logits b.txt t.net x.npy --passes
    close a.txt b.txt 1e-12
    input 224 'x * (std / 0.5) + (mean - 0.5) / 0.5'
    logits c.txt "$here/netdefs/googlenet_tv.net" x.npy
    close a.txt c.txt 1e-4 ;;
program) # whose weights are packed with the normalize and the batch norm folded in; random weights amplify the rounding of floats
    transformed inception_v3 Conv2d_1a_3x3
    inceptc weights init t.net -o w0.safetensors >/dev/null && input 299 x
    inceptc run t.net x.npy --weights w0.safetensors --calibrate w.safetensors >/dev/null || exit 1
    logits a.txt t.net x.npy
    inceptc t.net -o net && ./net predict x.npy --weights w.safetensors --logits y.npy >/dev/null || exit 1
    /usr/bin/python3 -c "import numpy as np; np.savetxt('b.txt', np.load('y.npy').ravel())"
    close a.txt b.txt 1e-3 ;;
small) # the same on every target, with nothing to amplify
    printf 'net t\nconventions torch\ninput image 3x40x41\nnormalize mean(0.4, 0.5, 0.45) std(0.2, 0.25, 0.3)\n' >t.net
    printf 'conv 3x3/2 40 valid bn relu\nout = conv 3x3 25 valid -> globalavgpool -> fc 1000\noutput out\n' >>t.net
    inceptc weights init t.net -o w0.safetensors >/dev/null || exit 1
    /usr/bin/python3 -c "import numpy as np; np.save('x.npy', np.random.RandomState(1).rand(3, 40, 41).astype(np.float32))"
    inceptc run t.net x.npy --weights w0.safetensors --calibrate w.safetensors >/dev/null || exit 1
    [ "$(count '^node normalize ' --dump=after:fold-constants)" = 0 ] || exit 1
    logits a.txt t.net x.npy
    inceptc t.net -o net || exit 1
    for t in $(./net info | awk '$NF == "yes" { print $1 }'); do
        ./net predict x.npy --weights w.safetensors --target "$t" --logits y.npy >/dev/null || exit 1
        /usr/bin/python3 -c "import numpy as np; np.savetxt('b.txt', np.load('y.npy').ravel())"
        close a.txt b.txt 1e-5
    done ;;
esac
