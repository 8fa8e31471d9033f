/* inceptc diff: what differs between two networks, or between a variant and its base.  Exits as diff(1) does: 0 equal, 1 they differ,
 * 2 a netdef has errors; 3 a file cannot be read. */
#include "driver.h"
#include "report/diff.h"
#include "report/report_load.h"
#include "report/terminal.h"

enum { EXIT_DIFFER = 1, EXIT_TROUBLE = 2 };

static int trouble(int code) { return code == EXIT_INPUT ? EXIT_TROUBLE : code; }

int verb_diff(const Options *o, Arena *a)
{
    int code = EXIT_OK;
    Summary s[2];
    const char *path[2] = { o->inputs.at[0], o->inputs.at[o->inputs.n - 1] };
    if (o->inputs.n == 1 && !(path[0] = net_base(a, path[1], &o->net, &code)))
        return trouble(code);
    for (int i = 0; i < 2; i++)
        if (!report_load(o, a, path[i], true, &s[i], &code))
            return trouble(code);
    const NetDiff *d = net_diff(a, &s[0], &s[1]);
    if (o->json)
        diff_json(d, stdout);
    else
        diff_print(d, terminal_is_utf8(), stdout);
    return d->equal ? EXIT_OK : EXIT_DIFFER;
}
