#!/bin/sh
# Pictures, resize and crop equal PIL and torchvision bit for bit; damaged files are clear errors.
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$1" = --list ] && { echo equal-pil equal-pil-plain damaged; exit 0; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
tool=$here/build/view_tool
case $1 in
equal-pil) exec /usr/bin/python3 "$here/tests/runtime/images_pil.py" "$tool" "$here/demo/cat.png" 150 ;;
equal-pil-plain) # on a processor without AVX2, for which resize.c has other code
    printf '#!/bin/sh\nexec qemu-x86_64 -cpu Nehalem "%s" "$@"\n' "$tool" >emulated && chmod +x emulated || exit 1
    exec /usr/bin/python3 "$here/tests/runtime/images_pil.py" "$work/emulated" "$here/demo/cat.png" 20 ;;
esac
fail=0
# refused FILE TEXT: the tool must exit with 1 and say TEXT
refused() {
    "$tool" "$1" none >out 2>err
    [ $? = 1 ] && grep -q "$2" err || { echo "$1: expected an error with '$2'"; cat err; fail=1; }
}
: >empty.jpg
echo "not a picture" >text.jpg
mkdir dir.jpg
ln -s nowhere gone.jpg
head -c 5000 "$here/demo/cat.png" >short.png
printf '\211PNG\r\n\032\n\000\000\000\rIHDR\000\001\206\240\000\001\206\240\010\002\000\000\000' >bomb.png
printf 'P6\n20000 20000\n255\n' >bomb.ppm
printf 'P6\n4 4\n255\nabc' >short.ppm
printf 'BM' >short.bmp
/usr/bin/python3 -c "
from PIL import Image
Image.open('$here/demo/cat.png').save('cat.jpg')
b = open('cat.jpg', 'rb').read()
open('short.jpg', 'wb').write(b[:len(b) // 2])"
refused empty.jpg 'is empty'
refused text.jpg 'begins with bytes'
refused dir.jpg 'not a file'
refused gone.jpg 'cannot read'
refused short.png 'damaged PNG'
refused bomb.png 'PNG'
refused bomb.ppm 'pixels'
refused short.ppm 'bytes of pixels'
refused short.bmp 'BMP header'
refused short.jpg 'damaged JPEG'
exit $fail
