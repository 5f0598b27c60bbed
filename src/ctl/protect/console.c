/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people operate the host by. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protect/console.h"
#include "protect/disks.h"

/* Whether the boot asks for a passphrase by a line of crypttab(5), and does not go on without. */
static bool asks_for(const struct host *host, const char *line)
{
	static const char *const others[] = { "noauto", "nofail", "_netdev", "tpm2-device=" };
	char name[128], key[PATH_MAX] = "none", options[1024] = "", file[160];

	if (sscanf(line, " %127s %*s %4095s %1023s", name, key, options) < 1 || name[0] == '#' ||
	    (strcmp(key, "none") != 0 && strcmp(key, "-") != 0))
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strstr(options, others[i]))
			return false;
	/* systemd takes this file then. */
	snprintf(file, sizeof(file), "%s.key", name);
	return !host_has(host, "/etc/cryptsetup-keys.d", file);
}

static bool asks_passphrase(struct walk *walk)
{
	char *text = NULL, *rest, *line;
	int result = host_read_text(walk->host, CRYPTTAB, &text);
	bool asks = false;

	if (result < 0 && result != -ENOENT)
		walk_lose(walk, CRYPTTAB ": %s", strerror(-result));
	rest = text;
	while ((line = strsep(&rest, "\n")))
		asks |= asks_for(walk->host, line);
	free(text);
	return asks;
}

struct keyboards {
	const struct host *host;
	char controller[PATH_MAX]; /* of the last one; empty: on no PCI bus */
	bool some, elsewhere;      /* there are any; they have not one controller */
};

/*
 * What has the first 31 keys, from Esc on, as udev tells keyboards by. One keyboard can be several
 * inputs; what programs make up is none.
 */
static int add_keyboard(void *context, const char *directory, const char *name)
{
	struct keyboards *keyboards = context;
	char path[PATH_MAX], input[PATH_MAX], keys[512], *end;
	struct pci_address address;

	if (strncmp(name, "input", 5) != 0 || host_path(path, "%s/%s", directory, name) < 0 ||
	    host_resolve(keyboards->host, path, input) < 0 ||
	    strncmp(input, "/sys/devices/virtual/", 21) == 0 ||
	    host_readf(keyboards->host, keys, sizeof(keys), "%s/capabilities/key", input) <= 0)
		return 0;
	end = strrchr(keys, ' ');
	if (~strtoull(end ? end : keys, NULL, 16) & 0xfffffffe)
		return 0;
	while ((end = strrchr(input, '/')) && !pci_address_parse(end + 1, &address))
		*end = '\0';
	keyboards->elsewhere |= keyboards->some && strcmp(keyboards->controller, input) != 0;
	keyboards->some = true;
	strcpy(keyboards->controller, input);
	return 0;
}

static void find_keyboard(struct walk *walk)
{
	struct keyboards keyboards = { .host = walk->host };

	walk_list(walk, "/sys/class/input", add_keyboard, &keyboards);
	if (!keyboards.controller[0] || keyboards.elsewhere)
		return;
	walk_begin(walk, PROTECT_OTHER, "the only keyboard", "%s", "");
	walk_take_path(walk, keyboards.controller);
	walk_end(walk);
}

/* Most serial ports are on no PCI bus. */
static void find_serial_consoles(struct walk *walk)
{
	char line[4096], tty[64], path[PATH_MAX];
	const char *word = line;

	if (host_readf(walk->host, line, sizeof(line), "/proc/cmdline") < 0)
		return;
	for (; (word = strstr(word, "console=")); word++)
		if (sscanf(word, "console=%63[^, ]", tty) == 1 &&
		    host_path(path, "/sys/class/tty/%s", tty) == 0 &&
		    host_resolve(walk->host, path, path) == 0) {
			walk_begin(walk, PROTECT_OTHER, "serial console", "%s", tty);
			walk_take_path(walk, path);
			walk_take_other(walk);
			walk_end(walk);
		}
}

void console_find(struct walk *walk)
{
	walk->grade = asks_passphrase(walk) ? PROTECT_NEEDED : PROTECT_USED;
	find_keyboard(walk);
	walk->grade = PROTECT_USED;
	find_serial_consoles(walk);
	walk->grade = PROTECT_NEEDED;
}
