/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_EXIM_STATE_H
#define COMMON_EXIM_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/domain.h"
#include "common/exim_line.h"
#include "common/exim_outcome.h"
#include "common/exim_record.h"
#include "common/exim_table.h"
#include "common/mta_type.h"

/*
 * What is open in the log of an Exim: messages, with the sessions of their
 * latest attempts, and connections, over which later messages may go. A
 * session belongs to the message that opened it and, if messages can go over
 * it, to its connection; it is closed when both are over.
 */
enum {
	EXIM_MESSAGES = 65536,
	EXIM_CONNECTIONS = 65536,
	EXIM_SPLITS = 1024,    /* entries of syslog in parts */
	EXIM_SESSIONS = 64,    /* of one message */
	EXIM_DOMAINS = 4096,   /* of one session */
	EXIM_ADDRESSES = 4096, /* recipients of one session in plain lines */
	/* seconds of log time after which it is over ... */
	EXIM_OPEN_S = 4500, /* ... a message or connection in use: Exim's
	                       timeouts for a reply are 5 min and more */
	EXIM_DONE_S = 300,  /* ... one that ended, as far as is known */
	EXIM_SPLIT_S = 60,
};

/* A policy domain of one session. */
struct exim_domain {
	uint64_t hash;         /* of the name: there may be many */
	char *name;            /* owned, normalised; "" where it is none */
	bool is_wanted;        /* a message for it counts */
	bool is_counted;       /* a fact was emitted */
	enum counter left_out; /* else why not */
};

struct exim_session {
	TAILQ_ENTRY(exim_session) link; /* of its message: the oldest first */
	struct exim_connection *connection; /* or NULL */
	unsigned n_users; /* of its message and its connection, how many */
	int64_t t;
	uint32_t pid;
	struct ip ip; /* unknown where the record does not tell yet */
	struct ip sending_ip;
	char *mx;      /* owned, as logged; "" unknown */
	char *helo;    /* owned, or NULL */
	char *verdict; /* owned, or NULL: JSON */
	char version[17];
	char reason[TLS_REASON_BUF];
	enum fact_tls tls;
	enum fact_chain chain;
	enum fact_name name;
	enum fact_dane dane;
	enum counter left_out; /* all of it, why; or COUNTER_COUNT */
	bool is_settled; /* its outcome is known: domains are counted at once */
	bool is_exact;   /* its domains are known from its own record */
	bool is_one;     /* DANE: Exim serves one domain at a time */
	bool is_smart;   /* to a smart host: counts for that one */
	bool is_given_up; /* no message goes over it */
	bool is_clear;    /* in clear after a failure: no session of its own */
	bool is_acked;    /* Exim logged what became of a recipient */
	bool is_done;     /* of an earlier attempt */
	/* from plain lines */
	bool is_plain;
	bool is_note;        /* the line named no recipient */
	bool is_ride;        /* over a connection of an earlier message */
	bool has_retry;      /* it was tried again, in clear */
	bool has_delivered;  /* a recipient */
	bool is_late;        /* it ended behind TLS, if there was any */
	struct exim_key key; /* of connections to its host */
	uint64_t *addresses; /* owned: hashes */
	unsigned n_addresses;
	struct exim_domain *domains; /* owned */
	unsigned n_domains;
};

TAILQ_HEAD(exim_sessions, exim_session);

/* What lines just before a session's own said of it. */
struct exim_hint {
	struct ip ip;
	bool is_tls;                 /* it is in TLS */
	bool has_verify;             /* OpenSSL refused something ... */
	enum fact_chain chain;       /* ... of the chain; UNKNOWN: nothing */
	bool is_behind;              /* ... not of the peer's own certificate */
	bool is_name;                /* ... the name */
	char reason[TLS_REASON_BUF]; /* of an error on the connection */
};

struct exim_message {
	struct exim_slot slot; /* first */
	struct exim_sessions sessions;
	unsigned n_sessions;
	bool has_records;      /* its plain lines only add to them */
	bool is_own;           /* a report of ours, as an earlier line told */
	enum counter left_out; /* why it does not count, by its records */
	struct exim_hint hint;
	char dane[32]; /* what dane:fail said of the session to come */
};

struct exim_connection {
	struct exim_slot slot; /* first */
	struct exim_session *session;
};

struct exim_split {
	struct exim_slot slot; /* first */
	char id[EXIM_ID_MAX + 1];
	char *text; /* owned */
	size_t len;
	unsigned part;  /* the latest */
	unsigned parts; /* how many there are */
};

struct exim {
	struct mta mta; /* first */
	struct exim_table messages;
	struct exim_table connections;
	struct exim_table splits;
	enum exim_quote quote; /* how the line before ended, and ... */
	uint64_t quote_pos;    /* ... where its entry began; UINT64_MAX: in no
	                          quote */
	struct exim_record record; /* the one being worked on */
};

/* The key of a text, within the log of one host. */
void exim_key_of(
    struct view host, char kind, struct view text, struct exim_key *out);

/*
 * The entry of a key, made if need be, for the line at pos; whoever has to
 * make room for it is closed. Returns 0 or what the sink returned.
 */
int exim_message_get(struct exim *ex, const struct exim_key *key, uint64_t pos,
    struct exim_message **out);
int exim_connection_get(struct exim *ex, const struct exim_key *key,
    uint64_t pos, struct exim_connection **out);
int exim_split_get(struct exim *ex, const struct exim_key *key, uint64_t pos,
    struct exim_split **out);

/*
 * What is stored in one now depends on what is stored in the other; so does
 * what other connections of the message's sessions hold.
 */
void exim_state_join(struct exim_message *m, struct exim_connection *c);

/* Takes a split out and frees it. */
void exim_split_drop(struct exim *ex, struct exim_split *split);

/* Closes what is over by the time of a line. */
int exim_state_expire(struct exim *ex, int64_t t);

/* Closes all that is open. */
int exim_state_flush(struct exim *ex);

/* Frees all that is open without counting anything. */
void exim_state_release(struct exim *ex);

/* Adds one to a counter; returns 0 or what the sink returned. */
int exim_bump(struct exim *ex, int64_t t, enum counter c);

/*
 * A new session of a message, its newest; the oldest is closed if there are
 * too many. c may be NULL: no message goes over it; else it takes the place of
 * an earlier one on that connection.
 */
int exim_session_new(struct exim *ex, struct exim_message *m,
    struct exim_connection *c, int64_t t, struct exim_session **out);

/* Puts a session on a connection, too. */
int exim_session_connect(
    struct exim *ex, struct exim_connection *c, struct exim_session *s);

/* Takes a session off its connection: no more messages go over it. */
void exim_session_disconnect(struct exim_session *s);

/* Takes a session out without counting anything: it was none. */
void exim_session_drop(struct exim_message *m, struct exim_session *s);

/* Sets the MX host from text as logged. */
void exim_session_mx(struct exim_session *s, struct view mx);

/* Sets the version from text as logged, "TLS1.3". */
void exim_session_version(struct exim_session *s, struct view version);

/* Sets the token of a failure. */
void exim_session_reason(struct exim_session *s, const char *token);

/*
 * Counts the session for a recipient domain, once, as soon as its outcome is
 * known; left_out: why that message does not count, or COUNTER_COUNT.
 */
int exim_session_add(struct exim *ex, struct exim_session *s,
    struct view domain, enum counter left_out);

/* The same for an address. */
int exim_session_add_address(struct exim *ex, struct exim_session *s,
    struct view address, enum counter left_out);

/* Does it count, or would it, for this domain? */
bool exim_session_has(const struct exim_session *s, struct view domain);

/* Its outcome is known now: counts what waited for it. */
int exim_session_settle(struct exim *ex, struct exim_session *s);

/* Messages and connections that wait for something, for status. */
unsigned exim_state_open(const struct exim *ex);

#endif
