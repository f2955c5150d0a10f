/* The one list of what this shop can do. A new feature is one new line here, and one more
 * where it has a menu, jobs, readers or cron rows. */
#include "web/web.h"
#include "work/work.h"

#define FEATURES(X)

#define DECLARE(feature) extern const struct route feature##_routes[];
#define ROWS(feature)    feature##_routes,
#define NAME(feature)    #feature,
FEATURES(DECLARE)

static const struct route *const routes[] = { FEATURES(ROWS) NULL };
static const char *const names[] = { FEATURES(NAME) NULL };
static const struct menu menu[] = { { NULL, NULL, ANYONE } };
static const struct job_kind *const jobs[] = { NULL };
static const struct reader readers[] = { { NULL, NULL } };
static const struct cron *const crons[] = { NULL };

static const struct house shop = {
    .features = routes,
    .names = names,
    .menu = menu,
    .jobs = jobs,
    .readers = readers,
    .crons = crons,
};

struct app *app_open(struct arena *mem, const char *conf_path)
{
    return app_open_house(mem, conf_path, &shop);
}
