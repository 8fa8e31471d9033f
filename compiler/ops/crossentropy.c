/* crossentropy, of each image: -sum q[c] log softmax(x)[c],  q = (1 - smooth) * onehot(label) + smooth / K
 * (Szegedy et al. 2015, arXiv 1512.00567, section 7).  Inputs: logits C x 1 x 1, labels 1 x 1 x 1.
 * crossentropy_grad: weight / n * (softmax(x) - q), the gradient of the batch's mean times the term's weight. */
#include "ops.h"
#include <math.h>

const char *infer_crossentropy(Graph *g, Node *n)
{
    return op_set(g, n, 0, n->op == OP_CROSSENTROPY_GRAD ? n->in[0]->shape : shape_chw(1, 1, 1));
}

static double most_of(const double *x, int classes)
{
    double most = x[0];
    for (int c = 1; c < classes; c++)
        most = fmax(most, x[c]);
    return most;
}

static double sum_exp(const double *x, int classes, double most)
{
    double sum = 0;
    for (int c = 0; c < classes; c++)
        sum += exp(x[c] - most);
    return sum;
}

static double loss_of(const Node *n, const double *x, int classes, int label)
{
    double most = most_of(x, classes), mean = 0;
    for (int c = 0; c < classes; c++)
        mean += x[c] / classes;
    return most + log(sum_exp(x, classes, most)) - (1 - n->smooth) * x[label] - n->smooth * mean;
}

void eval_crossentropy(Interp *it, const Node *n)
{
    int classes = n->in[0]->shape.dim[0];
    const double *x = op_in(it, n, 0), *label = op_in(it, n, 1);
    double *y = op_out(it, n, 0);
    for (int i = 0; i < it->n; i++, x += classes) {
        if (n->op == OP_CROSSENTROPY) {
            y[i] = loss_of(n, x, classes, (int)label[i]);
            continue;
        }
        double most = most_of(x, classes), sum = sum_exp(x, classes, most);
        for (int c = 0; c < classes; c++) {
            double q = (c == (int)label[i] ? 1 - n->smooth : 0) + n->smooth / classes;
            *y++ = n->weight / it->n * (exp(x[c] - most) / sum - q);
        }
    }
}
