/* SPDX-License-Identifier: BSD-2-Clause */
/* err.c - the texts of error codes */

#include "config.h"

#include <string.h>

#include "common/err.h"

const char *err_text(int code)
{
	switch (code) {
	case 0:
		return "no error";
	case ERR_PARSE:
		return "not in the expected form";
	case ERR_PARTIAL:
		return "ends too early";
	case ERR_FULL:
		return "a fixed limit is reached";
	case ERR_VERSION:
		return "made by another version or kind of machine";
	case ERR_DAMAGED:
		return "damaged";
	case ERR_SHORT:
		return "cut short";
	case ERR_SEALED:
		return "the day is sealed";
	case ERR_NOT_FOUND:
		return "not found";
	case ERR_LITERAL:
		return "an address literal, no domain";
	case ERR_TOO_LONG:
		return "too long";
	case ERR_CONFIG:
		return "wrong configuration";
	case ERR_BUSY:
		return "another process is writing";
	case ERR_OLD:
		return "older than what was read before";
	case ERR_TEMP:
		return "temporary failure";
	case ERR_STOPPED:
		return "stopped before the end";
	case ERR_NOT_BUILT:
		return "this telltls was built without the systemd journal";
	case ERR_NOT_FILE:
		return "not a regular file";
	default:
		/* strerror() is thread-safe in glibc since 2.32 */
		return strerror(code < 0 ? -code : code);
	}
}
