/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the kernel runs with what the bootloader's files say, and the next boot will. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/bootloader.h"
#include "doctor/doctor.h"

/* What a look at the bootloader has in hand. */
struct look {
	struct doctor *doctor;
	struct findings *findings;
	const struct bootloader *loader;
	struct bootconfig config;
};

/* Words of the files that the kernel does not run with. */
static void check_missing(const struct look *look, bool pending)
{
	const struct bootwords *words = &look->config.words;

	for (size_t i = 0; i < words->count; i++) {
		char where[PATH_MAX];

		if (doctor_has_word(look->doctor, words->list[i].text))
			continue;
		bootconfig_where(&look->config, &words->list[i], where);
		if (pending)
			findings_add(look->findings, FINDING_WARNING, where,
				     "the kernel does not run with %s yet; reboot",
				     words->list[i].text);
		else
			findings_add(look->findings, FINDING_WARNING, where,
				     "the kernel does not run with %s; run '%s' and reboot",
				     words->list[i].text, look->loader->refresh);
	}
}

/* Of words that the kernel runs with, those that count here; others are nobody's concern. */
static bool counts(const char *word)
{
	static const char *const parts[] = { "iommu", "intremap", "vfio", "acs_override" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(word, parts[i]))
			return true;
	return false;
}

static void check_surplus(const struct look *look)
{
	const struct bootwords *words = &look->doctor->words;

	for (size_t i = 0; i < words->count; i++) {
		char where[PATH_MAX];

		bootconfig_find(&look->config, words->list[i].text, where);
		if (counts(words->list[i].text) && !where[0])
			findings_add(look->findings, FINDING_NOTE, "/proc/cmdline",
				     "%s is in no file of %s, so the next boot will not have it; "
				     "to keep it, run 'vfio-earlyctl cmdline add %s'",
				     words->list[i].text, look->loader->name, words->list[i].text);
	}
}

/* While a refresh would do harm, none is advised. */
static bool check_safety(const struct look *look)
{
	char message[BOOT_MESSAGE_MAX];
	int result = bootsafe_check(look->loader, &look->doctor->inventory.host, &look->config,
				    &look->doctor->words, message);

	if (result < 0)
		findings_add(look->findings,
			     result == -EINVAL    ? FINDING_ERROR
			     : result == -ENOEXEC ? FINDING_WARNING
						  : FINDING_UNKNOWN,
			     NULL, "%s", message[0] ? message : strerror(-result));
	return result == 0;
}

static void check_words(const struct look *look)
{
	char message[BOOT_MESSAGE_MAX] = "";
	int result;

	for (size_t i = 0; i < look->config.findings.count; i++) {
		const struct finding *finding = &look->config.findings.list[i];

		findings_add(look->findings, finding->level, finding->where, "%s", finding->text);
	}
	if (!check_safety(look))
		return;
	result = bootentries_check_all(look->loader, &look->doctor->inventory.host, &look->config,
				       message);
	if (result == -EINVAL)
		findings_add(look->findings, FINDING_WARNING, NULL, "%s", message);
	else
		check_missing(look, result == 0);
	check_surplus(look);
	if (look->findings->count > 0)
		return;
	if (result == 0)
		findings_add(look->findings, FINDING_OK, NULL,
			     "%s: the kernel runs with what its files say", look->loader->name);
	else
		findings_add(look->findings, FINDING_UNKNOWN, NULL,
			     "%s: the kernel runs with what its files say, but whether the next "
			     "boot will cannot be seen: %s",
			     look->loader->name, message[0] ? message : strerror(-result));
}

void doctor_check_bootloader(struct doctor *doctor, struct findings *findings)
{
	struct look look = { .doctor = doctor, .findings = findings };
	char message[BOOT_MESSAGE_MAX] = "";
	int result = bootloader_detect(&look.loader, &doctor->inventory.host, message);

	if (result == 0)
		result = bootloader_read_config(look.loader, &doctor->inventory.host, &look.config,
						message);
	if (result < 0)
		findings_add(findings, result == -EINVAL ? FINDING_WARNING : FINDING_UNKNOWN, NULL,
			     "%s", message[0] ? message : strerror(-result));
	else if (doctor->words_error < 0)
		findings_add(findings, FINDING_UNKNOWN, "/proc/cmdline", "%s",
			     strerror(-doctor->words_error));
	else
		check_words(&look);
	bootconfig_free(&look.config);
}
