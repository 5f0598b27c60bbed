/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the firmware, the kernel and its command line make of the IOMMU. */
#include <stdlib.h>
#include <string.h>

#include "bootloader/iommu.h"
#include "image/kernels.h"

/* By which firmware tells the kernel of an IOMMU; their content is shown to root only. */
static const struct {
	const char *name, *what;
} tables[] = {
	{ "DMAR", "Intel VT-d" },
	{ "IVRS", "AMD-Vi" },
	{ "VIOT", "virtio-iommu" },
};

static void read_default(struct iommu *iommu, const struct host *host)
{
	char release[NAME_MAX + 1], *text;

	if (host_readf(host, release, sizeof(release), "/proc/sys/kernel/osrelease") < 0 ||
	    kernels_read_config(host, release, &text) < 0)
		return;
	/* Debian's kernels have this one, by a patch of theirs. */
	iommu->leaves_graphics_out =
		strstr(text, "CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y\n") != NULL;
	iommu->on_by_default =
		iommu->leaves_graphics_out || strstr(text, "CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n");
	free(text);
}

void iommu_read(struct iommu *iommu, const struct host *host)
{
	*iommu = (struct iommu){ .table = NULL };
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !iommu->table; i++)
		if (host_has(host, "/sys/firmware/acpi/tables", tables[i].name)) {
			iommu->table = tables[i].name;
			iommu->what = tables[i].what;
		}
	iommu->intel = !iommu->table || strcmp(iommu->table, "DMAR") == 0;
	iommu->amd = !iommu->table || strcmp(iommu->table, "IVRS") == 0;
	read_default(iommu, host);
}

/* The next value of a list, NULL behind the last. The kernel looks at how a value begins. */
static const char *next_value(const char *at)
{
	at += strcspn(at, ",\"");
	at += strspn(at, ",\"");
	return *at ? at : NULL;
}

/* The first value of a word of this name; NULL for other words. */
static const char *first_value(const char *word, const char *name)
{
	const char *value = strchr(word, '=');

	if (!value || !bootword_has_name(word, name))
		return NULL;
	value++;
	value += strspn(value, ",\"");
	return *value ? value : NULL;
}

static bool begins(const char *value, const char *with)
{
	return strncmp(value, with, strlen(with)) == 0;
}

/* The last word of this name that has the value, unless a later value cancels it. */
static const struct bootword *find_value(const struct bootwords *words, const char *name,
					 const char *wanted, const char *cancels)
{
	const struct bootword *found = NULL;

	for (size_t i = 0; i < words->count; i++)
		for (const char *value = first_value(words->list[i].text, name); value;
		     value = next_value(value)) {
			if (begins(value, wanted))
				found = &words->list[i];
			else if (cancels && begins(value, cancels))
				found = NULL;
		}
	return found;
}

const struct bootword *iommu_find_on(const struct iommu *iommu, const struct bootwords *words)
{
	return iommu->intel ? find_value(words, "intel_iommu", "on", "off") : NULL;
}

const struct bootword *iommu_find_off(const struct iommu *iommu, const struct bootwords *words)
{
	const struct bootword *found = find_value(words, "iommu", "off", NULL);

	if (!found && iommu->intel)
		found = find_value(words, "intel_iommu", "off", "on");
	if (!found && iommu->amd)
		found = find_value(words, "amd_iommu", "off", NULL);
	return found;
}

const struct bootword *iommu_find_graphics_off(const struct bootwords *words)
{
	return find_value(words, "intel_iommu", "igfx_off", NULL);
}

const char *iommu_explain(const char *word)
{
	static const struct {
		const char *name, *known, *why;
	} parameters[] = {
		{ "intel_iommu", "on", "the kernel knows " IOMMU_ON " only" },
		{ "amd_iommu", NULL,
		  "the kernel has no such option: AMD's IOMMU is on by default" },
		{ "iommu", "pt", "the kernel has no such value" },
	};
	static const char *const guesses[] = { "on", "1", "y", "true", "enable", "pt" };

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		const char *known = parameters[i].known;
		const char *value = first_value(word, parameters[i].name);
		bool guessed = value != NULL;

		for (; value && guessed; value = next_value(value)) {
			guessed = false;
			for (size_t n = 0; n < sizeof(guesses) / sizeof(guesses[0]); n++)
				guessed |= begins(value, guesses[n]);
			guessed &= !known || !begins(value, known);
		}
		if (guessed)
			return parameters[i].why;
	}
	return NULL;
}
