/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stand-in for grub-probe, which wants the disk under /: no chroot has one. */
#include <stdio.h>
#include <string.h>

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

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		for (size_t n = 0; n < sizeof(answers) / sizeof(answers[0]); n++)
			if (strcmp(argv[i], answers[n].target) == 0)
				return puts(answers[n].answer) < 0;
	return 1;
}
