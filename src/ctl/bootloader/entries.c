/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the bootloader will really start. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/esp.h"
#include "bootloader/grub.h"
#include "bootloader/systemd-boot.h"

bool bootword_matters(const char *word)
{
	static const char *const parts[] = { "iommu", "intremap", "vfio", "acs_override" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(word, parts[i]))
			return true;
	return false;
}

/* A partition with another bootloader than the one that started this host, beside one with that. */
static bool is_of_another(const struct bootcheck *check)
{
	return check->esp && check->esp->grub != (strcmp(check->loader->family, "GRUB") == 0);
}

static void refuse(struct bootcheck *check, const char *path, unsigned int line,
		   const struct bootwant *want, bool by_hand)
{
	const char *has = want->absent ? "still has" : "lacks";
	const char *refresh = check->loader->refresh;
	char place[PATH_MAX], doubt[PATH_MAX] = "", number[16] = "";

	if (line > 0)
		snprintf(number, sizeof(number), ":%u", line);
	if (host_path(place, "%s%s%s%s%s", check->esp ? "ESP " : "",
		      check->esp ? check->esp->uuid : "", check->esp ? ": " : "", path, number) < 0)
		snprintf(place, sizeof(place), "%s", path);
	if (!want->absent)
		bootconfig_doubt(check->config, want->word, doubt);
	if (is_of_another(check))
		boot_say(check->message, 0,
			 "%s: %s '%s', as this partition is started by %s and gets its words from "
			 "%s; change that file as well, then run '%s'",
			 place, has, want->word, check->esp->grub ? "GRUB" : "systemd-boot",
			 check->esp->grub ? GRUB_FILE : KERNEL_FILE, refresh);
	else if (by_hand && check->source)
		boot_say(check->message, 0,
			 "%s: %s '%s'; this host was started from it, and its words are from %s: "
			 "change that file, then build the image again",
			 place, has, want->word, check->source);
	else if (by_hand)
		boot_say(check->message, 0,
			 "%s: %s '%s'; this host was started from it, and kernel-install does not "
			 "make it: change it by hand",
			 place, has, want->word);
	else
		boot_say(check->message, 0, "%s: %s '%s'; '%s' regenerates it%s%s%s%s%s", place,
			 has, want->word, refresh, check->source ? " from " : "",
			 check->source ?: "", doubt[0] ? ", unless " : "", doubt,
			 doubt[0] ? " cancels the word" : "");
	check->result = -EINVAL;
}

void bootcheck_words(struct bootcheck *check, const char *path, unsigned int line,
		     const struct bootwords *words, bool by_hand)
{
	check->entries++;
	for (size_t i = 0; i < check->count && check->result == 0; i++)
		if ((!is_of_another(check) || bootword_matters(check->wants[i].word)) &&
		    (bootwords_find(words, check->wants[i].word) >= 0) == check->wants[i].absent)
			refuse(check, path, line, &check->wants[i], by_hand);
}

int bootcheck_run(struct bootcheck *check, void (*check_entries)(struct bootcheck *check))
{
	check_entries(check);
	if ((check->result == -ENOENT && !check->message[0]) ||
	    (check->result == 0 && check->entries == 0))
		return boot_say(check->message, -ENOENT,
				"found no entry of this system, so what the next boot has cannot "
				"be told");
	return check->result;
}

int bootentries_check(const struct bootloader *loader, const struct host *host,
		      const struct bootconfig *config, const struct bootwant *wants, size_t count,
		      char message[BOOT_MESSAGE_MAX])
{
	struct bootcheck check = { .loader = loader,
				   .host = host,
				   .outside = host,
				   .config = config,
				   .wants = wants,
				   .count = count,
				   .message = message };

	message[0] = '\0';
	return bootcheck_run(&check, loader->check_entries);
}

int bootentries_check_all(const struct bootloader *loader, const struct host *host,
			  const struct bootconfig *config, char message[BOOT_MESSAGE_MAX])
{
	size_t count = config->words.count;
	struct bootwant *wants = calloc(count + 1, sizeof(*wants));
	int result = -ENOMEM;

	message[0] = '\0';
	for (size_t i = 0; wants && i < count; i++)
		wants[i].word = config->words.list[i].text;
	if (wants)
		result = bootentries_check(loader, host, config, wants, count, message);
	free(wants);
	return result;
}
