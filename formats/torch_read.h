/* torch_read.h - between the two layouts of PyTorch's files and the tensors of a state_dict. */
#ifndef FORMATS_TORCH_READ_H
#define FORMATS_TORCH_READ_H
#include "broken.h"
#include "pickle.h"
#include "tensor_read.h"
#include "zip.h"

typedef struct TorchStorage { /* what a persistent id says, and where its elements are */
    const uint8_t *key;
    uint32_t key_size;
    uint32_t at; /* byte of the pickle */
    SafetensorsDtype dtype;
    uint64_t numel;             /* of all of it */
    uint64_t first, view_numel; /* the part that tensors see */
    const uint8_t *data;
} TorchStorage;

typedef struct Torch {
    TensorFile *f;
    RtError *err;
    Pickle pickle;
    const char *part; /* of the file, for messages: "data.pkl" */
    uint64_t part_at; /* byte of the file where it begins */
    /* Sets s->data to numel elements, or says why not. */
    bool (*find)(struct Torch *t, TorchStorage *s);
    const Zip *zip; /* find's: of the one layout */
    const char *folder;
    char *path;
    TorchStorage *storages; /* of the other: by key */
    size_t n_storages;
    uint64_t total; /* bytes of all tensors so far */
} Torch;

/* "FILE: byte N: PART byte M: ..." and false. */
#define TORCH_BROKEN(t, byte, fmt, ...)                                                            \
    file_broken((t)->err, (t)->f->path, (t)->part_at + (byte), "%s byte %" PRIu32 ": " fmt,        \
                (t)->part, (uint32_t)(byte), ##__VA_ARGS__)

/* Runs the pickle in these bytes of the file. */
bool torch_unpickle(Torch *t, const char *part, uint64_t at, uint64_t size);
/* Fills the file's entries from the value that torch_unpickle left. */
bool torch_read_state(Torch *t);
bool torch_read_storage(Torch *t, uint32_t stored, TorchStorage *s);
/* The two layouts. */
bool tensor_read_torch_zip(TensorFile *f, const Zip *z, RtError *err);
bool tensor_read_torch_legacy(TensorFile *f, RtError *err);
#endif
