/* The bare fan-out loop that the chat server is held against. p4_tcp_chat_bare PORT
 * select(), recv() of 4096 bytes, "<m999> " in front of each line that begins in them (so that the
 * same bytes go out), and one send() of that to every other connection: no password, no nicks, no look
 * at the text, no care for who does not read (it would wait for him). */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1, highest = s;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s, (struct sockaddr *)&addr, sizeof addr) == -1 || listen(s, SOMAXCONN) == -1) {
        perror("bare");
        return 1;
    }
    int at_begin = 1;
    fd_set all;
    FD_ZERO(&all);
    FD_SET(s, &all);
    for (;;) {
        fd_set ready = all;
        if (select(highest + 1, &ready, NULL, NULL, NULL) == -1) continue;
        for (int fd = 0; fd <= highest; ++fd) {
            if (!FD_ISSET(fd, &ready)) continue;
            if (fd == s) {
                int conn = accept(s, NULL, NULL);
                if (conn == -1) continue;
                if (conn >= FD_SETSIZE) {
                    close(conn);
                    continue;
                }
                FD_SET(conn, &all);
                if (conn > highest) highest = conn;
                continue;
            }
            char data[4096];
            ssize_t n = recv(fd, data, sizeof data, 0);
            if (n <= 0) {
                FD_CLR(fd, &all);
                close(fd);
                continue;
            }
            static char said[4096 * 8];
            size_t size = 0;
            for (ssize_t i = 0; i < n; ++i) {
                if (at_begin) {
                    memcpy(said + size, "<m999> ", 7);
                    size += 7;
                }
                said[size++] = data[i];
                at_begin = data[i] == '\n';
            }
            for (int other = 0; other <= highest; ++other)
                if (other != s && other != fd && FD_ISSET(other, &all))
                    if (send(other, said, size, MSG_NOSIGNAL) == -1) continue;
        }
    }
}
