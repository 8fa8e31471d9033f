# loader_peer.py DIR centre|random: the views of loader.c by PIL and torchvision in one thread, served in turns; a run is a batch. It is
# what a worker of torch's DataLoader does; processes and their pipes are not in it.
import glob, os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + '/peers')
from protocol import serve_run
BATCH = 32


def make():
    import PIL, torch, torchvision
    from PIL import Image
    from torchvision import transforms as T
    torch.set_num_threads(1)
    views = {'centre': [T.CenterCrop(299)], 'random': [T.RandomResizedCrop(299), T.RandomHorizontalFlip()]}
    view = T.Compose(views[sys.argv[2]] + [T.ToTensor(), T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
    files = sorted(glob.glob(sys.argv[1] + '/*/*.jpg'))
    place = 0

    def run():
        nonlocal place
        batch = [files[(place + i) % len(files)] for i in range(BATCH)]
        place += BATCH
        return torch.stack([view(Image.open(f).convert('RGB')) for f in batch])

    run()
    return run, {'versions': 'Pillow %s, torchvision %s' % (PIL.__version__, torchvision.__version__)}


serve_run(make)
