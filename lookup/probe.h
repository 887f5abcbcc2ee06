/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LOOKUP_PROBE_H
#define LOOKUP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fact.h"
#include "common/ip.h"
#include "common/tls_reason.h"
#include "common/view.h"

struct loop;

/*
 * Looks at the TLS of mail servers as an MTA would: connects, says EHLO and
 * STARTTLS, looks at the certificate, says QUIT. Never is any mail sent.
 */
struct prober;

enum {
	PROBE_VERSION = 16,
	PROBE_HELO = 256,
	PROBE_NAMES = 512,
};

/* How far it came. */
enum probe_end {
	PROBE_NO_CONNECTION, /* the token tells why; nothing more is known */
	PROBE_NO_SMTP,       /* likewise: no conversation up to EHLO */
	PROBE_TLS            /* tls tells what came of TLS */
};

struct probe_result {
	enum probe_end end;
	char token[TLS_REASON_BUF]; /* without TLS, why: "connect-refused",
	                               "smtp-reply-554", "starttls-reply-454",
	                               "timeout-during-handshake" ...; else "" */
	enum fact_tls tls;          /* with PROBE_TLS */
	char helo[PROBE_HELO];      /* its name by EHLO, "" if it is none */

	/* With FACT_TLS_OK: */
	char version[PROBE_VERSION]; /* "TLSv1.3" */
	enum fact_chain chain;       /* by the roots; UNKNOWN without any */
	const char
	    *chain_text; /* what is wrong with it; static, "" for nothing */
	const char *chain_token; /* the same as a token of ours, likewise */
	enum fact_name name;     /* is the MX name in it (RFC 9525)? */
	char names[PROBE_NAMES]; /* the names in it (DNS-ID), blanks between;
	                            printable; cut at a name */
	int64_t not_before;      /* Unix seconds; 0: not known */
	int64_t not_after;

	/* By the TLSA records; NONE without any. */
	enum fact_dane dane;
	enum fact_chain dane_chain; /* with usage 2: by that anchor ... */
	const char *dane_token;     /* as chain_token */
	enum fact_name dane_name;   /* ... and the base domain or the MX name */
};

struct prober_options {
	struct loop *loop;   /* borrowed */
	const char *helo;    /* our name, normalised; borrowed */
	const char *ca_file; /* roots, PEM; NULL: the system's */
	bool allow_private;  /* addresses that are not public, too */
	unsigned port;       /* 0: 25 */
	unsigned timeout_ms; /* for one probe; 0: 60 s */
	unsigned parallel;   /* connections at once; 0: 20 */
	unsigned waiting;    /* probes in all; 0: 1000 */
};

/* All is copied. */
struct probe_target {
	const char *mx; /* normalised */
	struct ip ip;
	const char *base;           /* TLSA base domain; "" for none */
	const struct view *records; /* "3 1 1 HEX" each, secure */
	size_t n_records;
};

/* Borrowed, until it returns. */
typedef void (*probe_fn)(void *ctx, const struct probe_result *result);

/*
 * The process ignores SIGPIPE. Returns 0 or -ENOMEM. Roots that are missing
 * are no error.
 */
int prober_new(const struct prober_options *o, struct prober **out);

/* What is under way ends without its call. Not in a call. NULL is allowed. */
void prober_free(struct prober *p);

/* Are there roots to check certificates by? */
bool prober_has_roots(const struct prober *p);

/*
 * Probes an address; fn is called once, later. Returns 0; ERR_FULL; or
 * ERR_NOT_FOUND: an address that is not public.
 */
int probe_start(struct prober *owner, const struct probe_target *target,
    probe_fn fn, void *ctx);

/*
 * The session as a fact, for the judge. With is_dane as an MTA saw it that goes
 * by the TLSA records, else as one that goes by its roots. Only with PROBE_TLS.
 * Views borrow the result.
 */
void probe_fact(
    const struct probe_result *result, bool is_dane, struct fact *out);

#endif
