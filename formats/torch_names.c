/* torch_names.c - a table.  Sources: torch/_utils.py, torch/serialization.py, torch/_weights_only_unpickler.py
 * of PyTorch 1.13 and 2.x. */
#include "torch_names.h"
#include "safetensors.h"

#define STORAGE(name, dtype) { "torch", #name "Storage", PICKLE_NAME, NULL, SAFETENSORS_##dtype }
#define PLAIN(module, name) { module, name, PICKLE_MAKER, NULL, TORCH_PLAIN }
#define NAME(module, name) { module, name, PICKLE_NAME, NULL, TORCH_PLAIN }
#define REFUSED(module, name, why) { module, name, PICKLE_NAME, why, TORCH_PLAIN }
#define QUANTIZED "a quantized tensor, which is not read: save model.dequantize() or float weights"
#define SPARSE "a sparse tensor, which is not read: save tensor.to_dense()"
#define OTHER_TYPE "of a type that is not read: save tensor.float()"

const PickleGlobal torch_globals[] = {
    { "torch._utils", "_rebuild_tensor_v2", PICKLE_MAKER, NULL, TORCH_TENSOR_V2 },
    { "torch._utils", "_rebuild_tensor", PICKLE_MAKER, NULL, TORCH_TENSOR },
    { "torch._utils", "_rebuild_parameter", PICKLE_MAKER, NULL, TORCH_PARAMETER },
    { "torch._utils", "_rebuild_parameter_with_state", PICKLE_MAKER, NULL, TORCH_PARAMETER },
    { "collections", "OrderedDict", PICKLE_MAPPING, NULL, TORCH_PLAIN },
    STORAGE(Float, F32),
    STORAGE(Long, I64),
    STORAGE(Half, F16),
    STORAGE(BFloat16, BF16),
    STORAGE(Double, F64),
    STORAGE(Int, I32),
    STORAGE(Short, I16),
    STORAGE(Char, I8),
    STORAGE(Byte, U8),
    STORAGE(Bool, BOOL),
    STORAGE(ComplexFloat, C64),
    REFUSED("torch", "ComplexDoubleStorage", OTHER_TYPE),
    REFUSED("torch", "QInt8Storage", QUANTIZED),
    REFUSED("torch", "QUInt8Storage", QUANTIZED),
    REFUSED("torch", "QInt32Storage", QUANTIZED),
    REFUSED("torch", "QUInt4x2Storage", QUANTIZED),
    REFUSED("torch", "QUInt2x4Storage", QUANTIZED),
    REFUSED("torch._utils", "_rebuild_qtensor", QUANTIZED),
    REFUSED("torch._utils", "_rebuild_sparse_tensor", SPARSE),
    REFUSED("torch._utils", "_rebuild_sparse_csr_tensor", SPARSE),
    REFUSED("torch._utils", "_rebuild_tensor_v3", OTHER_TYPE),
    REFUSED("torch._utils", "_rebuild_nested_tensor", "a nested tensor, which is not read"),
    REFUSED("torch._utils", "_rebuild_meta_tensor_no_storage", "a tensor without values"),
    REFUSED("torch._tensor", "_rebuild_from_type_v2",
            "a subclass of Tensor, which is not read: save tensor.detach()"),
    REFUSED("torch.jit._pickle", "build_intlist", "of TorchScript: save model.state_dict()"),
    /* what training scripts put beside the weights: noted and dropped */
    PLAIN("torch", "Size"),
    PLAIN("torch", "device"),
    NAME("torch", "float32"),
    NAME("torch", "float64"),
    NAME("torch", "float16"),
    NAME("torch", "bfloat16"),
    NAME("torch", "int64"),
    NAME("torch", "int32"),
    NAME("torch", "int16"),
    NAME("torch", "int8"),
    NAME("torch", "uint8"),
    NAME("torch", "bool"),
    PLAIN("collections", "defaultdict"),
    PLAIN("collections", "Counter"),
    PLAIN("argparse", "Namespace"),
    PLAIN("pathlib", "PosixPath"),
    PLAIN("_codecs", "encode"),
    PLAIN("builtins", "set"),
    PLAIN("__builtin__", "set"),
    NAME("builtins", "dict"),
    NAME("__builtin__", "dict"),
    NAME("builtins", "list"),
    NAME("__builtin__", "list"),
    PLAIN("numpy", "dtype"),
    NAME("numpy", "ndarray"),
    PLAIN("numpy.core.multiarray", "scalar"),
    PLAIN("numpy._core.multiarray", "scalar"),
    PLAIN("numpy.core.multiarray", "_reconstruct"),
    PLAIN("numpy._core.multiarray", "_reconstruct"),
};
const int torch_n_globals = sizeof torch_globals / sizeof torch_globals[0];
