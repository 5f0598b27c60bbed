/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes what a host has above its PCI functions: disks, what is stacked on them, mounts,
 * interfaces and routes. The tree of its PCI functions is there already (lib/hosttree.h).
 *
 * One line an item, words separated by blanks:
 *
 *	disk NAME M:m PARENT		a block device in the directory sys/devices/PARENT; the
 *					first component may be the address of a PCI function
 *	part NAME M:m DISK		a partition
 *	slave NAME BELOW		NAME stands on BELOW
 *	link-block PATH NAME		a link PATH to the directory of a block device
 *	net NAME PARENT			an interface, as disk
 *	lower NAME BELOW		interface NAME stands on BELOW
 *	mount M:m TARGET TYPE SOURCE [OPTIONS]
 *	swap SOURCE KIND		a line of /proc/swaps
 *	route4 NAME, route6 NAME	a default route
 *	network TEXT			an address or a route, as `ip -o` prints it: see
 *					src/ctl/protect/routes.h
 *	udev NAME KEY=VALUE		udev's record of a block device
 *	line PATH TEXT			a line, added to a file
 *	link PATH TARGET		any link
 *	remove PATH			a file or a tree
 *
 * PATH is below the tree, without a slash before it. In a line, \033 stands for the byte of this
 * number, in octal digits, as in mountinfo.
 */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

/* Fails the cmocka test that is under way if it cannot. */
void tree_write(const char *root, const char *text);

#endif
