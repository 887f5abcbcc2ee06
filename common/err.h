/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

/*
 * Our own error codes. A function that can fail returns 0 (or a count) or a
 * negative code: -errno for what the system refused, one of these for the
 * rest. The two ranges do not meet.
 */
enum err {
	ERR_PARSE = -10001,     /* input does not follow its grammar */
	ERR_PARTIAL = -10002,   /* input ends before the grammar does */
	ERR_FULL = -10003,      /* a fixed cap is reached */
	ERR_VERSION = -10004,   /* a file of another version or byte order */
	ERR_DAMAGED = -10005,   /* a file's own checks say that it is broken */
	ERR_SHORT = -10006,     /* a file is cut short */
	ERR_SEALED = -10007,    /* the day is sealed: nothing may be added */
	ERR_NOT_FOUND = -10008, /* there is no such thing */
	ERR_LITERAL = -10009,   /* an address literal where a domain belongs */
	ERR_TOO_LONG = -10010, /* longer than the bound that the header names */
	ERR_CONFIG = -10011,  /* the configuration is wrong; text tells where */
	ERR_BUSY = -10012,    /* another process holds the writer's lock */
	ERR_OLD = -10013,     /* the log is older than the feed's position */
	ERR_TEMP = -10014,    /* a temporary failure: worth another try */
	ERR_STOPPED = -10015, /* we were told to stop before the end */
	ERR_NOT_BUILT = -10016, /* the journal: configure left it out */
	ERR_NOT_FILE = -10017,  /* a log that is a FIFO, a device, a socket */
};

/*
 * The text of a code that a function of ours returned, system errors
 * included. Never NULL; static or thread-local storage.
 */
const char *err_text(int code);

#endif
