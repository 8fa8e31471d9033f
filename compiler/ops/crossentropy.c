/* crossentropy: mean over the batch of -sum q'[c] log softmax(x)[c], q' = (1 - smooth) * onehot(label) + smooth / K
 * (Szegedy et al. 2015, arXiv 1512.00567, section 7).  Inputs: logits C x 1 x 1, labels 1 x 1 x 1. */
#include "ops.h"
#include <math.h>

const char *infer_crossentropy(Graph *g, Node *n)
{
    int one = 1;
    return op_set(g, n, 0, shape_weights(1, &one));
}

void eval_crossentropy(Interp *it, const Node *n)
{
    int classes = n->in[0]->shape.dim[0];
    const double *x = op_in(it, n, 0), *label = op_in(it, n, 1);
    double loss = 0;
    for (int i = 0; i < it->n; i++, x += classes) {
        double most = x[0], sum = 0, mean = 0;
        for (int c = 1; c < classes; c++)
            most = fmax(most, x[c]);
        for (int c = 0; c < classes; c++) {
            sum += exp(x[c] - most);
            mean += x[c] / classes;
        }
        loss += most + log(sum) - (1 - n->smooth) * x[(int)label[i]] - n->smooth * mean;
    }
    *op_out(it, n, 0) = loss / it->n;
}
