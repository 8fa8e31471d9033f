# torch_reference.py NET OUT.npz: torchvision's network in float64 with the weights of formula.py, its batch norms calibrated on
# demo/cat.png; keeps the statistics and the logits. `make check-peers` runs it again and compares with what is stored.
import os, sys
import numpy as np, torch, torchvision
from PIL import Image
from torchvision import transforms as T
sys.path.insert(0, os.path.dirname(__file__))
from formula import weight

torch.set_num_threads(2)
net, out = sys.argv[1], sys.argv[2]
if net == 'googlenet_tv':
    model = torchvision.models.googlenet(weights=None, aux_logits=True, init_weights=False, transform_input=True)
    steps, mean, std = (256, 224), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
else:
    model = torchvision.models.inception_v3(weights=None, aux_logits=True, init_weights=False, transform_input=True)
    steps, mean, std = (342, 299), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
state = model.state_dict()
for name, v in state.items():
    if not name.endswith(('running_mean', 'running_var', 'num_batches_tracked')):
        state[name] = torch.from_numpy(weight(name, tuple(v.shape)))
model.load_state_dict(state)
model = model.double().eval()
image = Image.open(os.path.join(os.path.dirname(__file__), '../../demo/cat.png')).convert('RGB')
x = T.Compose([T.Resize(steps[0]), T.CenterCrop(steps[1]), T.ToTensor(), T.Normalize(mean, std)])(image).unsqueeze(0)

def calibrate(bn, inputs):  # statistics of what comes in, rounded to the float that a file holds, before they are used
    y = inputs[0]
    bn.running_mean = y.mean((0, 2, 3)).float().double()
    bn.running_var = y.var((0, 2, 3), unbiased=False).float().double()
hooks = [m.register_forward_pre_hook(calibrate) for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
with torch.no_grad():
    model(x.double())
    for h in hooks:
        h.remove()
    logits = model(x.double())
kept = {k: v.float().numpy() for k, v in model.state_dict().items() if k.endswith(('running_mean', 'running_var'))}
aux = {k for k in kept if k.lower().startswith('aux')}
np.savez_compressed(out, logits=logits.numpy(), **{k: v for k, v in kept.items() if k not in aux})
print(net, 'torch', torch.__version__, 'torchvision', torchvision.__version__, 'logits', float(logits.mean()), float(logits.std()))
