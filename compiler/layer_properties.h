/* The properties of a layer: one list. The reports print them as attributes, a name and a value for programs to compare; explain as
 * phrases, with who decided each. */
#ifndef INCEPTC_LAYER_PROPERTIES_H
#define INCEPTC_LAYER_PROPERTIES_H
#include "graph.h"

typedef struct LayerParts {
    Arena *arena; /* for texts */
    const Node *first, *bn, *relu; /* bn and relu: null for none; of a layer that is a batch norm, bn is first */
} LayerParts;
LayerParts layer_parts(Arena *a, const Node *first);

/* Null: this layer does not have the property. */
typedef const char *PropertyText(const LayerParts *l);

typedef struct LayerProperty {
    uint64_t layers;     /* that have it: bits 1 << OpKind of their first nodes */
    const char *name;    /* of the attribute */
    PropertyText *value; /* of the attribute */
    const char *shown;   /* what explain calls it; null: it does not say it */
    PropertyText *phrase; /* what explain says; null: the value */
    const char *said;    /* FlagOrigin.property of the flags that say it */
    int how;             /* PROPERTY_ bits */
    bool (*idle)(const LayerParts *l); /* whether it changes nothing in this layer; null: no */
} LayerProperty;
enum { PROPERTY_TRAINING = 1 /* changes no result of inference */, PROPERTY_CONVENTIONS = 2 /* they decide where nobody says; else the language */ };
extern const LayerProperty layer_properties[];
extern const int n_layer_properties;

/* Whether layers such as this may have it. */
bool property_is_of(const LayerProperty *p, const LayerParts *l);
#endif
