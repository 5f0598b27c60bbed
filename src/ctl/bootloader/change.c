/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes the kernel command line of the next boot. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/change.h"
#include "host/array.h"

int bootchange_open(struct bootchange *change, const struct host *host,
		    char message[BOOT_MESSAGE_MAX])
{
	int result;

	*change = (struct bootchange){ .host = host };
	message[0] = '\0';
	change->running_error = bootloader_read_running(host, &change->running);
	result = bootloader_detect(&change->loader, host, message);
	strcpy(change->reason, message);
	if (result < 0)
		change->loader = NULL;
	else
		result = bootloader_read_config(change->loader, host, &change->config, message);
	if (result == 0)
		bootloader_find_ignored(change->loader, host, &change->running, &change->config);
	if (result < 0 && !message[0])
		boot_say(message, result, "%s", strerror(-result));
	return result;
}

void bootchange_close(struct bootchange *change)
{
	bootconfig_free(&change->config);
	bootconfig_free(&change->changed);
	bootwords_free(&change->running);
	findings_free(&change->said);
	free(change->edits);
	free(change->wants);
}

/* Notes an error with its text, which may be one of errno alone. Returns it. */
__attribute__((format(printf, 3, 4))) static int refuse(struct bootchange *change, int error,
							const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	findings_add(&change->said, FINDING_ERROR, NULL, "%s",
		     text && text[0] ? text : strerror(-error));
	free(text);
	return error;
}

/* Quotes that open and close, no blank outside them, and nothing that no keyboard has. */
static const char *find_fault(const char *word)
{
	bool quoted = false;

	if (!word[0])
		return "no characters";
	if (word[0] == '=')
		return "no name before =";
	if (strcmp(word, "--") == 0)
		return "the end of the kernel's words";
	for (; *word; word++) {
		if (*word == '"')
			quoted = !quoted;
		if (*word == ' ' && !quoted)
			return "a blank outside double quotes";
		if (*word < ' ' || *word > '~')
			return "a character that is not printable ASCII";
	}
	return quoted ? "an opening \", expected a closing one" : NULL;
}

/* That a word goes cannot be asked of a bootloader that adds it of its own accord. */
static int add_want(struct bootchange *change, struct bootwant want)
{
	struct bootwant *added;

	if (want.absent && bootloader_adds_word(change->loader, want.word))
		return 0;
	added = array_add(change->wants, change->want_count);
	if (!added)
		return refuse(change, -ENOMEM, "%s", "");
	*added = want;
	return 0;
}

/*
 * Plans an edit, and what the entries must be like afterwards. Only what is written has to be such
 * that the files can have it.
 */
static int plan_edit(struct bootchange *change, struct bootedit edit, struct bootwant want)
{
	const struct bootloader *loader = change->loader;
	const char *fault = edit.text && loader->find_fault ? loader->find_fault(edit.text) : NULL;
	struct bootedit *added;

	if (fault)
		return refuse(
			change, -EINVAL,
			"word '%s': found '%c', which is not safe in a file that root's "
			"shell reads, expected letters, digits and _.,:=/@%%+- only; write it "
			"into %s by hand",
			edit.text, *fault, change->config.files.list[0].path);
	added = array_add(change->edits, change->edit_count);
	if (!added)
		return refuse(change, -ENOMEM, "%s", "");
	*added = edit;
	return add_want(change, want);
}

/* What stands in a line that only a shell can read is not ours to change. */
static int refuse_opaque(struct bootchange *change, const struct bootword *other)
{
	char place[PATH_MAX];

	bootconfig_where(&change->config, other, place);
	return refuse(change, -EINVAL,
		      "%s: found '%s' in a line that is not of the form NAME=\"WORDS\"; change it "
		      "by hand",
		      place, other->text);
}

/* A word with the same name and another value; NULL if there is none. */
static const struct bootword *find_other(const struct bootwords *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (bootword_has_name(words->list[i].text, word) &&
		    !bootword_equals(words->list[i].text, word))
			return &words->list[i];
	return NULL;
}

/* Twice in one command line. */
static bool is_planned(const struct bootchange *change, const char *word, enum bootchange_mode mode)
{
	for (size_t i = 0; i < change->edit_count; i++) {
		const char *text = change->edits[i].text;

		if (text && bootword_has_name(text, word) &&
		    (mode != BOOTCHANGE_APPEND || bootword_equals(text, word)))
			return true;
	}
	return false;
}

int bootchange_add(struct bootchange *change, const char *word, enum bootchange_mode mode)
{
	const struct bootwords *words = &change->config.words;
	const char *fault = find_fault(word);
	const struct bootword *other = find_other(words, word);
	const struct bootword *hidden = find_other(&change->config.opaque, word);
	long found = bootwords_find(words, word);
	bool there = found >= 0;
	char place[PATH_MAX];
	int result = 0;

	if (fault)
		return refuse(change, -EINVAL, "word '%s': found %s", word, fault);
	if (is_planned(change, word, mode))
		return refuse(change, -EINVAL,
			      "word '%s': found a parameter twice, expected each once", word);
	if (mode == BOOTCHANGE_REFUSE && other) {
		bootconfig_where(&change->config, other, place);
		return refuse(change, -EEXIST,
			      "%s: found '%s', expected none to add '%s' to; --replace puts it in "
			      "the place of the old one, --append keeps both",
			      place, other->text, word);
	}
	if (mode != BOOTCHANGE_APPEND && hidden)
		return refuse_opaque(change, hidden);
	/* The first takes the new word, if that is not there yet; what is left goes. */
	for (size_t i = 0; i < words->count && mode == BOOTCHANGE_REPLACE && result == 0; i++) {
		const char *text = words->list[i].text;

		if (!bootword_has_name(text, word) || bootword_equals(text, word))
			continue;
		result = plan_edit(change, (struct bootedit){ i, there ? NULL : word },
				   (struct bootwant){ text, .absent = true });
		there = true;
	}
	if (result == 0 && !there)
		return plan_edit(change, (struct bootedit){ BOOT_NEW_WORD, word },
				 (struct bootwant){ .word = word });
	if (result == 0)
		result = add_want(change, (struct bootwant){ .word = word });
	if (result == 0 && found >= 0) {
		bootconfig_where(&change->config, &words->list[found], place);
		findings_add(&change->said, FINDING_OK, word, "is in %s already", place);
	}
	return result;
}

static bool is_meant(const char *word, const char *text)
{
	return strchr(word, '=') ? bootword_equals(text, word) : bootword_has_name(text, word);
}

int bootchange_remove(struct bootchange *change, const char *word)
{
	const struct bootwords *words = &change->config.words, *opaque = &change->config.opaque;
	const char *fault = find_fault(word);
	bool found = false;
	int result = 0;

	if (fault)
		return refuse(change, -EINVAL, "word '%s': found %s", word, fault);
	for (size_t i = 0; i < opaque->count; i++)
		if (is_meant(word, opaque->list[i].text))
			return refuse_opaque(change, &opaque->list[i]);
	for (size_t i = 0; i < words->count && result == 0; i++) {
		if (!is_meant(word, words->list[i].text))
			continue;
		found = true;
		result = plan_edit(change, (struct bootedit){ .word = i },
				   (struct bootwant){ words->list[i].text, .absent = true });
	}
	if (found)
		return result;
	findings_add(&change->said, FINDING_OK, word, "is in no file of %s%s", change->loader->name,
		     bootloader_adds_word(change->loader, word)
			     ? ", which adds it of its own accord"
			     : "");
	return add_want(change, (struct bootwant){ word, .absent = true });
}

static int check(const struct bootchange *change, char *message)
{
	return bootentries_check(change->loader, change->host, &change->config, change->wants,
				 change->want_count, message);
}

int bootchange_confirm(struct bootchange *change)
{
	char message[BOOT_MESSAGE_MAX];
	int result = check(change, message);

	if (result < 0)
		return refuse(change, result, "%s", message);
	for (size_t i = 0; i < change->want_count; i++)
		findings_add(&change->said, FINDING_OK, change->wants[i].word, "the next boot %s",
			     change->wants[i].absent ? "is without it" : "has it");
	return 0;
}

bool bootchange_needs_refresh(const struct bootchange *change)
{
	char message[BOOT_MESSAGE_MAX];

	if (change->edit_count > 0)
		return true;
	/* An earlier change may have stopped before this. */
	return change->want_count > 0 && check(change, message) == -EINVAL;
}

static int edit(struct bootchange *change, char *message)
{
	bootconfig_free(&change->changed);
	return bootconfig_edit(&change->config, change->loader->read, change->edits,
			       change->edit_count, &change->changed, message);
}

static bool lacks_root(const struct bootchange *change, const struct bootconfig *config)
{
	return bootsafe_lacks_root(change->loader, &config->words, &change->running);
}

/* The file that was read in place of one that is not there may have been for other hosts. */
static int carry_root(struct bootchange *change, char *message)
{
	const struct bootwords *running = &change->running;
	int result = 0;

	for (size_t i = 0; i < running->count && result == 0; i++) {
		const char *word = running->list[i].text;

		if (bootsafe_is_lacking(&change->changed.words, word))
			result = plan_edit(change, (struct bootedit){ BOOT_NEW_WORD, word },
					   (struct bootwant){ .word = word });
	}
	return result < 0 ? result : edit(change, message);
}

int bootchange_fill(struct bootchange *change, struct transaction *transaction)
{
	char message[BOOT_MESSAGE_MAX] = "";
	int result;

	if (change->edit_count == 0)
		return 0;
	result = edit(change, message);
	if (result == 0 && change->config.files.list[0].absent &&
	    lacks_root(change, &change->changed))
		result = carry_root(change, message);
	for (size_t i = 0; i < change->changed.files.count && result == 0; i++) {
		const struct bootfile *old = &change->config.files.list[i];
		const struct bootfile *new = &change->changed.files.list[i];
		unsigned int flags =
			(old->absent ? TRANSACTION_NEW : 0) | (old->ours ? TRANSACTION_OURS : 0);

		if (strcmp(old->text, new->text) != 0)
			result = transaction_add(
				transaction, new->path, flags,
				&(struct transaction_text){ old->text, old->length },
				&(struct transaction_text){ new->text, new->length });
	}
	return result < 0 ? refuse(change, result, "%s", message) : 0;
}

int bootchange_check(struct bootchange *change)
{
	const struct bootconfig *config =
		change->edit_count > 0 ? &change->changed : &change->config;
	char message[BOOT_MESSAGE_MAX];
	int result =
		bootsafe_check(change->loader, change->host, config, &change->running, message);

	if (result == -EINVAL && lacks_root(change, config) && !lacks_root(change, &change->config))
		return refuse(change, result,
			      "%s: without root= the next boot would not find its root file "
			      "system; nothing was changed",
			      config->files.list[0].path);
	return result < 0 ? refuse(change, result, "%s", message) : 0;
}
