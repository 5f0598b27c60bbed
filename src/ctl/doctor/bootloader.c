/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the kernel runs with what the bootloader's files say, and the next boot will. */
#include <errno.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/joined.h"

#define WORDS_MAX 256

/* Words of the files that the kernel does not run with. */
static void check_missing(struct doctor *doctor, struct findings *findings, bool pending)
{
	const struct bootchange *boot = &doctor->boot;
	const struct bootwords *words = &boot->config.words;
	char missing[WORDS_MAX] = "", where[PATH_MAX];

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->list[i].text;

		if (doctor_has_word(doctor, word) ||
		    (doctor->told && strcmp(doctor->told, word) == 0))
			continue;
		if (!missing[0])
			bootconfig_where(&boot->config, &words->list[i], where);
		joined_add(missing, sizeof(missing), word);
	}
	if (!missing[0])
		return;
	findings_add(findings, FINDING_WARNING, where, "The running kernel was started without %s",
		     missing);
	if (doctor->told)
		return;
	if (pending)
		findings_fix(findings, "Reboot");
	else
		findings_fix(findings, "Run '%s', then reboot", boot->loader->refresh);
}

/* Words of the running kernel that no file has; only those that matter to passthrough count. */
static void check_surplus(const struct doctor *doctor, struct findings *findings)
{
	const struct bootwords *words = &doctor->boot.running;

	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->list[i].text;
		char where[PATH_MAX];

		bootconfig_find(&doctor->boot.config, word, where);
		if (!bootword_matters(word) || where[0] ||
		    (doctor->told && strcmp(doctor->told, word) == 0))
			continue;
		findings_add(findings, FINDING_NOTE, "/proc/cmdline",
			     "%s is in no file of %s: the next boot will not have it", word,
			     doctor->boot.loader->name);
		findings_fix(findings, "To keep it, run 'vfio-earlyctl cmdline add %s'", word);
	}
}

/* Where a refresh can do harm, none is advised. */
static bool check_safety(const struct bootchange *boot, struct findings *findings)
{
	char message[BOOT_MESSAGE_MAX];
	int result =
		bootsafe_check(boot->loader, boot->host, &boot->config, &boot->running, message);

	if (result < 0)
		findings_add(findings,
			     result == -EINVAL    ? FINDING_ERROR
			     : result == -ENOEXEC ? FINDING_WARNING
						  : FINDING_UNKNOWN,
			     NULL, "%s", message[0] ? message : strerror(-result));
	return result == 0;
}

static void check_words(struct doctor *doctor, struct findings *findings)
{
	const struct bootchange *boot = &doctor->boot;
	char message[BOOT_MESSAGE_MAX] = "";
	int result;

	for (size_t i = 0; i < boot->config.findings.count; i++)
		findings_copy(findings, &boot->config.findings.list[i]);
	if (!check_safety(boot, findings))
		return;
	result = bootentries_check_all(boot->loader, boot->host, &boot->config, message);
	if (result == -EINVAL)
		findings_add(findings, FINDING_WARNING, NULL, "%s", message);
	else
		check_missing(doctor, findings, result == 0);
	check_surplus(doctor, findings);
	if (findings->count > 0)
		return;
	if (doctor->told)
		findings_add(findings, FINDING_NONE, NULL,
			     "%s: the words of its files take effect at the next boot",
			     boot->loader->name);
	else if (result == 0)
		findings_add(findings, FINDING_OK, NULL,
			     "%s: the running kernel has the words of its files",
			     boot->loader->name);
	else
		findings_add(
			findings, FINDING_UNKNOWN, NULL,
			"%s: whether the next boot has the words of its files can't be seen: %s",
			boot->loader->name, message[0] ? message : strerror(-result));
}

void doctor_check_bootloader(struct doctor *doctor, struct findings *findings)
{
	if (doctor->boot_error < 0)
		findings_add(findings,
			     doctor->boot_error == -EINVAL ? FINDING_WARNING : FINDING_UNKNOWN,
			     NULL, "%s", doctor->boot_message);
	else if (doctor->boot.running_error < 0)
		findings_add(findings, FINDING_UNKNOWN, "/proc/cmdline", "%s",
			     strerror(-doctor->boot.running_error));
	else
		check_words(doctor, findings);
}
