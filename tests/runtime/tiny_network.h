/* tiny_network.h - a hand-written compiled network for the runtime's tests. */
#ifndef TESTS_RUNTIME_TINY_NETWORK_H
#define TESTS_RUNTIME_TINY_NETWORK_H
#include "../../runtime/rt.h"
extern const RtNetwork tiny_network;
#endif
