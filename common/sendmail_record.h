/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_SENDMAIL_RECORD_H
#define COMMON_SENDMAIL_RECORD_H

#include "common/sendmail_line.h"
#include "common/view.h"

/*
 * Takes a whole TLSRPT1 record apart ("TLSRPT1^S^i:..."), in a line of queue
 * id qid. Never fails: what breaks the grammar is SENDMAIL_BAD.
 */
void sendmail_record_parse(
    struct view qid, struct view text, struct sendmail_line *out);

#endif
