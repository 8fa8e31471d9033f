# The implementations in PyTorch: how each is made, its view, and its names in ours.
import re
from common import ROOT, View

def googlenet_tv():
    import torchvision
    return torchvision.models.googlenet(weights=None, aux_logits=True, init_weights=False, transform_input=False)

def inception_v3():
    import torchvision
    return torchvision.models.inception_v3(weights=None, aux_logits=True, init_weights=False, transform_input=False)

def timm_model(name):
    import timm
    return timm.create_model(name, pretrained=False)

def bn_inception():
    import pretrainedmodels
    return pretrainedmodels.bninception(pretrained=None)

def facenet():
    import facenet_pytorch
    return facenet_pytorch.InceptionResnetV1(pretrained=None, classify=False)

def renamed(**rules):
    """Names equal ours but for those of modules without weights."""
    table = {k.replace('__', '.'): v for k, v in rules.items()}
    return lambda name: table.get(name, name)

RESNET = dict(mixed_6a__branch2='mixed_6a.maxpool3x3', mixed_7a__branch3='mixed_7a.maxpool3x3')
V4 = {f'features__{n}__{m}': f'features.{n}.maxpool3x3' for n, m in ((3, 'maxpool'), (5, 'maxpool'), (10, 'branch2'), (18, 'branch2'))}

def cadene(name):
    """By netdefs/names/cadene_bninception.map, which `inceptc` itself uses; a ReLU is what its convolution is called after."""
    pool = re.fullmatch(r'(inception_(..)|pool.)_(pool|3x3_s2)', name)
    if pool:
        kind = 'maxpool3x3' if pool[2] in ('3c', '4e', '5b') else 'avgpool3x3'
        return f'{pool[1]}.{kind}' if pool[2] else pool[1]
    if '_relu' in name and '.' not in name:
        return cadene(name.replace('_relu', '') + '.weight').removesuffix('.conv.weight').replace('7x7', '7x7_s2')
    for line in open(f'{ROOT}/netdefs/names/cadene_bninception.map'):
        if line.strip() and line[0] != '#':
            foreign, own = line.split()
            m = re.fullmatch(foreign, name)
            if m:
                return m.expand(own)
    return name

IMAGENET = dict(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
NETS = {  # make, view, names, auxiliary heads: module, the tensor that it reads
    'googlenet_tv': (googlenet_tv, View(224, 256), renamed(avgpool='fc.globalavgpool'), {'aux1': 'inception4a', 'aux2': 'inception4d'}),
    'inception_v3': (inception_v3, View(299, 342), renamed(avgpool='fc.globalavgpool'), {'AuxLogits': 'Mixed_6e'}),
    'inception_v4': (lambda: timm_model('inception_v4'), View(299, 341, bicubic=True), renamed(**V4, global_pool='last_linear.globalavgpool'), {}),
    'inception_resnet_v2': (lambda: timm_model('inception_resnet_v2'), View(299, 333, bicubic=True),
                            renamed(**RESNET, repeat_1__19__relu='repeat_1', repeat_2__8__relu='repeat_2',
                                    global_pool='classif.globalavgpool'), {}),
    'bn_inception': (bn_inception, View(224, 256, mean=(104, 117, 128), std=(1, 1, 1), bgr=True), cadene, {}),
    'inception_resnet_v1_facenet': (facenet, View(160, 160, exact=True, std=(128 / 255,) * 3),
                                    renamed(**RESNET, repeat_1__4__relu='repeat_1', repeat_2__9__relu='repeat_2', repeat_3__4__relu='repeat_3',
                                            avgpool_1a='last_linear.globalavgpool'), {}),
}
