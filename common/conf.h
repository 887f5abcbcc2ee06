/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"

/* Whose MX hosts the daemon probes. */
enum conf_probe {
	CONF_PROBE_OFF,
	CONF_PROBE_POLICY_DOMAINS /* of domains with a policy */
};

/*
 * The configuration of all three programs: one YAML file, one table of keys
 * (conf_schema.c). What the file does not say has its default.
 */

enum {
	CONF_FEEDS = 32,
	CONF_DKIM_KEYS = 8,
	CONF_LISTS = 2,          /* lists of mappings: conf_lists() */
	CONF_FILE_MAX = 1 << 20, /* bytes of a file */
	CONF_FAULTS = 50,        /* faults told of one file */
};

struct conf_feed {
	char *name;    /* [A-Za-z0-9._-], unique; default: the MTA's name */
	char *mta;     /* a row of mta.h */
	char *file;    /* log file to follow; with journal NULL too, only replay
	               uses this feed */
	char *journal; /* systemd journal to follow: CONF_JOURNAL_SYSTEM or a
	                  directory of journal files; then file is NULL */
	char **idents; /* NULL-terminated; NULL: the MTA's default */
	char *socket;  /* that Postfix sends datagrams to; NULL: none */
	char *group;   /* that may send there; NULL: default */
	uint64_t keep_invalid; /* datagrams to keep for a look */
	bool callouts;         /* count sessions that only verify an address */
	bool bare_addresses;   /* in the log nothing is quoted in them */
};

struct conf_dkim_key {
	char *selector; /* name under ._domainkey; unique */
	char *file;     /* private key in PEM */
};

struct conf {
	char *organization;  /* organization-name of reports; NULL: not set */
	char *contact;       /* addr-spec; NULL: not set */
	char *site;          /* of its hosts; NULL: the only one */
	char *from;          /* From: of report mail; default: contact */
	char *envelope_from; /* envelope sender of report mail; default: from */
	uint64_t recipient_delimiter; /* see envelope_delimiter(); 0: none */
	char *operator_to; /* who is told of this installation; NULL: nobody */
	bool digest;       /* ... of each day */
	char *state;       /* directory; default: CONF_STATE */
	char *run;         /* directory of the daemon's sockets */
	char *user;        /* that the daemon becomes */
	char **groups;     /* its further groups: may read logs; or NULL */
	struct conf_feed feed[CONF_FEEDS];
	unsigned n_feeds;

	struct {
		char *socket; /* CONF_MILTER_NONE, "unix:PATH",
		                 "inet:PORT@HOST", "inet6:PORT@HOST" */
		char *group; /* that may connect to a unix socket; NULL: none */
		uint64_t mode; /* of a unix socket */
	} milter;

	struct {
		uint64_t facts;
		uint64_t facts_per_domain;
	} tally;

	struct {
		char **servers;     /* NULL-terminated or NULL */
		char *local_data;   /* NULL: none */
		char *trust_anchor; /* NULL: none */
		bool recursion;     /* ask the zones' own servers */
		uint64_t parallel;
		uint64_t timeout_s;
	} dns;

	struct {
		bool lookup; /* look up what recipients published */
		char *local; /* file of the site's own; NULL: none */
	} policies;
	struct local_policy *local; /* what is in it, after conf_read() */

	struct {
		char *ca_file; /* roots for policy hosts; NULL: the system's */
		bool allow_private; /* policy hosts at private addresses */
	} mta_sts;

	uint64_t probe; /* an enum conf_probe */

	struct {
		bool elsewhere; /* the site's MTA signs report mails */
		struct conf_dkim_key key[CONF_DKIM_KEYS];
		unsigned n_keys;
	} dkim;

	struct {
		char *file; /* where telltls-report puts them; NULL: nowhere */
	} metrics;

	struct {
		uint64_t retry_s;    /* a temporary DNS error is retried */
		char **exclude;      /* domains never reported on; or NULL */
		char *rules;         /* file of rules.h; NULL: none */
		bool sending_mta_ip; /* put our address into reports */
		uint64_t count;      /* an enum judge_count */
	} report;

	struct {
		uint64_t via;        /* an enum conf_mail_via */
		char *command;       /* the sendmail command */
		char *server;        /* "HOST:PORT"; IPv6 in brackets */
		uint64_t tls;        /* an enum conf_mail_tls */
		char *user;          /* NULL: none */
		char *password_file; /* NULL: none */
		char *ca_file;       /* roots; NULL: the system's */
		uint64_t timeout_s;  /* for one mail */
	} mail;

	struct {
		uint64_t verify;    /* an enum conf_https_verify */
		char *ca_file;      /* roots; NULL: the system's */
		bool allow_private; /* destinations at private addresses */
		uint64_t timeout_s; /* for one report */
	} https;
};

/* How mail is handed to the site's MTA. */
enum conf_mail_via {
	CONF_MAIL_SENDMAIL,
	CONF_MAIL_SMTP
};

enum conf_mail_tls {
	CONF_MAIL_NONE,    /* in clear */
	CONF_MAIL_MAY,     /* STARTTLS if offered, any certificate */
	CONF_MAIL_REQUIRE, /* STARTTLS and a good certificate */
	CONF_MAIL_WRAPPED  /* TLS from the start, and a good certificate */
};

enum conf_https_verify {
	CONF_HTTPS_PREFER, /* a certificate that is not good is logged */
	CONF_HTTPS_REQUIRE
};

#define CONF_FILE  "/etc/telltls.yaml"
#define CONF_STATE "/var/lib/telltls"
#define CONF_RUN   "/run/telltls"
#define CONF_USER  "telltls"

/* There shall be no milter. */
#define CONF_MILTER_NONE "none"

/* The system's own journal. */
#define CONF_JOURNAL_SYSTEM "system"
#define CONF_SOCKET_SUFFIX  ".socket" /* of the feed beside a log */

/* Fills in the defaults. */
void conf_init(struct conf *c);
void conf_release(struct conf *c);

/*
 * Reads a file over the defaults; once per conf_init(). Unknown key, duplicate
 * key, bad or missing value: ERR_CONFIG, and *error says "file:line: what,
 * what was expected" (one line per fault, each with its line end; all faults
 * of the file, but no more than CONF_FAULTS). -errno when the file cannot be
 * read. After an error *c is only good for conf_release().
 */
int conf_read(struct conf *c, const char *path, struct strbuf *error);

/* The same from memory; path only names it in errors. */
int conf_parse(struct conf *c, const char *path, const char *buf, size_t len,
    struct strbuf *error);

/*
 * What a program needs beyond the syntax: reports need organization and
 * contact, and one domain in contact, from and envelope-from (R143, R148).
 * ERR_CONFIG and text as above.
 */
int conf_check_reports(
    const struct conf *c, const char *path, struct strbuf *error);

/*
 * Mails of reports need a DKIM signature, ours or that of somebody who is said
 * to sign (R195). ERR_CONFIG and text as above.
 */
int conf_check_dkim(
    const struct conf *c, const char *path, struct strbuf *error);

/* Are two values the same text? NULL, no value, is the same as NULL. */
bool conf_is_same(const char *a, const char *b);

/* What a value is, and what its row's offset points to. */
enum conf_type {
	CONF_STRING,   /* char *: text without control characters */
	CONF_ADDRESS,  /* char *: "local@domain", the domain normalised */
	CONF_PATH,     /* char *: absolute */
	CONF_JOURNAL,  /* char *: CONF_JOURNAL_SYSTEM or an absolute path */
	CONF_NAME,     /* char *: [A-Za-z0-9._-] */
	CONF_DOMAIN,   /* char *: normalised, of one label or more */
	CONF_MTA,      /* char *: a name of mta_names() */
	CONF_SOCKET,   /* char *: as milter.socket */
	CONF_RELAY,    /* char *: "host" or "host:port", made "host:port" */
	CONF_NUMBER,   /* uint64_t */
	CONF_MODE,     /* uint64_t: of a file, written in octal */
	CONF_DURATION, /* uint64_t: seconds */
	CONF_BOOL,     /* bool */
	CONF_CHOICE,   /* uint64_t: place of the word in choices */
	CONF_DOMAINS, /* char **: NULL-terminated, NULL when empty; normalised */
	CONF_SERVERS, /* char **: likewise; "address" or "address@port" */
	CONF_IDENTS,  /* char **: likewise; names of programs */
	CONF_GROUPS,  /* char **: likewise; names of groups */
};

/* One row of the table of keys, for tests and the manual. */
struct conf_key {
	const char *path;     /* "dns.servers", "feeds[].mta" */
	const char *what;     /* what a value must be, for errors */
	const char *fallback; /* the default as text; "" for none; "=KEY": the
	                         value of KEY of the same mapping */
	enum conf_type type;
	bool is_required; /* its mapping cannot do without it */
	uint64_t min,
	    max; /* of a number, of seconds, of the bytes of a text, of
	                      the entries of a list */
	const char *const *choices; /* of CONF_CHOICE; NULL-terminated */
	size_t offset; /* in struct conf; in an entry of the list for keys
	                  like "feeds[].mta" */
};

/* The table; *n is its length. */
const struct conf_key *conf_keys(size_t *n);

/* The row of a key, or NULL. */
const struct conf_key *conf_key_find(const char *path);

/* A list of mappings: the keys of an entry are "PATH[].KEY". An entry begins
   as zeros, so defaults of its keys are "", "=KEY", "false" and "0". */
struct conf_list {
	const char *path;    /* "feeds" */
	const char *example; /* how an entry begins, for errors */
	unsigned max;        /* entries */
	size_t offset;       /* in struct conf: of the first entry */
	size_t size;         /* bytes of an entry */
	size_t count;        /* in struct conf: of their number, an unsigned */
};

/* The lists, CONF_LISTS of them. */
const struct conf_list *conf_lists(void);

/* The list that a key is in, or NULL. */
const struct conf_list *conf_list_of(const struct conf_key *key);

/* Entry number i, and how many there are. */
void *conf_list_entry(const struct conf_list *list, struct conf *c, unsigned i);
unsigned *conf_list_count(const struct conf_list *list, struct conf *c);

#endif
