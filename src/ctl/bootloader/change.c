/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes the kernel command line of the next boot. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/change.h"
#include "bootloader/safety.h"
#include "host/array.h"

int bootchange_open(struct bootchange *change, const struct host *host,
		    char message[BOOT_MESSAGE_MAX])
{
	int result;

	*change = (struct bootchange){ .host = host };
	message[0] = '\0';
	result = bootloader_detect(&change->loader, host, message);
	if (result == 0)
		result = bootloader_read_config(change->loader, host, &change->config, message);
	if (result < 0 && !message[0])
		boot_say(message, result, "%s", strerror(-result));
	/* Without it, nothing is known to be lacking. */
	bootloader_read_running(host, &change->running);
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

/* Only what is written has to be such that the files can have it. */
static int add_edit(struct bootchange *change, size_t word, const char *text)
{
	const char *fault =
		text && change->loader->find_fault ? change->loader->find_fault(text) : NULL;
	struct bootedit *edit;

	if (fault)
		return refuse(
			change, -EINVAL,
			"word '%s': found '%c', which is not safe in a file that root's "
			"shell reads, expected letters, digits and _.,:=/@%%+- only; write it "
			"into %s by hand",
			text, *fault, change->config.files.list[0].path);
	edit = array_add(change->edits, change->edit_count);
	if (!edit)
		return refuse(change, -ENOMEM, "%s", "");
	*edit = (struct bootedit){ word, text };
	return 0;
}

/* That a word goes cannot be asked of a bootloader that adds it of its own accord. */
static int add_want(struct bootchange *change, const char *word, bool absent)
{
	struct bootwant *want;

	if (absent && bootloader_adds_word(change->loader, word))
		return 0;
	want = array_add(change->wants, change->want_count);
	if (!want)
		return refuse(change, -ENOMEM, "%s", "");
	*want = (struct bootwant){ word, absent };
	return 0;
}

static int refuse_conflict(struct bootchange *change, const struct bootword *other,
			   const char *word)
{
	char place[PATH_MAX];

	bootconfig_where(&change->config, other, place);
	return refuse(change, -EEXIST,
		      "%s: found '%s', expected none to add '%s' to; --replace puts it in the "
		      "place of the old one, --append keeps both",
		      place, other->text, word);
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

/* The first takes the new word, if that is not there yet; what is left goes. */
static int edit_others(struct bootchange *change, const char *word, bool *there)
{
	const struct bootwords *words = &change->config.words;
	int result = 0;

	for (size_t i = 0; i < words->count && result == 0; i++) {
		const char *other = words->list[i].text;

		if (!bootword_has_name(other, word) || bootword_equals(other, word))
			continue;
		result = add_edit(change, i, *there ? NULL : word);
		if (result == 0)
			result = add_want(change, other, true);
		*there = true;
	}
	return result;
}

/* A word with the same name and another value; -1 if there is none. */
static long find_other(const struct bootwords *words, const char *word)
{
	long i = bootwords_find_name(words, word, 0);

	while (i >= 0 && bootword_equals(words->list[i].text, word))
		i = bootwords_find_name(words, word, (size_t)i + 1);
	return i;
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

static int plan_word(struct bootchange *change, const char *word, enum bootchange_mode mode)
{
	const struct bootwords *words = &change->config.words;
	long found = bootwords_find(words, word), other = find_other(words, word);
	long hidden = find_other(&change->config.opaque, word);
	bool there = found >= 0;
	char place[PATH_MAX];
	int result = 0;

	if (mode == BOOTCHANGE_REFUSE && other >= 0)
		return refuse_conflict(change, &words->list[other], word);
	if (mode != BOOTCHANGE_APPEND && hidden >= 0)
		return refuse_opaque(change, &change->config.opaque.list[hidden]);
	if (mode == BOOTCHANGE_REPLACE)
		result = edit_others(change, word, &there);
	if (result == 0 && !there)
		result = add_edit(change, BOOT_NEW_WORD, word);
	if (result == 0)
		result = add_want(change, word, false);
	if (result == 0 && found >= 0) {
		bootconfig_where(&change->config, &words->list[found], place);
		findings_add(&change->said, FINDING_OK, word, "is in %s already", place);
	}
	return result;
}

int bootchange_add(struct bootchange *change, const char *word, enum bootchange_mode mode)
{
	const char *fault = find_fault(word);

	if (fault)
		return refuse(change, -EINVAL, "word '%s': found %s", word, fault);
	if (is_planned(change, word, mode))
		return refuse(change, -EINVAL,
			      "word '%s': found a parameter twice, expected each once", word);
	return plan_word(change, word, mode);
}

static bool is_meant(const char *word, const char *text)
{
	if (!strchr(word, '='))
		return bootword_has_name(text, word);
	return bootword_equals(text, word);
}

int bootchange_remove(struct bootchange *change, const char *word)
{
	const struct bootwords *words = &change->config.words, *opaque = &change->config.opaque;
	size_t before = change->edit_count;
	const char *fault = find_fault(word);
	int result = 0;

	if (fault)
		return refuse(change, -EINVAL, "word '%s': found %s", word, fault);
	for (size_t i = 0; i < opaque->count; i++)
		if (is_meant(word, opaque->list[i].text))
			return refuse_opaque(change, &opaque->list[i]);
	for (size_t i = 0; i < words->count && result == 0; i++) {
		if (!is_meant(word, words->list[i].text))
			continue;
		result = add_edit(change, i, NULL);
		if (result == 0)
			result = add_want(change, words->list[i].text, true);
	}
	if (result < 0 || change->edit_count > before)
		return result;
	findings_add(&change->said, FINDING_OK, word, "is in no file of %s%s", change->loader->name,
		     bootloader_adds_word(change->loader, word)
			     ? ", which adds it of its own accord"
			     : "");
	return add_want(change, word, true);
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

/* What the edits make of each file. */
static int add_files(const struct bootchange *change, struct transaction *transaction)
{
	int result = 0;

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
	return result;
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

		if (!bootsafe_is_lacking(&change->changed.words, word))
			continue;
		result = add_edit(change, BOOT_NEW_WORD, word);
		if (result == 0)
			result = add_want(change, word, false);
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
	if (result == 0)
		result = add_files(change, transaction);
	return result < 0 ? refuse(change, result, "%s", message) : 0;
}

int bootchange_check(struct bootchange *change)
{
	const struct bootconfig *config =
		change->edit_count > 0 ? &change->changed : &change->config;
	char message[BOOT_MESSAGE_MAX];
	int result =
		bootsafe_check(change->loader, change->host, config, &change->running, message);

	if (result == -EINVAL && !lacks_root(change, &change->config))
		return refuse(change, result,
			      "%s: without root= the next boot would not find its root file "
			      "system; nothing was changed",
			      config->files.list[0].path);
	return result < 0 ? refuse(change, result, "%s", message) : 0;
}
