/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay_main.c - run a fuzz target over stored inputs, without a fuzzer.
 *
 * Each compiler and each sanitizer build replays the corpus in this way; only
 * the search for new inputs needs clang. One TAP test is one folder. What
 * breaks the target ends the program: the log's last line names the input.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/*
 * Hands the target a block of exactly the input's size, so that the
 * sanitizers see a read of one byte too many.
 */
static int replay_stream(FILE *stream)
{
	uint8_t *data = NULL;
	long size;
	int rc = -1;

	if (fseek(stream, 0, SEEK_END) != 0 || (size = ftell(stream)) < 0 ||
	    fseek(stream, 0, SEEK_SET) != 0) {
		return -1;
	}
	data = malloc((size_t)size);
	if (data == NULL && size > 0) {
		return -1;
	}
	if (fread(data, 1, (size_t)size, stream) == (size_t)size) {
		LLVMFuzzerTestOneInput(data, (size_t)size);
		rc = 0;
	}
	free(data);
	return rc;
}

static int replay_file(const char *dir, const char *name)
{
	char path[4096];
	FILE *stream;
	int len;
	int rc;

	len = snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		return -1;
	}
	printf("# input %s\n", path);
	fflush(stdout);
	stream = fopen(path, "rb");
	if (stream == NULL) {
		printf("# cannot open: %s\n", strerror(errno));
		return -1;
	}
	rc = replay_stream(stream);
	if (rc != 0) {
		printf("# cannot read\n");
	}
	fclose(stream);
	return rc;
}

/* Returns the number of inputs, 0 when there is none or one is not readable. */
static int replay_dir(const char *dir)
{
	struct dirent **entries = NULL;
	int count;
	int n_failed = 0;

	count = scandir(dir, &entries, is_input, alphasort);
	if (count < 0) {
		printf("# cannot open %s: %s\n", dir, strerror(errno));
		return 0;
	}
	for (int i = 0; i < count; i++) {
		if (replay_file(dir, entries[i]->d_name) != 0) {
			n_failed++;
		}
		free(entries[i]);
	}
	free(entries);
	return n_failed > 0 ? 0 : count;
}

static int replay_test(int number, const char *dir)
{
	const char *base = strrchr(dir, '/');
	int count;

	count = replay_dir(dir);
	printf("%s %d - %s: %d inputs\n", count > 0 ? "ok" : "not ok", number,
	    base == NULL ? dir : base + 1, count);
	fflush(stdout);
	return count > 0 ? 0 : 1;
}

/* For ".../fuzz_NAME": the folder corpus/NAME of the sources. */
static int default_dir(char *buf, size_t size, const char *program)
{
	const char *top = getenv("TESTS_SRC");
	const char *base = strrchr(program, '/');
	int len;

	base = base == NULL ? program : base + 1;
	if (strncmp(base, "fuzz_", 5) == 0) {
		base += 5;
	}
	len = snprintf(
	    buf, size, "%s/fuzz/corpus/%s", top == NULL ? "tests" : top, base);
	return len > 0 && (size_t)len < size ? 0 : -1;
}

int main(int argc, char **argv)
{
	char dir[4096];
	int n_failed = 0;

	if (argc > 1) {
		printf("1..%d\n", argc - 1);
		for (int i = 1; i < argc; i++) {
			n_failed += replay_test(i, argv[i]);
		}
	} else {
		if (default_dir(dir, sizeof(dir), argv[0]) != 0) {
			return 1;
		}
		printf("1..1\n");
		n_failed = replay_test(1, dir);
	}
	return n_failed > 0 ? 1 : 0;
}
