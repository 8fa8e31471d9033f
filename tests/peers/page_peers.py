# page_peers.py NET [PICTURE]: the page of netdefs/NET.net in a headless Chromium: opens fast, fetches nothing, folds, sorts, leads from advice to layers, is readable dark and on
# a phone, and its console is silent. PICTURE: where a screenshot goes (docs/page.png is of googlenet).
import json, os, re, subprocess, sys, tempfile
here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
sys.path.insert(0, here)
from chromium import Page

net, picture = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
work = tempfile.TemporaryDirectory()
path = work.name + '/page.html'
subprocess.run([root + '/build/inceptc', f'{root}/netdefs/{net}.net', '-o', path], check=True)
bad = 0

def expect(what, got, want):
    global bad
    if got != want:
        bad += 1
        print(f'{net}: {what}: {got!r}, expected {want!r}')

page = Page()
page.open(path) # the first start of the browser is not the page's
seconds = min(page.open(path) for _ in range(3)) # nor is what else the machine does
print(f'{net}: {os.path.getsize(path)} bytes, open in {seconds:.2f} s')
expect('opens under 2 s', seconds < 2, True)
expect('requests', sorted(set(page.requests)), ['file://' + path])

# ---- Folding: by mouse, by keyboard, all at once ----
shown = 'document.querySelectorAll("#figure .box").length - [...document.querySelectorAll("#figure .box")].filter(b => !b.checkVisibility()).length'
boxes = page.run('document.querySelectorAll("#figure .box").length')
page.run('document.querySelector("button[data-open=\'1\']").click()')
expect('all unfolded', page.run(shown), boxes)
first = page.run('[...document.querySelectorAll("#figure details")][0].querySelectorAll(".box").length')
page.run('document.querySelector("#figure summary").click()')
expect('the first module folded', page.run(shown), boxes - first)
page.run('document.querySelector("#figure summary").focus()')
page.key('Enter', '\r')
expect('unfolded by the keyboard', page.run(shown), boxes)
page.run('document.querySelector("button[data-open=\'0\']").click()')
expect('all folded', page.run(shown), page.run('[...document.querySelectorAll("#figure .box")].filter(b => !b.closest("details")).length'))
page.run('document.querySelector("button[data-open=\'1\']").click()')

# ---- The figure: branches side by side, what follows below, nothing over another ----
overlaps = page.run('''(() => { const r = [...document.querySelectorAll("#figure .box")].map(b => b.getBoundingClientRect()); let n = 0;
  for (let i = 0; i < r.length; i++) for (let k = i + 1; k < r.length; k++)
    n += r[i].left < r[k].right - 1 && r[k].left < r[i].right - 1 && r[i].top < r[k].bottom - 1 && r[k].top < r[i].bottom - 1;
  return n; })()''')
expect('boxes over each other', overlaps, 0)
expect('parallels of two branches and more', page.run('[...document.querySelectorAll("#figure .par")].every(p => p.children.length > 1)'), True)
expect('branches at one height', page.run('''[...document.querySelectorAll("#figure .par")].every(p => [...p.children].every(c =>
  Math.abs(c.getBoundingClientRect().top - p.children[0].getBoundingClientRect().top) < 1))'''), True)
expect('order of a sequence', page.run('''[...document.querySelectorAll("#figure .seq")].every(s => [...s.children].every((c, i) =>
  !i || c.getBoundingClientRect().top > s.children[i - 1].getBoundingClientRect().top))'''), True)

# ---- Sorting ----
column = 'i => [...document.querySelectorAll("#layers tbody tr")].map(r => r.cells[i].dataset.v ?? r.cells[i].textContent)'
heads = page.run('[...document.querySelectorAll("#layers th")].map(h => h.textContent)')
original = page.run(f'({column})(0)')
for i in range(len(heads)):
    for _ in range(2):
        page.run(f'document.querySelectorAll("#layers th button")[{i}].click()')
        state = page.run(f'document.querySelectorAll("#layers th")[{i}].getAttribute("aria-sort")')
        got = page.run(f'({column})({i})')
        natural = lambda s: [int(p) if p.isdigit() else p for p in re.split(r'(\d+)', s)]
        if i > 1:
            ordered = sorted(map(float, got), reverse=state == 'descending')
            expect(f'sorted by {heads[i]}, {state}', list(map(float, got)), ordered)
        else:
            expect(f'ends of {heads[i]}, {state}', natural(got[0].lower()) <= natural(got[-1].lower()), state == 'ascending')
    expect(f'rows of {heads[i]}', sorted(page.run(f'({column})(0)')), sorted(original))
page.run('document.querySelectorAll("#layers th button")[3].focus()')
page.key('Enter', '\r')
expect('sorted by the keyboard', page.run('document.querySelectorAll("#layers th")[3].hasAttribute("aria-sort")'), True)
page.run('document.querySelector("#order").click()')
expect('the order of the text', page.run(f'({column})(0)'), original)

# ---- A box leads to its row; every control is reached by Tab ----
page.run('document.querySelector("#figure .box").click()')
expect('row of a box', page.run('document.querySelector("tr:target td").textContent.includes(document.querySelector("#figure .box b").textContent)'), True)
page.run('document.activeElement.blur(); scrollTo(0, 0)')
page.key('Tab')
expect('Tab reaches something', page.run('document.activeElement.matches("a, button, summary, [tabindex]")'), True)
expect('buttons and summaries take part', page.run('[...document.querySelectorAll("button, summary")].every(b => b.tabIndex === 0)'), True)

# ---- Advice: what the text form says is shown, and each of its links leads to the row of the layer that it names ----
said = json.loads(subprocess.run([root + '/build/inceptc', 'advise', f'{root}/netdefs/{net}.net', '--json'], check=True, capture_output=True).stdout)['advice']
page.run('document.querySelector("nav a[href=\'#advice\']").click()')
expect('the link of the head', page.run('document.querySelector(":target").id + " " + (document.querySelector("#advice").getBoundingClientRect().top < innerHeight)'), 'advice true')
expect('kinds', page.run('[...document.querySelectorAll("#advice article")].map(a => a.id)'), [k['kind'] for k in said])
expect('fixes', page.run('[...document.querySelectorAll("#advice pre")].map(p => p.textContent)'), [f['variant'] for k in said for f in k['fixes'] if f['variant']])
led = page.run('''[...document.querySelectorAll("#advice a")].map(a => { a.click(); const row = document.querySelector("tr:target"), r = row?.getBoundingClientRect();
  return row && [a.textContent, row.cells[0].textContent, r.top < innerHeight && r.bottom > 0]; })''')
expect('links of layers', led, [[l, l, True] for k in said for f in k['findings'] for l in f['layers']])
expect('fixes scroll by the keyboard', page.run('[...document.querySelectorAll("#advice pre")].every(p => p.tabIndex === 0)'), True)
if picture:
    page.call('Emulation.setDeviceMetricsOverride', width=1100, height=1400, deviceScaleFactor=1, mobile=False)
    page.run('history.replaceState(null, "", "#"); document.activeElement.blur(); scrollTo(0, 0)')
    page.picture(picture)
problems = list(page.problems)
page.close()

# ---- Dark, and on a phone: text against its background by WCAG's contrast; nothing wider than the screen but what scrolls by itself ----
contrast = '''(() => { const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)|transparent/.test(c)) return c; } return "rgb(255,255,255)"; };
  return Math.min(...[...document.querySelectorAll("h1, p, dt, dd, summary, small, .box, td, button, li, li a, pre")].map(e => {
    const a = light(getComputedStyle(e).color), b = light(ground(e)); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); })); })()'''
for dark in (False, True):
    phone = Page(width=390, height=800, dark=dark)
    phone.open(path)
    expect(f'least contrast, dark {dark}: at least 4.5', phone.run(contrast) >= 4.5, True)
    expect('width of the page on a phone', phone.run('document.documentElement.scrollWidth') <= 390, True)
    expect('text on a phone', phone.run('parseFloat(getComputedStyle(document.querySelector("td")).fontSize)') >= 12, True)
    problems += phone.problems
    phone.close()
expect('console', problems, [])
print(net, 'ok' if not bad else 'FAILED')
sys.exit(bad != 0)
