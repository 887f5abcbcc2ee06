/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMMON_CONF_YAML_H
#define COMMON_CONF_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "common/mem.h"
#include "common/view.h"

/* A YAML text as a tree; of YAML only what a configuration needs. */

enum {
	CONF_YAML_DEPTH = 8,       /* lists and mappings inside each other */
	CONF_YAML_NODES = 1 << 16, /* nodes of one text */
	CONF_YAML_PROBLEM = 256,
};

enum conf_node_type {
	CONF_NODE_TEXT,
	CONF_NODE_LIST,
	CONF_NODE_MAP
};

struct conf_node {
	enum conf_node_type type;
	unsigned line;     /* from 1 */
	bool is_plain;     /* a text without quotes */
	bool is_whole;     /* a list or mapping whose end was seen */
	const char *fault; /* "a tag": what may not stand here; or NULL */
	struct view text; /* of CONF_NODE_TEXT: UTF-8, may hold any character */
	struct conf_node *key;   /* of a value in a mapping: its key */
	struct conf_node *child; /* of a list or mapping: the first value */
	struct conf_node *next;  /* the next value of the same parent */
};

struct conf_yaml {
	struct conf_node *root; /* NULL: there is nothing */
	unsigned line; /* where the text stops being usable; 0: nowhere */
	char problem[CONF_YAML_PROBLEM]; /* "what, what was expected" there */
};

/*
 * Reads a text. Never fails: the tree holds what stands before *out's
 * problem. Nodes and their texts live in the arena.
 */
void conf_yaml_read(
    const char *buf, size_t len, struct arena *a, struct conf_yaml *out);

#endif
