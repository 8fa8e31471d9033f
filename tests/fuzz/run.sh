#!/bin/sh
# run.sh RUNS [TARGET...]: libFuzzer on each target, RUNS executions after its seeds and what was found before.  `make fuzz` calls it.
here=$(cd "$(dirname "$0")/../.." && pwd)
build=$here/build runs=$1
shift
seeds=$build/seeds
rm -rf "$seeds"
mkdir -p "$seeds"
/usr/bin/python3 "$here/tests/formats/make_torch.py" "$seeds" && /usr/bin/python3 "$here/tests/formats/make_malformed.py" "$seeds" || exit 1
# add TARGET FILE...: to its corpus.
add() {
    t=$1
    shift
    mkdir -p "$build/corpus_$t"
    for f in "$@" "$here/tests/fuzz/found_$t"/*; do [ ! -f "$f" ] || cp "$f" "$build/corpus_$t/"; done
}
failed=0
# fuzz TARGET LENGTH DICTIONARY OPTION...
fuzz() {
    t=$1 length=$2 dictionary=$3
    shift 3
    "$build/fuzz_$t" -runs="$runs" -max_len="$length" -timeout=10 -dict="$here/tests/fuzz/$dictionary.dict" -print_final_stats=1 \
        -artifact_prefix="$build/" "$@" "$build/corpus_$t" >"$build/fuzz_$t.log" 2>&1 || failed=1
    echo "$t: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/fuzz_$t.log") executions"
    grep -E 'ERROR|SUMMARY|Test unit written' "$build/fuzz_$t.log"
}
for t in ${*:-net safetensors torch npy names}; do
    case $t in
    net) add net "$here"/tests/diag/*.net && fuzz net 3000 net -rss_limit_mb=2048 ;;
    safetensors) add safetensors "$here"/tests/fuzz/corpus_safetensors/* && fuzz safetensors 2000 torch ;;
    torch) add torch "$seeds"/*.pth "$seeds"/pickle_* "$seeds"/torch_* "$seeds"/legacy_* && fuzz torch 3000 torch ;;
    npy) add npy "$seeds"/np* "$seeds"/*.np* && fuzz npy 1500 torch ;;
    names) add names "$here"/tests/fuzz/corpus_names/* && fuzz names 1500 names ;;
    *) echo "no target $t"; failed=1 ;;
    esac
done
exit $failed
