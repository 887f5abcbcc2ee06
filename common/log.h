/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/view.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/*
 * Opens the log: name is the program's; to_syslog sends lines to syslog(3),
 * facility mail, else they go to standard error as "name: level: text".
 */
void log_open(const char *name, bool to_syslog);
void log_set_level(enum log_level level);

/*
 * For a child of fork() that closes what it inherited: log_close() before,
 * log_reopen() behind. syslog(3) holds a descriptor of its own, and would go
 * on to write to its number, whatever that has become.
 */
void log_close(void);
void log_reopen(void);

/*
 * One line per event: a verb phrase, then key=value pairs. Text from outside
 * goes through log_escape() first.
 */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

enum {
	LOG_ESCAPE_BUF = 256
};

/*
 * Makes text from outside fit for a log line or a terminal: printable ASCII
 * stays, all else becomes \xHH; cut with "..." when it does not fit. Returns
 * out.
 */
const char *log_escape(struct view text, char out[LOG_ESCAPE_BUF]);

#endif
