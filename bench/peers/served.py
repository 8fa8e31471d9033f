# A process that is timed in turns: one that protocol.py serves, or a program of turns.h. It lives through all rounds and is stopped between
# its turns.
import json, os, select, signal, subprocess
from machine import ROOT

LIMIT_S = 900 # for one answer, a conversion included
# Peers, which may be stopped, die with us.
BOUND = ['setpriv', '--pdeathsig', 'KILL']
# They run without a network: some send what they do to their maker, or fetch.
OFFLINE = ['unshare', '-n'] if subprocess.run(['unshare', '-n', 'true'], stderr=subprocess.DEVNULL).returncode == 0 else []


class Refused(Exception):
    """Why a row has no numbers."""


class Served:
    process = None

    def start(self, command, log, threads, cwd):
        """The first answer of a new process, whose errors go to the file `log`."""
        self.log = log
        env = dict(os.environ, OMP_NUM_THREADS=str(threads), TVM_NUM_THREADS=str(threads))
        for name in ('OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE'):
            env.pop(name, None)
        with open(log, 'a') as f:
            self.process = subprocess.Popen(BOUND + OFFLINE + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=f, bufsize=0,
                                            start_new_session=True, env=env, cwd=cwd)
        return self.answer()

    def answer(self):
        if not select.select([self.process.stdout], [], [], LIMIT_S)[0]:
            raise Refused('no answer within %d s' % LIMIT_S)
        line = self.process.stdout.readline()
        if not line:
            raise Refused('ended without an answer, exit %d (%s)' % (self.process.wait(), os.path.relpath(self.log, ROOT)))
        answer = json.loads(line)
        if 'error' in answer:
            raise Refused(answer['error'].replace(ROOT + '/', ''))
        return answer

    def pause(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def turn(self, seconds):
        """{seconds: each run's, memory_bytes, cpu_seconds}"""
        os.killpg(self.process.pid, signal.SIGCONT)
        self.process.stdin.write(b'%g\n' % seconds)
        answer = self.answer()
        self.pause()
        return answer

    def close(self):
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None
