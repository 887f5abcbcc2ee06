/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_LIVE_H
#define COMMON_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"
#include "common/view.h"

/*
 * What is said on the daemon's control socket (control.h): requests, and what
 * the daemon tells of itself that no file says. Each is one packet of text:
 * lines "key value", the first of them "kind ...". Unknown kinds and keys are
 * passed over, so that a tool and a daemon of different versions understand
 * each other.
 */

enum {
	LIVE_TEXT = 256,   /* bytes of a text, with its NUL */
	LIVE_PACKET = 8192 /* bytes of a packet, at most */
};

enum live_kind {
	LIVE_ASK_STATUS, /* a request without members */
	LIVE_ASK_REPLAY,
	LIVE_DAEMON,
	LIVE_FEED,
	LIVE_PROGRESS, /* of a replay that was handed over */
	LIVE_RESULT,   /* of that replay: the last packet */
	LIVE_UNKNOWN
};

/* "Apply these logs"; the files come beside it, as descriptors. */
struct live_ask {
	char feed[LIVE_TEXT];
	char mta[LIVE_TEXT];
	int64_t until; /* as in struct feed_options */
};

struct live_daemon {
	char version[LIVE_TEXT];
	char state[LIVE_TEXT]; /* the directory that it writes to */
	uint64_t pid;
	int64_t started;
	bool has_milter; /* one is configured */
	bool milter_runs;
	char milter_socket[LIVE_TEXT];
	uint64_t milter_starts; /* more than one: it died */
	bool has_network;       /* policies are to be looked up */
	bool network_runs;
	uint64_t network_starts; /* more than one: it died, or was reloaded */
	char dns_health[LIVE_TEXT]; /* dns_health_word(); "": not told yet */
	uint64_t policies;         /* that are known, of MX hosts and domains */
	uint64_t questions;        /* that have no answer yet */
	uint64_t policies_dropped; /* for want of room */
	bool has_probes;           /* MX hosts are to be probed */
	uint64_t probes_open;      /* questions without an answer yet */
	uint64_t probes_seen;      /* probes that saw a certificate */
	uint64_t probes_unseen;    /* that settled nothing */
	uint64_t probes_dropped;   /* that were given up */
	bool is_sandboxed;
	int64_t
	    clock_step; /* when the clock was last seen to be set; 0: never */
};

struct live_feed {
	char name[LIVE_TEXT];
	char source[LIVE_TEXT]; /* the log file */
	bool is_open;           /* it is being followed */
	bool is_at_end;         /* all that is there was read */
	bool has_lag_b;         /* lag_b is known: it is a log file's */
	uint64_t lag_b;         /* bytes behind what was read */
	uint64_t lag_s;         /* age of the last line read, if there is lag */
	uint64_t open_sessions;
	int64_t error_t; /* time of the last error; 0: there was none */
	bool has_error;  /* it stands still */
	char error[LIVE_TEXT];
};

struct live_progress {
	char path[LIVE_TEXT];
	uint64_t done;
	uint64_t size; /* 0: not known */
};

struct live_result {
	int64_t code;         /* 0, or an error as feed_read() gives it */
	char path[LIVE_TEXT]; /* that the error is about */
	uint64_t lines;
	uint64_t sessions;
	uint64_t open;
	bool was_known; /* as in struct feed_result */
	bool was_new;
};

/* One packet taken apart. */
struct live {
	enum live_kind kind;

	union {
		struct live_ask ask;
		struct live_daemon daemon;
		struct live_feed feed;
		struct live_progress progress;
		struct live_result result;
	} u;
};

/* Appends a packet's text. Line ends in texts become blanks. */
void live_format(const struct live *l, struct strbuf *out);

/*
 * Takes a packet apart; a last line without its end, which may be half a
 * value, is passed over. Returns 0 or ERR_PARSE (no such text at all).
 */
int live_parse(struct view packet, struct live *out);

/* Sets a text, cut if need be. */
void live_set(char out[LIVE_TEXT], struct view text);

#endif
