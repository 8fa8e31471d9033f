#ifndef INCEPTC_VERSION
#define INCEPTC_VERSION "0.1.0"
#endif
