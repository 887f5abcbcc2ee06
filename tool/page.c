/* SPDX-License-Identifier: BSD-2-Clause */
/* page.c - headings and paragraphs for people */

#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "common/mem.h"
#include "tool/page.h"

enum {
	WIDTH_MIN = 40, /* narrower is of no use: the terminal breaks lines */
	WIDTH_MAX = 132 /* wider is hard to read */
};

unsigned page_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
		return PAGE_WIDTH;
	}
	return size.ws_col < WIDTH_MIN ? WIDTH_MIN :
	    size.ws_col > WIDTH_MAX    ? WIDTH_MAX :
					 size.ws_col;
}

void page_heading(const struct page *p, unsigned number, const char *text)
{
	(void)fprintf(p->stream, "%s%s%u. %s%s\n", number > 1 ? "\n" : "",
	    p->has_colour ? "\033[1m" : "", number, text,
	    p->has_colour ? "\033[0m" : "");
}

static void print_blanks(const struct page *p, unsigned n)
{
	(void)fprintf(p->stream, "%*s", (int)n, "");
}

/* Prints words from the column at on; further lines begin at margin. */
static void print_words(
    const struct page *p, const char *text, size_t at, unsigned margin)
{
	bool is_first = true;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (len == 0) {
			text++;
			continue;
		}
		if (!is_first && at + 1 + len > p->width) {
			(void)fputc('\n', p->stream);
			print_blanks(p, margin);
			at = margin;
			is_first = true;
		}
		(void)fprintf(
		    p->stream, "%s%.*s", is_first ? "" : " ", (int)len, text);
		at += len + (is_first ? 0 : 1);
		is_first = false;
		text += len;
	}
	(void)fputc('\n', p->stream);
}

void page_say(const struct page *p, unsigned indent, unsigned hang,
    const char *label, const char *fmt, ...)
{
	size_t label_len = label != NULL ? strlen(label) : 0;
	size_t at = indent + label_len;
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		return;
	}
	text = xmalloc((size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	print_blanks(p, indent);
	if (label_len > 0) {
		(void)fputs(label, p->stream);
	}
	if (label_len > 0 && label_len + 1 > hang) {
		(void)fputc(' ', p->stream);
		at++;
	} else {
		print_blanks(p, hang - (unsigned)label_len);
		at = indent + hang;
	}
	print_words(p, text, at, indent + hang);
	free(text);
}
