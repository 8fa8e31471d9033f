# Rows that take turns: in every round each has one, forwards and backwards by turns; the runs of all rounds count together.
#   row   {name, command, log, and what the caller wants to keep}; measured() adds best, median (seconds of a run), runs, others (the
#         largest share of the processors that other processes took), cpu (the processor's seconds of a run), first (the first answer),
#         memory_bytes, or reason: why there are none
import os, sys
import report
from machine import ROOT, quietest_turn
from served import Refused, Served


def opened(row, threads):
    row['process'] = Served()
    print('  ' + row['name'], file=sys.stderr, flush=True)
    try:
        row['first'] = row['process'].start(row['command'], row['log'], threads, ROOT)
        row['process'].pause()
        row['turns'] = []
    except Refused as e:
        row['reason'] = str(e)


def take_turn(row, seconds, patience):
    try:
        turn, others = quietest_turn(row['process'], seconds, patience, 1)
        row['turns'].append((turn, others))
        row['memory_bytes'] = turn['memory_bytes']
    except Refused as e:
        row['reason'] = str(e)


def measured(rows, threads, rounds, seconds, patience):
    """Opens them all, times them and ends them."""
    for row in rows:
        opened(row, threads)
    for r in range(rounds):
        for row in rows[::-1] if r % 2 else rows:
            if 'reason' not in row:
                take_turn(row, seconds, patience)
    for row in rows:
        row['process'].close()
        if 'reason' not in row:
            runs = [s for turn, _ in row['turns'] for s in turn['seconds']]
            cpu = sum(turn['cpu_seconds'] for turn, _ in row['turns']) / sum(turn['calls'] for turn, _ in row['turns'])
            row.update(cpu=cpu, best=min(runs), median=report.quartiles(runs)[1], runs=len(runs), others=max(o for _, o in row['turns']))
    return rows


def others_text(row):
    return '%.0f%%%s' % (100 * row['others'], ' (DISTURBED)' if row['others'] > report.DISTURBED else '')
