/* inceptc advise: what the Inception papers would say about a network, with fixes. */
#include "advice/advice.h"
#include "driver.h"

int verb_advise(const Options *o, Arena *a)
{
    bool file_error = false;
    Graph *g = net_load(a, o->inputs.at[0], &o->net, &file_error);
    if (!g)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    Advice advice = advice_of(a, g, &o->net, o->warnings.at, o->warnings.n);
    if (o->json)
        advice_json(&advice, stdout);
    else
        advice_print(a, &advice);
    return EXIT_OK;
}
