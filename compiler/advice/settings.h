/* What -W says of each rule. */
#ifndef INCEPTC_ADVICE_SETTINGS_H
#define INCEPTC_ADVICE_SETTINGS_H

typedef struct RuleState {
    bool on, error;
} RuleState;
/* The states of all rules after the n settings in order; states has n_advice_rules elements. */
void settings_apply(const char *const *settings, int n, RuleState *states);
#endif
