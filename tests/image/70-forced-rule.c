/* SPDX-License-Identifier: GPL-2.0-or-later */
/* That a rule takes by force what the host uses is said when the image is built. */
#include "expect.h"

/* Where images are built in tests, no host can be seen: this tells of one. */
static const char program[] =
	"#!/bin/sh\n"
	"case $1 in\n"
	"--drivers) echo vfio-pci ;;\n"
	"--dry-run) tr ' ' '\\t' <<'EOF' | tr _ ' '\n"
	"address id code driver previous rule detail satisfied\n"
	"0000:01:00.0 1b36:0010 would-bind vfio-pci nvme /etc/vfio-early.conf:1 "
	"forced,_the_host_uses_it:_swap_(/dev/nvme0n1p2) yes\n"
	"0000:02:00.0 1b36:0010 would-bind vfio-pci nvme /etc/vfio-early.conf:2 - yes\n"
	"EOF\n"
	"esac\n";

static const struct image_spec spec = {
	.suite = "trixie",
	.rules = "01:00.0 force group\n02:00.0\n",
	.files = { { .path = "usr/sbin/vfio-early", .text = program, .executable = true } },
};

static void names_what_is_forced(void **state)
{
	struct image image;

	(void)state;
	expect_image(&spec, "image/70-forced-rule", &image);
	expect_built(&image);
	expect_said(&image, "W: vfio-early: /etc/vfio-early.conf:1: 0000:01:00.0 (1b36:0010) is "
			    "taken by force from the host, which uses it: swap (/dev/nvme0n1p2)\n");
	assert_false(image_said(&image, "0000:02:00.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names_what_is_forced) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
