# mutate_space.py SEED [wild] <NET: the netdef with other white space between its tokens and before its lines: what it means stays.
# Without `wild`, where an alignment is the author's, no column is lost: what is aligned behind a line (shapes, comments) stays there,
# and numbers that stand together, as in (128,192, ...), stay together.
# mutate_space.py squeeze <NET: without the white space that means nothing, to compare; blank lines as one.
import random, re, sys
text = sys.stdin.read()
TOKEN = re.compile(r'"[^"\n]*"|\d+x\d+x\d+|\d+x\d+(?:/\d+(?:x\d+)?)?|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])|\d+(?:\.\d+)?|[A-Za-z_]\w*|->|\.\.|[^\s]')

def lines():
    for line in text.split('\n'):
        code, comment = line, ''
        for m in re.finditer(r'"[^"\n]*"|#', line):
            if m.group() == '#':
                code, comment = line[:m.start()], line[m.start():].rstrip()
                break
        yield [(m.group(), m.start()) for m in TOKEN.finditer(code)], comment, len(code) if comment else 0

if sys.argv[1] == 'squeeze':
    squeezed = [' '.join(t for t, _ in tokens) + ' ' + comment for tokens, comment, _ in lines()]
    kept = [l for i, l in enumerate(squeezed) if l != ' ' or (i > 0 and squeezed[i - 1] != ' ')]
    print('\n'.join(kept).strip())
    sys.exit()
r = random.Random(int(sys.argv[1]))
wild = len(sys.argv) > 2

def blanks(least, few):
    return ''.join(r.choice('  \t' if not few else ' ') for _ in range(least if few == 2 else r.choice([least, least, 1, 2, 5]) or least))

def words(a, b):  # would be one token
    return (a[-1].isalnum() or a[-1] in '_"') and (b[0].isalnum() or b[0] in '_"') or (a + b[0]) in ('->', '..') or b == '..' or a == '..'

def spaced(tokens, few):  # without the shape at its end, when that stays where it is
    s, end = '', 0
    for i, (t, start) in enumerate(tokens):
        before = tokens[i - 1][0] if i else ''
        if not wild and t[0].isdigit() and before in ('(', ',') and start - end != 1:
            s += ' ' * (start - end)
        elif t == '.' or before == '.':  # a dot stands at what follows it
            s += blanks(0, few) if wild and before != '.' else ''
        elif i:
            s += blanks(1 if words(before, t) or not wild and start > end else 0, few)
        else:
            s += blanks(0, few)
        s, end = s + t, start + len(t)
    return s

def behind(s, column, what):  # None: there is no room
    return s.ljust(column) + what if len(s) <= column - 3 else None

def line(tokens, comment, at):
    shape = len(tokens) > 2 and tokens[-2][0] == ':'
    few = 0
    while True:
        if wild:
            return spaced(tokens, 0) + (blanks(1, 0) + comment if comment else '')
        s = spaced(tokens[:-2] if shape else tokens, few + (shape or at > 0))
        s = behind(s, tokens[-2][1], ': ' + tokens[-1][0]) if shape else s
        s = behind(s, at, comment) if s is not None and comment else s
        if s is not None:
            return s
        few = 1  # the fewest

out = []
for tokens, comment, at in lines():
    s = line(tokens, comment, at) if tokens else blanks(0, 0) + comment if comment else ''
    out.append(s + (blanks(0, 0) if s else ''))
    if not s:
        out += [blanks(0, 0)] * r.choice([0, 0, 1, 3])
sys.stdout.write('\n'.join(out))
