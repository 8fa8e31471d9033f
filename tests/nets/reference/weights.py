# weights.py NET FOLDER WEIGHTS NOISE: what the stored reference of a network was made with: weights.safetensors of the formula
# with the stored statistics, and the noise, the second image of its batch, as .npy.
import sys, os
import numpy as np
sys.path.insert(0, os.path.dirname(__file__))
from common import OurNetwork, formula
net, folder, weights, noise = sys.argv[1:]
ours = OurNetwork(net)
shapes = {n: ours.weights[n] for n in ours.statistics}
kept = formula.read_statistics(f'{folder}/{net}.statistics.safetensors', shapes) if shapes else {}
formula.write(weights, {n: kept[n] if n in kept else formula.weight(n, s) for n, s in ours.weights.items()})
from caffe_googlenet import VIEW
from torch_nets import NETS
np.save(noise, (VIEW if net == 'googlenet' else NETS[net][1]).noise())
