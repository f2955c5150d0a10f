/* Tax classes by name. What a class is called in files and requests is its code; people read this. */
#include "catalog/catalog.h"
#include "web/web.h"

static const struct {
    const char *code, *words;
} classes[] = {
    { "standard", SAYS("Standard rate") },
    { "reduced", SAYS("Reduced rate") },
    { "super-reduced", SAYS("Super-reduced rate") },
    { "zero", SAYS("Zero rate") },
    { "exempt", SAYS("Exempt from tax") },
};

str catalog_tax_class(struct ctx *c, str code)
{
    for (size_t i = 0; i < COUNT(classes); i++)
        if (str_is(code, classes[i].code))
            return say(c, classes[i].words);
    return code;
}
