/* SPDX-License-Identifier: BSD-2-Clause */
/* connection.c - a TCP connection that is made without waiting for it */

#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lookup/connection.h"

enum {
	V4_AT = 12 /* an IPv4 address in a struct ip */
};

static bool is_v4(const struct ip *ip)
{
	static const uint8_t mapped[V4_AT] = { [10] = 0xff, [11] = 0xff };

	return memcmp(ip->b, mapped, sizeof(mapped)) == 0;
}

static int connect_to(const struct ip *ip, unsigned port, int fd)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (is_v4(ip)) {
		in.sin_port = htons((uint16_t)port);
		memcpy(&in.sin_addr, ip->b + V4_AT, sizeof(in.sin_addr));
		return connect(fd, (const struct sockaddr *)&in, sizeof(in));
	}
	in6.sin6_port = htons((uint16_t)port);
	memcpy(&in6.sin6_addr, ip->b, sizeof(in6.sin6_addr));
	return connect(fd, (const struct sockaddr *)&in6, sizeof(in6));
}

int connection_start(const struct ip *ip, unsigned port, int *fd)
{
	int rc = 0;

	*fd = socket(is_v4(ip) ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0) {
		return -errno;
	}
	if (connect_to(ip, port, *fd) != 0 && errno != EINPROGRESS) {
		rc = -errno;
		(void)close(*fd);
		*fd = -1;
	}
	return rc;
}

int connection_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
		return -errno;
	}
	return -error;
}

const char *connection_token(int error)
{
	switch (-error) {
	case ECONNREFUSED:
		return "connect-refused";
	case ETIMEDOUT:
		return "timeout";
	case EHOSTUNREACH:
	case ENETUNREACH:
		return "connect-unreachable";
	default:
		return "connect-failed";
	}
}
