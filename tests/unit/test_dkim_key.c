/* SPDX-License-Identifier: BSD-2-Clause */
/* test_dkim_key.c - tests of send/dkim_key.c and send/dkim_file.c */

#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/base64.h"
#include "common/err.h"
#include "send/dkim_canon.h"
#include "send/dkim_key.h"
#include "tests/unit/dkim_sample.h"
#include "tests/unit/unit.h"

enum {
	PATH_BUF = 256
};

static struct dkim_key *parse(const char *pem)
{
	struct dkim_key *k;
	const char *wrong;

	UNIT_INT("parse", dkim_key_parse(view_of(pem), &k, &wrong), 0);
	UNIT_STR("parse", wrong, NULL);
	return k;
}

/* The DKIM-Signature of RFC 8463 A.3 for an algorithm and a selector. */
static void rfc_hash(const char *a, const char *s, uint8_t out[DIGEST_SHA256])
{
	static const char *const names[] = { "from", "to", "subject", "date",
		"message-id", "from", "subject", "date", NULL };
	char field[1024];
	struct strbuf data;

	(void)snprintf(field, sizeof(field),
	    "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n"
	    " d=football.example.com; i=@football.example.com;\r\n"
	    " q=dns/txt; s=%s; t=1528637909; h=from : to :\r\n"
	    " subject : date : message-id : from : subject : date;\r\n"
	    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
	    " b=",
	    a, s);
	strbuf_init(&data, 4096);
	dkim_canon_fields(view_of(dkim_sample_message), names, &data);
	dkim_canon_field(view_of(field), &data);
	digest_sha256(strbuf_str(&data), data.len - 2, out);
	strbuf_release(&data);
}

static void test_rfc_body(void **state)
{
	struct view rest = view_of(dkim_sample_message);
	uint8_t hash[DIGEST_SHA256];
	struct strbuf out;
	struct view field;

	(void)state;
	while (dkim_canon_next(&rest, &field)) {
	}
	strbuf_init(&out, 1024);
	dkim_canon_body(rest, &out);
	digest_sha256(strbuf_str(&out), out.len, hash);
	strbuf_clear(&out);
	base64_encode(hash, sizeof(hash), &out);
	UNIT_STR("bh", strbuf_str(&out),
	    "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
	strbuf_release(&out);
}

static void test_rfc_signatures(void **state)
{
	static const struct {
		const char *a;
		const char *s;
		const char *pem;
		enum dkim_key_kind kind;
		unsigned bits;
		const char *public_key;
		const char *b;
	} table[] = {
		{ "ed25519-sha256", "brisbane", dkim_sample_ed25519,
		    DKIM_KEY_ED25519, 256,
		    "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
		    "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus"
		    "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==" },
		{ "rsa-sha256", "test", dkim_sample_rsa, DKIM_KEY_RSA, 1024,
		    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6"
		    "NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91"
		    "y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvH"
		    "O9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
		    "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3"
		    "DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2"
		    "JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FAD"
		    "Y+8=" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct dkim_key *k = parse(table[i].pem);
		uint8_t signature[DKIM_KEY_SIGNATURE];
		uint8_t hash[DIGEST_SHA256];
		struct strbuf out;
		int len;

		strbuf_init(&out, 1024);
		UNIT_INT(table[i].a, dkim_key_kind(k), table[i].kind);
		UNIT_UINT(table[i].a, dkim_key_bits(k), table[i].bits);
		dkim_key_public(k, &out);
		UNIT_STR(table[i].a, strbuf_str(&out), table[i].public_key);
		rfc_hash(table[i].a, table[i].s, hash);
		/* a key signs more than once */
		for (unsigned times = 0; times < 2; times++) {
			len = dkim_key_sign(k, hash, signature);
			strbuf_clear(&out);
			base64_encode(signature, (size_t)len, &out);
			UNIT_STR(table[i].a, strbuf_str(&out), table[i].b);
		}
		strbuf_release(&out);
		dkim_key_free(k);
	}
}

static void test_parse_refuses(void **state)
{
	static const struct {
		const char *name;
		const char *pem;
		const char *want;
	} table[] = {
		{ "nothing", "", "no private key in PEM" },
		{ "something else", "organization: A\n",
		    "no private key in PEM" },
		{ "a public key",
		    "-----BEGIN PUBLIC KEY-----\n"
		    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUR"
		    "o=\n-----END PUBLIC KEY-----\n",
		    "no private key in PEM" },
		{ "cut",
		    "-----BEGIN PRIVATE KEY-----\n"
		    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v\n"
		    "-----END PRIVATE KEY-----\n",
		    "no private key in PEM" },
		{ "with a passphrase",
		    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
		    "MIGaMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAg03AziVfrllQIBATAM\n"
		    "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQcFDOR6ScyxjH5/NY9DdaIQRAnC/m\n"
		    "A8jY3/zkjHqvWTupZPW97Y5ZC+zsnsKW8RWmXN0AvGUOZA59V2334/LtInKmHtTT\n"
		    "AypjM7XAAoDyGMBKKQ==\n"
		    "-----END ENCRYPTED PRIVATE KEY-----\n",
		    "encrypted with a passphrase" },
		{ "of an elliptic curve",
		    "-----BEGIN PRIVATE KEY-----\n"
		    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkWLkIbwj55u0dwDb\n"
		    "QSyighErLnYjJwLeEo1lVwqjF+KhRANCAAQQigiTzogn+aFYc8bDryqAnSM99kAu\n"
		    "T1vAdq2nAQxqcoarMjk6af5yxDjDoGckSBBuWE3+IZzyDkH11iIqr8Fn\n"
		    "-----END PRIVATE KEY-----\n",
		    "a key that is neither RSA nor Ed25519" },
		{ "RSA of 768 bits",
		    "-----BEGIN PRIVATE KEY-----\n"
		    "MIIB5AIBADANBgkqhkiG9w0BAQEFAASCAc4wggHKAgEAAmEArAonAiyNiyjL174X\n"
		    "9IwREzbaYllCq/ge9AsrNqATVkv9jI2W7iUSbAc+cilR46Q2CeV4AQgljoWB/uIR\n"
		    "awVHXlGv5J6d21txSH/d14fsGGHmYxGHQfLo/cv1KUh3MoOPAgMBAAECYDEkNUBJ\n"
		    "uaSmYpOdmPohiD8UzAyLsp+soCrVheJ0lxFvY11ilFox/LEe4Jd7dgiwPscaitEd\n"
		    "6CeJeChendQpfxEAch3174Ui/omvs1soAnoqyHVo0D3adXz+/KmwR4zYAQIxAOIr\n"
		    "8jS+IjHVhXuJTDGg3dkDEUMhkPTfsO0pCOSu1s+3MLoWGJ+241F6l2IC/TJCoQIx\n"
		    "AMK6lySQ/1liGLasRL+jKiSaSHGt4MT421CkVCTMbMaEKg+VZHpEEnsGn00AiVtI\n"
		    "LwIwWe83pJlmZ4KMTY9O6P0aukxp9NPIHFdGt0d17dlIOdiSW6ylpfzHb4Lb53Fg\n"
		    "1TeBAjEAntwMG8eymV/e23/0YgahhdTbzunUGb0PZl15S7/96YG+spHks54/GWCQ\n"
		    "qwgKBo7/AjAMQcMLBobDbW+6oxFPD6GOw/E0CrUtpVpGrbchSgsmBtdEBPKBo771\n"
		    "mxZIOe6Azz0=\n"
		    "-----END PRIVATE KEY-----\n",
		    "an RSA key of less than 1024 bits" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		struct dkim_key *k;
		const char *wrong;

		UNIT_INT(table[i].name,
		    dkim_key_parse(view_of(table[i].pem), &k, &wrong),
		    ERR_PARSE);
		UNIT_STR(table[i].name, wrong, table[i].want);
		UNIT_TRUE(table[i].name, k == NULL);
	}
}

/* --- files --- */

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	UNIT_TRUE(path, fputs(text, f) >= 0);
	UNIT_INT(path, fclose(f), 0);
	UNIT_INT(path, chmod(path, mode), 0);
}

static void check_read(const char *name, const char *path, const char *want)
{
	char text[PATH_BUF + 256] = "";
	struct dkim_key *k;
	struct strbuf error;
	bool is_good = want[0] == '\0';

	if (!is_good) {
		(void)snprintf(
		    text, sizeof(text), "dkim.keys: %s: %s", path, want);
	}
	strbuf_init(&error, 1024);
	UNIT_INT(
	    name, dkim_key_read(path, &k, &error), is_good ? 0 : ERR_CONFIG);
	UNIT_STR(name, strbuf_str(&error), text);
	UNIT_BOOL(name, k != NULL, is_good);
	dkim_key_free(k);
	strbuf_release(&error);
}

static void test_modes(void **state)
{
	static const char open_to_all[] =
	    "open to everybody: chmod 0640, chgrp telltls; and think of "
	    "another secret, for this one may be known";

	static const struct {
		mode_t mode;
		const char *want;
	} table[] = {
		{ 0400, "" },
		{ 0600, "" },
		{ 0440, "" },
		{ 0640, "" },
		{ 0660, "its group may change it: chmod 0640" },
		{ 0644, open_to_all },
		{ 0602, open_to_all },
		{ 0601, open_to_all },
		{ 0777, open_to_all },
	};

	char dir[PATH_BUF];
	char path[PATH_BUF + 8];
	char name[16];

	(void)state;
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/key", dir);
	for (size_t i = 0; i < UNIT_LEN(table); i++) {
		(void)snprintf(
		    name, sizeof(name), "%04o", (unsigned)table[i].mode);
		write_file(path, dkim_sample_rsa, table[i].mode);
		check_read(name, path, table[i].want);
	}
	unit_tmpdir_remove(dir);
}

static void test_files(void **state)
{
	char dir[PATH_BUF];
	char path[PATH_BUF + 8];
	char link[PATH_BUF + 8];
	char *text = calloc(1, DKIM_KEY_FILE_MAX + 2);

	(void)state;
	assert_non_null(text);
	unit_tmpdir_make(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/key", dir);
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	check_read("no file", path, "No such file or directory");
	check_read("a directory", dir, "no regular file");
	UNIT_INT("fifo", mkfifo(path, 0600), 0);
	check_read("a pipe that nobody writes to", path, "no regular file");
	UNIT_INT("fifo", unlink(path), 0);
	write_file(path, dkim_sample_ed25519, 0600);
	UNIT_INT("link", symlink(path, link), 0);
	check_read("a link", link, "a symbolic link: name the file itself");
	check_read("what it names", path, "");
	write_file(path, "text\n", 0600);
	check_read("text", path, "no private key in PEM");
	memset(text, 'x', DKIM_KEY_FILE_MAX + 1);
	write_file(path, text, 0600);
	check_read("large", path, "too long");
	if (geteuid() == 0) {
		write_file(path, dkim_sample_rsa, 0600);
		UNIT_INT("chown", chown(path, 65534, 0), 0);
		check_read("of another user", path,
		    "of another user: chown root, chgrp telltls, chmod 0640");
	}
	unit_tmpdir_remove(dir);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_body),
		cmocka_unit_test(test_rfc_signatures),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_files),
	};

	return UNIT_RUN(tests);
}
