#include "words.h"
#include <string.h>

static const struct { const char *kind; WordList *word; } lists[] = {
    { "keyword", word_keyword }, { "layer", word_layer }, { "flag", word_flag }, { "value-flag", word_value_flag },
    { "initialiser", word_initialiser }, { "function", word_function }, { "conventions", word_conventions }, { "total", word_total },
    { "setting", word_setting }, { "value", word_value }, { "argument", word_argument }, { "step", word_step }, { "step-word", word_step_word },
};

void words_print(FILE *f)
{
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
        for (int i = 0; lists[k].word(i); i++) {
            int before = 0;
            while (before < i && strcmp(lists[k].word(before), lists[k].word(i)) != 0)
                before++;
            if (before == i)
                fprintf(f, "%s %s\n", lists[k].kind, lists[k].word(i));
        }
}
