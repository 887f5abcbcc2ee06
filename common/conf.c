/* SPDX-License-Identifier: BSD-2-Clause */
/* conf.c - the configuration of all three programs */

#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/conf_reader.h"
#include "common/conf_value.h"
#include "common/conf_yaml.h"
#include "common/domain.h"
#include "common/envelope.h"
#include "common/err.h"
#include "common/local_policy.h"
#include "common/mem.h"
#include "common/whole.h"

void conf_init(struct conf *c)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	*c = (struct conf){ 0 };
	for (size_t i = 0; i < n; i++) {
		const char *text = keys[i].fallback;
		const char *wrong = NULL;

		if (conf_list_of(&keys[i]) != NULL) {
			/* an entry begins as zeros: its defaults are these */
			assert(text[0] == '\0' || text[0] == '=' ||
			    strcmp(text, "false") == 0 ||
			    strcmp(text, "0") == 0);
		} else if (text[0] != '\0' && text[0] != '=') {
			wrong =
			    conf_value_set(&keys[i], view_of(text), true, c);
		}
		assert(wrong == NULL);
		(void)wrong;
	}
}

void conf_release(struct conf *c)
{
	size_t n;
	const struct conf_key *keys = conf_keys(&n);

	for (size_t i = 0; i < n; i++) {
		const struct conf_list *list = conf_list_of(&keys[i]);

		if (list == NULL) {
			conf_value_clear(&keys[i], c);
			continue;
		}
		for (unsigned k = 0; k < *conf_list_count(list, c); k++) {
			conf_value_clear(&keys[i], conf_list_entry(list, c, k));
		}
	}
	local_policy_free(c->local);
	*c = (struct conf){ 0 };
}

int conf_parse(struct conf *c, const char *path, const char *buf, size_t len,
    struct strbuf *error)
{
	struct conf_yaml yaml;
	struct arena *arena;
	unsigned faults;

	if (len > CONF_FILE_MAX) {
		strbuf_addf(error,
		    "%s:1: a file of more than 1 MiB, expected less\n", path);
		return ERR_CONFIG;
	}
	arena = arena_new();
	conf_yaml_read(buf, len, arena, &yaml);
	faults = conf_reader_run(c, path, &yaml, error);
	arena_free(arena);
	return faults > 0 ? ERR_CONFIG : 0;
}

/* A file of its own, whose faults are faults of the configuration. */
static int read_local(struct conf *c, struct strbuf *error)
{
	if (c->policies.local == NULL ||
	    local_policy_read(c->policies.local, &c->local, error) == 0) {
		return 0;
	}
	strbuf_addc(error, '\n');
	return ERR_CONFIG;
}

int conf_read(struct conf *c, const char *path, struct strbuf *error)
{
	size_t size = CONF_FILE_MAX + 1; /* one more shows that it is larger */
	char *buf;
	ssize_t n;
	int fd;
	int rc;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	buf = xmalloc(size);
	n = read_all(fd, buf, size);
	rc = n < 0 ? (int)n : conf_parse(c, path, buf, (size_t)n, error);
	free(buf);
	(void)close(fd);
	return rc == 0 ? read_local(c, error) : rc;
}

/* Adds a fault if the address is in another domain than contact. */
static int check_domain(const struct conf *c, const char *path, const char *key,
    const char *address, struct strbuf *error)
{
	char domain[DOMAIN_BUF];
	char want[DOMAIN_BUF];

	(void)domain_of_address(view_of(c->contact), want);
	(void)domain_of_address(view_of(address), domain);
	if (strcmp(domain, want) == 0) {
		return 0;
	}
	strbuf_addf(error,
	    "%s: %s is in the domain %s, expected %s, the domain of contact\n",
	    path, key, domain, want);
	return ERR_CONFIG;
}

bool conf_is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

int conf_check_reports(
    const struct conf *c, const char *path, struct strbuf *error)
{
	int rc = 0;

	if (c->organization == NULL) {
		strbuf_addf(error,
		    "%s: organization is missing, expected your name as it is "
		    "to stand in reports\n",
		    path);
		rc = ERR_CONFIG;
	}
	if (c->contact == NULL) {
		strbuf_addf(error,
		    "%s: contact is missing, expected a mail address where "
		    "receivers of reports can ask\n",
		    path);
		return ERR_CONFIG;
	}
	if (c->digest && c->operator_to == NULL) {
		strbuf_addf(error,
		    "%s: operator is missing, expected the mail address that "
		    "the digest goes to\n",
		    path);
		rc = ERR_CONFIG;
	}
	/* RFC 8460 5.3: the submitter is the domain of all of them */
	if (check_domain(c, path, "from", c->from, error) != 0) {
		rc = ERR_CONFIG;
	}
	if (check_domain(c, path, "envelope-from", c->envelope_from, error) !=
	    0) {
		rc = ERR_CONFIG;
	}
	if (!envelope_has_room(c)) {
		strbuf_addf(error,
		    "%s: the local part of envelope-from is longer than %d "
		    "octets, expected no more with a recipient-delimiter, "
		    "which needs room\n",
		    path, ENVELOPE_LOCAL);
		rc = ERR_CONFIG;
	}
	return rc;
}

int conf_check_dkim(
    const struct conf *c, const char *path, struct strbuf *error)
{
	if (c->dkim.n_keys > 0 || c->dkim.elsewhere) {
		return 0;
	}
	/* RFC 8460 3: receivers ignore what is not signed */
	strbuf_addf(error,
	    "%s: dkim is missing, expected dkim.keys, the keys that mails of "
	    "reports are signed with (telltls.yaml(5) tells how to make one), "
	    "or \"elsewhere: true\" if your MTA signs them\n",
	    path);
	return ERR_CONFIG;
}
