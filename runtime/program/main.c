/* main.c - the program of one compiled network: -DRT_PROGRAM_NETWORK=googlenet_network names it. */
#include "../rt.h"

extern const RtNetwork RT_PROGRAM_NETWORK;

int main(int argc, char **argv) { return rt_program(&RT_PROGRAM_NETWORK, argc, argv); }
