/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon_start.c - what comes before the daemon's loop, and a reload */

#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "milter/daemon_private.h"
#include "milter/privileges.h"

enum {
	PATH_BUF = 128,  /* the configuration bounds "run" ... */
	GROUPS_BUF = 64, /* ... and "groups" */
	JOIN_MS = 5000,  /* how long a child may take to end */
};

/* The groups that may read logs on Debian; others are configured. */
static const char *const default_groups[] = { "adm", "systemd-journal", NULL };

const char *daemon_state(const struct daemon *d, const struct conf *conf)
{
	return d->options->state != NULL ? d->options->state : conf->state;
}

/* Each line of the text is a line of the log. */
static void log_faults(const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		log_error("%.*s", (int)n, text);
		text += text[n] != '\0' ? n + 1 : n;
	}
}

int daemon_read_conf(const struct options *o, struct conf *conf)
{
	struct strbuf error;
	int rc;

	strbuf_init(&error, 65536);
	conf_init(conf);
	rc = conf_read(conf, o->config, &error);
	if (rc != 0 && error.len == 0) {
		strbuf_addf(&error, "%s: %s\n", o->config, err_text(rc));
	}
	log_faults(strbuf_str(&error));
	strbuf_release(&error);
	if (rc != 0) {
		conf_release(conf);
	}
	return rc == 0 ? EX_OK : EX_CONFIG;
}

static int make_folder(
    const struct privileges *p, const char *path, mode_t mode)
{
	int rc = privileges_make_folder(p, path, mode);

	if (rc != 0) {
		log_error(
		    "cannot make folder=%s error=\"%s\"", path, strerror(-rc));
	}
	return rc;
}

/* An MTA in a chroot wants our sockets in a folder of its own. */
static int make_folder_of(const struct privileges *p, struct view path)
{
	size_t slash = view_rindex(path, '/');
	char *folder = xstrndup(path.s, slash);
	int rc = slash > 0 ? make_folder(p, folder, 0755) : 0;

	free(folder);
	return rc;
}

static int make_socket_folders(const struct privileges *p, const struct conf *c)
{
	struct view path = view_of(c->milter.socket);
	int rc = view_take(&path, "unix:") ? make_folder_of(p, path) : 0;

	for (unsigned i = 0; i < c->n_feeds && rc == 0; i++) {
		if (c->feed[i].socket != NULL) {
			rc = make_folder_of(p, view_of(c->feed[i].socket));
		}
	}
	return rc;
}

/* Those that may read logs, and those that may use our sockets. */
static void gather_groups(const struct conf *c, const char *out[GROUPS_BUF])
{
	const char *const *from =
	    c->groups != NULL ? (const char *const *)c->groups : default_groups;
	size_t n = 0;

	while (n < GROUPS_BUF - 2 && from[n] != NULL) {
		out[n] = from[n];
		n++;
	}
	if (c->milter.group != NULL) {
		out[n++] = c->milter.group;
	}
	for (unsigned i = 0; i < c->n_feeds && n < GROUPS_BUF - 1; i++) {
		if (c->feed[i].socket != NULL) {
			out[n++] = daemon_receiver_group(&c->feed[i]);
		}
	}
	out[n] = NULL;
}

int daemon_prepare(struct daemon *d)
{
	const struct conf *c = &d->conf;
	const char *groups[GROUPS_BUF];
	struct privileges p;
	int rc = privileges_find(&p, c->user);

	if (rc != 0) {
		log_error("user=%s: %s: make it with \"adduser --system "
			  "--group %s\", or name another in %s",
		    c->user, err_text(rc), c->user, d->options->config);
		return EX_NOUSER;
	}
	(void)umask(027); /* nothing of ours is for everybody */
	if (make_folder(&p, daemon_state(d, c), 0750) != 0 ||
	    make_folder(&p, c->run, 0755) != 0 ||
	    make_socket_folders(&p, c) != 0) {
		return EX_CANTCREAT;
	}
	if (!p.is_root) {
		log_info("stays who it was started as, and key=user is not "
			 "looked at uid=%ld",
		    (long)p.uid);
	}
	gather_groups(c, groups);
	rc = privileges_drop(&p, c->user, groups);
	if (rc != 0) {
		log_error("cannot become user=%s error=\"%s\"", c->user,
		    strerror(-rc));
		return EX_NOPERM;
	}
	return EX_OK;
}

static const char *pid_path(const struct daemon *d, char out[PATH_BUF])
{
	(void)snprintf(out, PATH_BUF, "%s/telltls-milter.pid", d->conf.run);
	return out;
}

void daemon_pid_write(const struct daemon *d)
{
	char path[PATH_BUF];
	FILE *file = fopen(pid_path(d, path), "we");

	if (file == NULL) {
		log_warn(
		    "cannot write file=%s error=\"%s\"", path, strerror(errno));
		return;
	}
	(void)fprintf(file, "%ld\n", (long)getpid());
	(void)fclose(file);
}

void daemon_pid_remove(const struct daemon *d)
{
	char path[PATH_BUF];

	(void)unlink(pid_path(d, path));
}

/* Is a value another that only a new start can take up? */
static void warn_of(const char *key, const char *old, const char *new)
{
	if (strcmp(old, new) != 0) {
		log_warn("key=%s is taken up by a new start only", key);
	}
}

/* Closes the feeds of the one configuration, and opens the other's. */
static int change_to(
    struct daemon *d, const struct conf *conf, bool has_other_sockets)
{
	int rc = 0;

	if (has_other_sockets) {
		daemon_receivers_stop(d, JOIN_MS);
		if (d->feeds != NULL) {
			feeds_poll(d->feeds, daemon_now());
			feeds_drain(d->feeds, daemon_now());
		}
	}
	feeds_close(d->feeds);
	d->feeds = NULL;
	d->conf = *conf;
	if (has_other_sockets) {
		daemon_receivers_free(d);
		rc = daemon_receivers_start(d);
		daemon_receivers_tick(d, daemon_now());
	}
	return rc == 0 ? daemon_open_feeds(d, &d->conf) : rc;
}

void daemon_reload(struct daemon *d)
{
	struct conf old = d->conf;
	struct conf conf;
	bool has_other_sockets;
	int rc;

	if (daemon_read_conf(d->options, &conf) != EX_OK) {
		log_error("the configuration stays as it was");
		return;
	}
	warn_of("run", old.run, conf.run);
	warn_of("user", old.user, conf.user);
	has_other_sockets = daemon_receivers_differ(&old, &conf);
	rc = change_to(d, &conf, has_other_sockets);
	if (rc != 0) {
		log_error("cannot open state=%s error=\"%s\": the "
			  "configuration stays as it was",
		    daemon_state(d, &conf), err_text(rc));
		rc = change_to(d, &old, has_other_sockets);
		conf_release(&conf);
		if (rc != 0) {
			log_error("cannot open state=%s error=\"%s\"",
			    daemon_state(d, &d->conf), err_text(rc));
			d->code = EX_CANTCREAT;
			loop_stop(d->loop);
		}
		return;
	}
	daemon_milter_reload(d, &old);
	daemon_network_reload(d, &old);
	conf_release(&old);
	log_info("configuration was read again file=%s", d->options->config);
}
