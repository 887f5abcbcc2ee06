/* SPDX-License-Identifier: BSD-2-Clause */
/* sender_mailbox.c - asks our MX whether it takes bounces of reports */

#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/ascii.h"
#include "common/err.h"
#include "lookup/connection.h"
#include "lookup/smtp_reply.h"
#include "tool/sender.h"

enum {
	PORT = 25,
	WAIT_MS = 15000, /* for the connection, and for each reply */
	READ_BUF = SMTP_REPLY_MAX,
	COMMAND_BUF = ADDRESS_MAX + 64
};

struct talk {
	int fd;
	char buf[READ_BUF];
	size_t len;  /* bytes in it */
	size_t used; /* of the last reply */
};

/* Waits; 0 or -errno. */
static int wait_for(int fd, short what)
{
	struct pollfd p = { .fd = fd, .events = what };
	int n;

	do {
		n = poll(&p, 1, WAIT_MS);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

/* The next reply, of the octets in t. Returns 0, ERR_PARSE or -errno. */
static int read_reply(struct talk *t, struct smtp_reply *out)
{
	t->len -= t->used;
	memmove(t->buf, t->buf + t->used, t->len);
	t->used = 0;
	for (;;) {
		int rc = smtp_reply_parse(view_make(t->buf, t->len), out);
		ssize_t n;

		if (rc > 0) {
			t->used = (size_t)rc;
			return 0;
		}
		if (rc != ERR_PARTIAL || t->len == sizeof(t->buf)) {
			return ERR_PARSE;
		}
		rc = wait_for(t->fd, POLLIN);
		if (rc != 0) {
			return rc;
		}
		n = recv(t->fd, t->buf + t->len, sizeof(t->buf) - t->len, 0);
		if (n <= 0) {
			return n == 0 ? -ECONNRESET : -errno;
		}
		t->len += (size_t)n;
	}
}

/* Says a line, NULL: nothing, and reads the reply to it. */
static int ask(struct talk *t, const char *line, struct smtp_reply *out)
{
	int rc = 0;

	if (line != NULL) {
		/* so little goes into the socket's buffer at once */
		rc = wait_for(t->fd, POLLOUT);
		if (rc == 0 &&
		    send(t->fd, line, strlen(line), MSG_NOSIGNAL) !=
			(ssize_t)strlen(line)) {
			rc = -ECONNRESET;
		}
	}
	return rc == 0 ? read_reply(t, out) : rc;
}

/* The first line, as people may read it. */
static void set_answer(struct sender_mailbox *box, struct view text)
{
	size_t len = view_find(text, "\r\n");
	size_t n = 0;

	while (n < len && n < sizeof(box->answer) - 1) {
		char c = text.s[n];

		if (c != ' ' && !ascii_is_visible(c)) {
			c = '?';
		}
		box->answer[n++] = c;
	}
	box->answer[n] = '\0';
}

static void set_reply(
    struct sender_mailbox *box, const struct smtp_reply *reply)
{
	box->end = reply->code < 300 ? MAILBOX_ACCEPTED :
	    reply->code >= 500       ? MAILBOX_REFUSED :
				       MAILBOX_UNKNOWN;
	set_answer(box, reply->text);
}

static void set_unknown(
    struct sender_mailbox *const *boxes, size_t n, struct view why)
{
	for (size_t i = 0; i < n; i++) {
		if (boxes[i]->address[0] != '\0' &&
		    boxes[i]->end == MAILBOX_NOT_ASKED) {
			boxes[i]->end = MAILBOX_UNKNOWN;
			set_answer(boxes[i], why);
		}
	}
}

/* Up to where recipients can be named. *reply is what ended it. */
static int greet(struct talk *t, const char *helo, struct smtp_reply *reply)
{
	char line[COMMAND_BUF];
	int rc = ask(t, NULL, reply);

	(void)snprintf(line, sizeof(line), "EHLO %s\r\n", helo);
	if (rc == 0 && reply->code < 300) {
		rc = ask(t, line, reply);
	}
	/* a bounce comes from nobody */
	if (rc == 0 && reply->code < 300) {
		rc = ask(t, "MAIL FROM:<>\r\n", reply);
	}
	return rc;
}

static void talk_to(struct talk *t, const char *helo,
    struct sender_mailbox *const *boxes, size_t n)
{
	struct smtp_reply reply;
	char line[COMMAND_BUF];
	int rc = greet(t, helo, &reply);

	if (rc == 0 && reply.code >= 300) {
		set_unknown(boxes, n, reply.text);
		rc = ERR_STOPPED;
	}
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (boxes[i]->address[0] == '\0') {
			continue;
		}
		(void)snprintf(
		    line, sizeof(line), "RCPT TO:<%s>\r\n", boxes[i]->address);
		rc = ask(t, line, &reply);
		if (rc == 0) {
			set_reply(boxes[i], &reply);
		}
	}
	if (rc == 0 || rc == ERR_STOPPED) {
		(void)ask(t, "QUIT\r\n", &reply);
	} else {
		set_unknown(boxes, n, view_of(err_text(rc)));
	}
}

void sender_mailbox_ask(const struct ip *ip, const char *helo,
    struct sender_mailbox *const *boxes, size_t n)
{
	struct talk t = { .fd = -1 };
	int rc = connection_start(ip, PORT, &t.fd);

	if (rc == 0) {
		rc = wait_for(t.fd, POLLOUT);
	}
	if (rc == 0) {
		rc = connection_error(t.fd);
	}
	if (rc == 0) {
		talk_to(&t, helo, boxes, n);
	} else {
		set_unknown(boxes, n, view_of(err_text(rc)));
	}
	if (t.fd >= 0) {
		(void)close(t.fd);
	}
}
