/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trust.c - the root certificates, and how certificates are checked by them
 *
 * libcurl would read the file for each connection, and would take the common
 * name of a certificate without other names.
 */

#include "config.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/err.h"
#include "common/mem.h"
#include "lookup/trust.h"

struct trust {
	char *configured; /* NULL: the system's */
	const char *file; /* the one that was tried last, or NULL */
	X509_STORE *store;
	struct stat seen; /* of the file that is in store */
};

/* Where systems keep them; the library's own default comes first. */
static const char *const places[] = {
	NULL,
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/usr/local/share/certs/ca-root-nss.crt",
};

struct trust *trust_new(const char *file)
{
	struct trust *t = xcalloc(1, sizeof(*t));

	t->configured = file != NULL ? xstrdup(file) : NULL;
	return t;
}

void trust_free(struct trust *t)
{
	if (t != NULL) {
		X509_STORE_free(t->store);
		free(t->configured);
		free(t);
	}
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Reads one file, unless it is the one that was read last. */
static int load(struct trust *t, const char *file)
{
	X509_STORE *store;
	struct stat st;

	t->file = file;
	if (stat(file, &st) != 0) {
		return -errno;
	}
	if (t->store != NULL && is_same_file(&st, &t->seen)) {
		return 0;
	}
	store = X509_STORE_new();
	if (store == NULL) {
		return -ENOMEM;
	}
	if (X509_STORE_load_locations(store, file, NULL) != 1 ||
	    sk_X509_OBJECT_num(X509_STORE_get0_objects(store)) == 0) {
		ERR_clear_error();
		X509_STORE_free(store);
		return ERR_PARSE;
	}
	X509_STORE_free(t->store);
	t->store = store;
	t->seen = st;
	return 0;
}

int trust_refresh(struct trust *t)
{
	int rc = ERR_NOT_FOUND;

	if (t->configured != NULL) {
		return load(t, t->configured);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		rc = load(t,
		    places[i] != NULL ? places[i] :
					X509_get_default_cert_file());
		if (rc != -ENOENT) {
			break;
		}
	}
	return rc;
}

bool trust_is_ready(const struct trust *t)
{
	return t->store != NULL;
}

const char *trust_file(const struct trust *t)
{
	return t->file != NULL ? t->file : "";
}

void *trust_store(const struct trust *t)
{
	return t->store;
}

int trust_apply(const struct trust *t, void *ssl_ctx, const char *host)
{
	SSL_CTX *ctx = ssl_ctx;
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

	SSL_CTX_set1_cert_store(ctx, t->store);
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* an address stands in a certificate as another type of name */
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1) {
		return 0;
	}
	ERR_clear_error();
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 ? 0 : -ENOMEM;
}

const char *trust_token(long verify_result)
{
	switch (verify_result) {
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED:
	case X509_V_ERR_OUT_OF_MEM:
	case X509_V_ERR_INVALID_CALL:
	case X509_V_ERR_STORE_LOOKUP:
		return NULL;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "certificate-expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "not-yet-valid";
	case X509_V_ERR_HOSTNAME_MISMATCH:
		return "certificate-host-mismatch";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return "self-signed";
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "unknown-issuer";
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return "certificate-too-weak";
	default:
		return "certificate-chain-invalid";
	}
}
