/* The attributes of a layer: its properties, and which of its weights train. */
#include "../layer_nodes.h"
#include "../layer_properties.h"
#include "layers.h"

static void put_property(Arena *a, LayerAttrs *list, const LayerProperty *p, const LayerParts *l)
{
    LayerAttr attr = { p->name, p->value(l), p->how & PROPERTY_TRAINING, p->idle && p->idle(l) };
    if (attr.value)
        LIST_PUSH(a, list, attr);
}

static void put_weight(Arena *a, LayerAttrs *list, const Tensor *weight, const char *name)
{
    LayerAttr trains = { arena_printf(a, "%s trains", name), weight->trains ? "yes" : "no", true, false };
    LayerAttr fresh = { arena_printf(a, "%s starts fresh", name), weight->fresh ? "yes" : "no", true, false };
    LIST_PUSH(a, list, trains);
    LIST_PUSH(a, list, fresh);
}

LayerAttrs layer_attrs(Arena *a, const Node *first)
{
    static const struct { const char *name; WeightRole role; } roles[] = {
        { "weight", ROLE_WEIGHT }, { "bias", ROLE_BIAS }, { "gamma", ROLE_GAMMA }, { "beta", ROLE_BETA },
    };
    LayerParts l = layer_parts(a, first);
    LayerAttrs list = { 0 };
    for (int i = 0; i < n_layer_properties; i++)
        if (property_is_of(&layer_properties[i], &l))
            put_property(a, &list, &layer_properties[i], &l);
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        const Tensor *own = node_weight(first, roles[i].role), *weight = own || !l.bn ? own : node_weight(l.bn, roles[i].role);
        if (weight)
            put_weight(a, &list, weight, roles[i].name);
    }
    return list;
}
