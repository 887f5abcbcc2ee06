/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe_tls.c - the TLS of a probe: the handshake, and what the certificate is
 * worth
 *
 * The handshake goes on with any certificate. DANE is checked inside of it by
 * the library; the chain up to our roots is checked afterwards, apart from
 * that: a host may have both, and each counts for a policy of its own.
 */

#include "config.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/mem.h"
#include "common/strbuf.h"
#include "common/tlsa.h"
#include "lookup/probe_tls.h"
#include "lookup/trust.h"

enum {
	NAME_FLAGS = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, /* RFC 9525 */
	AUTH_LEVEL = 1 /* the library's own: keys of 80 bits of strength */
};

struct probe_tls_all {
	SSL_CTX *ctx;
	const struct trust *trust;
};

struct probe_tls {
	const struct probe_tls_all *all;
	SSL *ssl;
	char *mx;
	char *sni;           /* the name that the server is told */
	enum fact_dane dane; /* before the handshake: NONE, UNUSABLE, UNKNOWN */
};

struct probe_tls_all *probe_tls_all_new(const struct trust *trust)
{
	struct probe_tls_all *all;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	/*
	 * What is old and weak is to be seen, not to be refused: the verdict
	 * comes later.
	 */
	if (ctx == NULL || SSL_CTX_dane_enable(ctx) <= 0 ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, "DEFAULT:@SECLEVEL=0") != 1) {
		ERR_clear_error();
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	all = xcalloc(1, sizeof(*all));
	all->ctx = ctx;
	all->trust = trust;
	return all;
}

void probe_tls_all_free(struct probe_tls_all *all)
{
	if (all != NULL) {
		SSL_CTX_free(all->ctx);
		free(all);
	}
}

/* Gives the library the records that can be used (R307, R314). */
static void add_records(struct probe_tls *t, const struct probe_target *target)
{
	struct arena *a = arena_new();
	struct tlsa *list =
	    arena_alloc(a, (target->n_records + 1) * sizeof(*list));
	size_t n = 0;
	size_t n_added = 0;

	for (size_t i = 0; i < target->n_records; i++) {
		if (tlsa_read(target->records[i], a, &list[n]) == 0) {
			n++;
		}
	}
	n = tlsa_strongest(list, n);
	t->dane = FACT_DANE_UNUSABLE;
	if (n > 0 && SSL_dane_enable(t->ssl, target->base) > 0) {
		/* R308: usage 3 asks for no name */
		(void)SSL_dane_set_flags(
		    t->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
		SSL_set_hostflags(t->ssl, NAME_FLAGS);
		(void)SSL_add1_host(t->ssl, target->mx);
		for (size_t i = 0; i < n; i++) {
			n_added += SSL_dane_tlsa_add(t->ssl, list[i].usage,
				       list[i].selector, list[i].mtype,
				       (const unsigned char *)list[i].data.s,
				       list[i].data.len) > 0;
		}
		if (n_added > 0) {
			t->dane = FACT_DANE_UNKNOWN;
		}
	}
	ERR_clear_error();
	arena_free(a);
}

struct probe_tls *probe_tls_new(
    const struct probe_tls_all *all, int fd, const struct probe_target *target)
{
	struct probe_tls *t = xcalloc(1, sizeof(*t));
	bool has_base = target->base[0] != '\0' && target->n_records > 0;

	t->all = all;
	t->mx = xstrdup(target->mx);
	/* RFC 7672 8.1: with DANE, the base domain */
	t->sni = xstrdup(has_base ? target->base : target->mx);
	t->dane = FACT_DANE_NONE;
	t->ssl = SSL_new(all->ctx);
	if (t->ssl == NULL || SSL_set_fd(t->ssl, fd) != 1 ||
	    SSL_set_tlsext_host_name(t->ssl, t->sni) != 1) {
		ERR_clear_error();
		probe_tls_free(t);
		return NULL;
	}
	if (target->n_records > 0) {
		add_records(t, target);
	}
	return t;
}

void probe_tls_free(struct probe_tls *t)
{
	if (t != NULL) {
		SSL_free(t->ssl);
		free(t->sni);
		free(t->mx);
		free(t);
	}
}

/* Why the handshake failed, in our words. */
static void name_failure(int error, char token[TLS_REASON_BUF])
{
	unsigned long e = ERR_peek_error();
	int reason = ERR_GET_REASON(e);
	char buf[TLS_REASON_BUF];
	const char *found = "";

	if (error == SSL_ERROR_SYSCALL || error == SSL_ERROR_ZERO_RETURN) {
		found = "connection-closed-during-handshake";
	} else if (ERR_GET_LIB(e) == ERR_LIB_SSL &&
	    reason > SSL_AD_REASON_OFFSET) {
		found = tls_reason_alert(
		    (unsigned)(reason - SSL_AD_REASON_OFFSET), true, buf);
	} else if (e != 0) {
		found =
		    tls_reason_token(view_of(ERR_reason_error_string(e)), buf);
	}
	(void)snprintf(token, TLS_REASON_BUF, "%s",
	    found[0] != '\0' ? found : "tls-handshake-failure");
}

enum probe_tls_step probe_tls_step(
    struct probe_tls *t, char token[TLS_REASON_BUF])
{
	int rc;
	int error;

	ERR_clear_error();
	rc = SSL_connect(t->ssl);
	error = SSL_get_error(t->ssl, rc);
	switch (error) {
	case SSL_ERROR_NONE:
		return PROBE_TLS_UP;
	case SSL_ERROR_WANT_READ:
		return PROBE_TLS_READ;
	case SSL_ERROR_WANT_WRITE:
		return PROBE_TLS_WRITE;
	default:
		name_failure(error, token);
		ERR_clear_error();
		return PROBE_TLS_FAILED;
	}
}

static enum fact_chain chain_of(long verify)
{
	switch (verify) {
	case X509_V_OK:
	case X509_V_ERR_HOSTNAME_MISMATCH: /* the name is told apart */
		return FACT_CHAIN_OK;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return FACT_CHAIN_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return FACT_CHAIN_NOT_YET_VALID;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return FACT_CHAIN_SELF_SIGNED;
	default:
		/* without a token it is a failure of ours */
		return trust_token(verify) != NULL ? FACT_CHAIN_UNTRUSTED :
						     FACT_CHAIN_UNKNOWN;
	}
}

/* Of a chain that does not hold; where the state of it says all, "". */
static const char *token_of(enum fact_chain chain, long verify)
{
	return chain == FACT_CHAIN_UNTRUSTED ? trust_token(verify) : "";
}

static void judge_chain(
    const struct probe_tls *t, X509 *leaf, struct probe_result *out)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int error;

	if (ctx != NULL && trust_is_ready(t->all->trust) &&
	    X509_STORE_CTX_init(ctx, trust_store(t->all->trust), leaf,
		SSL_get_peer_cert_chain(t->ssl)) == 1 &&
	    X509_STORE_CTX_set_default(ctx, "ssl_server") == 1) {
		X509_VERIFY_PARAM_set_auth_level(
		    X509_STORE_CTX_get0_param(ctx), AUTH_LEVEL);
		error = X509_verify_cert(ctx) == 1 ?
		    X509_V_OK :
		    X509_STORE_CTX_get_error(ctx);
		out->chain = chain_of(error);
		out->chain_token = token_of(out->chain, error);
		out->chain_text = error == X509_V_OK ?
		    "" :
		    X509_verify_cert_error_string(error);
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
}

static void judge_dane(const struct probe_tls *t, struct probe_result *out)
{
	long verify = SSL_get_verify_result(t->ssl);

	out->dane = t->dane;
	if (t->dane != FACT_DANE_UNKNOWN) {
		return;
	}
	if (verify == X509_V_ERR_DANE_NO_MATCH) {
		out->dane = FACT_DANE_MISMATCH;
		return;
	}
	/* a record matched; of usage 2, the rest has to be good as well */
	out->dane_chain = chain_of(verify);
	out->dane_token = token_of(out->dane_chain, verify);
	if (out->dane_chain != FACT_CHAIN_UNKNOWN) {
		out->dane_name = verify == X509_V_ERR_HOSTNAME_MISMATCH ?
		    FACT_NAME_MISMATCH :
		    verify == X509_V_OK ? FACT_NAME_MATCH :
					  FACT_NAME_UNKNOWN;
		out->dane =
		    verify == X509_V_OK ? FACT_DANE_MATCH : FACT_DANE_MISMATCH;
	}
}

static int64_t seconds_of(const ASN1_TIME *t)
{
	struct tm tm;

	return t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 ?
	    (int64_t)timegm(&tm) :
	    0;
}

/* Printable ASCII, as names are. */
static bool is_plain(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (v.s[i] <= ' ' || v.s[i] > '~') {
			return false;
		}
	}
	return v.len > 0;
}

static void list_names(const X509 *leaf, char out[PROBE_NAMES])
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	size_t len = 0;

	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const ASN1_STRING *value = GENERAL_NAME_get0_value(
		    sk_GENERAL_NAME_value(names, i), &type);
		struct view v;

		if (type != GEN_DNS) {
			continue;
		}
		v = view_make((const char *)ASN1_STRING_get0_data(value),
		    (size_t)ASN1_STRING_length(value));
		if (!is_plain(v)) {
			continue;
		}
		if (len + 1 + v.len >= PROBE_NAMES) {
			break;
		}
		if (len > 0) {
			out[len++] = ' ';
		}
		memcpy(out + len, v.s, v.len);
		len += v.len;
	}
	out[len] = '\0';
	GENERAL_NAMES_free(names);
}

void probe_tls_judge(struct probe_tls *t, struct probe_result *out)
{
	X509 *leaf = SSL_get1_peer_certificate(t->ssl);

	(void)snprintf(
	    out->version, sizeof(out->version), "%s", SSL_get_version(t->ssl));
	if (leaf == NULL) {
		return;
	}
	judge_chain(t, leaf, out);
	judge_dane(t, out);
	out->name = X509_check_host(leaf, t->mx, 0, NAME_FLAGS, NULL) == 1 ?
	    FACT_NAME_MATCH :
	    FACT_NAME_MISMATCH;
	out->not_before = seconds_of(X509_get0_notBefore(leaf));
	out->not_after = seconds_of(X509_get0_notAfter(leaf));
	list_names(leaf, out->names);
	X509_free(leaf);
	ERR_clear_error();
}

void probe_tls_quit(struct probe_tls *t)
{
	static const char quit[] = "QUIT\r\n";

	(void)SSL_write(t->ssl, quit, (int)sizeof(quit) - 1);
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}
