/* libFuzzer on name maps: parsed, applied and reversed without a step outside, within bounds.
 * The first line of the input is a name, the rest the map; the name goes through the map both ways. */
#include "weights/names.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void require(int ok)
{
    if (!ok)
        abort();
}

/* A foreign name that comes back stands for the own name it was asked for, by the rule that says so. */
static void check_name(Arena *a, const NameMap *m, const char *name)
{
    const char *own = NULL, *foreign = NULL, *again = NULL;
    const NameRule *r = names_apply(a, m, name, &own);
    require(!r || (r >= m->rules.at && r < m->rules.at + m->rules.n && (own != NULL) == (r->own != NULL)));
    const char *const asked[] = { name, r ? own : NULL };
    for (int i = 0; i < 2; i++) {
        const NameRule *back = asked[i] ? names_reverse(a, m, asked[i], &foreign) : NULL;
        require(!back || (names_apply(a, m, foreign, &again) == back && strcmp(again, asked[i]) == 0));
    }
}

static void check_refusal(const RtError *err)
{
    require(err->status == RT_ERROR_INPUT && strncmp(err->message, "input:", 6) == 0 && strlen(err->message) < sizeof err->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const uint8_t *end = size ? memchr(bytes, '\n', size) : NULL;
    size_t n = end ? (size_t)(end - bytes) : 0;
    if (n > 500)
        return 0;
    Arena *a = arena_new();
    const char *text = size ? (const char *)bytes + n + (end != NULL) : "";
    NameMap m;
    RtError err = { RT_OK, "" };
    if (names_parse(a, "input", text, size - n - (end != NULL), &m, &err))
        check_refusal(&err);
    else
        check_name(a, &m, arena_strndup(a, (const char *)bytes, n));
    arena_release(a);
    return 0;
}
