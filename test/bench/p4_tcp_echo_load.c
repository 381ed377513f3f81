/* Load for the TCP echo servers. p4_tcp_echo_load PORT CONNECTIONS SECONDS
 *
 * Each connection has one 64-byte message in flight: the next is sent when its echo is whole. Prints
 * "SETUP RATE": the seconds until every connection has had its first echo, and the messages echoed per
 * second after that. SECONDS 0: the setup alone. All clients connect at the same time, and again when
 * they are turned away. After 100 seconds of setup it prints how many of them have had their echo. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { message = 64, most = 4096 };
static char text[message + 1] = "a message of sixty-four bytes, the same each time, no line end..";
static unsigned char have[most], connected[most], answered[most]; /* by descriptor; have: bytes of its echo */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void connect_one(int queue, const struct sockaddr_in *addr)
{
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct epoll_event event = {.events = EPOLLOUT, .data.fd = s};
    if (s == -1 || s >= most) die("socket");
    connected[s] = have[s] = 0;
    if (connect(s, (const struct sockaddr *)addr, sizeof *addr) == -1 && errno != EINPROGRESS) die("connect");
    if (epoll_ctl(queue, EPOLL_CTL_ADD, s, &event) == -1) die("epoll_ctl");
}

/* 1: its echo is whole; 0: it is not yet; -1: the connection is over. */
static int receive(int s)
{
    char echo[message];
    ssize_t got = recv(s, echo, (size_t)(message - have[s]), 0);
    if (got == -1 && errno == EAGAIN) return 0;
    if (got <= 0) return -1;
    if (memcmp(echo, text + have[s], (size_t)got)) fprintf(stderr, "a wrong echo\n"), exit(1);
    have[s] = (unsigned char)((have[s] + got) % message);
    return have[s] == 0;
}

int main(int argc, char **argv)
{
    if (argc != 4) return fprintf(stderr, "Usage: p4_tcp_echo_load PORT CONNECTIONS SECONDS\n"), 2;
    int connections = atoi(argv[2]), queue = epoll_create1(0), started = 0;
    double seconds = atof(argv[3]);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    struct rlimit files = {most, most};
    struct epoll_event ready[most];
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setrlimit(RLIMIT_NOFILE, &files);

    double begin = now();
    for (int i = 0; i < connections; i++) connect_one(queue, &addr);

    /* Setup, with epoll: until each connection has had an echo. */
    double t = begin;
    while (started < connections) {
        int n = epoll_wait(queue, ready, most, 1000);
        if (n == -1 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < n; i++) {
            int s = ready[i].data.fd;
            if (!connected[s]) {
                int error = 0;
                socklen_t size = sizeof error;
                getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &size);
                if (error) {
                    close(s), connect_one(queue, &addr);
                    continue;
                }
                connected[s] = 1;
                struct epoll_event event = {.events = EPOLLIN, .data.fd = s};
                epoll_ctl(queue, EPOLL_CTL_MOD, s, &event);
                send(s, text, message, 0);
                continue;
            }
            int echo = receive(s);
            if (echo == -1 && answered[s]) die("recv");
            if (echo == -1) close(s), connect_one(queue, &addr); /* the system gave up on a half of a connection */
            if (echo == 1 && !answered[s]) answered[s] = 1, started++;
        }
        t = now();
        if (started < connections && t - begin > 100) return printf("%d/%d in 100\n", started, connections), 0;
    }
    double setup = t - begin, start = t;

    /* Then it asks each in turn, without epoll and without sleep, so that the server's send() has nobody
     * to wake and nothing to note down: the server is measured. */
    close(queue);
    unsigned long messages = 0;
    for (int s = 0; seconds > 0 && s < most; s++)
        if (answered[s] && send(s, text, message, 0) != message) die("send");
    while (t - start < seconds) {
        for (int s = 0; s < most; s++) {
            if (!answered[s]) continue;
            int echo = receive(s);
            if (echo == -1) die("recv");
            if (echo == 0) continue;
            messages++;
            if (send(s, text, message, 0) != message) die("send");
        }
        t = now();
    }
    printf("%.3f %.0f\n", setup, seconds > 0 ? (double)messages / (t - start) : 0.0);
    return 0;
}
