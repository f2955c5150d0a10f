/* stack: what the running stack offers these tests, by the configuration TALAT_CONF names. */
#pragma once
#include "t/t.h"
#include "io/io.h"
#include <stdlib.h>

/* Empty when there is no stack or it has no such key. */
static inline str stack_conf(const char *key)
{
    const char *path = getenv("TALAT_CONF"), *why;
    struct conf *conf = path ? conf_read(t_ctx()->mem, path, &why) : NULL;
    return conf ? conf_str(conf, key, str_none) : str_none;
}
