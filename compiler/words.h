/* The words of the language, from the tables that make it: what editors colour. Word i of a kind; null behind the last one. */
#ifndef INCEPTC_WORDS_H
#define INCEPTC_WORDS_H
#include <stdio.h>

typedef const char *WordList(int i);
WordList word_keyword;                              /* ast.c */
WordList word_layer, word_flag, word_value_flag;    /* elab_flags.c; flags that stand alone, and that take a value; some do both */
WordList word_initialiser, word_function;           /* elab_layers.c, elab_expr.c */
WordList word_conventions, word_total;              /* net_load.c, elab_settings.c: of `expect` */
WordList word_setting, word_value, word_argument;   /* elab_settings.c, recipe.c: of data and train; what they may be; its arguments */
WordList word_step, word_step_word;                 /* elab_view.c */

/* --print-words: a line "KIND WORD" for each word, once in its kind. */
void words_print(FILE *f);
#endif
