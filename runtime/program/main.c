/* main.c - the program of one compiled network: -DRT_PROGRAM_NETWORK=googlenet_network names it; with -DRT_PROGRAM_TRAINS it has the
 * command `train`; with -DRT_PROGRAM_EMBEDDED the weights lie between two symbols that the link provides. */
#include "../rt.h"

extern const RtNetwork RT_PROGRAM_NETWORK;

#ifdef RT_PROGRAM_TRAINS
#define RUN rt_program_trains
#else
#define RUN rt_program
#endif

#ifdef RT_PROGRAM_EMBEDDED
extern const unsigned char rt_embedded_begin[], rt_embedded_end[];

int main(int argc, char **argv)
{
    return RUN(&RT_PROGRAM_NETWORK, rt_embedded_begin, (size_t)(rt_embedded_end - rt_embedded_begin), argc, argv);
}
#else
int main(int argc, char **argv) { return RUN(&RT_PROGRAM_NETWORK, NULL, 0, argc, argv); }
#endif
