/* What is not to be seen: typed at a terminal it is not shown; from a pipe it is the first line. */
#include "ops/ops_in.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MOST_LINE 300

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static volatile sig_atomic_t ended_by;

static void on_end(int signal) { ended_by = signal; }

/* False when a signal came. The rest of a line that is too long is no line of its own. */
static bool read_line(struct ctx *c, bool is_typed, str *out)
{
    struct buf line = buf_new(c->mem, MOST_LINE);
    char letter = 0;
    ssize_t n = 0;
    while (!ended_by && letter != '\n' && (is_typed || !line.full)) {
        n = read(STDIN_FILENO, &letter, 1);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        if (n == 1 && letter != '\n')
            buf_char(&line, letter);
    }
    *out = buf_str(&line);
    return !ended_by;
}

static bool ask(struct ctx *c, const char *prompt, str *out)
{
    fprintf(stderr, "%s: ", prompt);
    bool is_read = read_line(c, true, out);
    fputc('\n', stderr); /* Enter was not shown either */
    return is_read;
}

/* Whoever presses Ctrl-C has a terminal that shows again what is typed. */
static bool ask_unseen(struct ctx *c, const char *prompt, const char *again, str *out)
{
    struct termios shown, unseen;
    struct sigaction before[COUNT(ends)];
    str second = str_none;
    if (tcgetattr(STDIN_FILENO, &shown))
        return false;
    for (size_t i = 0; i < COUNT(ends); i++) /* without SA_RESTART: read comes back */
        sigaction(ends[i], &(struct sigaction){ .sa_handler = on_end }, &before[i]);
    unseen = shown;
    unseen.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
    bool is_read = ask(c, prompt, out) && (!again || !out->n || ask(c, again, &second));
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    for (size_t i = 0; i < COUNT(ends); i++)
        sigaction(ends[i], &before[i], NULL);
    if (!is_read)
        raise(ended_by); /* half a password is none to go on with */
    if (!is_read || !out->n)
        return false;
    return !again || str_eq(*out, second) ||
        fail_detail(c, E_INPUT, "ops.secret", "the two are not the same") == E_OK;
}

bool ops_read_secret(struct ctx *c, const char *prompt, const char *again, str *out)
{
    if (isatty(STDIN_FILENO))
        return ask_unseen(c, prompt, again, out);
    return read_line(c, false, out) && out->n;
}
