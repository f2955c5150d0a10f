/* mmdb: writes MaxMind databases for tests, by the format's description (version 2.0): a binary
 * search tree of records of 24 bits, the data it leads to, and what is said of both. */
#pragma once
#include "base/base.h"

/* What stands behind an address, as its publishers write it. */
enum mmdb_way {
    MMDB_COUNTRY,    /* {country: {iso_code}}: GeoLite2, DB-IP */
    MMDB_REGISTERED, /* {registered_country: {iso_code}} */
    MMDB_CODE,       /* {country: its name, country_code} : IPinfo Lite */
    MMDB_PLAIN,      /* {country: its code}: IPinfo */
    MMDB_NOTHING     /* {asn}: no country at all */
};
struct mmdb_row {
    const char *network; /* "203.0.113.0", "2001:db8::" */
    int bits;
    const char *says; /* "TH" */
};
/* The whole file. Networks must not lie within each other. */
str mmdb_of(struct arena *, enum mmdb_way, const struct mmdb_row *, size_t n, when built);
/* TH 203.0.113.0/24, VN 198.51.100.0/24, SG 2001:db8::/32; made just now. */
str mmdb_usual(struct arena *);
/* The shop of t_open knows countries by this file from now on; NULL: by none. */
void mmdb_use(const char *path);
