/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel the bootloader starts next. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/esp.h"
#include "bootloader/next.h"
#include "bootloader/systemd-boot.h"
#include "core/text.h"

/* Submenus, and what an entry has in braces. */
#define DEPTH_MAX 8

/* Of a line: GRUB's have two titles, and ids with the UUID of a file system. */
#define TEXT_MAX 1024

/* Variables of grub.cfg, which has them from grubenv. */
#define ONCE  "${next_entry}"
#define SAVED "${saved_entry}"

struct search {
	const struct host *host; /* that has the entries */
	const char *boot;        /* the directory there with GRUB's or systemd-boot's */
	struct kernels *kernels;
	const char *wanted;   /* the name of a default, or a pattern */
	struct kernel *found; /* the newest so far */
};

static const char *next_line(const char *line)
{
	line = strchrnul(line, '\n');
	return line + (*line != '\0');
}

/* A file below the directory, which the caller frees; NULL if it can't be read. */
static char *read_file(const struct search *search, const char *name)
{
	char path[PATH_MAX], *text = NULL;

	if (host_path(path, "%s/%s", search->boot, name) == 0)
		host_read_text(search->host, path, &text);
	return text;
}

/*
 * Takes the value of the last line KEY"VALUE" or KEYVALUE of a text, which may be NULL. What grub.cfg
 * sets for one boot comes from grubenv, and doesn't count here.
 */
static void take_value(const char *text, const char *key, char value[TEXT_MAX])
{
	for (const char *line = text; line && *line; line = next_line(line)) {
		line += strspn(line, " \t");
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		line += strlen(key);
		line += strspn(line, " \t\"");
		if (strncmp(line, ONCE, strlen(ONCE)) != 0)
			snprintf(value, TEXT_MAX, "%.*s", (int)strcspn(line, "\"\n"), line);
	}
}

/* Whether a part of "SUBMENU>ENTRY" names what a line opens: by number, title or id. */
static bool is_meant(const char *part, const char *line, unsigned int number)
{
	size_t length = strcspn(part, ">");
	char *end;

	if (length > 0 && strtoul(part, &end, 10) == number && end == part + length)
		return true;
	for (const char *at = line; length > 0 && (at = memmem(at, strlen(at), part, length)); at++)
		if (at > line && strchr("'\"", at[-1]) && at[length] == at[-1])
			return true;
	return false;
}

/* The kernel of the entry of grub.cfg; NULL if there is none. GRUB counts the entries of each menu.
 */
static struct kernel *find_entry(const struct search *search, const char *text, const char *part)
{
	unsigned int numbers[DEPTH_MAX] = { 0 }, depth = 0, matched = 0;

	for (const char *line = text; *line; line = next_line(line)) {
		char copy[TEXT_MAX], *kernel;

		line += strspn(line, " \t");
		snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\n"), line);
		kernel = strstr(copy, "vmlinuz-");
		if (strncmp(copy, "menuentry ", 10) == 0 || strncmp(copy, "submenu ", 8) == 0) {
			if (depth == matched && is_meant(part, copy, numbers[depth])) {
				matched++;
				part += strcspn(part, ">");
				part += *part == '>';
			}
			numbers[depth]++;
		} else if (strncmp(copy, "linux", 5) == 0 && kernel && depth == matched &&
			   depth > 0 && !*part) {
			kernel += strlen("vmlinuz-");
			kernel[strcspn(kernel, " \t")] = '\0';
			return kernels_named(search->kernels, kernel);
		}
		if (copy[0] && copy[strlen(copy) - 1] == '{' && ++depth < DEPTH_MAX)
			numbers[depth] = 0;
		else if (copy[0] == '}' && depth > 0)
			depth--;
		if (depth >= DEPTH_MAX || depth < matched)
			break;
	}
	return NULL;
}

/* grub-reboot(8) and grub-set-default(8) write grubenv, which grub.cfg asks for the first before.
 */
static struct kernel *find_by_grub(const struct search *search)
{
	char once[TEXT_MAX] = "", saved[TEXT_MAX] = "0", wanted[TEXT_MAX] = "0";
	char *text = read_file(search, "grub/grub.cfg");
	char *environment = read_file(search, "grub/grubenv");
	struct kernel *found = NULL;

	take_value(environment, "next_entry=", once);
	take_value(environment, "saved_entry=", saved);
	take_value(text, "set default=", wanted);
	if (text && once[0] && strstr(text, ONCE))
		strcpy(wanted, once);
	else if (strcmp(wanted, SAVED) == 0)
		strcpy(wanted, saved);
	if (text)
		found = find_entry(search, text, wanted) ?: find_entry(search, text, "0");
	free(environment);
	free(text);
	return found;
}

/* An entry that kernel-install or proxmox-boot-tool made ends with the release. */
static int take_entry(void *context, const char *directory, const char *name)
{
	struct search *search = context;
	char bare[NAME_MAX + 1];

	(void)directory;
	if (!text_ends_with(name, ".conf"))
		return 0;
	snprintf(bare, sizeof(bare), "%.*s", (int)(strlen(name) - strlen(".conf")), name);
	if (fnmatch(search->wanted, name, 0) != 0 && fnmatch(search->wanted, bare, 0) != 0)
		return 0;
	for (size_t i = 0; i < search->kernels->count; i++) {
		struct kernel *kernel = &search->kernels->list[i];

		if (text_ends_with(bare, kernel->release) &&
		    (!search->found || kernel < search->found))
			search->found = kernel;
	}
	return 0;
}

/* What was chosen for once or for good comes before loader.conf. Without any, the newest boots. */
static struct kernel *find_by_systemd(struct search *search, const struct host *outside)
{
	static const char *const variables[] = { "LoaderEntryOneShot", "LoaderEntryDefault" };
	char wanted[TEXT_MAX] = "", path[PATH_MAX], *text = NULL;

	for (size_t i = 0; i < 2 && !wanted[0]; i++)
		bootloader_read_variable(outside, variables[i], wanted, sizeof(wanted));
	if (!wanted[0])
		text = read_file(search, "loader/loader.conf");
	take_value(text, "default ", wanted);
	free(text);
	wanted[strcspn(wanted, " \t\r")] = '\0';
	search->wanted = wanted[0] ? wanted : "*";
	if (host_path(path, "%s/loader/entries", search->boot) == 0)
		host_each(search->host, path, take_entry, search);
	search->wanted = NULL;
	return search->found;
}

/* proxmox-boot-tool's own record, which its refresh puts into effect. */
static struct kernel *find_pin(const struct kernels *kernels, const struct host *host)
{
	char release[NAME_MAX + 1];

	if (host_readf(host, release, sizeof(release), "/etc/kernel/next-boot-pin") > 0 ||
	    host_readf(host, release, sizeof(release), "/etc/kernel/proxmox-boot-pin") > 0)
		return kernels_named(kernels, release);
	return NULL;
}

static struct kernel *find_next(struct kernels *kernels, const struct host *host)
{
	struct search search = { .host = host, .boot = "/boot", .kernels = kernels };
	const struct bootloader *loader;
	char message[BOOT_MESSAGE_MAX];
	struct kernel *found = NULL;
	struct esps esps;
	bool grub;

	if (bootloader_detect(&loader, host, message) < 0)
		return NULL;
	grub = strcmp(loader->family, "GRUB") == 0;
	esps_open(&esps, host);
	for (size_t i = 0; i < esps.count && !found; i++) {
		struct search on_esp = { &esps.list[i].files, "", .kernels = kernels };

		if (esps.list[i].error == 0)
			found = esps.list[i].grub ? find_by_grub(&on_esp)
						  : find_by_systemd(&on_esp, host);
	}
	if (!found && esps.count > 0)
		found = find_pin(kernels, host);
	else if (!found && grub)
		found = find_by_grub(&search);
	for (const char *const *place = systemd_places; *place && !found && !grub; place++) {
		search.boot = *place;
		found = find_by_systemd(&search, host);
	}
	esps_close(&esps);
	return found;
}

void bootnext_mark(struct kernels *kernels, const struct host *host)
{
	struct kernel *next = find_next(kernels, host);

	if (!next && kernels->count > 0)
		next = kernels->list;
	if (next)
		next->next = true;
}
