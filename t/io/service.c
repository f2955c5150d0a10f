/* What systemd is told, and how often it wants to hear that the service lives. */
#include "io/io.h"
#include "t/t.h"
#include <stdlib.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

T(systemd_hears_what_is_told)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    char said[64] = "";
    snprintf(at.sun_path, sizeof at.sun_path, "/tmp/talat-notify-%d", (int)getpid());
    unlink(at.sun_path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    is_true(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    setenv("NOTIFY_SOCKET", at.sun_path, 1);
    service_tell("READY=1");
    unsetenv("NOTIFY_SOCKET");
    service_tell("STOPPING=1"); /* to nobody */
    eq_int(recv(fd, said, sizeof said - 1, 0), 7);
    eq_str(str_of(said), "READY=1");
    is_true(recv(fd, said, sizeof said - 1, 0) < 0);
    close(fd);
    unlink(at.sun_path);
}

T(a_watchdog_is_fed_three_times_as_often_as_it_asks)
{
    char pid[24];
    unsetenv("WATCHDOG_USEC");
    eq_int(service_beat_us(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    eq_int(service_beat_us(), 10 * SECOND);
    setenv("WATCHDOG_PID", "1", 1);
    eq_int(service_beat_us(), 0); /* somebody else's */
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    eq_int(service_beat_us(), 10 * SECOND);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}
