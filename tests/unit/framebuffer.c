/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose memory the boot framebuffer is on, from /proc/iomem as Debian's kernels print it. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "bind/framebuffer.h"

static const char iomem[] = "00000000-00000fff : Reserved\n"
			    "000a0000-000bffff : PCI Bus 0000:00\n"
			    "80000000-bfffffff : PCI Bus 0000:00\n"
			    "  80000000-80ffffff : 0000:00:01.0\n"
			    "    80000000-802fffff : BOOTFB\n"
			    "  81000000-810fffff : PCI Bus 0000:01\n"
			    "    81000000-8101ffff : 0000:01:00.0\n"
			    "      81000000-8101ffff : e1000e\n"
			    "    81020000-8103ffff : 0000:01:00.1\n"
			    "  82000000-82ffffff : 0000:00:02.0\n"
			    "    82000000-822fffff : efifb\n"
			    "83000000-830fffff : simplefb\n";

static void finds_owner(void **state)
{
	(void)state;
	assert_true(framebuffer_find(iomem, "0000:00:01.0"));
	assert_true(framebuffer_find(iomem, "0000:00:02.0"));
	assert_false(framebuffer_find(iomem, "0000:01:00.0"));
	assert_false(framebuffer_find(iomem, "0000:01:00.1"));
	assert_false(framebuffer_find(iomem, "0000:00:03.0"));
	/* The bridge's window is named for its bus, not for an address. */
	assert_false(framebuffer_find(iomem, "0000:01"));
	assert_false(framebuffer_find("", "0000:00:01.0"));
	assert_false(framebuffer_find(" : ", ""));
	/* Nothing below the device: the next region is beside it. */
	assert_false(framebuffer_find("0-1 : 0000:00:01.0\n2-3 : efifb\n", "0000:00:01.0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds_owner) };

	return cmocka_run_group_tests_name("framebuffer", tests, NULL, NULL);
}
