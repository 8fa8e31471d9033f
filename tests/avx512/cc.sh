#!/bin/sh
# cc.sh CC ARGUMENT...: where this processor has AVX2 and no AVX-512, a C compiler whose programs run inceptc's AVX-512 code by AVX2
# instructions and take the processor for one that has them; elsewhere CC.  inceptc --cc "sh tests/avx512/cc.sh gcc" ...
here=$(cd "$(dirname "$0")" && pwd)
cc=$1
shift
if grep -q avx512f /proc/cpuinfo || ! grep -q avx2 /proc/cpuinfo; then exec "$cc" "$@"; fi
exec "$cc" -I"$here" "$here/target.c" "$@"
