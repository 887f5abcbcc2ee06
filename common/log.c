/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c - the log: standard error or syslog(3), one line per event */

#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "common/log.h"

/* The program's one mutable global (CONVENTIONS 33). */
static struct {
	const char *name;
	bool to_syslog;
	enum log_level level;
} log_state = { "telltls", false, LOG_LEVEL_INFO };

void log_open(const char *name, bool to_syslog)
{
	log_state.name = name;
	log_state.to_syslog = to_syslog;
	log_reopen();
}

void log_close(void)
{
	if (log_state.to_syslog) {
		closelog();
	}
}

void log_reopen(void)
{
	if (log_state.to_syslog) {
		openlog(log_state.name, LOG_PID | LOG_NDELAY, LOG_MAIL);
	}
}

void log_set_level(enum log_level level)
{
	log_state.level = level;
}

static void __attribute__((format(printf, 2, 0)))
put(enum log_level level, const char *fmt, va_list ap)
{
	static const struct {
		int priority;
		const char *word;
	} levels[] = {
		[LOG_LEVEL_ERROR] = { LOG_ERR, "error" },
		[LOG_LEVEL_WARN] = { LOG_WARNING, "warning" },
		[LOG_LEVEL_INFO] = { LOG_INFO, "info" },
		[LOG_LEVEL_DEBUG] = { LOG_DEBUG, "debug" },
	};

	char line[2048];

	if (level > log_state.level) {
		return;
	}
	/* a line that is too long is cut: it is for people */
	if (vsnprintf(line, sizeof(line), fmt, ap) < 0) {
		return;
	}
	if (log_state.to_syslog) {
		syslog(
		    levels[level].priority, "%s: %s", levels[level].word, line);
	} else {
		(void)fprintf(stderr, "%s: %s: %s\n", log_state.name,
		    levels[level].word, line);
	}
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LOG_LEVEL_WARN, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LOG_LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LOG_LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}

const char *log_escape(struct view text, char out[LOG_ESCAPE_BUF])
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.s[i];

		/* room for the longest escape, the dots and the NUL */
		if (n + 4 + 3 + 1 > LOG_ESCAPE_BUF) {
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		if (c >= ' ' && c < 0x7f && c != '\\') {
			out[n++] = (char)c;
		} else {
			out[n++] = '\\';
			out[n++] = 'x';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		}
	}
	out[n] = '\0';
	return out;
}
