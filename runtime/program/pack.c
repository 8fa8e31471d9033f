/* pack.c - the command that writes packed weights. */
#include "program.h"
#include <inttypes.h>

RtStatus command_pack(const Program *p)
{
    RtError err;
    Session s;
    RtTarget target;
    const char *path = p->options.output;
    if (!path)
        return program_error(p, RT_ERROR_USAGE, "'pack' needs -o FILE");
    RtStatus status = session_target(p, &target);
    if (!status)
        status = session_open_weights(&s, p, target);
    if (status)
        return status;
    if (rt_save_packed(s.net, s.weights, path, &err))
        status = program_fail(p, &err);
    else
        printf("%s: %zu bytes of '%s' for %s, layout %016" PRIx64 "\n", path,
               rt_weights_bytes(s.net, target), s.net->name, rt_target_name(target), s.plan->layout);
    session_close(&s);
    return status;
}
