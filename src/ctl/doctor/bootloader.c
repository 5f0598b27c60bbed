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
		findings_add(look->findings, FINDING_WARNING, where,
			     "The running kernel was started without %s", words->list[i].text);
		if (pending)
			findings_fix(look->findings, "Reboot");
		else
			findings_fix(look->findings, "Run '%s', then reboot",
				     look->loader->refresh);
	}
}

/* Words of the running kernel that no file has; only those that matter to passthrough count. */
static void check_surplus(const struct look *look)
{
	static const char *const parts[] = { "iommu", "intremap", "vfio", "acs_override" };
	const struct bootwords *words = &look->doctor->words;

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->list[i].text;
		char where[PATH_MAX];
		bool matters = false;

		for (size_t n = 0; n < sizeof(parts) / sizeof(parts[0]); n++)
			matters |= strstr(word, parts[n]) != NULL;
		bootconfig_find(&look->config, word, where);
		if (!matters || where[0])
			continue;
		findings_add(look->findings, FINDING_NOTE, "/proc/cmdline",
			     "%s is in no file of %s: the next boot will not have it", word,
			     look->loader->name);
		findings_fix(look->findings, "To keep it, run 'vfio-earlyctl cmdline add %s'",
			     word);
	}
}

/* Where a refresh can do harm, none is advised. */
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

	for (size_t i = 0; i < look->config.findings.count; i++)
		findings_copy(look->findings, &look->config.findings.list[i]);
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
			     "%s: the running kernel has the words of its files",
			     look->loader->name);
	else
		findings_add(
			look->findings, FINDING_UNKNOWN, NULL,
			"%s: whether the next boot has the words of its files can't be seen: %s",
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
