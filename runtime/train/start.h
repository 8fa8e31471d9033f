/* start.h - the weights that training begins with. */
#ifndef INCEPTRT_START_H
#define INCEPTRT_START_H
#include "step.h"

/* Fills t->raw from initialisers by seed; then, where path is not null, with the tensors of that safetensors file by name, converted
 * to float32.  Those marked fresh (weights ... except) stay as initialised; *loaded counts those that came from the file.
 * RT_ERROR_FILE, RT_ERROR_INPUT: the file cannot be read, lacks a tensor that is not fresh, or has it in another shape. */
RtStatus training_start(Training *t, uint64_t seed, const char *path, int *loaded, RtError *err);
#endif
