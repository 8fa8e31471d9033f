/* runtime/core/target.c on a processor that has everything: linked in front of the library's (cc.sh). */
#define __builtin_cpu_supports(extension) 1
#include "../../runtime/core/target.c"
