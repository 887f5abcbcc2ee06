/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_yaml.c - a YAML text as a tree with line numbers
 *
 * The only file that knows libyaml. Its event parser is used and not its
 * document loader, which drops tags, resolves aliases (and so can be made to
 * explode) and tells no positions of keys.
 */

#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "common/conf_yaml.h"

/* A list or mapping that is still open. */
struct level {
	struct conf_node *node;
	struct conf_node *key;  /* of a mapping: waits for its value */
	struct conf_node **end; /* where the next value goes */
};

struct builder {
	struct arena *arena;
	struct conf_yaml *out;
	struct level level[CONF_YAML_DEPTH];
	unsigned depth;
	unsigned nodes;
	unsigned documents;
};

static void stop(
    struct builder *b, const yaml_event_t *event, const char *problem)
{
	b->out->line = (unsigned)event->start_mark.line + 1;
	(void)snprintf(b->out->problem, sizeof(b->out->problem), "%s", problem);
}

/* Puts a node where the text has it. */
static void attach(struct builder *b, struct conf_node *node)
{
	struct level *top;

	if (b->depth == 0) {
		b->out->root = node;
		return;
	}
	top = &b->level[b->depth - 1];
	if (top->node->type == CONF_NODE_MAP && top->key == NULL) {
		top->key = node;
		return;
	}
	node->key = top->key;
	top->key = NULL;
	*top->end = node;
	top->end = &node->next;
}

static struct conf_node *add(struct builder *b, const yaml_event_t *event,
    enum conf_node_type type, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct conf_node *node;

	if (++b->nodes > CONF_YAML_NODES) {
		stop(b, event, "too many values, expected fewer");
		return NULL;
	}
	node = arena_alloc(b->arena, sizeof(*node));
	node->type = type;
	node->line = (unsigned)event->start_mark.line + 1;
	if (anchor != NULL) {
		node->fault = "an anchor";
	} else if (tag != NULL) {
		node->fault = "a tag";
	}
	attach(b, node);
	return node;
}

static void add_text(struct builder *b, const yaml_event_t *event)
{
	struct conf_node *node = add(b, event, CONF_NODE_TEXT,
	    event->data.scalar.anchor, event->data.scalar.tag);

	if (node != NULL) {
		node->is_plain =
		    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		node->text = arena_view(b->arena,
		    view_make((const char *)event->data.scalar.value,
			event->data.scalar.length));
	}
}

static void add_alias(struct builder *b, const yaml_event_t *event)
{
	struct conf_node *node = add(b, event, CONF_NODE_TEXT, NULL, NULL);

	if (node != NULL) {
		node->fault = "an alias";
	}
}

static void push(
    struct builder *b, const yaml_event_t *event, struct conf_node *node)
{
	if (node == NULL) {
		return;
	}
	if (b->depth == CONF_YAML_DEPTH) {
		stop(b, event, "nested too deeply, expected fewer levels");
		return;
	}
	b->level[b->depth++] = (struct level){ node, NULL, &node->child };
}

static void pop(struct builder *b)
{
	struct conf_node *node;

	assert(b->depth > 0);
	node = b->level[--b->depth].node;
	assert(node != NULL);
	node->is_whole = true;
}

/* Returns false at the end of the text. */
static bool take(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_STREAM_END_EVENT:
		return false;
	case YAML_DOCUMENT_START_EVENT:
		if (++b->documents > 1) {
			stop(b, event, "a second document, expected only one");
		}
		break;
	case YAML_SCALAR_EVENT:
		add_text(b, event);
		break;
	case YAML_ALIAS_EVENT:
		add_alias(b, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		push(b, event,
		    add(b, event, CONF_NODE_LIST,
			event->data.sequence_start.anchor,
			event->data.sequence_start.tag));
		break;
	case YAML_MAPPING_START_EVENT:
		push(b, event,
		    add(b, event, CONF_NODE_MAP,
			event->data.mapping_start.anchor,
			event->data.mapping_start.tag));
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		pop(b);
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return b->out->line == 0;
}

/* Is there a tab in the indentation of a line (from 0)? */
static bool has_tab(const char *buf, size_t len, size_t line)
{
	struct view rest = view_make(buf, len);

	for (; line > 0; line--) {
		size_t end = view_index(rest, '\n');

		if (end == rest.len) {
			return false;
		}
		rest = view_skip(rest, end + 1);
	}
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.s[i] == '\t') {
			return true;
		}
		if (rest.s[i] != ' ') {
			break;
		}
	}
	return false;
}

static unsigned count_lines(const char *buf, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++) {
		n += buf[i] == '\n';
	}
	return n;
}

/* Says why libyaml could not go on. */
static void explain(const yaml_parser_t *parser, const char *buf, size_t len,
    struct conf_yaml *out)
{
	const char *problem = parser->problem != NULL ? parser->problem : "?";
	size_t line = parser->problem_mark.line;

	/* the reader tells no mark, as it looks at bytes ahead of the parser */
	if (parser->error == YAML_READER_ERROR) {
		size_t at = parser->problem_offset;

		out->line = count_lines(buf, at < len ? at : len) + 1;
		(void)snprintf(out->problem, sizeof(out->problem),
		    "%s, expected UTF-8 text", problem);
		return;
	}
	out->line = (unsigned)line + 1;
	if (has_tab(buf, len, line)) {
		(void)snprintf(out->problem, sizeof(out->problem),
		    "a tab in the indentation, expected blanks");
		return;
	}
	(void)snprintf(out->problem, sizeof(out->problem),
	    "not YAML: %s (column %zu), expected \"key: value\"", problem,
	    parser->problem_mark.column + 1);
}

void conf_yaml_read(
    const char *buf, size_t len, struct arena *a, struct conf_yaml *out)
{
	struct builder b = { .arena = a, .out = out };
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true;

	*out = (struct conf_yaml){ 0 };
	if (yaml_parser_initialize(&parser) == 0) {
		out->line = 1;
		(void)snprintf(
		    out->problem, sizeof(out->problem), "out of memory");
		return;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)buf, len);
	while (more) {
		if (yaml_parser_parse(&parser, &event) == 0) {
			explain(&parser, buf, len, out);
			break;
		}
		more = take(&b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}
