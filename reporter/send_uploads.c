/* SPDX-License-Identifier: BSD-2-Clause */
/* send_uploads.c - reports that leave by HTTPS */

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "reporter/send_private.h"
#include "send/uploads.h"

enum {
	/* bodies under way: thousands of common size, six of the largest */
	BYTES_UNDER_WAY = 64 << 20,
	/* then no more are begun: hosts that let us wait must not keep the
	   next run from bringing other reports */
	BEGIN_S = 20 * 60
};

struct upload {
	struct uploading *of;
	struct outbox_item item;
	struct strbuf body;
	struct upload *next; /* under way */
	struct upload **link;
};

struct uploading {
	struct send *s;
	struct uploads *uploads; /* NULL until there is an upload */
	struct upload *first;    /* under way */
	size_t bytes;            /* of bodies under way */
	int64_t until;           /* seconds of a clock that nobody sets */
};

static int64_t seconds(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec;
}

static bool open_uploads(struct uploading *u)
{
	struct strbuf error;
	int rc;

	if (u->uploads != NULL) {
		return true;
	}
	strbuf_init(&error, 4096);
	rc = uploads_open(u->s->env->conf, &u->uploads, &error);
	if (rc != 0) {
		log_error("cannot send by HTTPS: %s",
		    error.len > 0 ? strbuf_str(&error) : err_text(rc));
		send_failed(u->s->env, rc == ERR_CONFIG ? EX_CONFIG : EX_OSERR);
		u->s->n_ours = SEND_OURS;
		uploads_close(u->uploads);
		u->uploads = NULL;
	}
	strbuf_release(&error);
	return rc == 0;
}

static struct upload *upload_new(
    struct uploading *u, const struct outbox_item *item)
{
	struct upload *up = xcalloc(1, sizeof(*up));

	up->of = u;
	up->item = *item;
	strbuf_init(&up->body, WRITE_BODY_MAX);
	return up;
}

static void link_in(struct upload *up)
{
	struct uploading *u = up->of;

	up->next = u->first;
	up->link = &u->first;
	if (up->next != NULL) {
		up->next->link = &up->next;
	}
	u->first = up;
	u->bytes += up->body.len;
}

static void unlink_it(struct upload *up)
{
	*up->link = up->next;
	if (up->next != NULL) {
		up->next->link = up->link;
	}
	up->of->bytes -= up->body.len;
}

static void upload_free(struct upload *up)
{
	strbuf_release(&up->body);
	free(up);
}

static void on_end(void *ctx, const struct attempt *result)
{
	struct upload *up = ctx;
	struct send *s = up->of->s;

	step_at(s->env->step, "upload-ended");
	if (result->end == ATTEMPT_PUT_OFF) {
		s->counts.put_off++; /* it stays as it is */
	} else {
		send_settle(s, &up->item, result);
	}
	unlink_it(up);
	upload_free(up);
}

static int start(struct upload *up)
{
	struct uploading *u = up->of;
	int rc;

	link_in(up);
	for (;;) {
		rc = upload_start(u->uploads, up->item.to.target,
		    view_make(strbuf_str(&up->body), up->body.len), on_end, up);
		if (rc != -EBUSY) {
			return rc;
		}
		(void)uploads_wait(u->uploads, false);
	}
}

static void send_upload(void *ctx, const struct outbox_item *item)
{
	struct uploading *u = ctx;
	struct upload *up;
	struct attempt a;

	if (!open_uploads(u)) {
		return;
	}
	if (seconds() >= u->until) {
		u->s->is_late = true;
		log_warn("left all other uploads for the next run, since hosts "
			 "have let us wait for %d minutes",
		    BEGIN_S / 60);
		return;
	}
	up = upload_new(u, item);
	if (!send_read(u->s, item, &up->body)) {
		upload_free(up);
		return;
	}
	send_commit(u->s);
	while (u->first != NULL &&
	    u->bytes + up->body.len > (size_t)BYTES_UNDER_WAY) {
		(void)uploads_wait(u->uploads, false);
	}
	if (start(up) != 0) {
		attempt_set(&a, ATTEMPT_OURS, view_of("out of memory"));
		on_end(up, &a);
		return;
	}
	step_at(u->s->env->step, "upload-begun");
}

void send_uploads(struct send *s)
{
	struct uploading u = { .s = s, .until = seconds() + BEGIN_S };
	struct upload *next;

	send_each(s, RECORD_HTTPS, send_upload, &u);
	if (u.uploads != NULL && s->rc == 0) {
		(void)uploads_wait(u.uploads, true);
	}
	uploads_close(u.uploads);
	for (struct upload *up = u.first; up != NULL; up = next) {
		next = up->next;
		upload_free(up);
	}
}
