#!/usr/bin/env python3
"""make_folders.py: a set of pictures of two classes becomes data/train/CLASS and data/validation/CLASS.

    make_folders.py FOLDER            files named CLASS.ANYTHING, as Kaggle's cat.123.jpg and dog.123.jpg
    make_folders.py CATS DOGS         two folders, whose names are the classes

Pictures are copied under their own names. Which ones validate is drawn by --seed: the same ones each time."""
import argparse, collections, os, pathlib, random, shutil, sys, tempfile

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm")  # what a program of inceptc reads


def pictures(folder):
    return sorted(p for p in pathlib.Path(folder).iterdir() if p.suffix.lower() in EXTENSIONS and p.is_file() and not p.name.startswith("."))


def read_classes(sources):
    """Pictures by class."""
    if len(sources) == 2:
        return {pathlib.Path(s).resolve().name: pictures(s) for s in sources}
    by_class = collections.defaultdict(list)
    for p in pictures(sources[0]):
        by_class[p.name.split(".")[0]].append(p)
    return by_class


def check(by_class, sources):
    if len(by_class) != 2:
        found = ", ".join(sorted(by_class)[:5]) or "none"
        sys.exit(f"make_folders.py: {' and '.join(map(str, sources))}: two classes are needed, there are {len(by_class)}: {found}")
    for name, files in by_class.items():
        if len(files) < 2:
            sys.exit(f"make_folders.py: class '{name}' has {len(files)} pictures; it needs one to train and one to validate")


def split(files, share, draw):
    """Some of both, whatever the share says."""
    files = files[:]
    draw.shuffle(files)
    n = min(max(round(share * len(files)), 1), len(files) - 1)
    return {"validation": files[:n], "train": files[n:]}


def fill(folder, by_class, share, seed, link):
    for name, files in sorted(by_class.items()):
        for part, chosen in split(files, share, random.Random(f"{seed} {name}")).items():
            to = folder / part / name
            to.mkdir(parents=True)
            for p in chosen:
                (to / p.name).symlink_to(p.resolve()) if link else shutil.copyfile(p, to / p.name)
            print(f"{part}/{name}: {len(chosen)} pictures")


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("sources", nargs="+", metavar="FOLDER")
    a.add_argument("-o", "--output", default="data", help="the folder to make (data); it must not exist")
    a.add_argument("--validation", type=float, default=0.2, help="the share of each class that validates (0.2)")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--link", action="store_true", help="symbolic links instead of copies")
    o = a.parse_args()
    if len(o.sources) > 2:
        a.error("one folder or two")
    if not 0 < o.validation < 1:
        a.error("--validation is a share between 0 and 1")
    missing = [s for s in o.sources if not os.path.isdir(s)]
    if missing:
        sys.exit(f"make_folders.py: {missing[0]}: no such folder")
    out = pathlib.Path(o.output)
    if os.path.lexists(out):
        sys.exit(f"make_folders.py: {out} is there already; move it away or say --output")
    by_class = read_classes(o.sources)
    check(by_class, o.sources)
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    part = pathlib.Path(tempfile.mkdtemp(prefix=out.name + ".part.", dir=out.absolute().parent))  # out appears whole or not at all
    part.chmod(0o755)
    fill(part, by_class, o.validation, o.seed, o.link)
    part.rename(out)


if __name__ == "__main__":
    main()
