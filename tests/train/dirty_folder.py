# dirty_folder.py TOOL PICTURE: a folder as people have them. What PIL reads is loaded with PIL's pixels, the rest is listed with a reason,
# whatever the number of workers. dirty_folder.py make PICTURE writes small pictures of each kind.
import io, os, struct, subprocess, sys, zlib
import numpy as np
from PIL import Image
cat = Image.open(sys.argv[2]).convert('RGB').resize((40, 30))

def data(im, kind, **options):
    b = io.BytesIO()
    im.save(b, kind, **options)
    return b.getvalue()

jpeg, png = data(cat, 'JPEG'), data(cat, 'PNG')
if sys.argv[1] == 'make':
    kinds = {'a.jpg': jpeg, 'p.jpg': data(cat, 'JPEG', progressive=True), 'k.jpg': data(cat.convert('CMYK'), 'JPEG'), 'a.png': png,
             'q.png': data(cat.convert('P'), 'PNG'), 'i.png': data(cat, 'PNG', optimize=True), 'a.bmp': data(cat, 'BMP'),
             'q.bmp': data(cat.convert('P'), 'BMP'), 'a.ppm': data(cat, 'PPM'), 'a.pgm': data(cat.convert('L'), 'PPM')}
    for name, b in kinds.items():
        open(name, 'wb').write(b)
    sys.exit()
tool = sys.argv[1]
exif = Image.Exif()
exif[0x112] = 6  # to be turned: ImageFolder does not
palette = cat.convert('P')
grey16 = Image.fromarray((np.arange(60 * 40).reshape(40, 60) * 20).astype(np.uint16))
comment = jpeg[:2] + b'\xff\xfe\x00\x04hi' + jpeg[2:]
good = {'a.jpg': jpeg, 'png.jpg': png, 'bmp.jpg': data(cat, 'BMP'), 'cmyk.jpg': data(cat.convert('CMYK'), 'JPEG'), 'grey.jpg': data(cat.convert('L'), 'JPEG'),
        'rgba.png': data(cat.convert('RGBA'), 'PNG'), 'transparent.png': data(palette, 'PNG', transparency=3), 'grey_one.png': data(cat.convert('L'), 'PNG', transparency=9), 'bits16.png': data(grey16, 'PNG'),
        'progressive.JPG': data(cat, 'JPEG', progressive=True), 'extra.jpg': jpeg + b'more', 'comment.jpg': comment, 'turned.jpeg': data(cat, 'JPEG', exif=exif),
        'one.png': data(cat.resize((1, 1)), 'PNG'), 'with space.jpg': jpeg, 'k\u00e4tzchen.png': png, 'new\nline.png': png, 'jpeg.png': jpeg}
bomb = b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + b'IHDR' + struct.pack('>IIBBBBB', 20000, 20000, 8, 2, 0, 0, 0)
bomb += struct.pack('>I', zlib.crc32(bomb[12:]))
bad = {'empty.jpg': b'', 'text.jpg': b'<html>404</html>', 'gif.jpg': data(palette, 'GIF'), 'webp.png': b'RIFF\x20\0\0\0WEBPVP8 ' + bytes(20),
       'tiff.tif': b'II*\0\x08\0\0\0', 'cut.jpg': jpeg[:len(jpeg) // 2], 'cut.png': png[:len(png) // 2], 'bomb.png': bomb, 'bomb.ppm': b'P6 20000 20000 255\n',
       'crc.png': png[:-1000] + bytes([png[-1000] ^ 1]) + png[-999:]}
ignored = {'Thumbs.db': b'x', '.DS_Store': b'x', '._a.jpg': b'x', 'notes.txt': b'x'}
for i, c in enumerate(('cats', 'dogs')):
    os.makedirs('d/' + c)
    for name, b in {**good, **bad, **ignored}.items():
        open('d/%s/%s' % (c, name), 'wb').write(b)
    os.mkdir('d/%s/folder.jpg' % c)
    os.symlink('nowhere', 'd/%s/link.jpg' % c)
    os.mkfifo('d/%s/pipe.jpg' % c)
bad.update({'link.jpg': b'', 'pipe.jpg': b''})
outs = [subprocess.run(['timeout', '20', tool, 'load', 'd', '20', w], capture_output=True) for w in '013']
assert all(o.returncode == 0 for o in outs), outs
assert outs[0].stdout == outs[1].stdout == outs[2].stdout
text = os.fsdecode(outs[0].stdout).replace('new\nline', 'new line')
wrong = 0
rows = [r.split('\t') for r in text.splitlines()]
seen = {r[1]: r for r in rows}
for c in ('cats', 'dogs'):
    for name in good:
        path = 'd/%s/%s' % (c, name)
        want = '%08x' % zlib.crc32(np.asarray(Image.open(path).convert('RGB').resize((20, 20), Image.BILINEAR)).tobytes())
        got = seen.pop(path.replace('\n', ' '), ['missing'])[0]
        if got != want:
            wrong += 1
            print('differs from PIL:', path, got, want)
    for name in bad:
        path = 'd/%s/%s' % (c, name)
        row = seen.pop(path, ['missing'])
        if row[0] != 'bad' or path not in row[2]:
            wrong += 1
            print('not listed:', path, row)
print(len(rows), 'pictures,', wrong, 'wrong,', len(seen), 'unexpected', list(seen))
sys.exit(wrong != 0 or len(seen) != 0)
