/* JPEG, PNG and gzip by libjpeg, libpng and zlib. */
#include "image_codecs.h"

const ImageLibraries image_libraries = { "JPEG, PNG, BMP, PPM or PGM", image_read_jpeg, image_read_png, image_write_png, gunzip };
