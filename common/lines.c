/* SPDX-License-Identifier: BSD-2-Clause */
/* lines.c - small files that a person writes: lines of words */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/ascii.h"
#include "common/err.h"
#include "common/lines.h"

void lines_begin(
    struct lines *l, struct view text, const char *name, struct strbuf *error)
{
	*l = (struct lines){ .text = text, .name = name, .error = error };
}

bool lines_next(struct lines *l, struct view *line)
{
	size_t len = view_index(l->text, '\n');
	bool has_cr = len > 0 && l->text.s[len - 1] == '\r';

	if (l->text.len == 0) {
		return false;
	}
	l->number++;
	*line = view_make(l->text.s, len - has_cr);
	l->text = view_skip(l->text, len < l->text.len ? len + 1 : len);
	return true;
}

struct view lines_word(struct view *line)
{
	size_t n = 0;
	struct view word;

	while (n < line->len && ascii_is_wsp(line->s[n])) {
		n++;
	}
	*line = view_skip(*line, n);
	n = 0;
	while (
	    n < line->len && !ascii_is_wsp(line->s[n]) && line->s[n] != '#') {
		n++;
	}
	word = view_make(line->s, n);
	*line = view_skip(*line, n);
	return word;
}

void lines_fault(struct lines *l, const char *what)
{
	l->has_failed = true;
	strbuf_addf(l->error, "%s%s:%u: %s", l->error->len > 0 ? "\n" : "",
	    l->name, l->number, what);
}

static int read_all(int fd, struct strbuf *text)
{
	char buf[8192];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		strbuf_add(text, buf, (size_t)n);
		if (text->failed) {
			return ERR_TOO_LONG;
		}
	}
	return n < 0 ? -errno : 0;
}

int lines_read_file(const char *path, struct strbuf *text, struct strbuf *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd >= 0 ? read_all(fd, text) : -errno;

	if (fd >= 0) {
		(void)close(fd);
	}
	if (rc != 0) {
		strbuf_addf(error, "file %s: %s", path, err_text(rc));
	}
	return rc;
}
