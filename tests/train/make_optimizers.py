#!/usr/bin/python3
"""Prints tests/train/optimizer_values.h: weights after five steps of torch.optim, in double precision.

    /usr/bin/python3 tests/train/make_optimizers.py >tests/train/optimizer_values.h     (Debian's python3-torch 1.13.1)

Weights: "w", 3x4, which decays; "b", 5, which does not; "frozen", 2x2, and no gradient.  Values are multiples of 1/16, exact in
float.  TensorFlow's RMSProp is written out below from the documentation of tf.raw_ops.ApplyRMSProp:
    ms = rho ms + (1 - rho) g^2;  mom = momentum mom + lr g / sqrt(ms + epsilon);  var -= mom;  ms begins at 1
and the moving average from tf.train.ExponentialMovingAverage(decay, num_updates):
    shadow -= (1 - min(decay, (1 + t) / (10 + t))) (shadow - variable)
"""
import torch

RATES = [0.1, 0.1, 0.05, 0.05, 0.02]
SHAPES = [(3, 4), (5,), (2, 2)]
OURS = {torch.optim.SGD: "RT_SGD", torch.optim.Adam: "RT_ADAM", torch.optim.AdamW: "RT_ADAMW", torch.optim.RMSprop: "RT_RMSPROP"}


class TensorFlowRMSProp:
    def __init__(self, groups, alpha, momentum, eps):
        self.param_groups, self.alpha, self.momentum, self.eps = groups, alpha, momentum, eps
        for g in groups:
            g["ms"] = [torch.ones_like(p) for p in g["params"]]
            g["mom"] = [torch.zeros_like(p) for p in g["params"]]

    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            for p, ms, mom in zip(g["params"], g["ms"], g["mom"]):
                d = p.grad + g["weight_decay"] * p
                ms.copy_(self.alpha * ms + (1 - self.alpha) * d * d)
                mom.copy_(self.momentum * mom + g["lr"] * d / torch.sqrt(ms + self.eps))
                p -= mom


OURS[TensorFlowRMSProp] = "RT_RMSPROP"


def values(shape, step, seed):
    n = torch.Size(shape).numel()
    flat = [((i * 7 + step * 5 + seed * 3) % 17 - 8) / 16 for i in range(n)]
    return torch.tensor(flat, dtype=torch.float64).reshape(shape)


def train(kind, arguments, decay, clip, ema):
    params = [values(s, 0, i).requires_grad_() for i, s in enumerate(SHAPES)]
    groups = [{"params": params[:1], "weight_decay": decay, "lr": RATES[0]}, {"params": params[1:2], "weight_decay": 0.0, "lr": RATES[0]}]
    if kind is TensorFlowRMSProp:
        opt = kind(groups, **arguments)
    else:
        opt = kind(groups, lr=RATES[0], **arguments)
    averages = [p.detach().clone() for p in params]
    for t, rate in enumerate(RATES, 1):
        for i, p in enumerate(params[:2]):
            p.grad = values(SHAPES[i], t, i + 5)
        if clip:
            torch.nn.utils.clip_grad_norm_(params[:2], clip)
        for g in opt.param_groups:
            g["lr"] = rate
        opt.step()
        d = min(ema, (1 + t) / (10 + t))
        averages = [a - (1 - d) * (a - p.detach()) for a, p in zip(averages, params)]
    return params, averages


def fields(kind, arguments, decay, clip, ema):
    f = {".optimizer": OURS[kind], ".decay": decay, ".clip": clip, ".ema": ema, ".eps": arguments.get("eps", 1e-8)}
    if kind is TensorFlowRMSProp:
        f[".eps_inside"] = 1
    for key, value in arguments.items():
        if key == "betas":
            f[".beta1"], f[".beta2"] = value
        elif key != "eps":
            f["." + {"alpha": "beta2", "nesterov": "nesterov", "momentum": "momentum"}[key]] = int(value) if key == "nesterov" else value
    return ", ".join(f"{k} = {v}" for k, v in f.items() if v)


def row(name, kind, arguments, decay=0.0, clip=0.0, ema=0.0):
    params, averages = train(kind, arguments, decay, clip, ema)
    flat = lambda tensors: ", ".join(f"{v:.10g}" for p in tensors for v in p.detach().flatten().tolist())
    print(f'    {{ "{name}", {{ {fields(kind, arguments, decay, clip, ema)} }},')
    print(f"      {{ {flat(params)} }},")
    print(f"      {{ {flat(averages)} }} }},")


SGD, ADAM, ADAMW, RMSPROP = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop
print("/* Made by tests/train/make_optimizers.py with torch " + torch.__version__ + ": name, recipe, weights, moving averages. */")
print("static const struct { const char *name; RtRecipe recipe; double weights[21], averages[21]; } judged[] = {")
row("sgd", SGD, {})
row("sgd decay", SGD, {}, decay=0.02)
row("sgd momentum decay", SGD, {"momentum": 0.9}, decay=0.02)
row("sgd nesterov decay", SGD, {"momentum": 0.9, "nesterov": True}, decay=0.02)
row("sgd momentum clip", SGD, {"momentum": 0.9}, clip=0.5)
row("sgd clip that is never reached", SGD, {}, clip=50.0)
row("sgd ema", SGD, {"momentum": 0.9}, ema=0.9999)
row("sgd ema of a small decay", SGD, {}, ema=0.25)
row("adam", ADAM, {"betas": (0.9, 0.999)})
row("adam decay clip ema", ADAM, {"betas": (0.8, 0.99), "eps": 1e-3}, decay=0.02, clip=0.7, ema=0.3)
row("adam beta1 0", ADAM, {"betas": (0.0, 0.9)})
row("adamw", ADAMW, {"betas": (0.9, 0.999)}, decay=0.01)
row("adamw large decay clip", ADAMW, {"betas": (0.9, 0.95), "eps": 1e-2}, decay=0.5, clip=0.7)
row("rmsprop", RMSPROP, {"alpha": 0.99})
row("rmsprop momentum decay", RMSPROP, {"alpha": 0.9, "momentum": 0.9, "eps": 1e-3}, decay=0.02)
row("rmsprop eps 1", RMSPROP, {"alpha": 0.9, "momentum": 0.9, "eps": 1.0})
row("rmsprop tf", TensorFlowRMSProp, {"alpha": 0.9, "momentum": 0.9, "eps": 1.0}, decay=0.02)
row("rmsprop tf without momentum, clip", TensorFlowRMSProp, {"alpha": 0.9, "momentum": 0.0, "eps": 1.0}, clip=0.5, ema=0.9)
print("};")
print("static const double rates[] = { " + ", ".join(map(str, RATES)) + " };")
