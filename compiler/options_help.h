/* What the command line prints of itself. */
#ifndef INCEPTC_OPTIONS_HELP_H
#define INCEPTC_OPTIONS_HELP_H

void options_print_help(void);
void options_print_version(void);
#endif
