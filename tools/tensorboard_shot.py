#!/usr/bin/env python3
"""tensorboard_shot.py RUNS OUT.png [QUERY]: TensorBoard's page of the folder of runs, drawn by headless chromium.

    sh tests/peers/run.sh board                 # makes build/events-peers, which has TensorBoard and Pillow
    build/inceptc netdefs/fashion.net --train --target=native -o build/fashion
    build/fashion train --epochs 4 --steps 80 --log-interval 5 -o build/shot --experiment fashion
    build/events-peers/bin/python tools/tensorboard_shot.py build/shot docs/tensorboard.png

Debian's package chromium draws. QUERY is what the page's address says: which tags, in which dashboard."""
import pathlib, socket, subprocess, sys, tempfile, time, urllib.request
from PIL import Image

QUERY = "?tagFilter=^(accuracy|loss%7Cepoch_loss%7Cepoch_accuracy%7Cmost_wrong/[123]%7Cinputs/[12]%7C(weights%7Cgradients)/a1.conv3x3.bn.weight)$&smoothing=0#timeseries"
SIZE = "1500,1500"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(url):
    for _ in range(300):
        try:
            if b"loss" in urllib.request.urlopen(url + "/data/plugin/scalars/tags", timeout=5).read():
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit("TensorBoard does not answer")


def draw(url, out):
    with tempfile.TemporaryDirectory() as work:
        shot = pathlib.Path(work) / "shot.png"
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={work}/profile",
                        f"--window-size={SIZE}", "--virtual-time-budget=60000", f"--screenshot={shot}", url],
                       check=True, stderr=subprocess.DEVNULL, timeout=180)
        Image.open(shot).convert("RGB").quantize(128).save(out, optimize=True)  # few colours: a third of the size


def main():
    runs, out, query = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else QUERY
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, "-m", "tensorboard.main", "--logdir", runs, "--host", "127.0.0.1", "--port", str(port),
                               "--samples_per_plugin", "images=100"], stderr=subprocess.DEVNULL)
    try:
        wait_for(url)
        draw(url + "/" + query, out)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
