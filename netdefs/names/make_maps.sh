#!/bin/sh
# make_maps.sh [DIR]: writes the maps of Keras and tf-slim to DIR (netdefs/names). Needs build/inceptc.
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
out=${1:-$here}
# map NAME NET 'what the source is' 'heads and what is special, as rules': NAME.map from tests/weights/sources/NAME.tsv
map() {
    {
        printf '# %s\n' "$3"
        printf '# for netdefs/%s.net; written by netdefs/names/make_maps.sh\n' "$2"
        printf '@eps 0.001\n%s\n' "$4"
        /usr/bin/python3 "$here/make_map.py" "$root/tests/weights/sources/$1.tsv" "$root/netdefs/$2.net"
    } >"$out/$1.map" || exit 1
}
run='Checked: every name and shape against the library (tests/weights/sources), and the output of random weights (tests/peers/tf_peers.py)'
read='Checked: every name and shape against the source text and the number of parameters (tests/weights/sources/slim_read_names.py)'
keras="Keras applications' %s, layers numbered from 1 as in the published files; as tools/to_safetensors.py names them. $run"
map keras_inception_v3 variants/inception_v3_tf "$(printf "$keras" InceptionV3)" 'predictions/kernel fc.weight io
predictions/bias fc.bias'
map keras_inception_resnet_v2 inception_resnet_v2 "$(printf "$keras" InceptionResNetV2)" 'predictions/kernel classif.weight io
predictions/bias classif.bias'
slim="tf-slim's checkpoint of %s; class 0, the background, is left out. %s"
map slim_inception_v1 variants/googlenet_slim "$(printf "$slim" inception_v1 "$run")" 'InceptionV1/Logits/Conv2d_0c_1x1/weights fc.weight hwio[1:]
InceptionV1/Logits/Conv2d_0c_1x1/biases fc.bias [1:]'
map slim_inception_v2 inception_v2 "$(printf "$slim" inception_v2 "$run")" 'InceptionV2/Conv2d_1a_7x7/depthwise_weights Conv2d_1a_7x7.depthwise.weight hwim
InceptionV2/Conv2d_1a_7x7/pointwise_weights Conv2d_1a_7x7.pointwise.weight hwio
InceptionV2/Conv2d_1a_7x7/biases Conv2d_1a_7x7.pointwise.bias
InceptionV2/Logits/Conv2d_1c_1x1/weights Logits.weight hwio[1:]
InceptionV2/Logits/Conv2d_1c_1x1/biases Logits.bias [1:]'
map slim_inception_v3 variants/inception_v3_tf "$(printf "$slim" inception_v3 "$run")" 'InceptionV3/Logits/Conv2d_1c_1x1/weights fc.weight hwio[1:]
InceptionV3/Logits/Conv2d_1c_1x1/biases fc.bias [1:]
InceptionV3/AuxLogits/Conv2d_2b_1x1/weights AuxLogits.fc.weight hwio[1:]
InceptionV3/AuxLogits/Conv2d_2b_1x1/biases AuxLogits.fc.bias [1:]'
map slim_inception_v4 inception_v4 "$(printf "$slim" inception_v4 "$read")" 'InceptionV4/Logits/Logits/weights last_linear.weight io[1:]
InceptionV4/Logits/Logits/biases last_linear.bias [1:]'
map slim_inception_resnet_v2 inception_resnet_v2 "$(printf "$slim" inception_resnet_v2 "$read")" 'InceptionResnetV2/Logits/Logits/weights classif.weight io[1:]
InceptionResnetV2/Logits/Logits/biases classif.bias [1:]'
