/* The loop IR as C text: the only file that writes it. */
#ifndef INCEPTC_PRINT_C_H
#define INCEPTC_PRINT_C_H
#include "loop.h"

/* Before all functions. */
void print_c_prologue(FILE *f);
/* What the functions of a vector target need before them: the type and short names of its instructions. */
void print_c_vector_prologue(Type vector, FILE *f);
void print_c_training_prologue(Type vector, FILE *f); /* what training kernels need besides */
/* Tables and functions in order of definition. */
void print_c_unit(const Unit *u, FILE *f);
void print_c_table(const Var *v, FILE *f);
void print_c_comment(const char *text, FILE *f); /* lines separated by \n */
#endif
