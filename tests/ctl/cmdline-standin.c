/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stand-ins, by the name that it is called with, for what no chroot has: grub-probe, which wants
 * the disk under /, and proxmox-boot-tool, of which it does what its manual says that refresh does
 * to an EFI system partition. That is mounted at /esp here.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *target, *answer;
} answers[] = {
	{ "--target=device", "/dev/vda1" },
	{ "--target=fs", "ext2" },
	{ "--target=fs_uuid", "6c1b1a4e-7f3c-4f0f-9d5a-1f2e3d4c5b6a" },
	{ "--target=partuuid", "0f0e0d0c-01" },
	{ "--target=partmap", "msdos" },
	{ "--target=abstraction", "" },
	{ "--target=drive", "(hd0,msdos1)" },
	{ "--target=compatibility_hint", "hd0,msdos1" },
	{ "--target=hints_string", "--hint-bios=hd0,msdos1 " },
};

static int grub_probe(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		for (size_t n = 0; n < sizeof(answers) / sizeof(answers[0]); n++)
			if (strcmp(argv[i], answers[n].target) == 0)
				return puts(answers[n].answer) < 0;
	return 1;
}

static FILE *open_file(const char *path, const char *mode)
{
	FILE *stream = fopen(path, mode);

	if (!stream) {
		fprintf(stderr, "stand-in: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return stream;
}

static void copy(const char *from, FILE *to)
{
	FILE *stream = open_file(from, "r");
	int c;

	while ((c = getc(stream)) != EOF)
		putc(c, to);
	fclose(stream);
}

static void write_entry(const char *version)
{
	char path[512];
	FILE *stream;

	snprintf(path, sizeof(path), "/esp/loader/entries/proxmox-%s.conf", version);
	stream = open_file(path, "w");
	fprintf(stream, "title    Proxmox Virtual Environment\nversion  %s\noptions  ", version);
	copy("/etc/kernel/cmdline", stream);
	fputc('\n', stream);
	fclose(stream);
}

static void write_entries(void)
{
	DIR *directory = opendir("/boot");
	struct dirent *entry;

	mkdir("/esp/loader/entries", 0755);
	while (directory && (entry = readdir(directory)))
		if (strncmp(entry->d_name, "vmlinuz-", 8) == 0)
			write_entry(entry->d_name + 8);
	if (directory)
		closedir(directory);
}

static int refresh(void)
{
	FILE *stream;

	puts("Refreshing the stand-in for an EFI system partition");
	if (access("/esp/loader", F_OK) == 0) {
		write_entries();
		return 0;
	}
	if (system("update-grub") != 0)
		return 1;
	mkdir("/esp/grub", 0755);
	stream = open_file("/esp/grub/grub.cfg", "w");
	copy("/boot/grub/grub.cfg", stream);
	return fclose(stream) != 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	name = name ? name + 1 : argv[0];
	if (strcmp(name, "grub-probe") == 0)
		return grub_probe(argc, argv);
	if (strcmp(name, "proxmox-boot-tool") == 0 && argc == 2 && strcmp(argv[1], "refresh") == 0)
		return refresh();
	fprintf(stderr, "stand-in: found %s, expected grub-probe or proxmox-boot-tool refresh\n",
		name);
	return 1;
}
