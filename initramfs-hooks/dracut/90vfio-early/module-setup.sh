#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Takes vfio-early, its rules and the modules that they need into an image that dracut builds.

program=/usr/sbin/vfio-early
admin=/usr/sbin/vfio-earlyctl
plain=/usr/share/vfio-early/store-plain
udev_rule=70-vfio-early.rules

check()
{
	require_binaries "$program" "$admin"
}

# It has the hook pre-udev, which runs before udev with systemd in the image and without.
depends()
{
	echo base
}

# Runs after install(), which found the modules. Without $hostonly: what this host has loaded is not
# what its next boot needs. Without a name, instmods waits for names on standard input.
installkernel()
{
	[ -n "$vfio_early_modules" ] || return 0
	# shellcheck disable=SC2086 # names of modules, one a word
	hostonly='' instmods $vfio_early_modules
	# shellcheck disable=SC2154 # dracut sets initdir and kernel
	"$plain" "$initdir/usr/lib/modules/$kernel" || :
}

# Without a whole list the boot program binds nothing, and logs why.
vfio_early_bind_nothing()
{
	# shellcheck disable=SC2154 # dracut sets initdir
	local list="$initdir/etc/vfio-early.protected"

	vfio_early_modules=
	dwarn "vfio-early: this image binds nothing: $*"
	echo "# none: $*" > "$list" || rm -f "$list"
}

# dracut goes on when a module fails; an image without rules must not take the old one's place. A
# kernel's first image has no older one, and a kernel without an image can become the default of the
# boot loader. What kernel-install has made has another path, but then there is one in /boot, too.
vfio_early_refuse()
{
	# shellcheck disable=SC2154 # dracut sets outfile and kernel
	if [ -s "$outfile" ] || [ -s "/boot/initrd.img-$kernel" ]; then
		dfatal "vfio-early: $*; the image was not built"
		exit 1
	fi
	vfio_early_bind_nothing "$*"
}

# Puts digest and list of devices in use by the host into the image, says what the next boot will do,
# and names the modules that the rules need.
vfio_early_fill_image()
{
	local status=0

	# shellcheck disable=SC2154 # dracut sets initdir and kernel
	vfio_early_modules=$("$admin" fill-image "$initdir" "$kernel") || status=$?
	case "$status" in
	0 | 2) ;;
	3)
		vfio_early_refuse "the rules are not valid"
		;;
	4)
		dwarn "vfio-early: this image binds nothing: built where the host can't be seen"
		;;
	*)
		vfio_early_bind_nothing "'vfio-earlyctl fill-image' failed with status $status"
		;;
	esac
}

# For devices that come while the image runs. Wherever the host has the program, the image has it
# in /usr/sbin.
vfio_early_copy_udev_rule()
{
	inst_rules "$udev_rule"
	sed -i 's|"/[^ "]*/vfio-early |"/usr/sbin/vfio-early |' \
		"$initdir/usr/lib/udev/rules.d/$udev_rule"
}

# In an image for any host, dracut takes only the files below /usr. The program heeds them all.
vfio_early_copy_options()
{
	inst_multiple -o /etc/modprobe.d/*.conf
}

install()
{
	local file

	inst "$program" /usr/sbin/vfio-early
	# shellcheck disable=SC2154 # dracut sets moddir
	inst_hook pre-udev 00 "$moddir/vfio-early.sh"
	for file in /etc/vfio-early.conf /etc/vfio-early.conf.d/*.conf; do
		[ -f "$file" ] && inst_simple "$file"
	done
	vfio_early_fill_image
	[ -n "$vfio_early_modules" ] || return 0
	vfio_early_copy_options
	vfio_early_copy_udev_rule
}
