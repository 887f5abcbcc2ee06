/* SPDX-License-Identifier: BSD-2-Clause */
/* test_trust.c - tests lookup/trust.c; for handshakes see milter/fetch.py */
#include "config.h"

#include <openssl/x509_vfy.h>

#include "common/err.h"
#include "lookup/trust.h"
#include "tests/unit/unit.h"

static void test_tokens(void **state)
{
	static const struct {
		const char *name;
		long in;
		const char *want;
	} table[] = {
		{ "ok", X509_V_OK, NULL },
		{ "no memory", X509_V_ERR_OUT_OF_MEM, NULL },
		{ "expired", X509_V_ERR_CERT_HAS_EXPIRED,
		    "certificate-expired" },
		{ "not yet", X509_V_ERR_CERT_NOT_YET_VALID, "not-yet-valid" },
		{ "name", X509_V_ERR_HOSTNAME_MISMATCH,
		    "certificate-host-mismatch" },
		{ "self", X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
		    "self-signed" },
		{ "root not ours", X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
		    "unknown-issuer" },
		{ "no chain", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
		    "unknown-issuer" },
		{ "weak", X509_V_ERR_EE_KEY_TOO_SMALL, "certificate-too-weak" },
		{ "purpose", X509_V_ERR_INVALID_PURPOSE,
		    "certificate-chain-invalid" },
		{ "one to come", 9999, "certificate-chain-invalid" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		UNIT_STR(
		    table[i].name, trust_token(table[i].in), table[i].want);
	}
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* What cannot be read leaves what there was. */
static void test_files(void **state)
{
	char dir[64];
	char path[100];
	char root[1024];
	struct trust *t;

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/roots.pem", dir);
	unit_src_path(root, sizeof(root), "data/trust/root.pem");
	t = trust_new(path);
	UNIT_INT("absent", trust_refresh(t), -ENOENT);
	UNIT_BOOL("absent", trust_is_ready(t), false);
	UNIT_STR("absent", trust_file(t), path);
	write_file(path, "");
	UNIT_INT("empty", trust_refresh(t), ERR_PARSE);
	write_file(path, "-----BEGIN CERTIFICATE-----\nAAAA\n");
	UNIT_INT("junk", trust_refresh(t), ERR_PARSE);
	UNIT_BOOL("junk", trust_is_ready(t), false);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(root, path), 0);
	UNIT_INT("root", trust_refresh(t), 0);
	UNIT_INT("root again", trust_refresh(t), 0);
	UNIT_BOOL("root", trust_is_ready(t), true);
	assert_int_equal(unlink(path), 0);
	write_file(path, "junk");
	UNIT_INT("junk again", trust_refresh(t), ERR_PARSE);
	UNIT_BOOL("what was read stays", trust_is_ready(t), true);
	trust_free(t);
	trust_free(NULL);
	unit_tmpdir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_files),
	};

	return UNIT_RUN(tests);
}
