/* The least that an echo server with select() can do, in C, and print what servidor_eco_tcp_v2 prints:
 * what servidor_eco_tcp_v2 is measured against. p4_tcp_echo_bare PORT [BACKLOG]. No error is handled. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1, highest = s;
    static struct sockaddr_in peer[FD_SETSIZE];
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    fd_set descriptors;

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(s, (struct sockaddr *)&addr, sizeof addr) == -1) return 1;
    listen(s, argc > 2 ? atoi(argv[2]) : 10);
    printf("Socket now listening\n");
    FD_ZERO(&descriptors);
    FD_SET(s, &descriptors);

    for (;;) {
        fd_set sread = descriptors;
        select(highest + 1, &sread, NULL, NULL, NULL);
        for (int sock = s; sock <= highest; sock++) {
            if (!FD_ISSET(sock, &sread)) continue;
            if (sock == s) {
                socklen_t size = sizeof addr;
                int conn = accept(s, (struct sockaddr *)&addr, &size);
                if (conn == -1) continue;
                peer[conn] = addr;
                printf("Connected to %s:%d\n", inet_ntoa(addr.sin_addr), ntohs(addr.sin_port));
                FD_SET(conn, &descriptors);
                if (conn > highest) highest = conn;
            } else {
                char data[100];
                ssize_t n = recv(sock, data, sizeof data, 0);
                const char *host = inet_ntoa(peer[sock].sin_addr);
                int port = ntohs(peer[sock].sin_port);
                if (n <= 0) {
                    printf("client left %s:%d\n", host, port);
                    close(sock);
                    FD_CLR(sock, &descriptors);
                } else {
                    printf("client %s:%ddata: %.*s\n", host, port, (int)n, data);
                    send(sock, data, (size_t)n, 0);
                }
            }
        }
    }
}
