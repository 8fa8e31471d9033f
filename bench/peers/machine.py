# What a benchmark says of the machine, and turns that others disturb little.
import os, subprocess, time

ROOT = os.path.abspath(os.path.dirname(__file__) + '/../..')
BUSY, TRIES = 0.05, 3 # share of the processors; a busier turn is repeated


def load():
    return ' '.join(open('/proc/loadavg').read().split()[:3])


def busy_seconds():
    """What all processes have used of the processors since the machine started."""
    fields = [int(v) for v in open('/proc/stat').readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf('SC_CLK_TCK')


def others_during(work):
    """What work returned, and the share of the processors that others took meanwhile."""
    begin, before = time.perf_counter(), busy_seconds()
    done = work()
    used = busy_seconds() - before - (done['cpu_seconds'] if done else 0)
    return done, max(0, used / (time.perf_counter() - begin) / os.cpu_count())


def wait_for_quiet(patience):
    """At most `patience` seconds."""
    end = time.time() + patience
    while others_during(lambda: time.sleep(0.2))[1] > BUSY and time.time() < end:
        pass


def quietest_turn(row, seconds, patience, tries=TRIES):
    """The answer of the least disturbed turn, and the share that others took during it."""
    best = (None, float('inf'))
    for _ in range(tries):
        wait_for_quiet(patience)
        best = min(best, others_during(lambda: row.turn(seconds)), key=lambda t: t[1])
        if best[1] <= BUSY:
            break
    return best


def printed(*arguments):
    return subprocess.run(arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip()


def machine_text():
    facts = dict(line.split(':', 1) for line in printed('env', 'LC_ALL=C', 'lscpu').splitlines() if ':' in line)
    memory = int(open('/proc/meminfo').readline().split()[1]) / 1e6
    return '%s, %d processors, %.0f GB, %s' % (facts['Model name'].strip(), os.cpu_count(), memory, printed('uname', '-sr'))


def source_text():
    """Which inceptc, by which compiler."""
    return 'inceptc %s; %s' % (printed('git', 'describe', '--always', '--dirty'), printed('cc', '--version').split('\n')[0])


def command_text(target, defaults, settings):
    """What to type for the same settings again."""
    return ' '.join(['make ' + target] + ["%s='%s'" % (k, settings[k]) for k in defaults if settings[k] != defaults[k]])
