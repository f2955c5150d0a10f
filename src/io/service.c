/* What systemd is told: that the service is ready, that it still lives. Without systemd (no
 * NOTIFY_SOCKET) nothing is said. */
#include "io/io.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void service_tell(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof at.sun_path)
        return;
    memcpy(at.sun_path, path, strlen(path));
    if (path[0] == '@')
        at.sun_path[0] = 0; /* no file: a name of Linux' own */
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* Best effort: when nobody listens, systemd's own time limits decide. */
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&at, n);
    (void)sent;
    close(fd);
}

i64 service_beat_us(void)
{
    i64 us, pid;
    const char *limit = getenv("WATCHDOG_USEC"), *who = getenv("WATCHDOG_PID");
    if (!limit || !str_int(str_of(limit), &us) || us <= 0)
        return 0;
    bool mine = !who || (str_int(str_of(who), &pid) && pid == getpid());
    return mine ? us / 3 : 0;
}
