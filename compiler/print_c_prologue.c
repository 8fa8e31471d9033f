/* What generated C begins with: the rule against contraction, and the vector type of a target with its instructions as macros. */
#include "print_c.h"

void print_c_prologue(FILE *f)
{
    fprintf(f, "#include <math.h>\n\n/* Multiply, then add: no contraction. */\n#if defined __clang__ || !defined __GNUC__\n"
               "#pragma STDC FP_CONTRACT OFF\n#endif\n"
               "\n#ifdef __GNUC__\n#define RT_APART __attribute__((noinline)) /* a page calls it for every layer: its code stands once */\n"
               "#else\n#define RT_APART\n#endif\n");
}

/* Lanes k, k + 1, ... of a followed by b.  AVX2 shifts halves: of a and its upper neighbours, or of these and b. */
static void print_lanes_macro(bool wide, FILE *f)
{
    if (wide) {
        fprintf(f, "#define v16_lanes(a, b, k) /* lanes k, k + 1, ... of a followed by b */ \\\n    "
                   "_mm512_castsi512_ps(_mm512_alignr_epi32(_mm512_castps_si512(b), _mm512_castps_si512(a), k))\n");
        return;
    }
    fprintf(f, "#define v8_middle(a, b) _mm256_castps_si256(_mm256_permute2f128_ps(a, b, 0x21))\n"
               "#define v8_lanes(a, b, k) /* lanes k, k + 1, ... of a followed by b */ \\\n    _mm256_castsi256_ps( \\\n"
               "        (k) < 4 ? _mm256_alignr_epi8(v8_middle(a, b), _mm256_castps_si256(a), 4 * ((k) %% 4)) \\\n"
               "                : _mm256_alignr_epi8(_mm256_castps_si256(b), v8_middle(a, b), 4 * ((k) %% 4)))\n");
}

void print_c_vector_prologue(Type vector, FILE *f)
{
    if (vector == TY_F32)
        return;
    bool wide = vector == TY_V16;
    const char *v = wide ? "v16" : "v8", *mm = wide ? "_mm512" : "_mm256";
    fprintf(f, "#include <immintrin.h>\n\n/* %d floats and the instructions for them.  noinline: a register tile inside its caller has too few registers. */\n", wide ? 16 : 8);
    fprintf(f, "#define RT_%s __attribute__((noinline, target(\"%s\")))\n", wide ? "V4" : "V3", wide ? "avx512f" : "avx2,fma");
    fprintf(f, "typedef %s %s;\n", wide ? "__m512" : "__m256", v);
    fprintf(f, "#undef RT_PREFETCH\n#define RT_PREFETCH(p) _mm_prefetch((const char *)(p), _MM_HINT_T1) /* into L2 */\n");
    fprintf(f, "#undef RT_READ_AGAIN\n#define RT_READ_AGAIN(p) __asm__(\"\" : \"+r\"(p)) /* no value read through p is kept */\n");
    fprintf(f, wide ? "#undef RT_UNROLL\n#define RT_UNROLL /* a step takes so long that the loop costs nothing */\n"
                    : "#undef RT_UNROLL\n#define RT_UNROLL _Pragma(\"GCC unroll 4\") /* four steps of the loop that follows are written out */\n");
    static const char *const names[][2] = {
        { "load", "loadu" }, { "store", "storeu" }, { "set1", "set1" }, { "add", "add" }, { "sub", "sub" },
        { "mul", "mul" }, { "div", "div" }, { "min", "min" }, { "max", "max" }, { "sqrt", "sqrt" }, { "fma", "fmadd" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        fprintf(f, "#define %s_%s %s_%s_ps\n", v, names[i][0], mm, names[i][1]);
    print_lanes_macro(wide, f);
}

void print_c_training_prologue(Type vector, FILE *f)
{
    if (vector == TY_F32)
        return;
    fprintf(f, vector == TY_V16 ? "#define v16_where_lt(a, b, c) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), c) /* c where a < b, else 0 */\n"
                                  "#define v16_where_le(a, b, c) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_LE_OQ), c)\n"
                                : "#define v8_where_lt(a, b, c) _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_LT_OQ), c) /* c where a < b, else 0 */\n"
                                  "#define v8_where_le(a, b, c) _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_LE_OQ), c)\n");
}
