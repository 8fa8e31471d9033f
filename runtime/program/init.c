/* init.c - the command that writes initialised weights. */
#include "program.h"
#include <inttypes.h>

RtStatus command_init(const Program *p)
{
    RtError err;
    const Options *o = &p->options;
    if (!o->output || !o->seed.given)
        return program_error(p, RT_ERROR_USAGE, "'init' needs --seed N and -o FILE");
    if (rt_init_file(p->net, o->seed.value, o->output, &err))
        return program_fail(p, &err);
    printf("%s: %d tensors of '%s' from seed %" PRIu64 "\n", o->output, p->net->n_weights,
           p->net->name, o->seed.value);
    return RT_OK;
}
