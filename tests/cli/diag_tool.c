/* diag_tool FORM FILE: every kind of diagnostic about a text, in one form: what inceptc's own messages do not show together. */
#include "diag.h"
#include <stdlib.h>
#include <string.h>

static char text[1 << 16], third[1024];

int main(int argc, char **argv)
{
    static const char *const forms[] = { [DIAG_TEXT] = "text", [DIAG_JSON] = "json", [DIAG_SARIF] = "sarif" };
    FILE *f = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (!f)
        return EXIT_USAGE;
    size_t size = fread(text, 1, sizeof text, f);
    fclose(f);
    for (int i = 0; i < 3; i++)
        if (strcmp(forms[i], argv[1]) == 0)
            diag_set_format((DiagFormat)i);
    int file = diag_add_file(argv[2], text, size), again = diag_add_file(argv[2], text, size);
    snprintf(third, sizeof third, "./%s", argv[2]);
    int other = diag_add_file(third, text, size);
    diag_set_fixits(true);
    diag_warning((Loc){ file, 1, 1, 1, 4 }, "-Wdesign", "a warning with an \"option\"\n");
    diag_note((Loc){ again, 2, 1, 2, 5 }, "a note with a place");
    diag_note((Loc){ 0 }, "a note without");
    diag_fix((Loc){ file, 2, 5, 2, 9 }, "x");
    diag_error((Loc){ file, 3, 1, 3, 2 }, "the fix of another place is not its fix");
    diag_fix((Loc){ file, 2, 5, 2, 9 }, "lo\\ng\"");
    diag_error_spans((Loc){ file, 2, 5, 2, 9 }, "16x8x8", (Loc){ file, 2, 10, 2, 12 }, "two spans");
    diag_warning((Loc){ 0 }, "-Wother", "no place");
    diag_warning((Loc){ file, 3, 1, 3, 4 }, "-Wdesign", "the option again");
    diag_error((Loc){ file, 1, 2, 3, 2 }, "three lines");
    diag_warning((Loc){ other, 1, 1, 1, 4 }, "-Wother", "the third file");
    diag_finish(EXIT_INPUT);
    return EXIT_OK;
}
