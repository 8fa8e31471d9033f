#!/bin/sh
# Generated code of training beside the interpreter: networks made for it, and random ones (`make check-full` runs two hundred).
[ "$1" = --list ] && { echo batchnorm lrn factorised frozen frozen_batch maps maps2 odd one_channel l2norm softmax pools phases groups 1 2 3 4 5 6; exit 0; }
exec sh "$(dirname "$0")/run_net.sh" "$1" gcc
