# Statistics and tables of bench/peers.py, from plain data:
#   row    {name, ours, versions, model_bytes, library_bytes, reason, points}: a program of ours or a peer; reason: why it has no points
#   point  {seconds (each run's), first_seconds, memory_bytes, error, others, reason}, by (threads, batch);
#          others: the largest share of the processors that other processes took during the turns that count
import os, statistics

DISTURBED = 0.1 # of the processors taken by others: such turns count only for a row that has no better ones, and it is marked
WRONG = 1e-2 # error of logits by the deviation of the interpreter's, above which a row is marked


def quartiles(values):
    """First quartile, median, third quartile."""
    if len(values) < 2:
        return (values[0],) * 3
    return tuple(statistics.quantiles(values, n=4, method='inclusive'))


def distance(a, b):
    """Largest difference by b's deviation; infinite where they cannot be compared."""
    if len(a) != len(b) or not all(abs(v) < float('inf') for v in a):
        return float('inf')
    return max(abs(p - q) for p, q in zip(a, b)) / statistics.pstdev(b)


def table(head, rows):
    """Markdown that reads as plain text too: the first column to the left, the others to the right."""
    cells = [[str(c) for c in r] for r in [head] + rows]
    width = [max(len(r[i]) for r in cells) for i in range(len(head))]
    line = ['| ' + ' | '.join(c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(r, width))) + ' |' for r in cells]
    rule = '|' + '|'.join('-' * (w + 1) + (':' if i else '-') for i, w in enumerate(width)) + '|'
    return '\n'.join([line[0], rule] + line[1:]) + '\n'


def megabytes(n):
    return '%.1f' % (n / 1e6)


def middle(row, key):
    """The median seconds at a point, or None."""
    point = row['points'].get(key, {})
    return quartiles(point['seconds'])[1] if point.get('seconds') else None


def pooled(turns):
    """The runs that count of turns (seconds, others): those of undisturbed turns, or of all where there is none."""
    counted = [t for t in turns if t[1] <= DISTURBED] or turns
    return {'seconds': [s for seconds, _ in counted for s in seconds], 'others': max(others for _, others in counted)}


def worst(row):
    """The largest error over the points, or None."""
    errors = [p['error'] for p in row['points'].values() if 'error' in p]
    return max(errors) if errors else None


def name_of(row):
    error = worst(row)
    return row['name'] + (' (WRONG)' if error is not None and error > WRONG else '')


def excuse(row, key):
    return row.get('reason') or row['points'].get(key, {}).get('reason') or 'not measured'


def speed_row(row, key, ours):
    point, (low, mid, high) = row['points'][key], quartiles(row['points'][key]['seconds'])
    ratios = ['%.2f' % (mid / middle(o, key)) if middle(o, key) else '-' for o in ours]
    return [name_of(row), '%.2f' % (1e3 * mid), '%.2f..%.2f' % (1e3 * low, 1e3 * high), len(point['seconds']), *ratios,
            '%.2f' % point['first_seconds'], megabytes(point['memory_bytes']),
            '%.0f%%%s' % (100 * point['others'], ' (DISTURBED)' if point['others'] > DISTURBED else '')]


def speed_table(rows, key):
    """One number of threads and images: ours first, then the peers from the fastest, then why others have no numbers."""
    ours = [r for r in rows if r['ours']]
    measured = [r for r in rows if middle(r, key) is not None]
    measured.sort(key=lambda r: (not r['ours'], middle(r, key)))
    head = ['', 'median ms', 'quartiles', 'runs', *['/ ' + o['name'] for o in ours], 'first s', 'peak MB', 'others']
    out = table(head, [speed_row(r, key, ours) for r in measured])
    for r in rows:
        if r not in measured:
            out += '\n%s: no numbers: %s\n' % (r['name'], excuse(r, key))
    return out


def size_table(rows):
    """What a machine must have that runs the network, and how far the logits are from the interpreter's."""
    lines = []
    for r in rows:
        error = worst(r)
        sizes = [megabytes(r[k]) if k in r else '-' for k in ('model_bytes', 'library_bytes')]
        lines.append([name_of(r), *sizes, '-' if error is None else '%.1e' % error])
    return table(['', 'model MB', 'library MB', 'error'], lines)


def network_text(name, rows, keys, load):
    """The chapter of one network. load: (before, after)."""
    out = ['## %s\n' % name, 'Load %s before, %s after (these runs are part of it).\n' % load, size_table(rows)]
    for threads, batch in keys:
        out += ['### %s, %d thread%s, batch %d\n' % (name, threads, 's' * (threads > 1), batch), speed_table(rows, (threads, batch))]
    return '\n'.join(out)


def write_beside(path, text):
    """Writes the file under another name and renames it, so that the old one stays until the new one is whole."""
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    with open(path + '.tmp', 'w') as f:
        f.write(text)
    os.replace(path + '.tmp', path)
