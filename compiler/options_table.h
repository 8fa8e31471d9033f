/* The one table of the command line: verbs, topics and options, a row each.  The parser, --help, the manual and the
 * completions are printed from it.
 *
 * A new option is a field of Options (options.h) and a row of option_rows (options_table.c); a value that needs more than
 * FLAG, TEXT, FILES or NUMBER has a setter of its own (options_set.c).  A new verb is a value of Verb, a row of verb_rows, its bit
 * beside them, and a case of main.c. */
#ifndef INCEPTC_OPTIONS_TABLE_H
#define INCEPTC_OPTIONS_TABLE_H
#include "options.h"

typedef struct OptionRow OptionRow;
/* Puts value, null for a flag, into o.  False: it has said what is wrong. */
typedef bool OptionSet(Options *o, Arena *a, const OptionRow *row, const char *value);
/* Prints something and ends the program with the code it returns.  value may be null. */
typedef int OptionShow(const Options *o, Arena *a, const char *value);
/* The i-th word of a list, null after the last. */
typedef const char *OptionWord(int i);

typedef enum TakesKind { TAKES_NONE, TAKES_FILE, TAKES_DIR, TAKES_WORD, TAKES_TEXT, TAKES_NUMBER,
                         TAKES_PARAM /* of the net, and its value */ } TakesKind;
typedef enum Topic { TOPIC_NET, TOPIC_OUTPUT, TOPIC_CODE, TOPIC_PASSES, TOPIC_WEIGHTS, TOPIC_TRAIN, TOPIC_JUDGE, TOPIC_MEASURE,
                     TOPIC_DIAGNOSTICS, TOPIC_HELP } Topic;

typedef struct OptionTakes { /* what an option takes, and where it goes */
    TakesKind kind;
    OptionSet *set;
    OptionShow *show;  /* instead of set */
    size_t field;      /* of Options: for the setters that many rows share */
    const char *ends;  /* TAKES_FILE: ends of names that fit, "net" or "pth npz"; null: any */
    OptionWord *word;  /* TAKES_WORD */
    long least, most;  /* TAKES_NUMBER */
    const char *what;  /* TAKES_NUMBER: "a number of threads" */
} OptionTakes;

struct OptionRow {
    const char *name;
    const char *value; /* what help calls the value, "[X]" when it may be left out; null: nothing follows */
    OptionTakes takes;
    int verbs; /* that know it: bits 1 << Verb; and OPTION_EVERYDAY: in the short help */
    Topic topic;
    const char *help; /* "%s" stands for the words */
};
enum { OPTION_EVERYDAY = 1 << 30, OPTION_ALL_VERBS = OPTION_EVERYDAY - 1 };
extern const OptionRow option_rows[];
extern const int n_option_rows;

typedef struct VerbRow {
    const char *name; /* null: without a word */
    Verb verb;
    const char *usage, *ends; /* ends of the names of its operands */
    OptionWord *word;         /* what may stand first, null: an operand */
    const char *help;
} VerbRow;
extern const VerbRow verb_rows[]; /* the first is VERB_COMPILE */
extern const int n_verb_rows;
const VerbRow *verb_row(Verb verb);
const VerbRow *verb_find(const char *name); /* null when there is none */

typedef struct TopicRow {
    const char *name, *title;
} TopicRow;
extern const TopicRow topic_rows[]; /* by Topic; none is called as a verb */
extern const int n_topic_rows;

/* Setters.  Those of the first line serve many rows. */
extern OptionSet options_set_flag, options_set_text, options_set_number;
extern OptionSet options_set_output, options_set_dry, options_set_seed, options_set_target, options_set_numerics, options_set_memory,
    options_set_dump, options_set_color, options_set_format, options_add_picture, options_add_include, options_add_define, options_add_off, options_add_warning,
    options_add_dep_target, options_set_fixits;
extern OptionWord options_target_word, options_numerics_word, options_dump_word, options_off_word, options_color_word, options_format_word,
    weights_command_word, options_topic_word, completion_word;
extern OptionShow options_show_help, options_show_version, completion_show;

/* The row that arg names; *value gets what follows '=' or is joined, else null.  Verbs may have rows of one name: that of this
 * verb, else the first. */
const OptionRow *options_find_row(const char *arg, Verb verb, const char **value);
/* The value may be left out: "[TOPIC]". */
bool options_value_optional(const OptionRow *row);
/* completion.c: `inceptc --complete WORD...`, what fits in the place of the last word. */
int completion_print(const Options *o, Arena *a, const char *const *words, int n);
/* `inceptc --mdoc PART`, for the Makefile: synopsis, verbs or options of the manual page. */
int options_print_mdoc(Arena *a, const char *part);

/* The place of v in the list, or -1; *best is then the nearest word or null. */
int options_find_word(OptionWord *word, const char *v, const char **best);
/* "a, b and c" for last "and". */
const char *options_join_words(Arena *a, OptionWord *word, const char *last);
/* "run, weights: " for a reader who has not said which verb; "" where compiling or all know the option. */
const char *options_who_knows(Arena *a, const OptionRow *row);
/* The row's help in whole. */
const char *options_help_text(Arena *a, const OptionRow *row);

/* An error of usage; false. */
#define OPTIONS_COMPLAIN(...) (diag_error((Loc){ 0 }, __VA_ARGS__), options_note_help())
bool options_note_help(void);
#endif
