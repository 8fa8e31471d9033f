/* dropout.c - who is dropped: one word of Philox for each element. */
#include "../rt.h"

static const uint32_t stream = 0x64726f70; /* "drop": its draws are no others' of the same seed */

double rt_dropout_draw(uint64_t seed, uint32_t epoch, uint64_t sample, uint32_t layer, uint32_t element)
{
    RtPhilox in = { { element / 4, layer, (uint32_t)sample, epoch ^ (uint32_t)(sample >> 32) }, { (uint32_t)seed, (uint32_t)(seed >> 32) ^ stream } };
    uint32_t word[4];
    rt_philox(&in, word);
    return word[element % 4] * 0x1p-32;
}
