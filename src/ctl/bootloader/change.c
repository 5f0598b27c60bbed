/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes the kernel command line of the next boot. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/change.h"
#include "bootloader/grub.h"
#include "bootloader/safety.h"
#include "host/array.h"
#include "host/message.h"

int bootchange_open(struct bootchange *change, const struct host *host,
		    char message[BOOT_MESSAGE_MAX])
{
	int result;

	*change = (struct bootchange){ .host = host };
	message[0] = '\0';
	result = bootloader_detect(&change->bootloader, host, message);
	if (result == 0)
		result =
			bootloader_read_config(&change->bootloader, host, &change->config, message);
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
	free(change->edits);
	free(change->wants);
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
static int check_new(const struct bootchange *change, const char *word)
{
	const char *fault = bootloader_find_fault(&change->bootloader, word);

	if (!fault)
		return 0;
	ctl_fail("word '%s': found '%c', which is not safe in a file that root's shell reads, "
		 "expected letters, digits and _.,:=/@%%+- only; write it into " GRUB_FILE
		 " by hand",
		 word, *fault);
	return -EINVAL;
}

static int add_edit(struct bootchange *change, size_t word, const char *text)
{
	int result = text ? check_new(change, text) : 0;
	struct bootedit *edit =
		result == 0 ? array_add(change->edits, change->edit_count) : NULL;

	if (!edit)
		return result < 0 ? result : -ENOMEM;
	*edit = (struct bootedit){ word, text };
	return 0;
}

/* That a word goes cannot be asked of a bootloader that adds it of its own accord. */
static int add_want(struct bootchange *change, const char *word, bool absent)
{
	struct bootwant *want;

	if (absent && bootloader_adds_word(&change->bootloader, word))
		return 0;
	want = array_add(change->wants, change->want_count);
	if (!want)
		return -ENOMEM;
	*want = (struct bootwant){ word, absent };
	return 0;
}

static int refuse_conflict(const struct bootchange *change, const struct bootword *other,
			   const char *word)
{
	char place[PATH_MAX];

	bootconfig_where(&change->config, other, place);
	ctl_fail("%s: found '%s', expected none to add '%s' to; --replace puts it in the place of "
		 "the old one, --append keeps both",
		 place, other->text, word);
	return -EEXIST;
}

/* What stands in a line that only a shell can read is not ours to change. */
static int refuse_opaque(const struct bootchange *change, const struct bootword *other)
{
	char place[PATH_MAX];

	bootconfig_where(&change->config, other, place);
	ctl_fail("%s: found '%s' in a line that is not of the form NAME=\"WORDS\"; change it by "
		 "hand",
		 place, other->text);
	return -EINVAL;
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
		printf("%s: is in %s already\n", word, place);
	}
	return result;
}

int bootchange_add(struct bootchange *change, const char *word, enum bootchange_mode mode)
{
	const char *fault = find_fault(word);
	int result;

	if (fault) {
		ctl_fail("word '%s': found %s", word, fault);
		return -EINVAL;
	}
	if (is_planned(change, word, mode)) {
		ctl_fail("word '%s': found a parameter twice, expected each once", word);
		return -EINVAL;
	}
	result = plan_word(change, word, mode);
	if (result == -ENOMEM)
		ctl_fail("%s", strerror(-result));
	return result;
}

static bool is_meant(const char *word, const char *text)
{
	if (!strchr(word, '='))
		return bootword_has_name(text, word);
	return bootword_equals(text, word);
}

int bootchange_remove(struct bootchange *change, const char *word)
{
	const struct bootwords *words = &change->config.words;
	size_t before = change->edit_count;
	const char *fault = find_fault(word);
	int result = 0;

	if (fault) {
		ctl_fail("word '%s': found %s", word, fault);
		return -EINVAL;
	}
	for (size_t i = 0; i < change->config.opaque.count; i++)
		if (is_meant(word, change->config.opaque.list[i].text))
			return refuse_opaque(change, &change->config.opaque.list[i]);
	for (size_t i = 0; i < words->count && result == 0; i++) {
		if (!is_meant(word, words->list[i].text))
			continue;
		result = add_edit(change, i, NULL);
		if (result == 0)
			result = add_want(change, words->list[i].text, true);
	}
	if (result == 0 && change->edit_count == before) {
		printf("%s: is in no file of %s%s\n", word, change->bootloader.name,
		       bootloader_adds_word(&change->bootloader, word)
			       ? ", which adds it of its own accord"
			       : "");
		result = add_want(change, word, true);
	}
	if (result < 0)
		ctl_fail("%s", strerror(-result));
	return result;
}

static int check(const struct bootchange *change, char *message)
{
	return bootentries_check(&change->bootloader, change->host, &change->config, change->wants,
				 change->want_count, message);
}

/* "the next boot has it", as was seen. */
static int confirm(const struct bootchange *change)
{
	char message[BOOT_MESSAGE_MAX];
	int result = check(change, message);

	if (result < 0) {
		ctl_fail("%s", message[0] ? message : strerror(-result));
		return CTL_INCOMPLETE;
	}
	for (size_t i = 0; i < change->want_count; i++)
		printf("%s: the next boot %s\n", change->wants[i].word,
		       change->wants[i].absent ? "is without it" : "has it");
	return CTL_OK;
}

bool bootchange_needs_refresh(const struct bootchange *change)
{
	char message[BOOT_MESSAGE_MAX];

	if (change->edit_count > 0)
		return true;
	/* An earlier change may have stopped before this. */
	return change->want_count > 0 && check(change, message) == -EINVAL;
}

int bootchange_refresh(const struct bootchange *change)
{
	const char *command = change->bootloader.refresh;
	int result = bootloader_refresh(&change->bootloader, change->host, stdout);

	if (result == 0)
		return confirm(change);
	if (result == -EXDEV) {
		ctl_fail("the change has no effect before '%s' on that host", command);
		return CTL_INCOMPLETE;
	}
	if (result < 0)
		return ctl_fail("%s: %s; the change has no effect before it", command,
				strerror(-result));
	return ctl_fail(
		"%s: found exit status %d, expected 0; the change has no effect before that",
		command, result);
}

/* What the edits make of each file. */
static int add_files(const struct bootchange *change, struct transaction *transaction)
{
	int result = 0;

	for (size_t i = 0; i < change->changed.files.count && result == 0; i++) {
		const struct bootfile *old = &change->config.files.list[i];
		const struct bootfile *new = &change->changed.files.list[i];
		unsigned int flags = old->absent ? TRANSACTION_NEW : 0;

		if (strcmp(old->path, GRUB_OWN_FILE) == 0)
			flags |= TRANSACTION_OURS;
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
	return bootloader_edit_config(&change->bootloader, &change->config, change->edits,
				      change->edit_count, &change->changed, message);
}

static bool lacks_root(const struct bootchange *change, const struct bootconfig *config)
{
	return bootsafe_lacks_root(&change->bootloader, &config->words, &change->running);
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
	if (result < 0)
		ctl_fail("%s", message[0] ? message : strerror(-result));
	return result;
}

int bootchange_check(const struct bootchange *change)
{
	const struct bootconfig *config =
		change->edit_count > 0 ? &change->changed : &change->config;
	char message[BOOT_MESSAGE_MAX];
	int result = bootsafe_check(&change->bootloader, change->host, config, &change->running,
				    message);

	if (result == -EINVAL && !lacks_root(change, &change->config))
		ctl_fail("%s: without root= the next boot would not find its root file system; "
			 "nothing was changed",
			 config->files.list[0].path);
	else if (result < 0)
		ctl_fail("%s", message[0] ? message : strerror(-result));
	return result;
}

static int apply_files(const struct bootchange *change, struct transaction *transaction)
{
	struct findings done = { .count = 0 };
	int result;

	if (!bootchange_needs_refresh(change))
		return confirm(change);
	if (bootchange_check(change) < 0)
		return CTL_INTERNAL;
	if (change->dry_run) {
		transaction_show(transaction, stdout);
		printf("then: %s\n", change->bootloader.refresh);
		return CTL_OK;
	}
	result = transaction_write(transaction, &done);
	if (result == 0)
		transaction_keep(transaction, &done);
	findings_report(&done);
	return result < 0 ? CTL_INTERNAL : bootchange_refresh(change);
}

int bootchange_apply(struct bootchange *change)
{
	struct transaction transaction = { .host = change->host };
	int status = CTL_INTERNAL;

	if (bootchange_fill(change, &transaction) == 0)
		status = apply_files(change, &transaction);
	transaction_free(&transaction);
	return status;
}
