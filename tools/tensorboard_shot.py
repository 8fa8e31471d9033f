#!/usr/bin/env python3
"""tensorboard_shot.py RUNS OUT.png [QUERY]: TensorBoard's page of the folder of runs, drawn by headless chromium.

    sh tests/peers/run.sh board                 # makes build/events-peers, which has TensorBoard and Pillow
    build/inceptc netdefs/fashion.net --train --target=native -o build/fashion
    build/fashion train --epochs 4 --steps 80 --log-interval 5 -o build/shot --experiment fashion
    build/events-peers/bin/python tools/tensorboard_shot.py build/shot docs/tensorboard.png

Debian's package chromium draws. QUERY is what the page's address says: which tags, in which dashboard."""
import base64, fcntl, io, json, os, socket, subprocess, sys, tempfile, time, urllib.request
from PIL import Image

QUERY = "?tagFilter=^(accuracy|loss%7Cepoch_loss%7Cepoch_accuracy%7Cmost_wrong/[12]%7Cinputs/1%7C(weights%7Cgradients)/a1.conv3x3.bn.weight)$&smoothing=0#timeseries"
WIDTH, HEIGHT = 1500, 1180
SETTLE_S = 12 # for the page to fetch and to draw
TIDY = """ // no tables under the charts; the settings' column goes
[...document.querySelectorAll('mat-checkbox')].find(b => b.textContent.includes('step selection')).querySelector('input').click();
[...document.querySelectorAll('button')].find(b => b.textContent.includes('Settings')).click();
"""


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


class Browser:
    """Headless chromium, told what to do through its pipe (DevTools protocol: JSON messages, each ended by a zero)."""

    def __init__(self, profile):
        from_us, self.write = os.pipe()
        self.read, to_us = os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (from_us, to_us)] # 3 and 4 may be ours
        begin = lambda: [os.dup2(fd, at) for fd, at in zip(high, (3, 4))]
        self.process = subprocess.Popen(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}",
                                         f"--window-size={WIDTH},{HEIGHT}", "--remote-debugging-pipe"],
                                        close_fds=False, preexec_fn=begin, stderr=subprocess.DEVNULL)
        for fd in [from_us, to_us, *high]:
            os.close(fd)
        self.left, self.n, self.session = b"", 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def answer(self):
        while b"\0" not in self.left:
            part = os.read(self.read, 1 << 20)
            if not part:
                sys.exit("chromium ended")
            self.left += part
        message, self.left = self.left.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.n += 1
        message = {"id": self.n, "method": method, "params": params, **({"sessionId": self.session} if self.session else {})}
        left = json.dumps(message).encode() + b"\0"
        while left:
            left = left[os.write(self.write, left):]
        while True:
            got = self.answer()
            if got.get("id") == self.n:
                return got.get("result") or sys.exit(f"{method}: {got}") if "error" in got else got["result"]

    def close(self):
        self.process.terminate()
        self.process.wait()


def draw(url, out):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
        browser = Browser(work)
        try:
            browser.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False)
            browser.call("Page.navigate", url=url)
            time.sleep(SETTLE_S)
            problem = browser.call("Runtime.evaluate", expression=TIDY).get("exceptionDetails")
            if problem:
                sys.exit(f"the page has changed: {problem['exception']['description']}")
            time.sleep(SETTLE_S)
            shot = base64.b64decode(browser.call("Page.captureScreenshot", format="png")["data"])
        finally:
            browser.close()
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(128).save(out, optimize=True)  # few colours: a third of the size


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
