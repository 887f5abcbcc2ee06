/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.c - tells when something changes in a folder, by inotify(7) */

#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "milter/watch.h"

struct watch {
	int fd;
};

struct watch *watch_new(void)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0) {
		log_info("logs are polled, not watched error=\"%s\"",
		    strerror(errno));
	}
	return w;
}

void watch_free(struct watch *w)
{
	if (w != NULL) {
		if (w->fd >= 0) {
			(void)close(w->fd);
		}
		free(w);
	}
}

void watch_add_folder_of(struct watch *w, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? xstrdup(".") :
	    slash == path            ? xstrdup("/") :
				       xstrndup(path, (size_t)(slash - path));

	if (w->fd >= 0 &&
	    inotify_add_watch(w->fd, folder,
		IN_MODIFY | IN_CREATE | IN_MOVE | IN_ONLYDIR) < 0) {
		log_info("folder is polled, not watched folder=%s error=\"%s\"",
		    folder, strerror(errno));
	}
	free(folder);
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

void watch_drain(struct watch *w)
{
	char buf[16384];

	while (read(w->fd, buf, sizeof(buf)) > 0) {
	}
}
