#!/bin/sh
# Every network equals its reference implementation, tensor by tensor, on a photograph and on noise: in double precision to
# 1e-10, with batch statistics too where training has heads of its own, and compiled to 1e-4 (the logits) and 2e-4; relative to each tensor's deviation
# in each image. The stored references are of dump_torch.py and caffe_googlenet.py: `make references`.
here=$(cd "$(dirname "$0")/../.." && pwd)
stored=$here/tests/nets/reference
if [ "$1" = --list ]; then
    for f in "$stored"/*.safetensors; do basename "$f" .safetensors; done | grep -v '\.'
    exit 0
fi
net=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
/usr/bin/python3 "$stored/weights.py" "$net" "$stored" w.safetensors noise.npy || exit 1
# certify REFERENCE LEAST OPTIONS...: at least so many tensors are compared and all agree.
certify() {
    reference=$1 least=$2
    shift 2
    "$here/build/inceptc" certify "$here/netdefs/$net.net" --weights w.safetensors --input "$here/demo/cat.png" --input noise.npy \
        --against "$reference" "$@" >out.txt 2>&1
    status=$?
    sed -n 's/^\([0-9]*\) of \([0-9]*\) tensors agree.*/\1 \2/p' out.txt >counts.txt
    read -r agree n <counts.txt
    [ "${n:-0}" -ge "$least" ] && [ "$agree" -eq "$n" ] && [ $status -eq 0 ] ||
        { echo "$net $*: ${n:-no} tensors compared, expected $least"; grep -v ' agrees$' out.txt; exit 1; }
    sed -n "s/.* tensors agree; /$net, $n tensors${*:+, $*}: /p" out.txt
}
# All but what the reference computes inside a function: the nested concatenations and pools of v3 and v4.
tensors=$("$here/build/inceptc" "$here/netdefs/$net.net" --dump=graph | grep -c '^node')
certify "$stored/$net.safetensors" $((tensors - 8))
[ ! -f "$stored/$net.training.safetensors" ] || certify "$stored/$net.training.safetensors" $((tensors - 8)) --training
certify "$stored/$net.safetensors" $((tensors / 4)) --compiled --numerics exact
