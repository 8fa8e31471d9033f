/* torch_names.h - every global that a pickle of tensors may name, and what it stands for here. */
#ifndef FORMATS_TORCH_NAMES_H
#define FORMATS_TORCH_NAMES_H
#include "pickle.h"

enum { /* PickleGlobal.detail; of a storage: its SafetensorsDtype */
    TORCH_PLAIN = -1, /* data that holds no weights */
    TORCH_TENSOR = -2,
    TORCH_TENSOR_V2 = -3,
    TORCH_PARAMETER = -4
};
extern const PickleGlobal torch_globals[];
extern const int torch_n_globals;
#endif
