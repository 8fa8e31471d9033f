/* JPEG and PNG by libjpeg and libpng. */
#include "image_codecs.h"

const ImageLibraries image_libraries = { "JPEG, PNG, BMP, PPM or PGM", image_read_jpeg, image_read_png, image_write_png };
