"""growth.py INCEPTC FORM: a netdef of four times the statements takes about four times the processor's time, not sixteen times."""
import os, resource, subprocess, sys, tempfile

SMALL, TIMES = 20000, 4 # large enough for what is measured to be far above the noise
MOST = 8          # linear work grows 4 times, quadratic 16 times
TRIES = 3         # of each size the fastest counts
HEAD = "net t\nconventions torch\ninput x 3x8x8\n"


def lines(form, n):
    return "".join(form % i + "\n" for i in range(n))


def read_back(n):  # each statement reads by name the one before it
    return HEAD + "a0 = relu\n" + "".join(f"a{i} = a{i - 1} -> relu\n" for i in range(1, n)) + f"output a{n - 1}\n"


def modules(n):
    return HEAD + lines("module m%d = conv 1x1 3", n) + "".join(f"a{i} = m{i}\n" for i in range(n)) + "output a0\n"


def params(n):
    return HEAD + lines("param p%d = 3", n) + "".join(f"a{i} = conv 1x1 p{i}\n" for i in range(n)) + "output a0\n"


FORMS = {
    "named": lambda n: HEAD + lines("a%d = conv 1x1 3 bn relu", n) + "output a0\n",
    "side_flows": lambda n: HEAD + lines("a%d = x -> relu", n) + "output a0\n",
    "read_back": read_back,
    "in_a_module": lambda n: HEAD + "module m {\n" + lines("a%d = relu", n) + "}\nb = m\noutput b\n",
    "modules": modules,
    "params": params,
}


def seconds(inceptc, text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t.net")
        open(path, "w").write(text)
        best = float("inf")
        for _ in range(TRIES):
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            subprocess.run([inceptc, path, "--dump=params"], check=True, stdout=subprocess.DEVNULL)
            best = min(best, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
        return best


def main():
    inceptc, form = sys.argv[1:]
    small, large = (seconds(inceptc, FORMS[form](n)) for n in (SMALL, TIMES * SMALL))
    print(f"{form}: {SMALL} {small:.3f} s, {TIMES * SMALL} {large:.3f} s, {large / max(small, 1e-9):.1f} times")
    sys.exit(large > MOST * max(small, 0.01))


if sys.argv[1:] == ["--list"]:
    print(*FORMS)
else:
    main()
