/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TOOL_CHECK_H
#define TOOL_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/dns_health.h"
#include "common/ip.h"
#include "common/mem.h"
#include "common/policy_set.h"
#include "common/view.h"
#include "lookup/fetch_address.h"
#include "lookup/probe.h"
#include "tool/tool.h"

/*
 * The transport security of a domain: what was seen of it (gathered), what that
 * means (findings), and how findings are shown. The three are apart: all but
 * the first do no I/O but to print.
 */

enum {
	CHECK_HOSTS = 16,            /* MX hosts that are looked at */
	CHECK_IPS = 32,              /* addresses of one that are kept */
	CHECK_FINDINGS = 1024,       /* more are not made of these */
	CHECK_EXPIRES_S = 14 * 86400 /* a certificate's end is near */
};

/* A TXT record set. */
struct check_text {
	enum dns_status dns;      /* how its lookup ended */
	const struct view *texts; /* each joined; any octets */
	size_t n;
};

struct check_probe {
	struct ip ip;
	bool is_done;
	struct probe_result result;
};

struct check_host {
	const char *name;    /* normalised */
	unsigned preference; /* of its MX record, the least; 0 without one */

	/* Addresses. */
	bool is_bogus;         /* by DNSSEC (R306) */
	bool is_address_known; /* the DNS answered, for A and AAAA */
	struct ip ip[CHECK_IPS];
	size_t n_ip;
	enum fetch_address_why why;                /* with addresses */
	struct check_probe probe[FETCH_ADDRESSES]; /* those to be probed */
	size_t n_probes;

	enum policy_tlsa tlsa; /* and its records, as in a policy set */
	struct view base;
	const struct view *records;
	size_t n_records;
};

struct check {
	const char *domain; /* normalised */
	int64_t now;
	bool is_probing; /* hosts are probed */
	bool has_roots;  /* certificates can be checked */
	enum dns_health health;

	struct check_text tlsrpt; /* at _smtp._tls */

	enum policy_mx mx;
	bool is_null_mx;         /* RFC 7505; not that it does not exist */
	size_t n_strange;        /* MX records that name no host */
	bool is_implicit;        /* no MX record: the domain is its host */
	size_t n_mx;             /* hosts in the DNS */
	struct check_host *host; /* by preference, then by name */
	size_t n_hosts;

	struct check_text sts_record; /* at _mta-sts */
	enum policy_sts sts;          /* UNKNOWN: see sts_token */
	const char *sts_token;        /* why there is no policy, or "" */
	struct view sts_text;         /* the policy as it was served */
};

enum check_level {
	CHECK_OK,
	CHECK_WARNING, /* it works, and should be better */
	CHECK_UNKNOWN, /* could not be found out from here */
	CHECK_BAD      /* senders that check will fail */
};

/* "ok", "warning", "unknown", "bad" */
const char *check_level_word(enum check_level level);

/* One line. Texts are plain ASCII but for record; all borrowed. */
struct check_finding {
	enum check_level level;
	const char *topic;   /* "mx", "tlsa" ... */
	const char *host;    /* MX host; "" for the domain */
	const char *address; /* of it; "" for the whole host */
	const char *text;
	const char *code;   /* RFC 8460: "type" or "type reason"; "" */
	struct view record; /* as published, any octets; "" for none */
	bool has_error;     /* there is an error in the record ... */
	size_t error_at;    /* ... at this offset */
	int64_t not_before; /* of a certificate; 0: none */
	int64_t not_after;
};

struct check_findings {
	struct arena *arena; /* of all texts; borrowed */
	struct check_finding list[CHECK_FINDINGS];
	size_t n;
};

/*
 * Looks at a domain (normalised). What is pointed to lives in the arena.
 * Returns 0, or an exit code; what is wrong has been said.
 */
int check_gather(const struct tool *tool, const char *domain, bool is_probing,
    struct arena *a, struct check *out);

/* Draws the conclusions; pure. */
void check_find(const struct check *c, struct check_findings *f);

/* The part of it that is about one host. */
void check_find_host(const struct check *c, const struct check_host *host,
    struct check_findings *f);

/* Adds one to fill in, with the text; past CHECK_FINDINGS it is dropped. */
struct check_finding *check_add(struct check_findings *f,
    enum check_level level, const char *topic, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The worst of all: bad, then unknown, then the rest, which is good. */
enum check_level check_worst(const struct check_findings *f);

/* Of the program: 0 is good; 1 for what is bad. */
int check_exit_code(enum check_level worst);

/* Print to a stream. */
void check_show_text(const struct check *c, const struct check_findings *f,
    FILE *stream, bool has_colour);
void check_show_json(
    const struct check *c, const struct check_findings *f, FILE *stream);

#endif
