# shift_beta.py IN OUT GRAPH: the weights with every batch norm's beta drawn from 0.5..1.5 and gamma from 0.8..1.2.
# A fresh batch norm (beta 0) makes a deep network amplify rounding by 1.2 a layer (half of each ReLU's input is cut off: Yang et
# al. 2019, "A mean field theory of batch normalization", section 3), so that float and double differ by 1e-3 after 76 layers,
# torch's too. Trained networks do not; with these betas neither do ours, and a wrong kernel still shows in every number.
import json, struct, sys
import numpy as np
data = open(sys.argv[1], 'rb').read()
n = struct.unpack('<Q', data[:8])[0]
header, body = json.loads(data[8:8 + n]), bytearray(data[8 + n:])
roles = {}
for line in open(sys.argv[3]):
    word = line.split()
    if word[0] == 'weight':
        roles[word[1]] = word[3].split('=')[1]
draw = np.random.RandomState(5)
for name in sorted(header):
    low, high = {'beta': (0.5, 1.5), 'gamma': (0.8, 1.2)}.get(roles.get(name), (0, 0))
    if high:
        a, b = header[name]['data_offsets']
        body[a:b] = draw.uniform(low, high, (b - a) // 4).astype('<f4').tobytes()
open(sys.argv[2], 'wb').write(data[:8 + n] + bytes(body))
