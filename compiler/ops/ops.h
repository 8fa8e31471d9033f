/* What every operator's file provides; ops.c has the table of them, made from ops.def. */
#ifndef INCEPTC_OPS_H
#define INCEPTC_OPS_H
#include "../graph.h"
#include "../interp.h"

/* Sets the shapes of n's outputs; a sentence on what does not fit, else null. */
typedef const char *OpInfer(Graph *g, Node *n);
/* Computes n's outputs in double. */
typedef void OpEval(Interp *it, const Node *n);
/* Adds to *dx[i] (null: none yet) the gradient of input i given dy of output 0; false: no rule. */
typedef bool OpGrad(Graph *g, Node *n, Tensor *dy, Tensor **dx);

#define OP_FILE(file) OpInfer infer_##file; OpEval eval_##file;
OP_FILE(conv) OP_FILE(batchnorm) OP_FILE(relu) OP_FILE(maxpool) OP_FILE(avgpool) OP_FILE(globalavgpool)
OP_FILE(adaptiveavgpool) OP_FILE(linear) OP_FILE(concat) OP_FILE(add) OP_FILE(mul) OP_FILE(max) OP_FILE(lrn)
OP_FILE(l2norm) OP_FILE(dropout) OP_FILE(softmax) OP_FILE(crossentropy) OP_FILE(normalize) OP_FILE(slice)
OP_FILE(copy) OP_FILE(bn_weights) OP_FILE(scale_weights) OP_FILE(zeros) OP_FILE(bn_train) OP_FILE(conv_grad) OP_FILE(interleave)
OP_FILE(maxpool_index) OP_FILE(space_to_depth)
#undef OP_FILE
OpGrad grad_conv, grad_linear, grad_bn_apply, grad_batchnorm, grad_relu, grad_maxpool, grad_avgpool, grad_globalavgpool, grad_adaptiveavgpool, grad_add,
    grad_concat, grad_dropout, grad_lrn, grad_l2norm, grad_mul, grad_max, grad_softmax,
    grad_normalize;

const char *op_infer(Graph *g, Node *n);
void op_eval(Interp *it, const Node *n);
bool op_grad(Graph *g, Node *n, Tensor *dy, Tensor **dx);

/* ---- For shape rules ---- */
const char *op_wrong(Graph *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Output 0 becomes `s`. */
const char *op_set(Graph *g, Node *n, int k, Shape s);
/* floor or ceil((size + before + after - k) / stride) + 1 with torch's and Caffe's rule that the last window
 * begins inside the image or the first border; 0 when the kernel is larger than the padded image. */
int op_window_size(int size, int before, int after, int k, int stride, bool ceil);
const char *op_window_shape(Graph *g, Node *n, int channels, Shape *out);

/* ---- For gradients ---- */
/* A node named after the layer and `what`, of n inputs and one output; the caller sets attributes and calls op_infer_sure. */
Node *op_grad_node(Graph *g, OpKind op, const Node *of, const char *what, Tensor *const *in, int n_in, int n_out);
Tensor *op_infer_sure(Graph *g, Node *n); /* its output 0 */
/* conv_grad.c: gradients of y = conv(x, w) + b, or of a fully connected layer as the convolution whose kernel is its input. */
void conv_gradients(Graph *g, Node *n, Window w, Tensor *dy, Tensor **dx);

/* ---- For evaluation ---- */
/* maxpool.c: index of the first maximum of window (oy, ox) in a plane of h x width; -1 when the window holds no pixel. */
int64_t op_first_maximum(Interp *it, const Window *w, const double *x, int h, int width, int oy, int ox);
static inline double *op_in(Interp *it, const Node *n, int i) { return interp_values(it, n->in[i]); }
static inline double *op_out(Interp *it, const Node *n, int i) { return interp_values(it, n->out[i]); }
double op_relu(Interp *it, double v);
/* y = relu?(residual + scale * (y + bias)) on output k, channel c0 of the bias. */
void op_epilogue(Interp *it, const Node *n, int k, int c0, int bias_input);
#endif
