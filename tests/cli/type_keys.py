# type_keys.py SHELL SCRIPT INCEPTC < CASES: a real interactive shell on a terminal, into which each case is typed, tab keys
# included. A case is "keys => the words that inceptc gets", where \t is the tab key.
import os, pty, re, select, signal, sys, time
shell, script, inceptc = sys.argv[1:]
# inceptc in the shell: asked for completions it is the real one, otherwise it shows its words.
POSIX = 'inceptc() { if [ "$1" = --complete ]; then command inceptc "$@"; else echo ARG"V"; printf "<%s>" "$@"; echo; fi; }'
FISH = 'function inceptc; if test "$argv[1]" = --complete; command inceptc $argv; else; echo ARG"V"; printf "<%s>" $argv; echo; end; end'
START = {'bash': ['bash', '--noprofile', '--norc', '-i'], 'zsh': ['zsh', '-f', '-i'], 'fish': ['fish', '--no-config', '-i']}
SETUP = {'bash': ['bind "set bell-style none"', 'bind "set enable-bracketed-paste off"', 'source ' + script],
         'zsh': ['autoload -U compinit; compinit -D -u', 'unsetopt beep', 'source ' + script], 'fish': ['source ' + script]}


class Shell:
    def __init__(self):
        env = dict(os.environ, PATH=os.path.dirname(inceptc) + ':' + os.environ['PATH'], TERM='xterm' if shell == 'fish' else 'dumb',
                   HOME=os.getcwd(), LC_ALL='C.UTF-8', LINES='50', COLUMNS='200')
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(START[shell][0], START[shell], env)
        self.seen = ''

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def until(self, pattern, seconds=20):
        """Reads until pattern; the match, or None."""
        end = time.time() + seconds
        while time.time() < end:
            found = re.search(pattern, re.sub(r'\x1b\[[0-9;?>=]*[A-Za-z]|\x1b[()=>][B0]?|\x1b\][^\x07]*\x07', '', self.seen), re.S)
            if found:
                self.seen = ''
                return found
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors='replace')
                except OSError:
                    break
        return None


def main():
    sh = Shell()
    for line in SETUP[shell] + [FISH if shell == 'fish' else POSIX, "echo SET'UP'"]:
        sh.type(line + '\n')
        time.sleep(0.1)
    if not sh.until('SETUP'):
        sys.exit('%s did not start: %r' % (shell, sh.seen))
    bad = ran = 0
    for case in filter(str.strip, sys.stdin):
        keys, want = [t.strip(' \n') for t in case.split('=>')]
        sh.type(keys.replace(r'\t', '\t') + '\n')
        got = sh.until(r'ARGV\r?\n(.*?)\r?\n')
        if not got or got.group(1).replace('/>', '>') != want: # zsh takes the slash of a folder back
            print('%s: %s\n  gave     %s\n  expected %s' % (shell, keys, got.group(1) if got else repr(sh.seen[-300:]), want))
            bad += 1
            if not got:
                break
        ran += 1
    os.kill(sh.pid, signal.SIGKILL)
    os.waitpid(sh.pid, 0)
    print(ran, 'lines')
    sys.exit(bad > 0 or ran == 0)


main()
