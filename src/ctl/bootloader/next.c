/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernel the bootloader starts next. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootloader/esp.h"
#include "bootloader/next.h"

/* Submenus, and what an entry has in braces. */
#define DEPTH_MAX 8

/* Of a line: GRUB's have two titles, and ids with the UUID of a file system. */
#define TEXT_MAX 1024

struct search {
	const struct host *host; /* that has the entries */
	struct kernels *kernels;
	const char *wanted;   /* the name of a default, or a pattern */
	struct kernel *found; /* the newest so far */
};

static struct kernel *find_kernel(struct kernels *kernels, const char *release, size_t length)
{
	for (size_t i = 0; i < kernels->count; i++)
		if (strlen(kernels->list[i].release) == length &&
		    memcmp(kernels->list[i].release, release, length) == 0)
			return &kernels->list[i];
	return NULL;
}

static const char *next_line(const char *line)
{
	line = strchrnul(line, '\n');
	return line + (*line != '\0');
}

/* Takes the value of a line KEY"VALUE" or KEYVALUE. False for other lines. */
static bool take_value(const char *line, const char *key, char value[TEXT_MAX])
{
	line += strspn(line, " \t");
	if (strncmp(line, key, strlen(key)) != 0)
		return false;
	line += strlen(key);
	line += strspn(line, " \t\"");
	snprintf(value, TEXT_MAX, "%.*s", (int)strcspn(line, "\"\n"), line);
	return true;
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
			return find_kernel(search->kernels, kernel, strcspn(kernel, " \t"));
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
static struct kernel *find_by_grub(const struct search *search, const char *boot)
{
	char path[PATH_MAX], once[TEXT_MAX] = "", saved[TEXT_MAX] = "0";
	char wanted[TEXT_MAX] = "0", value[TEXT_MAX], *text = NULL, *environment = NULL;
	struct kernel *found = NULL;

	if (host_path(path, "%s/grub/grubenv", boot) == 0)
		host_read_text(search->host, path, &environment);
	for (const char *line = environment; line && *line; line = next_line(line)) {
		take_value(line, "next_entry=", once);
		take_value(line, "saved_entry=", saved);
	}
	if (host_path(path, "%s/grub/grub.cfg", boot) == 0)
		host_read_text(search->host, path, &text);
	for (const char *line = text; line && *line; line = next_line(line))
		if (take_value(line, "set default=", value) && strcmp(value, "${next_entry}") != 0)
			strcpy(wanted, strcmp(value, "${saved_entry}") == 0 ? saved : value);
	if (text && once[0] && strstr(text, "${next_entry}"))
		strcpy(wanted, once);
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
	size_t length = strlen(name);
	char bare[NAME_MAX + 1];

	(void)directory;
	if (length < 6 || strcmp(name + length - 5, ".conf") != 0)
		return 0;
	snprintf(bare, sizeof(bare), "%.*s", (int)length - 5, name);
	if (fnmatch(search->wanted, name, 0) != 0 && fnmatch(search->wanted, bare, 0) != 0)
		return 0;
	for (size_t i = 0; i < search->kernels->count; i++) {
		struct kernel *kernel = &search->kernels->list[i];
		size_t end = strlen(kernel->release);

		if (end < length - 5 && strcmp(bare + length - 5 - end, kernel->release) == 0 &&
		    (!search->found || kernel < search->found))
			search->found = kernel;
	}
	return 0;
}

/* What was chosen for once or for good comes before loader.conf. Without any, the newest boots. */
static struct kernel *find_by_systemd(struct search *search, const struct host *outside,
				      const char *boot)
{
	static const char *const variables[] = { "LoaderEntryOneShot", "LoaderEntryDefault" };
	char wanted[TEXT_MAX] = "", path[PATH_MAX], *text = NULL;

	for (size_t i = 0; i < 2 && !wanted[0]; i++)
		bootloader_read_variable(outside, variables[i], wanted, sizeof(wanted));
	if (!wanted[0] && host_path(path, "%s/loader/loader.conf", boot) == 0)
		host_read_text(search->host, path, &text);
	for (const char *line = text; line && *line; line = next_line(line))
		take_value(line, "default ", wanted);
	free(text);
	wanted[strcspn(wanted, " \t\r")] = '\0';
	search->wanted = wanted[0] ? wanted : "*";
	if (host_path(path, "%s/loader/entries", boot) == 0)
		host_each(search->host, path, take_entry, search);
	search->wanted = NULL;
	return search->found;
}

/* proxmox-boot-tool's own record, which its refresh puts into effect. */
static struct kernel *find_pin(const struct search *search, const struct host *host)
{
	static const char *const paths[] = { "/etc/kernel/next-boot-pin",
					     "/etc/kernel/proxmox-boot-pin" };
	char release[NAME_MAX + 1];

	for (size_t i = 0; i < 2; i++)
		if (host_readf(host, release, sizeof(release), "%s", paths[i]) > 0)
			return find_kernel(search->kernels, release, strlen(release));
	return NULL;
}

static struct kernel *find_next(struct search *search, const struct host *host)
{
	static const char *const places[] = { "/boot", "/efi", "/boot/efi" };
	const struct bootloader *loader;
	char message[BOOT_MESSAGE_MAX];
	struct kernel *found = NULL;
	struct esps esps;

	if (bootloader_detect(&loader, host, message) < 0)
		return NULL;
	esps_open(&esps, host);
	for (size_t i = 0; i < esps.count && !found; i++) {
		search->host = &esps.list[i].files;
		if (esps.list[i].error == 0)
			found = esps.list[i].grub ? find_by_grub(search, "")
						  : find_by_systemd(search, host, "");
	}
	search->host = host;
	if (!found && esps.count > 0)
		found = find_pin(search, host);
	else if (!found && strcmp(loader->family, "GRUB") == 0)
		found = find_by_grub(search, "/boot");
	for (size_t i = 0; i < 3 && !found && strcmp(loader->family, "GRUB") != 0; i++)
		found = find_by_systemd(search, host, places[i]);
	esps_close(&esps);
	return found;
}

void bootnext_mark(struct kernels *kernels, const struct host *host)
{
	struct search search = { .kernels = kernels };
	struct kernel *next = find_next(&search, host);

	if (!next && kernels->count > 0)
		next = kernels->list;
	if (next)
		next->next = true;
}
