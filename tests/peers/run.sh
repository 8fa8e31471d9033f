#!/bin/sh
# run.sh [PART...]: other frameworks judge. Each part installs what it needs by name, under build/. The last line counts.
#   onnx        every network, corners and 30 random ones before onnx's checker and ONNX Runtime
#   files       what PyTorch saved, read by us; the safetensors library's verdict on spoiled files
#   roundtrip   PyTorch's implementations: saved, imported, exported, loaded strictly
#   tf          Keras and tf-slim: their weights by our maps give their outputs
#   trained     a trained v3 from a package under both divisors, Keras as judge (docs/conventions.md)
#   events      TensorBoard: what a training run logs
#   board       the same of two steps of fashion.net: histograms, pictures and texts say what weights and data set say
#   train       PyTorch: losses and batch norms' statistics of 20 steps on photographs: SGD on googlenet_tv, RMSProp on inception_v3, the
#               heads of examples/cats_vs_dogs with bn=batch and bn=running; 10 steps of grouped convolutions on random numbers
#   sarif       OASIS's schema of SARIF 2.1.0, from a package: the logs of diagnostics
#   textmate    VS Code's engine: the tokens of every netdef by the grammar of tools/editors are those that tests/editors expects
#   page        Chromium: the page of every network: opening, folding, sorting, dark, on a phone
#   references  the stored activations of the reference implementations, computed again and compared
#   store       the same, stored (make references)
cd "$(dirname "$0")/../.." || exit 1
here=$PWD
passed=0 failed=0
# count COMMAND...: one check.
count() { if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi; }
python=/usr/bin/python3
venv=$here/build/peers/bin/python
onnx_packages="numpy pillow onnx onnxruntime"
torch_packages="timm==0.6.13 facenet-pytorch==2.5.3 pretrainedmodels==0.7.4 munch==4.0.0 tqdm==4.66.5 safetensors"
need_onnx() { # of scikit-image the photographs alone, of Netron its reader, which Node takes for modules by a package.json
    [ -x "$venv" ] && return
    $python -m venv build/peers && build/peers/bin/pip install -q $onnx_packages && build/peers/bin/pip install -q --no-deps scikit-image netron &&
        echo '{"type": "module"}' >"$(cd build/peers && echo "$PWD"/lib/python3*/site-packages/netron)/package.json" && return
    rm -rf build/peers
    return 1
}
# TensorFlow with Keras 2 and tf_slim, of which newer TensorFlows can run only one or the other.
need_tf() {
    [ -d build/tf-peers ] && return
    $python -m venv build/tf-peers.tmp && build/tf-peers.tmp/bin/pip install -q tensorflow-cpu==2.15.1 tf_slim==1.1.0 pillow &&
        mv build/tf-peers.tmp build/tf-peers
}
need_events() {
    [ -d build/events-peers ] && return
    $python -m venv build/events-peers.tmp && build/events-peers.tmp/bin/pip install -q tensorboard pillow && mv build/events-peers.tmp build/events-peers
}
need_npm() { command -v npm >/dev/null || apt-get install -y -qq --no-install-recommends npm >/dev/null; } # some packages of Node have it inside
need_sarif() { # the schema alone: its package is a plug-in of Jest
    [ -f build/sarif-peers/schema.json ] && return
    need_npm && mkdir -p build/sarif-peers && (cd build/sarif-peers && tar xzf "$(npm pack --silent @microsoft/jest-sarif@1.0.0-beta.0)") &&
        cp build/sarif-peers/package/lib/schemas/sarif-2.1.0*.json build/sarif-peers/schema.json
}
need_textmate() {
    [ -d build/textmate-peers/node_modules/vscode-oniguruma ] && return
    need_npm && npm install --silent --prefix build/textmate-peers vscode-textmate@9.3.2 vscode-oniguruma@2.0.1
}
same_colours() {
    grammar=tools/editors/vscode/syntaxes/inceptc.tmLanguage.json
    node tests/peers/textmate.mjs build/textmate-peers/node_modules $grammar "$1" >build/textmate-peers/theirs && [ -s build/textmate-peers/theirs ] &&
        $python tests/editors/editors.py tokens "$here" "$1" | diff build/textmate-peers/theirs -
}
need_torch() { # beside Debian's own PyTorch
    [ -f build/peers-py/installed ] && return
    $python -m pip install -q --no-deps --root-user-action ignore --upgrade --target build/peers-py $torch_packages &&
        touch build/peers-py/installed && return
    rm -rf build/peers-py
    return 1
}
torch_nets="googlenet_tv inception_v3 inception_v4 inception_resnet_v2 bn_inception inception_resnet_v1_facenet"
# reference NET FOLDER [OPTION...]: the activations of its implementation.
reference() {
    if [ "$1" = googlenet ]; then $python tests/nets/reference/caffe_googlenet.py "$2"; else $python tests/nets/reference/dump_torch.py "$@"; fi
}
same_reference() {
    reference "$1" build/references --like tests/nets/reference && $python tests/nets/reference/same.py "$1" tests/nets/reference build/references
}
names() { for f in "$@"; do basename "$f" .net; done; }
for part in ${*:-onnx files roundtrip tf trained events board train page sarif textmate references}; do
    case $part in
    onnx)
        need_onnx || { failed=$((failed + 1)); continue; }
        for n in $(names netdefs/*.net) $(names tests/onnx/corners/*.net | sed s/^/corners-/) $(seq 1 30 | sed s/^/random-/); do
            count "$venv" tests/peers/onnx_peers.py "$n"
        done ;;
    files)
        need_torch || { failed=$((failed + 1)); continue; }
        mkdir -p build/torch_files
        count $python tests/peers/torch_files.py build/torch_files
        count env PYTHONPATH=build/peers-py $python tests/peers/safetensors_verdicts.py 1000000 ;;
    roundtrip)
        need_torch || { failed=$((failed + 1)); continue; }
        for n in $torch_nets; do count $python tests/peers/roundtrip.py $n; done ;;
    tf)
        need_tf || { failed=$((failed + 1)); continue; }
        for m in $(grep -l tf_peers.py netdefs/names/*.map); do # tf-slim's v4 and Inception-ResNet-v2 are in no package
            count build/tf-peers/bin/python tests/peers/tf_peers.py "$(basename "$m" .map)"
        done ;;
    trained)
        need_tf || { failed=$((failed + 1)); continue; }
        count build/tf-peers/bin/python tests/peers/trained_v3.py ;;
    events)
        need_events || { failed=$((failed + 1)); continue; }
        count build/events-peers/bin/python tests/peers/events_peers.py ;;
    board)
        need_events || { failed=$((failed + 1)); continue; }
        count build/events-peers/bin/python tests/peers/board_peers.py ;;
    train)
        need_torch && need_onnx && "$venv" bench/pictures.py build/train_pictures 32 || { failed=$((failed + 1)); continue; }
        for n in googlenet_tv inception_v3 classic frozen; do count $python tests/peers/train_peers.py $n; done
        count $python tests/peers/group_peers.py ;;
    sarif)
        need_sarif || { failed=$((failed + 1)); continue; }
        for c in none errors notes kinds places failures; do SCHEMA=$here/build/sarif-peers/schema.json count sh tests/cli/test_sarif.sh $c; done ;;
    textmate)
        need_textmate || { failed=$((failed + 1)); continue; }
        for f in netdefs/*.net netdefs/*/*.net tests/editors/sample.net; do count same_colours "$f"; done ;;
    page)
        for n in $(names netdefs/*.net); do count $python tests/peers/page_peers.py "$n"; done ;;
    references | store)
        need_torch || { failed=$((failed + 1)); continue; }
        mkdir -p build/references
        for n in googlenet $torch_nets; do
            if [ $part = store ]; then count reference $n tests/nets/reference; else count same_reference $n; fi
        done ;;
    *) echo "no part '$part'"; failed=$((failed + 1)) ;;
    esac
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
