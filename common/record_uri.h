/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_RECORD_URI_H
#define COMMON_RECORD_URI_H

#include <stdbool.h>

#include "common/record.h"

/*
 * Reads one destination of a TLSRPT record (tlsrpt-uri without the blanks
 * around it; any octets). Returns false when reports cannot be sent there
 * (R22-R24, R180); *out is then undefined.
 */
bool record_uri_parse(struct view uri, struct record_rua *out);

#endif
