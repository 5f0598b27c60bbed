/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The variables of a shell. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/shell-variables.h"

const struct shell_variable *shell_find(const struct shell *shell, const char *name)
{
	for (size_t i = 0; i < shell->variable_count; i++)
		if (strcmp(shell->variables[i].name, name) == 0)
			return &shell->variables[i];
	return NULL;
}

/* Makes it if there is none; NULL for want of memory. */
static struct shell_variable *get_variable(struct shell *shell, const char *name)
{
	const struct shell_variable *found = shell_find(shell, name);
	struct shell_variable *list;
	char *copy;

	if (found)
		return &shell->variables[found - shell->variables];
	list = reallocarray(shell->variables, shell->variable_count + 1, sizeof(*list));
	if (!list)
		return NULL;
	shell->variables = list;
	copy = strdup(name);
	if (!copy)
		return NULL;
	list[shell->variable_count] = (struct shell_variable){ .name = copy };
	return &list[shell->variable_count++];
}

static int note_assignment(struct shell *shell, const struct shell_assignment *assignment,
			   const struct shell_variable *variable)
{
	struct shell_assignment *list =
		reallocarray(shell->assignments, shell->assignment_count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	shell->assignments = list;
	list[shell->assignment_count] = *assignment;
	list[shell->assignment_count++].variable = (size_t)(variable - shell->variables);
	return 0;
}

/* The value is empty then. NULL for want of memory. */
static struct shell_variable *set_variable(struct shell *shell, const char *name,
					   struct shell_place place, const char *doubt)
{
	struct shell_variable *variable = get_variable(shell, name);

	if (!variable)
		return NULL;
	boottext_free(&variable->value);
	variable->known = !doubt;
	variable->place = place;
	snprintf(variable->reason, sizeof(variable->reason), "%s", doubt ? doubt : "");
	return variable;
}

int shell_assign(struct shell *shell, const char *name, struct boottext *value, const char *doubt,
		 const struct shell_assignment *assignment)
{
	const struct shell_place place = { assignment->file, assignment->start };
	struct shell_variable *variable = set_variable(shell, name, place, doubt);

	if (!variable)
		return -ENOMEM;
	variable->value = *value;
	*value = (struct boottext){ .list = NULL };
	return note_assignment(shell, assignment, variable);
}

int shell_forget(struct shell *shell, const char *name, struct shell_place place,
		 const char *reason)
{
	return set_variable(shell, name, place, reason) ? 0 : -ENOMEM;
}

void shell_free(struct shell *shell)
{
	for (size_t i = 0; i < shell->variable_count; i++) {
		free(shell->variables[i].name);
		boottext_free(&shell->variables[i].value);
	}
	free(shell->variables);
	free(shell->assignments);
	shell->variables = NULL;
	shell->assignments = NULL;
	shell->variable_count = shell->assignment_count = 0;
}
