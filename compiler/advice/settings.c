/* -W as users of cc know it: design, design-NAME, no-..., error, error=..., no-error=... */
#include "advice.h"
#include "rules.h"
#include "settings.h"
#include <string.h>

typedef struct Words {
    bool no, error;
    const char *what; /* "design", "design-NAME"; of "error" alone: "" */
} Words;

static Words split(const char *s)
{
    Words w = { .what = s };
    if (strncmp(w.what, "no-", 3) == 0) {
        w.no = true;
        w.what += 3;
    }
    if (strncmp(w.what, "error", 5) == 0 && (w.what[5] == '=' || !w.what[5])) {
        w.error = true;
        w.what += w.what[5] ? 6 : 5;
    }
    return w;
}

static bool names(const char *what, const Rule *r)
{
    return !*what || strcmp(what, "design") == 0 || (strncmp(what, "design-", 7) == 0 && strcmp(what + 7, r->name) == 0);
}

/* "error=X" turns X on as well, as in cc; "error" alone only turns what is on into errors. */
static void apply(const Words *w, RuleState *s)
{
    if (!w->error)
        s->on = !w->no;
    else if (*w->what && !w->no)
        s->on = s->error = true;
    else
        s->error = !w->no;
}

void settings_apply(const char *const *settings, int n, RuleState *states)
{
    for (int i = 0; i < n; i++) {
        Words w = split(settings[i]);
        for (int k = 0; k < n_advice_rules; k++)
            if (names(w.what, &advice_rules[k]))
                apply(&w, &states[k]);
    }
}

bool advice_setting_known(const char *setting, const char **best)
{
    Words w = split(setting);
    Nearest near;
    nearest_start(&near, w.what);
    nearest_try(&near, "design");
    static char tried[64]; /* of the best so far, which `near` keeps by its address */
    *best = strncmp(w.what, "des", 3) == 0 ? "design" : NULL;
    if ((w.error && !*w.what) || strcmp(w.what, "design") == 0)
        return true;
    for (int k = 0; k < n_advice_rules; k++) {
        char name[64];
        snprintf(name, sizeof name, "design-%s", advice_rules[k].name);
        if (strcmp(w.what, name) == 0)
            return true;
        int distance = near.distance;
        nearest_try(&near, name);
        if (near.distance < distance)
            memcpy(tried, name, sizeof tried);
    }
    const char *found = nearest_result(&near);
    if (found)
        *best = strcmp(found, "design") == 0 ? "design" : tried;
    return false;
}
