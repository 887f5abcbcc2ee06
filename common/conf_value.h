/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_CONF_VALUE_H
#define COMMON_CONF_VALUE_H

#include <stdbool.h>

#include "common/conf.h"
#include "common/view.h"

/* From the text of a value to a member of struct conf, by the key's type. */

/* Is the key's value a list? */
bool conf_value_is_list(const struct conf_key *key);

/*
 * Sets a key that is no list. base is the struct that the key's offset is in.
 * is_plain: the text stands without quotes, so it may be a number or a truth
 * value. Returns NULL, or what is wrong with the text ("is out of range"):
 * static; then nothing is changed.
 */
const char *conf_value_set(
    const struct conf_key *key, struct view text, bool is_plain, void *base);

/* Adds entry number n (from 0) to a key that is a list; as above. */
const char *conf_value_add(
    const struct conf_key *key, struct view text, void *base, size_t n);

/* Gives a key the value of another of the same type, unless it has one. */
void conf_value_copy(
    const struct conf_key *key, const struct conf_key *from, void *base);

/* Frees what a key owns; it has no value then. */
void conf_value_clear(const struct conf_key *key, void *base);

#endif
