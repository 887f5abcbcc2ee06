/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_bounce.c - telltls bounce: takes a mail that came back from an alias
 *
 * It is run by an MTA, as whoever its aliases run programs as. What is no
 * bounce of a report is none of our business: never is an answer to a bounce
 * an error, which would become another bounce.
 */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/bounce.h"
#include "common/bounce_message.h"
#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "tool/tool.h"

/* The front of the mail; the rest is read, too, and thrown away. */
static int read_mail(char buf[BOUNCE_MESSAGE_MAX], size_t *len)
{
	char rest[4096];

	*len = 0;
	for (;;) {
		bool is_full = *len == BOUNCE_MESSAGE_MAX;
		ssize_t n = read(STDIN_FILENO, is_full ? rest : buf + *len,
		    is_full ? sizeof(rest) : BOUNCE_MESSAGE_MAX - *len);

		if (n == 0) {
			return 0;
		}
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		*len += n > 0 && !is_full ? (size_t)n : 0;
	}
}

/* A local part that the environment tells in two. */
static bool of_suffix(
    const char *local, const char *suffix, char token[ENVELOPE_TOKEN + 1])
{
	char text[ENVELOPE_BUF];
	const char *first = getenv(local);
	const char *second = getenv(suffix);
	int n;

	if (first == NULL || second == NULL) {
		return false;
	}
	n = snprintf(text, sizeof(text), "%s%s", first, second);
	return n > 0 && (size_t)n < sizeof(text) &&
	    bounce_message_token(view_of(text), token);
}

/*
 * The address that the mail was delivered to, as the MTA tells it: Exim has
 * RECIPIENT, LOCAL_PART and LOCAL_PART_SUFFIX, Postfix RECIPIENT, USER and
 * EXTENSION (without its delimiter), and ORIGINAL_RECIPIENT.
 */
static bool token_of_environment(char token[ENVELOPE_TOKEN + 1])
{
	static const char *const names[] = { "RECIPIENT", "ORIGINAL_RECIPIENT",
		"LOCAL_PART" };
	char text[ENVELOPE_BUF];
	const char *extension = getenv("EXTENSION");
	int n;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL &&
		    bounce_message_token(view_of(value), token)) {
			return true;
		}
	}
	if (of_suffix("LOCAL_PART", "LOCAL_PART_SUFFIX", token)) {
		return true;
	}
	if (extension == NULL) {
		return false;
	}
	n = snprintf(text, sizeof(text), "x+%s", extension);
	return n > 0 && (size_t)n < sizeof(text) &&
	    bounce_message_token(view_of(text), token);
}

/* Whatever goes wrong here may be well later: the MTA tries again. */
static int hand_over(const char *run, const struct bounce *b)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char packet[BOUNCE_PACKET];
	size_t len = bounce_format_packet(b, packet);
	int rc = 0;
	int fd;

	if (bounce_socket(run, address.sun_path, sizeof(address.sun_path))[0] ==
	    '\0') {
		return -ENAMETOOLONG;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	if (sendto(fd, packet, len, MSG_NOSIGNAL,
		(const struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = -errno;
	}
	(void)close(fd);
	return rc;
}

static bool find_token(const struct tool *tool, struct bounce_message *m)
{
	const char *recipient = tool_value(tool, "recipient");

	if (recipient != NULL &&
	    bounce_message_token(view_of(recipient), m->token)) {
		return true;
	}
	return m->token[0] != '\0' || token_of_environment(m->token);
}

int cmd_bounce(const struct tool *tool, int argc, char **argv)
{
	const char *run = tool_value(tool, "run");
	char *buf = xmalloc(BOUNCE_MESSAGE_MAX);
	struct bounce_message m;
	struct bounce b;
	size_t len;
	int rc = read_mail(buf, &len);

	(void)argc;
	(void)argv;
	bounce_message_parse(view_make(buf, len), &m);
	free(buf);
	if (rc != 0) {
		log_error("cannot read the mail: %s", err_text(rc));
		return EX_TEMPFAIL;
	}
	if (!find_token(tool, &m) || !m.is_failed ||
	    !bounce_set(&b, tool->now, view_of(m.token), view_of(m.dsn))) {
		return EX_OK;
	}
	rc = hand_over(run != NULL ? run : tool->conf.run, &b);
	if (rc != 0) {
		log_error("cannot tell telltls-milter: %s", err_text(rc));
		return EX_TEMPFAIL;
	}
	return EX_OK;
}
