#!/bin/sh
# The command `train` as its users meet it: it learns, the same weights whatever the threads, comes back after signals, kills and full
# disks, says what is wrong. Programs are compiled for the plain target, but for determinism.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo learns determinism resume resume_in_validation signals kill kill_everywhere two_at_once disk frozen frozen_moving dirty errors_data errors_options errors_resume \
    errors_weights transfer files options no_validation comes_apart leaks memory; exit 0; }
# Under nohup a hangup is ignored, and a shell cannot undo that.
[ "$1" = signals ] && [ -z "$HANGUP" ] && HANGUP=default exec /usr/bin/python3 -c 'import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execvp("sh", ["sh"] + sys.argv[1:])' "$0" "$@"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
tests=$here/tests/train
data() { /usr/bin/python3 "$tests/train_data.py" "$@"; }
fail() { echo "$*"; [ -s err ] && { echo 'standard error:'; tail -n 20 err; }; exit 1; }
compile() { "$here/build/inceptc" "$@" || fail "inceptc $*"; }
tiny() { # [OPTION...]: ./tiny from tiny.net
    cp "$tests/tiny.net" tiny.net && compile tiny.net --train --target=plain -o tiny "$@"
}
preload() { cc -shared -fPIC -O1 -o signal_at.so "$tests/signal_at.c" -ldl || fail 'cc signal_at.c'; }
# CALL TEXT NTH SIGNALS COMMAND...: with these signals there; its standard error is in err
at() {
    call=$1 text=$2 nth=$3 signals=$4
    shift 4
    AT_CALL=$call AT_TEXT=$text AT_NTH=$nth AT_SIGNALS=$signals LD_PRELOAD=$work/signal_at.so "$@" >out 2>err
}
hash_of() { sha256sum <"runs/$1/last.safetensors" | cut -c 1-64; }
# EXIT MESSAGE COMMAND...: the whole of standard error, but for what a run says before
says() {
    code=$1 message=$2
    shift 2
    "$@" >out 2>err
    is=$?
    [ $is = "$code" ] || fail "'$*': exit $is, expected $code"
    grep -vE '^(tiny: [0-9]+ pictures|memory:|run:|resumed:|Epoch|validation:|frozen:)' err >said
    printf '%s' "${message:+$message
}" >want
    cmp -s said want || { echo "'$*' said, and was to say:"; diff said want; exit 1; }
}
# Steps of metrics.jsonl are EVERY, 2*EVERY ... LAST, epochs of log.csv 1 ... EPOCHS: no gap, none twice.
logs_whole() { # NAME EVERY LAST EPOCHS
    sed 's/^{"step": \([0-9]*\),.*/\1/' "runs/$1/metrics.jsonl" >steps
    seq "$2" "$2" "$3" | cmp -s - steps || { cat steps; fail "$1/metrics.jsonl: other steps than $2, ... $3"; }
    sed '1d;s/,.*//' "runs/$1/log.csv" >epochs
    seq "$4" | cmp -s - epochs || { cat "runs/$1/log.csv"; fail "$1/log.csv: other epochs than 1 ... $4"; }
}

case $1 in
learns)
    data idx && tiny
    ./tiny train --experiment a --epochs 6 -j 1 >out 2>err || fail 'training failed'
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR == 2 { first = $at["train_loss"] }
        NR > 1 { loss = $at["train_loss"]; train = $at["train_accuracy"]; valid = $at["validation_accuracy"]; if (valid > best) best = valid }
        END { print first, loss, train, best; exit !(loss < first / 3 && train >= 0.95 && best >= 0.95) }' runs/a/log.csv || fail 'it has not learnt'
    grep -q '^best: accuracy [0-9.]* % in epoch [0-9]*: runs/a/best.safetensors$' out || { cat out; fail 'no last line'; }
    [ "$(grep -c '^Epoch [1-6]/6: 100% 6/6 ' err)" = 6 ] && [ "$(grep -c '^validation: loss' err)" = 6 ] || fail 'a line for each epoch was expected'
    [ "$(grep -c '^Epoch .* waited [0-9.]* %\]$' err)" = 6 ] || fail 'an epoch does not say how long it waited for pictures'
    ! grep -q "$(printf '\r')" err || fail 'standard error is no terminal, but has carriage returns' ;;
memory) # what it says before the first step is what it takes, but for the process itself
    data idx && sed 's/^stem = .*/stem = fc 4000 relu -> fc 4000 relu/; /^mid/d; s/^side = mid.*/side = stem -> fc classes/; s/^logits = .*/logits = stem -> fc classes/; s/sgd(.*)/adam(1e-4)/' \
        "$tests/tiny.net" >tiny.net && compile tiny.net --train --target=plain -o tiny
    /usr/bin/python3 -c "
import resource, subprocess
subprocess.run(['./tiny', 'train', '--epochs', '1', '-j', '1'], check=True, stdout=open('out', 'w'), stderr=open('err', 'w'))
said = float([line for line in open('err') if line.startswith('memory: ')][0].split()[1])
took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print('says %.1f MiB, takes %.1f MiB' % (said, took))
raise SystemExit(not (said > 300 and said - 4 < took < said + 24))" || fail 'it takes another amount of memory than it says' ;;
determinism) # 90 pictures in batches of 16: the last has 10
    data idx && cp "$tests/tiny.net" . && compile tiny.net --train --target=native -o tiny
    for k in 1 2 3; do for threads in 1 2 3 4; do for workers in 0 1 3; do
        ./tiny train --experiment r$k$threads$workers -j $threads --workers $workers >out 2>err || fail "$threads threads, $workers workers: failed"
        hash_of r$k$threads$workers
    done; done; done | sort | uniq -c >hashes
    cat hashes
    [ "$(wc -l <hashes)" = 1 ] || fail 'more than one hash'
    grep -q '^ *36 ' hashes || fail '36 runs were expected'
    ./tiny train --experiment other --seed 2 >out 2>err
    ! grep -q "$(hash_of other)" hashes || fail 'another seed, but the same weights' ;;
resume) # stopped after each of 18 steps, by odd names and paths
    data idx && tiny && preload
    odd="it's \$(a) \"run\""
    mkdir "$odd" && mv tiny train-* valid-* "$odd" && ln -s "$odd"/* .
    "$odd/tiny" train --experiment whole --save-every 5 --log-interval 1 >out 2>err || fail 'training failed'
    want=$(hash_of whole)
    for k in $(seq 18); do
        at write "{\"step\": $k," 1 2 "$odd/tiny" train --experiment "k$k" --save-every=5 --log-interval 1 -o "$odd/runs"
        [ $? = 130 ] || fail "step $k: exit 130 was expected"
        line=$(sed -n 's/^interrupted; saved. To go on: //p' err)
        sh -c "$line" >out 2>err || { echo "$line"; fail "step $k: the printed command failed"; }
        mv "$odd/runs/k$k" runs/ || fail 'another folder'
        [ "$(hash_of k$k)" = "$want" ] || fail "step $k: other weights than without interruption"
        logs_whole k$k 1 18 3
    done
    echo "$line" ;;
resume_in_validation) # half a validation says nothing about the best
    data folders d && tiny && preload
    train="./tiny train --data-dir d --epochs 2"
    $train --experiment whole >out 2>err || fail 'training failed'
    at open validation/bright/3.png 1 2 $train --experiment v
    [ $? = 130 ] && ! grep -q '^validation:' err && [ ! -e runs/v/best.safetensors ] || fail 'the epoch is not done'
    says 0 '' sh -c "$(sed -n 's/^interrupted; saved. To go on: //p' err)"
    [ "$(hash_of v)" = "$(hash_of whole)" ] || fail 'other weights than without interruption'
    logs_whole v 2 6 2 ;;
signals)
    data idx && tiny && preload
    ./tiny train --experiment whole >out 2>err || fail 'training failed'
    for s in 1 2 15; do
        at write '{"step": 8,' 1 $s ./tiny train --experiment s$s --save-every 1
        [ $? = $((128 + s)) ] || fail "signal $s: exit $((128 + s)) was expected"
    done
    ( trap '' HUP; at write '{"step": 8,' 1 1 ./tiny train --experiment nohup ) || fail 'nohup: it stopped'
    for place in 'rename .old' 'rename /last.safetensors' 'rename /previous.safetensors'; do # twice while the third checkpoint is saved
        rm -rf runs/twice
        at ${place% *} "${place#* }" 3 '2 2' ./tiny train --experiment twice --save-every 1
        [ $? = 130 ] && ! grep -q interrupted err || fail "$place: exit 130 at once was expected"
        ./tiny train --resume runs/twice --save-every 1 >out 2>err || fail "$place: not to be resumed"
        grep -qE '^resumed: runs/twice, epoch 1, step [23]$' err || fail "$place: more than a step is lost"
        [ "$(hash_of twice)" = "$(hash_of whole)" ] || fail "$place: other weights"
    done ;;
kill)
    data idx && tiny
    /usr/bin/python3 "$tests/kill_many.py" 12 ./tiny 1 || exit 1 ;;
kill_everywhere) # before every rename, and after every ninth write to a log: the first ones before there is a checkpoint
    data idx && tiny && preload
    train="./tiny train -j 1 --epochs 2 --save-every 5 --log-interval 1"
    $train --experiment whole >out 2>err || fail 'training failed'
    want=$(hash_of whole)
    kills=0
    for every in "rename 1" "write 9"; do
        k=1
        while rm -rf runs/a && ! at ${every% *} '' $k 9 $train --experiment a; do
            $train --experiment a --resume auto >out 2>err || fail "${every% *} $k: not to be resumed"
            [ "$(hash_of a)" = "$want" ] || fail "${every% *} $k: other weights"
            ! ls -R runs/a | grep -E 'tmp|\.old' || fail "${every% *} $k: temporary files are left"
            logs_whole a 1 12 2
            kills=$((kills + 1)) k=$((k + ${every#* }))
        done
    done
    echo "$kills kills"
    [ $kills -gt 20 ] || fail 'too few' ;;
two_at_once) # the second program in a run's folder is told which process is there, and touches nothing
    data idx && tiny && preload
    ./tiny train --experiment whole >out 2>err || fail 'training failed'
    AT_CALL=write AT_TEXT='{"step": 8,' AT_NTH=1 AT_SIGNALS=19 LD_PRELOAD=$work/signal_at.so ./tiny train --experiment a --save-every 1 >first 2>&1 &
    first=$!
    until grep -q '^State:.T' /proc/$first/status; do sleep 0.05; done # it stands still in its eighth step
    before=$(cat runs/a/*.* | sha256sum)
    for how in '--resume runs/a' '--resume auto --experiment a'; do
        says 3 "tiny: error: runs/a: process $first trains in this folder: wait for it or end it, or name another run by --experiment" ./tiny train $how
    done
    [ "$(cat runs/a/*.* | sha256sum)" = "$before" ] || fail 'the second program has changed files of the first'
    kill -CONT $first && wait $first || fail 'the first has not come to its end'
    [ "$(hash_of a)" = "$(hash_of whole)" ] || fail 'other weights'
    at write '{"step": 8,' 1 9 ./tiny train --experiment b --save-every 1 # a kill leaves no lock
    ./tiny train --resume runs/b >out 2>err || fail 'after a kill the folder is locked'
    for k in $(seq 20); do # begun together: one of them trains, the other says why not
        ./tiny train --resume auto --experiment r$k >out1 2>err1 &
        ./tiny train --resume auto --experiment r$k >out2 2>err
        codes=$?
        wait $!
        codes="$codes $?"
        case $codes in '0 0'|'0 2'|'2 0'|'0 3'|'3 0') ;; *) cat err1; fail "exits $codes" ;; esac
        [ "$(hash_of r$k)" = "$(hash_of whole)" ] || fail "$k: other weights"
    done ;;
disk)
    data idx && tiny
    train="./tiny train --experiment a --save-every 2"
    $train --epochs 1 >out 2>err || fail 'training failed'
    cp -r runs runs.kept
    size=$(wc -c <runs/a/last.safetensors)
    for blocks in 1 $((size / 1024)); do # of 1024 bytes: not enough for a checkpoint
        rm -rf runs && cp -r runs.kept runs
        bash -c "trap '' XFSZ; ulimit -f $blocks; exec ./tiny train --resume runs/a" >out 2>err
        [ $? = 3 ] && grep -q '^tiny: error: .*runs/a/last.safetensors: cannot write: File too large$' err || fail 'a clear error and exit 3 were expected'
        cmp -s runs/a/last.safetensors runs.kept/a/last.safetensors || fail 'the old checkpoint is another'
        ! ls runs/a | grep -q tmp || fail 'a temporary file is left'
    done
    rm -rf runs && cp -r runs.kept runs
    ./tiny train --resume runs/a >out 2>err || fail 'with room again it does not go on'
    ./tiny train --experiment b --epochs 1 >/dev/full 2>err
    [ $? = 3 ] && grep -q '^tiny: error: cannot write standard output: No space left on device$' err || fail 'standard output is full: exit 3 was expected'
    ./tiny train --experiment c --epochs 1 >out 2>/dev/full || fail 'a full standard error ends it'
    if [ "$(id -u)" = 0 ]; then # root writes to read-only folders: a file in the way does as well
        : >file
        says 3 'tiny: error: file/a: cannot make this folder: Not a directory' ./tiny train -o file --experiment a
    else
        mkdir locked && chmod 555 locked
        says 3 'tiny: error: locked/a: cannot make this folder: Permission denied' ./tiny train -o locked --experiment a
        rm -rf runs && cp -r runs.kept runs && chmod 555 runs/a
        ./tiny train --resume runs/a --epochs 2 >out 2>err
        [ $? = 3 ] && grep -q '^tiny: error: runs/a/.*: cannot write: Permission denied' err || fail 'a clear error was expected'
        cmp -s runs/a/last.safetensors runs.kept/a/last.safetensors || fail 'the old checkpoint is another'
        chmod 755 runs/a
    fi ;;
soak) # N: by hand, `make soak-train N=200`
    data idx && tiny
    /usr/bin/python3 "$tests/kill_many.py" "${2:-200}" ./tiny || exit 1 ;;
frozen|frozen_moving) # statistics of batch norms are tensors too
    data idx
    freeze='freeze all except logits'
    [ "$1" = frozen ] || freeze="$freeze bn=batch"
    sed "s/^# FREEZE/$freeze/" "$tests/tiny.net" >tiny.net
    compile tiny.net --train --target=plain -o tiny
    ./tiny train --experiment begin --epochs 1 --lr 0 >out 2>err && cp runs/begin/last.safetensors begin.safetensors || fail 'training failed'
    ./tiny train --experiment f --weights begin.safetensors --epochs 2 >out 2>err || fail 'training failed'
    data tensors begin.safetensors runs/f/last.safetensors >moved
    cat moved
    grep -q '^logits.*weight ' moved || fail 'the head has not moved'
    if [ "$1" = frozen ]; then
        ! grep -v '^logits' moved || fail 'frozen tensors have moved'
    else
        ! grep -v '^logits' moved | grep -vE 'running_(mean|var)|num_batches' || fail 'frozen tensors have moved'
        [ "$(grep -c 'stem.*running_' moved)" = 2 ] || fail 'statistics have not moved'
    fi ;;
dirty)
    data folders d && data dirty d >want && tiny
    ./tiny train --data-dir d --experiment a --save-every 1 >out 2>err || fail 'training failed'
    sed 's/: .*//' runs/a/bad_images.txt | sort >bad
    LC_ALL=C sort want | cmp -s - bad || { diff want bad; fail 'another list of bad pictures'; }
    ! grep -vE ': [a-zA-Z].{8}' runs/a/bad_images.txt || fail 'a line without a reason'
    grep -q '^tiny: note: 6 pictures could not be read and were left out: runs/a/bad_images.txt$' err || fail 'it says how many'
    rm d/train/dark/cut.jpg
    ./tiny train --data-dir d --resume runs/a --epochs 4 >out 2>err || fail 'going on failed' # what a session before has met stays, none twice
    sed 's/: .*//' runs/a/bad_images.txt | sort | cmp -s - bad || fail 'another list after going on'
    ./tiny train --data-dir d --experiment b --strict >out 2>err
    [ $? = 1 ] && [ "$(grep -c 'error' err)" = 1 ] || fail '--strict: one error and exit 1 were expected'
    name=$(tr '\n' '?' <err | sed 's/.*tiny: error: \(d[^:]*\): .*/\1/')
    grep -qxF "$name" want || fail '--strict: no bad picture is named' ;;
errors_data)
    data idx && data folders d && tiny
    says 3 'tiny: error: nowhere/train: cannot read: No such file or directory; a folder that holds one folder a class was expected' ./tiny train --data-dir nowhere
    mkdir d/train/blue
    says 1 'tiny: error: d/train/blue: no pictures; each class needs one: add some, or remove the folder' ./tiny train --data-dir d
    rm -r d/train/blue d/train/grey
    says 1 "tiny: error: d/train has 2 classes, but 'logits' has 3 outputs; compile with -D classes=2 if the netdef has such a parameter" ./tiny train --data-dir d
    rm -r d/train/bright
    says 1 "tiny: error: d/train: the only class folder is 'dark'; two or more are needed to tell classes apart" ./tiny train --data-dir d
    rm -rf d && data folders d && mkdir d/validation/new && cp d/validation/dark/*.png d/validation/new
    first=$(ls d/validation/new | LC_ALL=C sort | head -n 1)
    says 1 "tiny: error: d/validation/new/$first: its class 'new' is not among the 3 classes of the training pictures ('bright' to 'grey')" ./tiny train --data-dir d
    says 0 'tiny: note: a batch of 400 is more than the 90 pictures there are: all of them make one' ./tiny train --experiment big --batch 400 --epochs 1
    rm train-images
    says 3 'tiny: error: train-images: cannot read: No such file or directory' ./tiny train
    [ "$(ls runs)" = big ] || fail 'a run that cannot begin leaves a folder' ;;
errors_options)
    data idx && tiny
    says 2 "tiny: error: unknown option '--epoch' for 'train'; did you mean '--epochs'?" ./tiny train --epoch 3
    says 2 "tiny: error: unknown option '--frobnicate' for 'train'; 'tiny train --help' lists its options" ./tiny train --frobnicate
    says 2 "tiny: error: option '--lr': '-1' is not a number from 0 to 1000000" ./tiny train --lr -1
    says 2 "tiny: error: option '--lr': 'nan' is not a number from 0 to 1000000" ./tiny train --lr nan
    says 2 "tiny: error: there is no optimiser 'adm'; did you mean 'adam'?" ./tiny train --opt adm
    says 2 "tiny: error: 'train' takes no file, but 'x' was given too" ./tiny train x
    says 2 "tiny: error: option '--experiment': 'a/b' is not the name of a folder in runs" ./tiny train --experiment a/b
    ./tiny train --experiment a --epochs 1 >out 2>err || fail 'training failed'
    says 2 'tiny: error: runs/a: there is such a run already; go on with it by --resume, or name another by --experiment' ./tiny train --experiment a
    compile tiny.net --target=plain -o tiny
    says 2 "tiny: error: this program cannot train; 'inceptc tiny.net --train -o tiny' makes one that can" ./tiny train ;;
errors_resume)
    data idx && tiny
    mkdir -p runs/empty
    says 3 'tiny: error: runs/empty: there is no checkpoint in this folder to go on from; --resume takes the folder of a run, as runs/NAME' ./tiny train --resume runs/empty
    says 2 'tiny: error: --resume auto needs --experiment NAME: it goes on with that run or begins it; a folder is resumed by --resume DIR' ./tiny train --resume auto
    says 0 '' ./tiny train --resume auto --experiment a --epochs 1
    says 0 'runs/a: 1 of 1 epochs are done: nothing is left to do; --epochs N goes on to N' ./tiny train --resume auto --experiment a --epochs 1
    says 2 "tiny: error: --resume takes the folder of a run, and 'runs/a/last.safetensors' is a file; did you mean 'runs/a'?" ./tiny train --resume runs/a/last.safetensors
    says 1 "tiny: error: runs/a/last.safetensors: tensor 'optimizer.exp_avg.stem.conv.weight' is missing: the training that wrote it had another optimiser or other weights" \
        ./tiny train --resume runs/a --opt adam
    cp -r runs/a runs/b
    says 0 'tiny: note: runs/b was trained with opt=sgd lr=0.1 momentum=0.9 weight_decay=0.0005 batch=16 steps=0 clip=0 ema=0; it goes on with opt=sgd lr=0.01 momentum=0.9 weight_decay=0.0005 batch=16 steps=0 clip=0 ema=0' \
        ./tiny train --resume runs/b --lr 0.01 --epochs 2
    printf X | dd of=runs/b/last.safetensors bs=1 seek=6000 conv=notrunc 2>/dev/null
    ./tiny train --resume runs/b --lr 0.01 --epochs 2 >out 2>err || fail 'the one before is whole'
    grep -q '^tiny: note: runs/b/last.safetensors: damaged: .*; going on from previous.safetensors$' err && grep -q '^resumed: runs/b, epoch 2, step 6$' err ||
        fail 'it goes on from the one before, and says so'
    cp -r runs/a runs/c
    printf X | dd of=runs/c/last.safetensors bs=1 seek=6000 conv=notrunc 2>/dev/null
    ./tiny train --resume runs/c >out 2>err
    [ $? = 1 ] && grep -q '^tiny: error: runs/c/last.safetensors: damaged: the SHA-256 of its bytes is .*; there is no earlier checkpoint$' err || fail 'damaged: exit 1'
    sed 's/conv 3x3 8 ->/conv 3x3 9 ->/' tiny.net >wide.net && compile wide.net --train --target=plain -o wide
    ./wide train --resume runs/a >out 2>err
    [ $? = 1 ] && grep -q "^wide: error: runs/a/last.safetensors: of network 'tiny' with layers [0-9a-f]*, but this program is 'tiny' with layers [0-9a-f]*; train in another folder$" err ||
        fail 'a checkpoint of another network: exit 1'
    data folders d
    says 1 "tiny: error: runs/a was trained with other classes: class 0 was '0' and is 'bright' in d/train" ./tiny train --resume runs/a --data-dir d --epochs 2 ;;
errors_weights)
    data idx && tiny
    ./tiny init --seed 7 -o whole.safetensors >out 2>err || fail init
    data cut whole.safetensors cut.safetensors stem.conv.weight
    data reshape whole.safetensors flat.safetensors stem.conv.weight
    says 3 'tiny: error: none.safetensors: cannot read: No such file or directory' ./tiny train --weights none.safetensors
    says 1 "tiny: error: cut.safetensors: tensor 'stem.conv.weight' is missing; a layer that is to begin anew stands in weights \"...\" except NAME" ./tiny train --weights cut.safetensors
    ./tiny train --weights flat.safetensors >out 2>err
    [ $? = 1 ] && grep -qE "^tiny: error: flat.safetensors: byte [0-9]+: tensor 'stem.conv.weight' is \[72\], but the network needs \[8, 1, 3, 3\]; a layer that is to begin anew stands in weights \"...\" except NAME$" err ||
        fail 'another shape: exit 1'
    [ ! -e runs ] || fail 'a run that cannot begin leaves a folder' ;;
transfer) # from three classes to two: all but the heads comes from the file
    data idx && tiny
    ./tiny train --experiment a --epochs 2 >out 2>err || fail 'training failed'
    cp runs/a/best.safetensors from.safetensors
    sed 's/^# FREEZE/weights "from.safetensors" except logits, side/' "$tests/tiny.net" >two.net
    compile two.net -D classes=2 --train --target=plain -o two
    data folders d && rm -r d/train/grey d/validation/grey
    ./two train --data-dir d --experiment b --lr 0 --epochs 1 >out 2>err || fail 'training failed' # with no step: what it began with
    data tensors from.safetensors runs/b/last.safetensors >moved
    cat moved
    ! grep -vE '^(logits|side)\.|running_(mean|var) ' moved || fail 'not all of the rest is from the file'
    [ "$(grep -cE '^(logits\.fc|side)\.' moved)" -ge 2 ] || fail 'the heads are those of the file'
    rm from.safetensors && ./two train --data-dir d --resume runs/b --lr 0.05 --epochs 8 >out 2>err || fail 'going on needs the file that it began with'
    ./two predict --weights runs/b/best.safetensors --labels runs/b/class_names.txt d/validation/dark/*.png >out 2>err || fail predict
    grep -qE '^ *[01]\.[0-9]+ +1  dark$' out || { cat out; fail 'no names of classes'; }
    awk '/^d/ { n++; getline; good += $3 == "dark" } END { exit !(n > 1 && good == n) }' out || { cat out; fail 'it has not learnt'; } ;;
files)
    data folders d && tiny
    ./tiny train --data-dir d --experiment a --log-interval 1 >out 2>err || fail 'training failed'
    for f in args.json netdef.net log.csv metrics.jsonl class_names.txt confusion.csv confusion.png last.safetensors previous.safetensors best.safetensors \
        events.out.tfevents.* train/events.out.tfevents.* validation/events.out.tfevents.*; do
        [ -s runs/a/$f ] || { ls -R runs/a; fail "runs/a/$f is missing or empty"; }
    done
    ! ls -R runs/a | grep -E 'tmp|\.old' || fail 'temporary files are left'
    printf 'bright\ndark\ngrey\n' | cmp -s - runs/a/class_names.txt || fail 'class_names.txt'
    logs_whole a 1 9 3
    cmp runs/a/netdef.net tiny.net || fail 'another text than was compiled'
    mkdir pipe && compile tiny.net --train -o tiny.c && compile - --train -o pipe/tiny.c <tiny.net && cmp tiny.c pipe/tiny.c || fail 'a text from a pipe, which training loads twice'
    grep -qzF "$(sed -n 2,4p tiny.net)" runs/a/events.out.tfevents.* || fail 'TensorBoard is not told the text'
    printf '# `````, "\\n", ??=, \303\266, \200' | cat tiny.net - >odd.net # its last line has no end
    compile odd.net --train --target=plain -o odd
    ./odd train --data-dir d --experiment odd --epochs 1 >out 2>err && cmp runs/odd/netdef.net odd.net || fail 'another text than was compiled'
    echo 'variant wide of "odd.net" { }' >wide.net && compile wide.net -D classes=3 --train --target=plain -o wide
    ./wide train --data-dir d --experiment wide --epochs 1 >out 2>err || fail 'training failed'
    { echo '# wide.net -D classes=3'; cat wide.net; printf '\n# odd.net\n'; cat odd.net; } | cmp - runs/wide/netdef.net || fail 'not all texts'
    /usr/bin/python3 - <<'P' || fail 'args.json, metrics.jsonl, log.csv, confusion.csv'
import csv, json
from PIL import Image
args = json.load(open('runs/a/args.json'))
assert args['batch_size'] == 16 and args['lr'] == 0.1 and args['train'] == 'd/train' and args['valid'] == 'd/validation', args
for line in open('runs/a/metrics.jsonl'):
    row = json.loads(line)
    assert row['train_loss'] > 0 and 0 <= row['train_accuracy'] <= 1 and 0 <= row['lr'] <= 0.1, row
rows = list(csv.DictReader(open('runs/a/log.csv')))
assert all(float(r['validation_loss']) > 0 for r in rows) and rows[-1]['epoch'] == '3', rows
table = list(csv.reader(open('runs/a/confusion.csv')))
assert sum(int(x) for r in table[1:] for x in r[1:4]) == 15, table
Image.open('runs/a/confusion.png').load()
P
    name=$(./tiny train --data-dir d --epochs 1 2>&1 >out | sed -n 's/^run: //p') # named by time and network
    echo "$name" | grep -qE '^runs/[0-9]{8}-[0-9]{6}-tiny$' && [ -s "$name/last.safetensors" ] || fail "a run named '$name'" ;;
options)
    data idx && tiny
    ./tiny train --help >out 2>err || fail 'no help'
    for o in batch batch-size wd weight-decay print-freq log-interval val-interval epochs steps lr opt momentum seed weights output resume experiment; do
        [ "$(grep -c -e "--$o " out)" = 1 ] || { cat out; fail "--$o: one line of help was expected"; }
    done
    ! awk 'length > 120' out | grep . || fail 'lines of help beyond 120 columns'
    ./tiny train --experiment a --batch-size 32 --wd 0 --momentum 0 --print-freq 1 --val-interval 2 --epochs 5 --steps 2 -j 1 >out 2>err || fail 'training failed'
    logs_whole a 1 10 5
    [ "$(grep -c '^validation:' err)" = 3 ] || fail 'epochs 2, 4 and 5 are validated'
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 { v = $at["validation_loss"]; if ((v != "") != ($1 == 2 || $1 > 3)) bad = 1 } END { exit bad }' \
        runs/a/log.csv || { cat runs/a/log.csv; fail 'validated in other epochs'; }
    grep -q '"batch_size": 32' runs/a/args.json && grep -q '"weight_decay": 0,' runs/a/args.json && grep -q '"momentum": 0,' runs/a/args.json || fail 'other values'
    ./tiny train --resume runs/a --batch-size 32 --wd 0 --momentum 0 --print-freq 1 --epochs 7 --steps 2 >out 2>err || fail 'going on to more epochs failed'
    logs_whole a 1 14 7
    for o in sgd adam adamw rmsprop; do
        ./tiny train --experiment $o --opt $o --epochs 1 >out 2>err || fail "--opt $o"
    done
    grep -q '"lr": 0.001' runs/adam/args.json || fail 'adam begins with its own learning rate' ;;
no_validation)
    data folders d && rm -r d/validation && tiny
    ./tiny train --data-dir d --experiment a --epochs 2 >out 2>err || fail 'training failed'
    grep -q '^tiny: 45 pictures of 3 classes, none for validation, batch 16, ' err || fail 'it does not say so'
    [ "$(cat out)" = 'trained: runs/a/last.safetensors' ] && [ ! -e runs/a/best.safetensors ] || { cat out; fail 'another last line'; }
    mkdir d/val && cp -r d/train/* d/val # as timm and torchvision's users call it
    ./tiny train --data-dir d --experiment b --epochs 1 >out 2>err && grep -q '^best: ' out || fail 'DIR/val is not taken' ;;
comes_apart) # a loss that is no number ends it, and the checkpoint is of before
    data idx && tiny
    ./tiny train --experiment a --epochs 1 >out 2>err || fail 'training failed'
    ./tiny train --resume runs/a --lr 1e6 --momentum 0.99 --epochs 50 >out 2>err
    [ $? = 1 ] && grep -qE '^tiny: error: the loss is (not a number|infinite) at step [0-9]+: training has come apart; a lower --lr, a warm-up or clip = 1 in train \{\} helps$' err ||
        fail 'a clear error and exit 1 were expected'
    ./tiny train --resume runs/a --epochs 1 >out 2>err || fail 'its checkpoint is of no use' ;;
leaks)
    command -v valgrind >/dev/null || { echo 'no valgrind here'; exit 0; }
    data folders d && data dirty d >want && tiny
    valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect ./tiny train --data-dir d --experiment a --epochs 1 -j 2 >out 2>err || fail 'valgrind'
    valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect ./tiny train --data-dir d --resume runs/a --epochs 2 -j 1 --workers 0 >out 2>err || fail 'valgrind, resumed' ;;
*) fail "no case $1" ;;
esac
