/* The least that servidor_eco_v1's work costs: recvfrom, sendto, and the same printf with each line
 * visible at once. With a second argument it does not print.
 *     p3_udp_floor PORT [quiet] */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    if (s == -1 || bind(s, (struct sockaddr*)&addr, sizeof addr) == -1) return perror("bind"), 1;
    for (;;) {
        char data[1024], host[INET_ADDRSTRLEN];
        socklen_t size = sizeof addr;
        ssize_t n = recvfrom(s, data, sizeof data, 0, (struct sockaddr*)&addr, &size);
        if (n == -1) return perror("recvfrom"), 1;
        sendto(s, data, (size_t)n, 0, (struct sockaddr*)&addr, size);
        if (argc > 2) continue;
        char* start = data;
        while (n > 0 && isspace((unsigned char)data[n - 1])) --n;
        while (start < data + n && isspace((unsigned char)*start)) ++start;
        inet_ntop(AF_INET, &addr.sin_addr, host, sizeof host);
        printf("Message[%s:%d] - %.*s\n", host, ntohs(addr.sin_port), (int)(data + n - start), start);
    }
}
