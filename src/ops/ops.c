#include <string.h>

#include "ops/op.h"

const GnetOp *const gnet_ops[] = {
    &gnet_op_conv,          &gnet_op_relu,
    &gnet_op_max_pool,      &gnet_op_avg_pool,
    &gnet_op_flatten,       &gnet_op_linear,
    &gnet_op_inception,     &gnet_op_concat,
    &gnet_op_cross_entropy, NULL,
};

const GnetOp *gnet_op_find(const char *name)
{
    for (const GnetOp *const *op = gnet_ops; *op; op++)
        if ((*op)->name[0] && strcmp((*op)->name, name) == 0)
            return *op;
    return NULL;
}
