# chromium.py - a headless Chromium through its debugging pipe: no driver, no package but Debian's chromium.
import json, os, subprocess, tempfile, time

class Page:
    """One page at a time. problems: what the console and the log said."""

    def __init__(self, width=1280, height=900, dark=False):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True) # its helpers may still write
        there, ours = os.pipe(), os.pipe()
        # Chromium reads commands from file descriptor 3 and writes replies to 4; the high ones do not collide while they are moved there
        read, write = [os.dup2(fd, high) for fd, high in ((there[0], 103), (ours[1], 104))]
        self.process = subprocess.Popen(
            ['bash', '-c', 'exec "$@" 3<&103 4>&104', 'bash', 'chromium', '--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe', '--hide-scrollbars',
             '--no-first-run', f'--user-data-dir={self.profile.name}', 'about:blank'],
            pass_fds=(read, write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (there[0], ours[1], read, write):
            os.close(fd)
        self.out, self.inp, self.buffer, self.id, self.problems, self.session = there[1], ours[0], b'', 0, [], None
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self.session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(domain + '.enable')
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])
        self.requests = []

    def message(self):
        while b'\0' not in self.buffer:
            more = os.read(self.inp, 1 << 16)
            assert more, 'Chromium has ended'
            self.buffer += more
        text, self.buffer = self.buffer.split(b'\0', 1)
        m = json.loads(text)
        if m.get('method') in ('Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded'):
            self.problems.append(json.dumps(m['params'])[:300])
        if m.get('method') == 'Network.requestWillBeSent':
            self.requests.append(m['params']['request']['url'])
        return m

    def call(self, method, **params):
        self.id += 1
        m = {'id': self.id, 'method': method, 'params': params}
        if self.session and not method.startswith('Target.'):
            m['sessionId'] = self.session
        os.write(self.out, json.dumps(m).encode() + b'\0')
        while True:
            m = self.message()
            if m.get('id') == self.id:
                assert 'error' not in m, (method, m)
                return m['result']

    def open(self, path):
        """Seconds until the page's load event."""
        begin = time.monotonic()
        self.call('Page.navigate', url='file://' + os.path.abspath(path))
        while self.run('document.readyState') != 'complete':
            time.sleep(0.02)
        self.run('document.body.getBoundingClientRect().height') # laid out
        return time.monotonic() - begin

    def run(self, script):
        r = self.call('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)
        assert 'exceptionDetails' not in r, r
        return r['result'].get('value')

    def key(self, key, text=''):
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=key, code=key, text=text if kind == 'keyDown' else '',
                      windowsVirtualKeyCode={'Enter': 13, 'Tab': 9, ' ': 32}[key])

    def picture(self, path):
        import base64
        open(path, 'wb').write(base64.b64decode(self.call('Page.captureScreenshot', format='png')['data']))

    def close(self):
        try:
            self.call('Target.getTargets') and os.write(self.out, json.dumps({'id': 0, 'method': 'Browser.close'}).encode() + b'\0')
            self.process.wait(timeout=10)
        except (OSError, AssertionError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.profile.cleanup()
