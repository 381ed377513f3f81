/* Load for the group chat. p4_tcp_chat_load PORT READERS DEAF BYTES ROUNDS PATTERN
 *
 * One member writes, READERS others read, DEAF ones never do. A round is BYTES bytes of 64-byte
 * lines, sent at once; the next begins when every reader has the whole round. Prints the lines
 * delivered per second. PATTERN chat: with password and nick; bare: none, as the bare loop has it.
 * Everything that a reader gets in a round is counted in line ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int port, chat;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Reads until the text has come, and all before it. */
static void await(int fd, const char *text)
{
    char got[65536];
    size_t have = 0;
    do {
        if (have > sizeof got / 2) { /* keeps what the text may have begun in */
            memmove(got, got + have - 64, 64);
            have = 64;
        }
        ssize_t n = recv(fd, got + have, sizeof got - 1 - have, 0);
        if (n <= 0) die("the server's answer");
        have += (size_t)n;
        got[have] = '\0';
    } while (!strstr(got, text));
}

static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), 0) != (ssize_t)strlen(text)) die("send");
}

static int member(int number)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1 || connect(fd, (struct sockaddr *)&addr, sizeof addr) == -1) die("connect");
    if (chat) {
        char nick[32];
        await(fd, "Password: ");
        say(fd, "secreto\n");
        await(fd, "Nick: ");
        snprintf(nick, sizeof nick, "m%03d\n", number);
        say(fd, nick);
        await(fd, "* hola");
    }
    return fd;
}

/* Reads away what has come so far, without waiting. */
static void drain(int fd)
{
    char data[65536];
    while (recv(fd, data, sizeof data, MSG_DONTWAIT) > 0) {}
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "Usage: p4_tcp_chat_load port readers deaf bytes rounds chat|bare\n");
        return 2;
    }
    port = atoi(argv[1]);
    int readers = atoi(argv[2]), deaf = atoi(argv[3]), bytes = atoi(argv[4]), rounds = atoi(argv[5]);
    chat = strcmp(argv[6], "chat") == 0;
    struct rlimit files = {4096, 4096};
    setrlimit(RLIMIT_NOFILE, &files);

    int epoll = epoll_create1(0);
    int *fds = calloc((size_t)readers, sizeof *fds);
    long *ends = calloc((size_t)readers, sizeof *ends);
    for (int i = 0; i < readers; ++i) {
        fds[i] = member(i);
        for (int j = 0; chat && j <= i; j += 50) drain(fds[j]); /* the notices of who enters */
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (unsigned)i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event);
    }
    for (int i = 0; i < deaf; ++i) member(readers + i);
    int writer = member(999);
    for (int i = 0; chat && i < readers; ++i) await(fds[i], "* entra m999\n"); /* the last notice */

    int lines = bytes / 64;
    char *round = malloc((size_t)lines * 64);
    for (int i = 0; i < lines; ++i) {
        memset(round + i * 64, 'x', 63);
        round[i * 64 + 63] = '\n';
    }
    struct timespec begin, end;
    for (int r = 0; r <= rounds; ++r) {
        if (r == 1) clock_gettime(CLOCK_MONOTONIC, &begin); /* the first does not count */
        for (long sent = 0; sent < lines * 64L;) {
            ssize_t n = send(writer, round + sent, (size_t)(lines * 64L - sent), 0);
            if (n <= 0) die("send");
            sent += n;
        }
        long goal = (long)lines * (r + 1);
        int missing = 0;
        for (int i = 0; i < readers; ++i) missing += ends[i] < goal;
        while (missing > 0) {
            struct epoll_event events[1024];
            int n = epoll_wait(epoll, events, 1024, 20000);
            if (n <= 0) die("epoll_wait");
            for (int i = 0; i < n; ++i) {
                unsigned at = events[i].data.u32;
                char data[65536];
                ssize_t got = recv(fds[at], data, sizeof data, MSG_DONTWAIT);
                if (got == 0 || (got == -1 && errno != EAGAIN)) {
                    fprintf(stderr, "a reader was put out\n");
                    return 1;
                }
                long before = ends[at];
                for (char *p = data; got > 0 && (p = memchr(p, '\n', (size_t)(data + got - p))); ++p) {
                    ++ends[at];
                    if (p + 1 == data + got) break;
                }
                if (before < goal && ends[at] >= goal) --missing;
            }
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("%.0f\n", (double)lines * rounds * readers / seconds);
    return 0;
}
