/* Shared within watch/. */
#pragma once
#include "watch/watch.h"

const char *watch_text(str kind); /* what an alert of this kind says, in English */
