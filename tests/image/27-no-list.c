/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where devices in use by the host can't be listed, the image has no list, so it binds nothing, and
 * says so: in a chroot, or where the tool is killed, fails, or is missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define CTL "usr/sbin/vfio-earlyctl"

/* It ends after it has written a part of the list. The rest of the tool's work does nothing here. */
#define TOOL(end)                                                                            \
	{                                                                                          \
		.path = CTL, .executable = true,                                                   \
		.text = "#!/bin/sh\n"                                                              \
			"[ \"$1\" = fill-image ] || exit 0\n"                                       \
			"echo vfio-pci\n"                                                          \
			"echo 0000:00:1f.2 id=8086:2922:1af4:1100 '#' 0000:00:1f.2 / "             \
			"> $2/etc/vfio-early.protected\n" end,                                     \
	}

/* From a terminal: nothing may wait for standard input, which does not end. */
#define DRACUT                                                                                     \
	"mkfifo /tmp/open && timeout 300 dracut --force --no-hostonly $(ls /boot/initrd.img-*) "   \
	"$(ls /usr/lib/modules) 0<> /tmp/open",                                                    \
		"cd /mnt && lsinitrd --unpack /boot/initrd.img-*"

static const char *const dracut[] = { DRACUT, NULL };

static const struct build {
	const char *name;
	struct image_spec spec;
	const char *why;
	const char *more; /* that is said, too */
} builds[] = {
	{ .name = "chroot",
	  .spec = { .suite = "trixie", .unpack = true },
	  .why = "built where the host can't be seen",
	  .more = "etc/vfio-early.protected: built where the host can't be seen; nothing is bound" },
	{ .name = "dracut-in-chroot",
	  .spec = { .suite = "trixie-dracut", .commands = dracut },
	  .why = "built where the host can't be seen" },
	{ .name = "killed",
	  .spec = { .suite = "trixie", .unpack = true, .files = { TOOL("kill -9 $$\n") } },
	  .why = "'vfio-earlyctl fill-image' failed with status 137" },
	{ .name = "dracut-killed",
	  .spec = { .suite = "trixie-dracut",
		    .commands = dracut,
		    .files = { TOOL("kill -9 $$\n") } },
	  .why = "'vfio-earlyctl fill-image' failed with status 137" },
	{ .name = "failed",
	  .spec = { .suite = "bookworm",
		    .unpack = true,
		    .files = { TOOL("exit 1\n") } },
	  .why = "'vfio-earlyctl fill-image' failed with status 1" },
	{ .name = "missing",
	  .spec = { .suite = "bookworm", .unpack = true, .files = { { .path = CTL } } },
	  .why = "'vfio-earlyctl fill-image' failed with status 127" },
};

static void check_list(const struct image *image, const char *why)
{
	char *list = image_read(image, "etc/vfio-early.protected"), expected[128];

	assert_non_null(list);
	snprintf(expected, sizeof(expected), "# none: %s\n", why);
	assert_string_equal(list, expected);
	free(list);
	expect_no_file(image, "etc/vfio-early.unprotected");
}

static void binds_nothing(void **state)
{
	const struct build *build = *state;
	struct image_spec spec = build->spec;
	struct image image;
	char name[64], says[128];

	spec.rules = "02:00.0\n";
	spec.without_marker = true;
	snprintf(name, sizeof(name), "image/27-no-list/%s", build->name);
	expect_image(&spec, name, &image);
	expect_built(&image);
	snprintf(says, sizeof(says), "vfio-early: this image binds nothing: %s\n", build->why);
	expect_said(&image, says);
	if (build->more)
		expect_said(&image, build->more);
	check_list(&image, build->why);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(builds) / sizeof(builds[0])];

	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++)
		tests[i] = (struct CMUnitTest){
			.name = builds[i].name,
			.test_func = binds_nothing,
			.initial_state = (void *)(uintptr_t)&builds[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
