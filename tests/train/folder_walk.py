# folder_walk.py DIR: "CLASS PATH" of each sample as torchvision's make_dataset walks, names with dots in front left out.
import os, sys
ends = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp')
top = sys.argv[1]
for c in sorted(e.name for e in os.scandir(top) if e.is_dir() and e.name[0] != '.'):
    for root, dirs, files in sorted(os.walk(os.path.join(top, c), followlinks=True)):
        if any(p[0] == '.' for p in os.path.relpath(root, top).split('/')):
            continue
        for f in sorted(files):
            if f.lower().endswith(ends) and f[0] != '.':
                sys.stdout.buffer.write(os.fsencode(c + ' ' + os.path.join(root, f) + '\n'))
