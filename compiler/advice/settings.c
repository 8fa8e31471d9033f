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

const char *advice_word(int i)
{
    enum { MOST_WORDS = 128 };
    static char words[MOST_WORDS][48];
    static const char *const before[] = { "", "no-", "error=", "no-error=" }, *const alone[] = { "error", "no-error" };
    int whats = n_advice_rules + 1, n = 4 * whats;
    if (i >= n)
        return i < n + 2 ? alone[i - n] : NULL;
    CHECK(i < MOST_WORDS);
    const char *kind = i % whats ? advice_rules[i % whats - 1].name : "";
    snprintf(words[i], sizeof words[i], "%sdesign%s%s", before[i / whats], *kind ? "-" : "", kind);
    return words[i];
}
