/* SPDX-License-Identifier: BSD-2-Clause */
/* predecessors.c - the rotated files beside a log file */

#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/mem.h"
#include "common/strbuf.h"
#include "milter/predecessors.h"

enum {
	SCAN_MAX = 4096,
	PATH_BYTES = 4096
};

/* "mail.log.1", "mail.log-20261122.gz" for "mail.log". */
static int is_predecessor(const char *name, const char *base)
{
	size_t n = strlen(base);

	return strncmp(name, base, n) == 0 &&
	    (name[n] == '.' || name[n] == '-') && name[n + 1] != '\0';
}

static int by_age(const void *a, const void *b)
{
	const struct predecessor *x = a;
	const struct predecessor *y = b;

	if (x->mtime != y->mtime) {
		return x->mtime < y->mtime ? -1 : 1;
	}
	/* of one second: "mail.log.2" is older than "mail.log.1" */
	return -strverscmp(x->path, y->path);
}

static void add(struct predecessors *p, const char *dir, const char *name,
    const struct stat *st)
{
	struct strbuf path;

	strbuf_init(&path, PATH_BYTES);
	strbuf_addf(&path, "%s/%s", dir, name);
	if (!path.failed) {
		p->file = xrealloc_array(p->file, p->n + 1, sizeof(*p->file));
		p->file[p->n++] =
		    (struct predecessor){ xstrdup(strbuf_str(&path)),
			    st->st_dev, st->st_ino, (int64_t)st->st_mtime };
	}
	strbuf_release(&path);
}

void predecessors_find(
    struct predecessors *p, const char *path, size_t max, int64_t since)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash != NULL && slash != path ?
	    xstrndup(path, (size_t)(slash - path)) :
	    xstrdup(slash != NULL ? "/" : ".");
	const char *base = slash != NULL ? slash + 1 : path;
	DIR *d = opendir(dir);
	const struct dirent *e;
	struct stat st;

	*p = (struct predecessors){ 0 };
	while (d != NULL && p->n < SCAN_MAX && (e = readdir(d)) != NULL) {
		if (is_predecessor(e->d_name, base) &&
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		    S_ISREG(st.st_mode) && (int64_t)st.st_mtime >= since) {
			add(p, dir, e->d_name, &st);
		}
	}
	if (d != NULL) {
		(void)closedir(d);
	}
	free(dir);
	if (p->n > 1) {
		qsort(p->file, p->n, sizeof(*p->file), by_age);
	}
	while (p->n > max) {
		free(p->file[0].path);
		p->n--;
		memmove(p->file, p->file + 1, p->n * sizeof(*p->file));
	}
}

void predecessors_release(struct predecessors *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->file[i].path);
	}
	free(p->file);
	*p = (struct predecessors){ 0 };
}

size_t predecessors_index(const struct predecessors *p, dev_t dev, ino_t ino)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->file[i].dev == dev && p->file[i].ino == ino) {
			return i;
		}
	}
	return p->n;
}
